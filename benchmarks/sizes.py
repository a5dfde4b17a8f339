"""What the common things cost between the sizes of the other tables: in dollars that are counted, without time."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from benchmarks import asked, calls, costs, everyday
from benchmarks.documents import order
from benchmarks.goals import CHILD
from benchmarks.harness import Harness
from benchmarks.loopback import serving
from benchmarks.pricing import cost
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Progress, Section

if TYPE_CHECKING:
    from benchmarks.tables import Cell
    from chalicelib.core.values.json import Json

KB = 1024
SIZES = (1, 2, 5, 10, 20, 40, 60, 95, 100, 150)
"""KB of the input, which is the state of all shapes but F."""

SAMPLES = 4
"""Of a size: counts differ by what compression makes of an input."""

BEFORE = 1
"""Executions whose parts are not counted: the API and the workers learn the definition from others."""

AT_START, BY_WORKER, LEFT = (
    "ten immediate steps, at their start",
    "ten immediate steps, start and worker",
    "a start that is left to a worker",
)
STEPS: Mapping[str, str] = {
    "C": "a wait",
    "E": "an `http` step",
    "G": "an `http` step that only reads",
    "F": "a step of F: each changes the state",
}
CHILD_TITLE = "a child of one echo, in sequence"


def sizes(harness: Harness, progress: Progress) -> Section:
    """Measure everything at every size."""
    found: dict[str, dict[int, float]] = {}
    for done, size in enumerate(SIZES):
        progress.at(done, len(SIZES), f"{size} KB")
        for name, dollars in measured(harness, size * KB):
            found.setdefault(name, {})[size] = dollars
    rows: list[list[Cell]] = [[name, *each.values()] for name, each in found.items()]
    results: dict[str, Json] = {
        name: {f"{size}KB": round(dollars, 4) for size, dollars in each.items()} for name, each in found.items()
    }
    columns = ("$ per million, of what", *(f"{size} KB" for size in SIZES))
    return Section("What the common things cost, by the size of the input", columns, rows, NOTE, {"sizes": results})


def measured(harness: Harness, size: int, samples: int = SAMPLES) -> Iterator[tuple[str, float]]:
    """Measure one size, in bytes: the dollars of a million of each."""
    yield AT_START, ended(harness, size, samples, at_start=True)
    yield BY_WORKER, ended(harness, size, samples, at_start=False)
    yield LEFT, costs.start(harness, size).dollars_counted
    with serving() as server:
        every = shapes(server)
        for letter, name in STEPS.items():
            yield name, costs.measure(harness, every[letter], size, 1, samples).dollars_counted
    yield CHILD_TITLE, costs.measure(harness, children(harness), size, 1, samples).dollars_counted
    for name, outlay in chain.from_iterable(each.measured(harness, samples, size) for each in (calls, everyday, asked)):
        yield name, outlay.dollars_counted


def ended(harness: Harness, size: int, samples: int, *, at_start: bool) -> float:
    """Measure ten immediate steps, start included, run in the call that starts them or by a worker."""
    shape = shapes("")["A"]
    definition = harness.define(shape.definition)
    harness.warm(definition, order(size, -1))
    begin = harness.execute if at_start else harness.start
    for seed in range(BEFORE):
        begin(definition, order(size, samples + seed))
    harness.drain()
    with harness.meter.counting() as usage:
        for seed in range(samples):
            begin(definition, order(size, seed))
            harness.drain(1)
    return cost(usage, samples).dollars_counted


def children(harness: Harness) -> Shape:
    """Make ten children in sequence, each with the whole input of its parent."""
    harness.define(CHILD)
    kid: dict[str, Json] = {"type": "workflow", "definition": str(CHILD["id"]), "input": "${input}"}
    steps: list[Json] = [{"id": f"child-{number}", **kid} for number in range(10)]
    return Shape("W", "ten children in sequence", {"id": "shape-children", "steps": steps})


NOTE = (
    f"Means of {SAMPLES}, messages one by one. Waits, steps and children are run by a worker, their start is not in "
    "them. A retry is an execution without its start. From `publish an event` on, the request to the REST API is in "
    "all but three: what a schedule starts; a child that waits, and its parent, which has the answer to its callback; "
    "and `?wait`, which adds to the request that waits, and has the time that its function sleeps. The time that "
    "functions compute, and wait for AWS, is in none: the figures are the same everywhere."
)
