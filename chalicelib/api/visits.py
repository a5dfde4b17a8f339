"""Pages of visits: a history, by step and attempt."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.history import HistoryPage, PageRead, shown_entry
from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.factory import submit
from chalicelib.core.executions.model import ROOT, Execution
from chalicelib.core.records.history import Row, version_of
from chalicelib.core.records.history_filter import HistoryFilter
from chalicelib.core.records.shown import MAX_ANSWER, around
from chalicelib.core.records.spans import trace_of
from chalicelib.core.records.visits import Visits, cut
from chalicelib.core.values.errors import DefinitionNotFoundError, InvalidError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value
from chalicelib.usecases.execution_details import Entry, EntryPlace, ExecutionDetails, in_order_of_time
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.history import Beginning

SPANS_TYPE = "application/vnd.otlp+json"
"""What ``Accept`` asks for spans with: JSON that collectors of OpenTelemetry take at ``/v1/traces``."""
ENTRIES_EACH = 4
"""Entries that most visits have at most."""
ASIDE = 200
"""Entries before a page, or behind it, that are looked at for what its visits began with, or came to."""


@value
class VisitPage:
    """A page of visits that is asked for."""

    request: ApiRequest
    service: ExecutionService
    details: ExecutionDetails

    def answer(self) -> Response:
        """Answer with the page.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            HistoryBrokenError: a row was changed after it was written.
        """
        visits, following = self.read()
        page = web.page(self.request, visits, following)
        if SPANS_TYPE not in self.request.http.headers.get("accept", ""):
            return web.as_lines(self.request, page)
        execution = self.service.histories.execution(*self.request.place)
        trace = trace_of(execution, visits, whole=self.request.query["cursor"] is None)
        page.body, page.headers["Content-Type"] = json.dumps(trace, ensure_ascii=False), SPANS_TYPE
        return page

    def read(self) -> tuple[list[dict[str, Any]], list[Json] | None]:
        """Read the visits of the page, and say where the next one begins."""
        limit, page = self.request.query["limit"], HistoryPage(self.request, self.service.histories, self.details)
        read = page.read(HistoryFilter(), ENTRIES_EACH * limit + 2)
        count = cut([record for _, record in read.entries], limit, newest_first=page.step < 0)
        entries = page.shown(read.entries[:count], MAX_ANSWER // 3)
        behind = read.entries[len(entries)][0] if len(entries) < len(read.entries) else read.behind
        following = None if behind is None else page.cursor_at(read, behind)
        whole = [*zip((place for place, _ in read.entries), entries, strict=False)][:: page.step]
        return self._visits(read, whole, is_last=following is None)[:: page.step], following

    def _visits(self, read: PageRead, entries: Sequence[Entry], *, is_last: bool) -> list[dict[str, Any]]:
        """Put together the visits of entries, the oldest first, with what stands beside the page if need be."""
        if not entries:
            return []
        newest_first, is_first = self.request.query["sort"] == "-time", self.request.query["cursor"] is None
        beside = self._beside()
        made = beside.visits(entries)
        if any(each["turn"] is None or _is_unknown(each) for each in made) or not is_first or newest_first:
            beside = copy_with(beside, before=self._before(read, entries[0][0]))
        if len(beside.before) < ASIDE:
            beside = copy_with(beside, stash=self._first_stash(beside))
        if any(each["state"] == "open" for each in made) and not (is_first if newest_first else is_last):
            beside = copy_with(beside, after=self._after(read, entries[-1][0]))
        return beside.visits(entries, newest_first=newest_first)

    def _before(self, read: PageRead, place: EntryPlace) -> list[Entry]:
        """Read what stands before a place, the oldest first."""
        _, link = read.rows[place.row]
        rows = self.service.histories.newest_first(*self.request.place, Beginning(link))
        found = (entry for row, _ in rows for entry in _numbered(row)[::-1] if entry[0] < place)
        return self._some(found)[::-1]

    def _after(self, read: PageRead, place: EntryPlace) -> list[Entry]:
        """Read what stands behind a place."""
        row, _ = read.rows[place.row]
        begin = Beginning() if row.previous is None else Beginning(row.previous, behind=True)
        rows = self.service.histories.oldest_first(*self.request.place, begin)
        return self._some(entry for row, _ in rows for entry in _numbered(row) if entry[0] > place)

    def _some(self, found: Iterator[Entry]) -> list[Entry]:
        """Take the first entries, as the API shows them; their large values stay references."""
        taken = [entry for entry, _ in zip(found, range(ASIDE), strict=False)]
        return [(place, shown_entry(*self.request.place, place, record)) for place, record in taken]

    def _beside(self) -> "Beside":
        item = self.service.histories.execution(*self.request.place)
        with suppress(DefinitionNotFoundError):
            return Beside(item, self.service.parsed.get(item.tenant_id, item.definition_id, item.definition_version))
        return Beside(item, None)

    def _first_stash(self, beside: "Beside") -> Mapping[str, Json] | None:
        """Make the stash with which an execution began; None: it is not known."""
        item, definition = beside.execution, beside.definition
        if definition is None or item.partition is not None or item.redrives:
            return None
        if definition.stash is None:
            return {}
        outline = self.service.read_outline(item.tenant_id, item.id, around("/input"))
        with suppress(InvalidError):
            return submit(definition, outline.execution).threads[ROOT].stash
        return None


@value
class Beside:
    """The history around the entries of a page, as far as its visits need it."""

    execution: Execution
    definition: Definition | None
    stash: Mapping[str, Json] | None = None
    """At the first of all entries; None: it is not known."""
    before: Sequence[Entry] = ()
    after: Sequence[Entry] = ()

    def visits(self, entries: Sequence[Entry], *, newest_first: bool = False) -> list[dict[str, Any]]:
        """Put together the visits of a page, but for those that a page before it has shown whole.

        That is one that shows the end of them from which the order comes: it has looked at what is beside it, too.
        """
        made, number = Visits(_types(self.definition), self.stash), 0
        found, places = dict[int, dict[str, Any]](), dict[int, list[tuple[int, bool]]]()
        for part in (self.before, entries, self.after):
            for entry in in_order_of_time(part):
                number += 1
                if (visit := made.add(entry)) is not None:
                    found[id(visit)] = visit
                    places.setdefault(id(visit), []).append((number, part is entries))
        return [
            visit
            for name, visit in found.items()
            if any(on_page for _, on_page in places[name])
            and not (_is_shown(places[name], newest_first=newest_first) and visit["turn"] is not None)
        ]


def _is_shown(places: Sequence[tuple[int, bool]], *, newest_first: bool) -> bool:
    """Tell whether a page before has shown a visit whole, by the places of its entries, and whether they are on it."""
    order = places[::-1] if newest_first else places
    ours = [number for number, on_page in places if on_page]
    first, on_page = order[0]
    return not on_page and max(abs(ours[0] - first), abs(ours[-1] - first)) <= ASIDE


def _types(definition: Definition | None) -> Callable[[str], str | None]:
    def type_of(path: str) -> str | None:
        step = None if definition is None else definition.steps.get(path)
        return None if step is None else step.type.name

    return type_of


def _is_unknown(visit: Mapping[str, Any]) -> bool:
    """Tell whether a visit left something of which it is not known what was there before."""
    return any("from" not in change for change in visit["stash"].values())


def _numbered(row: Row) -> list[Entry]:
    start = version_of(row.previous)
    return [(EntryPlace(start, number), record) for number, record in enumerate(row.records)]
