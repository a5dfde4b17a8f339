"""The step type ``http``."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Outcome, StepContext, call_of
from chalicelib.core.expressions.template import plain_part
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json

LONGEST_SECONDS = LIMITS.call_seconds

_PLACE = re.compile(r"https?://[^/?#]*", re.IGNORECASE)
"""Of a URL: what stands before its path."""
_UNSENT = re.compile(r"[\s\\]")
_SECRET = frozenset({"password", "secretAccessKey", "token", "value"})
"""Of `auth`: what nobody else should know."""
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization", "x-api-key"})
_TEXT: dict[str, Json] = {"type": "string"}
_FLAT: list[Json] = ["string", "number", "boolean"]
_SECONDS: dict[str, Json] = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": LONGEST_SECONDS,
    "x-limit": "call_seconds",
}

_AUTH: Mapping[str, list[Json]] = {
    "bearer": ["token"],
    "basic": ["username", "password"],
    "apiKey": ["name", "value"],
    "sigv4": ["service", "region", "accessKeyId", "secretAccessKey"],
}
"""What each kind of credentials needs."""


class HttpStep:
    """Send an HTTP request.

    The result is `{status, headers, body}`. The names of headers are in lower case, several values of one are joined
    with `, `, and `set-cookie` is left out. By its content type the body is a JSON value, a text, or base64 text; if
    there is no body, it is null.

    An unexpected status fails the step with `http.Status.<code>`, such as `http.Status.503`. `error.details` are
    `{status, headers, body}`, the body cut to 16 KB. A `retry` of the step waits at least as long as its `Retry-After`
    says, even beyond `maxDelaySeconds`, and a day at most. `http.Status.5xx` stands for a class.
    The other errors are `http.Timeout`, `http.Connect` (no such name, nobody listens, the connection broke), `http.Tls`
    (the certificate, say), `http.Blocked` (the address is not one that may be called), `http.TooLarge` (the answer),
    `http.BadAnswer` (it is not the JSON or the text that it says it is: its details show the beginning of it),
    `http.TooManyRedirects` and `http.InvalidRequest` (it cannot be sent as it is written).

    Addresses are `https` on port 443, of hosts with public addresses, unless the operator allows
    [more](outside.md). A whole call, redirects and answer included, takes 30 seconds at most.

    If the function dies before the answer is written, the call is made again with the same `Idempotency-Key` header, by
    which the other system recognises the repeat. If it cannot, `delivery: at-most-once` makes no second call. A header
    of the step replaces the usual one of that name; null leaves it out.

    Declare a request that only reads as `delivery: repeatable`: it may be made any number of times, and has no
    `Idempotency-Key`. The answers of several such requests in a row are written together, up to 20 of them or for a
    second, which costs a third. If the function dies meanwhile, all of them are made again.

    Redirects are followed only with `followRedirects`, three at most, by the same rules. A redirect to another origin
    gets no credentials, no `Idempotency-Key`, and of the step's headers only those that describe the content and what
    is accepted.

    ```yaml
    - id: charge
      type: http
      method: POST
      url: https://api.example.com/v1/charges
      auth: {type: bearer, token: "${ secret('payments-key') }"}
      body: {order: '${ input.orderId }', amount: '${ input.total }'}
      expect: {statuses: [2xx, 409]}
      retry:
        - errors: [http.Timeout, http.Connect, http.Status.429, http.Status.503]
          maxAttempts: 5
    ```
    """

    name = "http"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "method": {
                "enum": ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"],
                "default": "GET",
                "description": "The method.",
            },
            "url": {
                **_TEXT,
                "description": "Where to: `https://host/path`. A text from elsewhere goes in through `url_encode`.",
            },
            "headers": {
                "type": "object",
                "additionalProperties": {"type": ["string", "null"]},
                "examples": [{"Accept": "application/json"}],
                "description": "Headers, by name; null leaves one out that is sent otherwise.",
            },
            "query": {
                "type": "object",
                "additionalProperties": {"type": [*_FLAT, "array"], "items": {"type": _FLAT}},
                "examples": [{"page": 2}],
                "description": "What to add to the query of the URL, by name: text, number, boolean or a list of them.",
            },
            "body": {"description": "What to send: any JSON value, or a text or an object, as `bodyType` says."},
            "bodyType": {
                "enum": ["json", "text", "form", "base64"],
                "default": "json",
                "description": "How to send it; the `Content-Type` follows. `form` takes an object like that of "
                "`query`, `base64` the base64 text of any bytes.",
            },
            "auth": {
                "type": "object",
                "properties": {
                    "type": {"enum": list(_AUTH)},
                    "in": {"enum": ["header", "query"], "default": "header"},
                    "sessionToken": _TEXT,
                    **{name: _TEXT for names in _AUTH.values() for name in map(str, names)},
                },
                "required": ["type"],
                "allOf": [
                    {"if": {"properties": {"type": {"const": kind}}, "required": ["type"]}, "then": {"required": names}}
                    for kind, names in _AUTH.items()
                ],
                "additionalProperties": False,
                "description": "Credentials, best from secrets: `{type: bearer, token}`, `{type: basic, username, "
                "password}`, `{type: apiKey, name, value, in: header or query}`, or for AWS `{type: sigv4, service, "
                "region, accessKeyId, secretAccessKey, sessionToken}`.",
            },
            "expect": {
                "type": "object",
                "properties": {
                    "statuses": {
                        "type": "array",
                        "minItems": 1,
                        "items": {
                            "anyOf": [
                                {"type": "integer", "minimum": 100, "maximum": 599},
                                {
                                    "type": "string",
                                    "pattern": "^[1-5](xx|[0-9][0-9])$",
                                    "patternErrorMessage": "write a status as 404, or a class of them as 4xx",
                                },
                            ]
                        },
                        "default": ["2xx"],
                    },
                    "body": {"enum": ["auto", "json", "text", "base64"], "default": "auto"},
                },
                "additionalProperties": False,
                "description": "Which answers are good: `statuses`, a list of codes and classes, `[2xx]` by default; "
                "and how to read their `body`: `json`, `text`, `base64`, or `auto`, as its content type says.",
            },
            "followRedirects": {
                "type": "boolean",
                "default": False,
                "description": "Whether to follow redirects, three at most.",
            },
            "connectTimeoutSeconds": {
                **_SECONDS,
                "default": 5,
                "description": "How long to look for the address and wait for the connection.",
            },
            "readTimeoutSeconds": {
                **_SECONDS,
                "default": LONGEST_SECONDS,
                "description": "How long the other side may be silent.",
            },
            **CALL_KEYS,
        },
        "required": ["url"],
        "additionalProperties": False,
    }

    def __init__(self, refusal: Callable[[str], str | None] | None = None) -> None:
        self._refusal = refusal or _unless_allowed

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:  # noqa: ARG002 what came in is not sent
        """Describe the request."""
        return call_of(self.name, params)

    def result(self, step: Mapping[str, Any]) -> Json:
        """Describe the result: names of headers are in lower case."""
        expect = step.get("expect")
        read_as = expect.get("body", "auto") if isinstance(expect, dict) else "auto"
        members: dict[str, Json] = {
            "status": {"type": "integer"},
            "headers": {"type": "object", "patternProperties": {"^[^A-Z]*$": True}, "additionalProperties": False},
            "body": {"type": ["string", "null"]} if read_as in {"text", "base64"} else True,
        }
        return {"type": "object", "properties": members, "additionalProperties": False}

    def remarks(self, params: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
        """Say which parameters do nothing, and which requests are refused."""
        yield from _open_credentials(params.get("auth"), params.get("headers"))
        method = params.get("method", "GET")
        if params.get("body") is not None and method in {"GET", "HEAD"}:
            yield "body", f"a {method} request has no body: the step fails with http.InvalidRequest"
        if "bodyType" in params and "body" not in params:
            yield "bodyType", "there is no body that this could describe"
        yield from _unlike(params.get("bodyType", "json"), params.get("body"))
        url = str(params.get("url", "https://"))
        if _UNSENT.search(plain_part(url)):
            yield "url", "a URL has no space, and no backslash: write %20, and put texts into it through url_encode"
        elif found := _PLACE.match(url):
            refusal = _unless_allowed if "${" in found[0] else self._refusal
            if said := refusal(f"{found[0]}/"):
                yield "url", said
        elif not url.startswith("${"):
            yield "url", "a URL begins with https:// and the name of a host: the step fails with http.Blocked"


def _unlike(kind: Json, body: Json) -> Iterator[tuple[str, str]]:
    """Say of a body that is written as it is whether it cannot be sent as its type."""
    wanted = {"form": (dict, "an object"), "text": (str | int | float, "a text"), "base64": (str, "a text")}
    type_, words = wanted.get(str(kind), (object, ""))
    if body is not None and not isinstance(body, type_) and not (isinstance(body, str) and "${" in body):
        yield "body", f"with bodyType {kind}, the body is {words}: the step fails with http.InvalidRequest"


def _open_credentials(auth: Json, headers: Json) -> Iterator[tuple[str, str]]:
    """Say which credentials are written where everybody reads them who may read the definition."""
    given = [("auth", name, each) for name, each in auth.items() if name in _SECRET] if isinstance(auth, dict) else []
    if isinstance(headers, dict):
        given += [("headers", name, each) for name, each in headers.items() if name.lower() in _SECRET_HEADERS]
    for key, name, each in given:
        if isinstance(each, str) and "${" not in each:
            yield (
                key,
                f"{name} stands here for all who read the definition: put it into a secret, as ${{secret('name')}}",
            )


def _unless_allowed(url: str) -> str | None:
    """Say of plain http what is refused where nobody allows it."""
    if not url.lower().startswith("http:"):
        return None
    return "plain http is refused, unless SEDO_HTTP_ALLOW of the operator has this host: write https"
