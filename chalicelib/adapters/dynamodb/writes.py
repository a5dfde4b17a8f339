"""Writes of DynamoDB that a condition guards."""

from typing import TYPE_CHECKING, TypeAlias, cast

from chalicelib.adapters.dynamodb.faults import unavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import DeleteItemInputTypeDef, PutItemInputTypeDef

    from chalicelib.adapters.dynamodb.attributes import Attribute, Item

Changes: TypeAlias = "dict[str, Attribute | None]"
"""What attributes are to be; None: they are to go."""


def put_if(client: "DynamoDBClient", request: "PutItemInputTypeDef") -> "Item | None":
    """Put an item if the condition of the request holds; answer None where it did, and else the item that is there.

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


def changing(changes: Changes) -> "tuple[str, Item]":
    """Write the update expression of changes, with ``#name`` for an attribute, and its values under ``:name``."""
    sets = {name: new for name, new in changes.items() if new is not None}
    clauses = {
        "SET": [f"#{name} = :{name}" for name in sets],
        "REMOVE": [f"#{name}" for name in changes if name not in sets],
    }
    expression = " ".join(f"{verb} {', '.join(of)}" for verb, of in clauses.items() if of)
    return expression, {f":{name}": new for name, new in sets.items()}
