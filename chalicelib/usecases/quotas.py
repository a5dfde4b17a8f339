"""The quotas of starts: whether a tenant may start one more execution, asked before anything of it is written.

Where none is set that costs nothing but the record of the tenant, which is kept for a minute. A quota of starts per
second costs a start one write. One of executions in flight costs it a write as well, and whenever this process knows of
no free slot, a look at the slots, and at what has become of the holders of some.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Protocol, TypeAlias

from chalicelib.core.access.quotas import NEXT_LOOK, NEXT_SECOND, Quotas, StartSlot, untaken
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.values.errors import QuotaError
from chalicelib.ports import Clock, ExecutionStore

LOOKED_AT = 100
"""Holders of slots that one look asks for: as many as one request reads."""
TRIES = 8
"""Free slots that a start tries to take, where others are quicker."""
LOOK_AGAIN = timedelta(seconds=1)
"""For how long a process that found no free slot does not look again."""

Free: TypeAlias = tuple[int, StartSlot | None]
"""The number of a slot that is free, and how it stands: None: nobody has ever taken it."""


class UsageStore(Protocol):
    """What tenants with quotas take; every read is strongly consistent. Every method can raise UnavailableError."""

    def count_start(self, tenant_id: str, second: int, most: int) -> bool:
        """Count a start in a second, unless there were so many; tell whether it is counted."""

    def slots(self, tenant_id: str, most: int) -> Sequence[StartSlot]:
        """Read the slots that were ever taken, of the first so many."""

    def take(self, slot: StartSlot, instead: StartSlot | None) -> bool:
        """Take a slot if it stands as it was read, None: nobody has ever taken it; tell whether it is taken."""


class StartQuotas:
    """Admits starts. It remembers which slots are free, and which second is full: one is for a whole process.

    Args:
        quotas: answers those of a tenant.
        usage: what tenants take.
        executions: the holders of slots.
        clock: the time.
        some: chooses so many of a list, in any order.
    """

    def __init__(
        self,
        quotas: Callable[[str], Quotas],
        usage: UsageStore,
        executions: ExecutionStore,
        clock: Clock,
        some: Callable[[Sequence[Any], int], Sequence[Any]],
    ) -> None:
        self._quotas, self._usage, self._executions, self._clock, self._some = quotas, usage, executions, clock, some
        self._full_second: dict[str, int] = {}
        self._full_until: dict[str, datetime] = {}
        self._free: dict[str, list[Free]] = {}

    def require_started(self, tenant_id: str) -> None:
        """Refuse what a tenant that is stopped may not do.

        Raises:
            TenantStoppedError: it is stopped.
        """
        self._quotas(tenant_id).require_started()

    def admit(self, execution_id: str) -> None:
        """Admit that an execution starts, or that one which has ended goes on.

        Raises:
            TenantStoppedError: its tenant is stopped.
            QuotaError: its tenant has started too many in this second, or too many are in flight.
            UnavailableError: a store did not answer.
        """
        tenant = ExecutionId.tenant_of(execution_id)
        quotas = self._quotas(tenant)
        quotas.require_started()
        if quotas.starts_per_second is not None:
            self._count(tenant, quotas.starts_per_second)
        if quotas.executions_in_flight is not None:
            self._take(tenant, execution_id, quotas.executions_in_flight)

    def _count(self, tenant: str, most: int) -> None:
        """Count a start in this second; a process that knows the second to be full asks nobody."""
        second = int(self._clock.now().timestamp())
        if self._full_second.get(tenant) == second or not self._usage.count_start(tenant, second, most):
            self._full_second[tenant] = second
            raise QuotaError(f"the tenant has started {most} executions in this second: that is its quota", NEXT_SECOND)

    def _take(self, tenant: str, execution_id: str, most: int) -> None:
        """Take a slot for an execution."""
        now = self._clock.now()
        for number, instead in self._candidates(tenant, most, now):
            if self._usage.take(StartSlot(tenant, number, execution_id, now), instead):
                return
        raise QuotaError(f"the tenant has {most} executions in flight: that is its quota", NEXT_LOOK)

    def _candidates(self, tenant: str, most: int, now: datetime) -> Iterator[Free]:
        """Find slots to try: those that are known to be free, then those that one look finds."""
        known = _emptied(self._free.get(tenant, []))
        yield from islice((free for free in known if free[0] < most), TRIES)
        if tenant in self._full_until and now < self._full_until[tenant]:
            return
        found = self._look(tenant, most, now)
        if not found:
            self._full_until[tenant] = now + LOOK_AGAIN
        self._free[tenant] = found
        yield from islice(_emptied(found), TRIES)

    def _look(self, tenant: str, most: int, now: datetime) -> list[Free]:
        """Find free slots, in any order: so processes that look at the same moment do not all try the same."""
        held = self._usage.slots(tenant, most)
        if new := untaken(held, most):
            return [(number, None) for number in self._some(new, min(LOOKED_AT, len(new)))]
        asked: Sequence[StartSlot] = self._some(held, min(LOOKED_AT, len(held)))
        holders = self._executions.summaries([slot.holder for slot in asked])
        return [(slot.number, slot) for slot in asked if slot.is_free(holders.get(slot.holder), now)]


def _emptied(found: list[Free]) -> Iterator[Free]:
    """Take from a list what is in it; another thread may do so, too."""
    with suppress(IndexError):
        while True:
            yield found.pop()
