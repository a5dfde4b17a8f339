"""Chalice's test client, which holds every answer of the application against chalicelib/openapi.yaml."""

from chalice.local import LocalGatewayException
from chalice.test import Client, HTTPResponse, TestHTTPClient

from tests import contract


class HeldHttpClient(TestHTTPClient):
    """Its requests over HTTP; what API Gateway refuses does not come to the application, and is not held."""

    __test__ = False
    is_refused = False

    def request(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> HTTPResponse:
        self.is_refused = False
        answer = super().request(method, path, headers, body)
        place = "GET" if method == "HEAD" else method, path.partition("?")[0]
        if not self.is_refused and contract.operation_of(*place) is not None:
            contract.hold(method, path, answer.status_code, answer.headers, answer.body)
        return answer

    def _error_response(self, e: LocalGatewayException) -> HTTPResponse:
        self.is_refused = True
        return super()._error_response(e)


class HeldClient(Client):
    """The client: no test has another one."""

    @property
    def http(self) -> HeldHttpClient:
        if not isinstance(self._http_client, HeldHttpClient):
            self._http_client = HeldHttpClient(self._app, self._chalice_config)
        return self._http_client
