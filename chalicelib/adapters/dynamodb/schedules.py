"""Schedules, in DynamoDB: an item for each; a long input is a payload, so that no start writes it again."""

from collections.abc import Sequence
from datetime import datetime
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, pack, unpack
from chalicelib.adapters.dynamodb.chunks import pack_references, unpack_references
from chalicelib.adapters.dynamodb.faults import REPLACEABLE, readable, unavailable, undamaged
from chalicelib.adapters.dynamodb.list_sources import SHARDS, shard_of
from chalicelib.adapters.dynamodb.reads import query, query_of, side_by_side
from chalicelib.adapters.dynamodb.tables import BY_SCHEDULE_DUE, FORMAT, SCHEDULES
from chalicelib.adapters.dynamodb.writes import delete_damaged, delete_if, put_if, put_or_mend
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.records.payload import PackingLimits
from chalicelib.core.schedules.codec import read_schedule, schedule_document, schedule_slots
from chalicelib.core.schedules.schedule import Schedule
from chalicelib.core.values.errors import DamagedError, PayloadLostError
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import encode, format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import DeleteItemInputTypeDef, PutItemInputTypeDef, QueryInputTypeDef

WHOLE = (FORMAT, "number", "document")
"""Attributes of every item."""

INLINE = 850
"""Bytes of an input, compressed, with which an item takes one write unit, mostly: it is written twice at each start."""
REFERRING = 2
"""The format of a schedule whose input is a payload."""


class DynamoSchedules:
    """The table of schedules; the index of what is due has so many shards."""

    def __init__(self, client: "DynamoDBClient", names: Names, payloads: Payloads, shards: int = SHARDS) -> None:
        self._client = client
        self._table = names.table(SCHEDULES)
        self._payloads = payloads
        self._shards = shards

    def get(self, tenant_id: str, name: str) -> Schedule | None:
        """Read one."""
        key = SCHEDULES.key(tenant_id, name)
        with unavailable():
            found = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        return self._schedule(found["Item"]) if "Item" in found else None

    def list(
        self,
        tenant_id: str,
        limit: int,
        after: str = "",
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[Schedule]:
        """Read some of a tenant, by name, after a name, without long inputs."""
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": f"{SCHEDULES.partition} = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            "ConsistentRead": True,
            "ScanIndexForward": not last_first,
        }
        if after:
            request["ExclusiveStartKey"] = SCHEDULES.key(tenant_id, after)
        takes = None if names is None else lambda item: matching(item[SCHEDULES.sort]["S"], names)
        return query_of(self._client, request, limit, _read, takes)

    def count(self, tenant_id: str, most: int) -> int:
        """Count those of a tenant, without their documents."""
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": f"{SCHEDULES.partition} = :tenant",
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            "ProjectionExpression": SCHEDULES.partition,
            "ConsistentRead": True,
        }
        return len(query(self._client, request, most))

    def put(self, schedule: Schedule) -> bool:
        """Write the next number of one, number 1 in place of what cannot be read, too; tell whether it is there now."""
        request: PutItemInputTypeDef = {"TableName": self._table, "Item": self._item(schedule)}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if schedule.number == 1:
            request["ConditionExpression"] = SCHEDULES.absent
            current = put_or_mend(self._client, request, self._schedule)
        else:
            request["ConditionExpression"] = "#number = :number"
            request["ExpressionAttributeNames"] = {"#number": "number"}
            request["ExpressionAttributeValues"] = {":number": {"N": str(schedule.number - 1)}}
            current = put_if(self._client, request)
        return current is None or current == request["Item"]

    def delete(self, schedule: Schedule) -> bool:
        """Take one away, unless it was written since it was read; tell whether it is gone."""
        request: DeleteItemInputTypeDef = {
            "TableName": self._table,
            "Key": SCHEDULES.key(schedule.tenant_id, schedule.name),
            "ConditionExpression": "#number = :number",
            "ExpressionAttributeNames": {"#number": "number"},
            "ExpressionAttributeValues": {":number": {"N": str(schedule.number)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return delete_if(self._client, request)

    def discard(self, tenant_id: str, name: str) -> bool:
        """Take away one that cannot be read; tell whether it is gone."""
        return delete_damaged(self._client, self._table, SCHEDULES.key(tenant_id, name), self._schedule, WHOLE)

    def due(self, until: datetime, limit: int) -> Sequence[tuple[str, str, datetime]]:
        """Find some to look at up to an instant."""
        found = side_by_side(lambda shard: self._due_of(shard, until, limit), range(self._shards))
        return [*islice(merge(*found, key=lambda each: each[2]), limit)]

    def _due_of(self, shard: int, until: datetime, limit: int) -> Sequence[tuple[str, str, datetime]]:
        index = BY_SCHEDULE_DUE
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": index.name,
            "KeyConditionExpression": f"{index.partition} = :shard AND {index.sort} <= :until",
            "ExpressionAttributeValues": {":shard": {"S": f"{shard:x}"}, ":until": {"S": format_instant(until)}},
        }
        places = (SCHEDULES.partition, SCHEDULES.sort, index.sort)
        found = ([item[name]["S"] for name in places] for item in query(self._client, request, limit))
        return [*readable(lambda each: (each[0], each[1], parse_instant(each[2])), found)]

    def _item(self, schedule: Schedule) -> Item:
        item: Item = {
            **SCHEDULES.row(schedule.tenant_id, schedule.name),
            "number": {"N": str(schedule.number)},
            **self._document(schedule),
        }
        if schedule.look_at is None:
            return item
        shard = shard_of(f"{schedule.tenant_id}:{schedule.name}", self._shards)
        return item | BY_SCHEDULE_DUE.key(shard, format_instant(schedule.look_at))

    def _document(self, schedule: Schedule) -> Item:
        document, written = schedule_document(schedule), pack(encode(schedule.content.input))
        if len(written.get("B", b"")) <= INLINE:
            return {"document": pack(encode(document))}
        packed = self._payloads.pack(schedule.tenant_id, document, schedule_slots, PackingLimits(slot=INLINE))
        references = pack_references(packed.references)
        return {FORMAT: {"N": str(REFERRING)}, "document": pack(packed.text), "payloads": references}

    def _schedule(self, item: Item) -> Schedule:
        return _read(item, self._payloads)


def _read(item: Item, payloads: Payloads | None = None) -> Schedule:
    """Read a schedule; without ``payloads``, None stands for an input that is one.

    Raises:
        DamagedError: it cannot be read, or its input is lost.
        UnknownFormatError: a later release wrote it.
    """
    tenant, name = (item[key]["S"] for key in (SCHEDULES.partition, SCHEDULES.sort))
    subject = f"schedule {name} of {tenant}"
    try:
        with undamaged(subject, REPLACEABLE):
            look_at = SCHEDULES.known(item).get(BY_SCHEDULE_DUE.sort)
            document = unpack(item["document"])
            if payloads is not None and "payloads" in item:
                payloads.unpack(tenant, document, unpack_references(item["payloads"]), schedule_slots)
            return read_schedule(
                tenant,
                name,
                document,
                look_at=None if look_at is None else parse_instant(look_at["S"]),
                number=int(item["number"]["N"]),
            )
    except PayloadLostError as error:
        raise DamagedError(f"{subject} cannot be read: its input is lost. {REPLACEABLE}") from error
