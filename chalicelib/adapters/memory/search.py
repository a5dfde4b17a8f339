"""The index in this process: it answers the requests of :mod:`chalicelib.core.search` as OpenSearch does."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from chalicelib.core.search.documents import SearchEntry, unfilled_entry
from chalicelib.core.values.json import Json, JsonObject, parse_instant

WORD = re.compile(r"\w+")
MS = 1000
DATES = ("startedAt", "instant", "changedAt")
"""Members that are compared as instants."""
INDEX = "1"
MADE = datetime(2026, 1, 1, tzinfo=UTC)


class MemorySearch:
    """The index of a stage: each has documents by key, with their versions; None: there was one."""

    def __init__(self) -> None:
        self.indexes: dict[str, dict[str, tuple[int, JsonObject | None]]] = {INDEX: {}}
        self.read, self.filled = INDEX, ""
        _write(self.indexes[INDEX], unfilled_entry(MADE))

    def write(self, entries: Sequence[SearchEntry]) -> Sequence[str | None]:
        """Write documents, unless a newer version is there."""
        for index in self.in_use():
            for entry in entries:
                _write(self.indexes[index], entry)
        return [None for _ in entries]

    def search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the index."""
        everything = [document for _, document in self.indexes[self.read].values() if document is not None]
        found = [document for document in everything if _holds(body["query"], document)]
        rows = [([_sorted_by(document, order) for order in body.get("sort", ())], document) for document in found]
        descending = any("desc" in order.values() for order in body.get("sort", ()))
        rows.sort(key=lambda row: row[0], reverse=descending)
        after = body.get("search_after")
        if after is not None:
            rows = [row for row in rows if (row[0] < after if descending else row[0] > after)]
        return {
            "hits": {
                "total": {"value": len(found)},
                "hits": [{"_source": document, "sort": place} for place, document in rows[: body["size"]]],
            },
            "aggregations": {name: _sum(asked, found, everything) for name, asked in body.get("aggs", {}).items()},
        }

    def refresh(self) -> None:
        """All is found at once."""

    def in_use(self) -> Sequence[str]:
        """Name the indexes that are written to."""
        return sorted(filter(None, {self.read, self.filled}))

    def begin(self, suffix: str) -> str:
        """Make an index beside the one that is read."""
        self.filled = suffix
        self.indexes[suffix] = {}
        return suffix

    def abandon(self) -> None:
        """Delete it."""
        self.indexes.pop(self.filled, None)
        self.filled = ""

    def building(self) -> str | None:
        """Name it."""
        return self.filled or None

    def switch(self) -> None:
        """Read it from now on."""
        self.read, self.filled = self.filled, ""

    def clean(self) -> None:
        """Delete what is neither read nor filled."""
        self.indexes = {name: self.indexes[name] for name in self.in_use()}

    def versions(self, index: str, keys: Sequence[str]) -> Mapping[str, int]:
        """Read versions."""
        there = self.indexes[index]
        return {key: there[key][0] for key in keys if key in there and there[key][1] is not None}

    def listed(self, index: str, after: str, limit: int) -> Sequence[JsonObject]:
        """Read documents by key."""
        found = [document for _, document in self.indexes[index].values() if document is not None and "id" in document]
        return sorted((each for each in found if each["key"] > after), key=itemgetter("key"))[:limit]


def _write(documents: dict[str, tuple[int, JsonObject | None]], entry: SearchEntry) -> None:
    there = documents.get(entry.key, (0, None))[0]
    if entry.version > there or (entry.version == there and entry.version_type == "external_gte"):
        documents[entry.key] = entry.version, entry.document


def _holds(query: Mapping[str, Any], document: Mapping[str, Json], path: str = "") -> bool:
    """Tell whether a query holds of a document; below a path, of what stands there."""
    ((kind, asked),) = query.items()
    if kind == "bool":
        must, should = asked.get("filter", ()), asked.get("should", ())
        return all(_holds(each, document, path) for each in must) and (
            not should or any(_holds(each, document, path) for each in should)
        )
    if kind == "nested":
        return any(_holds(asked["query"], each, f"{asked['path']}.") for each in _list(document.get(asked["path"])))
    ((name, wanted),) = asked.items()
    member = name.removeprefix(path)
    return any(_is(kind, member, wanted, each) for each in _list(document.get(member)) if each is not None)


