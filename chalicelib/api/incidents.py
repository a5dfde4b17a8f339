"""What the routes of incidents answer."""

from collections import Counter
from collections.abc import Callable
from http import HTTPStatus

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.filters import wanted_incidents
from chalicelib.api.support import ApiSupport
from chalicelib.core.access.rights import NOBODY
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.incident import STARTING, Incident, IncidentFilter, IncidentState, redrive_problem
from chalicelib.core.values.actions import actions_json
from chalicelib.core.values.errors import ConditionError, MissingRightError, SedoError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.incidents import IncidentService, RedriveOrder


@value
class IncidentApi:
    """The routes, over the use cases."""

    support: ApiSupport
    service: Callable[[], IncidentService]
    """Made, and its code loaded, for the first request."""

    @web.operation
    def list_incidents(self, request: ApiRequest) -> Response:
        """List incidents, newest first."""
        wanted = wanted_incidents(request, IncidentState(request.query["state"]))
        limit, store = request.query["limit"], self.service().store
        found = store.list(_owner(request), wanted, limit + 1, web.position(request))
        return web.page_of(request, found, _view, _place)

    @web.operation
    def read_incident(self, request: ApiRequest) -> Response:
        """Show all about an incident, and whether it can be redriven."""
        return web.answer(web.chosen(request, self._whole(request, self._read(request))))

    @web.operation
    def redrive_incident(self, request: ApiRequest) -> Response:
        """Do what mends the execution that an incident is about."""
        incident, service = self._read(request), self.service()
        request.record(incident.key.id, {}, {"remedy": incident.remedy})
        service.redrive(incident, service.about([incident]).get(incident.execution_id), self._order(request))
        return web.answer(self._whole(request, self._read(request)))

    @web.operation
    def redrive_incidents(self, request: ApiRequest) -> Response:
        """Redrive open incidents, or tell what would be done; each result is that of the redrive alone."""
        limit, service = request.query["limit"], self.service()
        wanted, order = wanted_incidents(request, IncidentState.OPEN), self._order(request)
        found = service.store.list(_owner(request), wanted, limit + 1, web.position(request))
        done = service.redrive_many(found[:limit], order)
        results: list[Json] = [_result(*each) for each in done]
        redriven: list[Json] = [incident.key.id for incident, error in done if error is None]
        request.record(request.path["tenantId"], {}, {"dryRun": order.is_dry, "incidents": redriven})
        is_more = len(done) < len(found)
        counted = Counter(incident.kind.value for incident, error in done if error is None)
        counts: dict[str, Json] = {"possible": len(redriven), "refused": len(done) - len(redriven)}
        answered: dict[str, Json] = {
            "dryRun": order.is_dry,
            **counts,
            "kinds": dict[str, Json](counted),
            "more": is_more,
            "results": results,
        }
        return web.answer(answered, headers=web.following_link(request, _place(done[-1][0]) if is_more else None))

    def _read(self, request: ApiRequest) -> Incident:
        """Read the incident in the path, if the caller may read what it is about."""
        names = request.admission.grant.names("executions:read")
        seen = IncidentFilter(names=names, is_readable=self.support.conditions.readable(request))
        return self.service().read(_owner(request), request.path["id"], seen.shows)

    def _order(self, request: ApiRequest) -> RedriveOrder:
        body = request.body or {}

        def permit(incident: Incident, found: Execution | None) -> None:
            if (problem := _missing_right(request, incident)) is not None:
                raise MissingRightError(f"that {problem}")
            if (problem := self._unmet(request, found)) is not None:
                raise ConditionError(f"that {problem}")

        budget = (body.get("budget") or {}).get("dollars")
        return RedriveOrder(permit, request.admission.actor, budget, is_dry=body.get("dryRun", False))

    def _unmet(self, request: ApiRequest, found: Execution | None) -> str | None:
        """Tell which condition of its definition keeps the caller from changing an execution."""
        return None if found is None else self.support.conditions.problem(request, "cancel", found)

    def _whole(self, request: ApiRequest, incident: Incident) -> dict[str, Json]:
        found = self.service().about([incident]).get(incident.execution_id)

        def refused(_action: str) -> str | None:
            is_held = incident.remedy in STARTING and self.support.gatekeeper.is_stopped(request.path["tenantId"])
            stopped = "the tenant is stopped" if is_held else None
            problem = redrive_problem(incident, found) or _missing_right(request, incident)
            return problem or stopped or self._unmet(request, found)

        return {
            **_view(incident),
            "content": incident.content or None,
            "actions": actions_json(refused, ["redrive"]),
        }


def _owner(request: ApiRequest) -> str:
    """Tell whose incidents are asked for; empty: nobody's."""
    tenant: str = request.path["tenantId"]
    return "" if tenant == NOBODY else tenant


def _missing_right(request: ApiRequest, incident: Incident) -> str | None:
    """Tell which right the caller lacks to redrive an incident: what is about no definition needs that of all names."""
    right = "executions:operate"
    if incident.execution_id:
        return request.admission.problem(right, ExecutionId.parse(incident.execution_id).definition)
    return None if request.admission.grant.names(right) is None else f"needs the right {right} of all names"


def _place(incident: Incident) -> list[Json]:
    return [format_instant(incident.at), incident.key.id]


def _result(incident: Incident, error: SedoError | None) -> dict[str, Json]:
    """Write what came of the redrive of one of many."""
    about: dict[str, Json] = {
        "id": incident.key.id,
        "execution": incident.execution_id or None,
        "remedy": incident.remedy,
    }
    if error is None:
        return about | {"status": int(HTTPStatus.OK)}
    status, problem = web.problem_of(error, web.PROBLEMS_BYTES_OF_MANY)
    return about | {"status": int(status), "problem": problem}


def _view(incident: Incident) -> dict[str, Json]:
    return {
        "id": incident.key.id,
        "kind": incident.kind.value,
        "state": incident.state.value,
        "at": format_instant(incident.at),
        "why": incident.detail,
        "execution": incident.execution_id or None,
        "remedy": incident.remedy,
        "endedAt": None if incident.ended_at is None else format_instant(incident.ended_at),
        "ended": incident.ended or None,
    }
