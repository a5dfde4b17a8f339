"""What the routes of executions answer."""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response

from chalicelib.api import http as web
from chalicelib.api.execution_view import execution_view, summary_view
from chalicelib.core.executions.model import Execution
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, format_instant, parse_instant
from chalicelib.core.values.value import value
from chalicelib.ports import Position
from chalicelib.usecases.executions import ExecutionService

NAME = r"[A-Za-z0-9._-]{1,64}"
MAX_WAIT = LIMITS.wait_seconds
MOST_FILLED = LIMITS.filled_bytes


@value
class ExecutionApi:
    """The routes, over the use cases."""

    service: ExecutionService
    token: Callable[[str, str, int], str]
    """Makes the callback token of an execution's thread at a turn."""

    @web.explained
    def execute(self, request: Request, tenant: str, definition: str) -> Response:
        """Start an execution: 201, or 200 with the first one of the same name and input."""
        wanted = _start(web.body(request))
        wait = web.number(request, "wait", 0, MAX_WAIT, least=0)
        execution, new = self.service.execute(
            web.path_param(tenant, "tenantId"),
            web.path_param(definition, "definition"),
            **wanted,
            started_by=web.actor(request),
        )
        if wait:
            execution = self.service.read_execution(execution.tenant_id, execution.id, wait)
        where = {"Location": f"/sedo/tenants/{execution.tenant_id}/executions/{execution.id}"}
        return web.answer(self.view(execution), HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    @web.explained
    def list_executions(self, request: Request, tenant: str) -> Response:
        """List executions, newest first."""
        after, limit = web.cursor(request, str, str), web.limit(request)
        position = None if after is None else _position(*after)
        found = self.service.list_executions(web.path_param(tenant, "tenantId"), limit + 1, position)
        last = found[limit - 1] if len(found) > limit else None
        following: list[Json] | None = None if last is None else [format_instant(last.started_at), last.id]
        return web.page(request, [summary_view(summary) for summary in found[:limit]], following)

    @web.explained
    def read_execution(self, request: Request, tenant: str, execution: str) -> Response:
        """Tell all about an execution."""
        wait = web.number(request, "wait", 0, MAX_WAIT, least=0)
        found = self.service.read_execution(web.path_param(tenant, "tenantId"), web.execution_param(execution), wait)
        return web.answer(self.view(found))

    @web.explained
    def cancel(self, request: Request, tenant: str, execution: str) -> Response:
        """End an execution and what it has begun."""
        web.no_body(request)
        wanted = web.path_param(tenant, "tenantId"), web.execution_param(execution)
        return web.answer(self.view(self.service.cancel(*wanted, web.actor(request))))

    @web.explained
    def pause(self, request: Request, tenant: str, execution: str) -> Response:
        """Let an execution and what it has begun stand still."""
        web.no_body(request)
        wanted = web.path_param(tenant, "tenantId"), web.execution_param(execution)
        return web.answer(self.view(self.service.pause(*wanted, web.actor(request))))

    @web.explained
    def resume(self, request: Request, tenant: str, execution: str) -> Response:
        """Let a paused execution go on."""
        web.no_body(request)
        wanted = web.path_param(tenant, "tenantId"), web.execution_param(execution)
        return web.answer(self.view(self.service.resume(*wanted, web.actor(request))))

    @web.explained
    def redrive(self, request: Request, tenant: str, execution: str) -> Response:
        """Let an execution go on after its end, from where it stopped or from a step."""
        changes = _redrive({} if not web.raw(request).strip() else web.body(request))
        wanted = web.path_param(tenant, "tenantId"), web.execution_param(execution)
        return web.answer(self.view(self.service.redrive(*wanted, web.actor(request), **changes)))

    def view(self, execution: Execution) -> Json:
        """Tell all about an execution, and what it waits for now."""
        return execution_view(execution, self.service.clock.now(), self.token)

    @web.explained
    def read_history(self, request: Request, tenant: str, execution: str) -> Response:
        """List the records of an execution, oldest first."""
        (after, skipped), limit = web.cursor(request, int, int) or [0, 0], web.limit(request)
        tenant_id = web.path_param(tenant, "tenantId")
        rows, more = self.service.read_history(tenant_id, web.execution_param(execution), limit + 1, max(after, 0))
        # A record is told by the row before its own: its own is another one once the newest have moved into a row.
        starts = [after, *(row.version for row in rows)]
        records = [
            (start, n, each) for start, row in zip(starts, rows, strict=False) for n, each in enumerate(row.records)
        ]
        ahead = [each for each in records if each[:2] >= (after, skipped)]
        following: list[Json] | None = [starts[-1], 0] if more else None
        if len(ahead) > limit:
            following = list(ahead[limit][:2])
        shown = [record for _, _, record in ahead[:limit]]
        self.service.history.fill(tenant_id, shown, MOST_FILLED)
        return web.page(request, [*shown], following)


def _start(body: Json) -> dict[str, Any]:
    """Take the body of an execute request apart."""
    if not isinstance(body, dict):
        raise InvalidError('the body is an object: {"input": …}')
    if unknown := body.keys() - {"input", "name", "version"}:
        raise InvalidError(f"the body has no {min(unknown)!r}: it takes input, name and version")
    name = body.get("name")
    if name is not None:
        name = web.path_param(name if isinstance(name, str) else "", "name", NAME)
    return {"value": body.get("input", {}), "name": name, "version": _version(body.get("version"))}


def _redrive(body: Json) -> dict[str, Any]:
    """Take the body of a redrive request apart."""
    if not isinstance(body, dict):
        raise InvalidError('the body is an object: {"step": …, "stash": {…}, "version": …}, or nothing')
    if unknown := body.keys() - {"step", "stash", "version"}:
        raise InvalidError(f"the body has no {min(unknown)!r}: it takes step, stash and version")
    step, stash, version = body.get("step"), body.get("stash"), body.get("version")
    if step is not None and not (isinstance(step, str) and re.fullmatch(web.STEP, step)):
        raise InvalidError("step is the id of a step of the top list: steps inside of others cannot be gone on from")
    if stash is not None and not isinstance(stash, dict):
        raise InvalidError("stash is an object: names to set, or to take out with null")
    wrong = [name for name in stash or {} if not re.fullmatch(web.STASH_NAME, name)]
    if wrong:
        raise InvalidError(f"{wrong[0]!r} is no name in a stash: letters, digits and _, and no digit first")
    return {"step": step, "stash": stash, "version": _version(version)}


def _version(version: Json) -> int | None:
    if version is not None and (type(version) is not int or not 1 <= version <= web.MAX_VERSION):
        raise InvalidError(f"version is a whole number from 1 to {web.MAX_VERSION}")
    return version


def _position(started_at: str, execution_id: str) -> Position:
    try:
        return Position(parse_instant(started_at), execution_id)
    except (ValueError, OverflowError) as error:  # an offset can carry an instant out of the calendar
        raise InvalidError("cursor is not one that a Link header gave: leave it out to begin") from error
