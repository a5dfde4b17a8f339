"""Large values: kept once under the hash of their content, outside the item that they belong to.

A *slot* is a place of a document where a user's value stands. A value that is too large is replaced by null, and a map
beside the document says where it went: so nothing in a user's value can be taken for a reference.
"""

import hashlib
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

from chalicelib.adapters.attributes import Attribute, Item, encode, pack, unpack
from chalicelib.adapters.faults import unavailable
from chalicelib.adapters.names import Names
from chalicelib.adapters.reads import batch_get
from chalicelib.core.document import JsonObject
from chalicelib.core.errors import PayloadLostError
from chalicelib.core.values import Path, pointer

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

SLOT_BYTES = 64 * 1024
"""A value whose text is longer moves out."""
DOCUMENT_BYTES = 350 * 1024
"""While a document is longer, its largest values move out: an item holds 400 KB (Amazon DynamoDB quotas)."""
SMALLEST_BYTES = 512
"""A shorter value stays: its reference would save nothing."""
PART_BYTES = 350 * 1024
KNOWN = 10_000
"""How many payloads are remembered as written."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A place of a document: a JSON pointer to it, and the object and the member that it is."""

    pointer: str
    holder: JsonObject
    member: str


Slots: TypeAlias = Callable[[Any], Iterable[Slot]]
"""Finds the slots of a document of one kind."""


def execution_slots(document: JsonObject) -> Iterator[Slot]:
    """Find the slots of the state of an execution."""
    yield from _slots(document, (), ("input", "output"), ("stash", "error"))
    for index, thread in enumerate(document["threads"]):
        yield from _slots(thread, ("threads", index), ("incoming",), ("stash", "results"))


def record_slots(records: list[JsonObject]) -> Iterator[Slot]:
    """Find the slots of records of history."""
    for index, record in enumerate(records):
        yield from _slots(record, (index,), ("result",), ("stash", "error"))


def _slots(holder: JsonObject, path: Path, members: Iterable[str], objects: Iterable[str]) -> Iterator[Slot]:
    """Find those of some members that are there, and every member of some objects."""
    yield from (Slot(pointer((*path, member)), holder, member) for member in members if member in holder)
    for name in objects:
        inner = holder.get(name, {})
        yield from _slots(inner, (*path, name), inner, ())


class Payloads:
    """Documents with their large values, in DynamoDB; one for a process, so that it writes no payload twice."""

    def __init__(self, client: "DynamoDBClient", names: Names, known: int = KNOWN) -> None:
        self._client = client
        self._table = names.payloads
        self._known: dict[str, None] = {}
        self._most = known
        self._lock = Lock()

    def pack(self, tenant: str, document: object, slots: Slots) -> Item:
        """Make the attributes of a document; what moves out of it is written when this returns.

        Payloads are of one tenant: its name is part of what is hashed.

        Raises:
            UnavailableError: DynamoDB did not answer.
        """
        text = encode(document)
        if len(text) <= SLOT_BYTES:
            return {"document": pack(text)}
        document = json.loads(text)
        references: dict[str, Attribute] = {}
        size = len(text)
        values = sorted(((encode(slot.holder[slot.member]), slot) for slot in slots(document)), key=_largest_first)
        for value, slot in values:
            if len(value) <= SMALLEST_BYTES or (len(value) <= SLOT_BYTES and size <= DOCUMENT_BYTES):
                break
            references[slot.pointer] = {"S": self._put(tenant, value)}
            slot.holder[slot.member] = None
            size -= len(value)
        attributes: Item = {"document": pack(encode(document))}
        return attributes | {"payloads": {"M": references}} if references else attributes

    def unpack(self, tenant: str, item: Item, slots: Slots) -> Any:  # noqa: ANN401 - JSON, whose shape the caller knows
        """Read a document whose attributes :meth:`pack` made.

        Raises:
            PayloadLostError: a payload is not there, or not what was put there.
            UnavailableError: DynamoDB did not answer.
        """
        document = unpack(item["document"])
        if "payloads" in item:
            references = {pointer: attribute["S"] for pointer, attribute in item["payloads"]["M"].items()}
            values = self._get(tenant, set(references.values()))
            for slot in slots(document):
                if slot.pointer in references:
                    slot.holder[slot.member] = json.loads(values[references[slot.pointer]])
        return document

    def _put(self, tenant: str, value: bytes) -> str:
        """Write a payload; its reference is its hash and the number of its parts."""
        digest = _digest(tenant, value)
        # Parts are cut before they are compressed: every writer of a payload writes the same parts, whatever its zlib.
        parts = [value[start : start + PART_BYTES] for start in range(0, len(value), PART_BYTES)]
        if digest not in self._known:
            for number, part in enumerate(parts):
                item: Item = {**_key(digest, number), "content": {"B": zlib.compress(part)}}
                with unavailable():
                    self._client.put_item(TableName=self._table, Item=item)
            self._remember(digest)
        return f"{digest}/{len(parts)}"

    def _get(self, tenant: str, references: Iterable[str]) -> dict[str, bytes]:
        """Read payloads, by reference."""
        wanted = {reference: reference.split("/") for reference in references}
        keys = [_key(digest, number) for digest, count in wanted.values() for number in range(int(count))]
        items = batch_get(self._client, self._table, keys, ("sha256", "part", "content"))
        parts = {(item["sha256"]["S"], int(item["part"]["N"])): bytes(item["content"]["B"]) for item in items}
        values = {}
        for reference, (digest, count) in wanted.items():
            found = [parts.get((digest, number)) for number in range(int(count))]
            value = b"".join(zlib.decompress(part) for part in found if part is not None)
            if _digest(tenant, value) != digest:
                raise PayloadLostError
            self._remember(digest)
            values[reference] = value
        return values

    def _remember(self, digest: str) -> None:
        with self._lock:
            self._known[digest] = None
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]


def _key(digest: str, part: int) -> Item:
    return {"sha256": {"S": digest}, "part": {"N": str(part)}}


def _digest(tenant: str, value: bytes) -> str:
    return hashlib.sha256(tenant.encode() + b"\0" + value).hexdigest()


def _largest_first(sized: tuple[bytes, Slot]) -> int:
    return -len(sized[0])
