"""What tenants say of access, in memory."""

from collections.abc import Sequence

from chalicelib.core.access.entries import AccessEntry, EntryKind, unread_tenant
from chalicelib.core.values.errors import DamagedError


class MemoryAccess:
    """Entries by tenant, kind and name, or why one cannot be read."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, EntryKind, str], AccessEntry | DamagedError] = {}

    def get(self, tenant_id: str, kind: EntryKind, name: str) -> AccessEntry | None:
        """Read an entry."""
        found = self.entries.get((tenant_id, kind, name))
        if isinstance(found, DamagedError):
            raise found
        return found

    def list(self, tenant_id: str, kinds: Sequence[EntryKind], limit: int, after: str = "") -> Sequence[AccessEntry]:
        """Read entries of kinds that are neighbours, by name, after a name of the first kind."""
        behind = (min(kinds), after)
        keys = sorted(key for key in self.entries if key[0] == tenant_id and key[1] in kinds and key[1:] > behind)
        found = (unread_tenant(tenant_id) if self._is_unread_tenant(key) else self.entries[key] for key in keys)
        return [each for each in found if isinstance(each, AccessEntry)][:limit]

    def _is_unread_tenant(self, key: tuple[str, EntryKind, str]) -> bool:
        return key[1] is EntryKind.TENANT and isinstance(self.entries[key], DamagedError)

    def put(self, entry: AccessEntry) -> bool:
        """Write the next version of an entry; tell whether the one before was there."""
        key = entry.tenant_id, entry.kind, entry.name
        known = self.entries.get(key)
        if (known.version if isinstance(known, AccessEntry) else 0) != entry.version - 1:
            return known == entry
        self.entries[key] = entry
        return True

    def delete(self, entry: AccessEntry) -> bool:
        """Take an entry away, unless it is another version; tell whether it is gone."""
        key = entry.tenant_id, entry.kind, entry.name
        known = self.entries.get(key, entry)
        if isinstance(known, DamagedError) or known.version != entry.version:
            return False
        self.entries.pop(key, None)
        return True

    def discard(self, tenant_id: str, kind: EntryKind, name: str) -> bool:
        """Take away an entry that cannot be read; tell whether it is gone."""
        if isinstance(self.entries.get((tenant_id, kind, name)), AccessEntry):
            return False
        self.entries.pop((tenant_id, kind, name), None)
        return True
