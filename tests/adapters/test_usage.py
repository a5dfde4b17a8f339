from datetime import timedelta

from chalicelib.adapters.dynamodb.tables import USAGE
from chalicelib.core.access.quotas import StartSlot
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW


def slot(tenant: str, number: int = 0, holder: str = "a", later: int = 0) -> StartSlot:
    return StartSlot(tenant, number, holder, NOW + timedelta(seconds=later))


def test_starts_are_counted_up_to_a_quota_in_each_second_and_tenant(backend: Backend, tenant: str) -> None:
    usage = backend.usage
    assert [usage.count_start(tenant, 7, 2) for _ in range(3)] == [True, True, False]
    assert usage.count_start(tenant, 8, 2)
    assert usage.count_start(f"{tenant}-b", 7, 2)


def test_a_quota_that_is_raised_counts_in_the_same_second(backend: Backend, tenant: str) -> None:
    assert backend.usage.count_start(tenant, 7, 1)
    assert not backend.usage.count_start(tenant, 7, 1)
    assert backend.usage.count_start(tenant, 7, 2)


def test_a_slot_that_nobody_has_taken_is_taken_once(backend: Backend, tenant: str) -> None:
    assert backend.usage.take(slot(tenant), None)
    assert not backend.usage.take(slot(tenant, holder="b"), None)
    assert backend.usage.slots(tenant, 10) == [slot(tenant)]


def test_a_repeat_of_a_take_whose_answer_was_lost_is_no_other_take(backend: Backend, tenant: str) -> None:
    assert backend.usage.take(slot(tenant), None)
    assert backend.usage.take(slot(tenant), None)


def test_a_slot_is_taken_over_as_it_was_read_and_not_otherwise(backend: Backend, tenant: str) -> None:
    first, second, third = (slot(tenant, holder=name, later=n) for n, name in enumerate("aab"))
    assert backend.usage.take(first, None)
    assert not backend.usage.take(third, second)
    assert backend.usage.take(second, first)
    assert not backend.usage.take(third, first)
    assert backend.usage.slots(tenant, 10) == [second]


def test_the_slots_of_a_tenant_are_read_up_to_a_quota(backend: Backend, tenant: str) -> None:
    for number in (0, 3, 10, 12):
        assert backend.usage.take(slot(tenant, number), None)
    assert backend.usage.take(slot(f"{tenant}-b", 1), None)
    assert [found.number for found in backend.usage.slots(tenant, 11)] == [0, 3, 10]
    assert backend.usage.slots(f"{tenant}-c", 11) == []


def test_the_count_of_a_second_expires(aws: Aws, tenant: str) -> None:
    second = int(NOW.timestamp())
    assert aws.backend.usage.count_start(tenant, second, 1)
    key = USAGE.key(tenant, f"second#{second}")
    item = aws.dynamodb.get_item(TableName=aws.names.table(USAGE), Key=key)["Item"]
    assert item[USAGE.expiry] == {"N": str(second + 3_600)}
