"""The adapters of AWS: DynamoDB, SQS, and where parameters and secrets are."""

from collections.abc import Mapping
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
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.engine.room import Room
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.adapters.calls.secrets import SecretSource
    from chalicelib.usecases.values import DownloadStore


def adapters(settings: Settings, endpoint: str | None = None) -> Adapters:
    """Make them, for the environment's endpoint or another one."""
    here, dynamodb, sqs = settings.names, clients.dynamodb(endpoint), clients.sqs(endpoint)
    room = Room(callers=WIDTH)
    payloads = Payloads(DynamoChunks(dynamodb, here), room=room)

    def secrets() -> "SecretSource":
        from chalicelib.adapters.calls.secrets import source_of  # noqa: PLC0415 - few steps have secrets

        return source_of(settings.secrets, here)

    def health() -> Mapping[str, str]:
        from chalicelib.adapters.health import check  # noqa: PLC0415 - one route asks

        return check(dynamodb, sqs, here)

    return Adapters(
        names=here,
        definitions=DynamoDefinitions(dynamodb, here),
        executions=DynamoExecutions(dynamodb, here, payloads, ListLayout(settings.shards, settings.list_indexes)),
        history=DynamoHistory(dynamodb, here, payloads),
        queue=SqsQueue(sqs, here),
        tasks=DynamoTasks(dynamodb, here, payloads),
        signals=DynamoSignals(dynamodb, here, payloads),
        incidents=DynamoIncidents(dynamodb, here),
        replies=DynamoReplies(dynamodb, here),
        uploads=DynamoUploads(dynamodb, here),
        downloads=_downloads(settings, endpoint),
        access=DynamoAccess(dynamodb, here),
        usage=DynamoUsage(dynamodb, here),
        audit=DynamoAudit(dynamodb, here),
        clock=SystemClock(),
        parameters=parameters(clients.ssm),
        secrets=secrets,
        room=room,
        health=health,
    )


def _downloads(settings: Settings, endpoint: str | None) -> "DownloadStore | None":
    """Make what keeps downloads, where there is a bucket for them; its client is made for the first of them."""
    if not settings.values_bucket:
        return None
    from chalicelib.adapters.s3 import S3Downloads  # noqa: PLC0415 - few installations have one

    return S3Downloads(lambda: clients.s3(endpoint), settings.values_bucket, settings.names)
