"""What the route of searching answers."""

from collections.abc import Callable, Mapping, Sequence

from chalice.app import Response

from chalicelib.api import http as web
from chalicelib.api.contract import ApiRequest
from chalicelib.api.filters import between, wanted_executions
from chalicelib.api.support import ApiSupport
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.search.documents import SearchKind
from chalicelib.core.search.found import FoundCost
from chalicelib.core.search.query import SearchFilter, read_test
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import value
from chalicelib.usecases.search import LISTS, SearchService, shown, without_index

ATTRIBUTE = "attribute."
RIGHTS: Mapping[SearchKind, str] = {kind: f"{kind}s:read" for kind in SearchKind}
"""The right that somebody needs to see what is found, by its kind."""
ONLY_INDEXED = ("q", "step", "error")
"""Query parameters that no list takes."""
MOST = LIMITS.search_attributes
OTHER_STATES: Mapping[SearchKind, frozenset[str]] = {
    SearchKind.DEFINITION: frozenset({"active", "retired"}),
    SearchKind.TASK: frozenset({"open", "completed", "rejected", "cancelled"}),
}
"""The states of what is no execution."""


@value
class SearchApi:
    """The route, over the use case."""

    support: ApiSupport
    service: SearchService

    @web.operation
    def search(self, request: ApiRequest) -> Response:
        """Find executions, definitions or tasks."""
        kind = SearchKind(request.query["kind"])
        request.admission.require(None, RIGHTS[kind])
        _check_states(kind, request.query["state"] or ())
        if self.service.index is None:
            return self._listed(request, kind)
        page = self.service.find(
            _wanted(request, kind), request.query["limit"], web.cursor(request, int, str), self._sees(request, kind)
        )
        fresh = page.freshness
        found: dict[str, Json] = {
            "items": [web.chosen(request, each) for each in page.items],
            "total": page.total,
            "counts": {name: dict(each) for name, each in page.counts.items()},
            "dollars": None if page.cost is None else _dollars(page.cost),
            "source": "index",
            "isWhole": page.is_whole,
            "lagSeconds": None if fresh.lag_ms is None else fresh.lag_ms / 1000,
            "upTo": None if fresh.changed_at is None else format_instant(fresh.changed_at),
            **({"unknownAttributes": dict(page.unknown)} if page.unknown else {}),
        }
        return web.answer(
            found, headers=web.following_link(request, None if page.following is None else [*page.following])
        )

    def _sees(self, request: ApiRequest, kind: SearchKind) -> Callable[[str, int], bool] | None:
        """Make what tells whether the caller may see what is of a version of a definition; None: all of it."""
        names = request.admission.grant.names(RIGHTS[kind])
        readable = self.support.conditions.readable(request) if kind is SearchKind.EXECUTION else None
        if names is None and readable is None:
            return None
        return lambda name, version: matching(name, names) and (readable is None or readable(name, version))

    def _listed(self, request: ApiRequest, kind: SearchKind) -> Response:
        """Answer from the tables what they can answer.

        Raises:
            InvalidError: they cannot; it says why, and names the setting.
        """
        if kind in LISTS:
            raise without_index(f"kind={kind} ({LISTS[kind]} lists them)")
        asked = [name for name in request.asked if name in ONLY_INDEXED or name.startswith(ATTRIBUTE)]
        if asked:
            raise without_index(min(asked))
        page = self.service.listed(wanted_executions(request), request.query["limit"], web.position(request))
        place = page.following
        found: dict[str, Json] = {
            "items": [web.chosen(request, shown(summary)) for summary in page.found],
            **dict.fromkeys(("total", "counts", "dollars", "lagSeconds", "upTo")),
            "source": "tables",
            "isWhole": True,
        }
        behind: list[Json] | None = None if place is None else [format_instant(place.started_at), place.id]
        return web.answer(found, headers=web.following_link(request, behind))


def _dollars(cost: FoundCost) -> dict[str, Json]:
    return {"total": cost.total, **{name: dict(each) for name, each in cost.by.items()}}


def _check_states(kind: SearchKind, states: Sequence[str]) -> None:
    """Refuse states in which nothing of the kind can be.

    Raises:
        InvalidError: there is one.
    """
    for state in states:
        of = {each for each, names in OTHER_STATES.items() if state in names} or {SearchKind.EXECUTION}
        if state == "cancelled":
            of.add(SearchKind.EXECUTION)
        if kind not in of:
            kinds = " or ".join(sorted(f"kind={each}" for each in of))
            raise InvalidError(f"state={state} is a state of {kinds}, and kind={kind} is searched for")


def _wanted(request: ApiRequest, kind: SearchKind) -> SearchFilter:
    """Read what is searched for.

    Raises:
        InvalidError: nobody can want that.
    """
    query = request.query
    given = {name: text for name, text in request.asked.items() if name.startswith(ATTRIBUTE)}
    if len(given) > MOST:
        raise InvalidError(
            beyond("search_attributes", f"{len(given)} attributes are asked for, and {MOST} are the most")
        )
    since, until = between(request)
    return SearchFilter(
        tenant_id=request.path["tenantId"],
        kind=kind,
        words=query["q"],
        states=query["state"] or (),
        definition=query["definition"],
        version=query["version"],
        step=query["step"],
        error=query["error"],
        started_by=query["startedBy"],
        since=since,
        until=until,
        attributes=[read_test(name.removeprefix(ATTRIBUTE), text) for name, text in given.items()],
        oldest_first=query["sort"] == "startedAt",
    )
