"""JSON Web Tokens (RFC 7519, RFC 8725): who asks, as the issuer of a token says."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import jwt
from jwt import PyJWK
from jwt.exceptions import InvalidTokenError, PyJWTError

from chalicelib.core.access.principal import Means, Principal
from chalicelib.core.values.errors import UnknownCallerError
from chalicelib.core.values.value import value

MAX_TOKEN = 8_192
"""Characters; API Gateway takes 10,240 bytes of header fields together."""
MAX_NAME = 200
MAX_NAMES = 500
REQUIRED = ("exp", "iss", "aud", "sub")
SIGNED_BY_SECRET = ("HS256",)
SIGNED_BY_KEY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
RESERVED = ("key:", "arn:")
"""How subjects begin that are no users of an issuer."""


class PublicKeys(Protocol):
    """Finds the public key that a token names."""

    def get(self, key_id: str | None) -> PyJWK:
        """Find a key by its id.

        Raises:
            UnknownCallerError: there is none.
            UnavailableError: whether there is one is not known now.
        """


@value
class Claims:
    """What a token has to say, and where it says whose the caller is."""

    issuer: str
    audiences: Sequence[str]
    tenants: str = "tenants"
    """The claim with the tenants: a list of names, or one text with spaces or commas between them."""
    groups: str = "groups"
    """The claim with the groups, which may be missing."""
    leeway: int = 30
    """Seconds that the clocks may differ."""


class TokenReader:
    """Reads tokens that one issuer signs.

    Args:
        claims: what they have to say.
        key: the shared secret that signs them, or what finds public keys.
    """

    def __init__(self, claims: Claims, key: str | PublicKeys) -> None:
        self._claims, self._key = claims, key

    def bearer(self, text: str) -> Principal:
        """Find out who asks with a token.

        Raises:
            UnknownCallerError: it is not valid; the message says why, and nothing of the token.
            UnavailableError: whether it is valid is not known now.
        """
        if text.startswith("sedo_"):
            raise UnknownCallerError("this installation takes no API keys: send a token")
        if len(text) > MAX_TOKEN:
            raise UnknownCallerError(f"the token is longer than {MAX_TOKEN:,} characters")
        try:
            found = self._decoded(text)
        except InvalidTokenError as error:
            raise UnknownCallerError(f"the token is not valid: {_reason(error)}") from None
        except (PyJWTError, ValueError, TypeError, RecursionError):
            raise UnknownCallerError("the token is not valid: it is no JSON Web Token") from None
        subject = found["sub"]
        if not (isinstance(subject, str) and 0 < len(subject) <= MAX_NAME and subject.isprintable()):
            raise UnknownCallerError(f"the token is not valid: its sub is no text of 1 to {MAX_NAME} characters")
        if subject.startswith(RESERVED):
            raise UnknownCallerError(f"the token is not valid: its sub begins with {' or '.join(RESERVED)}")
        tenants, groups = (_names(found, name) for name in (self._claims.tenants, self._claims.groups))
        if tenants is None:
            raise UnknownCallerError(f"the token is not valid: it has no claim {self._claims.tenants!r} with tenants")
        return Principal(subject, Means.JWT, tenants, groups or frozenset())

    def _decoded(self, text: str) -> Mapping[str, Any]:
        """Check the signature and the claims that all tokens have."""
        header = jwt.get_unverified_header(text)
        algorithms = SIGNED_BY_SECRET if isinstance(self._key, str) else SIGNED_BY_KEY
        if header.get("alg") not in algorithms:
            raise jwt.InvalidAlgorithmError
        claims = self._claims
        return jwt.decode(
            text,
            self._key if isinstance(self._key, str) else self._key.get(header.get("kid")),
            algorithms=list(algorithms),
            audience=list(claims.audiences),
            issuer=claims.issuer,
            leeway=claims.leeway,
            options={"require": list(REQUIRED), "strict_aud": False},
        )


def _reason(error: InvalidTokenError) -> str:
    """Say what is wrong with a token, in words of sedo: PyJWT's may have some of it."""
    reasons: Mapping[type[InvalidTokenError], str] = {
        jwt.ExpiredSignatureError: "it has expired",
        jwt.ImmatureSignatureError: "it counts from later on only",
        jwt.InvalidAudienceError: "it is for another audience",
        jwt.InvalidIssuerError: "it is of another issuer",
        jwt.InvalidSignatureError: "its signature is wrong",
        jwt.InvalidAlgorithmError: "it is not signed with an algorithm that counts here",
    }
    if isinstance(error, jwt.MissingRequiredClaimError):
        return f"it has no claim {error.claim!r}"
    return next((reason for kind, reason in reasons.items() if isinstance(error, kind)), "it is no JSON Web Token")


def _names(found: Mapping[str, Any], claim: str) -> frozenset[str] | None:
    """Read the names in a claim; None: it is not there.

    Raises:
        UnknownCallerError: it has something else.
    """
    given = found.get(claim)
    if given is None:
        return None
    names = given.replace(",", " ").split() if isinstance(given, str) else given
    if not isinstance(names, list) or len(names) > MAX_NAMES:
        raise UnknownCallerError(f"the token is not valid: its claim {claim!r} is no list of names")
    if not all(isinstance(name, str) and 0 < len(name) <= MAX_NAME and name.isprintable() for name in names):
        raise UnknownCallerError(f"the token is not valid: its claim {claim!r} is no list of names")
    return frozenset(names)
