import json
from collections.abc import Mapping
from copy import copy
from functools import cache
from itertools import product
from types import MappingProxyType
from typing import Any

import pytest

from chalicelib.adapters.memory.stores import MemoryExecutions, MemoryHistory
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.model import Link, State
from chalicelib.core.records.codec import MAX_MESSAGE_BYTES, execution_json
from chalicelib.core.records.history import Row, chained
from chalicelib.core.records.payload import PackingLimits, Reference, record_slots, unpack
from chalicelib.core.values.errors import PayloadLostError, UnavailableError
from chalicelib.core.values.json import decode, encode
from chalicelib.steps import STEP_TYPES
from tests.simulation.faults import Fault, possible
from tests.simulation.invariants import NAMES, check
from tests.simulation.ports import Caller
from tests.simulation.scenario import ALL, play
from tests.simulation.settings import TENANT
from tests.simulation.world import World

LARGE = ("pure", "calls", "fork")
TINY = PackingLimits(
    slot=8, document=400, smallest=8, tail_text=0, shared=8, plain=0, again=16, at_once=64, used=1, piece=16
)
"""So small that nearly every value moves out, whole groups with them, and most of the rest into bundles."""


def run(scenario: str, name: str | None = None, kind: type[World] = World, **how: Any) -> World:
    return play(ALL[scenario], name, kind=kind, limits=TINY, **how)


@cache
def undisturbed(scenario: str, name: str | None = None) -> World:
    return run(scenario, name)


def whole(world: World) -> World:
    """Answer the same world with every value in its place, so that it can be held against one without payloads."""
    plain = copy(world)
    plain.executions, plain.history = MemoryExecutions(), MemoryHistory()
    for name in world.executions.items:
        item = world.executions.get(name)
        assert item is not None
        document, head = execution_json(item), None
        for row in chained(world.history.rows[name], item.head) if item.head else ():
            made = Row(name, row.key, head, encode(whole_records(world, row)))
            plain.history.append(made)
            head = made.link
        plain.executions.items[name] = json.dumps(document | head_json(head))
    return plain


def head_json(head: Link | None) -> dict[str, Any]:
    return {} if head is None else {"head": {"key": head.key, "digest": head.digest}}


def whole_records(world: World, row: Row) -> list[list[Any]]:
    records = decode(row.text)
    references = {
        f"/{number}/{len(record) - 1}{place}": Reference(**reference)
        for number, record in enumerate(records)
        if isinstance(record[-1], dict)
        for place, reference in record[-1].pop("references", {}).items()
    }
    unpack(records, references, Payloads(world.chunks).get(TENANT, references.values()), record_slots)
    return records