def _list(found: Any) -> Sequence[Any]:  # noqa: ANN401 - of a document
    return found if isinstance(found, list) else [found]


def _is(kind: str, member: str, wanted: Any, found: Any) -> bool:  # noqa: ANN401 - of a document
    match kind:
        case "term":
            return bool(_comparable(member, found) == _comparable(member, wanted))
        case "terms":
            return found in wanted
        case "prefix":
            return str(found).startswith(wanted)
        case "match":
            words = [*_words(wanted["query"])]
            return bool(words) and {*words} <= {*_words(found)}
        case _:
            value = _comparable(member, found)
            bounds = {sign: _comparable(member, each) for sign, each in wanted.items()}
            return all(
                {"gte": value >= each, "lte": value <= each, "gt": value > each, "lt": value < each}[sign]
                for sign, each in bounds.items()
            )


def _words(text: str) -> Iterator[str]:
    return (word.lower() for word in WORD.findall(text))


def _comparable(member: str, found: Any) -> Any:  # noqa: ANN401 - of a document
    return _millis(found) if member in DATES else found


def _millis(text: str) -> int:
    return int(parse_instant(text).timestamp() * MS)


def _sorted_by(document: Mapping[str, Any], order: Mapping[str, str]) -> Any:  # noqa: ANN401 - of a document
    (member,) = order
    return _comparable(member, document[member])


def _sum(
    asked: Mapping[str, Any], found: Sequence[Mapping[str, Any]], everything: Sequence[Mapping[str, Any]]
) -> JsonObject:
    """Answer an aggregation."""
    if "global" in asked:
        return {name: _sum(each, everything, everything) for name, each in asked["aggs"].items()}
    if "filter" in asked or "nested" in asked:
        kept = [*_narrowed(asked, found)]
        return {name: _sum(each, kept, everything) for name, each in asked["aggs"].items()}
    if "max" in asked:
        member = asked["max"]["field"]
        return {"value": max((_comparable(member, each[member]) for each in found), default=None)}
    if "stats" in asked:
        member = asked["stats"]["field"]
        numbers = [each[member] for each in found if each.get(member) is not None]
        return {"count": len(numbers), "sum": sum(numbers)}
    if "terms" in asked:
        by_text = _parted(found, lambda each: each[asked["terms"]["field"]])
        most = sorted(by_text, key=lambda key: len(by_text[key]), reverse=True)[: asked["terms"]["size"]]
        return {"buckets": [{"key": key, **_bucket(asked, by_text[key], everything)} for key in most]}
    by_day = _parted(found, lambda each: each[asked["date_histogram"]["field"]][:10])
    days = sorted(by_day, reverse=True)
    return {"buckets": [{"key_as_string": day, **_bucket(asked, by_day[day], everything)} for day in days]}


def _narrowed(asked: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Keep the documents of which a filter holds, or the parts of all of them below a path."""
    if "filter" in asked:
        yield from (document for document in found if _holds(asked["filter"], document))
        return
    path = asked["nested"]["path"]
    for part in (part for document in found for part in document.get(path, ())):
        yield {f"{path}.{name}": each for name, each in part.items()}


def _parted(
    found: Sequence[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], str | None]
) -> dict[str, list[Mapping[str, Any]]]:
    """Put together what has the same key, and leave out what has none."""
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for each in found:
        if (name := key(each)) is not None:
            parts.setdefault(name, []).append(each)
    return parts


def _bucket(
    asked: Mapping[str, Any], part: Sequence[Mapping[str, Any]], everything: Sequence[Mapping[str, Any]]
) -> JsonObject:
    inner = {name: _sum(each, part, everything) for name, each in asked.get("aggs", {}).items()}
    return {"doc_count": len(part), **inner}
