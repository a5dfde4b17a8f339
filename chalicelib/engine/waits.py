"""Waits that have an entry in another table: people's tasks, and the waiters for signals that are matched by key."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from chalicelib.core.definitions.model import WaitForAnswer
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.inputs import (
    CloseWait,
    Message,
    SignalPublished,
    SignalReceived,
    Subscribe,
    WaitRefused,
)
from chalicelib.core.executions.model import Execution, Signal, Status, Thread
from chalicelib.core.executions.scope import sent_to, takes
from chalicelib.core.executions.waiting import Answer, AnswerWait, people
from chalicelib.core.values.errors import DamagedError, TooManyWaitersError
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Channel, Waiter, channel_of_sent
from chalicelib.core.waits.task import Task, TaskStatus, closed, if_overdue, reassigned
from chalicelib.engine import optimistic
from chalicelib.engine.signals import Signals
from chalicelib.ports import TaskStore

AGAIN_AFTER = 60
"""Seconds after which a signal is looked at again: whoever named a waiter in it has done so, or has died, by then."""

_DIGITS = 7
"""Of the number of an item: there are a million."""

_LONGEST_RANK = 500
"""Characters; a sort key has 1,024 bytes (Amazon DynamoDB quotas)."""

LEFT = "no longer to be done"
"""The title of a task that was taken back before anybody could see it."""


def open_task(tasks: TaskStore, execution: Execution, thread: Thread, wanted: WaitForAnswer) -> None:
    """Put the task of a thread, once; reassign one that is overdue.

    Raises:
        UnavailableError: the store did not answer.
    """
    task = _task(execution, thread, wanted.params["title"], wanted.params)
    tasks.open(copy_with(task, due_at=None if thread.wait is None else thread.wait.until))
    if not isinstance(thread.wait, AnswerWait) or not thread.wait.overdue:
        return
    due: Any = wanted.params["due"]

    def make(row: Task | None) -> tuple[Task | None, None]:
        if row is None or row.status is not TaskStatus.OPEN or row.overdue:
            return row, None
        others = reassigned(row, people(due.get("assignees")), people(due.get("groups")))
        return copy_with(others, overdue=True, if_overdue=None), None

    _change(tasks, task, make)


def subscribe(
    signals: Signals,
    execution: Execution,
    subscription: Subscribe,
    send: Callable[[Sequence[Message]], None],
    is_over: Callable[[], bool],
) -> SignalReceived | WaitRefused | None:
    """Put the waiter of a thread; answer the signal that came before it, a refusal if too many wait, or None.

    ``is_over`` tells whether its turn is over by now.

    Raises:
        UnavailableError: the store, or the queue, did not answer.
    """
    thread, wanted = subscription.thread, subscription.wanted
    channel = channel_of(execution, subscription.name, subscription.key)

    def tell(signal_id: str) -> None:
        send([published(channel, signal_id)])

    try:
        waiter = waiter_of(execution, thread, subscription.key)
        found = signals.subscribe(channel, waiter, lambda value: takes(wanted, value), tell, is_over)
    except TooManyWaitersError as error:
        return WaitRefused(*thread.key, str(error))
    return None if found is None else SignalReceived(*thread.key, found.value, found.id, found.by)


def published(channel: Channel, signal_id: str) -> Message:
    """Make the message by which a signal is looked at again, in case whoever published it has died."""
    event = SignalPublished(name=channel.name, key=channel.key, id=signal_id)
    return Message(channel.tenant_id, event, delay=AGAIN_AFTER)


def close_wait(tasks: TaskStore, signals: Signals, execution: Execution, command: CloseWait) -> None:
    """Close the task, or remove the waiter, of a turn that waits for an answer no longer.

    Raises:
        UnavailableError: the store did not answer.
    """
    thread, wait = command.thread, command.wait
    if wait.event_key is None:
        close_task(tasks, execution, thread)
        return
    taken = None if wait.answer is None else wait.answer.key
    waiter = waiter_of(execution, thread, wait.event_key)
    signals.close(channel_of(execution, wait.name, wait.event_key), waiter, taken)


def taken_elsewhere(signals: Signals, execution_id: str, sent: Sequence[Signal]) -> Sequence[str]:
    """Find the events sent to an execution that partitions of its maps have taken from a channel: their ids.

    Raises:
        UnavailableError: the store did not answer.
    """
    found = (each for each in sent if each.passed_on and not each.taken)
    return [each.id for each in found if signals.is_taken(channel_of_sent(execution_id, each.name), each.id)]


def channel_of(execution: Execution, name: str, key: str) -> Channel:
    """Make the channel in which a thread waits: that of its key, or that of the execution to which events are sent."""
    return Channel(execution.tenant_id, name, key) if key else channel_of_sent(sent_to(execution), name)


def close_task(tasks: TaskStore, execution: Execution, thread: Thread) -> None:
    """Close the task of a turn; one that was never opened is put there closed, so that nobody opens it late.

    One that is damaged is left: nobody can do it.

    Raises:
        UnavailableError: the store did not answer.
    """
    blank, now = _task(execution, thread, LEFT, {}), execution.ended_at or thread.since
    answer = thread.wait.answer if isinstance(thread.wait, AnswerWait) else None

    def make(row: Task | None) -> tuple[Task | None, None]:
        if row is None:
            return copy_with(_done(blank, answer, now), version=0), None
        return (row if row.status is not TaskStatus.OPEN else _done(row, answer, now)), None

    with suppress(DamagedError):
        _change(tasks, blank, make)


def _change(tasks: TaskStore, task: Task, make: Callable[[Task | None], tuple[Task | None, None]]) -> None:
    """Change the task of a turn; version 0 is put where none is, and if there is one by then, that is changed."""

    def write(wanted: Task | None) -> bool:
        if wanted is None:
            return True
        if wanted.version > 0:
            return tasks.update(wanted)
        tasks.open(copy_with(wanted, version=1))
        return False

    optimistic.change(lambda: tasks.get(task.tenant_id, task.id), make, write, f"task {task.id!r}")


def _done(task: Task, answer: Answer | None, now: datetime) -> Task:
    if answer is None:
        return closed(task, TaskStatus.CANCELLED, None, now)
    status = TaskStatus.REJECTED if answer.rejected else TaskStatus.COMPLETED
    return closed(task, status, answer.by, answer.at, answer=answer.value, reason=answer.reason, key=answer.key)


def _task(execution: Execution, thread: Thread, title: Any, params: Mapping[str, Any]) -> Task:  # noqa: ANN401 - JSON
    name = thread.base
    return Task(
        tenant_id=execution.tenant_id,
        id=task_id(execution.id, name, thread.turn),
        execution_id=execution.id,
        definition_id=execution.definition_id,
        definition_version=execution.definition_version,
        thread=name,
        turn=thread.turn,
        step=thread.step,
        created_at=thread.since,
        title=str(title),
        description=params.get("description"),
        input_schema=params.get("inputSchema", True),
        ui_schema=params.get("uiSchema"),
        data=params.get("data"),
        assignees=people(params.get("assignees")),
        groups=people(params.get("groups")),
        excluded=people(params.get("not")),
        priority=int(params.get("priority", 50)),
        if_overdue=if_overdue(params.get("due")),
    )


def waiter_of(execution: Execution, thread: Thread, key: str) -> Waiter:
    """Make the waiter of a turn; its tombstone began when the turn did. Without a key, items come in their order."""
    since = thread.started_at if thread.status is Status.OVER else thread.since
    definition, version = execution.definition_id, execution.definition_version
    rank = "" if key else _rank(execution, thread)
    return Waiter(execution.id, thread.base, thread.turn, since, definition, version, thread.step, rank)


def _rank(execution: Execution, thread: Thread) -> str:
    """Write where a thread stands among those of all partitions, so that texts sort as the numbers in them do."""
    first = 0 if execution.partition is None else execution.partition.first
    numbers = (str(first), *thread.base.split(".")[1:])
    return "".join(f"{number.zfill(_DIGITS)}." for number in numbers)[:_LONGEST_RANK]
