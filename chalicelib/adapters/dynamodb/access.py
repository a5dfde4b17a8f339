"""What tenants say of access, in DynamoDB: an item for each entry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, pack, unpack
from chalicelib.adapters.dynamodb.faults import unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import query
from chalicelib.adapters.dynamodb.tables import ACCESS
from chalicelib.adapters.dynamodb.writes import delete_if, put_if
from chalicelib.adapters.names import Names
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.values.json import encode, format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import DeleteItemInputTypeDef, PutItemInputTypeDef, QueryInputTypeDef


class DynamoAccess:
    """The table of access."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(ACCESS)

    def get(self, tenant_id: str, kind: EntryKind, name: str) -> AccessEntry | None:
        """Read an entry."""
        with unavailable():
            found = self._client.get_item(TableName=self._table, Key=_key(tenant_id, kind, name), ConsistentRead=True)
        return _entry(found["Item"]) if "Item" in found else None

    def list(self, tenant_id: str, kinds: Sequence[EntryKind], limit: int, after: str = "") -> Sequence[AccessEntry]:
        """Read entries of kinds that are neighbours, by name, after a name of the first kind."""
        first, last = min(kinds), max(kinds)
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": f"{ACCESS.partition} = :tenant AND {ACCESS.sort} BETWEEN :first AND :last",
            "ExpressionAttributeValues": {
                ":tenant": {"S": tenant_id},
                ":first": {"S": f"{first}#"},
                ":last": {"S": f"{last}#~"},
            },
            "ConsistentRead": True,
        }
        if after:
            request["ExclusiveStartKey"] = _key(tenant_id, first, after)
        return [_entry(item) for item in query(self._client, request, limit)]

    def put(self, entry: AccessEntry) -> bool:
        """Write the next version of an entry; tell whether the one before was there."""
        request: PutItemInputTypeDef = {"TableName": self._table, "Item": _item(entry)}
        if entry.version == 1:
            request["ConditionExpression"] = ACCESS.absent
        else:
            request["ConditionExpression"] = "#version = :version"
            request["ExpressionAttributeNames"] = {"#version": "version"}
            request["ExpressionAttributeValues"] = {":version": {"N": str(entry.version - 1)}}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        current = put_if(self._client, request)
        return current is None or current == request["Item"]

    def delete(self, entry: AccessEntry) -> bool:
        """Take an entry away, unless it is another version; tell whether it is gone."""
        request: DeleteItemInputTypeDef = {
            "TableName": self._table,
            "Key": _key(entry.tenant_id, entry.kind, entry.name),
            "ConditionExpression": "#version = :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": {"N": str(entry.version)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return delete_if(self._client, request)


def _key(tenant_id: str, kind: EntryKind, name: str) -> Item:
    return ACCESS.key(tenant_id, f"{kind}#{name}")


def _item(entry: AccessEntry) -> Item:
    item: Item = {
        **_key(entry.tenant_id, entry.kind, entry.name),
        **ACCESS.mark,
        "version": {"N": str(entry.version)},
        "changedAt": {"S": format_instant(entry.changed_at)},
        "document": pack(encode(entry.document)),
    }
    return item if entry.changed_by is None else {**item, "changedBy": {"S": entry.changed_by}}


def _entry(item: Item) -> AccessEntry:
    tenant, entry = (item[name]["S"] for name in (ACCESS.partition, ACCESS.sort))
    kind, _, name = entry.partition("#")
    with undamaged(f"{kind} {name} of {tenant}"):
        return AccessEntry(
            tenant_id=tenant,
            kind=EntryKind(kind),
            name=name,
            document=unpack(ACCESS.known(item)["document"]),
            changed_at=parse_instant(item["changedAt"]["S"]),
            changed_by=item["changedBy"]["S"] if "changedBy" in item else None,
            version=int(item["version"]["N"]),
        )
