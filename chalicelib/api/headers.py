"""Header fields that every answer has: the id of its request, and what browsers may do with it."""

import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from secrets import token_hex
from typing import Any
from urllib.parse import unquote

from chalice.app import Request, Response

REQUEST_ID = "X-Request-Id"
"""Of a request, so that a caller finds it again in logs; an answer repeats it, or has the one that it was given."""
SECURITY: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""What the answers of an API say of themselves (OWASP REST Security Cheat Sheet, "Security Headers")."""
ALLOWED = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id, X-Sedo-Groups, X-Sedo-User"
)
"""Header fields that other sites may send."""
EXPOSED = "Deprecation, ETag, Idempotency-Replayed, Link, Location, Retry-After, Sunset, X-Request-Id"
"""Header fields that other sites may read."""
EXECUTION = "/sedo/tenants/{tenantId}/executions/{id}"
"""How the routes of an execution begin."""
PREFLIGHT_SECONDS = "7200"
"""How long a browser may keep the answer to a preflight request (Fetch, "CORS-preflight cache")."""

_ID = re.compile(r"[A-Za-z0-9._:~-]{1,256}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def dressed(request: Request, response: Response, origins: Collection[str]) -> Response:
    """Give an answer the header fields that it lacks; ``origins`` are those of other sites that may read it."""
    fields = {
        **SECURITY,
        "Cache-Control": "no-store",
        REQUEST_ID: request_id(request.headers.get(REQUEST_ID, ""), request.context),
    }
    fields |= cross_origin(request.headers.get("origin", ""), origins)
    varies = ", ".join(str(each["Vary"]) for each in (response.headers, fields) if "Vary" in each)
    response.headers = {**fields, **response.headers} | ({"Vary": varies} if varies else {})
    return response


def named(request: Request) -> None:
    """Give a request an id that has none, so that its answer, the log and the audit have the same one."""
    if not request.context.get("requestId"):
        request.context["requestId"] = token_hex(16)


def log_members(request: Request) -> dict[str, str]:
    """Name the tenant and the execution of a path for the log; what is no id stays out, as callers write anything."""
    given = request.uri_params or {}
    found = {"tenant": given.get("tenantId", "")}
    if request.context["resourcePath"].startswith(EXECUTION):
        found["execution"] = unquote(given["id"])
    return {name: text for name, text in found.items() if _ID.fullmatch(text)}


def request_id(given: str, context: Mapping[str, Any]) -> str:
    """Answer the id that the caller gave to a request, or else that of API Gateway; where neither did, a new one."""
    return given if _REQUEST_ID.fullmatch(given) else context.get("requestId") or token_hex(16)


def cross_origin(origin: str, origins: Collection[str]) -> dict[str, str]:
    """Say whether pages of an origin may read an answer (Fetch, "CORS protocol")."""
    if not origins:
        return {}
    if "*" in origins:
        allowed = {"Access-Control-Allow-Origin": "*"}
    elif origin in origins:
        allowed = {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
    else:
        return {"Vary": "Origin"}
    return {**allowed, "Access-Control-Expose-Headers": EXPOSED, "Cross-Origin-Resource-Policy": "cross-origin"}


def options(request: Request, methods: Collection[str], origins: Collection[str]) -> Response:
    """Tell which methods a path answers, and other sites what they may send."""
    allow = ", ".join(sorted(methods))
    fields: dict[str, str | list[str]] = {"Allow": allow}
    if "Access-Control-Allow-Origin" in cross_origin(request.headers.get("origin", ""), origins):
        fields |= {
            "Access-Control-Allow-Methods": allow,
            "Access-Control-Allow-Headers": ALLOWED,
            "Access-Control-Max-Age": PREFLIGHT_SECONDS,
        }
    return Response("", fields, HTTPStatus.NO_CONTENT)
