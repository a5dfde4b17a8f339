"""The ways through a list of steps."""

from random import Random

import pytest

from chalicelib.core.definitions.flow import Node, before


def onward(ways: list[list[int]], start: int) -> set[int]:
    """Walk on from a step as far as it leads."""
    reached: set[int] = set()
    left = [start]
    while left:
        further = {*ways[left.pop()]} - reached
        reached |= further
        left += further
    return reached


@pytest.mark.parametrize("seed", range(40))
def test_what_may_have_run_before_a_step_is_what_leads_to_it_through_however_many_loops(seed: int) -> None:
    random = Random(seed)
    count = random.randint(1, 12)
    ways = [random.choices(range(count), k=random.randint(0, 3)) for _ in range(count)]
    nodes = [
        Node(id=f"s{index}", onward=False, unknown=False, targets=[((), f"s{way}") for way in each])
        for index, each in enumerate(ways)
    ]
    begun = {0} | onward(ways, 0)
    found = [{other for other in begun if bits >> other & 1} for bits in before(nodes)]
    assert [found[index] for index in begun] == [
        {other for other in begun if index in onward(ways, other)} for index in begun
    ]


def test_a_list_of_no_steps_has_no_ways() -> None:
    assert before([]) == []
