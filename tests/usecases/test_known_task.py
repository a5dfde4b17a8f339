"""A task that was just read is read again only once somebody else was quicker to change it."""

from collections.abc import Sequence

import pytest

from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import Person, Task, TaskFilter, claimed
from chalicelib.usecases.tasks import KnownTask
from tests.adapters.examples import NOW, task

TENANT = "acme"


class Tasks(MemoryTasks):
    """Tells what was read."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def get(self, tenant_id: str, task_id: str) -> Task | None:
        self.read.append(task_id)
        return super().get(tenant_id, task_id)


@pytest.fixture
def tasks() -> Tasks:
    found = Tasks()
    for number in range(2):
        found.open(task(TENANT, number))
    return found


def known(tasks: Tasks) -> tuple[KnownTask, Task]:
    mine = MemoryTasks.get(tasks, TENANT, task(TENANT, 0).id)
    assert mine is not None
    return KnownTask(tasks, mine), mine


def following(one: Task, **changes: object) -> Task:
    return copy_with(one, version=one.version + 1, **changes)


def test_it_is_not_read_again(tasks: Tasks) -> None:
    store, mine = known(tasks)
    assert (store.get(TENANT, mine.id), store.written, tasks.read) == (mine, None, [])


def test_what_was_written_over_it_is_known_as_it_is_read(tasks: Tasks) -> None:
    store, mine = known(tasks)
    assert store.update(following(mine, priority=7))
    assert store.get(TENANT, mine.id) == store.written
    assert not tasks.read
    assert store.written == tasks.get(TENANT, mine.id)


def test_where_somebody_else_was_quicker_it_is_read(tasks: Tasks) -> None:
    store, mine = known(tasks)
    theirs = claimed(mine, Person("ada"), NOW)
    assert tasks.update(theirs)
    assert not store.update(following(mine, priority=7))
    found = store.get(TENANT, mine.id)
    assert found is not None
    assert (found.claimed_by, tasks.read, store.written) == ("ada", [mine.id], None)


def test_others_are_read_and_written_as_they_are(tasks: Tasks) -> None:
    store, mine = known(tasks)
    other = task(TENANT, 1).id
    found = store.get(TENANT, other)
    assert found is not None
    assert store.update(following(found, priority=7))
    store.open(task(TENANT, 2))
    assert (store.written, tasks.read) == (None, [other])
    assert [*store.headers(TENANT, [other, mine.id])] == [other, mine.id]
    assert names(store.list(TENANT, TaskFilter(), 9)) == names(tasks.list(TENANT, TaskFilter(), 9))


def names(found: Sequence[Task]) -> list[str]:
    return [each.id for each in found]
