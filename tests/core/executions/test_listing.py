from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.executions.due import due_at, next_due
from chalicelib.core.executions.inputs import CancelRequested, PauseRequested, ResumeRequested
from chalicelib.core.executions.listing import (
    LIVES_LONG,
    ExecutionFilter,
    listed_under,
    parts_of,
    states_named,
    status_of,
    summary_of,
)
from chalicelib.core.executions.model import Execution, ExecutionStatus, Parent, State
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, blank

MINUTE = timedelta(minutes=1)
RUNNING, FAILED = ExecutionStatus.RUNNING, ExecutionStatus.FAILED
ASK = "steps: [{id: ask, type: callback}, {id: rest, type: wait, seconds: 5}]"
SUB = "steps: [{id: sub, type: workflow, definition: other}]"


def wait(seconds: float) -> Run:
    return Run(f"steps: [{{id: rest, type: wait, seconds: {seconds}}}]").go()


def written(run: Run, age: timedelta = timedelta(0)) -> Execution:
    """An execution as it is written, so long after its start."""
    due = copy_with(run.execution, due_at=next_due(run.execution, NOW + age))
    return copy_with(due, listed_under=listed_under(due, NOW + age))


class TestUnderWhichStatusAnExecutionIsKept:
    def test_what_succeeds_soon_never_is(self) -> None:
        run = wait(45)
        assert written(run).listed_under is None
        assert written(run.later(45), MINUTE).listed_under is None
        assert run.execution.state is State.SUCCEEDED

    @pytest.mark.parametrize("minutes", [0, 9, 10])
    def test_what_runs_is_not_while_it_is_young(self, minutes: int) -> None:
        run = Run("steps: [{id: a, type: transform}, {id: b, type: call}]").go()
        assert written(run, minutes * MINUTE).listed_under is None

    def test_what_is_written_when_it_is_old_is(self) -> None:
        run = Run("steps: [{id: a, type: transform}, {id: b, type: call}]").go()
        assert written(run, LIVES_LONG + timedelta(milliseconds=1)).listed_under is RUNNING

    @pytest.mark.parametrize(("minutes", "status"), [(8, None), (10, RUNNING), (60, RUNNING)])
    def test_what_waits_is_if_it_is_looked_at_again_only_then(self, minutes: int, status: object) -> None:
        assert written(wait(60 * minutes)).listed_under is status

    def test_what_a_message_just_cannot_span_is_looked_at_before_it_is_old(self) -> None:
        run = wait(20 * 60)
        first = written(run)
        assert (first.listed_under, first.due_at) == (None, NOW + 5 * MINUTE)
        looked = copy_with(run.execution, due_at=due_at(run.execution, NOW + 5 * MINUTE))
        assert listed_under(looked, NOW + 5 * MINUTE) is RUNNING

    def test_what_waits_for_an_answer_is_at_once(self) -> None:
        assert written(Run(ASK).go()).listed_under is RUNNING

    def test_what_waits_for_children_is_once_it_has_been_looked_at_for_long_enough(self) -> None:
        run = Run(SUB).go()
        item = written(run)
        looks = []
        while item.listed_under is None:
            assert item.due_at is not None
            looks.append((item.due_at - NOW) / MINUTE)
            looked = copy_with(item, due_at=due_at(item, item.due_at))
            item = copy_with(looked, listed_under=listed_under(looked, item.due_at))
        assert looks == [1, 2, 4, 8]

    def test_what_runs_once_it_is_kept_stays_kept(self) -> None:
        run = Run(ASK).go()
        run.execution = written(run)
        run.execution = copy_with(run.execution, threads=wait(1).execution.threads)
        assert written(run, MINUTE).listed_under is RUNNING

    def test_what_does_not_succeed_is_under_its_end(self) -> None:
        run = Run("steps: [{id: no, type: fail, error: No}]").go()
        assert written(run).listed_under is FAILED
        run = wait(45)
        run.fold(CancelRequested())
        assert written(run).listed_under is ExecutionStatus.CANCELLED

    def test_what_is_paused_is_while_it_is(self) -> None:
        run = wait(45)
        run.fold(PauseRequested())
        run.execution = written(run)
        assert run.execution.listed_under is ExecutionStatus.PAUSED
        run.fold(ResumeRequested())
        assert written(run).listed_under is None

    def test_what_has_succeeded_is_no_more(self) -> None:
        done = wait(45).later(45).execution
        assert listed_under(copy_with(done, listed_under=RUNNING), NOW) is None


def test_every_state_has_a_status() -> None:
    of_history = {State.RESUMED, State.REDRIVEN, *(state for state in State if state.startswith("Task"))}
    assert {state: status_of(state).value for state in State if state not in of_history} == {
        State.SUBMITTED: "running",
        State.STARTED: "running",
        State.STEP_STARTED: "running",
        State.STEP_SUCCEEDED: "running",
        State.STEP_SKIPPED: "running",
        State.STEP_FAILED: "running",
        State.PAUSED: "paused",
        State.SUCCEEDED: "succeeded",
        State.FAILED: "failed",
        State.TIMED_OUT: "timedOut",
        State.CANCELLED: "cancelled",
    }


@pytest.mark.parametrize(
    ("name", "states"), [("failed", {State.FAILED}), ("StepFailed", {State.STEP_FAILED}), ("paused", {State.PAUSED})]
)
def test_states_are_named_by_their_status_or_themselves(name: str, states: set[State]) -> None:
    assert states_named(name) == states
    assert states_named("running") == {state for state in State if status_of(state) is RUNNING}


ONE = summary_of(blank())


@pytest.mark.parametrize(
    ("wanted", "is_taken"),
    [
        ({}, True),
        ({"owner": "other"}, False),
        ({"states": frozenset({State.SUBMITTED})}, True),
        ({"states": frozenset({State.FAILED})}, False),
        ({"definition": "d"}, True),
        ({"definition": "e"}, False),
        ({"version": 1}, True),
        ({"version": 2}, False),
        ({"started_by": "ada"}, True),
        ({"started_by": "bob"}, False),
        ({"since": NOW, "until": NOW}, True),
        ({"since": NOW + MINUTE}, False),
        ({"until": NOW - MINUTE}, False),
    ],
)
def test_a_filter_takes_what_all_of_it_applies_to(wanted: Any, is_taken: bool) -> None:  # noqa: FBT001 - a case
    assert ExecutionFilter(**{"owner": "t", **wanted}).takes(ONE) is is_taken


def test_a_child_is_its_parents_to_list() -> None:
    child = summary_of(blank(parent=Parent("t:p:1", "main", 1)))
    assert (child.owner, child.parent_id, child.started_by) == ("t:p:1", "t:p:1", "ada")
    assert not ExecutionFilter("t").takes(child)


def test_the_statuses_of_a_filter() -> None:
    assert ExecutionFilter("t").statuses == {*ExecutionStatus}
    assert ExecutionFilter("t", frozenset({State.FAILED, State.STEP_FAILED})).statuses == {FAILED, RUNNING}


@pytest.mark.parametrize(
    ("count", "parts"), [(0, 1), (1, 1), (400, 1), (401, 2), (800, 2), (801, 4), (1600, 4), (1_000_000, 4096)]
)
def test_as_many_parts_as_are_needed_are_a_power_of_two(count: int, parts: int) -> None:
    assert parts_of(count, 400) == parts
