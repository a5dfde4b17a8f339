import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import timedelta
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import pytest

from chalicelib.adapters import health
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.list_sources import ListLayout
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.core.access.entries import OF_TENANT, AccessEntry, EntryKind
from chalicelib.core.executions.inputs import Message, ShardDue, Started, StepDue, TimerFired
from chalicelib.core.executions.listing import ExecutionFilter, states_named
from chalicelib.core.executions.model import ROOT, Signal
from chalicelib.core.records.audit import following
from chalicelib.core.records.incident import IncidentFilter
from chalicelib.core.records.payload import Reference, digest
from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.records.shown import nothing
from chalicelib.core.values.json import encode
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from chalicelib.core.waits.task import Person, TaskFilter, TaskStatus, claimed, closed
from chalicelib.core.waits.token import SigningKey
from deploy.policies import FUNCTIONS, STREAM_READS, DeployedStage, policy, stages
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, definition, history_row, incident, random_text, submitted, task, waiting
from tests.adapters.others import authorizer, indexer
from tests.adapters.scheduling import schedules, start_scheduled, starts

SINGLE = {
    "SendMessageBatch": "SendMessage",
    "DeleteMessageBatch": "DeleteMessage",
    "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
}
STAGES = {stage.name: stage for stage in stages()}
RECEIVED = {name: duty.receives for name, duty in FUNCTIONS.items() if duty.receives}
"""The queue of each function that works on messages."""

every_stage = pytest.mark.parametrize("stage", STAGES.values(), ids=STAGES)
every_function = pytest.mark.parametrize("function", FUNCTIONS)


def events(aws: Aws, tenant: str) -> None:
    """Do what matching an event does."""
    store, channel, waiter = aws.backend.events, Channel(tenant, "paid", "order-1"), Waiter("t:d:a", "main", 1, NOW)
    row = Correlation(Signal("1", "paid", NOW, "x" * 100_000), NOW, was_kept=True)
    assert store.put(channel, row, NOW) is None
    assert store.get(channel, "1") == row
    assert len(store.kept(channel, 10)) == 1
    assert store.wait(channel, waiter)
    assert (store.waiting(channel, 10), store.count(channel, 10)) == ([waiter], 1)
    store.mark_taken(channel, "1", waiter, NOW)
    store.leave(channel, waiter)


def tasks(aws: Aws, tenant: str) -> None:
    """Do what opening and closing a task does."""
    wanted, store = task(tenant, data="x" * 100_000), aws.backend.tasks
    store.open(wanted)
    assert store.update(claimed(wanted, Person("ada"), NOW))
    current = store.get(tenant, wanted.id)
    assert current == claimed(wanted, Person("ada"), NOW)
    assert store.update(closed(current, TaskStatus.CANCELLED, None, NOW))


def values(aws: Aws, tenant: str) -> None:
    """Read large values of history."""
    text = b'"a large value"'
    history, kept = aws.backend.history, Reference(digest(tenant, text), len(text))
    history.keep({kept.sha256: text})
    history.fill(tenant, [], 0)
    assert history.result(tenant, {"result": 1}) == 1
    assert history.read_text(tenant, kept, 0, len(text)) == text
    assert not history.lost(tenant, [kept])
    same = random_text(10_000)
    alike = [encode({"text": same, "mark": mark}) for mark in (1, 10)]
    history.keep({digest(tenant, each): each for each in alike})


def answers_and_access(aws: Aws, tenant: str) -> None:
    """Do what is done for requests, whatever they ask."""
    replies, holder = aws.backend.replies, KeyHolder("asked", "seed")
    replies.claim(tenant, holder, NOW, NOW + timedelta(days=1), NOW)
    replies.keep(tenant, KeptAnswer(200, {}, random_text(600_000)), NOW + timedelta(days=1))
    replies.claim(tenant, holder, NOW, NOW + timedelta(days=1), NOW)
    replies.let_go(tenant)
    entry, access = AccessEntry(tenant, EntryKind.ROLE, "r", {"rules": []}, NOW), aws.backend.access
    assert access.put(entry)
    assert access.get(tenant, EntryKind.ROLE, "r") == entry
    assert access.list(tenant, [EntryKind.ROLE], 10) == [entry]
    assert access.delete(entry)
    assert access.discard(tenant, EntryKind.ROLE, "r")
    audit = following(None, tenant, NOW, {}, is_refusal=False)
    assert aws.backend.audit.put(audit)
    assert aws.backend.audit.read(tenant, 1) == [audit]
    uploads = aws.backend.uploads
    uploads.open(tenant, NOW)
    uploads.put(tenant, 1, b"1", NOW)
    assert (uploads.expires(tenant), uploads.read(tenant)) == (NOW, {1: b"1"})


