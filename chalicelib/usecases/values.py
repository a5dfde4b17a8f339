"""The use case of values: read a value of an execution, or of its history, of any size; and downloads of values."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, Protocol

from chalicelib.core.records.history import put_back
from chalicelib.core.records.payload import Reference, Slot, digest, hasher, shown_slots
from chalicelib.core.records.shown import around, quoted, shown_values, view_slots
from chalicelib.core.values.errors import PayloadLostError, ValueNotFoundError
from chalicelib.core.values.json import encode, read_pointer
from chalicelib.core.values.value import value
from chalicelib.ports import ExecutionStore, HistoryStore
from chalicelib.usecases.executions import ExecutionService

PLACES = "/input, /output, /stash/… or /error/…"
"""What the view of an execution has."""
PART_BYTES = 8 * 1024 * 1024
"""Of a value that is put there: it is never in memory as a whole. S3 takes no less than 5 MB."""


class EntryKey(NamedTuple):
    """Names an entry of history: the version of the row before its own, and its number in its row."""

    after: int
    number: int

    def __str__(self) -> str:
        return f"{self.after}.{self.number}"

    @classmethod
    def parse(cls, text: str) -> "EntryKey":
        """Read a key."""
        after, _, number = text.partition(".")
        return cls(int(after), int(number))


@value
class HeldValue:
    """A value that can be read in parts."""

    reference: Reference
    read: Callable[[int, int], bytes]
    """Reads the bytes of its JSON text from one to before another."""

    @property
    def size(self) -> int:
        """How many bytes its JSON text has."""
        return self.reference.bytes

    def text(self) -> bytes:
        """Read all of it."""
        return self.read(0, self.size)


def held(tenant_id: str, text: bytes) -> HeldValue:
    """Make a readable value of a text that is in memory."""
    return HeldValue(Reference(digest(tenant_id, text), len(text)), lambda start, stop: text[start:stop])


@value
class ValueService:
    """The use case, for one tenant at a time."""

    executions: ExecutionStore
    history: HistoryStore
    service: ExecutionService

    def read(self, tenant_id: str, execution_id: str, place: str, entry: EntryKey | None = None) -> HeldValue:
        """Find a value of an execution, or of an entry of its history, by its place there.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            ValueNotFoundError: nothing is at this place.
            PayloadLostError: the value is lost.
            UnavailableError: the store did not answer.
        """
        if entry is not None:
            return self._of_entry(tenant_id, execution_id, place, entry)
        outline = self.service.read_outline(tenant_id, execution_id, quoted)
        found = around(place).choose(outline.left_out)
        if [*found] == [place]:
            return self._kept(self.executions, tenant_id, outline.left_out[place])
        if found:
            outline = self.service.read_outline(tenant_id, execution_id, around(place))
        document = shown_values(outline.execution)
        return held(tenant_id, find(view_slots(document), place, PLACES))

    def _of_entry(self, tenant_id: str, execution_id: str, place: str, key: EntryKey) -> HeldValue:
        row = self.service.histories.after(tenant_id, execution_id, key.after)
        records = [] if row is None else row.records
        if key.number >= len(records):
            raise ValueNotFoundError(f"{execution_id} has no entry {key} in its history: take it from a link there")
        record = records[key.number]
        references = {name: Reference(**each) for name, each in record.get("references", {}).items()}
        found = around(place).choose(references)
        if [*found] == [place]:
            return self._kept(self.history, tenant_id, references[place])
        texts = {each: self._kept(self.history, tenant_id, each).text() for each in map(references.__getitem__, found)}
        put_back(record, {each.sha256: text for each, text in texts.items()})
        return held(tenant_id, find(shown_slots(record), place, "/result, /stash/…, /error/… or /change/…"))

    @staticmethod
    def _kept(store: ExecutionStore | HistoryStore, tenant_id: str, reference: Reference) -> HeldValue:
        return HeldValue(reference, partial(store.read_text, tenant_id, reference))


class DownloadStore(Protocol):
    """JSON texts by name, which never change; every method can raise UnavailableError."""

    def has(self, name: str) -> bool:
        """Tell whether there is one of this name."""

    def put(self, name: str, parts: Iterable[bytes]) -> None:
        """Keep one that comes in parts; where ``parts`` raises, there is none of this name."""

    def link(self, name: str) -> str:
        """Make an address from which one can be read, by whoever has it, for five minutes."""


@value
class DownloadService:
    """The use case."""

    store: DownloadStore

    def link(self, tenant_id: str, found: HeldValue) -> str:
        """Answer an address of a value, which is put there if it is not there yet.

        Raises:
            PayloadLostError: the value is lost.
            UnavailableError: a store did not answer.
        """
        name = f"{tenant_id}/{found.reference.sha256}"
        if not self.store.has(name):
            self.store.put(name, _checked(tenant_id, found))
        return self.store.link(name)


def _checked(tenant_id: str, found: HeldValue) -> Iterator[bytes]:
    """Read a value in parts, and compare it with its hash behind the last one."""
    made = hasher(tenant_id)
    for start in range(0, found.size, PART_BYTES):
        part = found.read(start, min(start + PART_BYTES, found.size))
        made.update(part)
        yield part
    if made.hexdigest() != found.reference.sha256:
        raise PayloadLostError


def find(slots: Iterator[Slot], place: str, places: str) -> bytes:
    """Find the JSON text of what is at a place, which is one of some ``places``.

    Raises:
        ValueNotFoundError: nothing is.
    """
    for slot in slots:
        for each in (slot, *slot.inner()):
            if each.pointer == place:
                return encode(each.holder[each.member])
    raise ValueNotFoundError(f"there is no value at {place[:200]!r}: it is one of {places}")


def pick(document: Any, place: str) -> bytes:  # noqa: ANN401 - any JSON
    """Find what is at a place of a JSON value.

    Raises:
        ValueNotFoundError: nothing is.
    """
    found = document
    for key in read_pointer(place):
        if isinstance(found, Mapping) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            raise ValueNotFoundError(f"there is no value at {place[:200]!r}")
    return encode(found)
