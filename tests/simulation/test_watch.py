"""Messages that are gone together with the function that worked on them: only the watch finds what they leave."""

from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from chalicelib.core.executions.verify import Patience
from chalicelib.core.records.incident import IncidentKind, IncidentState
from chalicelib.engine.due_sweep import DueSweep
from chalicelib.usecases.watch import StageWatch
from tests.simulation.faults import Fault
from tests.simulation.invariants import check, run, undisturbed
from tests.simulation.settings import MINUTE, START
from tests.simulation.world import World

if TYPE_CHECKING:
    from chalicelib.usecases.incidents import IncidentStore

SCENARIOS = ("calls", "fork", "uneven", "waits", "workflow-nested", "map-two-at-once")
MOST = 24
"""Moments of a scenario at which its queues are purged."""


class Schedule(DueSweep):
    """What the schedule does once a minute."""

    def run(self) -> int:
        looked = super().run()
        StageWatch(self.dependencies, cast("IncidentStore", self.dependencies.incidents), self.token, self.until).run()
        return looked


def struck(scenario: str, moment: int) -> World:
    """Purge the queues behind a call, and let the function die that makes the next one; the schedule looks on."""
    world = run(scenario, "mine", purges={moment}, faults={moment + 1: Fault.KILL_BEFORE}, sweep=Schedule)
    end = START + 3 * Patience().function
    while world.clock.now() < end and not all(item.ended for item in world.all()):
        world.clock.sleep(60)
        look(world)
    return world


def look(world: World) -> None:
    """Let the schedule watch, and all go on that it wakes."""
    world.processes.spawn("schedule", world.sweep)
    world.run()


def moments(scenario: str) -> range:
    calls = len(undisturbed(scenario, "mine").faults.calls)
    return range(0, calls, max(1, calls // MOST))


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_whatever_message_is_gone_with_its_function_the_execution_comes_to_its_end(scenario: str) -> None:
    for moment in moments(scenario):
        check(struck(scenario, moment), scenario, "mine")


def test_what_stands_is_an_incident_and_goes_on_within_two_checks() -> None:
    found = [world for m in moments("calls") if (world := struck("calls", m)).incidents.items]
    stuck = [world for world in found if IncidentKind.STUCK in {key.kind for key in world.incidents.items}]
    assert stuck
    for world in stuck:
        (ended,) = world.turns.ended.values()
        assert ended <= START + Patience().function + 2 * MINUTE + timedelta(seconds=10)


def test_an_incident_ends_once_the_execution_has_moved_on() -> None:
    for world in (world for m in moments("calls") if (world := struck("calls", m)).incidents.items):
        for _ in range(20):
            world.clock.sleep(60)
            look(world)
        assert {incident.state for incident in world.incidents.items.values()} == {IncidentState.ENDED}
