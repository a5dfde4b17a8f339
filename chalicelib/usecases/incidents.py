"""The use cases of incidents: list them, end those whose cause is gone, and redrive them."""

from collections.abc import Sequence
from typing import Protocol

from chalicelib.core.records.incident import Incident, IncidentFilter, IncidentKey, OpenIncident
from chalicelib.core.values.position import Position
from chalicelib.ports import IncidentLog


class IncidentStore(IncidentLog, Protocol):
    """Keeps incidents."""

    def get(self, key: IncidentKey) -> Incident | None:
        """Read one, strongly consistent."""

    def list(
        self, tenant_id: str, wanted: IncidentFilter, limit: int, after: Position | None = None
    ) -> Sequence[Incident]:
        """Read up to ``limit`` of a tenant's incidents by their instant, newest first, after a position.

        Fewer only where there are no more. None has its content. A change may take a moment to appear. The id of a
        position is that of an :class:`~chalicelib.core.records.incident.IncidentKey`.
        """

    def all_open(self, limit: int, *, oldest_first: bool = True) -> Sequence[OpenIncident]:
        """Find the open incidents of all tenants, ``limit`` of each of some groups of tenants at most.

        A change may take a moment to appear.
        """
