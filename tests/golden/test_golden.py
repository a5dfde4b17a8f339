"""What earlier releases stored is read for ever, and what later ones store is left alone."""

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters.dynamodb.tables import (
    ACCESS,
    AUDIT,
    DEFINITION_VERSIONS,
    DEFINITIONS,
    EXECUTIONS,
    FORMAT,
    HISTORY,
    PAYLOADS,
    REPLIES,
    SCHEDULES,
    SIGNALS,
    TABLES,
    TASKS,
    UPLOADS,
    USAGE,
    TableSchema,
)
from chalicelib.core.access.entries import EntryKind
from chalicelib.core.executions.model import State
from chalicelib.core.records.history import chained
from chalicelib.core.records.replies import KeyHolder
from chalicelib.core.values.errors import UnknownFormatError
from chalicelib.core.waits.correlation import Channel
from tests.golden import stage as golden
from tests.operations.test_restore import finish
from tests.operations.world import START, TENANT, World

if TYPE_CHECKING:
    from pathlib import Path

FIRST = "0"
"""Before all keys of rows."""
FILES = golden.files()
READS: dict[str, Callable[[World, dict[str, Any]], object]] = {
    DEFINITIONS.name: lambda world, _: world.made.definitions.newest(TENANT, "timer"),
    DEFINITION_VERSIONS.name: lambda world, _: world.made.definitions.text(TENANT, "large", 1),
    EXECUTIONS.name: lambda world, recorded: world.made.executions.get(recorded["ended"]),
    HISTORY.name: lambda world, recorded: world.made.history.read(recorded["ended"], FIRST, 10),
    PAYLOADS.name: lambda world, recorded: world.made.executions.get(recorded["started"]["huge"]),
    SIGNALS.name: lambda world, _: world.made.signals.waiting(Channel(TENANT, "paid", "order-1"), 10),
    TASKS.name: lambda world, recorded: world.made.tasks.get(TENANT, task_of(recorded)),
    REPLIES.name: lambda world, _: world.made.replies.claim(
        "request-1", KeyHolder("asked", "seed"), START, START + golden.DAY, START - golden.DAY
    ),
    UPLOADS.name: lambda world, _: world.made.uploads.expires("upload-1"),
    ACCESS.name: lambda world, _: world.made.access.get(TENANT, EntryKind.ROLE, "clerk"),
    USAGE.name: lambda world, _: world.made.usage.slots(TENANT, 10),
    SCHEDULES.name: lambda world, _: world.made.schedules().get(TENANT, "hourly"),
    AUDIT.name: lambda world, _: world.made.audit.read(TENANT, 10),
}
"""How a store reads an item of each table."""


def task_of(recorded: dict[str, Any]) -> str:
    return next(str(item["id"]["S"]) for item in recorded["items"][TASKS.name] if "document" in item)


@pytest.fixture(scope="module", autouse=True)
def credentials() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture(scope="module", params=FILES, ids=lambda file: file.stem)
def recorded(request: pytest.FixtureRequest) -> dict[str, Any]:
    file: Path = request.param
    found: dict[str, Any] = json.loads(file.read_text())
    return found


@pytest.fixture(scope="module")
def world(ministack: str, recorded: dict[str, Any]) -> World:
    """What was recorded, for tests that leave it as it is."""
    return golden.restored(ministack, recorded)


def test_what_was_under_way_goes_on_to_its_end(ministack: str, recorded: dict[str, Any]) -> None:
    world = golden.restored(ministack, recorded)
    finish(world, recorded["started"])
    states = {name: world.read(execution).state for name, execution in recorded["started"].items()}
    assert states == dict.fromkeys(recorded["started"], State.SUCCEEDED)
    assert world.doctor() == []


def test_what_has_ended_is_read_with_its_history(world: World, recorded: dict[str, Any]) -> None:
    execution = world.read(recorded["ended"])
    assert execution.output == " ".join(execution.input)
    assert execution.head is not None
    rows = chained(world.made.history.read(execution.id, FIRST, 100), execution.head)
    assert [*rows]


def test_what_belongs_to_no_execution_is_read(world: World) -> None:
    made = world.made
    assert made.access.get(TENANT, EntryKind.ROLE, "clerk") == golden.ENTRY
    assert made.audit.read(TENANT, 10) == [golden.AUDITED]
    assert made.usage.slots(TENANT, 10) == [golden.SLOT]
    assert made.schedules().get(TENANT, "hourly") == golden.SCHEDULE
    assert made.usage.count_start(TENANT, golden.SECOND, 1) is False
    holder = made.replies.claim("request-1", KeyHolder("asked", "x"), START, START + golden.DAY, START - golden.DAY)
    assert holder.reply == golden.ANSWER
    assert made.uploads.expires("upload-1") == golden.LATER
    assert made.uploads.read("upload-1") == {1: golden.PART}
    assert made.definitions.text(TENANT, "large", 1) == golden.TEXT


def test_a_format_that_has_changed_has_another_version(ministack: str) -> None:
    today, last = golden.record(ministack), json.loads(FILES[-1].read_text())
    assert golden.shape(today) == golden.shape(last), (
        "raise the version of what has changed, and record it: make golden"
    )
    versions = {schema.name: {int(item[FORMAT]["N"]) for item in last["items"][schema.name]} for schema in TABLES}
    assert versions == {schema.name: {schema.format} for schema in TABLES}


@pytest.mark.parametrize("schema", [each for each in TABLES if each.name in READS], ids=lambda schema: schema.name)
def test_what_a_later_release_wrote_is_left_to_it(world: World, recorded: dict[str, Any], schema: TableSchema) -> None:
    before = world.items(schema)
    later = [{**item, FORMAT: {"N": str(schema.reads + 1)}} for item in before]
    put_all(world, schema, later)
    with pytest.raises(UnknownFormatError, match=f"is of format {schema.reads + 1}, which only a later release"):
        READS[schema.name](world, recorded)
    assert world.items(schema) == later
    put_all(world, schema, before)


def put_all(world: World, schema: TableSchema, items: list[dict[str, Any]]) -> None:
    for item in items:
        world.put(schema, item)
