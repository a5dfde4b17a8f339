"""People's tasks in DynamoDB: one item each, attributes that lists are made of, and the rest as JSON text.

While a task is open, an item beside it for each person and group that it is for, and who has claimed it, says so: what
somebody has to do is found among nothing else. These are keys only, put before the task and deleted after it, so that
one too many may be there, which shows nothing, and never one too few.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from heapq import merge
from itertools import chain, groupby, islice
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Attribute, Item, pack, unpack
from chalicelib.adapters.dynamodb.chunks import pack_references, unpack_references
from chalicelib.adapters.dynamodb.faults import readable, unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import EARLIEST, LATEST, batch_get, instants, side_by_side
from chalicelib.adapters.dynamodb.tables import BY_STATUS, TASKS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import encode, format_instant
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import (
    HEADER,
    Task,
    TaskFilter,
    TaskStatus,
    mended,
    read_task,
    task_document,
    task_slots,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, QueryInputTypeDef

PAGE = 500
"""How many tasks one call looks at when not all of them are wanted."""

MAX_GROUPS = LIMITS.task_filter_groups

MOST_PEOPLE = 20
"""A task that is for more people and groups is listed for ``MANY``: to write it may not cost hundreds of units."""

MANY = "many"

LONGEST = 1024
"""Longer names, in bytes, are hashed: a partition key holds 2048 (Amazon DynamoDB quotas)."""

KEYS = 40
"""Of a person or group, looked at for half a read unit."""


class DynamoTasks:
    """The table of tasks."""

    def __init__(self, client: "DynamoDBClient", names: Names, payloads: Payloads) -> None:
        self._client = client
        self._table = names.table(TASKS)
        self._payloads = payloads

    def get(self, tenant_id: str, task_id: str) -> Task | None:
        """Read one."""
        with unavailable():
            answer = self._client.get_item(
                TableName=self._table, Key=TASKS.key(tenant_id, task_id), ConsistentRead=True
            )
        with undamaged(f"task {task_id}"):
            return self.parse(answer["Item"]) if "Item" in answer else None

    def headers(self, tenant_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """Read headers and changes, a hundred in a request."""
        keys = [TASKS.key(tenant_id, name) for name in dict.fromkeys(task_ids)]
        found = batch_get(self._client, self._table, keys, (*HEADER, "changes"))
        return {task.id: task for task in readable(lambda item: read_task(_changes(item) | _header(item)), found)}

    def open(self, task: Task) -> None:
        """Write one where there is none."""
        request = self._request(task)
        request["ConditionExpression"] = TASKS.absent
        self._list_for(task)
        put_if(self._client, request)

    def update(self, task: Task) -> bool:
        """Write the next version of one."""
        request = self._request(task)
        request["ConditionExpression"] = "#version = :version"
        request["ExpressionAttributeNames"] = {"#version": "version"}
        request["ExpressionAttributeValues"] = {":version": {"N": str(task.version - 1)}}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        self._list_for(task)
        current = put_if(self._client, request)
        is_there = current is None or current == request["Item"]
        if is_there:
            self._leave(task)
        return is_there

    def list(self, tenant_id: str, wanted: TaskFilter, limit: int, after: Position | None = None) -> Sequence[Task]:
        """Read headers."""
        people = _asked(wanted)
        if wanted.status is TaskStatus.OPEN and 0 < len(people) <= MAX_GROUPS:
            return self._listed_for(tenant_id, [*people, MANY], wanted, limit, after)
        partition = _partition(tenant_id, wanted.status)
        conditions, values = _conditions(wanted)
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": BY_STATUS.name,
            "KeyConditionExpression": f"{BY_STATUS.partition} = :status AND {BY_STATUS.sort} BETWEEN :since AND :until",
            "ExpressionAttributeValues": {
                ":status": {"S": partition},
                **instants(wanted.since, wanted.until),
                **values,
            },
            "ScanIndexForward": wanted.oldest_first,
            "Limit": PAGE if conditions or wanted.names is not None else limit,
        }
        if conditions:
            request["FilterExpression"] = " AND ".join(conditions)
        if after is not None:
            index_key = BY_STATUS.key(partition, format_instant(after.started_at))
            request["ExclusiveStartKey"] = TASKS.key(tenant_id, after.id) | index_key
        return list(islice(filter(wanted.takes, self._found(request)), limit))

    def _found(self, request: "QueryInputTypeDef") -> Iterator[Task]:
        return readable(_listed, self._items(request))

    def _items(self, request: "QueryInputTypeDef") -> Iterator[Item]:
        """Ask for as many pages as somebody wants to see."""
        while True:
            with unavailable():
                page = self._client.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _listed_for(
        self, tenant_id: str, people: Sequence[str], wanted: TaskFilter, limit: int, after: Position | None
    ) -> Sequence[Task]:
        """Read the headers of what is listed for some."""
        read = partial(self._places, wanted=wanted, count=max(KEYS, limit), after=after)
        begun = side_by_side(lambda keys: chain([*islice(keys, 1)], keys), [read(tenant_id, each) for each in people])
        places = (place for place, _ in groupby(merge(*begun, reverse=not wanted.oldest_first)))
        found: list[Task] = []
        while len(found) < limit and (chunk := [*islice(places, limit - len(found))]):
            ids = [place.partition("#")[2] for place in chunk]
            keys = [TASKS.key(tenant_id, task_id) for task_id in ids]
            items = batch_get(self._client, self._table, keys, HEADER, consistent=False)
            by_id = {task.id: task for task in readable(_listed, items)}
            found += filter(wanted.takes, (by_id[task_id] for task_id in ids if task_id in by_id))
        return found

    def _places(
        self, tenant_id: str, who: str, wanted: TaskFilter, count: int, after: Position | None
    ) -> Iterator[str]:
        """Look at what is listed for somebody, in order, behind a position."""
        behind = "" if after is None else f"{format_instant(after.started_at)}#{after.id}"
        since = EARLIEST if wanted.since is None else format_instant(wanted.since)
        until = LATEST if wanted.until is None else f"{format_instant(wanted.until)}~"
        if behind:
            since, until = (max(since, behind), until) if wanted.oldest_first else (since, min(until, behind))
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": f"{TASKS.partition} = :who AND {TASKS.sort} BETWEEN :since AND :until",
            "ExpressionAttributeValues": {
                ":who": {"S": _list_key(tenant_id, who)},
                ":since": {"S": since},
                ":until": {"S": until},
            },
            "ScanIndexForward": wanted.oldest_first,
            "ConsistentRead": False,
            "Limit": count,
        }
        if since <= until:
            found = (item[TASKS.sort]["S"] for item in self._items(request))
            yield from (place for place in found if place != behind)

    def _list_for(self, task: Task) -> None:
        """List an open task for those for whom it is not listed as it was read."""
        for who in dict.fromkeys(_people_of(task)):
            if who not in task.listed_for:
                version: Item = {"version": {"N": str(task.version)}}
                with unavailable():
                    self._client.put_item(TableName=self._table, Item=TASKS.row(*_place(task, who)) | version)

    def _leave(self, task: Task) -> None:
        """List a task no longer for those for whom it was listed as it was read, unless a later version is."""
        people = {*_people_of(task)}
        for who in task.listed_for:
            if who not in people:
                with suppress(self._client.exceptions.ConditionalCheckFailedException), unavailable():
                    self._client.delete_item(
                        TableName=self._table,
                        Key=TASKS.key(*_place(task, who)),
                        ConditionExpression="#version < :version",
                        ExpressionAttributeNames={"#version": "version"},
                        ExpressionAttributeValues={":version": {"N": str(task.version)}},
                    )

    def _request(self, task: Task) -> "PutItemInputTypeDef":
        return {"TableName": self._table, "Item": self._write(task)}

    def _write(self, task: Task) -> Item:
        document = task_document(task)
        header = {name: _attribute(document.pop(name)) for name in HEADER if name in document}
        changes: Item = {"changes": pack(encode(document.pop("changes")))} if task.changes else {}
        packed = self._payloads.pack(task.tenant_id, document, task_slots)
        item: Item = {
            **TASKS.row(task.tenant_id, task.id),
            **header,
            **changes,
            BY_STATUS.partition: {"S": _partition(task.tenant_id, task.status)},
            "document": pack(packed.text),
        }
        return item | {"payloads": pack_references(packed.references)} if packed.references else item

    def header(self, item: Item) -> Task | None:
        """Read of an item what lists show, and the version; None: it only says for whom a task is listed."""
        if "document" not in item:
            return None
        version = unpack(TASKS.known(item)["document"]).get("definitionVersion") or 0
        return read_task(_header(item) | {"definitionVersion": version})

    def parse(self, item: Item) -> Task:
        """Read an item, and the large values that it refers to."""
        document = unpack(TASKS.known(item)["document"])
        references = unpack_references(item["payloads"]) if "payloads" in item else {}
        self._payloads.unpack(item[TASKS.partition]["S"], document, references, task_slots)
        task = read_task(document | _changes(item) | _header(item))
        return copy_with(task, listed_for=tuple(dict.fromkeys(_people_of(task))))


def _people_of(task: Task) -> Iterator[str]:
    """Name those for whom a task is listed."""
    if task.status is not TaskStatus.OPEN:
        return
    if len(task.assignees) + len(task.groups) > MOST_PEOPLE:
        yield MANY
    else:
        yield from map(_user, task.assignees)
        yield from map(_group, task.groups)
    if task.claimed_by is not None:
        yield _user(task.claimed_by)


def _asked(wanted: TaskFilter) -> Sequence[str]:
    """Name those for whom what is wanted is listed."""
    if wanted.claimed_by is not None:
        return [_user(wanted.claimed_by)]
    users = [] if wanted.user is None else [_user(wanted.user)]
    return [*users, *map(_group, wanted.groups)]


def _user(name: str) -> str:
    return f"user#{mended(name)}"


def _group(name: str) -> str:
    return f"group#{mended(name)}"


def _list_key(tenant_id: str, who: str) -> str:
    kind, _, name = who.partition("#")
    text = name.encode()
    return f"{tenant_id}#{who}" if len(text) <= LONGEST else f"{tenant_id}#{kind}##{hashlib.sha256(text).hexdigest()}"


def _place(task: Task, who: str) -> tuple[str, str]:
    """Say under which key a task is listed for somebody."""
    return _list_key(task.tenant_id, who), f"{format_instant(task.created_at)}#{task.id}"


def _partition(tenant_id: str, status: str) -> str:
    """Write the partition key of the index."""
    return f"{tenant_id}#{status}"


def _conditions(wanted: TaskFilter) -> tuple[list[str], Item]:
    """Say which tasks of a status are wanted, as conditions and their values; some that are not may pass."""
    same = {"definitionId": wanted.definition, "executionId": wanted.execution, "claimedBy": wanted.claimed_by}
    conditions = [f"{name} = :{name}" for name, value in same.items() if value is not None]
    values: Item = {f":{name}": {"S": value} for name, value in same.items() if value is not None}
    if wanted.unclaimed:
        conditions.append("attribute_not_exists(claimedBy)")
    if wanted.overdue:
        conditions.append("overdue = :overdue")
        values[":overdue"] = {"BOOL": True}
    if wanted.min_priority is not None:
        conditions.append("priority >= :priority")
        values[":priority"] = {"N": str(wanted.min_priority)}
    if len(wanted.groups) <= MAX_GROUPS:
        people, names = _people(wanted)
        conditions += people
        values |= names
    return conditions, values


def _people(wanted: TaskFilter) -> tuple[list[str], Item]:
    """Say whose tasks are wanted, as one condition and its values, or none where all people's are."""
    values: Item = {f":group{number}": {"S": group} for number, group in enumerate(wanted.groups)}
    ways = [f"contains(groups, {name})" for name in values]
    if wanted.user is not None:
        ways += ["contains(assignees, :user)", "claimedBy = :user"]
        values[":user"] = {"S": wanted.user}
    return [f"({' OR '.join(ways)})"] if ways else [], values


def _attribute(value: str | bool | int | list[str]) -> Attribute:  # noqa: FBT001 - JSON can be true
    match value:
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
    return {"L": [{"S": each} for each in value]}


def _header(item: Item) -> dict[str, Any]:
    return {name: _plain(item[name]) for name in HEADER if name in item}


def _listed(item: Item) -> Task:
    return read_task(_header(item))


def _changes(item: Item) -> dict[str, Any]:
    return {"changes": unpack(item["changes"])} if "changes" in item else {}


def _plain(attribute: Attribute) -> str | bool | int | list[str]:
    if "L" in attribute:
        return [each["S"] for each in attribute["L"]]
    if "N" in attribute:
        return int(attribute["N"])
    return attribute["BOOL"] if "BOOL" in attribute else attribute["S"]
