"""What is said where botocore does not make a call, or gets no answer."""

import pytest
from botocore.exceptions import EndpointConnectionError, IncompleteReadError, NoRegionError, ParamValidationError
from botocore.validate import ParamValidator

from chalicelib.adapters.aws.models import operation
from chalicelib.adapters.aws.words import refused, unreached
from chalicelib.core.values.json import Json
from tests.words import foreign


def report(service: str, action: str, parameters: dict[str, Json]) -> str:
    """Make botocore's own error for parameters, and say it."""
    shape = operation(service, action).input_shape
    return refused(ParamValidationError(report=ParamValidator().validate(parameters, shape).generate_report()))


@pytest.mark.parametrize(
    ("service", "action", "parameters", "said"),
    [
        ("sqs", "SendMessage", {"MessageBody": "a"}, "input needs 'QueueUrl'"),
        ("sqs", "GetQueueUrl", {"QueueName": [1]}, "QueueName is a list, not a text"),
        ("sqs", "GetQueueUrl", {"QueueName": None}, "QueueName is null, not a text"),
        (
            "sqs",
            "ReceiveMessage",
            {"QueueUrl": "q", "WaitTimeSeconds": "1"},
            "WaitTimeSeconds is a text, not a whole number",
        ),
        ("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": 5}, "Body is a whole number, not bytes"),
        ("s3", "PutObject", {"Bucket": "b", "Key": ""}, "Key has a length of 0: 1 is the least"),
        ("dynamodb", "ListTables", {"Limit": 0}, "Limit is 0: 1 is the least"),
        (
            "dynamodb",
            "GetItem",
            {"TableName": "t", "Key": {"a": {"X": 1}}},
            "Key.a has no 'X'; it takes S, N, B, SS, NS, BS, M, L, NULL, BOOL",
        ),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said_in_words_of_json(
    service: str, action: str, parameters: dict[str, Json], said: str
) -> None:
    message = report(service, action, parameters)
    assert said in message
    assert foreign(message) == []


def test_of_two_members_of_a_union_one_is_asked_for() -> None:
    body: Json = {
        "modelId": "m",
        "toolConfig": {"tools": [{"toolSpec": {"name": "t", "inputSchema": {}}, "cachePoint": {"type": "default"}}]},
    }
    assert "takes exactly one of toolSpec" in report("bedrock-runtime", "Converse", body)  # type: ignore[arg-type] # an object


def test_whatever_else_it_says_is_quoted() -> None:
    assert refused(NoRegionError()) == 'boto3 does not make this call: "You must specify a region."'
    assert refused(ParamValidationError(report='Invalid bucket name "A"')) == (
        'boto3 does not take it: "Invalid bucket name \\"A\\""'
    )


def test_where_a_connection_led_is_said() -> None:
    error = EndpointConnectionError(endpoint_url="https://sqs.eu-central-1.amazonaws.com/")
    assert unreached(error) == "the connection to sqs.eu-central-1.amazonaws.com failed"
    assert unreached(IncompleteReadError(actual_bytes=1, expected_bytes=2)) == "the connection to AWS failed"
