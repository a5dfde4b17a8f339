"""People's tasks in DynamoDB: one item each, attributes that lists are made of, and the rest as JSON text."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Attribute, Item, pack, unpack
from chalicelib.adapters.dynamodb.chunks import pack_references, unpack_references
from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.dynamodb.reads import batch_get, instants
from chalicelib.adapters.dynamodb.tables import BY_STATUS, TASKS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import encode, format_instant
from chalicelib.core.values.position import Position
from chalicelib.core.waits.task import HEADER, Task, TaskFilter, read_task, task_document, task_slots

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, QueryInputTypeDef

PAGE = 500
"""How many tasks one call looks at when not all of them are wanted."""

MAX_GROUPS = LIMITS.task_filter_groups


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
        return self._read(answer["Item"]) if "Item" in answer else None

    def headers(self, tenant_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """Read headers and changes, a hundred in a request."""
        keys = [TASKS.key(tenant_id, name) for name in dict.fromkeys(task_ids)]
        found = batch_get(self._client, self._table, keys, (*HEADER, "changes"))
        return {item[TASKS.sort]["S"]: read_task(_changes(item) | _header(item)) for item in found}

    def open(self, task: Task) -> None:
        """Write one where there is none."""
        request = self._request(task)
        request["ConditionExpression"] = TASKS.absent
        put_if(self._client, request)

    def update(self, task: Task) -> bool:
        """Write the next version of one."""
        request = self._request(task)
        request["ConditionExpression"] = "#version = :version"
        request["ExpressionAttributeNames"] = {"#version": "version"}
        request["ExpressionAttributeValues"] = {":version": {"N": str(task.version - 1)}}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        current = put_if(self._client, request)
        return current is None or current == request["Item"]

    def list(self, tenant_id: str, wanted: TaskFilter, limit: int, after: Position | None = None) -> Sequence[Task]:
        """Read headers."""
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
        """Ask for as many pages as somebody wants to see."""
        while True:
            with unavailable():
                page = self._client.query(**request)
            yield from (read_task(_header(item)) for item in page["Items"])
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _request(self, task: Task) -> "PutItemInputTypeDef":
        return {"TableName": self._table, "Item": self._write(task)}

    def _write(self, task: Task) -> Item:
        document = task_document(task)
        header = {name: _attribute(document.pop(name)) for name in HEADER if name in document}
        changes: Item = {"changes": pack(encode(document.pop("changes")))} if task.changes else {}
        packed = self._payloads.pack(task.tenant_id, document, task_slots)
        item: Item = {
            **header,
            **changes,
            BY_STATUS.partition: {"S": _partition(task.tenant_id, task.status)},
            "document": pack(packed.text),
        }
        return item | {"payloads": pack_references(packed.references)} if packed.references else item

    def _read(self, item: Item) -> Task:
        document = unpack(item["document"])
        references = unpack_references(item["payloads"]) if "payloads" in item else {}
        self._payloads.unpack(item[TASKS.partition]["S"], document, references, task_slots)
        return read_task(document | _changes(item) | _header(item))


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


def _changes(item: Item) -> dict[str, Any]:
    return {"changes": unpack(item["changes"])} if "changes" in item else {}


def _plain(attribute: Attribute) -> str | bool | int | list[str]:
    if "L" in attribute:
        return [each["S"] for each in attribute["L"]]
    if "N" in attribute:
        return int(attribute["N"])
    return attribute["BOOL"] if "BOOL" in attribute else attribute["S"]
