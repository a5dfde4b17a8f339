"""The builder of the next state: what a decision changes of an execution, and its entries of history."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.executions.factory import children_of, living
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.model import (
    ENDED,
    RECORDED_ONLY,
    ROOT,
    Driver,
    Execution,
    Failure,
    HistoryEntry,
    State,
    Status,
    Thread,
)
from chalicelib.core.executions.scope import item_of, rendered
from chalicelib.core.executions.waiting import AnswerWait, ChildJoin, PartitionJoin
from chalicelib.core.expressions.template import Template
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.bounds import bound_problem, bound_problem_in
from chalicelib.core.values.errors import ResultTooLargeError
from chalicelib.core.values.json import Json, is_longer
from chalicelib.core.values.value import copy_with

_STRICT = json.JSONEncoder(ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"))
"""Refuses what would be written as something else: instants, sets, infinity."""

MAX_RESULT = LIMITS.result_chars

_TOGETHER = 1_000
"""Parts of a list or an object whose text is made at once, if they are small."""
_AT_ONCE = 1_000_000
"""Characters of a result whose text is made at once."""


class StateBuilder:
    """The next state of an execution, its entries of history and its call, as one driver makes them at one instant."""

    def __init__(self, definition: Definition, execution: Execution, now: datetime, driver: Driver) -> None:
        self.definition = definition
        self.before = execution
        self.execution = execution
        self.now = now
        self.driver = driver
        self.to_call: Call | None = None
        self.records: list[HistoryEntry] = []
        self.last: tuple[State, str] | None = None
        """What the execution did last: it shows once all that the event comes to is done."""

    def not_later(self, deadline: datetime, since: datetime) -> datetime:
        """Bound a deadline that another clock has set: the time from now to it is never longer than its whole time."""
        return min(deadline, self.now + (deadline - since))

    def move(self, thread: Thread) -> Thread:
        """Take a changed thread to its next turn."""
        moved = copy_with(thread, turn=thread.turn + 1, since=self.now, driver=self.driver, strikes=0, busy_until=None)
        if thread.deadline is not None:
            moved = copy_with(moved, deadline=self.not_later(thread.deadline, thread.started_at))
        self.put(moved)
        return moved

    def put(self, thread: Thread) -> None:
        """Put a thread in place of the one with its id, at the same turn."""
        self.execution = copy_with(self.execution, threads={**self.execution.threads, thread.id: thread})

    def note_claim(self, thread: Thread) -> None:
        """Remember the step of a claimed call that is given up before its answer is known."""
        known = self.execution.unanswered
        if thread.claimed_by and thread.step not in known:
            self.execution = copy_with(self.execution, unanswered=(*known, thread.step))

    def remove(self, thread: Thread) -> None:
        """Remove a thread."""
        self.note_claim(thread)
        threads = {name: other for name, other in self.execution.threads.items() if name != thread.id}
        self.execution = copy_with(self.execution, threads=threads)

    def clear(self, thread: Thread) -> None:
        """Remove all threads below one."""
        for below in [other for other in self.execution.threads.values() if other.parent == thread.id]:
            self.clear(below)
            self.release(below)
            self.remove(below)

    def release(self, thread: Thread) -> None:
        """Leave tombstones of a thread's wait and of its living child executions: both are still to be told."""
        self.close_wait(thread)
        if isinstance(thread.join, PartitionJoin | ChildJoin) and living(self.execution, thread):
            key = TurnKey(thread.id, thread.join.turn)
            self.put(copy_with(self.tombstone(thread, key), join=thread.join, results=thread.results))

    def close_wait(self, thread: Thread) -> None:
        """Leave a tombstone of a wait for an answer, until the task or the waiter is closed."""
        wait = thread.wait
        if thread.status is Status.WAITING_FOR_ANSWER and isinstance(wait, AnswerWait) and wait.is_kept_elsewhere:
            self.put(copy_with(self.tombstone(thread), wait=copy_with(wait, until=None)))

    def tombstone(self, thread: Thread, key: TurnKey | None = None) -> Thread:
        """Make the tombstone of a turn of a thread, by default of its present one."""
        key = key or thread.key
        left = Thread(key.tombstone, key.turn, Status.OVER, thread.step, None, self.now, thread.since)
        return copy_with(left, driver=self.driver)

    def abandon(self, thread: Thread) -> None:
        """Give up all that an attempt has begun: forked threads, child executions, its wait."""
        self.clear(thread)
        self.release(thread)

    def close(  # noqa: PLR0913 - what an end can hold
        self,
        root: Thread,
        state: State,
        *,
        output: Json = None,
        error: Failure | None = None,
        failed: int = 0,
        actor: str | None = None,
        reason: str | None = None,
    ) -> None:
        """End the execution; its threads stay as far as they imply messages, or a redrive goes on with them."""
        size = 0 if output is None else size_of(output)
        self.record(state, root, result=output, error=error, actor=actor, about=why(reason), size=size)
        if untaken := [each for each in self.execution.mailbox if not each.taken and each.until > self.now]:
            self.records[-1] = copy_with(self.records[-1], untaken=tuple(untaken))
        threads = {**self.execution.threads, ROOT: root}
        if state is State.SUCCEEDED and not failed:
            threads = {name: thread for name, thread in threads.items() if thread.status is Status.OVER}
            threads[ROOT] = Thread(ROOT, root.turn, Status.OVER, root.step, None, root.since, root.started_at)
        self.execution = copy_with(
            self.execution,
            threads={name: self.at_end(thread) for name, thread in threads.items()},
            stash=root.stash,
            output=output,
            error=error,
            failed=failed,
            ended_at=self.now,
            paused_at=None,
            stopped_by=actor,
            reason=reason,
        )

    def at_end(self, thread: Thread) -> Thread:
        """Make the thread that the end leaves; it has this driver if its state still asks for messages."""
        is_root, has_children = thread.id == ROOT, isinstance(thread.join, PartitionJoin | ChildJoin)
        if is_root and thread.status is Status.OVER and self.execution.parent is None:
            return thread
        elsewhere = (Status.WAITING_FOR_CHILDREN, Status.WAITING_FOR_ANSWER, Status.OVER)
        is_driven = is_root or has_children or thread.status in elsewhere
        return copy_with(thread, driver=self.driver) if is_driven else thread

    def record(  # noqa: PLR0913 - what an entry can hold
        self,
        state: State,
        thread: Thread,
        *,
        result: Json = None,
        error: Failure | None = None,
        stash: Mapping[str, Json] | None = None,
        actor: str | None = None,
        change: Mapping[str, Json] | None = None,
        about: Mapping[str, Json] | None = None,
        children: Sequence[str] = (),
        size: int = 0,
    ) -> None:
        """Add an entry of history; the execution gets its state, unless it is paused or the state is recorded only."""
        self.records.append(
            HistoryEntry(
                self.now,
                state,
                thread.id,
                thread.turn,
                thread.step,
                thread.attempt,
                actor,
                result,
                error,
                stash or {},
                change or {},
                children if thread.join is None else children_of(self.execution, thread),
                size,
                index=None if thread.parent is None else index_of(self.execution, thread),
                about=about or {},
            )
        )
        if state not in RECORDED_ONLY and (self.execution.paused_at is None or state in ENDED):
            self.last = state, thread.step

    def note(self, **about: Json) -> None:
        """Add members to the newest entry of history."""
        entry = self.records[-1]
        self.records[-1] = copy_with(entry, about={**entry.about, **about})

    def render(self, template: Template, thread: Thread, output: Json, site: str) -> Json:
        """Render a template for a thread, now."""
        return rendered(template, self.execution, thread, output, self.now, site=site)


