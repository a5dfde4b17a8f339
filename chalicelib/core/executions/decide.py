"""The state machine. Read this first: what it is about, and what each input does at each status.

:func:`decide` folds one input into an execution and answers a decision: the state to write, at most one call to make,
and the entries of history. It is pure: the same execution, input, instant and driver give the same decision. The
engine (:mod:`chalicelib.engine`) carries it out.

*Threads.* An execution has threads: one to begin with, and those that steps fork. Each stands at one step.

*Turns.* A thread is at a turn, a number. Every change of a thread is its next turn. An input names a thread and a turn;
if the thread is not at that turn, the input changes nothing. So what comes twice, late or out of order does no harm.

*Tombstones.* A thread may go on while somebody is still to be told about an earlier turn: a child execution that is to
end, a task that is to be taken back. What is needed for that is kept as a thread of its own, named ``thread@turn``.

*Drivers.* Every thread that a decision moves or makes carries its driver: the message and the request under which that
was done. Whoever gets the message again finds by the driver what is left to do.

*Commands.* A decision sends nothing. What is to be sent follows from the state that was written
(:mod:`chalicelib.core.executions.implied`), so whoever reads that state can send it, too.

*Visits.* A thread that arrives at a step visits it; attempts, hand-overs, and redrives that change nothing belong to
the same visit. What a visit calls is made from its own thread, the threads that forked it, the input of the execution
and the instant of arrival: none of them changes meanwhile. So the idempotency key of a visit always stands for the same
content.

*Claims.* A call that must not be made twice is made by the one request that claimed it. The claim stands until the
answer is known, whatever happens to the turn; whoever else comes to the turn finds it ``Interrupted``.

The rules are beside this file, each where it belongs: ``steps``, ``branches``, ``children``, ``answers``, ``failures``,
``suspicion`` (of dead letters), ``requests`` (whether something may be asked of a whole execution, and what it does).
``rules`` says which of them one file asks of another; ``builder`` keeps the next state while it is made.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.answers import Answers
from chalicelib.core.executions.branches import Branches
from chalicelib.core.executions.children import Children
from chalicelib.core.executions.failures import Failures
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import (
    Acquitted,
    CallbackFailed,
    CallbackSucceeded,
    CallDeferred,
    CallFailed,
    CallSucceeded,
    ChildEnded,
    Decision,
    HeartbeatReceived,
    Input,
    Outgrown,
    PauseRequested,
    Poisoned,
    Requested,
    SignalReceived,
    Started,
    StepDue,
    Suspected,
    TaskCompleted,
    TaskRejected,
    TimerFired,
    WaitClosed,
    WaitRefused,
)
from chalicelib.core.executions.model import ROOT, Driver, Execution, HistoryEntry, State, Status, Thread
from chalicelib.core.executions.requests import Requests
from chalicelib.core.executions.rules import BUDGET, budget_of, overspent
from chalicelib.core.executions.starts import start_of
from chalicelib.core.executions.steps import Steps
from chalicelib.core.executions.suspicion import Suspicion
from chalicelib.core.executions.waiting import ChildJoin, PartitionJoin
from chalicelib.core.values.errors import InternalError
from chalicelib.core.values.value import copy_with, value

NO_TURN = -1
"""That an input cannot name."""


def decide(definition: Definition, execution: Execution, event: Input, now: datetime, driver: Driver) -> Decision:
    """Fold one input into an execution: the state to write, the call to make, the entries of history."""
    return Transition(definition, execution, now, driver).decision(event)


def hand_over(execution: Execution, keys: Collection[TurnKey], driver: Driver) -> Execution:
    """Leave ready threads to whoever takes their message; this moves no turn. A claim goes back: nothing was called."""
    handed = {
        thread.id: copy_with(
            thread,
            driver=copy_with(driver, handed=True),
            claimed_by="" if thread.claimed_by == driver.request else thread.claimed_by,
        )
        for thread in execution.threads.values()
        if thread.key in keys and thread.status is Status.READY
    }
    return copy_with(execution, threads={**execution.threads, **handed})


def addressed(execution: Execution, event: Input) -> Thread | None:
    """Find the tombstone of the turn that an input names, or the thread that stands at it."""
    tombstone = execution.threads.get(TurnKey(event.thread, event.turn).tombstone)
    if tombstone is not None:
        return tombstone  # first: at the end of an execution its first thread stands at the turn that was answered
    thread = execution.threads.get(event.thread)
    return thread if thread is not None and turn_meant(thread, event) == event.turn else None


def turn_meant(thread: Thread, event: Input) -> int:
    """Tell which turn an input must name to mean a thread as it stands.

    A token is that of the visit, as what a call hands out is the same in every attempt. A child execution names the
    turn at which it was started. An attempt may have been made whose turn is not written.
    """
    if isinstance(event, CallbackSucceeded | CallbackFailed | HeartbeatReceived):
        return thread.visit
    if isinstance(event, CallSucceeded | CallFailed) and thread.claimed_by and event.turn >= thread.visit:
        return event.turn
    if isinstance(event, CallSucceeded | CallFailed) and thread.status is Status.RETRYING:
        return event.turn if tries_again(thread, TurnKey(event.thread, event.turn)) else NO_TURN
    if isinstance(event, ChildEnded) and isinstance(thread.join, PartitionJoin | ChildJoin):
        return thread.join.turn
    return thread.turn


def tries_again(thread: Thread, key: TurnKey) -> bool:
    """Tell whether a turn is the attempt that a thread waits for, and that is all of its step."""
    is_next = key == TurnKey(thread.id, thread.turn + 1)
    return is_next and thread.status is Status.RETRYING and thread.join is None


class Transition(Steps, Branches, Children, Answers, Failures, Requests, Suspicion):
    """One decision in the making."""

    def decision(self, event: Input) -> Decision:
        """Answer what an input comes to."""
        if isinstance(event, Requested):
            self.request(event)
        elif (thread := addressed(self.execution, event)) is not None:
            self.take_safely(event, thread)
        if self.definition.budget is not None or self.execution.budget is not None:
            self.keep_to_budget(event)
        opening = self.opening()
        if self.last is not None:
            state, step = self.last
            self.execution = copy_with(self.execution, state=state, step=step)
        if self.definition.search:
            from chalicelib.core.executions.attributes import with_attributes  # noqa: PLC0415 - few definitions have any

            self.execution = with_attributes(self.definition, self.before, self.execution, self.now)
        return Decision(self.execution, self.to_call, (*opening, *self.records))

    def keep_to_budget(self, event: Input) -> None:
        """Pause once it has cost too much; what was asked of the whole execution is done all the same."""
        has_moved = self.execution is not self.before and self.to_call is None
        if not has_moved or isinstance(event, Requested):
            return
        if (reason := overspent(self.definition, self.execution)) is not None:
            self.pause(PauseRequested(reason=reason))
            for thread in self.execution.threads.values():
                before = self.before.threads.get(thread.id)
                if thread.status is Status.READY and (before is None or before.turn != thread.turn):
                    self.put(copy_with(thread, busy_until=self.now))  # nobody has begun it
            self.note(**{BUDGET: budget_of(self.definition, self.execution)})

    def take_safely(self, event: Input, thread: Thread) -> None:
        """Carry out an input; what nobody has thought of fails the step, where it can be seen and caught."""
        try:
            self.take(event, thread)
        except Exception as error:  # noqa: BLE001 - a definition must not be able to stop the function that runs it
            self.execution, self.records, self.last, self.to_call = self.before, [], None, None
            self.fail(thread, InternalError.of(error))

    def take(self, event: Input, thread: Thread) -> None:
        """Carry out what an input means to a thread at its turn, as the table says."""
        row = _ROWS.get((thread.status, type(event)))
        if row is None or (self.execution.paused and not row.while_paused):
            return
        if row.after_end or not self.execution.ended:
            row.rule(self, thread, event)

    def opening(self) -> list[HistoryEntry]:
        """Record the start before the first thing that happens."""
        if self.before.state is not State.SUBMITTED or self.execution is self.before:
            return []
        if self.before.deadline is not None:
            deadline = self.not_later(self.before.deadline, self.before.started_at)
            self.execution = copy_with(self.execution, deadline=deadline)
        root = self.before.threads[ROOT]
        first = HistoryEntry(
            self.before.started_at, State.SUBMITTED, ROOT, 0, self.before.step, actor=self.before.started_by
        )
        opening = [first, copy_with(first, state=State.STARTED, actor=None)]
        if self.begins(self.before, root):
            start = start_of(self.definition, self.before, root)
            about, children, size = start.about, start.children, start.size
            begun = copy_with(opening[-1], state=State.STEP_STARTED, about=about, children=children, size=size)
            opening.append(begun)
        self.last = self.last or (State.STEP_STARTED, self.before.step)
        return opening


Rule: TypeAlias = Callable[["Transition", Thread, Any], None]

ANSWERS: tuple[type[Input], ...] = (
    CallbackSucceeded,
    CallbackFailed,
    HeartbeatReceived,
    TaskCompleted,
    TaskRejected,
    SignalReceived,
    WaitRefused,
)


@value
class TableRow:
    """A row of the table: what some inputs do to a thread at a status."""

    status: Status
    inputs: tuple[type[Input], ...]
    means: str
    """In words, for people."""
    rule: Rule
    while_paused: bool = True
    """While an execution is paused nothing begins, and no timer counts; what is under way is heard."""
    after_end: bool = False
    """After the end nothing counts but the answer to a call that was under way: for a redrive."""


def _fires(status: Status, means: str) -> TableRow:
    """Make the row of a status at which a timer can fire, which it does never early."""
    return TableRow(
        status, (TimerFired,), means, lambda do, thread, fired: do.timer_fired(thread, fired), while_paused=False
    )


def _dies(status: Status) -> Sequence[TableRow]:
    """Make the rows of a status at which a thread's message can be a dead letter."""
    return (
        TableRow(status, (Suspected,), "note a strike; fail the step after three", lambda do, at, _: do.suspected(at)),
        TableRow(status, (Acquitted,), "take a strike back", lambda do, thread, _: do.acquitted(thread)),
        TableRow(status, (Poisoned,), "fail the step", lambda do, thread, got: do.poisoned(thread, got)),
    )


