"""Large values: kept under the hash of their content, outside the document that they belong to.

A *slot* is a place of a document where a user's value stands. A value that is too large is replaced by null, and a
reference beside the document says where it went: so nothing in a user's value can be taken for a reference.
"""

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, NamedTuple, TypeAlias

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import OutgrownError
from chalicelib.core.values.json import Path, decode, encode, escaped, may_be_longer, pointer
from chalicelib.core.values.value import value

REFERENCE_BYTES = 120
"""What a reference takes in a document, beside its pointer."""

ITEM_REFERENCE_BYTES = 80
"""The same in an item of DynamoDB (Amazon DynamoDB Developer Guide, "item sizes and formats")."""

HEADER_BYTES = 4 * 1024
"""What else an item takes at most."""

MAX_ITEM = LIMITS.execution_bytes
MAX_MEMORY = LIMITS.execution_memory_bytes


@value
class PackingLimits:
    """When values move out of a document, and history out of the state: in bytes of JSON text."""

    slot: int = 64 * 1024
    """A longer value moves out."""
    document: int = 350 * 1024
    """While a document is longer, its largest values move out: an item holds 400 KB (Amazon DynamoDB quotas)."""
    smallest: int = 512
    """A shorter value stays, unless nothing else makes the document short enough."""
    tail: int = 1024
    """While the newest records of history take no more, compressed, they stay with the state once more: they would make
    a further write dearer by a unit (Amazon DynamoDB Developer Guide, "write request units")."""
    tail_text: int = 16 * 1024
    """However well they compress: every write compresses their text anew."""
    tail_new: int = 8 * 1024
    """More new records than this move into a row at once: with the state they would be written twice."""
    shared: int = 8 * 1024
    """A longer result is not in its record where the state holds it, too: both refer to it."""
    reference: int = REFERENCE_BYTES
    """What a reference takes in the document, beside its pointer."""
    plain: int = 3 * 1024
    """A state that is no longer has no bundles."""
    again: int = 1024
    """What has stood in the item before moves into a bundle where it takes more, compressed."""
    at_once: int = 4 * 1024
    """What is new moves into one where it takes more, compressed."""
    used: int = 512
    """A payload of which the state would refer to less is not referred to."""
    piece: int = 128
    """Nor is a shorter part."""


PACKING = PackingLimits()

STATE = PackingLimits(slot=PACKING.shared)
"""Of the state of an execution: it is written anew at every boundary, and what has been written twice would have paid
for an item of its own."""


@value
class Reference:
    """Where a value went, and the length of its JSON text."""

    sha256: str
    bytes: int

    @property
    def text(self) -> str:
        """Where references are stored as text: ``hash/bytes``."""
        return f"{self.sha256}/{self.bytes}"

    @classmethod
    def parse(cls, text: str) -> "Reference":
        """Read a reference from its text.

        Raises:
            ValueError: it is something else.
        """
        sha256, _, size = text.partition("/")
        return cls(sha256, int(size))


class Quotation(NamedTuple):
    """A piece of a text that is in a payload: its place in the text, its length, the payload, and its place there."""

    at: int
    length: int
    sha256: str
    start: int


@value
class Packed:
    """The text of a document with null where values moved out, by JSON pointer, and their JSON texts, by hash."""

    text: bytes
    references: Mapping[str, Reference]
    payloads: Mapping[str, bytes]
    memory: int
    """What a function needs to hold all of it: what is the same in several places counts once."""
    quotations: Sequence[Quotation] = ()
    """What is missing from the text, and is in payloads that are written already: in the order of its places."""
    quoted: Mapping[str, bytes] = field(default_factory=dict)
    """The texts of these payloads, by hash."""

    @property
    def is_short(self) -> bool:
        """Whether values are missing from the text."""
        return bool(self.references or self.quotations)


class Slot(NamedTuple):
    """A place of a document: a JSON pointer to it, and the object and the member that it is."""

    pointer: str
    holder: dict[str, Any]
    member: str
    group: bool = False
    """An object of which every member is a slot; it moves out as a whole when its members did not suffice."""

    def inner(self, least: int = 0) -> "Iterator[Slot]":
        """Find the slots in a group, as it stands now, but for values that surely have no more bytes of JSON.

        There are none in any other value.
        """
        if self.group and isinstance(members := self.holder[self.member], dict):
            for name, each in members.items():
                if not least or may_be_longer(each, least):
                    yield Slot(f"{self.pointer}/{escaped(name)}", members, name)


Slots: TypeAlias = Callable[[Any], Iterable[Slot]]
"""Finds the slots of a document of one kind, but for those inside of groups."""