def index_of(execution: Execution, thread: Thread) -> int | None:
    """Tell which item of a `map` a thread is for, or one that forked it."""
    item = item_of(execution, thread)
    return None if item is None else item.index


def why(reason: str | None) -> dict[str, Json]:
    """Tell the reason of a request, where it has one."""
    return {} if reason is None else {"reason": reason}


def size_of(value: Json, beside: int = 0) -> int:
    """Tell the size of a result, in characters of JSON; ``beside`` are those of what else the step leaves.

    Raises:
        ResultTooLargeError: it is beyond what a function can hold, of which the text is made of one part after the
            other; or beyond what a value may be.
    """
    if value is None:
        return 0
    if not isinstance(value, list | dict) or not is_longer(value, _AT_ONCE):
        return _require_less(_size_at_once(value), beside)
    if (problem := bound_problem(value)) is not None:
        raise ResultTooLargeError(f"the result {problem}")
    size = 2 + len(value) - 1
    known: dict[int, int] = {}
    parts = value if isinstance(value, list) else [*value.values()]
    for start in range(0, len(parts), _TOGETHER):
        some = parts[start : start + _TOGETHER]
        if is_longer(some, _AT_ONCE):
            for part in some:
                if id(part) not in known:
                    known[id(part)] = len(_STRICT.encode(part))
                size = _require_less(size + known[id(part)], beside)
        else:
            size = _require_less(size + len(_STRICT.encode(some)) - len(some) - 1, beside)
    return size if isinstance(value, list) else size + sum(len(_STRICT.encode(key)) + 1 for key in value)


def _require_less(size: int, beside: int) -> int:
    if size + beside > MAX_RESULT:
        raise ResultTooLargeError(
            beyond(
                "result_chars",
                f"the result has {size + beside:,} characters of JSON or more, and {MAX_RESULT:,} are the most",
            )
        )
    return size


def _size_at_once(value: Json) -> int:
    try:
        text = _STRICT.encode(value)
    except RecursionError:
        raise ResultTooLargeError(f"the result {bound_problem(value)}") from None
    if (problem := bound_problem_in(text, value)) is not None:
        raise ResultTooLargeError(f"the result {problem}")
    return len(text)
