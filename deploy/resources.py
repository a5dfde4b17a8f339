"""Tables, queues and token keys: ``python -m deploy.resources`` makes what is missing, on AWS or any endpoint."""

import json
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.adapters import clients, names
from chalicelib.adapters.calls import tokens
from chalicelib.adapters.dynamodb.executions import BY_DUE, BY_TENANT
from chalicelib.adapters.dynamodb.tasks import BY_STATUS, LISTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.literals import ScalarAttributeTypeType
    from mypy_boto3_dynamodb.type_defs import (
        CreateTableInputTypeDef,
        GlobalSecondaryIndexTypeDef,
        KeySchemaElementTypeDef,
        ProjectionTypeDef,
        WaiterConfigTypeDef,
    )
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_ssm.client import SSMClient

EXPIRY = "expiresAt"
VISIBILITY_SECONDS = 360  # six times the timeout of the functions
RETENTION_SECONDS = 14 * 24 * 3600
POLL_SECONDS = 20
RECEIVES = 5
WAIT_SECONDS = 120


class Index(NamedTuple):
    """A global secondary index, by the names of its two key attributes, and of what it holds beside keys."""

    name: str
    partition: str
    sort: str
    includes: tuple[str, ...] = ()


class Table(NamedTuple):
    """A table, by the names of its key attributes; all are text but ``part``."""

    name: str
    partition: str
    sort: str | None = None
    indexes: tuple[Index, ...] = ()


def ensure(dynamodb: "DynamoDBClient", sqs: "SQSClient", prefix: str) -> list[str]:
    """Make the tables and queues that are missing, and wait until they can be used.

    Answers the names of those it made; what is there already is left as it is.
    """
    wanted = names.Names(prefix)
    return [*_tables(dynamodb, wanted), *_queues(sqs, wanted)]


def ensure_token_keys(ssm: "SSMClient", prefix: str) -> list[str]:
    """Make the parameter with the keys of tokens, with one key, if it is missing; answer its name if so."""
    path = tokens.path(names.Names(prefix))
    try:
        ssm.put_parameter(Name=path, Value=tokens.new_key(), Type="SecureString", Overwrite=False)
    except ssm.exceptions.ParameterAlreadyExists:
        return []
    return [path]


def _schema(wanted: names.Names) -> tuple[Table, ...]:
    by_tenant, by_due = Index(BY_TENANT, "tenantId", "startedAt"), Index(BY_DUE, "dueShard", "dueAt")
    by_status = Index(BY_STATUS, "tenantStatus", "createdAt", LISTED)
    return (
        Table(wanted.definitions, "tenantId", "id"),
        Table(wanted.definition_versions, "tenantId", "idVersion"),
        Table(wanted.executions, "id", indexes=(by_tenant, by_due)),
        Table(wanted.history, "id", "key"),
        Table(wanted.payloads, "sha256", "part"),
        Table(wanted.events, "tenantId", "nameKey"),
        Table(wanted.tasks, "tenantId", "id", indexes=(by_status,)),
    )


def _tables(dynamodb: "DynamoDBClient", wanted: names.Names) -> list[str]:
    made = []
    for table in _schema(wanted):
        try:
            dynamodb.describe_table(TableName=table.name)
        except dynamodb.exceptions.ResourceNotFoundException:
            dynamodb.create_table(**_table_request(table))
            made.append(table.name)
    for name in wanted.tables:
        patience: WaiterConfigTypeDef = {"Delay": 1, "MaxAttempts": WAIT_SECONDS}
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=patience)
        expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
        if expiry.get("TimeToLiveStatus", "DISABLED") == "DISABLED":
            dynamodb.update_time_to_live(
                TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": EXPIRY}
            )
    return made


def _table_request(table: Table) -> "CreateTableInputTypeDef":
    keys = [name for name in (table.partition, table.sort) if name is not None]
    attributes = {*keys, *(name for index in table.indexes for name in (index.partition, index.sort))}
    request: CreateTableInputTypeDef = {
        "TableName": table.name,
        "KeySchema": list(_keys(table.partition, table.sort)),
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": _type(name)} for name in sorted(attributes)],
        "BillingMode": "PAY_PER_REQUEST",
    }
    if table.indexes:
        request["GlobalSecondaryIndexes"] = [_index_request(index) for index in table.indexes]
    return request


def _index_request(index: Index) -> "GlobalSecondaryIndexTypeDef":
    included: ProjectionTypeDef = {"ProjectionType": "INCLUDE", "NonKeyAttributes": index.includes}
    return {
        "IndexName": index.name,
        "KeySchema": list(_keys(index.partition, index.sort)),
        "Projection": included if index.includes else {"ProjectionType": "KEYS_ONLY"},
    }


def _keys(partition: str, sort: str | None) -> "Iterator[KeySchemaElementTypeDef]":
    yield {"AttributeName": partition, "KeyType": "HASH"}
    if sort is not None:
        yield {"AttributeName": sort, "KeyType": "RANGE"}


def _type(attribute: str) -> "ScalarAttributeTypeType":
    return "N" if attribute == "part" else "S"


def _queues(sqs: "SQSClient", wanted: names.Names) -> list[str]:
    made = []
    for queue, dead in ((wanted.work, wanted.dead_work), (wanted.timers, wanted.dead_timers)):
        attributes: dict[QueueAttributeNameType, str] = {
            "VisibilityTimeout": str(VISIBILITY_SECONDS),
            "MessageRetentionPeriod": str(RETENTION_SECONDS),
            "ReceiveMessageWaitTimeSeconds": str(POLL_SECONDS),
        }
        made += _queue(sqs, dead, attributes)
        url = sqs.get_queue_url(QueueName=dead)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": RECEIVES})
        made += _queue(sqs, queue, attributes | {"RedrivePolicy": redrive})
    return made


def _queue(sqs: "SQSClient", name: str, attributes: "dict[QueueAttributeNameType, str]") -> list[str]:
    try:
        sqs.get_queue_url(QueueName=name)
    except sqs.exceptions.QueueDoesNotExist:
        sqs.create_queue(QueueName=name, Attributes=attributes)
        return [name]
    return []


def main() -> None:
    """Make what is missing under ``SEDO_PREFIX``, and say so."""
    prefix = names.from_environment().prefix
    made = [*ensure(clients.dynamodb(), clients.sqs(), prefix), *ensure_token_keys(clients.ssm(), prefix)]
    for name in made:
        print(f"made {name}")
    if not made:
        print(f"every table and queue of {prefix} is there, and its token keys")


if __name__ == "__main__":
    main()
