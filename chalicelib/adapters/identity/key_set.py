"""The public keys of an issuer of tokens (RFC 7517, "JSON Web Key Set"), found by its URL or by OpenID discovery.

Tokens are checked with the keys that were read last. They are read again when they are five minutes old, and when a
token names one that is not among them; but at most once a minute, whoever sends such tokens, and while the issuer does
not answer the known ones go on.
"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from jwt import PyJWKSet
from jwt.exceptions import PyJWTError

from chalicelib.core.values.errors import UnavailableError, UnknownCallerError

FRESH = timedelta(minutes=5)
PAUSE = timedelta(minutes=1)
TIMEOUT_SECONDS = 3
MAX_BYTES = 1 << 20
DISCOVERY = "/.well-known/openid-configuration"
"""Below the issuer (OpenID Connect Discovery 1.0, section 4)."""


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none: then the answer is an error."""


def fetch(url: str) -> bytes:
    """Read a document.

    Raises:
        OSError: it cannot be read, is larger than a megabyte, or is not https though it is of another machine.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and (parts.scheme, parts.hostname) != ("http", "127.0.0.1"):
        raise OSError(f"{url} is not https")
    with build_opener(_NoRedirects).open(url, timeout=TIMEOUT_SECONDS) as answer:
        text: bytes = answer.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise OSError(f"{url} has more than {MAX_BYTES:,} bytes")
    return text


class KeySet:
    """The keys of an issuer.

    Args:
        url: where they are; empty: OpenID discovery tells, below the issuer.
        issuer: whose they are.
        now: the time.
        read: reads a URL; raises OSError.
    """

    def __init__(
        self, url: str, issuer: str, now: Callable[[], datetime], read: Callable[[str], bytes] = fetch
    ) -> None:
        self._url, self._issuer = url, issuer
        self._now, self._read = now, read
        self._lock = Lock()
        self._keys: Mapping[str | None, Any] = {}
        self._fresh_until = self._pause_until = datetime.min.replace(tzinfo=UTC)
        self._problem = ""

    def get(self, key_id: str | None) -> Any:  # noqa: ANN401 - of one algorithm, or as cryptography has it
        """Find a key by its id, which is None where a token names none, and there is one key.

        One that says its algorithm is a PyJWK, which PyJWT holds to it.

        Raises:
            UnknownCallerError: the issuer has no such key.
            UnavailableError: the issuer does not answer, and the key is not known yet.
        """
        with self._lock:
            now = self._now()
            if (now >= self._fresh_until or key_id not in self._keys) and now >= self._pause_until:
                self._refresh(now)
            if key_id in self._keys:
                return self._keys[key_id]
        if self._problem:
            raise UnavailableError(f"the keys of {self._issuer} cannot be read: {self._problem}")
        raise UnknownCallerError("the token is signed with a key that its issuer does not have")

    def _refresh(self, now: datetime) -> None:
        self._pause_until = now + PAUSE
        try:
            if not self._url:
                self._url = str(json.loads(self._read(self._issuer.rstrip("/") + DISCOVERY))["jwks_uri"])
            document: dict[str, Any] = json.loads(self._read(self._url))
            keys = [key for key in PyJWKSet.from_dict(document).keys if key.public_key_use in {None, "sig"}]
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, PyJWTError) as error:
            self._problem = _why(error)[:200]
            return
        self._problem = ""
        self._fresh_until = now + FRESH
        of_one = {each.get("kid") for each in document["keys"] if "alg" in each}
        found = {key.key_id: key if key.key_id in of_one else key.key for key in keys}
        self._keys = found | ({None: found[keys[0].key_id]} if len(keys) == 1 else {})


def _why(error: Exception) -> str:
    """Say why there are no keys."""
    if type(error) is OSError:
        return str(error)  # of `fetch`
    if isinstance(error, OSError):
        return getattr(getattr(error, "reason", error), "strerror", None) or "it does not answer"
    return "what is there is no set of keys (RFC 7517)"
