"""Tokens that name a turn, signed: whoever holds one may answer for the step that waits there."""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import field
from datetime import UTC, datetime

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import TokenError, TokenExpiredError
from chalicelib.core.values.value import value

VERSION = "v1"

SHORTEST_SECRET = 32
"""Bytes: a shorter key makes a weaker signature (RFC 2104, "Keys")."""

_KEY_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(rf"({VERSION}\.({_KEY_ID.pattern})\.([A-Za-z0-9_-]+))\.([A-Za-z0-9_-]{{43}})")


@value
class Token:
    """What a token says."""

    execution: str
    thread: str
    turn: int
    expires: datetime
    """In whole seconds; no longer valid at this instant."""


@value
class SigningKey:
    """What tokens are signed with."""

    id: str
    """Stands in the tokens: 1 to 64 characters of ``A-Za-z0-9_-``."""
    secret: bytes = field(repr=False)
    """At least 32 bytes."""

    def __post_init__(self) -> None:
        if not _KEY_ID.fullmatch(self.id):
            raise ValueError("the id of a key has 1 to 64 characters of A-Za-z0-9_-")
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(f"key {self.id} has {len(self.secret)} bytes: at least {SHORTEST_SECRET} are needed")


def sign_token(token: Token, keys: Sequence[SigningKey]) -> str:
    """Write a token, signed with the first key: ``v1.<key id>.<payload>.<signature>``.

    The payload is ``[execution, thread, turn, seconds since 1970]`` as JSON, the signature HMAC-SHA256 (RFC 2104) of
    all that stands before its dot; both in base64url without padding (RFC 4648, section 5).
    """
    content = [token.execution, token.thread, token.turn, int(token.expires.timestamp())]
    payload = _base64(json.dumps(content, separators=(",", ":")).encode())
    signed = f"{VERSION}.{keys[0].id}.{payload}"
    return f"{signed}.{signature_of(signed, keys[0])}"


_UNKNOWN = "the token is not valid: none that sedo has signed, or not whole: send it as the step handed it out"


def read_token(text: str, keys: Sequence[SigningKey], now: datetime) -> Token:
    """Read a token that one of the keys has signed.

    Signatures are compared as texts, and the payload is signed as text: no second spelling of a token is valid.

    Raises:
        TokenExpiredError: it was valid until it expired.
        TokenError: no key of these has signed it.
    """
    match = _TOKEN.fullmatch(text)
    if match is None:
        raise TokenError(_UNKNOWN)
    signed, key_id, payload, signature = match.groups()
    known = [key for key in keys if key.id == key_id]
    if not any(hmac.compare_digest(signature_of(signed, key), signature) for key in known):
        raise TokenError(_UNKNOWN)
    execution, thread, turn, seconds = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    expires = datetime.fromtimestamp(seconds, UTC)
    if now >= expires:
        raise TokenExpiredError(
            beyond("token_valid", f"the token has expired: one is valid for {LIMITS.token_valid.days} days")
        )
    return Token(execution, thread, turn, expires)


def signature_of(signed: str, key: SigningKey) -> str:
    """Sign a text: HMAC-SHA256 (RFC 2104) in base64url without padding."""
    return _base64(hmac.new(key.secret, signed.encode(), hashlib.sha256).digest())


def _base64(content: bytes) -> str:
    return urlsafe_b64encode(content).decode().rstrip("=")
