"""HTTP/1.1 on a loopback port: reads requests, strict about their bodies, and hands them to the gateway."""

import re
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from email import errors
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from local.gateway import Gateway, GatewayAnswer, problem
from local.quotas import head_refusal
from local.terminal import log

MAX_BODY_BYTES = 10 * 1024 * 1024  # Amazon API Gateway quotas, "Payload size"
IDLE_SECONDS = 75
LINGER_SECONDS = 1
LINGER_READS = 1024
READ_BYTES = 64 * 1024
SHOWN_CHARACTERS = 200
TOKEN = re.compile(r"(?<=/callbacks/)[^/\s]{16,}")
"""Of a callback, in its path: whoever has it answers a step, so that no log keeps it."""
QUERY = re.compile(r"\?\S*")
OF_PARTS = (
    errors.MultipartInvariantViolationDefect,
    errors.NoBoundaryInMultipartDefect,
    errors.StartBoundaryNotFoundDefect,
)
"""Defects of a body in parts, which is looked for behind the header before it is read."""
NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)


class InFlight:
    """Counts what is under way, so that an end can wait for it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0

    def __enter__(self) -> Self:
        with self._changed:
            self._count += 1
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._count -= 1
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing is under way; ``False`` where the seconds ran out."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)


class Server(ThreadingHTTPServer):
    """Serves the gateway on a socket that listens already, a thread for each connection."""

    daemon_threads = True

    def __init__(self, listener: socket.socket, gateway: Gateway) -> None:
        super().__init__(listener.getsockname(), RequestHandler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self.gateway = gateway
        self.in_flight = InFlight()
        self.stopping = False

    def stop(self, seconds: float) -> None:
        """Take no more requests, and let those under way end within the seconds given."""
        self.stopping = True
        self.shutdown()
        self.in_flight.wait(seconds)
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 that of socketserver
        """Say in one line that a connection broke; a client that went away is not worth it."""
        error = sys.exception()
        if not isinstance(error, OSError):
            log(f"connection of {client_address} failed: {error!r}")


class RequestHandler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    default_request_version = "HTTP/1.1"  # a request line that cannot be read is answered with a status line
    disable_nagle_algorithm = True  # a kept-alive connection would do 22 requests a second
    timeout = IDLE_SECONDS
    server: Server

    def __getattr__(self, name: str) -> Callable[[], None]:
        """Find the method for any verb: the gateway knows which ones a path answers."""
        if name.startswith("do_"):
            return self.serve
        raise AttributeError(name)

    def serve(self) -> None:
        """Answer the request whose head was read."""
        started = time.monotonic()
        if refusal := self.refusal():
            self.refuse(refusal, dict(self.headers))
            return
        length = int(self.headers.get("Content-Length", "0"))
        body = self.rfile.read(length)
        if len(body) < length:
            refusal = problem(HTTPStatus.BAD_REQUEST, "the body is shorter than its Content-Length")
            self.refuse(refusal, dict(self.headers))
            return
        with self.server.in_flight:
            answer = self.server.gateway.answer(self.command, self.path, dict(self.headers), body or None)
            self.send(answer)
            log(f"{self.printable_request()} {answer.status} {1000 * (time.monotonic() - started):.0f} ms")

    def refusal(self) -> GatewayAnswer | None:
        """Find out whether the body can be read at all: where it cannot, its end is unknown."""
        if self.server.stopping:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "sedo is stopping")
        if any(not isinstance(each, OF_PARTS) for each in self.headers.defects):
            return problem(HTTPStatus.BAD_REQUEST, "the header cannot be read")
        if len(self.headers.get_all("Authorization", [])) > 1:
            return problem(HTTPStatus.BAD_REQUEST, "there is more than one Authorization")
        if refused := head_refusal(self.requestline, self.headers.items()):
            return problem(*refused)
        return self.length_refusal()

    def length_refusal(self) -> GatewayAnswer | None:
        """Find out whether the length of the body is known, and is not too much."""
        lengths = {value.strip() for value in self.headers.get_all("Content-Length", ["0"])}
        length = lengths.pop()
        if "Transfer-Encoding" in self.headers:
            return problem(
                HTTPStatus.LENGTH_REQUIRED, "send the body with a Content-Length, not with Transfer-Encoding"
            )
        if lengths or not (length.isascii() and length.isdigit()):
            return problem(HTTPStatus.BAD_REQUEST, "Content-Length is not a number")
        if len(length.lstrip("0")) > len(str(MAX_BODY_BYTES)) or int(length) > MAX_BODY_BYTES:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {MAX_BODY_BYTES} bytes")
        return None

    def handle_expect_100(self) -> bool:
        """Ask for the body only where it will be read."""
        if refusal := self.refusal():
            self.refuse(refusal, dict(self.headers))
            return False
        return super().handle_expect_100()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse a request whose head cannot be read."""
        self.refuse(problem(code, message or explain or "the request cannot be read"), {})

    def refuse(self, answer: GatewayAnswer, headers: Mapping[str, str]) -> None:
        """Answer without having read the request to its end: nothing more can come on this connection."""
        self.close_connection = True
        self.send(self.server.gateway.dressed(answer, headers))
        log(f"{self.printable_request()} {answer.status}")
        self.linger()

    def send(self, answer: GatewayAnswer) -> None:
        """Write one answer."""
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers:
            self.send_header(name, value)
        if answer.status not in NO_BODY:
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD" and answer.status not in NO_BODY:
            self.wfile.write(answer.body)

    def printable_request(self) -> str:
        """Write the request line so that it cannot upset a terminal, and holds no token of a callback and no query."""
        line = QUERY.sub("?***", TOKEN.sub("***", self.requestline))
        return ascii(line)[1:-1].removesuffix(f" {self.protocol_version}")[:SHOWN_CHARACTERS]

    def linger(self) -> None:
        """Take what the client still sends: a reset would take the answer away from it (RFC 9112, 9.6)."""
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            for _ in range(LINGER_READS):
                if not self.connection.recv(READ_BYTES):
                    break

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the signature of http.server
        """Say nothing more: each answer has its line."""
