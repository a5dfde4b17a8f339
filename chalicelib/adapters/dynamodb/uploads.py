"""Uploads in DynamoDB: an item that says up to when one is kept, and chunks of its parts."""

import hashlib
import sys
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Attribute, Item
from chalicelib.adapters.dynamodb.faults import unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import query
from chalicelib.adapters.dynamodb.tables import UPLOADS
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import CHUNK_BYTES

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

CHUNKS = 1_000
"""More than a part has: the number of a chunk is that of its part times this, and its own."""


class DynamoUploads:
    """The table of uploads."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(UPLOADS)

    def open(self, name: str, until: datetime) -> None:
        """Begin an upload."""
        self._put({**UPLOADS.row(name, 0), UPLOADS.expiry: _seconds(until)})

    def expires(self, name: str) -> datetime | None:
        """Tell up to when an upload is kept."""
        with unavailable():
            answer = self._client.get_item(TableName=self._table, Key=UPLOADS.key(name, 0), ConsistentRead=True)
        if "Item" not in answer:
            return None
        with undamaged(f"upload {name}"):
            return datetime.fromtimestamp(int(UPLOADS.known(answer["Item"])[UPLOADS.expiry]["N"]), UTC)

    def put(self, name: str, number: int, content: bytes, until: datetime) -> None:
        """Write a part, each chunk with the hash of the whole."""
        sha256 = hashlib.sha256(content).hexdigest()
        for chunk, start in enumerate(range(0, len(content), CHUNK_BYTES)):
            text = zlib.compress(content[start : start + CHUNK_BYTES], 1)
            row = UPLOADS.row(name, number * CHUNKS + chunk)
            self._put({**row, "content": {"B": text}, "sha256": {"S": sha256}, UPLOADS.expiry: _seconds(until)})

    def read(self, name: str) -> Mapping[int, bytes]:
        """Read the parts."""
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": f"{UPLOADS.partition} = :name AND {UPLOADS.sort} >= :first",
            "ExpressionAttributeValues": {":name": {"S": name}, ":first": {"N": str(CHUNKS)}},
            "ConsistentRead": True,
        }
        items = query(self._client, request, sys.maxsize)
        with undamaged(f"upload {name}"):
            by_part = groupby(map(UPLOADS.known, items), lambda item: _number(item) // CHUNKS)
            found = {number: _joined([*chunks]) for number, chunks in by_part}
        return {number: content for number, content in found.items() if content is not None}

    def _put(self, item: Item) -> None:
        with unavailable():
            self._client.put_item(TableName=self._table, Item=item)


def _joined(items: Sequence[Item]) -> bytes | None:
    """Join the chunks of a part; None where some are missing. What is behind them is of a longer part before."""
    sha256 = items[0]["sha256"]["S"]
    own = [bytes(item["content"]["B"]) for item in items if item["sha256"]["S"] == sha256]
    content = b"".join(map(zlib.decompress, own))
    return content if hashlib.sha256(content).hexdigest() == sha256 else None


def _number(item: Item) -> int:
    return int(item[UPLOADS.sort]["N"])


def _seconds(instant: datetime) -> Attribute:
    return {"N": str(int(instant.timestamp()))}