def api(aws: Aws, tenant: str) -> None:
    """Do what routes do."""
    for things in (events, tasks, starts, schedules):
        things(aws, tenant)
    aws.backend.tasks.list(tenant, TaskFilter(), 10)
    aws.backend.tasks.list(tenant, TaskFilter(user="ada"), 10)
    aws.backend.tasks.headers(tenant, ["0"])
    answers_and_access(aws, tenant)
    execution, record, dependencies = submitted(tenant, value="x" * 100_000), definition(tenant), aws.backend
    dependencies.definitions.add(record)
    dependencies.definitions.put_newest(record)
    dependencies.definitions.newest(tenant, record.id)
    dependencies.definitions.version(tenant, record.id, 1)
    dependencies.definitions.put_text(record, "id: order-fulfilment")
    dependencies.definitions.text(tenant, record.id, 1)
    dependencies.definitions.list(tenant, 10)
    dependencies.definitions.versions(tenant, record.id, 10)
    dependencies.executions.create(copy_with(execution, due_at=NOW))
    dependencies.executions.get(execution.id)
    outline = dependencies.executions.outline(execution.id, nothing)
    assert outline is not None
    dependencies.executions.read_text(tenant, outline.left_out["/input"], 0, 9)
    dependencies.executions.list(ExecutionFilter(tenant), NOW, 10)
    dependencies.executions.list(ExecutionFilter(tenant, states_named("failed")), NOW, 10)
    layout = ListLayout(chosen=[("definition", None), ("startedBy", None)])
    indexed = DynamoExecutions(aws.dynamodb, aws.names, Payloads(DynamoChunks(aws.dynamodb, aws.names)), layout)
    indexed.list(ExecutionFilter(tenant, definition="d"), NOW, 10)
    indexed.list(ExecutionFilter(tenant, started_by="ada"), NOW, 10)
    dependencies.history.read(execution.id, "0", 10)
    values(aws, tenant)
    dependencies.history.append(history_row(execution.id, 1, "r#1", None, []))
    dependencies.executions.update(waiting(execution))
    dependencies.queue.send([Message(execution.id, Started()), Message(execution.id, TimerFired(ROOT, 1))])
    health.check(aws.dynamodb, aws.sqs, aws.names)
    health.queue_depths(aws.sqs, aws.names)
    incidents(aws, tenant)


def incidents(aws: Aws, tenant: str) -> None:
    """Do what lists of incidents do, and whoever finds that they are over."""
    aws.backend.incidents.list(tenant, IncidentFilter(), 10)
    aws.backend.incidents.all_open(10)
    aws.backend.incidents.record(incident(tenant))
    assert aws.backend.incidents.get(incident(tenant).key) is not None


def worker(aws: Aws, tenant: str, received: str) -> None:
    """Do what the handlers of messages do."""
    assert aws.backend.access.get(tenant, EntryKind.TENANT, OF_TENANT) is None
    events(aws, tenant)
    tasks(aws, tenant)
    execution, dependencies = submitted(tenant, value="x" * 100_000), aws.backend
    dependencies.definitions.newest(tenant, "order-fulfilment")
    dependencies.definitions.version(tenant, "order-fulfilment", 1)
    dependencies.executions.create(execution)
    assert dependencies.executions.carry(execution).image() is not None
    image = dependencies.executions.update(waiting(execution)).image()
    assert image is not None
    assert dependencies.executions.restore(image) == waiting(execution)
    dependencies.executions.get(execution.id)
    dependencies.history.append(history_row(execution.id, 1, "r#1", None, []))
    dependencies.queue.send([Message(execution.id, StepDue(ROOT, 1)), Message(execution.id, TimerFired(ROOT, 1))])
    dependencies.history.keep({"0" * 64: b"kept"})
    dependencies.incidents.record(incident(tenant))
    queue = getattr(aws.names, received)
    dependencies.queue.delete(queue, ["handle"])
    dependencies.queue.give_back(queue, {"handle": 2})
    if received in {"timers", "dead_timers"}:
        sweep(aws)
        starts(aws, tenant)
        start_scheduled(aws, tenant)


def sweep(aws: Aws) -> None:
    """Do what looking at what is due does."""
    executions = aws.backend.executions
    found = [each for shard in executions.due_shards() for each in executions.due(shard, NOW, 1)]
    executions.read([execution_id for execution_id, _ in found])
    executions.summaries([execution_id for execution_id, _ in found])
    for execution_id, seen in found:
        executions.defer(execution_id, seen, NOW)
    aws.backend.queue.send([Message("1", ShardDue("", 0))])