def execution_slots(document: dict[str, Any]) -> Iterator[Slot]:
    """Find the slots of the state of an execution."""
    yield from value_slots(document, (), ("input", "output"), ("stash", "error"))
    for index, thread in enumerate(document["threads"]):
        yield from value_slots(
            thread, ("threads", index), ("incoming", "item", "items", "kept"), ("stash", "results", "error")
        )
        wait = thread.get("asking", {})
        yield from value_slots(wait, ("threads", index, "asking"), ("event_key",), ())
        yield from value_slots(wait.get("answer", {}), ("threads", index, "asking", "answer"), ("value", "reason"), ())
    for index, signal in enumerate(document.get("mailbox", ())):
        yield from value_slots(signal, ("mailbox", index), ("value",), ())


def record_slots(records: Sequence[list[Any]]) -> Iterator[Slot]:
    """Find the slots of records of history."""
    for index, record in enumerate(records):
        if isinstance(more := record[-1], dict):
            yield from shown_slots(more, (index, len(record) - 1))


def shown_slots(record: dict[str, Any], path: Path = ()) -> Iterator[Slot]:
    """Find the slots of a record of history as the API shows it."""
    yield from value_slots(record, path, ("result",), ("params", "stash", "error", "change"))


def value_slots(holder: dict[str, Any], path: Path, members: Iterable[str], groups: Iterable[str]) -> Iterator[Slot]:
    """Find the slots of those members that an object has."""
    yield from (Slot(pointer((*path, member)), holder, member) for member in members if member in holder)
    yield from (Slot(pointer((*path, name)), holder, name, group=True) for name in groups if name in holder)


def digest(tenant: str, value: bytes) -> str:
    """Hash the JSON text of a value of one tenant: tenants never share a payload."""
    made = hasher(tenant)
    made.update(value)
    return made.hexdigest()


def hasher(tenant: str) -> "hashlib._Hash":
    """Make the hash of a value that comes in parts."""
    return hashlib.sha256(tenant.encode() + b"\0")


def pack(  # noqa: PLR0913, PLR0917 - a document of any kind, and what a state has beside
    tenant: str,
    text: bytes,
    slots: Slots,
    limits: PackingLimits = PACKING,
    moved: Mapping[str, Reference] | None = None,
    beside: Mapping[str, bytes] | None = None,
) -> Packed:
    """Move values out of a document, as many as must; out of a short one none, and nothing is looked at.

    While the document is too long, the largest values move out; if those that are worth it do not suffice, whole groups
    do instead, and whatever is longer than its reference: a group has one, however many values it has. ``moved`` tells
    of values that have moved before. ``beside`` are their texts, by hash, where the document is to be written as what
    differs from those that move: a part of a much longer one stays in it.
    """
    moved, memory = moved or {}, footprint(text)
    if len(text) <= limits.slot:
        return Packed(text, moved, {}, memory)
    packing, document = _Packing(tenant, limits, len(text), moved, beside), decode(text)
    packing.move_largest(values_of(slots(document), min(limits.smallest, limits.slot)), limits.smallest)
    if packing.size > limits.document:
        packing, document = _Packing(tenant, limits, len(text), moved), decode(text)
        packing.move_largest(values_of(slots(document), limits.slot), len(text))
        packing.move_largest(slots(document))
    short = encode(document) if packing.payloads else text
    return Packed(short, packing.references, packing.payloads, memory)


def is_part(text: bytes, payloads: Mapping[str, bytes], limits: PackingLimits) -> bool:
    """Tell whether the text of a value stands in a much longer one with which a document is compared."""
    longer = (other for other in short(payloads, limits).values() if len(other) >= 2 * len(text))
    return len(text) <= PACKING.slot and any(text in other for other in longer)


def short(payloads: Mapping[str, bytes], limits: PackingLimits) -> dict[str, bytes]:
    """Choose large values to compare a document with, up to a length of all together."""
    chosen, room = dict[str, bytes](), limits.document
    for sha256, each in payloads.items():
        if len(each) <= room:
            chosen[sha256] = each
            room -= len(each)
    return chosen


_BYTES_OF_SIGNS: Mapping[bytes, int] = {b",": 32, b"[": 88, b"{": 135, b":": 5, b'"': 25}
"""What Python needs for a number, a list, an object, a member and a text, by the signs of their JSON."""


def footprint(text: bytes) -> int:
    """Estimate from above the bytes of memory that a value and its JSON text take."""
    width = 1 if text.isascii() else 4 if _ASTRAL.search(text) else 2
    signs = 0 if text.startswith(b'"') else sum(held * text.count(sign) for sign, held in _BYTES_OF_SIGNS.items())
    return len(text) * (1 + width) + signs


