from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.schedules import INLINE, DynamoSchedules
from chalicelib.adapters.dynamodb.tables import FORMAT, SCHEDULES
from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.payloads import ChunkKey, Payloads
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import Schedule, ScheduleContent, new_schedule
from chalicelib.core.values.errors import DamagedError, UnavailableError
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, random_text

CONTENT = ScheduleContent("d", Plan("0 * * * *"), 2, {"text": "x" * 2_000}, title="Hourly")


def schedule(tenant: str, name: str = "s", **others: object) -> Schedule:
    return copy_with(new_schedule(tenant, name, CONTENT, NOW, "ada"), **others)


def test_a_schedule_is_read_as_it_was_written(backend: Backend, tenant: str) -> None:
    made = schedule(tenant)
    assert made.next_at is not None
    taken = made.taken_up(made.next_at)
    failed = taken.started().taken_up(taken.next_at or NOW).failed(NOW, "no")
    for each in (made, taken, copy_with(failed, number=3)):
        assert backend.schedules.put(each)
        assert backend.schedules.get(tenant, "s") == each
    assert backend.schedules.get(tenant, "other") is None


@pytest.mark.parametrize("size", [INLINE // 2, 2 * INLINE, 1_000_000])
def test_an_input_of_any_length_is_read_as_it_was_written(backend: Backend, tenant: str, size: int) -> None:
    made = schedule(tenant, content=copy_with(CONTENT, input={"text": random_text(size)}))
    for each in (made, made.held(NOW, "bob"), made.held(NOW, "bob").resumed(NOW, "ada")):
        for _ in range(2):  # a client repeats what it has not heard of
            assert backend.schedules.put(each)
        assert backend.schedules.get(tenant, "s") == each
        (listed,) = backend.schedules.list(tenant, 10)
        assert copy_with(listed, content=each.content) == each


class Counting(MemoryChunks):
    """Chunks that count how often one is written."""

    written = 0

    def put(self, sha256: str, number: int, content: bytes) -> None:
        super().put(sha256, number, content)
        self.written += 1


class Refusing(MemoryChunks):
    """A table that takes nothing."""

    def put(self, sha256: str, number: int, content: bytes) -> None:
        raise UnavailableError


LONG = copy_with(CONTENT, input={"text": random_text(50_000)})


def test_a_long_input_is_written_once_however_often_the_schedule_is(moto_aws: Aws, tenant: str) -> None:
    chunks = Counting()
    first = schedule(tenant, content=LONG)
    for number in range(1, 4):
        other_process = DynamoSchedules(moto_aws.dynamodb, moto_aws.names, Payloads(chunks))
        known = other_process.get(tenant, "s") or copy_with(first, number=0)
        assert other_process.put(copy_with(known, number=number))
    assert chunks.written == 1
    item = item_of(moto_aws, tenant)
    assert sum(len(str(value)) for value in item.values()) < 2_000
    assert item[FORMAT]["N"] == str(SCHEDULES.reads), "a release that reads no reference would start it without input"


def test_a_short_input_is_of_the_format_that_each_release_reads(moto_aws: Aws, tenant: str) -> None:
    assert moto_aws.backend.schedules.put(schedule(tenant))
    assert item_of(moto_aws, tenant)[FORMAT]["N"] == str(SCHEDULES.format)


def test_what_a_start_changes_moves_no_input(moto_aws: Aws, tenant: str) -> None:
    """However long the item is: an input that moved would be written once more."""
    chunks = Counting()
    store = DynamoSchedules(moto_aws.dynamodb, moto_aws.names, Payloads(chunks))
    for size in range(INLINE // 2, 2 * INLINE, 50):
        made = schedule(tenant, f"s-{size}", content=copy_with(CONTENT, input=random_text(size) + " " * INLINE))
        assert store.put(made)
        before = chunks.written
        for number in (2, 3):
            made = copy_with(made.taken_up(made.next_at or NOW).started().failed(NOW, random_text(100)), number=number)
            assert store.put(made)
        assert chunks.written == before


def test_no_schedule_refers_to_an_input_that_was_not_written(moto_aws: Aws, tenant: str) -> None:
    store = DynamoSchedules(moto_aws.dynamodb, moto_aws.names, Payloads(Refusing()))
    with pytest.raises(UnavailableError):
        store.put(schedule(tenant, content=LONG))
    assert moto_aws.backend.schedules.get(tenant, "s") is None


def test_a_list_reads_no_long_input(moto_aws: Aws, tenant: str) -> None:
    class Unread(MemoryChunks):
        def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
            raise AssertionError(keys)

    store = DynamoSchedules(moto_aws.dynamodb, moto_aws.names, Payloads(Unread()))
    assert store.put(schedule(tenant, content=LONG))
    assert [each.content.input for each in store.list(tenant, 10)] == [None]


def test_a_schedule_whose_input_is_lost_is_damaged_and_can_be_replaced_or_taken_away(
    moto_aws: Aws, tenant: str
) -> None:
    made = schedule(tenant, content=LONG)
    assert DynamoSchedules(moto_aws.dynamodb, moto_aws.names, Payloads(MemoryChunks())).put(made)
    store = moto_aws.backend.schedules
    with pytest.raises(DamagedError, match="its input is lost"):
        store.get(tenant, "s")
    assert store.put(copy_with(made, content=CONTENT))
    assert store.get(tenant, "s") is not None
    assert DynamoSchedules(moto_aws.dynamodb, moto_aws.names, Payloads(MemoryChunks())).put(copy_with(made, number=2))
    assert store.discard(tenant, "s")
    assert store.get(tenant, "s") is None


def item_of(aws: Aws, tenant: str) -> dict[str, Any]:
    request: Any = {"TableName": aws.names.table(SCHEDULES), "Key": SCHEDULES.key(tenant, "s")}
    return aws.dynamodb.get_item(**request)["Item"]  # type: ignore[return-value] # as it is


def test_only_the_number_that_follows_is_written(backend: Backend, tenant: str) -> None:
    first = schedule(tenant)
    second = copy_with(first, paused=True, number=2)
    assert not backend.schedules.put(second)
    assert backend.schedules.put(first)
    assert not backend.schedules.put(copy_with(first, paused=True))
    assert not backend.schedules.put(copy_with(first, number=3))
    assert backend.schedules.put(second)
    assert backend.schedules.get(tenant, "s") == second


def test_a_repeat_of_a_write_whose_answer_was_lost_is_the_same_write(backend: Backend, tenant: str) -> None:
    first = schedule(tenant)
    assert backend.schedules.put(first)
    assert backend.schedules.put(first)
    second = copy_with(first, paused=True, number=2)
    assert backend.schedules.put(second)
    assert backend.schedules.put(second)


def test_a_schedule_goes_as_it_was_read_and_not_otherwise(backend: Backend, tenant: str) -> None:
    first = schedule(tenant)
    assert backend.schedules.put(first)
    assert not backend.schedules.delete(copy_with(first, number=2))
    for _ in range(2):  # a client repeats what it has not heard of
        assert backend.schedules.delete(first)
    assert backend.schedules.get(tenant, "s") is None


def test_schedules_are_listed_by_name_in_both_orders(backend: Backend, tenant: str) -> None:
    for name in ("b", "a", "c-1", "c-2"):
        assert backend.schedules.put(schedule(tenant, name))
    assert backend.schedules.put(schedule(f"{tenant}-b", "z"))

    def names(limit: int, after: str = "", **how: object) -> list[str]:
        return [each.name for each in backend.schedules.list(tenant, limit, after, **how)]  # type: ignore[arg-type]

    assert names(10) == ["a", "b", "c-1", "c-2"]
    assert names(2, "a") == ["b", "c-1"]
    assert names(2, last_first=True) == ["c-2", "c-1"]
    assert names(10, "c-1", last_first=True) == ["b", "a"]
    assert names(10, names=frozenset({"c-*"})) == ["c-1", "c-2"]
    assert [backend.schedules.count(tenant, most) for most in (3, 10)] == [3, 4]


def test_what_is_due_is_found_the_earliest_first(backend: Backend, tenant: str) -> None:
    for minutes, name in ((3, "c"), (1, "a"), (2, "b"), (9, "late")):
        assert backend.schedules.put(schedule(tenant, name, look_at=NOW + timedelta(minutes=minutes)))
    assert backend.schedules.put(schedule(tenant, "paused", look_at=None))
    found = [each for each in backend.schedules.due(NOW + timedelta(minutes=3), 1_000) if each[0] == tenant]
    assert found == [(tenant, name, NOW + timedelta(minutes=n)) for n, name in enumerate("abc", 1)]
    assert len(backend.schedules.due(NOW + timedelta(minutes=9), 1)) == 1


def test_shards_of_what_is_due_may_become_more(moto_aws: Aws, tenant: str) -> None:
    payloads = Payloads(moto_aws.backend.chunks)
    few, more = (DynamoSchedules(moto_aws.dynamodb, moto_aws.names, payloads, shards) for shards in (2, 5))
    for n in range(20):
        assert (few if n % 2 else more).put(schedule(tenant, f"{n:02}", look_at=NOW + timedelta(minutes=n)))
    due = more.due(NOW + timedelta(minutes=14), 1_000)
    assert [each for each in due if each[0] == tenant] == [
        (tenant, f"{n:02}", NOW + timedelta(minutes=n)) for n in range(15)
    ]
    assert more.due(NOW + timedelta(minutes=14), 7) == due[:7]


def test_a_paused_schedule_is_not_in_the_index(aws: Aws, tenant: str) -> None:
    first = schedule(tenant)
    assert aws.backend.schedules.put(first)
    assert aws.backend.schedules.put(first.held(NOW, None))
    assert [each for each in aws.backend.schedules.due(NOW + timedelta(days=9), 1_000) if each[0] == tenant] == []
