"""What goes over the wire to DynamoDB: no stand-in answers a read that is not consistent with what is old."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from traceback import walk_stack
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.tables import BY_ORDER, HISTORY

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

READS = ("GetItem", "BatchGetItem", "Query", "Scan")


def inconsistent(operation: str, body: bytes) -> list[str]:
    """List the tables that a request reads though they may show what is old.

    A global index never shows what is newest; where only a number is wanted, it need not be that of this instant; and
    a list says that it need not be. Rows of history prove each other, and payloads have their hash: who reads them
    notices what is missing.
    """
    request: dict[str, Any] = json.loads(body)
    is_global = request.get("IndexName") not in {None, BY_ORDER.name}
    is_history = request.get("TableName", "").endswith(HISTORY.name)
    if operation not in READS or is_global or is_history or request.get("Select") == "COUNT":
        return []
    asked = request.get("RequestItems") or {request.get("TableName"): request}
    return [f"{operation} of {table}" for table, read in asked.items() if read.get("ConsistentRead") is None]


def refuse_inconsistent_reads(client: "DynamoDBClient") -> None:
    """Let every read that a store makes fail if it could show what is old; tests may read as they like."""

    def look(model: Any, params: dict[str, Any], **_: object) -> None:
        if any("/chalicelib/" in frame.f_code.co_filename for frame, _ in walk_stack(None)):
            assert not (found := inconsistent(model.name, params["body"])), f"not consistent: {found}"

    client.meta.events.register("before-call.dynamodb", look)


@contextmanager
def recording(client: "DynamoDBClient") -> Iterator[list[str]]:
    """Record the operations of a client that are not writes."""
    seen: list[str] = []

    def look(model: Any, **_: object) -> None:
        if model.name in READS:
            seen.append(model.name)

    client.meta.events.register("before-call.dynamodb", look)
    yield seen
    client.meta.events.unregister("before-call.dynamodb", look)
