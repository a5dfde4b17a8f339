"""What the routes of callbacks and events answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from chalice.app import Request, Response

from chalicelib.api import http as web
from chalicelib.core.executions.model import Signal
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.answers import AnswerService

SIGNED = r"[A-Za-z0-9._-]{1,1500}"
ERROR = r"[A-Za-z0-9._-]{1,128}"
MAX_KEY = LIMITS.key_chars
MAX_MESSAGE = LIMITS.message_chars
KEPT = LIMITS.event_kept
LONGEST_KEPT = LIMITS.event_kept_longest


@value
class AnswerApi:
    """The routes, over the use cases."""

    callbacks: AnswerService
    new_id: Callable[[], str]

    @web.explained
    def succeed(self, request: Request, token: str) -> Response:
        """Take the body as the result that a step waits for."""
        result = web.body(request) if web.raw(request).strip() else None
        self.callbacks.succeed(web.path_param(token, "token", SIGNED), result)
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.explained
    def fail(self, request: Request, token: str) -> Response:
        """Let the step fail that waits for an answer."""
        body = web.members(request, "name", "message", "details")
        name = body.get("name", "callback.Failed")
        name = web.path_param(name if isinstance(name, str) else "", "name", ERROR)
        message = body.get("message", "whoever was asked could not do it")
        if not isinstance(message, str) or len(message) > MAX_MESSAGE:
            raise InvalidError(f"message is a text of at most {MAX_MESSAGE:,} characters, for people")
        self.callbacks.fail(web.path_param(token, "token", SIGNED), name, message, body.get("details"))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.explained
    def heartbeat(self, request: Request, token: str) -> Response:
        """Hear that the answer is still to come."""
        web.no_body(request)
        self.callbacks.heartbeat(web.path_param(token, "token", SIGNED))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.explained
    def send_event(self, request: Request, tenant: str, execution: str, name: str) -> Response:
        """Send an event to an execution."""
        tenant, execution, name = (
            web.path_param(tenant, "tenantId"),
            web.execution_param(execution),
            web.path_param(name, "name"),
        )
        body = web.members(request, "data", "id", "keepSeconds")
        signal = Signal(self._id(body), name, self._until(body), body.get("data"), web.actor(request))
        item = self.callbacks.send(tenant, execution, signal)
        (stands,) = (known for known in item.mailbox if known.id == signal.id)
        return _answer(signal.id, name, None, execution, None if stands.taken else stands.until)

    @web.explained
    def publish(self, request: Request, tenant: str, name: str) -> Response:
        """Send an event to whichever execution waits for it."""
        tenant, name = web.path_param(tenant, "tenantId"), web.path_param(name, "name")
        body = web.members(request, "key", "data", "id", "keepSeconds")
        key = body.get("key")
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
            raise InvalidError(f"key is a text of 1 to {MAX_KEY} characters: the one that the step waits with")
        event = Signal(self._id(body), name, self._until(body), body.get("data"), web.actor(request))
        execution = self.callbacks.publish(tenant, name, key, event)
        return _answer(event.id, name, key, execution, event.until if execution is None else None)

    def _id(self, body: dict[str, Json]) -> str:
        given = body.get("id")
        return self.new_id() if given is None else web.path_param(given if isinstance(given, str) else "", "id")

    def _until(self, body: dict[str, Json]) -> datetime:
        seconds, most = body.get("keepSeconds", KEPT.total_seconds()), LONGEST_KEPT.total_seconds()
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= most:
            raise InvalidError(f"keepSeconds is a number from 0 to {most:.0f}")
        return self.callbacks.clock.now() + timedelta(milliseconds=round(1000 * seconds))


def _answer(name_of: str, name: str, key: str | None, execution: str | None, kept: datetime | None) -> Response:
    body: dict[str, Json] = {"id": name_of, "name": name, "key": key, "executionId": execution}
    until = None if kept is None else format_instant(kept)
    return web.answer({**body, "state": "taken" if kept is None else "kept", "keptUntil": until}, HTTPStatus.ACCEPTED)
