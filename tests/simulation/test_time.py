"""Messages that are gone, and clocks that differ."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from chalicelib.core.executions.decide import Transition
from chalicelib.core.records.incident import IncidentKind
from chalicelib.engine.invocation import Invocation
from tests.simulation import mutants_time
from tests.simulation.invariants import check, run, undisturbed
from tests.simulation.scenario import ALL
from tests.simulation.settings import MINUTE, TENANT

STEPS = 1_200
"""Calls of dependencies in the runs of one scenario: a longer one is purged at fewer of its moments."""
NEVER, TEN = timedelta(0), 10 * MINUTE
SKEWS = [*permutations((NEVER, TEN, -TEN)), (NEVER, TEN), (TEN, NEVER), (NEVER, -TEN), (-TEN, NEVER)]
"""The clocks of processes that follow each other: whoever writes, sends, receives or sweeps has another one."""
SECONDS = ("waits", "retry-by-name", "retry-backoff", "map-one-by-one", "workflow-nested", "uneven")
"""Wait for some seconds each."""
CLOSE = timedelta(seconds=5)


def moments(scenario: str) -> Iterator[int]:
    """Choose calls of an undisturbed run, evenly, as many as the time allows."""
    world = undisturbed(scenario, "mine")
    calls = len(world.faults.calls)
    yield from range(0, calls, max(1, calls * calls * (1 + world.turns.width // 8) // STEPS))


@pytest.mark.parametrize("scenario", [scenario for scenario in ALL if scenario != "workflow-forgets"])
def test_purged_queues_leave_nothing_stuck(scenario: str) -> None:
    """But the start of a child execution that nobody waits for: nobody keeps that it is to come."""
    for moment in moments(scenario):
        check(run(scenario, "mine", purges={moment}), scenario, "mine")


@pytest.mark.parametrize("scenario", ["calls", "fork", "uneven", "map-two-at-once"])
def test_purged_queues_leave_no_turn_stuck_that_was_left_to_others(scenario: str) -> None:
    for moment in range(60):
        check(run(scenario, "mine", purges={moment}, turns=2), scenario, "mine")


@pytest.mark.parametrize("scenario", ["waits", "retry-by-name", "timeout-wait", "workflow-waits", "loop", "fork"])
def test_queues_that_are_purged_twice_do_not(scenario: str) -> None:
    for moment in moments(scenario):
        check(run(scenario, "mine", purges={moment, moment + 3}), scenario, "mine")


def test_what_was_lost_is_an_incident_and_goes_on_within_two_looks() -> None:
    reference = undisturbed("waits", "mine")
    lost = [world for m in moments("waits") if (world := run("waits", "mine", purges={m})).incidents.items]
    assert lost
    for world in lost:
        assert {incident.kind for incident in world.incidents.items.values()} == {IncidentKind.MESSAGE_LOST}
        (late,) = (world.turns.ended[name] - reference.turns.ended[name] for name in reference.turns.ended)
        assert late <= 2 * MINUTE * len(world.incidents.items)


def test_nothing_is_an_incident_where_nothing_is_lost() -> None:
    assert [scenario for scenario in ALL if undisturbed(scenario, "mine").incidents.items] == []


def stuck(scenario: str, mutant: type[Invocation], turns: int) -> bool:
    """Tell whether a purge shows that a rule is switched off."""
    for moment in moments(scenario):
        try:
            check(run(scenario, "mine", purges={moment}, invocation=mutant, turns=turns), scenario, "mine")
        except AssertionError:
            return True
    return False


@pytest.mark.parametrize("mutant", mutants_time.PURGES)
def test_a_rule_about_what_is_looked_at_switched_off_is_caught(mutant: type[Invocation]) -> None:
    scenario, turns = mutants_time.PURGES[mutant]
    assert not stuck(scenario, Invocation, turns)
    assert stuck(scenario, mutant, turns)


def messages(scenario: str, **how: Any) -> int:
    """Count what a run of a scenario sends."""
    return int(next(run(scenario, "mine", **how).queue.ids).rpartition("-")[2]) - 1


def test_a_long_wait_sends_its_timer_once() -> None:
    assert messages("three-days") == 2, "its start and its timer"


def test_a_schedule_that_sends_again_at_each_look_is_caught() -> None:
    assert messages("three-days", sweep=mutants_time.SendsAgainAtEachLook) > messages("three-days")


def differing(scenario: str, skews: Sequence[timedelta], **how: Any) -> bool:
    """Tell whether clocks that differ make something end otherwise, or at another time."""
    world, reference = run(scenario, "mine", skews=skews, **how), undisturbed(scenario, "mine")
    check(world, scenario, "mine")
    return any(abs(world.turns.ended[name] - at) > CLOSE for name, at in reference.turns.ended.items())


@pytest.mark.parametrize("scenario", SECONDS)
def test_seconds_are_seconds_though_clocks_are_ten_minutes_apart(scenario: str) -> None:
    assert [skews for skews in SKEWS if differing(scenario, skews)] == []


def test_a_time_out_of_a_step_that_waits_is_no_longer_though_clocks_are_ten_minutes_apart() -> None:
    reference = undisturbed("catch-timeout", "mine").turns.ended
    for skews in SKEWS:
        ended = run("catch-timeout", "mine", skews=skews).turns.ended
        assert all(ended[name] <= at + CLOSE for name, at in reference.items()), skews


@pytest.mark.parametrize("mutant", mutants_time.CLOCKS)
def test_a_rule_of_clocks_switched_off_is_caught(mutant: Any) -> None:
    how: dict[str, Any] = {"invocation": mutant}
    if issubclass(mutant, Transition):
        how = {"decide": lambda definition, item, event, now, me: mutant(definition, item, now, me).decision(event)}
    assert any(differing(mutants_time.CLOCKS[mutant], skews, **how) for skews in SKEWS)


@pytest.mark.parametrize("scenario", ["three-days", "wait-until", "timeout-days", "retry-hours", "timeout-not-reached"])
def test_instants_are_early_or_late_by_the_difference_of_clocks_at_most(scenario: str) -> None:
    reference = undisturbed(scenario, "mine").turns.ended[f"{TENANT}:{ALL[scenario].id}:mine"]
    for skews in SKEWS:
        world = run(scenario, "mine", skews=skews)
        check(world, scenario, "mine")
        assert abs(world.turns.ended[f"{TENANT}:{ALL[scenario].id}:mine"] - reference) <= 2 * TEN + MINUTE
