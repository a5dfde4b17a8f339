"""``python -m benchmarks``: ask every question, print a table for each, keep the answers.

``python -m benchmarks cost load`` asks only these, and leaves the document alone. ``SEDO_HOME`` (``.sedo``) holds
ministack's environment. The values go to ``benchmarks/results.json``, the tables into ``docs/measurements.md``.

``python -m benchmarks peers`` is apart: it installs other engines and runs them beside sedo. ``peers --markdown``
prints its tables as for a document.
"""

import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from benchmarks import (
    calls,
    coldstart,
    costs,
    floor,
    goals,
    growth,
    history,
    keys,
    lists,
    load,
    memory,
    payloads,
    people,
    report,
    sizes,
)
from benchmarks.harness import Harness, running
from benchmarks.peers import comparison
from benchmarks.tables import Progress, Section, markdown, text

Question: TypeAlias = Callable[[Harness, Progress], Section]

QUESTIONS: Mapping[str, Question] = {
    "goals": goals.per_step,
    "cost": costs.per_step,
    "start": costs.starting,
    "sizes": sizes.sizes,
    "payloads": payloads.payloads,
    "calls": calls.calls,
    "fan-out": growth.fan_out,
    "loop": growth.loop,
    "live": growth.live,
    "lists": lists.lists,
    "history": history.histories,
    "tasks": people.tasks,
    "keys": keys.keys,
    "cold-start": coldstart.cold_start,
    "memory": memory.memory,
    "cpu": floor.floor,
    "load": load.load,
}
"""By name, in the order of the document. Each is measured on an installation of its own."""


def main(wanted: list[str]) -> int:
    """Ask what is wanted, everything by default: 0; 2 where there is no such question."""
    if wanted[:1] == ["peers"]:
        comparison.compare(markdown if "--markdown" in wanted else text)
        return 0
    if unknown := set(wanted) - set(QUESTIONS):
        print(f"there is no question {', '.join(sorted(unknown))}: there are {', '.join(QUESTIONS)}", file=sys.stderr)
        return 2
    names = [name for name in QUESTIONS if name in wanted or not wanted]
    sections = _answers(names)
    report.keep(sections, document=not wanted)
    for section in sections:
        print(text(section))
    return 0


def _answers(names: list[str]) -> list[Section]:
    home, progress = Path(os.environ.get("SEDO_HOME", ".sedo")), Progress(sys.stdout, len(names))
    sections = []
    for name in names:
        with tempfile.TemporaryDirectory() as folder, running(home, Path(folder)) as harness:
            progress.begin(name)
            sections.append(QUESTIONS[name](harness, progress))
        report.keep(sections[-1:], document=False)
    progress.end()
    return sections


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
