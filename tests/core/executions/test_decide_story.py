"""What history says beside what happened: where it led, when it goes on, which item it is about, who asked, and why."""

from typing import Any

import pytest

from chalicelib.core.executions.factory import partition
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.inputs import CancelRequested, PauseRequested, RedriveRequested, StepDue, TaskCompleted
from chalicelib.core.executions.model import HistoryEntry, State, Status
from chalicelib.core.executions.waiting import RetryWait
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run
from tests.core.executions.examples import BOTH, CALLS, CANCEL, PAUSE, REDRIVE, RESUME, WAIT

CHOICE = """
    steps:
      - {id: which, type: choice, choices: [{when: 'input == `1`', next: one}], default: other}
      - {id: one, type: succeed}
      - {id: other, type: succeed}
"""


def about(run: Run, state: State) -> list[dict[str, Any]]:
    return [dict(record.about) for record in run.records if record.state is state]


class TestWays:
    @pytest.mark.parametrize(("value", "target"), [(1, "one"), (2, "other")])
    def test_a_choice_says_where_it_went(self, value: int, target: str) -> None:
        assert about(Run(CHOICE, value).go(), State.STEP_SUCCEEDED) == [{"next": target}, {}]

    def test_an_error_says_where_it_is_caught(self) -> None:
        step = "{id: a, type: call, catch: [{errors: [Boom], next: b}]}"
        run = Run(f"steps: [{step}, {{id: b, type: succeed}}]").go().broke()
        assert about(run, State.STEP_FAILED) == [{"next": "b"}]

    def test_one_that_is_not_caught_leads_nowhere(self) -> None:
        assert about(Run(CALLS).go().broke(), State.STEP_FAILED) == [{}]


class TestRetry:
    POLICIES = (
        "[{errors: [Busy], maxAttempts: 3, intervalSeconds: 10, jitter: none}, "
        "{errors: ['*'], maxAttempts: 2, intervalSeconds: 5, jitter: none}]"
    )
    STEP = f"steps: [{{id: a, type: call, retry: {POLICIES}}}]"

    def test_the_failure_says_when_the_next_attempt_is_due_and_by_which_policy(self) -> None:
        run = Run(self.STEP).go().broke("Busy").later(10).broke("Boom").later(5).broke("Busy").later(20).broke("Busy")
        said = about(run, State.STEP_FAILED)
        assert said == [
            {"retry": {"at": "2026-01-01T00:00:10.000Z", "attempt": 2, "maxAttempts": 3, "policy": 0}},
            {"retry": {"at": "2026-01-01T00:00:15.000Z", "attempt": 3, "maxAttempts": 3, "policy": 1}},
            {"retry": {"at": "2026-01-01T00:00:35.000Z", "attempt": 4, "maxAttempts": 4, "policy": 0}},
            {},
        ]

    def test_the_wait_knows_the_error_as_far_as_it_is_short(self) -> None:
        wait = Run(self.STEP).go().broke("Busy", message="x" * 1_000).thread().wait
        assert isinstance(wait, RetryWait)
        assert (wait.error, wait.message, wait.policy, wait.attempts) == ("Busy", "x" * 500, 0, 3)

    def test_a_nest_says_it_where_it_failed_itself(self) -> None:
        retry = "retry: [{errors: ['*'], intervalSeconds: 1, jitter: none}]"
        step = f"{{id: each, type: map, items: [1], {retry}, steps: [{{id: a, type: call}}]}}"
        run = Run(f"steps: [{step}]").go().broke(thread="main.1.0")
        failed = [(record.step, "retry" in record.about) for record in run.records if record.state is State.STEP_FAILED]
        assert failed == [("each/a", False), ("each", True)]


class TestItems:
    def indexes(self, records: list[HistoryEntry]) -> set[tuple[str, int | None]]:
        return {(record.step, record.index) for record in records}

    def test_every_record_of_an_item_has_its_number(self) -> None:
        inner = "{id: b, type: parallel, branches: [{id: x, steps: [{id: c, type: succeed}]}]}"
        run = Run(f"steps: [{{id: each, type: map, items: [7, 8], steps: [{inner}]}}]").go()
        assert self.indexes(run.records) == {
            ("each", None),
            *((step, n) for step in ("each/b", "each/b/x/c") for n in (0, 1)),
        }

    def test_inside_several_it_is_that_of_the_innermost(self) -> None:
        inner = "{id: b, type: map, items: [1, 2, 3], steps: [{id: c, type: succeed}]}"
        run = Run(f"steps: [{{id: each, type: map, items: [7], steps: [{inner}]}}]").go()
        assert self.indexes(run.records) == {("each", None), ("each/b", 0), *(("each/b/c", n) for n in range(3))}

    def test_in_an_execution_for_a_part_of_them_it_is_that_among_all(self) -> None:
        run = Run("steps: [{id: each, type: map, items: '${range(`150`)}', steps: [{id: a, type: succeed}]}]").go()
        part = partition(run.execution, run.thread(), run.partitions, list(range(150)), 1)
        run.execution, run.records = part, []
        run.go()
        assert {record.index for record in run.records if record.step == "each/a"} == set(range(75, 150))


