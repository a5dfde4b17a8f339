"""Lists of executions in DynamoDB: keys from the indexes, by start and id, and headers from the table.

A tenant's list is in shards, which are read in parallel and merged. Keys are cheap: some 20 are half a read unit. An
execution that ended without success, or with its first write, has its whole header in the index. Any other header costs
half a unit or more, so it is read only if the index does not exclude the execution. A page that does not fill in time
has what was found, and the place to go on from.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from heapq import merge
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.faults import readable, unavailable
from chalicelib.adapters.dynamodb.list_sources import ListLayout, Source, stages
from chalicelib.adapters.dynamodb.reads import MAX_KEYS, batch_get, side_by_side
from chalicelib.adapters.dynamodb.tables import BY_DEFINITION, BY_OWNER, BY_OWNER_STATUS, BY_STARTER, EXECUTIONS
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage, Summary
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import format_instant, parse_instant
from chalicelib.core.values.position import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

END, END_AT_ONCE = "e", "f"
"""How an execution ended, in one text, in place of the attributes of ``ENDING``. ``END_AT_ONCE`` is in the index by
start, too, and so it is written by the first write of an execution or by none: after that it would cost a unit."""

ENDING = {"state": "t", "endedAt": "u", "step": "p"}
"""The attributes that say how far an execution has come, by the members of its document."""

SUMMARY = {
    "id": EXECUTIONS.partition,
    "owner": BY_OWNER.partition,
    "definitionVersion": "d",
    "startedAt": BY_OWNER.sort,
    "startedBy": "b",
    **ENDING,
    "end": END,
    "endAtOnce": END_AT_ONCE,
}
"""The same of all that a header has."""

MOST_KEYS = 40_000
"""Of an index, looked at for one page: some 5 MB, and 600 read units."""

LEAST_KEYS = 10
"""Asked for at once: with those beside them they are half a read unit, be the ids long."""

MOST_HEADERS = 500
"""Of the table, read for one page."""

BESIDE = 3
"""Keys beside those of a page: the last one of the page before, one to know that there is a next page, and one to know
that all of its instant have been seen."""

SEARCHED = 64
"""Keys of a source that are looked at first where not all of them are wanted."""

GROWTH = 8
"""How many times as many keys each call looks at as the one before, where not all of them are wanted."""

FIRST, LAST = "-", "z" * 200
"""Before and behind every id."""


class Key(NamedTuple):
    """An execution in an index; or with ``is_end`` the place up to where the index was looked at."""

    started_at: str
    id: str
    is_end: bool = False
    header: Summary | None = None
    """Where the index has it."""

    @property
    def position(self) -> Position:
        """Where a list goes on behind it."""
        return Position(parse_instant(self.started_at), self.id)


class ExecutionLists:
    """The lists of the table of executions."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        layout: ListLayout,
        keys: int = MOST_KEYS,
        headers: int = MOST_HEADERS,
    ) -> None:
        self._client = client
        self._table = table
        self._layout = layout
        self._most_keys, self._most_headers = keys, headers

    def page(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None) -> ExecutionPage:
        """Read a page of headers."""
        keys = self._keys(wanted, now, limit, after)
        found: list[Summary] = []
        last, looked = None, 0
        while (count := self._count(limit + 1 - len(found), len(found), looked)) > 0:
            if not (chunk := [*islice(keys, count)]):
                break
            found += filter(wanted.takes, self._headers(chunk))
            last, looked = chunk[-1], looked + sum(not key.is_end for key in chunk)
        if len(found) > limit:
            return ExecutionPage(found[:limit], Position(found[limit - 1].started_at, found[limit - 1].id))
        is_cut = last is not None and (last.is_end or looked == self._most_headers)
        return ExecutionPage(found, last.position if last is not None and is_cut else None)

    def _count(self, needed: int, found: int, looked: int) -> int:
        """Tell how many headers to read next: as many as are needed, if as many of them are wanted as before."""
        likely = needed * looked // max(1, found)
        return min(max(needed, min(likely, 2 * looked)), MAX_KEYS, self._most_headers - looked)

    def summaries(self, ids: Sequence[str], *, consistent: bool = True) -> Mapping[str, Summary]:
        """Read headers."""
        keys = [EXECUTIONS.key(execution_id) for execution_id in ids]
        items = batch_get(self._client, self._table, keys, [*SUMMARY.values()], consistent=consistent)
        return {found.id: found for found in readable(lambda item: _summary(header(item, SUMMARY)), items)}

    def _headers(self, keys: Sequence[Key]) -> Iterator[Summary]:
        """Answer the headers of keys, in order: those that are in no index may be as they were a moment ago."""
        unknown = [key.id for key in keys if key.header is None and not key.is_end]
        by_id = self.summaries(unknown, consistent=False)
        headers = (key.header or by_id.get(key.id) for key in keys)
        return (header for header in headers if header is not None)

    def _keys(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None) -> Iterator[Key]:
        """Find what may be wanted behind a position, in order, up to the end or to where it was looked at."""
        behind = None if after is None else (format_instant(after.started_at), after.id)
        every = stages(wanted, now, after, self._layout)
        most = max(1, self._most_keys // max(1, sum(map(len, every))))  # each source for itself: so each goes on
        for key in chain.from_iterable(self._merged(stage, wanted, limit, most) for stage in every):
            if key.is_end:
                yield key
                return
            if behind is None or (_place(key) > behind if wanted.oldest_first else _place(key) < behind):
                yield key

    def _merged(self, stage: Sequence[Source], wanted: ExecutionFilter, limit: int, most: int) -> Iterator[Key]:
        """Read sources side by side, and their keys in order."""
        read = partial(self._read, wanted=wanted, count=_first(limit, len(stage)), most=most)
        begun = side_by_side(lambda source: _begun(read(source)), stage)
        yield from merge(*begun, key=_place, reverse=not wanted.oldest_first)

    def _read(self, source: Source, wanted: ExecutionFilter, count: int, most: int) -> Iterator[Key]:
        """Read the keys of a source, those of one instant by their ids: an index has no order of these that lasts.

        So all of one instant are read before the first of them is answered; or none, where not all of them can be.
        """
        for started_at, alike in groupby(self._query(source, wanted, count, most), attrgetter("started_at")):
            keys = sorted(alike, key=_place, reverse=not wanted.oldest_first)
            if any(key.is_end for key in keys):
                keys = [Key(started_at, FIRST if wanted.oldest_first else LAST, is_end=True)]
            yield from keys

    def _query(self, source: Source, wanted: ExecutionFilter, count: int, most: int) -> Iterator[Key]:
        """Look at keys of an index while somebody wants to see them, ``most`` of them at most."""
        request = _request(self._table, source, wanted)
        if "FilterExpression" in request or wanted.names is not None:
            count = max(count, SEARCHED)
        while True:
            request["Limit"] = min(count, most)
            with unavailable():
                page = self._client.query(**request)
            most -= page["ScannedCount"]
            yield from (key for key in readable(_key, page["Items"]) if _may_be_seen(key, wanted))
            if "LastEvaluatedKey" not in page:
                return
            if most <= 0:
                yield _key(page["LastEvaluatedKey"], is_end=True)
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
            count *= GROWTH


def end_of(execution: Execution, attributes: Item) -> Item:
    """Say how an execution ended where an index tells it, in place of the attributes that do."""
    if not execution.ended or (execution.listed_under is None and not execution.tells_end):
        return attributes
    text = " ".join(attributes.get(name, {"S": ""})["S"] for name in ENDING.values())
    rest = {name: each for name, each in attributes.items() if name not in ENDING.values()}
    return rest | {END_AT_ONCE if execution.tells_end else END: {"S": text}}


def header(item: Item, names: Mapping[str, str]) -> dict[str, Any]:
    """Read attributes of an item as members of an execution's document; what its id says is no attribute."""
    found = {member: item[name] for member, name in names.items() if name in item}
    members: dict[str, Any] = {name: int(each["N"]) if "N" in each else each["S"] for name, each in found.items()}
    owner, (tenant, definition, _) = members.pop("owner"), ExecutionId.parse(members["id"])
    parent = {"parentId": owner} if ":" in owner else {}
    ends = [members.pop(name) for name in ("end", "endAtOnce") if name in members]
    ended = zip(ENDING, ends[0].split(" ", 2), strict=True) if ends else ()
    ending = {name: text for name, text in ended if text or name == "step"}
    return {**members, **ending, "tenantId": tenant, "definitionId": definition, **parent}


def _first(limit: int, sources: int) -> int:
    """Tell how many keys of each source to read first: twice its share of a page, or as many as cost the same."""
    return max(LEAST_KEYS, 2 * limit // max(1, sources)) + BESIDE if sources > 1 else limit + BESIDE


def _begun(keys: Iterator[Key]) -> Iterable[Key]:
    """Ask for the first keys now."""
    return chain([*islice(keys, 1)], keys)


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
    if wanted.definition is not None and source.index is not BY_DEFINITION:
        tenant = ExecutionId.tenant_of(wanted.owner)
        conditions.append("begins_with(#id, :definition)")
        names["#id"] = EXECUTIONS.partition
        values[":definition"] = {"S": str(ExecutionId(tenant, wanted.definition, ""))}
    if wanted.version is not None:
        conditions.append("#version = :version")
        names["#version"] = SUMMARY["definitionVersion"]
        values[":version"] = {"N": str(wanted.version)}
    if wanted.started_by is not None and source.index is not BY_STARTER:
        conditions.append("#starter = :starter")
        names["#starter"] = SUMMARY["startedBy"]
        values[":starter"] = {"S": wanted.started_by}
    if conditions:
        request["FilterExpression"] = " AND ".join(conditions)
    return {**request, "ExpressionAttributeNames": names, "ExpressionAttributeValues": values}


def _key(item: Item, *, is_end: bool = False) -> Key:
    return Key(item[BY_OWNER.sort]["S"], item[EXECUTIONS.partition]["S"], is_end, _ending_header(item))


def _ending_header(kept: Item) -> Summary | None:
    """Read the header from the entry of an index, if it is all there."""
    if END not in kept and END_AT_ONCE not in kept:
        return None
    status = kept.get(BY_OWNER_STATUS.partition, {"S": ""})
    return _summary(header({BY_OWNER.partition: {"S": status["S"].rpartition("#")[0]}, **kept}, SUMMARY))


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
