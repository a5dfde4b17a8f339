"""What the routes of executions answer."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.actions import refusals
from chalicelib.api.contract import ApiRequest
from chalicelib.api.execution_view import concealed_view, execution_view, summary_view
from chalicelib.api.filters import wanted_executions
from chalicelib.api.history import HistoryPage
from chalicelib.api.support import ApiSupport
from chalicelib.api.values import execution_link
from chalicelib.api.why import Explanation
from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.why import Surroundings, follows_from_definition, waits_for_somebody
from chalicelib.core.limits import beyond
from chalicelib.core.records.payload import PackingLimits
from chalicelib.core.records.shown import SHOWN, SHOWN_OF_MANY, Outline, shorten, view_slots, without
from chalicelib.core.values.errors import NotBegunError, SedoError, UnavailableError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.privacy import HIDDEN
from chalicelib.core.values.value import copy_with, value
from chalicelib.usecases.execution_details import ExecutionDetails
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.start_batches import StartBatches

if TYPE_CHECKING:
    from chalicelib.core.values.queue_depth import QueueDepth

FOLLOWED = frozenset({"why", "threads"})
"""Members of an execution that tell of the executions that it waits for."""
FORESEEN = frozenset({*FOLLOWED, "actions"})
"""Those that tell what comes next by its definition."""


@value
class ExecutionApi:
    """The routes, over the use cases."""

    support: ApiSupport
    service: ExecutionService
    batches: StartBatches
    details: ExecutionDetails
    token: Callable[[str, str, int], str]
    """Makes the callback token of an execution's thread at a turn."""
    read_upload: Callable[[str, str], Json]
    """Reads the value of a tenant's upload."""
    queue_depths: "Callable[[], Mapping[str, QueueDepth]]"

    @web.operation
    def execute_definition(self, request: ApiRequest) -> Response:
        """Start an execution: 201, or 200 with the first one of the same name and input."""
        body, wait = request.body, request.query["wait"]
        given = self.read_upload(request.path["tenantId"], body["upload"]) if "upload" in body else body["input"]
        execution, new = self.service.execute(
            *request.place,
            given,
            body.get("name") or request.seed,
            body.get("version"),
            request.admission.actor,
            lambda started, newest: self.support.conditions.require_start(request, started, newest),
        )
        request.record(execution.definition_id, {}, {"execution": execution.id})
        outline = Outline(execution, {})
        if wait and not execution.ended:
            outline = self.service.read_outline(execution.tenant_id, execution.id, wait=wait, is_known=True)
        where = {"Location": f"/sedo/tenants/{execution.tenant_id}/executions/{execution.id}"}
        return web.answer(self.view(request, outline), HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    @web.operation
    def execute_batch(self, request: ApiRequest) -> Response:
        """Start many executions: each result is the answer that the start alone would have had."""
        self.service.definitions.to_start(self.service.parsed, *request.place, request.body.get("version"))
        starts = list(enumerate(request.body["starts"]))
        results = self.batches.start(
            starts, lambda service, each: self._result(request, service, *each), lambda each: each[1].get("name")
        )
        started: list[Json] = [each["execution"]["id"] for each in results if "execution" in each]
        request.record(request.path["id"], {}, {"executions": started})
        again = {"Retry-After": "1"} if any(web.is_passing(each["status"]) for each in results) else {}
        return web.answer({"results": list[Json](results)}, headers=again)

    def _result(
        self, request: ApiRequest, service: ExecutionService | None, number: int, start: dict[str, Any]
    ) -> dict[str, Any]:
        """Start one of many."""
        seed = None if request.seed is None else f"{request.seed}-{number}"
        try:
            if service is None:
                raise NotBegunError(beyond("batch_seconds", "the starts before it took too long"))
            execution, new = service.execute(
                *request.place,
                start["input"],
                start.get("name") or seed,
                request.body.get("version"),
                request.admission.actor,
                lambda started, newest: self.support.conditions.require_start(request, started, newest),
            )
        except SedoError as error:
            status, problem = web.problem_of(error, web.PROBLEMS_BYTES_OF_MANY)
            return {"status": int(status), "problem": problem}
        made = HTTPStatus.CREATED if new else HTTPStatus.OK
        return {"status": int(made), "execution": self.view(request, Outline(execution, {}), SHOWN_OF_MANY)}

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
        if wait := request.query["wait"]:  # before anybody learns that it has ended
            self.support.conditions.require(request, "read")
        outline = self.service.read_outline(*request.place, wait=wait)
        self.support.conditions.require(request, "read", outline.execution)
        fields = request.query["fields"]
        followed, foreseen = (fields is None or not each.isdisjoint(fields) for each in (FOLLOWED, FORESEEN))
        view = self.view(request, outline, is_followed=followed, is_foreseen=foreseen)
        return web.answer(web.chosen(request, view))

    @web.operation
    def cancel_execution(self, request: ApiRequest) -> Response:
        """End an execution and what it has begun."""
        self.support.conditions.require(request, "cancel")
        request.record(request.path["id"], {}, {"reason": reason_of(request)})
        return self.whole(request, self.service.cancel(*request.place, request.admission.actor, reason_of(request)))

    @web.operation
    def pause_execution(self, request: ApiRequest) -> Response:
        """Let an execution and what it has begun stand still."""
        self.support.conditions.require(request, "cancel")
        request.record(request.path["id"], {}, {"reason": reason_of(request)})
        return self.whole(request, self.service.pause(*request.place, request.admission.actor, reason_of(request)))

    @web.operation
    def resume_execution(self, request: ApiRequest) -> Response:
        """Let a paused execution go on."""
        self.support.conditions.require(request, "cancel")
        budget = ((request.body or {}).get("budget") or {}).get("dollars")
        return self.whole(request, self.service.resume(*request.place, request.admission.actor, budget))

    @web.operation
    def redrive_execution(self, request: ApiRequest) -> Response:
        """Let an execution go on after its end, from where it stopped or from a step."""
        changes = {name: request.body.get(name) for name in ("step", "stash", "version")}
        changes["again"] = request.body.get("again") is True
        self.support.conditions.require(request, "cancel")
        self.support.conditions.require_version(request, request.body.get("version"))
        self._record(request, {name: each for name, each in changes.items() if each})
        return self.whole(request, self.service.redrive(*request.place, request.admission.actor, **changes))

    def _record(self, request: ApiRequest, changes: dict[str, Json]) -> None:
        """Let the audit hold what a redrive changes, with what stood there, if whoever reads an audit may see it."""
        wanted, before, private = changes.get("stash"), dict[str, Json](), list[tuple[str, str]]()
        if isinstance(wanted, dict):
            execution = self.service.read_execution(*request.place)
            hidden, known = self.support.conditions.concealed(request, execution) is not None, execution.stash
            before["stash"] = {name: HIDDEN if hidden else known[name] for name in wanted if name in known}
            private = [("stash", name) for name in wanted if self.support.conditions.is_private(execution)]
        request.record(request.path["id"], before, changes, private)

    def whole(self, request: ApiRequest, execution: Execution) -> Response:
        """Answer with an execution that was read with all its values."""
        return web.answer(self.view(request, Outline(execution, {})))

    def view(
        self,
        request: ApiRequest,
        outline: Outline,
        shown: Sequence[PackingLimits] = SHOWN,
        *,
        is_followed: bool = False,
        is_foreseen: bool = False,
    ) -> dict[str, Json]:
        """Write all about an execution that the caller may read and an answer holds, and what they can ask of it.

        Where it ``is_followed``, the executions that it waits for are looked at, too; where it ``is_foreseen``, what
        its definition says of what comes next.
        """
        execution, now = outline.execution, self.service.clock.now()
        refused = refusals(
            request,
            "{}_execution",
            execution.definition_id,
            lambda: self.support.conditions.problem(request, "cancel", execution, whole=not outline.left_out),
        )
        if (reason := self.support.conditions.concealed(request, execution)) is not None:
            return concealed_view(execution, reason, refused)
        token = self.token if _may_answer(request, execution) else _hidden
        details = self.details.of(execution)
        if is_foreseen:
            details = copy_with(details, definition=self._definition(execution))
        if is_followed:
            hidden = partial(self.support.conditions.concealed, request)
            below, lost = self.details.below(execution, now, hidden), self.details.lost(execution, now)
            details = copy_with(details, below=below, lost=lost)
            details = copy_with(details, around=self._around(request, execution, Explanation(execution, now, details)))
        view = execution_view(execution, now, token, details, refused)
        link = execution_link(execution.tenant_id, execution.id)
        return shorten(execution.tenant_id, without(view, outline.left_out, link), view_slots, link, shown)

    def _definition(self, execution: Execution) -> Definition | None:
        """Read the definition of an execution where what comes next follows from it; None: it is not known."""
        with suppress(SedoError):
            if follows_from_definition(execution):
                place = execution.tenant_id, execution.definition_id, execution.definition_version
                return self.service.parsed.get(*place)
        return None

    def _around(self, request: ApiRequest, execution: Execution, explanation: Explanation) -> Surroundings:
        """Look at what stands around an execution, where that can be in its way; without what does not answer."""
        around = Surroundings()
        with suppress(UnavailableError):
            if waits_for_somebody(execution):
                around = Surroundings(is_stopped=self.support.gatekeeper.is_stopped(request.path["tenantId"]))
            elif explanation.is_wrong():
                depths = [*self.queue_depths().values()]
                waiting, dead = ([each for each in depths if each.is_dead is which] for which in (False, True))
                left = sum(each.waiting + each.delayed + each.in_flight for each in dead)
                around = Surroundings(waiting=sum(each.waiting for each in waiting), dead=left)
        return around

    @web.operation
    def read_history(self, request: ApiRequest) -> Response:
        """List what has happened to an execution, oldest or newest first; or check that nobody has changed that."""
        self.support.conditions.require(request, "read")
        if request.query["verify"]:
            from chalicelib.api.history_check import checked_history  # noqa: PLC0415 - few requests are this

            return checked_history(request, self.service.histories)
        if request.query["children"]:
            return self._family(request)
        return HistoryPage(request, self.service.histories, self.details).answer()

    def _family(self, request: ApiRequest) -> Response:
        from chalicelib.api.family import FamilyPage, family_of  # noqa: PLC0415 - few requests are this

        service = self.service
        made = family_of(request, service.histories, self.details, service.executions, service.clock)
        return FamilyPage(request, made).answer()

    @web.operation
    def read_steps(self, request: ApiRequest) -> Response:
        """List what has happened to an execution by step and attempt."""
        self.support.conditions.require(request, "read")
        from chalicelib.api.visits import VisitPage  # noqa: PLC0415 - few requests are this

        return VisitPage(request, self.service, self.details).answer()


def _hidden(*_: object) -> str:
    return HIDDEN


def _may_answer(request: ApiRequest, execution: Execution) -> bool:
    """Tell whether the caller may answer for steps: whoever only reads an execution does not see its tokens."""
    return request.admission.grant.allows("executions:operate", execution.definition_id)


def reason_of(request: ApiRequest) -> str | None:
    """Read why somebody asks: of a body that is null, nothing."""
    reason: str | None = (request.body or {}).get("reason")
    return reason
