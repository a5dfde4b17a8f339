"""Authentication: who asks, as the authorizer of API Gateway finds out, and as the application then reads it.

The authorizer lets everybody pass, and tells the application who asks or why that is not known: API Gateway keeps its
answer for a token, whatever is asked with it, and could not say what is wrong. So the application refuses, on every
route, and nobody is known who has not passed the authorizer.
"""

import json
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any
from urllib.parse import urlsplit

from chalice.app import AuthRequest, Request

from chalicelib.core.access.principal import Means, Principal
from chalicelib.core.values.errors import ClosedError, SedoError, UnavailableError, UnknownCallerError
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import value

log = logging.getLogger("sedo")

USER = "X-Sedo-User"
GROUPS = "X-Sedo-Groups"
"""Names, separated by commas."""
ANONYMOUS = "anonymous"
NEAR = frozenset({"127.0.0.1", "::1", "localhost"})
FOUND = "sedo"
"""The member of the authorizer's context that says who asks, or why that is not known, as JSON text."""
SCHEME = "bearer"

Bearer = Callable[[str], Principal]
"""Finds out who asks with a token or a key; raises UnknownCallerError, UnavailableError."""


def bearer(field: object) -> str | None:
    """Read the token or the key of the ``Authorization`` header field (RFC 6750); None: it has none."""
    scheme, _, credentials = (field if isinstance(field, str) else "").strip().partition(" ")
    return credentials.strip() or None if scheme.lower() == SCHEME else None


@value
class Authenticator:
    """What the authorizer does: from the ``Authorization`` header field to a principal."""

    token: Bearer | None
    """Reads tokens."""
    key: Bearer | None
    """Reads API keys."""

    def policy(self, request: AuthRequest) -> dict[str, Any]:
        """Answer what API Gateway asks (Amazon API Gateway Developer Guide, "Output from a Lambda authorizer")."""
        try:
            principal = self.principal(request.token)
            found: dict[str, Any] = {"principal": _written(principal)}
        except SedoError as error:
            principal = None
            found = {"problem": str(error), "unavailable": not isinstance(error, UnknownCallerError)}
        except Exception:
            log.exception(line("who asks cannot be found out"))
            principal = None
            found = {
                "problem": "who asks cannot be found out: the log of the authorizer says why",
                "unavailable": True,
            }
        statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": ["*"]}
        return {
            "principalId": ANONYMOUS if principal is None else principal.subject,
            "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "context": {FOUND: json.dumps(found)},
        }

    def principal(self, field: object) -> Principal:
        """Find out who asks.

        Raises:
            UnknownCallerError: that is not known, and why.
            UnavailableError: it is not known now.
        """
        text = bearer(field)
        if text is None:
            raise UnknownCallerError("Authorization is Bearer, a space, and a token or an API key")
        if self.key is not None and (text.startswith("sedo_") or self.token is None):
            return self.key(text)
        if self.token is None:
            raise UnknownCallerError("this installation takes neither tokens nor API keys")
        return self.token(text)


@value
class Callers:
    """Tells who asks."""

    means: Collection[str]
    """How callers show who they are: as ``SEDO_AUTH`` says."""
    is_alone: bool = False
    """Whether the process can be reached from its own machine alone."""
    origins: Collection[str] = ()
    """Of other sites whose pages may ask."""

    def principal(self, http: Request) -> Principal:
        """Tell who asks.

        Raises:
            UnknownCallerError: that is not known, and why.
            UnavailableError: it is not known now.
            ClosedError: nobody may ask.
        """
        self.require_open()
        context = http.context or {}
        if Means.NONE in self.means:
            self._require_near(http)
            return _trusted(http)
        if Means.IAM in self.means:
            return _of_iam(context.get("identity") or {})
        return _read((context.get("authorizer") or {}).get(FOUND))

    def require_open(self) -> None:
        """Refuse everybody where everybody could ask.

        Raises:
            ClosedError: nobody may ask.
        """
        if Means.NONE in self.means and not self.is_alone:
            raise ClosedError(
                "SEDO_AUTH is none, and this is not a machine of its own: set SEDO_AUTH to jwt, keys or iam"
            )

    def _require_near(self, http: Request) -> None:
        """Refuse what a page of another site asks of a process that asks nobody who they are.

        Raises:
            UnknownCallerError: the page or its name for this machine is not of this machine.
        """
        host, origin = http.headers.get("host"), http.headers.get("origin")
        is_known = origin is None or origin in self.origins or "*" in self.origins or _is_near(urlsplit(origin).netloc)
        if not is_known or not (host is None or _is_near(host)):
            raise UnknownCallerError(
                f"SEDO_AUTH is none, and {(host if is_known else origin)!r} is not of this machine, as 127.0.0.1 and "
                "localhost are: SEDO_CORS_ORIGINS names other sites whose pages may ask"
            )


def _is_near(place: str) -> bool:
    """Tell whether a host, with its port, is a name of this machine itself."""
    return urlsplit(f"//{place}").hostname in NEAR


def _trusted(http: Request) -> Principal:
    """Read who callers say they are."""
    groups = (http.headers.get(GROUPS) or "").split(",")
    names = frozenset(filter(None, (group.strip() for group in groups)))
    return Principal(http.headers.get(USER) or ANONYMOUS, Means.NONE, frozenset({"*"}), names)


def _of_iam(identity: Mapping[str, Any]) -> Principal:
    """Read who has signed a request, as API Gateway tells it; of a session of a role it is the role."""
    arn = identity.get("userArn")
    if not isinstance(arn, str) or not arn:
        raise UnknownCallerError("the request is not signed: sign it with AWS Signature Version 4")
    parts = arn.split(":", 5)
    if parts[2:3] == ["sts"] and parts[5].startswith("assumed-role/"):
        arn = f"{parts[0]}:{parts[1]}:iam::{parts[4]}:role/{parts[5].split('/')[1]}"
    return Principal(arn, Means.IAM, None)


def _written(principal: Principal) -> dict[str, Any]:
    return {
        "subject": principal.subject,
        "means": principal.means,
        "tenants": sorted(principal.tenants or ()),
        "groups": sorted(principal.groups),
        "roles": list(principal.roles),
        "key": principal.key_id,
    }


def _read(text: object) -> Principal:
    if not isinstance(text, str):
        raise UnknownCallerError("send Authorization: Bearer, with a token or an API key")
    found = json.loads(text)
    if "problem" in found:
        raise UnavailableError(found["problem"]) if found["unavailable"] else UnknownCallerError(found["problem"])
    said = found["principal"]
    tenants, groups = frozenset(said["tenants"]), frozenset(said["groups"])
    return Principal(said["subject"], Means(said["means"]), tenants, groups, tuple(said["roles"]), said["key"])
