"""Executions that run where they are started and answered, and children in the functions of their parents."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.definitions.model import Definition
from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import SedoError
from chalicelib.engine.invocation import Invocation
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.executions import ExecutionService
from tests.home import ECHO
from tests.simulation import mutants_inline
from tests.simulation.faults import Fault, possible
from tests.simulation.invariants import NAMES, check, random_run, run
from tests.simulation.scenario import ALL, CallStep
from tests.simulation.world import World

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

INLINE = 200
CALLS = 180
"""Of dependencies, in the runs with single faults of one scenario: a longer one is struck at fewer of its calls."""
SEEDS = 3


def single_faults(scenario: str, world: World) -> Iterator[tuple[int, Fault]]:
    """List faults at the calls of an undisturbed run, evenly, as many as the time allows."""
    calls = world.faults.calls
    every = [(place, fault) for place, call in enumerate(calls) for fault in possible(call)]
    yield from every[:: max(1, len(every) * len(calls) * (1 + world.turns.width // 8) // CALLS)]


@pytest.mark.parametrize(("scenario", "name"), list(product(ALL, NAMES)))
def test_a_fault_at_any_call_changes_nothing(scenario: str, name: str | None) -> None:
    world = run(scenario, name, inline=INLINE)
    check(world, scenario, name)
    for place, fault in single_faults(scenario, world):
        check(run(scenario, name, faults={place: fault}, inline=INLINE), scenario, name)


@pytest.mark.parametrize("scenario", ALL)
def test_random_runs(scenario: str) -> None:
    for seed in range(SEEDS):
        random_run(scenario, seed, inline=INLINE)


def hunted(scenarios: Sequence[str], **how: Any) -> str:
    """Say how a run under faults shows that a rule is switched off."""
    for seed, scenario in product(range(400), scenarios):
        try:
            random_run(scenario, seed, inline=INLINE, **how)
        except (AssertionError, SedoError) as caught:
            return repr(caught)
    pytest.fail("nothing shows that the rule is switched off")


@pytest.mark.parametrize(("mutant", "scenarios"), mutants_inline.STARTING.items())
def test_a_rule_of_starts_and_answers_switched_off_is_caught(
    mutant: type[Invocation], scenarios: Sequence[str]
) -> None:
    assert hunted(scenarios, requesting=mutant)


def cancelled(**how: Any) -> None:
    for seed in range(200):
        world = random_run("cancel-before-child", seed, inline=INLINE, **how)
        assert [item for item in world.all() if item.parent is not None] == [], "begun after the end of its parent"


def test_what_is_cancelled_starts_no_child() -> None:
    cancelled()


def test_a_child_of_what_was_not_read_is_caught() -> None:
    with pytest.raises(AssertionError, match="begun after"):
        cancelled(invocation=mutants_inline.StartsChildrenOfWhatItHasNotRead)


@pytest.mark.parametrize("mutant", mutants_inline.SERVICES)
def test_a_rule_of_the_api_switched_off_is_caught(mutant: type[ExecutionService]) -> None:
    assert hunted(("pure", "waits"), service=mutant)


def twins(seed: int, **how: Any) -> World:
    """Let two callers start an execution under one name at the same moment, and each again until it is answered."""
    world = World(parsed("twins", ECHO, ECHO), seed=seed, rate=0.1, inline=INLINE, **how)
    for _ in range(2):
        world.clients.execute("twins", "in", "mine")
    world.run()
    (item,) = world.all()
    assert (item.state, item.output) == (State.SUCCEEDED, "in")
    assert [record["state"] for record in world.records(item)].count("StepSucceeded") == 2
    assert set(world.clients.answered) == {item.id}
    return world


def test_callers_of_one_name_start_one_execution() -> None:
    assert any(twins(seed).faults.struck for seed in range(300))


def taken(seed: int, **how: Any) -> None:
    """Let two callers start executions with other input under one name: one of them is refused."""
    world = World(parsed("taken", ECHO), seed=seed, inline=INLINE, **how)
    for value in ("one", "other"):
        world.clients.once("taken", value, "mine")
    world.run()
    (item,) = world.all()
    assert (item.state, len(world.clients.answered)) == (State.SUCCEEDED, 1)
    assert item.output == item.input


def all_taken(**how: Any) -> None:
    for seed in range(50):
        taken(seed, **how)


def test_of_two_that_differ_under_one_name_one_is_refused() -> None:
    all_taken()


def test_a_rule_about_names_that_are_taken_switched_off_is_caught() -> None:
    with pytest.raises(AssertionError):
        all_taken(service=mutants_inline.TakesAnothersForItsOwn)


def given(seed: int, **how: Any) -> World:
    """Let an execution give what a call answers, each time something else, to a child that ends at once."""
    child = {"type": "workflow", "definition": "child", "input": "${output}"}
    definitions = parsed("parent", {"type": "call", "name": "ask", "content": 1}, child) | parsed("child", ECHO)
    world = World(definitions, seed=seed, rate=0.1, inline=INLINE, answers={"ask": [{}]}, **how)
    world.clients.execute("parent", None, "mine")
    world.run()
    (parent,) = (item for item in world.all() if item.parent is None)
    assert parent.state is State.SUCCEEDED
    (start,) = (each for each in world.records(parent) if each["state"] == "StepStarted" and each["step"] == "step-1")
    kids = [item for item in world.all() if item.input == start["params"]["input"]]
    assert [(kid.state, kid.output) for kid in kids] == [(State.SUCCEEDED, parent.output)]
    assert len(world.all()) <= 2 + len(world.faults.struck), "more children than faults explain"
    return world


def all_given(**how: Any) -> list[World]:
    return [given(seed, **how) for seed in range(300)]


def test_a_child_stands_for_what_it_was_given() -> None:
    assert any(len(world.all()) > 2 for world in all_given()), "no child was put in vain"


def test_a_child_that_is_named_without_what_it_is_given_is_caught() -> None:
    def decide(definition: Any, item: Any, event: Any, now: Any, me: Any) -> Any:
        return mutants_inline.NamesChildrenWithoutTheirInput(definition, item, now, me).decision(event)

    with pytest.raises(AssertionError):
        all_given(decide=decide)


def parsed(name: str, *steps: Mapping[str, Any]) -> Mapping[str, Definition]:
    numbered: list[Json] = [{"id": f"step-{n}", **step} for n, step in enumerate(steps)]
    return {name: parse({"id": name, "steps": numbered}, {**STEP_TYPES, "call": CallStep()})}
