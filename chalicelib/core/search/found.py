"""Search results: the answer of an index, read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.core.search.query import COUNTED, COUNTS, NAMED
from chalicelib.core.values.json import Json, JsonObject
from chalicelib.core.values.value import value

T = TypeVar("T")
DAY_CHARS = 10
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@value
class Freshness:
    """How far an index is behind the tables."""

    lag_ms: int | None
    """How long it took until the change that was read last could be found; None: no stream has been read yet."""
    changed_at: datetime | None
    """When the newest change was made that is read."""


@value
class FoundCost:
    """Counted costs of all executions that were found, in dollars."""

    total: float
    by: Mapping[str, Mapping[str, float]]
    """By state, definition, error and day, as the counts are; and by step, each with what it has cost itself."""


@value
class SearchPage:
    """A page of what was found."""

    items: Sequence[JsonObject]
    """As an answer shows them."""
    total: int
    """How many are found in all."""
    counts: Mapping[str, Mapping[str, int]]
    """How many of them there are by state, definition, step, error and day."""
    cost: FoundCost | None
    """What they have cost; None: they are no executions, or an index of before has no costs."""
    following: Sequence[Json] | None
    """Behind which the next page begins; None: there is none."""
    freshness: Freshness
    is_whole: bool = True
    """Whether the index is filled: what there was before it was made is in it."""
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Where nothing is found: by the name of an attribute that is nowhere, what to say of it."""


def read_page(answer: Mapping[str, Any], limit: int) -> SearchPage:
    """Read the answer to a request for a page."""
    hits, sums = answer["hits"]["hits"], answer["aggregations"]
    buckets = {name: {str(each["key"]): each for each in sums[name]["buckets"]} for name in COUNTS}
    buckets["day"] = {each["key_as_string"][:DAY_CHARS]: each for each in sums["day"]["buckets"][:COUNTED]}
    charged = {str(each["key"]): each for each in sums["costs"]["step"]["buckets"]}
    dollars = _of_each({**buckets, "step": charged}, _sum)
    return SearchPage(
        items=[{"dollars": None, **hit["_source"]["shown"]} for hit in hits[:limit]],
        total=answer["hits"]["total"]["value"],
        counts=_of_each(buckets, lambda bucket: int(bucket["doc_count"])),
        cost=FoundCost(_sum(sums), dollars) if sums["dollars"]["count"] else None,
        following=hits[limit - 1]["sort"] if len(hits) > limit else None,
        freshness=_freshness(sums["everything"]["streams"]),
        is_whole=sums["everything"]["unfilled"]["changedAt"]["value"] is None,
    )


def _of_each(
    buckets: Mapping[str, Mapping[str, Mapping[str, Any]]], read: Callable[[Mapping[str, Any]], T]
) -> dict[str, dict[str, T]]:
    return {name: {key: read(bucket) for key, bucket in found.items()} for name, found in buckets.items()}


def _sum(found: Mapping[str, Any]) -> float:
    return round(float(found["dollars"]["sum"]), 9)


def read_editions(answer: Mapping[str, Any]) -> Sequence[tuple[str, int]]:
    """Read the versions of definitions that have documents: ids and numbers, 0 for an unknown one."""
    keys = [each["key"].rpartition("@") for each in answer["aggregations"]["editions"]["buckets"]]
    return [(name, int(version) if version.isdecimal() else 0) for name, _, version in keys]


def read_names(answer: Mapping[str, Any]) -> frozenset[str] | None:
    """Read the names of attributes; None: there are more than were read."""
    names = [str(each["key"]) for each in answer["aggregations"]["attributes"]["name"]["buckets"]]
    return frozenset(names) if len(names) < NAMED else None


def edition(name: str, version: int) -> str:
    """Write a version of a definition as documents name it."""
    return f"{name}@{version or None}"


def _freshness(found: Mapping[str, Any]) -> Freshness:
    lag, changed = found["lagMs"]["value"], found["changedAt"]["value"]
    if lag is None or changed is None:
        return Freshness(None, None)
    return Freshness(int(lag), _EPOCH + timedelta(milliseconds=int(changed)))
