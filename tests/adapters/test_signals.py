from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from chalicelib.adapters.dynamodb.signals import LONGEST
from chalicelib.adapters.dynamodb.tables import PAYLOADS, SIGNALS
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import (
    LINGER,
    REMEMBERED,
    Channel,
    Correlation,
    Waiter,
    header,
    offered,
)
from chalicelib.ports import SignalStore
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import fresh
from tests.adapters.test_executions import VALUES
from tests.adapters.test_payloads import LARGEST_ITEM, MEGABYTE, counted, item_size, noise

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
NOW = datetime(2126, 1, 31, 9, tzinfo=UTC)
"""Far ahead: what has expired by the clock of the machine, a stand-in of DynamoDB may delete at any moment."""
A = Waiter("t:d:a", "main", 3, NOW, "d", 7, "wait/paid")
B = Waiter("t:d:b", "main.1.0", 12, NOW + SECOND)
C = Waiter("t:d:c", "main", 1, NOW + 2 * SECOND)


@pytest.fixture
def store(backend: Backend) -> SignalStore:
    return backend.events


@pytest.fixture
def here(tenant: str) -> Channel:
    return Channel(tenant, "paid", "order-1")


def event(name: str, data: Json = None, at: timedelta = timedelta(0), by: str | None = None) -> Correlation:
    return Correlation(Signal(name, "paid", NOW + DAY, data, by), NOW + at, was_kept=True)


def items(aws: Aws, channel: Channel) -> list[dict[str, dict[str, str]]]:
    """Find the items of a channel."""
    found = aws.dynamodb.scan(TableName=aws.names.table(SIGNALS))["Items"]
    return [item for item in found if channel.tenant_id in item["channel"]["S"]]


class TestWaiters:
    def test_those_who_wait_come_back_the_longest_first(self, store: SignalStore, here: Channel) -> None:
        assert store.waiting(here, 10) == []
        assert [store.wait(here, waiter) for waiter in (B, C, A)] == [True, True, True]
        assert store.waiting(here, 10) == [A, B, C]
        assert store.waiting(here, 2, newest_first=True) == [C, B]
        assert store.waiting(here, 2, B.place, newest_first=True) == [A]
        assert store.waiting(here, 2) == [A, B]
        assert store.waiting(here, 2, A.place) == [B, C]
        assert store.waiting(here, 2, C.place) == []

    def test_one_that_waits_waits_on(self, store: SignalStore, here: Channel) -> None:
        store.wait(here, A)
        assert not store.wait(here, copy_with(A, version=8))
        assert store.waiting(here, 10) == [copy_with(A, version=8)]

    def test_who_leaves_is_gone(self, store: SignalStore, here: Channel) -> None:
        store.wait(here, A)
        for _ in range(2):
            store.leave(here, A)
        assert store.waiting(here, 10) == []

    def test_they_are_counted_up_to_a_limit(self, store: SignalStore, here: Channel) -> None:
        assert store.count(here, 3) == 0
        for waiter in (A, B, C):
            store.wait(here, waiter)
        assert (store.count(here, 2), store.count(here, 3), store.count(here, 9)) == (2, 3, 3)


