"""What the routes of callbacks and events answer."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.callers import Callers
from chalicelib.api.contract import ApiRequest
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.answers import AnswerService


@value
class AnswerApi:
    """The routes, over the use cases."""

    callbacks: AnswerService
    callers: Callers
    new_id: Callable[[], str]

    @web.operation
    def succeed_callback(self, request: ApiRequest) -> Response:
        """Take the body as the result that a step waits for."""
        self.callbacks.succeed(request.path["token"], request.body)
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.operation
    def fail_callback(self, request: ApiRequest) -> Response:
        """Let the step fail that waits for an answer."""
        body = request.body
        self.callbacks.fail(request.path["token"], body["name"], body["message"], body.get("details"))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.operation
    def keep_callback(self, request: ApiRequest) -> Response:
        """Hear that the answer is still to come."""
        self.callbacks.heartbeat(request.path["token"])
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.operation
    def send_event(self, request: ApiRequest) -> Response:
        """Send an event to an execution."""
        tenant, execution = request.place
        signal = self._signal(request)
        item = self.callbacks.send(tenant, execution, signal)
        (known,) = (known for known in item.mailbox if known.id == signal.id)
        return _receipt(known, None, execution, is_taken=known.taken)

    @web.operation
    def publish_event(self, request: ApiRequest) -> Response:
        """Send an event to whichever execution waits for it."""
        signal, key = self._signal(request), request.body["key"]
        execution = self.callbacks.publish(request.path["tenantId"], signal.name, key, signal)
        return _receipt(signal, key, execution, is_taken=execution is not None)

    def _signal(self, request: ApiRequest) -> Signal:
        """Make what is sent: the event of the body, under its own id or a new one."""
        body = request.body
        until = self.callbacks.clock.now() + timedelta(milliseconds=round(1000 * body["keepSeconds"]))
        given = body.get("id")
        return Signal(
            self.new_id() if given is None else given,
            request.path["name"],
            until,
            body.get("data"),
            self.callers.actor(request),
        )


def _receipt(signal: Signal, key: str | None, execution: str | None, *, is_taken: bool) -> Response:
    body: dict[str, Json] = {"id": signal.id, "name": signal.name, "key": key, "executionId": execution}
    until = None if is_taken else format_instant(signal.until)
    return web.answer({**body, "state": "taken" if is_taken else "kept", "keptUntil": until}, HTTPStatus.ACCEPTED)
