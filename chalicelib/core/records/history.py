"""History as a chain: each row names the row before it by key and hash, the execution names the newest.

What is newest of all stands in the execution's own item, its *tail*: it is written and read with the state, and costs
no write of its own. Once it is so large that every write of the state would pay for it, it moves into a row.
"""

import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from chalicelib.core.executions.cost import write_units
from chalicelib.core.executions.model import Execution, HistoryEntry, Link
from chalicelib.core.records.codec import entry_json, link_json, read_entry
from chalicelib.core.records.payload import (
    PACKING,
    Packed,
    PackingLimits,
    Reference,
    digest,
    pack,
    record_slots,
    short,
    shown_slots,
    unpack,
)
from chalicelib.core.records.quotations import Library, far, is_new, quoting
from chalicelib.core.values.errors import HistoryBrokenError
from chalicelib.core.values.json import Json, Path, decode, encode, is_longer, parse_instant, pointer
from chalicelib.core.values.value import value

UNIT = 1024
"""Bytes of an item that cost a unit when it is written (Amazon DynamoDB Developer Guide, "write request units")."""

SPARED = 128
"""Bytes that some writes more are likely to need; and those of a row beside its records."""


SHORTER = 3
"""By which compression makes a row shorter, about."""

SKEW = timedelta(minutes=1)
"""By how much clocks of functions may differ: so far beyond the bounds of time a history is read on."""


class HistoryKey(NamedTuple):
    """The key of a row, ``version#request#attempt``: two writers, and two tries of one, never share a key."""

    version: int
    """Of the execution that the row belongs to, if it counts."""
    writer: str
    """The request that wrote it, and which of its writes that was: ``request#attempt``."""

    def __str__(self) -> str:
        return f"{self.least(self.version)}#{self.writer}"

    @classmethod
    def parse(cls, text: str) -> "HistoryKey":
        """Read a key."""
        version, _, writer = text.partition("#")
        return cls(int(version), writer)

    @staticmethod
    def least(version: int) -> str:
        """Answer what is less than every key of a version, and more than those of all versions before."""
        return f"{version:012d}"


