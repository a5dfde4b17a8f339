"""What a start among 25 in a request, a long wait, a callback, and reading an execution cost, the API included."""

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.calls import Outlay, called
from benchmarks.costs import together
from benchmarks.documents import order
from benchmarks.harness import CONTAINERS, TENANT, BenchError, Harness
from benchmarks.metering import Usage
from benchmarks.pricing import Cost, cost
from benchmarks.shapes import shapes
from chalicelib.core.executions.inputs import CallbackSucceeded
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.executions.waiting import ChildJoin
from chalicelib.core.records.shown import fitting
from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import DueSweep

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

ASKS: "Json" = {"id": "ask", "type": "callback"}

BULK = 25
"""Starts in a request."""

NEW = 1_000
"""The first seed of inputs that nobody else starts with: what is written is not written again."""

LONG, ARMED = timedelta(minutes=30), timedelta(minutes=10)
"""A long wait, and how long before its end the schedule looks at it."""


def measured(harness: Harness, samples: int, size: int) -> Iterator[tuple[str, Outlay]]:
    """Measure one after the other, with inputs of so many bytes."""
    yield "ten immediate steps, one of 25 starts", Outlay(bulk(harness, size), requests=1 / BULK)
    yield "a wait of half an hour, start included", Outlay(long_waits(harness, samples, size), requests=1)
    yield "wait for a callback, and answer it, start included", Outlay(callbacks(harness, samples, size), requests=2)
    yield "a child that waits for a callback, and its parent", Outlay(waiting_children(harness, samples, size))
    yield "reading an execution that waits", Outlay(reading(harness, samples, size), requests=1)


def bulk(harness: Harness, size: int) -> Cost:
    """Measure a start of many in one request; each ends where it is started."""
    definition = harness.define(shapes("")["A"].definition)
    harness.execute(definition, None)
    values = [order(size, seed) for seed in range(BULK)]
    with harness.meter.counting() as usage, harness.meter.invocation():
        states = harness.api.services.start_batches.start(
            values,
            lambda service, value: service.execute(TENANT, definition, value)[0].state if service is not None else None,
        )
    if states != [State.SUCCEEDED] * BULK:
        raise BenchError(f"of those in bulk some are {states}")
    return cost(usage, BULK)


def long_waits(harness: Harness, samples: int, size: int) -> Cost:
    """Measure executions that wait for half an hour; what the schedule takes to find nothing is not in it."""
    definition = _resting(harness)
    _armed(harness)  # what others have left
    with harness.meter.counting() as empty:
        _armed(harness)
    with harness.meter.counting() as usage:
        started = [harness.execute(definition, order(size, seed)).id for seed in range(BULK, BULK + samples)]
        _armed(harness)
    if {harness.read(each).state for each in started} != {State.SUCCEEDED}:
        raise BenchError("a wait did not end")
    return cost(usage.without(empty), samples)


def reading(harness: Harness, samples: int, size: int) -> Cost:
    """Measure the reading of executions that wait, as a caller polls them."""
    definition, service = _resting(harness), harness.api.services.executions
    started = [harness.execute(definition, order(size, seed)).id for seed in range(samples)]
    usage = called(harness, lambda number: service.read_outline(TENANT, started[number], fitting), samples)
    for each in started:
        service.cancel(TENANT, each)
    harness.drain()
    return cost(together([usage]), samples)


def callbacks(harness: Harness, samples: int, size: int) -> Cost:
    """Measure executions whose only step waits for a callback, and who answers with the token that the start tells."""
    definition = harness.define({"id": "callbacks", "steps": [ASKS]})
    _answer(harness, harness.execute(definition, None))
    with harness.meter.counting() as usage:
        for seed in range(NEW, NEW + samples):
            started = harness.execute(definition, order(size, seed))
            harness.drain(1)
            _answer(harness, started)
    return cost(usage, samples)


def waiting_children(harness: Harness, samples: int, size: int) -> Cost:
    """Measure executions, but for their starts, whose only step starts a child execution that waits for a callback."""
    sub: Json = {
        "id": "sub",
        "type": "workflow",
        "definition": harness.define({"id": "waiting-child", "steps": [ASKS]}),
    }
    definition = harness.define({"id": "asked", "steps": [sub]})
    runs = list[Usage]()
    for seed in range(-CONTAINERS, samples):
        parent = harness.start(definition, order(size, seed))
        with harness.meter.counting() as begun:
            harness.drain(1)
        (join,) = (thread.join for thread in harness.read(parent).threads.values())
        child = harness.read(join.execution if isinstance(join, ChildJoin) else "")
        with harness.meter.counting() as ended:
            _answer(harness, child)
            harness.drain(1)
        runs += [begun, ended]
        if harness.read(parent).state is not State.SUCCEEDED:
            raise BenchError(f"{parent} did not end")
    return cost(together(runs[2 * CONTAINERS :]), samples)


def _answer(harness: Harness, execution: Execution) -> None:
    """Answer a callback, as the function of the API does."""
    (thread,) = execution.threads.values()
    with harness.meter.invocation():
        if not harness.api.services.answer(execution.id, CallbackSucceeded(thread.id, thread.visit, {"by": "card"})):
            raise BenchError("nobody waits for the callback")


def _resting(harness: Harness) -> str:
    rest: Json = {"id": "rest", "type": "wait", "seconds": LONG.total_seconds()}
    definition = harness.define({"id": "resting", "steps": [rest]})
    harness.api.services.executions.cancel(TENANT, harness.execute(definition, None).id)
    harness.drain()
    return definition


def _armed(harness: Harness) -> None:
    """Let the schedule look at what is due some minutes before the end of a wait, and deliver what it sends."""
    harness.clock.ahead = LONG - ARMED
    dependencies = copy_with(harness.queued.dependencies, clock=harness.clock)
    DueSweep(dependencies, f"sweep-{harness.clock.now()}", harness.clock.now() + LONG).run()
    while harness.deliver(1):
        pass
    harness.clock.ahead = timedelta()
