from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest
from boto3.session import Session
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from chalicelib.adapters.dynamodb.access import DynamoAccess
from chalicelib.adapters.dynamodb.audit import DynamoAudit
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.definitions import DynamoDefinitions
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.history import DynamoHistory
from chalicelib.adapters.dynamodb.reads import batch_get
from chalicelib.adapters.dynamodb.replies import DynamoReplies
from chalicelib.adapters.dynamodb.schedules import DynamoSchedules
from chalicelib.adapters.dynamodb.signals import DynamoSignals
from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.adapters.dynamodb.tasks import DynamoTasks
from chalicelib.adapters.dynamodb.uploads import DynamoUploads
from chalicelib.adapters.dynamodb.usage import DynamoUsage
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.quotas import StartSlot
from chalicelib.core.executions.inputs import Message, StepDue
from chalicelib.core.executions.listing import ExecutionFilter
from chalicelib.core.executions.model import ROOT, Signal
from chalicelib.core.records.audit import following as audited
from chalicelib.core.records.replies import KeptAnswer, KeyHolder
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import ScheduleContent, new_schedule
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.waits.correlation import Channel, Correlation, Waiter
from chalicelib.core.waits.task import TaskFilter
from chalicelib.ports import Stale
from local.child import free_port
from tests.adapters.conftest import Aws
from tests.adapters.examples import NOW, definition, following, history_row, random_text, submitted, task, waiting

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

ONCE = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=1, read_timeout=1)
NAMES = Names("test")
CHANNEL, WAITER = Channel("t", "paid", "order-1"), Waiter("t:d:a", "main", 1, NOW)
EVENT = Correlation(Signal("1", "paid", NOW), NOW)
NOWHERE = "http://127.0.0.1:9"

Answer = Callable[[AWSPreparedRequest], AWSResponse]


class Body:
    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self) -> Iterator[bytes]:
        yield self.content


def refusal(status: int, code: str) -> Answer:
    content = f'{{"__type": "com.amazonaws#{code}", "message": "not now"}}'.encode()
    return lambda request: AWSResponse(request.url, status, {}, Body(content))


@cache
def session() -> Session:
    return Session()


def dynamodb(endpoint: str = NOWHERE) -> "DynamoDBClient":
    return session().client("dynamodb", endpoint_url=endpoint, config=ONCE)


def sqs(endpoint: str = NOWHERE) -> "SQSClient":
    return session().client("sqs", endpoint_url=endpoint, config=ONCE)


