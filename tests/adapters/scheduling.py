"""What is done with schedules and starts, for tests of what functions may do."""

from chalicelib.adapters.dynamodb.schedules import INLINE
from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.quotas import StartSlot
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import ScheduleContent, new_schedule
from tests.adapters.conftest import Aws
from tests.adapters.examples import NOW, random_text

LONG = ScheduleContent("d", Plan("0 * * * *"), input=random_text(2 * INLINE))


def schedules(aws: Aws, tenant: str) -> None:
    """Do what routes do."""
    made, store = new_schedule(tenant, "s", LONG, NOW), aws.backend.schedules
    held = made.held(NOW, None)
    assert store.put(made)
    assert store.put(held)
    assert store.get(tenant, "s") == held
    assert [each.name for each in store.list(tenant, 10)] == [held.name]
    assert store.count(tenant, 10) == 1
    assert store.delete(held)
    assert store.discard(tenant, "s")


def start_scheduled(aws: Aws, tenant: str) -> None:
    """Do what a message of a schedule does."""
    made = new_schedule(tenant, "s", LONG, NOW)
    assert aws.backend.schedules.put(made)
    assert aws.backend.schedules.get(tenant, "s") == made
    assert aws.backend.access.list(tenant, [EntryKind.TENANT], 10) == []


def starts(aws: Aws, tenant: str) -> None:
    """Do what the start of an execution does where a tenant has quotas."""
    slot, usage = StartSlot(tenant, 0, "a", NOW), aws.backend.usage
    assert usage.count_start(tenant, 0, 1)
    assert usage.take(slot, None)
    assert usage.slots(tenant, 1) == [slot]
