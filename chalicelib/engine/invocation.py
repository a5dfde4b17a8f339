"""The shell: load, decide, perform, write, send, acknowledge.

One :class:`Invocation` is the work of one request of a function on one execution. It drives every thread that it owns
as far as it goes, without a message in between. What makes that safe is here and nowhere else:

* nothing is performed but from a turn that stands written (or was read) and is owned;
* what moves into a row of history, then the execution on condition of the version that was read, then messages, then
  the acknowledgement;
* a write that lost, or whose answer was lost, is never repeated as it was: read again, fold the same events again;
* messages are derived from the state, so that a redelivery can send what its dead twin did not.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias

from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.executions.decide import addressed, decide, hand_over
from chalicelib.core.executions.implied import due_at, implied, is_due
from chalicelib.core.executions.inputs import (
    Answered,
    CallDeferred,
    ChildEnded,
    CloseWait,
    Command,
    Decision,
    Image,
    Input,
    Launch,
    Message,
    OpenTask,
    RedriveRequested,
    Requested,
    ResumeRequested,
    SignalReceived,
    Started,
    StepDue,
    Subscribe,
    TimerFired,
    WaitClosed,
)
from chalicelib.core.executions.model import ROOT, Driver, Execution, HistoryEntry, Status, Thread
from chalicelib.core.records.codec import fits
from chalicelib.core.records.history import longer, new_row, news, stays
from chalicelib.core.records.payload import PACKING, PackingLimits
from chalicelib.core.values.errors import StepError, UnavailableError
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine.children import child_execution, let_go, refused, with_output
from chalicelib.engine.signals import Signals
from chalicelib.engine.waits import again, close_wait, open_task, subscribe
from chalicelib.ports import (
    Calls,
    Clock,
    Definitions,
    ExecutionStore,
    HistoryStore,
    Queue,
    Stale,
    TaskStore,
)

Key: TypeAlias = tuple[str, int]
"""A thread at a turn."""

Asked: TypeAlias = tuple[str, int, int, int, bool]
"""A thread at a turn, what of it changes without one, the newest request, and whether the execution has ended."""

OVERTAKES = 4
"""After so many receives of a request for an execution that is not there, the execution has never begun."""

ANSWER_WITHIN = timedelta(seconds=20)
"""The time of an API call that writes."""

OURS = ("api-", "sweep-")
"""How the messages begin that come from no queue, but from the API or the schedule."""

SENT_WITHIN = timedelta(seconds=60)
"""After this time the schedule sends what an API call wrote, but may not have sent."""


@value
class Delivery:
    """A message as it was received."""

    id: str
    """The queue's id of the message, the same for every delivery of it."""
    message: Message
    receives: int = 1
    """How often it has been received, this time included."""

    @property
    def is_early(self) -> bool:
        """Tell whether it may have come before what starts its execution: a request of the parent's."""
        return isinstance(self.message.event, Requested) and self.receives < OVERTAKES


@value
class Pending:
    """An event that is not written yet, and the message under which it is folded."""

    event: Input
    message: str


@value
class Budget:
    """How far one invocation may go before it leaves the rest to others."""

    deadline: datetime
    """After this instant no effect is begun and no step run."""
    turns: int = 1000
    turns_per_write: int = 500
    size_per_write: int = 2_000_000
    """Characters of results: so that a row of history has a bound, and progress with large values is kept."""
    unanswered: int = 5
    """How many writes may go unanswered before the message is left to its next delivery."""


@value
class Dependencies:
    """What an invocation works with."""

    executions: ExecutionStore
    definitions: Definitions
    history: HistoryStore
    queue: Queue
    clock: Clock
    calls: Callable[[], Calls]
    tasks: TaskStore
    signals: Signals
    decide: Callable[[Definition, Execution, Input, datetime, Driver], Decision] = decide
    limits: PackingLimits = PACKING
    """When the newest of history moves into a row, and values out of that."""


