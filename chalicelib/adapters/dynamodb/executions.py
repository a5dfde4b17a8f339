"""Executions in DynamoDB: one item each, a header of attributes and the rest as two lines of JSON: state, and tail."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.adapters.dynamodb.attributes import Attribute, Item, map_bytes, pack, text_of
from chalicelib.adapters.dynamodb.chunks import pack_bases, pack_references, unpack_bases, unpack_references
from chalicelib.adapters.dynamodb.execution_lists import END_AT_ONCE, SUMMARY, ExecutionLists, end_of, header
from chalicelib.adapters.dynamodb.faults import readable, unavailable, undamaged
from chalicelib.adapters.dynamodb.list_sources import ListLayout, entries, shard_of
from chalicelib.adapters.dynamodb.reads import batch_get, query
from chalicelib.adapters.dynamodb.tables import BY_DUE, BY_OWNER, BY_OWNER_STATUS, EXECUTIONS
from chalicelib.adapters.dynamodb.writes import Changes, changing, put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.cost import WRITE_BYTES, write_units
from chalicelib.core.executions.inputs import Image, Written
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage, Summary, parts_of
from chalicelib.core.executions.model import Execution, ExecutionStatus, StoredState
from chalicelib.core.records.codec import MAX_IMAGE_BYTES, execution_json, read_execution
from chalicelib.core.records.payload import (
    MAX_ITEM,
    STATE,
    Reference,
    execution_slots,
    item_bytes,
    require_room,
    values_of,
    whole_bytes,
)
from chalicelib.core.records.quotations import Body
from chalicelib.core.records.shown import Outline, Selection, nothing
from chalicelib.core.records.state_packing import BARE, INPUT, Aside, beside, put_aside
from chalicelib.core.values.json import encode
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Stale

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import (
        PutItemInputTypeDef,
        QueryInputTypeDef,
        ScanInputTypeDef,
        UpdateItemInputTypeDef,
    )

VERSION, NONCE, DOCUMENT, REFERENCES, BASES, COST, TRACED, SEAL = "q", "n", "c", "r", "a", "m", "x", "l"
STEP_COSTS = "y"

HEADER = {**SUMMARY, "version": VERSION, "nonce": NONCE, "cost": COST, "stepCosts": STEP_COSTS, "seal": SEAL}
"""What is an attribute of its own, and not in the document: its name by the member of that."""

DUE = 2
"""Shards of the index of what is due for each of a list, as what waits enters it and leaves it."""

SCANS = 5
"""Requests with which a part of all executions is read at most, of as many items as it is to have."""

SPARED = 16
"""Bytes of a write unit that costs of steps leave free: they are kept where they cost no unit."""

SMALL = STATE.slot
"""A state that is no longer has no large values, and fits."""

ABSENT = EXECUTIONS.absent

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Packed(NamedTuple):
    """An execution, ready to be written: its large values are."""

    item: Item
    """Without what only indexes read."""
    memory: int
    """What its large values take in a function; 0: it has none."""
    stored: StoredState
    units: int
    """Write units of its large values."""


class DynamoExecutions:
    """The table of executions; ``trace`` tells the W3C trace context of a write, where writes are traced."""

    def __init__(
        self,
        client: "DynamoDBClient",
        names: Names,
        payloads: Payloads,
        layout: ListLayout | None = None,
        trace: Callable[[], str] | None = None,
    ) -> None:
        self._client = client
        self._table = names.table(EXECUTIONS)
        self._payloads, self._trace = payloads, trace
        self._layout = layout or ListLayout()
        self._due_shards = DUE * self._layout.shards
        self._lists = ExecutionLists(client, self._table, self._layout)

    def get(self, execution_id: str, *, consistent: bool = True, known: Execution | None = None) -> Execution | None:
        """Read one."""
        item = self._item(execution_id, consistent=consistent)
        with undamaged(f"execution {execution_id}"):
            return self.parse(item, known) if item else None

    def outline(self, execution_id: str, selection: Selection, *, consistent: bool = True) -> Outline | None:
        """Read one without some of its values."""
        item = self._item(execution_id, consistent=consistent)
        with undamaged(f"execution {execution_id}"):
            return None if item is None else self.outlined(item, selection)

    def outlined(self, item: Item, selection: Selection) -> Outline:
        """Read an item without some of its values."""
        body, references, tail = _contents(item)
        members, ended = header(item, HEADER), HEADER["endedAt"] in item
        document, left_out = self._payloads.outline(members["tenantId"], body, references, selection, ended=ended)
        execution = read_execution({**document, "tail": tail, **members})
        return Outline(copy_with(execution, due_at=_read_due(item), listed_under=_read_status(item)), left_out)

    def read_text(self, tenant_id: str, reference: Reference, start: int, stop: int) -> bytes:
        """Read a part of a large value."""
        return self._payloads.read_text(tenant_id, reference, start, stop)

    def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
        """Read many."""
        items = batch_get(self._client, self._table, [EXECUTIONS.key(name) for name in ids])
        return {found.id: found for found in readable(self.parse, items)}

    def create(self, execution: Execution) -> None:
        """Write a submission where there is none."""
        request = self._request(execution, self._packed(execution, 0))
        request["ConditionExpression"] = ABSENT
        self._put(request)

    def update(self, execution: Execution, spare: int = 0) -> Written:
        """Write the next version."""
        packed = self._packed(execution, spare)
        request = self._request(execution, packed)
        absent = f"{ABSENT} OR " if execution.version == 1 else ""
        request["ConditionExpression"] = f"{absent}(#version = :version AND #nonce = :nonce)"
        request["ExpressionAttributeNames"] = {"#version": VERSION, "#nonce": NONCE}
        request["ExpressionAttributeValues"] = {
            ":version": {"N": str(execution.version - 1)},
            ":nonce": {"S": execution.nonce},
        }
        item = {**request["Item"]}
        item.pop(STEP_COSTS, None)
        whole = (size := _bytes(item)) + map_bytes(item, REFERENCES)
        cost = execution.cost.wrote(packed.units + write_units(whole)).fitting(-whole % WRITE_BYTES - SPARED)
        item |= {COST: {"S": cost.text()}, **({STEP_COSTS: {"S": cost.steps_text()}} if cost.steps else {})}
        request["Item"] = item
        self._put(request)
        return Written(partial(_image, item), size, packed.memory, packed.stored, cost)

    def carry(self, execution: Execution) -> Written:
        """Write what a message that brings a submission refers to."""
        packed = self._packed(execution, 0)
        return Written(partial(_image, packed.item), cost=execution.cost.wrote(packed.units))

    def restore(self, image: Image) -> Execution:
        """Read an image."""
        return self.parse(_item(image))

    def list(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None = None) -> ExecutionPage:
        """Read headers, by their start."""
        return self._lists.page(wanted, now, limit, after)

    def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        """Read headers."""
        return self._lists.summaries(ids)

    def sample(self, number: int, limit: int) -> Sequence[Execution]:
        """Scan a segment of as many as the count of items asks for, which DynamoDB tells anew some times a day."""
        with unavailable():
            count = self._client.describe_table(TableName=self._table)["Table"].get("ItemCount", 0)
        parts = parts_of(count, limit)
        request: ScanInputTypeDef = {
            "TableName": self._table,
            "Limit": limit,
            "ConsistentRead": False,
            "Segment": number % parts,
            "TotalSegments": parts,
            "FilterExpression": "attribute_not_exists(#ended)",
            "ExpressionAttributeNames": {"#ended": HEADER["endedAt"]},
        }
        found: dict[str, Execution] = {}
        for _ in range(SCANS):
            with unavailable():
                page = self._client.scan(**request)
            outlines = readable(partial(self.outlined, selection=nothing), page["Items"])
            found |= {each.execution.id: each.execution for each in outlines}
            if "LastEvaluatedKey" not in page:
                break
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
        return [*found.values()]

    def due_shards(self) -> Sequence[str]:
        """Name the partitions of the index."""
        return [f"{shard:x}" for shard in range(self._due_shards)]

    def due(self, shard: str, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Find what is due."""
        found = query(self._client, self._due_query(shard, now), limit)
        return [(item[EXECUTIONS.partition]["S"], _instant_of(item)) for item in found]

    def defer(
        self, execution_id: str, seen: datetime | None, due_at: datetime | None, listed: Execution | None = None
    ) -> None:
        """Move a due time, or take it away."""
        due = BY_DUE.sort
        entry = BY_DUE.key(shard_of(execution_id, self._due_shards), "" if due_at is None else _due_key(due_at))
        changes: Changes = dict.fromkeys(entry) if due_at is None else {**entry}
        given: Item = {}
        if seen is None:
            conditions = [f"attribute_exists({EXECUTIONS.partition})", f"attribute_not_exists(#{due})"]
        else:
            conditions, given[":seen"] = [f"#{due} = :seen"], {"S": _due_key(seen)}
        if listed is not None:
            changes |= {BY_OWNER_STATUS.partition: None, **self._listed(listed)}
            conditions.append(f"#{VERSION} = :{VERSION}")
            given[f":{VERSION}"] = {"N": str(listed.version)}
        expression, values = changing(changes)
        request: UpdateItemInputTypeDef = {
            "TableName": self._table,
            "Key": EXECUTIONS.key(execution_id),
            "UpdateExpression": expression,
            "ConditionExpression": " AND ".join(conditions),
            "ExpressionAttributeNames": {f"#{name}": name for name in (*changes, *([VERSION] if listed else []))},
        }
        if values | given:
            request["ExpressionAttributeValues"] = values | given
        try:
            with unavailable():
                self._client.update_item(**request)
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _request(self, execution: Execution, packed: "_Packed") -> "PutItemInputTypeDef":
        indexed = self._due(execution) | self._listed(execution)
        indexed |= entries(execution, self._owner(execution), self._layout.chosen)
        return {
            "TableName": self._table,
            "Item": {**packed.item, **indexed},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _put(self, request: "PutItemInputTypeDef") -> None:
        if (current := put_if(self._client, request)) is not None:
            raise Stale(self.parse(current) if current else None)

    def _packed(self, execution: Execution, spare: int) -> "_Packed":
        """Make the attributes, and write the large values."""
        document = execution_json(execution)
        tail = document.pop("tail", "").encode()
        del document["tenantId"], document["definitionId"]
        document.pop("parentId", None)
        attributes = {name: _attribute(document.pop(member)) for member, name in HEADER.items() if member in document}
        attributes = {**end_of(execution, attributes), BY_OWNER.partition: {"S": self._owner(execution)}}
        aside = _aside(execution, document)
        packed = self._payloads.shorten(
            execution.tenant_id, document, execution_slots, STATE, aside.payloads, execution.stored
        )
        packed = beside(packed, aside)
        bundled = self._payloads.bundle(packed, execution, STATE)
        content = pack(bundled.body.content + b"\n" + tail)
        references: Item = {REFERENCES: pack_references(packed.references)} if packed.references else {}
        if bundled.body.bases:
            references[BASES] = pack_bases(bundled.body.bases)
        if packed.is_short or len(packed.text) > SMALL:
            whole = whole_bytes(packed.text) if bundled.body.bases else len(content.get("B", b""))
            require_room(packed, whole, max(MAX_ITEM - spare, execution.item_bytes), spare)
        units = self._payloads.put({**packed.payloads, **bundled.payloads})
        written: Item = {**EXECUTIONS.row(execution.id), **attributes, DOCUMENT: content, **references}
        if units:
            written[COST] = {"S": execution.cost.wrote(units).text()}
        return _Packed(written, packed.memory if packed.is_short else 0, bundled.stored, units)

    def _item(self, execution_id: str, *, consistent: bool = True) -> "Item | None":
        key = EXECUTIONS.key(execution_id)
        with unavailable():
            answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=consistent)
        return answer.get("Item")

    def parse(self, item: Item, known: Execution | None = None) -> Execution:
        """Read an item, and the large values that it refers to, but for those of a known execution."""
        body, references, tail = _contents(item)
        members = header(item, HEADER)
        stored = None if known is None else known.stored
        held = {} if stored is None else {**stored.bases, **stored.held}
        document, stored = self._payloads.restore(members["tenantId"], body, references, held)
        size = BARE + len(item[DOCUMENT].get("B") or item[DOCUMENT].get("S", ""))
        if body.bases or len(body.content) > SMALL:
            text = body.text(stored.bases.values(), stored.far)
            whole = whole_bytes(text) if body.bases else len(item[DOCUMENT].get("B", b""))
            size = item_bytes(whole, references)
        execution = read_execution({**document, "tail": tail, **members})
        return copy_with(
            execution,
            due_at=_read_due(item),
            item_bytes=size,
            listed_under=_read_status(item),
            tells_end=END_AT_ONCE in item,
            input_aside=INPUT in references,
            trace=item[TRACED]["S"] if TRACED in item else "",
            stored=stored,
        )

    def _owner(self, execution: Execution) -> str:
        """Say in whose list it is: in that of the execution that started it, or in a shard of its tenant's."""
        if execution.parent is not None:
            return execution.parent.execution
        return f"{execution.tenant_id}#{shard_of(execution.id, self._layout.shards)}"

    def _listed(self, execution: Execution) -> Item:
        """Keep an execution under its status, or, with no attributes, under none."""
        if execution.listed_under is None:
            return {}
        return {BY_OWNER_STATUS.partition: {"S": f"{self._owner(execution)}#{execution.listed_under}"}}

    def _due(self, execution: Execution) -> Item:
        """Put an execution into the index of what is due, with its trace; or, with no attributes, take it out."""
        if execution.due_at is None:
            return {}
        here = self._trace() if self._trace is not None else ""
        entry = BY_DUE.key(shard_of(execution.id, self._due_shards), _due_key(execution.due_at))
        return {**entry, TRACED: {"S": here}} if here else entry

    def _due_query(self, shard: str, now: datetime) -> "QueryInputTypeDef":
        return {
            "TableName": self._table,
            "IndexName": BY_DUE.name,
            "KeyConditionExpression": "#shard = :shard AND #due <= :now",
            "ExpressionAttributeNames": {"#shard": BY_DUE.partition, "#due": BY_DUE.sort},
            "ExpressionAttributeValues": {":shard": {"S": shard}, ":now": {"S": _due_key(now)}},
        }


