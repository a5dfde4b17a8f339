"""The shell: load, decide, perform, write, send, acknowledge.

One :class:`Invocation` is the work of one request of a function on one execution. It drives every thread that it owns
as far as it goes, without a message in between. What makes that safe is here and nowhere else:

* nothing is performed but from a turn that stands written (or was read) and is owned;
* a history row, then the execution on condition of the version that was read, then messages, then the acknowledgement;
* a write that lost, or whose answer was lost, is never repeated as it was: read again, fold the same events again;
* messages are derived from the state, so that a redelivery can send what its dead twin did not.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.decide import decide, due_at, hand_over, implied, is_due
from chalicelib.core.errors import UnavailableError
from chalicelib.core.history import new_row
from chalicelib.core.model import (
    Decision,
    Definition,
    Driver,
    Event,
    Execution,
    Message,
    Perform,
    Record,
    Status,
    StepDue,
    Thread,
    TimerFired,
)
from chalicelib.ports import (
    Clock,
    Definitions,
    Effects,
    ExecutionStore,
    HistoryStore,
    Queue,
    Stale,
)

Key: TypeAlias = tuple[str, int]
"""A thread at a turn."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message as it was received."""

    id: str
    """The queue's id of the message, the same for every delivery of it."""
    message: Message
    receives: int = 1
    """How often it has been received, this time included."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How far one invocation may go before it leaves the rest to others."""

    deadline: datetime
    """After this instant no effect is begun and no step run."""
    turns: int = 1000
    turns_per_write: int = 100
    size_per_write: int = 2_000_000
    """Characters of results: so that a row of history has a bound, and progress with large values is kept."""
    unanswered: int = 5
    """How many writes may go unanswered before the message is left to its next delivery."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What an invocation works with."""

    executions: ExecutionStore
    definitions: Definitions
    history: HistoryStore
    queue: Queue
    clock: Clock
    effects: Callable[[], Effects]
    decide: Callable[[Definition, Execution, Event, datetime, Driver], Decision] = decide


@dataclass(slots=True)
class Advance:
    """How far events and due steps take an execution, before it is written."""

    execution: Execution
    records: list[Record] = field(default_factory=list)
    performs: dict[Key, Perform] = field(default_factory=dict)
    """By turns that stand written, or were read."""
    turns: int = 0
    size: int = 0
    """Of the results in the records, in characters of JSON."""

    def fold(self, decision: Decision) -> None:
        """Take a decision up."""
        self.execution = decision.execution
        self.records.extend(decision.records)
        self.size += sum(len(json.dumps(record.result)) for record in decision.records if record.result is not None)
        self.turns += 1


