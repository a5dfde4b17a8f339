"""History as a chain: each row names the row before it by key and hash, the execution names the newest."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from chalicelib.core.document import link_json, record_json
from chalicelib.core.errors import HistoryBrokenError
from chalicelib.core.model import Link, Record
from chalicelib.core.payload import LIMITS, Limits, pack, record_slots
from chalicelib.core.values import Json


@dataclass(frozen=True, slots=True)
class Row:
    """The records of the turns that one write commits."""

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
        return int(self.key.partition("#")[0])

    @property
    def link(self) -> Link:
        """The row's key and the SHA-256 of its content, the row before included."""
        previous = None if self.previous is None else link_json(self.previous)
        content = json.dumps([self.execution, self.key, previous, self.records], separators=(",", ":"), sort_keys=True)
        return Link(self.key, hashlib.sha256(content.encode()).hexdigest())


def new_row(  # noqa: PLR0913, PLR0917 - what a row is made of
    execution: str,
    version: int,
    writer: str,
    previous: Link | None,
    records: Sequence[Record],
    limits: Limits = LIMITS,
) -> Row:
    """Make the row to put before an execution's write of a version; ``writer`` names the request and its attempt."""
    tenant = execution.partition(":")[0]
    packed = pack(tenant, [record_json(record) for record in records], record_slots, limits)
    for place, reference in packed.references.items():
        index, _, member = place[1:].partition("/")
        packed.document[int(index)].setdefault("references", {})[f"/{member}"] = asdict(reference)
    return Row(execution, f"{version:012d}#{writer}", previous, packed.document, packed.payloads)


def anchor(rows: Sequence[Row], newest: Link, last: int) -> Link | None:
    """Find a row that counts, of version ``last`` or later, to follow the chain from; None: read more rows.

    It is the newest one, or the only row of a version all of whose rows have been read.
    """
    if any(row.key == newest.key for row in rows):
        return newest
    versions = Counter(row.version for row in rows)
    highest = max(versions, default=0)
    sure = (row.link for row in rows if last <= row.version < highest and versions[row.version] == 1)
    return next(sure, None)


def chained(rows: Sequence[Row], newest: Link, after: int = 0) -> list[Row]:
    """Keep the rows that count, oldest first: those reached from ``newest`` backwards to behind a version.

    Raises:
        HistoryBrokenError: a row on the way was changed, or is missing.
    """
    by_key = {row.key: row for row in rows}
    counted: list[Row] = []
    link: Link | None = newest
    while link is not None and _version(link) > after:
        row = by_key.get(link.key)
        if row is None or row.link != link:
            raise HistoryBrokenError
        counted.append(row)
        link = row.previous
    return counted[::-1]


def _version(link: Link) -> int:
    return int(link.key.partition("#")[0])
