"""Clients of the application, in this process and over HTTP: every answer is held against chalicelib/openapi.yaml."""

from collections.abc import Mapping
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection, HTTPResponse
from socket import create_connection

from chalice.local import LocalGatewayException
from chalice.test import Client, TestHTTPClient
from chalice.test import HTTPResponse as TestResponse

from tests import contract


class HeldHttpClient(TestHTTPClient):
    """Its requests over HTTP; what API Gateway refuses does not come to the application, and is not held."""

    __test__ = False
    is_refused = False

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> TestResponse:
        self.is_refused = False
        answer = super().request(method, path, headers, body)
        if not self.is_refused:
            contract.hold(method, path, answer.status_code, answer.headers, answer.body)
        return answer

    def _error_response(self, e: LocalGatewayException) -> TestResponse:
        self.is_refused = True
        return super()._error_response(e)


class HeldClient(Client):
    """The client: no test has another one."""

    @property
    def http(self) -> HeldHttpClient:
        if not isinstance(self._http_client, HeldHttpClient):
            self._http_client = HeldHttpClient(self._app, self._chalice_config)
        return self._http_client


Answer = tuple[int, Message, bytes]
"""The status, the header fields and the body of an answer over HTTP."""


def ask_once(host: str, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    """Ask sedo over a connection of its own."""
    return _held(method, target, ask_other(host, method, target, body, headers))


def ask_other(host: str, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
    """Ask another application than sedo, which has no contract."""
    with closing(HTTPConnection(host, timeout=60)) as connection:
        connection.request(method, target, body, dict(headers))
        return _read(connection.getresponse())


def send_raw(host: str, raw: bytes) -> Answer:
    """Send a request to sedo as these bytes, on a connection of its own."""
    name, _, port = host.partition(":")
    method, target, _ = raw.decode("latin-1").split(" ", 2)
    with create_connection((name, int(port)), timeout=60) as connection:
        connection.sendall(raw)
        answer = HTTPResponse(connection, method=method)
        answer.begin()
        return _held(method, target, _read(answer))


def _read(answer: HTTPResponse) -> Answer:
    return answer.status, answer.headers, answer.read()


def _held(method: str, target: str, answer: Answer) -> Answer:
    contract.hold(method, target, *answer)
    return answer
