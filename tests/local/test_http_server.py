import json
import re
import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest
from chalice.app import AuthResponse, Chalice, CORSConfig, Response
from chalice.config import Config

from local.child import HOST
from local.gateway import Gateway
from local.http_server import MAX_BODY_BYTES, Server

IN_HANDLER = threading.Event()
MAY_END = threading.Event()


def small_app() -> Chalice:
    app = Chalice(app_name="small")

    @app.authorizer()
    def authorizer(request: Any) -> AuthResponse:
        if request.token == "broken":  # noqa: S105 a word for this test
            raise ValueError("the authorizer is broken")
        return AuthResponse(routes=["*"] if request.token == "good" else [], principal_id="me")  # noqa: S105 the same

    @app.route("/things/{name}", methods=["GET", "POST"], content_types=["application/json"])
    def things(name: str) -> dict[str, Any]:
        request = app.current_request
        return {"name": name, "body": request.raw_body.decode(), "query": dict(request.query_params or {})}

    @app.route("/private", authorizer=authorizer)
    def private() -> str:
        return "for you"

    @app.route("/empty")
    def empty() -> Response:
        return Response("", status_code=204)

    @app.route("/heading")
    def heading() -> Response:
        return Response("", headers={"X-Sign": "\N{SNOWMAN}"})

    @app.route("/shared", cors=CORSConfig(allow_origin="https://example.org"))
    def shared() -> str:
        return "shared"

    @app.route("/slow")
    def slow() -> str:
        IN_HANDLER.set()
        MAY_END.wait(10)
        return "done"

    return app


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server(socket.create_server((HOST, 0)), Gateway(small_app(), Config.create(lambda_timeout=30)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.stop(5)
    thread.join()


@pytest.fixture
def connection(server: Server) -> Iterator[HTTPConnection]:
    connection = HTTPConnection(*server.server_address, timeout=10)
    yield connection
    connection.close()


def raw(server: Server, request: bytes) -> tuple[int, dict[str, Any]]:
    """Send bytes as they are, and read until the server closes the connection."""
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(request)
        answer = HTTPResponse(client)
        answer.begin()
        document = json.loads(answer.read())
        assert client.recv(1) == b"", "the server must close the connection"
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Connection"] == "close"
    assert document.keys() == {"title", "detail", "status", "type"}
    assert document["status"] == answer.status
    return answer.status, document


def ask(connection: HTTPConnection, method: str, path: str, body: bytes | None = None, **headers: str) -> HTTPResponse:
    connection.request(method, path, body, headers)
    return connection.getresponse()


def test_a_request_reaches_its_view(connection: HTTPConnection) -> None:
    answer = ask(connection, "POST", "/things/one?a=b", b"{}", **{"Content-Type": "application/json"})
    assert (answer.status, json.loads(answer.read())) == (200, {"name": "one", "body": "{}", "query": {"a": "b"}})


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/things/one;a=b", {"name": "one%3Ba=b", "body": "{}", "query": {}}),
        ("/things/one#top", {"name": "one%23top", "body": "{}", "query": {}}),
        ("/things/one?a=b;c#d", {"name": "one", "body": "{}", "query": {"a": "b;c#d"}}),
        ("//host/things/one", None),
    ],
)
def test_a_path_is_taken_as_a_whole(connection: HTTPConnection, path: str, found: dict[str, Any] | None) -> None:
    answer = ask(connection, "POST", path, b"{}", **{"Content-Type": "application/json"})
    text = answer.read()
    assert (json.loads(text) if answer.status == 200 else None) == found


def test_an_unknown_path_is_404(connection: HTTPConnection) -> None:
    answer = ask(connection, "POST", "/nowhere", b"{}", Authorization="sn\xf8man")
    assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json")
    assert json.loads(answer.read())["detail"] == "there is nothing at this path: /sedo/docs has every one"
    assert len(answer.headers["X-Request-Id"]) == 32


