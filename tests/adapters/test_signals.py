from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest

from chalicelib.adapters.dynamodb.signals import LONGEST
from chalicelib.adapters.dynamodb.tables import PAYLOADS, SIGNALS
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import LINGER, MAX_DONE, MAX_KEPT, MAX_WAITING, Correlation, Waiter
from chalicelib.ports import SignalStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, fresh
from tests.adapters.test_executions import VALUES
from tests.adapters.test_payloads import LARGEST_ITEM, MEGABYTE, counted, item_size, noise

DAY = timedelta(days=1)
A, B = Waiter("t:d:a", "main", 3), Waiter("t:d:b", "main/1/0", 12)


@pytest.fixture
def store(backend: Backend) -> SignalStore:
    return backend.events


def first(tenant: str, key: str = "order-1", name: str = "paid", **more: object) -> Correlation:
    return copy_with(Correlation(tenant, name, key, version=1, at=NOW), **more)


def following(row: Correlation, **more: object) -> Correlation:
    return copy_with(row, version=row.version + 1, **more)


def event(name: str, data: Json = None) -> Signal:
    return Signal(name, "paid", NOW + DAY, data)


def item(aws: Aws, row: Correlation) -> dict[str, dict[str, str]]:
    """Find the only item of a tenant."""
    request = {"KeyConditionExpression": "tenantId = :t", "ExpressionAttributeValues": {":t": {"S": row.tenant_id}}}
    (found,) = aws.dynamodb.query(TableName=aws.names.table(SIGNALS), **request)["Items"]
    return found


def test_where_nothing_stands_a_row_is_blank(store: SignalStore, tenant: str) -> None:
    assert store.get(tenant, "paid", "order-1") == Correlation(tenant, "paid", "order-1")


def test_everything_of_a_row_comes_back(store: SignalStore, tenant: str) -> None:
    row = first(
        tenant,
        waiting=(A, B),
        kept=(Signal("1", "paid", NOW + DAY, {"n": [1, None]}, "anna"), event("2")),
        matched=((Waiter("t:d:c", "main", 1), event("3", "x")),),
        done=(("5", NOW + DAY), ("4", NOW + timedelta(milliseconds=1))),
        at=NOW + timedelta(milliseconds=7),
    )
    assert store.put(row)
    assert store.get(tenant, "paid", "order-1") == row
    emptied = Correlation(tenant, "paid", "order-1", version=2)
    assert store.put(emptied)
    assert store.get(tenant, "paid", "order-1") == emptied


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
def test_data_comes_back_as_it_went_in(store: SignalStore, value: Json) -> None:
    row = first(fresh("tenant"), kept=(event("1", value),))
    assert store.put(row)
    (read,) = store.get(row.tenant_id, row.name, row.key).kept
    assert repr(read.value) == repr(value)  # 3 == 3.0 and 0.0 == -0.0, so equality says too little


def test_a_megabyte_comes_back(store: SignalStore, tenant: str) -> None:
    row = first(tenant, kept=(event("1", MEGABYTE), event("2", "small")), matched=((A, event("3", [MEGABYTE])),))
    assert store.put(row)
    assert store.get(tenant, row.name, row.key) == row


KEYS = [
    "order-1",
    "1",
    '","',
    "#",
    "a" * 1000,
    "a" * 999 + "b",
    "\U0001f600" * 1000,
    "\ud800",
    "\\ud800",
    "\x00",
    "é",
    "e\u0301",
]
NAMES = ["paid", "paid.", 'a","b', "n" * 64]


def test_every_name_and_key_is_a_row_of_its_own(store: SignalStore, tenant: str) -> None:
    rows = [
        first(of, key, name, done=((fresh("id"), NOW),))
        for of in (tenant, f"{tenant}-b")
        for name in NAMES
        for key in KEYS
    ]
    assert all(store.put(row) for row in rows)
    assert [store.get(row.tenant_id, row.name, row.key) for row in rows] == rows


