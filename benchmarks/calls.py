"""What a retry, an event and a task cost, with the requests of the API that belong to them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from benchmarks.costs import together
from benchmarks.documents import order
from benchmarks.harness import CONTAINERS, TENANT, Harness
from benchmarks.loopback import serving
from benchmarks.metering import Usage
from benchmarks.pricing import Cost, cost, sleeping
from benchmarks.tables import Cell, Progress, Section
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.json import Json
from chalicelib.core.waits.task import Person, TaskFilter

INPUT = 1024
SAMPLES = 20

REST_DOLLARS = 3.5
"""Of a million requests to the REST API (Amazon API Gateway pricing)."""

COUNTED = (
    "dynamodb_requests",
    "queue_requests",
    "write_units",
    "read_units",
    "invocations",
    "cpu_seconds",
    "waits",
)
"""Of a usage."""

PERSON = Person("ada", frozenset(["clerks"]))


class Outlay(NamedTuple):
    """What something cost, the most it is to cost, and the requests of the API in it."""

    cost: Cost
    goal: float = float("inf")
    requests: float = 0
    sleeps: float = 0
    """Seconds that a function sleeps."""

    @property
    def dollars(self) -> float:
        """Of a million, the API included."""
        return self.cost.dollars + self._beside

    @property
    def dollars_counted(self) -> float:
        """The same, without the time that a function computes and waits for requests."""
        return self.cost.dollars_counted + self._beside

    @property
    def _beside(self) -> float:
        return self.requests * REST_DOLLARS + sleeping(self.sleeps)


def calls(harness: Harness, progress: Progress) -> Section:
    """Measure them."""
    rows: list[Sequence[Cell]] = []
    results: dict[str, Json] = {}
    for done, (name, each) in enumerate(measured(harness)):
        progress.at(done, 4, name)
        rows.append((name, each.cost.requests, each.cost.write_units, each.cost.read_units, each.dollars, each.goal))
        results[name] = {**each.cost.row, "dollars_per_million": round(each.dollars, 4), "goal": each.goal}
    columns = ("what", "requests", "write units", "read units", "$ per million", "goal")
    return Section("What retries, events and tasks cost", columns, rows, NOTE, {"calls_out": results})


def measured(harness: Harness, samples: int = SAMPLES, size: int = INPUT) -> Iterator[tuple[str, Outlay]]:
    """Measure one after the other, with inputs of so many bytes."""
    with serving() as server:
        for name, delivery in (("http step that fails twice", "at-least-once"), ("the same, only read", "repeatable")):
            definition = harness.define(flaky(server, delivery))
            harness.warm(definition, order(size, -1))
            runs = [harness.measured(definition, [order(size, seed)], 1) for seed in range(samples)]
            yield name, Outlay(cost(together(runs), samples), 7.0)
    yield "publish an event", Outlay(cost(events(harness, samples, size), samples), 6.0, requests=1)
    yield "open and complete a task", Outlay(cost(tasks(harness, samples, size), samples), 9.0, requests=1)


def flaky(server: str, delivery: str) -> Mapping[str, Json]:
    """Make a definition whose only step fails twice, and is tried again after a second."""
    policy: Json = {"errors": ["http.*"], "maxAttempts": 5, "intervalSeconds": 1, "jitter": "none", "backoffRate": 1}
    step: Json = {
        "id": "ask",
        "type": "http",
        "url": f"{server}/flaky/${{execution.id}}",
        "delivery": delivery,
        "retry": [policy],
    }
    return {"id": f"flaky-{delivery}", "steps": [step]}


def events(harness: Harness, samples: int, size: int) -> Usage:
    """Publish events for executions that wait for them; what waiting cost, and the message after it, are not in it."""
    step: Json = {"id": "paid", "type": "event", "name": "paid", "key": "${input.id}"}
    definition, answers = harness.define({"id": "events", "steps": [step]}), harness.api.routes.answers.callbacks
    values = [order(size, seed) for seed in range(samples)]
    for value in values:
        harness.start(definition, value)
    harness.drain()
    until = harness.clock.now() + timedelta(days=1)
    keys = [value["id"] for value in values if isinstance(value, dict)]

    def publish(number: int) -> None:
        answers.publish(
            TENANT, "paid", str(keys[number]), Signal(f"event-{number}", "paid", until, {"by": "card"}), named=False
        )

    usage = called(harness, publish, samples)
    harness.drain(samples)
    return usage


def tasks(harness: Harness, samples: int, size: int) -> Usage:
    """Open tasks, in containers that know the definition, and complete them."""
    step: Json = {"id": "ask", "type": "task", "title": "Check ${input.id}", "groups": ["clerks"]}
    definition, service = harness.define({"id": "tasks", "steps": [step]}), harness.api.routes.tasks.tasks
    _start(harness, definition, CONTAINERS, size)
    harness.drain(1)
    _start(harness, definition, samples, size)
    with harness.meter.counting() as opened:
        harness.drain(1)
    found = service.find(TENANT, TaskFilter(), samples, None)
    done = called(harness, lambda number: service.complete(TENANT, found[number].id, PERSON, {"ok": True}), samples)
    harness.drain(samples)
    return Usage(**{name: getattr(opened, name) + getattr(done, name) for name in COUNTED})


def _start(harness: Harness, definition: str, count: int, size: int) -> None:
    for seed in range(count):
        harness.start(definition, order(size, seed))


def called(harness: Harness, call: Callable[[int], object], samples: int) -> Usage:
    """Call the API so often, and count; each call is taken to have needed the CPU of the cheapest."""
    seconds = list[float]()
    with harness.meter.counting() as usage:
        for number in range(samples):
            with harness.meter.invocation():
                begun = harness.meter.cpu()
                call(number)
                seconds.append(harness.meter.cpu() - begun)
    usage.cpu_seconds += samples * min(seconds)
    return usage


NOTE = (
    "Of a whole execution, of one publish and of one task, with 1 KB of input and messages one by one. The requests to "
    f"the REST API, {REST_DOLLARS} dollars a million, are in the last two."
)
