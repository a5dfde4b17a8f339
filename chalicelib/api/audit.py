"""What the route of the audit answers."""

from http import HTTPStatus

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.auditing import REFUSED
from chalicelib.api.contract import ApiRequest
from chalicelib.api.filters import between
from chalicelib.api.support import ApiSupport
from chalicelib.core.access.rights import NOBODY
from chalicelib.core.records.audit import AuditCheck, AuditEntry
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.audit import AuditLog


@value
class AuditApi:
    """The route, over the use case."""

    support: ApiSupport
    log: AuditLog

    @web.operation
    def read_audit(self, request: ApiRequest) -> Response:
        """List what was changed, and what was refused; or check that nobody has changed the list itself."""
        if request.query["verify"]:
            return self._checked(request)
        after, limit, order = web.cursor(request, int), request.query["limit"], request.query["sort"]
        since, until = between(request)
        found = self.log.page(
            request.path["tenantId"],
            limit,
            after[0] if after else 0,
            lambda entry: _is_wanted(request, entry),
            since=since,
            until=until,
            newest_first=order == "-number",
        )
        items = web.fitting(_shown(entry) for entry in found.entries)
        behind = found.following if len(items) == len(found.entries) else found.entries[len(items) - 1].number
        return web.as_lines(request, web.page(request, items, None if behind is None else [behind]))

    def _checked(self, request: ApiRequest) -> Response:
        place = web.cursor(request, int, str)
        known = AuditCheck(0, "") if place is None else AuditCheck(*place)
        checked, is_more = self.log.check(request.path["tenantId"], known)
        goes_on = is_more and checked.broken is None
        response = web.page(request, [], [checked.number, checked.hash] if goes_on else None)
        broken: Json = None
        if checked.broken is not None:
            broken = {"number": checked.number + 1, "why": checked.broken}
        made: Json = {"intact": broken is None, "upTo": checked.number, "hash": checked.hash, "broken": broken}
        return web.answer(made, headers={name: str(field) for name, field in response.headers.items()})


def _is_wanted(request: ApiRequest, entry: AuditEntry) -> bool:
    said, query = entry.said, request.query
    who = said["who"] or {}
    return (
        query["who"] in (None, who.get("subject"), who.get("keyId"))
        and query["what"] in (None, said["what"])
        and query["thing"] in (None, said["thing"])
        and query["refused"] in (None, _is_refusal(entry))
    )


def _is_refusal(entry: AuditEntry) -> bool:
    """Tell whether somebody was refused: strangers by 404, as if there were no tenant."""
    status = entry.said.get("status")
    return status in REFUSED or (status == HTTPStatus.NOT_FOUND and entry.tenant_id == NOBODY)


def _shown(entry: AuditEntry) -> dict[str, Json]:
    said = entry.said
    status = said.get("status")
    if status is None:
        result = "unknown"
    elif _is_refusal(entry):
        result = "refused"
    else:
        result = "made" if status < HTTPStatus.BAD_REQUEST else "failed"
    empty: dict[str, Json] = {"status": None, "title": None, "changes": []}
    said.pop("intent", None)
    return {
        "number": entry.number,
        "at": format_instant(entry.at),
        "result": result,
        **empty,
        **said,
        "previous": entry.previous,
        "hash": entry.hash,
    }
