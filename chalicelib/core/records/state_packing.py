"""The large values of the state of an execution, which is packed before there is a text of all of it."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chalicelib.core.records.payload import (
    PACKING,
    Packed,
    PackingLimits,
    Reference,
    Slots,
    digest,
    footprint,
    is_part,
    pack,
    require_memory,
    values_of,
)
from chalicelib.core.values.json import Json, encode, is_longer


def pack_state(
    tenant: str,
    document: dict[str, Any],
    slots: Slots,
    limits: PackingLimits = PACKING,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> Packed:
    """Write a document as :func:`.pack` does, but one that is not text yet, and changes: no text of all of it is made.

    ``beside`` are the texts, by hash, of what has moved out of it before.

    Raises:
        OutgrownError: its values are more than a function can hold; it is told before their texts are made.
    """
    held, moved = _Held(tenant), dict[str, Reference]()
    if is_longer(document, limits.slot):
        valued = values_of(slots(document), limits.slot)
        long = (slot for slot in valued if is_longer(slot.holder[slot.member], limits.slot))
        for slot, reference in [(slot, held.take(slot.holder[slot.member])) for slot in long]:
            if not is_part(held.payloads[reference.sha256], {**beside, **held.payloads}, limits):
                moved[slot.pointer] = reference
                slot.holder[slot.member] = None
    hashes = {reference.sha256 for reference in moved.values()}
    payloads = {sha256: text for sha256, text in held.payloads.items() if sha256 in hashes}
    packed = pack(tenant, encode(document), slots, limits, moved, {**beside, **payloads})
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
