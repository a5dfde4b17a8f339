"""The CPU of a step, beside that of a program that makes the same calls of AWS with bare boto3, and does nothing else.

The calls that the functions make for one execution are recorded as botocore gets them, and made again: under the id of
another execution, so that every condition holds, and to a queue that nobody reads. Both programs run in turns, an
execution each, in one process; ministack is another one, and its time is not in it. For steps that make requests, the
floor makes bare requests too.
"""

import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http.client import HTTPConnection
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from chalice.app import SQSEvent

from app import batch
from benchmarks.harness import TENANT, AheadClock, BenchError, Delays, Harness
from benchmarks.loopback import serving
from benchmarks.replay import Bare, Call, forget_clients, recording
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Cell, Progress, Section
from chalicelib.adapters import clients
from chalicelib.core.model import State
from chalicelib.core.values import Json
from chalicelib.wiring import on_aws
from local.backend import ACCOUNT, REGION
from local.functions import Context
from local.lambda_events import sqs_event

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

LETTERS = ("A", "B", "C", "E")
BYTES = 1024
"""Of the input."""
BLOCKS = 30
"""Executions of each program; the cheapest counts."""
COUNTED = 3
"""Executions whose function calls are counted; the fewest count."""
TIMEOUT_SECONDS = 60
"""Of the function."""
CPU_GOAL = 1.5
CALLS_GOAL = 1.4


Around: TypeAlias = Callable[[Callable[[], object]], None]
"""Calls a function, and measures it."""


class Spent(NamedTuple):
    """What an execution takes of this process: CPU, and calls of functions, of all threads."""

    seconds: float
    calls: int


class Ours:
    """The functions, with clients that nobody meters."""

    def __init__(self, harness: Harness) -> None:
        forget_clients()
        self._harness = harness
        self._clock = AheadClock()
        self._delays = Delays(clients.sqs())
        worker = on_aws().worker
        self._worker = replace(worker, ports=replace(worker.ports, clock=self._clock))

    def run(self, definition: str, value: Json, around: Around) -> str:
        """Run an execution to its end, one message at a time, and answer its id."""
        execution = self._harness.api.api.service.execute(TENANT, definition, value)[0].id
        while self._deliver(around):
            pass
        if (ended := self._harness.read(execution)).state is not State.SUCCEEDED:
            raise BenchError(f"{execution} is {ended.state.value}: {ended.error}")
        return execution

    def _deliver(self, around: Around) -> bool:
        names = self._harness.names
        for queue in (names.work, names.timers):
            if messages := self._harness.poller.receive(queue, 1):
                self._handle(queue, messages, around)
                return True
        return False

    def _handle(self, queue: str, messages: "Sequence[MessageTypeDef]", around: Around) -> None:
        self._clock.ahead += max(self._delays.of(message["Body"]) for message in messages)
        event = sqs_event(messages, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}")
        context: Any = Context("bench", 0, TIMEOUT_SECONDS)
        given = batch(SQSEvent(event, context))
        around(lambda: self._worker.handle(*given))
        self._harness.poller.delete(queue, messages)


class Measure:
    """Adds up what calls take."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.calls = 0

    def time(self, work: Callable[[], object]) -> None:
        """Take the CPU of the process."""
        begun = time.process_time()
        work()
        self.seconds += time.process_time() - begun

    def count(self, work: Callable[[], object]) -> None:
        """Count the calls of functions, Python's and built in, of this thread and those that it starts."""
        threading.setprofile(self._called)
        sys.setprofile(self._called)
        try:
            work()
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _called(self, _frame: object, event: str, _argument: object) -> None:
        self.calls += event in {"call", "c_call"}


def floor(harness: Harness, progress: Progress) -> Section:
    """Compare the shapes."""
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    with serving() as server:
        every = shapes(server)
        bare = Bare(harness)
        for done, letter in enumerate(LETTERS):
            progress.at(done, len(LETTERS), letter)
            calls, ours, least = _compare(harness, bare, every[letter], server)
            cpu, functions = ours.seconds / least.seconds, ours.calls / least.calls
            per_step = [1000 * each.seconds / every[letter].steps for each in (ours, least)]
            title = f"{letter}: {every[letter].title}"
            rows.append((title, calls, *per_step, cpu, ours.calls, least.calls, functions))
            results[letter] = {"cpu": round(cpu, 2), "calls": round(functions, 2)}
    columns = ("shape", "AWS calls", "CPU ms", "floor", "times", "function calls", "floor", "times")
    return Section("CPU of a step beside bare boto3", columns, rows, _note(results), {"floor": results})


def _compare(harness: Harness, bare: Bare, shape: Shape, server: str) -> tuple[int, Spent, Spent]:
    ours, definition, seeds, others = Ours(harness), harness.define(shape.definition), count(), count()

    def run(around: Around) -> str:
        return ours.run(definition, shape.value(BYTES, next(seeds)), around)

    invocations: list[list[Call]] = []

    def record(work: Callable[[], object]) -> None:
        with recording(clients.dynamodb(), clients.sqs()) as calls:
            work()
        invocations.append(calls)

    run(Measure().time)
    execution = run(record)
    steps: Any = shape.definition["steps"]
    urls = [f"{server}/{step['id']}" for step in steps if step["type"] == "http"]

    def again(around: Around) -> None:
        other = f"{execution[:-8]}{next(others):08x}"
        for calls in invocations:
            ready = bare.ready(calls, lambda text: text.replace(execution, other))
            bare.poll()
            around(lambda: _make(bare, ready, urls))  # noqa: B023 - it is called here, and only here

    again(Measure().time)
    mine, least = [], []
    for _ in range(BLOCKS):
        mine.append(_timed(run))
        least.append(_timed(again))
    return sum(map(len, invocations)), Spent(min(mine), _counted(run)), Spent(min(least), _counted(again))


def _make(bare: Bare, calls: Sequence[Call], urls: Sequence[str]) -> None:
    bare.make(calls)
    for url in urls:
        _get(url)


def _timed(work: Callable[[Around], object]) -> float:
    measure = Measure()
    work(measure.time)
    return measure.seconds


def _counted(work: Callable[[Around], object]) -> int:
    found = []
    for _ in range(COUNTED):
        measure = Measure()
        work(measure.count)
        found.append(measure.calls)
    return min(found)


def _get(url: str) -> None:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.netloc, timeout=30)
    connection.request("GET", parts.path)
    connection.getresponse().read()
    connection.close()


def _note(results: Mapping[str, Any]) -> str:
    worst = {name: max(each[name] for each in results.values()) for name in ("cpu", "calls")}
    met = worst["cpu"] <= CPU_GOAL and worst["calls"] <= CALLS_GOAL
    return (
        f"CPU is of one step, function calls are of one execution; the cheapest of {BLOCKS} executions each. The goals "
        f"are {CPU_GOAL} times the CPU of the floor and {CALLS_GOAL} times its function calls: "
        f"{'met' if met else 'missed'}."
    )