def _outgrows(status: Status) -> TableRow:
    """Make the row of a status at which what comes to a thread can be too much for the execution."""
    return TableRow(status, (Outgrown,), "fail the step", lambda do, thread, got: do.outgrown(thread, got))


TABLE: Sequence[TableRow] = (
    TableRow(
        Status.READY, (Started, StepDue), "run the step", lambda do, thread, _: do.run(thread), while_paused=False
    ),
    TableRow(
        Status.READY,
        (CallSucceeded,),
        "take the result",
        lambda do, thread, got: do.call_succeeded(thread, got),
        after_end=True,
    ),
    TableRow(
        Status.READY,
        (CallFailed,),
        "fail the step",
        lambda do, thread, got: do.call_failed(thread, got),
        after_end=True,
    ),
    TableRow(
        Status.READY,
        (CallDeferred,),
        "give the claim back",
        lambda do, thread, _: do.call_deferred(thread),
        after_end=True,
    ),
    TableRow(
        Status.READY, ANSWERS, "take the answer to a call under way", lambda do, thread, got: do.hear(got, thread)
    ),
    *_dies(Status.READY),
    _fires(Status.WAITING, "go on, or time out"),
    *_dies(Status.WAITING),
    _fires(Status.RETRYING, "try again, or time out"),
    TableRow(
        Status.RETRYING, ANSWERS, "take the answer to an attempt before", lambda do, thread, got: do.hear(got, thread)
    ),
    TableRow(Status.RETRYING, (ChildEnded,), "take the result", lambda do, thread, got: do.child_ended(thread, got)),
    TableRow(
        Status.RETRYING,
        (CallSucceeded, CallFailed),
        "take what the next attempt came to",
        lambda do, thread, got: do.tried_again(thread, got),
        after_end=True,
    ),
    *_dies(Status.RETRYING),
    _fires(Status.JOINING, "time out"),
    *_dies(Status.JOINING),
    TableRow(
        Status.WAITING_FOR_CHILDREN,
        (ChildEnded,),
        "take the result; the last one moves the step on",
        lambda do, thread, got: do.child_ended(thread, got),
    ),
    _fires(Status.WAITING_FOR_CHILDREN, "time out"),
    *_dies(Status.WAITING_FOR_CHILDREN),
    TableRow(Status.WAITING_FOR_ANSWER, ANSWERS, "take the answer", lambda do, thread, got: do.hear(got, thread)),
    _fires(Status.WAITING_FOR_ANSWER, "overdue, or time out"),
    *_dies(Status.WAITING_FOR_ANSWER),
    TableRow(Status.FAILED, (ChildEnded,), "take the result", lambda do, thread, got: do.child_ended(thread, got)),
    TableRow(
        Status.FAILED,
        (CallSucceeded,),
        "keep the result",
        lambda do, thread, got: do.call_succeeded(thread, got),
        after_end=True,
    ),
    TableRow(
        Status.FAILED,
        (CallFailed,),
        "give the claim up",
        lambda do, thread, got: do.call_failed(thread, got),
        after_end=True,
    ),
    TableRow(Status.OVER, (ChildEnded,), "forget the child", lambda do, thread, got: do.forget(thread, got)),
    TableRow(Status.OVER, (WaitClosed,), "remove the tombstone", lambda do, thread, _: do.remove(thread)),
    *(_outgrows(status) for status in Status if status is not Status.OVER),
)
"""What an input does to the thread at the turn that it names, by the thread's status; all else changes nothing."""

_ROWS = {(row.status, kind): row for row in TABLE for kind in row.inputs}


def table_rows() -> Sequence[Sequence[str]]:
    """Answer the table for people: a heading, and a row for each status, with a column for each kind of input."""
    columns = {"StepDue": StepDue, "CallSucceeded": CallSucceeded, "CallFailed": CallFailed}
    columns |= {"CallDeferred": CallDeferred, "an answer": ANSWERS[0]}
    columns |= {kind.__name__: kind for kind in (TimerFired, ChildEnded, WaitClosed, Suspected, Poisoned)}
    rows = [["status", *columns]]
    for status in Status:
        found = [_ROWS.get((status, kind)) for kind in columns.values()]
        rows.append([status.name, *("" if row is None else _described(row) for row in found)])
    return rows


def _described(row: TableRow) -> str:
    return row.means if row.while_paused else f"{row.means}; not while paused"
