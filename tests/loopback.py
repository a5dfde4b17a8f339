"""An HTTP or HTTPS server on the loopback interface that answers as a test wants it to, well or badly.

``answers`` says what a path comes to; a path that is not there is echoed: the answer is the request, as JSON.
"""

import json
import ssl
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, TypeAlias

from chalicelib.core.values.json import Json

DRIP_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Received:
    """A request; the names of its headers are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; the ``Content-Length`` is right unless the headers give another one."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


Misbehaviour: TypeAlias = "Callable[[Handler], None]"


class Loopback(ThreadingHTTPServer):
    """Counts connections and keeps requests."""

    daemon_threads = True

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = context
        self.answers: dict[str, Reply | Misbehaviour] = {}
        self.unread: set[str] = set()
        """Paths whose answer is the one to read the body of the request, if it likes."""
        self.requests: list[Received] = []
        self.connections = 0
        self.closing = Event()

    @property
    def port(self) -> int:
        return self.server_address[1]

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{'https' if self.context else 'http'}://{self.host}"

    def get_request(self) -> tuple[Any, Any]:
        connected, address = super().get_request()
        self.connections += 1
        if self.context is not None:  # the handshake is the affair of the thread of the connection
            connected = self.context.wrap_socket(connected, server_side=True, do_handshake_on_connect=False)
        return connected, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client that goes away is what many tests are about
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: Loopback

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        path = self.path.partition("?")[0]
        body = b"" if path in self.server.unread else self.rfile.read(int(self.headers.get("Content-Length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.command, self.path, headers, body)
        self.server.requests.append(received)
        answer = self.server.answers.get(path, echoed(received))
        self.reply(answer) if isinstance(answer, Reply) else answer(self)

    def reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(reply.body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def loopback(context: ssl.SSLContext | None = None) -> Iterator[Loopback]:
    """Run a server, with TLS if there is a context for it."""
    with Loopback(context) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()


def echoed(request: Received) -> Reply:
    """Answer a request with itself."""
    shown: Json = {
        "method": request.method,
        "path": request.path,
        "headers": dict(request.headers),
        "body": request.body.decode("latin-1"),
    }
    return json_reply(shown)


def json_reply(value: Json, status: int = 200, **headers: str) -> Reply:
    return Reply(status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


def redirect(location: str, status: int = 302) -> Reply:
    return Reply(status, {"Location": location})


def raw(data: bytes) -> Misbehaviour:
    """Send these bytes, whatever they are, and hang up."""

    def send(handler: Handler) -> None:
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(data)

    return send


def silent(handler: Handler) -> None:
    """Say nothing until the server ends."""
    handler.close_connection = True
    handler.server.closing.wait()


def dripping(before: bytes) -> Misbehaviour:
    """Send these bytes, and then one byte after the other without an end."""

    def drip(handler: Handler) -> None:
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(before)
            while not handler.server.closing.wait(DRIP_SECONDS):
                handler.wfile.write(b"x")

    return drip


def endless(before: bytes) -> Misbehaviour:
    """Send these bytes, and then as many more as the client takes."""

    def pour(handler: Handler) -> None:
        handler.close_connection = True
        with suppress(OSError):
            handler.wfile.write(before)
            while not handler.server.closing.is_set():
                handler.wfile.write(b"x" * 65_536)

    return pour
