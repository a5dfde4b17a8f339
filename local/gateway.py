"""A stand-in for API Gateway in front of the application: routes, authorizes, refuses with problem documents."""

import base64
import json
import sys
import time
import traceback
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalChalice, LocalGateway, LocalGatewayException, RouteMatcher

from chalicelib.api.headers import REQUEST_ID, SECURITY, cross_origin, request_id
from local.quotas import ANSWER_SECONDS, answer_refusal, event_refusal


@dataclass(frozen=True, slots=True)
class GatewayAnswer:
    """One HTTP answer: status, header fields in order, body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def problem(status: int, detail: str, headers: tuple[tuple[str, str], ...] = ()) -> GatewayAnswer:
    """Make a problem document (RFC 9457)."""
    document = {"title": HTTPStatus(status).phrase, "detail": detail, "status": status, "type": None}
    body = json.dumps(document).encode()
    fields = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **SECURITY}
    return GatewayAnswer(status, (*fields.items(), *headers), body)


class Gateway:
    """The application behind its routes, safe to call from many threads.

    Args:
        app: the application.
        config: its functions, and how long each may take.
        seconds: how long an answer may take.
        origins: of sites whose pages may read what it answers itself.
    """

    def __init__(
        self, app: Chalice, config: Config, seconds: float = ANSWER_SECONDS, origins: Collection[str] = ()
    ) -> None:
        # current_request is one per thread then: the class that Chalice's own local server gives the application
        app.__class__ = type("LocalApp", (LocalChalice, app.__class__), {})
        self._routes = app.routes
        self._matcher = RouteMatcher(list(app.routes))
        self._local = LocalGateway(app, config)
        self._binary_types = app.api.binary_types
        self._seconds, self._origins = seconds, origins

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> GatewayAnswer:
        """Answer one request; an error of the application is a 500, never an exception."""
        return self.dressed(self._respond(method, _literal(path), headers, body), headers)

    def dressed(self, answer: GatewayAnswer, headers: Mapping[str, str]) -> GatewayAnswer:
        """Give an answer that is not the application's the id of its request, and what other sites are to know."""
        if REQUEST_ID in dict(answer.headers):
            return answer
        asked = {name.lower(): field for name, field in headers.items()}
        more = cross_origin(asked.get("origin", ""), self._origins)
        more |= {REQUEST_ID: request_id(asked.get(REQUEST_ID.lower(), ""), {})}
        kept = tuple((name, field) for name, field in answer.headers if name not in more)
        return replace(answer, headers=(*kept, *more.items()))

    def _respond(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> GatewayAnswer:
        try:
            route = self._matcher.match_route(path).route
        except ValueError:
            return problem(HTTPStatus.NOT_FOUND, "there is nothing at this path: /sedo/docs has every one")
        methods = {*self._routes[route], "OPTIONS"}
        if method not in methods:
            allow = ", ".join(sorted(methods))
            return problem(HTTPStatus.METHOD_NOT_ALLOWED, f"this path answers {allow}", (("Allow", allow),))
        kinds = {field for name, field in headers.items() if name.lower() == "content-type"}
        if refused := event_refusal(path, headers.items(), body, is_binary=not kinds.isdisjoint(self._binary_types)):
            return problem(*refused)
        try:
            return self._answer(method, path, headers, body)
        except LocalGatewayException as refusal:
            return _refusal(refusal)
        except Exception:  # noqa: BLE001 whatever it is, the client gets an answer
            traceback.print_exc(file=sys.stderr)
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "the application failed")

    def _answer(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> GatewayAnswer:
        started = time.monotonic()
        response = self._local.handle_request(method, path, headers, body)
        refused = answer_refusal(response, time.monotonic() - started, self._seconds)
        return problem(*refused) if refused else _answer(response)


def _literal(path: str) -> str:
    """Escape what Chalice takes for the parameters of a path, a fragment or a host, and API Gateway for the path."""
    place, mark, query = path.replace("#", "%23").partition("?")
    place = place.replace(";", "%3B")
    return ("/%2F" + place[2:] if place.startswith("//") else place) + mark + query


def _answer(response: Mapping[str, Any]) -> GatewayAnswer:
    fields = [(name, str(value)) for name, value in response["headers"].items()]
    fields += [(name, str(value)) for name, values in response["multiValueHeaders"].items() for value in values]
    for name, value in fields:
        f"{name}: {value}".encode("latin-1")  # raises where it could not be sent
    if not any(name.lower() == "content-type" for name, _ in fields):
        fields.append(("Content-Type", "application/json"))
    body = response["body"] or b""
    if response.get("isBase64Encoded"):
        body = base64.b64decode(body)
    elif isinstance(body, str):
        body = body.encode()
    return GatewayAnswer(response["statusCode"], tuple(fields), body)


def _refusal(refusal: LocalGatewayException) -> GatewayAnswer:
    headers = tuple(refusal.headers.items())
    match refusal.CODE:
        case HTTPStatus.UNAUTHORIZED:
            detail = "send Authorization: Bearer, with a token or an API key"
            headers += (("WWW-Authenticate", "Bearer"),)
        case HTTPStatus.FORBIDDEN:
            detail = "the authorizer refused this request"
        case _:
            detail = "the authorizer failed"
    return problem(refusal.CODE, detail, headers)
