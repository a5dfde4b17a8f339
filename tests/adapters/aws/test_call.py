"""Calls of AWS against a live endpoint."""

import json
from base64 import b64decode
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest

from chalicelib.adapters.aws.call import AwsCalls
from chalicelib.adapters.aws.clients import CLIENTS, SECONDS, client
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from local.backend import REGION
from local.child import free_port
from tests import words
from tests.adapters.examples import fresh
from tests.loopback import Loopback, Reply, endless, json_reply, loopback, raw, silent

KEY = CallKey("t:d:1", "main", 2)


class Aws:
    """What a step can do, and what the test does beside it."""

    def __init__(self, endpoint: str, seconds: float = SECONDS) -> None:
        self.endpoint = endpoint
        self.seconds = seconds

    def client(self, service: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION)  # type: ignore[call-overload] # any

    def call(self, service: str, action: str, parameters: Json = None, **more: Json) -> Any:
        calls = AwsCalls(["*:*"], lambda _tenant: None, "mine", self.seconds, self.endpoint)
        return calls({"service": service, "action": action, "parameters": parameters or {}, **more}, KEY)

    def failure(self, service: str, action: str, parameters: Json = None, **more: Json) -> StepError:
        with pytest.raises(StepError) as caught:
            self.call(service, action, parameters, **more)
        words.require_own([str(caught.value)])
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
    queue = aws.call("sqs", "CreateQueue", {"QueueName": fresh("queue")})["QueueUrl"]
    about = aws.call("sqs", "GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": ["QueueArn"]})
    subscription: Json = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": about["Attributes"]["QueueArn"]}
    aws.call("sns", "Subscribe", subscription)
    sent = aws.call("sns", "Publish", {"TopicArn": topic, "Message": "hello"})
    (message,) = aws.call("sqs", "ReceiveMessage", {"QueueUrl": queue})["Messages"]
    body = json.loads(message["Body"])
    assert (body["Message"], body["MessageId"]) == ("hello", sent["MessageId"])


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
    assert (found["Count"], found.keys()) == (5, {"Items", "Count", "ScannedCount"})


def test_all_pages_of_objects_are_one(aws: Aws) -> None:
    bucket = fresh("pages")
    aws.call("s3", "CreateBucket", {"Bucket": bucket})
    for key in ("a/1", "a/2", "b/1", "c", "d"):
        aws.call("s3", "PutObject", {"Bucket": bucket, "Key": key, "Body": key})
    parameters: Json = {"Bucket": bucket, "MaxKeys": 1}
    assert len(aws.call("s3", "ListObjectsV2", parameters)["Contents"]) == 1
    found = aws.call("s3", "ListObjectsV2", parameters, paginate=True)
    assert [each["Key"] for each in found["Contents"]] == ["a/1", "a/2", "b/1", "c", "d"]
    assert found.keys().isdisjoint({"IsTruncated", "NextContinuationToken", "KeyCount", "ResponseMetadata"})


def test_of_what_has_no_pages_there_are_none(aws: Aws) -> None:
    assert aws.failure("sqs", "GetQueueUrl", {"QueueName": "q"}, paginate=True).name == "aws.InvalidParameters"


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
        ("dynamodb", "GetItem", {"TableName": "mine_execution", "Key": {"id": {"S": "x"}}}),
        ("ssm", "GetParametersByPath", {"Path": "/", "Recursive": True}),
        ("secretsmanager", "ListSecrets", {}),
        ("cloudformation", "DescribeStacks", {}),
    ):
        error = aws.failure(service, action, parameters)
        assert (error.name, "belongs to sedo" in str(error)) == ("aws.NotAllowed", True)


def test_so_is_the_bucket_for_values() -> None:
    calls = AwsCalls(["*:*"], lambda _tenant: None, "sedo", bucket="the-values")
    with pytest.raises(StepError) as caught:
        calls({"service": "s3", "action": "GetObject", "parameters": {"Bucket": "the-values", "Key": "sedo/1"}}, KEY)
    assert caught.value.name == "aws.NotAllowed"


def test_what_is_not_allowed_is_not_called(aws: Aws) -> None:
    for allowed, tenant in ((["sqs:*"], None), (["*:*"], {"t": ["sqs:*"]})):
        calls = AwsCalls(allowed, (tenant or {}).get, "sedo")
        with pytest.raises(StepError) as caught:
            calls({"service": "dynamodb", "action": "DescribeLimits"}, KEY)
        assert caught.value.name == "aws.NotAllowed"


def test_what_a_template_made_of_the_parameters_is_held_against_the_model(aws: Aws) -> None:
    error = aws.failure("sqs", "SendMessage", {"QueueUrl": "q"})
    assert (error.name, error.unanswered) == ("aws.InvalidParameters", False)
    assert aws.failure("sqs", "Send", {}).name == "aws.InvalidParameters"
    assert aws.failure("nothing", "Send", {}).name == "aws.InvalidParameters"