def test_what_the_gateway_refuses_itself_can_be_read_by_the_sites_that_may() -> None:
    gateway = Gateway(small_app(), Config.create(lambda_timeout=30), origins={"https://console.test"})
    for origin, allowed in (("https://console.test", "https://console.test"), ("https://other.test", None)):
        answer = gateway.answer("GET", "/nowhere", {"origin": origin}, None)
        assert (answer.status, dict(answer.headers).get("Access-Control-Allow-Origin")) == (404, allowed)
        assert dict(answer.headers)["Vary"] == "Origin"
        policy = "cross-origin" if allowed else "same-origin"
        assert dict(answer.headers)["Cross-Origin-Resource-Policy"] == policy


@pytest.mark.parametrize("path", ["/nowhere", "/things/one", "/heading"])
def test_what_the_application_does_not_answer_repeats_the_id_of_its_request(
    connection: HTTPConnection, path: str
) -> None:
    answer = ask(connection, "GET", path, **{"x-request-id": "mine"})
    answer.read()
    assert answer.headers.get_all("X-Request-Id") == ["mine"]


def test_what_cannot_be_read_to_its_end_has_the_id_of_its_request_and_can_be_read_by_other_sites() -> None:
    gateway = Gateway(small_app(), Config.create(lambda_timeout=30), origins={"https://console.test"})
    server = Server(socket.create_server((HOST, 0)), gateway)
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    head = (
        b"POST /things/one HTTP/1.1\r\nOrigin: https://console.test\r\nX-Request-Id: mine\r\nContent-Length: x\r\n\r\n"
    )
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(head)
        answer = HTTPResponse(client)
        answer.begin()
        answer.read()
    server.stop(5)
    assert (answer.status, answer.headers["X-Request-Id"]) == (400, "mine")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://console.test"


def test_what_has_no_head_that_can_be_read_has_an_id_of_its_own(server: Server) -> None:
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(b"GET /empty HTTP/1.1\r\nX-Request-Id: mine\r\n\r\nNONSENSE\r\n\r\n")
        answers = b"".join(iter(lambda: client.recv(1000), b"")).decode()
    first, second = re.findall(r"X-Request-Id: (\S+)", answers)
    assert (first, len(second)) == ("mine", 32)


@pytest.mark.parametrize("method", ["DELETE", "TRACE", "FOO", "PROPFIND", "get"])
def test_a_verb_that_the_path_does_not_answer_is_405(connection: HTTPConnection, method: str) -> None:
    answer = ask(connection, method, "/things/one")
    assert (answer.status, answer.headers["Allow"]) == (405, "GET, OPTIONS, POST")
    assert json.loads(answer.read())["status"] == 405


def test_a_head_that_api_gateway_refuses_is_431(server: Server, connection: HTTPConnection) -> None:
    assert raw(server, b"GET /things/one?q=" + b"x" * 10_240 + b" HTTP/1.1\r\nHost: a\r\n\r\n")[0] == 431
    line, name = "GET /things/one HTTP/1.1", "X-Long"
    rest = 10_240 - len(line) - sum(len(each) + 4 for each in ("Host", "a", "Accept-Encoding", "identity", name)) + 8
    host = f"{server.server_address[0]}:{server.server_address[1]}"
    assert ask(connection, "GET", "/things/one", **{name: "x" * (rest - len(host) - 3)}).status == 200
    status, problem = raw(server, f"GET /things/one HTTP/1.1\r\nX-Long: {'x' * 10_240}\r\n\r\n".encode())
    assert (status, "10,240 are allowed" in problem["detail"]) == (431, True)


def test_a_request_that_lambda_does_not_take_is_413(connection: HTTPConnection) -> None:
    kind = {"Content-Type": "application/json"}
    assert ask(connection, "POST", "/things/one", b"x" * 6_000_000, **kind).read()[:1] == b"{"
    for body in (b"x" * 6_291_456, b'"' * 3_200_000):
        answer = ask(connection, "POST", "/things/one", body, **kind)
        assert (answer.status, "PUT of …/uploads" in json.loads(answer.read())["detail"]) == (413, True)
    kind = {"Content-Type": "application/octet-stream"}
    assert b"Unsupported media type" in ask(connection, "POST", "/things/one", b"x" * 4_000_000, **kind).read()
    assert b"upload" in ask(connection, "POST", "/things/one", b"x" * 4_800_000, **kind).read()


