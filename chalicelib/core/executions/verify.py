"""Invariants of a stored execution, of its state and of its children, for the doctor and the watch.

Nothing here mends anything. What is on its way for a while is no violation: a message may be late, and a function may
be at work; :class:`Patience` says for how long.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.executions.branches import has_joined
from chalicelib.core.executions.due import due_at, looked_up_to
from chalicelib.core.executions.factory import living
from chalicelib.core.executions.listing import LIVES_LONG, Summary, status_of
from chalicelib.core.executions.model import Execution, ExecutionStatus, State, Status, Thread
from chalicelib.core.executions.waiting import BranchJoin, ItemJoin
from chalicelib.core.values.value import value


class ViolationKind(StrEnum):
    """The invariant that is violated."""

    HISTORY = "history"
    """The chain of the rows is not whole, or a row is not what the next one names."""
    TURNS = "turns"
    """The records of a thread do not follow each other."""
    END = "end"
    """The end is not final, or not recorded."""
    JOIN = "join"
    """A thread joins others that are not there, or have ended."""
    CHILD = "child"
    """A thread waits for a child execution that is not there or has ended, or one goes on that was to end."""
    STANDING = "standing"
    """A thread runs under a message that should have come again long ago."""
    LATE = "late"
    """The schedule was to look at the execution, and has not."""
    UNWATCHED = "unwatched"
    """The execution is not in the index of what is due, and has to be."""
    LISTING = "listing"
    """The execution is kept under another status than its own."""
    TASK = "task"
    """A task is open that nobody waits for."""
    WAITER = "waiter"
    """The table of events says that a thread waits, and it does not."""
    WAIT = "wait"
    """A thread waits for a task or an event, and no table says so."""
    UNREADABLE = "unreadable"
    """What is stored cannot be read, or a large value that it refers to is lost."""


@value
class Violation:
    """A violated invariant of an execution."""

    kind: ViolationKind
    execution: str
    detail: str
    """For people; no data of users, and the same each time that it is found."""
    thread: str = ""


@value
class Patience:
    """For how long something may be on its way."""

    message: timedelta = timedelta(minutes=15)
    """A message: as long as it may be delayed (Amazon SQS Developer Guide, "message timers")."""
    function: timedelta = timedelta(hours=1)
    """What a function works on: longer than it takes until its message is a dead letter, and that is worked on."""


def state_violations(execution: Execution, now: datetime, patience: Patience) -> Iterator[Violation]:
    """Find the violated invariants of the state of an execution."""
    for thread in execution.threads.values():
        for kind, detail in _of_thread(execution, thread, now, patience):
            yield Violation(kind, execution.id, detail, thread.id)
    for kind, detail in _of_whole(execution, now, patience):
        yield Violation(kind, execution.id, detail)


def child_violations(
    execution: Execution, children: Mapping[str, Summary], now: datetime, patience: Patience
) -> Iterator[Violation]:
    """Find the violated invariants between an execution and those of its children that were read."""
    for thread in execution.threads.values():
        for name in living(execution, thread):
            if (detail := _of_child(execution, thread, name, children.get(name), now - patience.message)) is not None:
                yield Violation(ViolationKind.CHILD, execution.id, detail, thread.id)


def _of_child(execution: Execution, thread: Thread, name: str, child: Summary | None, before: datetime) -> str | None:
    """Say what is wrong with a child execution, if that has been so since before an instant."""
    ended_at = None if child is None else child.ended_at
    if execution.ended or thread.status is Status.OVER:
        is_left = child is not None and ended_at is None and (execution.ended_at or thread.since) < before
        return f"{name} goes on, though what started it is over" if is_left else None
    if child is None:
        is_lost = thread.since < before and not execution.paused
        return f"it waits for {name}, which does not exist" if is_lost else None
    is_unheard = ended_at is not None and ended_at < before and not execution.paused
    return f"it waits for {name}, which has ended" if is_unheard else None


def _of_thread(
    execution: Execution, thread: Thread, now: datetime, patience: Patience
) -> Iterator[tuple[ViolationKind, str]]:
    if thread.parent is not None and thread.parent not in execution.threads:
        yield ViolationKind.JOIN, f"nobody joins it: {thread.parent} is not there"
    if execution.ended:
        return
    if thread.status is Status.JOINING and (detail := _of_join(execution, thread)):
        yield ViolationKind.JOIN, detail
    if is_standing(execution, thread, now, patience):
        yield ViolationKind.STANDING, f"it runs since {thread.since:%Y-%m-%dT%H:%M:%SZ}, and no message drives it"


def is_standing(execution: Execution, thread: Thread, now: datetime, patience: Patience) -> bool:
    """Tell whether a thread runs under a message of which nothing has come for too long."""
    is_driven = thread.driver is not None and not thread.driver.handed  # else the schedule sends its message
    since = max(thread.since, thread.busy_until or thread.since)
    runs = thread.status is Status.READY and is_driven and not execution.paused and not execution.ended
    return runs and since + patience.function <= now


def _of_join(execution: Execution, thread: Thread) -> str | None:
    """Say what is wrong with the threads that one joins."""
    below = {each.branch for each in execution.threads.values() if each.parent == thread.id}
    match thread.join:
        case BranchJoin(total, failed=failed):
            begun = total
        case ItemJoin(begun=begun):
            failed = {}
        case _:
            return "it joins nothing"
    if has_joined(thread):
        return "what it joins has ended, and it has not gone on"
    known = below | thread.results.keys() | failed.keys()
    return None if len(known) == begun else f"it joins {begun} threads, and {begun - len(known)} are not there"


def _of_whole(execution: Execution, now: datetime, patience: Patience) -> Iterator[tuple[ViolationKind, str]]:
    if execution.ended != (execution.ended_at is not None):
        yield ViolationKind.END, f"it is {execution.state}, and {'no' if execution.ended else 'an'} end has an instant"
    if (detail := _of_listing(execution)) is not None:
        yield ViolationKind.LISTING, detail
    due = execution.due_at
    is_sent = execution.version == 0 and now < execution.started_at + patience.message  # its message brings it along
    if due is None and not is_sent and due_at(execution, looked_up_to(execution, now)) is not None:
        yield ViolationKind.UNWATCHED, "it waits, and the schedule does not know when to look at it"
    if due is not None and due + patience.message <= now:
        yield ViolationKind.LATE, f"the schedule was to look at it at {due:%Y-%m-%dT%H:%M:%SZ}"


def _of_listing(execution: Execution) -> str | None:
    found, wanted = execution.listed_under, status_to_list(execution)
    return None if found in wanted else f"it is kept under {found or 'no status'}, and not {_either(wanted)}"


def _either(wanted: frozenset[ExecutionStatus | None]) -> str:
    return " or ".join(f"under {each or 'none'}" for each in sorted(wanted, key=str))


def status_to_list(execution: Execution) -> frozenset[ExecutionStatus | None]:
    """Tell under which status an execution is to be kept, as it stands: under one of these."""
    status = status_of(execution.state)
    if status is ExecutionStatus.SUCCEEDED:
        return frozenset({None})
    if execution.state is State.PAUSED or status is not ExecutionStatus.RUNNING:
        return frozenset({status})
    again = execution.due_at
    runs = any(thread.status is Status.READY for thread in execution.threads.values())
    is_long = again is None or again > execution.started_at + LIVES_LONG
    return frozenset({status} if is_long and not runs else {status, None})
