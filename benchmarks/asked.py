"""What requests to the API cost, made as a caller makes them, and what a schedule starts."""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

from chalice.test import Client

from app import app
from benchmarks.calls import Outlay, called
from benchmarks.documents import order
from benchmarks.harness import TENANT, BenchError, Harness
from benchmarks.metering import Usage
from benchmarks.pricing import Cost, cost
from benchmarks.shapes import shapes
from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.schedules import DynamoSchedules
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.records.shown import fitting
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import ScheduleContent, new_schedule
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.end_watch import EndWatch
from chalicelib.usecases.schedule_sweep import send_due

HTTP_API = 1 / 3.5
"""What a request to an HTTP API costs, as a part of one to a REST API."""

HEADERS = {"Content-Type": "application/json", "X-Sedo-User": "ada", "X-Sedo-Groups": "clerks"}

PAGE = 50
"""Of a list."""

WAITED, ENDS = 25, 0.1
"""Seconds that somebody waits for an end at most, and after which it comes."""

TASK: Json = {"id": "ask", "type": "task", "title": "Check ${input.id}", "groups": ["clerks"]}
PAGES: Sequence[tuple[Json, Mapping[str, str]]] = (
    ({"id": "only", "type": "succeed"}, {f"list {PAGE} executions that ended at once": "/executions"}),
    ({"id": "rest", "type": "wait", "seconds": 86400}, {f"list {PAGE} executions that live": "/executions"}),
    (TASK, {f"list {PAGE} tasks": "/tasks", f"list {PAGE} tasks of a group (`mine=true`)": "/tasks?mine=true"}),
)
"""What is listed, by its only step, and by title where the lists are."""


OTHERS = 1_000
"""The first seed of inputs that no function has seen."""


class Caller:
    """Whoever calls the function of the API for a tenant."""

    def __init__(self, tenant: str = TENANT) -> None:
        self._http = Client(app, "bench", str(Path(__file__).parents[1])).http
        self._tenant = tenant

    def ask(self, method: str, path: str, body: Json = None, **headers: str) -> Any:  # noqa: ANN401 - JSON
        """Answer what the API does, for a path of the tenant.

        Raises:
            BenchError: it refused.
        """
        place = path if path.startswith("/callbacks") else f"/tenants/{self._tenant}{path}"
        given = b"" if body is None else encode(body)
        answer = self._http.request(method, f"/sedo{place}", headers=HEADERS | headers, body=given)
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise BenchError(f"{method} {place}: {answer.body!r}")
        return answer.json_body if answer.body else None

    def define(self, name: str, steps: Json) -> None:
        """Create a definition, and start it once: what the function then knows is not counted."""
        self.ask("POST", "/definitions", {"id": name, "steps": steps})
        self.start(name, order(1024, -1))

    def start(self, definition: str, value: Json, name: str | None = None, **headers: str) -> str:
        """Start an execution, and answer its id."""
        body = {"input": value} | ({} if name is None else {"name": name})
        return str(self.ask("POST", f"/definitions/{definition}/execute", body, **headers)["id"])


class Sleeper:
    """A clock on which nothing but sleep takes time; after some seconds something happens."""

    def __init__(self, after: float, happens: Callable[[], None]) -> None:
        self.slept = 0.0
        self._after, self._happens = after, happens

    def now(self) -> datetime:
        """Tell the instant."""
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.slept)

    def sleep(self, seconds: float) -> None:
        """Let so many seconds go by."""
        if self.slept < self._after <= self.slept + seconds:
            self._happens()
        self.slept += seconds


def measured(harness: Harness, samples: int, size: int) -> Iterator[tuple[str, Outlay]]:
    """Measure one after the other, with inputs of so many bytes."""
    yield from starts(harness, samples, size)
    yield "ten immediate steps, started by a schedule", Outlay(scheduled(harness, samples, size))
    yield from _answers(harness, samples, size)
    yield from waits(harness, size)
    yield from _pages(harness, size)


def starts(harness: Harness, samples: int, size: int) -> Iterator[tuple[str, Outlay]]:
    """Start over an API, alone, with a name and under a key."""
    caller, name = Caller(), f"asked-{size}"
    caller.define(name, shapes("")["A"].definition["steps"])

    seeds = itertools.count()

    def cost_of(more: Callable[[int], dict[str, str]]) -> Cost:
        return cost(
            called(harness, lambda n: caller.start(name, order(size, next(seeds)), **more(n)), samples), samples
        )

    plain = cost_of(lambda _: {})
    keyed = cost_of(lambda n: {"Idempotency-Key": f"order-{size}-{n}"})
    yield "ten immediate steps, over a REST API", Outlay(plain, requests=1)
    yield "the same, over an HTTP API", Outlay(plain, requests=HTTP_API)
    yield "the same, over REST with a `name`", Outlay(cost_of(lambda n: {"name": f"order-{n}"}), requests=1)
    yield "the same, over REST with an `Idempotency-Key`", Outlay(keyed, requests=1)


