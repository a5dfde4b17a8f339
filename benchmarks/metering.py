"""Counts what real calls of DynamoDB and SQS are billed as, at the wire, through botocore's events.

A :class:`Meter` hangs on the product's own clients. ``before-send`` counts what goes out, retries included;
``before-parameter-build`` and ``after-call`` tell what was asked and answered. The sizes of items are kept as they are
written, so a write over an item is billed by the larger of the two, and a write whose condition failed by what is
there (Amazon DynamoDB Developer Guide, "DynamoDB read and write operations"). An operation that the meter has no rule
for is no free one: it fails the measurement.

What the queue's poller does is told to the meter, because on AWS it is the Lambda service that receives and deletes:
one ReceiveMessage and one DeleteMessageBatch for each batch that a function is called with. Receives that find nothing
are left out: they are billed by the hour that a queue is there, not by the step.
"""

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import mean
from threading import Lock, get_ident
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from benchmarks.units import (
    MeteredItem,
    item_size,
    moves,
    put_units,
    queue_requests,
    read_units,
    write_units,
)

if TYPE_CHECKING:
    from botocore.hooks import BaseEventHooks
    from botocore.model import OperationModel
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import GlobalSecondaryIndexDescriptionTypeDef as IndexDescription
    from mypy_boto3_sqs.client import SQSClient

ItemKey: TypeAlias = tuple[str, ...]
"""A table and the values of an item's keys."""

ASKED = "bench_asked"
"""Where a call's parameters stand in its context, from when they are built until it is answered."""

REFUSED = "ConditionalCheckFailedException"


class NotMeteredError(Exception):
    """There is no rule for what an operation costs."""


