"""Who asks: as an authorizer has found out, or where that is trusted as callers say themselves."""

from chalice.app import Request

from chalicelib.api.contract import ApiRequest
from chalicelib.core.values.errors import UnknownCallerError
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import Person

USER = "X-Sedo-User"
GROUPS = "X-Sedo-Groups"
"""Names, separated by commas."""


@value
class Callers:
    """Tells who asks."""

    trusts_headers: bool = False
    """Whether callers may say themselves who they are: for development."""

    def actor(self, request: ApiRequest) -> str | None:
        """Tell who asks, if that is known."""
        return self.caller(request.http)[0]

    def person(self, request: ApiRequest) -> Person:
        """Tell who asks, and of which groups they are.

        Raises:
            UnknownCallerError: that is not known.
        """
        user, groups = self.caller(request.http)
        if user is None:
            raise UnknownCallerError(
                "tasks are for people who are known: deploy with an authorizer that tells who they are, or for "
                f"development set SEDO_TRUSTED_HEADERS=true and send {USER}, and {GROUPS} if need be"
            )
        return Person(user, groups)

    def caller(self, http: Request) -> tuple[str | None, frozenset[str]]:
        """Tell who asks, and of which groups they are, as far as that is known."""
        found = (http.context or {}).get("authorizer") or {}
        user, groups = found.get("principalId"), found.get("groups")
        if user is None and self.trusts_headers:
            user, groups = http.headers.get(USER), http.headers.get(GROUPS)
        return user or None, frozenset(filter(None, (group.strip() for group in (groups or "").split(","))))
