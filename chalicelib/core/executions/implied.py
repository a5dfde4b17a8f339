"""The commands that a state implies: the messages to send and the executions to start, derived and never stored."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import cast

from chalicelib.core.definitions.model import AnswerKind, Definition, StartChild, WaitForAnswer
from chalicelib.core.executions.factory import living, partition
from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    CloseWait,
    Command,
    Launch,
    Message,
    OpenTask,
    PauseRequested,
    ResumeRequested,
    Started,
    StepDue,
    Subscribe,
    TimerFired,
)
from chalicelib.core.executions.model import ROOT, Execution, Parent, State, Status, Thread, failure_json
from chalicelib.core.executions.scope import items_of, outcome
from chalicelib.core.executions.waiting import AnswerWait, ChildJoin, ChildrenWait, PartitionJoin
from chalicelib.core.values.json import encode_ascii, seconds_until
from chalicelib.core.values.value import copy_with

LONGEST_DELAY = timedelta(seconds=900)
"""Of a message (Amazon SQS Developer Guide, "message timers"); the schedule finds longer waits by their due time."""

MAX_OUTPUT = 64 * 1024
"""Characters of an output, or an error, that the parent execution is told in a message; it reads a longer one."""


def wakes_at(execution: Execution, thread: Thread) -> datetime | None:
    """Tell when a thread's timer fires: the end of its wait, of its attempt's time or of the execution's.

    A ready thread has none, as a message drives it. The branches of a thread that joins watch the execution's time.
    """
    if thread.status is Status.JOINING:
        return thread.deadline
    if thread.wait is None or thread.status is Status.OVER or thread.status is Status.READY:
        return None
    instants = (thread.wait.until, thread.deadline, execution.deadline)
    return min((instant for instant in instants if instant is not None), default=None)


def is_long(execution: Execution, thread: Thread) -> bool:
    """Tell whether a thread's timer is beyond the reach of a message: the schedule finds it by its due time."""
    wake = wakes_at(execution, thread)
    return wake is not None and wake - thread.since > LONGEST_DELAY


def is_due(execution: Execution, thread: Thread, now: datetime) -> bool:
    """Tell whether a thread's timer may fire: never early, however early its message comes."""
    wake = wakes_at(execution, thread)
    return wake is not None and now >= wake


def call_ends_by(execution: Execution, thread: Thread, latest: datetime) -> datetime:
    """Tell when a call that may be under way is answered or given up at the latest: no later than when time is over."""
    return min(at for at in (latest, thread.deadline, execution.deadline) if at is not None)


def implied(definition: Definition, execution: Execution, thread: Thread, now: datetime) -> Sequence[Command]:
    """Derive the commands of a thread's state.

    * Untouched or handed over: the message that lets it run.
    * Waiting: its timer, unless that is too far away for a message.
    * Waiting for children: their starts, and the pause or resumption that they are owed.
    * Waiting for an answer: the task to open, or the subscription to the signal.
    * Over: the cancellation of its children, and the end of its wait.
    """
    if execution.ended:
        return list(_after_end(execution, thread))
    commands: list[Command] = []
    if thread.status is Status.OVER:
        commands += [*_cancellations(execution, thread), *_closed_waits(thread)]
    elif execution.paused:
        by, reason = execution.stopped_by, execution.reason
        pause = PauseRequested(turn=execution.control_epoch, actor=by, reason=reason)
        commands += [Message(name, pause) for name in living(execution, thread)]
    elif thread.status is Status.WAITING_FOR_CHILDREN:
        commands += _children(definition, execution, thread)
    if thread.status is Status.WAITING_FOR_ANSWER:
        commands += _opened_waits(definition, execution, thread)
    if execution.paused:
        return commands
    wake = wakes_at(execution, thread)
    if wake is not None:
        delay, longest = seconds_until(wake, now), int(LONGEST_DELAY.total_seconds())
        if not is_long(execution, thread) or delay <= longest:
            delay = min(delay, longest)
            fired = TimerFired(*thread.key, by=now + timedelta(seconds=delay))
            commands.append(Message(execution.id, fired, delay=delay))
    elif thread.status is Status.READY:
        commands += _wake_up(execution, thread, now)
    return commands


