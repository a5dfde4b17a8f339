"""The adapters of AWS: DynamoDB, SQS, and where parameters and secrets are."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.calls.parameters import parameters
from chalicelib.adapters.calls.pool import WIDTH
from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.dynamodb.access import DynamoAccess
from chalicelib.adapters.dynamodb.audit import DynamoAudit
from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.definitions import DynamoDefinitions
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.history import DynamoHistory
from chalicelib.adapters.dynamodb.incidents import DynamoIncidents
from chalicelib.adapters.dynamodb.list_sources import ListLayout
from chalicelib.adapters.dynamodb.replies import DynamoReplies
from chalicelib.adapters.dynamodb.signals import DynamoSignals
from chalicelib.adapters.dynamodb.tasks import DynamoTasks
from chalicelib.adapters.dynamodb.uploads import DynamoUploads
from chalicelib.adapters.dynamodb.usage import DynamoUsage
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.engine.room import Room
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient

    from chalicelib.adapters.calls.secrets import SecretSource
    from chalicelib.core.search.documents import SearchEntry
    from chalicelib.core.values.queue_depth import QueueDepth
    from chalicelib.engine.stream import SearchIndex, StreamRecord
    from chalicelib.usecases.schedules import ScheduleStore
    from chalicelib.usecases.values import DownloadStore


def adapters(settings: Settings, endpoint: str | None = None) -> Adapters:
    """Make them, for the environment's endpoint or another one."""
    here, dynamodb, sqs = settings.names, clients.dynamodb(endpoint), clients.sqs(endpoint)
    room = Room(callers=WIDTH)
    payloads = Payloads(DynamoChunks(dynamodb, here), room=room)

    def secrets() -> "SecretSource":
        from chalicelib.adapters.calls.secrets import source_of  # noqa: PLC0415 - few steps have secrets

        return source_of(settings.secrets, here)

    executions = execution_table(dynamodb, settings, payloads)
    tasks = DynamoTasks(dynamodb, here, payloads)

    return Adapters(
        names=here,
        definitions=DynamoDefinitions(dynamodb, here),
        executions=executions,
        history=DynamoHistory(dynamodb, here, payloads),
        queue=SqsQueue(sqs, here),
        tasks=tasks,
        signals=DynamoSignals(dynamodb, here, payloads),
        incidents=DynamoIncidents(dynamodb, here),
        replies=DynamoReplies(dynamodb, here),
        uploads=DynamoUploads(dynamodb, here),
        downloads=_downloads(settings, endpoint),
        access=DynamoAccess(dynamodb, here),
        usage=DynamoUsage(dynamodb, here),
        schedules=cache(lambda: _schedules(dynamodb, settings, payloads)),
        audit=DynamoAudit(dynamodb, here),
        search=search_index(settings),
        entry_of=lambda record: _entry_of(record, here, executions, tasks),
        clock=SystemClock(),
        parameters=parameters(clients.ssm),
        secrets=secrets,
        room=room,
        health=lambda: _health(dynamodb, sqs, here),
        queue_depths=lambda: _queue_depths(sqs, here),
    )


def execution_table(client: "DynamoDBClient", settings: Settings, payloads: Payloads) -> DynamoExecutions:
    """Make the table of executions, with the lists that the settings choose."""
    layout = ListLayout(settings.shards, settings.list_indexes)
    return DynamoExecutions(client, settings.names, payloads, layout, None if settings.traces == "none" else _context)


def _schedules(client: "DynamoDBClient", settings: Settings, payloads: Payloads) -> "ScheduleStore":
    from chalicelib.adapters.dynamodb.schedules import DynamoSchedules  # noqa: PLC0415 - few functions need them

    return DynamoSchedules(client, settings.names, payloads, settings.shards)


def _context() -> str:
    from chalicelib.adapters.traces import context  # noqa: PLC0415 - only where it is set

    return context()


def _health(dynamodb: "DynamoDBClient", sqs: "SQSClient", names: Names) -> Mapping[str, str]:
    from chalicelib.adapters.health import check  # noqa: PLC0415 - one route asks

    return check(dynamodb, sqs, names)


def _queue_depths(sqs: "SQSClient", names: Names) -> "Mapping[str, QueueDepth]":
    from chalicelib.adapters.health import queue_depths  # noqa: PLC0415 - few requests ask

    return queue_depths(sqs, names)


def _entry_of(
    record: "StreamRecord", names: Names, executions: DynamoExecutions, tasks: DynamoTasks
) -> "SearchEntry | None":
    from chalicelib.adapters.dynamodb.stream import DynamoEntries  # noqa: PLC0415 - one function reads streams

    return DynamoEntries(names, executions, tasks).of_record(record)


def _downloads(settings: Settings, endpoint: str | None) -> "DownloadStore | None":
    """Make what keeps downloads, where there is a bucket for them; its client is made for the first of them."""
    if not settings.values_bucket:
        return None
    from chalicelib.adapters.s3 import S3Downloads  # noqa: PLC0415 - few installations have one

    return S3Downloads(lambda: clients.s3(endpoint), settings.values_bucket, settings.names)


def search_index(settings: Settings) -> "SearchIndex | None":
    """Make the index, where there is a search engine; its credentials are those of the function."""
    if not settings.search_url:
        return None
    from chalicelib.adapters.search.connection import SearchConnection, Signer  # noqa: PLC0415 - workers have none
    from chalicelib.adapters.search.opensearch import OpenSearchIndex  # noqa: PLC0415 - the same
    from chalicelib.core.search.index import IndexNames  # noqa: PLC0415 - the same

    signer = Signer(*clients.signing()) if settings.search_auth == "iam" else None
    return OpenSearchIndex(SearchConnection(settings.search_url, signer), IndexNames(settings.prefix))
