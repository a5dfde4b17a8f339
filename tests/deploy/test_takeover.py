"""Tables that were restored become as the template says before a stack takes them over; in ministack."""

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from chalicelib.adapters.dynamodb.tables import EXECUTIONS
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.settings import Settings
from deploy.policies import DeployedStage, stages
from deploy.resources import table_request
from deploy.takeover import TakeoverError, prepare
from local.backend import REGION
from tests.adapters.examples import fresh

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_sqs.client import SQSClient


@pytest.fixture(scope="module")
def dynamodb(ministack: str) -> "DynamoDBClient":
    return client(ministack, "dynamodb")


@pytest.fixture(scope="module")
def sqs(ministack: str) -> "SQSClient":
    return client(ministack, "sqs")


def client(endpoint: str, service: Any) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return boto3.client(service, endpoint_url=endpoint, region_name=REGION, **keys)


def of_its_own(name: str) -> DeployedStage:
    (stage,) = [each for each in stages() if each.name == name]
    return copy_with(stage, settings=Settings(prefix=fresh("takeover"), is_alone=True))


def restored(dynamodb: "DynamoDBClient", stage: DeployedStage) -> str:
    """Make a table as a restore does: with its indexes, and nothing else."""
    request = table_request(EXECUTIONS, stage.names)
    del request["StreamSpecification"]
    dynamodb.create_table(**request)
    return request["TableName"]


def test_what_a_restore_leaves_out_is_set_and_tables_that_are_not_there_are_left_to_the_stack(
    dynamodb: "DynamoDBClient", sqs: "SQSClient"
) -> None:
    stage = of_its_own("prod")
    name = restored(dynamodb, stage)
    for _ in range(2):
        prepare(dynamodb, sqs, stage, is_new=True)
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": EXECUTIONS.stream}
    assert table["DeletionProtectionEnabled"]
    expiry = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert expiry == {"TimeToLiveStatus": "ENABLED", "AttributeName": EXECUTIONS.expiry}
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    names = dynamodb.list_tables(ExclusiveStartTableName=stage.settings.prefix)["TableNames"]
    assert [each for each in names if each.startswith(stage.settings.prefix)] == [name]


def test_queues_stand_in_the_way_of_a_new_stack_and_are_its_own_later(
    dynamodb: "DynamoDBClient", sqs: "SQSClient"
) -> None:
    stage = of_its_own("prod")
    sqs.create_queue(QueueName=stage.names.timers)
    with pytest.raises(
        TakeoverError, match=rf"delete-queue takes \S+{stage.names.timers} away; .*make doctor STAGE=prod"
    ):
        prepare(dynamodb, sqs, stage, is_new=True)
    prepare(dynamodb, sqs, stage, is_new=False)


def test_what_ends_with_its_stack_cannot_be_taken_over(dynamodb: "DynamoDBClient", sqs: "SQSClient") -> None:
    with pytest.raises(TakeoverError, match="tables of dev end with its stack"):
        prepare(dynamodb, sqs, of_its_own("dev"), is_new=True)
