"""Lists of executions in DynamoDB: keys from the indexes, by start and id, and headers from the table.

Keys are cheap: some 30 are half a read unit. A header costs what its item is long, so it is read only of what the index
does not tell to be unwanted. What neither finds enough in time answers what it has, and where to go on.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from itertools import groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.reads import EARLIEST, LATEST, MAX_KEYS, batch_get
from chalicelib.adapters.dynamodb.tables import BY_OWNER, BY_OWNER_STATUS, EXECUTIONS, SecondaryIndex
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.listing import NEWEST, ExecutionFilter, ExecutionPage, Summary
from chalicelib.core.executions.model import ExecutionStatus, State
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import format_instant, parse_instant
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

SUMMARY = ("id", "owner", "definitionVersion", "state", "step", "startedAt", "endedAt", "startedBy")

MOST_KEYS = 40_000
"""Of an index, looked at for one page: some 5 MB, five calls, and 600 read units."""

MOST_HEADERS = 500
"""Of the table, read for one page."""

BESIDE = 3
"""Keys beside those of a page: the last one of the page before, one to know that there is a next page, and one to know
that all of its instant have been seen."""

GROWTH = 4
"""How many times as many keys each call looks at as the one before, where not all of them are wanted."""

RESOLUTION = timedelta(milliseconds=1)
"""Of instants."""

FIRST, LAST = "-", "z" * 200
"""Before and behind every id."""


class Key(NamedTuple):
    """An execution in an index; or with ``is_end`` the place up to where the index was looked at."""

    started_at: str
    id: str
    is_end: bool = False

    @property
    def position(self) -> Position:
        """Where a list goes on behind it."""
        return Position(parse_instant(self.started_at), self.id)


@value
class Source:
    """A partition of an index, and a range of it: both instants are in it, as they are written."""

    index: SecondaryIndex
    partition: str
    since: str
    until: str


class ExecutionLists:
    """The lists of the table of executions."""

    def __init__(
        self, client: "DynamoDBClient", table: str, keys: int = MOST_KEYS, headers: int = MOST_HEADERS
    ) -> None:
        self._client = client
        self._table = table
        self._most_keys, self._most_headers = keys, headers

    def page(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None) -> ExecutionPage:
        """Read a page of headers."""
        keys = self._keys(wanted, now, limit, after)
        found: list[Summary] = []
        last, looked = None, 0
        while (count := self._count(limit + 1 - len(found), len(found), looked)) > 0:
            if not (chunk := [*islice(keys, count)]):
                break
            names = [key.id for key in chunk if not key.is_end]
            by_id = self.summaries(names)
            found += (by_id[name] for name in names if name in by_id and wanted.takes(by_id[name]))
            last, looked = chunk[-1], looked + len(names)
        if len(found) > limit:
            return ExecutionPage(found[:limit], Position(found[limit - 1].started_at, found[limit - 1].id))
        is_cut = last is not None and (last.is_end or looked == self._most_headers)
        return ExecutionPage(found, last.position if last is not None and is_cut else None)

    def _count(self, needed: int, found: int, looked: int) -> int:
        """Tell how many headers to read next: as many as are needed, if as many of them are wanted as before."""
        likely = needed * looked // max(1, found)
        return min(max(needed, min(likely, 2 * looked)), MAX_KEYS, self._most_headers - looked)

    def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        """Read headers."""
        items = batch_get(self._client, self._table, [EXECUTIONS.key(execution_id) for execution_id in ids], SUMMARY)
        return {item[EXECUTIONS.partition]["S"]: _summary(header(item, SUMMARY)) for item in items}

    def _keys(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None) -> Iterator[Key]:
        """Find what may be wanted behind a position, in order, up to the end or to where it was looked at."""
        behind = None if after is None else (format_instant(after.started_at), after.id)
        every = [*sources(wanted, now, after)]
        most = self._most_keys // max(1, len(every))  # each for itself: so each goes on, and with it the list
        read = partial(self._read, wanted=wanted, limit=limit, most=most)
        for key in merge(*map(read, every), key=_place, reverse=not wanted.oldest_first):
            if key.is_end:
                yield key
                return
            if behind is None or (_place(key) > behind if wanted.oldest_first else _place(key) < behind):
                yield key

    def _read(self, source: Source, wanted: ExecutionFilter, limit: int, most: int) -> Iterator[Key]:
        """Read the keys of a source, those of one instant by their ids: an index has no order of these that lasts.

        So all of one instant are read before the first of them is answered; or none, where not all of them can be.
        """
        for started_at, alike in groupby(self._query(source, wanted, limit, most), attrgetter("started_at")):
            keys = sorted(alike, key=_place, reverse=not wanted.oldest_first)
            if any(key.is_end for key in keys):
                keys = [Key(started_at, FIRST if wanted.oldest_first else LAST, is_end=True)]
            yield from keys

    def _query(self, source: Source, wanted: ExecutionFilter, limit: int, most: int) -> Iterator[Key]:
        """Look at keys of an index while somebody wants to see them, ``most`` of them at most."""
        request = _request(self._table, source, wanted)
        count = limit + BESIDE
        if "FilterExpression" in request or wanted.names is not None:
            count = max(count, MAX_KEYS)
        while True:
            request["Limit"] = min(count, most)
            with unavailable():
                page = self._client.query(**request)
            most -= page["ScannedCount"]
            yield from (key for key in map(_key, page["Items"]) if _may_be_seen(key, wanted))
            if "LastEvaluatedKey" not in page:
                return
            if most <= 0:
                yield _key(page["LastEvaluatedKey"], is_end=True)
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            count *= GROWTH


def sources(wanted: ExecutionFilter, now: datetime, after: Position | None) -> Iterator[Source]:
    """Tell where what is wanted is found, behind a position: no execution is in two of them.

    Whether one has succeeded, only its header tells. One that runs is among the newest, or kept under its status.
    """
    since = EARLIEST if wanted.since is None else format_instant(wanted.since)
    until = LATEST if wanted.until is None else format_instant(wanted.until)
    if after is not None:
        here = format_instant(after.started_at)
        since, until = (max(since, here), until) if wanted.oldest_first else (since, min(until, here))
    found: list[Source] = []
    if ExecutionStatus.SUCCEEDED in wanted.statuses:
        found.append(Source(BY_OWNER, wanted.owner, since, until))
    else:
        if ExecutionStatus.RUNNING in wanted.statuses:
            edge = now - NEWEST
            found.append(Source(BY_OWNER, wanted.owner, max(since, format_instant(edge)), until))
            until = min(until, format_instant(edge - RESOLUTION))
        names = (f"{wanted.owner}#{status}" for status in sorted(wanted.statuses))
        found += (Source(BY_OWNER_STATUS, name, since, until) for name in names)
    return (source for source in found if source.since <= source.until)


def header(item: Item, names: Sequence[str]) -> dict[str, Any]:
    """Read attributes of an item as members of an execution's document; what its id says is no attribute."""
    found = {name: item[name] for name in names if name in item}
    members: dict[str, Any] = {name: int(each["N"]) if "N" in each else each["S"] for name, each in found.items()}
    owner, (tenant, definition, _) = members.pop(BY_OWNER.partition), ExecutionId.parse(members["id"])
    parent = {} if owner == tenant else {"parentId": owner}
    return {**members, "tenantId": tenant, "definitionId": definition, **parent}


