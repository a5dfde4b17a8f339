"""``python -m benchmarks peers``: run the same shapes on sedo and on other engines, in turns, and print tables.

What they need is installed into environments of their own under ``SEDO_HOME/peers``. They all listen on 127.0.0.1.
"""

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.loopback import serving
from benchmarks.peers.installed import SQLITE, Engine, NotHereError, engines, postgres, python
from benchmarks.peers.measure import EngineTimes, Running, running
from benchmarks.tables import Cell, Section

SHAPES: Sequence[tuple[str, str, int, int]] = (
    ("ten echoes", "echo", 10, 20),
    ("ten http steps", "http", 10, 20),
    ("a fan-out of 100", "fan-out", 100, 5),
    ("a fan-out of 1,000", "fan-out", 1000, 3),
)
"""Title, shape, steps, and how many executions are measured, after one that is not."""

ASKED = {(shape, steps) for _, shape, steps, _ in SHAPES}

MOST_SECONDS = 60
"""An execution may take; a larger shape is not run where the smaller one says that it would take longer."""


def compare(write: Callable[[Section], str]) -> None:
    """Measure, and print each table as soon as it is known."""
    home = Path(os.environ.get("SEDO_HOME", ".sedo")).resolve()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        server = stack.enter_context(serving())
        found = dict(engines(home, folder, server))
        found["DBOS, PostgreSQL"] = _over_postgres(stack, home, folder, found)
        alive, gone = _started(stack, found, folder)
        for title, shape, steps, times in SHAPES:
            print(write(section(title, steps, measured(alive, gone, shape, steps, times), gone)), flush=True)


def _over_postgres(
    stack: ExitStack, home: Path, folder: Path, found: Mapping[str, Engine | NotHereError]
) -> Engine | NotHereError:
    try:
        (folder / "postgres").mkdir()
        url = stack.enter_context(postgres(folder / "postgres"))
        sqlite = found[SQLITE]
        if isinstance(sqlite, NotHereError):
            return sqlite
        return Engine([str(python(home)), *sqlite.command[1:-1], url], sqlite.environment)
    except NotHereError as error:
        return error


def _started(
    stack: ExitStack, found: Mapping[str, Engine | NotHereError], folder: Path
) -> tuple[dict[str, Running], dict[str, str]]:
    """Start what can be started; and say of the others why not."""
    alive: dict[str, Running] = {}
    gone: dict[str, str] = {}
    for name, engine in found.items():
        try:
            if isinstance(engine, NotHereError):
                raise engine
            alive[name] = stack.enter_context(running(engine, folder / f"{len(alive)}.log"))
        except NotHereError as error:
            gone[name] = str(error)
    return alive, gone


def measured(
    alive: Mapping[str, Running], gone: dict[str, str], shape: str, steps: int, times: int
) -> Mapping[str, EngineTimes]:
    """Run a shape on all of them, in turns; who fails is not asked again, and it is said why."""
    found = {name: EngineTimes([], []) for name in alive}
    for turn in range(times + 1):
        for name, engine in alive.items():
            if f"{name} {shape} {steps}" in gone or name in gone:
                continue
            try:
                seconds, cpu = engine.run(shape, steps, MOST_SECONDS)
            except NotHereError as error:
                late = "it took more" in str(error)  # and still runs
                gone[name if late or "ended" in str(error) else f"{name} {shape} {steps}"] = str(error)
                continue
            if turn:
                found[name].seconds.append(seconds)
                found[name].cpu.append(cpu)
            elif (shape, larger := 10 * steps) in ASKED and 10 * seconds > MOST_SECONDS:
                gone[f"{name} {shape} {larger}"] = f"{steps} took {seconds:.0f} s"
    return found


def section(title: str, steps: int, found: Mapping[str, EngineTimes], gone: Mapping[str, str]) -> Section:
    """Make the table of a shape, with ratios to the first engine."""
    numbers = {name: each.numbers(steps) for name, each in found.items() if each.seconds}
    rate, *_, cpu = numbers.get(next(iter(found)), (0.0, 0.0))
    rows: list[Sequence[Cell]] = [
        (name, *each, each[0] / rate if rate else None, each[3] / cpu if cpu else None)
        for name, each in numbers.items()
    ]
    why = [f"{name}: {reason[:150]}" for name, reason in gone.items()]
    columns = ("engine", "steps/s", "p50 ms", "p95 ms", "CPU ms a step", "rate to sedo", "CPU to sedo")
    return Section(title, columns, rows, f"Not run: {'; '.join(why)}." if why else "")
