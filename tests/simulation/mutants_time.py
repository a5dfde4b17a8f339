"""The rules of the schedule and of clocks, switched off one at a time."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.due import next_due
from chalicelib.core.executions.implied import is_long
from chalicelib.core.executions.inputs import TimerFired
from chalicelib.core.executions.model import Execution, Status, Thread
from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import DueSweep, Looked
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Delivery


class Overlooks(Invocation):
    """Lets the schedule look at some threads only."""

    def due_at(self, written: Execution) -> datetime | None:
        seen = {thread.id: thread for thread in written.threads.values() if self.is_seen(written, thread)}
        partly = copy_with(written, threads=seen)
        return next_due(partly, self.dependencies.clock.now())

    def is_seen(self, execution: Execution, thread: Thread) -> bool:
        raise NotImplementedError


class LooksOnlyAtLongWaits(Overlooks):
    def is_seen(self, execution: Execution, thread: Thread) -> bool:
        return is_long(execution, thread)


class OverlooksRetries(Overlooks):
    def is_seen(self, execution: Execution, thread: Thread) -> bool:
        return thread.status is not Status.RETRYING


class OverlooksChildren(Overlooks):
    def is_seen(self, execution: Execution, thread: Thread) -> bool:
        return thread.status is not Status.WAITING_FOR_CHILDREN


class OverlooksWhatIsLeftToOthers(Overlooks):
    def is_seen(self, execution: Execution, thread: Thread) -> bool:
        return thread.status is not Status.READY


class TakesItsOwnClockForTheTruth(Invocation):
    def __init__(self, dependencies: Any, request: str, deliveries: Sequence[Delivery], *more: Any) -> None:
        super().__init__(dependencies, request, [without_by(delivery) for delivery in deliveries], *more)


def without_by(delivery: Delivery) -> Delivery:
    if not isinstance(delivery.message.event, TimerFired):
        return delivery
    event = copy_with(delivery.message.event, by=None)
    return copy_with(delivery, message=copy_with(delivery.message, event=event))


class CountsOnFromAnotherClock(Transition):
    def not_later(self, deadline: datetime, since: datetime) -> datetime:
        return deadline


class SendsAgainAtEachLook(DueSweep):
    """Leaves the due time as it was, so that each run sends what the one before has sent."""

    def move_on(self, looked: Looked) -> None:
        pass


class LooksAtNothing(DueSweep):
    def run(self) -> int:
        return 0


PURGES: Mapping[type[Invocation], tuple[str, int]] = {
    LooksOnlyAtLongWaits: ("waits", 1000),
    OverlooksRetries: ("retry-by-name", 1000),
    OverlooksChildren: ("workflow-waits", 1000),
    OverlooksWhatIsLeftToOthers: ("calls", 2),
}
"""Each with the scenario that is to catch it where queues are purged, and the turns of a function there."""

CLOCKS: Mapping[Callable[..., Any], str] = {
    TakesItsOwnClockForTheTruth: "waits",
    CountsOnFromAnotherClock: "catch-timeout",
}
"""Each with the scenario that is to catch it where clocks differ."""
