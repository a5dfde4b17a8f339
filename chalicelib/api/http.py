"""HTTP as sedo speaks it: problem documents, bodies, paging, path parameters."""

import base64
import json
import os
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import quote, unquote

from chalice.app import Request, Response

from chalicelib.api.parsing import Places, read_json, read_yaml
from chalicelib.core.limits import LIMITS
from chalicelib.core.values import errors
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.waits.task import Person

JSON_TYPES = ["application/json"]
YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml"]
MAX_BODY_BYTES = LIMITS.body_bytes
MAX_PAGE = LIMITS.page_items
MAX_VERSION = LIMITS.version
STEP = r"[a-z0-9-]{1,64}"
STASH_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"

TRUST = "SEDO_TRUSTED_HEADERS"
"""The setting that lets callers say themselves who they are: for development."""
USER = "X-Sedo-User"
GROUPS = "X-Sedo-Groups"
"""Names, separated by commas."""

STATUSES: Mapping[type[errors.SedoError], HTTPStatus] = {
    errors.InvalidError: HTTPStatus.BAD_REQUEST,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.TokenExpiredError: HTTPStatus.GONE,
    errors.TokenError: HTTPStatus.NOT_FOUND,
    errors.UnknownCallerError: HTTPStatus.UNAUTHORIZED,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SedoError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The first that an error is an instance of counts."""

P = ParamSpec("P")
S = TypeVar("S")


def answer(body: Json, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    fields: dict[str, str | list[str]] = {"Content-Type": "application/json", **(headers or {})}
    return Response(json.dumps(body, ensure_ascii=False), fields, int(status))


def problem(title: str, detail: str, status: int, **more: Json) -> Response:
    """Answer with a problem document (RFC 9457)."""
    document = {"title": title, "detail": detail, "status": int(status), "type": None, **more}
    return answer(document, status, {"Content-Type": "application/problem+json"})


def problems_json(problems: tuple[Problem, ...] | list[Problem]) -> list[Json]:
    """Write problems: each with its JSON pointer, in YAML its line and column, and where known what would be right."""
    return [_problem_json(each) for each in problems]


def _problem_json(each: Problem) -> dict[str, Json]:
    members: dict[str, Json] = {"pointer": each.pointer, "message": each.message}
    members |= {} if each.line is None else {"line": each.line, "column": each.column}
    return members | ({} if each.right is None else {"right": each.right})


def explained(route: Callable[Concatenate[S, Request, P], Response]) -> Callable[Concatenate[S, Request, P], Response]:
    """Turn the errors of a route into problem documents, and decode its path parameters."""

    def explaining(self: S, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
        try:
            return route(self, request, *args, **kwargs)
        except errors.SedoError as error:
            status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
            found = list(getattr(error, "problems", ()))
            more: dict[str, Json] = {"errors": problems_json(found)} if found else {}
            return problem(error.title(), str(error), status, **more)

    return explaining


def framework_problem(response: Response) -> Response:
    """Turn an error that Chalice itself answers (404, 405, 415, 500) into a problem document."""
    if response.status_code < HTTPStatus.BAD_REQUEST or not isinstance(response.body, dict):
        return response
    status = HTTPStatus(response.status_code)
    hint = "; send Content-Type: application/json" if status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE else ""
    made = problem(status.phrase, f"{response.body.get('Message')}{hint}", status)
    made.headers = {**response.headers, **made.headers}
    return made


# -- path and query


def path_param(value: str, name: str, allowed: str = r"[A-Za-z0-9._-]{1,64}") -> str:
    """Decode a path parameter.

    Raises:
        InvalidError: it has characters that no id has.
    """
    decoded = unquote(value)
    if not re.fullmatch(allowed, decoded):
        raise errors.InvalidError(f"{name} {decoded[:100]!r} is not an id: it has to match {allowed}")
    return decoded


def execution_param(value: str) -> str:
    """Decode the id of an execution in a path."""
    return path_param(value, "execution", r"[A-Za-z0-9._:-]{1,200}")


def query(request: Request, name: str) -> str | None:
    """Read a query parameter, the last one of its name."""
    found: str | None = request.query_params.get(name) if request.query_params else None
    return found


def number(request: Request, name: str, default: int, most: int, least: int = 1) -> int:
    """Read a whole number from the query.

    Raises:
        InvalidError: it is none, or out of range.
    """
    text = query(request, name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise errors.InvalidError(f"{name} is a whole number from {least} to {most}, not {text[:100]!r}")
    return int(text)


def limit(request: Request) -> int:
    """Read how long a page may be."""
    return number(request, "limit", 20, MAX_PAGE)


def cursor(request: Request, *kinds: type) -> list[Any] | None:
    """Read where a page begins, as :func:`page` wrote it.

    Raises:
        InvalidError: sedo has not written this.
    """
    text = query(request, "cursor")
    if text is None:
        return None
    try:
        values = json.loads(base64.b64decode(text.encode(), altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        values = None
    known = re.compile(r"[A-Za-z0-9._:-]{1,200}")
    if (
        not isinstance(values, list)
        or [type(value) for value in values] != list(kinds)
        or not all(known.fullmatch(str(value)) for value in values)
    ):
        raise errors.InvalidError("cursor is not one that a Link header gave: leave it out to begin")
    return values


def page(request: Request, items: list[Json], following: list[Json] | None) -> Response:
    """Answer a page of a list, with a ``Link`` to the next one (RFC 8288) if there is more."""
    if following is None:
        return answer(items)
    text = base64.urlsafe_b64encode(json.dumps(following).encode()).decode()
    link = f"<{request.context['path']}?limit={limit(request)}&cursor={quote(text)}>"
    return answer(items, headers={"Link": f'{link}; rel="next"'})


# -- bodies


def raw(request: Request) -> bytes:
    """Read the bytes of a body; API Gateway hands text over."""
    found = request.raw_body
    return found.encode() if isinstance(found, str) else found


def body(request: Request) -> Json:
    """Read a JSON body; nothing at all is an empty object.

    Raises:
        MalformedError: it is no JSON.
        TooLargeError: it is larger than 256 KB.
    """
    return read_json(raw(request), MAX_BODY_BYTES) if request.raw_body else {}


def no_body(request: Request) -> None:
    """Take a request that says nothing but what its path does.

    Raises:
        InvalidError: it says more.
    """
    if raw(request).strip() and body(request) not in ({}, None):
        raise errors.InvalidError("this takes no body")


def actor(request: Request) -> str | None:
    """Tell who asks, if that is known."""
    return _caller(request)[0]


def person(request: Request) -> Person:
    """Tell who asks, and of which groups they are.

    Raises:
        UnknownCallerError: that is not known.
    """
    user, groups = _caller(request)
    if user is None:
        raise errors.UnknownCallerError(
            "tasks are for people who are known: deploy with an authorizer that tells who they are, or for development "
            f"set {TRUST}=true and send {USER}, and {GROUPS} if need be"
        )
    return Person(user, groups)


def _caller(request: Request) -> tuple[str | None, frozenset[str]]:
    """Tell who asks as an authorizer has found out; or, where that is trusted, as they say themselves."""
    found = (request.context or {}).get("authorizer") or {}
    user, groups = found.get("principalId"), found.get("groups")
    if user is None and os.environ.get(TRUST) == "true":
        user, groups = request.headers.get(USER), request.headers.get(GROUPS)
    return user or None, frozenset(filter(None, (group.strip() for group in (groups or "").split(","))))


def flag(request: Request, name: str) -> bool:
    """Read ``true`` or ``false`` from the query; without it, it is false.

    Raises:
        InvalidError: it is neither.
    """
    text = query(request, name)
    if text not in {None, "true", "false"}:
        raise errors.InvalidError(f"{name} is true or false, not {text!r:.100}")
    return text == "true"


def members(request: Request, *known: str) -> dict[str, Json]:
    """Read a body that is an object of some members; nothing at all is one without any.

    Raises:
        InvalidError: it is something else, or has others.
        MalformedError, TooLargeError: as :func:`body`.
    """
    found = body(request) if raw(request).strip() else {}
    if not isinstance(found, dict):
        raise errors.InvalidError(f"the body is an object; it takes {', '.join(known)}")
    if unknown := found.keys() - set(known):
        raise errors.InvalidError(f"the body has no {min(unknown)!r}: it takes {', '.join(known)}")
    return found


def document(request: Request) -> tuple[Json, Places | None]:
    """Read a body that is JSON or YAML by its ``Content-Type``; YAML comes with the places of everything in it.

    Raises:
        MalformedError: it is neither.
        TooLargeError: it is larger than 256 KB.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in YAML_TYPES:
        return read_yaml(raw(request), MAX_BODY_BYTES)
    return read_json(raw(request), MAX_BODY_BYTES), None


def wants_yaml(request: Request) -> bool:
    """Tell whether ``Accept`` asks for YAML before JSON."""
    accepted = request.headers.get("accept", "")
    kinds = [kind.partition(";")[0].strip().lower() for kind in accepted.split(",")]
    return next((kind in YAML_TYPES for kind in kinds if kind in (*YAML_TYPES, *JSON_TYPES)), False)
