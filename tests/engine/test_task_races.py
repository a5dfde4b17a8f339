"""The task of a wait changes between the moment at which the engine reads it and the one at which it writes."""

from collections.abc import Callable
from datetime import timedelta

from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.executions.inputs import OpenTask
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import Person, Task, TaskStatus, claimed, closed
from chalicelib.engine.waits import open_task
from tests.core.examples import Run
from tests.home import START

TASK = """
    steps:
      - {id: look, type: task, title: Look, assignees: ada, due: {seconds: 60, then: reassign, groups: [managers]}}
    """


class Tasks(MemoryTasks):
    """Somebody else is quicker at the next writes."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[Task], Task]] = []

    def update(self, task: Task) -> bool:
        if self.rivals:
            super().update(self.rivals.pop(0)(self.only()))
        return super().update(task)

    def only(self) -> Task:
        ((tenant, name),) = self.items
        found = self.get(tenant, name)
        assert found is not None
        return found


def reassigned(*rivals: Callable[[Task], Task]) -> Task:
    """Let a task come overdue while others change it; answer what it comes to."""
    tasks, run = Tasks(), Run(TASK).go()
    for _ in range(2):
        (asked,) = (command for command in run.asks() if isinstance(command, OpenTask))
        open_task(tasks, run.execution, asked.thread, asked.task)
        run.later(60)
        tasks.rivals = list(rivals)
    return tasks.only()


def bob(task: Task) -> Task:
    return claimed(task, Person("bob"), START)


def test_a_task_that_is_claimed_just_then_is_given_to_others_all_the_same() -> None:
    task = reassigned(bob)
    assert (task.groups, task.assignees, task.overdue) == (("managers",), (), True)


def test_so_is_one_that_changes_again_and_again() -> None:
    urgent = [lambda task, n=n: copy_with(task, priority=n, version=task.version + 1) for n in range(5)]
    task = reassigned(*urgent)
    assert (task.groups, task.overdue, task.priority) == (("managers",), True, 4)


def test_one_that_is_done_just_then_stays_done() -> None:
    task = reassigned(lambda task: closed(task, TaskStatus.COMPLETED, "ada", START + timedelta(seconds=59)))
    assert (task.status, task.overdue, task.groups) == (TaskStatus.COMPLETED, False, ())


def test_one_that_another_process_has_given_to_others_just_then_is_given_once() -> None:
    task = reassigned(lambda task: copy_with(task, overdue=True, groups=("others",), version=task.version + 1))
    assert (task.groups, task.version) == (("others",), 2)
