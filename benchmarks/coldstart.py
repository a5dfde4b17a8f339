"""What a cold start costs, from the package as it is deployed, beside the least that one with boto3 is."""

import json
import os
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.harness import Harness
from benchmarks.tables import Cell, Progress, Section
from deploy.unpacked import Unpacked, build, deployable, lay_out

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

RUNS = 15
"""Of each program, in turns; the median counts."""


class Program(NamedTuple):
    """What is started: all that a function does before its first event."""

    code: str
    goal: float | None = None
    """The most that it may be, as a multiple of the floor."""


FLOOR = "boto3 and two clients"

PROGRAMS: Mapping[str, Program] = {
    FLOOR: Program("import boto3; boto3.client('dynamodb'); boto3.client('sqs')"),
    "messages and timers": Program("import app; app.wired().worker", 1.20),
    "the schedule": Program("import app; app.wired().worker; import chalicelib.engine.due_sweep", 1.20),
    "the API": Program("import app; app.routes()", 1.35),
    "the authorizer": Program("import app; app.wired().access.authenticator", 1.35),
}

TIMED = """
import sys
sys.path[:0] = {folders}
import time
begun = time.process_time()
{program}
spent = time.process_time() - begun
import json
with open("/proc/self/status") as status:
    megabytes = next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
print(json.dumps([1000 * spent, len(sys.modules), megabytes]))
"""

ENVIRONMENT: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "SEDO_PREFIX": "sedo-dev",
}
"""As Lambda gives it; nothing is called."""


class Start(NamedTuple):
    """A cold start: milliseconds of CPU from the first line of the program on, and what there is then."""

    cpu_ms: float
    modules: int
    megabytes: float


def cold_start(harness: Harness, progress: Progress) -> Section:  # noqa: ARG001 - nothing is called
    """Tell what each program costs beside the floor."""
    return _section(typical(progress))


def typical(progress: Progress) -> Mapping[str, Start]:
    """Start every program many times, each in a process of its own that sees the package and what Lambda brings."""
    found: dict[str, list[Start]] = {name: [] for name in PROGRAMS}
    python, wheels = deployable(), Path(os.environ.get("SEDO_HOME", ".sedo")).resolve() / "wheels"
    with tempfile.TemporaryDirectory() as name:
        unpacked = lay_out(python, build(python, Path(name) / "project", wheels), Path(name))
        for run in range(RUNS):
            for title, program in PROGRAMS.items():
                progress.at(run, RUNS, title)
                found[title].append(_start(unpacked, program.code, of_boto3=title == FLOOR))
    return {title: _typical(starts) for title, starts in found.items()}


def _start(unpacked: Unpacked, program: str, *, of_boto3: bool) -> Start:
    folders = [str(unpacked.beside)] if of_boto3 else [str(unpacked.inside), str(unpacked.beside)]
    command = [unpacked.python, "-I", "-S", "-B", "-c", TIMED.format(folders=folders, program=program)]
    done = subprocess.run(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE, check=True)  # noqa: S603 - Python
    return Start(*json.loads(done.stdout))


def _typical(starts: Sequence[Start]) -> Start:
    return Start(median(start.cpu_ms for start in starts), starts[0].modules, starts[0].megabytes)


def _section(starts: Mapping[str, Start]) -> Section:
    floor = starts[FLOOR].cpu_ms
    times = {name: round(start.cpu_ms / floor, 2) for name, start in starts.items()}
    rows: Sequence[Sequence[Cell]] = [
        (name, start.cpu_ms, times[name], PROGRAMS[name].goal, start.modules) for name, start in starts.items()
    ]
    missed = [name for name, program in PROGRAMS.items() if program.goal and times[name] > program.goal]
    note = (
        "A process of its own each, with nothing on its path but the package, unpacked, and what Lambda brings along, "
        "both with bytecode; medians of CPU, taken in turns. "
        + (f"The goal is missed by {', '.join(missed)}." if missed else "All goals are met.")
    )
    results: dict[str, Json] = {"cold_start": {"floor_ms": round(floor, 1), **times}}
    return Section("What a cold start costs", ("function", "CPU ms", "times", "goal", "modules"), rows, note, results)
