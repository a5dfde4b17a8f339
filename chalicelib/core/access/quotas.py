"""Quotas: how much of sedo a tenant may use, and whether it may start anything. Without a quota there is no bound.

Starts are counted in each second of the clock. Executions in flight have slots, as many as the quota says: a start
takes a free one, so there are never more in flight than slots. Nobody has to give a slot back: it is free once the
execution that holds it has ended. So a function that dies between any two calls leaves nothing to repair.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.executions.listing import Summary
from chalicelib.core.values.errors import QuotaError, TenantStoppedError
from chalicelib.core.values.value import value

NEXT_SECOND, NEXT_LOOK = 1, 5
"""Seconds until a start may be asked for again: of too many in a second, of too many in flight."""
READ_AGAIN = 60
"""Seconds until what an operator has changed of a tenant counts everywhere."""
UNSEEN = timedelta(minutes=1)
"""For how long a slot is held though its holder is not there yet, or has ended before the slot was taken."""
CLOCKS = timedelta(seconds=2)
"""By how much the clocks of two functions may differ."""


@value
class Quotas:
    """What bounds a tenant; None: nothing does."""

    starts_per_second: int | None = None
    """Executions that the API starts in a second of the clock."""
    executions_in_flight: int | None = None
    """Executions that the API has started, and that have not ended."""
    definitions: int | None = None
    """Definitions that are not retired."""
    keys: int | None = None
    """API keys, expired and revoked ones included."""
    body_bytes: int | None = None
    """Bytes of the body of a request."""
    schedules: int | None = None
    """Schedules, those that are paused included."""
    stopped: bool = False
    """Whether nothing may be started, driven on again or resumed."""
    audits_all: bool = False
    """Whether its audit has what histories and tasks hold, too."""

    def require_started(self) -> None:
        """Refuse what a tenant that is stopped may not do.

        Raises:
            TenantStoppedError: it is stopped.
        """
        if self.stopped:
            raise TenantStoppedError(
                "the tenant is stopped: an operator of the installation can start it again", READ_AGAIN
            )


NO_QUOTAS = Quotas()


def read_quotas(document: Mapping[str, Any]) -> Quotas:
    """Read the quotas of a tenant from ``{quotas?: {startsPerSecond?, …}, stopped?, auditAll?}``."""
    given: Mapping[str, Any] = document.get("quotas") or {}
    return Quotas(
        starts_per_second=given.get("startsPerSecond"),
        executions_in_flight=given.get("executionsInFlight"),
        definitions=given.get("definitions"),
        keys=given.get("keys"),
        body_bytes=given.get("bodyBytes"),
        schedules=given.get("schedules"),
        stopped=bool(document.get("stopped")),
        audits_all=bool(document.get("auditAll")),
    )


def require_room(things: str, most: int | None, found: int) -> None:
    """Refuse one more of things of which there are as many as a quota allows; None: there is no quota.

    Raises:
        QuotaError: so many are there.
    """
    if most is not None and found >= most:
        raise QuotaError(f"the tenant has {found} {things}, and its quota is {most}", READ_AGAIN)


@value
class StartSlot:
    """The room for one execution in flight."""

    tenant_id: str
    number: int
    holder: str
    """The id of an execution, which may have ended."""
    taken_at: datetime

    def is_free(self, holder: Summary | None, now: datetime) -> bool:
        """Tell whether it can be taken by another, from what its holder is; None: it is not there."""
        if holder is not None and holder.ended_at is None:
            return False
        is_old = now - self.taken_at > UNSEEN
        return is_old or (holder is not None and holder.ended_at is not None and self._outlived(holder.ended_at))

    def _outlived(self, ended_at: datetime) -> bool:
        """Tell whether its holder ended after it took this; one that is to go on again ended before."""
        return ended_at >= self.taken_at - CLOCKS


def untaken(slots: Sequence[StartSlot], most: int) -> Sequence[int]:
    """Number the slots that nobody has ever taken."""
    held = {slot.number for slot in slots}
    return [number for number in range(most) if number not in held]
