"""``python -m benchmarks.flame docs/flame.svg``: a picture of where the processor's time goes, under load.

py-spy looks at the process that ``work`` runs, many times a second, at whoever holds the interpreter: what is below the
worker is drawn. Beneath the picture is what is sedo's own: what no client of AWS does.
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from html import escape
from itertools import count, dropwhile
from pathlib import Path
from typing import TypeAlias

import boto3
from botocore.config import Config

from benchmarks.harness import TENANT, forget_clients, running
from benchmarks.load import BYTES, STARTERS, driven, ended
from benchmarks.replay import THREADS
from benchmarks.shapes import shapes
from chalicelib.wiring.graph import wiring

Stack: TypeAlias = tuple[str, ...]
"""Functions, the outermost first: ``Worker.handle (chalicelib/engine/worker.py)``."""

ROOT = "(chalicelib/engine/worker.py)"
"""Of what is drawn: a batch, and each execution of it, which has a thread of its own."""
OURS = "(chalicelib/"
CLIENTS = ("(botocore/", "(urllib3/")
SHAPE = "B"
EXECUTIONS = 1_500
PER_SECOND = 1_000
LARGEST = 12
"""Of sedo's own functions, that are listed."""

WIDTH, ROW, EDGE = 1200, 17, 10
LETTER = 6.2
"""Pixels."""
NARROWEST = 0.7
"""Pixels of a box that is drawn."""
COLOURS = {OURS: "#f4a259", CLIENTS[0]: "#8cb4d9", CLIENTS[1]: "#b7cfe6"}
OTHERS = "#d9d9d9"
"""Of Python's own library."""


def main(arguments: Sequence[str]) -> int:
    """Draw the picture into the file that is named; with ``work`` and ministack's home, be what it is drawn of."""
    if arguments[0] == "work":
        work(Path(arguments[1]))
        return 0
    stacks = recorded(Path(os.environ.get("SEDO_HOME", ".sedo")))
    Path(arguments[0]).write_text(picture(stacks))
    for name, share in largest(stacks):
        print(f"{share:6.1%}  {name}")
    return 0


def work(home: Path) -> None:
    """Load the processor for a while."""
    shape, seeds = shapes("")[SHAPE], count()
    with tempfile.TemporaryDirectory() as folder, running(home, Path(folder)) as harness:
        definition = harness.define(shape.definition)
        forget_clients()
        routes, poller = wiring().routes, boto3.client("sqs", config=Config(max_pool_connections=THREADS))

        def start(_number: int) -> str:
            return routes.executions.service.execute(TENANT, definition, shape.value(BYTES, next(seeds)))[0].id

        with driven(harness, poller), ThreadPoolExecutor(STARTERS) as starters:
            ended(harness, list(starters.map(start, range(EXECUTIONS))))


def recorded(home: Path) -> Mapping[Stack, int]:
    """Have py-spy look at a process that works; answer how often it saw which stack below the worker."""
    with tempfile.NamedTemporaryFile() as file:
        spy = [str(Path(sys.executable).with_name("py-spy")), "record", "--format", "raw", "--gil", "--nolineno"]
        how = ["--rate", str(PER_SECOND), "--output", file.name, "--"]
        subprocess.run(  # noqa: S603 - it is Python
            [*spy, *how, sys.executable, "-m", "benchmarks.flame", "work", str(home)],
            check=True,
            capture_output=True,
        )
        return below(Path(file.name).read_text(), ROOT)


def below(folded: str, root: str) -> Mapping[Stack, int]:
    """Read lines ``outer;inner 12``; of each stack keep what begins in a module."""
    stacks: Counter[Stack] = Counter()
    for line in folded.splitlines():
        names, _, seen = line.rpartition(" ")
        stack = tuple(dropwhile(lambda name: not name.endswith(root), names.split(";")))
        if stack:
            stacks[stack] += int(seen)
    return stacks


def largest(stacks: Mapping[Stack, int]) -> Sequence[tuple[str, float]]:
    """Find which of sedo's functions take most, with what they call of Python's library, and which share of all."""
    own: Counter[str] = Counter()
    for stack, seen in stacks.items():
        if not any(part in name for name in stack for part in CLIENTS):
            own[[name for name in stack if OURS in name][-1]] += seen
    total = sum(stacks.values())
    return [(name, seen / total) for name, seen in own.most_common(LARGEST)]


@dataclass(slots=True)
class Box:
    """A function, as often as it was seen in one place, and what it called."""

    seen: int = 0
    inner: "dict[str, Box]" = field(default_factory=dict)

    def add(self, stack: Stack, seen: int) -> None:
        """Count a stack."""
        self.seen += seen
        if stack:
            self.inner.setdefault(stack[0], Box()).add(stack[1:], seen)


def picture(stacks: Mapping[Stack, int]) -> str:
    """Draw stacks, the outermost function at the top, as wide as its share."""
    whole = Box()
    for stack, seen in sorted(stacks.items()):
        whole.add(stack, seen)
    scale = (WIDTH - 2 * EDGE) / max(1, whole.seen)
    boxes = list(_boxes(whole, EDGE, 0, scale))
    height = 2 * EDGE + ROW * (1 + max((row for row, _ in boxes), default=0))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="monospace" '
        'font-size="10"><title>The processor under load: orange is sedo, blue the clients of AWS</title>'
    )
    return "\n".join([head, *(text for _, text in boxes), "</svg>", ""])


def _boxes(box: Box, left: float, row: int, scale: float) -> Iterator[tuple[int, str]]:
    for name, inner in box.inner.items():
        width = inner.seen * scale
        if width >= NARROWEST:
            yield row, _drawn(name, left, row, width)
            yield from _boxes(inner, left, row + 1, scale)
        left += width


def _drawn(name: str, left: float, row: int, width: float) -> str:
    colour = next((colour for part, colour in COLOURS.items() if part in name), OTHERS)
    top, letters = EDGE + row * ROW, int((width - 4) / LETTER)
    share = f"{width / (WIDTH - 2 * EDGE):.1%}"
    shown = name.partition(" ")[0].rpartition("<locals>.")[2][:letters] if letters > 2 else ""  # noqa: PLR2004 - one or two tell nothing
    text = f'<text x="{left + 2:.1f}" y="{top + 12}">{escape(shown)}</text>' if shown else ""
    return (
        f'<g><title>{escape(name)}: {share}</title><rect x="{left:.1f}" y="{top}" width="{width:.1f}" '
        f'height="{ROW - 1}" fill="{colour}"/>{text}</g>'
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
