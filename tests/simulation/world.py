"""A deterministic world for the shipped engine: one seed is one run, and a fault can strike at every call of a port.

Every invocation and every API call is a process that pauses before each call of a port, so that anything can happen
in between. The stores and queues are the shipped memory adapters.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import MemoryClock, MemoryHistory, MemoryQueue, QueueMessage
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.executions.inputs import SignalPublished
from chalicelib.core.executions.model import Execution, failure_json
from chalicelib.core.records.codec import read_message
from chalicelib.core.records.history import chained, newest
from chalicelib.core.records.payload import PackingLimits
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.waits.correlation import Channel, Correlation, read_correlation
from chalicelib.core.waits.task import Task, read_task
from chalicelib.engine.giving_back import pauses
from chalicelib.engine.model import Budget, Delivery, Dependencies, Handled, Mode
from chalicelib.engine.worker import longest
from tests.simulation.api import Api
from tests.simulation.calls import Answers, MadeCall, SimulatedCalls, made_by
from tests.simulation.clients import Clients, Outsiders
from tests.simulation.faults import Chance, Fault, Faults, possible
from tests.simulation.ports import Caller, ParsedDefinitions, SkewedClock, Watched, struck
from tests.simulation.processes import Processes, Turns
from tests.simulation.settings import MINUTE, START, TENANT, Settings

INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
UNCOUNTED = 0.3
"""How often a second delivery is not counted: the count is approximate (Amazon SQS, ``ApproximateReceiveCount``)."""
TOGETHER = 0.3
"""How often messages of one execution are delivered in one batch, in random runs."""
WIDE = 50
"""Threads of an execution above which every write is a long one."""


class StuckError(AssertionError):
    """The world does not come to rest."""


class World:
    """Stores, queues, a clock, processes, and what strikes them."""

    def __init__(
        self,
        definitions: Mapping[str, Definition],
        faults: Mapping[int, Fault] | None = None,
        seed: int | None = None,
        **settings: Any,
    ) -> None:
        self.settings = Settings(**settings)
        self.definitions = ParsedDefinitions(definitions)
        self.clock, self.chance, self.turns = MemoryClock(START), Chance(seed), Turns()
        self.faults = Faults(self.chance, faults or {}, self.settings.rate, self.possible)
        self.processes = Processes(self.clock, self.turns)
        self.chunks = MemoryChunks()
        unstruck = Payloads(self.chunks)
        self.executions, self.history = Watched(unstruck, self.turns, self.clock, self.chance), MemoryHistory(unstruck)
        self.queue = MemoryQueue(self.clock, receives=self.settings.receives)
        self.tasks, self.signals, self.incidents = MemoryTasks(), MemorySignals(), MemoryIncidents()
        self.answers, self.made_calls, self.given_up = Answers(self.settings.answers), list[MadeCall](), 0
        self.requests, self.tokens, self.next_tick = count(1), count(1), START + MINUTE
        self.dependencies = self.struck_dependencies()
        self.api, self.clients, self.outsiders = Api(self), Clients(self), Outsiders(self)

    def struck_dependencies(self) -> Dependencies:
        """Put together what the processes work with: every call of it can be struck."""
        payloads = self.payloads(self.settings.limits)
        return Dependencies(
            executions=Caller(self, "executions", struck(self.executions, payloads)),
            definitions=Caller(self, "definitions", self.definitions),
            history=Caller(self, "history", struck(self.history, payloads)),
            queue=Caller(self, "queue", self.queue),
            clock=SkewedClock(self),
            calls=lambda: SimulatedCalls(self),
            tasks=Caller(self, "tasks", self.tasks),
            signals=self.settings.signals(Caller(self, "events", self.signals), self.clock),
            incidents=Caller(self, "incidents", self.incidents),
            decide=self.settings.decide,
            inline_turns=self.settings.inline,
            limits=self.settings.limits,
        )

    def payloads(self, limits: PackingLimits) -> Payloads:
        """Make what the processes keep large values with."""
        return Payloads(Caller(self, "chunks", self.chunks), limits)

    @staticmethod
    def possible(name: str) -> list[Fault]:
        """List the faults that a call can meet."""
        return possible(name)

    def token(self) -> str:
        """Make 8 characters that were never made before."""
        return f"{next(self.tokens):08x}"

    def new_request(self) -> str:
        """Make an id of an invocation."""
        return f"request-{next(self.requests)}"

    def run(self, most: int = 60_000) -> None:
        """Go on until nothing is left to happen.

        Raises:
            StuckError: it takes too long.
        """
        for _ in range(most):
            self.processes.forget_the_dead()
            choices = [*(partial(self.deliver, message) for message in self.queue.visible()), *self.processes.choices()]
            if choices:
                self.chance.pick(choices)()
            elif not self.pass_time():
                return
        raise StuckError(f"no end after {most} steps; struck: {self.faults.struck}")

    def pass_time(self) -> bool:
        """Move to the next instant at which something can happen."""
        instants = [message.visible_at for message in self.queue.messages.values()] + self.processes.instants()
        due = list(self.executions.due_times.values())
        if due:
            soonest = max(self.next_tick, min(due))
            instants.append(START + MINUTE * -((START - soonest) // MINUTE))
        if not instants:
            return False
        self.clock.instant = max(self.clock.instant, min(instants))
        if due and max(self.next_tick, min(due)) <= self.clock.instant:
            self.next_tick = self.clock.instant + MINUTE
            self.processes.spawn("schedule", self.sweep)
        return True

    def sweep(self) -> None:
        """Look at what is due, as the schedule does."""
        self.settings.sweep(self.dependencies, f"tick-{next(self.requests)}", self.clock.now() + MINUTE).run()

    def call(self, name: str, action: Callable[[], object]) -> object:
        """Make a call of a port, or let a fault strike; nothing strikes what is in a late call that lands."""
        if self.processes.none_runs():
            return action()
        self.processes.pause()
        self.clock.instant += self.settings.latency
        number = len(self.faults.calls)
        fault = self.fault(name)
        self.faults.record(name, fault)
        match fault:
            case Fault.KILL_BEFORE:
                self.processes.kill()
            case Fault.KILL_AFTER:
                action()
                self.processes.kill()
            case Fault.REFUSE:
                raise UnavailableError
            case Fault.LOSE:
                action()
                raise UnavailableError
            case Fault.LATE:
                self.processes.late.append(action)
                raise UnavailableError
            case Fault.TWICE:
                self.send_twice(action)
            case Fault.REDELIVER:
                self.redeliver()
        try:
            return action()
        finally:
            if number in self.settings.purges:
                self.queue.messages.clear()

    def fault(self, name: str) -> Fault | None:
        """Decide whether a fault strikes a call now."""
        return self.faults.choose(name)

    def send_twice(self, action: Callable[[], object]) -> None:
        """Send what will be sent again; the first arrives much later."""
        before = len(self.queue.messages)
        action()
        for message in list(self.queue.messages.values())[before:]:
            message.visible_at += timedelta(seconds=20)

    def redeliver(self) -> None:
        """Let the message of the process that runs be delivered again; that is not always counted."""
        mine = self.processes.current().message
        if mine is not None and mine.id in self.queue.messages:
            again = self.queue.messages[mine.id]
            again.visible_at = self.clock.now()
            again.receives -= self.chance.happens(UNCOUNTED)

    def made(self, key: CallKey, call: Call, turn: tuple[str, str, int]) -> None:
        """Keep that a call was made; to gather is only to read."""
        if call.kind == "gather":
            return
        process = self.processes.current()
        belated = self.turns.was_left_before(process, turn)
        self.made_calls.append(made_by(process, str(key), call, turn, belated=belated, at=self.clock.now()))
        if call.callback:
            self.outsiders.call_back(key[:3], self.answers.to(turn, call).get("says", ()))

    def deliver(self, message: QueueMessage) -> None:
        """Deliver a message to a function, alone or with others in a batch; the dead ones to the one that buries."""
        batch = [message]
        if not message.dead and self.chance.happens(TOGETHER):
            same = [other for other in self.queue.visible() if other is not message and other.dead == message.dead]
            batch += [other for other in same if addressee(other) == addressee(message)]
        received = [self.queue.receive(visible) for visible in batch]
        mode = Mode.DEAD_LETTERS if message.dead else Mode.MESSAGES
        self.given_up += message.dead
        self.processes.spawn(f"{mode} of {message.id}", lambda: self.handle(mode, received), received[0])

    def handle(self, mode: Mode, messages: Sequence[QueueMessage]) -> None:
        """Do what the function does with the messages of one execution."""
        deliveries = [
            Delivery(queued.id, read_message(json.loads(queued.body)), queued.receives, queued.sent_at)
            for queued in messages
        ]
        try:
            handled = self.work_on(deliveries, mode)
        except UnavailableError:
            handled = Handled(again=pauses(deliveries, longest(mode)))
        if handled.again:
            with suppress(UnavailableError):
                self.dependencies.queue.give_back("any", handled.again)
        if handled.done:
            self.dependencies.queue.delete("any", sorted(handled.done))

    def work_on(self, deliveries: Sequence[Delivery], mode: Mode) -> Handled:
        """Work on the messages of one execution."""
        if isinstance(published := deliveries[0].message.event, SignalPublished):
            self.api.answers().deliver(Channel(TENANT, published.name, published.key), published.id)
            return Handled({delivery.id for delivery in deliveries})
        few = 3 if self.turns.width < WIDE else 100
        turns = self.chance.pick((self.settings.turns, 1000))
        budget = Budget(
            self.clock.now() + MINUTE,
            turns=turns,
            turns_per_write=few,
            looks_every=self.settings.looks_every,
            gives_back=self.settings.gives_back,
        )
        events = [delivery.message.event for delivery in deliveries]
        self.processes.current().named = {(event.thread, event.turn) for event in events}
        kind = self.settings.invocation
        return self.settings.working(self.dependencies, self.new_request(), deliveries, budget, mode, kind)

    def all(self) -> list[Execution]:
        """Read every execution, in the order in which they were made."""
        return [item for name in self.executions.items if (item := self.executions.get(name)) is not None]

    def records(self, item: Execution) -> list[Any]:
        """Read the history of an execution; the chain must be whole."""
        rows = [] if item.head is None else chained(self.history.rows[item.id], item.head)
        return [record for row in (*rows, newest(item)) if row is not None for record in row.records]

    def every_task(self) -> list[Task]:
        """Read every task, in the order in which they were made."""
        return [read_task(json.loads(text)) for text in self.tasks.items.values()]

    def every_event(self) -> list[Correlation]:
        """Read every event that was published, and whose it is."""
        stored = self.signals.rows.items()
        return [read_correlation(channel.name, json.loads(text)) for channel, rows in stored for text in rows.values()]


def addressee(message: QueueMessage) -> Any:
    """Tell which execution a message is for."""
    return json.loads(message.body)["execution"]


def scrubbed(value: Any) -> Any:
    """Take out what differs from run to run: how often a call had been made, and instants."""
    if isinstance(value, str):
        return INSTANT.sub("then", value)
    if isinstance(value, dict):
        return {key: 0 if key == "run" else scrubbed(item) for key, item in value.items()}
    return [scrubbed(item) for item in value] if isinstance(value, list) else value


def ended(execution: Execution) -> dict[str, Any]:
    """Tell what an execution came to, without what differs from run to run."""
    members = {
        "id": execution.id,
        "state": execution.state.value,
        "input": execution.input,
        "output": execution.output,
        "error": execution.error and failure_json(execution.error),
        "stash": dict(execution.stash),
    }
    return {key: scrubbed(member) for key, member in members.items()}
