"""Tasks whose headers are read together, with who changed them."""

import pytest

from chalicelib.adapters.dynamodb.tables import TASKS
from chalicelib.core.values.value import copy_with
from chalicelib.ports import TaskStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import fresh
from tests.adapters.test_payloads import counted
from tests.adapters.test_tasks import full, opened


@pytest.fixture
def store(backend: Backend) -> TaskStore:
    return backend.tasks


def test_headers_of_many_come_together_with_who_changed_them(store: TaskStore, tenant: str) -> None:
    wanted = [full(tenant), opened(store, tenant, 4, data="x")]
    store.open(wanted[0])
    opened(store, fresh("tenant"), 3)
    found = store.headers(tenant, [wanted[1].id, "f" * 24, wanted[0].id, wanted[0].id])
    header = {"description": None, "input_schema": True, "ui_schema": None, "data": None}
    assert found == {each.id: copy_with(each, **header) for each in wanted}
    assert store.headers(tenant, []) == {}


def test_headers_of_a_hundred_are_one_request(aws: Aws, tenant: str) -> None:
    store = aws.backend.tasks
    tasks = [opened(store, tenant, turn) for turn in range(100)]
    with counted(aws.dynamodb) as calls:
        assert len(store.headers(tenant, [each.id for each in tasks])) == 100
    assert calls == {f"read {aws.names.table(TASKS)}": 1}