def _wake_up(execution: Execution, thread: Thread, now: datetime) -> Iterator[Message]:
    """Let an untouched thread run, or one that was handed over, once its call cannot be under way any more."""
    if thread.driver is None:
        yield Message(execution.id, Started())
    elif thread.driver.handed:
        until = now if thread.busy_until is None else call_ends_by(execution, thread, thread.busy_until)
        delay = seconds_until(until, now)
        yield Message(execution.id, StepDue(*thread.key), delay=min(delay, int(LONGEST_DELAY.total_seconds())))


def _after_end(execution: Execution, thread: Thread) -> Iterator[Command]:
    """Tell the parent execution of the end, cancel the children that have not ended, and close waits."""
    if thread.id == ROOT:
        yield from ending(execution)
    yield from _cancellations(execution, thread)
    if thread.status in (Status.WAITING_FOR_ANSWER, Status.OVER):
        yield from _closed_waits(thread)


def ending(execution: Execution) -> Sequence[Message]:
    """Tell the parent execution of the end, if it waits for that."""
    parent = execution.parent
    if parent is None or not parent.awaited:
        return ()
    return (Message(parent.execution, _ending(execution, parent)),)


def _ending(execution: Execution, parent: Parent) -> ChildEnded:
    ended = ChildEnded(
        parent.thread,
        parent.turn,
        parent.number,
        execution.state,
        error=execution.error,
        failed=execution.failed,
        redrives=execution.parent_redrives,
    )
    if execution.error is not None and len(encode_ascii(failure_json(execution.error))) > MAX_OUTPUT:
        return copy_with(ended, error=None, read=False)
    if execution.state is not State.SUCCEEDED or execution.partition is not None:
        return ended
    if len(encode_ascii(execution.output)) > MAX_OUTPUT:
        return copy_with(ended, read=False)
    return copy_with(ended, output=execution.output)


def _opened_waits(definition: Definition, execution: Execution, thread: Thread) -> Iterator[Command]:
    """Open the task, or put the waiter, of a thread that waits for an answer."""
    match thread.wait:
        case AnswerWait(what=AnswerKind.TASK):
            yield OpenTask(thread, cast("WaitForAnswer", outcome(definition, execution, thread)))
        case AnswerWait(name=name, event_key=str(key)):
            yield Subscribe(thread, cast("WaitForAnswer", outcome(definition, execution, thread)), name, key)


def _closed_waits(thread: Thread) -> Iterator[Command]:
    """Close the task, or remove the waiter, of a thread that waits for an answer no longer."""
    if isinstance(thread.wait, AnswerWait) and thread.wait.is_kept_elsewhere:
        yield CloseWait(thread, thread.wait)


def _children(definition: Definition, execution: Execution, thread: Thread) -> Iterator[Command]:
    """Start every child execution that has not ended; resume or redrive each if a resumption is owed to them."""
    version = None
    match thread.join:
        case PartitionJoin(redrives=redrives) as join:
            version = execution.definition_version
            items = items_of(definition, execution, thread)
            for number in range(join.begun):
                if str(number) not in thread.results:
                    child = partition(execution, thread, join, items, number)
                    yield Message(child.id, Started(), child)
        case join:
            redrives = cast("ChildJoin", join).redrives
            if isinstance(start := outcome(definition, execution, thread), StartChild):
                yield Launch(thread, start)
    if isinstance(thread.wait, ChildrenWait) and (owed := thread.wait.control_epoch_owed):
        again = thread.wait.again
        for name in living(execution, thread):
            yield Message(name, ResumeRequested(turn=owed, redrives=redrives, version=version, again=again))


def _cancellations(execution: Execution, thread: Thread) -> Iterator[Command]:
    """Cancel the child executions of a thread, and say who wants that and why."""
    by, reason = None, "the step that started it is over"
    if execution.ended and thread.status is not Status.OVER:
        by, reason = execution.stopped_by, execution.reason or f"{execution.id} is {execution.state}"
    for name in living(execution, thread):
        yield Message(name, CancelRequested(turn=execution.version, actor=by, reason=reason))
