"""Pages of the history of an execution together with those of all that it has started."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from itertools import dropwhile
from typing import Any

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.history import MAX_VALUES, SCANNED, shown_entry, wanted_entries
from chalicelib.core.executions.listing import ExecutionFilter
from chalicelib.core.records.history_filter import HistoryFilter
from chalicelib.core.values.json import Json, parse_instant
from chalicelib.core.values.value import value
from chalicelib.ports import Clock, ExecutionStore
from chalicelib.usecases.execution_details import EntryPlace, ExecutionDetails
from chalicelib.usecases.family import FamilyEntry, FamilyReader
from chalicelib.usecases.history import HistoryReader


@value
class FamilyPage:
    """A page that is asked for."""

    request: ApiRequest
    family: FamilyReader

    def answer(self) -> Response:
        """Answer with the page.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            InvalidError: it has started more than are read together.
            HistoryBrokenError: a row was changed after it was written.
        """
        found, behind = self.read(wanted_entries(self.request), self._place())
        shown = self.shown(found)
        behind = found[len(shown)] if len(shown) < len(found) else behind
        following: list[Json] | None = None if behind is None else [behind.at, behind.execution, *behind.place]
        return web.as_lines(self.request, web.page(self.request, shown, following))

    def read(self, wanted: HistoryFilter, place: FamilyEntry | None) -> tuple[list[FamilyEntry], FamilyEntry | None]:
        """Read as many entries as the page may show, from a place on; tell the one behind them."""
        found, looked = list[FamilyEntry](), 0
        for entry in dropwhile(lambda each: self._is_before(each, place), self._entries(wanted, place)):
            if entry.record is None:
                continue
            if wanted.is_passed({"time": entry.at}, newest_first=self.family.newest_first):
                break
            if looked == SCANNED or len(found) == self.request.query["limit"]:
                return found, entry
            looked += 1
            found += [entry] if wanted.wants(entry.record) else []
        return found, None

    def shown(self, entries: list[FamilyEntry]) -> list[dict[str, Json]]:
        """Write entries, so many that an answer holds them."""
        tenant = self.request.path["tenantId"]
        records: list[dict[str, Any]] = [dict(entry.record or {}) for entry in entries]
        self.family.histories.store.fill(tenant, records, MAX_VALUES)
        return web.fitting(
            {"executionId": entry.execution, **shown_entry(tenant, entry.execution, entry.place, record)}
            for entry, record in zip(entries, records, strict=True)
        )

    def _entries(self, wanted: HistoryFilter, place: FamilyEntry | None) -> Iterator[FamilyEntry]:
        return self.family.entries(*self.request.place, self._instant(wanted, place))

    def _instant(self, wanted: HistoryFilter, place: FamilyEntry | None) -> datetime | None:
        """Tell from about which instant on to read."""
        if place is not None:
            return parse_instant(place.at)
        return wanted.until if self.family.newest_first else wanted.since

    def _place(self) -> FamilyEntry | None:
        given = web.cursor(self.request, str, str, int, int, int)
        if given is None:
            return None
        at, execution, *place = given
        return FamilyEntry(at, execution, EntryPlace(*place))

    def _is_before(self, entry: FamilyEntry, place: FamilyEntry | None) -> bool:
        """Tell whether an entry stands before the page."""
        if place is None:
            return False
        return entry.order > place.order if self.family.newest_first else entry.order < place.order


def family_of(
    request: ApiRequest, histories: HistoryReader, details: ExecutionDetails, executions: ExecutionStore, clock: Clock
) -> FamilyReader:
    """Make the page of histories that the caller may see, in the order that is asked for."""
    conditions, names = request.support.conditions, request.admission.grant.names("executions:read")
    seen = ExecutionFilter("", oldest_first=True, names=names, is_readable=conditions.readable(request))
    hidden, newest_first = partial(conditions.concealed, request), request.query["sort"] == "-time"
    return FamilyReader(histories, details, executions, clock, seen, hidden, newest_first)