class TestEvents:
    def test_where_none_stands_there_is_none(self, store: SignalStore, here: Channel) -> None:
        assert store.get(here, "1") is None
        assert store.kept(here, 10) == []

    def test_everything_of_one_comes_back(self, store: SignalStore, here: Channel) -> None:
        row = event("1", {"n": [1, None]}, timedelta(milliseconds=7), "anna")
        assert store.put(here, row, NOW) is None
        assert store.get(here, "1") == row
        assert store.put(here, offered(row, A), NOW) is None
        assert store.get(here, "1") == offered(row, A)

    @pytest.mark.parametrize("value", VALUES.values(), ids=VALUES.keys())
    def test_data_comes_back_as_it_went_in(self, store: SignalStore, value: Json) -> None:
        channel = Channel(fresh("tenant"), "paid", "order-1")
        store.put(channel, event("1", value), NOW)
        read = store.get(channel, "1")
        assert read is not None
        assert repr(read.signal.value) == repr(value)  # 3 == 3.0 and 0.0 == -0.0, so equality says too little

    def test_a_megabyte_comes_back(self, store: SignalStore, here: Channel) -> None:
        row = event("1", [MEGABYTE])
        store.put(here, row, NOW)
        assert store.get(here, "1") == row

    def test_what_is_kept_is_listed_the_oldest_first(self, store: SignalStore, here: Channel) -> None:
        rows = [event("b", 1, by="anna"), event("c", 2), event("a", 3, SECOND)]
        for row in rows[::-1]:
            store.put(here, row, NOW)
        heads = [header(row) for row in rows]
        assert store.kept(here, 10) == heads
        assert store.kept(here, 2) == heads[:2]
        assert store.kept(here, 2, heads[0].place) == heads[1:]
        store.put(here, offered(rows[0], A), NOW)
        store.put(here, copy_with(offered(rows[1], None), taken=True), NOW)
        assert store.kept(here, 10) == [copy_with(heads[0], waiter=A.key), heads[2]]
        store.mark_taken(here, "b", A, NOW)
        assert store.kept(here, 10) == heads[2:]

    def test_what_was_never_kept_is_not_listed(self, store: SignalStore, here: Channel) -> None:
        row = copy_with(event("1"), waiter=A, was_kept=False)
        store.put(here, row, NOW)
        assert store.kept(here, 10) == []
        store.put(here, offered(row, None), NOW)
        assert [head.id for head in store.kept(here, 10)] == ["1"]

    def test_a_first_version_is_put_once(self, store: SignalStore, here: Channel) -> None:
        row = event("1", "first")
        store.put(here, row, NOW)
        assert store.put(here, event("1", "second"), NOW) == row
        assert store.put(here, row, NOW) is None

    def test_it_is_written_over_the_version_before_it_only(self, store: SignalStore, here: Channel) -> None:
        row = event("1", "data")
        store.put(here, row, NOW)
        assert store.put(here, offered(row, A), NOW) is None
        for version in (1, 2, 4):
            assert store.put(here, copy_with(row, version=version, waiter=B), NOW) == offered(row, A)
        assert store.get(here, "1") == offered(row, A)

    def test_what_is_over_time_makes_place_unless_it_is_somebodys(self, store: SignalStore, here: Channel) -> None:
        row, later = event("1", "old"), NOW + DAY
        again = copy_with(event("1", "new"), at=later)
        store.put(here, row, NOW)
        assert store.put(here, again, later - SECOND) == row
        assert store.put(here, again, later) is None
        assert store.get(here, "1") == again
        store.put(here, offered(again, A), later)
        assert store.put(here, row, later) == offered(again, A)

    def test_what_was_taken_is_known_for_its_time_and_longer(self, store: SignalStore, here: Channel) -> None:
        row, until = offered(event("1", "data"), A), NOW + 2 * DAY
        store.put(here, event("1", "data"), NOW)
        store.put(here, row, NOW)
        store.mark_taken(here, "1", B, until)
        assert store.get(here, "1") == row
        store.mark_taken(here, "1", A, until)
        read = store.get(here, "1")
        assert read is not None
        assert (read.taken, read.waiter, read.known_until, read.signal.value) == (True, A, until, None)
        assert store.put(here, event("1"), until - SECOND) == read
        assert store.put(here, event("1"), until) is None

    def test_what_is_not_there_is_not_settled(self, store: SignalStore, here: Channel) -> None:
        store.mark_taken(here, "1", A, NOW)
        assert store.get(here, "1") is None


KEYS = ["order-1", "1", '","', "#", "a" * 1000, "a" * 999 + "b", "\U0001f600" * 1000, "\\ud800", "\x00", "é", "e\u0301"]
NAMES = ["paid", "paid.", 'a","b', "n" * 64]


def test_every_name_and_key_is_a_channel_of_its_own(store: SignalStore, tenant: str) -> None:
    channels = [Channel(of, name, key) for of in (tenant, f"{tenant}-b") for name in NAMES for key in KEYS]
    for number, channel in enumerate(channels):
        store.wait(channel, copy_with(A, turn=number))
        store.put(channel, event(str(number)), NOW)
    for number, channel in enumerate(channels):
        assert store.waiting(channel, 10) == [copy_with(A, turn=number)]
        assert [head.id for head in store.kept(channel, 10)] == [str(number)]


