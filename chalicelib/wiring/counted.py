"""The incident log, with a metric of each incident."""

from datetime import datetime

from chalicelib.adapters.metrics import INCIDENTS, Metrics
from chalicelib.core.records.incident import Incident, IncidentKey
from chalicelib.usecases.incidents import IncidentStore


class CountedIncidents:
    """An incident log that counts what it records."""

    def __init__(self, incidents: IncidentStore, metrics: Metrics) -> None:
        self._incidents, self._metrics = incidents, metrics
        self.get, self.list, self.all_open = incidents.get, incidents.list, incidents.all_open

    def record(self, incident: Incident) -> bool:
        """Keep an incident."""
        if incident.kind in INCIDENTS:
            self._metrics.count(INCIDENTS[incident.kind])
        return self._incidents.record(incident)

    def end(self, key: IncidentKey, at: datetime, why: str) -> bool:
        """Say that the cause of an incident is gone."""
        return self._incidents.end(key, at, why)
