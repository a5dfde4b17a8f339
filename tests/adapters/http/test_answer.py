"""What http calls make of answers."""

import base64
import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.adapters.http.answer import retry_after
from tests.adapters.http.examples import call, refusal
from tests.loopback import Loopback, Reply, json_reply, loopback

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


@pytest.mark.parametrize(
    ("content_type", "content", "body"),
    [
        ("application/json", b'{"a": 1}', {"a": 1}),
        ("APPLICATION/JSON; charset=utf-8", b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        ("application/problem+json", b"[]", []),
        ("text/json", b"12345678901234567890", 12345678901234567890),
        ("application/json; charset=utf-16", '"ü"'.encode("utf-16"), "ü"),
        ("text/plain", "ü".encode(), "ü"),
        ("text/html; charset=ISO-8859-1", b"\xfc", "ü"),
        ("text/csv; charset=windows-1252", b"\x80", "€"),
        ("text/plain; charset=shift_jis", "日本".encode("shift_jis"), "日本"),
        ("application/xml", b"<a/>", "<a/>"),
        ("image/svg+xml", b"<svg/>", "<svg/>"),
        ("application/x-www-form-urlencoded", b"a=1", "a=1"),
        ("application/octet-stream", b"\x00\xff", "AP8="),
        ("image/png", b"text", "dGV4dA=="),
        ("application/json", b"", None),
        ("text/plain", b"", None),
    ],
)
def test_the_body_is_read_as_its_content_type_says(
    server: Loopback, content_type: str, content: bytes, body: Any
) -> None:
    server.answers["/"] = Reply(200, {"Content-Type": content_type}, content)
    assert call(f"{server.url}/")["body"] == body


def test_a_body_of_no_type_is_bytes(server: Loopback) -> None:
    server.answers["/"] = Reply(200, {}, b"text")
    assert call(f"{server.url}/")["body"] == "dGV4dA=="


@pytest.mark.parametrize(("mode", "body"), [("json", {"a": 1}), ("text", '{"a":1}'), ("base64", "eyJhIjoxfQ==")])
def test_the_step_can_say_how_to_read_the_body(server: Loopback, mode: str, body: Any) -> None:
    server.answers["/"] = Reply(200, {"Content-Type": "application/octet-stream"}, b'{"a":1}')
    assert call(f"{server.url}/", expect={"body": mode})["body"] == body


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b"{"),
        ("application/json", b"NaN"),
        ("application/json", b'{"a": Infinity}'),
        ("application/json", b"1e999"),
        ("application/json", b'"\xff"'),
        ("application/json", b"[" * 100_000),
        ("application/json", b"9" * 5_000),
        ("text/plain; charset=utf-8", b"\xff"),
        ("text/plain; charset=us-ascii", b"\xff"),
        ("text/plain; charset=klingon", b"x"),
        ("text/plain; charset=rot13", b"x"),
        ("text/plain; charset=zlib", b"x"),
        ("text/plain; charset=idna", b"x"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_a_bad_answer(server: Loopback, content_type: str, content: bytes) -> None:
    server.answers["/"] = Reply(200, {"Content-Type": content_type}, content)
    assert refusal(f"{server.url}/").name == "http.BadAnswer"


def test_headers_have_names_in_lower_case_and_one_text_each(server: Loopback) -> None:
    def answer(handler: Any) -> None:
        handler.send_response_only(200)
        for name, value in [("X-Many", "a"), ("x-many", "b"), ("X-Folded", "a\r\n  b"), ("Set-Cookie", "s=hunter2")]:
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    server.answers["/"] = answer
    expected = {"x-many": "a, b", "x-folded": "a b", "content-length": "0"}
    assert call(f"{server.url}/")["headers"] == expected


def test_a_packed_answer_is_unpacked(server: Loopback) -> None:
    packed = gzip.compress(b'{"a": ') + gzip.compress(b"1}")
    server.answers["/"] = Reply(200, {"Content-Type": "application/json", "Content-Encoding": "gzip"}, packed)
    assert call(f"{server.url}/")["body"] == {"a": 1}


def test_an_answer_in_chunks_is_put_together(server: Loopback) -> None:
    def answer(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.send_header("Content-Type", "text/plain")
        handler.end_headers()
        handler.wfile.write(b"5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n")

    server.answers["/"] = answer
    assert call(f"{server.url}/")["body"] == "hello!"


@pytest.mark.parametrize(
    ("statuses", "status", "good"),
    [
        (None, 200, True),
        (None, 299, True),
        (None, 300, False),
        (None, 404, False),
        (["2xx", 404], 404, True),
        (["404"], 404, True),
        ([404.0], 404, False),
        (["4xx"], 200, False),
        (["5xx"], 599, True),
    ],
)
def test_the_step_says_which_statuses_are_good(server: Loopback, statuses: Any, status: int, good: bool) -> None:  # noqa: FBT001 - what the example expects
    server.answers["/"] = json_reply({"why": "so"}, status)
    params = {} if statuses is None else {"expect": {"statuses": statuses}}
    if good:
        assert call(f"{server.url}/", **params)["status"] == status
        return
    error = refusal(f"{server.url}/", **params)
    assert error.name == f"http.Status.{status}"
    details: Any = error.details
    assert (details["status"], details["body"]) == (status, {"why": "so"})
    assert details["headers"]["content-type"] == "application/json"
    assert str(error).startswith(f"http://{server.host} answered {status}")


@pytest.mark.parametrize(
    ("content_type", "content", "body"),
    [
        ("application/json", b'{"a"', '{"a"'),
        ("application/json", b"1" + b" " * 20_000 + b"2", "1" + " " * 16_383),
        ("application/json", b'"' + b"x" * 20_000 + b'"', '"' + "x" * 16_383),
        ("text/plain", "ü".encode() * 20_000, "ü" * 8_192),
        ("text/plain", b"x" + "ü".encode() * 20_000, "x" + "ü" * 8_191),
        ("text/plain; charset=klingon", b"x", "x"),
        ("image/png", b"\x00" * 20_000, base64.b64encode(b"\x00" * 16_383).decode()),
        ("text/plain", b"", None),
    ],
)
def test_the_body_of_an_error_is_cut_and_read_as_far_as_it_can_be(
    server: Loopback, content_type: str, content: bytes, body: Any
) -> None:
    server.answers["/"] = Reply(500, {"Content-Type": content_type}, content)
    details: Any = refusal(f"{server.url}/").details
    assert details["body"] == body


def test_an_error_that_cannot_be_unpacked_is_still_known_by_its_status(server: Loopback) -> None:
    server.answers["/"] = Reply(502, {"Content-Encoding": "br"}, b"?")
    error = refusal(f"{server.url}/")
    assert (error.name, error.details["body"]) == ("http.Status.502", None)


def test_the_message_of_an_error_shows_neither_path_nor_query(server: Loopback) -> None:
    server.answers["/hunter2"] = Reply(500)
    assert (
        str(refusal(f"{server.url}/hunter2?key=hunter2")) == f"http://{server.host} answered 500 Internal Server Error"
    )


@pytest.mark.parametrize("status", [429, 503, 301])
def test_an_answer_can_say_when_to_come_back(server: Loopback, status: int) -> None:
    server.answers["/"] = Reply(status, {"Retry-After": "120"})
    assert refusal(f"{server.url}/").retry_after == 120


@pytest.mark.parametrize(
    ("charset", "why"), [("klingon", "there is no charset klingon"), ("utf-8", "it is not text in utf-8")]
)
def test_a_text_that_cannot_be_read_says_why_and_how_its_bytes_are(server: Loopback, charset: str, why: str) -> None:
    server.answers["/"] = Reply(200, {"Content-Type": f"text/plain; charset={charset}"}, b"\xff")
    said = f"{why}: with expect.body base64 its bytes are the result, for base64_decode(text, charset)"
    assert str(refusal(f"{server.url}/")) == f"the answer cannot be read: {said}"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("7", 7),
        ("Sat, 31 Jan 2026 09:01:00 GMT", 60),
        ("Sat, 31 Jan 2026 09:01:00 -0000", 60),
        ("Sat, 31 Jan 2026 08:00:00 GMT", 0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", 1.5),
        ("9" * 30, 1e9),
        ("1e3", None),
        ("1.", None),
        ("Sat, 99 Jan 2026 09:01:00 GMT", None),
    ],
)
def test_when_to_come_back_is_seconds_or_a_date(text: str, seconds: float | None) -> None:
    assert retry_after(text, NOW) == seconds
