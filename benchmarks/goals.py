"""What a step may cost: what ``make check`` holds sedo to, as far as it is counted."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace as copy_of
from typing import NamedTuple, TypeAlias

from benchmarks.costs import SIZES, measure, together
from benchmarks.harness import CONTAINERS, BenchError, Harness
from benchmarks.loopback import serving
from benchmarks.pricing import Cost, cost
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Progress, Section
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json


class Case(NamedTuple):
    """What is measured: a shape by its letter, the size of the input, and messages per call of the function."""

    shape: str
    size: str
    batch: int


class Goal(NamedTuple):
    """The most that a step of a case may cost; None where nothing is said."""

    dollars: float | None = None
    """Of a million steps, without what starts an execution."""
    requests: float | None = None
    write_units: float | None = None


Found: TypeAlias = Mapping[Case, Cost]

GOALS: Mapping[Case, Goal] = {
    Case("A", "1KB", 1): Goal(dollars=0.45, requests=0.5, write_units=0.4),
    Case("A", "1KB", 10): Goal(dollars=0.45, requests=0.25, write_units=0.4),
    Case("B", "1KB", 1): Goal(dollars=0.80, requests=1.0, write_units=0.6),
    Case("B", "1KB", 10): Goal(dollars=0.80, requests=1.0, write_units=0.6),
    Case("C", "1KB", 1): Goal(dollars=3.0, requests=4.1, write_units=2.0),
    Case("C", "1KB", 10): Goal(dollars=1.6, requests=1.5, write_units=2.0),
    Case("E", "1KB", 1): Goal(dollars=0.95, write_units=1.15),
    Case("E", "1KB", 10): Goal(dollars=0.95, write_units=1.15),
    Case("G", "1KB", 1): Goal(dollars=0.50, write_units=0.4),
    Case("B", "100KB", 1): Goal(dollars=3.1),
    Case("B", "100KB", 10): Goal(dollars=3.1),
    Case("F", "10KB", 1): Goal(dollars=1.3),
    Case("F", "100KB", 1): Goal(dollars=12),
}


SAMPLES = 12
"""Executions of a shape, as many after those that warm the containers."""


class Whole(NamedTuple):
    """Executions as a user has them: start, run and answer, without API Gateway."""

    title: str
    shape: Shape
    goal: Goal


def wholes() -> Sequence[Whole]:
    """Make those that have a goal."""
    kid: dict[str, Json] = {"type": "workflow", "definition": "shape-child", "input": {"id": "${input.id}"}}
    children: list[Json] = [{"id": f"child-{number}", **kid} for number in range(10)]
    return (
        Whole("ten immediate steps, an execution", copy_of(shapes("")["A"], steps=1), Goal(1.80, requests=2)),
        Whole(
            "children of one echo in sequence, a child",
            Shape("W", "ten children in sequence", {"id": "shape-w", "steps": children}),
            Goal(2.50),
        ),
    )


CHILD: Mapping[str, Json] = {
    "id": "shape-child",
    "steps": [{"id": "hello", "type": "echo", "message": "Hello ${input.id}"}],
}


def whole(harness: Harness, wanted: Whole, samples: int = SAMPLES) -> Cost:
    """Measure what a part of an execution costs, all in: 1 KB of input, messages one by one."""
    harness.define(CHILD)
    definition = harness.define(wanted.shape.definition)
    runs = []
    for seed in range(CONTAINERS + samples):
        value = wanted.shape.value(1024, seed)
        with harness.meter.counting() as usage:
            started = harness.execute(definition, value)
            harness.drain(1)
        if harness.read(started.id).state is not State.SUCCEEDED:
            raise BenchError(f"{started.id} has not succeeded")
        runs.append(usage)
    return cost(together(runs[CONTAINERS:]), wanted.shape.steps * samples)


def per_step(harness: Harness, progress: Progress) -> Section:
    """Measure the cases that have a goal."""
    rows = [*_rows(measured(harness, progress)), *_whole_rows(harness)]
    missed = sum(row[-1] == "no" for row in rows)
    note = f"{missed} of {len(rows)} are missed." if missed else "All are met."
    columns = ("case", "goal", "found", "at most", "met")
    results: dict[str, Json] = {
        f"{case}: {what}": {"found": value, "at_most": most, "met": met == "yes"}
        for case, what, value, most, met in rows
    }
    return Section("Goals for a step", columns, rows, note, {"goals": results})


def measured(harness: Harness, progress: Progress) -> Found:
    """Measure them."""
    found = {}
    with serving() as server:
        every = shapes(server)
        for done, case in enumerate(GOALS):
            progress.at(done, len(GOALS), f"{case.shape}, {case.size}, batches of {case.batch}")
            found[case] = measure(harness, every[case.shape], SIZES[case.size], case.batch)
    return found


def _whole_rows(harness: Harness) -> Iterator[tuple[str, str, float, float, str]]:
    for each in wholes():
        yield from _held(each.title, whole(harness, each), each.goal)


def _rows(found: Found) -> Iterator[tuple[str, str, float, float, str]]:
    for case, goal in GOALS.items():
        yield from _held(f"{case.shape}, {case.size}, batches of {case.batch}", found[case], goal)


def _held(name: str, found: Cost, goal: Goal) -> Iterator[tuple[str, str, float, float, str]]:
    for what, most in goal._asdict().items():
        if most is not None:
            value = getattr(found, what)
            title = "dollars per million" if what == "dollars" else what.replace("_", " ")
            yield name, title, value, most, "yes" if value <= most else "no"
