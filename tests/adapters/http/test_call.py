"""What http calls send."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from chalicelib.adapters.clients import VERSION
from tests.adapters.http.examples import KEY, call, http_calls, refusal
from tests.loopback import Loopback, Received, Reply, json_reply, loopback


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def test_a_request_without_parameters_gets_what_is_there(server: Loopback) -> None:
    server.answers["/things"] = json_reply({"n": [1, 2.5, "ü", None]})
    result = call(f"{server.url}/things")
    assert (result["status"], result["body"]) == (200, {"n": [1, 2.5, "ü", None]})
    assert server.requests[0].headers == {
        "host": server.host,
        "accept": "*/*",
        "accept-encoding": "gzip",
        "idempotency-key": str(KEY),
        "user-agent": f"sedo/{VERSION}",
        "connection": "close",
    }
    assert (server.requests[0].method, server.requests[0].body) == ("GET", b"")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_method_is_the_one_of_the_step(server: Loopback, method: str) -> None:
    assert call(server.url, method=method)["body"]["method"] == method


def test_the_answer_to_head_has_no_body(server: Loopback) -> None:
    result = call(f"{server.url}/things", method="HEAD")
    assert (result["status"], result["body"]) == (200, None)
    assert int(result["headers"]["content-length"]) > 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_that_could_have_a_body_says_that_it_has_none(server: Loopback, method: str) -> None:
    headers = call(server.url, method=method)["body"]["headers"]
    assert headers["content-length"] == "0"
    assert "content-type" not in headers


@pytest.mark.parametrize(
    ("kind", "body", "sent", "content_type"),
    [
        (None, {"a": [1, "ü"]}, '{"a":[1,"ü"]}'.encode(), "application/json"),
        ("form", {"a": None, "b": [1, None]}, b"b=1", "application/x-www-form-urlencoded"),
        ("json", "text", b'"text"', "application/json"),
        ("text", "Grüße", "Grüße".encode(), "text/plain; charset=utf-8"),
        ("text", 5, b"5", "text/plain; charset=utf-8"),
        ("text", True, b"true", "text/plain; charset=utf-8"),
        (
            "form",
            {"a": "x y&", "b": [1, True, "ü"]},
            b"a=x+y%26&b=1&b=true&b=%C3%BC",
            "application/x-www-form-urlencoded",
        ),
        ("base64", base64.b64encode(bytes(range(256))).decode(), bytes(range(256)), "application/octet-stream"),
    ],
)
def test_the_body_is_sent_as_its_type_says(
    server: Loopback, kind: str | None, body: Any, sent: bytes, content_type: str
) -> None:
    call(server.url, method="POST", body=body, **({"bodyType": kind} if kind else {}))
    assert server.requests[0].body == sent
    assert server.requests[0].headers["content-type"] == content_type
    assert server.requests[0].headers["content-length"] == str(len(sent))


def test_null_is_no_body(server: Loopback) -> None:
    call(server.url, method="POST", body=None)
    assert server.requests[0].body == b""
    assert "content-type" not in server.requests[0].headers
    assert call(server.url, method="GET", body=None)["body"]["body"] == ""


def test_a_body_of_some_megabytes_is_sent_whole(server: Loopback) -> None:
    body = "x" * 3_000_000
    server.answers["/"] = Reply(204)
    answer = call(f"{server.url}/", method="POST", bodyType="text", body=body)
    assert (answer["status"], answer["body"]) == (204, None)
    assert len(server.requests[0].body) == len(body)


def test_headers_of_the_step_take_the_place_of_the_usual_ones_and_null_leaves_them_out(server: Loopback) -> None:
    headers = {
        "user-AGENT": "me",
        "Idempotency-Key": None,
        "Content-Type": "application/problem+json",
        "X-Many": "a\tb",
    }
    call(server.url, method="POST", body={}, headers=headers)
    sent = server.requests[0].headers
    assert (sent["user-agent"], sent["content-type"], sent["x-many"]) == ("me", "application/problem+json", "a\tb")
    assert "idempotency-key" not in sent


def test_what_may_be_made_any_number_of_times_needs_no_key(server: Loopback) -> None:
    call(server.url, delivery="repeatable")
    assert "idempotency-key" not in server.requests[0].headers
    call(server.url, delivery="repeatable", idempotencyKey="mine")
    assert "idempotency-key" in server.requests[1].headers


def test_a_step_says_what_a_repeated_call_is_told_by(server: Loopback) -> None:
    http_calls()({"url": server.url}, KEY._replace(own="order-7"))
    assert server.requests[0].headers["idempotency-key"] == "order-7"


@pytest.mark.parametrize(
    ("url", "query", "path"),
    [
        ("/a?b=1", {"c": "x y/&ü", "d": [1, 2.5, True]}, "/a?b=1&c=x%20y%2F%26%C3%BC&d=1&d=2.5&d=true"),
        ("/a", {"b": ""}, "/a?b="),
        ("/a?", {"b": 1}, "/a?&b=1"),
        ("", {"b": []}, "/"),
        ("/ü/%20x#part", {}, "/%C3%BC/%20x"),
        ("?a", {}, "/?a"),
    ],
)
def test_the_query_is_added_to_the_url(server: Loopback, url: str, query: Any, path: str) -> None:
    assert call(server.url + url, query=query)["body"]["path"] == path


@pytest.mark.parametrize(
    ("auth", "header", "value"),
    [
        ({"type": "bearer", "token": "t-1"}, "authorization", "Bearer t-1"),
        ({"type": "basic", "username": "ü", "password": "p:w"}, "authorization", "Basic w7w6cDp3"),
        ({"type": "apiKey", "name": "X-Key", "value": "k"}, "x-key", "k"),
        ({"type": "apiKey", "name": "x-key", "value": "k", "in": "header"}, "x-key", "k"),
    ],
)
def test_credentials_are_put_into_headers(server: Loopback, auth: Any, header: str, value: str) -> None:
    assert call(server.url, auth=auth)["body"]["headers"][header] == value


def test_an_api_key_can_stand_in_the_query_and_stands_there_once(server: Loopback) -> None:
    auth = {"type": "apiKey", "name": "key", "value": "a&b", "in": "query"}
    assert call(f"{server.url}/?q=1", auth=auth)["body"]["path"] == "/?q=1&key=a%26b"
    assert call(f"{server.url}/?key=", auth=auth)["body"]["path"] == "/?key="


@pytest.mark.parametrize("token", [None, "session"])
@pytest.mark.parametrize(("service", "signer"), [("execute-api", SigV4Auth), ("s3", S3SigV4Auth)])
def test_a_request_to_aws_is_signed(server: Loopback, token: str | None, service: str, signer: type[SigV4Auth]) -> None:
    auth = {"type": "sigv4", "service": service, "region": "eu-north-1", "accessKeyId": "AK", "secretAccessKey": "SK"}
    auth |= {"sessionToken": token} if token else {}
    body = {"n": 1}
    call(f"{server.url}/a b/x".replace(" ", "%20"), method="PUT", query={"z": "1 2", "a": "ü"}, body=body, auth=auth)
    received = server.requests[0]
    assert received.headers.get("x-amz-security-token") == token
    assert received.headers["authorization"] == _signature(received, auth, signer)
    if service == "s3":
        assert received.headers["x-amz-content-sha256"] == hashlib.sha256(received.body).hexdigest()


def _signature(received: Received, auth: dict[str, str], signer: type[SigV4Auth]) -> str:
    """Sign what was received, as the other side does."""
    names = received.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-amz-date", "idempotency-key", "content-type"} <= set(names)
    url = f"http://{received.headers['host']}{received.path}"
    request = AWSRequest(received.method, url, {name: received.headers[name] for name in names}, received.body)
    request.context["timestamp"] = received.headers["x-amz-date"]
    signing = signer(
        Credentials(auth["accessKeyId"], auth["secretAccessKey"], auth.get("sessionToken")),
        auth["service"],
        auth["region"],
    )
    signature = signing.signature(signing.string_to_sign(request, signing.canonical_request(request)), request)
    scope = f"{auth['accessKeyId']}/{signing.credential_scope(request)}"
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ({"body": 1}, "a GET request has no body"),
        ({"method": "HEAD", "body": {}}, "a HEAD request has no body"),
        ({"method": "POST", "bodyType": "text", "body": [5]}, "the body is a text"),
        ({"method": "POST", "bodyType": "base64", "body": "not base64!"}, "not base64"),
        ({"method": "POST", "bodyType": "base64", "body": "ü"}, "not base64"),
        ({"method": "POST", "bodyType": "form", "body": "a=1"}, "the body is an object"),
        ({"method": "POST", "bodyType": "form", "body": {"a": {}}}, "'a' is no text, number or boolean"),
        ({"method": "POST", "bodyType": "text", "body": "\ud800"}, "half of a surrogate pair"),
        ({"query": {"q": "\ud800"}}, "half of a surrogate pair"),
        ({"headers": {"X-A": "a\r\nX-B: b"}}, "the header X-A holds a line break"),
        ({"headers": {"X-A": "a\n"}}, "the header X-A holds a line break"),
        ({"headers": {"X-A": "ü"}}, "not printable ASCII"),
        ({"headers": {"X A": "a"}}, "'X A' is no name of a header"),
        ({"headers": {"X:": "a"}}, "'X:' is no name of a header"),
        ({"headers": {"": "a"}}, "'' is no name of a header"),
        ({"headers": {"X-A\r\nX-B": "a"}}, "is no name of a header"),
        ({"headers": {"X-A": "a", "x-a": "b"}}, "the header x-a is there twice"),
        *(
            ({"headers": {name: "x"}}, f"the header {name} belongs to the connection")
            for name in ("Host", "content-length", "Transfer-Encoding", "Connection", "TE", "Upgrade", "Expect")
        ),
        ({"headers": {"Host": None}}, "the header Host belongs to the connection"),
        ({"auth": {"type": "bearer", "token": "a\nb"}}, "the header authorization holds a line break"),
        ({"auth": {"type": "basic", "username": "a:b", "password": ""}}, "holds a colon"),
        ({"auth": {"type": "apiKey", "name": "Host", "value": "a"}}, "the header Host belongs to the connection"),
        ({"auth": {"type": "bearer", "token": "a"}, "headers": {"authorization": "b"}}, "leave one out"),
    ],
)
def test_a_request_that_cannot_be_sent_is_refused(server: Loopback, params: Any, why: str) -> None:
    error = refusal(server.url, **params)
    assert error.name == "http.InvalidRequest"
    assert why in str(error)
    assert server.connections == 0


def test_a_header_that_is_refused_does_not_show_its_value() -> None:
    assert "hunter2" not in str(refusal("http://127.0.0.1/", headers={"X-Key": "hunter2\n"}))
