"""The use cases of access: tenants, roles, bindings and API keys, and what a principal may do."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias

from chalicelib.adapters.calls.expiring import Expiring
from chalicelib.core.access.entries import AccessEntry, EntryKind, policy_of, quotas_of, read_binding, read_role
from chalicelib.core.access.keys import ApiKey, hash_of, key_document, place_of, read_key, spare, write_key
from chalicelib.core.access.principal import Means, Policy, Principal, grant_of
from chalicelib.core.access.quotas import Quotas, require_room
from chalicelib.core.access.rights import BUILT_IN, INSTALLATION, RIGHTS, Grant
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import (
    ConflictError,
    DamagedError,
    InvalidError,
    MissingRightError,
    NotFoundError,
    UnknownCallerError,
)
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine import optimistic
from chalicelib.ports import Clock

KEPT = timedelta(minutes=1)
"""How long a function goes on with what it has read of a tenant's roles and bindings."""

EntryCondition: TypeAlias = Callable[[AccessEntry | DamagedError | None], None]
"""Raises PreconditionFailedError unless an entry, or that there is none, is as somebody asks that it be."""


class AccessStore(Protocol):
    """Entries; every read is strongly consistent."""

    def get(self, tenant_id: str, kind: EntryKind, name: str) -> AccessEntry | None:
        """Read an entry.

        Raises:
            DamagedError: it cannot be read.
            UnavailableError: the store did not answer; so do all others.
        """

    def list(self, tenant_id: str, kinds: Sequence[EntryKind], limit: int, after: str = "") -> Sequence[AccessEntry]:
        """Read entries of kinds that are neighbours, by name, after a name of the first kind.

        What cannot be read is left out; but for a tenant's record there is one by which the tenant is stopped.
        """

    def put(self, entry: AccessEntry) -> bool:
        """Write the next version of an entry, version 1 where there is none, or one that cannot be read.

        Tell whether it is there now.
        """

    def delete(self, entry: AccessEntry) -> bool:
        """Take an entry away, unless it is another version; tell whether it is gone."""

    def discard(self, tenant_id: str, kind: EntryKind, name: str) -> bool:
        """Take away an entry that cannot be read; tell whether it is gone."""


class AccessCache:
    """Reads who may do what, and keeps roles and bindings for a minute."""

    def __init__(self, store: AccessStore, now: Callable[[], datetime]) -> None:
        self._store, self._now = store, now
        self._tenants = Expiring(self._tenant, now)

    def policy(self, tenant_id: str) -> Policy:
        """Answer the roles and bindings of a tenant."""
        return self._tenants.get(tenant_id)[0]

    def quotas(self, tenant_id: str) -> Quotas:
        """Answer the quotas of a tenant: they come with its roles and bindings."""
        return self._tenants.get(tenant_id)[1]

    def grant(self, principal: Principal, tenant_id: str) -> Grant:
        """Tell what a principal may do in a tenant that it may enter."""
        if principal.means is Means.NONE:
            return grant_of(principal, Policy(), Policy())
        installation = self.policy(INSTALLATION) if principal.operates else Policy()
        tenant = installation if tenant_id == INSTALLATION else self.policy(tenant_id)
        return grant_of(principal, tenant, installation)

    def bearer(self, text: str) -> Principal:
        """Find out who asks with an API key, which is read each time: API Gateway keeps the answer for a minute.

        Raises:
            UnknownCallerError: there is no such key, or it counts no more.
            UnavailableError: the store did not answer.
        """
        place = place_of(text)
        try:
            entry = None if place is None else self._store.get(place[0], EntryKind.KEY, place[1])
        except DamagedError:
            raise UnknownCallerError("what is kept of the API key is damaged: ask for another one") from None
        key = None if entry is None else read_key(entry)
        wrong = "there is no such API key" if key is None else key.problem(text, self._now())
        if key is None or wrong is not None:
            raise UnknownCallerError(wrong)
        return Principal(key.subject, Means.KEY, frozenset({key.tenant_id}), roles=key.roles, key_id=key.id)

    def forget(self, tenant_id: str) -> None:
        """Read anew what has just been written here; other processes do so within a minute."""
        self._tenants.forget(tenant_id)

    def _tenant(self, tenant_id: str) -> tuple[tuple[Policy, Quotas], timedelta]:
        kinds = (EntryKind.BINDING, EntryKind.ROLE, EntryKind.TENANT)
        entries = self._store.list(tenant_id, kinds, 2 * LIMITS.access_entries + 1)
        return (policy_of(entries), quotas_of(entries)), KEPT


