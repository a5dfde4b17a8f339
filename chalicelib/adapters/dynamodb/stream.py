"""Documents of the search index, made from items of the tables, for the streams and for a rebuild."""

from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.definitions import read_record
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.dynamodb.tables import DEFINITIONS, EXECUTIONS, TASKS, TableSchema
from chalicelib.adapters.dynamodb.tasks import DynamoTasks
from chalicelib.adapters.names import Names
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.records.shown import nothing
from chalicelib.core.search.documents import (
    SearchEntry,
    SearchKind,
    definition_entry,
    execution_entry,
    gone_entry,
    task_entry,
)

SEARCHED: Mapping[str, TableSchema] = {
    SearchKind.EXECUTION: EXECUTIONS,
    SearchKind.TASK: TASKS,
    SearchKind.DEFINITION: DEFINITIONS,
}
"""The tables that documents are made of, by what they hold."""


class DynamoEntries:
    """Makes documents of items."""

    def __init__(self, names: Names, executions: DynamoExecutions, tasks: DynamoTasks) -> None:
        self._kinds = {names.table(table): kind for kind, table in SEARCHED.items()}
        self._executions, self._tasks = executions, tasks

    def of_record(self, record: Mapping[str, Any]) -> SearchEntry | None:
        """Make the document of what a record of a stream is about; None: it is of an item that has none.

        Raises:
            UnavailableError: a later release wrote the item, or what it refers to cannot be read for now.
        """
        kind = self._kinds[record["eventSourceARN"].split("/")[1]]
        change = record["dynamodb"]
        if "NewImage" not in change:
            at = datetime.fromtimestamp(float(change["ApproximateCreationDateTime"]), UTC)
            return _gone(kind, change["Keys"], at)
        return self.of_item(kind, {name: _attribute(each) for name, each in change["NewImage"].items()})

    def of_item(self, kind: str, item: Item) -> SearchEntry | None:
        """Make the document of an item.

        Raises:
            UnavailableError: the same.
        """
        match kind:
            case SearchKind.EXECUTION:
                return execution_entry(self._executions.outlined(item, nothing).execution)
            case SearchKind.DEFINITION:
                return definition_entry(read_record(item))
        task = self._tasks.header(item)
        return None if task is None else task_entry(task)


def _gone(kind: str, keys: Item, at: datetime) -> SearchEntry:
    table = SEARCHED[kind]
    if table.sort:
        return gone_entry(kind, keys[table.partition]["S"], keys[table.sort]["S"], at)
    name = keys[table.partition]["S"]
    return gone_entry(kind, ExecutionId.tenant_of(name), name, at)


def _attribute(found: Mapping[str, Any]) -> Any:  # noqa: ANN401 - an attribute of any type
    """Read an attribute as Lambda hands it over: bytes are in base64."""
    ((kind, each),) = found.items()
    match kind:
        case "B":
            return {"B": b64decode(each) if isinstance(each, str) else each}
        case "L":
            return {"L": [_attribute(item) for item in each]}
        case "M":
            return {"M": {name: _attribute(item) for name, item in each.items()}}
    return cast("Item", found)
