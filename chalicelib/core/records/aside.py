"""An input beside the state, although it is short: what is written again and again need not bring it along."""

import zlib
from collections.abc import Iterable, Mapping

from chalicelib.core.records.payload import ITEM_REFERENCE_BYTES, PACKING, Packed, Reference, Slot, digest
from chalicelib.core.values.json import Json, encode, is_longer
from chalicelib.core.values.value import copy_with, value

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
    """Tell how much shorter an item of likely so many bytes is without an input; 0: it does not save a write a unit.

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
    """Leave an input out of a document wherever it stands, which changes."""
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
