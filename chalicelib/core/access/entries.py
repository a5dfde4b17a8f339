"""Entries of the table of access: roles, bindings, keys, the tenant's own record; each with a version."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from chalicelib.core.access.principal import Binding, Policy
from chalicelib.core.access.quotas import NO_QUOTAS, Quotas, read_quotas
from chalicelib.core.access.rights import ANY, AccessRule, Role
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value


class EntryKind(StrEnum):
    """What an entry is."""

    KEY = "api-key"
    BINDING = "binding"
    ROLE = "role"
    TENANT = "tenant"
    """The tenant itself."""


OF_TENANT = ""
"""The name of the entry that says how a tenant is: ``{title, settings, quotas, stopped, auditAll}``."""


@value
class AccessEntry:
    """An entry."""

    tenant_id: str
    kind: EntryKind
    name: str
    document: Mapping[str, Json]
    changed_at: datetime
    changed_by: str | None = None
    version: int = 1


def read_role(name: str, document: Mapping[str, Any]) -> Role:
    """Read a role from ``{title?, rules: [{kinds, verbs, names?}]}``."""
    rules = tuple(
        AccessRule(frozenset(rule["kinds"]), frozenset(rule["verbs"]), frozenset(rule.get("names", (ANY,))))
        for rule in document["rules"]
    )
    return Role(name, rules, document.get("title", ""))


def role_document(role: Role) -> dict[str, Json]:
    """Write a role as :func:`read_role` reads it."""
    rules: list[Json] = [
        {"kinds": [*sorted(rule.kinds)], "verbs": [*sorted(rule.verbs)], "names": [*sorted(rule.names)]}
        for rule in role.rules
    ]
    return {"title": role.title, "rules": rules}


def read_binding(name: str, document: Mapping[str, Any]) -> Binding:
    """Read a binding from ``{role, subjects?, groups?}``."""
    subjects, groups = (frozenset(document.get(key, ())) for key in ("subjects", "groups"))
    return Binding(name, document["role"], subjects, groups)


def check(entry: AccessEntry) -> None:
    """Raise whatever an entry cannot be understood by."""
    match entry.kind:
        case EntryKind.ROLE:
            read_role(entry.name, entry.document)
        case EntryKind.BINDING:
            read_binding(entry.name, entry.document)
        case EntryKind.TENANT:
            read_quotas(entry.document)
        case _:  # a key
            from chalicelib.core.access.keys import read_key  # noqa: PLC0415 - keys are made of entries

            read_key(entry)


def unread_tenant(tenant_id: str) -> AccessEntry:
    """Stand in for the record of a tenant that cannot be read: it may have been stopped, so it is."""
    document: Mapping[str, Json] = {"stopped": True, "auditAll": True}
    return AccessEntry(tenant_id, EntryKind.TENANT, OF_TENANT, document, datetime.min.replace(tzinfo=UTC))


def quotas_of(entries: Iterable[AccessEntry]) -> Quotas:
    """Find the quotas of a tenant: without its record it has none."""
    return next((read_quotas(entry.document) for entry in entries if entry.kind is EntryKind.TENANT), NO_QUOTAS)


def policy_of(entries: Iterable[AccessEntry]) -> Policy:
    """Put the roles and bindings of a tenant together."""
    roles, bindings = dict[str, Role](), list[Binding]()
    for entry in entries:
        if entry.kind is EntryKind.ROLE:
            roles[entry.name] = read_role(entry.name, entry.document)
        elif entry.kind is EntryKind.BINDING:
            bindings.append(read_binding(entry.name, entry.document))
    return Policy(roles, tuple(bindings))