def test_nobody_there_is_an_error() -> None:
    error = Aws(f"http://127.0.0.1:{free_port()}").failure("sns", "ListTopics")
    assert (error.name, error.unanswered) == ("aws.Connect", False)


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A service that answers as a test wants it to."""
    with loopback() as running:
        yield running


def refused(server: Loopback, reply: Reply) -> StepError:
    server.answers["/"] = reply
    return Aws(server.url).failure("dynamodb", "DescribeLimits")


def hanging_up(value: Json, status: int = 200, **headers: str) -> Reply:
    return json_reply(value, status, Connection="close", **headers)


def test_what_aws_says_of_an_error_beside_its_message_is_the_answer(server: Loopback) -> None:
    body: Json = {
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "cancelled",
        "CancellationReasons": [{"Code": "None"}, {"Code": "ConditionalCheckFailed", "Item": {"n": {"B": "AA=="}}}],
    }
    error = refused(server, hanging_up(body, 400, **{"x-amzn-RequestId": "r-1"}))
    assert (error.name, str(error), error.retry_after) == ("aws.TransactionCanceledException", "cancelled", None)
    assert error.details == {
        "message": "cancelled",
        "status": 400,
        "requestId": "r-1",
        "answer": {"CancellationReasons": cast("dict[str, Json]", body)["CancellationReasons"]},
    }


def test_when_to_come_again_is_what_aws_says(server: Loopback) -> None:
    error = refused(server, hanging_up({"__type": "Slow Down"}, 503, **{"Retry-After": "7"}))
    assert (error.name, error.retry_after, error.unanswered) == ("aws.Slow Down", 7.0, False)


def test_a_call_is_made_once_it_is_the_step_that_tries_again(server: Loopback) -> None:
    refused(server, hanging_up({"__type": "ThrottlingException"}, 400))
    assert len(server.requests) == 1


def test_what_is_no_answer_of_aws_is_an_error_of_the_connection(server: Loopback) -> None:
    server.answers["/"] = Reply(200, {"Connection": "close"}, b"<html>")
    error = Aws(server.url).failure("sns", "ListTopics")
    assert (error.name, "no answer of AWS" in str(error), error.unanswered) == ("aws.Connect", True, True)


def test_the_same_turn_sends_the_same_token(server: Loopback) -> None:
    server.answers["/"] = hanging_up({})
    item: Json = {"Delete": {"TableName": "t", "Key": {"id": {"S": "7"}}, "ConditionExpression": None}}
    for _ in range(2):
        Aws(server.url).call("dynamodb", "TransactWriteItems", {"TransactItems": [item]})
    first, again = (json.loads(request.body) for request in server.requests)
    assert first == again
    assert first.keys() == {"TransactItems", "ClientRequestToken"}


def test_a_key_of_the_step_is_another_token(server: Loopback) -> None:
    server.answers["/"] = hanging_up({})
    calls = AwsCalls(["*:*"], lambda _tenant: None, "mine", endpoint=server.url)
    item: Json = {"Delete": {"TableName": "t", "Key": {"id": {"S": "7"}}}}
    wanted: Json = {"service": "dynamodb", "action": "TransactWriteItems", "parameters": {"TransactItems": [item]}}
    for key in (KEY, KEY._replace(own="order-7"), CallKey("t:d:2", "main", 9, "order-7")):
        calls(wanted, key)
    one, own, same = (json.loads(request.body)["ClientRequestToken"] for request in server.requests)
    assert one != own == same


def test_who_says_nothing_is_not_waited_for(server: Loopback) -> None:
    server.answers["/"] = silent
    error = Aws(server.url, seconds=0.1).failure("dynamodb", "DescribeLimits")
    assert (error.name, error.unanswered) == ("aws.Timeout", True)


def test_a_body_without_an_end_is_too_large(server: Loopback) -> None:
    server.answers["/b/k"] = endless(b"HTTP/1.1 200 OK\r\n\r\n")
    error = Aws(server.url).failure("s3", "GetObject", {"Bucket": "b", "Key": "k"})
    assert (error.name, error.unanswered) == ("aws.TooLarge", True)


def test_a_body_that_breaks_off_is_an_error_of_the_connection(server: Loopback) -> None:
    server.answers["/b/k"] = Reply(200, {"Connection": "close", "Content-Length": "10"}, b"half")
    error = Aws(server.url).failure("s3", "GetObject", {"Bucket": "b", "Key": "k"})
    assert (error.name, error.unanswered) == ("aws.Connect", True)


def test_who_hangs_up_without_an_answer_may_have_done_it(server: Loopback) -> None:
    server.answers["/"] = raw(b"")
    error = Aws(server.url).failure("dynamodb", "DescribeLimits")
    assert (error.name, error.unanswered) == ("aws.Connect", True)


def test_pages_without_an_end_are_not_waited_for(server: Loopback) -> None:
    numbers = iter(range(10**6))
    server.answers["/"] = lambda handler: handler.reply(
        hanging_up({"Items": [{"k": {"S": "t"}}], "LastEvaluatedKey": {"k": {"N": f"{next(numbers)}"}}})
    )
    error = Aws(server.url, seconds=0.2).failure("dynamodb", "Scan", {"TableName": "t"}, paginate=True)
    assert (error.name, error.unanswered) == ("aws.Timeout", True)


def test_pages_have_a_bound_together(server: Loopback) -> None:
    numbers, large = iter(range(10)), "x" * 9_000_000
    server.answers["/"] = lambda handler: handler.reply(
        hanging_up({"Items": [{"k": {"S": large}}], "LastEvaluatedKey": {"k": {"N": f"{next(numbers)}"}}})
    )
    assert Aws(server.url).failure("dynamodb", "Scan", {"TableName": "t"}, paginate=True).name == "aws.TooLarge"
    assert next(numbers) == 4


def test_pages_of_maps_are_put_together_key_by_key(server: Loopback) -> None:
    pages = [{"values": {"a": [[1, 2]], "b": [[3, 4]]}, "position": "2"}, {"values": {"a": [[5, 6]], "c": [[7, 8]]}}]
    server.answers["/usageplans/p/usage"] = lambda handler: handler.reply(hanging_up(pages[len(server.requests) - 1]))
    parameters: Json = {"usagePlanId": "p", "startDate": "2026-01-01", "endDate": "2026-01-02"}
    found = Aws(server.url).call("apigateway", "GetUsage", parameters, paginate=True)
    assert found["items"] == {"a": [[1, 2], [5, 6]], "b": [[3, 4]], "c": [[7, 8]]}
    assert "position" not in found


def test_pages_of_a_text_are_one_text(server: Loopback) -> None:
    def page(text: str, more: str) -> Reply:
        inner = f"<LogFileData>{text}</LogFileData><AdditionalDataPending>{more}</AdditionalDataPending>"
        result = f"<DownloadDBLogFilePortionResult>{inner}<Marker>m</Marker></DownloadDBLogFilePortionResult>"
        body = f"<DownloadDBLogFilePortionResponse>{result}</DownloadDBLogFilePortionResponse>"
        return Reply(200, {"Content-Type": "text/xml", "Connection": "close"}, body.encode())

    pages = [page("one", "true"), page("two", "false")]
    server.answers["/"] = lambda handler: handler.reply(pages[len(server.requests) - 1])
    parameters: Json = {"DBInstanceIdentifier": "d", "LogFileName": "l"}
    assert Aws(server.url).call("rds", "DownloadDBLogFilePortion", parameters, paginate=True) == {
        "LogFileData": "onetwo"
    }


def test_what_all_pages_say_alike_is_said_once(server: Loopback) -> None:
    def page(*amounts: str) -> dict[str, Json]:
        listed: Json = [{"BudgetedAmount": {"Amount": amount, "Unit": "USD"}} for amount in amounts]
        return {"BudgetPerformanceHistory": {"BudgetName": "b", "BudgetedAndActualAmountsList": listed}}

    pages = [{**page("1", "2"), "NextToken": "n"}, page("3")]
    server.answers["/"] = lambda handler: handler.reply(hanging_up(pages[len(server.requests) - 1]))
    parameters: Json = {"AccountId": "123456789012", "BudgetName": "b"}
    found = Aws(server.url).call("budgets", "DescribeBudgetPerformanceHistory", parameters, paginate=True)
    assert found == page("1", "2", "3")


def test_a_region_of_a_step_is_called(server: Loopback) -> None:
    server.answers["/"] = hanging_up({})
    for region, named in ((None, REGION), ("eu-central-1", "eu-central-1")):
        more: dict[str, Json] = {} if region is None else {"region": region}
        Aws(server.url).call("dynamodb", "DescribeLimits", **more)
        assert f"/{named}/dynamodb/" in server.requests[-1].headers["authorization"]


def test_clients_are_kept_but_not_of_every_region_there_may_be() -> None:
    first = client("sts", "aa-first-1", SECONDS, "http://127.0.0.1")
    assert client("sts", "aa-first-1", SECONDS, "http://127.0.0.1") is first
    for number in range(CLIENTS):
        client("sts", f"aa-other-{number}", SECONDS, "http://127.0.0.1")
    assert client("sts", "aa-first-1", SECONDS, "http://127.0.0.1") is not first
