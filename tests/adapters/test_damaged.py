"""What is damaged in a table: whoever reads it alone is told which item it is, and it holds up no other."""

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import (
    ACCESS,
    DEFINITION_VERSIONS,
    DEFINITIONS,
    EXECUTIONS,
    HISTORY,
    INCIDENTS,
    REPLIES,
    SCHEDULES,
    SIGNALS,
    TASKS,
    UPLOADS,
    USAGE,
    TableSchema,
)
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.quotas import StartSlot
from chalicelib.core.executions.listing import ExecutionFilter
from chalicelib.core.executions.model import Signal
from chalicelib.core.records.incident import IncidentFilter
from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.records.shown import nothing
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import ScheduleContent, new_schedule
from chalicelib.core.values.errors import DamagedError
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from chalicelib.core.waits.task import TaskFilter
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, definition, history_row, incident, submitted, task

Make = Callable[[Backend, str], object]
Get = Callable[[Backend, str], object]
Find = Callable[[Backend, str], Sequence[str]]

CHANNEL, NAME = "paid", "order-fulfilment"
EVENT = Correlation(Signal("one", CHANNEL, NOW + timedelta(days=1)), NOW)


def make_executions(at: Backend, tenant: str) -> None:
    for name in ("one", "other"):
        at.executions.create(submitted(tenant, name))


def listed(at: Backend, tenant: str) -> Sequence[str]:
    page = at.executions.list(ExecutionFilter(tenant), NOW, 10)
    read = at.executions.read([f"{tenant}:{NAME}:one", f"{tenant}:{NAME}:other"])
    found = at.executions.summaries([*read])
    assert {each.id for each in page.found} == {*read} == {*found}
    return [name.rpartition(":")[2] for name in read]


def make_tasks(at: Backend, tenant: str) -> None:
    for name in ("one", "other"):
        at.tasks.open(copy_with(task(tenant, assignees=("ada",)), id=name))


def found_tasks(at: Backend, tenant: str) -> Sequence[str]:
    mine, all_of_it = (at.tasks.list(tenant, TaskFilter(user=user), 10) for user in ("ada", None))
    headers = at.tasks.headers(tenant, ["one", "other"])
    assert [each.id for each in mine] == [each.id for each in all_of_it] == [*headers]
    return [*headers]


def make_definitions(at: Backend, tenant: str) -> None:
    for name in ("one", "other", "third"):
        assert at.definitions.put_newest(definition(tenant, name))


def make_schedules(at: Backend, tenant: str) -> None:
    for name in ("one", "other"):
        assert at.schedules.put(new_schedule(tenant, name, ScheduleContent("d", Plan("0 * * * *")), NOW))


def make_roles(at: Backend, tenant: str) -> None:
    for name in ("one", "other"):
        assert at.access.put(AccessEntry(tenant, EntryKind.ROLE, name, {"rules": []}, NOW, None))


def take_slots(at: Backend, tenant: str) -> None:
    for number, name in enumerate(("one", "other")):
        assert at.usage.take(StartSlot(tenant, number, name, NOW), None)


def make_incidents(at: Backend, tenant: str) -> None:
    for name in ("one", "other"):
        assert at.incidents.record(copy_with(incident(tenant), subject=name))


def make_waiters(at: Backend, tenant: str) -> None:
    for name in ("one", "other"):
        at.events.wait(Channel(tenant, CHANNEL, "7"), Waiter(f"{tenant}:d:{name}", "main", 1, NOW))


def waiting(at: Backend, tenant: str) -> Sequence[str]:
    return [each.execution.rpartition(":")[2] for each in at.events.waiting(Channel(tenant, CHANNEL, "7"), 1)]


def row(at: Backend, tenant: str) -> None:
    at.history.append(history_row(f"{tenant}:{NAME}:one", 1, "writer", None, []))


def claimed(at: Backend, tenant: str) -> object:
    day = timedelta(days=1)
    return at.replies.claim(f"{tenant}-one", KeyHolder("asked", "seed"), NOW, NOW + day, NOW - day)


def kept(at: Backend, tenant: str) -> None:
    claimed(at, tenant)
    at.replies.keep(f"{tenant}-one", KeptAnswer(200, {}, "text"), NOW + timedelta(days=1))


