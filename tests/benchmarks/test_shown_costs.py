"""The gate: what an execution says that it has cost is what its requests are billed as, within a tolerance."""

from collections.abc import Iterator

import pytest

from benchmarks.harness import Harness
from benchmarks.loopback import serving
from benchmarks.pricing import cost
from benchmarks.shapes import shapes
from chalicelib.core.executions.model import State
from chalicelib.core.values.prices import MILLION
from chalicelib.core.values.value import copy_with

LEAST, MOST = 0.95, 1.01
"""Of what is metered: large values that are read are not counted."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with serving() as url:
        yield url


@pytest.mark.parametrize("size", [256, 10 * 1024])
@pytest.mark.parametrize("letter", "ABCEFG")
def test_what_an_execution_shows_is_what_it_is_billed_for(
    harness: Harness, server: str, letter: str, size: int
) -> None:
    shape = shapes(server)[letter]
    name = harness.define(shape.definition)
    harness.warm(name, shape.value(size, 1))
    harness.execute(name, shape.value(size, 1))
    harness.drain()
    with harness.meter.counting() as usage:
        execution = harness.execute(name, shape.value(size, ord(letter)))  # no other case has put its large values
        harness.drain()
    ended = harness.read(execution.id)
    assert ended.state is State.SUCCEEDED
    shown = copy_with(ended.cost, milliseconds=0).dollars() * MILLION
    assert LEAST <= shown / cost(usage, 1).dollars_counted <= MOST, (ended.cost, usage)
