"""What tenants with quotas take, in memory."""

from collections import Counter
from collections.abc import Sequence

from chalicelib.core.access.quotas import StartSlot


class MemoryUsage:
    """Starts by second, and slots by number, of each tenant."""

    def __init__(self) -> None:
        self.starts: Counter[tuple[str, int]] = Counter()
        self.held: dict[tuple[str, int], StartSlot] = {}

    def count_start(self, tenant_id: str, second: int, most: int) -> bool:
        """Count a start in a second, unless there were so many; tell whether it is counted."""
        if self.starts[tenant_id, second] >= most:
            return False
        self.starts[tenant_id, second] += 1
        return True

    def slots(self, tenant_id: str, most: int) -> Sequence[StartSlot]:
        """Read the slots that were ever taken, of the first so many."""
        return [slot for (tenant, number), slot in sorted(self.held.items()) if tenant == tenant_id and number < most]

    def take(self, slot: StartSlot, instead: StartSlot | None) -> bool:
        """Take a slot if it stands as it was read, None: nobody has ever taken it; tell whether it is taken."""
        key = slot.tenant_id, slot.number
        if self.held.get(key) != instead:
            return self.held.get(key) == slot
        self.held[key] = slot
        return True
