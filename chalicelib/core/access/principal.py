"""Principals: who asks, and which roles they have in a tenant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum

from chalicelib.core.access.rights import ANY, BUILT_IN, INSTALLATION, NOBODY, AccessRule, Grant, Role
from chalicelib.core.values.value import copy_with, value


class Means(StrEnum):
    """How a principal was authenticated."""

    NONE = "none"
    """Not at all: where nobody else can reach sedo."""
    JWT = "jwt"
    KEY = "key"
    IAM = "iam"


@value
class Principal:
    """Who asks."""

    subject: str
    means: Means
    tenants: frozenset[str] | None = frozenset()
    """Whose things it may see; ``*`` is every tenant's, None those in which it has a role."""
    groups: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    """Roles of its own, in its tenant or else in the installation: an API key has them."""
    key_id: str | None = None

    def may_enter(self, tenant: str) -> bool:
        """Tell whether a tenant's things may be there for it at all."""
        return self.tenants is None or not self.tenants.isdisjoint({ANY} if tenant == NOBODY else {tenant, ANY})

    @property
    def operates(self) -> bool:
        """Whether it may have a role in the installation."""
        return self.tenants is None or INSTALLATION in self.tenants


@value
class Binding:
    """A role for subjects and for the members of groups."""

    name: str
    role: str
    subjects: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()

    def names(self, principal: Principal) -> bool:
        """Tell whether it gives its role to a principal."""
        return principal.subject in self.subjects or not self.groups.isdisjoint(principal.groups)


@value
class Policy:
    """The roles and bindings of a tenant."""

    roles: Mapping[str, Role] = field(default_factory=dict)
    """Its own, by name."""
    bindings: tuple[Binding, ...] = ()

    def role(self, name: str) -> Role | None:
        """Find a role: one of its own, or one that every tenant has."""
        return BUILT_IN.get(name) or self.roles.get(name)

    def roles_of(self, principal: Principal) -> Sequence[str]:
        """Name the roles that a principal is bound to, or has of its own."""
        bound = (binding.role for binding in self.bindings if binding.names(principal))
        return sorted({*bound, *principal.roles})

    def rules(self, names: Iterable[str]) -> tuple[AccessRule, ...]:
        """Find the rules of roles; a role that is not there has none."""
        return tuple(rule for name in names if (role := self.role(name)) is not None for rule in role.rules)


def grant_of(principal: Principal, tenant: Policy, installation: Policy) -> Grant:
    """Tell what a principal may do in a tenant that it may enter."""
    if principal.means is Means.NONE:
        return Grant(everywhere=BUILT_IN["admin"].rules, roles=frozenset({"admin"}))
    mine = copy_with(principal, roles=()) if principal.operates else principal
    here, everywhere = tenant.roles_of(mine), installation.roles_of(principal) if principal.operates else ()
    names = frozenset({*filter(tenant.role, here), *filter(installation.role, everywhere)})
    return Grant(tenant.rules(here), installation.rules(everywhere), names)
