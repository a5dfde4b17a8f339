"""What the route of incidents answers."""

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.filters import between
from chalicelib.api.support import ApiSupport
from chalicelib.core.records.incident import Incident, IncidentFilter, IncidentKind, IncidentState
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.incidents import IncidentStore


@value
class IncidentApi:
    """The route, over the store."""

    support: ApiSupport
    store: IncidentStore

    @web.operation
    def list_incidents(self, request: ApiRequest) -> Response:
        """List incidents, newest first."""
        query, (since, until) = request.query, between(request)
        wanted = IncidentFilter(
            state=IncidentState(query["state"]),
            kinds=frozenset(IncidentKind) if query["kind"] is None else frozenset({IncidentKind(query["kind"])}),
            execution=query["execution"],
            definition=query["definition"],
            since=since,
            until=until,
            oldest_first=query["sort"] == "at",
            names=request.admission.names,
            is_readable=self.support.conditions.readable(request),
        )
        found = self.store.list(request.path["tenantId"], wanted, query["limit"] + 1, web.position(request))
        return web.page_of(request, found, _view, lambda each: [format_instant(each.at), each.key.id])


def _view(incident: Incident) -> dict[str, Json]:
    return {
        "id": incident.key.id,
        "kind": incident.kind.value,
        "state": incident.state.value,
        "at": format_instant(incident.at),
        "why": incident.detail,
        "execution": incident.execution_id or None,
        "endedAt": None if incident.ended_at is None else format_instant(incident.ended_at),
        "ended": incident.ended or None,
    }
