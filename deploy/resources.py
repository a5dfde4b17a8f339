"""Tables, queues and token keys: ``python -m deploy.resources`` makes what is missing, on AWS or any endpoint."""

import argparse
import json
from typing import TYPE_CHECKING, Any

from botocore.waiter import WaiterModel, create_waiter_with_client

from chalicelib.adapters import clients, names
from chalicelib.adapters.calls import tokens
from chalicelib.adapters.dynamodb.tables import TABLES, KeySchema, SecondaryIndex, TableSchema
from chalicelib.core.values.errors import SetupError
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Final

    from mypy_boto3_dynamodb.client import DynamoDBClient
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

LONGEST_WINDOW = 20
"""Seconds that Lambda may collect messages for a batch, at most."""
QUEUE_ATTRIBUTES: "Mapping[QueueAttributeNameType, int]" = {
    # six times the timeout of functions, and the window (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS")
    "VisibilityTimeout": 6 * 60 + LONGEST_WINDOW,
    "MessageRetentionPeriod": 14 * 24 * 3600,
    "ReceiveMessageWaitTimeSeconds": 20,
}
"""Seconds, of every queue."""
RECEIVES = 5
WAIT_SECONDS = 120
GLOBAL: "Final" = "GlobalSecondaryIndexes"
INDEXES_FILLED = WaiterModel(
    {
        "version": 2,
        "waiters": {
            "IndexesFilled": {
                "operation": "DescribeTable",
                "delay": 5,
                "maxAttempts": 720,
                "acceptors": [
                    {
                        "expected": "ACTIVE",
                        "matcher": "pathAll",
                        "state": "success",
                        "argument": f"Table.{GLOBAL}[].IndexStatus",
                    }
                ],
            }
        },
    }
)
"""Looks every 5 seconds, for an hour at most; run it again to wait longer."""


