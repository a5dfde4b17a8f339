"""The index in OpenSearch, over its REST API."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from chalicelib.adapters.search.connection import SearchConnection
from chalicelib.core.search.documents import SearchEntry, unfilled_entry
from chalicelib.core.search.index import IndexNames, template
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import JsonObject

FIRST = "1"
"""The suffix of an index that is made because there is none."""
PASSED_BY = (HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND)
"""Of a write that a newer one has made needless; and of a delete of what is not there."""
KEYS = 1_000
"""Asked for at once."""


class OpenSearchIndex:
    """The index of a stage."""

    def __init__(self, connection: SearchConnection, names: IndexNames) -> None:
        self._connection, self._names = connection, names

    def write(self, entries: Sequence[SearchEntry]) -> Sequence[str | None]:
        """Write documents to every index that is in use, in their order; answer why one is refused for good."""
        if not entries:
            return []
        indexes = self.in_use()
        rows = [row for entry in entries for index in indexes for row in _operation(entry, index)]
        answer = self._connection.ask("POST", "/_bulk", rows).body
        found = [_refusal(next(iter(item.values()))) for item in answer["items"]]
        width = len(indexes)
        return [next(filter(None, found[at : at + width]), None) for at in range(0, len(found), width)]

    def search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Ask the index."""
        path, expected = f"/{self._names.alias}/_search", (HTTPStatus.OK, HTTPStatus.NOT_FOUND)
        answer = self._connection.ask("POST", path, body, expected)
        if answer.status == HTTPStatus.NOT_FOUND:
            self.in_use()
            answer = self._connection.ask("POST", path, body)
        found: Mapping[str, Any] = answer.body
        return found

    def refresh(self) -> None:
        """Let everything be found that is written."""
        self._connection.ask("POST", f"/{self._names.every}/_refresh")

    def in_use(self) -> Sequence[str]:
        """Name the indexes that are written to; where there is none, make the first."""
        found = self._aliases()
        used = [name for name, aliases in found.items() if aliases & {self._names.alias, self._names.building}]
        if not any(self._names.alias in found[name] for name in used):
            self._create(FIRST, self._names.alias)
            return self.in_use()
        return sorted(used)

    def _aliases(self) -> Mapping[str, frozenset[str]]:
        found = self._connection.ask("GET", f"/{self._names.every}/_alias").body
        return {name: frozenset(each["aliases"]) for name, each in found.items()}

    def _create(self, suffix: str, alias: str) -> str:
        self._connection.ask("PUT", f"/_index_template/{self._names.template}", template(self._names))
        name = self._names.index(suffix)
        expected = (HTTPStatus.OK, HTTPStatus.BAD_REQUEST)  # somebody else may have made it just now
        made = self._connection.ask("PUT", f"/{name}", {"aliases": {alias: {}}}, expected)
        if alias == self._names.alias and made.status == HTTPStatus.OK:
            self._connection.ask("POST", "/_bulk", _operation(unfilled_entry(datetime.now(UTC)), name))
        return name

    # -- of a rebuild

    def begin(self, suffix: str) -> str:
        """Make an index beside the one that is read, and write to both from now on; answer its name."""
        self.in_use()
        return self._create(suffix, self._names.building)

    def abandon(self) -> None:
        """Delete the index that a rebuild has begun, if there is one."""
        for name in self._named(self._names.building):
            self._connection.ask("DELETE", f"/{name}")

    def building(self) -> str | None:
        """Name the index that a rebuild has begun."""
        return next(iter(self._named(self._names.building)), None)

    def switch(self) -> None:
        """Read the index that a rebuild has filled from now on, in one step."""
        (new,), old = self._named(self._names.building), self._named(self._names.alias)
        removed = [{"remove": {"index": name, "alias": self._names.alias}} for name in old]
        added = {"add": {"index": new, "alias": self._names.alias}}
        last = {"remove": {"index": new, "alias": self._names.building}}
        self._connection.ask("POST", "/_aliases", {"actions": [*removed, added, last]})

    def clean(self) -> None:
        """Delete the indexes that nobody reads or fills."""
        for name, aliases in self._aliases().items():
            if not aliases & {self._names.alias, self._names.building}:
                self._connection.ask("DELETE", f"/{name}")

    def _named(self, alias: str) -> Sequence[str]:
        return [name for name, aliases in self._aliases().items() if alias in aliases]

    def versions(self, index: str, keys: Sequence[str]) -> Mapping[str, int]:
        """Read the versions of documents of an index; what is not there is left out."""
        found = dict[str, int]()
        for at in range(0, len(keys), KEYS):
            answer = self._connection.ask("POST", f"/{index}/_mget?_source=false", {"ids": [*keys[at : at + KEYS]]})
            found |= {each["_id"]: each["_version"] for each in answer.body["docs"] if each.get("found")}
        return found

    def listed(self, index: str, after: str, limit: int) -> Sequence[JsonObject]:
        """Read documents of an index by key, behind a key."""
        body: JsonObject = {"size": limit, "query": {"exists": {"field": "id"}}, "sort": [{"key": "asc"}]}
        body |= {"_source": ["key", "kind", "tenant", "id"]}
        body |= {"search_after": [after]} if after else {}
        hits = self._connection.ask("POST", f"/{index}/_search", body).body["hits"]["hits"]
        return [each["_source"] for each in hits]


def _operation(entry: SearchEntry, index: str) -> Sequence[JsonObject]:
    """Write what a bulk request says of a document in an index."""
    about: JsonObject = {"_index": index, "_id": entry.key}
    about |= {"version": entry.version, "version_type": entry.version_type}
    return [{"delete": about}] if entry.document is None else [{"index": about}, entry.document]


def _refusal(item: Mapping[str, Any]) -> str | None:
    """Say why a document is refused for good; None: it is not.

    Raises:
        UnavailableError: it may be taken later.
    """
    status = item["status"]
    if status < HTTPStatus.BAD_REQUEST or status in PASSED_BY:
        return None
    if status == HTTPStatus.BAD_REQUEST:
        return str(item["error"]["type"])
    raise UnavailableError(f"the search engine answered a document with {status}")
