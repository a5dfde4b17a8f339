from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import zip_longest
from typing import Any

import pytest

from chalicelib.core.records.codec import execution_json
from tests.simulation.scenario import ALL, SCENARIOS, Scenario, plain, play, root_of, timeline
from tests.simulation.world import World

AT_ONCE = timedelta(0)
"""So that a timeline shows nothing but what a workflow waits for."""


@pytest.mark.parametrize("scenario", ALL.values(), ids=ALL.keys())
def test_a_scenario_comes_to_what_it_says(scenario: Scenario) -> None:
    world = play(scenario, latency=AT_ONCE)
    root = root_of(world)
    lines = timeline(world, root)
    about = "\n".join(lines)
    assert root.state == scenario.state, f"{root.error}\n{about}"
    if scenario.file in SCENARIOS:
        assert plain(root.output) == scenario.output, about
    if scenario.error is not None:
        assert fits(scenario.error, execution_json(root)["error"]), f"{root.error}\n{about}"
    if scenario.stash is not None:
        assert plain(dict(root.stash)) == scenario.stash, about
    if scenario.timeline is not None:
        expected = [" ".join(line.split()) for line in scenario.timeline]
        assert by_thread(lines) == by_thread(expected), side_by_side(expected, lines)
    if scenario.calls is not None:
        assert len(world.made_calls) == scenario.calls, about
    check_children(world, scenario)


def check_children(world: World, scenario: Scenario) -> None:
    children = [execution_json(item) for item in world.all() if item.parent is not None]
    expected = [
        (definition, one)
        for definition, found in scenario.children.items()
        for one in (found if isinstance(found, list) else [found])
    ]
    if scenario.file in SCENARIOS:
        assert len(children) == len(expected)
    for definition, members in expected:
        wanted = {"definitionId": definition, **members}
        found = next((child for child in children if fits(wanted, plain(child))), None)
        assert found is not None, f"no child is like {wanted}: {[tell(child) for child in children]}"
        children.remove(found)


def tell(child: Mapping[str, Any]) -> dict[str, Any]:
    return {key: child.get(key) for key in ("definitionId", "state", "output", "error")}


def fits(expected: Mapping[str, Any], actual: Any) -> bool:
    """Tell whether an object has these members, whatever else it has."""
    return isinstance(actual, dict) and all(actual.get(key) == value for key, value in expected.items())


def by_thread(lines: Sequence[str]) -> list[str]:
    """Bring what happens in several threads at one instant into one order: it has none."""
    instants = list(dict.fromkeys(line.split()[0] for line in lines))
    return sorted(lines, key=lambda line: (instants.index(line.split()[0]), line.split()[1]))


def side_by_side(expected: Sequence[str], actual: Sequence[str]) -> str:
    width = max(map(len, (*expected, "expected")))
    rows = zip_longest(["expected", *by_thread(expected)], ["actual", *by_thread(actual)], fillvalue="")
    return "\n" + "\n".join(f"{'  ' if a == b else '! '}{a:{width}} | {b}" for a, b in rows)


def test_every_scenario_is_named_after_its_definition() -> None:
    assert [scenario.file for scenario in SCENARIOS.values() if scenario.file != scenario.id] == []