def test_a_key_as_long_as_it_can_be_unhashed_is_one_that_dynamodb_takes(store: SignalStore, tenant: str) -> None:
    for length in range(LONGEST - 15, LONGEST + 2):
        row = first(tenant, "k" * length)
        assert store.put(row)
        assert store.get(tenant, row.name, row.key) == row


def test_a_row_is_begun_once(store: SignalStore, tenant: str) -> None:
    assert store.put(first(tenant, waiting=(A,)))
    assert not store.put(first(tenant, waiting=(B,)))
    assert store.get(tenant, "paid", "order-1").waiting == (A,)


def test_a_row_is_written_over_the_version_before_it_only(store: SignalStore, tenant: str) -> None:
    row = first(tenant, waiting=(A,))
    assert not store.put(following(row))
    assert store.put(row)
    second = following(row, waiting=(A, B))
    assert store.put(second)
    for version in (1, 2, 4):
        assert not store.put(copy_with(row, version=version, waiting=()))
    assert store.get(tenant, "paid", "order-1") == second


def test_of_writers_of_one_version_exactly_one_wins(ministack_aws: Aws, tenant: str) -> None:
    store = ministack_aws.backend.events
    latest = Correlation(tenant, "paid", "order-1", at=NOW)
    start = Barrier(4)

    def write(row: Correlation) -> bool:
        start.wait()
        return store.put(row)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(10):
            rivals = [following(latest, done=((str(writer), NOW),)) for writer in range(4)]
            won = list(pool.map(write, rivals))
            assert sorted(won) == [False, False, False, True]
            latest = rivals[won.index(True)]
            assert store.get(tenant, "paid", "order-1") == latest


def test_a_row_expires_unless_somebody_waits(aws: Aws, tenant: str) -> None:
    row = first(tenant, kept=(event("1"),))
    aws.backend.events.put(row)
    assert item(aws, row)["expiresAt"] == {"N": str(int((NOW + DAY + LINGER).timestamp()) + 1)}
    row = following(row, kept=(), matched=((A, event("1")),))
    aws.backend.events.put(row)
    assert "expiresAt" not in item(aws, row)


def test_names_and_keys_can_be_read_unless_they_are_long(moto_aws: Aws, tenant: str) -> None:
    row = first(tenant)
    moto_aws.backend.events.put(row)
    assert item(moto_aws, row)["nameKey"] == {"S": '["paid","order-1"]'}
    row = first(f"{tenant}-b", "k" * LONGEST)
    moto_aws.backend.events.put(row)
    assert len(item(moto_aws, row)["nameKey"]["S"]) == 64


def test_a_large_value_is_written_once(moto_aws: Aws, tenant: str) -> None:
    row = first(tenant, kept=(event("1", noise(100_000, tenant)),))
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.events.put(row)
        moto_aws.backend.events.put(following(row, matched=((A, row.kept[0]),), kept=()))
    assert puts == {PAYLOADS: 1, SIGNALS: 2}


def test_a_row_with_all_that_it_can_have_is_no_item_too_large(aws: Aws, tenant: str) -> None:
    def one(number: int) -> Signal:
        return Signal(noise(96, f"id{number}"), "paid", NOW + DAY, noise(1000, f"{number}"), noise(64, f"by{number}"))

    def waiter(number: int) -> Waiter:
        return Waiter(f"{tenant}:{'d' * 64}:{number:08x}", f"main/0/{number}", number)

    row = first(
        tenant,
        matched=tuple((waiter(n), one(n)) for n in range(MAX_WAITING)),
        kept=tuple(one(n) for n in range(MAX_WAITING, MAX_WAITING + MAX_KEPT)),
        done=tuple((noise(96, f"done{n}"), NOW + DAY) for n in range(MAX_DONE)),
    )
    assert aws.backend.events.put(row)
    assert item_size(item(aws, row)) < LARGEST_ITEM
    assert aws.backend.events.get(tenant, row.name, row.key) == row