CASES: dict[str, tuple[TableSchema, dict[str, Any], Make, Get | None, Find | None]] = {
    "execution": (
        EXECUTIONS,
        {"d": {"S": "x"}, "t": {"S": "Gone"}},
        make_executions,
        lambda at, tenant: at.executions.get(f"{tenant}:{NAME}:one"),
        listed,
    ),
    "outline of an execution": (
        EXECUTIONS,
        {"c": {"S": "no JSON"}},
        make_executions,
        lambda at, tenant: at.executions.outline(f"{tenant}:{NAME}:one", nothing),
        None,
    ),
    "task": (
        TASKS,
        {"createdAt": {"S": "yesterday"}},
        make_tasks,
        lambda at, tenant: at.tasks.get(tenant, "one"),
        found_tasks,
    ),
    "definition": (
        DEFINITIONS,
        {"document": {"S": "no JSON"}},
        make_definitions,
        lambda at, tenant: at.definitions.newest(tenant, "one"),
        lambda at, tenant: [each.id for each in at.definitions.list(tenant, 1)],
    ),
    "schedule": (
        SCHEDULES,
        {"document": {"S": "no JSON"}},
        make_schedules,
        lambda at, tenant: at.schedules.get(tenant, "one"),
        lambda at, tenant: [each.name for each in at.schedules.list(tenant, 10)],
    ),
    "incident": (
        INCIDENTS,
        {"at": {"S": "yesterday"}},
        make_incidents,
        lambda at, tenant: at.incidents.get(copy_with(incident(tenant), subject="one").key),
        lambda at, tenant: [each.subject for each in at.incidents.list(tenant, IncidentFilter(), 10)],
    ),
    "open incident": (
        INCIDENTS,
        {"at": {"S": "yesterday"}},
        make_incidents,
        None,
        lambda at, tenant: [each.key.subject for each in at.incidents.all_open(9) if each.key.tenant_id == tenant],
    ),
    "waiter": (SIGNALS, {"waiter": {"S": "{}"}}, make_waiters, None, waiting),
    "event": (
        SIGNALS,
        {"header": {"S": "{}"}},
        lambda at, tenant: at.events.put(Channel(tenant, CHANNEL, "7"), EVENT, NOW),
        lambda at, tenant: at.events.get(Channel(tenant, CHANNEL, "7"), "one"),
        None,
    ),
    "role": (
        ACCESS,
        {"document": {"S": "no JSON"}},
        make_roles,
        lambda at, tenant: at.access.get(tenant, EntryKind.ROLE, "one"),
        lambda at, tenant: [each.name for each in at.access.list(tenant, [EntryKind.ROLE], 1)],
    ),
    "text of a definition": (
        DEFINITION_VERSIONS,
        {"text": {"B": b"no text"}},
        lambda at, tenant: at.definitions.put_text(definition(tenant, "one"), "id: one"),
        lambda at, tenant: at.definitions.text(tenant, "one", 1),
        None,
    ),
    "answer under a key": (
        REPLIES,
        {"content": {"B": b"no text"}},
        kept,
        claimed,
        None,
    ),
    "answer under a key, of several parts": (REPLIES, {"parts": {"S": "two"}}, kept, claimed, None),
    "holder of a key": (REPLIES, {"since": {"S": "yesterday"}}, claimed, claimed, None),
    "slot of a start": (
        USAGE,
        {"takenAt": {"S": "yesterday"}},
        take_slots,
        None,
        lambda at, tenant: [each.holder for each in at.usage.slots(tenant, 5)],
    ),
    "upload": (
        UPLOADS,
        {"expiresAt": {"S": "tomorrow"}},
        lambda at, tenant: at.uploads.open(f"{tenant}/one", NOW),
        lambda at, tenant: at.uploads.expires(f"{tenant}/one"),
        None,
    ),
    "part of an upload": (
        UPLOADS,
        {"content": {"B": b"no text"}},
        lambda at, tenant: at.uploads.put(f"{tenant}/one", 1, b"text", NOW),
        lambda at, tenant: at.uploads.read(f"{tenant}/one"),
        None,
    ),
    "row of history": (
        HISTORY,
        {"document": {"B": b"no text"}},
        row,
        lambda at, tenant: at.history.read(f"{tenant}:{NAME}:one", "0", 10),
        None,
    ),
}


@pytest.mark.parametrize("what", CASES)
def test_it_is_named_alone_and_left_out_among_others(aws: Aws, tenant: str, what: str) -> None:
    table, damage, make, get, find = CASES[what]
    make(aws.backend, tenant)
    name = aws.names.table(table)
    found = [each for each in aws.dynamodb.scan(TableName=name)["Items"] if damage.keys() & each.keys()]
    (item,) = [each for each in found if tenant in str(each) and re.search(r"\bone\b", str(each))]
    aws.dynamodb.put_item(TableName=name, Item=item | damage)
    if get is not None:
        with pytest.raises(DamagedError, match=r"one.* cannot be read: what the table has of it is damaged"):
            get(aws.backend, tenant)
    if find is not None:
        assert find(aws.backend, tenant) == ["other"]
