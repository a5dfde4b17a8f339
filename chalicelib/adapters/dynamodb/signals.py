"""Events that are matched by key, in DynamoDB: an item for each, and one for each that waits, in one partition."""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Attribute, Item, pack, unpack
from chalicelib.adapters.dynamodb.chunks import pack_references, unpack_references
from chalicelib.adapters.dynamodb.faults import readable, unavailable, undamaged
from chalicelib.adapters.dynamodb.tables import BY_ORDER, SIGNALS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.values.json import decode, encode, format_instant, parse_instant
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import (
    LINGER,
    REMEMBERED,
    Channel,
    Correlation,
    KeptSignal,
    Waiter,
    correlation_json,
    correlation_slots,
    header,
    read_correlation,
    read_waiter,
    waiter_json,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, QueryInputTypeDef

LONGEST = 1024
"""Longer names and keys, in bytes, are hashed: a partition key holds 2048 (Amazon DynamoDB quotas)."""

WAITERS, EVENTS = "waiter#", "event#"
"""What the sort keys begin with."""

WAITER = "waiter"
"""The attribute of one who waits."""


class DynamoSignals:
    """The table of events."""

    def __init__(self, client: "DynamoDBClient", names: Names, payloads: Payloads) -> None:
        self._client = client
        self._table = names.table(SIGNALS)
        self._payloads = payloads

    def waiting(
        self, channel: Channel, limit: int, after: str = "", *, newest_first: bool = False, consistent: bool = True
    ) -> Sequence[Waiter]:
        """Read who waits."""
        request = self._waiters(channel)
        request |= {"ConsistentRead": consistent, "Limit": limit, "ScanIndexForward": not newest_first}
        if after:
            request["ExclusiveStartKey"] = SIGNALS.key(_partition(channel), WAITERS + after)
        return [*islice(readable(_read_waiter, self._found(request), later=False), limit)]

    def count(self, channel: Channel, most: int) -> int:
        """Count who waits; eventually consistent, which is half as dear."""
        request, count = self._waiters(channel), 0
        request |= {"Select": "COUNT", "Limit": most}
        while True:
            with unavailable():
                page = self._client.query(**request)
            count += page["Count"]
            if count >= most or "LastEvaluatedKey" not in page:
                return min(count, most)
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def wait(self, channel: Channel, waiter: Waiter) -> bool:
        """Write a waiter."""
        text = encode(waiter_json(waiter)).decode()
        with unavailable():
            answer = self._client.put_item(
                TableName=self._table,
                Item={**waiter_key(channel, waiter), **SIGNALS.mark, WAITER: {"S": text}},
                ReturnValues="ALL_OLD",
            )
        return "Attributes" not in answer

    def leave(self, channel: Channel, waiter: Waiter) -> None:
        """Remove a waiter."""
        with unavailable():
            self._client.delete_item(TableName=self._table, Key=waiter_key(channel, waiter))

    def kept(
        self, channel: Channel, limit: int, after: str = "", *, newest_first: bool = False
    ) -> Sequence[KeptSignal]:
        """Read the headers of kept events."""
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": BY_ORDER.name,
            "KeyConditionExpression": f"{BY_ORDER.partition} = :channel",
            "ExpressionAttributeValues": {":channel": {"S": _partition(channel)}},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
            "Limit": limit,
        }
        if after:
            order = BY_ORDER.key(_partition(channel), after)
            request["ExclusiveStartKey"] = _event_key(channel, after.partition("#")[2]) | order
        return [*islice(readable(_read_header, self._found(request)), limit)]

    def get(self, channel: Channel, event_id: str) -> Correlation | None:
        """Read an event."""
        with unavailable():
            answer = self._client.get_item(
                TableName=self._table, Key=_event_key(channel, event_id), ConsistentRead=True
            )
        with undamaged(f"event {event_id} of {channel.name}"):
            return self._read(channel, answer["Item"]) if "Item" in answer else None

    def put(self, channel: Channel, row: Correlation, now: datetime) -> Correlation | None:
        """Write an event over the version before it."""
        request: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": self._write(channel, row),
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        if row.version == 1:
            over = "(attribute_not_exists(claimant) OR knownUntil <= :now)"
            request["ConditionExpression"] = f"{SIGNALS.absent} OR (keptUntil <= :now AND {over})"
            request["ExpressionAttributeValues"] = {":now": {"S": format_instant(now)}}
        else:
            request["ConditionExpression"] = "#version = :version"
            request["ExpressionAttributeNames"] = {"#version": "version"}
            request["ExpressionAttributeValues"] = {":version": {"N": str(row.version - 1)}}
        there = put_if(self._client, request)
        current = self._read(channel, there) if there else None
        return None if current == row else current

    def mark_taken(self, channel: Channel, event_id: str, waiter: Waiter, until: datetime) -> None:
        """Mark an event as taken; its data goes."""
        try:
            with unavailable():
                self._client.update_item(
                    TableName=self._table,
                    Key=_event_key(channel, event_id),
                    UpdateExpression="SET taken = :taken, knownUntil = :until, document = :nothing,"
                    f" {SIGNALS.expiry} = lapse"
                    " ADD #version :one REMOVE payloads, #order",
                    ExpressionAttributeNames={"#version": "version", "#order": BY_ORDER.sort},
                    ConditionExpression="claimant = :waiter",
                    ExpressionAttributeValues={
                        ":taken": {"BOOL": True},
                        ":until": {"S": format_instant(until)},
                        ":nothing": pack(b"null"),
                        ":one": {"N": "1"},
                        ":waiter": {"S": waiter.key},
                    },
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _waiters(self, channel: Channel) -> "QueryInputTypeDef":
        return {
            "TableName": self._table,
            "KeyConditionExpression": f"{SIGNALS.partition} = :channel AND begins_with({SIGNALS.sort}, :waiters)",
            "ExpressionAttributeValues": {":channel": {"S": _partition(channel)}, ":waiters": {"S": WAITERS}},
        }

    def _found(self, request: "QueryInputTypeDef") -> Iterator[Item]:
        """Ask for as many pages as somebody wants to see."""
        while True:
            with unavailable():
                page = self._client.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _write(self, channel: Channel, row: Correlation) -> Item:
        document = correlation_json(row)
        packed = self._payloads.pack(channel.tenant_id, {"data": document.pop("data")}, correlation_slots)
        head, lapse = header(row), _second(max(row.signal.until, row.at + REMEMBERED) + LINGER)
        item: Item = {
            **_event_key(channel, row.signal.id),
            **SIGNALS.mark,
            "header": {"S": encode(document).decode()},
            "document": pack(packed.text),
            "version": {"N": str(row.version)},
            "keptUntil": {"S": format_instant(row.signal.until)},
            "lapse": lapse,
        }
        if packed.references:
            item["payloads"] = pack_references(packed.references)
        if row.was_kept and not row.taken:
            item[BY_ORDER.sort] = {"S": head.place}
        if row.signal.by is not None:
            item["sentBy"] = {"S": row.signal.by}
        if row.waiter is None:
            item[SIGNALS.expiry] = lapse
        else:
            item["claimant"] = {"S": row.waiter.key}
        return item

    def _read(self, channel: Channel, item: Item) -> Correlation:
        data = unpack(SIGNALS.known(item)["document"]) or {}
        references = unpack_references(item["payloads"]) if "payloads" in item else {}
        self._payloads.unpack(channel.tenant_id, data, references, correlation_slots)
        row = read_correlation(channel.name, decode(item["header"]["S"].encode()) | data)
        known = parse_instant(item["knownUntil"]["S"]) if "knownUntil" in item else None
        taken = row.taken or "taken" in item
        return copy_with(row, version=int(item["version"]["N"]), taken=taken, known_until=known)


def _partition(channel: Channel) -> str:
    text = encode([channel.tenant_id, channel.name, channel.key])
    return text.decode() if len(text) <= LONGEST else f"{channel.tenant_id}#{hashlib.sha256(text).hexdigest()}"


def waiter_key(channel: Channel, waiter: Waiter) -> Item:
    """Make the key of the item of a waiter."""
    return SIGNALS.key(_partition(channel), WAITERS + waiter.place)


def _event_key(channel: Channel, event_id: str) -> Item:
    return SIGNALS.key(_partition(channel), EVENTS + event_id)


def _read_waiter(item: Item) -> Waiter:
    return read_waiter(decode(SIGNALS.known(item)[WAITER]["S"].encode()))


def _read_header(item: Item) -> KeptSignal:
    at, _, event_id = item[BY_ORDER.sort]["S"].partition("#")
    by, waiter = (item[name]["S"] if name in item else None for name in ("sentBy", "claimant"))
    return KeptSignal(event_id, parse_instant(at), parse_instant(item["keptUntil"]["S"]), by, waiter)


def _second(at: datetime) -> Attribute:
    return {"N": str(int(at.timestamp()) + 1)}