def _request(table: str, source: Source, wanted: ExecutionFilter) -> "QueryInputTypeDef":
    names = {"#partition": source.index.partition, "#start": source.index.sort}
    instants: Item = {":since": {"S": source.since}, ":until": {"S": source.until}}
    request: QueryInputTypeDef = {
        "TableName": table,
        "IndexName": source.index.name,
        "KeyConditionExpression": "#partition = :partition AND #start BETWEEN :since AND :until",
        "ScanIndexForward": wanted.oldest_first,
    }
    conditions: list[str] = []
    values: Item = {":partition": {"S": source.partition}, **instants}
    if wanted.definition is not None:
        tenant = ExecutionId.tenant_of(wanted.owner)
        conditions.append("begins_with(#id, :definition)")
        names["#id"] = EXECUTIONS.partition
        values[":definition"] = {"S": str(ExecutionId(tenant, wanted.definition, ""))}
    if wanted.version is not None:
        conditions.append("definitionVersion = :version")
        values[":version"] = {"N": str(wanted.version)}
    if wanted.started_by is not None:
        conditions.append("startedBy = :starter")
        values[":starter"] = {"S": wanted.started_by}
    if conditions:
        request["FilterExpression"] = " AND ".join(conditions)
    return {**request, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}


def _key(item: Item, *, is_end: bool = False) -> Key:
    return Key(item[BY_OWNER.sort]["S"], item[EXECUTIONS.partition]["S"], is_end)


def _may_be_seen(key: Key, wanted: ExecutionFilter) -> bool:
    """Tell from the id alone whether an execution may be seen."""
    return wanted.names is None or matching(ExecutionId.parse(key.id).definition, wanted.names)


def _place(key: Key) -> tuple[str, str]:
    return key.started_at, key.id


def _summary(members: Mapping[str, Any]) -> Summary:
    return Summary(
        id=members["id"],
        tenant_id=members["tenantId"],
        definition_id=members["definitionId"],
        definition_version=members["definitionVersion"],
        state=State(members["state"]),
        step=members["step"],
        started_at=parse_instant(members["startedAt"]),
        ended_at=parse_instant(members["endedAt"]) if "endedAt" in members else None,
        parent_id=members.get("parentId"),
        started_by=members.get("startedBy"),
    )
