"""Large values, written before the documents that refer to them, in chunks that a store can hold."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from threading import Lock
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

from chalicelib.core.executions.cost import write_units
from chalicelib.core.executions.model import Execution, StoredState
from chalicelib.core.records.bundles import Bundled, Sources, bundle
from chalicelib.core.records.compression import CORRUPT, compressed, decompressed
from chalicelib.core.records.history import put_back
from chalicelib.core.records.payload import (
    PACKING,
    Packed,
    PackingLimits,
    Reference,
    Slots,
    digest,
    execution_slots,
    footprint,
    pack,
    short,
    unpack,
)
from chalicelib.core.records.quotations import (
    Body,
    Library,
    differing,
    far,
    is_differing,
    is_new,
    quoting,
    read_differing,
)
from chalicelib.core.records.shown import Selection, is_needed, shown_places
from chalicelib.core.records.state_packing import pack_state
from chalicelib.core.values.errors import PayloadLostError
from chalicelib.core.values.json import Json, decode, encode
from chalicelib.engine.room import Room

CHUNK_BYTES = 350 * 1024
"""Never to change: how many chunks a payload has is not written anywhere."""
BARE_CHUNK = 100
"""Bytes of an item of the table of chunks, beside what it holds."""
KNOWN = 10_000
"""How many payloads are remembered as written."""

ChunkKey: TypeAlias = tuple[str, int]
"""The hash of a payload, and the number of a chunk of it, from 0."""


class ChunkStore(Protocol):
    """Where chunks of payloads are kept."""

    def put(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk; it may be there already.

        Raises:
            UnavailableError: the store did not answer.
        """

    def add(self, sha256: str, number: int, content: bytes) -> None:
        """Write a chunk if there is none.

        Raises:
            UnavailableError: the store did not answer.
        """

    def get(self, keys: Collection[ChunkKey]) -> Mapping[ChunkKey, bytes]:
        """Read chunks; those that are not there are left out. One that was just put is found.

        Raises:
            UnavailableError: the store did not answer.
        """


