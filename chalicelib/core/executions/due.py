"""Due times: when the schedule looks at an execution, for a long wait that ends soon or a message that may be lost.

A thread that waits under a message of a queue is looked at when it should have gone on by then, in case its message was
lost: some time after, and each time twice as long after; after the end of the execution, once. A wait that no message
can span is looked at once before it is over, so that its timer is sent. All of that follows from the state; nothing is
kept but the earliest of these instants, with the state, so whoever reads that knows up to when all has been looked at.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from chalicelib.core.executions.implied import LONGEST_DELAY, is_long, wakes_at
from chalicelib.core.executions.inputs import CloseWait, Command
from chalicelib.core.executions.model import Execution, Origin, Status, Thread
from chalicelib.core.executions.waiting import ChildJoin, PartitionJoin
from chalicelib.core.values.value import value

GRACE = timedelta(seconds=60)
"""How late something may be before the schedule looks at it."""

HANDED_GRACE = timedelta(minutes=10)
"""The same of a turn that is left to others: longer than a function may be at work on it."""

GRID = timedelta(seconds=30)
"""Looks at what is late are whole multiples of it, rounded down: an execution that waits again and again for seconds
moves in the index of what is due only as often."""

RESOLUTION = timedelta(milliseconds=1)
"""Of instants."""

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


@value
class Watch:
    """Something of a thread that the schedule looks at again and again while it does not change."""

    since: datetime
    """When it was to go on."""
    grace: timedelta
    """How long after that the first look is; each one is twice as long after as the one before."""
    late: bool = True
    """Whether it is certain then that it is late."""

    def after(self, looked: datetime) -> datetime:
        """Tell the first look after an instant."""
        grace = self.grace
        while (look := self.since + grace - (self.since + grace - _EPOCH) % GRID) <= looked:
            grace *= 2
        return look


def due_at(execution: Execution, looked: datetime) -> datetime | None:
    """Tell when the schedule looks at an execution next, once it has looked at all that was due up to an instant."""
    looks = (look_at(execution, thread, looked) for thread in execution.threads.values())
    return min((look for look in looks if look is not None), default=None)


def look_at(execution: Execution, thread: Thread, looked: datetime) -> datetime | None:
    """Tell when the schedule looks at a thread next, once it has looked at what was due up to an instant."""
    looks = [watch.after(looked) for watch in _watches(execution, thread)]
    wake = None if execution.paused or execution.ended else wakes_at(execution, thread)
    if wake is not None and is_long(execution, thread) and wake - LONGEST_DELAY > looked:
        looks.append(wake - LONGEST_DELAY)
    look = min(looks, default=None)
    is_over = execution.ended_at is not None and look is not None and look > execution.ended_at + GRACE
    return None if is_over else look


def looked_up_to(execution: Execution, now: datetime) -> datetime:
    """Tell up to when the schedule has looked at all that was due of an execution: its stored due time says so."""
    return now if execution.due_at is None else min(now, execution.due_at - RESOLUTION)


def next_due(execution: Execution, now: datetime) -> datetime | None:
    """Tell the due time to write with an execution, which has the stored one.

    The stored one stays if it is only a little earlier than the next look: a look too many now and then costs less than
    a change of the index at every wait.
    """
    wanted, before = due_at(execution, looked_up_to(execution, now)), execution.due_at
    if before is None or before <= now or (wanted is not None and wanted <= before):
        return wanted
    if wanted is None:  # what runs may soon wait again
        runs = not execution.ended and any(thread.status is Status.READY for thread in execution.threads.values())
        return before if runs else None
    a_little = max(GRID, min((wanted - now) / 2, HANDED_GRACE / 2))
    return before if wanted - before <= a_little else wanted


def is_to_be_done(execution: Execution, command: Command) -> bool:
    """Tell whether the schedule carries out a command of a state that nobody has carried out.

    It does, but for the removal of a waiter after the end, where the event had no id: the next event that names the
    waiter finds the execution ended and moves on. An event with an id has to be marked as taken.
    """
    if not (execution.ended and isinstance(command, CloseWait)):
        return True
    answer = command.wait.answer
    return command.wait.event_key is None or answer is None or answer.key is not None


def is_to_be_sent(execution: Execution, thread: Thread, now: datetime) -> bool:
    """Tell whether the schedule sends the messages of a thread: its look is due, or no queue has a message for it."""
    if thread.driver is None or thread.driver.origin is not Origin.QUEUE:
        return True
    look = look_at(execution, thread, looked_up_to(execution, now))
    return look is not None and look <= now


def is_late(execution: Execution, now: datetime) -> bool:
    """Tell whether something of an execution is found late now, for the first time."""
    looked = looked_up_to(execution, now)
    watches = (watch for thread in execution.threads.values() for watch in _watches(execution, thread))
    firsts = (watch.after(watch.since) for watch in watches if watch.late)
    return any(looked < first <= now for first in firsts)


def late_since(execution: Execution, thread: Thread, now: datetime) -> datetime | None:
    """Tell since when a thread is late, as the schedule sees it; None: it is not late."""
    return min((w.since for w in _watches(execution, thread) if w.late and w.after(w.since) <= now), default=None)


def _watches(execution: Execution, thread: Thread) -> Iterator[Watch]:
    if _has_living_children(thread):
        since = execution.ended_at or execution.paused_at or thread.since
        yield Watch(since, GRACE, late=False)
    if execution.ended or execution.paused:
        return
    wake = wakes_at(execution, thread)
    if wake is not None:
        yield Watch(wake, GRACE)
    elif thread.status is Status.READY and thread.driver is None:
        yield Watch(thread.since, GRACE)
    elif thread.status is Status.READY and thread.driver is not None and thread.driver.handed:
        yield Watch(max(thread.since, thread.busy_until or thread.since), HANDED_GRACE)


def _has_living_children(thread: Thread) -> bool:
    """Tell whether a thread has child executions whose end it does not know, without making their ids."""
    match thread.join:
        case PartitionJoin() | ChildJoin(awaited=True) as join:
            return join.begun > len(thread.results.keys() | set(map(str, join.over)))
        case _:
            return False
