"""The use case of searching: executions, definitions and tasks of a tenant, as far as somebody may see them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from chalicelib.core.definitions.diagnostics import Suggestions
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage, Summary
from chalicelib.core.search.documents import SearchKind
from chalicelib.core.search.found import SearchPage, edition, read_editions, read_names, read_page
from chalicelib.core.search.query import SearchFilter, editions_body, names_body, search_body
from chalicelib.core.values.errors import InvalidError, UnavailableError
from chalicelib.core.values.json import Json, JsonObject, format_instant
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine.stream import SearchIndex
from chalicelib.ports import Clock, ExecutionStore

SETTING = "SEDO_SEARCH_URL"
LISTS: Mapping[SearchKind, str] = {SearchKind.DEFINITION: "GET …/definitions", SearchKind.TASK: "GET …/tasks"}
"""What lists the other kinds without an index."""


@value
class SearchService:
    """Searching, over the index where there is one."""

    index: SearchIndex | None
    executions: ExecutionStore
    clock: Clock

    def find(
        self,
        wanted: SearchFilter,
        limit: int,
        after: Sequence[Json] | None = None,
        sees: Callable[[str, int], bool] | None = None,
    ) -> SearchPage:
        """Find what is wanted, behind a place.

        ``sees`` tells whether somebody may see what is of a version of a definition; None: all of it. They search among
        what they may see alone, so that no count tells of anything else.

        Raises:
            InvalidError: there is no index.
            UnavailableError: it does not answer.
        """
        if self.index is None:
            raise without_index("search")
        if sees is not None:
            there = read_editions(self.index.search(editions_body(wanted.tenant_id, wanted.kind)))
            wanted = copy_with(wanted, editions=[edition(*each) for each in there if sees(*each)])
        page = read_page(self.index.search(search_body(wanted, limit, after)), limit)
        return page if page.total or not wanted.attributes else copy_with(page, unknown=self._unknown(wanted))

    def _unknown(self, wanted: SearchFilter) -> Mapping[str, str]:
        """Find which of the attributes that are asked for nothing has that somebody may see, with the nearest name."""
        names = None
        with suppress(UnavailableError):
            names = None if self.index is None else read_names(self.index.search(names_body(wanted)))
        if names is None:
            return {}
        asked = [each.name for each in wanted.attributes if each.name not in names]
        said = f"no {wanted.kind} that you may see has an attribute"
        return {name: f"{said} {name!r}{Suggestions()(name, names)}" for name in asked}

    def listed(self, wanted: ExecutionFilter, limit: int, after: Position | None) -> ExecutionPage:
        """Find executions in the tables, where there is no index.

        Raises:
            UnavailableError: they do not answer.
        """
        return self.executions.list(wanted, self.clock.now(), limit, after)


def without_index(what: str) -> InvalidError:
    """Say what only an index can answer."""
    return InvalidError(f"{what} needs a search engine, and this installation has none: its operator sets {SETTING}")


def shown(summary: Summary) -> JsonObject:
    """Write an execution of a list as it is found, without what the list does not tell."""
    return {
        "kind": str(SearchKind.EXECUTION),
        "id": summary.id,
        "tenantId": summary.tenant_id,
        "definitionId": summary.definition_id,
        "version": summary.definition_version,
        "title": None,
        "state": str(summary.state),
        "step": summary.step,
        "error": None,
        "startedAt": format_instant(summary.started_at),
        "endedAt": None if summary.ended_at is None else format_instant(summary.ended_at),
        "executionId": None,
        "parentId": summary.parent_id,
        "startedBy": summary.started_by,
        "attributes": {},
        "dollars": None,
    }
