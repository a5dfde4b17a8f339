"""What each route answers: a request taken apart, a use case, its result as JSON."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response

from chalicelib import web
from chalicelib.core.dataclass import dataclass
from chalicelib.core.document import failure_json
from chalicelib.core.errors import InvalidDefinitionError, InvalidError
from chalicelib.core.model import ROOT, Asking, Awaited, Execution, State, Status, Thread
from chalicelib.core.outbox import living
from chalicelib.core.task import task_id
from chalicelib.core.values import Json, Problem, format_instant, parse_instant
from chalicelib.ports import DefinitionRecord, Position, Summary
from chalicelib.reader import Places, write_yaml
from chalicelib.service import Service

STASH_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,63}"
STEP = r"[a-z0-9-]{1,64}"
NAME = r"[A-Za-z0-9._-]{1,64}"
MAX_VERSION = 10**9
MAX_WAIT = 25
"""Seconds: API Gateway gives up after 29 (Amazon API Gateway quotas, "Integration timeout")."""
MOST_FILLED = 3_000_000
"""Bytes of values that a page of history puts back into its records: an answer has 6 MB (AWS Lambda quotas)."""


@dataclass(frozen=True, slots=True)
class Api:
    """The routes, over the use cases."""

    service: Service
    health_of_parts: Callable[[], Mapping[str, str]]
    token: Callable[[str, str, int], str]
    """Makes the callback token of an execution's thread at a turn."""

    @web.explained
    def health(self, request: Request) -> Response:  # noqa: ARG002 - every route takes one
        """Tell whether every table and queue answers."""
        parts: dict[str, Json] = dict(self.health_of_parts())
        if all(state == "ok" for state in parts.values()):
            return web.answer({"status": "ok", "parts": parts})
        failing = ", ".join(name for name, state in parts.items() if state != "ok")
        return web.problem(
            "sedo is not healthy", f"not working: {failing}", HTTPStatus.SERVICE_UNAVAILABLE, parts=parts
        )

    # -- definitions

    @web.explained
    def create_definition(self, request: Request, tenant: str) -> Response:
        """Keep a definition: 201 with a new version, 200 if the newest version has this content."""
        tenant = web.part(tenant, "tenantId")
        document, places = web.document(request)
        try:
            record, new, warnings = self.service.create_definition(tenant, document)
        except InvalidDefinitionError as error:
            raise InvalidDefinitionError(str(error), _located(error.problems, places)) from None
        where = {"Location": f"/sedo/tenants/{tenant}/definitions/{record.id}?version={record.version}"}
        odd: dict[str, Json] = {"warnings": web.problems_json(_located(warnings, places))} if warnings else {}
        return web.answer(_definition(record) | odd, HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    @web.explained
    def validate_definition(self, request: Request, tenant: str) -> Response:
        """Tell every problem of a definition, and what is odd about a valid one, without keeping it."""
        tenant = web.part(tenant, "tenantId")
        document, places = web.document(request)
        found = self.service.check_definition(tenant, document)
        told = {"problems": found.problems, "warnings": found.warnings}
        answer = {key: web.problems_json(_located(problems, places)) for key, problems in told.items()}
        return web.answer({"valid": not found.problems, **answer})

    @web.explained
    def list_definitions(self, request: Request, tenant: str) -> Response:
        """List the newest versions, by id."""
        after, limit = web.cursor(request, str), web.limit(request)
        found = self.service.list_definitions(web.part(tenant, "tenantId"), limit + 1, after[0] if after else None)
        following: list[Json] | None = [found[limit - 1].id] if len(found) > limit else None
        return web.page(request, [_definition(record) for record in found[:limit]], following)

    @web.explained
    def read_definition(self, request: Request, tenant: str, definition: str) -> Response:
        """Read a version: as it was posted in YAML, with what is known of it in JSON."""
        version = None if web.query(request, "version") is None else web.number(request, "version", 1, MAX_VERSION)
        record = self.service.read_definition(web.part(tenant, "tenantId"), web.part(definition, "definition"), version)
        if web.wants_yaml(request):
            return Response(write_yaml(record.document), {"Content-Type": "application/yaml"}, HTTPStatus.OK)
        return web.answer({**record.document, **_definition(record)})

    @web.explained
    def retire_definition(self, request: Request, tenant: str, definition: str) -> Response:  # noqa: ARG002 - the same
        """Let no new execution start."""
        self.service.retire_definition(web.part(tenant, "tenantId"), web.part(definition, "definition"))
        return Response("", status_code=HTTPStatus.NO_CONTENT)

    # -- executions

    @web.explained
    def execute(self, request: Request, tenant: str, definition: str) -> Response:
        """Start an execution: 201, or 200 with the first one of the same name and input."""
        wanted = _start(web.body(request))
        wait = web.number(request, "wait", 0, MAX_WAIT, least=0)
        execution, new = self.service.execute(
            web.part(tenant, "tenantId"), web.part(definition, "definition"), **wanted, started_by=web.actor(request)
        )
        if wait:
            execution = self.service.read_execution(execution.tenant_id, execution.id, wait)
        where = {"Location": f"/sedo/tenants/{execution.tenant_id}/executions/{execution.id}"}
        return web.answer(self.told(execution), HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    @web.explained
    def list_executions(self, request: Request, tenant: str) -> Response:
        """List executions, newest first."""
        after, limit = web.cursor(request, str, str), web.limit(request)
        position = None if after is None else _position(*after)
        found = self.service.list_executions(web.part(tenant, "tenantId"), limit + 1, position)
        last = found[limit - 1] if len(found) > limit else None
        following: list[Json] | None = None if last is None else [format_instant(last.started_at), last.id]
        return web.page(request, [_summary(summary) for summary in found[:limit]], following)

    @web.explained
    def read_execution(self, request: Request, tenant: str, execution: str) -> Response:
        """Tell all about an execution."""
        wait = web.number(request, "wait", 0, MAX_WAIT, least=0)
        found = self.service.read_execution(web.part(tenant, "tenantId"), web.execution_part(execution), wait)
        return web.answer(self.told(found))

    @web.explained
    def cancel(self, request: Request, tenant: str, execution: str) -> Response:
        """End an execution and what it has begun."""
        web.no_body(request)
        wanted = web.part(tenant, "tenantId"), web.execution_part(execution)
        return web.answer(self.told(self.service.cancel(*wanted, web.actor(request))))

    @web.explained
    def pause(self, request: Request, tenant: str, execution: str) -> Response:
        """Let an execution and what it has begun stand still."""
        web.no_body(request)
        wanted = web.part(tenant, "tenantId"), web.execution_part(execution)
        return web.answer(self.told(self.service.pause(*wanted, web.actor(request))))

    @web.explained
    def resume(self, request: Request, tenant: str, execution: str) -> Response:
        """Let a paused execution go on."""
        web.no_body(request)
        wanted = web.part(tenant, "tenantId"), web.execution_part(execution)
        return web.answer(self.told(self.service.resume(*wanted, web.actor(request))))

    @web.explained
    def redrive(self, request: Request, tenant: str, execution: str) -> Response:
        """Let an execution go on after its end, from where it stopped or from a step."""
        changes = _redrive({} if not web.raw(request).strip() else web.body(request))
        wanted = web.part(tenant, "tenantId"), web.execution_part(execution)
        return web.answer(self.told(self.service.redrive(*wanted, web.actor(request), **changes)))

    def told(self, execution: Execution) -> Json:
        """Tell all about an execution, and what it waits for now."""
        return _execution(execution, self.service.clock.now(), self.token)

    @web.explained
    def read_history(self, request: Request, tenant: str, execution: str) -> Response:
        """List the records of an execution, oldest first."""
        (after, skipped), limit = web.cursor(request, int, int) or [0, 0], web.limit(request)
        tenant_id = web.part(tenant, "tenantId")
        rows, more = self.service.read_history(tenant_id, web.execution_part(execution), limit + 1, max(after, 0))
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


def _located(problems: Any, places: Places | None) -> list[Problem]:  # noqa: ANN401 - any sequence of problems
    return list(problems) if places is None else places.locate(problems)


def _start(body: Json) -> dict[str, Any]:
    """Take the body of an execute request apart."""
    if not isinstance(body, dict):
        raise InvalidError('the body is an object: {"input": …}')
    if unknown := body.keys() - {"input", "name", "version"}:
        raise InvalidError(f"the body has no {min(unknown)!r}: it takes input, name and version")
    name = body.get("name")
    if name is not None:
        name = web.part(name if isinstance(name, str) else "", "name", NAME)
    return {"value": body.get("input", {}), "name": name, "version": _version(body.get("version"))}


def _redrive(body: Json) -> dict[str, Any]:
    """Take the body of a redrive request apart."""
    if not isinstance(body, dict):
        raise InvalidError('the body is an object: {"step": …, "stash": {…}, "version": …}, or nothing')
    if unknown := body.keys() - {"step", "stash", "version"}:
        raise InvalidError(f"the body has no {min(unknown)!r}: it takes step, stash and version")
    step, stash, version = body.get("step"), body.get("stash"), body.get("version")
    if step is not None and not (isinstance(step, str) and re.fullmatch(STEP, step)):
        raise InvalidError("step is the id of a step of the top list: steps inside of others cannot be gone on from")
    if stash is not None and not isinstance(stash, dict):
        raise InvalidError("stash is an object: names to set, or to take out with null")
    wrong = [name for name in stash or {} if not re.fullmatch(STASH_NAME, name)]
    if wrong:
        raise InvalidError(f"{wrong[0]!r} is no name in a stash: letters, digits and _, and no digit first")
    return {"step": step, "stash": stash, "version": _version(version)}


def _version(version: Json) -> int | None:
    if version is not None and (type(version) is not int or not 1 <= version <= MAX_VERSION):
        raise InvalidError(f"version is a whole number from 1 to {MAX_VERSION}")
    return version


def _position(started_at: str, execution_id: str) -> Position:
    try:
        return Position(parse_instant(started_at), execution_id)
    except (ValueError, OverflowError) as error:  # an offset can carry an instant out of the calendar
        raise InvalidError("cursor is not one that a Link header gave: leave it out to begin") from error


def _definition(record: DefinitionRecord) -> dict[str, Json]:
    told: dict[str, Json] = {key: record.document[key] for key in ("title", "description") if key in record.document}
    return {
        "id": record.id,
        "tenantId": record.tenant_id,
        "version": record.version,
        **told,
        "createdAt": format_instant(record.created_at),
    }


def _summary(summary: Summary) -> dict[str, Json]:
    return {
        "id": summary.id,
        "tenantId": summary.tenant_id,
        "definitionId": summary.definition_id,
        "version": summary.definition_version,
        "state": str(summary.state),
        "step": summary.step,
        "startedAt": format_instant(summary.started_at),
        "endedAt": None if summary.ended_at is None else format_instant(summary.ended_at),
        "parentId": summary.parent_id,
    }


def _execution(execution: Execution, now: datetime, token: Callable[[str, str, int], str]) -> dict[str, Json]:
    header = Summary(
        execution.id,
        execution.tenant_id,
        execution.definition_id,
        execution.definition_version,
        execution.state,
        execution.step,
        execution.started_at,
        execution.ended_at,
        None if execution.parent is None else execution.parent.execution,
    )
    threads = [] if execution.ended else [t for t in execution.threads.values() if t.status is not Status.OVER]
    return {
        **_summary(header),
        "startedBy": execution.started_by,
        "deadline": None if execution.deadline is None else format_instant(execution.deadline),
        "paused": execution.paused,
        "pausedAt": None if execution.paused_at is None else format_instant(execution.paused_at),
        "input": execution.input,
        "output": execution.output,
        "error": None if execution.error is None else failure_json(execution.error),
        "stash": dict(execution.threads[ROOT].stash if threads else execution.stash),
        "threads": [_thread(thread) for thread in threads],
        "waitingFor": [waits for thread in threads for waits in _waiting(execution, thread, now, token)],
        "actions": _actions(execution),
    }


def _thread(thread: Thread) -> Json:
    return {
        "id": thread.id,
        "step": thread.step,
        "status": thread.status.value,
        "turn": thread.turn,
        "attempt": thread.attempt,
        "startedAt": format_instant(thread.started_at),
    }


def _waiting(
    execution: Execution, thread: Thread, now: datetime, token: Callable[[str, str, int], str]
) -> Iterator[Json]:
    """Tell what moves a thread on: a timer, executions that it started, somebody's answer, or a message in flight."""
    about: dict[str, Json] = {"thread": thread.id, "step": thread.step}
    if thread.asking is not None:
        due: dict[str, Json] = {}
        if thread.until is not None:
            due = {"until": format_instant(thread.until), "due": thread.until <= now}
        yield {**about, "for": thread.asking.what.value, **_asked(execution, thread, thread.asking, token), **due}
    elif thread.until is not None:
        what = "retry" if thread.status is Status.RETRYING else "timer"
        yield {**about, "for": what, "until": format_instant(thread.until), "due": thread.until <= now}
    elif thread.status is Status.AWAITING:
        yield from ({**about, "for": "child", "execution": name} for name in living(execution, thread))
    elif thread.status is Status.READY:
        yield {**about, "for": "resume" if execution.paused else "message"}
    if thread.deadline is not None and thread.status is not Status.READY:
        yield {**about, "for": "timeout", "until": format_instant(thread.deadline), "due": thread.deadline <= now}


def _asked(
    execution: Execution, thread: Thread, asking: Asking, token: Callable[[str, str, int], str]
) -> dict[str, Json]:
    """Tell how to answer."""
    match asking.what:
        case Awaited.CALLBACK:
            return {"token": token(execution.id, thread.id, thread.turn)}
        case Awaited.EVENT:
            return {"name": asking.name, "key": asking.event_key}
        case Awaited.TASK:
            return {"task": task_id(execution.id, thread.id, thread.turn)}


def _actions(execution: Execution) -> dict[str, Json]:
    """Tell what can be asked of an execution, and of what cannot the reason."""
    state = execution.state.value
    over = f"it is {state}" if execution.ended else None
    reasons = {
        "cancel": over,
        "pause": over or ("it is paused already" if execution.paused else None),
        "resume": over or (None if execution.paused else "it is not paused"),
        "redrive": None if over and execution.state is not State.SUCCEEDED else f"it is {state}",
    }
    return {name: {"possible": reason is None, "reason": reason} for name, reason in reasons.items()}
