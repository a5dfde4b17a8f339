"""HTTP requests, as steps ask for them."""

import ssl
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import cached_property
from time import monotonic
from typing import Any, TypeAlias, cast

from chalicelib.adapters.http.answer import failure, is_expected, receive, result
from chalicelib.adapters.http.auth import authorized
from chalicelib.adapters.http.connection import Connection, Pace, failures
from chalicelib.adapters.http.gate import Gate, Hosts, Resolver, addresses_of
from chalicelib.adapters.http.request import HttpRequest, build, redirected
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.engine.room import ReadJson, Room

SECONDS = LIMITS.call_seconds
MOST = LIMITS.http_answer_bytes
REDIRECTS = LIMITS.http_redirects
CONNECT_SECONDS = 5
"""What looking for the address and connecting may take, unless the step says so."""

Trace: TypeAlias = Callable[[], Mapping[str, str]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class HttpCalls:
    """Sends the requests of steps of type ``http``, each over a connection of its own; thread-safe.

    Args:
        hosts: which hosts a tenant may call.
        read_json: reads the JSON of answers.
        local: hosts that may be called though they are not public, over plain http and on any port.
        resolve: answers the addresses of a name.
        seconds: what a whole call may take, redirects and answer included.
        most: how many bytes an answer may have, unpacked.
        ca_file: certificates of authorities to trust, in PEM, in the place of those of the system.
        room: where room is taken for large answers; None: nobody shares it.
        trace: answers the header fields of the trace of a call; those of the step go first.
    """

    def __init__(  # noqa: PLR0913 - what an operator can set
        self,
        hosts: Hosts,
        read_json: ReadJson,
        *,
        local: Collection[str] = (),
        resolve: Resolver = addresses_of,
        seconds: float = SECONDS,
        most: int = MOST,
        ca_file: str | None = None,
        room: Room | None = None,
        trace: Trace | None = None,
    ) -> None:
        self._room = room or Room()
        self._gate = Gate(hosts, local, resolve)
        self._read_json = self._room.reading(read_json)
        self._seconds = seconds
        self._most = most
        self._ca_file = ca_file
        self._trace = trace

    def __call__(self, params: Json, key: CallKey) -> Json:
        """Send the request, and follow redirects if the step says so.

        Args:
            params: the parameters of the step.
            key: the idempotency key.

        Raises:
            StepError: one of the errors that the step type names.
        """
        wanted = cast("Mapping[str, Any]", params)
        pace = Pace(self._seconds)
        request = build(wanted, str(key))
        for hop in range(1 + REDIRECTS):
            with _redirected() if hop else nullcontext():
                answer = self._answer(request, wanted, key.tenant, pace)
            if not isinstance(answer, HttpRequest):
                return answer
            request = answer
        raise StepError(
            beyond("http_redirects", f"there are more than {REDIRECTS} redirects"),
            "http.TooManyRedirects",
            unanswered=True,
        )

    def _answer(self, request: HttpRequest, params: Mapping[str, Any], tenant: str, pace: Pace) -> "Json | HttpRequest":
        """Send one request; answer the step's result, or the next request that a redirect asks for."""
        request = authorized(request)
        with closing(self._connected(request, params, tenant, pace)) as connection:
            silence = params.get("readTimeoutSeconds", self._seconds)
            with failures(request.target, pace, f"was silent for {silence:g} seconds", sent=True):
                headers = {"host": request.target.authority, **request.headers, "connection": "close"}
                if self._trace is not None:
                    headers = {**self._trace(), **headers}
                connection.request(request.method, request.target.path, request.body, headers)
                with connection.getresponse() as response:
                    location = response.getheader("location")
                    if params.get("followRedirects") and response.status in _REDIRECTS and location is not None:
                        with _redirected():
                            return redirected(request, response.status, location)
                    expect = params.get("expect", {})
                    statuses = expect.get("statuses", ["2xx"])
                    answer = receive(response, statuses, self._most, self._arrival(pace))
        if not is_expected(answer.status, statuses):
            raise failure(answer, request.target.origin, self._read_json, datetime.now(UTC))
        return result(answer, expect.get("body", "auto"), self._read_json)

    def _connected(self, request: HttpRequest, params: Mapping[str, Any], tenant: str, pace: Pace) -> Connection:
        """Connect to where a request may go."""
        target = request.target
        seconds = params.get("connectTimeoutSeconds", CONNECT_SECONDS)
        silence = params.get("readTimeoutSeconds", self._seconds)
        with failures(target, pace, f"took no connection within {seconds:g} seconds"):
            connecting = pace.within(seconds)
            addresses = self._gate.admit(tenant, target, connecting.left())
            context = self._context if target.scheme == "https" else None
            connection = Connection(target, addresses, context, connecting, lambda: min(silence, pace.left()))
            connection.connect()
        return connection

    def _arrival(self, pace: Pace) -> Callable[[int], None]:
        """Make what takes room for an answer; waiting for it is not the other side's fault."""
        take = self._room.arrival()

        def arrived(size: int) -> None:
            began = monotonic()
            take(size)
            pace.wait(monotonic() - began)

        return arrived

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """What connections trust; made when it is first needed, which takes some hundredths of a second."""
        return ssl.create_default_context(cafile=self._ca_file)


@contextmanager
def _redirected() -> Iterator[None]:
    """Let what fails after a redirect count as unanswered: whoever redirects may have done what it was asked."""
    try:
        yield
    except StepError as error:
        error.unanswered = True
        raise
