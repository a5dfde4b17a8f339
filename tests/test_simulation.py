import json
from collections import Counter
from functools import cache
from itertools import product
from typing import Any

import pytest

from chalicelib.core.decide import Fold
from chalicelib.core.errors import SedoError
from chalicelib.core.history import chained
from chalicelib.engine import Invocation
from chalicelib.service import Service
from tests import mutants
from tests.scenarios import INPUTS, SCENARIOS
from tests.world import Fault, World, ended, scrubbed

LEAVES_EARLY = {"refused"}
"""A failure ends these while other threads still run, so what those had done by then differs from run to run."""
LIVE_THREADS = {"fork": 2, "refused": 2, "rounds": 2, "uneven": 2}
"""How many threads can have effects at once, where it is more than one."""
NAMES = (None, "mine")
"""Started under a generated id, and under the caller's own name."""


def run(scenario: str, name: str | None = None, **how: Any) -> World:
    world = World(SCENARIOS, **how)
    world.execute(scenario, INPUTS.get(scenario, {"foo": "bar"}), name)
    world.run()
    return world


@cache
def undisturbed(scenario: str, name: str | None = None) -> World:
    return run(scenario, name)


def told(world: World, execution: str) -> dict[str, list[Any]]:
    item = world.executions.get(execution)
    assert item is not None
    assert item.head is not None
    by_thread: dict[str, list[Any]] = {}
    for row in chained(world.history.rows[execution], item.head):
        for record in row.records:
            by_thread.setdefault(record["thread"], []).append({**scrubbed(record), "time": None})
    return by_thread


def check(world: World, scenario: str, name: str | None = None) -> None:
    """Hold a run against the undisturbed one: same end, same history, no turn doubled, no effect out of turn."""
    reference = undisturbed(scenario, name)
    (expected_id,) = reference.executions.items
    expected = reference.executions.get(expected_id)
    assert expected is not None
    for execution in world.answered:
        assert world.executions.get(execution) is not None, "an answered execution is lost"
    for execution in world.executions.items:
        item = world.executions.get(execution)
        assert item is not None
        assert item.ended, f"stuck at {item.step}"
        assert ended(item) == ended(expected), "another end"
        history = told(world, execution)
        turns = Counter((r["thread"], r["turn"], r["state"]) for records in history.values() for r in records)
        assert max(turns.values()) == 1, "a turn is doubled"
        if scenario not in LEAVES_EARLY:
            assert history == told(reference, expected_id), "another history"
    check_effects(world, reference, scenario)


def check_effects(world: World, reference: World, scenario: str) -> None:
    keys = {effect.key for effect in world.effects}
    if world.executions.items and scenario not in LEAVES_EARLY:
        assert keys == {effect.key for effect in reference.effects}, "other effects"
    contents = {(effect.key, effect.content) for effect in world.effects}
    assert len(contents) == len(keys), "a key carried two contents"
    extra = len(world.effects) - len(keys)
    assert extra <= len(world.struck) * LIVE_THREADS.get(scenario, 1), "more extra effects than faults explain"
    for effect in world.effects:
        assert effect.allowed, f"{effect.key} performed by {effect.by.name}, which had not seen it stand ready for it"
        thread, turn = effect.key.rsplit(":", 2)[1:]
        assert (thread, int(turn)) not in effect.by.left, f"{effect.key} performed by {effect.by.name}, after its turn"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_undisturbed_runs_end(scenario: str) -> None:
    world = undisturbed(scenario)
    check(world, scenario)
    assert len(world.answered) == 1


