"""Schedules, in memory."""

from collections.abc import Sequence
from datetime import datetime

from chalicelib.core.schedules.schedule import Schedule
from chalicelib.core.values.errors import DamagedError
from chalicelib.core.values.globs import matching


class MemorySchedules:
    """Schedules by tenant and name, or why one cannot be read."""

    def __init__(self) -> None:
        self.schedules: dict[tuple[str, str], Schedule | DamagedError] = {}

    def get(self, tenant_id: str, name: str) -> Schedule | None:
        """Read one."""
        found = self.schedules.get((tenant_id, name))
        if isinstance(found, DamagedError):
            raise found
        return found

    def list(
        self,
        tenant_id: str,
        limit: int,
        after: str = "",
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[Schedule]:
        """Read some of a tenant, by name, after a name."""
        found = sorted(
            (each for each in self._whole() if each.tenant_id == tenant_id and matching(each.name, names)),
            key=lambda each: each.name,
            reverse=last_first,
        )
        return [each for each in found if not after or (each.name < after if last_first else each.name > after)][:limit]

    def count(self, tenant_id: str, most: int) -> int:
        """Count those of a tenant."""
        return min(most, sum(tenant == tenant_id for tenant, _ in self.schedules))

    def put(self, schedule: Schedule) -> bool:
        """Write the next number of one; tell whether it is there now."""
        key = schedule.tenant_id, schedule.name
        known = self.schedules.get(key)
        if (known.number if isinstance(known, Schedule) else 0) != schedule.number - 1:
            return known == schedule
        self.schedules[key] = schedule
        return True

    def delete(self, schedule: Schedule) -> bool:
        """Take one away, unless it was written since it was read; tell whether it is gone."""
        key = schedule.tenant_id, schedule.name
        known = self.schedules.get(key, schedule)
        if isinstance(known, DamagedError) or known.number != schedule.number:
            return False
        self.schedules.pop(key, None)
        return True

    def discard(self, tenant_id: str, name: str) -> bool:
        """Take away one that cannot be read; tell whether it is gone."""
        if isinstance(self.schedules.get((tenant_id, name)), Schedule):
            return False
        self.schedules.pop((tenant_id, name), None)
        return True

    def due(self, until: datetime, limit: int) -> Sequence[tuple[str, str, datetime]]:
        """Find some to look at up to an instant."""
        found = [
            (each.look_at, each.tenant_id, each.name)
            for each in self._whole()
            if each.look_at is not None and each.look_at <= until
        ]
        return [(tenant, name, look_at) for look_at, tenant, name in sorted(found)[:limit]]

    def _whole(self) -> Sequence[Schedule]:
        return [each for each in self.schedules.values() if isinstance(each, Schedule)]
