"""The credentials of an HTTP request: those that its step gives, never those of the function that sends it."""

import base64
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from chalicelib.adapters.http.request import HttpRequest, invalid, read_headers, with_query
from chalicelib.core.values.value import copy_with


def authorized(request: HttpRequest) -> HttpRequest:
    """Put the credentials of a request into it, if it has some.

    Raises:
        StepError: ``http.InvalidRequest``: they do not fit into a header.
    """
    return request if request.auth is None else _KINDS[request.auth["type"]](request, request.auth)


def _bearer(request: HttpRequest, auth: Mapping[str, Any]) -> HttpRequest:
    return _with(request, {"authorization": f"Bearer {auth['token']}"})


def _basic(request: HttpRequest, auth: Mapping[str, Any]) -> HttpRequest:
    """RFC 7617, in UTF-8."""
    if ":" in auth["username"]:
        invalid("the username of basic auth holds a colon, which would end it")
    pair = f"{auth['username']}:{auth['password']}".encode()
    return _with(request, {"authorization": f"Basic {base64.b64encode(pair).decode()}"})


def _api_key(request: HttpRequest, auth: Mapping[str, Any]) -> HttpRequest:
    name, value = auth["name"], auth["value"]
    if auth.get("in", "header") == "header":
        return _with(request, {name: value})
    if name in parse_qs(request.target.path.partition("?")[2], keep_blank_values=True):
        return request
    return copy_with(request, target=with_query(request.target, iter([(name, value)])))


def _sigv4(request: HttpRequest, auth: Mapping[str, Any]) -> HttpRequest:
    """AWS General Reference, "Signature Version 4 signing process"; S3 signs the path as it is."""
    from botocore.auth import S3SigV4Auth, SigV4Auth  # noqa: PLC0415 - comes with boto3, so no earlier than it
    from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - the same
    from botocore.credentials import Credentials  # noqa: PLC0415 - the same

    credentials = Credentials(auth["accessKeyId"], auth["secretAccessKey"], auth.get("sessionToken"))
    signed = AWSRequest(request.method, request.target.url, dict(request.headers), request.body or b"")
    signer = S3SigV4Auth if auth["service"] == "s3" else SigV4Auth
    signer(credentials, auth["service"], auth["region"]).add_auth(signed)
    return _with(request, dict(signed.headers.items()))


def _with(request: HttpRequest, headers: Mapping[str, str]) -> HttpRequest:
    checked = {name: value for name, value in read_headers(headers).items() if value is not None}
    return copy_with(request, headers={**request.headers, **checked})


_KINDS: Mapping[str, Callable[[HttpRequest, Mapping[str, Any]], HttpRequest]] = {
    "bearer": _bearer,
    "basic": _basic,
    "apiKey": _api_key,
    "sigv4": _sigv4,
}
