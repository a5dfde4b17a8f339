import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from chalicelib.adapters import health
from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.executions.inputs import Message, ShardDue, Started, StepDue, TimerFired
from chalicelib.core.executions.listing import ExecutionFilter, states_named
from chalicelib.core.executions.model import ROOT, Signal
from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.records.shown import nothing
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from chalicelib.core.waits.task import Person, TaskFilter, claimed
from tests.adapters.conftest import Aws
from tests.adapters.examples import NOW, definition, history_row, incident, random_text, submitted, task, waiting

POLICIES = {
    path.stem.removeprefix("policy-"): json.loads(path.read_text()) for path in Path(".chalice").glob("policy-*.json")
}
SINGLE = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}

every_policy = pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES.keys())


def events(aws: Aws, tenant: str) -> None:
    """Do what matching an event does."""
    store, channel, waiter = aws.backend.events, Channel(tenant, "paid", "order-1"), Waiter("t:d:a", "main", 1, NOW)
    row = Correlation(Signal("1", "paid", NOW, "x" * 100_000), NOW, was_kept=True)
    assert store.put(channel, row, NOW) is None
    assert store.get(channel, "1") == row
    assert len(store.kept(channel, 10)) == 1
    assert store.wait(channel, waiter) is None
    assert (store.waiting(channel, 10), store.count(channel, 10)) == ([waiter], 1)
    assert store.claim(channel, waiter, "1", NOW)
    store.mark_taken(channel, "1", waiter, NOW)
    store.leave(channel, waiter)


def tasks(aws: Aws, tenant: str) -> None:
    """Do what opening and closing a task does."""
    wanted, store = task(tenant, data="x" * 100_000), aws.backend.tasks
    store.open(wanted)
    assert store.update(claimed(wanted, Person("ada"), NOW))
    assert store.get(tenant, wanted.id) == claimed(wanted, Person("ada"), NOW)


def api(aws: Aws, tenant: str) -> None:
    """Do what routes do."""
    events(aws, tenant)
    tasks(aws, tenant)
    aws.backend.tasks.list(tenant, TaskFilter(), 10)
    replies, holder = aws.backend.replies, KeyHolder("asked", "seed")
    replies.claim("name", holder, NOW, NOW + timedelta(days=1), NOW)
    replies.keep("name", KeptAnswer(200, {}, random_text(600_000)), NOW + timedelta(days=1))
    replies.claim("name", holder, NOW, NOW + timedelta(days=1), NOW)
    replies.forget("name")
    entry, access = AccessEntry(tenant, EntryKind.ROLE, "r", {}, NOW), aws.backend.access
    assert access.put(entry)
    assert access.get(tenant, EntryKind.ROLE, "r") == entry
    assert access.list(tenant, [EntryKind.ROLE], 10) == [entry]
    assert access.delete(entry)
    uploads = aws.backend.uploads
    uploads.open(tenant, NOW)
    uploads.put(tenant, 1, b"1", NOW)
    assert (uploads.expires(tenant), uploads.read(tenant)) == (NOW, {1: b"1"})
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
    dependencies.history.read(execution.id, 0, 10)
    dependencies.history.append(history_row(execution.id, 1, "r#1", None, []))
    dependencies.executions.update(waiting(execution))
    dependencies.queue.send([Message(execution.id, Started()), Message(execution.id, TimerFired(ROOT, 1))])
    health.check(aws.dynamodb, aws.sqs, aws.names)


def authorizer(aws: Aws, tenant: str) -> None:
    """Do what finding out who asks does."""
    assert aws.backend.access.get(tenant, EntryKind.KEY, "0") is None


def worker(aws: Aws, tenant: str) -> None:
    """Do what the handlers of messages do."""
    events(aws, tenant)
    tasks(aws, tenant)
    execution, dependencies = submitted(tenant, value="x" * 100_000), aws.backend
    dependencies.definitions.newest(tenant, "order-fulfilment")
    dependencies.definitions.version(tenant, "order-fulfilment", 1)
    dependencies.executions.create(execution)
    dependencies.executions.update(waiting(execution))
    dependencies.executions.get(execution.id)
    dependencies.history.append(history_row(execution.id, 1, "r#1", None, []))
    dependencies.queue.send([Message(execution.id, StepDue(ROOT, 1)), Message(execution.id, TimerFired(ROOT, 1))])
    dependencies.incidents.record(incident(tenant))
    for queue in aws.names.queues:
        dependencies.queue.delete(queue, ["handle"])
    sweep(aws)


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


def allows(policy: dict[str, list[dict[str, list[str]]]], action: str, resource: str) -> bool:
    return any(
        action in statement["Action"] and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
        for statement in policy["Statement"]
    )


