"""Large values: kept under the hash of their content, outside the document that they belong to.

A *slot* is a place of a document where a user's value stands. A value that is too large is replaced by null, and a
reference beside the document says where it went: so nothing in a user's value can be taken for a reference.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import OutgrownError
from chalicelib.core.values.json import Path, decode, encode, pointer
from chalicelib.core.values.value import value

REFERENCE_BYTES = 120
"""What a reference takes in a document, beside its pointer."""

ITEM_REFERENCE_BYTES = 80
"""The same in an item of DynamoDB (Amazon DynamoDB Developer Guide, "item sizes and formats")."""

HEADER_BYTES = 4 * 1024
"""What else an item takes at most."""

MAX_ITEM = LIMITS.execution_bytes
MAX_STATE = LIMITS.execution_chars


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


PACKING = PackingLimits()

STATE = PackingLimits(slot=PACKING.shared)
"""Of the state of an execution: it is written anew at every boundary, and what has been written twice would have paid
for an item of its own."""


@value
class Reference:
    """Where a value went, and the length of its JSON text."""

    sha256: str
    bytes: int


@value
class Packed:
    """The text of a document with null where values moved out, by JSON pointer, and their JSON texts, by hash."""

    text: bytes
    references: Mapping[str, Reference]
    payloads: Mapping[str, bytes]
    whole: int
    """How long the text was before they moved."""


@value
class Slot:
    """A place of a document: a JSON pointer to it, and the object and the member that it is."""

    pointer: str
    holder: dict[str, Any]
    member: str
    group: bool = False
    """An object of which every member is a slot; it moves out as a whole when its members did not suffice."""

    def inner(self) -> "Iterator[Slot]":
        """Find the slots in a group, as it stands now; there are none in any other value."""
        if self.group and isinstance(members := self.holder[self.member], dict):
            yield from (Slot(self.pointer + pointer((name,)), members, name) for name in members)


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
    """Find those of some members that are there."""
    yield from (Slot(pointer((*path, member)), holder, member) for member in members if member in holder)
    yield from (Slot(pointer((*path, name)), holder, name, group=True) for name in groups if name in holder)


def digest(tenant: str, value: bytes) -> str:
    """Hash the JSON text of a value of one tenant: tenants never share a payload."""
    return hashlib.sha256(tenant.encode() + b"\0" + value).hexdigest()


def pack(tenant: str, text: bytes, slots: Slots, limits: PackingLimits = PACKING) -> Packed:
    """Move values out of a document, as many as must; out of a short one none, and nothing is looked at.

    While the document is too long, the largest values move out; if those that are worth it do not suffice, whole groups
    do instead, and whatever is longer than its reference: a group has one, however many values it has.
    """
    if len(text) <= limits.slot:
        return Packed(text, {}, {}, len(text))
    packing = _Packing(tenant, limits, len(text))
    document = decode(text)
    packing.move_largest(_values(slots(document)), limits.smallest)
    if packing.size > limits.document:
        packing, document = _Packing(tenant, limits, len(text)), decode(text)
        packing.move_largest(_values(slots(document)), len(text))
        packing.move_largest(slots(document))
    short = encode(document) if packing.references else text
    return Packed(short, packing.references, packing.payloads, len(text))


def item_bytes(document: int, references: Iterable[str]) -> int:
    """Tell what an item takes whose document takes so many bytes, with the places of its references."""
    return HEADER_BYTES + document + sum(len(place.encode()) + ITEM_REFERENCE_BYTES for place in references)


def require_room(packed: Packed, document: int, most: int) -> None:
    """Hold the state of an execution, its document of so many bytes, against what its item may take.

    Raises:
        OutgrownError: it is too large.
    """
    if packed.whole > MAX_STATE:
        raise OutgrownError(_too_large("with all values", packed.whole, MAX_STATE))
    if (size := item_bytes(document, packed.references)) > most:
        raise OutgrownError(_too_large("without its large values", size, most))


def _too_large(what: str, size: int, most: int) -> str:
    return (
        f"the execution would take {size:,} bytes {what}, and {most:,} are the most: let fewer items run at once "
        "(maxConcurrency), keep less of the results (output), or leave a part of it to workflow steps"
    )


def unpack(
    document: Any,  # noqa: ANN401 - any JSON
    references: Mapping[str, Reference],
    values: Mapping[str, bytes],
    slots: Slots,
) -> list[str]:
    """Put values, by hash, back to where references say that they were; this changes the document.

    Answers where they are back: a value in a group that is still away has no place.
    """
    back: list[str] = []

    def put_back(slot: Slot) -> None:
        if slot.pointer in references:
            slot.holder[slot.member] = decode(values[references[slot.pointer].sha256])
            back.append(slot.pointer)

    for slot in slots(document):
        put_back(slot)
        for inner in slot.inner():
            put_back(inner)
    return back


class _Packing:
    """What has moved out of one document, and how long it is."""

    def __init__(self, tenant: str, limits: PackingLimits, size: int) -> None:
        self.tenant, self.limits, self.size = tenant, limits, size
        self.references: dict[str, Reference] = {}
        self.payloads: dict[str, bytes] = {}

    def move_largest(self, slots: Iterable[Slot], smallest: int = 0) -> None:
        """Move what must, and while the document is too long, what is longer than its reference and the smallest."""
        for text, slot in _largest_first(slot for slot in slots if slot.pointer not in self.references):
            saves = len(text) > max(smallest, self._cost(slot))
            if len(text) > self.limits.slot or (saves and self.size > self.limits.document):
                self.move(slot, text)

    def move(self, slot: Slot, value: bytes) -> None:
        sha256 = digest(self.tenant, value)
        self.references[slot.pointer] = Reference(sha256, len(value))
        self.payloads[sha256] = value
        self.size += self._cost(slot) - len(value)
        slot.holder[slot.member] = None

    def _cost(self, slot: Slot) -> int:
        return len(encode(slot.pointer)) + self.limits.reference


def _values(slots: Iterable[Slot]) -> list[Slot]:
    """Find the slots that are no groups, those inside of groups included."""
    return [each for slot in slots for each in (slot.inner() if slot.group else (slot,))]


def _largest_first(slots: Iterable[Slot]) -> list[tuple[bytes, Slot]]:
    valued = ((encode(slot.holder[slot.member]), slot) for slot in slots)
    return sorted(valued, key=lambda each: len(each[0]), reverse=True)
