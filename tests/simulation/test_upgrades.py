from collections import Counter

import pytest

from chalicelib.core.executions.listing import summary_of
from tests.simulation.invariants import check, check_end, run
from tests.simulation.releases import FIRST, PREPARED, SECOND, Release, Upgraded
from tests.simulation.scenario import ALL

SCENARIOS = [*ALL]
SEEDS = 2
ORDERS = {"upgrade": (PREPARED, SECOND), "rollback": (SECOND, PREPARED)}


def world_of(old: Release, new: Release) -> type[Upgraded]:
    return type("Deployed", (Upgraded,), {"releases": (old, new)})


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_releases_that_follow_each_other_work_beside_each_other(scenario: str, order: str) -> None:
    for seed in range(SEEDS):
        name = "mine" if seed % 2 else None
        world = run(scenario, name, kind=world_of(*ORDERS[order]), seed=seed, rate=0.08)
        check(world, scenario, name)
        assert isinstance(world, Upgraded)
        assert world.refused == 0


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_release_leaves_what_it_cannot_read_to_the_one_that_wrote_it(scenario: str) -> None:
    for seed in range(SEEDS):
        world = run(scenario, "mine", kind=world_of(FIRST, SECOND), seed=seed)
        summaries = {item.id: summary_of(item) for item in world.all()}
        for item in world.all():
            check_end(world, item, summaries)
        once = Counter(made.key for made in world.made_calls if made.once)
        assert max(once.values(), default=1) == 1
        assert world.given_up == 0
        assert set(world.formats.values()) <= {1, 2}


def test_messages_and_items_of_a_later_release_are_refused_until_it_is_there() -> None:
    refused = [run("calls", "mine", kind=world_of(FIRST, SECOND), seed=seed).refused for seed in range(20)]
    assert max(refused) > 0
