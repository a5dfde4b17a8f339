"""Executions that run where they are started and answered, and children in the functions of their parents."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

import pytest

from chalicelib.core.values.errors import SedoError
from chalicelib.engine.invocation import Invocation
from tests.simulation.faults import Fault, possible
from tests.simulation.invariants import NAMES, check, random_run, run, undisturbed
from tests.simulation.mutants_time import LooksOnlyAtLongWaits
from tests.simulation.scenario import ALL
from tests.simulation.world import World

INLINE = 200
CALLS = 600
"""Of dependencies, in the runs with single faults of one scenario: a longer one is struck at fewer of its calls."""
SEEDS = 4


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
