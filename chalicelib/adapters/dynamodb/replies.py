"""Answers by the keys of their requests, in DynamoDB: an item each, and more for the rest of a long one."""

from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.faults import unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import query
from chalicelib.adapters.dynamodb.tables import FORMAT, REPLIES
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.core.records.compression import compressed, decompressed, is_zlib
from chalicelib.core.records.replies import KeptAnswer, KeyHolder, Piece
from chalicelib.core.values.json import Json, decode, encode
from chalicelib.core.values.value import copy_with

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef, QueryInputTypeDef

    from chalicelib.adapters.dynamodb.attributes import Item

PART_BYTES = 256 * 1024
SHORTER = 2
"""The format of an answer that has pieces of its request, or is compressed otherwise than with zlib."""


class DynamoReplies:
    """The table of answers."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(REPLIES)

    def claim(self, name: str, wanted: KeyHolder, now: datetime, until: datetime, died_before: datetime) -> KeyHolder:
        """Take a key."""
        item: Item = {
            **REPLIES.row(name, 0),
            "asked": {"S": wanted.asked},
            "seed": {"S": wanted.seed},
            "since": {"N": _seconds(now)},
            REPLIES.expiry: {"N": _seconds(until)},
        }
        request: PutItemInputTypeDef = {
            "TableName": self._table,
            "Item": item,
            "ConditionExpression": f"{REPLIES.absent} OR {REPLIES.expiry} <= :now",
            "ExpressionAttributeValues": {":now": {"N": _seconds(now)}},
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }
        found = put_if(self._client, request)
        if found is None or found == item:
            return copy_with(wanted, is_new=True)
        with undamaged(f"answer {name}"):
            holder = KeyHolder(REPLIES.known(found)["asked"]["S"], found["seed"]["S"])
            is_dead = int(found["since"]["N"]) < int(died_before.timestamp())
        holder = copy_with(holder, reply=self._reply(name, found))
        if holder.reply is not None or holder.asked != wanted.asked or not is_dead:
            return holder
        request["Item"] = {**item, "seed": found["seed"]}
        request["ConditionExpression"] = "since = :since AND attribute_not_exists(parts)"
        request["ExpressionAttributeValues"] = {":since": found["since"]}
        found = put_if(self._client, request)
        return copy_with(holder, is_new=found is None or found == request["Item"])

    def keep(self, name: str, reply: KeptAnswer, until: datetime) -> None:
        """Keep an answer, its first part last."""
        text = compressed(encode(_document(reply)))
        parts = [text[start : start + PART_BYTES] for start in range(0, len(text), PART_BYTES)]
        expires = {"N": _seconds(until)}
        for number, part in [*enumerate(parts)][:0:-1]:
            with unavailable():
                self._client.put_item(
                    TableName=self._table,
                    Item={**REPLIES.row(name, number), "content": {"B": part}, REPLIES.expiry: expires},
                )
        with unavailable():
            self._client.update_item(
                TableName=self._table,
                Key=REPLIES.key(name, 0),
                UpdateExpression=f"SET #status = :status, content = :content, parts = :parts, {REPLIES.expiry} = :end, "
                f"{FORMAT} = :format",
                ExpressionAttributeNames={"#status": "status"},
                ExpressionAttributeValues={
                    ":format": {"N": str(SHORTER if reply.pieces or not is_zlib(text) else REPLIES.format)},
                    ":status": {"N": str(reply.status)},
                    ":content": {"B": parts[0]},
                    ":parts": {"N": str(len(parts))},
                    ":end": expires,
                },
            )

    def let_go(self, name: str) -> None:
        """Let the same request have a key at once."""
        with unavailable():
            self._client.update_item(
                TableName=self._table,
                Key=REPLIES.key(name, 0),
                UpdateExpression="SET since = :past",
                ExpressionAttributeValues={":past": {"N": "0"}},
            )

    def _reply(self, name: str, item: "Item") -> KeptAnswer | None:
        """Read the answer of an item, if it has one."""
        if "parts" not in item:
            return None
        with undamaged(f"answer {name}"):
            content, count = bytes(item["content"]["B"]), int(item["parts"]["N"])
        rest: Sequence[Item] = []
        if count > 1:
            request: QueryInputTypeDef = {
                "TableName": self._table,
                "KeyConditionExpression": f"{REPLIES.partition} = :name AND {REPLIES.sort} > :first",
                "ExpressionAttributeValues": {":name": item[REPLIES.partition], ":first": {"N": "0"}},
                "ConsistentRead": True,
            }
            rest = query(self._client, request, count - 1)
        with undamaged(f"answer {name}"):
            content += b"".join(bytes(part["content"]["B"]) for part in rest)
            found = decode(decompressed(content))
            pieces = tuple(Piece(*each) for each in found.get("pieces", ()))
            return KeptAnswer(int(item["status"]["N"]), found["headers"], found["body"], pieces)


def _document(reply: KeptAnswer) -> dict[str, Json]:
    pieces: dict[str, Json] = {"pieces": [[*each] for each in reply.pieces]} if reply.pieces else {}
    return {"headers": {**reply.headers}, "body": reply.body, **pieces}


def _seconds(instant: datetime) -> str:
    return str(int(instant.timestamp()))
