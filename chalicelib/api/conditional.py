"""Requests on conditions (RFC 9110, section 13): what has not changed is not sent again, nor changed unseen."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeVar

from chalice.app import Request, Response

from chalicelib.core.values.errors import DamagedError, PreconditionFailedError

if TYPE_CHECKING:
    from chalicelib.api.contract import ApiRequest

V = TypeVar("V")

READ = ("GET", "HEAD")
FRESH = "private, no-cache"
"""``Cache-Control`` of what may be kept, and is to be asked for anew each time."""


def tagged(request: Request, response: Response) -> Response:
    """Name what a request reads or puts by its content, or tell the caller that it has that already.

    An ``ETag`` that the answer has says which version of a thing it is: that stands before the name of the content, and
    alone where the content is not what a read of the thing answers.
    """
    if "Cache-Control" in response.headers:
        return response
    if request.method not in READ:
        if version := response.headers.get("ETag"):
            response.headers["ETag"] = _tag(response) if request.method == "PUT" else f'"{version}"'
        return response
    if response.status_code != HTTPStatus.OK:
        return response
    fields = {**response.headers, "Cache-Control": FRESH, "ETag": _tag(response)}
    known = request.headers.get("if-none-match")
    if known is not None and (known.strip() == "*" or fields["ETag"] in _tags(known)):
        # a browser puts the header fields of this answer in place of those that it has
        kept = {name: field for name, field in fields.items() if name != "Link"}
        return Response("", kept, HTTPStatus.NOT_MODIFIED)
    response.headers = fields
    return response


def condition(
    request: "ApiRequest", version: Callable[[V | None], str | None], default: str | None = None
) -> Callable[[V | DamagedError | None], None] | None:
    """Make the condition of a change, from ``If-Match`` and ``If-None-Match: *``; None: there is none.

    It takes what stands there now, or None, and raises PreconditionFailedError if that is not as the request asks;
    ``version`` names what stands, as its ``ETag`` does, and ``default`` what is read where nothing was written. What
    cannot be read is there, and of no version.
    """
    match, is_new = request.header.get("If-Match"), request.header.get("If-None-Match") is not None

    def require(found: V | DamagedError | None) -> None:
        if isinstance(found, DamagedError):
            if match is None or match.strip() != "*":
                raise PreconditionFailedError(
                    f"{found}. No version of it can be told from another: ask without a condition"
                )
            return
        if is_new:
            require_absent(version(found))
        if match is not None:
            require_match(match, version(found) or default)

    return require if is_new or match is not None else None


def unread(found: DamagedError | None) -> str | None:
    """Say in an audit what stood there that cannot be read; None: nothing did."""
    return None if found is None else str(found)


def require_absent(version: str | None) -> None:
    """Hold ``If-None-Match: *`` against the version that stands, which is None where there is nothing.

    Raises:
        PreconditionFailedError: there is one.
    """
    if version is not None:
        raise PreconditionFailedError("there is one already, and If-None-Match: * asks that there be none")


def require_match(wanted: str, version: str | None) -> None:
    """Hold an ``If-Match`` against the version that stands, which is None where there is nothing.

    Raises:
        PreconditionFailedError: it names no such version.
    """
    if version is None:
        raise PreconditionFailedError("there is none, and If-Match asks that there be one")
    versions = {tag.strip('"').partition(".")[0] for tag in _tags(wanted)}
    if wanted.strip() != "*" and version not in versions:
        raise PreconditionFailedError(
            "it has changed since its ETag was read that If-Match names: read it again, and decide anew"
        )


def _tag(response: Response) -> str:
    """Name the content of an answer, and before it the version of what it shows, if the answer has one."""
    content = f"{response.headers['Content-Type']}\n{response.body}".encode()
    digest = urlsafe_b64encode(hashlib.sha256(content).digest()[:12]).decode()
    version = response.headers.get("ETag", "")
    return f'"{version}.{digest}"' if version else f'"{digest}"'


def _tags(text: str) -> list[str]:
    """Read entity tags; weak ones count as the strong ones, as they do in a comparison for a read."""
    return [tag.strip().removeprefix("W/") for tag in text.split(",")]
