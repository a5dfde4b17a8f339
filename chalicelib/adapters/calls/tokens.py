"""The tokens of turns, and the keys that sign them.

Keys are a text ``id:base64[,id:base64…]``, newest first: given by the operator, or else in the SecureString parameter
``/<prefix>/token-keys``. The first signs, all verify: put a new one in front, and take an
old one away once every token that it signed has expired or was used.
"""

from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from secrets import token_bytes, token_hex

from chalicelib.adapters.calls.expiring import LASTS, Expiring
from chalicelib.adapters.calls.parameters import Reader
from chalicelib.adapters.names import Names
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import SetupError
from chalicelib.core.waits import token
from chalicelib.core.waits.token import SHORTEST_SECRET, SigningKey, Token

VALID = LIMITS.token_valid


class TokenKeys:
    """The keys, read when they are needed, and kept for five minutes.

    Args:
        read: reads parameters.
        names: which parameter it is.
        now: the time.
        given: the keys themselves, which go first; None: they are in the parameter.
    """

    def __init__(
        self, read: Reader, names: Names, now: Callable[[], datetime], given: Sequence[SigningKey] | None = None
    ) -> None:
        self._given = given
        self._read = read
        self._kept = Expiring(self._fetch, now)
        self._path = path(names)

    def __call__(self) -> Sequence[SigningKey]:
        """Answer them, newest first.

        Raises:
            SetupError: there are none, or they are malformed.
            UnavailableError: the Parameter Store did not answer.
        """
        return self._kept.get(self._path) if self._given is None else self._given

    def _fetch(self, path: str) -> tuple[Sequence[SigningKey], timedelta]:
        text = self._read(path)
        if text is None:
            raise SetupError(f"there are no token keys: create the SecureString parameter {path}")
        return parse(text, f"the parameter {path}"), LASTS


class Tokens:
    """Makes and reads tokens."""

    def __init__(self, keys: Callable[[], Sequence[SigningKey]], now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._now = now

    def issue(self, key: CallKey) -> str:
        """Make the token of a visit.

        It expires at a midnight, so that a call that is made again the same day is made with the same token.

        Raises:
            SetupError, UnavailableError: there are no keys, or not for now.
        """
        midnight = self._now().replace(hour=0, minute=0, second=0, microsecond=0)
        return token.sign_token(
            Token(key.execution, key.thread, key.visit, midnight + VALID + timedelta(days=1)), self._keys()
        )

    def read(self, text: str) -> Token:
        """Read a token.

        Raises:
            TokenError: it is not valid, or has expired.
            SetupError, UnavailableError: there are no keys, or not for now.
        """
        return token.read_token(text, self._keys(), self._now())


def path(names: Names) -> str:
    """Name the parameter with the keys."""
    return f"/{names.prefix}/token-keys"


def new_key() -> str:
    """Make the text of a fresh key."""
    return f"{token_hex(4)}:{b64encode(token_bytes(SHORTEST_SECRET)).decode()}"


def parse(text: str, where: str) -> Sequence[SigningKey]:
    """Read keys.

    Raises:
        SetupError: they are malformed; the message says where, and has nothing of the keys but their ids.
    """
    keys = []
    for number, line in enumerate(text.split(","), 1):
        key_id, _, encoded = line.strip().partition(":")
        try:
            secret = b64decode(encoded, validate=True)
        except ValueError:
            raise SetupError(f"{where}: key {number} is not an id, a colon and base64") from None
        try:
            keys.append(SigningKey(key_id, secret))
        except ValueError as error:
            raise SetupError(f"{where}: key {number} is not an id, a colon and base64: {error}") from None
    if len({key.id for key in keys}) < len(keys):
        raise SetupError(f"{where}: two keys have the same id")
    return tuple(keys)