@contextmanager
def answering(client: "DynamoDBClient | SQSClient", answer: Answer, operation: str = "*") -> Iterator[None]:
    """Answer in place of the service."""

    def handle(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        return answer(request)

    name = f"before-send.{client.meta.service_model.service_name}.{operation}"
    client.meta.events.register(name, handle)
    yield
    client.meta.events.unregister(name, handle)


@dataclass(frozen=True, slots=True)
class Dependencies:
    executions: DynamoExecutions
    definitions: DynamoDefinitions
    history: DynamoHistory
    queue: SqsQueue
    events: DynamoSignals
    tasks: DynamoTasks
    replies: DynamoReplies
    access: DynamoAccess
    audit: DynamoAudit
    usage: DynamoUsage
    schedules: DynamoSchedules
    uploads: DynamoUploads


def ports(tables: "DynamoDBClient", queues: "SQSClient") -> Dependencies:
    payloads = Payloads(DynamoChunks(tables, NAMES))
    return Dependencies(
        executions=DynamoExecutions(tables, NAMES, payloads),
        definitions=DynamoDefinitions(tables, NAMES),
        history=DynamoHistory(tables, NAMES, payloads),
        queue=SqsQueue(queues, NAMES),
        events=DynamoSignals(tables, NAMES, payloads),
        tasks=DynamoTasks(tables, NAMES, payloads),
        replies=DynamoReplies(tables, NAMES),
        access=DynamoAccess(tables, NAMES),
        audit=DynamoAudit(tables, NAMES),
        usage=DynamoUsage(tables, NAMES),
        schedules=DynamoSchedules(tables, NAMES, payloads),
        uploads=DynamoUploads(tables, NAMES),
    )


EXECUTION = submitted("t")
ENTRY = AccessEntry("t", EntryKind.ROLE, "r", {"rules": []}, NOW, None, 1)
SCHEDULE = new_schedule("t", "s", ScheduleContent("d", Plan("0 * * * *")), NOW)
AUDITED = audited(None, "t", NOW, {"what": "role.written"}, is_refusal=False)
CALLS: dict[str, Callable[[Dependencies], object]] = {
    "get": lambda dependencies: dependencies.executions.get(EXECUTION.id),
    "create": lambda dependencies: dependencies.executions.create(EXECUTION),
    "create a large one": lambda dependencies: dependencies.executions.create(submitted("t", value="x" * 100_000)),
    "update": lambda dependencies: dependencies.executions.update(waiting(EXECUTION)),
    "list": lambda dependencies: dependencies.executions.list(ExecutionFilter("t"), NOW, 10),
    "due": lambda dependencies: dependencies.executions.due("0", NOW, 10),
    "defer": lambda dependencies: dependencies.executions.defer(EXECUTION.id, NOW, NOW),
    "newest": lambda dependencies: dependencies.definitions.newest("t", "d"),
    "version": lambda dependencies: dependencies.definitions.version("t", "d", 1),
    "add": lambda dependencies: dependencies.definitions.add(definition("t")),
    "put newest": lambda dependencies: dependencies.definitions.put_newest(definition("t")),
    "text": lambda dependencies: dependencies.definitions.text("t", "d", 1),
    "put text": lambda dependencies: dependencies.definitions.put_text(definition("t"), "id: d"),
    "list definitions": lambda dependencies: dependencies.definitions.list("t", 10),
    "list versions": lambda dependencies: dependencies.definitions.versions("t", "d", 10),
    "append": lambda dependencies: dependencies.history.append(history_row(EXECUTION.id, 1, "r#1", None, [])),
    "read": lambda dependencies: dependencies.history.read(EXECUTION.id, "0", 10),
    "send": lambda dependencies: dependencies.queue.send([Message(EXECUTION.id, StepDue(ROOT, 1))]),
    "delete": lambda dependencies: dependencies.queue.delete(NAMES.work, ["handle"]),
    "list who waits": lambda dependencies: dependencies.events.waiting(CHANNEL, 10),
    "count who waits": lambda dependencies: dependencies.events.count(CHANNEL, 10),
    "put who waits": lambda dependencies: dependencies.events.wait(CHANNEL, WAITER),
    "remove who waits": lambda dependencies: dependencies.events.leave(CHANNEL, WAITER),
    "list events": lambda dependencies: dependencies.events.kept(CHANNEL, 10),
    "get events": lambda dependencies: dependencies.events.get(CHANNEL, "1"),
    "put events": lambda dependencies: dependencies.events.put(CHANNEL, EVENT, NOW),
    "mark events": lambda dependencies: dependencies.events.mark_taken(CHANNEL, "1", WAITER, NOW),
    "get task": lambda dependencies: dependencies.tasks.get("t", task("t").id),
    "open task": lambda dependencies: dependencies.tasks.open(task("t")),
    "open a large task": lambda dependencies: dependencies.tasks.open(task("t", data="x" * 100_000)),
    "update task": lambda dependencies: dependencies.tasks.update(task("t", version=2)),
    "claim a key": lambda dependencies: dependencies.replies.claim("k", KeyHolder("a", "s"), NOW, NOW, NOW),
    "keep an answer": lambda dependencies: dependencies.replies.keep("k", KeptAnswer(200, {}, "{}"), NOW),
    "keep a large answer": lambda dependencies: dependencies.replies.keep(
        "k", KeptAnswer(200, {}, random_text(600_000)), NOW
    ),
    "give a key back": lambda dependencies: dependencies.replies.let_go("k"),
    "get an entry": lambda dependencies: dependencies.access.get("t", EntryKind.ROLE, "r"),
    "list entries": lambda dependencies: dependencies.access.list("t", (EntryKind.ROLE,), 10),
    "put an entry": lambda dependencies: dependencies.access.put(ENTRY),
    "delete an entry": lambda dependencies: dependencies.access.delete(ENTRY),
    "discard an entry": lambda dependencies: dependencies.access.discard("t", EntryKind.ROLE, "r"),
    "put in the audit": lambda dependencies: dependencies.audit.put(AUDITED),
    "read the audit": lambda dependencies: dependencies.audit.read("t", 10),
    "count a start": lambda dependencies: dependencies.usage.count_start("t", 7, 1),
    "list slots": lambda dependencies: dependencies.usage.slots("t", 1),
    "take a slot": lambda dependencies: dependencies.usage.take(StartSlot("t", 0, "a", NOW), None),
    "get a schedule": lambda dependencies: dependencies.schedules.get("t", "s"),
    "list schedules": lambda dependencies: dependencies.schedules.list("t", 10),
    "put a schedule": lambda dependencies: dependencies.schedules.put(SCHEDULE),
    "delete a schedule": lambda dependencies: dependencies.schedules.delete(SCHEDULE),
    "discard a schedule": lambda dependencies: dependencies.schedules.discard("t", "s"),
    "find schedules": lambda dependencies: dependencies.schedules.due(NOW, 10),
    "open an upload": lambda dependencies: dependencies.uploads.open("u", NOW),
    "ask for an upload": lambda dependencies: dependencies.uploads.expires("u"),
    "put a part": lambda dependencies: dependencies.uploads.put("u", 1, b"1", NOW),
    "read an upload": lambda dependencies: dependencies.uploads.read("u"),
    "list tasks": lambda dependencies: dependencies.tasks.list("t", TaskFilter(), 10),
}
"""Every call of every port."""

every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


@every_call
def test_a_throttled_call_is_told_as_unavailable(call: Callable[[Dependencies], object]) -> None:
    tables, queues, answer = dynamodb(), sqs(), refusal(400, "ThrottlingException")
    with answering(tables, answer), answering(queues, answer), pytest.raises(UnavailableError) as error:
        call(ports(tables, queues))
    assert isinstance(error.value.__cause__, ClientError)


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ProvisionedThroughputExceededException"),
        (400, "RequestLimitExceeded"),
        (400, "TransactionConflictException"),
        (500, "InternalServerError"),
        (503, "ServiceUnavailable"),
    ],
)
def test_a_refusal_that_passes_is_told_as_unavailable(status: int, code: str) -> None:
    tables = dynamodb()
    with answering(tables, refusal(status, code)), pytest.raises(UnavailableError, match=code):
        CALLS["update"](ports(tables, sqs()))


