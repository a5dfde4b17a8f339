"""Observers of writes: each is told of every write of an execution, for logs, metrics and incidents.

An observer is told after the write, in the process that wrote. It cannot fail the work: what it raises is logged. It
runs before the messages are sent, so it must not wait. It is told once; never, if the process dies first, or if the
answer to the write is lost and others have written over it before that is found out.
"""

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from chalicelib.core.executions.model import Execution, HistoryEntry, State
from chalicelib.core.executions.rules import BUDGET
from chalicelib.core.records.incident import IncidentKind, of_execution
from chalicelib.core.values.errors import PoisonError
from chalicelib.core.values.log_line import LogLine, line
from chalicelib.core.values.value import value
from chalicelib.ports import IncidentLog

log = logging.getLogger("sedo")


@value
class Committed:
    """A write of an execution that stands."""

    before: Execution
    """As it was read, or written before."""
    after: Execution
    entries: Sequence[HistoryEntry]
    """Of history, which the write commits."""
    request: str
    """The Lambda request, or API call, that wrote."""


Observer: TypeAlias = Callable[[Committed], None]


def notify(observers: Sequence[Observer], committed: Committed) -> None:
    """Tell observers of a write."""
    for observer in observers:
        try:
            observer(committed)
        except Exception:
            item = committed.after
            log.exception(line("observer failed", tenant=item.tenant_id, execution=item.id, request=committed.request))


def log_turns(committed: Committed) -> None:
    """Log what every turn did that a write commits, as a line of JSON each, at level INFO; never data of users."""
    if not log.isEnabledFor(logging.INFO):
        return
    for entry in committed.entries:
        log.info(turn_line(committed.after, entry, committed.request))


def turn_line(item: Execution, entry: HistoryEntry, request: str) -> LogLine:
    """Write the line of what a turn did."""
    return line(
        "turn",
        tenant=item.tenant_id,
        execution=item.id,
        version=item.version,
        request=request,
        thread=entry.thread,
        turn=entry.turn,
        step=entry.step,
        attempt=entry.attempt,
        state=entry.state,
    )


@value
class IncidentWatch:
    """An observer that records an incident of each step that fails with ``Poison``, and of each pause by a budget."""

    incidents: IncidentLog

    def __call__(self, committed: Committed) -> None:
        """See a write."""
        for entry in committed.entries:
            if (found := incident_of(committed.after, entry)) is not None:
                kind, detail = found
                self.incidents.record(of_execution(kind, committed.after, entry.at, detail))


def incident_of(item: Execution, entry: HistoryEntry) -> tuple[IncidentKind, str] | None:
    """Tell of which kind of incident an entry of history is, and what went wrong; None: of none."""
    if entry.error is not None and entry.error.name == PoisonError.name:
        return IncidentKind.POISON, f"step {entry.step} of {item.id} failed by itself: {entry.error.message}"
    if entry.state is State.PAUSED and BUDGET in entry.about:
        return IncidentKind.BUDGET, str(entry.about["reason"])
    return None
