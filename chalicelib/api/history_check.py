"""What the check of a history answers."""

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.core.executions.model import Link
from chalicelib.core.records.chain import ChainCheck
from chalicelib.core.records.history import version_of
from chalicelib.core.values.json import Json
from chalicelib.usecases.history import HistoryReader
from chalicelib.usecases.history_check import HistoryCheck


def checked_history(request: ApiRequest, histories: HistoryReader) -> Response:
    """Check as much of a history as one call does, and link to what is before it.

    Raises:
        ExecutionNotFoundError: the tenant has none of this id.
        UnavailableError: the store did not answer.
    """
    check, place = HistoryCheck(histories.store, histories.execution), web.cursor(request, str, str, str, int, int, int)
    if place is None:
        found = check.begin(*request.place)
    else:
        key, digest, namer, *counts = place
        found = check.go_on(*request.place, ChainCheck(Link(key, digest), namer, *counts))
    following: list[Json] | None = None
    if found.goes_on and found.link is not None:
        counted = (found.rows, found.records, found.values)
        following = [found.link.key, found.link.digest, found.namer, *counted]
    links = {name: str(field) for name, field in web.page(request, [], following).headers.items()}
    return web.answer(_shown(found), headers=links)


def _shown(found: ChainCheck) -> dict[str, Json]:
    broken: Json = None
    if (at := found.broken) is not None:
        version = version_of(Link(at.row, "")) if at.row else None
        broken = {"version": version, "row": at.row or None, "at": at.at or None, "why": at.why}
    return {
        "intact": broken is None,
        "isWhole": found.link is None and broken is None,
        "rows": found.rows,
        "entries": found.records,
        "values": found.values,
        "broken": broken,
    }