@dataclass(slots=True)
class Advance:
    """How far events and due steps take an execution, before it is written."""

    execution: Execution
    records: list[HistoryEntry] = field(default_factory=list)
    calls: dict[Key, Call] = field(default_factory=dict)
    """By turns that stand written, or were read."""
    turns: int = 0
    size: int = 0
    """Of the results in the records, in characters of JSON."""

    def fold(self, decision: Decision) -> None:
        """Take a decision up."""
        self.execution = decision.execution
        self.records.extend(decision.records)
        for record in decision.records:
            self.size += record.size
        self.turns += 1


class Invocation:
    """The work of one request on one execution.

    ``me`` is the driver under each message; ``own`` are the turns that it may run, each with the message under which
    it does; ``pending`` the events that are not written yet; ``running`` the turns whose effects are in flight;
    ``sent`` whose wait it has answered. ``item`` is the execution as last read or written (``presumed``: as the
    message says), None once nothing is left to do; ``image`` makes the image of the last write.
    """

    def __init__(
        self, dependencies: Dependencies, request: str, deliveries: Sequence[Delivery], budget: Budget
    ) -> None:
        self.dependencies = dependencies
        self.request = request
        self.deliveries = {delivery.id: delivery for delivery in deliveries}
        self.me = {name: Driver(name, request) for name in self.deliveries}
        self.execution_id = deliveries[0].message.execution
        self.budget = budget
        self.calls = dependencies.calls()
        self.item: Execution | None = None
        self.absent = False
        self.presumed = False
        self.image: Callable[[], Image | None] | None = None
        self.own: dict[Key, str] = {}
        self.pending: list[Pending] = []
        self.running: set[Key] = set()
        self.outbox: dict[Asked, Sequence[Command]] = {}
        self.sent: set[Asked] = set()
        self.subscribed: dict[Key, Thread] = {}
        self.versions: dict[int, Definition] = {}
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
            if self.item.ended and not self.pending:
                break
            advance = self.advance(self.item)
            if advance.calls and self.presumed:
                self.load()
                continue
            self.begin_calls(advance.calls)
            if advance.execution is not self.item:
                self.write(self.item, advance)
                continue
            self.pending = []
            if not self.running:
                break
            self.collect()
        while self.running:
            self.collect()
        return self.acknowledged()

    def result(self) -> Execution | None:
        """Do the work; answer the execution as it stands now, None if there is none.

        Raises:
            UnavailableError: a service did not answer: it may be done, or not.
        """
        self.run()
        return self.item

    # -- what is mine

    def load(self) -> None:
        """Read the execution, or presume it untouched since the message was sent that brings it along."""
        starts = [s for d in self.deliveries.values() if (s := d.message.submitted) is not None]
        submitted = starts[0] if starts else None
        presumable = None if self.presumed or not self.is_first() else submitted or self.carried()
        self.presumed = presumable is not None
        self.begin(presumable or self.read(submitted))
        if self.presumed and not self.own and not self.pending:
            self.load()

    def begin(self, item: Execution | None) -> None:
        """Take up what there is to do of an execution as it was read."""
        self.item, self.absent, self.image = item, item is None, None
        if item is None:
            return
        self.own, self.pending, self.outbox = {}, [], {}
        for delivery in self.deliveries.values():
            started = delivery.message.submitted
            if started is None or started.nonce == item.nonce:
                self.take_up(item, delivery)

    def carried(self) -> Execution | None:
        """Answer the execution as it was written before the message was sent, if that brings it along."""
        (delivery,) = self.deliveries.values()
        image = delivery.message.image
        return None if image is None else self.dependencies.executions.restore(image)

    def read(self, submitted: Execution | None) -> Execution | None:
        """Read the execution; one that its start message has overtaken is put first, so that no other takes its id."""
        item = self.dependencies.executions.get(self.execution_id)
        if item is not None or submitted is None:
            return item
        try:
            self.dependencies.executions.create(submitted)
        except Stale as stale:
            return stale.current
        return submitted

    def is_first(self) -> bool:
        """Tell whether nothing but one message, never received before, is at hand."""
        return [delivery.receives for delivery in self.deliveries.values()] == [1]

    def take_up(self, item: Execution, delivery: Delivery) -> None:
        """Own what a message names and what a dead twin left under it; make up for what the twin did not send."""
        event = delivery.message.event
        if isinstance(event, Requested | Answered):
            self.pending.append(Pending(event, delivery.id))
        named = None if isinstance(event, Answered) else addressed(item, event)
        for thread in item.threads.values():
            driver = thread.driver
            under_it = driver is not None and driver.message == delivery.id
            handed = driver is not None and driver.handed
            if item.ended:
                from_parent = thread.id == ROOT and isinstance(event, Started | Requested)
                if under_it or from_parent:
                    self.imply(item, thread)
            elif thread.status is Status.READY and not (handed and under_it) and (thread is named or under_it):
                self.own[thread.key] = delivery.id
            else:
                if thread is named:
                    self.hear(item, thread, event, delivery.id)
                if under_it:
                    self.imply(item, thread)

    def hear(self, item: Execution, thread: Thread, event: Input, message: str) -> None:
        """Take up an event that a thread waits for, or send an early timer on its way again."""
        if isinstance(event, ChildEnded):
            self.pending.append(Pending(with_output(self.dependencies.executions, item, thread, event), message))
        elif is_due(item, thread, self.dependencies.clock.now()):
            self.pending.append(Pending(TimerFired(*thread.key), message))
        else:
            self.imply(item, thread)

    def adopt(self, item: Execution) -> None:
        """Keep what is still mine of an execution that was written or read again, and take nothing over."""
        own: dict[Key, str] = {}
        for thread in item.threads.values():
            driver, held = thread.driver, self.own.get(thread.key)
            if driver is not None and self.is_me(driver):
                if thread.status is Status.READY and not driver.handed and not item.ended:
                    own[thread.key] = driver.message
                else:
                    self.imply(item, thread)
            elif held is not None and (driver is None or not driver.handed or self.names(held, thread)):
                own[thread.key] = held
        self.item, self.own = item, own
        for each in self.pending:
            if isinstance(each.event, SignalReceived):
                self.give_back(item, each.event)
        self.pending = [each for each in self.pending if self.stands(item, each.event)]

    def stands(self, item: Execution, event: Input) -> bool:
        """Tell whether an event still means something, and is mine to fold."""
        if isinstance(event, Requested):
            return True
        thread = None if item.ended else addressed(item, event)
        is_mine = thread is not None and (thread.status is not Status.READY or thread.key in self.own)
        return is_mine or (thread is not None and isinstance(event, Answered))

    def is_me(self, driver: Driver) -> bool:
        """Tell whether this very request wrote a turn, under one of its messages."""
        return driver.request == self.request and driver.message in self.deliveries

    def names(self, message: str, thread: Thread) -> bool:
        """Tell whether a message names a handed turn, and is not the one under which it was handed.

        That one is about to be acknowledged: what went on under it would have nobody to take it up again.
        """
        event = self.deliveries[message].message.event
        handed_by = None if thread.driver is None else thread.driver.message
        return (event.thread, event.turn) == thread.key and handed_by != message

    # -- fold

    def advance(self, item: Execution) -> Advance:
        """Fold what is pending, then every step that is due and pure, as far as it goes."""
        now = self.dependencies.clock.now()
        advance = Advance(item)
        for each in self.pending:
            definition = self.definition(advance.execution, version_of(each.event))
            decision = self.dependencies.decide(definition, advance.execution, each.event, now, self.me[each.message])
            if decision.execution is not advance.execution:
                advance.fold(decision)
        if now < self.budget.deadline and self.turns < self.budget.turns:
            self.run_ahead(advance, now)
        if not advance.calls and (now >= self.budget.deadline or self.turns + advance.turns >= self.budget.turns):
            self.leave(advance)
        return advance

    def run_ahead(self, advance: Advance, now: datetime) -> None:
        """Run the steps of every thread of mine until it waits, ends, or has something to perform."""
        stopped: set[Key] = set()
        most = min(self.budget.turns_per_write, self.budget.turns - self.turns)
        while advance.turns < most and advance.size < self.budget.size_per_write:
            found = next(self.due(advance.execution, stopped), None)
            if found is None:
                return
            key, message = found
            definition = self.definition(advance.execution)
            decision = self.dependencies.decide(definition, advance.execution, StepDue(*key), now, self.me[message])
            if decision.call is None:
                advance.fold(decision)
            else:
                stopped.add(key)
                if self.may_perform(key):
                    advance.calls[key] = decision.call

    def due(self, execution: Execution, but: Collection[Key] = ()) -> Iterator[tuple[Key, str]]:
        """Find the turns of mine that can run, but for some, with the message under which they do."""
        if execution.paused or execution.ended:
            return
        for thread in execution.threads.values():
            key, driver = thread.key, thread.driver
            if thread.status is not Status.READY or key in self.running or key in but:
                continue
            if key in self.own:
                yield key, self.own[key]
            elif driver is not None and self.is_me(driver) and not driver.handed:
                yield key, driver.message

    def may_perform(self, key: Key) -> bool:
        """Tell whether a turn may have an effect: only one that stands written."""
        return key in self.own

    def leave(self, advance: Advance) -> None:
        """Hand every ready thread over, once nothing is in flight; it stands in the write before it is sent."""
        if not self.running:
            for key, message in self.due(advance.execution):
                advance.execution = hand_over(advance.execution, [key], self.me[message])

    def definition(self, execution: Execution, version: int | None = None) -> Definition:
        """Look a version of the execution's definition up, by default its own."""
        version = version or execution.definition_version
        if version not in self.versions:
            found = self.dependencies.definitions.get(execution.tenant_id, execution.definition_id, version)
            self.versions[version] = found
        return self.versions[version]

    # -- carry out

    def begin_calls(self, calls: Mapping[Key, Call]) -> None:
        """Begin effects."""
        for (thread, turn), call in calls.items():
            self.running.add((thread, turn))
            self.turns += 1
            self.calls.start(self.execution_id, thread, turn, call, self.budget.deadline)

    def collect(self) -> None:
        """Wait for an effect to end, or for its time to be over; its event is pending if its turn is still mine."""
        for event in self.calls.wait(self.over_time()):
            self.running.discard((event.thread, event.turn))
            message = self.own.get((event.thread, event.turn))
            if message is not None and not isinstance(event, CallDeferred):
                self.pending.append(Pending(event, message))
        if (over := self.over_time()) is not None and over <= self.dependencies.clock.now():
            self.give_up()

    def over_time(self) -> datetime | None:
        """Tell when the first effect in flight is over its time."""
        if self.item is None or self.item.ended:
            return None
        running = [thread for thread in self.item.threads.values() if thread.key in self.running]
        instants = [at for thread in running for at in (thread.deadline, self.item.deadline) if at is not None]
        return min(instants, default=None)

    def give_up(self) -> None:
        """Wait no longer for effects that are over their time: whatever they answer is too late."""
        assert self.item is not None  # noqa: S101 - its threads have a time
        now = self.dependencies.clock.now()
        for thread in self.item.threads.values():
            instants = [at for at in (thread.deadline, self.item.deadline) if at is not None]
            if thread.key in self.running and instants and min(instants) <= now:
                self.running.discard(thread.key)
                if message := self.own.get(thread.key):
                    self.pending.append(Pending(StepDue(*thread.key), message))

    def write(self, item: Execution, advance: Advance) -> None:
        """Put what is to be a row of history, then the execution if nobody else has written it."""
        self.writes += 1
        self.turns += advance.turns
        self.image = None
        writer = f"{self.request}#{self.writes}"
        limits = self.dependencies.limits
        new = news(advance.execution, advance.records, limits)
        row = None if stays(item.tail, new.text, limits) else new_row(item, writer, new, limits)
        written = copy_with(
            advance.execution, version=item.version + 1, writer=writer, tail=longer(item.tail, new.text)
        )
        try:
            if row is not None:
                self.dependencies.history.append(row)
                written = copy_with(written, head=row.link, tail="")
            elif new.payloads:
                self.dependencies.history.keep(new.payloads)
            self.image = self.dependencies.executions.update(written, self.due_at(written))
        except Stale as stale:
            self.reread(item, stale.current)
        except UnavailableError:
            self.unanswered += 1
            if self.unanswered > self.budget.unanswered:
                raise
            self.reread(item, self.dependencies.executions.get(item.id))
        else:
            self.presumed, self.pending = False, []
            self.after_write(written)

    def due_at(self, written: Execution) -> datetime | None:
        """Tell when the schedule must look at what is written.

        That is soon, while a thread asks for something under no message of a queue: nobody delivers that again should
        the process that wrote it have died before it sent.
        """
        natural = due_at(written)
        ours = [t for t in written.threads.values() if t.driver is None or t.driver.message.startswith(OURS)]
        if not ours:
            return natural
        now, definition = self.dependencies.clock.now(), self.definition(written)
        if not any(implied(definition, written, thread, now) for thread in ours):
            return natural
        return min(natural or now + SENT_WITHIN, now + SENT_WITHIN)

    def reread(self, item: Execution, current: Execution | None) -> None:
        """Go on from what stands there after a write that lost, or whose answer did."""
        carried, self.presumed = self.presumed and item.version > 0, False
        if carried:
            self.begin(current)  # as though it had been read in the first place: nothing was done but this write
            return
        untouched = item if item.version == 0 else None
        stands = current or untouched
        self.after_write(stands if stands is not None and stands.nonce == item.nonce else None)

    def after_write(self, item: Execution | None) -> None:
        """Go on from what stands there, or have nothing left to do."""
        if item is None:
            self.item = None
        else:
            self.adopt(item)

    # -- send and acknowledge

    def imply(self, item: Execution, thread: Thread) -> None:
        """Put what a thread's state asks for into the outbox, once."""
        if asked(item, thread) not in self.sent:
            commands = implied(self.definition(item), item, thread, self.dependencies.clock.now())
            if commands:
                self.outbox[asked(item, thread)] = commands

    def send(self) -> None:
        """Send what the last write or read asks for, and start the executions that it asks for."""
        commands = [command for each in self.outbox.values() for command in each]
        if commands:
            self.post([message for command in commands for message in self.carry_out(command)])
            self.sent |= self.outbox.keys()
            self.outbox = {}

    def carry_out(self, command: Command) -> Iterator[Message]:
        """Do what a state asks for; answer what there is to send."""
        assert self.item is not None  # noqa: S101 - it asks for it
        match command:
            case Message():
                yield copy_with(command, image=self.image()) if self.image and self.is_alone(command) else command
            case Launch():
                yield from self.launch(command)
            case OpenTask(thread, task):
                open_task(self.dependencies.tasks, self.item, thread, task)
            case Subscribe(thread, wanted):
                self.subscribed[thread.key] = thread
                if (event := subscribe(self.dependencies.signals, self.item, thread, wanted)) is not None:
                    self.pending.append(Pending(event, self.message_of(thread)))
                    yield again(self.item, thread)
            case CloseWait(thread):
                yield from close_wait(self.dependencies.tasks, self.dependencies.signals, self.item, thread)
                if thread.status is Status.OVER:
                    self.pending.append(Pending(WaitClosed(*thread.key), self.message_of(thread)))

    def is_alone(self, message: Message) -> bool:
        """Tell whether nothing else that is on its way is likely to change the execution before a message arrives."""
        assert self.item is not None  # noqa: S101 - it asks for the message
        movable = [thread for thread in self.item.threads.values() if thread.status is not Status.JOINING]
        return message.execution == self.item.id and len(movable) == 1

    def message_of(self, thread: Thread) -> str:
        """Tell under which of the messages to fold what comes of a thread's wait."""
        driver = thread.driver
        return (
            driver.message if driver is not None and driver.message in self.deliveries else next(iter(self.deliveries))
        )

    def give_back(self, item: Execution, event: SignalReceived) -> None:
        """Let others have an event that was matched with a turn, should that have gone on without it."""
        thread, stands = self.subscribed.get((event.thread, event.turn)), addressed(item, event)
        if thread is not None and (stands is None or (item.ended and stands.status is Status.WAITING_FOR_ANSWER)):
            self.post([*close_wait(self.dependencies.tasks, self.dependencies.signals, item, thread)])

    def post(self, messages: Sequence[Message]) -> None:
        """Send messages; a submission that no message can carry is put first."""
        light = []
        for message in messages:
            if message.submitted is None or fits(message):
                light.append(message)
            else:
                with suppress(Stale):
                    self.dependencies.executions.create(message.submitted)
                light.append(copy_with(message, submitted=None))
        if light:
            self.dependencies.queue.send(light)

    def launch(self, launch: Launch) -> Iterator[Message]:
        """Make the message that starts an execution; its thread hears of a refusal, or that it need not wait."""
        assert self.item is not None  # noqa: S101 - it asks for the execution
        message = self.message_of(launch.thread)
        try:
            started = child_execution(self.dependencies.definitions, self.item, launch)
        except StepError as error:
            self.pending.append(Pending(refused(launch, error), message))
            return
        yield Message(started.id, Started(), started)
        if not launch.start.wait:
            self.pending.append(Pending(let_go(launch, started), message))

    def acknowledged(self) -> set[str]:
        """Give back the messages under which a twin still drives, as it may die, and requests that came before all."""
        item = self.item
        if item is None:
            early = {d.id for d in self.deliveries.values() if self.absent and d.is_early}
            return self.deliveries.keys() - early
        theirs = {
            thread.driver.message
            for thread in item.threads.values()
            if thread.driver is not None
            and thread.driver.message in self.deliveries
            and not self.is_me(thread.driver)
            and asked(item, thread) not in self.sent
            and self.is_driven(item, thread)
        }
        return self.deliveries.keys() - theirs

    def is_driven(self, item: Execution, thread: Thread) -> bool:
        """Tell whether a thread is run by its driver, or asks it for something."""
        if thread.status is Status.READY and not item.paused and not item.ended:
            return True
        return bool(implied(self.definition(item), item, thread, self.dependencies.clock.now()))


