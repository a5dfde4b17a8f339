"""Search requests: the filter that is searched for, and the body of the request to the index.

Nothing that a caller says is read as the syntax of a query: words are matched, all else is compared.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isinf
from typing import Any

from chalicelib.core.definitions.name_schemas import SEARCH_ATTRIBUTE
from chalicelib.core.search.documents import EXACT, LAG, UNFILLED, SearchKind, instant_of, parted
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, JsonObject, format_instant
from chalicelib.core.values.value import value

COUNTED = 100
"""Values of each count, the most frequent; and days, the newest."""
EDITIONS = 10_000
"""Versions of definitions among which somebody searches who may not see all."""
NAMED = 1_000
"""Names of attributes that are looked at where nothing is found."""
COUNTS = {"state": "status", "definition": "definition", "step": "step", "error": "error"}
"""What is counted, and by which member of documents."""
_ORDER = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")


@value
class AttributeTest:
    """What the value of a search attribute has to be: one of the clauses holds."""

    name: str
    clauses: Sequence[Mapping[str, Json]]


@value
class SearchFilter:
    """What is searched for: all of it applies."""

    tenant_id: str
    kind: SearchKind = SearchKind.EXECUTION
    words: str | None = None
    states: Sequence[str] = ()
    definition: str | None = None
    version: int | None = None
    step: str | None = None
    error: str | None = None
    started_by: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    attributes: Sequence[AttributeTest] = ()
    oldest_first: bool = False
    editions: Sequence[str] | None = None
    """The versions of definitions that may be seen, as ``id@version``; None: all."""


def read_test(name: str, text: str) -> AttributeTest:
    """Read what is wanted of a search attribute.

    ``A-1`` is that text, number, boolean or instant, ``"A-1"`` the text alone, ``A-*`` a text that begins so; ``>5``,
    ``>=5``, ``<5``, ``<=5`` and ``5..9`` compare numbers and instants.

    Raises:
        InvalidError: no attribute has this name, or that cannot be compared.
    """
    if re.fullmatch(str(SEARCH_ATTRIBUTE["pattern"]), name) is None:
        words = SEARCH_ATTRIBUTE["patternErrorMessage"]
        raise InvalidError(f"attribute.{name[:100]} names no search attribute: {words}")
    first, dots, last = text.partition("..")
    sign = next((sign for sign in _ORDER if text.startswith(sign)), "")
    if len(text) > 1 and text[0] == text[-1] == '"':
        clauses = [_term("text", text[1:-1])]
    elif sign:
        clauses = [_range(name, {_ORDER[sign]: text.removeprefix(sign)})]
    elif dots and first and last and _plain(first) is not None and _plain(last) is not None:
        clauses = [_range(name, {"gte": first, "lte": last})]
    elif text.endswith("*"):
        clauses = [{"prefix": {"attributes.text": text[:-1]}}]
    else:
        clauses = [_term("text", text), *_typed(text)]
    return AttributeTest(name, clauses)


def _typed(text: str) -> Iterator[Mapping[str, Json]]:
    """Compare with the number or the instant that a text is; a number that an index does not tell apart is a text."""
    match _plain(text):
        case ("number", float() as number) if abs(number) < EXACT:
            yield _term("number", number)
        case ("instant", str() as instant):
            yield _term("instant", instant)


def _plain(text: str) -> tuple[str, float | str] | None:
    """Read a text as a number or an instant, with the member of the document that it is compared with."""
    if _NUMBER.fullmatch(text):
        number = float(text)
        return None if isinf(number) else ("number", number)
    instant = instant_of(text)
    return None if instant is None else ("instant", format_instant(instant))


def _range(name: str, bounds: Mapping[str, str]) -> Mapping[str, Json]:
    found = {sign: _plain(text) for sign, text in bounds.items()}
    kinds = {"" if each is None else each[0] for each in found.values()}
    if len(kinds) > 1 or "" in kinds:
        raise InvalidError(
            f"attribute.{name} compares numbers and instants, as >=100 or <2026-01-31T09:00:00Z: "
            f'{", ".join(bounds.values())[:100]!r} is neither; a text that begins so is written in quotes, as ">"'
        )
    return {"range": {f"attributes.{min(kinds)}": {sign: each[1] for sign, each in found.items() if each}}}


def _term(member: str, wanted: Json) -> Mapping[str, Json]:
    return {"term": {f"attributes.{member}": wanted}}


def search_body(wanted: SearchFilter, limit: int, after: Sequence[Json] | None = None) -> JsonObject:
    """Write the request for a page: one document more than ``limit`` tells that there is a next page.

    It counts all that is found, sums up what that has cost, and asks how far the streams are read.
    """
    order = "asc" if wanted.oldest_first else "desc"
    body: JsonObject = {
        "size": limit + 1,
        "track_total_hits": True,
        "_source": ["shown"],
        "query": {"bool": {"filter": [*_filters(wanted)]}},
        "sort": [{"startedAt": order}, {"id": order}],
        "aggs": {**_counts(), **_dollars(), "everything": {"global": {}, "aggs": _lag()}},
    }
    return body if after is None else {**body, "search_after": [*after]}


def editions_body(tenant_id: str, kind: SearchKind) -> JsonObject:
    """Write the request for the versions of definitions that a tenant has documents of."""
    return {
        "size": 0,
        "query": {"bool": {"filter": [*_of_tenant(tenant_id, kind)]}},
        "aggs": {"editions": {"terms": {"field": "edition", "size": EDITIONS}}},
    }


def names_body(wanted: SearchFilter) -> JsonObject:
    """Write the request for the names of the attributes that there are among what somebody may see of a kind."""
    seen: list[Json] = [*_of_tenant(wanted.tenant_id, wanted.kind)]
    seen += [] if wanted.editions is None else [{"terms": {"edition": [*wanted.editions]}}]
    names: JsonObject = {"name": {"terms": {"field": "attributes.name", "size": NAMED}}}
    aggs: JsonObject = {"attributes": {"nested": {"path": "attributes"}, "aggs": names}}
    return {"size": 0, "query": {"bool": {"filter": seen}}, "aggs": aggs}


def _of_tenant(tenant_id: str, kind: SearchKind) -> Iterator[Json]:
    yield {"term": {"tenant": tenant_id}}
    yield {"term": {"kind": str(kind)}}


def _filters(wanted: SearchFilter) -> Iterator[Json]:
    yield from _of_tenant(wanted.tenant_id, wanted.kind)
    same: JsonObject = {"definition": wanted.definition, "version": wanted.version, "step": wanted.step}
    same |= {"error": wanted.error, "startedBy": wanted.started_by}
    for name, each in same.items():
        if each is not None:
            yield {"term": {name: each}}
    if wanted.states:
        yield {"terms": {"states": [*wanted.states]}}
    if wanted.editions is not None:
        yield {"terms": {"edition": [*wanted.editions]}}
    bounds = {"gte": wanted.since, "lte": wanted.until}
    between: JsonObject = {sign: format_instant(each) for sign, each in bounds.items() if each is not None}
    if between:
        yield {"range": {"startedAt": between}}
    if wanted.words is not None:
        ways: list[JsonObject] = [
            {"match": {"words": {"query": parted(wanted.words), "operator": "and"}}},
            {"term": {"id": wanted.words}},
        ]
        yield _any(ways)
    for test in wanted.attributes:
        inner: Any = {"bool": {"filter": [_term("name", test.name), _any(test.clauses)]}}
        yield {"nested": {"path": "attributes", "query": inner}}


def _any(ways: Sequence[Mapping[str, Json]]) -> JsonObject:
    return {"bool": {"should": [dict(way) for way in ways], "minimum_should_match": 1}}


def _counts() -> JsonObject:
    found: JsonObject = {
        name: {"terms": {"field": field, "size": COUNTED}, "aggs": _dollars()} for name, field in COUNTS.items()
    }
    day: JsonObject = {"field": "startedAt", "calendar_interval": "day", "min_doc_count": 1, "order": {"_key": "desc"}}
    steps: JsonObject = {"field": "costs.step", "size": COUNTED, "order": {"dollars.sum": "desc"}}
    by_step: JsonObject = {"terms": steps, "aggs": {"dollars": {"stats": {"field": "costs.dollars"}}}}
    costs: JsonObject = {"nested": {"path": "costs"}, "aggs": {"step": by_step}}
    return {**found, "day": {"date_histogram": day, "aggs": _dollars()}, "costs": costs}


def _dollars() -> JsonObject:
    return {"dollars": {"stats": {"field": "dollars"}}}


def _lag() -> JsonObject:
    inner: JsonObject = {"lagMs": {"max": {"field": "lagMs"}}, "changedAt": {"max": {"field": "changedAt"}}}
    since: JsonObject = {"changedAt": {"max": {"field": "changedAt"}}}
    return {
        "streams": {"filter": {"term": {"kind": LAG}}, "aggs": inner},
        "unfilled": {"filter": {"term": {"kind": UNFILLED}}, "aggs": since},
    }
