"""Writes of DynamoDB that a condition guards."""

from typing import TYPE_CHECKING, TypeAlias, cast

from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.core.values.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import DeleteItemInputTypeDef, PutItemInputTypeDef

    from chalicelib.adapters.dynamodb.attributes import Attribute, Item


Changes: TypeAlias = "dict[str, Attribute | None]"
"""What attributes are to be; None: they are to go."""


def put_if(client: "DynamoDBClient", request: "PutItemInputTypeDef") -> "Item | None":
    """Put an item if the condition of the request holds; answer None if it did, else the stored item.

    That is empty where there is none, and where the request does not ask for it (``ALL_OLD``).

    Raises:
        UnavailableError: DynamoDB did not answer.
    """
    try:
        with unavailable():
            client.put_item(**request)
    except client.exceptions.ConditionalCheckFailedException as refusal:
        answer = cast("dict[str, Item]", refusal.response)  # the type of the answer is that of all errors
        return answer.get("Item", {})
    return None


def delete_if(client: "DynamoDBClient", request: "DeleteItemInputTypeDef") -> bool:
    """Delete an item if the condition of the request holds; tell whether it is gone, be it by a call before.

    A client repeats a call that it has not heard of: then it is gone by that. The request asks for what is there
    (``ALL_OLD``).

    Raises:
        UnavailableError: DynamoDB did not answer.
    """
    try:
        with unavailable():
            client.delete_item(**request)
    except client.exceptions.ConditionalCheckFailedException as refusal:
        return "Item" not in refusal.response
    return True


def put_or_mend(
    client: "DynamoDBClient", request: "PutItemInputTypeDef", read: "Callable[[Item], object]"
) -> "Item | None":
    """Put an item as :func:`put_if` does, also in place of one that cannot be read.

    Raises:
        UnavailableError: DynamoDB did not answer.
        UnknownFormatError: a later release wrote what is there.
    """
    current = put_if(client, request)
    if not current or current == request["Item"] or not is_damaged(current, read):
        return current
    condition, names, values = _as_read(current, request["Item"])
    return put_if(
        client,
        {
            "TableName": request["TableName"],
            "Item": request["Item"],
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    )


def delete_damaged(
    client: "DynamoDBClient", table: str, key: "Item", read: "Callable[[Item], object]", whole: "Collection[str]"
) -> bool:
    """Delete an item that cannot be read; tell whether it is gone: one that can be read stays.

    A ``whole`` one has these attributes.

    Raises:
        UnavailableError: DynamoDB did not answer.
        UnknownFormatError: a later release wrote what is there.
    """
    with unavailable():
        found = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    current = found.get("Item")
    if current is None or not is_damaged(current, read):
        return current is None
    condition, names, values = _as_read(current, whole)
    return delete_if(
        client,
        {
            "TableName": table,
            "Key": key,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        },
    )


def is_damaged(item: "Item", read: "Callable[[Item], object]") -> bool:
    """Tell whether an item cannot be read.

    Raises:
        UnknownFormatError: a later release wrote it.
    """
    try:
        read(item)
    except DamagedError:
        return True
    return False


def _as_read(item: "Item", whole: "Collection[str]") -> "tuple[str, dict[str, str], Item]":
    """Write the condition that an item is as it was read, also in what it lacks, with the names and values in it."""
    names = {f"#{place}": name for place, name in enumerate(dict.fromkeys([*item, *whole]))}
    values = {f":{place}": found for place, found in enumerate(item.values())}
    same = [f"#{place} = :{place}" for place in range(len(item))]
    lacks = [f"attribute_not_exists(#{place})" for place in range(len(item), len(names))]
    return " AND ".join(same + lacks), names, values


def changing(changes: Changes) -> "tuple[str, Item]":
    """Write the update expression of changes, with ``#name`` for an attribute, and its values under ``:name``."""
    sets = {name: new for name, new in changes.items() if new is not None}
    clauses = {
        "SET": [f"#{name} = :{name}" for name in sets],
        "REMOVE": [f"#{name}" for name in changes if name not in sets],
    }
    expression = " ".join(f"{verb} {', '.join(of)}" for verb, of in clauses.items() if of)
    return expression, {f":{name}": new for name, new in sets.items()}
