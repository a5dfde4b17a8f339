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
def test_what_may_have_been_before_a_step_is_what_leads_to_it_through_however_many_loops(seed: int) -> None:
    random = Random(seed)
    count = random.randint(1, 12)
    done, caught = ([random.choices(range(count), k=random.randint(0, most)) for _ in range(count)] for most in (3, 1))
    nodes = [
        Node(
            id=f"s{index}",
            onward=False,
            unknown=False,
            targets=[
                *(((), f"s{way}") for way in done[index]),
                *((("catch", 0, "next"), f"s{way}") for way in caught[index]),
            ],
        )
        for index in range(count)
    ]
    ways = [[*each, *others] for each, others in zip(done, caught, strict=True)]
    begun = {0} | onward(ways, 0)
    for shift, taken in ((0, done), (count, caught)):
        found = [{other for other in begun if bits >> other + shift & 1} for bits in before(nodes)]
        assert [found[index] for index in begun] == [
            {other for other in begun if any(index in {way} | onward(ways, way) for way in taken[other])}
            for index in begun
        ]


def test_a_list_of_no_steps_has_no_ways() -> None:
    assert before([]) == []
