"""Packing of the state of an execution: its large values move out before there is a text of all of it.

A short input is stored beside the state, too, if it would make each of many writes dearer.
"""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from chalicelib.core.records.payload import (
    ITEM_REFERENCE_BYTES,
    PACKING,
    Packed,
    PackingLimits,
    Quotation,
    Reference,
    Slot,
    Slots,
    digest,
    footprint,
    is_part,
    pack,
    require_memory,
    short,
    values_of,
)
from chalicelib.core.records.quotations import QUOTED, Library, far
from chalicelib.core.records.shown import is_needed
from chalicelib.core.values.json import Json, encode, is_longer
from chalicelib.core.values.value import copy_with, value

_NONE: Mapping[str, bytes] = MappingProxyType({})


def pack_state(  # noqa: PLR0913, PLR0917 - as of any document, and what was there before
    tenant: str,
    document: dict[str, Any],
    slots: Slots,
    limits: PackingLimits = PACKING,
    beside: Mapping[str, bytes] = _NONE,
    written: Mapping[str, bytes] = _NONE,
) -> Packed:
    """Write a document as :func:`.pack` does, but one that is not text yet, and changes: no text of all of it is made.

    ``beside`` are the texts, by hash, of what has moved out of it before; ``written`` those of long payloads to which
    the version before refers. What is in a much longer value that is too long to compare with is quoted.

    Raises:
        OutgrownError: its values are more than a function can hold; it is told before their texts are made.
    """
    packing = _StatePacking(tenant, document, slots, limits, beside)
    if is_longer(document, limits.slot):
        packing.take_long()
    library = packing.long_payloads(written)
    quoted = packing.quote(library) if library.sources else []
    packed = packing.packed()
    if not quoted:
        return packed
    numbers, pieces = _between_marks(packed.text)
    if sorted(numbers) != [*range(len(quoted))]:  # a group moved as a whole, or a user's value looks like a mark
        packing.put_back(quoted)
        return packing.packed()
    at, quotations = 0, list[Quotation]()
    for number, piece in zip(numbers, pieces, strict=False):
        at += len(piece)
        quotations.append(quoted[number].quotation._replace(at=at))
    sources = {each.sha256: library.sources[each.sha256] for each in quotations}
    return copy_with(packed, text=b"".join(pieces), quotations=quotations, quoted=sources)


class _Quoted(NamedTuple):
    """A value in the place of which a mark is written."""

    slot: Slot
    value: Json
    quotation: Quotation


def _mark(number: int) -> str:
    return f"\0{number}"


_MARK = re.compile(rb'"\\u0000(\d{1,9})"')


def _between_marks(text: bytes) -> tuple[list[int], list[bytes]]:
    """Take a text apart at the marks in it: their numbers, and what is between them."""
    split = _MARK.split(text)
    return [*map(int, split[1::2])], split[::2]


class _StatePacking:
    """What moves out of one document."""

    def __init__(
        self,
        tenant: str,
        document: dict[str, Any],
        slots: Slots,
        limits: PackingLimits,
        beside: Mapping[str, bytes],
    ) -> None:
        self._tenant, self._document, self._slots, self._limits = tenant, document, slots, limits
        self._beside = beside
        self._held = _Held(tenant)
        self._long = list[tuple[Slot, Reference]]()
        self._quoted = set[str]()

    def take_long(self) -> None:
        """Make the texts of the long values.

        Raises:
            OutgrownError: they are more than a function can hold.
        """
        least = self._limits.slot
        valued = values_of(self._slots(self._document), least)
        long = (slot for slot in valued if is_longer(slot.holder[slot.member], least))
        self._long = [(slot, self._held.take(slot.holder[slot.member])) for slot in long]

    def long_payloads(self, written: Mapping[str, bytes]) -> Library:
        """Collect the payloads that are too long to compare with."""
        near = {**self._beside, **self._held.payloads}
        return Library(far({**written, **near}, short(near, self._limits)), QUOTED)

    def quote(self, library: Library) -> list[_Quoted]:
        """Put a mark in the place of each value that is in a library.

        Raises:
            OutgrownError: all values are more than a function can hold.
        """
        made = list[_Quoted]()
        known = {slot.pointer: self._held.payloads[reference.sha256] for slot, reference in self._long}
        for slot in values_of(self._slots(self._document), PACKING.smallest):
            held = slot.holder[slot.member]
            text = known[slot.pointer] if slot.pointer in known else encode(held)
            is_long = len(text) >= PACKING.smallest and not is_needed(slot.pointer)
            if is_long and (found := library.find(text)) is not None:
                self._held.quote(text)
                self._quoted.add(slot.pointer)
                slot.holder[slot.member] = _mark(len(made))
                made.append(_Quoted(slot, held, Quotation(0, len(text), *found)))
        return made

    def put_back(self, quoted: Sequence[_Quoted]) -> None:
        """Write the values themselves, after all."""
        self._quoted.clear()
        for slot, held, _ in quoted:
            slot.holder[slot.member] = held

    def packed(self) -> Packed:
        """Write the document without its large values."""
        moved, held = dict[str, Reference](), self._held
        long = [(slot, reference) for slot, reference in self._long if slot.pointer not in self._quoted]
        texts = {reference.sha256: held.payloads[reference.sha256] for _, reference in long}
        for slot, reference in long:
            if not is_part(texts[reference.sha256], {**self._beside, **texts}, self._limits):
                moved[slot.pointer] = reference
                slot.holder[slot.member] = None
        hashes = {reference.sha256 for reference in moved.values()}
        payloads = {sha256: text for sha256, text in texts.items() if sha256 in hashes}
        beside = {**self._beside, **payloads}
        packed = pack(self._tenant, encode(self._document), self._slots, self._limits, moved, beside)
        return Packed(packed.text, packed.references, {**payloads, **packed.payloads}, held.memory + packed.memory)


