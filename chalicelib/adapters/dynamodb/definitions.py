"""Definitions in DynamoDB: a table of all versions, and one of the newest of each id."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, pack, text_of, unpack
from chalicelib.adapters.dynamodb.faults import BACKUP, unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import query_of
from chalicelib.adapters.dynamodb.tables import DEFINITION_VERSIONS, DEFINITIONS
from chalicelib.adapters.dynamodb.writes import is_damaged, put_if, put_or_mend
from chalicelib.adapters.names import Names
from chalicelib.core.definitions.record import DefinitionRecord, read_subject, subject_json
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import encode, format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, QueryInputTypeDef

REPLACEABLE = "A new version mends it, as does DELETE, which retires it, and a backup"
"""What can be done about the newest version of a definition that is damaged: its versions are kept beside it."""


class DynamoDefinitions:
    """The two tables of definitions."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._heads = names.table(DEFINITIONS)
        self._versions = names.table(DEFINITION_VERSIONS)

    def newest(self, tenant_id: str, definition_id: str) -> DefinitionRecord | None:
        """Read the newest version."""
        return self._get(self._heads, DEFINITIONS.key(tenant_id, definition_id))

    def version(self, tenant_id: str, definition_id: str, version: int) -> DefinitionRecord | None:
        """Read one version."""
        return self._get(self._versions, _version_key(tenant_id, definition_id, version))

    def add(self, record: DefinitionRecord) -> bool:
        """Write a version, once."""
        request: PutItemInputTypeDef = {
            "TableName": self._versions,
            "Item": _write(record) | _version_key(record.tenant_id, record.id, record.version),
            "ConditionExpression": DEFINITION_VERSIONS.absent,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        current = put_if(self._client, request)
        return current is None or (not is_damaged(current, _record) and read_record(current).digest == record.digest)

    def put_newest(self, record: DefinitionRecord) -> bool:
        """Make a version the newest."""
        request: PutItemInputTypeDef = {
            "TableName": self._heads,
            "Item": _write(record),
            "ConditionExpression": "attribute_not_exists(#version) OR #version <= :version",
            "ExpressionAttributeNames": {"#version": "version"},
            "ExpressionAttributeValues": {":version": {"N": str(record.version)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        return put_or_mend(self._client, request, _record) is None

    def text(self, tenant_id: str, definition_id: str, version: int) -> str | None:
        """Read the text of a version."""
        found = self._read(self._versions, _text_key(tenant_id, definition_id, version))
        with undamaged(f"the text of definition {definition_id}@{version}"):
            return None if found is None else text_of(DEFINITION_VERSIONS.known(found)["text"]).decode()

    def put_text(self, record: DefinitionRecord, text: str) -> None:
        """Keep the text of a version."""
        item = _text_key(record.tenant_id, record.id, record.version) | DEFINITION_VERSIONS.mark
        with unavailable():
            self._client.put_item(TableName=self._versions, Item={**item, "text": pack(text.encode())})

    def list(
        self,
        tenant_id: str,
        limit: int,
        after: str | None = None,
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[DefinitionRecord]:
        """Read newest versions by id."""
        request: QueryInputTypeDef = {
            "TableName": self._heads,
            "KeyConditionExpression": f"{DEFINITIONS.partition} = :tenant",
            "FilterExpression": "attribute_not_exists(retired)",
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}},
            "ConsistentRead": True,
            "ScanIndexForward": not last_first,
        }
        if after is not None:
            request["ExclusiveStartKey"] = DEFINITIONS.key(tenant_id, after)
        takes = None if names is None else (lambda item: matching(item[DEFINITIONS.sort]["S"], names))
        return query_of(self._client, request, limit, read_record, takes)

    def versions(
        self, tenant_id: str, definition_id: str, limit: int, after: int | None = None, *, newest_first: bool = True
    ) -> Sequence[DefinitionRecord]:
        """Read versions."""
        request: QueryInputTypeDef = {
            "TableName": self._versions,
            "KeyConditionExpression": f"{DEFINITION_VERSIONS.partition} = :tenant AND begins_with(#key, :name)",
            "ExpressionAttributeNames": {"#key": DEFINITION_VERSIONS.sort},
            "ExpressionAttributeValues": {":tenant": {"S": tenant_id}, ":name": {"S": f"{definition_id}@"}},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        if after is not None:
            request["ExclusiveStartKey"] = _version_key(tenant_id, definition_id, after)
        return query_of(self._client, request, limit, read_record)

    def _get(self, table: str, key: Item) -> DefinitionRecord | None:
        found = self._read(table, key)
        return None if found is None else _record(found)

    def _read(self, table: str, key: Item) -> "Item | None":
        with unavailable():
            return self._client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item")


def _version_key(tenant_id: str, definition_id: str, version: int) -> Item:
    return DEFINITION_VERSIONS.key(tenant_id, f"{definition_id}@{version:05d}")


def _text_key(tenant_id: str, definition_id: str, version: int) -> Item:
    """Make the key of a text: beside its version, whose item every start of an execution may read, and need not."""
    return DEFINITION_VERSIONS.key(tenant_id, f"text#{definition_id}@{version:05d}")


def _write(record: DefinitionRecord) -> Item:
    item: Item = {
        **DEFINITIONS.row(record.tenant_id, record.id),
        "version": {"N": str(record.version)},
        "digest": {"S": record.digest},
        "createdAt": {"S": format_instant(record.created_at)},
        "document": pack(encode(record.document)),
    }
    if record.created_by is not None:
        item["createdBy"] = {"S": encode(subject_json(record.created_by)).decode()}
    return item | {"retired": {"BOOL": True}} if record.retired else item


def _record(item: Item) -> DefinitionRecord:
    is_version = DEFINITION_VERSIONS.sort in item
    place = item[DEFINITION_VERSIONS.sort if is_version else DEFINITIONS.sort]["S"]
    with undamaged(f"definition {item[DEFINITIONS.partition]['S']} {place}", BACKUP if is_version else REPLACEABLE):
        return read_record(item)


def read_record(item: Item) -> DefinitionRecord:
    """Read an item of either table."""
    return DefinitionRecord(
        tenant_id=DEFINITIONS.known(item)[DEFINITIONS.partition]["S"],
        id=item[DEFINITIONS.sort]["S"],
        version=int(item["version"]["N"]),
        document={**unpack(item["document"])},
        digest=item["digest"]["S"],
        created_at=parse_instant(item["createdAt"]["S"]),
        created_by=read_subject(json.loads(item["createdBy"]["S"])) if "createdBy" in item else None,
        retired="retired" in item,
    )