def test_a_key_as_long_as_it_can_be_unhashed_is_one_that_dynamodb_takes(store: SignalStore, tenant: str) -> None:
    for length in range(LONGEST - 60, LONGEST + 2, 7):
        channel = Channel(tenant, "paid", "k" * length)
        store.wait(channel, A)
        assert store.waiting(channel, 10) == [A]


def at_once(write: Callable[[int], bool]) -> list[bool]:
    start = Barrier(4)

    def one(number: int) -> bool:
        start.wait()
        return write(number)

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(one, range(4)))


def test_of_those_who_write_at_once_exactly_one_wins(ministack_aws: Aws, here: Channel) -> None:
    store = ministack_aws.backend.events
    latest = event("1")
    store.put(here, latest, NOW)
    for round_ in range(10):
        waiter = copy_with(A, turn=round_)
        assert sorted(at_once(lambda _, w=waiter: store.wait(here, w))) == [False, False, False, True]
        rivals = [offered(latest, copy_with(A, turn=number)) for number in range(4)]
        won = at_once(lambda n, r=rivals: store.put(here, r[n], NOW) is None)
        assert sorted(won) == [False, False, False, True]
        latest = rivals[won.index(True)]
        assert store.get(here, "1") == latest


def test_items_expire_unless_somebody_waits(aws: Aws, here: Channel) -> None:
    def expiry() -> str | None:
        (item,) = items(aws, here)
        return item.get("expiresAt", {}).get("N")

    def second(after: timedelta) -> str:
        return str(int((NOW + after).timestamp()) + 1)

    store, row = aws.backend.events, event("1")
    store.put(here, row, NOW)
    assert expiry() == second(DAY + LINGER)
    store.put(here, offered(row, A), NOW)
    assert expiry() is None
    store.mark_taken(here, "1", A, NOW + REMEMBERED)
    assert expiry() == second(DAY + LINGER)
    other = copy_with(here, tenant_id=fresh("tenant"))
    store.wait(other, A)
    (waiting,) = items(aws, other)
    assert "expiresAt" not in waiting


def test_names_and_keys_can_be_read_unless_they_are_long(moto_aws: Aws, here: Channel) -> None:
    moto_aws.backend.events.wait(here, A)
    (item,) = items(moto_aws, here)
    assert item["channel"] == {"S": f'["{here.tenant_id}","paid","order-1"]'}


def test_a_large_value_is_written_once(moto_aws: Aws, here: Channel) -> None:
    row = event("1", noise(100_000, here.tenant_id))
    with counted(moto_aws.dynamodb) as puts:
        moto_aws.backend.events.put(here, row, NOW)
        moto_aws.backend.events.put(here, offered(row, A), NOW)
    assert puts == {PAYLOADS: 1, SIGNALS: 2}


def test_no_item_grows_with_others(aws: Aws, here: Channel) -> None:
    store = aws.backend.events
    for number in range(150):
        store.wait(here, Waiter(f"{here.tenant_id}:{'d' * 64}:{number:08x}", f"main.0.{number}", 1, NOW, "d" * 64, 1))
        store.put(here, event(noise(96, f"id{number}"), noise(1000, f"{number}")), NOW)
    assert max(map(item_size, items(aws, here))) < LARGEST_ITEM / 100
    assert (len(store.waiting(here, 1000)), len(store.kept(here, 1000))) == (150, 150)


def test_what_is_kept_is_listed_either_way(store: SignalStore, here: Channel) -> None:
    for number in range(3):
        assert store.put(here, event(str(number), at=number * SECOND), NOW) is None
    latest = store.kept(here, 2, newest_first=True)
    assert [each.id for each in latest] == ["2", "1"]
    assert [each.id for each in store.kept(here, 2, latest[-1].place, newest_first=True)] == ["0"]
    assert [each.id for each in store.kept(here, 5)] == ["0", "1", "2"]