@contextmanager
def recorded(aws: Aws) -> Iterator[set[tuple[str, str]]]:
    """Collect the actions of all calls, and the resources that they are upon."""
    seen: set[tuple[str, str]] = set()

    def record(params: dict[str, str], model: object, **_: object) -> None:
        operation = model.name  # type: ignore[attr-defined]  # botocore has no types for what it tells hooks
        seen.update((f"{service(params)}:{SINGLE.get(operation, operation)}", arn) for arn in resources(aws, params))

    for client in (aws.dynamodb, aws.sqs):
        client.meta.events.register("provide-client-params", record)
    yield seen
    for client in (aws.dynamodb, aws.sqs):
        client.meta.events.unregister("provide-client-params", record)


def service(params: dict[str, str]) -> str:
    return "sqs" if "QueueUrl" in params or "QueueName" in params else "dynamodb"


def resources(aws: Aws, params: dict[str, str]) -> Iterator[str]:
    """Name resources as on AWS, under the prefix of production."""
    if service(params) == "sqs":
        name = params.get("QueueName") or params["QueueUrl"].rpartition("/")[2]
        yield f"arn:aws:sqs:eu-west-1:123456789012:{name.replace(aws.names.prefix, 'sedo-prod')}"
        return
    index = f"/index/{params['IndexName']}" if "IndexName" in params else ""
    for name in params.get("RequestItems", [params.get("TableName", "")]):
        table = name.replace(aws.names.prefix, "sedo-prod")
        yield f"arn:aws:dynamodb:eu-west-1:123456789012:table/{table}{index}"


@pytest.mark.parametrize("function", [api, authorizer, worker, schedule])
def test_each_function_may_do_all_that_it_does(
    moto_aws: Aws, tenant: str, function: Callable[[Aws, str], None]
) -> None:
    due = copy_with(submitted(tenant, "due", value="x" * 100_000), due_at=NOW)
    moto_aws.backend.executions.create(due)
    with recorded(moto_aws) as calls:
        function(moto_aws, f"{tenant}-b")
    policy = POLICIES[function.__name__]
    assert calls
    assert [call for call in sorted(calls) if not allows(policy, *call)] == []


@every_policy
def test_no_statement_is_about_everything(policy: dict[str, list[dict[str, list[str]]]]) -> None:
    for statement in policy["Statement"]:
        assert not any("*" in action for action in statement["Action"])
        for resource in statement["Resource"]:
            service, name = resource.split(":", 5)[2::3]
            assert service == "logs" or re.sub(r"^(table|parameter)/|^secret:", "", name).startswith(
                ("sedo*_", "sedo*/")
            )


def test_the_policies_are_about_every_table_and_index_that_there_is_and_no_other() -> None:
    named = {
        name.split(":table/sedo*_")[1]
        for policy in POLICIES.values()
        for statement in policy["Statement"]
        for name in statement["Resource"]
        if ":table/" in name
    }
    indexes = {f"{table.name}/index/{index.name}" for table in TABLES for index in table.indexes}
    assert named == {table.name for table in TABLES} | indexes


@every_policy
@pytest.mark.parametrize("action", ["Scan", "DeleteTable", "BatchWriteItem", "PartiQLUpdate"])
def test_no_function_may_scan_or_delete(policy: dict[str, list[dict[str, list[str]]]], action: str) -> None:
    assert not any(f"dynamodb:{action}" in statement["Action"] for statement in policy["Statement"])


@every_policy
def test_only_who_waits_for_an_event_and_who_may_do_what_is_ever_deleted(
    policy: dict[str, list[dict[str, list[str]]]],
) -> None:
    deleting = {
        resource.rpartition("/")[2]
        for statement in policy["Statement"]
        if "dynamodb:DeleteItem" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert deleting <= {"sedo*_event_channel", "sedo*_access"}


@pytest.mark.parametrize("function", ["api", "worker", "schedule"])
def test_history_is_only_ever_added_to(function: str) -> None:
    history = "arn:aws:dynamodb:eu-west-1:123456789012:table/sedo_execution_history"
    actions = {action for statement in POLICIES[function]["Statement"] for action in statement["Action"]}
    writes = actions - {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:DescribeTable"}
    allowed = {action for action in writes if allows(POLICIES[function], action, history)}
    assert allowed == {"dynamodb:PutItem"}


@pytest.mark.parametrize(
    ("function", "readable"),
    [
        ("api", {"token-keys", "123/settings"}),
        ("worker", {"token-keys", "123/settings", "123/secrets/pay"}),
        ("schedule", set()),
    ],
)
def test_secrets_are_for_those_who_make_calls(function: str, readable: set[str]) -> None:
    def may_read(path: str) -> bool:
        resource = f"arn:aws:ssm:eu-west-1:123456789012:parameter/sedo-prod/{path}"
        return allows(POLICIES[function], "ssm:GetParameter", resource)

    assert {path for path in ("token-keys", "123/settings", "123/secrets/pay") if may_read(path)} == readable
    managed = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sedo-prod/123/pay-AbCdEf"
    assert allows(POLICIES[function], "secretsmanager:GetSecretValue", managed) == (function == "worker")
