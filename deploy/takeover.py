"""The takeover of existing tables by a stack: restored tables, or those that an earlier stack has left.

CloudFormation imports a table as it is, and takes what the template says of it for true. So what a restore leaves out
is set here. It imports no queues: their ids are what it reads, and not what a template says (AWS CloudFormation User
Guide, "Import AWS resources into a CloudFormation stack automatically").
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.tables import TABLES
from deploy.policies import DeployedStage
from deploy.resources import WAIT_SECONDS, ensure_expiry, ensure_stream
from deploy.stack.stores import outlives

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient


class TakeoverError(Exception):
    """A stack cannot take over what is there."""


def prepare(dynamodb: "DynamoDBClient", sqs: "SQSClient", stage: DeployedStage, *, is_new: bool) -> None:
    """Give the tables of a stage what the template says of them; ``is_new`` says whether its stack is to be made.

    Raises:
        TakeoverError: the stage is not to last, or its queues are there.
    """
    if not outlives(stage.name):
        raise TakeoverError(f"tables of {stage.name} end with its stack, and CloudFormation imports only what is kept")
    if is_new and (queues := [*_there(sqs, stage)]):
        raise TakeoverError(
            f"CloudFormation cannot import queues: aws sqs delete-queue takes {', '.join(queues)} away;"
            f" then the same command; then make doctor STAGE={stage.name} REPAIR=wake MORE=--restored"
        )
    for table in TABLES:
        name = stage.names.table(table)
        try:
            is_protected = dynamodb.describe_table(TableName=name)["Table"].get("DeletionProtectionEnabled")
        except dynamodb.exceptions.ResourceNotFoundException:
            continue
        _wait(dynamodb, name)
        ensure_stream(dynamodb, table, name)
        _wait(dynamodb, name)
        if not is_protected:
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=True)
        ensure_expiry(dynamodb, table, name)
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )


def _there(sqs: "SQSClient", stage: DeployedStage) -> Iterator[str]:
    for name in stage.names.queues:
        try:
            yield sqs.get_queue_url(QueueName=name)["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            continue


def _wait(dynamodb: "DynamoDBClient", name: str) -> None:
    """Wait until a table can be changed."""
    waiter = dynamodb.get_waiter("table_exists")
    waiter.wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": WAIT_SECONDS})
