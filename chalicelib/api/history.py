"""Pages of history: only the rows are read that a page shows, and what proves them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.filters import between
from chalicelib.api.values import execution_link
from chalicelib.core.executions.model import Link
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.history import Row, version_of
from chalicelib.core.records.history_filter import HistoryFilter
from chalicelib.core.records.payload import shown_slots
from chalicelib.core.records.shown import MAX_ANSWER, linked, shorten
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value
from chalicelib.usecases.execution_details import Entry, EntryPlace, ExecutionDetails, in_order_of_time
from chalicelib.usecases.history import Beginning, HistoryReader
from chalicelib.usecases.values import EntryKey

MAX_VALUES = LIMITS.answer_part_bytes
SCANNED = 1000
"""Records that a page reads at most, be they wanted or not."""
MOST_CHANGES = 1_000_000
"""More than people ever change a task."""


class HistoryCursor(NamedTuple):
    """Where a page begins: at an entry of a row that counts, by the link to it, or of what follows that row."""

    key: str
    """Of the row; empty, where there was none."""
    digest: str
    behind: bool
    number: int
    """Of the entry's record in its row."""
    change: int
    """Which of the changes of the record's task the entry is."""
    left: int
    """How many records of the row are still to be shown."""

    def beginning(self, limit: int, *, newest_first: bool) -> Beginning:
        """Say where to begin to read, and how many rows at first: as many as most pages need."""
        most = 2 if newest_first else 3  # what proves a row stands behind it
        link = Link(self.key, self.digest) if self.key else None
        return Beginning(link, self.behind, 1 if self.left > limit + 1 and not self.behind else most)


@value
class PageRead:
    """What was read for a page."""

    rows: Mapping[int, tuple[Row, Link | None]]
    """Each named by the one before it: its own name is another one once the newest have moved into a row."""
    entries: Sequence[Entry]
    """In the order of the page, be they wanted or not."""
    behind: EntryPlace | None
    """Where to read on behind them all; None: there is nothing that can be wanted."""


@value
class HistoryPage:
    """A page that is asked for."""

    request: ApiRequest
    histories: HistoryReader
    details: ExecutionDetails

    @property
    def step(self) -> int:
        """The order: 1 is the oldest first, -1 the newest."""
        return -1 if self.request.query["sort"] == "-time" else 1

    def answer(self) -> Response:
        """Answer with the page.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            HistoryBrokenError: a row was changed after it was written.
        """
        wanted = wanted_entries(self.request)
        limit = self.request.query["limit"]
        read = self.read(wanted, limit + 2)
        entries = [entry for entry in read.entries if wanted.wants(entry[1])]
        shown = self.shown(entries[:limit])
        behind = entries[len(shown)][0] if len(shown) < len(entries) else read.behind
        following = None if behind is None else self.cursor_at(read, behind)
        placed = [*zip((place for place, _ in entries), shown, strict=False)]
        ordered = in_order_of_time(placed[:: self.step])[:: self.step]
        return web.as_lines(self.request, web.page(self.request, ordered, following))

    def shown(self, entries: Sequence[Entry], room: int = MAX_ANSWER) -> list[dict[str, Json]]:
        """Write entries, so many that an answer holds them."""
        self.histories.store.fill(self.request.path["tenantId"], [record for _, record in entries], MAX_VALUES)
        return web.fitting((shown_entry(*self.request.place, *entry) for entry in entries), room)

    def cursor_at(self, read: PageRead, place: EntryPlace) -> list[Json]:
        """Say that the next page begins at a place."""
        return [*self._cursor(*read.rows[place.row], place)]

    def read(self, wanted: HistoryFilter, most: int) -> PageRead:
        """Read so many records that are wanted from a place on, with what people did with their tasks."""
        newest_first = self.step < 0
        given = web.cursor(self.request, str, str, bool, int, int, int)
        cursor = None if given is None else HistoryCursor(*given)
        read = self.histories.newest_first if newest_first else self.histories.oldest_first
        rows: dict[int, tuple[Row, Link | None]] = {}
        records: list[Entry] = []
        first = whole = None
        found, is_over = 0, False
        for row, link in read(*self.request.place, self._beginning(wanted, cursor)):
            start = version_of(row.previous)
            if cursor is not None and not rows:
                first = EntryPlace(start, cursor.number, cursor.change)
                whole = EntryPlace(start, cursor.number)  # the record itself, whose changes come with it
            rows[start] = row, link
            numbered = [(EntryPlace(start, number), record) for number, record in enumerate(row.records)]
            for entry in [each for each in numbered[:: self.step] if self._is_ahead(each[0], whole)]:
                is_over = is_over or wanted.is_passed(entry[1], newest_first=newest_first)
                if not is_over and found < most and len(records) < SCANNED:
                    records.append(entry)
                    found += wanted.wants(entry[1])
            if is_over or found >= most or len(records) >= SCANNED:
                break
        behind = None
        if not is_over and (found >= most or len(records) >= SCANNED):
            behind = records.pop()[0]._replace(change=0 if self.step > 0 else MOST_CHANGES)
        entries = self.details.with_changes(self.request.path["tenantId"], records[:: self.step])
        return PageRead(rows, [entry for entry in entries[:: self.step] if self._is_ahead(entry[0], first)], behind)

    def _beginning(self, wanted: HistoryFilter, cursor: HistoryCursor | None) -> Beginning | None:
        """Say where to begin to read: at the cursor; without one, near the instant from which on entries are wanted."""
        newest_first = self.step < 0
        if cursor is not None:
            return cursor.beginning(self.request.query["limit"], newest_first=newest_first)
        instant = wanted.until if newest_first else wanted.since
        if instant is None:
            return None
        return self.histories.beginning_at(
            self.histories.execution(*self.request.place), instant, newest_first=newest_first
        )

    def _is_ahead(self, place: EntryPlace, first: EntryPlace | None) -> bool:
        """Tell whether a place is not before the first one of the page, in its order."""
        return first is None or (place >= first if self.step > 0 else place <= first)

    def _cursor(self, row: Row, link: Link | None, place: EntryPlace) -> HistoryCursor:
        """Say where the next page begins; what is in no row yet is known by the row before it."""
        count = len(row.records)
        left = place.number + 1 if self.step < 0 else count - place.number
        named = row.previous if link is None else link
        key, digest = ("", "") if named is None else (named.key, named.digest)
        return HistoryCursor(key, digest, link is None, place.number, place.change, left)


def wanted_entries(request: ApiRequest) -> HistoryFilter:
    """Read which entries are wanted.

    Raises:
        InvalidError: nobody can want that.
    """
    query, (since, until) = request.query, between(request)
    kinds = None if query["kind"] is None else frozenset(query["kind"])
    return HistoryFilter(kinds, query["step"], query["thread"], query["text"], since, until)


def shown_entry(tenant: str, execution: str, place: EntryPlace, record: dict[str, Any]) -> dict[str, Json]:
    """Write an entry of a history."""
    link = execution_link(tenant, execution, EntryKey(place.row, place.number))
    return shorten(tenant, linked(record, link), shown_slots, link)