class _Held:
    """The large values of one document, and what they take in memory."""

    def __init__(self, tenant: str) -> None:
        self._tenant = tenant
        self.payloads: dict[str, bytes] = {}
        self.memory = 0
        self._taken: dict[int, Reference] = {}
        self._first: dict[str, Json] = {}
        self._weighed = set[int]()

    def take(self, value: Json) -> Reference:
        """Make the text of a value, unless it was made for another place.

        Raises:
            OutgrownError: all of them are more than a function can hold.
        """
        reference = self._taken.get(id(value))
        if reference is None:
            text = encode(value)
            reference = self._taken[id(value)] = Reference(digest(self._tenant, text), len(text))
            self.memory += self._new(reference.sha256, value, text)
            require_memory(self.memory)
        return reference

    def quote(self, text: bytes) -> None:
        """Count what is quoted, which whoever reads it makes a value of its own of.

        Raises:
            OutgrownError: all of it is more than a function can hold.
        """
        self.memory += footprint(text)
        require_memory(self.memory)

    def _new(self, sha256: str, value: Json, text: bytes) -> int:
        """Tell what a value takes beside those before: one that equals another may still have parts of its own."""
        if sha256 not in self.payloads:
            self.payloads[sha256], self._first[sha256] = text, value
            return footprint(text)
        self._weigh_again(self._first[sha256])
        return self._weigh_again(value)

    def _weigh_again(self, value: Json) -> int:
        """Weigh what has not been weighed of a value and all in it; what is small is weighed at each of its places."""
        size, waiting = 0, [value]
        while waiting:
            part = waiting.pop()
            if isinstance(part, list | dict):
                here = _CONTAINER + len(part) * _MEMBER
            elif isinstance(part, str):
                here = _TEXT + len(part)
            else:
                continue
            if here > _SMALL:
                if id(part) in self._weighed:
                    continue
                self._weighed.add(id(part))
            size += here
            if isinstance(part, list):
                waiting += part
            elif isinstance(part, dict):
                waiting += part.values()
        return size


_CONTAINER, _MEMBER, _TEXT = 56, 40, 50
_SMALL = 1_000
"""Bytes of what is rather weighed twice than kept in mind: that takes as much."""


UNIT = 1024
"""Bytes of an item that cost a unit when it is written (Amazon DynamoDB Developer Guide, "write request units")."""

BARE = 150
"""Bytes of an item beside its document, about."""

UNTOUCHED = 350
"""Bytes of an item beside its input, about, where nothing has come of it."""

INPUT = "/input"
"""Where it stands in the document of an execution."""


@value
class Aside:
    """The references to an input, by the places where it stood, and its JSON text, by hash."""

    references: Mapping[str, Reference]
    payloads: Mapping[str, bytes]


def saved_bytes(given: Json, likely: int) -> int:
    """Tell how much shorter an item of likely so many bytes is without its input; 0: that saves no write unit.

    A longer input than a state may hold is beside it already.
    """
    if likely <= UNIT or is_longer(given, PACKING.shared):
        return 0
    return _saved(_compressed_bytes(given), likely)


def is_dear(given: Json, before: int = 0) -> bool:
    """Tell whether an input makes an item dearer by a unit that is written now, and again: one that waits, or starts.

    The item had so many bytes ``before``, 0 where it was not read. Beside it the input is put once, and read each time.
    """
    if 0 < before <= UNIT or is_longer(given, PACKING.shared):
        return False
    size = _compressed_bytes(given)
    return _saved(size, before or UNTOUCHED + size) > 0


def _compressed_bytes(given: Json) -> int:
    return len(zlib.compress(encode(given), 1))


def _saved(size: int, likely: int) -> int:
    saved = size - ITEM_REFERENCE_BYTES
    return saved if -(-(likely - saved) // UNIT) < -(-likely // UNIT) else 0


def put_aside(tenant: str, given: Json, slots: Iterable[Slot]) -> Aside:
    """Move an input out of a document, which changes, wherever it is in it."""
    text = encode(given)
    reference = Reference(digest(tenant, text), len(text))
    alike = (slot for slot in slots if slot.holder[slot.member] == given)
    places = [slot for slot in alike if encode(slot.holder[slot.member]) == text]  # 1 == True, but is not the same
    for slot in places:
        slot.holder[slot.member] = None
    return Aside({slot.pointer: reference for slot in places}, {reference.sha256: text})


def beside(packed: Packed, aside: Aside) -> Packed:
    """Let a document that was shortened refer to its input, too."""
    references = {**aside.references, **packed.references}
    return copy_with(packed, references=references, payloads={**aside.payloads, **packed.payloads})
