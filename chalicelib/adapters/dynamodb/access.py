"""What tenants say of access, in DynamoDB: an item for each entry."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, pack, unpack
from chalicelib.adapters.dynamodb.faults import REPLACEABLE, unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import query_of
from chalicelib.adapters.dynamodb.tables import ACCESS, FORMAT
from chalicelib.adapters.dynamodb.writes import delete_damaged, delete_if, put_if, put_or_mend
from chalicelib.adapters.names import Names
from chalicelib.core.access.entries import AccessEntry, EntryKind, check, unread_tenant
from chalicelib.core.values.errors import DamagedError, UnknownFormatError
from chalicelib.core.values.json import encode, format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import DeleteItemInputTypeDef, PutItemInputTypeDef, QueryInputTypeDef

WHOLE = (FORMAT, "version", "changedAt", "document")
"""Attributes of every item."""
OF_KEY = "DELETE takes it away, and a backup mends it"
"""What can be done about a key that is damaged: nobody can write one anew."""


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
        return query_of(self._client, request, limit, _listed)

    def put(self, entry: AccessEntry) -> bool:
        """Write the next version of an entry, version 1 over what cannot be read, too; tell whether it is there."""
        request: PutItemInputTypeDef = {"TableName": self._table, "Item": _item(entry)}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if entry.version == 1:
            request["ConditionExpression"] = ACCESS.absent
            current = put_or_mend(self._client, request, _entry)
        else:
            request["ConditionExpression"] = "#version = :version"
            request["ExpressionAttributeNames"] = {"#version": "version"}
            request["ExpressionAttributeValues"] = {":version": {"N": str(entry.version - 1)}}
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

    def discard(self, tenant_id: str, kind: EntryKind, name: str) -> bool:
        """Take away an entry that cannot be read; tell whether it is gone."""
        return delete_damaged(self._client, self._table, _key(tenant_id, kind, name), _entry, WHOLE)


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
    remedy = OF_KEY if kind == EntryKind.KEY else REPLACEABLE
    with undamaged(f"{kind} {name} of {tenant}" if name else f"{kind} {tenant}", remedy):
        found = AccessEntry(
            tenant_id=tenant,
            kind=EntryKind(kind),
            name=name,
            document=unpack(ACCESS.known(item)["document"]),
            changed_at=parse_instant(item["changedAt"]["S"]),
            changed_by=item["changedBy"]["S"] if "changedBy" in item else None,
            version=int(item["version"]["N"]),
        )
        check(found)
        return found


def _listed(item: Item) -> AccessEntry:
    """Read an entry for a list, which leaves out what cannot be read: that gives nobody a right.

    But what is set of a tenant bounds it, and is not to be left out.
    """
    tenant, entry = (item[name]["S"] for name in (ACCESS.partition, ACCESS.sort))
    try:
        return _entry(item)
    except (DamagedError, UnknownFormatError):
        if not entry.startswith(f"{EntryKind.TENANT}#"):
            raise
        return unread_tenant(tenant)