class Invocation:
    """The work of one request on one execution.

    ``own`` are the turns that it may move, each with the message under which it does; ``pending`` the events that are
    not written yet; ``running`` the turns whose effects are in flight; ``sent`` the turns whose message it has sent.
    ``item`` is the execution as last read or written (``presumed``: as the start message says), None once nothing is
    left to do.
    """

    def __init__(self, ports: Ports, request: str, deliveries: Sequence[Delivery], budget: Budget) -> None:
        self.ports = ports
        self.request = request
        self.deliveries = {delivery.id: delivery for delivery in deliveries}
        self.execution_id = deliveries[0].message.execution
        self.budget = budget
        self.effects = ports.effects()
        self.item: Execution | None = None
        self.presumed = False
        self.own: dict[Key, str] = {}
        self.pending: dict[Key, Event] = {}
        self.running: set[Key] = set()
        self.outbox: dict[Key, Message] = {}
        self.sent: set[Key] = set()
        self.turns = 0
        self.writes = 0
        self.unanswered = 0

    def run(self) -> set[str]:
        """Do the work; answer the ids of the messages to acknowledge, the others are given back.

        Raises:
            UnavailableError: a service did not answer; nothing may be acknowledged.
        """
        self.load()
        while self.item is not None:
            self.send()
            advance = self.advance(self.item)
            if advance.performs and self.presumed:
                self.load()
                continue
            self.perform(advance.performs)
            if advance.execution is not self.item:
                self.write(self.item, advance)
            elif self.running:
                self.collect()
            else:
                return self.acknowledged(self.item)
        while self.running:
            self.collect()
        return set(self.deliveries)

    # -- what is mine

    def load(self) -> None:
        """Read the execution, or presume it untouched where its first start message brings it along."""
        starts = [s for d in self.deliveries.values() if (s := d.message.submission) is not None]
        submission = starts[0] if starts else None
        self.presumed = submission is not None and not self.presumed and self.is_first()
        item = submission if self.presumed else self.read(submission)
        if item is None or item.ended:
            self.item = None
            return
        self.item = item
        self.own, self.pending, self.outbox = {}, {}, {}
        for delivery in self.deliveries.values():
            started = delivery.message.submission
            if started is None or started.nonce == item.nonce:
                self.take_up(item, delivery)

    def read(self, submission: Execution | None) -> Execution | None:
        """Read the execution; one that its start message has overtaken is put first, so that no other takes its id."""
        item = self.ports.executions.get(self.execution_id)
        if item is not None or submission is None:
            return item
        try:
            self.ports.executions.create(submission)
        except Stale as stale:
            return stale.current
        return submission

    def is_first(self) -> bool:
        """Tell whether nothing but one message, never received before, is at hand."""
        return [delivery.receives for delivery in self.deliveries.values()] == [1]

    def take_up(self, item: Execution, delivery: Delivery) -> None:
        """Own what a message names and what a dead twin left under it; make up for what the twin did not send."""
        event = delivery.message.event
        named = (event.thread, event.turn)
        for thread in item.threads.values():
            driver = thread.driver
            under_it = driver is not None and driver.message == delivery.id
            handed = driver is not None and driver.handed
            if thread.status is Status.READY and (thread.key == named or (under_it and not handed)):
                self.own[thread.key] = delivery.id
            elif thread.status is Status.WAITING and thread.key == named:
                self.fire(item, thread, delivery.id)
            elif under_it:
                self.imply(item, thread)

    def fire(self, item: Execution, thread: Thread, message: str) -> None:
        """Take a timer's event up, or send an early one on its way again."""
        if is_due(thread, self.ports.clock.now()):
            self.own[thread.key] = message
            self.pending[thread.key] = TimerFired(*thread.key)
        else:
            self.imply(item, thread)

    def adopt(self, item: Execution) -> None:
        """Keep what is still mine of an execution that was written or read again, and take nothing over."""
        own: dict[Key, str] = {}
        for thread in item.threads.values():
            driver, held = thread.driver, self.own.get(thread.key)
            if driver is not None and self.is_me(driver):
                if thread.status is Status.READY and not driver.handed:
                    own[thread.key] = driver.message
                else:
                    self.imply(item, thread)
            elif held is not None and (driver is None or not driver.handed or self.names(held, thread.key)):
                own[thread.key] = held
        self.item, self.own = item, own
        self.pending = {key: event for key, event in self.pending.items() if key in own}

    def is_me(self, driver: Driver) -> bool:
        """Tell whether this very request wrote a turn, under one of its messages."""
        return driver.request == self.request and driver.message in self.deliveries

    def names(self, message: str, key: Key) -> bool:
        """Tell whether a message names a turn."""
        event = self.deliveries[message].message.event
        return (event.thread, event.turn) == key

    # -- fold

    def advance(self, item: Execution) -> Advance:
        """Fold what is pending, then every step that is due and pure, as far as it goes."""
        now = self.ports.clock.now()
        advance = Advance(item)
        for key, event in self.pending.items():
            advance.fold(self.decide(advance.execution, event, now, self.own[key]))
        if now >= self.budget.deadline or self.turns >= self.budget.turns:
            self.leave(advance)
        else:
            self.run_ahead(advance, now)
        return advance

    def run_ahead(self, advance: Advance, now: datetime) -> None:
        """Run the steps of every thread of mine until it waits, ends, or has something to perform."""
        stopped: set[Key] = set()
        while advance.turns < self.budget.turns_per_write and advance.size < self.budget.size_per_write:
            due = {key: message for key, message in self.due(advance.execution).items() if key not in stopped}
            if not due:
                return
            key, message = next(iter(due.items()))
            decision = self.decide(advance.execution, StepDue(*key), now, message)
            if decision.perform is None:
                advance.fold(decision)
            else:
                stopped.add(key)
                if self.may_perform(key):
                    advance.performs[key] = decision.perform

    def due(self, execution: Execution) -> dict[Key, str]:
        """Find the turns of mine that can run, with the message under which they do."""
        due = {}
        for thread in execution.threads.values():
            if thread.status is Status.READY and thread.key not in self.running:
                driver = thread.driver
                if thread.key in self.own:
                    due[thread.key] = self.own[thread.key]
                elif driver is not None and self.is_me(driver) and not driver.handed:
                    due[thread.key] = driver.message
        return due

    def may_perform(self, key: Key) -> bool:
        """Tell whether a turn may have an effect: only one that stands written."""
        return key in self.own

    def leave(self, advance: Advance) -> None:
        """Hand every ready thread over, once nothing is in flight; it stands in the write before it is sent."""
        if not self.running:
            for key, message in self.due(advance.execution).items():
                advance.execution = hand_over(advance.execution, [key], Driver(message, self.request))

    def decide(self, execution: Execution, event: Event, now: datetime, message: str) -> Decision:
        """Fold one event."""
        return self.ports.decide(self.definition(execution), execution, event, now, Driver(message, self.request))

    def definition(self, execution: Execution) -> Definition:
        """Look the execution's definition version up."""
        return self.ports.definitions.get(execution.tenant_id, execution.definition_id, execution.definition_version)

    # -- carry out

    def perform(self, performs: Mapping[Key, Perform]) -> None:
        """Begin effects."""
        for (thread, turn), perform in performs.items():
            self.running.add((thread, turn))
            self.turns += 1
            self.effects.start(self.execution_id, thread, turn, perform)

    def collect(self) -> None:
        """Wait for an effect to end; its event is pending if its turn is still mine."""
        for event in self.effects.wait():
            self.running.discard((event.thread, event.turn))
            if (event.thread, event.turn) in self.own:
                self.pending[event.thread, event.turn] = event

    def write(self, item: Execution, advance: Advance) -> None:
        """Put the history row, then the execution if nobody else has written it."""
        self.writes += 1
        self.turns += advance.turns
        writer = f"{self.request}#{self.writes}"
        row = new_row(item.id, item.version + 1, writer, item.head, advance.records)
        written = replace(advance.execution, version=item.version + 1, head=row.link)
        try:
            self.ports.history.append(row)
            self.ports.executions.update(written, due_at(written))
        except Stale as stale:
            self.reread(item, stale.current)
        except UnavailableError:
            self.unanswered += 1
            if self.unanswered > self.budget.unanswered:
                raise
            self.reread(item, self.ports.executions.get(item.id))
        else:
            self.presumed, self.pending = False, {}
            self.settle(written)

    def reread(self, item: Execution, current: Execution | None) -> None:
        """Go on from what stands there after a write that lost, or whose answer did."""
        self.presumed = False
        untouched = item if item.version == 0 else None
        stands = current or untouched
        self.settle(stands if stands is not None and stands.nonce == item.nonce else None)

    def settle(self, item: Execution | None) -> None:
        """Go on from an execution that still lives, or have nothing left to do."""
        if item is None or item.ended:
            self.item = None
        else:
            self.adopt(item)

    # -- send and acknowledge

    def imply(self, item: Execution, thread: Thread) -> None:
        """Put the message that a thread's state asks for into the outbox, once."""
        message = implied(item, thread, self.ports.clock.now())
        if message is not None and thread.key not in self.sent:
            self.outbox[thread.key] = message

    def send(self) -> None:
        """Send what the last write or read asks for."""
        if self.outbox:
            self.ports.queue.send(list(self.outbox.values()))
            self.sent |= self.outbox.keys()
            self.outbox = {}

    def acknowledged(self, item: Execution) -> set[str]:
        """Give back the messages under which a twin still drives: it may die."""
        now = self.ports.clock.now()
        theirs = {
            thread.driver.message
            for thread in item.threads.values()
            if thread.driver is not None
            and not self.is_me(thread.driver)
            and thread.key not in self.sent
            and (thread.status is Status.READY or implied(item, thread, now) is not None)
        }
        return self.deliveries.keys() - theirs
