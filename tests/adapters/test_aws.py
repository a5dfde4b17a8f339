"""Calls of AWS against a live endpoint."""

from base64 import b64decode
from typing import Any, cast

import boto3
import pytest

from chalicelib.adapters.aws import AwsPerformer
from chalicelib.core.errors import StepError
from chalicelib.core.values import Json
from local.backend import REGION, free_port
from tests.adapters.examples import fresh

KEY = "t:d:1:main:2"


class Aws:
    """What a step can do, and what the test does beside it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION)  # type: ignore[call-overload] # any

    def call(self, service: str, action: str, parameters: Json = None, **more: Json) -> Any:
        performer = AwsPerformer(["*:*"], lambda _tenant: None, "sedo", endpoint=self.endpoint)
        return performer({"service": service, "action": action, "parameters": parameters or {}, **more}, KEY)

    def failure(self, service: str, action: str, parameters: Json = None) -> StepError:
        with pytest.raises(StepError) as caught:
            self.call(service, action, parameters)
        return caught.value


@pytest.fixture
def aws(ministack: str) -> Aws:
    return Aws(ministack)


@pytest.fixture
def table(aws: Aws) -> str:
    name = fresh("orders")
    aws.client("dynamodb").create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return name


def test_a_message_is_sent_and_received(aws: Aws) -> None:
    queue = aws.call("sqs", "CreateQueue", {"QueueName": fresh("queue")})["QueueUrl"]
    sent = aws.call("sqs", "send_message", {"QueueUrl": queue, "MessageBody": "hello"})
    (message,) = aws.call("sqs", "ReceiveMessage", {"QueueUrl": queue})["Messages"]
    assert (message["Body"], message["MessageId"]) == ("hello", sent["MessageId"])
    assert "ResponseMetadata" not in sent


def test_a_topic_tells_its_queue(aws: Aws) -> None:
    topic = aws.call("sns", "CreateTopic", {"Name": fresh("topic")})["TopicArn"]
    assert aws.call("sns", "Publish", {"TopicArn": topic, "Message": "hello"})["MessageId"]


def test_an_error_has_the_code_that_aws_gives(aws: Aws, table: str) -> None:
    put: Json = {"TableName": table, "Item": {"id": {"S": "7"}}, "ConditionExpression": "attribute_not_exists(id)"}
    assert aws.call("dynamodb", "PutItem", put) == {}
    error = aws.failure("dynamodb", "PutItem", put)
    assert error.name == "aws.ConditionalCheckFailedException"
    details = cast("dict[str, Json]", error.details)
    assert (details["status"], details["message"]) == (400, str(error))
    assert details.keys() == {"message", "status", "requestId"}


def test_what_is_not_there_has_its_code_too(aws: Aws) -> None:
    assert aws.failure("dynamodb", "GetItem", {"TableName": "none", "Key": {"id": {"S": "7"}}}).name == (
        "aws.ResourceNotFoundException"
    )


def test_an_object_goes_in_and_out_as_text_or_bytes(aws: Aws) -> None:
    bucket = fresh("bucket")
    aws.call("s3", "CreateBucket", {"Bucket": bucket})
    for key, body, content in (("text", "käse", "käse".encode()), ("bytes", {"base64": "/wA="}, b"\xff\x00")):
        aws.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": body})
        assert b64decode(aws.call("s3", "GetObject", {"Bucket": bucket, "Key": key})["Body"]) == content


def test_all_pages_are_one(aws: Aws, table: str) -> None:
    dynamodb = aws.client("dynamodb")
    for number in range(5):
        dynamodb.put_item(TableName=table, Item={"id": {"S": str(number)}})
    one = aws.call("dynamodb", "Scan", {"TableName": table, "Limit": 2})
    assert (len(one["Items"]), "LastEvaluatedKey" in one) == (2, True)
    found = aws.call("dynamodb", "Scan", {"TableName": table, "Limit": 2}, paginate=True)
    assert sorted(item["id"]["S"] for item in found["Items"]) == ["0", "1", "2", "3", "4"]
    assert (found["Count"], "LastEvaluatedKey" in found) == (5, False)


def test_parameters_and_secrets_outside_of_sedos_paths_can_be_read(aws: Aws) -> None:
    name = fresh("/other/key")
    aws.call("ssm", "PutParameter", {"Name": name, "Value": "v", "Type": "String"})
    assert aws.call("ssm", "GetParameter", {"Name": name})["Parameter"]["Value"] == "v"
    secret = fresh("other")
    aws.call("secretsmanager", "CreateSecret", {"Name": secret, "SecretString": "s"})
    assert aws.call("secretsmanager", "GetSecretValue", {"SecretId": secret})["SecretString"] == "s"


def test_what_belongs_to_sedo_is_out_of_reach(aws: Aws) -> None:
    for service, action, parameters in (
        ("dynamodb", "GetItem", {"TableName": "sedo_execution", "Key": {"id": {"S": "x"}}}),
        ("ssm", "GetParametersByPath", {"Path": "/", "Recursive": True}),
    ):
        error = aws.failure(service, action, parameters)
        assert (error.name, "belongs to sedo" in str(error)) == ("aws.NotAllowed", True)


def test_what_is_not_allowed_is_not_called(aws: Aws) -> None:
    for allowed, tenant in ((["sqs:*"], None), (["*:*"], {"t": ["sqs:*"]})):
        performer = AwsPerformer(allowed, (tenant or {}).get, "sedo")
        with pytest.raises(StepError) as caught:
            performer({"service": "dynamodb", "action": "ListTables"}, KEY)
        assert caught.value.name == "aws.NotAllowed"


def test_what_a_template_made_of_the_parameters_is_held_against_the_model(aws: Aws) -> None:
    assert aws.failure("sqs", "SendMessage", {"QueueUrl": "q"}).name == "aws.InvalidParameters"
    assert aws.failure("sqs", "Send", {}).name == "aws.InvalidParameters"
    assert aws.failure("nothing", "Send", {}).name == "aws.InvalidParameters"


def test_nobody_there_is_an_error() -> None:
    assert Aws(f"http://127.0.0.1:{free_port()}").failure("sqs", "ListQueues").name == "aws.Connect"
