"""Secrets and tokens: put into what a call is made with, and taken out of what it brings back."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Collection, Iterator
from dataclasses import field
from math import ceil
from urllib.parse import quote, quote_plus

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import InternalError
from chalicelib.core.values.json import Json, encode, pointer
from chalicelib.core.values.privacy import HIDDEN, without_private
from chalicelib.core.values.value import value

SHORTEST = 4
"""Characters: what is shorter is hidden only where it is all of a text, since it stands in many by chance."""

BASE64_BITS = 6
BYTE_BITS = 8

_ESCAPE = re.compile("%[0-9A-F]{2}")


@value
class Filled:
    """The parameters that a call is made with."""

    params: Json = field(repr=False)
    secrets: Collection[str] = field(repr=False)
    """What was put into them and is to be seen nowhere else: secrets, and the token of the turn."""


def filled(call: Call, key: CallKey, secret: Callable[[str, str], str], token: Callable[[CallKey], str]) -> Filled:
    """Put secrets and the token into the texts of the parameters that have a place for them.

    Args:
        call: what is to be done; it stays as it is.
        key: the idempotency key.
        secret: answers the tenant's secret of a name.
        token: answers the token of the visit with this key.

    Raises:
        StepError: a secret is not there.
        UnavailableError: where secrets or keys are kept did not answer.
    """
    placeholders = {
        piece for pieces in call.placeholders.values() for piece in pieces if isinstance(piece, Placeholder)
    }
    values = {
        placeholder: token(key) if placeholder.secret is None else secret(key.tenant, placeholder.secret)
        for placeholder in placeholders
    }
    texts = {
        place: "".join(values[piece] if isinstance(piece, Placeholder) else piece for piece in pieces)
        for place, pieces in call.placeholders.items()
    }
    params = _with(texts, call.params)
    if texts:
        raise InternalError(f"the parameters have no text at {', '.join(sorted(texts))}")
    return Filled(params, frozenset(values.values()))


def redacted(value: Json, secrets: Collection[str]) -> Json:
    """Write ``***`` over every secret in the texts and keys of a value, and over the values of private headers.

    Secrets are found as they are and in their usual spellings: JSON, URL, base64 at any offset, and one around another.
    """
    spelled = {spelling for secret in secrets for spelling in _spellings(secret)}
    return _redacted(value, frozenset(secrets) - {""}, spelled)


def _with(texts: dict[str, str], value: Json, place: str = "") -> Json:
    """Copy a value, with the texts that have a place in it; those are taken out of ``texts``."""
    if isinstance(value, str) and place in texts:
        return texts.pop(place)
    if isinstance(value, dict):
        return {key: _with(texts, member, place + pointer((key,))) for key, member in value.items()}
    if isinstance(value, list):
        return [_with(texts, item, f"{place}/{index}") for index, item in enumerate(value)]
    return value


def _redacted(value: Json, whole: Collection[str], spelled: Collection[str]) -> Json:
    if isinstance(value, str):
        return HIDDEN if value in whole else _covered(value, spelled) if spelled else value
    if isinstance(value, list):
        return [_redacted(item, whole, spelled) for item in value]
    if isinstance(value, dict):
        members: dict[str, Json] = {}
        for key, member in value.items():
            seen = without_private(member) if key.lower().endswith("headers") else member
            members[str(_redacted(key, whole, spelled))] = _redacted(seen, whole, spelled)
        return members
    if isinstance(value, bool) or value is None:
        return value
    return HIDDEN if encode(value).decode() in spelled else value


def _covered(text: str, spelled: Collection[str]) -> str:
    """Write ``***`` over every stretch of a text that spellings cover, those that overlap taken as one."""
    covered: list[str] = []
    end = 0
    for start, stop in sorted(found for spelling in spelled for found in _places(text, spelling)):
        if start > end or not covered:
            covered += (text[end:start], HIDDEN)
        end = max(end, stop)
    return "".join(covered) + text[end:]


def _places(text: str, spelling: str) -> Iterator[tuple[int, int]]:
    start = text.find(spelling)
    while start >= 0:
        yield start, start + len(spelling)
        start = text.find(spelling, start + 1)


def _spellings(secret: str) -> Iterator[str]:
    """Write a secret as it can come back, with and without the space around it: what is too short is left out."""
    plain = {text for text in (secret, secret.strip()) if len(text) >= SHORTEST}
    encoded = {text for each in plain for text in _base64(each.encode("utf-8", "surrogatepass"))}
    for text in plain | encoded:
        if len(text) >= SHORTEST:
            yield from _escaped(text)


def _base64(content: bytes) -> Iterator[str]:
    """Write bytes in base64 (RFC 4648), at each of the three offsets, without what depends on the neighbours."""
    for offset in range(3):
        begin = ceil(offset * BYTE_BITS / BASE64_BITS)
        end = (offset + len(content)) * BYTE_BITS // BASE64_BITS
        for encoder in (b64encode, urlsafe_b64encode):
            yield encoder(bytes(offset) + content).decode()[begin:end]


def _escaped(text: str) -> Iterator[str]:
    """Write a text as it is, inside JSON, and inside a URL or a form: encoders differ in what they escape."""
    content = text.encode("utf-8", "surrogatepass")
    plain, ascii_only = (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))
    yield from (text, plain, ascii_only, plain.replace("/", "\\/"), ascii_only.replace("/", "\\/"))
    for safe in ("", "/", "!'()*"):  # RFC 3986; paths; encodeURIComponent of ECMAScript
        yield from _both_cases(quote(content, safe))
    yield from _both_cases(quote_plus(content))
    yield from _both_cases(quote_plus(content, "*").replace("~", "%7E"))  # forms, as the URL standard writes them


def _both_cases(encoded: str) -> tuple[str, str]:
    """Write percent escapes with capital and with small letters."""
    return encoded, _ESCAPE.sub(lambda escape: escape[0].lower(), encoded)
