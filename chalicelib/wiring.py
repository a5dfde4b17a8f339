"""From the environment to adapters, and from those to the use cases and the workers: once per process, when needed.

``SEDO_STORES=memory`` keeps everything in this process, for tests and demonstrations. Otherwise it is DynamoDB and SQS,
where ``AWS_ENDPOINT_URL`` and the other variables of the AWS SDKs say. ``SEDO_REPORTS_FAILURES=true`` says that the
event source mappings have ``ReportBatchItemFailures``. What calls may reach is said by ``SEDO_HTTP_ALLOW``,
``SEDO_AWS_ALLOW`` and ``SEDO_LAMBDA_ALLOW``; where secrets are, by ``SEDO_SECRETS``.
"""

import json
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from chalicelib.adapters import clients, health, names
from chalicelib.adapters.addresses import allowed as http_allowed
from chalicelib.adapters.aws import AwsPerformer
from chalicelib.adapters.aws_allow import ACTIONS, FUNCTIONS, allowed
from chalicelib.adapters.aws_lambda import LambdaPerformer
from chalicelib.adapters.aws_models import problems as aws_problems
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.adapters.dynamodb_definitions import DynamoDefinitions
from chalicelib.adapters.dynamodb_events import DynamoEvents
from chalicelib.adapters.dynamodb_executions import DynamoExecutions
from chalicelib.adapters.dynamodb_history import DynamoHistory
from chalicelib.adapters.dynamodb_payloads import DynamoParts
from chalicelib.adapters.dynamodb_tasks import DynamoTasks
from chalicelib.adapters.effects import WIDTH, Performer, PooledEffects
from chalicelib.adapters.guard import Call, guarded
from chalicelib.adapters.http import HttpPerformer
from chalicelib.adapters.http_gate import SETTING as HTTP_ALLOW
from chalicelib.adapters.memory import MemoryClock, MemoryDefinitions, MemoryExecutions, MemoryHistory, MemoryQueue
from chalicelib.adapters.memory_events import MemoryEvents
from chalicelib.adapters.memory_tasks import MemoryTasks
from chalicelib.adapters.parameters import parameters
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.secrets import Secrets, in_parameters
from chalicelib.adapters.secrets import from_environment as source_of_secrets
from chalicelib.adapters.settings import Settings
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.adapters.tokens import TokenKeys, Tokens, new_key
from chalicelib.adapters.tokens import path as key_path
from chalicelib.api import Api
from chalicelib.api_callbacks import CallbacksApi
from chalicelib.api_dryrun import DryRunApi
from chalicelib.api_tasks import TasksApi
from chalicelib.burial import Burial
from chalicelib.callbacks import Callbacks
from chalicelib.children import gatherer
from chalicelib.core.event import Answered, Requested
from chalicelib.core.values import Json, Problem
from chalicelib.engine import Invocation, Ports, Request
from chalicelib.events import Events
from chalicelib.ports import Clock, DefinitionStore, EventStore, ExecutionStore, HistoryStore, Queue, TaskStore
from chalicelib.reader import read_json
from chalicelib.service import Service
from chalicelib.steps import STEP_TYPES
from chalicelib.tasks import Tasks
from chalicelib.worker import Worker

PARALLEL = 10
"""Executions that one function works on at a time: as many as a batch has messages."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything that routes and handlers use."""

    api: Api
    callbacks: CallbacksApi
    tasks: TasksApi
    dry_runs: DryRunApi
    ports: Ports
    worker: Worker
    burial: Worker


@cache
def wiring() -> Wiring:
    """Wire this process, as its environment says."""
    return in_memory() if os.environ.get("SEDO_STORES") == "memory" else on_aws()


@dataclass(frozen=True, slots=True)
class _Parts:
    """The adapters that a process is wired from."""

    definitions: DefinitionStore
    executions: ExecutionStore
    history: HistoryStore
    queue: Queue
    tasks: TaskStore
    events: EventStore
    clock: Clock
    secrets: Secrets
    settings: Settings
    tokens: Tokens
    health: Callable[[], Mapping[str, str]]