def schedule(aws: Aws, tenant: str) -> None:
    """Do what the handler of the schedule does."""
    events(aws, tenant)
    tasks(aws, tenant)
    dependencies = aws.backend
    sweep(aws)
    dependencies.executions.get(f"{tenant}:d:1")
    execution = submitted(tenant, value="x" * 100_000)
    dependencies.definitions.newest(tenant, "order-fulfilment")
    dependencies.definitions.version(tenant, "order-fulfilment", 1)
    dependencies.executions.create(execution)
    dependencies.history.append(history_row(execution.id, 1, "r#1", None, []))
    dependencies.executions.update(waiting(execution))
    dependencies.queue.send([Message(f"{tenant}:d:1", Started()), Message(f"{tenant}:d:1", TimerFired(ROOT, 1))])
    dependencies.incidents.record(incident(tenant))
    dependencies.executions.sample(7, 10)
    dependencies.schedules.due(NOW, 10)
    dependencies.incidents.all_open(10)
    dependencies.incidents.end(incident(tenant).key, NOW, "it moved on")


DOES: Mapping[str, Callable[[Aws, str], None]] = {
    "api_handler": api,
    "authenticate": authorizer,
    "on_schedule": schedule,
    "on_dynamodb_record": indexer,
} | {name: partial(worker, received=queue) for name, queue in RECEIVED.items()}
"""What each function does."""


def allows(policy: Mapping[str, Any], action: str, resource: str) -> bool:
    """Judge as IAM does: what nothing denies has to be allowed."""
    found = {
        statement["Effect"]
        for statement in policy["Statement"]
        if (action in statement["Action"] if "Action" in statement else action not in statement["NotAction"])
        and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
    }
    return found == {"Allow"}


@contextmanager
def recorded(aws: Aws) -> Iterator[set[tuple[str, str]]]:
    """Collect the actions of all calls, and the resources that they are upon."""
    seen: set[tuple[str, str]] = set()

    def record(params: dict[str, str], model: object, **_: object) -> None:
        operation = model.name  # type: ignore[attr-defined]  # botocore has no types for what it tells hooks
        seen.update((f"{service(params)}:{SINGLE.get(operation, operation)}", arn) for arn in resources(params))

    for client in (aws.dynamodb, aws.sqs):
        client.meta.events.register("provide-client-params", record)
    yield seen
    for client in (aws.dynamodb, aws.sqs):
        client.meta.events.unregister("provide-client-params", record)


def service(params: dict[str, str]) -> str:
    return "sqs" if "QueueUrl" in params or "QueueName" in params else "dynamodb"


def resources(params: dict[str, str]) -> Iterator[str]:
    """Name resources as on AWS."""
    if service(params) == "sqs":
        name = params.get("QueueName") or params["QueueUrl"].rpartition("/")[2]
        yield f"arn:aws:sqs:eu-west-1:123456789012:{name}"
        return
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    for name in params.get("RequestItems", [params.get("TableName", "")]):
        yield f"arn:aws:dynamodb:eu-west-1:123456789012:table/{name}{index}"


@pytest.mark.parametrize("function", DOES)
def test_each_function_may_do_all_that_it_does_in_every_stage_and_nothing_else(
    moto_aws: Aws, tenant: str, function: str
) -> None:
    due = copy_with(submitted(tenant, "due", value="x" * 100_000), due_at=NOW)
    moto_aws.backend.executions.create(due)
    queue = SqsQueue(moto_aws.sqs, moto_aws.names)  # a new one: it asks for the URLs of queues once
    with recorded(moto_aws) as calls:
        DOES[function](replace(moto_aws, backend=replace(moto_aws.backend, queue=queue)), f"{tenant}-b")
    assert calls
    for stage in STAGES.values():
        made = policy(function, stage)
        mine = {(action, arn.replace(moto_aws.names.prefix, stage.settings.prefix)) for action, arn in calls}
        assert [call for call in sorted(mine) if not allows(made, *call)] == []
        assert [call for call in granted(made) - mine if call[0] not in OF_LAMBDA] == []


def test_no_method_of_a_store_or_a_queue_is_left_out(moto_aws: Aws, tenant: str) -> None:
    stores = [store for store in vars_of(moto_aws.backend) if type(store).__module__.startswith("chalicelib.")]
    methods = {
        method.__code__: f"{type(store).__name__}.{name}"
        for store in stores
        for name, method in vars(type(store)).items()
        if not name.startswith("_") and hasattr(method, "__code__")
    }
    moto_aws.backend.executions.create(copy_with(submitted(tenant, "due"), due_at=NOW))
    called = set()
    sys.setprofile(lambda frame, event, _: called.add(frame.f_code) if event == "call" else None)
    try:
        for number, does in enumerate(DOES.values()):
            does(moto_aws, f"{tenant}-{number}")
    finally:
        sys.setprofile(None)
    assert " ".join(sorted(name for code, name in methods.items() if code not in called)) == ""