def _aside(execution: Execution, document: dict[str, Any]) -> Aside:
    """Leave the input out of the document of an execution that has it beside it."""
    if not execution.input_aside:
        return Aside({}, {})
    return put_aside(execution.tenant_id, execution.input, values_of(execution_slots(document)))


def _contents(item: Item) -> tuple[Body, dict[str, Reference], str]:
    """Read how the state of an execution stands in its item, its large values, and the tail of its history.

    Raises:
        UnknownFormatError: a later release wrote it.
    """
    references = unpack_references(item[REFERENCES]) if REFERENCES in item else {}
    bases = unpack_bases(item[BASES]) if BASES in item else ()
    content, _, tail = text_of(EXECUTIONS.known(item)[DOCUMENT]).rpartition(b"\n")
    return Body(content, bases), references, tail.decode()


def _image(item: "Mapping[str, Any]") -> Image | None:
    """Write an item as JSON; None where it is long."""
    kind, content = next(iter(item[DOCUMENT].items()))
    image = {**item, DOCUMENT: {kind: content if kind == "S" else b64encode(content).decode()}}
    return image if len(encode(image)) <= MAX_IMAGE_BYTES else None


def _bytes(item: "Mapping[str, Any]") -> int:
    """Tell about how many bytes an item takes, without those of references to payloads."""
    return sum([len(name) + len(content) for name, each in item.items() for content in each.values()])


def _item(image: "Mapping[str, Any]") -> Item:
    """Read an item that was written as JSON."""
    kind, text = next(iter(image[DOCUMENT].items()))
    return {**image, DOCUMENT: {"S": text} if kind == "S" else {"B": b64decode(text)}}


def _due_key(instant: datetime) -> str:
    """Write an instant short, as each byte of an item counts: in milliseconds, in an order that is that of time."""
    return f"{(instant - _EPOCH) // timedelta(milliseconds=1):013}"


def _read_due(item: Item) -> datetime | None:
    return _instant_of(item) if BY_DUE.sort in item else None


def _instant_of(item: Item) -> datetime:
    return _EPOCH + timedelta(milliseconds=int(item[BY_DUE.sort]["S"]))


def _read_status(item: Item) -> ExecutionStatus | None:
    status = item.get(BY_OWNER_STATUS.partition)
    return None if status is None else ExecutionStatus(status["S"].rpartition("#")[2])


def _attribute(value: str | int) -> Attribute:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
