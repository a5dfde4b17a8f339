"""ChunkStore of payloads in DynamoDB, and references as an attribute."""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Attribute
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.reads import batch_get
from chalicelib.adapters.dynamodb.tables import FORMAT, PAYLOADS
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import ChunkKey
from chalicelib.core.records.payload import Reference

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient


class DynamoChunks:
    """The table of chunks."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(PAYLOADS)

    def put(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk."""
        with unavailable():
            self._client.put_item(
                TableName=self._table, Item={**PAYLOADS.row(sha256, number), "content": {"B": content}}
            )

    def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
        """Read chunks."""
        wanted = [PAYLOADS.key(*key) for key in keys]
        items = batch_get(self._client, self._table, wanted, (PAYLOADS.partition, PAYLOADS.sort, FORMAT, "content"))
        return {
            (item[PAYLOADS.partition]["S"], int(item[PAYLOADS.sort]["N"])): bytes(item["content"]["B"])
            for item in map(PAYLOADS.known, items)
        }


def pack_references(references: Mapping[str, Reference]) -> Attribute:
    """Make an attribute of references by JSON pointer: ``hash/bytes`` each."""
    return {"M": {pointer: {"S": f"{each.sha256}/{each.bytes}"} for pointer, each in references.items()}}


def unpack_references(attribute: Attribute) -> dict[str, Reference]:
    """Read the references of an attribute that :func:`pack_references` made."""
    chunks = {pointer: each["S"].partition("/") for pointer, each in attribute["M"].items()}
    return {pointer: Reference(sha256, int(size)) for pointer, (sha256, _, size) in chunks.items()}
