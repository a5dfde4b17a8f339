"""A deterministic world for the shipped engine: one seed is one run, and a fault can strike at every call of a port.

Every invocation and every API call is a greenlet that pauses before each call of a port, so that anything can happen
in between. The stores and queues are the shipped memory adapters.
"""

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from itertools import count
from typing import Any

from greenlet import getcurrent, greenlet

from chalicelib.adapters.memory import (
    Letter,
    MemoryClock,
    MemoryDefinitions,
    MemoryExecutions,
    MemoryHistory,
    MemoryQueue,
)
from chalicelib.burial import Burial
from chalicelib.core.document import read_message
from chalicelib.core.errors import SedoError, UnavailableError
from chalicelib.core.model import Definition, EffectFailed, EffectSucceeded, Execution, Perform, Status
from chalicelib.core.values import Json
from chalicelib.engine import Budget, Delivery, Invocation, Ports
from chalicelib.ports import DefinitionRecord, Stale
from chalicelib.schedule import arm
from chalicelib.service import Service

TENANT = "123"
START = datetime(2026, 1, 1, tzinfo=UTC)
INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
MINUTE = timedelta(minutes=1)


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
    letter: Letter | None = None
    left: set[tuple[str, int]] = field(default_factory=set)
    """Turns that had been left when it began."""
    named: set[tuple[str, int]] = field(default_factory=set)
    """Turns that its messages name."""
    seen: Execution | None = None
    """The execution as it last read or wrote it."""

    def may_perform(self, thread: str, turn: int) -> bool:
        """Tell whether what it has seen lets it have the effect of a turn."""
        if self.seen is None:
            return False
        stands = self.seen.threads.get(thread)
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


class Caller:
    """A port whose every call the world decides on."""

    def __init__(self, world: "World", name: str, port: object) -> None:
        self._world, self._name, self._port = world, name, port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        action = getattr(self._port, method)

        def call(*args: Any, **kwargs: Any) -> Any:
            name = f"{self._name}.{method}"
            try:
                answer = self._world.call(name, lambda: action(*args, **kwargs))
            except Stale as stale:
                self._world.saw(stale.current)
                raise
            if self._name == "executions" and method in ("get", "update", "create"):
                self._world.saw(answer if method == "get" else args[0])
            return answer

        return call


