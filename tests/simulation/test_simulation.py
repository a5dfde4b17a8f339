import json
import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import SedoError
from chalicelib.engine.invocation import Invocation
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.executions import ExecutionService
from tests.simulation import mutants, mutants_answers, mutants_rules, mutants_signals
from tests.simulation.faults import Fault, possible
from tests.simulation.invariants import NAMES, by_thread, check, random_run, run, undisturbed
from tests.simulation.mutants_time import LooksOnlyAtLongWaits
from tests.simulation.scenario import ALL, play, root_of, timeline
from tests.simulation.world import World

CALLS = 900
"""Of dependencies, in the runs with single faults of one scenario: a longer one is struck at fewer of its calls."""
RANDOM_RUNS = 10
"""Of every scenario, fewer of one with many threads."""
PAIRED = ("calls", "fork", "map-two-at-once", "workflow-waits", "human-like", "loop")
"""A sequence, a parallel, a map, a child, a wait of days, a loop."""
PAIRS = 60
"""Of faults, for each of these."""
HUNTED = ("pure", "waits", "calls", "fork", "uneven", "rounds")
CAUGHT_BY: Mapping[type[Invocation], Sequence[str]] = {
    mutants.HandsOverWithoutWritingIt: ("fork", "uneven"),
    mutants.SendsForEveryDuplicate: ("calls", "fork"),
    mutants.TakesOverAtAReread: ("calls",),
    mutants.IgnoresTurnsOfMessages: ("workflow-twice",),
}
"""What would be hunted for long, with the scenarios that catch it."""


def struck(scenario: str, name: str | None) -> list[tuple[int, Fault]]:
    """List every fault at every call of an undisturbed run."""
    calls = enumerate(undisturbed(scenario, name).faults.calls)
    return [(place, fault) for place, call in calls for fault in possible(call)]


