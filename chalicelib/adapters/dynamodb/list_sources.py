"""The sources of a list of executions: which partitions of which indexes it reads, and which ranges of them.

An index for one filter is chosen by an installation, as it takes a write unit for each start.
"""

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.adapters.dynamodb.reads import EARLIEST, LATEST
from chalicelib.adapters.dynamodb.tables import BY_DEFINITION, BY_OWNER, BY_OWNER_STATUS, BY_STARTER, SecondaryIndex
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.listing import NEWEST, ExecutionFilter
from chalicelib.core.executions.model import Execution, ExecutionStatus
from chalicelib.core.values.json import format_instant, parse_instant
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from chalicelib.adapters.dynamodb.attributes import Item

SHARDS = 16
"""Of a tenant's list, and of the indexes of what is due: a key takes 1,000 write units a second (Amazon DynamoDB
Developer Guide, "Partitions")."""

RESOLUTION = timedelta(milliseconds=1)
"""Of instants."""

LONGEST_KEY = 2_048
"""Bytes of a partition key (Amazon DynamoDB Developer Guide, "Quotas")."""

LONGEST_SHARD = "#ff#"

ListIndexes: TypeAlias = Sequence[tuple[str, datetime | None]]
"""The filters that have an index of their own, and since when each has held every execution; None: it always has."""

INDEXES = {"definition": BY_DEFINITION, "startedBy": BY_STARTER}
"""By the filters that they are for."""


@value
class ListLayout:
    """What an installation has chosen of its lists."""

    shards: int = SHARDS
    chosen: ListIndexes = ()


@value
class Source:
    """A partition of an index, and a range of it: both instants are in it, as they are written."""

    index: SecondaryIndex
    partition: str
    since: str
    until: str


def read_chosen(text: str) -> ListIndexes:
    """Read which indexes are chosen: their filters, separated by commas, each perhaps with an instant behind ``@``.

    Raises:
        ValueError: there is no such index, or no such instant.
    """
    chosen: list[tuple[str, datetime | None]] = []
    for each in filter(None, (entry.strip() for entry in text.split(","))):
        name, _, instant = each.partition("@")
        if name not in INDEXES:
            raise ValueError(f"{name!r} is none of {' and '.join(INDEXES)}")
        chosen.append((name, parse_instant(instant) if instant else None))
    return chosen


def shard_of(execution_id: str, shards: int) -> str:
    """Tell the shard of an execution."""
    return f"{zlib.crc32(execution_id.encode()) % shards:x}"


def entries(execution: Execution, owner: str, chosen: ListIndexes) -> "Item":
    """Put an execution into the indexes that are chosen, unless another one started it."""
    if not chosen or execution.parent is not None:
        return {}
    names = {"definition": execution.definition_id, "startedBy": execution.started_by}
    keys = ((INDEXES[each].partition, names[each]) for each, _ in chosen)
    return {key: {"S": f"{owner}#{name}"} for key, name in keys if _fits(execution.tenant_id, name)}


def stages(
    wanted: ExecutionFilter, now: datetime, after: Position | None, layout: ListLayout
) -> Sequence[Sequence[Source]]:
    """Name the sources of a list behind a position, by stages: no execution is in two sources.

    All that is found in one stage stands in the list before what is found in the next.
    """
    since = EARLIEST if wanted.since is None else format_instant(wanted.since)
    until = LATEST if wanted.until is None else format_instant(wanted.until)
    if after is not None:
        here = format_instant(after.started_at)
        since, until = (max(since, here), until) if wanted.oldest_first else (since, min(until, here))
    is_tenant = ExecutionId.tenant_of(wanted.owner) == wanted.owner
    owners = [f"{wanted.owner}#{shard:x}" for shard in range(layout.shards)] if is_tenant else [wanted.owner]
    if ExecutionStatus.SUCCEEDED not in wanted.statuses:
        found = [[*_by_status(wanted, now, owners, since, until)]]
    elif is_tenant:
        found = [*_by_start(wanted, owners, since, until, layout.chosen)]
    else:
        found = [[Source(BY_OWNER, wanted.owner, since, until)]]
    ordered = reversed(found) if wanted.oldest_first else found
    return [[source for source in stage if source.since <= source.until] for stage in ordered]


def _by_start(
    wanted: ExecutionFilter, owners: Sequence[str], since: str, until: str, chosen: ListIndexes
) -> Iterator[list[Source]]:
    """Take the first chosen index of the filters, and for executions from before it was chosen the index of all."""
    names = {"definition": wanted.definition, "startedBy": wanted.started_by}
    for each, first in chosen:
        if _fits(wanted.owner, names[each]):
            edge = EARLIEST if first is None else format_instant(first)
            yield [Source(INDEXES[each], f"{owner}#{names[each]}", max(since, edge), until) for owner in owners]
            if first is None:
                return
            until = min(until, format_instant(first - RESOLUTION))
            break
    yield [Source(BY_OWNER, owner, since, until) for owner in owners]


def _by_status(
    wanted: ExecutionFilter, now: datetime, owners: Sequence[str], since: str, until: str
) -> Iterator[Source]:
    """Look under statuses. One that runs is among the newest, or kept under its status.

    Whether one has succeeded, only its header tells.
    """
    if ExecutionStatus.RUNNING in wanted.statuses:
        edge = now - NEWEST
        yield from (Source(BY_OWNER, owner, max(since, format_instant(edge)), until) for owner in owners)
        until = min(until, format_instant(edge - RESOLUTION))
    names = (f"{owner}#{status}" for status in sorted(wanted.statuses) for owner in owners)
    yield from (Source(BY_OWNER_STATUS, name, since, until) for name in names)


def _fits(tenant: str, name: str | None) -> bool:
    """Tell whether a name can be in a key with that of its tenant, whatever the shard."""
    return name is not None and len(f"{tenant}{LONGEST_SHARD}{name}".encode()) <= LONGEST_KEY
