"""What it costs to find executions of a tenant, by how many it has."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.documents import order
from benchmarks.growth import INPUT, PUTS
from benchmarks.harness import TENANT, Harness
from benchmarks.metering import Meter
from benchmarks.tables import Cell, Progress, Section
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.execution_lists import END, END_AT_ONCE, ENDING, SUMMARY
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.list_sources import INDEXES, SHARDS, ListLayout, shard_of
from chalicelib.adapters.dynamodb.tables import BY_OWNER, BY_OWNER_STATUS, EXECUTIONS
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.listing import ExecutionFilter, states_named
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import WriteRequestTypeDef

TENANTS = (2_000, 20_000)
"""How many executions a tenant has."""

FAILED, LIVING, NEW = 12, 30, 40
"""Of these: that have failed, that have lived for days, and that began in the last minutes, half of them living."""

DEFINITIONS, PEOPLE, CHILDREN = 50, 1_000, 100
"""How many definitions they are of, how many people started them, and how many executions one of them started."""

PAGE = 50
"""Executions of a page; tasks, too."""

INDEXED = ("those of a definition", "those that somebody started", "those of a definition that is not there")
"""Lists that an installation may choose an index for."""

DAYS = timedelta(days=30)
"""In which they began."""


def lists(harness: Harness, progress: Progress) -> Section:
    """Measure a page of each list."""
    found: dict[str, list[tuple[int, float, float]]] = {}
    client, table = harness.unmetered(), harness.names.table(EXECUTIONS)  # one that is patient: so many take long
    meter = Meter(client, boto3.client("sqs"), [table])
    stores = [DynamoExecutions(client, harness.names, Payloads(DynamoChunks(client, harness.names)))]
    stores.append(indexed(client, harness))
    for done, count in enumerate(TENANTS):
        progress.at(done, len(TENANTS), f"{count:,} executions")
        tenant, now = f"{TENANT}-{count}", harness.clock.now()
        for item in fill(harness, tenant, count, now):
            meter.notice(table, item)
        for store, suffix in zip(stores, ("", ", with an index of its own"), strict=True):
            for name, wanted in wanted_lists(tenant, now).items():
                if suffix and name not in INDEXED:
                    continue
                with meter.counting() as usage:
                    shown = len(store.list(wanted, now, PAGE).found)
                found.setdefault(f"{name}{suffix}", []).append((shown, usage.requests, usage.read_units))
    rows: list[Sequence[Cell]] = [
        (name, *(cell for shown, requests, units in each for cell in (shown, requests, units)))
        for name, each in found.items()
    ]
    columns = ["first page of", *(f"{what} of {n:,}" for n in TENANTS for what in ("shown", "requests", "read units"))]
    note = (
        f"Of a tenant's executions {FAILED} have failed, {LIVING} have lived for days, and {NEW} began in the last "
        f"minutes, half of which still live; all others ended with their first write, but for the {CHILDREN} that one "
        f"of them started. They are of {DEFINITIONS} definitions, and of {PEOPLE:,} people. An item "
        f"has {INPUT} bytes of input. What a filter leaves out counts as long as the mean of the index. "
        f"Indexes of their own are those of SEDO_LIST_INDEXES."
    )
    results: dict[str, Json] = {
        name: {
            str(count): {"shown": shown, "requests": requests, "read_units": units}
            for count, (shown, requests, units) in zip(TENANTS, each, strict=True)
        }
        for name, each in found.items()
    }
    return Section("Lists of executions", columns, rows, note, {"lists": results})


def wanted_lists(tenant: str, now: datetime) -> Mapping[str, ExecutionFilter]:
    """Name what is looked for."""
    every = ExecutionFilter(tenant)
    return {
        "all": every,
        "all that began before today": copy_with(every, until=now - timedelta(days=1)),
        "those that failed": copy_with(every, states=states_named("failed")),
        "those that run": copy_with(every, states=states_named("running")),
        "those that succeeded": copy_with(every, states=states_named("succeeded")),
        "those of a definition": copy_with(every, definition="order-7"),
        "those of a definition that failed": copy_with(every, definition="order-7", states=states_named("failed")),
        "those that somebody started": copy_with(every, started_by="user-7"),
        "those of a day": copy_with(every, since=now - timedelta(days=3), until=now - timedelta(days=2)),
        "those that one of them started": copy_with(every, owner=f"{tenant}:order-1:parent"),
        "those of a definition that is not there": copy_with(every, definition="none"),
    }


def indexed(client: "DynamoDBClient", harness: Harness) -> DynamoExecutions:
    """Make a store that has an index for each filter that may have one."""
    layout = ListLayout(chosen=[(name, None) for name in INDEXES])
    return DynamoExecutions(client, harness.names, Payloads(DynamoChunks(client, harness.names)), layout)


def fill(harness: Harness, tenant: str, count: int, now: datetime) -> "Sequence[Mapping[str, Any]]":
    """Write executions, and answer them: one that really succeeded, and copies of its item with other headers."""
    first = harness.start(harness.define({"id": "one", "steps": [{"id": "only", "type": "succeed"}]}), order(INPUT, -1))
    harness.drain()
    client, table = harness.unmetered(), harness.names.table(EXECUTIONS)
    item = client.get_item(TableName=table, Key=EXECUTIONS.key(first))["Item"]
    rest = {name: each for name, each in item.items() if name not in {*ENDING.values(), END, END_AT_ONCE}}
    items: list[dict[str, Any]] = [{**rest, **header} for header in headers(tenant, count, now)]
    puts: list[WriteRequestTypeDef] = [{"PutRequest": {"Item": each}} for each in items]
    for start in range(0, len(puts), PUTS):
        client.batch_write_item(RequestItems={table: puts[start : start + PUTS]})
    return items


def headers(tenant: str, count: int, now: datetime) -> Iterator[dict[str, Any]]:
    """Make what tells executions apart."""
    for number in range(count):
        is_new = number < NEW
        age = number * timedelta(seconds=10) if is_new else timedelta(minutes=20) + DAYS * (number / count)
        state = "ExecutionSucceeded"
        if number % (count // FAILED) == count // FAILED // 2:
            state = "ExecutionFailed"
        elif number % (count // LIVING) == count // LIVING // 3 or (is_new and number % 2):
            state = "StepStarted"
        name, status = _name(tenant, number), {"ExecutionFailed": "failed", "StepStarted": "running"}.get(state)
        owner = f"{tenant}#{shard_of(name, SHARDS)}"
        kept = (
            {}
            if status is None or (is_new and status == "running")
            else {BY_OWNER_STATUS.partition: f"{owner}#{status}"}
        )
        definition = f"order-{number % DEFINITIONS}"
        own = {"ownerDefinition": f"{owner}#{definition}", "ownerStarter": f"{owner}#{_starter(number)}"}
        yield _header(name, number, now - age, owner, **own, **_end(state, now), **kept)
    for number in range(CHILDREN):
        name, ended = _name(tenant, count + number), _standing("ExecutionSucceeded")
        yield _header(name, count + number, now - DAYS / 2, f"{tenant}:order-1:parent", **ended)


def _name(tenant: str, number: int) -> str:
    return f"{tenant}:order-{number % DEFINITIONS}:{number:08x}"


def _starter(number: int) -> str:
    return f"user-{number % PEOPLE}"


def _end(state: str, now: datetime) -> dict[str, str]:
    """Say how one ended, as the store does: what succeeded did with its first write."""
    ending = f"{state} {format_instant(now)} only"
    return {
        "ExecutionSucceeded": {END_AT_ONCE: ending},
        "ExecutionFailed": {END: ending},
        "StepStarted": _standing(state),
    }[state]


def _standing(state: str) -> dict[str, str]:
    return {ENDING["state"]: state, ENDING["step"]: "only"}


def _header(name: str, number: int, started_at: datetime, owner: str, **more: str) -> dict[str, Any]:
    members = {
        EXECUTIONS.partition: name,
        BY_OWNER.partition: owner,
        BY_OWNER.sort: format_instant(started_at),
        SUMMARY["startedBy"]: _starter(number),
        **more,
    }
    return {name: {"S": text} for name, text in members.items()}
