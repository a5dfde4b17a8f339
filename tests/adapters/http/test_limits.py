"""How long an http call may take, how much it may bring, and what it makes of servers that break."""

import gzip
import socket
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from threading import Event
from typing import Any

import pytest

from chalicelib.core.limits import beyond
from tests.adapters.http.examples import KEY, always, call, http_calls, refusal
from tests.loopback import Loopback, Reply, dripping, endless, loopback, raw, redirect, silent

HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server() -> Iterator[Loopback]:
    with loopback() as running:
        yield running


def test_a_server_that_is_silent_is_not_waited_for(server: Loopback) -> None:
    server.answers["/"] = silent
    error = refusal(f"{server.url}/", readTimeoutSeconds=0.1)
    assert (error.name, str(error)) == ("http.Timeout", f"{server.url} was silent for 0.1 seconds")


@pytest.mark.parametrize(
    "before",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-A: ",
        HEAD + b"Content-Length: 1000000\r\n\r\n",
        HEAD + b"\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nfffff\r\n",
    ],
    ids=["status", "headers", "body", "body without length", "chunk"],
)
def test_a_server_that_drips_cannot_hold_a_call(server: Loopback, before: bytes) -> None:
    server.answers["/"] = dripping(before)
    error = refusal(f"{server.url}/", http_calls(seconds=0.3), readTimeoutSeconds=30)
    assert error.name == "http.Timeout"
    assert str(error) == beyond("call_seconds", f"{server.url} took longer than the 0.3 seconds that a call has")


def test_a_server_that_says_continue_for_ever_cannot_hold_a_call(server: Loopback) -> None:
    server.answers["/"] = endless_continue
    error = refusal(f"{server.url}/", http_calls(seconds=0.3))
    assert error.name == "http.Timeout"


def endless_continue(handler: Any) -> None:
    handler.close_connection = True
    try:
        while not handler.server.closing.is_set():
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000)
    except OSError:
        pass


def test_the_time_of_a_call_covers_its_redirects(server: Loopback) -> None:
    server.answers["/"] = redirect("/silent")
    server.answers["/silent"] = silent
    error = refusal(f"{server.url}/", http_calls(seconds=0.2), followRedirects=True)
    assert "took longer than the 0.2 seconds that a call has" in str(error)


def test_a_server_that_does_not_take_what_is_sent_cannot_hold_a_call() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        error = refusal(url, http_calls(seconds=1), method="POST", bodyType="text", body="x" * 30_000_000)
        assert (error.name, error.unanswered) == ("http.Timeout", True)


def test_a_server_that_takes_what_is_sent_in_sips_cannot_hold_a_call(server: Loopback) -> None:
    taken: list[int] = []

    def sip(handler: Any) -> None:
        handler.close_connection = True
        while not handler.server.closing.wait(0.01) and (sip := handler.connection.recv(65_536)):
            taken.append(len(sip))

    server.unread.add("/")
    server.answers["/"] = sip
    body = "x" * 30_000_000
    error = refusal(f"{server.url}/", http_calls(seconds=0.3), method="POST", bodyType="text", body=body)
    assert error.name == "http.Timeout"
    assert sum(taken) < len(body) / 2  # the rest is not all in buffers


def test_a_server_that_does_not_shake_hands_is_not_waited_for() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        error = refusal(url, connectTimeoutSeconds=0.1)
        assert (error.name, str(error)) == ("http.Timeout", f"{url} took no connection within 0.1 seconds")
        assert not error.unanswered


def test_a_resolver_that_hangs_is_not_waited_for() -> None:
    over = Event()

    def hang(host: str, port: int) -> list[str]:
        over.wait()
        return []

    error = refusal("https://slow.test/", http_calls(resolve=hang), connectTimeoutSeconds=0.1)
    over.set()
    assert (error.name, str(error)) == ("http.Timeout", "https://slow.test took no connection within 0.1 seconds")


def test_a_name_that_there_is_not_is_an_error_of_the_connection() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    for resolve in (unknown, always()):
        error = refusal("https://typo.test/", http_calls(resolve=resolve))
        assert (error.name, str(error)) == ("http.Connect", "typo.test cannot be found: is the name right?")


def test_a_port_that_nobody_listens_on_is_an_error_of_the_connection(server: Loopback) -> None:
    port = free_port()
    error = refusal(f"http://127.0.0.1:{port}/")
    assert (error.name, error.unanswered) == ("http.Connect", False)
    assert str(error) == f"the connection to http://127.0.0.1:{port} failed: Connection refused"


def test_the_next_address_is_tried_if_one_does_not_answer(server: Loopback) -> None:
    sender = http_calls(local=["many.test"], resolve=always("::1", "127.0.0.2", "127.0.0.1"))
    assert sender({"url": f"http://many.test:{server.port}/"}, KEY)["status"] == 200


