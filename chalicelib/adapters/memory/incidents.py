"""Incidents, kept in memory."""

from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from chalicelib.adapters.memory.order import is_behind
from chalicelib.core.records.incident import Incident, IncidentFilter, IncidentKey, IncidentState, OpenIncident
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with


class MemoryIncidents:
    """Incidents by tenant, kind and subject."""

    def __init__(self) -> None:
        self.items: dict[IncidentKey, Incident] = {}
        self._lock = Lock()

    def record(self, incident: Incident) -> bool:
        """Keep one where there is none that is open."""
        with self._lock:
            before = self.items.get(incident.key)
            is_new = before is None or (before.ended_at is not None and before.ended_at < incident.at)
            if is_new:
                self.items[incident.key] = incident
            return is_new

    def end(self, key: IncidentKey, at: datetime, why: str) -> bool:
        """End one that is open."""
        with self._lock:
            before = self.items.get(key)
            if before is None or before.ended_at is not None:
                return False
            self.items[key] = copy_with(before, ended_at=at, ended=why)
            return True

    def get(self, key: IncidentKey) -> Incident | None:
        """Read one."""
        return self.items.get(key)

    def list(
        self, tenant_id: str, wanted: IncidentFilter, limit: int, after: Position | None = None
    ) -> Sequence[Incident]:
        """Read some, by their instant."""
        reverse = not wanted.oldest_first
        behind = None if after is None else (after.started_at, after.id)
        found = (each for each in [*self.items.values()] if each.tenant_id == tenant_id and wanted.takes(each))
        rest = (each for each in found if behind is None or is_behind(_place(each), behind, reverse=reverse))
        return [copy_with(each, content="") for each in sorted(rest, key=_place, reverse=reverse)[:limit]]

    def all_open(self, limit: int, *, oldest_first: bool = True) -> Sequence[OpenIncident]:
        """Find those that are open."""
        found = [each for each in [*self.items.values()] if each.state is IncidentState.OPEN]
        ordered = sorted(found, key=_place, reverse=not oldest_first)
        return [OpenIncident(each.key, each.at) for each in ordered[:limit]]


def _place(incident: Incident) -> tuple[datetime, str]:
    return incident.at, incident.key.id