class Payloads:
    """Packs and unpacks documents with large values; one object for a process, so that it writes no payload twice.

    Args:
        chunks: where they are kept.
        limits: when a value is large.
        known: how many are remembered as written.
        room: where room is taken for those that are read; None: nobody shares it.
    """

    def __init__(
        self, chunks: ChunkStore, limits: PackingLimits = PACKING, known: int = KNOWN, room: Room | None = None
    ) -> None:
        self.chunks = chunks
        self.room = room or Room()
        self._limits = limits
        self._known: dict[str, bool] = {}
        """What is written, by hash, and whether as it is: nothing is written as what differs from something else."""
        self._most = known
        self._lock = Lock()

    def pack(self, tenant: str, document: object, slots: Slots, limits: PackingLimits | None = None) -> Packed:
        """Write a document as text, without its large values: by its own limits if it has any.

        They are written when this returns.

        Raises:
            UnavailableError: the store did not answer.
        """
        packed = pack(tenant, encode(document), slots, limits or self._limits)
        self.put(packed.payloads)
        return packed

    def shorten(  # noqa: PLR0913, PLR0917 - as pack_state
        self,
        tenant: str,
        document: dict[str, Any],
        slots: Slots,
        limits: PackingLimits | None = None,
        beside: Mapping[str, bytes] = MappingProxyType({}),
        stored: StoredState | None = None,
    ) -> Packed:
        """Write the state of an execution as text without its large values, but write none of these; it changes.

        ``beside`` are the texts, by hash, of what was left out of it before; ``stored`` is the version before.

        Raises:
            OutgrownError: it is more than a function can hold.
        """
        written = {} if stored is None else stored.far
        return pack_state(tenant, document, slots, limits or self._limits, beside, written)

    def bundle(self, packed: Packed, execution: Execution, limits: PackingLimits | None = None) -> Bundled:
        """Write the shortened state of an execution as what differs from payloads, but write none of these."""
        return bundle(packed, execution, limits or self._limits)

    def beside(self, text: bytes, payloads: Mapping[str, bytes]) -> Body:
        """Write a text as what differs from payloads."""
        return Sources(payloads, self._limits).beside(text)

    def restore(
        self,
        tenant: str,
        body: Body,
        references: Mapping[str, Reference],
        held: Mapping[str, bytes] = MappingProxyType({}),
    ) -> tuple[dict[str, Any], StoredState]:
        """Read the state of an execution with all its values, but for those that are held; and how it stands there.

        Raises:
            PayloadLostError: a payload is not there, or not what was put there.
            UnavailableError: the store did not answer, or there is no room for it.
        """
        values = self._with_room(tenant, {*body.bases, *references.values()}, held)
        bases = {each.sha256: values[each.sha256] for each in body.bases}
        beside = {each.sha256: values[each.sha256] for each in references.values()}
        held = short(beside, self._limits)
        quoted = {sha256: bases[sha256] for sha256 in body.quoted}
        stored = StoredState(bases, body.own, held, {**quoted, **far(beside, held)})
        text = body.text(bases.values())
        if quoted:
            self.room.take(footprint(text))
        document = decode(text)
        if references:
            unpack(document, references, values, execution_slots)
        return document, stored

    def unpack(self, tenant: str, document: Any, references: Mapping[str, Reference], slots: Slots) -> None:  # noqa: ANN401 - any JSON
        """Put values back into a document; this changes it.

        Raises:
            PayloadLostError: a payload is not there, or not what was put there.
            UnavailableError: the store did not answer, or there is no room for it.
        """
        if references:
            unpack(document, references, self._with_room(tenant, {*references.values()}), slots)

    def _with_room(
        self, tenant: str, wanted: Collection[Reference], held: Mapping[str, bytes] = MappingProxyType({})
    ) -> dict[str, bytes]:
        """Read payloads that are not held, for which room is taken first, and then for the values that they are."""
        size = 2 * sum(each.bytes for each in wanted)
        if not size:
            return {}
        self.room.take(size)
        values = {each.sha256: held[each.sha256] for each in wanted if each.sha256 in held}
        values |= self.get(tenant, [each for each in wanted if each.sha256 not in held])
        self.room.take(sum(map(footprint, values.values())) - size)
        return values

    def outline(
        self,
        tenant: str,
        body: Body,
        references: Mapping[str, Reference],
        selection: Selection,
        *,
        ended: bool,
    ) -> tuple[dict[str, Any], dict[str, Reference]]:
        """Read the state of an execution with some of its large values.

        Answers the references to the others that the API shows, too, by their places there.

        Raises:
            PayloadLostError: a payload is not there, or not what was put there.
            UnavailableError: the store did not answer.
        """
        without = frozenset[str]() if selection.with_quoted else body.quoted
        bases = self.get(tenant, (each for each in body.bases if each.sha256 not in without))
        document = decode(body.text((bases.get(each.sha256, b"") for each in body.bases), without))
        places = shown_places(document, references, ended=ended)
        chosen = {*selection.choose({shown: references[place] for place, shown in places.items()})}
        wanted = {place for place in references if places.get(place) in chosen or is_needed(place)}
        self.unpack(tenant, document, {place: references[place] for place in wanted}, execution_slots)
        return document, {shown: references[place] for place, shown in places.items() if place not in wanted}

    def read_text(self, tenant: str, reference: Reference, start: int, stop: int) -> bytes:
        """Read a part of a payload; only the whole is compared with its hash.

        Raises:
            PayloadLostError: it is not there, or not what was put there.
            UnavailableError: the store did not answer.
        """
        if start == 0 and stop >= reference.bytes:
            return self.get(tenant, [reference])[reference.sha256]
        first, last = start // CHUNK_BYTES, (min(stop, reference.bytes) - 1) // CHUNK_BYTES
        keys = [(reference.sha256, number) for number in range(first, last + 1)]
        content = _joined(self._texts(keys), keys)
        if content is None:
            raise PayloadLostError
        return content[start - first * CHUNK_BYTES : stop - first * CHUNK_BYTES]

    def put(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] = MappingProxyType({})) -> int:
        """Write payloads, by hash, but for those that are known to be there; answer the write units of that.

        One that is for the most part in others, which stand there as they are, is written as what differs from them:
        those that are ``held`` beside it, or, where it is much longer than they are, the longest, which comes first.
        Those of one chunk are compared; in longer ones values are searched.

        Raises:
            UnavailableError: the store did not answer.
        """
        new = sorted(payloads.keys() - self._known.keys(), key=lambda sha256: (-len(payloads[sha256]), sha256))
        if not new:
            return 0
        whole, units = {each: text for each, text in {**held, **payloads}.items() if self._known.get(each)}, 0
        if len(payloads[new[0]]) > 2 * sum(map(len, whole.values())):
            whole[new[0]] = payloads[new[0]]
            units += self._put(new[0], payloads[new.pop(0)])
        short_ones = {sha256: each for sha256, each in whole.items() if len(each) <= CHUNK_BYTES}
        sources = Sources(short_ones if new else {}, self._limits)
        library = Library(far(whole if new else {}, short(short_ones, self._limits)))
        for sha256 in new:
            text = payloads[sha256]
            body = sources.beside(text) if len(text) <= CHUNK_BYTES else Body(text)
            if is_new(body, text):
                body = quoting(text, library)
            units += self._put(sha256, text) if is_new(body, text) else self._add(sha256, body, len(text))
        return units

    def _add(self, sha256: str, body: Body, size: int) -> int:
        units = 0
        for number in _numbers(size):
            # Never over one that others may differ from by now: so that whatever these refer to is as it is.
            chunk = body.window(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES)
            self.chunks.add(sha256, number, content := differing(chunk) if chunk.bases else compressed(chunk.content))
            units += write_units(BARE_CHUNK + len(content))
        self.remember(sha256, whole=False)
        return units

    def _put(self, sha256: str, value: bytes) -> int:
        # They are cut before they are compressed: every writer writes the same chunks, however it compresses.
        units = 0
        for number in _numbers(len(value)):
            content = compressed(value[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES])
            self.chunks.put(sha256, number, content)
            units += write_units(BARE_CHUNK + len(content))
        self.remember(sha256)
        return units

    def get(self, tenant: str, references: Iterable[Reference]) -> dict[str, bytes]:
        """Read payloads, by hash.

        Raises:
            PayloadLostError: a payload is not there, or not what was put there.
            UnavailableError: the store did not answer.
        """
        wanted = set(references)
        values = self._find(tenant, wanted) if wanted else {}
        if any(each.sha256 not in values for each in wanted):
            raise PayloadLostError
        return values

    def lost(self, tenant: str, references: Collection[Reference]) -> Collection[Reference]:
        """Find the payloads that are not there, or not what was put there.

        Raises:
            UnavailableError: the store did not answer.
        """
        return [each for each in references if each.sha256 not in self._find(tenant, [each])]

    def _find(self, tenant: str, wanted: Collection[Reference]) -> dict[str, bytes]:
        """Read payloads, by hash; those that are not there, or not what was put there, are left out."""
        chunks = self._texts([(each.sha256, number) for each in wanted for number in _numbers(each.bytes)])
        values = {}
        for each in wanted:
            content = _joined(chunks, [(each.sha256, number) for number in _numbers(each.bytes)])
            if content is not None and digest(tenant, content) == each.sha256:
                values[each.sha256] = content
                self.remember(
                    each.sha256, whole=all(chunks[each.sha256, number].whole for number in _numbers(each.bytes))
                )
        return values

    def _texts(self, keys: Collection[ChunkKey]) -> "dict[ChunkKey, _Chunk]":
        """Read chunks, and those that they differ from; what is not there, or cannot be read, is left out."""
        bodies = _opened(self.chunks.get(keys))
        beside = {key for body in bodies.values() for key in body.chunks(CHUNK_BYTES)} - bodies.keys()
        if beside:
            bodies |= _opened(self.chunks.get([*beside]))
        found, texts = dict[ChunkKey, _Chunk](), {key: body.content for key, body in bodies.items()}
        for key, body in bodies.items():
            with suppress(KeyError):
                found[key] = _Chunk(body.text_of_chunks(texts, CHUNK_BYTES), whole=not body.bases)
        return found

    def fill(self, tenant: str, records: Iterable[dict[str, Any]], most: float) -> None:
        """Put the values that records of history refer to back into them: so many bytes in all at most.

        What is longer than a value may be, or is not there any more, stays a reference.

        Raises:
            UnavailableError: the store did not answer.
        """
        filled, wanted = list[dict[str, Any]](), set[Reference]()
        for record in records:
            found = (Reference(**each) for each in record.get("references", {}).values())
            short = [each for each in found if each.bytes <= self._limits.slot]
            size = sum(each.bytes for each in short)
            if short and size <= most:
                most -= size
                filled.append(record)
                wanted.update(short)
        values = self._find(tenant, wanted) if wanted else {}
        for record in filled:
            put_back(record, values)

    def result(self, tenant: str, record: Mapping[str, Any]) -> Json:
        """Answer the result that a record of history holds or refers to.

        Raises:
            PayloadLostError: it is not there, or not what was put there.
            UnavailableError: the store did not answer.
        """
        if (found := record.get("references", {}).get("/result")) is None:
            return record.get("result")
        reference = Reference(**found)
        value: Json = decode(self.get(tenant, [reference])[reference.sha256])
        return value

    def remember(self, sha256: str, *, whole: bool = True) -> None:
        """Remember that a payload is written, as it is or as a difference from others."""
        with self._lock:
            self._known[sha256] = whole
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]


def _numbers(size: int) -> range:
    """Count the chunks of a payload."""
    return range(-(-size // CHUNK_BYTES))


class _Chunk(NamedTuple):
    """The text of a chunk, and whether it is stored as it is."""

    text: bytes
    whole: bool


def _opened(contents: Mapping[ChunkKey, bytes]) -> dict[ChunkKey, Body]:
    """Decompress chunks; one that nobody has compressed is left out."""
    opened = dict[ChunkKey, Body]()
    for key, content in contents.items():
        with suppress(*CORRUPT):
            opened[key] = read_differing(content) if is_differing(content) else Body(decompressed(content))
    return opened


def _joined(chunks: Mapping[ChunkKey, _Chunk], keys: Iterable[ChunkKey]) -> bytes | None:
    try:
        return b"".join(chunks[key].text for key in keys)
    except KeyError:
        return None
