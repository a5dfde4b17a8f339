"""What a step costs, by shape, size of the state, and messages per call of the function."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from zlib import crc32

from benchmarks.harness import Harness
from benchmarks.loopback import serving
from benchmarks.metering import Usage
from benchmarks.pricing import Cost, cost
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Cell, Progress, Section

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

SIZES: Mapping[str, int] = {"1KB": 1024, "10KB": 10 * 1024, "100KB": 100 * 1024}
BATCHES = (1, 10)
SAMPLES = 20
"""Executions of a case: a multiple of the largest batch. Counts are their mean, CPU is that of the cheapest run."""
RUNS = 4
"""At least: so that one of them is undisturbed."""
STARTS = 5
"""Executions that are started to see what that costs."""


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


def measure(  # noqa: PLR0913, PLR0917 - a case has so many sides
    harness: Harness, shape: Shape, size: int, batch: int, samples: int = SAMPLES, least: int = RUNS
) -> Cost:
    """Measure one case on containers that know the definition, with inputs that no container has seen."""
    definition = harness.define(shape.definition)
    harness.warm(definition, shape.value(size, -1))
    first = crc32(f"{shape.letter} {size} {batch}".encode())
    runs = [
        harness.measured(definition, [shape.value(size, start + n) for n in range(batch)], batch)
        for start in range(first, first + max(samples, least * batch), batch)
    ]
    return cost(together(runs), shape.steps * batch * len(runs))


def starting(harness: Harness, progress: Progress) -> Section:
    """Measure what the API asks of AWS to start an execution."""
    rows, results = [], dict[str, "Json"]()
    for done, name in enumerate(SIZES):
        progress.at(done, len(SIZES), name)
        each = start(harness, SIZES[name])
        rows.append((name, each.requests, each.write_units, each.read_units, each.dollars_counted))
        results[name] = {
            "requests": each.requests,
            "write_units": each.write_units,
            "read_units": each.read_units,
            "dollars_per_million": round(each.dollars_counted, 4),
        }
    columns = ("input", "requests", "write units", "read units", "$ per million")
    note = (
        "For one execution that is left to a worker, however many steps it has: one that runs where it begins costs "
        "its put. API Gateway and the function of the API are not in it."
    )
    return Section("What it costs to start", columns, rows, note, {"start": results})


def start(harness: Harness, size: int) -> Cost:
    """Measure starts with inputs of a size; the cost is that of one."""
    shape = shapes("")["A"]
    definition = harness.define(shape.definition)
    harness.start(definition, None)
    values = [shape.value(size, crc32(f"start {size}".encode()) + n) for n in range(STARTS)]
    with harness.meter.counting() as usage:
        for value in values:
            harness.start(definition, value)
    harness.drain()
    return cost(usage, STARTS)


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
    "Per step; starting an execution and the API are not in it. For comparison: Step Functions Standard asks 25 "
    "dollars for a million state transitions, the start included; Step Functions Express, which ends after five "
    "minutes and is not exactly once, 1 dollar for a million executions, and their time (AWS Step Functions pricing)."
)
