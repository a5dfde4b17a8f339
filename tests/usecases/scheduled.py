"""A tenant with a schedule, and what can strike at the calls that its functions make."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.memory.schedules import MemorySchedules
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions, MemoryQueue
from chalicelib.core.executions.model import State
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import Overlap, Schedule, ScheduleContent
from chalicelib.core.values.errors import (
    UnavailableError,
)
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.value import copy_with
from chalicelib.engine.worker import GivenBackError
from chalicelib.wiring import graph
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.usecases.schedules import ScheduleService

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
LEFT = timedelta(seconds=60)
ECHO = {"steps": [{"id": "say", "type": "echo", "message": "hello"}]}
LONG = {"steps": [{"id": "wait", "type": "wait", "seconds": 9_000}]}
STRICT = {"inputSchema": {"type": "object", "required": ["day"]}, **ECHO}
HOURLY = ScheduleContent("d", Plan("0 * * * *"))
SKIPPING = copy_with(HOURLY, overlap=Overlap.SKIP)


OF_OTHERS = ("executions.due_shards", "executions.due", "executions.sample")
"""What the sweep does for executions, in another part of its run."""


class Fault(StrEnum):
    KILL_BEFORE = "the process dies before the call"
    KILL_AFTER = "the process dies after it"
    REFUSE = "the call is throttled"
    LOSE = "its answer is lost"
    TWICE = "what is sent arrives twice"


class Killed(BaseException):
    """Nothing of sedo catches it."""


class Struck:
    """A port; one of the calls of all ports is struck."""

    def __init__(self, world: "World", name: str, port: object) -> None:
        self._world, self._name, self._port = world, name, port

    def __getattr__(self, method: str) -> Any:
        found = getattr(self._port, method)
        return self._world.call(f"{self._name}.{method}", found) if callable(found) else found


class World:
    """A tenant with a schedule, its functions and queues, and one fault."""

    def __init__(self, struck: int = 0, fault: Fault | None = None, definition: Any = ECHO) -> None:
        self.clock, self.calls, self.struck, self.fault = MemoryClock(NOON - timedelta(minutes=30)), [""], struck, fault
        self.executions, self.queue, self.store = MemoryExecutions(), MemoryQueue(self.clock), MemorySchedules()
        self.is_watched, self.swept = False, 0
        schedules: Any = Struck(self, "schedules", self.store)
        others: Any = {
            "executions": Struck(self, "executions", self.executions),
            "queue": Struck(self, "queue", self.queue),
            "schedules": lambda: schedules,
        }
        self.wired = graph.in_memory(Settings(), clock=self.clock, **others)
        self.define(definition)
        self.service: ScheduleService = self.wired.services.schedules(schedules)

    def define(self, definition: Any) -> None:
        self.wired.services.definitions.create_definition("t", {"id": "d", **definition})

    def call(self, name: str, action: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            if not self.is_watched or name in OF_OTHERS:
                return action(*args, **kwargs)
            self.calls.append(name)
            fault = self.fault if len(self.calls) - 1 == self.struck else None
            if fault is Fault.KILL_BEFORE:
                raise Killed
            if fault is Fault.REFUSE:
                raise UnavailableError
            answer = action(*args, **kwargs)
            if fault is Fault.KILL_AFTER:
                raise Killed
            if fault is Fault.LOSE:
                raise UnavailableError
            if fault is Fault.TWICE and name == "queue.send":
                action(*args, **kwargs)
            return answer

        return called

    def put(self, content: ScheduleContent = HOURLY, **others: Any) -> Schedule:
        return self.service.put("t", "s", content, by="ada", permit=lambda *_: None, **others)[0]

    def start(self, seed: str | None = None) -> Schedule:
        return self.service.start("t", "s", seed, lambda *_: None)

    @property
    def schedule(self) -> Schedule:
        return self.store.schedules["t", "s"]

    def go_to(self, hours: float) -> None:
        """Let time pass, with a run of the sweep each minute and all messages delivered, up to so long after noon."""
        until = NOON + timedelta(hours=hours)
        while self.clock.instant < until:
            self.step(min(timedelta(seconds=30), until - self.clock.instant))

    def step(self, passing: timedelta) -> None:
        self.clock.instant += passing
        self.is_watched = True
        if self.clock.instant.second == self.swept:
            with suppress(Killed, UnavailableError):
                self.wired.sweep_due(format_instant(self.clock.instant), LEFT)
        self.deliver()
        self.is_watched = False

    def deliver(self) -> None:
        for message in self.queue.visible():
            received = self.queue.receive(message)
            name = "timers" if message.timer else "work"
            record = {
                "messageId": received.id,
                "receiptHandle": received.id,
                "body": received.body,
                "attributes": {"ApproximateReceiveCount": str(received.receives)},
                "eventSourceARN": f"arn:aws:sqs:us-east-1:1:{name}",
            }
            worker = self.wired.dead_letters if message.dead else self.wired.worker
            with suppress(Killed, GivenBackError):
                worker.handle([record], f"{received.id}-{received.receives}", LEFT)
                self.queue.messages.pop(message.id, None)

    def states(self) -> set[State]:
        return {item.state for item in self.executions.read([*self.executions.items]).values()}

    def started(self) -> list[str]:
        return sorted(name.rpartition(":")[2] for name in self.executions.items)