@every_call
def test_a_refused_connection_is_told_as_unavailable(call: Callable[[Dependencies], object]) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(UnavailableError):
        call(ports(dynamodb(endpoint), sqs(endpoint)))


@pytest.mark.parametrize("lost", [ReadTimeoutError(endpoint_url=NOWHERE), ConnectionClosedError(endpoint_url=NOWHERE)])
def test_a_broken_connection_is_told_as_unavailable(lost: Exception) -> None:
    def breaking(_: AWSPreparedRequest) -> AWSResponse:
        raise lost

    tables = dynamodb()
    with answering(tables, breaking), pytest.raises(UnavailableError):
        CALLS["update"](ports(tables, sqs()))


def test_the_page_of_a_gateway_is_told_as_unavailable() -> None:
    tables = dynamodb()
    with (
        answering(tables, lambda request: AWSResponse(request.url, 502, {}, Body(b"<html>Bad Gateway</html>"))),
        pytest.raises(UnavailableError),
    ):
        CALLS["get"](ports(tables, sqs()))


@pytest.mark.parametrize("code", ["ValidationException", "ResourceNotFoundException", "AccessDeniedException"])
def test_a_mistake_is_not_told_as_unavailable(code: str) -> None:
    tables = dynamodb()
    with answering(tables, refusal(400, code)), pytest.raises(ClientError, match=code):
        CALLS["update"](ports(tables, sqs()))


