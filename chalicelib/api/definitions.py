"""What the routes of definitions answer."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.actions import refusals
from chalicelib.api.conditional import condition, unread
from chalicelib.api.contract import ApiRequest, raw
from chalicelib.api.parsing import Places, write_yaml
from chalicelib.api.support import ApiSupport
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.values.actions import actions_json
from chalicelib.core.values.errors import (
    DamagedError,
    DefinitionNotFoundError,
    InvalidDefinitionError,
    InvalidError,
)
from chalicelib.core.values.json import Json, Problem, format_instant
from chalicelib.core.values.value import value
from chalicelib.engine import optimistic
from chalicelib.usecases.definitions import DefinitionService

ACTIONS = ("execute", "dry_run", "retire")
"""Operations on a definition, whose ids end in ``_definition``."""


@value
class DefinitionApi:
    """The routes, over the use cases."""

    support: ApiSupport
    service: DefinitionService

    @web.operation
    def create_definition(self, request: ApiRequest) -> Response:
        """Keep a definition: 201 with a new version, 200 if the newest version has this content."""
        tenant = request.path["tenantId"]
        document, places = web.document(request)
        if isinstance(document, dict) and isinstance(name := document.get("id"), str):
            request.record(name, None, None)
            request.admission.require(name)
        elif request.admission.names is not None:
            raise InvalidError("the body has no id that is a text: it says which right is needed")
        text = None if places is None else raw(request.http).decode()
        try:
            record, new, warnings = self.service.create_definition(
                tenant, document, condition(request, _version), text, request.admission.subject, _may_read(request)
            )
        except InvalidDefinitionError as error:
            raise InvalidDefinitionError(str(error), _located(error.problems, places)) from None
        if new:
            request.record(record.id, self._before(record), dict(record.document))
        where = {
            "Location": f"/sedo/tenants/{tenant}/definitions/{record.id}?version={record.version}",
            "ETag": str(_version(record)),
        }
        odd: dict[str, Json] = {"warnings": web.problems_json(_located(warnings, places))} if warnings else {}
        return web.answer(_definition(record) | odd, HTTPStatus.CREATED if new else HTTPStatus.OK, where)

    def _before(self, record: DefinitionRecord) -> Json:
        """Read what a definition said before a version of it."""
        try:
            return dict(self.service.read_definition(record.tenant_id, record.id, record.version - 1).document)
        except DefinitionNotFoundError:
            return None
        except DamagedError as error:
            return unread(error)

    @web.operation
    def validate_definition(self, request: ApiRequest) -> Response:
        """Show every problem of a definition, and what is odd about a valid one, without keeping it."""
        from chalicelib.core.executions.estimate import estimate  # noqa: PLC0415 - few requests are this

        tenant = request.path["tenantId"]
        document, places = web.document(request)
        found = self.service.check_definition(tenant, document, _may_read(request))
        body = {"problems": found.problems, "warnings": found.warnings}
        answer = {key: web.problems_json(_located(problems, places)) for key, problems in body.items()}
        estimated: dict[str, Json] = {"estimate": None if found.parsed is None else estimate(found.parsed).as_json()}
        return web.answer({"valid": not found.problems, **answer, **estimated})

    @web.operation
    def list_definitions(self, request: ApiRequest) -> Response:
        """List the newest versions, by id."""
        after, limit = web.cursor(request, str), request.query["limit"]
        last_first = request.query["sort"] == "-id"
        found = self.service.list_definitions(
            request.path["tenantId"],
            limit + 1,
            after[0] if after else None,
            last_first=last_first,
            names=request.admission.names,
        )
        return web.page_of(request, found, _definition, lambda record: [record.id])

    @web.operation
    def list_versions(self, request: ApiRequest) -> Response:
        """List the versions of a definition."""
        after, limit = web.cursor(request, int), request.query["limit"]
        newest_first = request.query["sort"] == "-version"
        found = self.service.list_versions(
            *request.place, limit + 1, after[0] if after else None, newest_first=newest_first
        )
        return web.page_of(request, found, _definition, lambda record: [record.version])

    @web.operation
    def read_definition(self, request: ApiRequest) -> Response:
        """Read a version: in YAML the text that was posted, in JSON with what is known of it."""
        wanted = *request.place, request.query["version"]
        if web.wants_yaml(request):
            record, text = self.service.read_text(*wanted)
            written = Response(write_yaml(record.document) if text is None else text, status_code=HTTPStatus.OK)
            written.headers = {"Content-Type": "application/yaml", **_fields(record)}
            return written
        record = self.service.read_definition(*wanted)
        found = {**record.document, **_definition(record), "actions": self._actions(request, record)}
        return web.answer(found, headers=_fields(record))

    def _actions(self, request: ApiRequest, record: DefinitionRecord) -> dict[str, Json]:
        problem, missing = self.support.conditions.problem_of_start, refusals(request, "{}_definition", record.id)
        newest: DefinitionRecord | DamagedError | None = record
        if request.query["version"]:
            newest = optimistic.or_damage(lambda: self.service.definitions.newest(record.tenant_id, record.id))

        def refused(action: str) -> str | None:
            if isinstance(newest, DamagedError):
                return missing(action) or (None if action == "retire" else "its newest version cannot be read")
            if newest is None or newest.retired:
                return missing(action) or "it is retired"
            versions = {record.version, newest.version} if action == "execute" else ()
            unmet = (problem(request, record.id, version) for version in sorted(versions))
            return missing(action) or next(filter(None, unmet), None)

        return actions_json(refused, ACTIONS)

    @web.operation
    def retire_definition(self, request: ApiRequest) -> Response:
        """Let no new execution start."""
        self.service.retire_definition(*request.place, condition(request, _version))
        return Response("", status_code=HTTPStatus.NO_CONTENT)


def _may_read(request: ApiRequest) -> Callable[[str], bool]:
    """Tell which definitions the caller may include: those that the caller may read."""
    return lambda name: request.admission.grant.allows("definitions:read", name)


def _fields(record: DefinitionRecord) -> dict[str, str]:
    return {"ETag": str(_version(record)), "Vary": "Accept"}


def _version(record: DefinitionRecord | None) -> str | None:
    """Name what a definition says now, in an ``ETag``."""
    return None if record is None else f"{record.version}-{record.digest[:8]}"


def _located(problems: Any, places: Places | None) -> list[Problem]:  # noqa: ANN401 - any sequence of problems
    return list(problems) if places is None else places.locate(problems)


def _definition(record: DefinitionRecord) -> dict[str, Json]:
    body: dict[str, Json] = {key: record.document[key] for key in ("title", "description") if key in record.document}
    return {
        "id": record.id,
        "tenantId": record.tenant_id,
        "version": record.version,
        **body,
        "createdAt": format_instant(record.created_at),
        **({} if record.created_by is None else {"createdBy": record.created_by.id}),
    }