def test_an_answer_that_lambda_does_not_take_is_502(connection: HTTPConnection) -> None:
    kind = {"Content-Type": "application/json"}
    for text, status in (("x", 200), ("\\", 502), ("\N{SNOWMAN}", 502)):
        answer = ask(connection, "POST", "/things/one", (text * 1_600_000).encode(), **kind)
        assert (answer.status, len(answer.read()) > 100) == (status, True)


def test_an_answer_that_takes_longer_than_api_gateway_waits_is_504() -> None:
    gateway = Gateway(small_app(), Config.create(lambda_timeout=30), seconds=0.0)
    answer = gateway.answer("GET", "/empty", {}, None)
    assert (answer.status, b"API Gateway waits for 0" in answer.body) == (504, True)


def test_errors_leave_the_connection_in_step(connection: HTTPConnection) -> None:
    statuses = []
    for method, path in (("FOO", "/things/one"), ("POST", "/nowhere"), ("POST", "/things/two")):
        answer = ask(connection, method, path, b'{"some": "body"}', **{"Content-Type": "application/json"})
        answer.read()
        statuses.append(answer.status)
    assert statuses == [405, 404, 200]


@pytest.mark.parametrize("length", ["x", "-1", "+1", "1_0", "", "1, 1", "\N{SUPERSCRIPT TWO}"])
def test_a_content_length_that_is_no_number_is_400(server: Server, length: str) -> None:
    request = f"POST /things/one HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\nabc".encode("latin-1")
    assert raw(server, request)[0] == 400


def test_two_content_lengths_that_differ_are_400(server: Server) -> None:
    assert raw(server, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nabc")[0] == 400


def test_two_authorizations_are_400(server: Server) -> None:
    field = b"Authorization: Bearer x\r\n"
    assert raw(server, b"GET /things/one HTTP/1.1\r\nHost: x\r\n" + 2 * field + b"\r\n")[0] == 400


def test_a_chunked_body_is_411(server: Server) -> None:
    request = b"POST /things/one HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
    assert raw(server, request)[0] == 411


@pytest.mark.parametrize("length", [str(MAX_BODY_BYTES + 1), "9" * 5000])
def test_a_body_over_10_mb_is_413_before_it_is_sent(server: Server, length: str) -> None:
    head = f"POST /things/one HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    assert raw(server, head.encode())[0] == 413


def test_a_client_that_sends_its_large_body_at_once_still_reads_the_413(server: Server) -> None:
    head = f"POST /things/one HTTP/1.1\r\nHost: x\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    assert raw(server, head.encode() + bytes(MAX_BODY_BYTES + 1))[0] == 413


def test_a_large_body_is_not_asked_for(server: Server) -> None:
    head = (
        f"POST /things/one HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {MAX_BODY_BYTES + 1}\r\n\r\n"
    )
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(head.encode())
        assert client.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_fits_is_asked_for(server: Server) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(head)
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert client.recv(1000).startswith(b"HTTP/1.1 404 Not Found\r\n")


def test_a_body_that_breaks_off_is_400(server: Server) -> None:
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(b"POST /things/one HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc")
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1000).startswith(b"HTTP/1.1 400 Bad Request\r\n")


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        (b"NONSENSE", 400),
        (b"GET / HTTP/x", 400),
        (b"GET / HTTP/9.9", 505),
        (b"GET /" + b"x" * 70000 + b" HTTP/1.1", 414),
    ],
)
def test_a_request_line_that_cannot_be_read_is_refused(server: Server, request_line: bytes, status: int) -> None:
    assert raw(server, request_line + b"\r\nHost: x\r\n\r\n")[0] == status


