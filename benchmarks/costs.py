"""What a step costs, by shape, size of the state, and messages per call of the function."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from benchmarks.harness import Harness
from benchmarks.loopback import serving
from benchmarks.metering import Usage
from benchmarks.pricing import Cost, cost
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Cell, Progress, Section

if TYPE_CHECKING:
    from chalicelib.core.values import Json

SIZES: Mapping[str, int] = {"1KB": 1024, "10KB": 10 * 1024, "100KB": 100 * 1024}
BATCHES = (1, 10)
SAMPLES = 20
"""Executions of a case: a multiple of the largest batch. Counts are their mean, CPU is that of the cheapest run."""


def per_step(harness: Harness, progress: Progress) -> Section:
    """Measure every case."""
    found: dict[str, dict[str, dict[str, Cost]]] = {}
    with serving() as server:
        every = shapes(server)
        cases = [(shape, size, batch) for shape in every.values() for size in SIZES for batch in BATCHES]
        for done, (shape, size, batch) in enumerate(cases):
            progress.at(done, len(cases), f"{shape.letter}, {size}, batches of {batch}")
            by_size = found.setdefault(shape.letter, {}).setdefault(size, {})
            by_size[f"batch{batch}"] = measure(harness, shape, SIZES[size], batch)
    return _section(every, found)


def measure(harness: Harness, shape: Shape, size: int, batch: int, samples: int = SAMPLES) -> Cost:
    """Measure one case on containers that know the definition."""
    definition = harness.define(shape.definition)
    harness.warm(definition, shape.value(size, -1))
    runs = [
        harness.measured(definition, [shape.value(size, start + n) for n in range(batch)], batch)
        for start in range(0, samples, batch)
    ]
    return cost(together(runs), shape.steps * batch * len(runs))


def together(runs: Sequence[Usage], *, divided: bool = False) -> Usage:
    """Add runs up, or with ``divided`` take their mean; each is taken to have needed the CPU of the cheapest."""
    share = len(runs) if divided else 1
    return Usage(
        dynamodb_requests=sum(run.dynamodb_requests for run in runs) / share,
        queue_requests=sum(run.queue_requests for run in runs) / share,
        write_units=sum(run.write_units for run in runs) / share,
        read_units=sum(run.read_units for run in runs) / share,
        invocations=sum(run.invocations for run in runs) / share,
        waits=sum(run.waits for run in runs) / share,
        cpu_seconds=min(run.cpu_seconds for run in runs) * len(runs) / share,
    )


def _section(every: Mapping[str, Shape], found: Mapping[str, Mapping[str, Mapping[str, Cost]]]) -> Section:
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    for letter, by_size in found.items():
        results[letter] = {
            size: {name: {**each.row} for name, each in batches.items()} for size, batches in by_size.items()
        }
        for size, batches in by_size.items():
            rows += [
                (f"{letter}: {every[letter].title}", size, name.removeprefix("batch"), *_cells(each))
                for name, each in batches.items()
            ]
    columns = ("shape", "state", "batch", "requests", "write units", "read units", "calls", "CPU ms", "$ per million")
    return Section("What a step costs", columns, rows, NOTE, {"cost": results})


def _cells(each: Cost) -> Sequence[Cell]:
    return each.requests, each.write_units, each.read_units, each.invocations, each.cpu_ms, each.dollars


NOTE = (
    "Per step; starting an execution and the API are not in it. For comparison, dollars per million: 25 for a state "
    "transition of Step Functions Standard, about 9.1 for a step of Lambda durable functions, 12.8 for a step of the "
    "original sedo."
)