def ensure(dynamodb: "DynamoDBClient", sqs: "SQSClient", prefix: str) -> list[str]:
    """Make the tables, their global indexes and the queues that are missing, and wait until they can be used.

    Answers the names of those it made, an index as ``table/index``; what is there already is left as it is.
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


def _tables(dynamodb: "DynamoDBClient", wanted: names.Names) -> list[str]:
    made = []
    for table in TABLES:
        try:
            dynamodb.describe_table(TableName=wanted.table(table))
        except dynamodb.exceptions.ResourceNotFoundException:
            dynamodb.create_table(**table_request(table, wanted))
            made.append(wanted.table(table))
    for table in TABLES:
        name = wanted.table(table)
        ensure_stream(dynamodb, table, name)
        patience: WaiterConfigTypeDef = {"Delay": 1, "MaxAttempts": WAIT_SECONDS}
        dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig=patience)
        made += _ensure_indexes(dynamodb, table, wanted)
        ensure_expiry(dynamodb, table, name)
    return made


def ensure_expiry(dynamodb: "DynamoDBClient", table: TableSchema, name: str) -> None:
    """Let the items of a table expire, if they do not yet."""
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    if expiry.get("TimeToLiveStatus", "DISABLED") == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": table.expiry}
        )


def ensure_stream(dynamodb: "DynamoDBClient", table: TableSchema, name: str) -> None:
    """Give a table that was made without a stream the one that it has now."""
    if table.stream is None or "StreamSpecification" in dynamodb.describe_table(TableName=name)["Table"]:
        return
    dynamodb.update_table(TableName=name, StreamSpecification={"StreamEnabled": True, "StreamViewType": table.stream})


def _ensure_indexes(dynamodb: "DynamoDBClient", table: TableSchema, wanted: names.Names) -> "Iterator[str]":
    """Give a table of an earlier release the global indexes that it lacks, and wait until each is filled.

    One can be filled at a time, while reads and writes go on (Amazon DynamoDB Developer Guide, "Managing Global
    Secondary Indexes").
    """
    name, request = wanted.table(table), table_request(table, wanted)
    there = {index["IndexName"] for index in dynamodb.describe_table(TableName=name)["Table"].get(GLOBAL, ())}
    for index in request.get(GLOBAL, ()):
        if index["IndexName"] not in there:
            _wait_for_indexes(dynamodb, name, any_there=bool(there))
            keys = {key["AttributeName"] for key in (*request["KeySchema"], *index["KeySchema"])}
            dynamodb.update_table(
                TableName=name,
                AttributeDefinitions=[key for key in request["AttributeDefinitions"] if key["AttributeName"] in keys],
                GlobalSecondaryIndexUpdates=[{"Create": {**index}}],
            )
            there.add(index["IndexName"])
            yield f"{name}/{index['IndexName']}"
    _wait_for_indexes(dynamodb, name, any_there=bool(there))


def _wait_for_indexes(dynamodb: "DynamoDBClient", name: str, *, any_there: bool) -> None:
    """Wait until the global indexes of a table are filled, if it has any."""
    if any_there:
        waiter: Any = create_waiter_with_client("IndexesFilled", INDEXES_FILLED, dynamodb)
        waiter.wait(TableName=name)


def table_request(table: TableSchema, wanted: names.Names) -> "CreateTableInputTypeDef":
    """Write the request that creates a table."""
    attributes = {name for schema in (table, *table.indexes) for name in (schema.partition, schema.sort) if name}
    request: CreateTableInputTypeDef = {
        "TableName": wanted.table(table),
        "KeySchema": list(_keys(table)),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": "N" if name in table.numbers else "S"}
            for name in sorted(attributes)
        ],
        "BillingMode": table.billing,
    }
    for kind, local in (("GlobalSecondaryIndexes", False), ("LocalSecondaryIndexes", True)):
        if indexes := [_index_request(index) for index in table.indexes if index.local is local]:
            request[kind] = indexes  # type: ignore[literal-required] # the two are described alike
    if table.stream is not None:
        request["StreamSpecification"] = {"StreamEnabled": True, "StreamViewType": table.stream}
    return request


def _index_request(index: SecondaryIndex) -> "GlobalSecondaryIndexTypeDef":
    included: ProjectionTypeDef = {"ProjectionType": "INCLUDE", "NonKeyAttributes": index.includes}
    return {
        "IndexName": index.name,
        "KeySchema": list(_keys(index)),
        "Projection": included if index.includes else {"ProjectionType": "KEYS_ONLY"},
    }


def _keys(schema: KeySchema) -> "Iterator[KeySchemaElementTypeDef]":
    yield {"AttributeName": schema.partition, "KeyType": "HASH"}
    if schema.sort:
        yield {"AttributeName": schema.sort, "KeyType": "RANGE"}


def _queues(sqs: "SQSClient", wanted: names.Names) -> list[str]:
    made = []
    for queue, dead in ((wanted.work, wanted.dead_work), (wanted.timers, wanted.dead_timers)):
        attributes = {name: str(seconds) for name, seconds in QUEUE_ATTRIBUTES.items()}
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


def main(arguments: "list[str] | None" = None) -> None:
    """Make what is missing under ``SEDO_PREFIX``, and say so."""
    parser = argparse.ArgumentParser(
        prog="python -m deploy.resources",
        description="Make the tables, queues and token keys that are missing, and leave those that are there.",
        epilog="SEDO_PREFIX: how their names begin. AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION …: where to make them.",
    )
    parser.parse_args(arguments)
    try:
        prefix = Settings.from_environment().prefix
    except SetupError as error:
        parser.error(str(error))
    made = [*ensure(clients.dynamodb(), clients.sqs(), prefix), *ensure_token_keys(clients.ssm(), prefix)]
    for name in made:
        print(f"made {name}")
    if not made:
        print(f"every table and queue of {prefix} is there, and its token keys")


if __name__ == "__main__":
    main()
