"""Answers that are kept for a day under the ``Idempotency-Key`` of their request, so that a repeat changes nothing.

The header field is that of the IETF draft "The Idempotency-Key HTTP Header Field". A key belongs to a caller and a
tenant. The same request under it has the same answer; another one is refused, and so is a repeat while the first is
under way. What sedo could not do (a status of 500 or more), or not now (``Retry-After``), is not kept: a repeat goes on
with it, under the names that the first one gave. So does one after a minute of silence: then the function that had the
first has died. What an answer says in the words of its request is not kept: the repeat brings it again.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from http import HTTPStatus

from chalice.app import Response

from chalicelib.api.authentication import bearer
from chalicelib.api.contract import ApiRequest, raw
from chalicelib.core.records.replies import KeyHolder, kept_answer
from chalicelib.core.values.errors import KeyInUseError, KeyReusedError, UnavailableError
from chalicelib.core.values.json import decode
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import Clock, ReplyStore

KEPT_FOR = timedelta(days=1)
DIES_WITHIN = timedelta(minutes=1)
"""After how long a request is over (Amazon API Gateway quotas, "Integration timeout": 29 seconds)."""
REPLAYED = "Idempotency-Replayed"
"""Tells that an answer is that of an earlier request."""


@value
class Replies:
    """Answers by the keys of their requests."""

    store: ReplyStore
    clock: Clock
    new_seed: Callable[[], str]

    def once(
        self, request: ApiRequest, respond: Callable[[ApiRequest], Response], secret: str | None = None
    ) -> Response:
        """Answer a request, or as the first one with its key was answered.

        ``respond`` is handed the request with the seed of what it makes. The ``secret`` member of an answer is not
        kept: in the answer to a repeat it is null.

        Raises:
            KeyReusedError: the first one asked for something else.
            KeyInUseError: the first one is under way.
            UnavailableError: the store did not answer; nothing was done.
        """
        if request.key is None:
            return respond(request)
        name, asked = _digest(_place(request), request.admission.actor or "", request.key), _fingerprint(request)
        now = self.clock.now()
        wanted = KeyHolder(asked, self.new_seed())
        found = self.store.claim(name, wanted, now, now + KEPT_FOR, now - DIES_WITHIN)
        if found.is_new:
            return self._answered(name, copy_with(request, seed=found.seed), respond, secret)
        if found.asked != asked:
            raise KeyReusedError(
                f"the Idempotency-Key {request.key!r} was sent with another request: take a new key for each request"
            )
        if found.reply is None:
            raise KeyInUseError(
                f"the first request with the Idempotency-Key {request.key!r} is under way: ask again in some seconds"
            )
        reply = found.reply
        return Response(reply.whole(_words(request)), {**reply.headers, REPLAYED: "true"}, reply.status)

    def _answered(
        self, name: str, request: ApiRequest, respond: Callable[[ApiRequest], Response], secret: str | None
    ) -> Response:
        """Answer for the first time, and keep the answer."""
        response: Response | None = None
        try:
            response = respond(request)
        finally:
            if response is None or not _is_kept(response):
                with suppress(UnavailableError):  # then a repeat waits for a minute
                    self.store.let_go(name)
        if _is_kept(response):
            headers = {name: str(field) for name, field in response.headers.items()}
            with suppress(UnavailableError):  # the same
                body = _without(secret, str(response.body))
                reply = kept_answer(response.status_code, headers, body, _words(request))
                self.store.keep(name, reply, self.clock.now() + KEPT_FOR)
        return response


def _place(request: ApiRequest) -> str:
    """Name within what a key is known: a tenant, or what a token is for, in the path or beside it."""
    token = bearer(request.http.headers.get("authorization")) or ""
    return request.path.get("tenantId") or f"{request.http.context['path']} {token}".strip()


def _without(secret: str | None, body: str) -> str:
    """Write an answer with null in place of its secret member."""
    if secret is None:
        return body
    document = decode(body.encode())
    return json.dumps({**document, secret: None} if secret in document else document)


def _words(request: ApiRequest) -> str:
    """Write the body of a request as an answer would; nothing of one that the contract does not check."""
    text = "" if request.body is None else raw(request.http).strip()
    return json.dumps(decode(text), ensure_ascii=False) if text else ""


def _is_kept(response: Response) -> bool:
    return response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and "Retry-After" not in response.headers


def _fingerprint(request: ApiRequest) -> str:
    """Tell requests apart by all that they ask."""
    http = request.http
    fields = [http.headers.get(name, "") for name in ("content-type", "if-match", "if-none-match")]
    asked = [http.context["path"], str(sorted(request.asked.items())), raw(http).decode("latin-1")]
    return _digest(http.method, *fields, *asked)


def _digest(*texts: str) -> str:
    return hashlib.sha256("\n".join(f"{len(text)} {text}" for text in texts).encode()).hexdigest()
