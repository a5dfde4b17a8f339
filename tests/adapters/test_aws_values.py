import io
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.adapters.aws_models import operation
from chalicelib.adapters.aws_values import MOST, incoming, outgoing
from chalicelib.core.errors import StepError
from chalicelib.core.values import Json

KEY = "t:d:1:main:2"


def sent(service: str, action: str, parameters: dict[str, Json], key: str = KEY) -> dict[str, Any]:
    return outgoing(operation(service, action), parameters, key)


def test_nulls_are_left_out_and_bytes_are_read_from_base64() -> None:
    parameters: dict[str, Json] = {"Bucket": "b", "Key": "k", "Body": {"base64": "/wA="}, "ACL": None}
    assert sent("s3", "PutObject", parameters) == {"Bucket": "b", "Key": "k", "Body": b"\xff\x00"}


def test_bytes_are_read_wherever_they_stand() -> None:
    item: Json = {"a": {"M": {"b": {"B": {"base64": "AA=="}}}}, "c": {"L": [{"B": "text"}]}}
    assert sent("dynamodb", "PutItem", {"TableName": "t", "Item": item})["Item"] == {
        "a": {"M": {"b": {"B": b"\x00"}}},
        "c": {"L": [{"B": "text"}]},
    }


def test_what_only_looks_like_bytes_is_left_as_it_is() -> None:
    assert sent("dynamodb", "PutItem", {"TableName": "t", "Item": {"base64": {"S": "x"}}})["Item"] == {
        "base64": {"S": "x"}
    }


def test_what_is_no_base64_is_told() -> None:
    with pytest.raises(StepError, match="no base64") as caught:
        sent("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": {"base64": "?"}})
    assert caught.value.name == "aws.InvalidParameters"


def test_a_whole_number_may_have_come_as_a_fraction() -> None:
    made = sent("sqs", "ReceiveMessage", {"QueueUrl": "q", "MaxNumberOfMessages": 3.0})["MaxNumberOfMessages"]
    assert (made, type(made)) == (3, int)


def test_an_idempotency_token_is_the_same_for_the_same_turn_and_no_other() -> None:
    first, again, other = (
        sent("dynamodb", "TransactWriteItems", {"TransactItems": []}, key)["ClientRequestToken"]
        for key in (KEY, KEY, "t:d:1:main:3")
    )
    assert first == again != other
    given = sent("dynamodb", "TransactWriteItems", {"TransactItems": [], "ClientRequestToken": "mine"})
    assert given["ClientRequestToken"] == "mine"


def test_an_action_without_parameters_takes_none() -> None:
    assert sent("sts", "GetCallerIdentity", {}) == {}


class Body(io.BytesIO):
    """A stream, as botocore gives it."""


def test_an_answer_is_plain_json() -> None:
    body = Body(b"\xff")
    answer = {
        "at": datetime(2026, 1, 1, 1, tzinfo=UTC),
        "bytes": b"\x00",
        "set": {"a"},
        "stream": body,
        "events": iter([{"Records": {"Payload": b"x"}}]),
        "number": 10**30,
        "other": object,
        "ResponseMetadata": {"RequestId": "r"},
    }
    assert incoming(answer) == {
        "at": "2026-01-01T01:00:00.000Z",
        "bytes": "AA==",
        "set": ["a"],
        "stream": "/w==",
        "events": [{"Records": {"Payload": "eA=="}}],
        "number": 10**30,
        "other": str(object),
    }
    assert body.closed


def test_a_body_has_a_bound() -> None:
    body = Body(bytes(MOST + 1))
    with pytest.raises(StepError) as caught:
        incoming({"Body": body})
    assert (caught.value.name, body.closed) == ("aws.TooLarge", True)
