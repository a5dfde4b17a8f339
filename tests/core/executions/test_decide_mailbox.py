"""Events that were sent to an execution: who gets them, and how long they are kept."""

from datetime import datetime, timedelta

from chalicelib.core.executions.answers import MAX_SIGNALS
from chalicelib.core.executions.inputs import CancelRequested, SignalSent
from chalicelib.core.values.json import Json
from tests.core.examples import NOW, Run

LATE_AND_EARLY = """
    steps:
      - id: both
        type: parallel
        branches:
          - {id: late, steps: [{id: rest, type: wait, seconds: 10}, {id: ask-late, type: event, name: paid}]}
          - {id: early, steps: [{id: ask-early, type: event, name: paid}]}
"""
LATER = "steps: [{id: rest, type: wait, seconds: 60}, {id: ask, type: event, name: paid}]"


def sent(number: int, name: str = "paid", value: Json = None, until: datetime | None = None) -> SignalSent:
    return SignalSent(id=f"event-{number}", name=name, result=value, until=until or NOW + timedelta(days=1))


def test_who_has_waited_longest_gets_an_event_wherever_it_stands() -> None:
    run = Run(LATE_AND_EARLY).go().later(10)
    run.ask(sent(1, value="first"))
    assert run.thread().results == {"early": "first"}
    run.ask(sent(2, value="second"))
    assert run.output == {"late": "second", "early": "first"}


def test_the_oldest_that_is_kept_is_taken_first() -> None:
    run = Run(LATER).go()
    for number in (1, 2):
        run.ask(sent(number, value=number))
    assert run.later(60).output == 1


def test_one_that_is_kept_for_too_long_is_not_taken() -> None:
    run = Run(LATER).go()
    run.ask(sent(1, value=1, until=NOW + timedelta(seconds=60)))
    run.ask(sent(2, value=2, until=NOW + timedelta(seconds=61)))
    assert run.later(60).output == 2


def test_one_of_another_name_is_not_taken() -> None:
    run = Run(LATER).go()
    run.ask(sent(1, name="other"))
    run.ask(sent(2, value=2))
    assert run.later(60).output == 2


def test_a_repeat_changes_nothing() -> None:
    run = Run(LATER).go()
    run.ask(sent(1, value=1))
    before = run.execution
    run.ask(sent(1, value="again"))
    assert run.execution == before


def test_no_more_are_kept_than_can_be() -> None:
    run = Run(LATER).go()
    for number in range(MAX_SIGNALS + 1):
        run.ask(sent(number, value=number))
    assert [signal.id for signal in run.execution.mailbox] == [f"event-{number}" for number in range(MAX_SIGNALS)]


def test_those_that_were_kept_for_too_long_make_room() -> None:
    run = Run(LATER).go()
    for number in range(MAX_SIGNALS):
        run.ask(sent(number, until=NOW + timedelta(seconds=30)))
    run.now = NOW + timedelta(seconds=30)
    run.ask(sent(MAX_SIGNALS, value="fresh"))
    assert run.later(30).output == "fresh"


def test_the_end_names_those_that_no_step_has_taken_in_their_time() -> None:
    run = Run(LATER).go()
    run.ask(sent(1, until=NOW + timedelta(seconds=30)))
    run.ask(sent(2, until=NOW + timedelta(seconds=31)))
    run.now += timedelta(seconds=30)
    run.ask(CancelRequested())
    assert [signal.id for signal in run.records[-1].untaken] == ["event-2"]
