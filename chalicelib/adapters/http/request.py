"""An HTTP request, from the parameters of its step, and the one that a redirect makes of it."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urljoin

from chalicelib.adapters.clients import VERSION
from chalicelib.adapters.http.gate import Target, blocked, read_url
from chalicelib.core.expressions.signature import as_text
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json, encode
from chalicelib.core.values.value import copy_with, value

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\t\x20-\x7e]*")
_OURS = frozenset(
    {"connection", "content-length", "expect", "host", "http2-settings", "keep-alive", "proxy-authenticate"}
    | {"proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
"""Headers that belong to the connection."""

_ELSEWHERE = frozenset({"accept", "accept-encoding", "accept-language", "user-agent"})
"""Headers that go to another origin, too."""
_CONTENT = frozenset({"content-encoding", "content-language", "content-type"})
"""Headers that go where the body goes."""

_TYPES = {
    "json": "application/json",
    "text": "text/plain; charset=utf-8",
    "form": "application/x-www-form-urlencoded",
    "base64": "application/octet-stream",
}
_UNRESERVED = "-_.~"
_VISIBLE = "!#$&'()*+,/:;=?@[]~"


@value
class HttpRequest:
    """What is sent."""

    method: str
    target: Target
    headers: Mapping[str, str]
    """By names in lower case; without ``host``."""
    body: bytes | None = None
    auth: Mapping[str, Any] | None = None
    """What signs it: None elsewhere than at the origin that the step names."""


def build(params: Mapping[str, Any], key: str) -> HttpRequest:
    """Make the request of a step, not signed yet.

    Raises:
        StepError: ``http.InvalidRequest``, or ``http.Blocked`` for a URL that is none.
    """
    method = params.get("method", "GET")
    if params.get("body") is not None and method in {"GET", "HEAD"}:
        invalid(f"a {method} request has no body: choose another method, or put it into query")
    kind = params.get("bodyType", "json")
    body = None if params.get("body") is None else _body(kind, params["body"])
    usual = {
        "accept": "*/*",
        "accept-encoding": "gzip",
        "content-type": None if body is None else _TYPES[kind],
        "idempotency-key": None if _needs_no_key(params) else quote(key, safe=_VISIBLE),
        "user-agent": f"sedo/{VERSION}",
    }
    given = read_headers(params.get("headers", {}))
    auth = params.get("auth")
    if auth is not None and auth["type"] != "apiKey" and given.get("authorization") is not None:
        invalid("the step gives both auth and a header Authorization: leave one out")
    headers = {name: value for name, value in {**usual, **given}.items() if value is not None}
    target = with_query(read_url(params["url"]), _pairs(params.get("query", {})))
    return HttpRequest(method, target, headers, body, auth)


def _needs_no_key(params: Mapping[str, Any]) -> bool:
    """Tell whether a request may be made any number of times, and with other content the next time."""
    return params.get("delivery") == "repeatable" and "idempotencyKey" not in params


def read_headers(given: Mapping[str, str | None]) -> Mapping[str, str | None]:
    """Check headers, and write their names in lower case.

    Raises:
        StepError: ``http.InvalidRequest``; it does not repeat the value, which can be a secret.
    """
    headers: dict[str, str | None] = {}
    for name, text in given.items():
        lower = name.lower()
        if not _TOKEN.fullmatch(name):
            invalid(f"{name!r} is no name of a header")
        if lower in _OURS:
            invalid(f"the header {name} belongs to the connection: leave it out")
        if lower in headers:
            invalid(f"the header {name} is there twice")
        if text is not None and not _VALUE.fullmatch(text):
            invalid(f"the header {name} holds a line break, or something else that is not printable ASCII")
        headers[lower] = text
    return headers


def with_query(target: Target, pairs: Iterator[tuple[str, str]]) -> Target:
    """Add to the query of a URL."""
    added = urlencode(list(pairs), quote_via=quote, safe=_UNRESERVED)
    if not added:
        return target
    return copy_with(target, path=target.path + ("&" if "?" in target.path else "?") + added)


def redirected(request: HttpRequest, status: int, location: str) -> HttpRequest:
    """Make the request that a redirect asks for (RFC 9110, section 15.4; Fetch Standard, "HTTP-redirect fetch").

    303, and 301 or 302 after a POST, get what is there. To another origin go no credentials and no headers of the step
    but those that describe the content and what is accepted; they do not come back with a redirect to the first one.

    Raises:
        StepError: ``http.Blocked``: the location is no URL that may be called.
    """
    place = quote(location.encode("latin-1"), safe=_VISIBLE + "%")  # http.client reads headers as Latin-1
    try:
        target = read_url(urljoin(request.target.url, place))
    except ValueError:
        blocked("the redirect leads to something that is no URL")
    gets = (status == 303 and request.method != "HEAD") or (status in {301, 302} and request.method == "POST")  # noqa: PLR2004 see above
    away = target.origin != request.target.origin
    headers = {
        name: value
        for name, value in request.headers.items()
        if not (gets and name in _CONTENT) and not (away and name not in _ELSEWHERE | _CONTENT)
    }
    return HttpRequest(
        "GET" if gets else request.method,
        target,
        headers,
        None if gets else request.body,
        None if away else request.auth,
    )


def invalid(message: str) -> NoReturn:
    """Refuse a request that cannot be sent.

    Raises:
        StepError: ``http.InvalidRequest``, always.
    """
    raise StepError(message, "http.InvalidRequest")


def _body(kind: str, value: Json) -> bytes:
    match kind, value:
        case "json", _:
            return encode(value)
        case "form", dict():
            return urlencode(list(_pairs(value))).encode()
        case "form", _:
            invalid("with bodyType form, the body is an object of texts, numbers, booleans and lists of them")
        case "base64", str():
            return _base64(value)
        case "text", bool() | int() | float() | str():
            return _utf8(as_text(value))
        case _:
            invalid(f"with bodyType {kind}, the body is a text")


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        invalid("the body holds half of a surrogate pair, which UTF-8 cannot")


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        invalid("the body is not base64")


def _pairs(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Write names and values as texts, those of a list one by one; null is left out."""
    for name, content in fields.items():
        for each in content if isinstance(content, list) else [content]:
            if each is None:
                continue
            if isinstance(each, list | dict):
                invalid(f"{name!r} is no text, number or boolean, and no list of them")
            text = each if isinstance(each, str) else encode(each).decode()
            yield name, _utf8(text).decode()
