"""The use cases of incidents: read, list and redrive them."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from chalicelib.core.executions.model import Execution
from chalicelib.core.records.incident import (
    STARTING,
    Incident,
    IncidentFilter,
    IncidentKey,
    OpenIncident,
    Remedy,
    redrive_problem,
)
from chalicelib.core.values.errors import IncidentNotFoundError, SedoError, StateError
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import value
from chalicelib.ports import Clock, IncidentLog
from chalicelib.usecases.executions import ExecutionService

WITHIN = timedelta(seconds=15)
"""How long one call goes on to redrive; an API call has 29 seconds (Amazon API Gateway quotas, "Integration timeout").
"""


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


@value
class RedriveOrder:
    """What somebody asks for who redrives incidents."""

    permit: Callable[[Incident, Execution | None], None]
    """Raises an error where they may not do that with an incident and the execution that it is about."""
    actor: str | None = None
    budget: float | None = None
    """Of what is paused as it had cost what it may: the dollars that it may have cost from now on."""
    is_dry: bool = False
    """Whether nothing is done, and only told what would be."""


@value
class IncidentService:
    """The use cases, for one tenant at a time."""

    store: IncidentStore
    executions: ExecutionService
    wake: Callable[[Execution], None]
    """Sends again what the state of an execution asks for."""
    clock: Clock

    def read(self, tenant_id: str, text: str, readable: Callable[[Incident], bool]) -> Incident:
        """Read an incident by its id.

        Raises:
            IncidentNotFoundError: the tenant has none of this id that is ``readable``.
            UnavailableError: the store did not answer.
        """
        found = self.store.get(IncidentKey.parse(tenant_id, text))
        if found is None or not readable(found):
            raise IncidentNotFoundError(f"there is no incident {text!r}")
        return found

    def about(self, incidents: Sequence[Incident]) -> Mapping[str, Execution]:
        """Read the executions that incidents are about."""
        names = [*dict.fromkeys(each.execution_id for each in incidents if each.execution_id)]
        return self.executions.executions.read(names) if names else {}

    def redrive(self, incident: Incident, found: Execution | None, order: RedriveOrder) -> None:
        """Do what mends the execution that an incident is about; one whose cause is gone then ends at once.

        Raises:
            StateError: nothing can be done.
            ConditionError, MissingRightError, QuotaError, UnavailableError: as the operation that is done.
        """
        order.permit(incident, found)
        refused = redrive_problem(incident, found)
        if found is None or refused is not None:
            raise StateError(refused or f"{incident.execution_id} does not exist, or is damaged")
        if incident.remedy in STARTING:
            self.executions.starts.require_started(found.tenant_id)
        if order.is_dry:
            return
        match incident.remedy:
            case Remedy.WAKE:
                self.wake(found)
                return
            case Remedy.RESUME:
                self.executions.resume(found.tenant_id, found.id, order.actor, order.budget)
            case _:
                self.executions.redrive(found.tenant_id, found.id, order.actor)
        self.store.end(incident.key, self.clock.now(), f"{found.id} was let go on by {order.actor or 'somebody'}")

    def redrive_many(
        self, incidents: Sequence[Incident], order: RedriveOrder
    ) -> Sequence[tuple[Incident, SedoError | None]]:
        """Redrive incidents one after another, for some seconds; answer what came of those that were looked at."""
        until, found = self.clock.now() + WITHIN, self.about(incidents)
        done = list[tuple[Incident, SedoError | None]]()
        for incident in incidents:
            if self.clock.now() >= until:
                break
            try:
                self.redrive(incident, found.get(incident.execution_id), order)
            except SedoError as error:
                done.append((incident, error))
            else:
                done.append((incident, None))
        return done
