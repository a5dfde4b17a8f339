"""Rights: who may do what with which things of a tenant (role-based access control).

A right is a verb on a kind of things: ``executions:start``. A rule gives verbs on kinds, of things whose names match; a
role is a set of rules, and a binding gives a role to subjects and groups of a tenant. What no rule gives is refused. No
rule takes anything away, so that more rules never allow less.

The name of a thing is what its authors call it: of an execution or a task the id of its definition, of an event its
own, and a schedule too.
"""

from collections.abc import Iterable, Mapping, Sequence

from chalicelib.core.values.globs import matching
from chalicelib.core.values.value import value

ANY = "*"
NOBODY = "-"
"""The tenant that nobody is of: what strangers were refused is kept under it, for the operators of the installation."""
INSTALLATION = "*"
"""The tenant of those who operate the whole installation: what is bound there counts in every tenant."""

VERBS: Mapping[str, Sequence[str]] = {
    "definitions": ("read", "write", "test"),
    "executions": ("read", "start", "operate"),
    "events": ("read", "send"),
    "tasks": ("read", "work"),
    "schedules": ("read", "write", "operate"),
    "access": ("read", "write"),
    "keys": ("read", "write"),
    "tenants": ("read", "write"),
    "audit": ("read",),
}
"""What can be done, by the kind of thing: ``access`` are roles and bindings."""


@value
class AccessRule:
    """Verbs on kinds of things whose names match; ``*`` in a list is all of them, in a name any text."""

    kinds: frozenset[str]
    verbs: frozenset[str]
    names: frozenset[str] = frozenset({ANY})

    def gives(self, right: str) -> bool:
        """Tell whether it gives a right to any thing."""
        kind, verb = right.split(":")
        return not self.kinds.isdisjoint({kind, ANY}) and not self.verbs.isdisjoint({verb, ANY})


@value
class Role:
    """What those may do who have it."""

    name: str
    rules: tuple[AccessRule, ...]
    title: str = ""


def _role(name: str, title: str, *rights: str) -> Role:
    rules = (
        AccessRule(frozenset({kind}), frozenset(verbs.split(","))) for kind, verbs in (r.split(":") for r in rights)
    )
    return Role(name, tuple(rules), title)


_SEEN = ("definitions:read", "executions:read", "events:read", "tasks:read", "schedules:read")

BUILT_IN: Mapping[str, Role] = {
    role.name: role
    for role in (
        _role("viewer", "sees definitions, executions, events, tasks and schedules", *_SEEN),
        _role(
            "operator",
            "starts, stops and mends executions",
            *(*_SEEN, "executions:start,operate", "events:send", "schedules:operate"),
        ),
        _role(
            "author",
            "writes definitions and schedules, and tries them",
            *(*_SEEN, "definitions:write,test", "executions:start", "schedules:write,operate"),
        ),
        _role("approver", "does tasks, and sees nothing else", "tasks:read,work"),
        _role("admin", "does everything, and says who may do what", "*:*"),
    )
}
"""Roles that every tenant has."""


OF_OPERATORS = frozenset({"tenants:write"})
"""Rights that only a role in the installation gives: no tenant sets its own quotas."""

RIGHTS = tuple(f"{kind}:{verb}" for kind, verbs in VERBS.items() for verb in verbs)
"""Every right."""


@value
class Grant:
    """What somebody may do in a tenant: the rules of all their roles."""

    here: tuple[AccessRule, ...] = ()
    """Of roles in the tenant."""
    everywhere: tuple[AccessRule, ...] = ()
    """Of roles in the installation."""
    roles: frozenset[str] = frozenset()
    """The names of all of them."""

    def names(self, right: str) -> frozenset[str] | None:
        """Tell which things a right is given to, by patterns of their names; None: all."""
        rules = self.everywhere if right in OF_OPERATORS else (*self.here, *self.everywhere)
        found = frozenset(name for rule in rules if rule.gives(right) for name in rule.names)
        return None if ANY in found else found

    def allows(self, right: str, name: str | None = None) -> bool:
        """Tell whether a right is given: to the thing of a name, or without one to anything at all."""
        found = self.names(right)
        return found is None or (bool(found) if name is None else matching(name, found))

    def covers(self, rules: Iterable[AccessRule], tenant: str) -> bool:
        """Tell whether it gives all that some rules give in a tenant: nobody hands out more than they have."""
        given = (right for right in RIGHTS if tenant == INSTALLATION or right not in OF_OPERATORS)
        wanted = tuple(rules)
        return all(
            self._covers(self.names(right), rule.names) for right in given for rule in wanted if rule.gives(right)
        )

    @staticmethod
    def _covers(given: frozenset[str] | None, wanted: frozenset[str]) -> bool:
        return given is None or all(
            name in given or (not _GLOB.intersection(name) and matching(name, given)) for name in wanted
        )


_GLOB = frozenset("*?[")
