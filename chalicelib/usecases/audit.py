"""The use cases of the audit: write, read and check it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from chalicelib.core.records.audit import AuditCheck, AuditEntry, following, unfinished
from chalicelib.core.values.json import Json
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import value
from chalicelib.engine import optimistic
from chalicelib.ports import Clock

log = logging.getLogger("sedo")

MAX_REFUSALS = 1000
"""Refusals of a day that an audit has; what is refused after that is refused, and not written."""
REFUSAL_TRIES = 3
"""How often a refusal is written behind others that were quicker."""
SCANNED = 500
"""Entries that one page reads at most, be they asked for or not."""
AHEAD = 100
"""Entries behind a page in which the outcome of an intent is looked for."""


class AuditStore(Protocol):
    """Keeps entries; each may raise UnavailableError."""

    def put(self, entry: AuditEntry) -> bool:
        """Write an entry where there is none; tell whether it is there."""

    def read(self, tenant_id: str, limit: int, after: int = 0, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        """Read entries behind a number, upwards; newest first, before one that is not 0, downwards."""


@value
class AuditPage:
    """Entries, and the number from which the next page goes on; None: there are no more."""

    entries: Sequence[AuditEntry]
    following: int | None


@value
class AuditLog:
    """The audits of all tenants."""

    store: AuditStore
    clock: Clock

    def write(
        self, tenant_id: str, said: Mapping[str, Json], last: AuditEntry | None = None, *, is_refusal: bool = False
    ) -> AuditEntry:
        """Write an entry behind all others.

        Args:
            tenant_id: whose audit it is.
            said: what the entry says.
            last: the entry that is thought to be the last; None: it is read.
            is_refusal: whether it counts as a refusal; one too many is not written.

        Raises:
            UnavailableError: the store did not answer, or others were always quicker.
        """

        def after(behind: AuditEntry | None) -> AuditEntry:
            return following(behind, tenant_id, self.clock.now(), said, is_refusal=is_refusal)

        def put(entry: AuditEntry) -> bool:
            if is_refusal and entry.refusals > MAX_REFUSALS:
                log.warning(line("refused, and not in the audit", tenant=tenant_id, refusals=MAX_REFUSALS))
                return True
            return self.store.put(entry)

        first = after(last or self._last(tenant_id))
        tries = REFUSAL_TRIES if is_refusal else optimistic.ATTEMPTS  # nobody's refusal keeps others from writing
        return optimistic.put_new(first, put, lambda _: after(self._last(tenant_id)), "an entry of the audit", tries)

    def page(  # noqa: PLR0913 - by keyword
        self,
        tenant_id: str,
        limit: int,
        after: int,
        wanted: Callable[[AuditEntry], bool],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        newest_first: bool = True,
    ) -> AuditPage:
        """Read the entries that are wanted: intents only where no outcome is known.

        Args:
            tenant_id: whose audit it is.
            limit: how many at most; where the page has read many that are not wanted it has fewer.
            after: the number behind which the page begins; 0: at the first one.
            wanted: tells whether an entry is.
            since: the earliest instant.
            until: the latest instant.
            newest_first: the order.
        """
        bound = until if newest_first else since
        start = after or (self._before(tenant_id, bound, newest_first=newest_first) if bound is not None else 0)
        read = list(self.store.read(tenant_id, SCANNED + 1, start, newest_first=newest_first))
        scanned = read[:SCANNED]
        if not scanned:
            return AuditPage([], None)
        later = self.store.read(tenant_id, AHEAD, max(scanned[0].number, scanned[-1].number))
        inside = [
            each for each in scanned if (since is None or since <= each.at) and (until is None or each.at <= until)
        ]
        shown = [each for each in unfinished(scanned, later) if each in inside and wanted(each)]
        if len(shown) > limit:
            return AuditPage(shown[:limit], shown[limit - 1].number)
        is_over = len(read) <= SCANNED or scanned[-1] not in inside
        return AuditPage(shown, None if is_over else scanned[-1].number)

    def check(self, tenant_id: str, known: AuditCheck) -> tuple[AuditCheck, bool]:
        """Check the entries behind what is known to be right; tell, too, whether there are more."""
        found = self.store.read(tenant_id, SCANNED + 1, known.number)
        return known.over(found[:SCANNED]), len(found) > SCANNED

    def _last(self, tenant_id: str) -> AuditEntry | None:
        return next(iter(self.store.read(tenant_id, 1, newest_first=True)), None)

    def _before(self, tenant_id: str, instant: datetime, *, newest_first: bool) -> int:
        """Find, by halving, the number to read on from for what is from an instant on, or downwards, up to it."""

        def is_before(entry: AuditEntry) -> bool:
            return entry.at <= instant if newest_first else entry.at < instant

        last = self._last(tenant_id)
        low, high = 0, 0 if last is None else last.number
        while low < high:
            middle = (low + high + 1) // 2
            found = self.store.read(tenant_id, 1, middle - 1)
            low, high = (middle, high) if is_before(found[0]) else (low, middle - 1)
        return low + 1 if newest_first else low