class TestStates:
    """After a pause or the end it is again in the state of the step at which it stands."""

    @pytest.mark.parametrize(
        ("run", "state", "step"),
        [
            (Run(WAIT).go(), State.STEP_STARTED, "rest"),
            (Run("steps: [{id: t, type: task, title: it}]").go(), State.STEP_STARTED, "t"),
            (Run("steps: [{id: w, type: workflow, definition: o}]").go(), State.STEP_STARTED, "w"),
            (Run(CALLS), State.STEP_STARTED, "ask"),
            (Run(CALLS).go(), State.STEP_STARTED, "ask"),
            (Run(CALLS).go().done(), State.STEP_STARTED, "again"),
            (Run(BOTH).go(), State.STEP_STARTED, "both/b/y"),
            (Run(BOTH).go().done(thread="main.1.a"), State.STEP_STARTED, "both/b/y"),
            (Run(f"{TestRetry.STEP}").go().broke("Busy"), State.STEP_FAILED, "a"),
        ],
        ids=["wait", "task", "workflow", "untouched", "call", "second", "branches", "one branch", "retry"],
    )
    @pytest.mark.parametrize(("stop", "go_on"), [(PAUSE, RESUME), (CANCEL, REDRIVE)])
    def test_it_is_as_it_was(self, run: Run, state: State, step: str, stop: Any, go_on: Any) -> None:
        before = run.execution
        run.fold(stop)
        assert run.state in {State.PAUSED, State.CANCELLED}
        run.fold(go_on)
        assert (run.state, run.execution.step) == (state, step)
        assert run.records[-1].state in {State.RESUMED, State.REDRIVEN, State.STEP_STARTED}
        run.execution = before

    def test_what_went_on_meanwhile_counts(self) -> None:
        run = Run(CALLS).go().ask(PAUSE).done("late")
        assert (run.state, run.execution.step) == (State.PAUSED, "ask")
        run.fold(RESUME)
        assert (run.state, run.execution.step) == (State.STEP_STARTED, "again")

    def test_what_failed_is_begun_again(self) -> None:
        run = Run(CALLS).go().broke()
        run.fold(REDRIVE)
        assert (run.state, run.execution.step) == (State.STEP_STARTED, "ask")
        assert [record.state for record in run.records[-2:]] == [State.REDRIVEN, State.STEP_STARTED]


class TestReasons:
    def test_a_pause_says_why_until_it_is_over(self) -> None:
        run = Run(WAIT).go().ask(PauseRequested(actor="ada", reason="a look"))
        assert (run.execution.stopped_by, run.execution.reason) == ("ada", "a look")
        assert (run.records[-1].actor, run.records[-1].about) == ("ada", {"reason": "a look"})
        run.ask(RESUME)
        assert (run.execution.stopped_by, run.execution.reason) == (None, None)

    def test_a_cancellation_says_why_until_it_is_driven_on(self) -> None:
        run = Run(WAIT).go().ask(CancelRequested(actor="ada", reason="ordered twice"))
        assert (run.execution.stopped_by, run.execution.reason) == ("ada", "ordered twice")
        assert (run.records[-1].state, run.records[-1].about) == (State.CANCELLED, {"reason": "ordered twice"})
        run.ask(RedriveRequested(actor="bob"))
        assert (run.execution.stopped_by, run.execution.reason) == (None, None)

    def test_another_end_of_what_is_paused_has_no_reason(self) -> None:
        run = Run("steps: [{id: a, type: call}]").go().ask(PauseRequested(actor="ada", reason="a look")).done()
        assert (run.state, run.execution.stopped_by, run.execution.reason) == (State.SUCCEEDED, None, None)

    def test_a_second_pause_does_not_change_it(self) -> None:
        run = Run(WAIT).go().ask(PauseRequested(reason="first")).ask(PauseRequested(reason="second"))
        assert run.execution.reason == "first"


@pytest.mark.parametrize(
    ("people", "assignees", "groups"),
    [("assignees: bob", ["bob"], []), ("groups: [a, b]", [], ["a", "b"])],
)
def test_a_task_that_others_are_to_do_now_is_recorded_and_changes_no_state(
    people: str, assignees: list[str], groups: list[str]
) -> None:
    run = Run(f"steps: [{{id: t, type: task, title: it, due: {{seconds: 9, then: reassign, {people}}}}}]").go()
    turn = run.thread().turn
    run.later(9)
    assert (run.state, run.thread().status) == (State.STEP_STARTED, Status.WAITING_FOR_ANSWER)
    escalated = run.records[-1]
    assert (escalated.state, escalated.turn, escalated.actor) == (State.TASK_ESCALATED, turn, None)
    assert escalated.about == {"task": task_id("t:d:1", "main", turn), "assignees": assignees, "groups": groups}
    assert run.ask(TaskCompleted("main", turn, 1, "bob")).state is State.SUCCEEDED


def test_what_nobody_has_touched_can_be_paused_and_its_start_is_recorded_first() -> None:
    run = Run(CALLS)
    run.fold(PAUSE)
    run.fold(RESUME)
    states = [record.state for record in run.records]
    assert states == [State.SUBMITTED, State.STARTED, State.STEP_STARTED, State.PAUSED, State.RESUMED]
    assert run.fold(StepDue("main", 0)).call is not None
    assert copy_with(run.records[0], at=NOW) == run.records[0]
