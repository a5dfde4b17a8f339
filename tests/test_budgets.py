"""What workflows cost, in calls of stores and queues and in bytes: the same on every machine."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise
from math import ceil
from typing import Any

import pytest

from chalicelib.adapters.calls.pool import WIDTH as AT_ONCE
from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions, MemoryHistory, MemoryQueue
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.factory import WIDTH, submit
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallFailed, CallSucceeded, Message, Started, Written
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.codec import read_message
from chalicelib.core.records.history import Row
from chalicelib.core.records.payload import PACKING
from chalicelib.core.values.json import Json
from chalicelib.engine.children import gatherer
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Dependencies
from chalicelib.engine.signals import Signals
from chalicelib.steps import STEP_TYPES
from tests.home import Counting
from tests.simulation.scenario import CallStep

START = datetime(2026, 1, 1, tzinfo=UTC)
TURNS = 1000
"""Of one invocation, as the worker has it."""
ROUNDS = 10_000
"""Of the loop: 100,000 cost the same in calls and bytes, and ten times the seconds."""


@dataclass
class Largest:
    """The largest that was written or sent, in bytes of JSON; and how many threads, results or items one item held."""

    items: dict[str, int] = field(default_factory=dict)
    row: int = 0
    message: int = 0
    together: int = 0


class Executions(MemoryExecutions):
    """Executions that are measured when they are written."""

    def __init__(self, largest: Largest) -> None:
        super().__init__()
        self.largest = largest

    def update(self, execution: Execution, spare: int = 0) -> Written:
        image = super().update(execution, spare)
        self.measure(execution)
        return image

    def create(self, execution: Execution) -> None:
        super().create(execution)
        self.measure(execution)

    def measure(self, execution: Execution) -> None:
        text = self.items[execution.id]
        self.largest.items[execution.id] = max(self.largest.items.get(execution.id, 0), len(text))
        members = json.loads(text).items()
        ours = [value for name, value in members if name not in {"input", "output", "tail"}]  # a tail has its own bound
        self.largest.together = max(self.largest.together, *lengths(ours))


def lengths(value: Json) -> Iterator[int]:
    """Tell the length of every list and object in a value."""
    if isinstance(value, dict | list):
        yield len(value)
        for inner in value.values() if isinstance(value, dict) else value:
            yield from lengths(inner)


class History(MemoryHistory):
    """Rows that are measured when they are written."""

    def __init__(self, largest: Largest) -> None:
        super().__init__()
        self.largest = largest

    def append(self, row: Row) -> int:
        self.largest.row = max(self.largest.row, len(row.text))
        return super().append(row)


class Queue(MemoryQueue):
    """Messages that are measured when they are sent."""

    def __init__(self, clock: MemoryClock, largest: Largest) -> None:
        super().__init__(clock)
        self.largest = largest

    def send(self, messages: Sequence[Message]) -> None:
        super().send(messages)
        sizes = [len(message.body) for message in self.messages.values()]
        self.largest.message = max(self.largest.message, *sizes)


class Calls:
    """Calls of which some are ready together; those with ``fails`` fail as often as it says."""

    def __init__(self, home: "Home") -> None:
        self.home = home
        self.begun: list[tuple[str, int, Call]] = []

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        self.home.calls["effects"] += call.kind == "call"
        self.begun.append((*turn, call))

    def wait(self, until: datetime | None = None) -> Sequence[CallSucceeded | CallFailed]:
        ready, self.begun = self.begun[: self.home.together], self.begun[self.home.together :]
        return [self.outcome(*each) for each in ready]

    def drain(self) -> None:
        self.begun = []

    def outcome(self, thread: str, turn: int, perform: Call) -> CallSucceeded | CallFailed:
        params: Any = perform.params
        if perform.kind == "gather":
            return CallSucceeded(thread, turn, gatherer(self.home.dependencies.executions)(params))
        if self.home.fails > 0:
            self.home.fails -= 1
            return CallFailed(thread, turn, "Busy", "not now")
        return CallSucceeded(thread, turn, params.get("content"))


class Home:
    """The engine over memory, for one definition: every call of a store or queue is counted, every write measured."""

    def __init__(self, *steps: dict[str, Any], together: int = 1, fails: int = 0, **more: Json) -> None:
        numbered: list[Json] = [{"id": f"step-{n}", **step} for n, step in enumerate(steps)]
        self.definition = parse({"id": "d", "steps": numbered, **more}, {**STEP_TYPES, "call": CallStep()})
        self.together, self.fails = together, fails
        self.calls: Counter[str] = Counter()
        self.largest = Largest()
        self.clock = MemoryClock(START)
        self.executions, self.queue = Executions(self.largest), Queue(self.clock, self.largest)
        stores: dict[str, Any] = {
            "executions": self.executions,
            "history": History(self.largest),
            "queue": self.queue,
        }
        counted: dict[str, Any] = {name: Counting(port, name, self.calls) for name, port in stores.items()}
        self.dependencies = Dependencies(
            **counted,
            definitions=self,
            clock=self.clock,
            calls=lambda: Calls(self),
            tasks=MemoryTasks(),
            signals=Signals(MemorySignals(), self.clock),
            incidents=MemoryIncidents(),
        )

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        return self.definition

    def newest(self, tenant_id: str, definition_id: str) -> int:
        return 1

    def start(self, value: Json = None) -> None:
        """Send and put, as the API does; that is not counted."""
        submission = submit(
            self.definition,
            Execution(
                id="t:d:1",
                tenant_id="t",
                definition_id="d",
                definition_version=1,
                nonce="nonce",
                input=value,
                started_at=START,
                threads={},
            ),
        )
        self.queue.send([Message(submission.id, Started(), submission)])
        self.executions.create(submission)

    def deliver(self) -> Iterator[Counter[str]]:
        """Deliver one message after the other, to the end of the execution; tell the calls of each invocation."""
        while self.queue.messages:
            coming = min(self.queue.messages.values(), key=lambda message: message.visible_at)
            self.clock.instant = max(self.clock.instant, coming.visible_at)
            message, before = self.queue.receive(coming), self.calls.copy()
            delivery = Delivery(message.id, read_message(json.loads(message.body)), message.receives)
            budget = Budget(self.clock.now() + timedelta(minutes=1), TURNS)
            assert Invocation(self.dependencies, f"request of {message.id}", [delivery], budget).run() == {message.id}
            self.queue.delete("any", [message.id])
            yield self.calls - before

    def run(self, value: Json = None) -> Execution:
        self.start(value)
        for _ in self.deliver():
            pass
        assert self.root.state is State.SUCCEEDED, self.root.error
        self.rows = self.calls.pop("history.append", 0)
        return self.root

    @property
    def root(self) -> Execution:
        found = self.executions.get("t:d:1")
        assert found is not None
        return found


CALL = {"type": "call", "content": "${output}"}
ECHO = {"type": "echo", "message": "${output}"}
WRITE = Counter({"executions.update": 1})


def parallel(count: int, *steps: dict[str, Any]) -> dict[str, Any]:
    numbered = [{"id": f"step-{n}", **step} for n, step in enumerate(steps)]
    return {"type": "parallel", "branches": [{"id": f"branch-{n}", "steps": numbered} for n in range(count)]}


def writes(count: int) -> Counter[str]:
    return Counter({name: count * calls for name, calls in WRITE.items()})


class TestWrites:
    @pytest.mark.parametrize("branches", [2, 10, 50, 100])
    def test_branches_of_pure_steps_fork_and_join_in_one_write(self, branches: int) -> None:
        home = Home(ECHO, parallel(branches, ECHO, ECHO), ECHO)
        home.run("in")
        assert home.calls == WRITE
        assert list(home.executions.items) == ["t:d:1"]

    @pytest.mark.parametrize("branches", [2, 10, 50, 100])
    def test_branches_with_an_effect_each_cost_a_write_each_and_one_for_the_fork(self, branches: int) -> None:
        home = Home(parallel(branches, CALL))
        home.run("in")
        assert home.calls == writes(branches + 1) + Counter({"effects": branches})
        assert list(home.executions.items) == ["t:d:1"]

    @pytest.mark.parametrize("branches", [2, 10, 50, 100])
    def test_effects_that_are_ready_together_share_a_write(self, branches: int) -> None:
        home = Home(parallel(branches, CALL), together=AT_ONCE)
        home.run("in")
        assert home.calls == writes(1 + -(-branches // AT_ONCE)) + Counter({"effects": branches})

    def test_ten_steps_with_an_effect_each_cost_a_read_and_a_write_each(self) -> None:
        home = Home(*[CALL] * 10)
        home.run("in")
        assert home.calls == writes(10) + Counter({"executions.get": 1, "effects": 10})

    def test_ten_pure_steps_cost_one_write(self) -> None:
        home = Home(*[ECHO] * 10)
        home.run("in")
        assert home.calls == WRITE

    def test_conditions_cost_nothing(self) -> None:
        skipped = [{**ECHO, "when": "input == 'out'"}, {**CALL, "when": "`false`"}]
        choice = {"type": "choice", "choices": [{"when": "input == 'out'", "next": "step-5"}], "default": "step-6"}
        home = Home(*skipped, {**ECHO, "when": "input == 'in'"}, *skipped[:1], choice, CALL, *skipped, ECHO)
        home.run("in")
        assert home.calls == WRITE

    def test_a_retry_costs_a_message_a_read_and_a_write(self) -> None:
        def calls(fails: int) -> Counter[str]:
            policy = {"errors": ["Busy"], "maxAttempts": 10, "jitter": "none"}
            home = Home({**CALL, "retry": [policy]}, fails=fails)
            home.run("in")
            return home.calls

        reads = {"executions.restore": 1, "executions.get": 1}
        retry = writes(1) + Counter({"queue.send": 1, "effects": 1, **reads})
        assert calls(1) - calls(0) == retry
        assert calls(9) - calls(8) == retry


@cache
def mapped(count: int, kind: str, together: int = 1) -> Home:
    step = {"type": kind, ("content" if kind == "call" else "message"): {"of": "${item}", "index": "${index}"}}
    home = Home({"type": "map", "items": "${range(input.count)}", "steps": [{"id": "each", **step}]}, together=together)
    home.run({"count": count})
    assert home.root.output == [{"of": n, "index": n} for n in range(count)]
    return home


MAPPED = [(1_000, "echo", 1), (10_000, "echo", 1), (1_000, "call", 1), (10_000, "call", AT_ONCE)]
"""How many items, what is done with each, and how many effects are ready together."""


class TestLargeMap:
    @pytest.mark.parametrize(("count", "kind", "together"), MAPPED)
    def test_an_item_costs_at_most_two_writes(self, count: int, kind: str, together: int) -> None:
        calls = mapped(count, kind, together).calls
        items = calls["executions.create"] + calls["executions.update"]
        parts = ceil(count / WIDTH)
        effects = ceil(WIDTH / together) if kind == "call" else 0
        assert items == (parts + 1) + (1 + effects) * parts + 1
        assert items <= 2 * count

    @pytest.mark.parametrize(("count", "kind", "together"), MAPPED)
    def test_nothing_is_large_however_many_items_there_are(self, count: int, kind: str, together: int) -> None:
        largest = mapped(count, kind, together).largest
        assert max(largest.items.values()) <= 30_000 + PACKING.tail_text
        assert largest.row <= 64_000
        assert largest.message <= 1_500
        assert largest.together <= WIDTH + 1

    @pytest.mark.parametrize("kind", ["echo", "call"])
    def test_ten_times_the_items_are_ten_times_the_parts_of_the_same_size(self, kind: str) -> None:
        few, many = mapped(1_000, kind), mapped(10_000, kind, AT_ONCE if kind == "call" else 1)
        assert (len(few.executions.items), len(many.executions.items)) == (1 + 10, 1 + 100)
        assert part_bytes(many) <= part_bytes(few) * 1.1, "more than longer numbers explain"
        assert many.largest.message <= few.largest.message * 1.1, "more than longer numbers explain"


def part_bytes(home: Home) -> int:
    return max(size for name, size in home.largest.items.items() if name != home.root.id)


@cache
def rounds() -> tuple[Home, list[tuple[int, int, Counter[str]]]]:
    """Go round a loop; tell of every invocation the turn that it came to, the item's bytes and the calls."""
    home = Home(
        {"type": "transform", "output": None, "stash": {"n": "${add(stash.n, `1`)}"}},
        {
            "type": "choice",
            "choices": [{"when": f"stash.n < `{ROUNDS}`", "next": "step-0"}],
            "default": "step-2",
        },
        {"type": "succeed", "output": "${stash.n}"},
        stash={"n": 0},
    )
    home.start()
    measured = []
    for calls in home.deliver():
        text = home.executions.items[home.root.id]
        measured.append((home.root.threads["main"].turn, len(text), calls))
    return home, measured


class TestLoop:
    def test_it_ends(self) -> None:
        home, _ = rounds()
        assert (home.root.state, home.root.output) == (State.SUCCEEDED, ROUNDS)

    def test_an_invocation_runs_a_thousand_turns_at_most(self) -> None:
        turns = [0, *(turn for turn, _, _ in rounds()[1])]
        assert all(after - before <= TURNS for before, after in pairwise(turns))
        assert len(turns) - 1 == 1 + ROUNDS * 2 // TURNS

    def test_the_last_rounds_cost_the_calls_of_the_first(self) -> None:
        first, second, *others, _ = (calls for _, _, calls in rounds()[1])
        assert first == writes(2) + Counter({"history.append": 2, "queue.send": 1})
        assert all(calls - first == Counter({"executions.restore": 1}) for calls in (second, *others))

    def test_the_item_stays_as_small_as_it_was(self) -> None:
        *sizes, _ = (size for _, size, _ in rounds()[1])
        assert max(sizes) <= sizes[0] + 60, "more than longer numbers and the costs of two steps explain"
        assert rounds()[0].largest.row <= 150_000
