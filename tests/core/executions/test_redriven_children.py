"""Which child executions a redrive drives on, and which it gives up: that may not be, where it would repeat a call."""

import pytest

from chalicelib.core.executions.factory import child_id
from chalicelib.core.executions.inputs import CancelRequested, RedriveRequested
from chalicelib.core.executions.model import Partition, State
from chalicelib.core.executions.preconditions import has_tolerated, redriven_children, repeats
from chalicelib.core.values.value import copy_with
from tests.core.examples import Run

LARGE = """
    steps:
      - id: each
        type: map
        items: ${range(`250`)}
        maxConcurrency: 250
        steps: [{id: a, type: call}]
    """
SUB = "steps: [{id: sub, type: workflow, definition: other}]"
ON = RedriveRequested()


def failed() -> Run:
    """Make a map of three partitions: the first has succeeded, the second has failed, the third was under way."""
    return Run(LARGE).go().child(State.SUCCEEDED, 0).child(State.FAILED, 1)


def redriven(run: Run, request: RedriveRequested) -> list[tuple[str, RedriveRequested]]:
    return list(redriven_children(run.execution, request))


@pytest.mark.parametrize("request_", [ON, RedriveRequested(version=1), RedriveRequested(stash={"n": 1})])
def test_a_map_drives_those_on_that_have_failed(request_: RedriveRequested) -> None:
    run = failed()
    assert redriven(run, request_) == [(child_id(run.execution, run.thread(), 1), ON)]


@pytest.mark.parametrize("request_", [RedriveRequested(version=2), RedriveRequested(step="each")])
def test_another_version_or_a_step_gives_all_up_that_have_not_succeeded(request_: RedriveRequested) -> None:
    run = failed()
    given_up = RedriveRequested(step="each")
    assert redriven(run, request_) == [(child_id(run.execution, run.thread(), n), given_up) for n in (1, 2)]


def test_a_workflow_step_is_driven_on_but_with_an_edited_stash_begins_another() -> None:
    run = Run(SUB).go().child(State.FAILED)
    name = child_id(run.execution, run.thread(), 0)
    assert redriven(run, ON) == [(name, ON)]
    assert redriven(run, RedriveRequested(stash={"n": 1})) == [(name, RedriveRequested(step="sub"))]


def test_what_is_over_is_of_no_interest() -> None:
    steps = "{id: sub, type: workflow, definition: other, timeoutSeconds: 5, catch: [{errors: ['*'], next: then}]}"
    run = Run(f"steps: [{steps}, {{id: then, type: call}}]").go().later(5).broke("No")
    assert "main@1" in run.execution.threads
    assert redriven(run, RedriveRequested(version=2)) == []


@pytest.mark.parametrize(
    ("request_", "step"),
    [
        (ON, None),
        (RedriveRequested(version=1), None),
        (RedriveRequested(version=2), "pay"),
        (RedriveRequested(step="pay"), "pay"),
    ],
)
def test_a_call_that_was_stopped_in_the_middle_is_repeated_by_what_does_not_wait_for_it(
    request_: RedriveRequested, step: str | None
) -> None:
    run = Run("steps: [{id: pay, type: call, delivery: at-most-once}]").go().ask(CancelRequested())
    assert repeats(run.execution, request_) == step


def test_a_part_that_lives_has_tolerated_nothing_yet() -> None:
    run = Run("steps: [{id: each, type: map, items: [1, 2], steps: [{id: a, type: call}]}]")
    root = copy_with(run.thread(), incoming=[1, 2])
    run.execution = copy_with(run.execution, threads={"main": root}, partition=Partition(0, 2, 1, {}))
    run.go().broke(thread="main.1.0")
    assert not has_tolerated(run.execution)
    assert has_tolerated(run.done("ok", "main.1.1").execution)
