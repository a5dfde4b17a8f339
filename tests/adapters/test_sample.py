"""Samples of executions: a part of them by its number, without those that have ended."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.executions import DOCUMENT, SCANS
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, FORMAT
from chalicelib.core.executions.model import Execution, ExecutionStatus, State
from chalicelib.core.values.value import copy_with
from chalicelib.ports import ExecutionStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, following, submitted


@pytest.fixture
def store(backend: Backend) -> ExecutionStore:
    return backend.executions


def sampled(store: ExecutionStore, tenant: str, number: int = 7, limit: int = 10_000) -> dict[str, Execution]:
    return {each.id: each for each in store.sample(number, limit) if each.tenant_id == tenant}


def test_a_sample_of_more_than_there_are_has_all_that_live_wherever_it_begins(
    store: ExecutionStore, tenant: str
) -> None:
    for n in range(7):
        store.create(submitted(tenant, f"n{n}"))
    ended = submitted(tenant, "ended")
    store.create(ended)
    store.update(following(ended, state=State.SUCCEEDED, ended_at=NOW, threads={}))
    for number in (0, 7, 29_000_000):
        assert {*sampled(store, tenant, number)} == {f"{tenant}:order-fulfilment:n{n}" for n in range(7)}


def test_it_says_what_the_indexes_have(store: ExecutionStore, tenant: str) -> None:
    due = copy_with(submitted(tenant), due_at=NOW + timedelta(minutes=1), listed_under=ExecutionStatus.RUNNING)
    store.create(due)
    (found,) = sampled(store, tenant).values()
    assert (found.due_at, found.listed_under, found.version) == (due.due_at, due.listed_under, 0)


def test_it_reads_no_large_value(ministack_aws: Aws, tenant: str) -> None:
    ministack_aws.backend.executions.create(submitted(tenant, value="x" * 100_000))
    (found,) = sampled(ministack_aws.backend.executions, tenant).values()
    assert found.input is None


@pytest.mark.parametrize("damage", [{DOCUMENT: {"S": "no JSON"}}, {FORMAT: {"N": "99"}}], ids=["text", "format"])
def test_what_cannot_be_read_keeps_no_other_from_being_read(aws: Aws, tenant: str, damage: dict[str, Any]) -> None:
    store, table = aws.backend.executions, aws.names.table(EXECUTIONS)
    broken, whole = submitted(tenant, "broken"), submitted(tenant, "whole")
    for each in (broken, whole):
        store.create(each)
    key = EXECUTIONS.key(broken.id)
    item = aws.dynamodb.get_item(TableName=table, Key=key)["Item"]
    aws.dynamodb.put_item(TableName=table, Item=item | damage)
    assert {*sampled(store, tenant)} == {whole.id}
    assert {*store.read([broken.id, whole.id])} == {whole.id}


def test_parts_that_follow_each_other_come_over_all(store: ExecutionStore, tenant: str) -> None:
    names = {f"{tenant}:order-fulfilment:n{n}" for n in range(24)}
    for name in names:
        store.create(submitted(tenant, name.rpartition(":")[2]))
    found = [{*sampled(store, tenant, number, 100)} for number in range(29_000_000, 29_000_064)]
    assert set().union(*found) == names


def test_a_part_that_has_become_too_large_is_not_read_to_its_end(ministack_aws: Aws, tenant: str) -> None:
    for n in range(6):
        ministack_aws.backend.executions.create(submitted(tenant, f"n{n}"))
    assert len(ministack_aws.backend.executions.sample(0, 1)) <= SCANS