@value
class AccessService:
    """Changes who may do what."""

    store: AccessStore
    cache: AccessCache
    clock: Clock
    new_id: Callable[[], str]
    """Makes the id of a key: 16 hexadecimal digits."""
    new_secret: Callable[[], str]
    """Makes the secret of a key: 64 hexadecimal digits."""

    def list(self, tenant_id: str, kind: EntryKind, limit: int, after: str = "") -> Sequence[AccessEntry]:
        """Read entries of a kind, by name, after a name."""
        return self.store.list(tenant_id, (kind,), limit, after)

    def find(self, tenant_id: str, kind: EntryKind, name: str) -> AccessEntry | None:
        """Read an entry, if there is one."""
        return self.store.get(tenant_id, kind, name)

    def read(self, tenant_id: str, kind: EntryKind, name: str) -> AccessEntry:
        """Read an entry.

        Raises:
            NotFoundError: there is none.
        """
        found = self.store.get(tenant_id, kind, name)
        if found is None and kind is EntryKind.TENANT:
            raise NotFoundError(f"the tenant {tenant_id!r} has the defaults already")
        if found is None:
            raise NotFoundError(f"there is no {kind} {name!r}")
        return found

    def put(  # noqa: PLR0913 - by keyword
        self,
        tenant_id: str,
        kind: EntryKind,
        name: str,
        document: Mapping[str, Json],
        *,
        by: str | None,
        grant: Grant,
        require: EntryCondition | None = None,
    ) -> tuple[AccessEntry, bool]:
        """Write an entry; answer it, and whether it is new, as it is in place of one that cannot be read.

        Raises:
            InvalidError: a built-in role has this name, or the role of a binding is not there.
            MissingRightError: it gives what its author does not have.
            ConflictError: there are as many as there can be.
            PreconditionFailedError: it is not as ``require`` asks.
            UnavailableError: others were always quicker.
        """
        self._check(tenant_id, kind, name, document, grant)

        def made(known: AccessEntry | DamagedError | None) -> tuple[AccessEntry, tuple[AccessEntry, bool]]:
            if require is not None:
                require(known)
            if known is None and kind is not EntryKind.TENANT:
                self._make_room(tenant_id, kind)
            version = known.version + 1 if isinstance(known, AccessEntry) else 1
            entry = AccessEntry(tenant_id, kind, name, document, self.clock.now(), by, version)
            return entry, (entry, version == 1)

        def read() -> AccessEntry | DamagedError | None:
            return optimistic.or_damage(lambda: self.store.get(tenant_id, kind, name))

        def write(entry: AccessEntry | DamagedError | None) -> bool:
            return isinstance(entry, AccessEntry) and self.store.put(entry)

        written = optimistic.change(read, made, write, f"the {kind} {name!r}")
        self.cache.forget(tenant_id)
        return written

    def delete(self, tenant_id: str, kind: EntryKind, name: str, require: EntryCondition | None = None) -> None:
        """Take an entry away, also one that cannot be read.

        Raises:
            InvalidError: it is a built-in role.
            NotFoundError: there is none.
            PreconditionFailedError: it is not as ``require`` asks.
            UnavailableError: others were always quicker.
        """
        if kind is EntryKind.ROLE and name in BUILT_IN:
            raise InvalidError(f"{name!r} is a built-in role: every tenant has it")

        def delete(found: AccessEntry | DamagedError) -> bool:
            if isinstance(found, DamagedError):
                return self.store.discard(tenant_id, kind, name)
            return self.store.delete(found)

        def read() -> AccessEntry | DamagedError:
            return optimistic.or_damage(lambda: self.read(tenant_id, kind, name))

        optimistic.remove(read, require, delete, f"the {kind} {name!r}")
        self.cache.forget(tenant_id)

    def create_key(  # noqa: PLR0913 - by keyword
        self,
        tenant_id: str,
        *,
        title: str,
        roles: Sequence[str],
        expires_at: datetime | None,
        by: str | None,
        grant: Grant,
    ) -> tuple[ApiKey, str]:
        """Make a key; answer it, and its text, which nobody can read again.

        Raises:
            InvalidError: a role is not there, or it would have expired already.
            MissingRightError: it gives what its author does not have.
            ConflictError: there are as many as there can be.
        """
        now = self.clock.now()
        if expires_at is not None and expires_at <= now:
            raise InvalidError("expiresAt is in the past")
        for role in roles:
            self._check_role(tenant_id, role, grant)
        self._make_room(tenant_id, EntryKind.KEY)
        key_id = self.new_id()
        text = write_key(tenant_id, key_id, self.new_secret())
        key = ApiKey(tenant_id, key_id, hash_of(text), title, tuple(roles), now, by, expires_at)
        if not self.store.put(AccessEntry(tenant_id, EntryKind.KEY, key_id, key_document(key), now, by)):
            raise ConflictError(f"there is a key {key_id!r} already: ask again")
        return key, text

    def revoke_key(self, tenant_id: str, key_id: str, by: str | None, require: EntryCondition | None = None) -> None:
        """Let a key count no more, from within a minute on; it stays in the list, where it can be read, or else goes.

        Raises:
            NotFoundError: there is none.
            PreconditionFailedError: it is not as ``require`` asks.
            UnavailableError: others were always quicker.
        """

        def revoked(entry: AccessEntry) -> tuple[AccessEntry, None]:
            if require is not None:
                require(entry)
            key, now = read_key(entry), self.clock.now()
            document = key_document(copy_with(key, revoked_at=key.revoked_at or now))
            version = entry.version + 1
            return copy_with(entry, document=document, changed_at=now, changed_by=by, version=version), None

        try:
            optimistic.change(
                lambda: self.read(tenant_id, EntryKind.KEY, key_id), revoked, self.store.put, f"the key {key_id!r}"
            )
        except DamagedError as error:
            if require is not None:
                require(error)
            if not self.store.discard(tenant_id, EntryKind.KEY, key_id):
                raise

    def _check(self, tenant_id: str, kind: EntryKind, name: str, document: Mapping[str, Json], grant: Grant) -> None:
        if kind is EntryKind.BINDING:
            self._check_role(tenant_id, read_binding(name, document).role, grant)
        elif kind is EntryKind.ROLE:
            if name in BUILT_IN:
                raise InvalidError(f"{name!r} is a built-in role: take another name")
            role = read_role(name, document)
            if nothing := [rule for rule in role.rules if not any(map(rule.gives, RIGHTS))]:
                kinds, verbs = (", ".join(sorted(each)) for each in (nothing[0].kinds, nothing[0].verbs))
                raise InvalidError(f"a rule gives no right: {kinds} have no {verbs} (docs/rights.md)")
            if not grant.covers(role.rules, tenant_id):
                raise MissingRightError(f"the role {name!r} would give rights that you do not have yourself")

    def _check_role(self, tenant_id: str, name: str, grant: Grant) -> None:
        """Hold a role that is given against what its giver may do.

        Raises:
            InvalidError: there is no such role.
            MissingRightError: it gives more; or the giver has it not and does not administer: conditions name roles.
        """
        own = None if name in BUILT_IN else self.store.get(tenant_id, EntryKind.ROLE, name)
        role = BUILT_IN.get(name) if own is None else read_role(name, own.document)
        if role is None:
            raise InvalidError(f"there is no role {name!r}: the built-in ones are {', '.join(BUILT_IN)}")
        if not grant.covers(role.rules, tenant_id):
            raise MissingRightError(f"the role {name!r} gives rights that you do not have yourself")
        if name not in grant.roles and not grant.covers(BUILT_IN["admin"].rules, tenant_id):
            raise MissingRightError(f"you do not have the role {name!r} yourself: only an admin gives it then")

    def _make_room(self, tenant_id: str, kind: EntryKind) -> None:
        """Refuse one entry too many; of keys those that count no more are not counted, and make room."""
        most, quota = LIMITS.access_entries, self.cache.quotas(tenant_id).keys if kind is EntryKind.KEY else None
        found = self.store.list(tenant_id, (kind,), most)
        old = spare(map(read_key, found), self.clock.now()) if kind is EntryKind.KEY else ()
        require_room("API keys", quota, len(found) - len(old))
        if len(found) < most:
            return
        if not old:
            raise ConflictError(beyond("access_entries", f"there are {most} of kind {kind} already"))
        self.store.delete(next(entry for entry in found if entry.name == old[0].id))
