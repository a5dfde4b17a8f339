import io
import math
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ParamValidationError

from chalicelib.adapters.aws.models import operation
from chalicelib.adapters.aws.values import MISTAKES, MOST, outgoing, received, require_few_mistakes
from chalicelib.adapters.aws.words import refused
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json

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


def test_a_document_of_any_shape_keeps_its_nulls() -> None:
    document: Json = {"type": None, "base64": "AA==", "list": [{"n": None}]}
    tool: Json = {"toolSpec": {"name": "t", "description": None, "inputSchema": {"json": document}}}
    made = sent("bedrock-runtime", "Converse", {"modelId": "m", "toolConfig": {"tools": [tool]}})
    assert made["toolConfig"]["tools"] == [{"toolSpec": {"name": "t", "inputSchema": {"json": document}}}]


def test_what_is_no_base64_is_told() -> None:
    with pytest.raises(StepError, match="no base64") as caught:
        sent("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": {"base64": "?"}})
    assert caught.value.name == "aws.InvalidParameters"


@pytest.mark.parametrize(
    ("entry", "message"),
    [(1, "Entries[0] is a whole number, not an object"), ({"a": 1}, "Entries[0] needs 'Id'"), ("${", "is a text")],
)
def test_of_very_many_mistakes_only_the_first_are_told(entry: Json, message: str) -> None:
    wrong: dict[str, Json] = {"QueueUrl": "q", "Entries": [entry] * 50_000}
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        with pytest.raises(ParamValidationError) as caught:
            require_few_mistakes(operation("sqs", "SendMessageBatch"), wrong)
        assert tracemalloc.get_traced_memory()[1] - before < 10_000_000
    finally:
        tracemalloc.stop()
    assert message in refused(caught.value)
    assert len(refused(caught.value).split("; ")) <= 2 * MISTAKES


@pytest.mark.parametrize(
    ("service", "action", "parameters"),
    [
        ("sqs", "SendMessage", {"QueueUrl": 1}),
        ("s3", "CopyObject", {"Bucket": "b", "Key": "k", "CopySource": {"Bucket": "a", "Key": "k"}}),
        ("glacier", "ListVaults", {}),
        ("sts", "GetCallerIdentity", {"x": 1}),
    ],
)
def test_few_mistakes_are_left_to_the_client_that_may_mend_them(
    service: str, action: str, parameters: dict[str, Json]
) -> None:
    require_few_mistakes(operation(service, action), parameters)


def test_a_whole_number_may_have_come_as_a_fraction() -> None:
    made = sent("sqs", "ReceiveMessage", {"QueueUrl": "q", "MaxNumberOfMessages": 3.0})["MaxNumberOfMessages"]
    assert (made, type(made)) == (3, int)


@pytest.mark.parametrize(("given", "text"), [(7, "7"), (1.5, "1.5"), (True, "true")])
def test_a_number_or_a_boolean_is_a_text_where_one_is_wanted(given: Json, text: str) -> None:
    assert sent("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": given})["MessageBody"] == text


def test_an_idempotency_token_is_the_same_for_the_same_turn_and_no_other() -> None:
    first, again, other = (
        sent("dynamodb", "TransactWriteItems", {"TransactItems": []}, key)["ClientRequestToken"]
        for key in (KEY, KEY, "t:d:1:main:3")
    )
    assert first == again != other
    given = sent("dynamodb", "TransactWriteItems", {"TransactItems": [], "ClientRequestToken": "mine"})
    assert given["ClientRequestToken"] == "mine"


def test_an_action_without_parameters_takes_none() -> None:
    for service, action in (("sts", "GetCallerIdentity"), ("acm", "GetAccountConfiguration")):
        assert sent(service, action, {}) == {}


def unheard(_size: int) -> None:
    """Be told how much has come."""


class Body(io.BytesIO):
    """A stream, as botocore gives it."""


def test_an_answer_is_plain_json() -> None:
    body, stream = Body(b"\xff"), events(b"x", b"y")
    answer = {
        "at": datetime(2026, 1, 1, 1, tzinfo=UTC),
        "bytes": b"\x00",
        "set": {"a"},
        "stream": body,
        "events": stream,
        "number": 10**30,
        "none": [math.nan, math.inf, -math.inf],
        "other": object,
        "theirs": {"ResponseMetadata": [None, 1.5, True]},
        "ResponseMetadata": {"RequestId": "r"},
    }
    assert received(answer, math.inf, unheard) == {
        "at": "2026-01-01T01:00:00.000Z",
        "bytes": "AA==",
        "set": ["a"],
        "stream": "/w==",
        "events": [{"Records": {"Payload": "eA=="}}, {"Records": {"Payload": "eQ=="}}],
        "number": 10**30,
        "none": ["NaN", "Infinity", "-Infinity"],
        "other": str(object),
        "theirs": {"ResponseMetadata": [None, 1.5, True]},
    }
    assert body.closed


def events(*payloads: bytes) -> Iterator[Json]:
    """Make events, as botocore gives them: they end when they are closed."""
    yield from ({"Records": {"Payload": payload}} for payload in payloads)  # type: ignore[misc] # bytes are no JSON yet


def test_a_body_as_large_as_can_be_kept_is_read() -> None:
    assert len(str(received({"Body": Body(bytes(MOST))}, math.inf, unheard)["Body"])) == (MOST + 2) // 3 * 4


def test_of_a_stream_is_told_how_much_there_is_before_more_is_read() -> None:
    counted: list[int] = []
    received({"Body": Body(bytes(40_000))}, math.inf, counted.append)
    assert counted == [16_384, 32_768, 40_000]


@pytest.mark.parametrize(
    ("size", "until", "name"), [(MOST + 1, math.inf, "aws.TooLarge"), (1, -math.inf, "aws.Timeout")]
)
def test_a_body_has_bounds_and_is_closed_behind_them(size: int, until: float, name: str) -> None:
    body = Body(bytes(size))
    with pytest.raises(StepError) as caught:
        received({"Body": body}, until, unheard)
    assert (caught.value.name, body.closed) == (name, True)


@pytest.mark.parametrize(
    ("payload", "until", "name"), [(bytes(MOST // 4 + 1), math.inf, "aws.TooLarge"), (b"x", -math.inf, "aws.Timeout")]
)
def test_events_have_bounds_and_are_asked_for_no_longer(payload: bytes, until: float, name: str) -> None:
    stream = events(payload, payload)
    with pytest.raises(StepError) as caught:
        received({"EventStream": stream}, until, unheard)
    assert (caught.value.name, list(stream)) == (name, [])
