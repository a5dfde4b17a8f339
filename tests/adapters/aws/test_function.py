"""Functions called on a live endpoint."""

import io
import json
import zipfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest

from chalicelib.adapters.aws.clients import SECONDS
from chalicelib.adapters.aws.function import MOST, LambdaCalls
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.values.errors import NoRoomError, StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.json_text import read_json
from chalicelib.engine.room import COPIES, STEP, Room
from local.backend import REGION
from local.child import free_port
from tests.full_room import full_room
from tests.loopback import Loopback, Reply, json_reply, loopback, raw, silent

KEY = CallKey("t:d:1", "main", 2)
CODE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("no " + event["fail"])
    return {"got": event}
"""


@pytest.fixture(scope="module")
def endpoint(ministack: str) -> str:
    """Where there is a function."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", CODE)
    boto3.client("lambda", endpoint_url=ministack, region_name=REGION).create_function(
        FunctionName="thumbnails",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return ministack


def call(
    endpoint: str,
    function: str = "thumbnails",
    allowed: str = "*",
    tenant: Any = None,
    seconds: float = SECONDS,
    key: CallKey = KEY,
    room: Room | None = None,
    **params: Json,
) -> Any:
    calls = LambdaCalls(
        allowed=[allowed],
        tenant_allowed={"t": tenant}.get,
        prefix="sedo",
        read_json=read_json,
        seconds=seconds,
        endpoint=endpoint,
        room=room,
    )
    return calls({"function": function, **params}, key)


def failure(endpoint: str, function: str = "thumbnails", **params: Any) -> StepError:
    with pytest.raises(StepError) as caught:
        call(endpoint, function, **params)
    return caught.value


@pytest.mark.parametrize("function", ["thumbnails", f"arn:aws:lambda:{REGION}:000000000000:function:thumbnails"])
def test_its_answer_is_the_result(endpoint: str, function: str) -> None:
    assert call(endpoint, function, payload={"a": [1, None]}) == {"got": {"a": [1, None]}}
    assert call(endpoint, function) == {"got": {}}


def test_what_it_raises_is_the_error_with_where_it_was(endpoint: str) -> None:
    error = failure(endpoint, payload={"fail": "way"})
    details = cast("dict[str, Any]", error.details)
    assert error.name.startswith("lambda.")
    assert (str(error), details["message"]) == ("no way", "no way")
    assert "ValueError" in str(details)
    assert details.keys() == {"type", "message", "trace", "requestId", "logTail"}


def test_it_can_be_called_without_waiting(endpoint: str) -> None:
    answer = call(endpoint, payload={}, mode="forget")
    assert (answer["status"], answer.keys()) == (202, {"status", "requestId"})


def test_one_that_is_not_there_is_told_by_awss_code(endpoint: str) -> None:
    assert failure(endpoint, "nothing").name == "lambda.ResourceNotFoundException"


@pytest.mark.parametrize(
    "function",
    ["sedo-dev-api_handler", f"arn:aws:lambda:{REGION}:000000000000:function:sedo-x", "000000000000:sedo-x:live"],
)
def test_sedos_own_are_out_of_reach(endpoint: str, function: str) -> None:
    error = failure(endpoint, function)
    assert (error.name, "sedo's own" in str(error)) == ("lambda.NotAllowed", True)


def test_only_what_is_allowed_is_called(endpoint: str) -> None:
    assert call(endpoint, allowed="thumb*", tenant=["thumbnails"]) == {"got": {}}
    for more in ({"allowed": "orders-*"}, {"tenant": []}):
        assert failure(endpoint, **more).name == "lambda.NotAllowed"


def test_what_names_no_function_is_not_called() -> None:
    assert failure("http://127.0.0.1", "a/b").name == "lambda.InvalidParameters"


PATH = "/2015-03-31/functions/f/invocations"


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A service that answers as a test wants it to."""
    with loopback() as running:
        yield running


def answering(server: Loopback, body: bytes, **headers: str) -> str:
    server.answers[PATH] = Reply(200, {"Connection": "close", **headers}, body)
    return server.url


def test_a_function_that_is_waited_for_gets_the_key_and_the_payload(server: Loopback) -> None:
    assert call(answering(server, b"[1, null]"), "f", payload={"a": "ü"}, qualifier="live") == [1, None]
    (request,) = server.requests
    assert (json.loads(request.body), request.path.partition("?")[2]) == ({"a": "ü"}, "Qualifier=live")
    assert request.headers["x-amz-invocation-type"] == "RequestResponse"
    context = json.loads(b64decode(request.headers["x-amz-client-context"]))
    assert context == {"custom": {"idempotencyKey": str(KEY)}}


def test_a_key_of_the_step_stands_in_its_context(server: Loopback) -> None:
    call(answering(server, b""), "f", key=KEY._replace(own="order-7"))
    context = json.loads(b64decode(server.requests[0].headers["x-amz-client-context"]))
    assert context == {"custom": {"idempotencyKey": "order-7"}}


def test_one_that_is_not_waited_for_gets_no_context_as_lambda_does_not_hand_it_on(server: Loopback) -> None:
    call(answering(server, b""), "f", mode="forget", payload=None)
    (request,) = server.requests
    assert (request.body, request.headers["x-amz-invocation-type"]) == (b"null", "Event")
    assert "x-amz-client-context" not in request.headers


def test_an_error_has_its_type_its_trace_and_the_end_of_the_log(server: Loopback) -> None:
    body = {"errorType": "no such/thing", "errorMessage": "gone", "stackTrace": ["line 1", "line 2"]}
    log = b64encode("\n".join(f"line {number}" for number in range(30)).encode() + b"\xff").decode()
    headers = {"X-Amz-Function-Error": "Unhandled", "X-Amz-Log-Result": log, "x-amzn-RequestId": "r-1"}
    error = failure(answering(server, json.dumps(body).encode(), **headers), "f")
    assert (error.name, str(error), error.unanswered) == ("lambda.no such/thing", "gone", False)
    assert error.details == {
        "type": "no such/thing",
        "message": "gone",
        "trace": ["line 1", "line 2"],
        "requestId": "r-1",
        "logTail": [*(f"line {number}" for number in range(10, 29)), "line 29\ufffd"],
    }


def test_what_is_no_text_in_it_is_written_as_json(server: Loopback) -> None:
    body = json.dumps({"errorType": ["a"], "errorMessage": {"ok": None, "is": True}}).encode()
    error = failure(answering(server, body, **{"X-Amz-Function-Error": "Unhandled"}), "f")
    assert (error.name, str(error)) == ('lambda.["a"]', '{"ok":null,"is":true}')


@pytest.mark.parametrize("body", [b"", b"no JSON", b"[1]", b"{}", b'{"errorType": "", "errorMessage": null}'])
def test_an_error_without_a_type_is_unhandled(server: Loopback, body: bytes) -> None:
    error = failure(answering(server, body, **{"X-Amz-Function-Error": "Unhandled"}), "f")
    assert (error.name, str(error)) == ("lambda.Unhandled", "the function failed, and does not say why")
    assert cast("dict[str, Json]", error.details)["logTail"] == []


def test_no_answer_is_null_and_one_that_is_no_json_an_error(server: Loopback) -> None:
    assert call(answering(server, b""), "f") is None
    error = failure(answering(server, b"{"), "f")
    assert (error.name, "not JSON" in str(error), error.unanswered) == ("lambda.BadAnswer", True, True)


@pytest.mark.parametrize("body", [b'"%s"' % (b"x" * 2 * STEP), b"[%s0]" % (b"0," * (STEP // 2))])
def test_where_there_is_no_room_for_its_answer_that_is_no_failure_of_the_function(
    server: Loopback, body: bytes
) -> None:
    with full_room() as room, pytest.raises(NoRoomError):
        call(answering(server, body), "f", room=room)


def test_a_large_answer_takes_room_and_of_one_that_is_too_large_the_rest_is_not_read(server: Loopback) -> None:
    room = Room()
    with room.hold():
        call(answering(server, b'"%s"' % (b"x" * 2 * STEP)), "f", room=room)
        hold = room.current()
        assert hold is not None
        assert hold.size == 2 * COPIES * STEP
    body = b'"%s"' % (b"x" * 2 * MOST)
    assert failure(answering(server, body), "f").name == "lambda.BadAnswer"


def test_errors_of_aws_have_its_codes(server: Loopback) -> None:
    headers = {"Connection": "close", "x-amzn-ErrorType": "TooManyRequestsException:http://x/", "Retry-After": "3"}
    server.answers[PATH] = json_reply({"Reason": "CallerRateLimitExceeded", "Message": "slow"}, 429, **headers)
    error = failure(server.url, "f")
    assert (error.name, str(error), error.retry_after) == ("lambda.TooManyRequestsException", "slow", 3.0)
    assert cast("dict[str, Json]", error.details)["answer"] == {
        "Reason": "CallerRateLimitExceeded",
        "retryAfterSeconds": "3",
    }
    assert len(server.requests) == 1


def test_a_function_that_says_nothing_is_not_waited_for(server: Loopback) -> None:
    server.answers[PATH] = silent
    error = failure(server.url, "f", seconds=0.1)
    assert (error.name, error.unanswered) == ("lambda.Timeout", True)


def test_one_whose_answer_breaks_off_may_have_done_it(server: Loopback) -> None:
    for data in (b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1"):
        server.answers[PATH] = raw(data)
        error = failure(server.url, "f")
        assert (error.name, error.unanswered) == ("lambda.Connect", True)


def test_nobody_there_is_an_error() -> None:
    error = failure(f"http://127.0.0.1:{free_port()}", "f")
    assert (error.name, error.unanswered) == ("lambda.Connect", False)
