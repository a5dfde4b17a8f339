from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from moto import mock_aws

from chalicelib.adapters import clients
from chalicelib.adapters.dynamodb.access import DynamoAccess
from chalicelib.adapters.dynamodb.audit import DynamoAudit
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.definitions import DynamoDefinitions
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.history import DynamoHistory
from chalicelib.adapters.dynamodb.incidents import DynamoIncidents
from chalicelib.adapters.dynamodb.replies import DynamoReplies
from chalicelib.adapters.dynamodb.schedules import DynamoSchedules
from chalicelib.adapters.dynamodb.signals import DynamoSignals
from chalicelib.adapters.dynamodb.tasks import DynamoTasks
from chalicelib.adapters.dynamodb.uploads import DynamoUploads
from chalicelib.adapters.dynamodb.usage import DynamoUsage
from chalicelib.adapters.memory.access import MemoryAccess
from chalicelib.adapters.memory.audit import MemoryAudit
from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.replies import MemoryReplies
from chalicelib.adapters.memory.schedules import MemorySchedules
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import (
    MemoryClock,
    MemoryDefinitions,
    MemoryExecutions,
    MemoryHistory,
    MemoryQueue,
)
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.adapters.memory.uploads import MemoryUploads
from chalicelib.adapters.memory.usage import MemoryUsage
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import ChunkStore, Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.ports import (
    DefinitionStore,
    ExecutionStore,
    HistoryStore,
    Queue,
    ReplyStore,
    SignalStore,
    TaskStore,
)
from chalicelib.usecases.access import AccessStore
from chalicelib.usecases.audit import AuditStore
from chalicelib.usecases.incidents import IncidentStore
from chalicelib.usecases.quotas import UsageStore
from chalicelib.usecases.schedules import ScheduleStore
from chalicelib.usecases.uploads import UploadStore
from deploy import resources
from tests.adapters.examples import NOW, fresh
from tests.adapters.wire import refuse_inconsistent_reads

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef, ReceiveMessageRequestTypeDef


@dataclass(frozen=True, slots=True)
class Received:
    body: str
    handle: str
    group: str | None


@dataclass(frozen=True, slots=True)
class Backend:
    names: Names
    executions: ExecutionStore
    definitions: DefinitionStore
    history: HistoryStore
    chunks: ChunkStore
    events: SignalStore
    tasks: TaskStore
    incidents: IncidentStore
    replies: ReplyStore
    uploads: UploadStore
    audit: AuditStore
    access: AccessStore
    usage: UsageStore
    schedules: ScheduleStore
    queue: Queue
    receive: Callable[[str], Sequence[Received]]
    """All messages of a queue that are visible."""


@dataclass(frozen=True, slots=True)
class Aws:
    dynamodb: "DynamoDBClient"
    sqs: "SQSClient"
    names: Names
    backend: Backend


@pytest.fixture(scope="session", autouse=True)
def environment() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        patch.setenv("AWS_ACCOUNT_ID_ENDPOINT_MODE", "disabled")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield


@pytest.fixture(scope="module", params=["memory", "moto", "ministack"])
def backend(request: pytest.FixtureRequest) -> Backend:
    """Every implementation of the dependencies: what holds for one holds for all."""
    if request.param == "memory":
        return _memory()
    return request.getfixturevalue(f"{request.param}_aws").backend


@pytest.fixture(scope="module", params=["moto", "ministack"])
def aws(request: pytest.FixtureRequest) -> Aws:
    return request.getfixturevalue(f"{request.param}_aws")


@pytest.fixture(scope="module")
def moto_aws() -> Iterator[Aws]:
    with mock_aws():
        yield _aws(None)


@pytest.fixture(scope="module")
def ministack_aws(ministack: str) -> Aws:
    return _aws(ministack)


@pytest.fixture
def tenant() -> str:
    return fresh("tenant")


@pytest.fixture
def memory() -> Backend:
    return _memory()


def _memory() -> Backend:
    names = Names("memory")
    queue = MemoryQueue(MemoryClock(NOW))

    def receive(name: str) -> Sequence[Received]:
        mine = [message for message in queue.visible() if message.timer == (name == names.timers)]
        return [Received(message.body, message.id, message.group) for message in map(queue.receive, mine)]

    parts = MemoryChunks()
    executions, history = MemoryExecutions(Payloads(parts)), MemoryHistory(Payloads(parts))
    definitions, events, tasks = MemoryDefinitions(), MemorySignals(), MemoryTasks()
    return Backend(
        names=names,
        executions=executions,
        definitions=definitions,
        history=history,
        chunks=parts,
        events=events,
        tasks=tasks,
        incidents=MemoryIncidents(),
        replies=MemoryReplies(),
        uploads=MemoryUploads(),
        access=MemoryAccess(),
        usage=MemoryUsage(),
        schedules=MemorySchedules(),
        audit=MemoryAudit(),
        queue=queue,
        receive=receive,
    )


def _received(message: "MessageTypeDef") -> Received:
    return Received(message["Body"], message["ReceiptHandle"], message["Attributes"].get("MessageGroupId"))


def _aws(endpoint: str | None) -> Aws:
    dynamodb, sqs = clients.dynamodb(endpoint), clients.sqs(endpoint)
    names = Names(fresh("test"))
    resources.ensure(dynamodb, sqs, names.prefix)
    refuse_inconsistent_reads(dynamodb)
    parts = DynamoChunks(dynamodb, names)
    payloads = Payloads(parts)

    def receive(name: str) -> Sequence[Received]:
        url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
        found: list[Received] = []
        all_of_it: ReceiveMessageRequestTypeDef = {
            "QueueUrl": url,
            "MaxNumberOfMessages": 10,
            "AttributeNames": ["All"],
        }
        while page := sqs.receive_message(**all_of_it, WaitTimeSeconds=0).get("Messages"):
            found += map(_received, page)
        return found

    backend = Backend(
        names=names,
        executions=DynamoExecutions(dynamodb, names, payloads),
        definitions=DynamoDefinitions(dynamodb, names),
        history=DynamoHistory(dynamodb, names, payloads),
        chunks=parts,
        events=DynamoSignals(dynamodb, names, payloads),
        tasks=DynamoTasks(dynamodb, names, payloads),
        incidents=DynamoIncidents(dynamodb, names),
        replies=DynamoReplies(dynamodb, names),
        uploads=DynamoUploads(dynamodb, names),
        access=DynamoAccess(dynamodb, names),
        usage=DynamoUsage(dynamodb, names),
        schedules=DynamoSchedules(dynamodb, names, payloads),
        audit=DynamoAudit(dynamodb, names),
        queue=SqsQueue(sqs, names),
        receive=receive,
    )
    return Aws(dynamodb, sqs, names, backend)
