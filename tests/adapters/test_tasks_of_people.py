"""What is open for a person or a group: found, and written, beside the tasks themselves."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import TASKS
from chalicelib.adapters.dynamodb.tasks import MOST_PEOPLE
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import Person, Task, TaskFilter, TaskStatus, claimed, closed, reassigned
from chalicelib.ports import TaskStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, task
from tests.adapters.test_payloads import counted
from tests.adapters.test_tasks import LATER, behind, listed, opened, queries


@pytest.fixture
def store(backend: Backend) -> TaskStore:
    return backend.tasks


def read(store: TaskStore, tenant: str, turn: int) -> Task:
    found = store.get(tenant, task(tenant, turn).id)
    assert found is not None
    return found


class TestWhatSomebodyHasToDo:
    """Counted over moto: it is found among nothing else."""

    MINE = TaskFilter(user="ada", groups=("sales", "staff"))

    def test_it_is_found_however_many_are_open(self, moto_aws: Aws, tenant: str) -> None:
        store = moto_aws.backend.tasks
        for n in range(60):
            opened(store, tenant, n, assignees=("bob",), groups=("managers",))
        opened(store, tenant, 60, assignees=("ada",), groups=("sales",))
        with queries(moto_aws.dynamodb) as seen:
            assert [found.turn for found in store.list(tenant, self.MINE, 20)] == [60]
        names = {query["ExpressionAttributeValues"][":who"]["S"].removeprefix(f"{tenant}#") for query in seen}
        assert names == {"user#ada", "group#sales", "group#staff", "many"}
        assert not any("IndexName" in query for query in seen)

    @pytest.mark.parametrize("oldest_first", [False, True])
    def test_pages_of_it_are_in_order(self, store: TaskStore, tenant: str, *, oldest_first: bool) -> None:
        ways: list[dict[str, Any]] = [{"assignees": ("ada",)}, {"groups": ("sales", "staff")}, {"groups": ("others",)}]
        for n in range(90):
            opened(store, tenant, n, created_at=NOW + timedelta(seconds=n // 2), **ways[n % 3])
        wanted, after, seen = copy_with(self.MINE, oldest_first=oldest_first), None, list[Task]()
        while page := store.list(tenant, wanted, 7, after):
            seen += page
            after = behind(page)
        assert seen == sorted(seen, key=lambda each: (each.created_at, each.id), reverse=not oldest_first)
        assert {each.turn for each in seen} == {n for n in range(90) if n % 3 < 2}
        bounds = {"since": NOW + timedelta(seconds=10), "until": NOW + timedelta(seconds=12)}
        assert {each.turn for each in store.list(tenant, copy_with(wanted, **bounds), 9)} == {21, 22, 24, 25}

    def test_it_goes_with_the_task(self, store: TaskStore, tenant: str) -> None:
        opened(store, tenant, 1, assignees=("ada",))
        assert listed(store, tenant, user="ada") == {1}
        assert store.update(reassigned(read(store, tenant, 1), ["bob"], ["sales"]))
        assert listed(store, tenant, user="ada") == set()
        assert listed(store, tenant, user="bob") == listed(store, tenant, groups=("sales",)) == {1}
        assert store.update(claimed(read(store, tenant, 1), Person("carol"), NOW))
        assert listed(store, tenant, user="carol") == listed(store, tenant, claimed_by="carol") == {1}
        assert store.update(closed(read(store, tenant, 1), TaskStatus.COMPLETED, "carol", LATER))
        assert listed(store, tenant, user="carol") == listed(store, tenant, user="bob") == set()

    def test_nothing_is_left_of_it(self, moto_aws: Aws, tenant: str) -> None:
        store = moto_aws.backend.tasks
        opened(store, tenant, 1, assignees=("ada", "ada", "x" * 3_000), groups=("sales",))
        kept = moto_aws.dynamodb.scan(TableName=moto_aws.names.table(TASKS))["Items"]
        assert sum(each["tenantId"]["S"].startswith(f"{tenant}#") for each in kept) == 3
        assert store.update(closed(read(store, tenant, 1), TaskStatus.COMPLETED, "ada", LATER))
        kept = moto_aws.dynamodb.scan(TableName=moto_aws.names.table(TASKS))["Items"]
        assert not any(each["tenantId"]["S"].startswith(f"{tenant}#") for each in kept)

    def test_what_a_later_version_lists_stays(self, moto_aws: Aws, tenant: str) -> None:
        store = moto_aws.backend.tasks
        opened(store, tenant, 1, assignees=("ada",))

        def overtake(**_: object) -> None:
            moto_aws.dynamodb.meta.events.unregister("before-parameter-build.dynamodb.DeleteItem", overtake)
            assert store.update(reassigned(read(store, tenant, 1), ["ada"], []))

        moto_aws.dynamodb.meta.events.register("before-parameter-build.dynamodb.DeleteItem", overtake)
        assert store.update(reassigned(read(store, tenant, 1), ["bob"], []))
        assert listed(store, tenant, user="ada") == {1}

    def test_a_task_for_very_many_is_found(self, moto_aws: Aws, tenant: str) -> None:
        store = moto_aws.backend.tasks
        people = tuple(f"user-{n}" for n in range(MOST_PEOPLE + 1))
        with counted(moto_aws.dynamodb) as puts:
            opened(store, tenant, 1, assignees=people)
        assert puts == {TASKS: 2}
        assert listed(store, tenant, user="user-7") == {1}
        assert listed(store, tenant, user="ada") == set()
