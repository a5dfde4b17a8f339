"""From the environment to adapters, and from those to the use cases and the workers: once per process, when needed.

``SEDO_STORES=memory`` keeps everything in this process, for tests and demonstrations. Otherwise it is DynamoDB and SQS,
where ``AWS_ENDPOINT_URL`` and the other variables of the AWS SDKs say. ``SEDO_REPORTS_FAILURES=true`` says that the
event source mappings have ``ReportBatchItemFailures``.
"""

import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from chalicelib.adapters import clients, health, names
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.adapters.dynamodb_definitions import DynamoDefinitions
from chalicelib.adapters.dynamodb_executions import DynamoExecutions
from chalicelib.adapters.dynamodb_history import DynamoHistory
from chalicelib.adapters.dynamodb_payloads import DynamoParts
from chalicelib.adapters.effects import WIDTH, Performer, PooledEffects
from chalicelib.adapters.memory import MemoryClock, MemoryDefinitions, MemoryExecutions, MemoryHistory, MemoryQueue
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.api import Api
from chalicelib.burial import Burial
from chalicelib.children import gatherer
from chalicelib.engine import Invocation, Ports, Request
from chalicelib.ports import Clock, DefinitionStore, ExecutionStore, HistoryStore, Queue
from chalicelib.service import Service
from chalicelib.steps import STEP_TYPES
from chalicelib.worker import Worker

PARALLEL = 10
"""Executions that one function works on at a time: as many as a batch has messages."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything that routes and handlers use."""

    api: Api
    ports: Ports
    worker: Worker
    burial: Worker


@cache
def wiring() -> Wiring:
    """Wire this process, as its environment says."""
    return in_memory() if os.environ.get("SEDO_STORES") == "memory" else on_aws()


def on_aws() -> Wiring:
    """Wire DynamoDB and SQS."""
    here, dynamodb, sqs = names.from_environment(), clients.dynamodb(), clients.sqs()
    payloads = Payloads(DynamoParts(dynamodb, here))
    return _wired(
        DynamoDefinitions(dynamodb, here),
        DynamoExecutions(dynamodb, here, payloads),
        DynamoHistory(dynamodb, here, payloads),
        SqsQueue(sqs, here),
        SystemClock(),
        lambda: health.check(dynamodb, sqs, here),
    )


def in_memory() -> Wiring:
    """Wire this process's memory, with a clock that stands still until it is moved."""
    clock = MemoryClock(datetime(2026, 1, 1, tzinfo=UTC))
    return _wired(
        MemoryDefinitions(), MemoryExecutions(), MemoryHistory(), MemoryQueue(clock), clock, lambda: {"memory": "ok"}
    )


def _wired(  # noqa: PLR0913, PLR0917 - one parameter for each port
    definitions: DefinitionStore,
    executions: ExecutionStore,
    history: HistoryStore,
    queue: Queue,
    clock: Clock,
    health: Callable[[], Mapping[str, str]],
) -> Wiring:
    parsed = CachedDefinitions(definitions, STEP_TYPES)
    performers: Mapping[str, Performer] = {"gather": gatherer(executions)}
    performing = ThreadPoolExecutor(WIDTH, "effect")
    ports = Ports(executions, parsed, history, queue, clock, lambda: PooledEffects(performers, performing, clock))
    working = ThreadPoolExecutor(PARALLEL, "execution")
    service = Service(
        definitions,
        parsed,
        executions,
        history,
        queue,
        clock,
        STEP_TYPES,
        lambda: secrets.token_hex(4),
        lambda execution_id, event: Request(ports, execution_id, event, secrets.token_hex(16)).result(),
    )
    reports = os.environ.get("SEDO_REPORTS_FAILURES") == "true"
    return Wiring(
        Api(service, health),
        ports,
        Worker(ports, working, Invocation, reports),
        Worker(ports, working, Burial, reports),
    )
