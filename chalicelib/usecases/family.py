"""The use case of a merged history: the entries of an execution and of all that it has started, ordered by time."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from heapq import merge
from typing import Any, NamedTuple

from chalicelib.core.executions.listing import ExecutionFilter, Summary, summary_of
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.history import SKEW, version_of
from chalicelib.core.values.errors import ExecutionNotFoundError, InvalidError
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import Clock, ExecutionStore
from chalicelib.usecases.execution_details import Entry, EntryPlace, ExecutionDetails
from chalicelib.usecases.history import HistoryReader

FAMILY = 100
"""Executions whose histories are read together: each has several reads of its own."""
LISTED = 100
"""Executions that are listed in a request."""


class FamilyEntry(NamedTuple):
    """An entry of a history among those of others; compared, they are in the order of time."""

    at: str
    """When it was, or a later instant of an entry before it in its own history, as clocks differ."""
    execution: str
    place: EntryPlace
    record: Mapping[str, Any] | None = None
    """None: it marks from where on a history is read."""

    @property
    def order(self) -> tuple[str, str, EntryPlace]:
        """What it is compared by."""
        return self.at, self.execution, self.place


@value
class FamilyReader:
    """Reads the histories of an execution and of all that it has started, as far as somebody may see them."""

    histories: HistoryReader
    details: ExecutionDetails
    executions: ExecutionStore
    clock: Clock
    wanted: ExecutionFilter
    """Which executions may be seen, by their definitions."""
    hidden: Callable[[Execution], str | None]
    """Tells why one may not be seen."""
    newest_first: bool = False

    def entries(self, tenant_id: str, execution_id: str, instant: datetime | None) -> Iterator[FamilyEntry]:
        """Read entries from about an instant on; None: from the first one of the order.

        Each history is opened only once those before it have been read so far.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            InvalidError: the execution has started more than are read together.
            HistoryBrokenError: a row was changed after it was written.
            UnavailableError: a store did not answer.
        """
        found = [each for each in self.family(tenant_id, execution_id) if not self._is_passed(each, instant)]
        streams = [self._entries(each, instant) for each in found]
        return merge(*streams, key=lambda each: each.order, reverse=self.newest_first)

    def family(self, tenant_id: str, execution_id: str) -> Sequence[Summary]:
        """List an execution and all that it has started, and these in turn."""
        found = [summary_of(self.histories.execution(tenant_id, execution_id))]
        for each in found:
            found += self._started_by(each.id)
            if len(found) > FAMILY:
                raise InvalidError(
                    f"{execution_id} has started more than {FAMILY - 1} executions, and no more are read together: "
                    f"GET /executions?parent={execution_id} lists them, and each has a history of its own"
                )
        return found

    def _started_by(self, execution_id: str) -> Sequence[Summary]:
        wanted = copy_with(self.wanted, owner=execution_id)
        page = self.executions.list(wanted, self.clock.now(), LISTED)
        found = [*page.found]
        while page.following is not None and len(found) <= FAMILY:
            page = self.executions.list(wanted, self.clock.now(), LISTED, page.following)
            found += page.found
        return found

    def _is_passed(self, found: Summary, instant: datetime | None) -> bool:
        """Tell whether nothing of an execution can be wanted, as all of it was before, or after, an instant."""
        if instant is None:
            return False
        if self.newest_first:
            return found.started_at - SKEW > instant
        return found.ended_at is not None and found.ended_at + SKEW < instant

    def _entries(self, found: Summary, instant: datetime | None) -> Iterator[FamilyEntry]:
        """Read the entries of one history, behind a mark that costs nothing."""
        latest = self.clock.now() if found.ended_at is None else found.ended_at
        mark = format_instant(latest + SKEW if self.newest_first else found.started_at - SKEW)
        yield FamilyEntry(mark, found.id, EntryPlace(0, 0))
        with suppress(ExecutionNotFoundError):
            item = self.histories.execution(found.tenant_id, found.id)
            if self.hidden(item) is None:
                read = self._downwards if self.newest_first else self._upwards
                yield from read(item, self._rows(item, instant))

    def _rows(self, item: Execution, instant: datetime | None) -> Iterator[Sequence[Entry]]:
        """Read the records of a history by row, each that opened a task with what people did with that behind it."""
        reader = copy_with(self.histories, execution=lambda *_: item)
        is_cut = instant is not None and (self.newest_first or instant > item.started_at)
        begin = (
            None
            if instant is None or not is_cut
            else reader.beginning_at(item, instant, newest_first=self.newest_first)
        )
        read = reader.newest_first if self.newest_first else reader.oldest_first
        for row, _ in read(item.tenant_id, item.id, begin):
            start = version_of(row.previous)
            numbered = [(EntryPlace(start, number), record) for number, record in enumerate(row.records)]
            yield self.details.with_changes(item.tenant_id, numbered)

    def _upwards(self, item: Execution, rows: Iterator[Sequence[Entry]]) -> Iterator[FamilyEntry]:
        """Put entries into the order of time, what people did with tasks where it belongs by time."""
        at, waiting = "", list[FamilyEntry]()
        for place, record in (entry for entries in rows for entry in entries):
            if place.change:
                waiting = sorted([*waiting, FamilyEntry(max(at, record["time"]), item.id, place, record)])
                continue
            due = [each for each in waiting if each.at <= max(at, record["time"])]
            yield from due
            waiting, at = waiting[len(due) :], max(at, record["time"])
            yield FamilyEntry(at, item.id, place, record)
        yield from waiting

    def _downwards(self, item: Execution, rows: Iterator[Sequence[Entry]]) -> Iterator[FamilyEntry]:
        """Put entries into the order of time backwards, what people did with a task before what opened it."""
        at = None
        for place, record in (entry for entries in rows for entry in entries[::-1]):
            at = record["time"] if at is None else min(at, record["time"])
            yield FamilyEntry(at, item.id, place, record)
