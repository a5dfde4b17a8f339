"""HTTP as sedo speaks it: problem documents, pages, callers, and bodies in JSON or YAML."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, Concatenate, Protocol, TypeVar
from urllib.parse import quote, urlencode

from chalice.app import Request, Response, RouteEntry

from chalicelib.api.conditional import tagged
from chalicelib.api.contract import MAX_BODY_BYTES, PAGING, ApiRequest, operations, raw, read
from chalicelib.api.parsing import Places, read_yaml
from chalicelib.api.support import ApiSupport
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.shown import MAX_ANSWER, answer_size, fits_answer
from chalicelib.core.values import errors
from chalicelib.core.values.json import Json, Problem, parse_instant
from chalicelib.core.values.json_text import MAX_BODY_DEPTH, read_json
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with

JSON_TYPES = ["application/json"]
LINE_TYPES = ["application/jsonl", "application/x-ndjson"]
BINARY_TYPES = ["application/octet-stream"]
YAML_TYPES = ["application/yaml", "application/x-yaml", "text/yaml"]
WEIGHT = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)\s*(?:;|$)", re.IGNORECASE)
CHARSETS = ("utf-8", "utf8", "us-ascii")

STATUSES: Mapping[type[errors.SedoError], HTTPStatus] = {
    errors.InvalidError: HTTPStatus.BAD_REQUEST,
    errors.TooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.MediaTypeError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    errors.NotFoundError: HTTPStatus.NOT_FOUND,
    errors.TokenExpiredError: HTTPStatus.GONE,
    errors.TokenError: HTTPStatus.NOT_FOUND,
    errors.UnknownCallerError: HTTPStatus.UNAUTHORIZED,
    errors.ClosedError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.NotBegunError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.ForbiddenError: HTTPStatus.FORBIDDEN,
    errors.ConflictError: HTTPStatus.CONFLICT,
    errors.PreconditionFailedError: HTTPStatus.PRECONDITION_FAILED,
    errors.KeyReusedError: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.QuotaError: HTTPStatus.TOO_MANY_REQUESTS,
    errors.UnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.SedoError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
"""The first that an error is an instance of counts."""

PROBLEMS_BYTES = LIMITS.problems_bytes
PROBLEMS_BYTES_OF_MANY = PROBLEMS_BYTES // 25
"""The same of one of a hundred in an answer."""
DETAIL_CHARS = LIMITS.message_chars

S = TypeVar("S", bound="Supported")
T = TypeVar("T")


class Supported(Protocol):
    """A class whose methods are operations."""

    @property
    def support(self) -> ApiSupport:
        """The collaborators of its operations."""


def answer(body: Json, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON.

    Raises:
        SedoError: the answer is larger than Lambda takes; operations bound theirs before.
    """
    fields: dict[str, str | list[str]] = {"Content-Type": "application/json", **(headers or {})}
    text = json.dumps(body, ensure_ascii=False)
    if not fits_answer(text):
        raise errors.SedoError(f"the answer would have {len(text.encode()):,} bytes, more than Lambda takes")
    return Response(text, fields, int(status))


def is_passing(status: int) -> bool:
    """Tell whether the same request, sent again, may have another answer: it could not be done, or not now."""
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS


def problem(title: str, detail: str, status: int, **more: Json) -> Response:
    """Answer with a problem document (RFC 9457)."""
    return _problem_answer(_problem_document(title, detail, status, **more), status)


def _problem_answer(document: dict[str, Json], status: int) -> Response:
    return answer(document, status, {"Content-Type": "application/problem+json"})


def _problem_document(title: str, detail: str, status: int, **more: Json) -> dict[str, Json]:
    return {"title": title, "detail": detail, "status": int(status), "type": None, **more}


def problem_of(error: errors.SedoError, room: int = PROBLEMS_BYTES) -> tuple[HTTPStatus, dict[str, Json]]:
    """Write the problem document of an error, with as many of its problems as have room; answer its status, too."""
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    found = list(getattr(error, "problems", ()))
    more: dict[str, Json] = {"errors": problems_json(found, room)} if found else {}
    return status, _problem_document(error.title(), str(error)[:DETAIL_CHARS], status, **more)


def problems_json(problems: tuple[Problem, ...] | list[Problem], room: int = PROBLEMS_BYTES) -> list[Json]:
    """Write problems: each with its JSON pointer, in YAML its line and column, and where known what would be right.

    There are no more than have room: so many bytes of JSON.
    """
    return list[Json](fitting(map(_problem_json, problems), room))