def check_whole(world: World, scenario: str, name: str | None) -> None:
    check(whole(world), scenario, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scenario", LARGE)
def test_nearly_all_values_move_out(scenario: str, name: str | None) -> None:
    world = undisturbed(scenario, name)
    check_whole(world, scenario, name)
    assert "chunks.put" in world.faults.calls
    (text,) = world.executions.items.values()
    (rows,) = world.history.rows.values()
    records = [record for row in rows for record in row.records]
    assert "/output" in json.loads(text)["payloads"]
    assert all("result" not in record or "/result" in record["references"] for record in records)


@pytest.mark.parametrize(
    "scenario", [name for name in LARGE if name != "pure"]
)  # its end is short, and unlike the rest
def test_what_was_written_before_is_in_a_bundle(scenario: str) -> None:
    (text,) = undisturbed(scenario).executions.items.values()
    assert json.loads(text)["bases"]


def test_large_values_are_read_by_whoever_takes_a_message_up() -> None:
    assert "chunks.get" in undisturbed("fork").faults.calls


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("scenario", LARGE)
def test_every_single_fault_at_every_call(scenario: str, fault: Fault, name: str | None) -> None:
    for place, call in enumerate(undisturbed(scenario, name).faults.calls):
        if fault in possible(call):
            check_whole(run(scenario, name, faults={place: fault}), scenario, name)


def random_run(scenario: str, seed: int, kind: type[World] = World) -> World:
    name = NAMES[seed % 2]
    world = run(scenario, name, kind, seed=seed, rate=0.08, turns=2 if seed % 4 < 2 else 1000)
    check_whole(world, scenario, name)
    return world


@pytest.mark.parametrize("scenario", LARGE)
def test_random_runs(scenario: str) -> None:
    struck: set[str] = set()
    adds = "chunks.add" in undisturbed(scenario).faults.calls
    for seed in range(200):
        struck |= {blow.split(" ", 1)[1] for blow in random_run(scenario, seed).faults.struck}
    for name in ("chunks.put", *(["chunks.add"] if adds else [])):
        assert {f"{name}: {fault}" for fault in possible(name)} <= struck


PASSED_ON: dict[str, Any] = {"id": "sub", "type": "workflow", "definition": "small", "input": "${input}"}
SMALL: dict[str, Any] = {"id": "measure", "type": "transform", "output": "${length(input)}"}
LONG_INPUT = "x" * (MAX_MESSAGE_BYTES + 1)


def started_by_reference(seed: int, rate: float) -> World:
    """Run an execution, and one that it starts, whose messages refer to their input."""
    steps = {"large": PASSED_ON, "small": SMALL}
    parsed = {name: parse({"id": name, "steps": [step]}, STEP_TYPES) for name, step in steps.items()}
    world = World(parsed, seed=seed, rate=rate, limits=TINY)
    world.clients.execute("large", LONG_INPUT)
    world.run()
    return world


def test_messages_that_refer_to_the_input_start_executions() -> None:
    world = started_by_reference(0, 0)
    assert world.faults.calls.count("executions.carry") == len(world.all()) == 2
    assert "executions.get" not in world.faults.calls[: world.faults.calls.index("executions.update")]


def test_under_faults_too_all_that_is_answered_comes_to_its_end() -> None:
    struck, ran = set[str](), 0
    for seed in range(100):
        world = started_by_reference(seed, 0.08)
        assert {*world.clients.answered} <= {item.id for item in world.all()}
        for item in world.all():
            assert (item.state, item.input, item.output) == (State.SUCCEEDED, LONG_INPUT, len(LONG_INPUT))
        ran += len(world.all()) == 2
        struck |= {blow.split(" ", 1)[1] for blow in world.faults.struck}
    assert ran > 80
    assert {f"executions.carry: {fault}" for fault in possible("executions.carry")} <= struck


class Later(Payloads):
    """Answers before it has written."""

    def __init__(self, world: World, limits: PackingLimits) -> None:
        super().__init__(Caller(world, "chunks", world.chunks), limits)
        self.world = world

    def put(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] = MappingProxyType({})) -> int:
        write = super().put
        self.world.processes.spawn("later", lambda: write(payloads, held))
        return 0


class WritesItemsBeforeTheirPayloads(World):
    def payloads(self, limits: PackingLimits) -> Payloads:
        return Later(self, limits)


class Hopeful(Payloads):
    def put(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] = MappingProxyType({})) -> int:
        try:
            return super().put(payloads, held)
        except UnavailableError:
            for sha256 in payloads:
                self.remember(sha256)
            raise


class RemembersWhatWasNotAnswered(World):
    def payloads(self, limits: PackingLimits) -> Payloads:
        return Hopeful(Caller(self, "chunks", self.chunks), limits)


@pytest.mark.parametrize("mutant", [WritesItemsBeforeTheirPayloads, RemembersWhatWasNotAnswered])
def test_a_rule_of_large_values_switched_off_is_caught(mutant: type[World]) -> None:
    for seed, scenario in product(range(100), LARGE):
        try:
            random_run(scenario, seed, mutant)
        except (PayloadLostError, AssertionError):
            return
    pytest.fail("nothing shows that the rule is switched off")
