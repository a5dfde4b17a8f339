"""What the routes of callbacks and events answer."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.authentication import bearer
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Execution, Signal
from chalicelib.core.values.errors import UnknownCallerError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.core.waits.correlation import Channel, KeptSignal, Waiter
from chalicelib.usecases.answers import AnswerService

KEPT, WAITING = "kept", "waiting"
"""What a list of events shows, in this order."""


@value
class AnswerApi:
    """The routes, over the use cases."""

    support: ApiSupport
    callbacks: AnswerService
    new_id: Callable[[], str]

    @web.operation
    def succeed_step(self, request: ApiRequest) -> Response:
        """Take the body as the result that a step waits for."""
        return self._succeed(request, _token(request))

    @web.operation
    def fail_step(self, request: ApiRequest) -> Response:
        """Let the step fail that waits for an answer."""
        return self._fail(request, _token(request))

    @web.operation
    def keep_step(self, request: ApiRequest) -> Response:
        """Hear that the answer is still to come."""
        return self._keep(_token(request))

    @web.operation
    def succeed_callback(self, request: ApiRequest) -> Response:
        """Take a result, with the token in the path."""
        return self._succeed(request, request.path["token"])

    @web.operation
    def fail_callback(self, request: ApiRequest) -> Response:
        """Take an error, with the token in the path."""
        return self._fail(request, request.path["token"])

    @web.operation
    def keep_callback(self, request: ApiRequest) -> Response:
        """Hear of the answer, with the token in the path."""
        return self._keep(request.path["token"])

    @web.operation
    def send_event(self, request: ApiRequest) -> Response:
        """Send an event to an execution."""
        tenant, execution = request.place
        known = self.callbacks.send(tenant, execution, self._signal(request))
        return _receipt(known, None, execution, is_taken=known.taken)

    @web.operation
    def publish_event(self, request: ApiRequest) -> Response:
        """Send an event to whichever execution waits for it."""
        signal, key = self._signal(request), request.body["key"]
        named = bool(request.body.get("id") or request.seed)
        found = self.callbacks.publish(request.path["tenantId"], signal.name, key, signal, named=named)
        execution = None if found.waiter is None else found.waiter.execution
        name = None if execution is None else ExecutionId.parse(execution).definition
        is_hidden = request.admission.problem("executions:read", name) is not None
        return _receipt(found.signal, key, None if is_hidden else execution, is_taken=execution is not None)

    @web.operation
    def list_sent_events(self, request: ApiRequest) -> Response:
        """List the events that were sent to an execution and that it knows."""
        self.support.conditions.require(request, "read")
        wanted, latest_first = request.query["state"], request.query["sort"] == "-until"
        (item, sent), now = self.callbacks.list_sent(*request.place), self.callbacks.clock.now()
        begin = web.cursor(request, str, str)
        ahead = [
            event
            for event in sorted((_sent(item, known, now) for known in sent), key=_goes, reverse=latest_first)
            if wanted in {None, event["state"]}
            and (begin is None or (_goes(event) < begin if latest_first else _goes(event) > begin))
        ]
        return web.page_of(request, ahead, lambda event: event, _goes)

    @web.operation
    def list_events(self, request: ApiRequest) -> Response:
        """List the events that are kept for a name and key, and the steps that wait for one."""
        channel = Channel(request.path["tenantId"], request.path["name"], request.query["key"])
        limit, only = request.query["limit"], request.query["state"]
        kind, *place = web.cursor(request, str, str, str) or [only or KEPT]
        found = self.callbacks.list_channel(
            channel,
            limit + 1,
            "#".join(place),
            waiting=kind == WAITING,
            kept_only=only == KEPT,
            newest_first=request.query["sort"] == "-since",
            seen=self.support.conditions.sees(request),
        )
        return web.page_of(request, found, _listed, _behind)

    def _succeed(self, request: ApiRequest, token: str) -> Response:
        self.callbacks.succeed(token, request.body)
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    def _fail(self, request: ApiRequest, token: str) -> Response:
        body = request.body
        self.callbacks.fail(token, body["name"], body["message"], body.get("details"))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    def _keep(self, token: str) -> Response:
        self.callbacks.heartbeat(token)
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    def _signal(self, request: ApiRequest) -> Signal:
        """Make what is sent: the event of the body, under its own id or a new one."""
        body = request.body
        until = self.callbacks.clock.now() + timedelta(milliseconds=round(1000 * body["keepSeconds"]))
        given = body.get("id")
        return Signal(
            given or request.seed or self.new_id(),
            request.path["name"],
            until,
            body.get("data"),
            request.admission.actor,
        )


def _token(request: ApiRequest) -> str:
    """Read the token of a step from the header field ``Authorization``.

    Raises:
        UnknownCallerError: there is none.
    """
    token = bearer(request.http.headers.get("authorization"))
    if token is None:
        raise UnknownCallerError("send Authorization: Bearer, with the token that the step handed out")
    return token


def _sent(item: Execution, signal: Signal, now: datetime) -> dict[str, Json]:
    state = "kept" if signal.until > now and not item.ended else "untaken"
    return {
        "id": signal.id,
        "name": signal.name,
        "by": signal.by,
        "state": "taken" if signal.taken else state,
        "until": format_instant(signal.until),
    }


def _goes(event: Mapping[str, Json]) -> list[Json]:
    """Make the sort key of an event in the list of sent ones: until when it is kept, and its id."""
    return [event["until"], event["id"]]


def _listed(each: KeptSignal | Waiter) -> dict[str, Json]:
    if isinstance(each, KeptSignal):
        at, until = format_instant(each.at), format_instant(each.until)
        return {"state": "kept", "since": at, "id": each.id, "by": each.by, "until": until}
    who: dict[str, Json] = {"executionId": each.execution, "thread": each.thread, "step": each.step}
    return {"state": "waiting", "since": format_instant(each.since), **who}


def _behind(each: KeptSignal | Waiter) -> list[Json]:
    """Say where a page of the list ends."""
    at, _, name = each.place.partition("#")
    return [WAITING if isinstance(each, Waiter) else KEPT, at, name]


def _receipt(signal: Signal, key: str | None, execution: str | None, *, is_taken: bool) -> Response:
    body: dict[str, Json] = {"id": signal.id, "name": signal.name, "key": key, "executionId": execution}
    until = None if is_taken else format_instant(signal.until)
    return web.answer({**body, "state": "taken" if is_taken else "kept", "keptUntil": until}, HTTPStatus.ACCEPTED)