@dataclass(slots=True)
class Usage:
    """What was used; counts of many threads together."""

    calls: Counter[str] = field(default_factory=Counter)
    """Requests on the wire, by ``service.Operation``; those of the poller too."""
    dynamodb_requests: float = 0
    queue_requests: float = 0
    """Of 64 KB each."""
    write_units: float = 0
    read_units: float = 0
    invocations: float = 0
    cpu_seconds: float = 0
    waits: float = 0
    """Requests that a function waited for one after the other; those of threads beside each other are one wait."""
    keys: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Write units by the table or the index that takes them, and by the partition key there."""
    largest: dict[str, int] = field(default_factory=dict)
    """Bytes of the largest item that was written, by table, and of the largest message, as ``message``."""

    @property
    def requests(self) -> float:
        """Count the requests to DynamoDB and SQS."""
        return self.dynamodb_requests + self.queue_requests

    def take(self, where: str, key: str, units: int) -> None:
        """Count what a write takes of a partition key."""
        self.write_units += units
        self.keys[where, key] += units

    def without(self, other: "Usage") -> "Usage":
        """Take the requests and reads of another usage off."""
        for name in ("dynamodb_requests", "read_units", "waits"):
            setattr(self, name, getattr(self, name) - getattr(other, name))
        return self

    def hottest(self) -> Mapping[str, int]:
        """Tell of each table and index what its hottest partition key takes."""
        found: dict[str, int] = {}
        for (where, _), units in self.keys.items():
            found[where] = max(found.get(where, 0), units)
        return found

    def grow(self, what: str, size: int) -> None:
        """Notice an item or a message."""
        self.largest[what] = max(self.largest.get(what, 0), size)


class Index(NamedTuple):
    """An index of a table: its name, its keys, and what it holds; None is everything."""

    name: str
    keys: Sequence[str]
    holds: frozenset[str] | None

    def entry(self, item: MeteredItem) -> MeteredItem | None:
        """Make what the index has of an item: nothing, where one of its keys is not there."""
        if not all(key in item for key in self.keys):
            return None
        return {name: value for name, value in item.items() if self.holds is None or name in self.holds}


class Table(NamedTuple):
    """What the billing of a table needs to know of it."""

    keys: Sequence[str]
    indexes: Sequence[Index]


class Stored(NamedTuple):
    """What the meter keeps of an item: its size, and its entries of the indexes."""

    size: int
    entries: Sequence[MeteredItem | None]


class Meter:
    """Counts what the calls of two clients are billed as, while it is told to."""

    def __init__(self, dynamodb: "DynamoDBClient", sqs: "SQSClient", tables: Sequence[str]) -> None:
        self._tables = {name: _table(dynamodb, name) for name in tables}
        self._stored: dict[ItemKey, Stored] = {}
        self._usage: Usage | None = None
        self._unknown: set[str] = set()
        self._chains: Counter[int] = Counter()
        self._own_seconds = 0.0
        self._lock = Lock()
        for client, after in ((dynamodb, self._dynamodb), (sqs, self._sqs)):
            service = client.meta.service_model.service_name
            events: BaseEventHooks = client.meta.events
            events.register(f"before-parameter-build.{service}", self._apart(_ask))
            events.register(f"before-send.{service}", self._apart(self._send))
            events.register(f"after-call.{service}", self._apart(after))
        dynamodb.meta.events.register("provide-client-params.dynamodb.UpdateItem", self._apart(self._show))

    @contextmanager
    def counting(self) -> Iterator[Usage]:
        """Count for the length of a ``with`` block; sizes of items are noticed outside of it too.

        Raises:
            NotMeteredError: something was called that there is no rule for.
        """
        self._unknown.clear()
        self._usage = usage = Usage()
        try:
            yield usage
        finally:
            self._usage = None
        if self._unknown:
            raise NotMeteredError(f"there is no rule for what these cost: {', '.join(sorted(self._unknown))}")

    @contextmanager
    def uncounted(self) -> Iterator[None]:
        """Leave out what happens in a ``with`` block within a count."""
        usage, self._usage = self._usage, None
        try:
            yield
        finally:
            self._usage = usage

    def notice(self, table: str, item: MeteredItem) -> None:
        """Notice the size of an item that was written past the meter."""
        entries = [index.entry(item) for index in self._tables[table].indexes]
        self._stored[self._key(table, item)] = Stored(item_size(item), entries)

    def poll(self, sizes: Sequence[int]) -> None:
        """Count one receive of messages of so many bytes."""
        if self._usage is not None:
            self._usage.calls["sqs.ReceiveMessage"] += 1
            self._usage.queue_requests += queue_requests(sizes)

    def delete(self) -> None:
        """Count a delete of messages."""
        if self._usage is not None:
            self._usage.calls["sqs.DeleteMessageBatch"] += 1
            self._usage.queue_requests += queue_requests(())

    def cpu(self) -> float:
        """Tell the CPU seconds of this process, without those that the meter itself needs."""
        return time.process_time() - self._own_seconds

    @contextmanager
    def invocation(self) -> Iterator[Usage]:
        """Count a call of a function, and what it waits for in it; what else it uses is for the caller to add."""
        self._chains.clear()
        usage = Usage() if self._usage is None else self._usage
        yield usage
        mine = self._chains.pop(get_ident(), 0)
        usage.invocations += 1
        usage.waits += mine + max(self._chains.values(), default=0)

    def _apart(self, hook: Callable[..., None]) -> Callable[..., None]:
        """Note the CPU that a hook needs: no function has it where nobody counts."""

        def noted(**given: object) -> None:
            begun = time.thread_time()
            hook(**given)
            with self._lock:
                self._own_seconds += time.thread_time() - begun

        return noted

    def _send(self, event_name: str, **_: object) -> None:
        service, operation = event_name.split(".")[1:]
        with self._lock:
            self._chains[get_ident()] += 1
            if self._usage is not None:
                self._usage.calls[f"{service}.{operation}"] += 1
                self._usage.dynamodb_requests += service == "dynamodb"

    def _show(self, params: dict[str, Any], **_: object) -> None:
        """Have an update answer with the item: that costs nothing, and tells its size."""
        if params.setdefault("ReturnValues", "ALL_NEW") != "ALL_NEW":
            self._unknown.add(f"UpdateItem with ReturnValues {params['ReturnValues']}")

    def _sqs(self, parsed: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        asked = context.pop(ASKED)
        sent = [asked] if "MessageBody" in asked else asked.get("Entries", ())
        sizes = [len(entry["MessageBody"].encode()) for entry in sent if "MessageBody" in entry]
        attempts = 1 + parsed["ResponseMetadata"]["RetryAttempts"]
        with self._lock:
            if self._usage is not None:
                self._usage.queue_requests += attempts * queue_requests(sizes)
                for size in sizes:
                    self._usage.grow("message", size)

    def _dynamodb(
        self, model: "OperationModel", parsed: Mapping[str, Any], context: dict[str, Any], **_: object
    ) -> None:
        asked, error = context.pop(ASKED), parsed.get("Error", {}).get("Code")
        with self._lock:
            if error is None:
                self._done(model.name, asked, parsed)
            elif error == REFUSED:  # what is throttled or not valid costs nothing
                self._refused(asked, parsed.get("Item"))

    def _done(self, operation: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        match operation:
            case "PutItem":
                self._write(asked["TableName"], asked["Item"], asked["Item"])
            case "UpdateItem":
                self._write(asked["TableName"], asked["Key"], answer["Attributes"])
            case "DeleteItem":
                self._write(asked["TableName"], asked["Key"], None)
            case "GetItem":
                self._read(asked["TableName"], asked["Key"], asked)
            case "BatchGetItem":
                for table, wanted in asked["RequestItems"].items():
                    for key in wanted["Keys"]:
                        self._read(table, key, wanted)
            case "Query":
                self._query(asked, answer)
            case _ if self._usage is not None:
                self._unknown.add(operation)

    def _write(self, table: str, key: MeteredItem, item: MeteredItem | None) -> None:
        name, (_, indexes) = self._key(table, key), self._tables[table]
        nothing = Stored(0, [None] * len(indexes))
        before, after = self._stored.get(name, nothing), nothing
        if item is not None:
            after = Stored(item_size(item), [index.entry(item) for index in indexes])
        self._stored[name] = after
        if self._usage is not None:
            self._usage.take(table, name[1], put_units(before.size, after.size))
            for index, *entries in zip(indexes, before.entries, after.entries, strict=True):
                for partition, units in moves(index.keys, *entries):
                    self._usage.take(f"{table}/{index.name}", partition, units)
            self._usage.grow(table, after.size)

    def _query(self, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        """Count what was looked at together; what is not shown of it is taken to be as long as the mean of all."""
        if self._usage is not None:
            table, index = asked["TableName"], asked.get("IndexName")
            shown = [self._shown_size(table, index, item) for item in answer.get("Items", ())]
            known = [size for size in shown if size is not None]
            hidden = answer["ScannedCount"] - len(known)
            size = sum(known) + (math.ceil(hidden * mean(self._sizes(table, index) or [0])) if hidden else 0)
            self._usage.read_units += read_units(size, consistent=asked.get("ConsistentRead", False))

    def _shown_size(self, table: str, index: str | None, item: MeteredItem) -> int | None:
        """Tell how long what is shown is where it was read; None: it does not say which it is."""
        if not all(key in item for key in self._tables[table].keys):
            return None
        stored = self._stored.get(self._key(table, item))
        return None if stored is None else self._size_in(table, index, stored)

    def _sizes(self, table: str, index: str | None) -> list[int]:
        """List how long all is that is in a table, or in an index of it."""
        every = (self._size_in(table, index, each) for name, each in self._stored.items() if name[0] == table)
        return [size for size in every if size is not None]

    def _size_in(self, table: str, index: str | None, stored: Stored) -> int | None:
        """Tell how long an item is in its table, or in an index of it; None: it is not in that."""
        if index is None:
            return stored.size
        entry = stored.entries[[each.name for each in self._tables[table].indexes].index(index)]
        return None if entry is None else item_size(entry)

    def _refused(self, asked: Mapping[str, Any], shown: MeteredItem | None) -> None:
        if self._usage is not None:
            size = self._size(asked["TableName"], asked.get("Key", asked.get("Item", {})))
            _, partition, *_ = self._key(asked["TableName"], asked.get("Key", asked.get("Item", {})))
            self._usage.take(asked["TableName"], partition, write_units(size if shown is None else item_size(shown)))

    def _read(self, table: str, key: MeteredItem, asked: Mapping[str, Any]) -> None:
        if self._usage is not None:
            size = self._size(table, key)
            self._usage.read_units += read_units(size, consistent=asked.get("ConsistentRead", False))

    def _size(self, table: str, key: MeteredItem) -> int:
        stored = self._stored.get(self._key(table, key))
        return 0 if stored is None else stored.size

    def _key(self, table: str, item: MeteredItem) -> ItemKey:
        return table, *(str(value) for name in self._tables[table].keys for value in item[name].values())


def _ask(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    context[ASKED] = params


def _table(dynamodb: "DynamoDBClient", name: str) -> Table:
    described = dynamodb.describe_table(TableName=name)["Table"]
    keys = [key["AttributeName"] for key in described["KeySchema"]]
    indexes = [*described.get("GlobalSecondaryIndexes", ()), *described.get("LocalSecondaryIndexes", ())]
    return Table(keys, [_index(keys, index) for index in indexes])


def _index(table_keys: Sequence[str], index: "IndexDescription") -> Index:
    keys, projection = [key["AttributeName"] for key in index["KeySchema"]], index["Projection"]
    if projection["ProjectionType"] == "ALL":
        return Index(index["IndexName"], keys, None)
    return Index(index["IndexName"], keys, frozenset([*table_keys, *keys, *projection.get("NonKeyAttributes", ())]))