@pytest.mark.parametrize("field", [b"no colon", b"Content-Length : 3"])
def test_a_header_that_cannot_be_read_is_400(server: Server, field: bytes) -> None:
    assert raw(server, b"GET /things/one HTTP/1.1\r\nHost: x\r\n" + field + b"\r\n\r\n")[0] == 400


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=a", "multipart/mixed", "text/plain", "multipart/"])
def test_a_body_that_the_view_does_not_take_is_415(connection: HTTPConnection, kind: str) -> None:
    connection.request("POST", "/things/one", b"--a--", {"Content-Type": kind})
    assert connection.getresponse().status == 415


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (b"/things/%zz%00", 200),
        (b"/things/\xe2\x98\x83?\xff=%ff", 200),
        (b"//[", 404),
        (b"http://[/x", 404),
        (b"*", 404),
    ],
)
def test_a_strange_path_is_answered(server: Server, path: bytes, status: int) -> None:
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = HTTPResponse(client)
        answer.begin()
        assert (answer.status, bool(json.loads(answer.read()))) == (status, True)


def test_head_has_no_body(server: Server) -> None:
    with socket.create_connection(server.server_address, timeout=10) as client:
        client.sendall(b"HEAD /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(1000), b""))
    assert answer.startswith(b"HTTP/1.1 404 Not Found\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_no_content_has_no_length(connection: HTTPConnection) -> None:
    answer = ask(connection, "GET", "/empty")
    assert (answer.status, answer.headers["Content-Length"], answer.read()) == (204, None, b"")


def test_an_answer_that_cannot_be_sent_is_500(connection: HTTPConnection) -> None:
    answer = ask(connection, "GET", "/heading")
    assert (answer.status, json.loads(answer.read())["title"]) == (500, "Internal Server Error")


@pytest.mark.parametrize(("token", "status"), [(None, 401), ("bad", 403), ("broken", 500), ("good", 200)])
def test_the_authorizer_decides(connection: HTTPConnection, token: str | None, status: int) -> None:
    answer = ask(connection, "GET", "/private", **({"Authorization": token} if token else {}))
    body = answer.read()
    assert answer.status == status
    assert body == b"for you" or json.loads(body)["status"] == status


def test_preflight_requests_are_answered_for_the_view(connection: HTTPConnection) -> None:
    answer = ask(connection, "OPTIONS", "/shared")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (200, "https://example.org")
    assert answer.read() == b""


@pytest.mark.parametrize(("error", "lines"), [(ConnectionResetError(), 0), (ValueError("x"), 1)])
def test_a_client_that_goes_away_is_not_worth_a_line(
    server: Server, capsys: pytest.CaptureFixture[str], error: Exception, lines: int
) -> None:
    try:
        raise error
    except type(error):
        server.handle_error(None, None)
    assert capsys.readouterr().err.count("failed") == lines


def test_the_line_of_a_callback_holds_no_token(
    server: Server, connection: HTTPConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    token = f"v1.{'0' * 8}.{'p' * 60}.{'s' * 43}"
    for end in ("succeed", "fail?x=1", "mistyped"):
        connection.request("POST", f"/sedo/callbacks/{token}/{end}")
        connection.getresponse().read()
    assert server.in_flight.wait(10)
    said = capsys.readouterr().err
    assert said.count("POST /sedo/callbacks/***/") == 3
    assert "pppp" not in said


def test_each_request_has_its_line(
    server: Server, connection: HTTPConnection, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(connection, "GET", "/nowhere").read()
    ask(connection, "GET", "/things/three").read()
    assert server.in_flight.wait(10)
    assert "GET /nowhere 404" in capsys.readouterr().err


def test_a_stop_waits_for_requests_under_way_and_refuses_new_ones() -> None:
    server = Server(socket.create_server((HOST, 0)), Gateway(small_app(), Config.create(lambda_timeout=30)))
    threading.Thread(target=server.serve_forever, args=(0.01,)).start()
    kept, slow = (HTTPConnection(*server.server_address, timeout=10) for _ in range(2))
    ask(kept, "GET", "/things/one").read()
    slow.request("GET", "/slow")
    IN_HANDLER.wait(10)
    stopping = threading.Thread(target=server.stop, args=(10,))
    stopping.start()
    while not server.stopping:
        pass
    refused = ask(kept, "GET", "/things/one")
    assert (refused.status, refused.headers["Connection"]) == (503, "close")
    stopping.join(0.1)
    assert stopping.is_alive()
    MAY_END.set()
    assert slow.getresponse().read() == b"done"
    stopping.join()
    kept.close()
    slow.close()
