"""Admission: whether who asks may do what an operation does, as the contract says in ``x-right``."""

from collections.abc import Mapping
from typing import Any, Protocol

from chalice.app import Request

from chalicelib.api.authentication import ANONYMOUS, Callers
from chalicelib.core.access.principal import Means, Principal
from chalicelib.core.access.quotas import Quotas
from chalicelib.core.access.rights import NOBODY, OF_OPERATORS, Grant
from chalicelib.core.definitions.record import Subject
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.values.errors import (
    InvalidError,
    MissingRightError,
    TenantNotFoundError,
    TooLargeError,
    UnknownCallerError,
)
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import Person

NONE, KNOWN = "none", "known"
"""Rights that everybody has: who asks need not be known, or has to be."""
ALL = "all"
"""What an operation is about that shows or makes things of any name."""
EXECUTION, TASK = "execution", "task"
"""What an operation is about whose name is that of a definition."""
MAX_TENANT = 500
"""Characters of the longest name under which DynamoDB can be asked for anything: in UTF-8 up to 2,000 bytes."""
LEAST_BODY = 1_024
"""Bytes of a body that every tenant may send."""


@value
class Admission:
    """Who asks, and what they may do in the tenant of the request."""

    principal: Principal | None
    """None: the operation is for everybody."""
    right: str
    grant: Grant = Grant()

    @property
    def actor(self) -> str | None:
        """Who asks, for what is written; None: nobody in particular."""
        principal = self.principal
        is_nobody = principal is None or (principal.means is Means.NONE and principal.subject == ANONYMOUS)
        return None if principal is None or is_nobody else principal.subject

    def person(self) -> Person:
        """Tell who asks, and of which groups they are.

        Raises:
            UnknownCallerError: that is not known.
        """
        if self.principal is None or self.actor is None:
            raise UnknownCallerError(
                "tasks are for people who are known: send X-Sedo-User, and X-Sedo-Groups if need be; where "
                "SEDO_AUTH is not none, a token or an API key says who asks"
            )
        return Person(self.principal.subject, self.principal.groups)

    @property
    def known(self) -> Principal:
        """Who asks, where only those may who are known."""
        assert self.principal is not None  # noqa: S101 - the operation is not for everybody
        return self.principal

    @property
    def subject(self) -> Subject | None:
        """Who asks, as the conditions of definitions see them; None: they are not held to any."""
        principal = self.principal
        if principal is None or principal.means is Means.NONE:
            return None
        starts = self.grant.names("executions:start")
        return Subject(principal.subject, principal.means, principal.groups, self.grant.roles, starts)

    @property
    def names(self) -> frozenset[str] | None:
        """The things that the right of the operation is given to, by patterns of their names; None: all."""
        return self.grant.names(self.right)

    def require(self, name: str | None, right: str | None = None) -> None:
        """Refuse what the caller may not do with the thing of a name.

        Raises:
            MissingRightError: the right is missing.
        """
        wanted = right or self.right
        if (problem := self.problem(wanted, name)) is not None:
            who = "operates the installation" if wanted in OF_OPERATORS else "administers the tenant"
            raise MissingRightError(f"that {problem}: ask who {who} for a role")

    def problem(self, right: str, name: str | None) -> str | None:
        """Tell why the caller may not do something with the thing of a name; None: they may."""
        of = "" if name is None else f" of {name!r}"
        return None if self.grant.allows(right, name) else f"needs the right {right}{of}"


class TenantRules(Protocol):
    """What is said of tenants."""

    def grant(self, principal: Principal, tenant_id: str) -> Grant:
        """Tell what a principal may do in a tenant that it may enter."""

    def quotas(self, tenant_id: str) -> Quotas:
        """Answer the quotas of a tenant."""


class Gatekeeper:
    """Admits callers.

    Args:
        callers: tells who asks.
        rules: tell what a principal may do in a tenant that it may enter, and what bounds the tenant.
    """

    def __init__(self, callers: Callers, rules: TenantRules) -> None:
        self._callers, self._rules = callers, rules

    def known(self, http: Request) -> Principal | None:
        """Tell who asks, be they admitted or not; None: that is not known."""
        try:
            return self._callers.principal(http)
        except UnknownCallerError:
            return None

    def admit(self, declared: Mapping[str, Any], http: Request, path: Mapping[str, str]) -> Admission:
        """Admit who asks for an operation, or refuse.

        Args:
            declared: the operation, as the compiled contract has it.
            http: the request.
            path: the parameters of its path.

        Raises:
            UnknownCallerError, UnavailableError, ClosedError: as :meth:`Callers.principal`.
            TenantNotFoundError: for who asks there is no such tenant.
            MissingRightError: the right is missing.
            InvalidError: no tenant can have this name.
        """
        right = declared["right"]
        if right == NONE:
            self._callers.require_open()
            return Admission(None, right)
        principal = self._callers.principal(http)
        if right == KNOWN:
            return Admission(principal, right)
        tenant = path["tenantId"]
        if len(tenant) > MAX_TENANT:
            raise InvalidError(f"tenantId has {len(tenant):,} characters: it is no name of a tenant")
        if not principal.may_enter(tenant) or (tenant == NOBODY and "ofNobody" not in declared):
            raise TenantNotFoundError(f"there is no tenant {tenant!r}")
        admission = Admission(principal, right, self._rules.grant(principal, tenant))
        if principal.tenants is None and not (admission.grant.here or admission.grant.everywhere):
            raise TenantNotFoundError(f"there is no tenant {tenant!r}")
        named = declared.get("named")
        if named == ALL and admission.names is not None:
            raise MissingRightError(f"that needs the right {right} of all names, and not of some")
        admission.require(_name(named, path))
        return admission

    def is_stopped(self, tenant: str) -> bool:
        """Tell whether an operator has stopped a tenant.

        Raises:
            UnavailableError: the store did not answer.
        """
        return self._rules.quotas(tenant).stopped

    def require_short(self, path: Mapping[str, str], size: int) -> None:
        """Refuse a body of more bytes than the tenant of a path may send.

        Raises:
            TooLargeError: it has more.
            UnavailableError: the store did not answer.
        """
        if size < LEAST_BODY or "tenantId" not in path:
            return
        most = self._rules.quotas(path["tenantId"]).body_bytes
        if most is not None and size > most:
            raise TooLargeError(f"body has {size} bytes, and the quota of the tenant is {most}")


def _name(named: str | None, path: Mapping[str, str]) -> str | None:
    """Find the name of the thing that a request is about, as far as its path says it; None: any.

    That of a task stands in it: who reads the task checks it.
    """
    if named == EXECUTION:
        try:
            return ExecutionId.parse(path["id"]).definition
        except ValueError:
            return None
    return None if named in {None, ALL, TASK} else path[named]
