"""Fixed quotas of API Gateway and Lambda, and how they refuse what is over them."""

import json
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from chalicelib.core.limits import LIMITS

HEAD_BYTES = 10_240
"""Bytes of the request line and the header fields together (Amazon API Gateway quotas, "Total combined size of request
line and header values")."""
PAYLOAD_BYTES = 6 * 1024 * 1024
"""Bytes of what a function is handed, and of what it answers, as JSON (AWS Lambda quotas, "Invocation payload")."""
ANSWER_SECONDS = 29
"""Seconds that a function has for an answer (Amazon API Gateway quotas, "Integration timeout")."""
CONTEXT_BYTES = 2_048
"""Bytes of what an event tells of the request beside its body, its header fields and its query."""

Fields = Iterable[tuple[str, str]]
"""The fields of a header."""

Quota = tuple[HTTPStatus, str]
"""The status of a refusal, and why it is."""


def head_refusal(request_line: str, headers: Fields) -> Quota | None:
    """Refuse a request line and header fields that are too long."""
    size = len(request_line) + _size(headers)
    if size <= HEAD_BYTES:
        return None
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    return status, f"the request line and the header have {size:,} bytes, and {HEAD_BYTES:,} are allowed"


def event_refusal(path: str, headers: Fields, body: bytes | None, *, is_binary: bool) -> Quota | None:
    """Refuse a request whose event a function would not be handed: there its body is text in JSON, or base64."""
    content = body or b""
    if 2 * len(content) < PAYLOAD_BYTES - CONTEXT_BYTES - 2 * HEAD_BYTES:  # most are small
        return None
    text = json.dumps(content.decode(errors="replace"), ensure_ascii=False)
    size = 4 * -(-len(content) // 3) if is_binary else len(text.encode())
    size += CONTEXT_BYTES + 2 * (_size(headers) + len(path))  # each is there alone, and as a list
    if size <= PAYLOAD_BYTES:
        return None
    detail = (
        f"the request takes {size:,} bytes as a JSON string, and Lambda takes {PAYLOAD_BYTES:,}: upload a large input"
    )
    return (
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"{detail} in parts of {LIMITS.upload_part_bytes:,} bytes by POST and PUT of …/uploads (docs/api.md)",
    )


def answer_refusal(response: Mapping[str, Any], seconds: float, most: float) -> Quota | None:
    """Refuse an answer that came too late or is too large; the client does not see it, though all was done."""
    if seconds > most:
        return HTTPStatus.GATEWAY_TIMEOUT, f"the answer took {seconds:.1f} seconds, and API Gateway waits for {most:g}"
    if len(response["body"] or "") * 12 < PAYLOAD_BYTES:  # a character takes 12 bytes at most
        return None
    size = len(json.dumps(response))
    if size <= PAYLOAD_BYTES:
        return None
    return HTTPStatus.BAD_GATEWAY, f"the answer takes {size:,} bytes as JSON, and Lambda takes {PAYLOAD_BYTES:,}"


def _size(headers: Fields) -> int:
    return sum(len(name) + len(value) + len(": \r\n") for name, value in headers)
