from datetime import timedelta

import pytest

from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import CancelRequested, PauseRequested
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import Patience
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Waiter
from chalicelib.core.waits.task import Task, TaskStatus
from chalicelib.core.waits.verify import (
    task_of,
    task_violations,
    wait_violations,
    waiter_violations,
    waiting_for_answers,
)
from tests.core.examples import NOW, Run

TASK = "steps: [{id: approve, type: task, title: Approve, timeoutSeconds: 86400}]"
EVENT = "steps: [{id: paid, type: event, name: paid, key: one}]"
LATE, SOON = timedelta(hours=1), timedelta(minutes=1)


def task(run: Run) -> Task:
    """Make the task that an execution waits for."""
    main = run.thread()
    return Task("t", task_of(run.execution, main), run.execution.id, "d", "main", main.turn, main.step, NOW, "Approve")


def waits(run: Run, *tasks: Task, waiting: frozenset[TurnKey] = frozenset(), after: timedelta = LATE) -> list[str]:
    found = wait_violations(run.execution, {each.id: each for each in tasks}, waiting, NOW + after, Patience())
    return [each.detail for each in found]


def left(wanted: Task, execution: Execution | None, after: timedelta = LATE) -> list[str]:
    return [each.detail for each in task_violations(wanted, execution, NOW + after, Patience())]


class TestWaits:
    def test_a_task_is_open_while_somebody_waits_for_it(self) -> None:
        run = Run(TASK).go()
        assert waits(run, task(run)) == []
        assert waits(run, after=SOON) == []
        assert waits(run) == [f"it waits for task {task(run).id}, which does not exist, or is damaged"]
        done = copy_with(task(run), status=TaskStatus.COMPLETED)
        assert waits(run, done) == [f"it waits for task {done.id}, which is completed"]

    def test_an_event_can_find_who_waits_for_it(self) -> None:
        run = Run(EVENT).go()
        assert waits(run, waiting=frozenset({run.thread().key})) == []
        assert waits(run) == ["it waits for event paid, and no event can find it"]

    @pytest.mark.parametrize("text", [EVENT.replace(", key: one", ""), "steps: [{id: rest, type: wait, seconds: 9}]"])
    def test_what_is_kept_nowhere_else_is_not_looked_for(self, text: str) -> None:
        assert waiting_for_answers(Run(text).go().execution) == []

    def test_nothing_is_waited_for_after_the_end(self) -> None:
        assert waiting_for_answers(Run(TASK).go().ask(CancelRequested()).execution) == ()


class TestTasks:
    def test_somebody_waits_for_each_that_is_open(self) -> None:
        run = Run(TASK).go()
        assert left(task(run), run.execution) == []
        assert left(task(run), run.ask(PauseRequested()).execution) == []
        assert left(copy_with(task(run), turn=7), run.execution) == [
            f"task {task(run).id} is open, and its execution does not wait for it"
        ]

    def test_one_that_is_closed_may_be_over(self) -> None:
        run = Run(TASK).go()
        assert left(copy_with(task(run), turn=7, status=TaskStatus.CANCELLED), run.execution) == []

    def test_its_execution_is_there(self) -> None:
        run = Run(TASK).go()
        assert left(task(run), None) == [f"task {task(run).id} is open, and its execution does not exist"]

    def test_it_is_closed_soon_after_the_end(self) -> None:
        run = Run(TASK).go()
        wanted = task(run)
        ended = run.ask(CancelRequested()).execution
        assert left(wanted, ended, SOON) == []
        assert left(wanted, ended) == [f"task {wanted.id} is open, and its execution has ended"]

    def test_it_is_closed_soon_after_its_step_is_over(self) -> None:
        run = Run(
            TASK.replace("}]", ", catch: [{errors: ['*'], next: rest}]}, {id: rest, type: wait, seconds: 9}]")
        ).go()
        wanted = task(run)
        run.later(86400)
        day = timedelta(days=1)
        assert wanted.turn != run.thread().turn
        assert left(wanted, run.execution, day + SOON) == []
        assert left(wanted, run.execution, day + LATE) == [
            f"task {wanted.id} is open, and its execution does not wait for it"
        ]


def test_a_waiter_waits() -> None:
    run = Run(EVENT).go()
    waiter = Waiter(run.execution.id, "main", run.thread().turn, NOW)
    assert [*waiter_violations(waiter, run.execution, NOW + LATE, Patience())] == []
    (found,) = waiter_violations(copy_with(waiter, turn=5), run.execution, NOW + LATE, Patience())
    assert (found.kind, found.thread) == ("waiter", "main")
    assert found.detail == "it is to wait at turn 5, and its execution does not wait for it"
