"""What the routes of executions answer."""

from collections.abc import Callable
from http import HTTPStatus

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.callers import Callers
from chalicelib.api.contract import ApiRequest
from chalicelib.api.execution_view import execution_view, summary_view
from chalicelib.api.filters import wanted_executions
from chalicelib.api.support import ApiSupport
from chalicelib.core.executions.model import Execution
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.execution_details import ExecutionDetails, Place, in_order_of_time
from chalicelib.usecases.executions import ExecutionService

MOST_FILLED = LIMITS.filled_bytes


@value
class ExecutionApi:
    """The routes, over the use cases."""

    support: ApiSupport
    service: ExecutionService
    details: ExecutionDetails
    callers: Callers
    token: Callable[[str, str, int], str]
    """Makes the callback token of an execution's thread at a turn."""

    @web.operation
    def execute_definition(self, request: ApiRequest) -> Response:
        """Start an execution: 201, or 200 with the first one of the same name and input."""
        body, wait = request.body, request.query["wait"]
        execution, new = self.service.execute(
            *request.place,
            body["input"],
            body.get("name") or request.seed,
            body.get("version"),
            self.callers.actor(request),
        )
        if wait:
            execution = self.service.read_execution(execution.tenant_id, execution.id, wait)
        where = {"Location": f"/sedo/tenants/{execution.tenant_id}/executions/{execution.id}"}
        return web.answer(self.view(execution), HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    @web.operation
    def list_executions(self, request: ApiRequest) -> Response:
        """List executions, newest first."""
        wanted, limit = wanted_executions(request), request.query["limit"]
        page = self.service.list_executions(request.path["tenantId"], wanted, limit, web.position(request))
        place = page.following
        following: list[Json] | None = None if place is None else [format_instant(place.started_at), place.id]
        return web.page(request, [summary_view(summary) for summary in page.found], following)

    @web.operation
    def read_execution(self, request: ApiRequest) -> Response:
        """Show all about an execution."""
        execution = self.service.read_execution(*request.place, request.query["wait"])
        return web.answer(web.chosen(request, self.view(execution)))

    @web.operation
    def cancel_execution(self, request: ApiRequest) -> Response:
        """End an execution and what it has begun."""
        return web.answer(self.view(self.service.cancel(*request.place, self.callers.actor(request), _reason(request))))

    @web.operation
    def pause_execution(self, request: ApiRequest) -> Response:
        """Let an execution and what it has begun stand still."""
        return web.answer(self.view(self.service.pause(*request.place, self.callers.actor(request), _reason(request))))

    @web.operation
    def resume_execution(self, request: ApiRequest) -> Response:
        """Let a paused execution go on."""
        return web.answer(self.view(self.service.resume(*request.place, self.callers.actor(request))))

    @web.operation
    def redrive_execution(self, request: ApiRequest) -> Response:
        """Let an execution go on after its end, from where it stopped or from a step."""
        changes = {name: request.body.get(name) for name in ("step", "stash", "version")}
        changes["again"] = request.body.get("again") is True
        return web.answer(self.view(self.service.redrive(*request.place, self.callers.actor(request), **changes)))

    def view(self, execution: Execution) -> dict[str, Json]:
        """Write all about an execution, and what it waits for now."""
        return execution_view(execution, self.service.clock.now(), self.token, self.details.of(execution))

    @web.operation
    def read_history(self, request: ApiRequest) -> Response:
        """List the records of an execution, oldest first."""
        begin, limit = Place(*(web.cursor(request, int, int, int) or (0, 0))), request.query["limit"]
        rows, more = self.service.read_history(*request.place, limit + 1, max(begin.row, 0))
        # A record is named by the row before its own: its own is another one once the newest have moved into a row.
        starts = [begin.row, *(row.version for row in rows)]
        records = [
            (Place(start, number), record)
            for start, row in zip(starts, rows, strict=False)
            for number, record in enumerate(row.records)
            if (start, number) >= begin[:2]
        ]
        entries = self.details.with_changes(request.path["tenantId"], records[: limit + 2])
        ahead = [entry for entry in entries if entry[0] >= begin]
        following: list[Json] | None = [starts[-1], 0, 0] if more else None
        if len(ahead) > limit:
            following = [*ahead[limit][0]]
        shown = in_order_of_time(ahead[:limit])
        self.service.history.fill(request.path["tenantId"], shown, MOST_FILLED)
        return web.page(request, shown, following)


def _reason(request: ApiRequest) -> str | None:
    """Read why somebody asks: of a body that is null, nothing."""
    reason: str | None = (request.body or {}).get("reason")
    return reason
