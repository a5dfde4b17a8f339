"""A dead letter is delivered once more while a function works on it: the other one takes its turn for poison."""

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.executions.model import State
from chalicelib.core.executions.suspicion import MAX_STRIKES
from chalicelib.core.records.codec import read_message
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import Task, TaskStatus
from chalicelib.engine.model import Budget, Delivery, Mode
from chalicelib.engine.worker import work_on_messages
from tests.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable


class KilledError(BaseException):
    """The function dies."""


class Tasks(MemoryTasks):
    """Something happens before one is opened, or none can be read."""

    def __init__(self) -> None:
        super().__init__()
        self.before: Callable[[], object] = lambda: None
        self.silent = False

    def open(self, task: Task) -> None:
        self.before()
        super().open(task)

    def get(self, tenant_id: str, task_id: str) -> Task | None:
        if self.silent:
            raise UnavailableError
        return super().get(tenant_id, task_id)


def die() -> None:
    raise KilledError


def test_who_worked_on_it_leaves_it_to_the_end_that_the_other_one_wrote(home: Home) -> None:
    tasks = Tasks()
    home.create({"type": "task", "title": "Look"})
    home.service.execute("t", "d", "in")
    (queued,) = home.queue.visible()
    letter = Delivery(queued.id, read_message(json.loads(queued.body)), 2)
    dependencies = copy_with(home.dependencies, tasks=tasks)

    def work(request: str) -> set[str]:
        budget = Budget(home.clock.now() + timedelta(minutes=1))
        return {*work_on_messages(dependencies, request, [letter], budget, Mode.DEAD_LETTERS).done}

    tasks.before = die
    for number in range(MAX_STRIKES):
        with pytest.raises(KilledError):
            work(f"request-{number}")

    def end() -> None:
        tasks.before, tasks.silent = (lambda: None), True
        with pytest.raises(UnavailableError):
            work("the-other")
        tasks.silent = False

    tasks.before = end
    assert work("the-one") == set()
    assert home.only().state is State.FAILED
    assert work("the-next") == {queued.id}
    ((tenant, name),) = tasks.items
    closed = tasks.get(tenant, name)
    assert closed is not None
    assert closed.status is TaskStatus.CANCELLED
