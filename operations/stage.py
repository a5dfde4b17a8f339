"""The tables of a stage, as a check reads them: whole, by segments, and item by item."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.history import bases_of, read_row
from chalicelib.adapters.dynamodb.signals import WAITER, WAITERS, waiter_key
from chalicelib.adapters.dynamodb.tables import EXECUTIONS, HISTORY, SIGNALS, TASKS, TableSchema
from chalicelib.adapters.dynamodb.tasks import DynamoTasks
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.history import Row
from chalicelib.core.records.payload import Reference
from chalicelib.core.values.errors import PayloadLostError, UnavailableError, UnknownFormatError
from chalicelib.core.values.json import decode
from chalicelib.core.values.value import value
from chalicelib.core.waits.correlation import Channel, Waiter, read_waiter
from chalicelib.core.waits.task import TaskStatus
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.aws import adapters, execution_table
from chalicelib.wiring.graph import Wiring
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import ScanInputTypeDef

    from chalicelib.engine.model import Dependencies

T = TypeVar("T")

PAGE = 100
"""Items that one call looks at."""


class Key(NamedTuple):
    """What is checked: the item of a table under a key."""

    table: str
    partition: str
    sort: str = ""


class Page(NamedTuple):
    """What one call found of a segment."""

    items: Sequence[Item]
    looked_at: int
    following: "Item | None"
    """Behind which the next one goes on; None: the segment is done."""


class Scanned(NamedTuple):
    """A table that is read whole, and which of its items are wanted."""

    schema: TableSchema
    condition: str = ""
    """Upon the attribute ``#name`` and the text ``:text``; empty: all of them are."""
    name: str = ""
    text: str = ""


@value
class Broken:
    """Something that is there, and cannot be read."""

    key: str
    why: str


SCANNED: Mapping[str, Scanned] = {
    EXECUTIONS.name: Scanned(EXECUTIONS),
    TASKS.name: Scanned(TASKS, "#name = :text", "status", TaskStatus.OPEN),
    SIGNALS.name: Scanned(SIGNALS, "begins_with(#name, :text)", SIGNALS.sort, WAITERS),
}
"""Those tables."""


class Stage:
    """A stage: its tables, and the engine upon them."""

    def __init__(self, settings: Settings, made: Adapters, client: "DynamoDBClient") -> None:
        self.names, self.clock, self.client = settings.names, made.clock, client
        payloads = Payloads(DynamoChunks(client, self.names))
        self.executions = execution_table(client, settings, payloads)
        self.tasks = DynamoTasks(client, self.names, payloads)
        self._payloads = payloads
        self._made, self._settings = made, settings

    @classmethod
    def of(cls, settings: Settings, endpoint: str | None = None) -> "Stage":
        """Reach a stage where the environment says, or at another endpoint."""
        return cls(settings, adapters(settings, endpoint), clients.dynamodb(endpoint))

    def dependencies(self) -> "Dependencies":
        """Wire what the engine works with."""
        return Wiring(adapters=self._made, settings=self._settings).dependencies

    def count(self, name: str) -> int:
        """Tell about how many items a table has: DynamoDB counts every six hours."""
        with unavailable():
            table = self.client.describe_table(TableName=self.names.table(SCANNED[name].schema))["Table"]
        return int(table.get("ItemCount", 0))

    def scan(self, name: str, segment: int, segments: int, after: "Item | None") -> Page:
        """Read a page of a segment of a table; what is newest may be missing."""
        schema, condition, attribute, text = SCANNED[name]
        request: ScanInputTypeDef = {
            "TableName": self.names.table(schema),
            "Segment": segment,
            "TotalSegments": segments,
            "Limit": PAGE,
        }
        if condition:
            request["FilterExpression"] = condition
            request["ExpressionAttributeNames"] = {"#name": attribute}
            request["ExpressionAttributeValues"] = {":text": {"S": text}}
        if after is not None:
            request["ExclusiveStartKey"] = after
        with unavailable():
            found = self.client.scan(**request)
        return Page(found["Items"], found["ScannedCount"], found.get("LastEvaluatedKey"))

    def item(self, key: Key) -> "Item | None":
        """Read an item, strongly consistent."""
        schema = SCANNED[key.table].schema
        with unavailable():
            answer = self.client.get_item(
                TableName=self.names.table(schema), Key=schema.key(key.partition, key.sort), ConsistentRead=True
            )
        return answer.get("Item")

    def execution(self, execution_id: str) -> Execution | Broken | None:
        """Read an execution."""
        item = self.item(Key(EXECUTIONS.name, execution_id))
        return None if item is None else self.parsed(item)

    def parsed(self, item: Item) -> Execution | Broken:
        """Read the item of an execution."""
        return readable(item[EXECUTIONS.partition]["S"], lambda: self.executions.parse(item))

    def rows(self, execution_id: str, *, consistent: bool) -> Iterator[Row | Broken]:
        """Read all rows of history of an execution, by key."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.names.table(HISTORY),
            KeyConditionExpression=f"{HISTORY.partition} = :id",
            ExpressionAttributeValues={":id": {"S": execution_id}},
            ConsistentRead=consistent,
        )
        with unavailable():
            for page in pages:
                for item in page["Items"]:
                    yield readable(item[HISTORY.sort]["S"], lambda item=item: self._row(item))  # type: ignore[misc]

    def _row(self, item: Item) -> Row:
        """Read a row, and see that its records can be read."""
        tenant = ExecutionId.tenant_of(item[HISTORY.partition]["S"])
        row = read_row(item, self._payloads.get(tenant, bases_of(item)))
        assert row.records is not None  # noqa: S101 - they are read
        return row

    def is_waiting(self, channel: Channel, waiter: Waiter) -> bool:
        """Tell whether the table of events has a waiter."""
        return self.item(key_of(SIGNALS.name, waiter_key(channel, waiter))) is not None

    def has_value(self, tenant_id: str, reference: Reference) -> bool:
        """Tell whether a large value is there."""
        try:
            self._payloads.get(tenant_id, [reference])
        except PayloadLostError:
            return False
        return True

    def remove(self, key: Key) -> None:
        """Delete an item."""
        schema = SCANNED[key.table].schema
        with unavailable():
            self.client.delete_item(TableName=self.names.table(schema), Key=schema.key(key.partition, key.sort))


def key_of(name: str, item: Item) -> Key:
    """Answer the key of an item."""
    schema = SCANNED[name].schema
    return Key(name, item[schema.partition]["S"], item[schema.sort]["S"] if schema.sort else "")


def waiter_in(item: Item) -> Waiter:
    """Read the item of a waiter."""
    return read_waiter(decode(item[WAITER]["S"].encode()))


def readable(key: str, read: Callable[[], T]) -> T | Broken:
    """Read something, or say why that cannot be done: whatever is stored may have been changed, or be of later."""
    try:
        return read()
    except Exception as error:
        if isinstance(error, UnavailableError) and not isinstance(error, UnknownFormatError):
            raise
        return Broken(key, f"{type(error).__name__}: {error}".rstrip(": "))
