from datetime import timedelta

from chalicelib.adapters.dynamodb.schedules import DynamoSchedules
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import Schedule, ScheduleContent, new_schedule
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW

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
    few, more = (DynamoSchedules(moto_aws.dynamodb, moto_aws.names, shards) for shards in (2, 5))
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
