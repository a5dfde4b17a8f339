"""Invariants between an execution that waits for answers and its entries in other tables: tasks and waiters."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.identity import TurnKey, task_id
from chalicelib.core.executions.model import Execution, Status, Thread
from chalicelib.core.executions.verify import Patience, Violation, ViolationKind
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.waits.correlation import Waiter
from chalicelib.core.waits.task import Task, TaskStatus


def waiting_for_answers(execution: Execution) -> Sequence[tuple[Thread, AnswerWait]]:
    """List the threads whose wait has an entry in another table: a task, or a waiter for an event by key."""
    if execution.ended:
        return ()
    return [
        (thread, wait)
        for thread in execution.threads.values()
        if thread.status is Status.WAITING_FOR_ANSWER
        and isinstance(wait := thread.wait, AnswerWait)
        and wait.is_kept_elsewhere
    ]


def task_of(execution: Execution, thread: Thread) -> str:
    """Name the task that a thread waits for."""
    return task_id(execution.id, thread.base, thread.turn)


def wait_violations(
    execution: Execution,
    tasks: Mapping[str, Task],
    waiting: Collection[TurnKey],
    now: datetime,
    patience: Patience,
) -> Iterator[Violation]:
    """Find the waits of an execution whose entry is missing.

    ``tasks`` are those of its threads that are there, ``waiting`` its threads that wait for events by their items.
    """
    for thread, wait in waiting_for_answers(execution):
        if thread.since >= now - patience.message:
            continue
        if wait.what is not AnswerKind.TASK:
            detail = None if thread.key in waiting else f"it waits for event {wait.name}, and no event can find it"
        elif (task := tasks.get(name := task_of(execution, thread))) is None:
            detail = f"it waits for task {name}, which does not exist, or is damaged"
        else:
            is_open = task.status is TaskStatus.OPEN
            detail = None if is_open else f"it waits for task {name}, which is {task.status}"
        if detail is not None:
            yield Violation(ViolationKind.WAIT, execution.id, detail, thread.id)


def task_violations(task: Task, execution: Execution | None, now: datetime, patience: Patience) -> Iterator[Violation]:
    """Find an open task that no thread waits for."""
    key = TurnKey(task.thread, task.turn)
    if task.status is TaskStatus.OPEN and (why := _left(execution, key, now, patience)) is not None:
        yield Violation(ViolationKind.TASK, task.execution_id, f"task {task.id} is open, and {why}", task.thread)


def waiter_violations(
    waiter: Waiter, execution: Execution | None, now: datetime, patience: Patience
) -> Iterator[Violation]:
    """Find a waiter whose thread does not wait."""
    key = TurnKey(waiter.thread, waiter.turn)
    if (why := _left(execution, key, now, patience)) is not None:
        yield Violation(
            ViolationKind.WAITER, waiter.execution, f"it is to wait at turn {key.turn}, and {why}", key.thread
        )


def _left(execution: Execution | None, key: TurnKey, now: datetime, patience: Patience) -> str | None:
    """Say why nobody waits at a turn, if that is so for longer than it takes to tell; None: somebody does."""
    if execution is None:
        return "its execution does not exist"
    if any(thread.base == key.thread and thread.turn == key.turn for thread, _ in waiting_for_answers(execution)):
        return None
    tombstone = execution.threads.get(key.tombstone)
    over_since = execution.ended_at if tombstone is None else tombstone.since
    if over_since is not None and over_since >= now - patience.message:
        return None
    return "its execution has ended" if execution.ended else "its execution does not wait for it"
