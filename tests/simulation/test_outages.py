from collections.abc import Mapping
from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.decide import Transition
from chalicelib.core.executions.model import State
from chalicelib.core.executions.suspicion import MAX_STRIKES
from chalicelib.steps import STEP_TYPES
from tests.simulation import mutants_outages
from tests.simulation.invariants import by_thread, undisturbed
from tests.simulation.outages import Deadly, Interrupted, Outage, Recurring, SilentQueues, SilentStores, Throttled
from tests.simulation.scenario import ALL, CallStep, play
from tests.simulation.world import World, ended

SCENARIOS = ("calls", "fork", "map-two-at-once", "workflow-waits", "loop", "uneven")
"""A sequence, a parallel, a map, a child, a loop, branches that end one after the other."""
RECEIVES = 5
"""As the queues are set up."""
LASTING = (timedelta(minutes=1), timedelta(minutes=40), timedelta(days=1))
RESUMED_WITHIN = timedelta(minutes=16)
"""After an outage: the longest pause of a dead letter, and a run of the schedule."""


def play_interrupted(scenario: str, kind: type[Interrupted], after: int, lasting: timedelta, **how: Any) -> World:
    class Here(kind):  # type: ignore[valid-type, misc] # one that begins then
        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, after=after, lasting=lasting, **settings)

    return play(ALL[scenario], "mine", kind=Here, receives=RECEIVES, **how)


def check(world: World, scenario: str) -> None:
    """Hold a run against the undisturbed one."""
    reference = undisturbed(scenario, "mine")
    expected = {item.id: item for item in reference.all()}
    assert set(world.executions.items) == set(expected), "other executions"
    for item in world.all():
        assert item.ended, f"{item.id} is stuck at {item.step}"
        assert ended(item) == ended(expected[item.id]), f"another end of {item.id}"
        assert by_thread(world, item.id) == by_thread(reference, item.id), f"another history of {item.id}"
        assert all(thread.strikes == 0 for thread in item.threads.values() if not item.ended)
    assert {made.key for made in world.made_calls} == {made.key for made in reference.made_calls}, "other calls"


@pytest.mark.parametrize("kind", [Outage, SilentQueues, Throttled])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_an_outage_at_any_moment_is_waited_for(scenario: str, kind: type[Interrupted]) -> None:
    calls = len(undisturbed(scenario, "mine").faults.calls)
    for after in range(3, calls, max(1, calls // 5)):
        for lasting in LASTING:
            world = play_interrupted(scenario, kind, after, lasting)
            check(world, scenario)


@pytest.mark.parametrize(("scenario", "after"), [("calls", 9), ("workflow-waits", 16)])
def test_an_outage_that_comes_back_in_the_middle_of_the_work_is_no_poison(scenario: str, after: int) -> None:
    for between in range(1, 30, 2):
        kind = type("Here", (Recurring,), {"between": between})
        check(play_interrupted(scenario, kind, after, timedelta(hours=2)), scenario)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_what_an_outage_held_up_goes_on_soon_after_it(scenario: str) -> None:
    reference, lasting = undisturbed(scenario, "mine"), timedelta(hours=5)
    for after in (3, 6, 9):
        world = play_interrupted(scenario, Outage, after, lasting)
        assert last_end(world) - last_end(reference) <= lasting + RESUMED_WITHIN


def last_end(world: World) -> Any:
    return max(item.ended_at for item in world.all() if item.ended_at is not None)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_second_without_services_costs_seconds(scenario: str) -> None:
    reference = undisturbed(scenario, "mine")
    for after in range(3, len(reference.faults.calls)):
        world = play_interrupted(scenario, SilentStores, after, timedelta(seconds=1))
        assert last_end(world) - last_end(reference) < timedelta(seconds=15)
        check(world, scenario)


DEADLY = {"id": "d", "steps": [{"id": "a", "type": "call", "content": "deadly"}]}
CAUGHT = {
    "id": "d",
    "steps": [
        {"id": "a", "type": "call", "content": "deadly", "catch": [{"errors": ["Poison"], "next": "b"}], "end": True},
        {"id": "b", "type": "call", "content": "${error.name}"},
    ],
}
BESIDE = {
    "id": "d",
    "steps": [
        {
            "id": "a",
            "type": "parallel",
            "branches": [
                {"id": "x", "steps": [{"id": "x", "type": "wait", "seconds": 9}, DEADLY["steps"][0]]},
                {"id": "y", "steps": [{"id": "y", "type": "call", "content": 1}]},
            ],
        }
    ],
}


def play_deadly(document: Mapping[str, Any], seed: int | None = None, **how: Any) -> World:
    definition = parse(document, {**STEP_TYPES, "call": CallStep()})
    world = Deadly({definition.id: definition}, seed=seed, receives=RECEIVES, **how)
    world.clients.execute(definition.id, None, "mine")
    world.run()
    return world


@pytest.mark.parametrize("document", [DEADLY, BESIDE])
@pytest.mark.parametrize("seed", [None, 1, 2, 3, 4])
def test_what_kills_each_function_ends_in_poison(document: Mapping[str, Any], seed: int | None) -> None:
    world = play_deadly(document, seed)
    (item,) = world.all()
    assert (item.state, item.error and item.error.name) == (State.FAILED, "Poison")
    assert world.given_up >= MAX_STRIKES


def test_which_can_be_caught() -> None:
    (item,) = play_deadly(CAUGHT).all()
    assert (item.state, item.output) == (State.SUCCEEDED, {"of": "Poison", "run": 1})


def deciding(mutant: type[Transition]) -> Any:
    return lambda definition, item, event, now, me: mutant(definition, item, now, me).decision(event)


def hunt(**how: Any) -> None:
    """Look for an outage that shows that a rule is switched off."""
    for scenario, kind in product(("calls", "fork"), (Outage, SilentQueues)):
        for after in range(3, len(undisturbed(scenario, "mine").faults.calls), 3):
            check(play_interrupted(scenario, kind, after, timedelta(hours=12), **how), scenario)
    for between in range(1, 30, 2):
        kind = type("Here", (Recurring,), {"between": between})
        check(play_interrupted("calls", kind, 9, timedelta(hours=2), **how), "calls")


def hunt_deaths(**how: Any) -> None:
    """Look for a message that kills which shows that a rule is switched off."""
    (item,) = play_deadly(DEADLY, **how).all()
    assert item.ended


@pytest.mark.parametrize("mutant", mutants_outages.TURNS)
def test_a_rule_of_strikes_switched_off_is_caught(mutant: type[Transition]) -> None:
    with pytest.raises((AssertionError, KeyError)):
        hunt(decide=deciding(mutant))


@pytest.mark.parametrize("mutant", mutants_outages.WORKERS)
def test_a_rule_of_dead_letters_switched_off_is_caught(mutant: Any) -> None:
    with pytest.raises(AssertionError):
        hunt(working=mutant)


@pytest.mark.parametrize("mutant", mutants_outages.DEATHS)
def test_a_rule_of_poison_switched_off_is_caught(mutant: type[Transition]) -> None:
    with pytest.raises(AssertionError):
        hunt_deaths(decide=deciding(mutant))


@pytest.mark.parametrize("mutant", mutants_outages.DEADLY_WORKERS)
def test_work_without_suspicion_is_caught(mutant: Any) -> None:
    with pytest.raises(AssertionError):
        hunt_deaths(working=mutant)
