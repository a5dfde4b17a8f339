"""A stage whose tables are ministack's, and whose queues and clock are the test's."""

import io
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.attributes import pack, text_of
from chalicelib.adapters.dynamodb.executions import DOCUMENT
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, HISTORY, TABLES, TableSchema
from chalicelib.adapters.memory.stores import MemoryClock, MemoryQueue
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.codec import read_message
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.children import gatherer
from chalicelib.engine.due_sweep import DueSweep
from chalicelib.engine.model import Budget, Delivery, Mode
from chalicelib.engine.worker import work_on_messages
from chalicelib.wiring.aws import adapters
from chalicelib.wiring.graph import Wiring
from chalicelib.wiring.settings import Settings
from deploy import resources
from operations.doctor import examine, parser, repairs_of
from operations.stage import Stage
from tests.adapters.examples import fresh, random_text
from tests.home import Calls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from chalicelib.wiring.adapters import Adapters

START = datetime(2026, 1, 1, tzinfo=UTC)
TENANT = "t"
WAIT = {"type": "wait", "seconds": 300}
ECHO = {"type": "echo", "message": "${output}"}
JOINED = {"type": "echo", "message": "${join(' ', input)}"}
"""What comes of it is no part of what was given."""
TASK = {"type": "task", "title": "Approve"}
EVENT = {"type": "event", "name": "paid", "key": "${input}"}
CALL = {"type": "http", "url": "http://127.0.0.1/"}
BRIEF = {"type": "wait", "seconds": 1}
HOUR = 3600


class World:
    """It; a function that makes a call that is to be lost dies."""

    def __init__(self, endpoint: str, clock: MemoryClock) -> None:
        self.client: DynamoDBClient = clients.dynamodb(endpoint)
        self.settings = Settings(prefix=fresh("doctor"), is_alone=True)
        resources.ensure(self.client, clients.sqs(endpoint), self.settings.prefix)
        self.clock, self.queue = clock, MemoryQueue(clock)
        self.made: Adapters = copy_with(adapters(self.settings, endpoint), clock=clock, queue=self.queue)
        self.dies = False
        self.performers: Mapping[str, Callable[[Json, str], Json]] = {
            "http": self.http,
            "gather": lambda params, _: gatherer(self.made.executions)(params),
        }
        home: Any = self
        self.wiring = Wiring(adapters=self.made, settings=self.settings, calls=lambda: Calls(home))
        self.services, self.dependencies = self.wiring.services, self.wiring.dependencies
        self.stage = Stage(self.settings, self.made, self.client)
        self.requests = iter(f"request-{self.settings.prefix}-{number}" for number in range(100_000))

    def http(self, params: Json, key: str) -> Json:
        if self.dies:
            raise RuntimeError
        return {"status": 200, "headers": {}, "body": None}

    def define(self, name: str, *steps: dict[str, Any]) -> None:
        numbered = [{"id": f"step-{number}", **step} for number, step in enumerate(steps)]
        self.services.definitions.create_definition(TENANT, {"id": name, "steps": numbered})

    def start(self, definition: str, value: Json = None) -> str:
        execution, _ = self.services.executions.execute(TENANT, definition, value)
        return execution.id

    def deliver(self) -> None:
        """Deliver until nothing is visible that can be done."""
        while visible := self.queue.visible():
            groups: dict[str, list[Delivery]] = {}
            for message in map(self.queue.receive, visible):
                read = read_message(json.loads(message.body))
                groups.setdefault(read.execution, []).append(
                    Delivery(message.id, read, message.receives, message.sent_at)
                )
            budget = Budget(self.clock.now() + timedelta(minutes=1))
            for group in groups.values():
                with suppress(RuntimeError):
                    done = work_on_messages(self.dependencies, next(self.requests), group, budget, Mode.MESSAGES).done
                    self.queue.delete("any", sorted(done))

    def later(self, minutes: float) -> None:
        """Let time pass; the schedule looks once at its end."""
        self.clock.sleep(60 * minutes)
        DueSweep(self.dependencies, next(self.requests), self.clock.now() + timedelta(minutes=1)).run()
        self.deliver()

    def read(self, execution_id: str) -> Execution:
        found = self.made.executions.get(execution_id)
        assert found is not None
        return found

    def items(self, schema: TableSchema) -> list[dict[str, Any]]:
        pages = self.client.get_paginator("scan").paginate(TableName=self.settings.names.table(schema))
        return [item for page in pages for item in page["Items"]]

    def put(self, schema: TableSchema, item: dict[str, Any]) -> None:
        self.client.put_item(TableName=self.settings.names.table(schema), Item=item)

    def delete(self, schema: TableSchema, item: dict[str, Any]) -> None:
        key = {name: item[name] for name in (schema.partition, schema.sort) if name}
        self.client.delete_item(TableName=self.settings.names.table(schema), Key=key)

    def take_over(self, other: "World", tables: Iterable[TableSchema] = TABLES) -> None:
        """Restore tables of another stage as they are now; nothing of its queues."""
        for schema in tables:
            for item in other.items(schema):
                self.put(schema, item)

    def doctor(self, *arguments: str) -> list[tuple[str, str, str, bool]]:
        """Check it; answer what was found: what it is, of which execution, why, and whether it was mended."""
        asked = parser().parse_args(["--units", "1000000", "--settle", "0", *arguments])
        self.said: list[str] = []
        found = examine(self.stage, asked, repairs_of(asked.repair), self.said.append)
        return [(str(each.kind), each.execution, each.detail, mended) for each, mended in found]


def printed(run: Callable[[], int]) -> tuple[int, str, str]:
    """Run a command; answer how it ended and what it wrote."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = run()
    return status, out.getvalue(), err.getvalue()


def item_of(world: World, execution_id: str) -> dict[str, Any]:
    (found,) = (item for item in world.items(EXECUTIONS) if item["id"]["S"] == execution_id)
    return found


def rows_of(world: World, execution_id: str) -> list[dict[str, Any]]:
    rows = (item for item in world.items(HISTORY) if item["id"]["S"] == execution_id)
    return sorted(rows, key=lambda row: str(row["key"]["S"]))


def drop_messages(world: World) -> None:
    world.queue.messages.clear()


def rewritten(world: World, execution_id: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the state of an execution where it is stored."""
    item = item_of(world, execution_id)
    text, _, tail = text_of(item[DOCUMENT]).partition(b"\n")
    document = json.loads(text)
    change(document)
    world.put(EXECUTIONS, {**item, DOCUMENT: pack(json.dumps(document).encode() + b"\n" + tail)})


def with_rows(stage: World) -> str:
    """Run an execution whose history has rows; answer its id."""
    # a text of its own: no process puts twice what it knows to be there, and each test empties the tables
    text = f"{fresh('text')} {random_text(4000)}"
    made = stage.start("large", [text[at : at + 100] for at in range(0, len(text), 100)])
    stage.deliver()
    for _ in range(2):
        stage.clock.sleep(1)
        stage.deliver()
    assert stage.read(made).state is State.SUCCEEDED
    assert len(rows_of(stage, made)) > 1
    return made


def found(stage: World, *arguments: str) -> dict[str, list[tuple[str, str]]]:
    """Check; answer what was found, and why, by execution."""
    by_execution: dict[str, list[tuple[str, str]]] = {}
    for kind, execution, detail, _ in stage.doctor(*arguments):
        by_execution.setdefault(execution, []).append((kind, detail))
    return by_execution
