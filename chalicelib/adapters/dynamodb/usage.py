"""What tenants with quotas take, in DynamoDB: an item for each second with starts, and for each slot."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item
from chalicelib.adapters.dynamodb.faults import readable, unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import query
from chalicelib.adapters.dynamodb.tables import FORMAT, USAGE
from chalicelib.adapters.dynamodb.writes import put_if, put_or_mend
from chalicelib.adapters.names import Names
from chalicelib.core.access.quotas import StartSlot
from chalicelib.core.values.json import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PutItemInputTypeDef

KEPT_SECONDS = 3_600
"""For how long at least the count of a second is kept."""


class DynamoUsage:
    """The table of usage."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(USAGE)

    def count_start(self, tenant_id: str, second: int, most: int) -> bool:
        """Count a start in a second, unless there were so many; tell whether it is counted."""
        try:
            with unavailable():
                self._client.update_item(
                    TableName=self._table,
                    Key=USAGE.key(tenant_id, f"second#{second}"),
                    UpdateExpression="ADD #count :one SET #expiry = :expiry, #format = :format",
                    ConditionExpression="attribute_not_exists(#count) OR #count < :most",
                    ExpressionAttributeNames={"#count": "starts", "#expiry": USAGE.expiry, "#format": FORMAT},
                    ExpressionAttributeValues={
                        ":one": {"N": "1"},
                        ":most": {"N": str(most)},
                        ":expiry": {"N": str(second + KEPT_SECONDS)},
                        ":format": {"N": str(USAGE.format)},
                    },
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def slots(self, tenant_id: str, most: int) -> Sequence[StartSlot]:
        """Read the slots that were ever taken, of the first so many."""
        found = query(
            self._client,
            {
                "TableName": self._table,
                "KeyConditionExpression": f"{USAGE.partition} = :tenant AND {USAGE.sort} BETWEEN :first AND :last",
                "ExpressionAttributeValues": {
                    ":tenant": {"S": tenant_id},
                    ":first": {"S": _entry(0)},
                    ":last": {"S": _entry(most - 1)},
                },
                "ConsistentRead": True,
            },
            most,
        )
        return [*readable(_slot, found, later=False)]

    def take(self, slot: StartSlot, instead: StartSlot | None) -> bool:
        """Take a slot if it stands as it was read, None: nobody has ever taken it, or nobody can tell who has.

        Tell whether it is taken.
        """
        request: PutItemInputTypeDef = {"TableName": self._table, "Item": _item(slot)}
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if instead is None:
            request["ConditionExpression"] = USAGE.absent
            current = put_or_mend(self._client, request, _slot)
        else:
            request["ConditionExpression"] = "holder = :holder AND takenAt = :taken"
            item = _item(instead)
            request["ExpressionAttributeValues"] = {":holder": item["holder"], ":taken": item["takenAt"]}
            current = put_if(self._client, request)
        return current is None or current == request["Item"]


def _entry(number: int) -> str:
    return f"slot#{number:05}"


def _item(slot: StartSlot) -> Item:
    return {
        **USAGE.row(slot.tenant_id, _entry(slot.number)),
        "holder": {"S": slot.holder},
        "takenAt": {"S": format_instant(slot.taken_at)},
    }


def _slot(item: Item) -> StartSlot:
    tenant, entry = (item[name]["S"] for name in (USAGE.partition, USAGE.sort))
    with undamaged(f"{entry} of {tenant}"):
        return StartSlot(
            tenant_id=tenant,
            number=int(entry.partition("#")[2]),
            holder=USAGE.known(item)["holder"]["S"],
            taken_at=parse_instant(item["takenAt"]["S"]),
        )