_ASTRAL = re.compile(rb"[\xf0-\xf4]")


def whole_bytes(text: bytes) -> int:
    """Count the bytes of an item that holds all of a text: it needs this room, as an end makes no bundles."""
    return len(zlib.compress(text))


def item_bytes(document: int, references: Iterable[str]) -> int:
    """Tell what an item takes whose document takes so many bytes, with the places of its references."""
    return HEADER_BYTES + document + sum(len(place.encode()) + ITEM_REFERENCE_BYTES for place in references)


def require_room(packed: Packed, document: int, most: int, spare: int = 0) -> None:
    """Check that the state of an execution, a document of so many bytes, fits into its item and into memory.

    Raises:
        OutgrownError: it is too large.
    """
    require_memory(packed.memory, MAX_MEMORY - spare)
    if (size := item_bytes(document, packed.references)) > most:
        raise OutgrownError(_too_large("execution_bytes", "without its large values", size, most))


def require_memory(size: int, most: int = MAX_MEMORY) -> None:
    """Check that the values of an execution fit into the memory of a function.

    Raises:
        OutgrownError: it is more.
    """
    if size > most:
        raise OutgrownError(_too_large("execution_memory_bytes", "of memory with all values", size, most))


def _too_large(limit: str, what: str, size: int, most: int) -> str:
    return beyond(limit, f"the execution would take {size:,} bytes {what}, and {most:,} are the most")


def unpack(
    document: Any,  # noqa: ANN401 - any JSON
    references: Mapping[str, Reference],
    values: Mapping[str, bytes],
    slots: Slots,
) -> list[str]:
    """Put values, by hash, back to where references say that they were; this changes the document.

    Answers where they are back: a value in a group that is still away has no place. What is the same in several places
    is one value in memory, but for groups, of which each may lack other members.
    """
    back: list[str] = []
    known: dict[str, Any] = {}

    def put_back(slot: Slot) -> None:
        if slot.pointer in references:
            sha256 = references[slot.pointer].sha256
            if slot.group or sha256 not in known:
                known[sha256] = decode(values[sha256])
            slot.holder[slot.member] = known[sha256]
            back.append(slot.pointer)

    holders = {place.rpartition("/")[0] for place in references}
    for slot in slots(document):
        put_back(slot)
        for inner in slot.inner() if slot.pointer in holders else ():
            put_back(inner)
    return back


class _Packing:
    """What has moved out of one document, and how long it is."""

    def __init__(
        self,
        tenant: str,
        limits: PackingLimits,
        size: int,
        moved: Mapping[str, Reference],
        beside: Mapping[str, bytes] | None = None,
    ) -> None:
        self.tenant, self.limits, self.beside = tenant, limits, beside
        self.size = size + sum(len(encode(place)) + limits.reference for place in moved)
        self.references = dict(moved)
        self.payloads: dict[str, bytes] = {}

    def move_largest(self, slots: Iterable[Slot], smallest: int = 0) -> None:
        """Move what must, and while the document is too long, what is longer than its reference and the smallest."""
        least = max(smallest, self.limits.reference)
        for text, slot in _largest_first(slot for slot in slots if slot.pointer not in self.references):
            if len(text) <= min(least, self.limits.slot):
                break
            saves = len(text) > least and len(text) > self._cost(slot)
            if self._must_move(text) or (saves and self.size > self.limits.document):
                self.move(slot, text)

    def _must_move(self, text: bytes) -> bool:
        if len(text) <= self.limits.slot or self.beside is None:
            return len(text) > self.limits.slot
        return not is_part(text, {**self.beside, **self.payloads}, self.limits)

    def move(self, slot: Slot, value: bytes) -> None:
        sha256 = digest(self.tenant, value)
        self.references[slot.pointer] = Reference(sha256, len(value))
        self.payloads[sha256] = value
        self.size += self._cost(slot) - len(value)
        slot.holder[slot.member] = None

    def _cost(self, slot: Slot) -> int:
        return len(encode(slot.pointer)) + self.limits.reference


def values_of(slots: Iterable[Slot], least: int = 0) -> list[Slot]:
    """Find the slots that are no groups, and those inside of groups that may have more bytes of JSON than that."""
    return [each for slot in slots for each in (slot.inner(least) if slot.group else (slot,))]


def _largest_first(slots: Iterable[Slot]) -> list[tuple[bytes, Slot]]:
    valued = ((encode(slot.holder[slot.member]), slot) for slot in slots)
    return sorted(valued, key=lambda each: len(each[0]), reverse=True)
