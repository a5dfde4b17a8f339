"""Reads of DynamoDB that may take several calls."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.faults import readable, unavailable
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import format_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef, QueryInputTypeDef

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 8
"""Queries that are asked at the same time: a client has 10 connections."""

MAX_KEYS = 100
"""Of one BatchGetItem (Amazon DynamoDB API Reference)."""


EARLIEST, LATEST = "0", "a"
"""Before and behind every instant, as text."""


def instants(since: datetime | None, until: datetime | None) -> Item:
    """Write the values of a condition that an instant is between two, ``:since`` and ``:until``; None is no bound."""
    return {
        ":since": {"S": EARLIEST if since is None else format_instant(since)},
        ":until": {"S": LATEST if until is None else format_instant(until)},
    }


def side_by_side(do: Callable[[T], R], each: Sequence[T]) -> list[R]:
    """Do something for each, several at the same time; answer what came of it, in order."""
    if len(each) <= 1:
        return [do(one) for one in each]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - few reads need it

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return [*pool.map(do, each)]


def query(
    client: "DynamoDBClient",
    request: "QueryInputTypeDef",
    limit: int,
    takes: Callable[[Item], bool] | None = None,
) -> list[Item]:
    """Read up to ``limit`` items that a query finds, of those that are wanted; fewer only where there are no more.

    Raises:
        UnavailableError: DynamoDB did not answer.
    """
    return query_of(client, request, limit, lambda item: item, takes)


def query_of(
    client: "DynamoDBClient",
    request: "QueryInputTypeDef",
    limit: int,
    read: Callable[[Item], R],
    takes: Callable[[Item], bool] | None = None,
) -> list[R]:
    """Read up to ``limit`` of what a query finds and is wanted, but for what cannot be read.

    Raises:
        UnavailableError: DynamoDB did not answer.
    """
    found: list[R] = []
    while len(found) < limit:
        request["Limit"] = limit - len(found) if takes is None else MAX_KEYS
        with unavailable():
            page = client.query(**request)
        found += readable(read, page["Items"] if takes is None else filter(takes, page["Items"]))
        if "LastEvaluatedKey" not in page:
            break
        request["ExclusiveStartKey"] = page["LastEvaluatedKey"]
    return found[:limit]


def batch_get(
    client: "DynamoDBClient",
    table: str,
    keys: Sequence[Item],
    projection: Sequence[str] = (),
    *,
    consistent: bool = True,
) -> list[Item]:
    """Read the items under some keys, or some of their attributes, in no order.

    What is not there is left out. What need not be strongly ``consistent`` costs half.

    Raises:
        UnavailableError: DynamoDB did not answer.
    """
    names = {f"#{name}": name for name in projection}
    attributes: KeysAndAttributesTypeDef = {"Keys": [], "ConsistentRead": consistent}
    if names:
        attributes |= {"ProjectionExpression": ",".join(names), "ExpressionAttributeNames": names}
    found: list[Item] = []
    for start in range(0, len(keys), MAX_KEYS):
        wanted: Sequence[Item] = keys[start : start + MAX_KEYS]
        while wanted:
            request: KeysAndAttributesTypeDef = {**attributes, "Keys": wanted}
            with unavailable():
                answer = client.batch_get_item(RequestItems={table: request})
            found += answer["Responses"].get(table, [])
            unprocessed = answer["UnprocessedKeys"]
            left = [dict(key) for key in unprocessed[table]["Keys"]] if table in unprocessed else []
            if len(left) == len(wanted):
                raise UnavailableError("none of the keys of a batch was processed")
            wanted = left
    return found
