"""What tenants say of access, in memory."""

from collections.abc import Sequence

from chalicelib.core.access.entries import AccessEntry, EntryKind


class MemoryAccess:
    """Entries by tenant, kind and name."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, EntryKind, str], AccessEntry] = {}

    def get(self, tenant_id: str, kind: EntryKind, name: str) -> AccessEntry | None:
        """Read an entry."""
        return self.entries.get((tenant_id, kind, name))

    def list(self, tenant_id: str, kinds: Sequence[EntryKind], limit: int, after: str = "") -> Sequence[AccessEntry]:
        """Read entries of kinds that are neighbours, by name, after a name of the first kind."""
        behind = (min(kinds), after)
        keys = sorted(key for key in self.entries if key[0] == tenant_id and key[1] in kinds and key[1:] > behind)
        return [self.entries[key] for key in keys[:limit]]

    def put(self, entry: AccessEntry) -> bool:
        """Write the next version of an entry; tell whether the one before was there."""
        key = entry.tenant_id, entry.kind, entry.name
        known = self.entries.get(key)
        if (0 if known is None else known.version) != entry.version - 1:
            return known == entry
        self.entries[key] = entry
        return True

    def delete(self, entry: AccessEntry) -> bool:
        """Take an entry away, unless it is another version; tell whether it is gone."""
        key = entry.tenant_id, entry.kind, entry.name
        if key in self.entries and self.entries[key].version != entry.version:
            return False
        self.entries.pop(key, None)
        return True
