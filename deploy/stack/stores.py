"""The tables and queues of a stack, as :mod:`deploy.resources` makes them without one."""

from collections.abc import Iterator
from typing import Any

from chalicelib.adapters.dynamodb.tables import TABLES, TableSchema
from chalicelib.adapters.names import Names
from deploy.resources import QUEUE_ATTRIBUTES, RECEIVES, table_request
from deploy.stack.syntax import NOTHING, Block, get_att, logical_id, ref, resource, when

QUEUES = {"work": "WorkQueue", "timers": "TimerQueue", "dead_work": "DeadWorkQueue", "dead_timers": "DeadTimerQueue"}
"""The queues of :class:`Names`, and what they are called in a template."""
DEAD = {"work": "dead_work", "timers": "dead_timers"}
"""Where messages go that were received too often."""


def outlives(stage: str) -> bool:
    """Tell whether the tables and queues of a stage outlive its stack."""
    return stage != "dev"


def table_id(table: TableSchema) -> str:
    """Name a table in a template."""
    return logical_id(table.name, "Table")


def ends(*, lasting: bool) -> Block:
    """Say what becomes of a resource when its stack is deleted; what is kept can be imported by another one."""
    kept = "Retain" if lasting else "Delete"
    return {"DeletionPolicy": "RetainExceptOnCreate" if lasting else "Delete", "UpdateReplacePolicy": kept}


def stores(names: Names, *, lasting: bool) -> dict[str, Block]:
    """Declare the tables and queues; those of a stage that is to last outlive the stack."""
    ending = ends(lasting=lasting)
    return {
        **{
            table_id(each): resource("DynamoDB::Table", _table(each, names, lasting=lasting), **ending)
            for each in TABLES
        },
        **{found: resource("SQS::Queue", _queue(queue, names), **ending) for queue, found in QUEUES.items()},
    }


def _table(table: TableSchema, names: Names, *, lasting: bool) -> Block:
    request: dict[str, Any] = {**table_request(table, names)}
    if "StreamSpecification" in request:
        request["StreamSpecification"] = {"StreamViewType": table.stream}
    return {
        **request,
        "TimeToLiveSpecification": {"Enabled": True, "AttributeName": table.expiry},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": lasting},
        "DeletionProtectionEnabled": lasting,
        "SSESpecification": when(
            "HasKey", {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": ref("KmsKeyArn")}, NOTHING
        ),
    }


def _queue(queue: str, names: Names) -> Block:
    attributes: dict[str, Any] = {str(name): seconds for name, seconds in QUEUE_ATTRIBUTES.items()}
    return {"QueueName": getattr(names, queue), **attributes, **dict(_redrive(queue))} | {
        "KmsMasterKeyId": when("HasKey", ref("KmsKeyArn")),
        "SqsManagedSseEnabled": when("HasKey", NOTHING, True),  # noqa: FBT003 - a property
    }


def _redrive(queue: str) -> Iterator[tuple[str, Block]]:
    if queue in DEAD:
        target = get_att(QUEUES[DEAD[queue]], "Arn")
        yield "RedrivePolicy", {"deadLetterTargetArn": target, "maxReceiveCount": RECEIVES}
