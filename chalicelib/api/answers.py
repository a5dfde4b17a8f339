"""What the routes of callbacks and events answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from chalice.app import Request, Response

from chalicelib.api import http as web
from chalicelib.core.executions.model import Letter
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.core.waits.correlation import Kept
from chalicelib.usecases.answers import Callbacks

SIGNED = r"[A-Za-z0-9._-]{1,1500}"
ERROR = r"[A-Za-z0-9._-]{1,128}"
MAX_KEY = 1000
MAX_MESSAGE = 4_000
KEPT = timedelta(days=1)
LONGEST_KEPT = timedelta(days=366)


@value
class CallbacksApi:
    """The routes, over the use cases."""

    callbacks: Callbacks
    new_id: Callable[[], str]

    @web.explained
    def succeed(self, request: Request, token: str) -> Response:
        """Take the body as the result that a step waits for."""
        result = web.body(request) if web.raw(request).strip() else None
        self.callbacks.succeed(web.part(token, "token", SIGNED), result)
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.explained
    def fail(self, request: Request, token: str) -> Response:
        """Let the step fail that waits for an answer."""
        told = web.members(request, "name", "message", "details")
        name = told.get("name", "callback.Failed")
        name = web.part(name if isinstance(name, str) else "", "name", ERROR)
        message = told.get("message", "whoever was asked could not do it")
        if not isinstance(message, str) or len(message) > MAX_MESSAGE:
            raise InvalidError(f"message is a text of at most {MAX_MESSAGE:,} characters, for people")
        self.callbacks.fail(web.part(token, "token", SIGNED), name, message, told.get("details"))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.explained
    def heartbeat(self, request: Request, token: str) -> Response:
        """Hear that the answer is still to come."""
        web.no_body(request)
        self.callbacks.heartbeat(web.part(token, "token", SIGNED))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.explained
    def send_event(self, request: Request, tenant: str, execution: str, name: str) -> Response:
        """Send an event to an execution."""
        tenant, execution, name = web.part(tenant, "tenantId"), web.execution_part(execution), web.part(name, "name")
        told = web.members(request, "data", "id", "keepSeconds")
        letter = Letter(self._id(told), name, self._until(told), told.get("data"), web.actor(request))
        item = self.callbacks.send(tenant, execution, letter)
        (stands,) = (known for known in item.mailbox if known.id == letter.id)
        return _answer(letter.id, name, None, execution, None if stands.taken else stands.until)

    @web.explained
    def publish(self, request: Request, tenant: str, name: str) -> Response:
        """Send an event to whichever execution waits for it."""
        tenant, name = web.part(tenant, "tenantId"), web.part(name, "name")
        told = web.members(request, "key", "data", "id", "keepSeconds")
        key = told.get("key")
        if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
            raise InvalidError(f"key is a text of 1 to {MAX_KEY} characters: the one that the step waits with")
        event = Kept(self._id(told), told.get("data"), self._until(told), web.actor(request))
        execution = self.callbacks.publish(tenant, name, key, event)
        return _answer(event.id, name, key, execution, event.until if execution is None else None)

    def _id(self, told: dict[str, Json]) -> str:
        given = told.get("id")
        return self.new_id() if given is None else web.part(given if isinstance(given, str) else "", "id")

    def _until(self, told: dict[str, Json]) -> datetime:
        seconds, most = told.get("keepSeconds", KEPT.total_seconds()), LONGEST_KEPT.total_seconds()
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= most:
            raise InvalidError(f"keepSeconds is a number from 0 to {most:.0f}")
        return self.callbacks.clock.now() + timedelta(milliseconds=round(1000 * seconds))


def _answer(name_of: str, name: str, key: str | None, execution: str | None, kept: datetime | None) -> Response:
    told: dict[str, Json] = {"id": name_of, "name": name, "key": key, "executionId": execution}
    until = None if kept is None else format_instant(kept)
    return web.answer({**told, "state": "taken" if kept is None else "kept", "keptUntil": until}, HTTPStatus.ACCEPTED)
