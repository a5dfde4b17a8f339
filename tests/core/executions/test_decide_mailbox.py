"""Events that were sent to an execution: who gets them, and how long they are kept."""

from datetime import datetime, timedelta

import pytest

from chalicelib.core.executions.answers import MAX_SIGNALS
from chalicelib.core.executions.inputs import CancelRequested, SignalReceived, SignalSent, Subscribe
from chalicelib.core.executions.model import Partition
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run

LATE_AND_EARLY = """
    steps:
      - id: both
        type: parallel
        branches:
          - {id: late, steps: [{id: rest, type: wait, seconds: 10}, {id: ask-late, type: event, name: paid}]}
          - {id: early, steps: [{id: ask-early, type: event, name: paid}]}
"""
IN_MAP = """
    steps:
      - {id: rest, type: wait, seconds: 60}
      - id: each
        type: map
        items: [0, 1]
        steps: [{id: ask, type: event, name: paid, KEY when: 'item == `0`'}]
      - {id: again, type: event, name: paid}
      - {id: other, type: event, name: other}
"""
ITEM = "main.3.0"
"""The thread of the first item."""
KEYLESS, KEYED = IN_MAP.replace("KEY", ""), IN_MAP.replace("KEY", "key: '7',")
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


def passed_on(number: int, taken: tuple[str, ...] = ()) -> SignalSent:
    return copy_with(sent(number), passed_on=True, taken=taken)


class TestInsideAMap:
    """The items of a `map` may run in executions of their own: what is sent to it finds them over a channel."""

    def keys(self, run: Run) -> list[tuple[str, str]]:
        return [(wanted.thread.step, wanted.key) for wanted in run.asks() if isinstance(wanted, Subscribe)]

    def test_a_step_waits_under_the_channel_of_what_is_sent_to_the_execution(self) -> None:
        assert self.keys(Run(KEYLESS).go().later(60)) == [("each/ask", "")]

    def test_so_does_every_other_step_that_waits_for_the_name(self) -> None:
        run = Run(KEYLESS).go().later(60)
        run.ask(SignalReceived(ITEM, 1, 7, "event-1"))
        assert ("again", "") in self.keys(run)
        run.ask(SignalReceived("main", run.thread().turn, 8, "event-2"))
        assert "other" not in [step for step, _ in self.keys(run)]
        assert run.ask(sent(3, "other", 9)).output == 9

    def test_what_is_kept_there_has_a_receipt_that_no_step_takes(self) -> None:
        run = Run(KEYLESS).go().ask(passed_on(1)).later(60)
        assert run.standing[ITEM] == "asking each/ask"
        (receipt,) = run.execution.mailbox
        assert (receipt.id, receipt.passed_on, receipt.taken) == ("event-1", True, False)
        assert run.fold(passed_on(1)).execution is run.execution

    def test_what_the_execution_s_own_steps_take_is_noted(self) -> None:
        run = Run(KEYLESS).go().ask(passed_on(1)).ask(passed_on(2)).later(60)
        run.ask(SignalReceived(ITEM, 1, 7, "event-1"))
        assert [(known.id, known.taken) for known in run.execution.mailbox] == [("event-2", False), ("event-1", True)]
        run.ask(CancelRequested())
        assert [known.id for known in run.records[-1].untaken] == ["event-2"]

    def test_those_that_are_known_to_be_taken_make_room(self) -> None:
        run = Run(KEYLESS).go()
        for number in range(MAX_SIGNALS + 1):
            run.ask(passed_on(number))
        assert len(run.execution.mailbox) == MAX_SIGNALS
        run.ask(passed_on(MAX_SIGNALS, taken=("event-0", "event-7")))
        assert [known.id for known in run.execution.mailbox][-3:] == ["event-0", "event-7", f"event-{MAX_SIGNALS}"]
        assert sum(not known.taken for known in run.execution.mailbox) == MAX_SIGNALS - 1

    @pytest.mark.parametrize("early", [True, False])
    def test_a_step_with_a_key_takes_none_that_is_sent(self, *, early: bool) -> None:
        run = Run(KEYED).go()
        steps = [lambda: run.ask(sent(1, "paid", 7)), lambda: run.later(60)]
        for step in steps if early else reversed(steps):
            step()
        assert run.standing[ITEM] == "asking each/ask"
        assert run.ask(SignalReceived(ITEM, 1, 8, "event-2")).standing["main"] == "asking other"

    def test_a_step_with_a_key_in_a_partition_takes_none_either(self) -> None:
        partition = Partition(0, 10, 0, {"id": "t:d:whole"})
        run = Run(KEYED, partition=partition)
        root = copy_with(run.thread(), step="each", incoming=[0, 1])
        run.execution = copy_with(run.execution, threads={"main": root})
        run.go().ask(sent(1, value=7))
        assert run.standing["main.1.0"] == "asking each/ask"
