"""Cursors: where the next page of a list begins, signed, so that nobody can make one up."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence

from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value
from chalicelib.core.waits.token import SigningKey, signature_of


@value
class Cursors:
    """Writes and reads cursors: ``<JSON in base64url>.<key id>.<signature>`` (HMAC-SHA256, RFC 2104)."""

    keys: Callable[[], Sequence[SigningKey]]
    """Those of tokens: the first signs, all verify."""

    def write(self, place: Sequence[Json], scope: str) -> str:
        """Write where a page begins of the list that ``scope`` names: its address with the filters that were asked.

        Raises:
            SetupError, UnavailableError: there are no keys, or not for now.
        """
        key = self.keys()[0]
        signed = f"{_encode(place)}.{key.id}"
        return f"{signed}.{signature_of(_within(scope, signed), key)}"

    def read(self, text: str, scope: str) -> Sequence[Json]:
        """Read where a page begins, as :meth:`write` wrote it for this list.

        Raises:
            InvalidError: it was not written for this list, with these filters.
            SetupError, UnavailableError: there are no keys, or not for now.
        """
        signed, _, given = text.rpartition(".")
        content, _, key_id = signed.partition(".")
        found = [key for key in self.keys() if key.id == key_id]
        if not found or not hmac.compare_digest(
            signature_of(_within(scope, signed), found[0]).encode(), given.encode()
        ):
            raise InvalidError("cursor is not one that a Link header of this list gave: leave it out to begin")
        place: Sequence[Json] = json.loads(urlsafe_b64decode(content + "=" * (-len(content) % 4)))
        return place


def _encode(place: Sequence[Json]) -> str:
    return urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _within(scope: str, signed: str) -> str:
    """Bind what is signed to its use: a token is no cursor, and a cursor of one list none of another."""
    return f"cursor\n{scope}\n{signed}"
