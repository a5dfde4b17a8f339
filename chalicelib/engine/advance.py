"""Advances: how far inputs and steps take an execution in memory, between two of its writes."""

from collections.abc import Collection, Mapping
from copy import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.decide import tries_again
from chalicelib.core.executions.due import is_to_be_sent
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import (
    Acquitted,
    Decision,
    Outgrown,
    Poisoned,
    RedriveRequested,
    Requested,
    ResumeRequested,
    SignalSent,
    Suspected,
    TimerFired,
    WaitClosed,
)
from chalicelib.core.executions.model import Execution, HistoryEntry, Status
from chalicelib.engine.model import SPARED_BY_FAILURES, SPARED_BY_STEPS, Pending

UNWRITTEN_FOR = timedelta(seconds=1)
"""How long what repeatable calls answered may stand in no store, while others are made: longer ones gain little."""

BEFORE_A_LOOK = timedelta(seconds=10)
"""Of the schedule: so long before it no call is made from a turn that is not written. It is written within a second."""

UNWRITTEN_CALLS = 20
"""How many calls a function that dies may have to make again."""


@dataclass(slots=True)
class Advance:
    """How far inputs and due steps take an execution, before it is written."""

    item: Execution
    """As it was read, or written."""
    since: datetime
    execution: Execution = field(init=False)
    records: list[HistoryEntry] = field(default_factory=list)
    calls: Mapping[TurnKey, Call] = field(default_factory=dict)
    """To be begun, by turns."""
    ahead: set[TurnKey] = field(default_factory=set)
    """Turns that stand in no store, and make calls all the same: these are repeatable."""
    urgent: bool = False
    """Whether something is to be written at once: what cannot be had again, or what others wait for."""
    turns: int = 0
    size: int = 0
    """Of the results in the records, in characters of JSON."""
    taken: int = 0
    """How many of the inputs that are pending."""
    last: Pending | None = None
    """The input of the newest turn."""
    must_read: bool = False
    """Whether it goes on only from what was read."""

    def __post_init__(self) -> None:
        self.execution = self.item

    def branch(self) -> "Advance":
        """Copy it, to try how far the execution would go."""
        found = copy(self)
        found.records, found.calls, found.ahead = [*self.records], {}, {*self.ahead}
        return found

    def fold(self, decision: Decision, made: Pending) -> None:
        """Take over the decision about an input."""
        self.last = made
        self.execution = decision.execution
        self.records.extend(decision.records)
        for record in decision.records:
            self.size += record.size
        self.turns += 1

    def may_go_on(self, now: datetime) -> bool:
        """Tell whether a repeatable call may be made now, before what led to it is written."""
        return not self.urgent and now < self.since + UNWRITTEN_FOR and len(self.ahead) < UNWRITTEN_CALLS

    def may_try_again(self, key: TurnKey, now: datetime) -> bool:
        """Tell whether an unwritten turn may call, as it is the next attempt of a step, which nobody else begins now.

        This request has its timer, and the schedule does not send another one before the turn is written.
        """
        thread = self.item.threads.get(key.thread)
        if thread is None or not tries_again(thread, key) or not self.may_go_on(now):
            return False
        return not is_to_be_sent(self.item, thread, now + BEFORE_A_LOOK)

    def asks_for_something(self) -> bool:
        """Tell whether the execution has ended, or a thread has begun to wait: then messages may have to be sent."""
        moved = (t for t in self.execution.threads.values() if t is not self.item.threads.get(t.id))
        return self.execution.ended or any(thread.status not in {Status.READY, Status.JOINING} for thread in moved)


def spared(advance: Advance) -> int:
    """Tell how many bytes of an execution's item a write has to leave free."""
    last = advance.last.input if advance.last is not None and advance.turns == 1 else None
    match last:
        case Outgrown():
            return SPARED_BY_FAILURES
        case SignalSent():
            return SPARED_BY_STEPS
        case Requested() | Suspected() | Acquitted() | Poisoned() | WaitClosed():
            return 0
        case _ if advance.execution.ended:
            return SPARED_BY_FAILURES
        case _:
            return SPARED_BY_STEPS if advance.turns else 0


def turn_of(pending: Pending) -> TurnKey:
    """Tell which turn an input is about."""
    return TurnKey(pending.input.thread, pending.input.turn)


def is_had_again(item: Execution, pending: Pending, repeatable: Collection[TurnKey]) -> bool:
    """Tell whether an input would come again if this process died: the result of a repeatable call, or a retry."""
    thread = item.threads.get(pending.input.thread)
    is_retry = thread is not None and thread.status is Status.RETRYING and isinstance(pending.input, TimerFired)
    return is_retry or turn_of(pending) in repeatable


def version_of(pending: Pending) -> int | None:
    """Tell the version of the definition that an input wants to go on with."""
    return pending.input.version if isinstance(pending.input, RedriveRequested | ResumeRequested) else None
