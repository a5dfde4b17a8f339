"""What the routes of tasks answer."""

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.actions import refusals
from chalicelib.api.contract import ApiRequest
from chalicelib.api.filters import between
from chalicelib.api.support import ApiSupport
from chalicelib.api.values import value_answer, value_link
from chalicelib.core.records.shown import shorten
from chalicelib.core.values.errors import ConditionError
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import Task, TaskFilter, TaskStatus, summary_json, task_json, task_slots
from chalicelib.usecases.tasks import TaskService
from chalicelib.usecases.values import DownloadService, find, held

WORKING = "tasks:work"
PLACES = "/description, /inputSchema, /uiSchema, /data, /answer or /reason"


@value
class TaskApi:
    """The routes, over the use cases."""

    support: ApiSupport
    tasks: TaskService
    downloads: DownloadService | None

    @web.operation
    def list_tasks(self, request: ApiRequest) -> Response:
        """List tasks, newest first."""
        after, limit = web.position(request), request.query["limit"]
        found = self.tasks.find(request.path["tenantId"], self._filter(request), limit + 1, after)
        return web.page_of(request, found, summary_json, lambda task: [format_instant(task.created_at), task.id])

    @web.operation
    def read_task(self, request: ApiRequest) -> Response:
        """Show all about a task."""
        return self._view(request, self.tasks.read(*self._place(request)))

    @web.operation
    def claim_task(self, request: ApiRequest) -> Response:
        """Let others see that the caller does it."""
        return self._view(request, self.tasks.claim(*self._place(request), request.admission.person()))

    @web.operation
    def release_task(self, request: ApiRequest) -> Response:
        """Leave it to others."""
        return self._view(request, self.tasks.release(*self._place(request), request.admission.person()))

    @web.operation
    def reassign_task(self, request: ApiRequest) -> Response:
        """Give it to others."""
        assignees, groups = tuple(request.body["assignees"]), tuple(request.body["groups"])
        return self._view(
            request, self.tasks.reassign(*self._place(request), request.admission.person(), assignees, groups)
        )

    @web.operation
    def complete_task(self, request: ApiRequest) -> Response:
        """Take the answer."""
        answer, key = request.body["answer"], request.header["Idempotency-Key"]
        return self._view(request, self.tasks.complete(*self._place(request), request.admission.person(), answer, key))

    @web.operation
    def reject_task(self, request: ApiRequest) -> Response:
        """Hear that it will not be done."""
        reason, key = request.body["reason"], request.header["Idempotency-Key"]
        return self._view(request, self.tasks.reject(*self._place(request), request.admission.person(), reason, key))

    def _place(self, request: ApiRequest) -> tuple[str, str]:
        """Tell the tenant and the id of a task that the caller has the right to; the task tells whose it is.

        Raises:
            TaskNotFoundError: there is none.
            MissingRightError: the right is missing.
            ConditionError: the caller does not meet the condition of the definition.
        """
        works = request.admission.right == WORKING and request.admission.subject is not None
        if works or request.admission.names is not None:
            task = self.tasks.read(*request.place)
            request.admission.require(task.definition_id)
            if works and (problem := self.support.conditions.problem_of_task(request, task)) is not None:
                raise ConditionError(f"that {problem}")
        return request.place

    def _view(self, request: ApiRequest, task: Task) -> Response:
        """Answer with a task as whoever asks sees it."""
        person = request.admission.person() if request.admission.actor else None
        refused = refusals(
            request, "{}_task", task.definition_id, lambda: self.support.conditions.problem_of_task(request, task)
        )
        shown = task_json(task, person, refused)
        route = f"/sedo/tenants/{task.tenant_id}/tasks/{task.id}/values"
        return web.answer(shorten(task.tenant_id, shown, task_slots, lambda place: value_link(route, place)))

    @web.operation
    def read_task_value(self, request: ApiRequest) -> Response:
        """Read a value of a task."""
        task = self.tasks.read(*self._place(request))
        found = held(task.tenant_id, find(task_slots(task_json(task, None)), request.query["at"], PLACES))
        return value_answer(request, found, self.tasks.clock.now(), self.downloads)

    def _filter(self, request: ApiRequest) -> TaskFilter:
        """Read from the query which tasks are wanted."""
        query, (since, until) = request.query, between(request)
        user, group = query["assignee"], query["group"]
        groups = frozenset() if group is None else frozenset({group})
        if query["mine"]:
            me = request.admission.person()
            user, groups = me.user, groups | me.groups
        return TaskFilter(
            status=TaskStatus(query["status"] or TaskStatus.OPEN),
            user=user,
            groups=tuple(sorted(groups)),
            open_to=user if query["mine"] else None,
            definition=query["definition"],
            execution=query["execution"],
            claimed_by=query["claimedBy"],
            unclaimed=query["unclaimed"],
            overdue=query["overdue"],
            min_priority=query["priority"] or None,
            since=since,
            until=until,
            oldest_first=query["sort"] == "createdAt",
            names=request.admission.names,
        )