def _problem_json(found: Problem) -> dict[str, Json]:
    members: dict[str, Json] = {"pointer": found.pointer, "message": found.message}
    members |= {} if found.line is None else {"line": found.line, "column": found.column}
    return members | ({} if found.right is None else {"right": found.right})


def operation(
    answers: Callable[[S, ApiRequest], Response],
) -> Callable[Concatenate[S, Request, ...], Response]:
    """Turn a method into the route of the operation that has its name as operationId.

    The route takes the request and the parameters of its path, in their order. It answers errors as problem documents.
    """

    @wraps(answers)
    def route(self: S, http: Request, /, *parameters: str) -> Response:
        declared = operations()[answers.__name__]

        def once() -> Response:
            _require_media_type(http)
            request = read(answers.__name__, http, parameters, self.support)
            return self.support.replies.once(
                request, lambda seeded: explained(lambda: audited(seeded)), declared.get("secret")
            )

        def audited(request: ApiRequest) -> Response:
            return self.support.auditor.around(declared, request, lambda: explained(lambda: answers(self, request)))

        return announced(tagged(http, explained(once)), declared)

    return route


def announced(response: Response, declared: Mapping[str, Any]) -> Response:
    """Add the header fields ``Deprecation`` and ``Sunset`` to an answer, if the contract has them."""
    response.headers |= declared.get("fields", {})
    return response


def explained(answers: Callable[[], Response]) -> Response:
    """Answer with the problem document of the error, if one is raised."""
    try:
        return answers()
    except errors.SedoError as error:
        status, document = problem_of(error)
        response = _problem_answer(document, status)
        if status is HTTPStatus.UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = "Bearer"
        if error.retry_after is not None:
            response.headers["Retry-After"] = str(error.retry_after)
        return response


def _require_media_type(http: Request) -> None:
    """Hold a ``Content-Type`` to one media type in UTF-8: Chalice is content if a list names one that it looks for.

    Raises:
        MediaTypeError: it says something else; or nothing, and there is a body.
    """
    text = http.headers.get("content-type")
    if text is None:
        if raw(http).strip():
            raise errors.MediaTypeError("the body has no media type: send Content-Type: application/json")
        return
    kind, *rest = (part.strip().lower() for part in text.split(";"))
    parameters = dict(part.partition("=")[::2] for part in rest if part)
    charset = parameters.get("charset", "utf-8").strip('"')
    if kind not in (*JSON_TYPES, *YAML_TYPES, *BINARY_TYPES) or "" in parameters.values() or charset not in CHARSETS:
        raise errors.MediaTypeError(f"Unsupported media type: {text[:100]!r}; send Content-Type: application/json")


def framework_problem(response: Response, route: RouteEntry | None) -> Response:
    """Turn an error that Chalice itself answers (404, 405, 415, 500) into a problem document.

    A 415 names the media types that the route takes.
    """
    if response.status_code < HTTPStatus.BAD_REQUEST or not isinstance(response.body, dict):
        return response
    status = HTTPStatus(response.status_code)
    is_named = status is HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    types = [] if route is None else route.content_types
    taken = [*types[:1], *(kind for kind in YAML_TYPES[:1] if kind in types)]
    hint = f"; send Content-Type: {' or '.join(taken)}" if is_named and taken else ""
    message = str(response.body.get("Message"))
    what, _, which = message.partition(": ")
    detail = f"{what}: {which[:100]!r}" if is_named and which else message
    made = problem(status.phrase, f"{detail}{hint}", status)
    made.headers = {**response.headers, **made.headers}
    return made


def nowhere(path: str, routes: Mapping[str, Mapping[str, object]]) -> Response:
    """Answer a request that no route takes: 404, or 405 where its path has other methods."""
    for route, methods in routes.items():
        if methods and re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", route), path):
            status = HTTPStatus.METHOD_NOT_ALLOWED
            return problem(status.phrase, f"this path takes {', '.join(sorted(methods))}", status)
    return problem(
        HTTPStatus.NOT_FOUND.phrase, "there is nothing at this path: /sedo/docs has every one", HTTPStatus.NOT_FOUND
    )


def cursor(request: ApiRequest, *kinds: type) -> list[Any] | None:
    """Read where a page begins, as :func:`page` wrote it: with values of these kinds.

    Raises:
        InvalidError: no Link of this list has this cursor, or one of another release.
    """
    text = request.query["cursor"]
    if text is None:
        return None
    values = list(request.support.cursors.read(text, request.scope()))
    if [type(each) for each in values] != list(kinds):
        raise errors.InvalidError("cursor is one of another release of sedo: leave it out to begin")
    return values


