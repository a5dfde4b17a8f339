"""What a cold start costs: a function that is ready for its first message, beside the least that one with boto3 is."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.harness import Harness
from benchmarks.tables import Cell, Progress, Section

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

GOAL = 1.25
RUNS = 15
"""Of each program, in turns; the cheapest counts."""

PROGRAMS: Mapping[str, str] = {
    "boto3 and two clients": "import boto3; boto3.client('dynamodb'); boto3.client('sqs')",
    "the processor": "import app; app.wired().worker",
    "the API": "import app; app.routes()",
}
"""The first one is the floor."""

TIMED = """
import time
begun = time.process_time()
{program}
spent = time.process_time() - begun
import json, sys
print(json.dumps([1000 * spent, len(sys.modules)]))
"""


class Start(NamedTuple):
    """A cold start: milliseconds of CPU from the first line of the program on, and how many modules there are then."""

    cpu_ms: float
    modules: int


def cold_start(harness: Harness, progress: Progress) -> Section:  # noqa: ARG001 - the environment says where it is
    """Start every program many times, each in a process of its own, with bytecode from a run before."""
    found: dict[str, list[Start]] = {name: [] for name in PROGRAMS}
    with tempfile.TemporaryDirectory() as folder:
        for run in range(RUNS + 1):
            for name, program in PROGRAMS.items():
                progress.at(run, RUNS + 1, name)
                found[name].append(_start(program, Path(folder)))
    return _section({name: min(starts[1:]) for name, starts in found.items()})


def _start(program: str, bytecode: Path) -> Start:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(bytecode)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-c", TIMED.format(program=program)]
    done = subprocess.run(  # noqa: S603 - it is Python, and the programs are above
        command, cwd=Path(__file__).parents[1], env=environment, text=True, stdout=subprocess.PIPE, check=True
    )
    return Start(*json.loads(done.stdout))


def _section(starts: Mapping[str, Start]) -> Section:
    floor = next(iter(starts.values())).cpu_ms
    rows: Sequence[Sequence[Cell]] = [
        (name, start.cpu_ms, start.cpu_ms / floor, start.modules) for name, start in starts.items()
    ]
    ratio = round(starts["the processor"].cpu_ms / floor, 2)
    note = f"The goal for the processor is {GOAL} times the first line: {'met' if ratio <= GOAL else 'missed'}."
    results: dict[str, Json] = {
        "cold_start": {"floor_ms": round(floor, 1), "processor_ms": round(ratio * floor, 1), "ratio": ratio}
    }
    return Section("What a cold start costs", ("program", "CPU ms", "times", "modules"), rows, note, results)
