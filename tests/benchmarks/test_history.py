"""The gates of reading a history: units over ministack, at sizes that take seconds."""

from typing import TypeAlias

import pytest

from benchmarks.harness import Harness
from benchmarks.history import GROWS, LENGTHS, ORDERS, UNITS, HistoryReading, exponent, lived, reading

Found: TypeAlias = dict[str, dict[int, HistoryReading]]

SIZES = {"boundaries": (60, 240), "rounds": (1_000, 4_000)}

PAGE_UNITS = 2.0
"""Of any page of a hundred: of its rows, what proves them, and of the execution, at an end."""


@pytest.fixture(scope="module")
def found(harness: Harness) -> Found:
    every = {kind: {count: lived(harness, kind, count) for count in counts} for kind, counts in SIZES.items()}
    return {
        f"{kind} {order}": {count: reading(harness, name, order) for count, name in executions.items()}
        for kind, executions in every.items()
        for order in ORDERS
    }


def test_it_is_whole_from_both_ends(found: Found) -> None:
    for kind in SIZES:
        assert {n: each.records for n, each in found[f"{kind} time"].items()} == {
            n: each.records for n, each in found[f"{kind} -time"].items()
        }


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", SIZES)
def test_a_record_costs_no_more_in_a_long_one(found: Found, kind: str, order: str) -> None:
    readings = found[f"{kind} {order}"]
    large = readings[SIZES[kind][-1]]
    assert exponent(readings) <= GROWS
    assert large.dearest <= PAGE_UNITS
    assert large.read_units * LENGTHS[kind][-1] / SIZES[kind][-1] <= UNITS
