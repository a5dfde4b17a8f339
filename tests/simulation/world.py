"""A deterministic world for the shipped engine: one seed is one run, and a fault can strike at every call of a port.

Every invocation and every API call is a greenlet that pauses before each call of a port, so that anything can happen
in between. The stores and queues are the shipped memory adapters.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import (
    MemoryChunks,
    MemoryClock,
    MemoryDefinitions,
    MemoryExecutions,
    MemoryHistory,
    MemoryQueue,
    QueueMessage,
)
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.executions.inputs import (
    Answered,
    CallDeferred,
    CallFailed,
    CallSucceeded,
    Image,
    Requested,
    SignalPublished,
)
from chalicelib.core.executions.model import Execution, Signal, Status, failure_json
from chalicelib.core.executions.model import Signal as Sent
from chalicelib.core.records.codec import read_message
from chalicelib.core.records.history import chained, newest
from chalicelib.core.records.payload import PACKING, PackingLimits
from chalicelib.core.values.errors import DefinitionNotFoundError, SedoError, StepError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.waits.task import Person, Task, TaskStatus, read_task
from chalicelib.core.waits.token import Token
from chalicelib.engine.children import gatherer
from chalicelib.engine.composition import compose
from chalicelib.engine.due_sweep import sweep_due
from chalicelib.engine.invocation import ApiInvocation, Invocation
from chalicelib.engine.model import Budget, Delivery, Mode
from chalicelib.ports import CallResult, DefinitionRecord, Stale
from chalicelib.usecases.answers import AnswerService
from chalicelib.usecases.definitions import DefinitionService
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.tasks import TaskService

TENANT = "123"
START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
MINUTE = timedelta(minutes=1)
PUT_OFF = 0.05
"""How often there is no time for an effect to begin, in random runs."""
UNCOUNTED = 0.3
"""How often a second delivery is not counted: the count is approximate (Amazon SQS, ``ApproximateReceiveCount``)."""
WRITES = (
    "executions.update",
    "executions.create",
    "history.append",
    "history.keep",
    "tasks.open",
    "tasks.update",
    "events.put",
)
WIDE = 50
"""Threads of an execution above which every write is a long one."""
PERSON = "ada"
"""Who makes requests."""


class Fault(StrEnum):
    """What can strike at a call of a port."""

    KILL_BEFORE = "the process dies before the call"
    KILL_AFTER = "the process dies after the call"
    REFUSE = "the call is throttled"
    LOSE = "the call takes effect, its answer is lost"
    LATE = "the call is not answered, and takes effect later"
    TWICE = "what is sent arrives twice, the second time much later"
    REDELIVER = "the message is delivered again while the process runs"


class Killed(BaseException):
    """Not to be caught by the process that dies."""


class StuckError(AssertionError):
    """The world does not come to rest."""


@dataclass
class Process:
    """One invocation or API call under way."""

    name: str
    green: greenlet
    message: QueueMessage | None = None
    began: int = 0
    """How many turns had been left by then."""
    until: datetime | None = None
    """It does nothing before this instant."""
    named: set[tuple[str, int]] = field(default_factory=set)
    """Turns that its messages name."""
    seen: dict[str, Execution | None] = field(default_factory=dict)
    """Executions as it last read or wrote them."""

    def may_perform(self, execution: str, thread: str, turn: int) -> bool:
        """Tell whether what it has seen lets it have the effect of a turn."""
        item = self.seen.get(execution)
        if item is None or item.ended or item.paused:
            return False
        stands = item.threads.get(thread)
        if stands is None or stands.turn != turn or stands.status is not Status.READY:
            return False
        return stands.driver is None or not stands.driver.handed or stands.key in self.named


@dataclass
class Effect:
    """An effect that was performed."""

    key: str
    content: str
    by: Process
    allowed: bool
    """Whether the process had seen the turn stand ready, and not handed to others."""
    belated: bool
    """Whether the turn had been left before the process began."""
    once: bool = False
    """Whether it must not be performed twice."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What a client asks for, this many seconds after the start: to cancel, pause, resume or redrive."""

    at: float
    do: str
    step: str | None = None
    stash: Mapping[str, Json] = field(default_factory=dict)
    version: int | None = None
    child: str | None = None
    """The definition of the child execution that it is asked of, if it is not of the execution itself."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What somebody outside answers: a person to a task, or another system with an event, this many seconds after the
    start; and again until it is heard."""

    at: float
    do: str
    """To complete or reject a task, to send an event to the execution, to publish one by key."""
    step: str = ""
    """Whose task it is."""
    who: str = PERSON
    result: Json = None
    name: str = ""
    """Of the event."""
    event_key: str = ""
    keep: float = 86400
    """Seconds for which the event is kept."""
    id: str | None = None
    """By which a repeat is known, if the scenario has one."""


