"""Requests to OpenSearch, signed as AWS asks for (AWS Signature Version 4), over connections that are kept."""

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ConnectTimeoutError, HTTPClientError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from chalicelib.core.values.errors import UnavailableError

CONNECT_SECONDS, READ_SECONDS = 3, 20
SERVICE = "es"
"""The name under which requests to a domain are signed (Amazon OpenSearch Service Developer Guide)."""


class Signer(NamedTuple):
    """Whose requests they are."""

    credentials: Callable[[], ReadOnlyCredentials]
    region: str


class SearchAnswer(NamedTuple):
    """What an engine answers: one of the statuses that were expected."""

    status: int
    body: Any


class SearchConnection:
    """A connection to an engine.

    Args:
        url: where it is.
        signer: signs requests; None: they are not signed.
    """

    def __init__(self, url: str, signer: Signer | None = None) -> None:
        self._url, self._signer = url.rstrip("/"), signer
        timeout: Any = (CONNECT_SECONDS, READ_SECONDS)  # urllib3 takes both
        self._session = URLLib3Session(timeout=timeout)

    def ask(
        self, method: str, path: str, body: object = None, expected: Sequence[int] = (HTTPStatus.OK,)
    ) -> SearchAnswer:
        """Send JSON, or the lines of a list, and read the answer.

        Raises:
            UnavailableError: nothing answered, or not as expected.
        """
        kind = "application/x-ndjson" if isinstance(body, list) else "application/json"
        text = "" if body is None else _lines(body) if isinstance(body, list) else json.dumps(body)
        request = AWSRequest(method, f"{self._url}{path}", {"Content-Type": kind}, text.encode())
        try:
            if self._signer is not None:
                SigV4Auth(self._signer.credentials(), SERVICE, self._signer.region).add_auth(request)
            answer = self._session.send(request.prepare())
        except (BotoCoreError, HTTPClientError) as error:
            is_late = isinstance(error, ConnectTimeoutError | ReadTimeoutError)
            how = "does not answer in time" if is_late else "cannot be reached"
            raise UnavailableError(f"the search engine {how}") from error
        if answer.status_code not in expected:
            raise UnavailableError(f"the search engine answered {method} {path} with {answer.status_code}")
        return SearchAnswer(answer.status_code, json.loads(answer.content or b"null"))


def _lines(rows: Sequence[object]) -> str:
    return "".join(f"{json.dumps(row)}\n" for row in rows)
