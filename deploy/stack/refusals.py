"""Gateway responses: the errors of API Gateway itself, as problem documents (RFC 9457) that other sites may read.

The types are those of "Gateway response types for API Gateway" (Amazon API Gateway Developer Guide).
"""

import json
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.api.headers import EXPOSED, REQUEST_ID, SECURITY
from chalicelib.core.limits import LIMITS

UNKNOWN = "send Authorization: Bearer, with a token or an API key"
REFUSED = "the authorizer refused this request"
NOWHERE = "there is nothing at this path"
TOO_LARGE = f"API Gateway takes 10 MB: upload a large input in parts of {LIMITS.upload_part_bytes:,} bytes"

REFUSALS: Mapping[str, tuple[HTTPStatus, str]] = {
    "ACCESS_DENIED": (HTTPStatus.FORBIDDEN, REFUSED),
    "API_CONFIGURATION_ERROR": (HTTPStatus.INTERNAL_SERVER_ERROR, "API Gateway cannot call sedo"),
    "AUTHORIZER_CONFIGURATION_ERROR": (HTTPStatus.INTERNAL_SERVER_ERROR, "the authorizer failed"),
    "AUTHORIZER_FAILURE": (HTTPStatus.INTERNAL_SERVER_ERROR, "the authorizer failed"),
    "BAD_REQUEST_BODY": (HTTPStatus.BAD_REQUEST, "the body cannot be read"),
    "BAD_REQUEST_PARAMETERS": (HTTPStatus.BAD_REQUEST, "a parameter cannot be read"),
    "EXPIRED_TOKEN": (HTTPStatus.FORBIDDEN, "the signature is too old"),
    "INTEGRATION_FAILURE": (HTTPStatus.GATEWAY_TIMEOUT, "sedo did not answer"),
    "INTEGRATION_TIMEOUT": (HTTPStatus.GATEWAY_TIMEOUT, "sedo did not answer in time: what was asked may be done"),
    "INVALID_API_KEY": (HTTPStatus.FORBIDDEN, "send x-api-key, with a key of the usage plan"),
    "INVALID_SIGNATURE": (HTTPStatus.FORBIDDEN, "the signature is wrong"),
    "MISSING_AUTHENTICATION_TOKEN": (HTTPStatus.NOT_FOUND, f"{NOWHERE}, or not with this method"),
    "QUOTA_EXCEEDED": (HTTPStatus.TOO_MANY_REQUESTS, "the quota of the usage plan is used up"),
    "REQUEST_TOO_LARGE": (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE),
    "RESOURCE_NOT_FOUND": (HTTPStatus.NOT_FOUND, NOWHERE),
    "THROTTLED": (HTTPStatus.TOO_MANY_REQUESTS, "there are too many requests: ask again later"),
    "UNAUTHORIZED": (HTTPStatus.UNAUTHORIZED, UNKNOWN),
    "UNSUPPORTED_MEDIA_TYPE": (HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "API Gateway does not take this Content-Type"),
    "WAF_FILTERED": (HTTPStatus.FORBIDDEN, "the firewall refused this request"),
    "DEFAULT_4XX": (HTTPStatus.BAD_REQUEST, "API Gateway refused this request"),
    "DEFAULT_5XX": (HTTPStatus.INTERNAL_SERVER_ERROR, "API Gateway failed"),
}
"""The status and the detail of each."""

MORE: Mapping[str, Mapping[str, str]] = {
    "UNAUTHORIZED": {"WWW-Authenticate": "Bearer"},
    "THROTTLED": {"Retry-After": "1"},
}
"""Header fields that only one has."""


def refusals(origins: Collection[str]) -> dict[str, Any]:
    """Write the member ``x-amazon-apigateway-gateway-responses`` of an API; ``origins`` are other sites that may read.

    A mapping cannot choose by the origin of a request, so where one may read the answers of sedo, all may read these:
    there is nothing in them that is not here.
    """
    shared = {"Content-Type": "application/problem+json", "Cache-Control": "no-store", **SECURITY}
    if origins:
        shared |= {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED}
        shared |= {"Cross-Origin-Resource-Policy": "cross-origin"}
    return {kind: _refusal(*found, {**shared, **MORE.get(kind, {})}) for kind, found in REFUSALS.items()}


def _refusal(status: HTTPStatus, detail: str, fields: Mapping[str, str]) -> dict[str, Any]:
    document = {"title": status.phrase, "detail": detail, "status": int(status), "type": None}
    # a quote ends a static value, and there is no way to write one into it
    static = {name: f"'{text}'" for name, text in fields.items() if "'" not in text}
    mapped = {f"gatewayresponse.header.{name}": text for name, text in static.items()}
    return {
        "statusCode": str(int(status)),
        "responseParameters": {**mapped, f"gatewayresponse.header.{REQUEST_ID}": "context.requestId"},
        "responseTemplates": {"application/json": json.dumps(document)},
    }