def past(now: datetime) -> Plan:
    """Plan a start a day, the last of them half an hour ago: none comes near while it is measured."""
    then = now - timedelta(minutes=30)
    return Plan(f"{then.minute} {then.hour} * * *")


def scheduled(harness: Harness, samples: int, size: int) -> Cost:
    """Measure what schedules start; what it takes to find that none is due is not in it."""
    payloads = Payloads(DynamoChunks(clients.dynamodb(), harness.names))
    store, queue = DynamoSchedules(clients.dynamodb(), harness.names, payloads), harness.queued.dependencies.queue
    name, now = harness.define(shapes("")["A"].definition), harness.clock.now()
    content = ScheduleContent(name, past(now))
    harness.warm(name, order(size, -1))
    with harness.meter.counting() as empty:
        send_due(store, queue, harness.clock, now + timedelta(hours=1))
    for number in range(samples):
        of = copy_with(content, input=order(size, OTHERS + number))
        store.put(new_schedule(TENANT, f"of-{size}-{number}", of, now - timedelta(hours=1), "ada"))
    with harness.meter.counting() as usage:
        sent = send_due(store, queue, harness.clock, now + timedelta(hours=1))
        harness.drain(1)
    if sent != samples:
        raise BenchError(f"{sent} schedules were due")
    return cost(usage.without(empty), samples)


def _answers(harness: Harness, samples: int, size: int) -> Iterator[tuple[str, Outlay]]:
    """Answer what waits, send what nobody waits for, and read what has happened."""
    caller = Caller()
    caller.define("asked-callback", [{"id": "wait", "type": "callback"}])
    begun = [caller.start("asked-callback", order(size, number)) for number in range(samples)]
    harness.drain()
    tokens = [caller.ask("GET", f"/executions/{each}")["waitingFor"][0]["token"] for each in begun]

    def answer(number: int) -> None:
        caller.ask("POST", "/callbacks/succeed", {"ok": True}, Authorization=f"Bearer {tokens[number]}")

    def publish(number: int) -> None:
        caller.ask("POST", "/events/paid", {"key": f"nobody-{size}-{number}", "data": {"by": "card"}})

    def read(number: int) -> None:
        caller.ask("GET", f"/executions/{begun[number]}/history")

    publish(-1)  # what the function then knows is not counted
    each = {
        "answer a callback": answer,
        "publish an event that nobody waits for": publish,
        "read the history of one with a step": read,
    }
    for title, call in each.items():
        yield title, Outlay(cost(called(harness, call, samples), samples), requests=1)


def waits(harness: Harness, size: int) -> Iterator[tuple[str, Outlay]]:
    """Wait for the end of what has been started: what that costs beside the request that waits."""
    name = harness.define(shapes("")["A"].definition)
    until = {f"`?wait`, for an end after {ENDS} s, alone": ENDS, f"`?wait={WAITED}` in vain, alone": math.inf}
    for title, ends in until.items():
        clock = Sleeper(ends, lambda: _run(harness))
        watch = EndWatch(harness.queued.dependencies.executions, clock)
        begun = harness.start(name, order(size, -2))
        with harness.meter.counting() as usage:
            found = watch.outline(begun, fitting, WAITED, is_known=True)
        if found is None or found.execution.ended is (ends > WAITED):
            raise BenchError(f"{begun} has ended, or has not")
        harness.drain()
        yield title, Outlay(cost(usage, 1), sleeps=clock.slept)


def _run(harness: Harness) -> None:
    with harness.meter.uncounted():
        harness.drain(1)


def _pages(harness: Harness, size: int) -> Iterator[tuple[str, Outlay]]:
    """List what a tenant of its own has, and nothing else."""
    for number, (step, pages) in enumerate(PAGES):
        caller = Caller(f"pages-{number}-{size}")
        caller.define("listed", [step])
        for seed in range(PAGE - 1):
            caller.start("listed", order(size, seed))
        harness.drain()
        for title, path in pages.items():
            yield title, Outlay(cost(_listed(harness, caller, path), 1), requests=1)


def _listed(harness: Harness, caller: Caller, path: str) -> Usage:
    found = list[Json]()
    address = f"{path}{'&' if '?' in path else '?'}limit={PAGE}"
    usage = called(harness, lambda _: found.extend(caller.ask("GET", address)), 1)
    if len(found) != PAGE:
        raise BenchError(f"{address} has {len(found)}")
    return usage
