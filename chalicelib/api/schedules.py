"""What the routes of schedules answer.

The input of a schedule is that of its executions: it is shown to those who may read these, and to no audit.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.conditional import condition, unread
from chalicelib.api.contract import ApiRequest, operations
from chalicelib.api.support import ApiSupport
from chalicelib.core.executions.model import Execution
from chalicelib.core.schedules.codec import content_document, read_content, read_plan
from chalicelib.core.schedules.schedule import SHOWN_TIMES, Schedule, ScheduleContent
from chalicelib.core.values.actions import actions_json
from chalicelib.core.values.errors import DamagedError, InvalidInputError, MissingRightError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.schedules import Permit, ScheduleCondition, ScheduleService

if TYPE_CHECKING:
    from collections.abc import Mapping

_STARTS = "executions:start"
_PRIVATE = (("input",),)


@value
class ScheduleApi:
    """The routes, over the use cases."""

    support: ApiSupport
    service: ScheduleService

    @web.operation
    def list_schedules(self, request: ApiRequest) -> Response:
        """List schedules by name, without their inputs: those that the caller may read."""
        (after,) = web.cursor(request, str) or [""]
        found = self.service.store.list(
            request.path["tenantId"],
            request.query["limit"] + 1,
            after,
            last_first=request.query["sort"].startswith("-"),
            names=request.admission.names,
        )
        return web.page_of(request, found, self._header, lambda schedule: [schedule.name])

    @web.operation
    def read_schedule(self, request: ApiRequest) -> Response:
        """Show all about a schedule."""
        found = self.service.read(*_place(request))
        return web.answer(self._whole(request, found), headers={"ETag": _version(found)})

    @web.operation
    def list_schedule_times(self, request: ApiRequest) -> Response:
        """Show the next times of a plan that nobody has written yet."""
        plan = read_plan({name: request.query[name] for name in ("cron", "zone", "every")})
        plan.check(now := self.service.clock.now())
        return web.answer([format_instant(time) for time in plan.following(plan.after(now), SHOWN_TIMES)])

    @web.operation
    def put_schedule(self, request: ApiRequest) -> Response:
        """Write a schedule."""
        seen = _Seen(request)
        content = read_content(request.body)
        written, is_new = self.service.put(
            *_place(request),
            content,
            by=request.admission.actor,
            permit=self._permit(request, content.definition),
            require=seen.require,
        )
        request.record(written.name, seen.document, content_document(written.content), _PRIVATE)
        status = HTTPStatus.CREATED if is_new else HTTPStatus.OK
        return web.answer(self._whole(request, written), status, {"ETag": _version(written)})

    @web.operation
    def delete_schedule(self, request: ApiRequest) -> Response:
        """Take a schedule away."""
        seen = _Seen(request)
        self.service.delete(*_place(request), seen.require)
        request.record(request.path["name"], seen.document, None, _PRIVATE)
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    @web.operation
    def pause_schedule(self, request: ApiRequest) -> Response:
        """Let a schedule start nothing by itself."""
        request.record(request.path["name"], {"paused": False}, {"paused": True})
        return self._changed(request, self.service.pause(*_place(request), request.admission.actor))

    @web.operation
    def resume_schedule(self, request: ApiRequest) -> Response:
        """Let a paused schedule go on."""
        service = self.service
        service.executions.starts.require_started(request.path["tenantId"])
        self._require_start(request, service.read(*_place(request)).content.definition)
        request.record(request.path["name"], {"paused": True}, {"paused": False})
        return self._changed(request, service.resume(*_place(request), request.admission.actor))

    @web.operation
    def start_schedule(self, request: ApiRequest) -> Response:
        """Start an execution outside of the plan."""
        service = self.service
        content = service.read(*_place(request)).content
        permit = self._permit(request, content.definition)
        try:
            started = service.start(*_place(request), request.seed, permit)
        except InvalidInputError as error:  # its problems repeat the input
            if self._concealed(request, content) is None:
                raise
            raise InvalidInputError(error.title()) from None
        request.record(started.name, {}, {"execution": None if started.last is None else started.last.execution})
        return self._changed(request, started)

    def _permit(self, request: ApiRequest, definition: str) -> Permit:
        """Make what holds a caller to what a start of the definition would ask."""
        self._require_start(request, definition)

        def permit(execution: Execution, newest: int) -> None:
            self.support.conditions.require_start(request, execution, newest)

        return permit

    def _require_start(self, request: ApiRequest, definition: str) -> None:
        """Refuse a caller who may not start a definition.

        Raises:
            MissingRightError: that is not given.
        """
        if (problem := request.admission.problem(_STARTS, definition)) is not None:
            raise MissingRightError(f"that {problem}")

    def _concealed(self, request: ApiRequest, content: ScheduleContent) -> str | None:
        """Tell why the caller may not see the input; None: they may."""
        return self.support.conditions.concealed_of(request, content.definition, content.version)

    def _changed(self, request: ApiRequest, schedule: Schedule) -> Response:
        return web.answer(self._whole(request, schedule))

    def _header(self, schedule: Schedule) -> dict[str, Json]:
        return _view(schedule, [format_instant(time) for time in schedule.coming(self.service.clock.now())])

    def _whole(self, request: ApiRequest, schedule: Schedule) -> dict[str, Json]:
        declared, content = operations(), schedule.content
        is_stopped = self.support.gatekeeper.is_stopped(schedule.tenant_id)

        def refused(action: str) -> str | None:
            is_start = action in {"start", "resume"}
            unmet = (action == "pause" and schedule.paused) or (action == "resume" and not schedule.paused)
            return (
                request.admission.problem(declared[f"{action}_schedule"]["right"], schedule.name)
                or (request.admission.problem(_STARTS, content.definition) if is_start else None)
                or ("the tenant is stopped" if is_start and is_stopped else None)
                or ("it is paused" if unmet and schedule.paused else "it is not paused" if unmet else None)
            )

        actions = actions_json(refused, ["put", "delete", "pause", "resume", "start"])
        hidden = self._concealed(request, content)
        shown: dict[str, Json] = {"input": content.input} if hidden is None else {"input": None, "hidden": hidden}
        return {**self._header(schedule), **shown, "actions": actions}


class _Seen:
    """What a schedule says before it is changed: the condition of the change sees it last."""

    def __init__(self, request: ApiRequest) -> None:
        self._condition: ScheduleCondition | None = condition(
            request, lambda found: None if found is None else _version(found)
        )
        self.document: Json = None

    def require(self, found: Schedule | DamagedError | None) -> None:
        """Hold the condition of the request against a schedule, or that there is none."""
        self.document = content_document(found.content) if isinstance(found, Schedule) else unread(found)
        if self._condition is not None:
            self._condition(found)


def _place(request: ApiRequest) -> tuple[str, str]:
    return request.path["tenantId"], request.path["name"]


def _version(schedule: Schedule) -> str:
    """Name what people say of a schedule now: what was deleted and made anew is numbered anew, and changed later."""
    return f"{schedule.revision}-{schedule.changed_at:%Y%m%d%H%M%S%f}"


def _view(schedule: Schedule, coming: list[Json]) -> dict[str, Json]:
    shown: Mapping[str, Json] = content_document(schedule.content)
    last, problem, skipped = schedule.last, schedule.problem, schedule.skipped_at
    return {
        "name": schedule.name,
        **{name: said for name, said in shown.items() if name != "input"},
        "paused": schedule.paused,
        "next": coming,
        "last": None if last is None else {"at": format_instant(last.at), "execution": last.execution},
        "skippedAt": None if skipped is None else format_instant(skipped),
        "problem": None if problem is None else {"at": format_instant(problem.at), "message": problem.message},
        "changedAt": format_instant(schedule.changed_at),
        "changedBy": schedule.changed_by,
    }