class ApiInvocation(Invocation):
    """The work of an API call: nothing is run here, others are left what can go on.

    ``token`` names the call, once and for ever.
    """

    def __init__(self, dependencies: Dependencies, execution_id: str, event: Requested | Answered, token: str) -> None:
        delivery = Delivery(f"api-{token}", Message(execution_id, event))
        super().__init__(dependencies, token, [delivery], Budget(dependencies.clock.now() + ANSWER_WITHIN, turns=0))
        self.has_written = False

    def heard(self) -> bool:
        """Do the work; answer whether what was said has changed the execution.

        Raises:
            UnavailableError: a service did not answer: it may be done, or not.
        """
        self.run()
        return self.has_written

    def after_write(self, item: Execution | None) -> None:
        """Notice whether what stands there is this call's work."""
        self.has_written = self.has_written or (item is not None and item.writer.startswith(f"{self.request}#"))
        super().after_write(item)


class Sweep(Invocation):
    """The work of the schedule on one execution: send whatever its state asks for, take nothing over.

    ``token`` names the run of the schedule, once and for ever.
    """

    def __init__(self, dependencies: Dependencies, execution_id: str, token: str) -> None:
        delivery = Delivery(f"sweep-{token}", Message(execution_id, Input("", 0)))
        super().__init__(dependencies, token, [delivery], Budget(dependencies.clock.now() + ANSWER_WITHIN, turns=0))

    def take_up(self, item: Execution, delivery: Delivery) -> None:  # noqa: ARG002 - it brings nothing
        """Ask every thread."""
        for thread in item.threads.values():
            self.imply(item, thread)


def asked(item: Execution, thread: Thread) -> Asked:
    """Tell by what a thread's state asks for something: what changes it without a turn is part of it."""
    begun = 0 if thread.join is None else thread.join.begun
    return (*thread.key, begun + (thread.wait is not None and thread.wait.overdue), item.control_epoch, item.ended)


def version_of(event: Input) -> int | None:
    """Tell the version of the definition that an event wants to go on with."""
    return event.version if isinstance(event, RedriveRequested | ResumeRequested) else None
