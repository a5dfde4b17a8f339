"""A stage in the middle of its work, as its tables and queues hold it: recorded for each format, and read for ever."""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import text_of
from chalicelib.adapters.dynamodb.executions import DOCUMENT
from chalicelib.adapters.dynamodb.tables import TABLES, TableSchema
from chalicelib.adapters.memory.stores import MemoryClock, QueueMessage
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.quotas import StartSlot
from chalicelib.core.records.audit import following
from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import ScheduleContent, new_schedule
from chalicelib.core.values.json import decode, format_instant, parse_instant
from chalicelib.core.values.value import copy_with
from tests.operations.test_restore import begin
from tests.operations.world import BRIEF, ECHO, JOINED, START, TENANT, World, with_rows

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

FOLDER = Path(__file__).parent
DAY = timedelta(days=1)
LATER = START + 36_500 * DAY
"""When what is kept for a time expires: tables delete what has, by the clock of the machine."""
SECOND = int(LATER.timestamp())
DEPTH = 2
"""Of the members of a document that belong to its format: what is further inside may be anybody's."""

ENTRY = AccessEntry(TENANT, EntryKind.ROLE, "clerk", {"rules": [{"kinds": ["task"], "verbs": ["read"]}]}, START, "ada")
AUDITED = following(None, TENANT, START, {"verb": "create", "by": "ada"}, is_refusal=False)
SLOT = StartSlot(TENANT, 3, "t:timer:1", START)
ANSWER = KeptAnswer(201, {"Location": "/there"}, '{"id": 1}')
PART = b'{"a part": "of an upload"}'
INCIDENT = Incident(IncidentKind.MESSAGE_LOST, "t:timer:1 at 2", LATER, "it was late", TENANT, "t:timer:1")
CONTENT = ScheduleContent("timer", Plan("0 * * * *"), 1, ["a"])
HOUR = timedelta(hours=1)
SCHEDULE = copy_with(
    new_schedule(TENANT, "hourly", CONTENT, START, "ada").taken_up(START + HOUR).started().failed(LATER, "no"), number=1
)
TEXT = "id: large  # as it was posted\n"


def files() -> list[Path]:
    """List what was recorded, one file for each combination of formats."""
    return sorted(FOLDER.glob("stage-*.json"))


def record(endpoint: str) -> dict[str, Any]:
    """Bring a stage to where items of all kinds stand in its tables; answer these, and its messages."""
    world = World(endpoint, MemoryClock(START))
    world.define("large", JOINED, BRIEF, ECHO, BRIEF, ECHO)
    ended = with_rows(world)
    keep_the_rest(world)
    started = begin(world)
    started["huge"] = world.start("timer", [f"line {number}" for number in range(2_000)])
    world.deliver()
    return {
        "at": format_instant(world.clock.now()),
        "ended": ended,
        "started": started,
        "items": {schema.name: sorted(map(plain, world.items(schema)), key=json.dumps) for schema in TABLES},
        "messages": {message.id: message.body for message in world.queue.messages.values()},
    }


def keep_the_rest(world: World) -> None:
    """Put what belongs to no execution."""
    made = world.made
    record_of_large = made.definitions.newest(TENANT, "large")
    assert record_of_large is not None
    made.definitions.put_text(record_of_large, TEXT)
    made.access.put(ENTRY)
    made.audit.put(AUDITED)
    made.usage.take(SLOT, None)
    made.usage.count_start(TENANT, SECOND, 10)
    made.schedules().put(SCHEDULE)
    made.replies.claim("request-1", KeyHolder("asked", "seed"), START, LATER, START - DAY)
    made.replies.keep("request-1", ANSWER, LATER)
    made.uploads.open("upload-1", LATER)
    made.uploads.put("upload-1", 1, PART, LATER)
    made.incidents.record(INCIDENT)


def restored(endpoint: str, recorded: Mapping[str, Any]) -> World:
    """Put what was recorded into the tables and queues of a new stage."""
    world = World(endpoint, MemoryClock(parse_instant(recorded["at"])))
    for schema in TABLES:
        for item in recorded["items"][schema.name]:
            world.put(schema, stored(item))
    now = world.clock.now()
    world.queue.ids = (f"later-{number}" for number in count())
    for name, body in recorded["messages"].items():
        world.queue.messages[name] = QueueMessage(name, body, timer=False, visible_at=now, sent_at=now)
    return world


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Write an item as JSON: bytes in base64."""
    return json.loads(json.dumps(item, default=lambda content: b64encode(bytes(content)).decode()))


def stored(item: "Json") -> Any:
    """Read what :func:`plain` wrote."""
    if isinstance(item, dict):
        return {name: b64decode(str(value)) if name == "B" else stored(value) for name, value in item.items()}
    return [stored(each) for each in item] if isinstance(item, list) else item


def shape(recorded: Mapping[str, Any]) -> dict[str, list[str]]:
    """Say which attributes items have, by table, and which members documents and messages have."""
    shapes = {schema.name: sorted(attributes(schema, recorded)) for schema in TABLES}
    messages = map(json.loads, recorded["messages"].values())
    return shapes | {"messages": sorted({name for message in messages for name in members(message)})}


def attributes(schema: TableSchema, recorded: Mapping[str, Any]) -> set[str]:
    """Name the attributes of the items of a table, and the members of those that are JSON."""
    found: set[str] = set()
    for item in map(stored, recorded["items"][schema.name]):
        for name, value in item.items():
            found |= {name, *(f"{name}{inner}" for inner in inside(name, value))}
    return found


def inside(name: str, value: Mapping[str, Any]) -> Iterator[str]:
    """Name the members of an attribute that is the JSON text of a document of sedo's own."""
    if name in {DOCUMENT, "document", "waiter", "header", "said"}:
        for line in text_of(value).splitlines()[:1]:
            yield from members(decode(line))


def members(value: "Json", depth: int = DEPTH) -> Iterator[str]:
    """Name the members of a document."""
    if isinstance(value, dict) and depth:
        for name, member in value.items():
            yield f".{name}"
            yield from (f".{name}{inner}" for inner in members(member, depth - 1))
    elif isinstance(value, list):
        for each in value:
            yield from members(each, depth)
