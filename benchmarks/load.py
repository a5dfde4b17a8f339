"""How much sedo does on this machine, and how fast, driven as ``make run`` drives it: all in threads of one process.

Throughput is measured with executions that are started as fast as the API takes them. Right after that, plain boto3
makes the same calls again from as many threads, which is as much as ministack and Python can do: the ceiling. Latency
is measured with executions that are started at a third of that pace, from the start to the end as they are written, and
beside it how long a message of plain boto3 is on its way.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from statistics import median, quantiles
from typing import TYPE_CHECKING, NamedTuple

import boto3
from botocore.config import Config

from app import app
from benchmarks.harness import TENANT, BenchError, Harness, forget_clients
from benchmarks.replay import THREADS, Bare, RecordedCall, recording
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Cell, Progress, Section
from chalicelib.adapters import clients
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from local.arrivals import Arrivals
from local.environment import chalice_config
from local.functions import Function
from local.queues import CONCURRENCY, QueueDriver

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

WAITS: Mapping[str, timedelta] = {"A": timedelta(), "B": timedelta(seconds=1)}
"""The shapes, and how long one waits: latency is without that. A is handled once, B has one hop more."""
BYTES = 1024
"""Of the input."""
EXECUTIONS = 300
STARTERS = 2
WORKERS = STARTERS + 2 * CONCURRENCY
"""Threads that make calls."""
ROUNDS = 2
"""How often the ceiling makes the calls of all executions."""
TOGETHER = 20
"""Calls that a thread of the ceiling makes one after the other."""
PACED_SECONDS = 8
PACE = 1 / 3
"""Of the throughput."""
HOPS = 15
ENDS_WITHIN = 60
"""Seconds, before something is wrong."""
LOOK_SECONDS = 0.1

_SUFFIX = re.compile(rf"({TENANT}:[a-z0-9-]+:)([0-9a-f]{{8}})")


class MeasuredPace(NamedTuple):
    """What a shape came to: executions per second, the same of the ceiling, calls of an execution, and latencies."""

    executions: float
    ceiling: float
    calls: float
    latencies: Sequence[timedelta]
    hop: float
    """Seconds from a bare send to a bare receive that waits for it: the middle of :data:`HOPS`."""


def load(harness: Harness, progress: Progress) -> Section:
    """Measure the shapes."""
    every, rows, results = shapes(""), [], {}
    for done, (letter, waits) in enumerate(WAITS.items()):
        progress.at(done, len(WAITS), letter)
        row, results[letter] = _row(every[letter], _measured(harness, every[letter], waits))
        rows.append(row)
    columns = ("shape", "executions/s", "steps/s", "ceiling", "share", "calls", "p50 ms", "p90 ms", "p99 ms", "a hop")
    return Section("Load on this machine", columns, rows, NOTE, {"load": results})


def _measured(harness: Harness, shape: Shape, waits: timedelta) -> MeasuredPace:
    definition, seeds = harness.define(shape.definition), count()
    forget_clients()
    routes, poller = wiring().routes, boto3.client("sqs", config=Config(max_pool_connections=THREADS))

    def start(_number: int) -> str:
        return routes.executions.service.execute(TENANT, definition, shape.value(BYTES, next(seeds)))[0].id

    with driven(harness, poller):
        ended(harness, [start(0)])
        with (
            recording(clients.dynamodb(), clients.sqs(), poller) as calls,
            ThreadPoolExecutor(STARTERS) as starters,
        ):
            first = ended(harness, list(starters.map(start, range(EXECUTIONS))))
        pace = EXECUTIONS / (_length(first) - waits).total_seconds()
        paced = ended(harness, list(_paced(start, pace * PACE)))
    latencies = [_length([execution]) - waits for execution in paced]
    bare = Bare(harness)
    ceiling = _ceiling(bare, calls) * EXECUTIONS / len(calls)
    return MeasuredPace(pace, ceiling, len(calls) / EXECUTIONS, latencies, median(bare.hop() for _ in range(HOPS)))


@contextmanager
def driven(harness: Harness, poller: "SQSClient") -> Iterator[None]:
    """Let both queues drive their functions for the length of a ``with`` block."""
    config, stop = chalice_config(Path(__file__).parents[1]), threading.Event()
    functions = {harness.names.work: "on_sqs_message", harness.names.timers: "on_timer_message"}
    arrivals = Arrivals(clients.sqs())
    drivers = [
        QueueDriver(poller, queue, Function(app, name, config), 10, arrivals, 1) for queue, name in functions.items()
    ]
    threads = [threading.Thread(target=driver.run, args=(stop,)) for driver in drivers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def ended(harness: Harness, started: Sequence[str]) -> Sequence[Execution]:
    """Wait for executions, the last one first, and answer them.

    Raises:
        BenchError: one has not succeeded in time.
    """
    until, found = time.monotonic() + ENDS_WITHIN, []
    for name in reversed(started):
        while not (execution := harness.read(name)).ended and time.monotonic() < until:
            time.sleep(LOOK_SECONDS)
        if execution.state is not State.SUCCEEDED:
            raise BenchError(f"{name} is {execution.state.value}: {execution.error}")
        found.append(execution)
    return found


def _paced(start: Callable[[int], str], per_second: float) -> Iterator[str]:
    """Start executions one after the other, at this pace."""
    begun = time.monotonic()
    for number in range(int(PACED_SECONDS * per_second)):
        time.sleep(max(0.0, begun + number / per_second - time.monotonic()))
        yield start(number)


def _length(found: Sequence[Execution]) -> timedelta:
    """Tell how long it was from the first start to the last end."""
    return max(each.ended_at or each.started_at for each in found) - min(each.started_at for each in found)


def _ceiling(bare: Bare, recorded: Sequence[RecordedCall]) -> float:
    """Make the recorded calls, each time as those of other executions, from as many threads; tell how many a second."""
    ready = [_as_others(bare, call, number) for number in range(1, ROUNDS + 1) for call in recorded]
    chunks = [ready[start : start + TOGETHER] for start in range(0, len(ready), TOGETHER)]
    begun = time.monotonic()
    with ThreadPoolExecutor(WORKERS) as workers:
        list(workers.map(lambda chunk: bare.make(chunk, in_order=False), chunks))
    return len(ready) / (time.monotonic() - begun)


def _as_others(bare: Bare, call: RecordedCall, number: int) -> RecordedCall:
    moved = bare.ready([call], lambda text: _SUFFIX.sub(lambda found: f"{found[1]}{_moved(found[2], number)}", text))[0]
    at_once = {"WaitTimeSeconds": 0} if "WaitTimeSeconds" in moved.params else {}
    return moved._replace(params={**moved.params, **at_once})


def _moved(suffix: str, number: int) -> str:
    return f"{(int(suffix, 16) + number) % 2**32:08x}"


def _row(shape: Shape, pace: MeasuredPace) -> tuple[Sequence[Cell], Json]:
    marks = quantiles([each.total_seconds() * 1000 for each in pace.latencies], n=100)
    p50, p90, p99 = (round(marks[percent - 1]) for percent in (50, 90, 99))
    share = pace.executions / pace.ceiling
    row = (
        f"{shape.letter}: {shape.title}",
        pace.executions,
        pace.executions * shape.steps,
        pace.ceiling,
        share,
        pace.calls,
        p50,
        p90,
        p99,
        round(1000 * pace.hop),
    )
    found: Json = {
        "executionsPerSecond": round(pace.executions, 1),
        "ceiling": round(pace.ceiling, 1),
        "share": round(share, 2),
        "latencyMs": {"p50": p50, "p90": p90, "p99": p99, "bareHop": round(1000 * pace.hop)},
    }
    return row, found


NOTE = (
    "The ceiling is how many executions per second plain boto3 does that makes the same calls and nothing else; calls "
    "are of AWS, for one execution, those of the API and of the poller too. Latency is from the start of an execution "
    "to its end, the second that B waits left out: A is handled once, B twice. A hop is what ministack takes from the "
    "send of a message to its receive, both with plain boto3, in milliseconds."
)