def thinned(scenario: str, name: str | None) -> Iterator[tuple[int, Fault]]:
    """Choose of these, evenly, as many as the time allows."""
    every, world = struck(scenario, name), undisturbed(scenario, name)
    stride = max(1, len(every) * len(world.faults.calls) * breadth(world) // CALLS)
    yield from every[::stride]


def breadth(world: World) -> int:
    """Tell how many times as long as others a run takes: its executions are larger."""
    return 1 + world.turns.width // 8


@pytest.mark.parametrize("scenario", ALL)
@pytest.mark.parametrize("name", NAMES)
def test_every_single_fault_at_every_call(scenario: str, name: str | None) -> None:
    for place, fault in thinned(scenario, name):
        check(run(scenario, name, faults={place: fault}), scenario, name)


@pytest.mark.parametrize("scenario", ALL)
def test_random_runs(scenario: str) -> None:
    for seed in range(max(4, RANDOM_RUNS // breadth(undisturbed(scenario)))):
        random_run(scenario, seed)


@pytest.mark.parametrize("scenario", PAIRED)
def test_pairs_of_faults(scenario: str) -> None:
    every, chosen = struck(scenario, "mine"), random.Random(scenario)
    for _ in range(PAIRS):
        check(run(scenario, "mine", faults=dict(chosen.sample(every, 2))), scenario, "mine")


@pytest.mark.parametrize("scenario", ALL)
def test_messages_that_are_given_up_leave_nothing_stuck(scenario: str) -> None:
    for seed in range(2):
        world = run(scenario, "mine", seed=seed, rate=0.2, receives=2)
        for item in world.all():
            assert item.ended, f"{item.id} is stuck at {item.step}"
            by_thread(world, item.id)


def unhealed(invocation: type[Invocation] = Invocation, **how: Any) -> dict[str, Any]:
    """Let the schedule look only at long waits: else it makes up for a rule that is switched off within a minute."""
    kinds = (LooksOnlyAtLongWaits,) if invocation is Invocation else (invocation, LooksOnlyAtLongWaits)
    return {"invocation": type(invocation.__name__, kinds, {}), **how}


def hunted(scenarios: Sequence[str] = HUNTED, **how: Any) -> str:
    """Say how a run under faults shows that a rule is switched off."""
    how = unhealed(**how)
    for seed, scenario in product(range(1500), scenarios):
        try:
            random_run(scenario, seed, **how)
        except (AssertionError, SedoError) as caught:
            return str(caught)
    pytest.fail("nothing shows that the rule is switched off")


@pytest.mark.parametrize("mutant", mutants.INVOCATIONS)
def test_a_rule_switched_off_is_caught(mutant: type[Invocation]) -> None:
    assert hunted(CAUGHT_BY.get(mutant, HUNTED), invocation=mutant)


@pytest.mark.parametrize("mutant", mutants.AHEAD)
def test_a_rule_of_what_is_read_ahead_switched_off_is_caught(mutant: type[Invocation]) -> None:
    assert hunted(mutants.AHEAD[mutant], invocation=mutant)


@pytest.mark.parametrize("mutant", mutants.SERVICES)
def test_a_rule_of_the_api_switched_off_is_caught(mutant: type[ExecutionService]) -> None:
    assert hunted(service=mutant)


@pytest.mark.parametrize("mutant", mutants.DECISIONS)
def test_a_rule_of_decisions_switched_off_is_caught(mutant: Any) -> None:
    assert hunted(decide=mutant)


@pytest.mark.parametrize("mutant", mutants.FOLDS)
def test_a_rule_of_forks_and_joins_switched_off_is_caught(mutant: type[Transition]) -> None:
    assert hunted(decide=lambda definition, item, event, now, me: mutant(definition, item, now, me).decision(event))


def caught(scenarios: Sequence[str], **how: Any) -> bool:
    """Tell whether random runs of some scenarios show that a rule is switched off."""
    how = unhealed(**how)
    for seed, scenario in product(range(1500), scenarios):
        try:
            random_run(scenario, seed, **how)
        except (AssertionError, SedoError, KeyError):
            return True
    return False


def deciding(mutant: type[Transition]) -> Any:
    return lambda definition, item, event, now, me: mutant(definition, item, now, me).decision(event)


@pytest.mark.parametrize("mutant", mutants_rules.RULES)
def test_a_rule_of_the_state_machine_switched_off_is_caught(mutant: type[Transition]) -> None:
    assert caught(mutants_rules.RULES[mutant], decide=deciding(mutant))


@pytest.mark.parametrize("mutant", mutants_answers.RULES)
def test_a_rule_of_answers_switched_off_is_caught(mutant: type[Transition]) -> None:
    assert caught(mutants_answers.RULES[mutant], decide=deciding(mutant))


@pytest.mark.parametrize("mutant", mutants_signals.SETTINGS)
def test_a_rule_of_events_by_key_switched_off_is_caught(mutant: type[Any]) -> None:
    assert caught(mutants_signals.EVENTS, **mutants_signals.SETTINGS[mutant])


@pytest.mark.parametrize("mutant", mutants_signals.IN_MAPS)
def test_a_rule_of_events_in_maps_switched_off_is_caught(mutant: type[Any]) -> None:
    assert caught(mutants_signals.IN_MAPS[mutant], answering=mutant)


def test_items_that_wait_in_their_own_execution_are_caught() -> None:
    assert caught(("event-large-map",), decide=deciding(mutants_signals.WaitsInItsOwnExecution))


@pytest.mark.parametrize("mutant", mutants_rules.STEPS)
def test_a_rule_about_children_and_requests_switched_off_is_caught(mutant: type[Invocation]) -> None:
    assert caught(mutants_rules.STEPS[mutant], invocation=mutant)


@pytest.mark.parametrize("mutant", mutants_rules.TIMES)
def test_a_rule_whose_breach_heals_late_is_caught_by_a_timeline(mutant: type[Transition]) -> None:
    scenario = ALL[mutants_rules.TIMES[mutant]]
    sound, broken = (play(scenario, latency=timedelta(0), **how) for how in ({}, {"decide": deciding(mutant)}))
    assert timeline(sound, root_of(sound)) != timeline(broken, root_of(broken))


@pytest.mark.parametrize("mutant", mutants_rules.REQUESTS)
def test_a_rule_of_requests_switched_off_is_caught(mutant: type[Invocation]) -> None:
    assert caught(mutants_rules.REQUESTS[mutant], requesting=mutant)


class Doubling(World):
    """Nothing but twins, and deaths."""

    @staticmethod
    def possible(name: str) -> list[Fault]:
        return [Fault.KILL_AFTER, Fault.REDELIVER, Fault.REDELIVER]


def doubled(seed: int, kind: type[Invocation]) -> None:
    world = run("uneven", "mine", kind=Doubling, seed=seed, rate=0.3, turns=2, invocation=kind)
    check(world, "uneven", "mine")


def test_twins_leave_to_others_what_was_handed_to_them() -> None:
    for seed in range(150):
        doubled(seed, Invocation)


@pytest.mark.parametrize("mutant", mutants.HANDED)
def test_a_rule_about_what_was_handed_over_switched_off_is_caught(mutant: type[Invocation]) -> None:
    def hunt() -> None:
        for seed in range(3000):
            doubled(seed, mutant)

    with pytest.raises(AssertionError):
        hunt()


class Colliding(World):
    """Two clients at once, to whom the source of random ids gives the same one."""

    def token(self) -> str:
        count = next(self.tokens)
        return "collides" if count in (3, 6) else f"{count:08x}"


def collide(seed: int, **how: Any) -> None:
    scenario = ALL["calls" if seed % 4 < 2 else "echo-then-call"]
    world = Colliding(scenario.parsed, seed=seed, rate=0.08 * (seed % 2), **how)
    for foo in ("bar", "baz"):
        world.clients.execute(scenario.id, {"foo": foo})
    world.run()
    for name in world.clients.answered:
        assert world.executions.get(name) is not None, "an answered execution is lost"
    for item in world.all():
        assert item.ended, f"stuck at {item.step}"
        by_thread(world, item.id)
    asked = [execution.input for name in world.clients.answered if (execution := world.executions.get(name))]
    assert len(set(world.clients.answered)) == len(world.clients.answered), (
        "two clients were answered the same execution"
    )
    assert len({json.dumps(value) for value in asked}) == len(asked), "a client was answered another's execution"
    for made in world.made_calls:
        assert made.allowed, f"{made.key} performed by {made.by.name}, which had not seen it stand ready for it"
    contents = {(made.key, made.content) for made in world.made_calls}
    assert len(contents) == len({made.key for made in world.made_calls}), "a key carried two contents"
    assert len(world.made_calls) - len(contents) <= len(world.faults.struck), "more extra effects than faults explain"


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


def test_a_map_of_ten_thousand_items_comes_to_the_same_under_faults() -> None:
    steps = [{"id": "double", "type": "echo", "message": "${multiply(item, `2`)}"}]
    step = {"id": "each", "type": "map", "items": "${range(`10000`)}", "steps": steps}
    world = World({"many": parse({"id": "many", "steps": [step]}, STEP_TYPES)}, seed=1, rate=0.05)
    world.clients.execute("many", None, "mine")
    world.run(200_000)
    root = world.executions.get("123:many:mine")
    assert root is not None
    assert (root.state, root.output) == (State.SUCCEEDED, list(range(0, 20_000, 2)))
    assert len(world.faults.struck) > 50
    assert {len(item.threads) for item in world.all()} == {1}
