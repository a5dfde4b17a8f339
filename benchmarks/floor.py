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
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from chalice.app import SQSEvent

import chalicelib
from app import batch
from benchmarks.harness import TENANT, AheadClock, BenchError, Delays, Harness, forget_clients
from benchmarks.loopback import serving
from benchmarks.replay import Bare, RecordedCall, recording
from benchmarks.shapes import Shape, shapes
from benchmarks.tables import Cell, Progress, Section
from chalicelib.adapters import clients
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import on_aws
from chalicelib.wiring.settings import Settings
from local.backend import ACCOUNT, REGION
from local.functions import Context
from local.lambda_events import sqs_event

if TYPE_CHECKING:
    from types import FrameType

    from mypy_boto3_sqs.type_defs import MessageTypeDef

LETTERS = ("A", "B", "C", "E")
BYTES = 1024
"""Of the input."""
BLOCKS = 60
"""Executions of each program; the cheapest counts."""
COUNTED = 3
"""Executions whose function calls are counted; the fewest count."""
TIMEOUT_SECONDS = 60
"""Of the function."""
CPU_GOAL = 1.5
CALLS_GOAL = 1.4
OWN = str(Path(chalicelib.__file__).parent)
"""What the names of the files begin with that hold the product's functions."""


Around: TypeAlias = Callable[[Callable[[], object]], None]
"""Calls a function, and measures it."""


class Spent(NamedTuple):
    """What an execution takes of this process: CPU, and calls of functions, of all threads."""

    seconds: float
    calls: int
    own: int
    """Of the calls, those of the product's functions, and of others right from these."""


class Ours:
    """The functions, with clients that nobody meters."""

    def __init__(self, harness: Harness) -> None:
        forget_clients()
        self._harness = harness
        self._clock = AheadClock()
        self._delays = Delays(clients.sqs())
        worker = on_aws(Settings.from_environment()).worker
        self._worker = copy_with(worker, dependencies=copy_with(worker.dependencies, clock=self._clock))

    def run(self, definition: str, value: Json, around: Around) -> str:
        """Run an execution to its end, one message at a time, and answer its id."""
        execution = self._harness.queued.routes.executions.service.execute(TENANT, definition, value)[0].id
        while self._deliver(around):
            pass
        self._clock.ahead = timedelta()
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
        self.own = 0

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

    def _called(self, frame: "FrameType", event: str, _argument: object) -> None:
        if event in {"call", "c_call"}:
            self.calls += 1
            self.own += frame.f_code.co_filename.startswith(OWN)


def floor(harness: Harness, progress: Progress) -> Section:
    """Compare the shapes."""
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    with serving() as server:
        every = shapes(server)
        bare = [Bare(harness, configured=configured) for configured in (False, True)]
        for done, letter in enumerate(LETTERS):
            progress.at(done, len(LETTERS), letter)
            ours, *least = compare(harness, bare, every[letter], server)
            cpu = [ours.seconds / each.seconds for each in least]
            functions = [ours.calls / each.calls for each in least]
            step_ms = 1000 * ours.seconds / every[letter].steps
            rows.append((f"{letter}: {every[letter].title}", step_ms, *cpu, ours.calls, *functions))
            results[letter] = {
                "cpu": round(cpu[0], 2),
                "calls": round(functions[0], 2),
                "cpu_of_same_clients": round(cpu[1], 2),
                "calls_of_same_clients": round(functions[1], 2),
            }
    columns = ("shape", "CPU ms", "times boto3", "same clients", "function calls", "times boto3", "same clients")
    return Section("CPU of a step beside bare calls", columns, rows, _note(results), {"cpu": results})


def compare(harness: Harness, bare: Sequence[Bare], shape: Shape, server: str, blocks: int = BLOCKS) -> Sequence[Spent]:
    """Tell what an execution of a shape takes of the functions, and of each program that makes its calls only."""
    ours, definition, seeds, others = Ours(harness), harness.define(shape.definition), count(), count()

    def run(around: Around) -> str:
        return ours.run(definition, shape.value(BYTES, next(seeds)), around)

    invocations: list[list[RecordedCall]] = []

    def record(work: Callable[[], object]) -> None:
        with recording(clients.dynamodb(), clients.sqs()) as calls:
            work()
        invocations.append(calls)

    run(Measure().time)
    execution = run(record)
    steps: Any = shape.definition["steps"]
    urls = [f"{server}/{step['id']}" for step in steps if step["type"] == "http"]

    def again(program: Bare, around: Around) -> None:
        other = f"{execution[:-8]}{next(others):08x}"
        for calls in invocations:
            ready = program.ready(calls, lambda text: text.replace(execution, other))
            program.poll()
            around(lambda: _make(program, ready, urls))  # noqa: B023 - it is called here, and only here

    programs: list[Callable[[Around], object]] = [run, *(partial(again, each) for each in bare)]
    for program in programs:
        program(Measure().time)
    seconds = [[_timed(program) for program in programs] for _ in range(blocks)]
    return [
        Spent(min(each), *_counted(program)) for each, program in zip(zip(*seconds, strict=True), programs, strict=True)
    ]


def _make(bare: Bare, calls: Sequence[RecordedCall], urls: Sequence[str]) -> None:
    bare.make(calls)
    for url in urls:
        _get(url)


def _timed(work: Callable[[Around], object]) -> float:
    measure = Measure()
    work(measure.time)
    return measure.seconds


def _counted(work: Callable[[Around], object]) -> tuple[int, int]:
    found = []
    for _ in range(COUNTED):
        measure = Measure()
        work(measure.count)
        found.append((measure.calls, measure.own))
    return min(found)


def _get(url: str) -> None:
    split = urlsplit(url)
    connection = HTTPConnection(split.netloc, timeout=30)
    connection.request("GET", split.path)
    connection.getresponse().read()
    connection.close()


def _note(results: Mapping[str, Any]) -> str:
    slow = [letter for letter, each in results.items() if each["cpu"] > CPU_GOAL]
    many = [letter for letter, each in results.items() if each["calls"] > CALLS_GOAL]
    return (
        f"CPU is of one step, function calls are of one execution; the cheapest of {BLOCKS} executions each, with 1 KB "
        f"of state and messages one by one. The goals are {CPU_GOAL} times the CPU of boto3 as it comes "
        f"({_listed(slow)}), and {CALLS_GOAL} times its function calls ({_listed(many)}). The same calls with clients "
        "configured as sedo's stand beside: they check no parameters and have a user agent of one word, which is part "
        "of what sedo saves."
    )


def _listed(missed: Sequence[str]) -> str:
    return f"missed by {' and '.join(missed)}" if missed else "met"
