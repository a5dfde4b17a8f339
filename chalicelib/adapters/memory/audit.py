"""The audit, in memory."""

from collections import defaultdict
from collections.abc import Sequence

from chalicelib.core.records.audit import AuditEntry


class MemoryAudit:
    """Entries by tenant and number."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[int, AuditEntry]] = defaultdict(dict)

    def put(self, entry: AuditEntry) -> bool:
        """Write an entry where there is none; tell whether it is there."""
        return self.entries[entry.tenant_id].setdefault(entry.number, entry) == entry

    def read(self, tenant_id: str, limit: int, after: int = 0, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        """Read entries behind a number, upwards; newest first, before one that is not 0, downwards."""
        found = self.entries.get(tenant_id, {})
        if newest_first:
            numbers = sorted((number for number in found if not after or number < after), reverse=True)
        else:
            numbers = sorted(number for number in found if number > after)
        return [found[number] for number in numbers[:limit]]
