import pytest

from chalicelib.core.executions.inputs import Acquitted, Decision, Input, Poisoned, Suspected
from chalicelib.core.executions.model import State
from chalicelib.core.executions.suspicion import MAX_STRIKES, UNWORKABLE
from tests.core.examples import Run

CALL = "steps: [{id: ask, type: call}, {id: again, type: call}]"


def struck(run: Run, times: int) -> Run:
    for _ in range(times):
        run.fold(Suspected(*run.thread().key))
    return run


def test_a_strike_moves_no_turn_and_leaves_no_trace_in_history() -> None:
    run = Run(CALL).go().done()
    before = run.thread()
    assert struck(run, 2).thread().strikes == 2
    assert (run.thread().key, run.thread().driver, run.thread().since) == (before.key, before.driver, before.since)
    assert [record.state for record in run.records][-1] is State.STEP_STARTED


def test_a_turn_that_has_all_its_strikes_is_poison() -> None:
    run = struck(Run(CALL).go(), MAX_STRIKES)
    assert run.execution.error is None
    assert run.fold(Suspected("main", 0)).execution.state is State.FAILED
    assert run.execution.error is not None
    assert (run.execution.error.name, run.execution.error.details) == ("Poison", {"deaths": MAX_STRIKES})


def test_a_strike_can_be_taken_back() -> None:
    run = struck(Run(CALL).go(), 1)
    run.fold(Acquitted("main", 0))
    assert run.thread().strikes == 0
    assert run.fold(Acquitted("main", 0)) == Decision(run.execution)


def test_the_next_turn_has_none() -> None:
    assert struck(Run(CALL).go(), 2).done().thread().strikes == 0


def test_another_attempt_has_none() -> None:
    run = Run("steps: [{id: ask, type: call, retry: [{errors: ['*'], intervalSeconds: 1, jitter: none}]}]").go()
    assert struck(run, 2).broke().later(1).thread().strikes == 0


@pytest.mark.parametrize("event", [Suspected("main", 1), Acquitted("main", 1), Poisoned("main", 1, "no")])
def test_a_verdict_on_another_turn_changes_nothing(event: Input) -> None:
    run = Run(CALL).go()
    assert run.fold(event) == Decision(run.execution)


def test_poison_says_of_what() -> None:
    run = Run(CALL).go().ask(Poisoned("main", 0, "the disk is full"))
    assert run.execution.error is not None
    assert run.execution.error.message == UNWORKABLE
    assert run.execution.error.details == {"cause": "the disk is full"}


@pytest.mark.parametrize(
    "step",
    [
        "{id: a, type: wait, seconds: 9}",
        "{id: a, type: callback}",
        "{id: a, type: parallel, branches: [{id: b, steps: [{id: c, type: call}]}]}",
    ],
)
def test_whatever_a_thread_does_it_can_be_suspected(step: str) -> None:
    run = struck(Run(f"steps: [{step}]").go(), 1)
    assert run.thread().strikes == 1
    assert struck(run, MAX_STRIKES).execution.state is State.FAILED