def position(request: ApiRequest) -> Position | None:
    """Read where a page begins of a list that is ordered by instants and ids.

    Raises:
        InvalidError: the list has not written this.
    """
    found = cursor(request, str, str)
    return None if found is None else Position(parse_instant(found[0]), found[1])


def chosen(request: ApiRequest, whole: Mapping[str, Json]) -> dict[str, Json]:
    """Leave of an object the members that ``fields`` names, with the references of what is left out of these."""
    fields = request.query["fields"]
    if fields is None:
        return dict(whole)
    left = {name: member for name, member in whole.items() if name in fields}
    references = whole.get("references")
    if isinstance(references, dict) and "references" not in fields:
        needed = {place: each for place, each in references.items() if place.split("/")[1] in fields}
        left |= {"references": needed} if needed else {}
    return left


def fitting(items: Iterable[dict[str, Json]], room: int = MAX_ANSWER) -> list[dict[str, Json]]:
    """Take items of a list, from its beginning, that an answer holds together, or so many bytes of it."""
    taken = list[dict[str, Json]]()
    for item in items:
        room -= answer_size(json.dumps(item, ensure_ascii=False)) + 2
        if room < 0:
            break
        taken.append(item)
    return taken


def page_of(
    request: ApiRequest,
    found: Sequence[T],
    written: Callable[[T], Mapping[str, Json]],
    behind: Callable[[T], list[Json]],
) -> Response:
    """Answer a page of what was found: ``limit`` items at most, and fewer where an answer holds no more.

    Args:
        request: asks for the list.
        found: the items from the beginning of the page on; one behind it tells that there is a next page.
        written: writes an item.
        behind: says where the list goes on behind an item.
    """
    items = fitting(chosen(request, written(each)) for each in found[: request.query["limit"]])
    return page(request, items, behind(found[len(items) - 1]) if len(found) > len(items) else None)


def page(request: ApiRequest, found: Sequence[Mapping[str, Json]], behind: list[Json] | None) -> Response:
    """Answer a page of a list, with a ``Link`` to the next one (RFC 8288), of the same things, if there is more."""
    return answer([chosen(request, each) for each in found], headers=following_link(request, behind))


def following_link(request: ApiRequest, behind: list[Json] | None) -> dict[str, str]:
    """Make the ``Link`` to the next page of a list, behind a place; None: there is none."""
    if behind is None:
        return {}
    text = request.support.cursors.write(behind, request.scope())
    asked = {name: given for name, given in request.asked.items() if name not in PAGING}
    query = urlencode({"limit": request.query["limit"], "cursor": text, **asked}, quote_via=quote)
    link = f"<{request.http.context['path']}?{query}>"
    return {"Link": f'{link}; rel="next"'}


def as_lines(request: ApiRequest, response: Response) -> Response:
    """Write the items of a page as JSON Lines, each in a line, where ``Accept`` asks for that."""
    kind = next((kind for kind in LINE_TYPES if kind in request.http.headers.get("accept", "")), None)
    if kind is not None:
        items = json.loads(response.body)
        response.body = "".join(json.dumps(item, ensure_ascii=False) + "\n" for item in items)
        response.headers["Content-Type"] = kind
    return response


OR_YAML = "JSON; or YAML, with Content-Type: application/yaml"
"""What is right where a body is no JSON."""


def document(request: ApiRequest) -> tuple[Json, Places | None]:
    """Read a body that is JSON or YAML by its ``Content-Type``; YAML comes with the places of everything in it.

    Raises:
        MalformedError: it is neither.
        TooLargeError: it is larger than 256 KB.
    """
    kind = request.http.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in YAML_TYPES:
        return read_yaml(raw(request.http), MAX_BODY_BYTES)
    try:
        return read_json(raw(request.http), MAX_BODY_BYTES, MAX_BODY_DEPTH), None
    except errors.MalformedError as error:
        raise errors.MalformedError(problems=[copy_with(each, right=OR_YAML) for each in error.problems]) from None


def wants_yaml(request: ApiRequest) -> bool:
    """Tell whether ``Accept`` asks for YAML before JSON: by its weights, and by its order where they are the same."""
    best, is_yaml = 0.0, False
    for part in request.http.headers.get("accept", "").split(","):
        kind, weight = part.partition(";")[0].strip().lower(), WEIGHT.search(part)
        quality = 1.0 if weight is None else float(weight[1])
        if quality > best and kind in (*YAML_TYPES, *JSON_TYPES):
            best, is_yaml = quality, kind in YAML_TYPES
    return is_yaml
