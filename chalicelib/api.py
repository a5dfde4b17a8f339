"""What each route answers: a request taken apart, a use case, its result as JSON."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from chalice.app import Request, Response

from chalicelib import web
from chalicelib.core.document import failure_json
from chalicelib.core.errors import InvalidDefinitionError, InvalidError
from chalicelib.core.model import Execution, Status, Thread
from chalicelib.core.values import Json, Problem, format_instant, parse_instant
from chalicelib.ports import DefinitionRecord, Position, Summary
from chalicelib.reader import Places, write_yaml
from chalicelib.service import Service

NAME = r"[A-Za-z0-9._-]{1,64}"
MAX_VERSION = 10**9
MAX_WAIT = 25
"""Seconds: API Gateway gives up after 29 (Amazon API Gateway quotas, "Integration timeout")."""


@dataclass(frozen=True, slots=True)
class Api:
    """The routes, over the use cases."""

    service: Service
    health_of_parts: Callable[[], Mapping[str, str]]

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
            record, new = self.service.create_definition(tenant, document)
        except InvalidDefinitionError as error:
            raise InvalidDefinitionError(str(error), _located(error.problems, places)) from None
        where = {"Location": f"/sedo/tenants/{tenant}/definitions/{record.id}?version={record.version}"}
        return web.answer(_definition(record), HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    @web.explained
    def validate_definition(self, request: Request, tenant: str) -> Response:
        """Tell every problem of a definition, without keeping it."""
        web.part(tenant, "tenantId")
        document, places = web.document(request)
        problems = _located(self.service.check_definition(document), places)
        return web.answer({"valid": not problems, "problems": web.problems_json(problems)})

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
            web.part(tenant, "tenantId"), web.part(definition, "definition"), **wanted
        )
        if wait:
            execution = self.service.read_execution(execution.tenant_id, execution.id, wait)
        where = {"Location": f"/sedo/tenants/{execution.tenant_id}/executions/{execution.id}"}
        return web.answer(_execution(execution), HTTPStatus.CREATED if new else HTTPStatus.OK, where)

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
        return web.answer(_execution(found))

    @web.explained
    def read_history(self, request: Request, tenant: str, execution: str) -> Response:
        """List the records of an execution, oldest first."""
        (version, index), limit = web.cursor(request, int, int) or [1, 0], web.limit(request)
        rows, more = self.service.read_history(
            web.part(tenant, "tenantId"), web.execution_part(execution), limit + 1, max(version, 1) - 1
        )
        records = [(row.version, n, dict(record)) for row in rows for n, record in enumerate(row.records)]
        ahead = [each for each in records if each[:2] >= (version, index)]
        following: list[Json] | None = [rows[-1].version + 1, 0] if more else None
        if len(ahead) > limit:
            following = list(ahead[limit][:2])
        return web.page(request, [record for _, _, record in ahead[:limit]], following)


def _located(problems: Any, places: Places | None) -> list[Problem]:  # noqa: ANN401 - any sequence of problems
    return list(problems) if places is None else places.locate(problems)


def _start(body: Json) -> dict[str, Any]:
    """Take the body of an execute request apart."""
    if not isinstance(body, dict):
        raise InvalidError('the body is an object: {"input": …}')
    if unknown := body.keys() - {"input", "name", "version"}:
        raise InvalidError(f"the body has no {min(unknown)!r}: it takes input, name and version")
    name, version = body.get("name"), body.get("version")
    if name is not None:
        name = web.part(name if isinstance(name, str) else "", "name", NAME)
    if version is not None and (type(version) is not int or not 1 <= version <= MAX_VERSION):
        raise InvalidError(f"version is a whole number from 1 to {MAX_VERSION}")
    return {"value": body.get("input", {}), "name": name, "version": version}


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
    }


def _execution(execution: Execution) -> dict[str, Json]:
    header = Summary(
        execution.id,
        execution.tenant_id,
        execution.definition_id,
        execution.definition_version,
        execution.state,
        execution.step,
        execution.started_at,
        execution.ended_at,
    )
    threads = list(execution.threads.values())
    return {
        **_summary(header),
        "input": execution.input,
        "output": execution.output,
        "error": None if execution.error is None else failure_json(execution.error),
        "stash": dict(threads[0].stash if threads else execution.stash),
        "threads": [_thread(thread) for thread in threads],
        "waitingFor": [_waiting(thread) for thread in threads if thread.status is not Status.JOINING],
    }


def _thread(thread: Thread) -> Json:
    return {
        "id": thread.id,
        "step": thread.step,
        "status": thread.status.value,
        "turn": thread.turn,
        "startedAt": format_instant(thread.started_at),
    }


def _waiting(thread: Thread) -> Json:
    """Tell what moves a thread on: its timer, or a message that is in flight."""
    if thread.until is not None:
        return {"thread": thread.id, "for": "timer", "until": format_instant(thread.until)}
    return {"thread": thread.id, "for": "message"}
