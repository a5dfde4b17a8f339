"""Incidents, kept in memory."""

from chalicelib.core.records.incident import Incident


class MemoryIncidents:
    """Incidents by tenant, kind and subject."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str, str], Incident] = {}

    def record(self, incident: Incident) -> None:
        """Keep one where there is none."""
        self.items.setdefault((incident.tenant_id, incident.kind, incident.subject), incident)
