"""How much of what a partition key takes an execution needs: how many of one tenant and one definition can start.

A key takes 1,000 write units a second, and a throttled index throttles its table (Amazon DynamoDB Developer Guide,
"Partitions and data distribution", "Write throttling on global secondary indexes").
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zlib import crc32

from benchmarks.costs import SIZES
from benchmarks.harness import Harness
from benchmarks.metering import Usage
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Cell, Progress, Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.values.json import Json

KEY_UNITS = 1_000
"""Write units that a partition key takes in a second."""

EXECUTIONS = 160
"""Of a shape: ten for each shard of a list."""

LETTERS = "AB"


def keys(harness: Harness, progress: Progress) -> Section:
    """Measure them: start, run and end."""
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    for done, letter in enumerate(LETTERS):
        shape = shapes("")[letter]
        progress.at(done, len(LETTERS), shape.title)
        found = shared(run(harness, shape, EXECUTIONS), EXECUTIONS)
        rows += [(f"{letter}: {shape.title}", *row) for row in _rows(found)]
        results[letter] = {where: {"units": all_, "keys": count} for where, (all_, count) in found.items()}
    columns = ("shape", "table or index", "write units an execution", "keys", "executions a second")
    note = (
        "Of one tenant and one definition. The keys are those that many executions share, by the hash of their ids; "
        f"each takes {KEY_UNITS:,} write units a second. A key of an execution's own is left out."
    )
    return Section("What keys take", columns, rows, note, {"keys": results})


def run(harness: Harness, shape: Shape, count: int) -> Usage:
    """Start executions, and run them to their end."""
    definition = harness.define(shape.definition)
    harness.warm(definition, shape.value(SIZES["1KB"], -1))
    first = crc32(f"keys {shape.letter}".encode())
    with harness.meter.counting() as usage:
        for seed in range(first, first + count):
            harness.start(definition, shape.value(SIZES["1KB"], seed))
        harness.drain()
    return usage


def shared(usage: Usage, count: int) -> Mapping[str, tuple[float, int]]:
    """Tell of the tables and indexes whose keys executions share: write units of one execution, and how many keys."""
    places = {where: [units for (each, _), units in usage.keys.items() if each == where] for where, _ in usage.keys}
    return {where: (sum(all_) / count, len(all_)) for where, all_ in places.items() if len(all_) < count}


def _rows(found: Mapping[str, tuple[float, int]]) -> "Sequence[Sequence[Cell]]":
    return [
        (where.partition("_")[2], units, count, round(KEY_UNITS * count / units))
        for where, (units, count) in sorted(found.items())
    ]
