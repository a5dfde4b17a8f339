"""History as a chain: each row names the row before it by key and hash, the execution names the newest.

What is newest of all stands in the execution's own item, its *tail*: it is written and read with the state, and costs
no write of its own. Once it is so large that every write of the state would pay for it, it moves into a row.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field

from chalicelib.core.dataclass import dataclass
from chalicelib.core.document import link_json
from chalicelib.core.errors import HistoryBrokenError
from chalicelib.core.model import Execution, Link
from chalicelib.core.payload import LIMITS, Limits, pack, record_slots
from chalicelib.core.values import Json, encode


@dataclass(frozen=True, slots=True)
class Row:
    """The records of the turns that one write commits, and of the writes since the row before."""

    execution: str
    key: str
    """``version#request#attempt``: two writers, and two tries of one, never share a key."""
    previous: Link | None
    records: Sequence[Mapping[str, Json]]
    """As JSON objects: what is hashed is what was written.

    A large value is null in its record, whose ``references`` have its hash and size, by JSON pointer into the record.
    """
    payloads: Mapping[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    """To be written before the row: the JSON texts of large values, by hash. A row that was read has none."""

    @property
    def version(self) -> int:
        """The version of the execution that this row belongs to, if it counts."""
        return _version(self.key)

    @property
    def link(self) -> Link:
        """The row's key and the SHA-256 of its content, the row before included."""
        previous = None if self.previous is None else link_json(self.previous)
        content = json.dumps([self.execution, self.key, previous, self.records], separators=(",", ":"), sort_keys=True)
        return Link(self.key, hashlib.sha256(content.encode()).hexdigest())


def stays(tail: Sequence[Mapping[str, Json]], new: Sequence[Mapping[str, Json]], limits: Limits = LIMITS) -> bool:
    """Tell whether a tail can stay with the state at a write that has new records.

    What is new costs no more there than in a row; what an earlier write has paid for already must not be dear.
    """
    paid, fresh = encode(tail) if tail else b"", encode(new)
    if len(fresh) > limits.tail_new or len(paid) + len(fresh) > limits.tail_text:
        return False
    return len(paid) <= limits.tail or len(zlib.compress(paid, 1)) <= limits.tail


def new_row(item: Execution, writer: str, new: Sequence[Mapping[str, Json]], limits: Limits = LIMITS) -> Row:
    """Make the row to put before the next write of an execution: of its tail and new records.

    ``writer`` names the request and its attempt.
    """
    packed = pack(item.tenant_id, [*item.tail, *new], record_slots, limits)
    for place, reference in packed.references.items():
        index, _, member = place[1:].partition("/")
        packed.document[int(index)].setdefault("references", {})[f"/{member}"] = asdict(reference)
    return Row(item.id, f"{item.version + 1:012d}#{writer}", item.head, packed.document, packed.payloads)


def newest(item: Execution) -> Row | None:
    """Answer the tail of an execution in the shape of a row, behind all others."""
    return Row(item.id, f"{item.version:012d}#{item.writer}", item.head, [*item.tail]) if item.tail else None


def version_of(link: Link) -> int:
    """Tell the version of the execution that the row belongs to which a link names."""
    return _version(link.key)


def _version(key: str) -> int:
    return int(key.partition("#")[0])


def anchor(rows: Sequence[Row], head: Link) -> Link | None:
    """Find the newest of some rows that surely counts, to follow the chain from; None: read more rows.

    It is the one that the execution names, or one that another row names: nobody goes on from a row that was lost.
    """
    if any(row.key == head.key for row in rows):
        return head
    named = {row.previous.key: row.previous for row in rows if row.previous is not None}
    return next((named[row.key] for row in reversed(rows) if row.key in named), None)


def chained(rows: Sequence[Row], head: Link, after: int = 0) -> list[Row]:
    """Keep the rows that count, oldest first: those reached from ``head`` backwards to behind a version.

    Raises:
        HistoryBrokenError: a row on the way was changed, or is missing.
    """
    by_key = {row.key: row for row in rows}
    counted: list[Row] = []
    link: Link | None = head
    while link is not None and version_of(link) > after:
        row = by_key.get(link.key)
        if row is None or row.link != link:
            raise HistoryBrokenError
        counted.append(row)
        link = row.previous
    return counted[::-1]
