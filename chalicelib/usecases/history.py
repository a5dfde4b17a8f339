"""The use case of history: to read it from any place, to either end, at the cost of what is read.

Rows are read as they may stand in any copy of the store: what is there never changes, and what is missing is noticed by
the chain, and read once more from the newest copy. Whoever goes on from a row that counts needs to know nothing newer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import chain, pairwise
from typing import Any, TypeAlias

from chalicelib.core.executions.model import ROOT, Execution, Link, State
from chalicelib.core.records.history import HistoryKey, Row, anchor, chained, is_later, newest, redriven_to, version_of
from chalicelib.core.values.errors import HistoryBrokenError
from chalicelib.core.values.value import value
from chalicelib.ports import HistoryStore

ROWS = 100
"""Read at a time, at most: each time twice as many as before."""

CountedRow: TypeAlias = tuple[Row, Link | None]
"""A row that counts, and the link to it; None: it is what is in no row yet."""


@value
class Beginning:
    """Where to begin to read: at an end of history, at a row that counts, or at what follows one."""

    link: Link | None = None
    """To a row that counts."""
    behind: bool = False
    """At what follows the row; without a link, at what stands first: that may have been in no row when it was seen."""
    rows: int = 2
    """How many rows are read at first."""


@value
class HistoryReader:
    """Reads rows of history that count, as long as they are asked for."""

    store: HistoryStore
    execution: Callable[[str, str], Execution]
    """Reads an execution of a tenant, which knows the newest row, and what is newer."""

    def oldest_first(self, tenant_id: str, execution_id: str, begin: Beginning | None = None) -> Iterator[CountedRow]:
        """Read rows from the oldest or from a place on; the last is what is in no row yet.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            HistoryBrokenError: a row was changed after it was written.
            UnavailableError: the store did not answer.
        """
        start = begin or Beginning()
        if start.link is None:
            return self._onward(tenant_id, execution_id, start, self.execution(tenant_id, execution_id))
        return self._onward(tenant_id, execution_id, start)

    def _onward(
        self, tenant_id: str, execution_id: str, begin: Beginning, end: Execution | None = None
    ) -> Iterator[CountedRow]:
        last = begin.link if begin.behind else None
        known, count = begin.link if end is None else end.head, begin.rows
        behind = last.key if last is not None else HistoryKey.least(version_of(begin.link))
        rows: list[Row] = []
        is_all, is_consistent = False, False
        while end is None or (end.head is not None and end.head.key > behind):
            if (link := anchor(rows, known)) is not None:
                try:
                    counted = _after(rows, link, behind, last)
                except HistoryBrokenError:
                    if is_consistent:
                        raise
                    rows, is_all, is_consistent = [], False, True
                    continue
                yield from ((row, following.previous) for row, following in pairwise(counted))
                yield counted[-1], link
                last, behind, known = link, link.key, None if end is None else end.head
                rows = [row for row in rows if row.key > behind]
            elif is_all and end is None:
                end = self.execution(tenant_id, execution_id)
                known = end.head
            elif is_all and is_consistent:
                raise HistoryBrokenError
            else:
                is_consistent = is_consistent or is_all
                rows = [] if is_all else rows
                more = self.store.read(execution_id, rows[-1].key if rows else behind, count, consistent=is_consistent)
                rows += more
                is_all, count = len(more) < count, min(2 * count, ROWS)
        if (tail := newest(end)) is not None:
            yield tail, None

    def newest_first(self, tenant_id: str, execution_id: str, begin: Beginning | None = None) -> Iterator[CountedRow]:
        """Read rows from the newest or from a place on back to the oldest; the first is what is in no row yet.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            HistoryBrokenError: a row was changed after it was written.
            UnavailableError: the store did not answer.
        """
        start = begin or Beginning()
        link = start.link
        if link is None or start.behind:
            end = self.execution(tenant_id, execution_id)
            if start.behind and end.head != link:  # it has moved into a row meanwhile
                yield next(self._onward(tenant_id, execution_id, start, end))
            else:
                link = end.head
                if (tail := newest(end)) is not None:
                    yield tail, None
        yield from self._backward(execution_id, link, start.rows)

    def _backward(self, execution_id: str, link: Link | None, count: int) -> Iterator[CountedRow]:
        before = HistoryKey.least(version_of(link) + 1)
        rows: dict[str, Row] = {}
        is_consistent = False
        while link is not None:
            row = rows.get(link.key)
            if row is not None and row.link == link:
                yield row, link
                link = row.previous
                continue
            if row is not None or before <= link.key:
                if is_consistent:
                    raise HistoryBrokenError
                before, is_consistent = HistoryKey.least(version_of(link) + 1), True
            found = self.store.read(execution_id, before, count, newest_first=True, consistent=is_consistent)
            rows = {each.key: each for each in found}
            before, count = found[-1].key if len(found) == count else "", min(2 * count, ROWS)

    def beginning_at(self, item: Execution, instant: datetime, *, newest_first: bool) -> Beginning:
        """Find, by halving, where to begin to read what happened from an instant on, or downwards, up to it.

        Raises:
            HistoryBrokenError: a row was changed after it was written.
            UnavailableError: the store did not answer.
        """
        earlier, later = 0, item.version + 1
        while later - earlier > 1:
            middle = (earlier + later) // 2
            row = next(iter(self.store.read(item.id, HistoryKey.least(middle), 1, consistent=False)), None)
            if row is None or row.version >= later or is_later(row, instant, or_then=not newest_first):
                later = middle
            else:
                earlier = row.version
        behind = Beginning(Link(HistoryKey.least(earlier), ""))
        if not newest_first:
            return behind
        link = next((link for _, link in self._onward(item.tenant_id, item.id, behind, item)), None)
        return Beginning(link)

    def after(self, tenant_id: str, execution_id: str, version: int) -> Row | None:
        """Read what follows the row of a version; 0 is before all rows.

        Raises:
            ExecutionNotFoundError: the tenant has none of this id.
            HistoryBrokenError: a row was changed after it was written.
            UnavailableError: the store did not answer.
        """
        end = self.execution(tenant_id, execution_id)
        place = Link(HistoryKey.least(version + 1), "")
        row, _ = next(self._onward(tenant_id, execution_id, Beginning(place), end), (None, None))
        return row if row is not None and version_of(row.previous) == version else None

    def came_in(self, item: Execution, step: str) -> Mapping[str, Any] | None:
        """Find the record with what came in when the first thread last began a step; None: it never has.

        Raises:
            HistoryBrokenError: a row was changed after it was written.
            UnavailableError: the store did not answer.
        """
        tail, began = newest(item), False
        older = self._backward(item.id, item.head, Beginning().rows)
        for row in chain([] if tail is None else [tail], (row for row, _ in older)):
            for record in row.records[::-1]:
                if record["thread"] != ROOT:
                    continue
                if not began:
                    began = (record["state"], record["step"], record["attempt"]) == (State.STEP_STARTED, step, 1)
                elif record["state"] == State.STEP_SUCCEEDED:
                    return record
                elif target := redriven_to(record):
                    step, began = target, False
        return {"result": item.input} if began else None


def _after(rows: Sequence[Row], link: Link, behind: str, last: Link | None) -> Sequence[Row]:
    """Keep the rows that count from behind a key up to a link; the first follows the last one that is known.

    Raises:
        HistoryBrokenError: a row was changed after it was written, or is missing.
    """
    counted = chained(rows, link, behind)
    if last is not None and counted[0].previous != last:
        raise HistoryBrokenError
    return counted
