"""Query parameters of lists that no JSON Schema checks whole: instants, and what is wanted of executions."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from chalicelib.api.contract import ApiRequest
from chalicelib.core.executions.listing import ExecutionFilter, states_named
from chalicelib.core.records.incident import IncidentFilter, IncidentKind, IncidentState
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import parse_instant, truncate

DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

MIDNIGHT, END_OF_DAY = time(tzinfo=UTC), truncate(datetime.max.replace(tzinfo=UTC)).timetz()


def between(request: ApiRequest) -> tuple[datetime | None, datetime | None]:
    """Read between which instants what is wanted began, both among them.

    Raises:
        InvalidError: one is neither a date nor an instant, or nothing can be between them.
    """
    since, until = _instant(request, "from", MIDNIGHT), _instant(request, "to", END_OF_DAY)
    if since is not None and until is not None and since > until:
        raise InvalidError(f"from {request.query['from']} is later than to {request.query['to']}: nothing is between")
    return since, until


def _instant(request: ApiRequest, name: str, of_day: time) -> datetime | None:
    text = request.query[name]
    if text is None:
        return None
    try:
        if re.fullmatch(DATE, text):
            return datetime.combine(date.fromisoformat(text), of_day)
        return parse_instant(text)
    except (ValueError, OverflowError):
        raise InvalidError(
            f"{name} is a date as 2026-01-31, or an instant as 2026-01-31T09:00:00Z or 2026-01-31T09:00:00%2B01:00,"
            f" not {text[:100]!r}"
        ) from None


def wanted_executions(request: ApiRequest) -> ExecutionFilter:
    """Read which executions are wanted.

    Raises:
        InvalidError: nobody can want that.
    """
    query = request.query
    names = query["state"]
    return ExecutionFilter(
        owner=query.get("parent") or request.path["tenantId"],
        states=None if names is None else frozenset().union(*map(states_named, names)),
        definition=query["definition"],
        version=query["version"],
        started_by=query["startedBy"],
        oldest_first=query["sort"] == "startedAt",
        **_bounds(request),
    )


def wanted_incidents(request: ApiRequest, state: IncidentState) -> IncidentFilter:
    """Read which incidents of a state are wanted.

    Raises:
        InvalidError: nobody can want that.
    """
    query = request.query
    kind = query["kind"]
    return IncidentFilter(
        state=state,
        kinds=frozenset(IncidentKind) if kind is None else frozenset({IncidentKind(kind)}),
        execution=query["execution"],
        definition=query["definition"],
        oldest_first=query["sort"] == "at",
        **_bounds(request),
    )


def _bounds(request: ApiRequest) -> Mapping[str, Any]:
    """Read what bounds every list of executions, or of what is about them: instants, and what the caller may read."""
    since, until = between(request)
    return {
        "since": since,
        "until": until,
        "names": request.admission.grant.names("executions:read"),
        "is_readable": request.support.conditions.readable(request),
    }