class SimulatedEffects:
    """Effects that end in any order; each run of one answers something else."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.running: list[tuple[str, int, Perform, str]] = []

    def start(self, execution: str, thread: str, turn: int, perform: Perform) -> None:
        """Begin: it may be done, and nobody may ever hear of it."""
        key = f"{execution}:{thread}:{turn}"
        self.world.call("effects.start", lambda: self.world.performed(key, perform, (thread, turn)))
        self.running.append((thread, turn, perform, key))

    def wait(self) -> Sequence[EffectSucceeded | EffectFailed]:
        """End one, or more."""
        self.world.pause()
        ended, self.running = self.world.some(self.running)
        return [self.outcome(*each) for each in ended]

    def outcome(self, thread: str, turn: int, perform: Perform, key: str) -> EffectSucceeded | EffectFailed:
        """Answer with the number of the run, so that two runs never answer the same."""
        if perform.kind == "refuse":
            return EffectFailed(thread, turn, "Refused", "no")
        run = sum(effect.key == key for effect in self.world.effects)
        return EffectSucceeded(thread, turn, {"of": perform.params, "run": run})


class World:
    """Stores, queues, a clock, processes, and what strikes them."""

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        faults: Mapping[int, Fault] | None = None,
        seed: int | None = None,
        rate: float = 0.0,
        invocation: type[Invocation] = Invocation,
        service: type[Service] = Service,
        receives: int = 1000,
        turns: int = 1000,
        **ports: Any,
    ) -> None:
        self.random = random.Random(seed)
        self.wild = seed is not None
        self.faults, self.rate = faults or {}, rate
        self.struck: list[str] = []
        self.calls: list[str] = []
        self.clock = MemoryClock(START)
        self.executions, self.history = MemoryExecutions(), MemoryHistory()
        self.queue = MemoryQueue(self.clock, receives=receives)
        self.effects: list[Effect] = []
        self.processes: list[Process] = []
        self.late: list[Callable[[], object]] = []
        self.answered: list[str] = []
        self.main = getcurrent()
        self.invocation, self.serving, self.turns = invocation, service, turns
        self.definitions = definitions
        self.requests, self.tokens = count(1), count(1)
        self.next_tick = START + MINUTE
        self.ports = Ports(
            executions=ports.get("executions") or Caller(self, "executions", self.executions),
            definitions=Caller(self, "definitions", self),
            history=Caller(self, "history", self.history),
            queue=Caller(self, "queue", self.queue),
            clock=self.clock,
            effects=lambda: SimulatedEffects(self),
            **({"decide": ports["decide"]} if "decide" in ports else {}),
        )

    # -- ports that are not struck

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a parsed definition."""
        return self.definitions[definition_id]

    def performed(self, key: str, perform: Perform, turn: tuple[str, int]) -> None:
        """Keep what was performed."""
        process = self.current()
        content = json.dumps(perform.params, sort_keys=True)
        self.effects.append(Effect(key, content, process, process.may_perform(*turn)))

    def saw(self, item: object) -> None:
        """Keep what a process read or wrote."""
        self.current().seen = item if isinstance(item, Execution) else None

    # -- processes

    def current(self) -> Process:
        """Find the process that runs."""
        return next(process for process in self.processes if process.green is getcurrent())

    def spawn(self, name: str, run: Callable[[], object], letter: Letter | None = None) -> None:
        """Begin a process."""

        def guarded() -> None:
            with suppress(Killed, SedoError):
                run()

        process = Process(name, greenlet(guarded, self.main), letter)
        for execution_id in self.executions.items:
            item = self.executions.get(execution_id)
            for row in self.history.rows.get(execution_id, []) if item else []:
                process.left |= {(r["thread"], r["turn"]) for r in row.records if r["state"] == "StepSucceeded"}
            if item and item.threads:
                process.left = {(t, n) for t, n in process.left if t not in item.threads or n < item.threads[t].turn}
        self.processes.append(process)

    def pause(self) -> None:
        """Let everything else have its turn."""
        if getcurrent() is not self.main:
            self.main.switch()

    def call(self, name: str, action: Callable[[], object]) -> object:  # noqa: C901 - one case for each fault
        """Make a call of a port, or let a fault strike."""
        self.pause()
        self.clock.instant += timedelta(milliseconds=1)
        fault = self.fault(name)
        if fault is not None:
            self.struck.append(f"{len(self.calls)} {name}: {fault}")
        self.calls.append(name)
        before = len(self.queue.letters)
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
                for letter in list(self.queue.letters.values())[before:]:
                    letter.visible_at += timedelta(seconds=20)
            case Fault.REDELIVER:
                letter = self.current().letter
                if letter is not None and letter.id in self.queue.letters:
                    self.queue.letters[letter.id].visible_at = self.clock.now()
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
        if name == "effects.start":
            return faults
        faults += [Fault.REFUSE, Fault.LOSE]
        if name in ("executions.update", "executions.create", "history.append"):
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

    def run(self, most: int = 3000) -> None:
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
        """List what can happen now: messages first, so that a redelivery overtakes the process that it doubles."""
        for letter in self.queue.visible():
            yield lambda letter=letter: self.deliver(letter)
        for process in self.processes:
            yield process.green.switch
        for action in self.late:
            yield lambda action=action: self.land(action)

    def land(self, action: Callable[[], object]) -> None:
        """Let a late call take effect, if it still can."""
        self.late.remove(action)
        with suppress(SedoError):
            action()

    def pass_time(self) -> bool:
        """Move to the next instant at which something can happen."""
        instants = [letter.visible_at for letter in self.queue.letters.values()]
        due = list(self.executions.due_times.values())
        if due:
            soonest = max(self.next_tick, min(due) - timedelta(minutes=15))
            instants.append(START + MINUTE * -((START - soonest) // MINUTE))
        if not instants:
            return False
        self.clock.instant = max(self.clock.instant, min(instants))
        if due and self.clock.instant >= self.next_tick:
            self.next_tick = self.clock.instant + MINUTE
            self.spawn("schedule", lambda: arm(self.ports))
        return True

    # -- what people and queues do

    def deliver(self, letter: Letter) -> None:
        """Deliver a message to a function, alone or with others in a batch; the dead ones to the one that buries."""
        batch = [letter]
        if self.wild and self.random.random() < 0.3:
            same = [other for other in self.queue.visible() if other is not letter and other.dead == letter.dead]
            batch += [other for other in same if addressee(other) == addressee(letter)]
        received = [self.queue.receive(each) for each in batch]
        kind = Burial if letter.dead else self.invocation
        self.spawn(f"{kind.__name__} of {letter.id}", lambda: self.handle(kind, received), received[0])

    def handle(self, kind: type[Invocation], letters: Sequence[Letter]) -> None:
        """Do what the worker does with the messages of one execution."""
        deliveries = [Delivery(each.id, read_message(json.loads(each.body)), each.receives) for each in letters]
        budget = Budget(self.clock.now() + timedelta(minutes=1), turns=self.turns, turns_per_write=3)
        self.current().named = {(each.message.event.thread, each.message.event.turn) for each in deliveries}
        done = kind(self.ports, f"request-{next(self.requests)}", deliveries, budget).run()
        if done:
            self.ports.queue.delete("any", sorted(done))

    def execute(self, definition: str, value: Json, name: str | None = None) -> None:
        """Be a client who starts an execution, and who tries a named one again until it is answered."""
        service = self.service()

        def ask() -> None:
            try:
                self.answered.append(service.execute(TENANT, definition, value, name)[0].id)
            except (Killed, SedoError):
                if name is not None:
                    self.spawn("client", ask)

        self.spawn("client", ask)

    def service(self) -> Service:
        """Answer the use cases over the same ports."""
        definitions = MemoryDefinitions()
        for name in self.definitions:
            definitions.put_newest(DefinitionRecord(TENANT, name, 1, {}, "", START))
        return self.serving(
            definitions=definitions,
            parsed=self,
            executions=self.ports.executions,
            history=self.history,
            queue=self.ports.queue,
            clock=self.clock,
            step_types={},
            token=self.token,
        )

    def token(self) -> str:
        """Make 8 characters that were never made before."""
        return f"{next(self.tokens):08x}"


def addressee(letter: Letter) -> Any:
    """Tell which execution a message is for."""
    return json.loads(letter.body)["execution"]


def scrubbed(value: Any) -> Any:
    """Take out what differs from run to run: how often an effect had been performed, and instants."""
    if isinstance(value, str):
        return INSTANT.sub("then", value)
    if isinstance(value, dict):
        return {key: 0 if key == "run" else scrubbed(item) for key, item in value.items()}
    return [scrubbed(item) for item in value] if isinstance(value, list) else value


def ended(execution: Execution) -> Execution:
    """Take out of an execution what differs from run to run."""
    return replace(
        execution,
        version=0,
        nonce="",
        head=None,
        started_at=START,
        ended_at=None,
        output=scrubbed(execution.output),
        stash=scrubbed(dict(execution.stash)),
    )
