"""The streams of the tables: each change of an execution, a task or a definition becomes a document of the index.

A stream hands changes over in order for each item, at least once. A document has the version of its item, so what comes
twice or late changes nothing. What can never be written is an incident, and goes by; while the engine does not answer,
what is not written yet comes again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeAlias

from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.search.documents import SearchEntry, SearchKind, lag_entry
from chalicelib.core.values.errors import UnavailableError, UnknownFormatError
from chalicelib.core.values.json import JsonObject, format_instant
from chalicelib.core.values.value import value
from chalicelib.ports import Clock, IncidentLog

RESERVE = timedelta(seconds=10)
"""Of the time of a function: it begins no other try within it."""
PAUSE_SECONDS = 1.0
"""Between the first two tries; between any other two it is twice as long."""
LONGEST_PAUSE_SECONDS = 8.0
BEHIND = timedelta(minutes=5)
"""How late changes may come into the index before it is an incident."""
SAID_EVERY = timedelta(minutes=1)
"""How often a process says again that it is so: another one may have ended the incident."""

StreamRecord: TypeAlias = Mapping[str, Any]
"""A record of a stream (AWS Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB")."""
ReadRecord: TypeAlias = Callable[[StreamRecord], SearchEntry | None]
"""Makes the document of the item that a record is about; None: it has none."""


class SearchIndex(Protocol):
    """The index of a stage.

    Every method raises UnavailableError where the engine does not answer, or takes nothing for now.
    """

    def write(self, entries: Sequence[SearchEntry]) -> Sequence[str | None]:
        """Write documents unless a newer version is there; answer of each why it is refused for good, or None."""

    def search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a request of :mod:`chalicelib.core.search.query`."""

    def refresh(self) -> None:
        """Let everything be found that is written."""

    def in_use(self) -> Sequence[str]:
        """Name the indexes that are written to."""

    def begin(self, suffix: str) -> str:
        """Make an index beside the one that is read, which is written to as well; answer its name."""

    def building(self) -> str | None:
        """Name that index, where there is one."""

    def abandon(self) -> None:
        """Delete that index, if there is one."""

    def switch(self) -> None:
        """Read that index from now on, in one step."""

    def clean(self) -> None:
        """Delete the indexes that are neither read nor written to."""

    def versions(self, index: str, keys: Sequence[str]) -> Mapping[str, int]:
        """Read the versions of documents of an index, by key; what is not there is left out."""

    def listed(self, index: str, after: str, limit: int) -> Sequence[JsonObject]:
        """Read the ``key``, ``kind``, ``tenant`` and ``id`` of documents of an index, by key, behind a key."""


@value
class Indexer:
    """Writes what streams tell into the index."""

    index: SearchIndex
    read: ReadRecord
    incidents: IncidentLog
    clock: Clock
    lateness: "Lateness"

    def handle(self, records: Sequence[StreamRecord], left: timedelta, most: int) -> JsonObject:
        """Write the documents of a batch, within the time that is left; answer from which record on it comes again.

        One of less than the ``most`` records is the newest: the index has all behind it, however late that is.
        """
        until = self.clock.now() + left - RESERVE
        entries, unread = self._entries(records)
        known = {entry.key: entry for _, entry in entries}  # of one item the last counts
        changed = [_changed_at(record) for record, _ in entries] or [_changed_at(record) for record in records[:1]]
        why = "its changes come late"
        try:
            self._write([*known.values(), *(lag_entry(at, self.clock.now()) for at in changed[-1:])], until)
        except UnavailableError as error:
            unread, why = records[0], str(error)
        if records:
            late = records[-1] if unread is None else unread
            now, is_all = self.clock.now(), unread is None and len(records) < most
            self.lateness.note(_table_of(late), now, now if is_all else _changed_at(late), why)
        failures = [] if unread is None else [{"itemIdentifier": unread["dynamodb"]["SequenceNumber"]}]
        return {"batchItemFailures": failures}

    def _entries(
        self, records: Sequence[StreamRecord]
    ) -> tuple[Sequence[tuple[StreamRecord, SearchEntry]], StreamRecord | None]:
        """Read records, up to the first that cannot be read for now: answer that, too."""
        found = list[tuple[StreamRecord, SearchEntry]]()
        for record in records:
            try:
                entry = self._entry(record)
            except UnavailableError as error:
                if not isinstance(error, UnknownFormatError) or self.clock.now() - _changed_at(record) <= BEHIND:
                    return found, record
                self._park_record(record, str(error))
                continue
            if entry is not None:
                found.append((record, entry))
        return found, None

    def _entry(self, record: StreamRecord) -> SearchEntry | None:
        try:
            return self.read(record)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever stands there must not stop what comes behind it
            self._park_record(record, type(error).__name__)
            return None

    def _park_record(self, record: StreamRecord, why: str) -> None:
        """Let a change go by whose item cannot be read."""
        change = record["dynamodb"]
        name = " ".join(str(value) for key in change["Keys"].values() for value in key.values())
        self._park(f"{_table_of(record)} {change['SequenceNumber']}", f"the item {name} cannot be read: {why}")

    def _write(self, entries: Sequence[SearchEntry], until: datetime) -> None:
        """Write documents, trying again while there is time.

        Raises:
            UnavailableError: there is none left.
        """
        pause = PAUSE_SECONDS
        while True:
            try:
                refused = self.index.write(entries)
                break
            except UnavailableError:
                if self.clock.now() + timedelta(seconds=pause) >= until:
                    raise
                self.clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)
        for entry, why in zip(entries, refused, strict=True):
            if why is not None:
                execution = entry.id if entry.kind == SearchKind.EXECUTION else ""
                detail = f"the search engine refused its document: {why}"
                self._park(f"{entry.kind} {entry.id}", detail, entry.tenant_id, execution)

    def _park(self, subject: str, detail: str, tenant: str = "", execution: str = "") -> None:
        kind = IncidentKind.INDEX_RECORD
        self.incidents.record(Incident(kind, subject, self.clock.now(), detail, tenant, execution))


class Lateness:
    """Whether the index is too far behind a table, as far as a process knows: while it is, that is an incident."""

    def __init__(self, incidents: IncidentLog) -> None:
        self._incidents = incidents
        self._said: dict[str, datetime | None] = {}

    def note(self, table: str, now: datetime, changed_at: datetime, why: str) -> None:
        """Note the instant of the newest change that is in the index, or of the oldest that is not, and why it is late.

        Raises:
            UnavailableError: the incident could not be written; the batch comes again.
        """
        said = self._said.get(table)
        if now - changed_at > BEHIND:
            if said is None or now - said >= SAID_EVERY:
                detail = f"search does not know what has changed since {format_instant(changed_at)}: {why}"
                self._incidents.record(Incident(IncidentKind.INDEX_BEHIND, table, now, detail))
                self._said[table] = now
        elif said is not None or table not in self._said:
            self._incidents.end(Incident(IncidentKind.INDEX_BEHIND, table, now, "").key, now, "the index has caught up")
            self._said[table] = None


def _table_of(record: StreamRecord) -> str:
    return str(record["eventSourceARN"].split("/")[1])


def _changed_at(record: StreamRecord) -> datetime:
    return datetime.fromtimestamp(float(record["dynamodb"]["ApproximateCreationDateTime"]), UTC)
