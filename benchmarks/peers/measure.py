"""What is measured of an engine: how long executions take, and the CPU of all its processes."""

import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import IO, NamedTuple, cast

from benchmarks.peers.installed import Engine, NotHereError
from local.backend import Backend

TICKS = os.sysconf("SC_CLK_TCK")


class EngineTimes(NamedTuple):
    """What an engine came to, of one shape: seconds of each execution, and CPU seconds of all of them."""

    seconds: list[float]
    cpu: list[float]

    def numbers(self, steps: int) -> tuple[float, float, float, float]:
        """Tell steps per second, p50 and p95 in milliseconds, and milliseconds of CPU per step."""
        middle = median(self.seconds)
        late = quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else middle
        return steps / middle, 1000 * middle, 1000 * late, 1000 * sum(self.cpu) / len(self.cpu) / steps


class Running:
    """An engine that runs."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def answer(self, seconds: float) -> Mapping[str, object]:
        """Wait for the next line.

        Raises:
            NotHereError: it has ended, or takes longer.
        """
        answers = cast("IO[str]", self._process.stdout)
        if not select.select([answers], [], [], seconds)[0]:
            raise NotHereError(f"it took more than {seconds:.0f} s")
        line = answers.readline()
        if not line:
            raise NotHereError("it has ended by itself")
        found: Mapping[str, object] = json.loads(line)
        if "error" in found:
            raise NotHereError(str(found["error"]))
        return found

    def run(self, shape: str, steps: int, seconds: float) -> tuple[float, float]:
        """Run one execution: its seconds, and the CPU that it took with what comes right after it.

        Raises:
            NotHereError: it has failed.
        """
        before, begun = self._cpu(), time.monotonic()
        asked = cast("IO[str]", self._process.stdin)
        asked.write(f"{shape} {steps}\n")
        asked.flush()
        found = self.answer(seconds)
        time.sleep(min(0.2, (time.monotonic() - begun) / 4))  # for what is still to be deleted or written
        return cast("float", found["seconds"]), self._cpu() - before

    def _cpu(self) -> float:
        """Sum up the CPU of the process and of those below it."""
        parents, ticks = {}, {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # it has ended
                continue
            parents[int(folder.name)] = int(fields[1])
            ticks[int(folder.name)] = sum(map(int, fields[11:13]))
        family = {self._process.pid}
        while more := {each for each, parent in parents.items() if parent in family} - family:
            family |= more
        return sum(ticks.get(each, 0) for each in family) / TICKS


@contextmanager
def running(engine: Engine, log: Path) -> Iterator[Running]:
    """Start an engine, and end it by the end of its input.

    Raises:
        NotHereError: it does not start.
    """
    with (
        log.open("w") as errors,
        subprocess.Popen(  # noqa: S603 - ours
            engine.command,
            env=engine.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        found = Running(process)
        try:
            found.answer(Backend.START_SECONDS)
            yield found
        finally:
            cast("IO[str]", process.stdin).close()
            try:
                process.wait(Backend.START_SECONDS)
            except subprocess.TimeoutExpired:
                process.terminate()
