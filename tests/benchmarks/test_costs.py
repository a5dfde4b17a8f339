"""The gates: what a step may cost, counted over ministack; CPU and time are reports, and in no gate."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from benchmarks import asked, calls, everyday, payloads, sizes
from benchmarks.costs import BATCHES, SIZES, measure, start
from benchmarks.floor import CALLS_GOAL, LETTERS, compare
from benchmarks.goals import GOALS, Case, Found, Whole, whole, wholes
from benchmarks.growth import among, branches, exponent, invocations, others
from benchmarks.harness import Harness
from benchmarks.loopback import serving
from benchmarks.metering import Usage
from benchmarks.pricing import Cost
from benchmarks.replay import Bare
from benchmarks.shapes import shapes

ALIKE = 1.05
TODAY: Mapping[str, Any] = json.loads(Path(__file__).with_name("today.json").read_text())
"""Requests, write units and read units: of a step by shape, size and batch, of a start by size, of a map by its
branches, of an invocation of a loop, of retries, events and tasks; and the function calls of an execution that are
sedo's own: those of libraries depend on what else a process has loaded. More would be a step back, whatever the goal
allows. ``make bench`` leaves what it finds in ``benchmarks/results.json``."""
KEYED = "the same, over REST with an `Idempotency-Key`"
LEEWAY = 1.04
"""Ids differ from run to run, and so does what compression makes of them."""
EDGE = 0.2
"""Read units of an execution, for the mean of many: in some, the ids decide whether the input is a chunk of its own."""
NEAR = 1.16
"""Times the floor that values cost at most which are in the input."""
CALLS_LEEWAY = 1.1
"""Versions of Python differ in what they call."""
SHORT = 768
"""Bytes of an input with which no item is near a full KB: a few bytes more, as of other ids, take no unit more."""
VALUES_GOALS = {"20 given of 3,000 bytes": 25, "20 given of 5,000 bytes": 80}
"""Dollars of a million executions."""
BYTES = 4096
"""Of the largest item and message of a map, however many branches it has."""


CASES = [Case(letter, size, batch) for letter, size, batch in product(TODAY["cost"], SIZES, BATCHES)]


def no_more(found: Cost | Usage, today: Sequence[float], edge: float = 0) -> None:
    """Hold what something costs against what it did."""
    assert is_within(found, today, edge), (found, today)


def is_within(found: Cost | Usage, today: Sequence[float], edge: float = 0) -> bool:
    """Tell whether something costs at most what it did, and so many read units more."""
    counts = found.requests, found.write_units, found.read_units - edge
    return all(count <= LEEWAY * most for count, most in zip(counts, today, strict=True))


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.fixture(scope="module")
def found(harness: Harness, server: str) -> Found:
    every = shapes(server)
    return {case: measure(harness, every[case[0]], SIZES[case[1]], case[2], samples=10, least=1) for case in CASES}


@pytest.mark.parametrize("case", GOALS, ids=lambda case: "-".join(map(str, case)))
class TestStep:
    def test_its_requests_are_within_the_goal(self, case: Case, found: Found) -> None:
        assert found[case].requests <= (GOALS[case].requests or float("inf"))

    def test_its_write_units_are_within_the_goal(self, case: Case, found: Found) -> None:
        assert found[case].write_units <= (GOALS[case].write_units or float("inf"))

    def test_its_requests_units_and_invocations_alone_cost_no_more_than_the_goal(
        self, case: Case, found: Found
    ) -> None:
        assert found[case].dollars_counted <= (GOALS[case].dollars or float("inf"))


@pytest.mark.parametrize("wanted", wholes(), ids=lambda wanted: wanted.shape.letter)
def test_an_execution_with_its_start_costs_no_more_than_the_goal(wanted: Whole, harness: Harness) -> None:
    found = whole(harness, wanted, samples=2)
    assert found.dollars_counted <= (wanted.goal.dollars or 0)
    assert found.requests <= (wanted.goal.requests or float("inf"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: "-".join(map(str, case)))
def test_a_step_costs_no_more_than_it_did(case: Case, found: Found) -> None:
    edge = EDGE / shapes("")[case.shape].steps
    no_more(found[case], TODAY["cost"][case.shape][case.size][f"batch{case.batch}"], edge)


@pytest.fixture(scope="module")
def by_size(harness: Harness) -> Mapping[str, Mapping[int, float]]:
    kinds = {"run at their start": True, "run by a worker": False}
    return {
        kind: {size: sizes.ended(harness, size * 1024, 1, at_start=at_start) for size in WHOLES}
        for kind, at_start in kinds.items()
    }


WHOLES = (1, 5, 10, 20, 60, 95, 150)
"""KB of an input."""


class TestSizeOfTheInput:
    @pytest.mark.parametrize("kind", ["run at their start", "run by a worker"])
    def test_more_never_costs_less(self, kind: str, by_size: Mapping[str, Mapping[int, float]]) -> None:
        dollars = [*by_size[kind].values()]
        assert dollars == sorted(dollars)

    def test_ten_steps_of_95_kb_cost_at_most_ten_dollars_a_million_where_they_run_at_their_start(
        self, by_size: Mapping[str, Mapping[int, float]]
    ) -> None:
        assert by_size["run at their start"][95] <= 10

    def test_and_no_more_than_they_did_where_a_worker_runs_them(
        self, by_size: Mapping[str, Mapping[int, float]]
    ) -> None:
        assert by_size["run by a worker"][95] <= LEEWAY * TODAY["dollars of 95 KB by a worker"]

    def test_children_that_share_the_input_of_their_parent_cost_no_more_than_they_did(self, harness: Harness) -> None:
        found = measure(harness, sizes.children(harness), 5 * 1024, 1, 2)
        assert found.dollars_counted <= LEEWAY * TODAY["dollars of a child with 5 KB"]


@pytest.mark.parametrize("size", SIZES)
def test_a_start_costs_no_more_than_it_did(size: str, harness: Harness) -> None:
    no_more(start(harness, SIZES[size]), TODAY["start"][size])


def test_retries_events_and_tasks_cost_no_more_than_they_did(harness: Harness) -> None:
    found = dict(calls.measured(harness, samples=4, size=SHORT))
    assert found.keys() == TODAY["outlays"].keys()
    assert not {name: each.cost for name, each in found.items() if not is_within(each.cost, TODAY["outlays"][name])}
    for name in ("http step that fails twice", "publish an event"):
        assert found[name].dollars_counted <= found[name].goal


def test_starts_in_bulk_waits_and_reading_cost_no_more_than_they_did(harness: Harness) -> None:
    found = dict(everyday.measured(harness, samples=4, size=SHORT))
    assert found.keys() == TODAY["everyday"].keys()
    for name, each in found.items():
        no_more(each.cost, TODAY["everyday"][name])


def test_requests_and_what_a_schedule_starts_cost_no_more_than_they_did(harness: Harness) -> None:
    found = dict(asked.measured(harness, samples=2, size=SHORT))
    assert found.keys() == TODAY["asked"].keys()
    assert not {name: each.cost for name, each in found.items() if not is_within(each.cost, TODAY["asked"][name])}
    waits = "`?wait`, for an end after 0.1 s, alone", "`?wait=25` in vain, alone"
    assert [found[name].sleeps for name in waits] == pytest.approx([0.1, asked.WAITED])


@pytest.mark.parametrize("kilobytes", [1, 5, 20, 60, 95, 150])
def test_a_key_costs_two_write_units_however_long_the_input_is(kilobytes: int, harness: Harness) -> None:
    found = dict(asked.starts(harness, samples=1, size=kilobytes * 1024))
    plain, keyed = (found[title].cost for title in ("ten immediate steps, over a REST API", KEYED))
    assert keyed.write_units <= plain.write_units + 2


@pytest.mark.parametrize("kilobytes", [10, 20, 95, 150])
def test_a_schedule_writes_nothing_more_however_long_the_input_is(kilobytes: int, harness: Harness) -> None:
    found = asked.scheduled(harness, samples=1, size=kilobytes * 1024)
    assert found.write_units <= TODAY["asked"]["ten immediate steps, started by a schedule"][1]


def test_values_are_looked_for_once_while_somebody_waits(harness: Harness) -> None:
    found = dict(asked.waits(harness, 10 * 1024))
    no_more(found["`?wait=25` in vain, alone"].cost, TODAY["asked"]["`?wait=25` in vain, alone"])


@pytest.mark.parametrize("name", TODAY["values"])
def test_values_that_do_not_change_cost_no_more_than_they_did(name: str, harness: Harness) -> None:
    count, size, made = payloads.CASES[name]
    found = payloads.measure(harness, count, size, made=made)
    no_more(found, TODAY["values"][name])
    assert made or found.dollars_counted <= NEAR * payloads.floor(count, size)
    assert found.dollars_counted <= VALUES_GOALS.get(name, float("inf"))


@pytest.mark.parametrize("letter", LETTERS)
def test_a_step_makes_hardly_more_function_calls_than_the_calls_of_aws_alone_and_no_more_of_its_own_than_it_did(
    letter: str, harness: Harness, server: str
) -> None:
    ours, least = compare(harness, [Bare(harness)], shapes(server)[letter], server, blocks=1)
    assert ours.calls <= CALLS_GOAL * least.calls
    assert ours.own <= CALLS_LEEWAY * TODAY["own calls"][letter]


class TestMeasurement:
    def test_immediate_steps_are_one_invocation(self, found: Found) -> None:
        assert found[Case("A", "1KB", 1)].invocations == 1 / 10
        assert found[Case("A", "1KB", 10)].invocations == 1 / 100

    def test_a_boundary_is_an_invocation_of_its_own(self, found: Found) -> None:
        assert found[Case("B", "1KB", 1)].invocations == 2 / 10
        assert found[Case("C", "1KB", 1)].invocations == 10 / 10
        assert found[Case("C", "1KB", 10)].invocations == 10 / 100

    def test_every_execution_is_written_and_polled_for(self, found: Found) -> None:
        assert found[Case("A", "1KB", 1)].write_units >= 1 / 10
        assert found[Case("A", "1KB", 1)].requests >= 3 / 10


@pytest.fixture(scope="module")
def maps(harness: Harness) -> Mapping[int, Usage]:
    return {count: branches(harness, count, samples=1) for count in (10, 100, 1000)}


class TestFanOut:
    @pytest.mark.parametrize("count", [10, 100, 1000])
    def test_it_costs_no_more_than_it_did(self, count: int, maps: Mapping[int, Usage]) -> None:
        no_more(maps[count], TODAY["maps"][str(count)])

    @pytest.mark.parametrize("what", ["requests", "write_units"])
    def test_it_grows_no_faster_than_its_branches(self, what: str, maps: Mapping[int, Usage]) -> None:
        assert exponent(maps, what) <= 1.03

    def test_a_branch_costs_two_write_units_at_most(self, maps: Mapping[int, Usage]) -> None:
        assert all(usage.write_units <= 2 * count for count, usage in maps.items())

    def test_no_item_and_no_message_grows_with_it(self, maps: Mapping[int, Usage]) -> None:
        assert maps[1000].largest["message"] > 0
        assert all(size <= BYTES for usage in maps.values() for size in usage.largest.values())


def test_the_last_invocation_of_a_loop_costs_what_the_first_does(harness: Harness) -> None:
    first, *_, last, _ = invocations(harness, 1500)
    no_more(first, TODAY["loop"])
    assert 0 < last.write_units + last.read_units <= ALIKE * (first.write_units + first.read_units)
    assert last.requests <= ALIKE * first.requests


def test_an_execution_costs_among_hundreds_what_it_costs_among_few(harness: Harness) -> None:
    def measured() -> Cost:
        return among(harness, shapes("")["B"], samples=20)

    others(harness, 10)
    few = measured()
    others(harness, 490)
    many = measured()
    assert many.requests <= ALIKE * few.requests
    assert many.write_units <= ALIKE * few.write_units
    assert many.read_units == few.read_units