class Caller:
    """A port whose every call the world decides on."""

    def __init__(self, world: "World", name: str, port: object) -> None:
        self._world, self._name, self._port = world, name, port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        action: Callable[..., Any] = getattr(self._port, method)
        if method == "restore":
            return action  # it reads nothing but large values, which are a port of their own

        def call(*args: Any, **kwargs: Any) -> Any:
            name = f"{self._name}.{method}"
            try:
                answer = self._world.call(name, lambda: action(*args, **kwargs))
            except Stale as stale:
                self._world.saw(args[0].id, stale.current)
                raise
            if self._name == "executions" and method == "get":
                self._world.saw(args[0], answer)
            elif self._name == "executions" and method in ("update", "create"):
                self._world.saw(args[0].id, args[0])
            return answer

        return call


@dataclass(slots=True)
class Running:
    """An effect in flight."""

    thread: str
    turn: int
    perform: Call
    key: str
    until: datetime


class SimulatedCalls:
    """Calls that end in any order, once their time has come; each run of one answers something else."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.running: list[Running] = []
        self.put_off: list[CallDeferred] = []

    def start(self, execution: str, thread: str, turn: int, perform: Call, before: datetime) -> None:
        """Begin: it may be done, and nobody may ever hear of it; or it has no time to begin."""
        if self.world.wild and self.world.random.random() < PUT_OFF:
            self.put_off.append(CallDeferred(thread, turn))
            return
        key = f"{execution}:{thread}:{turn}"
        self.world.call("calls.start", lambda: self.world.performed(key, perform, (execution, thread, turn)))
        until = self.world.clock.now() + timedelta(seconds=self.world.answer(key, perform).get("seconds", 0))
        self.running.append(Running(thread, turn, perform, key, until))

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        """End one, or more; none if none has ended by then."""
        if self.put_off:
            put_off, self.put_off = self.put_off, []
            return put_off
        soonest = min(each.until for each in self.running)
        if until is not None and until < soonest:
            self.world.pause(until)
            return []
        self.world.pause(soonest)
        now = self.world.clock.now()
        ended, left = self.world.some([each for each in self.running if each.until <= max(now, soonest)])
        self.running = [each for each in self.running if each.until > max(now, soonest)] + left
        return [self.outcome(each) for each in ended]

    def outcome(self, each: Running) -> CallSucceeded | CallFailed:
        """Answer as the scenario says, or else with the number of the run, so that two runs never answer the same."""
        if each.perform.kind == "gather":
            return self.gathered(each)
        answer = self.world.answer(each.key, each.perform)
        if "error" in answer:
            return CallFailed(each.thread, each.turn, answer["error"], answer.get("message", "no"))
        run = sum(effect.key == each.key for effect in self.world.made_calls)
        content: Any = each.perform.params
        default = {"of": content.get("content"), "run": run}
        return CallSucceeded(each.thread, each.turn, answer.get("result", default))

    def gathered(self, each: Running) -> CallSucceeded | CallFailed:
        """Read what child executions came to."""
        try:
            return CallSucceeded(each.thread, each.turn, gatherer(self.world.executions)(each.perform.params, each.key))
        except StepError as error:
            return CallFailed(each.thread, each.turn, error.name, str(error))


class Watched(MemoryExecutions):
    """A store that tells the world what was written."""

    def __init__(self, world: "World", payloads: Payloads) -> None:
        super().__init__(payloads)
        self.world = world

    def update(self, execution: Execution, due_at: datetime | None = None) -> Callable[[], Image | None]:
        image = super().update(execution, due_at)
        self.world.moved(execution)
        return image

    def create(self, execution: Execution, due_at: datetime | None = None) -> None:
        super().create(execution, due_at)
        self.world.moved(execution)


def struck(store: Any, payloads: Payloads) -> Any:
    """Give processes a store whose payloads can be struck: the world reads the same one, and is not."""
    twin = copy(store)
    twin.payloads = payloads
    return twin


class World:
    """Stores, queues, a clock, processes, and what strikes them."""

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        faults: Mapping[int, Fault] | None = None,
        seed: int | None = None,
        rate: float = 0.0,
        invocation: type[Invocation] = Invocation,
        service: type[ExecutionService] = ExecutionService,
        requesting: type[Invocation] = Invocation,
        receives: int = 100,
        turns: int = 1000,
        limits: PackingLimits = PACKING,
        answers: Mapping[str, Sequence[Mapping[str, Json]]] | None = None,
        latency: timedelta = timedelta(milliseconds=1),
        **dependencies: Any,
    ) -> None:
        self.random = random.Random(seed)
        self.wild = seed is not None
        self.faults, self.rate = faults or {}, rate
        self.struck: list[str] = []
        self.calls: list[str] = []
        self.clock = MemoryClock(START)
        self.chunks = MemoryChunks()
        unstruck, payloads = Payloads(self.chunks), self.payloads(limits)
        self.executions, self.history = Watched(self, unstruck), MemoryHistory(unstruck)
        self.queue = MemoryQueue(self.clock, receives=receives)
        self.made_calls: list[Effect] = []
        self.processes: list[Process] = []
        self.late: list[Callable[[], object]] = []
        self.agenda: list[tuple[datetime, Callable[[], object]]] = []
        self.turns_of: dict[str, dict[str, int]] = {}
        self.left: dict[tuple[str, str, int], int] = {}
        self.width = 1
        self.answers, self.latency = answers or {}, latency
        self.asked: dict[str, dict[str, int]] = {}
        self.answered: list[str] = []
        self.tasks, self.matching = MemoryTasks(), MemorySignals()
        self.heard: list[Saying] = []
        self.refused: list[str] = []
        self.taken_up: dict[str, str] = {}
        self.main = getcurrent()
        self.invocation, self.serving, self.turns = invocation, service, turns
        self.requesting, self.buried = requesting, 0
        self.definitions = definitions
        self.requests, self.tokens = count(1), count(1)
        self.next_tick = START + MINUTE
        self.dependencies = compose(
            executions=dependencies.get("executions") or Caller(self, "executions", struck(self.executions, payloads)),
            definitions=Caller(self, "definitions", self),
            history=Caller(self, "history", struck(self.history, payloads)),
            queue=Caller(self, "queue", self.queue),
            clock=self.clock,
            calls=lambda: SimulatedCalls(self),
            tasks=Caller(self, "tasks", self.tasks),
            signals=Caller(self, "events", self.matching),
            limits=limits,
            **({"decide": dependencies["decide"]} if "decide" in dependencies else {}),
        )

    def payloads(self, limits: PackingLimits) -> Payloads:
        """Make what the processes keep large values with."""
        return Payloads(Caller(self, "chunks", self.chunks), limits)

    # -- ports that are not struck

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a parsed definition."""
        name = definition_id if version == 1 else f"{definition_id}@{version}"
        if name not in self.definitions:
            raise DefinitionNotFoundError(f"there is no definition {name!r}")
        return self.definitions[name]

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the newest version of a definition."""
        versions = [name for name in self.definitions if name.partition("@")[0] == definition_id]
        if not versions:
            raise DefinitionNotFoundError(f"there is no definition {definition_id!r}")
        return len(versions)

    def answer(self, key: str, perform: Call) -> Mapping[str, Any]:
        """Find what a scenario answers to a `call`: the n-th turn that makes it gets the n-th answer, or the last."""
        params: Any = perform.params
        name = str(params.get("name")) if perform.kind == "call" else perform.kind
        answers = self.answers.get(name, ())
        asked = self.asked.setdefault(name, {})
        return answers[min(asked.setdefault(key, len(asked)), len(answers) - 1)] if answers else {}

    def performed(self, key: str, perform: Call, turn: tuple[str, str, int]) -> None:
        """Keep what was performed; to read is no effect."""
        if perform.kind == "gather":
            return
        process = self.current()
        content = json.dumps(perform.params, sort_keys=True)
        belated = self.left.get(turn, process.began + 1) <= process.began
        self.made_calls.append(Effect(key, content, process, process.may_perform(*turn), belated, perform.once))
        if perform.callback:
            self.call_back(turn, self.answer(key, perform).get("says", ()))

    def saw(self, execution: str, item: object) -> None:
        """Keep what a process read or wrote."""
        self.current().seen[execution] = item if isinstance(item, Execution) else None

    def moved(self, execution: Execution) -> None:
        """Keep which turns a write left, and how many threads it holds."""
        for thread in execution.threads.values():
            parent = None if thread.parent is None else execution.threads.get(thread.parent)
            orphaned = thread.parent is not None and (parent is None or parent.status is not Status.JOINING)
            assert not orphaned, f"{thread.id} is left behind by {thread.parent}"
        turns = {thread.id: thread.turn for thread in execution.threads.values()}
        for name, turn in self.turns_of.get(execution.id, {}).items():
            if turns.get(name) != turn:
                self.left[execution.id, name, turn] = len(self.left) + 1
        self.turns_of[execution.id] = turns
        self.width = max(self.width, len(turns))

    def told(self, item: Execution) -> list[Any]:
        """Read the history of an execution; the chain must be whole."""
        rows = [] if item.head is None else chained(self.history.rows[item.id], item.head)
        return [record for row in (*rows, newest(item)) if row is not None for record in row.records]

    def all(self) -> list[Execution]:
        """Read every execution, in the order in which they were made."""
        return [item for name in self.executions.items if (item := self.executions.get(name)) is not None]

    # -- processes

    def current(self) -> Process:
        """Find the process that runs."""
        return next(process for process in self.processes if process.green is getcurrent())

    def spawn(self, name: str, run: Callable[[], object], message: QueueMessage | None = None) -> None:
        """Begin a process."""

        def guarded() -> None:
            with suppress(Killed, SedoError):
                run()

        self.processes.append(Process(name, greenlet(guarded, self.main), message, began=len(self.left)))

    def pause(self, until: datetime | None = None) -> None:
        """Let everything else have its turn."""
        if getcurrent() is not self.main:
            self.current().until = until
            self.main.switch()

    def call(self, name: str, action: Callable[[], object]) -> object:  # noqa: C901 - one case for each fault
        """Make a call of a port, or let a fault strike; nothing strikes what is in a late call that lands."""
        if getcurrent() is self.main:
            return action()
        self.pause()
        self.clock.instant += self.latency
        fault = self.fault(name)
        if fault is not None:
            self.struck.append(f"{len(self.calls)} {name}: {fault}")
        self.calls.append(name)
        before = len(self.queue.messages)
        match fault:
            case Fault.KILL_BEFORE:
                raise Killed
            case Fault.KILL_AFTER:
                action()
                raise Killed
            case Fault.REFUSE:
                raise UnavailableError
            case Fault.LOSE:
                action()
                raise UnavailableError
            case Fault.LATE:
                self.late.append(action)
                raise UnavailableError
            case Fault.TWICE:
                action()
                for message in list(self.queue.messages.values())[before:]:
                    message.visible_at += timedelta(seconds=20)
            case Fault.REDELIVER:
                mine = self.current().message
                if mine is not None and mine.id in self.queue.messages:
                    again = self.queue.messages[mine.id]
                    again.visible_at = self.clock.now()
                    again.receives -= self.wild and self.random.random() < UNCOUNTED
        return action()

    def fault(self, name: str) -> Fault | None:
        """Decide whether a fault strikes now."""
        if self.rate and self.random.random() < self.rate:
            return self.random.choice(self.possible(name))
        fault = self.faults.get(len(self.calls))
        return fault if fault in self.possible(name) else None

    @staticmethod
    def possible(name: str) -> list[Fault]:
        """List the faults that a call can meet; only a write can land late, only a send be done twice."""
        faults = [Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.REDELIVER]
        if name == "calls.start":
            return faults
        faults += [Fault.REFUSE, Fault.LOSE]
        if name in WRITES:
            faults.append(Fault.LATE)
        if name == "queue.send":
            faults.append(Fault.TWICE)
        return faults

    # -- time

    def some(self, these: list[Any]) -> tuple[list[Any], list[Any]]:
        """Choose at least one."""
        if not self.wild:
            return these[:1], these[1:]
        chosen = self.random.sample(these, self.random.randint(1, len(these)))
        return chosen, [each for each in these if each not in chosen]

    def run(self, most: int = 60_000) -> None:
        """Go on until nothing is left to happen.

        Raises:
            StuckError: it takes too long.
        """
        for _ in range(most):
            self.processes = [process for process in self.processes if not process.green.dead]
            choices = list(self.choices())
            if choices:
                (self.random.choice(choices) if self.wild else choices[0])()
            elif not self.pass_time():
                return
        raise StuckError(f"no end after {most} steps; struck: {self.struck}")

    def choices(self) -> Iterator[Callable[[], object]]:
        """List what can happen now: messages first, and then who was delivered last, so that twins overtake."""
        self.processes.sort(key=lambda process: -(process.message.receives if process.message else 1))
        for message in self.queue.visible():
            yield partial(self.deliver, message)
        now = self.clock.now()
        for process in self.processes:
            if process.until is None or process.until <= now:
                yield process.green.switch
        for action in self.late:
            yield partial(self.land, action)
        for entry in self.agenda:
            if entry[0] <= now:
                yield partial(self.begin, entry)

    def begin(self, entry: tuple[datetime, Callable[[], object]]) -> None:
        """Begin what was to begin at an instant."""
        self.agenda.remove(entry)
        self.spawn("client", entry[1])

    def land(self, action: Callable[[], object]) -> None:
        """Let a late call take effect, if it still can."""
        self.late.remove(action)
        with suppress(SedoError):
            action()

    def pass_time(self) -> bool:
        """Move to the next instant at which something can happen."""
        instants = [message.visible_at for message in self.queue.messages.values()]
        instants += [process.until for process in self.processes if process.until is not None]
        instants += [at for at, _ in self.agenda]
        due = list(self.executions.due_times.values())
        if due:
            soonest = max(self.next_tick, min(due) - timedelta(minutes=15))
            instants.append(START + MINUTE * -((START - soonest) // MINUTE))
        if not instants:
            return False
        self.clock.instant = max(self.clock.instant, min(instants))
        if due and self.clock.instant >= self.next_tick:
            self.next_tick = self.clock.instant + MINUTE
            self.spawn("schedule", lambda: sweep_due(self.dependencies, f"tick-{next(self.requests)}"))
        return True

    # -- what people and queues do

    def deliver(self, message: QueueMessage) -> None:
        """Deliver a message to a function, alone or with others in a batch; the dead ones to the one that buries."""
        batch = [message]
        if self.wild and self.random.random() < 0.3:
            same = [other for other in self.queue.visible() if other is not message and other.dead == message.dead]
            batch += [other for other in same if addressee(other) == addressee(message)]
        received = [self.queue.receive(each) for each in batch]
        mode = Mode.DEAD_LETTERS if message.dead else Mode.MESSAGES
        kind = Invocation if message.dead else self.invocation
        self.buried += message.dead
        self.spawn(f"{mode} of {message.id}", lambda: self.handle(kind, mode, received), received[0])

    def handle(self, kind: type[Invocation], mode: Mode, messages: Sequence[QueueMessage]) -> None:
        """Do what the person does with the messages of one execution."""
        deliveries = [Delivery(each.id, read_message(json.loads(each.body)), each.receives) for each in messages]
        if isinstance(published := deliveries[0].message.event, SignalPublished):
            self.callbacks().deliver(TENANT, published.name, published.key)
            self.dependencies.queue.delete("any", [each.id for each in messages])
            return
        few = 3 if self.width < WIDE else 100
        turns = self.random.choice((self.turns, 1000)) if self.wild else self.turns
        budget = Budget(self.clock.now() + MINUTE, turns=turns, turns_per_write=few)
        self.current().named = {(each.message.event.thread, each.message.event.turn) for each in deliveries}
        done = kind(self.dependencies, f"request-{next(self.requests)}", deliveries, budget, mode).run()
        if done:
            self.dependencies.queue.delete("any", sorted(done))

    def execute(self, definition: str, value: Json, name: str | None = None, version: int | None = None) -> None:
        """Be a client who starts an execution, and who tries a named one again until it is answered."""
        service = self.service()

        def ask() -> None:
            try:
                self.answered.append(service.execute(TENANT, definition, value, name, version)[0].id)
            except (Killed, SedoError):
                if name is not None:
                    self.spawn("client", ask)

        self.spawn("client", ask)

    def demand(self, execution: str, demands: Sequence[Demand]) -> None:
        """Be a client who asks for one thing after the other at their times, and again until it is answered."""
        if not demands:
            return
        (first, *others), service, before = demands, self.service(), [0]

        def ask() -> None:
            name = self.whose(execution, first)
            item = name and self.executions.get(name)
            if item:
                try:
                    self.ask(service, item.id, first)
                except (Killed, UnavailableError):
                    self.spawn("client", ask)
                    return
                except SedoError:
                    item = self.executions.get(item.id)
            too_early = first.do == "redrive" and item and not item.ended and item.redrives == before[0]
            if not item or too_early:
                self.agenda.append((self.clock.now() + MINUTE, ask))
            else:
                self.demand(execution, others)

        def begin() -> None:
            before[0] = self.redriven(execution)
            ask()

        self.agenda.append((max(self.clock.now(), START + timedelta(seconds=first.at)), begin))

    # -- what others say

    def say(self, execution: str, sayings: Sequence[Saying]) -> None:
        """Let everybody say what they have to say, each for themselves, at their times."""
        for number, saying in enumerate(sayings):
            self.agenda.append(
                (
                    START + timedelta(seconds=saying.at),
                    partial(self.speak, execution, saying, saying.id or f"s{number}"),
                )
            )

    def speak(self, execution: str, saying: Saying, key: str) -> None:
        """Be somebody who says something, and again if nobody listens yet, or no answer comes."""
        try:
            heard = self.spoken(execution, saying, key)
        except (Killed, UnavailableError):
            self.spawn("somebody", partial(self.speak, execution, saying, key))
        except SedoError as refusal:
            self.refused.append(type(refusal).__name__)
        else:
            if heard:
                self.heard.append(saying)
            else:
                again = partial(self.speak, execution, saying, key)
                self.agenda.append((self.clock.now() + timedelta(seconds=30), again))

    def spoken(self, execution: str, saying: Saying, key: str) -> bool:
        """Say it; tell whether there is somebody who can hear it."""
        until = self.clock.now() + timedelta(seconds=saying.keep)
        if saying.do == "publish":
            kept = Signal(key, saying.name, until, saying.result, saying.who)
            self.callbacks().publish(TENANT, saying.name, saying.event_key, kept)
            return True
        item = self.executions.get(execution)
        if item is None:
            return False
        if saying.do == "event":
            self.callbacks().send(TENANT, execution, Sent(key, saying.name, until, saying.result, saying.who))
            return True
        return self.worked(execution, saying, key) or item.ended

    def worked(self, execution: str, saying: Saying, key: str) -> bool:
        """Be a person who looks for a task and does it; they know what they began."""
        mine = [t for t in self.every_task() if t.execution_id == execution and t.step.endswith(saying.step)]
        open_ones = [task for task in mine if task.status is TaskStatus.OPEN]
        known = self.taken_up.setdefault(key, open_ones[-1].id) if open_ones else self.taken_up.get(key)
        if known is None:
            return False
        people, person = self.people(), Person(saying.who)
        if saying.do == "claim":
            people.claim(TENANT, known, person)
        elif saying.do == "reject":
            people.reject(TENANT, known, person, str(saying.result), key)
        else:
            people.complete(TENANT, known, person, saying.result, key)
        return True

    def every_task(self) -> list[Task]:
        """Read every task, in the order in which they were made."""
        return [read_task(json.loads(text)) for text in self.tasks.items.values()]

    def call_back(self, turn: tuple[str, str, int], sayings: Sequence[Mapping[str, Any]]) -> None:
        """Be the other system, which has been handed a token, and answers as the scenario says."""
        for saying in sayings:
            at = self.clock.now() + timedelta(seconds=saying.get("after", 0))
            self.agenda.append((at, partial(self.answer_with, turn, saying)))

    def answer_with(self, turn: tuple[str, str, int], saying: Mapping[str, Any]) -> None:
        """Answer with a token, and again until that is heard."""
        text = json.dumps(turn)
        try:
            match saying:
                case {"heartbeat": True}:
                    self.callbacks().heartbeat(text)
                case {"error": name}:
                    self.callbacks().fail(text, name, "no", None)
                case _:
                    self.callbacks().succeed(text, saying.get("result"))
        except (Killed, UnavailableError):
            self.spawn("another system", partial(self.answer_with, turn, saying))
        except SedoError as refusal:
            self.refused.append(type(refusal).__name__)

    def callbacks(self) -> AnswerService:
        """Answer the use cases of other systems over the same ports."""
        return AnswerService(
            executions=self.dependencies.executions,
            definitions=self.dependencies.definitions,
            signals=self.dependencies.signals,
            queue=self.dependencies.queue,
            clock=self.clock,
            read_token=read_token,
            answer=self.hear,
            drive=self.drive,
        )

    def people(self) -> TaskService:
        """Answer the use cases of people over the same ports."""
        return TaskService(self.dependencies.tasks, self.dependencies.executions, self.clock, self.hear)

    def hear(self, execution: str, event: Answered) -> bool:
        """Fold an answer as the API does."""
        return self.ask_as_api(execution, event).has_changed()

    def whose(self, execution: str, demand: Demand) -> str | None:
        """Find the execution that a request is for."""
        if demand.child is None:
            return execution
        return next((item.id for item in self.all() if item.definition_id == demand.child), None)

    @staticmethod
    def ask(service: ExecutionService, execution: str, demand: Demand) -> None:
        """Make a request."""
        if demand.do == "redrive":
            service.redrive(TENANT, execution, PERSON, step=demand.step, stash=demand.stash, version=demand.version)
        else:
            getattr(service, demand.do)(TENANT, execution, PERSON)

    def redriven(self, execution: str) -> int:
        """Count how often an execution has been driven on after its end."""
        item = self.executions.get(execution)
        return item.redrives if item else 0

    def service(self) -> ExecutionService:
        """Answer the use cases over the same ports."""
        definitions = MemoryDefinitions()
        for name in self.definitions:
            definition, _, version = name.partition("@")
            record = DefinitionRecord(TENANT, definition, int(version or 1), {}, name, START)
            definitions.add(record)
            definitions.put_newest(record)
        return self.serving(
            definitions=DefinitionService(definitions, self.clock, {}),
            parsed=self,
            executions=self.dependencies.executions,
            history=self.history,
            queue=self.dependencies.queue,
            clock=self.clock,
            new_suffix=self.token,
            drive=self.drive,
        )

    def drive(self, execution: str, event: Requested) -> Execution | None:
        """Make a request as the API does."""
        return self.ask_as_api(execution, event).result()

    def ask_as_api(self, execution: str, event: Requested | Answered) -> ApiInvocation:
        """Make the invocation of an API call."""
        return ApiInvocation(self.dependencies, execution, event, f"request-{next(self.requests)}", self.requesting)

    def token(self) -> str:
        """Make 8 characters that were never made before."""
        return f"{next(self.tokens):08x}"


def read_token(text: str) -> Token:
    """Read a token of the simulated world, which are not signed."""
    execution, thread, turn = json.loads(text)
    return Token(execution, thread, turn, START + timedelta(days=365))


def addressee(message: QueueMessage) -> Any:
    """Tell which execution a message is for."""
    return json.loads(message.body)["execution"]


def scrubbed(value: Any) -> Any:
    """Take out what differs from run to run: how often an effect had been performed, and instants."""
    if isinstance(value, str):
        return INSTANT.sub("then", value)
    if isinstance(value, dict):
        return {key: 0 if key == "run" else scrubbed(item) for key, item in value.items()}
    return [scrubbed(item) for item in value] if isinstance(value, list) else value


def ended(execution: Execution) -> dict[str, Any]:
    """Tell what an execution came to, without what differs from run to run."""
    told = {
        "id": execution.id,
        "state": execution.state.value,
        "input": execution.input,
        "output": execution.output,
        "error": execution.error and failure_json(execution.error),
        "stash": dict(execution.stash),
    }
    return {key: scrubbed(value) for key, value in told.items()}
