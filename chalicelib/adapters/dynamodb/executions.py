"""Executions in DynamoDB: one item each, a header of attributes and the rest as two lines of JSON: state, and tail."""

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from heapq import merge
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Attribute, Item, pack, text_of
from chalicelib.adapters.dynamodb.chunks import pack_references, unpack_references
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.reads import batch_get, query
from chalicelib.adapters.dynamodb.tables import BY_DUE, BY_TENANT, EXECUTIONS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.inputs import Image
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.codec import MAX_IMAGE_BYTES, execution_json, read_execution
from chalicelib.core.records.payload import MAX_ITEM, STATE, execution_slots, item_bytes, require_room
from chalicelib.core.values.json import decode, encode, format_instant, parse_instant
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Position, Stale, Summary

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, QueryInputTypeDef

SUMMARY = ("id", "tenantId", "definitionId", "definitionVersion", "state", "step", "startedAt", "endedAt", "parentId")
HEADER = (*SUMMARY, "version", "nonce")
"""What is an attribute of its own, and not in the document."""

DUE_SHARDS = 4
"""So that executions that are due at the same time do not all write to one partition of the index."""

SMALL = STATE.slot
"""A state that is no longer has no large values, and fits."""

ABSENT = EXECUTIONS.absent


class DynamoExecutions:
    """The table of executions."""

    def __init__(self, client: "DynamoDBClient", names: Names, payloads: Payloads) -> None:
        self._client = client
        self._table = names.table(EXECUTIONS)
        self._payloads = payloads

    def get(self, execution_id: str) -> Execution | None:
        """Read one."""
        with unavailable():
            answer = self._client.get_item(TableName=self._table, Key=EXECUTIONS.key(execution_id), ConsistentRead=True)
        return self._read(answer.get("Item"))

    def create(self, execution: Execution, due_at: datetime | None = None) -> None:
        """Write a submission where there is none."""
        request = self._request(execution, due_at, 0)
        request["ConditionExpression"] = ABSENT
        self._put(request)

    def update(
        self, execution: Execution, due_at: datetime | None = None, spare: int = 0
    ) -> Callable[[], Image | None]:
        """Write the next version."""
        request = self._request(execution, due_at, spare)
        absent = f"{ABSENT} OR " if execution.version == 1 else ""
        request["ConditionExpression"] = f"{absent}(#version = :version AND #nonce = :nonce)"
        request["ExpressionAttributeNames"] = {"#version": "version", "#nonce": "nonce"}
        request["ExpressionAttributeValues"] = {
            ":version": {"N": str(execution.version - 1)},
            ":nonce": {"S": execution.nonce},
        }
        self._put(request)
        return partial(_image, request["Item"])

    def restore(self, image: Image) -> Execution:
        """Read an image."""
        return self._execution(_item(image))

    def list(self, tenant_id: str, limit: int, after: Position | None = None) -> Sequence[Summary]:
        """Read headers, newest first."""
        found: list[Summary] = []
        start = None if after is None else _index_key(tenant_id, after)
        while len(found) < limit:
            wanted = limit - len(found)
            keys = self._newest(tenant_id, start, wanted)
            found += self._summaries([item[EXECUTIONS.partition]["S"] for item in keys])
            if len(keys) < wanted:
                break
            start = keys[-1]
        return found

    def due(self, before: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Find what is due."""
        shards = [query(self._client, self._due_query(shard, before), limit) for shard in range(DUE_SHARDS)]
        found = merge(
            *([(item[BY_DUE.sort]["S"], item[EXECUTIONS.partition]["S"]) for item in shard] for shard in shards)
        )
        return [(execution_id, parse_instant(at)) for at, execution_id in sorted(found)[:limit]]

    def defer(self, execution_id: str, seen: datetime, due_at: datetime | None) -> None:
        """Move a due time, or take it away."""
        values: Item = {":seen": {"S": format_instant(seen)}}
        change = f"REMOVE {BY_DUE.sort}, {BY_DUE.partition}"
        if due_at is not None:
            change = f"SET {BY_DUE.sort} = :due"
            values[":due"] = {"S": format_instant(due_at)}
        try:
            with unavailable():
                self._client.update_item(
                    TableName=self._table,
                    Key=EXECUTIONS.key(execution_id),
                    UpdateExpression=change,
                    ConditionExpression=f"{BY_DUE.sort} = :seen",
                    ExpressionAttributeValues=values,
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _request(self, execution: Execution, due_at: datetime | None, spare: int) -> "PutItemInputTypeDef":
        return {
            "TableName": self._table,
            "Item": self._write(execution, spare) | _due(execution.id, due_at),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def _put(self, request: "PutItemInputTypeDef") -> None:
        if (current := put_if(self._client, request)) is not None:
            raise Stale(self._read(current))

    def _write(self, execution: Execution, spare: int) -> Item:
        document = execution_json(execution)
        tail = document.pop("tail", "").encode()
        header = {name: _attribute(document.pop(name)) for name in HEADER if name in document}
        packed = self._payloads.shorten(execution.tenant_id, document, execution_slots, STATE)
        content = pack(packed.text + b"\n" + tail)
        references: Item = {"payloads": pack_references(packed.references)} if packed.references else {}
        if packed.whole > SMALL:
            require_room(packed, len(content.get("B", b"")), max(MAX_ITEM - spare, execution.item_bytes))
            self._payloads.put(packed.payloads)
        return {**header, "document": content, **references}

    def _read(self, item: "Item | None") -> Execution | None:
        return self._execution(item) if item else None

    def _execution(self, item: Item) -> Execution:
        text, _, tail = text_of(item["document"]).partition(b"\n")
        document = decode(text)
        references = unpack_references(item["payloads"]) if "payloads" in item else {}
        self._payloads.unpack(item["tenantId"]["S"], document, references, execution_slots)
        execution = read_execution({**document, "tail": tail.decode(), **_header(item)})
        if len(text) <= SMALL:
            return execution
        return copy_with(execution, item_bytes=item_bytes(len(item["document"].get("B", b"")), references))

    def _newest(self, tenant_id: str, start: "Item | None", limit: int) -> Sequence[Item]:
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": BY_TENANT.name,
            "KeyConditionExpression": f"{BY_TENANT.partition} = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            "ScanIndexForward": False,
        }
        if start is not None:
            request["ExclusiveStartKey"] = start
        return query(self._client, request, limit)

    def _summaries(self, ids: Sequence[str]) -> Sequence[Summary]:
        items = batch_get(self._client, self._table, [EXECUTIONS.key(execution_id) for execution_id in ids], SUMMARY)
        by_id = {item[EXECUTIONS.partition]["S"]: _summary(_header(item)) for item in items}
        return [by_id[execution_id] for execution_id in ids if execution_id in by_id]

    def _due_query(self, shard: int, before: datetime) -> "QueryInputTypeDef":
        return {
            "TableName": self._table,
            "IndexName": BY_DUE.name,
            "KeyConditionExpression": f"{BY_DUE.partition} = :shard AND {BY_DUE.sort} < :before",
            "ExpressionAttributeValues": {":shard": {"S": str(shard)}, ":before": {"S": format_instant(before)}},
        }


def _image(item: "Mapping[str, Any]") -> Image | None:
    """Write an item as JSON; None where it is long."""
    kind, content = next(iter(item["document"].items()))
    image = {**item, "document": {kind: content if kind == "S" else b64encode(content).decode()}}
    return image if len(encode(image)) <= MAX_IMAGE_BYTES else None


def _item(image: "Mapping[str, Any]") -> Item:
    """Read an item that was written as JSON."""
    kind, text = next(iter(image["document"].items()))
    return {**image, "document": {"S": text} if kind == "S" else {"B": b64decode(text)}}


def _index_key(tenant_id: str, position: Position) -> Item:
    return EXECUTIONS.key(position.id) | BY_TENANT.key(tenant_id, format_instant(position.started_at))


def _due(execution_id: str, due_at: datetime | None) -> Item:
    """Put an execution into the index of what is due, or, with no attributes, take it out."""
    if due_at is None:
        return {}
    shard = zlib.crc32(execution_id.encode()) % DUE_SHARDS
    return BY_DUE.key(str(shard), format_instant(due_at))


def _attribute(value: str | int) -> Attribute:
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _header(item: Item) -> dict[str, Any]:
    header = {name: item[name] for name in HEADER if name in item}
    return {name: int(value["N"]) if "N" in value else value["S"] for name, value in header.items()}


def _summary(header: dict[str, Any]) -> Summary:
    return Summary(
        id=header["id"],
        tenant_id=header["tenantId"],
        definition_id=header["definitionId"],
        definition_version=header["definitionVersion"],
        state=header["state"],
        step=header["step"],
        started_at=parse_instant(header["startedAt"]),
        ended_at=parse_instant(header["endedAt"]) if "endedAt" in header else None,
        parent_id=header.get("parentId"),
    )
