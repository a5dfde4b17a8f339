"""ChunkStore of payloads in DynamoDB, and references as an attribute."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Attribute, Item
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.reads import batch_get
from chalicelib.adapters.dynamodb.tables import FORMAT, PAYLOADS
from chalicelib.adapters.dynamodb.writes import put_if
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
            self._client.put_item(TableName=self._table, Item=_item(sha256, number, content))

    def add(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk if there is none."""
        item = _item(sha256, number, content)
        put_if(self._client, {"TableName": self._table, "Item": item, "ConditionExpression": PAYLOADS.absent})

    def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
        """Read chunks, as any copy of the table has them; what a copy has not got yet, strongly consistent."""
        found = self._read(keys, consistent=False)
        return found | self._read({*keys} - found.keys(), consistent=True)

    def _read(self, keys: Collection[ChunkKey], *, consistent: bool) -> dict[ChunkKey, bytes]:
        wanted = [PAYLOADS.key(*key) for key in keys]
        names = (PAYLOADS.partition, PAYLOADS.sort, FORMAT, "content")
        items = batch_get(self._client, self._table, wanted, names, consistent=consistent)
        return {
            (item[PAYLOADS.partition]["S"], int(item[PAYLOADS.sort]["N"])): bytes(item["content"]["B"])
            for item in map(PAYLOADS.known, items)
        }


def _item(sha256: str, number: int, content: bytes) -> Item:
    return {**PAYLOADS.row(sha256, number), "content": {"B": content}}


def pack_bases(bases: Sequence[Reference]) -> Attribute:
    """Make an attribute of the payloads that a text refers to, in their order."""
    return {"S": ",".join(each.text for each in bases)}


def unpack_bases(attribute: Attribute) -> list[Reference]:
    """Read what :func:`pack_bases` made."""
    return [*map(Reference.parse, attribute["S"].split(","))]


def pack_references(references: Mapping[str, Reference]) -> Attribute:
    """Make an attribute of references by JSON pointer: ``hash/bytes`` each."""
    return {"M": {pointer: {"S": each.text} for pointer, each in references.items()}}


def unpack_references(attribute: Attribute) -> dict[str, Reference]:
    """Read the references of an attribute that :func:`pack_references` made."""
    return {pointer: Reference.parse(each["S"]) for pointer, each in attribute["M"].items()}