def test_a_write_whose_answer_was_lost_stands_and_its_repeat_is_told_so(ministack_aws: Aws, tenant: str) -> None:
    tables = dynamodb(ministack_aws.dynamodb.meta.endpoint_url)
    payloads = Payloads(DynamoChunks(tables, ministack_aws.names))
    store = DynamoExecutions(tables, ministack_aws.names, payloads)
    first = waiting(submitted(tenant))

    def lost(request: AWSPreparedRequest) -> AWSResponse:
        URLLib3Session().send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    with answering(tables, lost, "PutItem"), pytest.raises(UnavailableError):
        store.update(first)
    with pytest.raises(Stale) as stale:
        store.update(first)
    assert stale.value.current == first
    store.update(following(first))


def test_an_entry_of_the_audit_whose_answer_was_lost_stands_once(ministack_aws: Aws, tenant: str) -> None:
    tables = dynamodb(ministack_aws.dynamodb.meta.endpoint_url)
    audit = DynamoAudit(tables, ministack_aws.names)
    entry = audited(None, tenant, NOW, {"what": "role.written"}, is_refusal=False)

    def lost(request: AWSPreparedRequest) -> AWSResponse:
        URLLib3Session().send(request)
        raise ReadTimeoutError(endpoint_url=request.url)

    with answering(tables, lost, "PutItem"), pytest.raises(UnavailableError):
        audit.put(entry)
    assert audit.put(entry)
    assert audit.read(tenant, 10) == [entry]


def test_reads_go_on_with_the_keys_that_a_batch_left_out(ministack_aws: Aws, tenant: str) -> None:
    tables = dynamodb(ministack_aws.dynamodb.meta.endpoint_url)
    ids = [submitted(tenant, f"{n:08x}").id for n in range(5)]
    for execution_id in ids:
        ministack_aws.backend.executions.create(submitted(tenant, execution_id[-8:]))

    def partly(params: dict[str, dict[str, dict[str, object]]], **_: object) -> None:
        """Ask for two keys and remember the others as left out."""
        request = params["RequestItems"][ministack_aws.names.table(EXECUTIONS)]
        keys = list(request["Keys"])
        request["Keys"], left[:] = keys[:2], keys[2:]

    def leave(parsed: dict[str, object], **_: object) -> None:
        if left:
            parsed["UnprocessedKeys"] = {ministack_aws.names.table(EXECUTIONS): {"Keys": list(left)}}

    left: list[object] = []
    tables.meta.events.register("provide-client-params.dynamodb.BatchGetItem", partly)
    tables.meta.events.register("after-call.dynamodb.BatchGetItem", leave)
    keys = [{"id": {"S": execution_id}} for execution_id in [*ids, "not there"]]
    items = batch_get(tables, ministack_aws.names.table(EXECUTIONS), keys, ("id",))
    assert sorted(item["id"]["S"] for item in items) == ids


def test_a_batch_without_progress_is_told_as_unavailable(ministack_aws: Aws) -> None:
    tables = dynamodb(ministack_aws.dynamodb.meta.endpoint_url)
    table = ministack_aws.names.table(EXECUTIONS)

    def leave(parsed: dict[str, object], **_: object) -> None:
        parsed["UnprocessedKeys"] = {table: {"Keys": [{"id": {"S": "x"}}]}}

    tables.meta.events.register("after-call.dynamodb.BatchGetItem", leave)
    with pytest.raises(UnavailableError):
        batch_get(tables, table, [{"id": {"S": "x"}}], ("id",))