def vars_of(backend: Backend) -> list[object]:
    return [getattr(backend, each.name) for each in fields(backend)]


OF_LAMBDA = {"sqs:ReceiveMessage", "sqs:GetQueueAttributes"} | {f"dynamodb:{each}" for each in STREAM_READS}
"""What Lambda itself calls in the name of a function that is handed messages."""


def granted(policy: Mapping[str, Any]) -> set[tuple[str, str]]:
    """Name everything that is allowed upon tables and queues."""
    return {
        (action, resource.replace(":*:*:", ":eu-west-1:123456789012:").replace("arn:*:", "arn:aws:"))
        for statement in policy["Statement"]
        if statement["Effect"] == "Allow"
        for action in statement["Action"]
        if action.startswith(("dynamodb:", "sqs:"))
        for resource in statement["Resource"]
    }


@every_stage
@every_function
@pytest.mark.parametrize("name", ["execution_history", "audit"])
def test_history_and_audits_are_only_ever_added_to_whatever_else_is_allowed(
    function: str, stage: DeployedStage, name: str
) -> None:
    anything = {"Effect": "Allow", "Action": EVERYTHING, "Resource": ["*"]}
    made = policy(function, copy_with(stage, calls=[anything]))
    history = f"arn:aws:dynamodb:eu-west-1:123456789012:table/{stage.settings.prefix}_{name}"
    writes = {action for action in EVERYTHING if allows(made, action, history)} & CHANGES
    assert writes <= {"dynamodb:PutItem"}


CHANGES = {
    f"dynamodb:{name}"
    for name in (
        *("BatchWriteItem", "DeleteItem", "PutItem", "UpdateItem", "PartiQLDelete", "PartiQLInsert", "PartiQLUpdate"),
        *("DeleteTable", "UpdateTable", "UpdateTimeToLive", "DeleteResourcePolicy", "PutResourcePolicy"),
    )
}
EVERYTHING = sorted(CHANGES | {"dynamodb:GetItem", "dynamodb:Query"})


@pytest.mark.parametrize("service", ["ssm", "secretsmanager"])
@every_stage
@every_function
def test_secrets_are_for_those_who_make_calls(function: str, stage: DeployedStage, service: str) -> None:
    made = policy(function, copy_with(stage, settings=copy_with(stage.settings, secrets=service)))
    prefix, calls = stage.settings.prefix, FUNCTIONS[function].calls

    def may_read(path: str) -> bool:
        return allows(made, "ssm:GetParameter", f"arn:aws:ssm:eu-west-1:123456789012:parameter/{prefix}/{path}")

    assert may_read("token-keys") == (calls or function == "api_handler")
    assert may_read("123/secrets/pay") == (calls and service == "ssm")
    managed = f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:{prefix}/123/pay-AbCdEf"
    assert allows(made, "secretsmanager:GetSecretValue", managed) == (calls and service == "secretsmanager")


@every_stage
@every_function
def test_with_token_keys_in_the_environment_no_parameter_holds_them(function: str, stage: DeployedStage) -> None:
    keys = [SigningKey("a", b"k" * 32)]
    made = policy(function, copy_with(stage, settings=copy_with(stage.settings, token_keys=keys)))
    assert "token-keys" not in json.dumps(made)
    assert all(statement["Resource"] for statement in made["Statement"])  # IAM takes no empty list


@every_stage
@every_function
def test_each_statement_has_a_name_of_its_own(function: str, stage: DeployedStage) -> None:
    names = [statement["Sid"] for statement in policy(function, stage)["Statement"]]
    assert len({*names}) == len(names)
    assert all(name.isalnum() for name in names)  # IAM JSON policy elements: Sid


@every_stage
@every_function
def test_a_function_writes_to_its_own_log_group_only(function: str, stage: DeployedStage) -> None:
    groups = {name: f"/aws/lambda/{stage.function_name(name)}" for name in FUNCTIONS}
    made = policy(function, stage)
    for name, group in groups.items():
        for place in (group, f"{group}:log-stream:2026/01/31/[$LATEST]0"):
            arn = f"arn:aws:logs:eu-west-1:123456789012:log-group:{place}"
            assert allows(made, "logs:PutLogEvents", arn) == (name == function)


@every_stage
def test_what_steps_call_is_allowed_to_those_who_make_calls(stage: DeployedStage) -> None:
    queue = "arn:aws:sqs:eu-west-1:123456789012:orders"
    statement = {"Sid": "Orders", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": [queue]}
    wider = copy_with(stage, calls=[statement])
    may = {name for name in FUNCTIONS if allows(policy(name, wider), "sqs:SendMessage", queue)}
    assert may == {"on_sqs_message", "on_timer_message", "on_dead_letter", "on_dead_timer"}
