"""What an attempt comes to that is made from the turn that waits for it, before its own is written."""

import pytest

from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, CancelRequested, Decision, PauseRequested
from chalicelib.core.executions.model import Status
from tests.core.examples import Run

AGAIN = """
    steps:
      - {id: ask, type: call, retry: [{errors: ['*'], maxAttempts: 3, intervalSeconds: 1, jitter: none}]}
      - {id: last, type: echo, message: '${output}'}
    """


def failed() -> Run:
    """Let the first attempt fail: the next one is made at turn 2."""
    return Run(AGAIN).go().broke("Busy")


def test_its_answer_is_the_result() -> None:
    run = failed()
    run.fold(CallSucceeded("main", 2, "it"))
    assert (run.thread().step, run.thread().incoming) == ("last", "it")
    assert run.recorded[-3:] == ["StepStarted main ask", "StepSucceeded main ask", "StepStarted main last"]


def test_its_failure_is_that_of_the_next_attempt() -> None:
    run = failed()
    run.fold(CallFailed("main", 2, "Busy", "no"))
    assert (run.thread().status, run.thread().attempt, run.thread().turn) == (Status.RETRYING, 2, 3)


@pytest.mark.parametrize("turn", [0, 1, 3])
def test_an_answer_at_any_other_turn_changes_nothing(turn: int) -> None:
    run = failed()
    assert run.fold(CallSucceeded("main", turn, "it")) == Decision(run.execution)


def test_it_counts_while_paused() -> None:
    run = failed().ask(PauseRequested())
    run.fold(CallSucceeded("main", 2, "it"))
    assert run.thread().step == "last"


def test_after_the_end_its_answer_is_kept_to_go_on_with() -> None:
    run = failed().ask(CancelRequested())
    run.fold(CallSucceeded("main", 2, "it"))
    assert run.thread().kept == ("it",)
    assert run.fold(CallFailed("main", 2, "Busy", "no")) == Decision(run.execution)


def test_a_nest_that_is_tried_again_makes_no_call_of_its_own() -> None:
    nest = "{id: a, type: parallel, retry: [{errors: ['*'], jitter: none}], branches: [{id: b, steps: [%s]}]}"
    run = Run(f"steps: [{nest % '{id: ask, type: call}'}]").go()
    (branch,) = run.execution.threads.keys() - {"main"}
    run.broke("Busy", branch)
    assert run.thread().status is Status.RETRYING
    assert run.fold(CallSucceeded("main", run.thread().turn + 1, "it")) == Decision(run.execution)
