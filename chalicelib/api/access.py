"""What the routes of access answer: who asks, tenants, roles, bindings and API keys."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import TypeAlias

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.conditional import condition, unread
from chalicelib.api.contract import ApiRequest
from chalicelib.api.support import ApiSupport
from chalicelib.core.access.entries import OF_TENANT, AccessEntry, EntryKind, role_document
from chalicelib.core.access.keys import ApiKey, read_key
from chalicelib.core.access.principal import Principal
from chalicelib.core.access.rights import BUILT_IN, INSTALLATION, RIGHTS, Grant, Role
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import DamagedError, InvalidError, TenantNotFoundError
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import Json, format_instant, parse_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.access import AccessService, EntryCondition

Shown: TypeAlias = Callable[[AccessEntry], dict[str, Json]]
"""Writes an entry as the API shows it."""

DEFAULTS = "0"
"""Names what a tenant has of which nothing was set, in an ``ETag``."""


@value
class AccessApi:
    """The routes, over the use cases."""

    support: ApiSupport
    service: AccessService

    @web.operation
    def read_me(self, request: ApiRequest) -> Response:
        """Show who asks, and what they may do in a tenant."""
        principal, tenant = request.admission.known, request.query["tenant"]
        if tenant is None and principal.tenants is not None and len(principal.tenants - {INSTALLATION}) == 1:
            (tenant,) = principal.tenants - {INSTALLATION}
        grant = None if tenant is None else self._held(principal, tenant)
        return web.answer(
            {
                "subject": principal.subject,
                "means": principal.means,
                "keyId": principal.key_id,
                "tenants": None if principal.tenants is None else [*sorted(principal.tenants)],
                "groups": [*sorted(principal.groups)],
                "tenant": tenant,
                "roles": None if grant is None else [*sorted(grant.roles)],
                "rights": None if grant is None else [right for right in RIGHTS if grant.allows(right)],
            }
        )

    def _held(self, principal: Principal, tenant: str) -> Grant:
        """Find the roles and rights of who asks, in a tenant.

        Raises:
            TenantNotFoundError: they do not see it.
        """
        grant = self.service.cache.grant(principal, tenant) if principal.may_enter(tenant) else Grant()
        if not principal.may_enter(tenant) or (principal.tenants is None and grant == Grant()):
            raise TenantNotFoundError(f"there is no tenant {tenant!r}")
        return grant

    @web.operation
    def read_tenant(self, request: ApiRequest) -> Response:
        """Show what is set of a tenant."""
        tenant = request.path["tenantId"]
        entry = self.service.find(tenant, EntryKind.TENANT, OF_TENANT)
        return web.answer(_tenant(tenant, entry), headers={"ETag": DEFAULTS if entry is None else _version(entry)})

    @web.operation
    def put_tenant(self, request: ApiRequest) -> Response:
        """Set it."""
        entry, _ = self._put(request, EntryKind.TENANT, OF_TENANT)
        return _written(entry, False, lambda found: _tenant(found.tenant_id, found))  # noqa: FBT003 - it is there always

    @web.operation
    def reset_tenant(self, request: ApiRequest) -> Response:
        """Go back to the defaults."""
        return self._delete(request, EntryKind.TENANT, OF_TENANT)

    @web.operation
    def list_roles(self, request: ApiRequest) -> Response:
        """List roles, the built-in ones among them."""
        return self._list(request, EntryKind.ROLE, _role, [_built_in(role) for role in BUILT_IN.values()])

    @web.operation
    def read_role(self, request: ApiRequest) -> Response:
        """Read a role."""
        name = request.path["name"]
        if name in BUILT_IN:
            return web.answer(_built_in(BUILT_IN[name]))
        return self._read(request, EntryKind.ROLE, name, _role)

    @web.operation
    def put_role(self, request: ApiRequest) -> Response:
        """Write a role."""
        return _written(*self._put(request, EntryKind.ROLE, request.path["name"]), _role)

    @web.operation
    def delete_role(self, request: ApiRequest) -> Response:
        """Take a role away."""
        return self._delete(request, EntryKind.ROLE, request.path["name"])

    @web.operation
    def list_bindings(self, request: ApiRequest) -> Response:
        """List bindings."""
        return self._list(request, EntryKind.BINDING, _binding)

    @web.operation
    def read_binding(self, request: ApiRequest) -> Response:
        """Read a binding."""
        return self._read(request, EntryKind.BINDING, request.path["name"], _binding)

    @web.operation
    def put_binding(self, request: ApiRequest) -> Response:
        """Write a binding."""
        return _written(*self._put(request, EntryKind.BINDING, request.path["name"]), _binding)

    @web.operation
    def delete_binding(self, request: ApiRequest) -> Response:
        """Take a binding away."""
        return self._delete(request, EntryKind.BINDING, request.path["name"])

    @web.operation
    def create_key(self, request: ApiRequest) -> Response:
        """Make a key, and show its text."""
        body = request.body
        key, text = self.service.create_key(
            request.path["tenantId"],
            title=body["title"],
            roles=body["roles"],
            expires_at=_expiry(body.get("expiresAt")),
            by=request.admission.actor,
            grant=request.admission.grant,
        )
        request.record(key.id, None, _key(key))
        return web.answer({**_key(key), "key": text}, HTTPStatus.CREATED)

    @web.operation
    def list_keys(self, request: ApiRequest) -> Response:
        """List keys."""
        return self._list(request, EntryKind.KEY, _key_entry)

    @web.operation
    def read_key(self, request: ApiRequest) -> Response:
        """Read what is known of a key."""
        return self._read(request, EntryKind.KEY, request.path["id"], _key_entry)

    @web.operation
    def revoke_key(self, request: ApiRequest) -> Response:
        """Let a key count no more."""
        self.service.revoke_key(*request.place, request.admission.actor, _require(request, EntryKind.KEY))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    def _list(
        self, request: ApiRequest, kind: EntryKind, shown: Shown, others: Sequence[dict[str, Json]] = ()
    ) -> Response:
        """Answer a page of entries and what is listed among them, by name: those that the caller may read."""
        (after,), names = web.cursor(request, str) or [""], request.admission.names
        last_first = request.query["sort"].startswith("-")
        is_whole = last_first or names is not None
        most = LIMITS.access_entries if is_whole else request.query["limit"] + 1
        found = self.service.list(request.path["tenantId"], kind, most, "" if last_first else after)

        def is_ahead(item: Mapping[str, Json]) -> bool:
            return not after or (_name(item) < after if last_first else _name(item) > after)

        items = [item for item in (*map(shown, found), *others) if is_ahead(item) and matching(_name(item), names)]
        ahead = sorted(items, key=_name, reverse=last_first)
        return web.page_of(request, ahead, lambda item: item, lambda item: [_name(item)])

    def _read(self, request: ApiRequest, kind: EntryKind, name: str, shown: Shown) -> Response:
        entry = self.service.read(request.path["tenantId"], kind, name)
        return web.answer(shown(entry), headers={"ETag": _version(entry)})

    def _put(self, request: ApiRequest, kind: EntryKind, name: str) -> tuple[AccessEntry, bool]:
        seen = _Seen(_require(request, kind))
        written = self.service.put(
            request.path["tenantId"],
            kind,
            name,
            request.body,
            by=request.admission.actor,
            grant=request.admission.grant,
            require=seen.require,
        )
        request.record(name, seen.document, dict(written[0].document))
        return written

    def _delete(self, request: ApiRequest, kind: EntryKind, name: str) -> Response:
        seen = _Seen(_require(request, kind))
        self.service.delete(request.path["tenantId"], kind, name, seen.require)
        request.record(name, seen.document, None)
        return Response("", status_code=HTTPStatus.NO_CONTENT)


class _Seen:
    """What an entry says before it is changed: the condition of the change sees it last."""

    def __init__(self, condition: EntryCondition | None) -> None:
        self._condition = condition
        self.document: Json = None

    def require(self, entry: AccessEntry | DamagedError | None) -> None:
        self.document = dict(entry.document) if isinstance(entry, AccessEntry) else unread(entry)
        if self._condition is not None:
            self._condition(entry)


def _require(request: ApiRequest, kind: EntryKind) -> EntryCondition | None:
    default = DEFAULTS if kind is EntryKind.TENANT else None
    return condition(request, lambda entry: None if entry is None else _version(entry), default)


def _version(entry: AccessEntry) -> str:
    """Name what an entry says now, in an ``ETag``: what was deleted and made anew is numbered anew."""
    text = json.dumps(entry.document, sort_keys=True)
    return f"{entry.version}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _expiry(text: object) -> datetime | None:
    """Read when a key is to stop counting.

    Raises:
        InvalidError: it is no instant.
    """
    try:
        return None if text is None else parse_instant(str(text))
    except (ValueError, OverflowError):
        raise InvalidError("expiresAt is an instant as 2027-01-01T00:00:00Z, or null") from None


def _written(entry: AccessEntry, is_new: bool, shown: Shown) -> Response:  # noqa: FBT001 - as it was put
    """Answer with an entry as it was written, and its version."""
    status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
    return web.answer(shown(entry), status, {"ETag": _version(entry)})


def _name(item: Mapping[str, Json]) -> str:
    """Name an item of a list: a key has an id."""
    return str(item.get("name") or item["id"])


def _changed(entry: AccessEntry | None) -> dict[str, Json]:
    if entry is None:
        return {"changedAt": None, "changedBy": None}
    return {"changedAt": format_instant(entry.changed_at), "changedBy": entry.changed_by}


def _tenant(tenant_id: str, entry: AccessEntry | None) -> dict[str, Json]:
    given = {} if entry is None else entry.document
    defaults: dict[str, Json] = {"title": "", "settings": {}, "quotas": {}, "stopped": False, "auditAll": False}
    return {"id": tenant_id, **defaults, **given, **_changed(entry)}


def _role(entry: AccessEntry) -> dict[str, Json]:
    return {"name": entry.name, "builtIn": False, **entry.document, **_changed(entry)}


def _built_in(role: Role) -> dict[str, Json]:
    return {"name": role.name, "builtIn": True, **role_document(role), **_changed(None)}


def _binding(entry: AccessEntry) -> dict[str, Json]:
    return {"name": entry.name, **entry.document, **_changed(entry)}


def _key_entry(entry: AccessEntry) -> dict[str, Json]:
    return _key(read_key(entry))


def _key(key: ApiKey) -> dict[str, Json]:
    instants = {"createdAt": key.created_at, "expiresAt": key.expires_at, "revokedAt": key.revoked_at}
    times: dict[str, Json] = {name: None if each is None else format_instant(each) for name, each in instants.items()}
    about: dict[str, Json] = {"title": key.title, "roles": [*key.roles], "createdBy": key.created_by}
    return {"id": key.id, "tenantId": key.tenant_id, **about, **times}
