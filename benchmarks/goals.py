"""What a step may cost: what ``make check`` holds sedo to, as far as it is counted."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from benchmarks.costs import SIZES, measure
from benchmarks.harness import Harness
from benchmarks.loopback import serving
from benchmarks.pricing import Cost
from benchmarks.shapes import shapes
from benchmarks.tables import Progress, Section

if TYPE_CHECKING:
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
    Case("E", "1KB", 10): Goal(dollars=0.95, write_units=1.45),
    Case("G", "1KB", 1): Goal(dollars=0.50, write_units=0.4),
    Case("B", "100KB", 1): Goal(dollars=3.1),
    Case("B", "100KB", 10): Goal(dollars=3.1),
}


def per_step(harness: Harness, progress: Progress) -> Section:
    """Measure the cases that have a goal."""
    rows = list(_rows(measured(harness, progress)))
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


def _rows(found: Found) -> Iterator[tuple[str, str, float, float, str]]:
    for case, goal in GOALS.items():
        for what, most in goal._asdict().items():
            if most is not None:
                value = getattr(found[case], what)
                name = f"{case.shape}, {case.size}, batches of {case.batch}"
                title = "dollars per million" if what == "dollars" else what.replace("_", " ")
                yield name, title, value, most, "yes" if value <= most else "no"
