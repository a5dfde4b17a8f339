"""Events that are matched by key, in DynamoDB: one item for each name and key of a tenant, with JSON text."""

import hashlib
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, pack, unpack
from chalicelib.adapters.dynamodb.chunks import pack_references, unpack_references
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.tables import SIGNALS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.values.json import encode
from chalicelib.core.waits.correlation import (
    Correlation,
    correlation_json,
    correlation_slots,
    expires,
    read_correlation,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef

LONGEST = 512
"""Longer names and keys, in bytes, are hashed: a sort key holds 1024 (Amazon DynamoDB Developer Guide, "Quotas")."""


class DynamoSignals:
    """The table of events."""

    def __init__(self, client: "DynamoDBClient", names: Names, payloads: Payloads) -> None:
        self._client = client
        self._table = names.table(SIGNALS)
        self._payloads = payloads

    def get(self, tenant_id: str, name: str, key: str) -> Correlation:
        """Read a row."""
        with unavailable():
            answer = self._client.get_item(TableName=self._table, Key=_key(tenant_id, name, key), ConsistentRead=True)
        blank = Correlation(tenant_id, name, key)
        return self._read(blank, answer["Item"]) if "Item" in answer else blank

    def put(self, row: Correlation) -> bool:
        """Write the next version of a row."""
        request: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": self._write(row),
            "ConditionExpression": SIGNALS.absent,
        }
        if row.version > 1:
            request["ConditionExpression"] = "#version = :version"
            request["ExpressionAttributeNames"] = {"#version": "version"}
            request["ExpressionAttributeValues"] = {":version": {"N": str(row.version - 1)}}
        return put_if(self._client, request) is None

    def _write(self, row: Correlation) -> Item:
        packed = self._payloads.pack(row.tenant_id, correlation_json(row), correlation_slots)
        item: Item = {
            **_key(row.tenant_id, row.name, row.key),
            "version": {"N": str(row.version)},
            "document": pack(packed.text),
        }
        if packed.references:
            item["payloads"] = pack_references(packed.references)
        if (end := expires(row)) is not None:
            item[SIGNALS.expiry] = {"N": str(int(end.timestamp()) + 1)}
        return item

    def _read(self, blank: Correlation, item: Item) -> Correlation:
        document = unpack(item["document"])
        references = unpack_references(item["payloads"]) if "payloads" in item else {}
        self._payloads.unpack(blank.tenant_id, document, references, correlation_slots)
        row = Correlation(blank.tenant_id, blank.name, blank.key, int(item["version"]["N"]))
        return read_correlation(row, document)


def _key(tenant_id: str, name: str, key: str) -> Item:
    text = encode([name, key])
    sort = text.decode() if len(text) <= LONGEST else hashlib.sha256(text).hexdigest()
    return SIGNALS.key(tenant_id, sort)