def on_aws() -> Wiring:
    """Wire DynamoDB and SQS, and where parameters and secrets are."""
    here, dynamodb, sqs, clock = names.from_environment(), clients.dynamodb(), clients.sqs(), SystemClock()
    payloads, read = Payloads(DynamoParts(dynamodb, here)), parameters(clients.ssm)
    return _wired(
        _Parts(
            DynamoDefinitions(dynamodb, here),
            DynamoExecutions(dynamodb, here, payloads),
            DynamoHistory(dynamodb, here, payloads),
            SqsQueue(sqs, here),
            DynamoTasks(dynamodb, here, payloads),
            DynamoEvents(dynamodb, here, payloads),
            clock,
            Secrets(source_of_secrets(here), clock.now),
            Settings(read, here, clock.now),
            Tokens(TokenKeys(read, here, clock.now), clock.now),
            lambda: health.check(dynamodb, sqs, here),
        )
    )


def in_memory() -> Wiring:
    """Wire this process's memory, with a clock that stands still until it is moved."""
    here, clock, texts = names.from_environment(), MemoryClock(datetime(2026, 1, 1, tzinfo=UTC)), dict[str, str]()
    texts[key_path(here)] = new_key()
    return _wired(
        _Parts(
            MemoryDefinitions(),
            MemoryExecutions(),
            MemoryHistory(),
            MemoryQueue(clock),
            MemoryTasks(),
            MemoryEvents(),
            clock,
            Secrets(in_parameters(texts.get, here), clock.now),
            Settings(texts.get, here, clock.now),
            Tokens(TokenKeys(texts.get, here, clock.now), clock.now),
            lambda: {"memory": "ok"},
        )
    )


def _wired(parts: _Parts) -> Wiring:
    parsed, clock = CachedDefinitions(parts.definitions, STEP_TYPES), parts.clock
    performers = _performers(parts)
    performing = ThreadPoolExecutor(WIDTH, "effect")
    events = Events(parts.events, clock)
    ports = Ports(
        parts.executions,
        parsed,
        parts.history,
        parts.queue,
        clock,
        lambda: PooledEffects(performers, performing, clock),
        parts.tasks,
        events,
    )
    working = ThreadPoolExecutor(PARALLEL, "execution")

    def requested(execution_id: str, event: Requested | Answered) -> Request:
        return Request(ports, execution_id, event, secrets.token_hex(16))

    service = Service(
        parts.definitions,
        parsed,
        parts.executions,
        parts.history,
        parts.queue,
        clock,
        STEP_TYPES,
        lambda: secrets.token_hex(4),
        lambda execution_id, event: requested(execution_id, event).result(),
        lambda tenant, document: _inspected(document, parts.settings, tenant),
    )
    callbacks = Callbacks(
        parts.executions,
        parsed,
        events,
        parts.queue,
        clock,
        parts.tokens.read,
        lambda execution_id, event: requested(execution_id, event).heard(),
        service.drive,
    )
    tasks = Tasks(parts.tasks, parts.executions, clock, callbacks.answer)
    reports = os.environ.get("SEDO_REPORTS_FAILURES") == "true"
    return Wiring(
        Api(service, parts.health, lambda execution, thread, turn: parts.tokens.issue(f"{execution}:{thread}:{turn}")),
        CallbacksApi(callbacks, lambda: secrets.token_hex(8)),
        TasksApi(tasks),
        DryRunApi(service),
        ports,
        Worker(ports, working, callbacks.deliver, Invocation, reports),
        Worker(ports, working, callbacks.deliver, Burial, reports),
    )


def _inspected(document: Mapping[str, Json], settings: Settings, tenant: str) -> Sequence[Problem]:
    """Find what is wrong with the calls of a definition; without any, nothing is looked up."""
    if '"aws"' not in json.dumps(document):
        return ()
    return aws_problems(document, allowed(os.environ.get(ACTIONS)), settings.of(tenant).aws_actions)


def _performers(parts: _Parts) -> Mapping[str, Performer]:
    """Make what does each kind of thing; all but what sedo does for itself get secrets, and tokens."""
    settings, prefix, gather = parts.settings, names.from_environment().prefix, gatherer(parts.executions)
    calls: Mapping[str, Call] = {
        "http": HttpPerformer(
            lambda tenant: settings.of(tenant).http_hosts, read_json, local=http_allowed(os.environ.get(HTTP_ALLOW))
        ),
        "aws": AwsPerformer(allowed(os.environ.get(ACTIONS)), lambda tenant: settings.of(tenant).aws_actions, prefix),
        "lambda": LambdaPerformer(
            allowed(os.environ.get(FUNCTIONS)), lambda tenant: settings.of(tenant).lambda_functions, prefix, read_json
        ),
    }
    guards = {kind: guarded(call, parts.secrets.get, parts.tokens.issue) for kind, call in calls.items()}
    return {"gather": lambda wanted, key: gather(wanted.params, key), **guards}
