"""What the routes of tasks answer."""

from chalice.app import Request, Response

from chalicelib.api import http as web
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, format_instant, parse_instant
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import Task, TaskFilter, TaskStatus, summary_json, task_json
from chalicelib.ports import Position
from chalicelib.usecases.tasks import TaskService

TASK = r"[0-9a-f]{1,64}"
KEY = r"[A-Za-z0-9._:/-]{1,200}"
MAX_PRIORITY = LIMITS.task_priority
MAX_REASON = LIMITS.task_reason_chars
MAX_NAMES = LIMITS.task_names


@value
class TaskApi:
    """The routes, over the use cases."""

    tasks: TaskService

    @web.explained
    def find(self, request: Request, tenant: str) -> Response:
        """List tasks, newest first."""
        after, limit = web.cursor(request, str, str), web.limit(request)
        position = None if after is None else _position(*after)
        found = self.tasks.find(web.path_param(tenant, "tenantId"), _filter(request), limit + 1, position)
        last = found[limit - 1] if len(found) > limit else None
        following: list[Json] | None = None if last is None else [format_instant(last.created_at), last.id]
        return web.page(request, [summary_json(task) for task in found[:limit]], following)

    @web.explained
    def read(self, request: Request, tenant: str, task: str) -> Response:
        """Tell all about a task."""
        return self._told(request, self.tasks.read(*_place(tenant, task)))

    @web.explained
    def claim(self, request: Request, tenant: str, task: str) -> Response:
        """Let others see that the caller does it."""
        web.no_body(request)
        return self._told(request, self.tasks.claim(*_place(tenant, task), web.person(request)))

    @web.explained
    def release(self, request: Request, tenant: str, task: str) -> Response:
        """Leave it to others."""
        web.no_body(request)
        return self._told(request, self.tasks.release(*_place(tenant, task), web.person(request)))

    @web.explained
    def reassign(self, request: Request, tenant: str, task: str) -> Response:
        """Give it to others."""
        body = web.members(request, "assignees", "groups")
        assignees, groups = _names(body, "assignees"), _names(body, "groups")
        if not assignees and not groups:
            raise InvalidError("say whose it is now: assignees, groups, or both")
        return self._told(request, self.tasks.reassign(*_place(tenant, task), web.person(request), assignees, groups))

    @web.explained
    def complete(self, request: Request, tenant: str, task: str) -> Response:
        """Take the answer."""
        answer = web.members(request, "answer").get("answer")
        return self._told(
            request, self.tasks.complete(*_place(tenant, task), web.person(request), answer, _key(request))
        )

    @web.explained
    def reject(self, request: Request, tenant: str, task: str) -> Response:
        """Hear that it will not be done."""
        reason = web.members(request, "reason").get("reason", "")
        if not isinstance(reason, str) or len(reason) > MAX_REASON:
            raise InvalidError(f"reason is a text of at most {MAX_REASON:,} characters, for people")
        return self._told(request, self.tasks.reject(*_place(tenant, task), web.person(request), reason, _key(request)))

    def _told(self, request: Request, task: Task) -> Response:
        return web.answer(task_json(task, web.person(request) if web.actor(request) else None))


def _place(tenant: str, task: str) -> tuple[str, str]:
    return web.path_param(tenant, "tenantId"), web.path_param(task, "task", TASK)


def _key(request: Request) -> str | None:
    """Read the caller's own name for what it asks, under which a repeat is known."""
    given = request.headers.get("Idempotency-Key")
    return None if given is None else web.path_param(given, "Idempotency-Key", KEY)


def _names(body: dict[str, Json], name: str) -> tuple[str, ...]:
    found = body.get(name, [])
    if not isinstance(found, list) or len(found) > MAX_NAMES or not all(map(_is_name, found)):
        raise InvalidError(f"{name} is a list of at most {MAX_NAMES} names")
    return tuple(map(str, found))


def _is_name(given: Json) -> bool:
    return isinstance(given, str) and 0 < len(given) <= MAX_NAMES


def _filter(request: Request) -> TaskFilter:
    """Read from the query which tasks are wanted."""
    status = web.query(request, "status") or TaskStatus.OPEN.value
    if status not in list(TaskStatus):
        raise InvalidError(f"status is one of {', '.join(TaskStatus)}")
    user, group = web.query(request, "assignee"), web.query(request, "group")
    groups = frozenset() if group is None else frozenset({group})
    if web.flag(request, "mine"):
        me = web.person(request)
        user, groups = me.user, groups | me.groups
    return TaskFilter(
        status=TaskStatus(status),
        user=user,
        groups=tuple(sorted(groups)),
        definition=web.query(request, "definition"),
        execution=web.query(request, "execution"),
        claimed_by=web.query(request, "claimedBy"),
        unclaimed=web.flag(request, "unclaimed"),
        overdue=web.flag(request, "overdue"),
        min_priority=web.number(request, "priority", 0, MAX_PRIORITY, least=0) or None,
    )


def _position(created_at: str, task: str) -> Position:
    try:
        return Position(parse_instant(created_at), web.path_param(task, "cursor", TASK))
    except (ValueError, OverflowError) as error:  # an offset can carry an instant out of the calendar
        raise InvalidError("cursor is not one that a Link header gave: leave it out to begin") from error
