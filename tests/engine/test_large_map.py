"""Large things, from end to end: the engine's worker behind real queues, over DynamoDB's and SQS's own interfaces."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.calls.pool import CallHandler, PooledCalls
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.history import DynamoHistory
from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.core.definitions.model import Definition
from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.factory import submit
from chalicelib.core.executions.inputs import Message, Started
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.history import chained, newest
from chalicelib.core.values.json import Json
from chalicelib.engine.children import gatherer
from chalicelib.engine.model import Dependencies
from chalicelib.engine.signals import Signals
from chalicelib.engine.worker import PARALLEL, GivenBackError, Worker
from chalicelib.steps import STEP_TYPES
from deploy import resources
from local.arrivals import Arrivals
from local.queues import QueueDriver
from tests.adapters.examples import fresh
from tests.simulation.scenario import CallStep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from local.functions import Function

ITEMS = 10_000
LARGE = 20_000_000
"""Characters."""


class Home:
    """sedo over DynamoDB and SQS, for one definition; to `call` answers what is asked for in it."""

    def __init__(self, endpoint: str, definition: dict[str, Any], answer: Json = None) -> None:
        dynamodb, sqs = clients.dynamodb(endpoint), clients.sqs(endpoint)
        names = Names(fresh("large"))
        resources.ensure(dynamodb, sqs, names.prefix)
        self.definition = parse({"id": "d", **definition}, {**STEP_TYPES, "call": CallStep()})
        self.executions = DynamoExecutions(dynamodb, names, Payloads(DynamoChunks(dynamodb, names)))
        self.history = DynamoHistory(dynamodb, names, Payloads(DynamoChunks(dynamodb, names)))
        self.queue, self.clock = SqsQueue(sqs, names), SystemClock()
        performers: Mapping[str, CallHandler] = {
            "gather": lambda wanted, _: gatherer(self.executions)(wanted.params),
            "call": lambda _wanted, _key: answer,
        }
        pool = ThreadPoolExecutor(PARALLEL)
        dependencies = Dependencies(
            executions=self.executions,
            definitions=self,
            history=self.history,
            queue=self.queue,
            tasks=MemoryTasks(),
            signals=Signals(MemorySignals(), self.clock),
            incidents=MemoryIncidents(),
            clock=self.clock,
            calls=lambda: PooledCalls(performers, pool, self.clock),
        )
        self.worker, self.requests = Worker(dependencies, lambda *_: None), count()
        function = cast("Function", self)
        arrivals = Arrivals(sqs)
        self.sources = [QueueDriver(sqs, name, function, 10, arrivals, 1) for name in (names.work, names.timers)]

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        return self.definition

    def newest(self, tenant_id: str, definition_id: str) -> int:
        return 1

    def invoke(self, event: dict[str, Any]) -> bool:
        """Be the function that a queue calls."""
        try:
            self.worker.handle(event["Records"], f"request-{next(self.requests)}", timedelta(seconds=60))
        except GivenBackError:
            return False
        return True

    def run(self, value: Json) -> Execution:
        """Start an execution as the API does, and hand batches over until it has ended."""
        blank = Execution(
            id="t:d:1",
            tenant_id="t",
            definition_id="d",
            definition_version=1,
            nonce="nonce",
            input=value,
            started_at=self.clock.now(),
            threads={},
        )
        self.executions.create(submit(self.definition, blank))
        self.queue.send([Message(blank.id, Started())])
        while not (root := self.root).ended:
            for source in self.sources:
                while messages := source.receive():
                    source.handle(messages)
        assert root.state is State.SUCCEEDED, root.error
        return root

    @property
    def root(self) -> Execution:
        found = self.executions.get("t:d:1")
        assert found is not None
        return found


@pytest.fixture
def endpoint(ministack: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return ministack


@pytest.mark.timeout(120)
def test_ten_thousand_items(endpoint: str) -> None:
    each: Json = [{"id": "each", "type": "echo", "message": {"hello": "${item.name}", "number": "${index}"}}]
    home = Home(endpoint, {"steps": [{"id": "all", "type": "map", "items": "${input.people}", "steps": each}]})
    people: list[Json] = [{"name": f"customer {n:05}"} for n in range(ITEMS)]
    root = home.run({"people": people})
    assert root.output == [{"hello": f"customer {n:05}", "number": n} for n in range(ITEMS)]


@pytest.mark.timeout(120)
def test_twenty_megabytes_through_three_steps(endpoint: str) -> None:
    text = "".join(f"{n:09} " for n in range(LARGE // 10))
    steps: Json = [
        {"id": "fetch", "type": "call"},
        {"id": "keep", "type": "echo", "message": {"kept": "${output}"}, "stash": "kept"},
        {"id": "wait", "type": "wait", "seconds": 1},
        {"id": "pass-on", "type": "transform", "output": "${stash.kept.kept}"},
    ]
    home = Home(endpoint, {"steps": steps}, text)
    root = home.run(None)
    assert root.output == text, "not what went in"
    rows = [] if root.head is None else chained(home.history.read(root.id, "0", 100), root.head)
    records = [record for row in (*rows, newest(root)) if row is not None for record in row.records]
    results = [home.history.result("t", record) for record in records if record["state"] == State.STEP_SUCCEEDED]
    wanted = [text, {"kept": text}, {"kept": text}, text]
    assert [result == each for result, each in zip(results, wanted, strict=True)] == [True] * 4