def free_port() -> int:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"x" * 60_000 + b"\r\n",
        HEAD + b"Content-Length: 10\r\n\r\nshort",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nnothex\r\n",
        HEAD + b"X: " + b"x" * 70_000 + b"\r\n\r\n",
        HEAD + b"".join(b"X-%d: y\r\n" % n for n in range(200)) + b"\r\n",
    ],
    ids=[
        "nothing",
        "garbage",
        "ssh",
        "long garbage",
        "short",
        "half a chunk",
        "no chunk",
        "long header",
        "many headers",
    ],
)
def test_a_server_that_breaks_off_or_speaks_no_http_is_an_error_of_the_connection(
    server: Loopback, data: bytes
) -> None:
    server.answers["/"] = raw(data)
    error = refusal(f"{server.url}/")
    assert (error.name, error.unanswered) == ("http.Connect", True)


def test_headers_together_can_be_too_large(server: Loopback) -> None:
    server.answers["/"] = raw(HEAD + b"".join(b"X-%d: %s\r\n" % (n, b"y" * 60_000) for n in range(9)) + b"\r\n")
    error = refusal(f"{server.url}/")
    assert (error.name, error.unanswered) == ("http.TooLarge", True)


@pytest.mark.parametrize(
    "before",
    [HEAD + b"\r\n", HEAD + b"Content-Length: 99999999999\r\n\r\n"],
    ids=["no length", "length"],
)
def test_an_answer_that_is_too_large_is_not_read_to_its_end(server: Loopback, before: bytes) -> None:
    server.answers["/"] = endless(before)
    error = refusal(f"{server.url}/", http_calls(most=1_000_000))
    assert (error.name, str(error)) == (
        "http.TooLarge",
        beyond("http_answer_bytes", "the answer is larger than 1,000,000 bytes"),
    )
    assert error.unanswered


def test_the_largest_answer_is_as_large_as_allowed(server: Loopback) -> None:
    server.answers["/"] = Reply(200, {"Content-Type": "text/plain"}, b"x" * 1_000)
    result: Any = http_calls(most=1_000)({"url": f"{server.url}/"}, KEY)
    assert result["body"] == "x" * 1_000
    assert refusal(f"{server.url}/", http_calls(most=999)).name == "http.TooLarge"


def test_the_size_of_an_answer_is_that_of_what_is_unpacked(server: Loopback) -> None:
    bomb = gzip.compress(bytes(30_000_000))
    server.answers["/"] = Reply(200, {"Content-Encoding": "gzip", "Content-Type": "text/plain"}, bomb)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        assert refusal(f"{server.url}/", http_calls(most=1_000_000)).name == "http.TooLarge"
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_packed_nothing_without_an_end_is_too_large_as_well(server: Loopback) -> None:
    nothing = gzip.compress(b"")
    server.answers["/"] = Reply(200, {"Content-Encoding": "gzip"}, nothing * 1_000)
    assert refusal(f"{server.url}/", http_calls(most=10_000)).name == "http.TooLarge"
    server.answers["/"] = Reply(200, {"Content-Encoding": "gzip"}, nothing * 10)
    assert call(f"{server.url}/")["body"] is None


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("gzip", b"not packed"),
        ("gzip", gzip.compress(b"hello")[:-4]),
        ("gzip", gzip.compress(b"hello")[:5]),
        ("br", b"x"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x"))),
    ],
    ids=["not packed", "broken off", "header only", "another way", "twice"],
)
def test_what_cannot_be_unpacked_is_a_bad_answer(server: Loopback, encoding: str, content: bytes) -> None:
    server.answers["/"] = Reply(200, {"Content-Encoding": encoding}, content)
    error = refusal(f"{server.url}/")
    assert (error.name, error.unanswered) == ("http.BadAnswer", True)


def test_a_request_that_was_not_sent_was_not_done(server: Loopback) -> None:
    for params in ({"method": "GET", "body": 1}, {"headers": {"Host": "x"}}, {"query": {"a": "b"}, "url": "ftp://x"}):
        error = refusal(**{"url": f"{server.url}/", **params})
        assert (error.unanswered, server.requests) == (False, []), error.name


@pytest.mark.parametrize("status", [400, 409, 500, 503])
def test_an_answer_that_is_not_expected_is_an_answer(server: Loopback, status: int) -> None:
    server.answers["/"] = Reply(status, {"Content-Encoding": "gzip"}, b"not packed")
    error = refusal(f"{server.url}/", method="POST", body={})
    assert (error.name, error.unanswered) == (f"http.Status.{status}", False)


def test_an_answer_that_is_not_of_the_kind_that_is_expected_says_nothing(server: Loopback) -> None:
    server.answers["/"] = Reply(200, {"Content-Type": "text/html"}, b"<html>")
    error = refusal(f"{server.url}/", expect={"body": "json"})
    assert (error.name, error.unanswered) == ("http.BadAnswer", True)