def random_run(scenario: str, seed: int, **how: Any) -> None:
    name = NAMES[seed % 2]
    check(run(scenario, name, seed=seed, rate=0.08, turns=2 if seed % 4 < 2 else 1000, **how), scenario, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_single_fault_at_every_call(scenario: str, fault: Fault, name: str | None) -> None:
    for place, call in enumerate(undisturbed(scenario, name).calls):
        if fault in World.possible(call):
            check(run(scenario, name, faults={place: fault}), scenario, name)


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("block", range(4))
def test_random_runs(scenario: str, block: int) -> None:
    for seed in range(100 * block, 100 * block + 100):
        random_run(scenario, seed)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_messages_that_are_given_up_leave_nothing_stuck(scenario: str) -> None:
    for seed in range(60):
        world = run(scenario, "mine", seed=seed, rate=0.2, receives=2)
        for execution in world.executions.items:
            item = world.executions.get(execution)
            assert item is not None
            assert item.ended
            assert item.error is None or item.error.name in ("Poison", "Refused")
            told(world, execution)


def hunted(**how: Any) -> str:
    """Say how a run under faults shows that a rule is switched off."""
    for seed, scenario in product(range(1500), ("pure", "waits", "calls", "fork", "uneven", "rounds")):
        try:
            random_run(scenario, seed, **how)
        except (AssertionError, SedoError) as caught:
            return str(caught)
    pytest.fail("nothing shows that the rule is switched off")


@pytest.mark.parametrize("mutant", mutants.INVOCATIONS)
def test_a_rule_switched_off_is_caught(mutant: type[Invocation]) -> None:
    assert hunted(invocation=mutant)


@pytest.mark.parametrize("mutant", mutants.SERVICES)
def test_a_rule_of_the_api_switched_off_is_caught(mutant: type[Service]) -> None:
    assert hunted(service=mutant)


@pytest.mark.parametrize("mutant", mutants.DECISIONS)
def test_a_rule_of_decisions_switched_off_is_caught(mutant: Any) -> None:
    assert hunted(decide=mutant)


@pytest.mark.parametrize("mutant", mutants.FOLDS)
def test_a_rule_of_forks_and_joins_switched_off_is_caught(mutant: type[Fold]) -> None:
    assert hunted(decide=lambda definition, item, event, now, me: mutant(definition, item, now, me).decision(event))


class Colliding(World):
    """Two clients at once, to whom the source of random ids gives the same one."""

    def token(self) -> str:
        count = next(self.tokens)
        return "collides" if count in (3, 6) else f"{count:08x}"


def collide(seed: int, **how: Any) -> None:
    world = Colliding(SCENARIOS, seed=seed, rate=0.08 * (seed % 2), **how)
    for foo in ("bar", "baz"):
        world.execute("calls" if seed % 4 < 2 else "echo-then-call", {"foo": foo})
    world.run()
    for name in world.answered:
        assert world.executions.get(name) is not None, "an answered execution is lost"
    for name in world.executions.items:
        item = world.executions.get(name)
        assert item is not None
        assert item.ended, f"stuck at {item.step}"
        told(world, name)
    asked = [execution.input for name in world.answered if (execution := world.executions.get(name))]
    assert len(set(world.answered)) == len(world.answered), "two clients were answered the same execution"
    assert len({json.dumps(each) for each in asked}) == len(asked), "a client was answered another's execution"
    for effect in world.effects:
        assert effect.allowed, f"{effect.key} performed by {effect.by.name}, which had not seen it stand ready for it"
    contents = {(effect.key, effect.content) for effect in world.effects}
    assert len(contents) == len({effect.key for effect in world.effects}), "a key carried two contents"
    assert len(world.effects) - len(contents) <= len(world.struck), "more extra effects than faults explain"


def test_ids_that_collide_are_told_apart() -> None:
    for seed in range(400):
        collide(seed)


@pytest.mark.parametrize("mutant", mutants.NONCES)
def test_a_rule_about_ids_that_collide_switched_off_is_caught(mutant: type[Invocation]) -> None:
    def hunt() -> None:
        for seed in range(1500):
            collide(seed, invocation=mutant)

    with pytest.raises((AssertionError, SedoError)):
        hunt()