@value
class Row:
    """The records of the turns that one write commits, and of the writes since the row before."""

    execution: str
    key: str
    """Of a :class:`HistoryKey`."""
    previous: Link | None
    text: bytes
    """The JSON text of its records, which is hashed as it was written."""
    payloads: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    """To be written before the row: the JSON texts of large values, by hash. A row that was read has none."""
    held: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    """Of those that are written, what the payloads may be written as what differs from."""

    @property
    def records(self) -> list[dict[str, Any]]:
        """The records, as JSON objects.

        A large value is null in its record, whose ``references`` have its hash and size, by JSON pointer into the
        record.
        """
        return [read_entry(each) for each in decode(self.text)]

    @property
    def version(self) -> int:
        """The version of the execution that this row belongs to, if it counts."""
        return HistoryKey.parse(self.key).version

    @property
    def units(self) -> int:
        """About how many write units it takes, without its payloads."""
        return write_units(len(self.text) // SHORTER)

    @property
    def link(self) -> Link:
        """The row's key and the SHA-256 of its content, the row before included."""
        previous = None if self.previous is None else link_json(self.previous)
        before = encode([self.execution, self.key, previous])
        return Link(self.key, hashlib.sha256(before + self.text).hexdigest())


@value
class News:
    """New records, as they stand in a tail, and the JSON texts of the values that they only refer to, by hash."""

    text: str
    payloads: Mapping[str, bytes] = field(default_factory=dict)


def news(item: Execution, records: Sequence[HistoryEntry], limits: PackingLimits = PACKING) -> News:
    """Write new records for the tail; long results that the state holds, too, are written as references.

    So are shorter ones that are its input, where that stands beside it.
    """
    documents = [entry_json(record) for record in records]
    payloads: dict[str, bytes] = {}
    long = limits.smallest if item.input_aside else limits.shared
    if any(record.size > long for record in records):
        hashes, held = _Hashes(), [*_held(item)]
        for record, document in zip(records, documents, strict=True):
            for path, value in _large(record) if record.size > long else ():
                text = encode(value)
                among = held if len(text) > limits.shared else [item.input] if len(text) > long else []
                if hashes.is_among(value, among):
                    reference = Reference(digest(item.tenant_id, text), len(text))
                    payloads[reference.sha256] = text
                    stash = record.stash.items()
                    alike = [("stash", name) for name, other in stash if hashes.is_among(value, [other])]
                    _refer(document[-1], [path, *alike], reference)
    return News(encode(documents)[1:-1].decode(), payloads)


class _Hashes:
    """The hashes of the JSON texts of values that live on meanwhile, each made once: the texts may be too large."""

    def __init__(self) -> None:
        self._known: dict[int, bytes] = {}

    def __getitem__(self, value: Json) -> bytes:
        known = self._known.get(id(value))
        if known is None:
            known = self._known[id(value)] = hashlib.sha256(encode(value)).digest()
        return known

    def is_among(self, value: Json, others: Sequence[Json]) -> bool:
        """Tell whether a value is equal to one of others; most are the very same object."""
        return any(other is value for other in others) or any(self[other] == self[value] for other in others)


def _held(item: Execution) -> Iterator[Json]:
    """Walk over the values of users in the state of an execution."""
    yield from (item.input, item.output, *item.stash.values())
    for thread in item.threads.values():
        yield from (thread.incoming, *thread.stash.values(), *thread.results.values())


def _large(record: HistoryEntry) -> Iterator[tuple[Path, Json]]:
    """Walk over what can be large in a record and stand in the state, too: its result, or its parameters."""
    yield ("result",), record.result
    if isinstance(params := record.about.get("params"), dict):
        yield from ((("params", name), param) for name, param in params.items())


def _refer(more: dict[str, Any], paths: Iterable[Path], reference: Reference) -> None:
    """Write a reference to a value at places of the optional members of a record."""
    for path in paths:
        *outer, name = map(str, path)
        holder = more
        for member in outer:
            more[member] = holder = {**more[member]}  # what the record holds is not for others to change
        holder[name] = None
        more.setdefault("references", {})[pointer(path)] = asdict(reference)


def longer(tail: str, new: str) -> str:
    """Append new records to a tail."""
    return f"{tail},{new}" if tail and new else tail or new


def stays(tail: str, new: str, limits: PackingLimits = PACKING, likely: int = 0) -> bool:
    """Tell whether a tail can stay with the state at a write that has new records.

    What is new costs no more there than in a row; what an earlier write has paid for already must not be dear.
    ``likely`` is how long the item is likely to become, 0 where nothing tells or no further write is likely.
    """
    paid, fresh = tail.encode(), new.encode()
    if len(fresh) > limits.tail_new or len(paid) + len(fresh) > limits.tail_text:
        return False
    if paid and 0 < likely % UNIT < likely and _is_too_much(paid, fresh, likely % UNIT):
        return False
    return len(paid) <= limits.tail or len(zlib.compress(paid, 1)) <= limits.tail


def _is_too_much(paid: bytes, fresh: bytes, over: int) -> bool:
    """Tell whether a tail brings an item so little over a kilobyte that without it some writes would not pay for that.

    Beside the state it takes about half of what it does alone, and a row of its own is to cost one unit.
    """
    alone = len(zlib.compress(paid, 1))
    return over + SPARED < alone // 2 and len(zlib.compress(paid + fresh, 1)) + SPARED <= UNIT


def new_row(item: Execution, writer: str, new: News, limits: PackingLimits = PACKING) -> Row:
    """Make the row to put before the next write of an execution: of its tail and new records.

    ``writer`` names the request and its attempt.
    """
    given, held = _given(item, limits) if item.stored is None else {}, held_by(item)
    text, moved = f"[{longer(item.tail, new.text)}]".encode(), dict[str, Reference]()
    groups = dict[str, bytes]()
    library = Library(far({**given, **held}, short({**given, **held}, limits)))
    if library.sources:
        text, moved, groups = _without_quoting(item.tenant_id, text, library)
    packed = pack(item.tenant_id, text, record_slots, limits, moved)
    text = _with_references(packed) if packed.references else packed.text
    key = HistoryKey(item.version + 1, writer)
    return Row(item.id, str(key), item.head, text, {**given, **new.payloads, **groups, **packed.payloads}, held)


def _without_quoting(
    tenant: str, text: bytes, library: Library
) -> tuple[bytes, dict[str, Reference], dict[str, bytes]]:
    """Move out of records each stash of which most is in a library: it is written as what differs from that."""
    records, moved, payloads = decode(text), dict[str, Reference](), dict[str, bytes]()
    for slot in record_slots(records):
        group = encode(slot.holder[slot.member]) if slot.member == "stash" else b""
        if len(group) > PACKING.slot and not is_new(quoting(group, library), group):
            reference = moved[slot.pointer] = Reference(digest(tenant, group), len(group))
            payloads[reference.sha256] = group
            slot.holder[slot.member] = None
    return encode(records) if moved else text, moved, payloads


def held_by(item: Execution) -> dict[str, bytes]:
    """Answer the stored large values of an execution, by hash: other values may be written as differences from them."""
    return {} if item.stored is None else {**item.stored.far, **item.stored.held}


def _given(item: Execution, limits: PackingLimits) -> dict[str, bytes]:
    """Find the input that a submitted execution is to have beside its state, by hash."""
    text = encode(item.input) if is_longer(item.input, limits.shared) else b""
    return {digest(item.tenant_id, text): text} if text else {}


def _with_references(packed: Packed) -> bytes:
    records = decode(packed.text)
    for place, reference in packed.references.items():
        index, _, member = place[1:].split("/", 2)
        records[int(index)][-1].setdefault("references", {})[f"/{member}"] = asdict(reference)
    return encode(records)


def put_back(record: dict[str, Any], values: Mapping[str, bytes]) -> None:
    """Put values, by hash, back into a record at the places of its references."""
    references = record.get("references", {})
    found = {place: Reference(**each) for place, each in references.items() if each["sha256"] in values}
    for place in unpack(record, found, values, shown_slots):
        del references[place]
    if not references:
        record.pop("references", None)


def newest(item: Execution) -> Row | None:
    """Answer the tail of an execution as a row, behind all others."""
    if not item.tail:
        return None
    return Row(item.id, str(HistoryKey(item.version, item.writer)), item.head, f"[{item.tail}]".encode())


def version_of(link: Link | None) -> int:
    """Tell the version of the execution that the row belongs to which a link names; 0 where none does."""
    return 0 if link is None else HistoryKey.parse(link.key).version


def anchor(rows: Sequence[Row], known: Link | None) -> Link | None:
    """Find one of some rows that surely counts, to follow the chain from; None: read more rows.

    It is the one that is known to, or the newest that another row names: nobody goes on from a row that was lost.
    """
    if known is not None and any(row.key == known.key for row in rows):
        return known
    named = {row.previous.key: row.previous for row in rows if row.previous is not None}
    return next((named[row.key] for row in reversed(rows) if row.key in named), None)


def chained(rows: Sequence[Row], head: Link, after: str = "") -> list[Row]:
    """Keep the rows that count, oldest first: those reached from ``head`` backwards to behind a key.

    Raises:
        HistoryBrokenError: a row on the way was changed, or is missing.
    """
    by_key = {row.key: row for row in rows}
    counted: list[Row] = []
    link: Link | None = head
    while link is not None and link.key > after:
        row = by_key.get(link.key)
        if row is None or row.link != link:
            raise HistoryBrokenError
        counted.append(row)
        link = row.previous
    return counted[::-1]


def is_later(row: Row, instant: datetime, *, or_then: bool = False) -> bool:
    """Tell whether the records of a row begin after an instant, or then, whatever their clocks."""
    begun = parse_instant(row.records[0]["time"])
    return begun + SKEW >= instant if or_then else begun - SKEW > instant


def redriven_to(record: Mapping[str, Json]) -> str | None:
    """Find the step that a redrive named, in the record of the redrive."""
    change = record.get("change")
    step = change.get("step") if isinstance(change, dict) else None
    return str(step["to"]) if isinstance(step, dict) else None
