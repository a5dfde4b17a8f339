"""sedo at home: the engine and the service over memory, one invocation after another."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import pytest

from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import (
    MemoryClock,
    MemoryDefinitions,
    MemoryExecutions,
    MemoryHistory,
    MemoryQueue,
)
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, Message, Written
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.codec import read_message
from chalicelib.core.records.payload import PACKING
from chalicelib.core.values.errors import StepError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.children import gatherer
from chalicelib.engine.due_sweep import DueSweep
from chalicelib.engine.model import Budget, Delivery, Mode
from chalicelib.engine.observers import Observer
from chalicelib.engine.worker import work_on_messages
from chalicelib.steps import STEP_TYPES
from chalicelib.wiring.graph import Wiring
from chalicelib.wiring.memory import adapters
from chalicelib.wiring.settings import Settings
from tests.core.examples import CallStep

START = datetime(2026, 1, 1, tzinfo=UTC)


class Counting:
    """A port that counts its calls."""

    def __init__(self, port: object, name: str, calls: Counter[str]) -> None:
        self._port, self._name, self._calls = port, name, calls

    def __getattr__(self, method: str) -> Callable[..., Any]:
        self._calls[f"{self._name}.{method}"] += 1
        found: Callable[..., Any] = getattr(self._port, method)
        return found


class Executions(MemoryExecutions):
    """Somebody else can be quicker at the next write, its answer can be lost, or all can be silent."""

    def __init__(self) -> None:
        super().__init__()
        self.rivals: list[Callable[[], object]] = []
        self.lost_answers = 0
        self._faults = Lock()
        self.lost_puts = 0
        self.rejected_puts = 0
        self.silent = False
        self.lost_reads = 0
        self.behind: dict[str, Execution | None] = {}
        """What reads that need not be consistent show."""

    def get(self, execution_id: str, *, consistent: bool = True, **known: Any) -> Execution | None:
        if self.silent:
            raise UnavailableError
        if self.lost_reads:
            self.lost_reads -= 1
            raise UnavailableError
        if not consistent and execution_id in self.behind:
            return self.behind[execution_id]
        return super().get(execution_id, consistent=consistent, **known)

    def create(self, execution: Execution) -> None:
        if self.silent:
            raise UnavailableError
        with self._faults:
            rejected, self.rejected_puts = self.rejected_puts > 0, max(0, self.rejected_puts - 1)
            lost, self.lost_puts = self.lost_puts > 0, max(0, self.lost_puts - 1)
        if rejected:
            raise UnavailableError
        try:
            super().create(execution)
        finally:
            if lost:
                raise UnavailableError

    def update(self, execution: Execution, spare: int = 0) -> Written:
        if self.silent:
            raise UnavailableError
        if self.rivals:
            self.rivals.pop(0)()
        image = super().update(execution, spare)
        if self.lost_answers:
            self.lost_answers -= 1
            raise UnavailableError
        return image


class Queue(MemoryQueue):
    """It can refuse to take messages; or something else happens before it takes any."""

    refusals = 0
    overtaken: Callable[[], object] | None = None

    def send(self, messages: Sequence[Message]) -> None:
        if self.refusals:
            self.refusals -= 1
            raise UnavailableError
        if self.overtaken is not None:
            first, self.overtaken = self.overtaken, None
            first()
        super().send(messages)


class Calls:
    """Calls that are done at once; what is to fail, fails once for each time that it is named."""

    def __init__(self, home: "Home") -> None:
        self.home = home
        self.ended: list[CallSucceeded | CallFailed] = []
        self.broken: Exception | None = None

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        try:
            self.ended.append(CallSucceeded(*turn, self.home.performers[call.kind](call.params, str(key))))
        except (UnavailableError, RuntimeError) as error:
            self.broken = error
        except StepError as error:
            self.ended.append(CallFailed(*turn, error.name, str(error), error.details))

    def wait(self, until: datetime | None = None) -> Sequence[CallSucceeded | CallFailed]:
        if self.broken is not None:
            raise self.broken
        ended, self.ended = self.ended, []
        return ended

    def drain(self) -> None:
        self.ended = []


class Home:
    """sedo over memory, with every call of a store or queue counted; every execution has a function of its own."""

    def __init__(self, observers: Sequence[Observer] = (), inline_turns: int = 0) -> None:
        self.calls: Counter[str] = Counter()
        self.performed: list[tuple[str, Json]] = []
        self.failures: list[str] = []
        self.gives_back = False
        self.clock = MemoryClock(START)
        self.executions, self.queue = Executions(), Queue(self.clock)
        self.tasks, self.matching, self.incidents = MemoryTasks(), MemorySignals(), MemoryIncidents()
        definitions, self.history = MemoryDefinitions(), MemoryHistory()
        counted: dict[str, Any] = {
            name: Counting(port, name, self.calls)
            for name, port in {
                "executions": self.executions,
                "definitions": definitions,
                "history": self.history,
                "queue": self.queue,
                "incidents": self.incidents,
            }.items()
        }
        self.performers: Mapping[str, Callable[[Json, str], Json]] = {
            "call": self.call,
            "gather": lambda params, _: gatherer(counted["executions"])(params),
        }
        self.tokens = iter(f"{n:08x}" for n in range(1, 1000))
        self.requests = iter(f"request-{n}" for n in range(1000))
        wiring = Wiring(
            adapters=adapters(Settings(), clock=self.clock, tasks=self.tasks, signals=self.matching, **counted),
            settings=Settings(is_alone=True),
            step_types={**STEP_TYPES, "call": CallStep()},
            calls=lambda: Calls(self),
            new_suffix=lambda: next(self.tokens),
            new_request=lambda: next(self.requests),
            observers=observers,
            inline_turns=inline_turns,
        )
        self.wiring = wiring
        self.dependencies, services = wiring.dependencies, wiring.services
        self.definitions, self.service, self.drive = services.definitions, services.executions, services.drive
        self.services, self.answers, self.worker = services, services.answers, wiring.worker

    def call(self, content: Json, key: str) -> Json:
        self.performed.append((key, content))
        if self.failures:
            raise StepError("no", self.failures.pop(0))
        return content

    def create(self, *steps: dict[str, Any], name: str = "d", **more: Any) -> None:
        numbered = [{"id": f"step-{n}", **step} for n, step in enumerate(steps)]
        self.definitions.create_definition("t", {"id": name, "steps": numbered, **more})

    def execute(self, value: Json = None, definition: str = "d") -> str:
        """Start an execution and deliver what that sends; answer its id."""
        execution, _ = self.service.execute("t", definition, value)
        self.deliver()
        return execution.id

    def deliver(self, mode: Mode = Mode.MESSAGES, turns: int = 1000) -> set[str]:
        """Deliver what is visible, as one batch; answer what is acknowledged."""
        groups: dict[str, list[Delivery]] = {}
        for queued in [self.queue.receive(visible) for visible in self.queue.visible()]:
            message = read_message(json.loads(queued.body))
            groups.setdefault(message.execution, []).append(
                Delivery(queued.id, message, queued.receives, queued.sent_at)
            )
        budget = Budget(self.clock.now() + timedelta(minutes=1), turns, gives_back=self.gives_back)
        done: set[str] = set()
        for group in groups.values():
            handled = work_on_messages(self.dependencies, next(self.requests), group, budget, mode)
            self.queue.give_back("any", handled.again)
            done |= handled.done
        self.queue.delete("any", sorted(done))
        return done

    def sweep_due(self) -> int:
        """Let the schedule look at what is due; answer at how many executions it looked."""
        return DueSweep(self.dependencies, next(self.requests), self.clock.now() + timedelta(minutes=1)).run()

    def cancel_unheard(self, step: dict[str, Any]) -> str:
        """Cancel an execution whose child stands at a step and does not hear of it; answer the id of the parent."""
        name = self.begin_child(step)
        self.unheard(lambda: self.service.cancel("t", name))
        return name

    def begin_child(self, step: dict[str, Any]) -> str:
        """Start an execution whose child stands at a step; answer the id of the parent."""
        self.create(step, name="other")
        self.create(SUB)
        name = self.execute()
        self.deliver_all()
        return name

    def unheard(self, ask: Callable[[], object]) -> None:
        """Ask for what is written while the queue does not answer."""
        self.queue.refusals = 1
        with pytest.raises(UnavailableError):
            ask()

    def deliver_all(self) -> None:
        """Deliver until nothing is visible."""
        while self.queue.visible():
            self.deliver()

    def send(self, *messages: Message) -> None:
        self.queue.send(messages)

    def waiting(self) -> list[Message]:
        """What is in the queues, visible or not."""
        return [read_message(json.loads(message.body)) for message in self.queue.messages.values()]

    def only(self) -> Execution:
        (execution_id,) = self.executions.items
        return self.read(execution_id)

    def read(self, execution_id: str) -> Execution:
        found = self.executions.get(execution_id)
        assert found is not None
        return found

    def child(self) -> Execution:
        """Find the only execution that another one has started."""
        (found,) = (each for each in map(self.read, self.executions.items) if each.parent is not None)
        return found

    def recorded(self, execution_id: str) -> list[str]:
        """Read history: what happened, a word for each record."""
        return [str(record["state"]) for record in self.records(execution_id)]

    def records(self, execution_id: str) -> list[dict[str, Any]]:
        """Read the records of a history, oldest first."""
        return [record for row, _ in self.service.histories.oldest_first("t", execution_id) for record in row.records]


ECHO = {"type": "echo", "message": "${output}"}
WAIT = {"type": "wait", "seconds": 45}
CALL = {"type": "call", "content": "${output}"}
SUB = {"type": "workflow", "definition": "other"}
LIVE = State.STEP_STARTED


def caught(step: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Let a step lead somewhere whatever goes wrong."""
    return {**step, "catch": [{"errors": ["*"], "next": target}]}


def late(message: Message) -> Message:
    """Make a message that is visible at once."""
    return copy_with(message, delay=0)


def with_rows(home: Home) -> Home:
    """Let every write have a row of history."""
    home.dependencies = copy_with(home.dependencies, limits=copy_with(PACKING, tail_text=0))
    return home
