"""The audit, in DynamoDB: an item for each entry, put once and never changed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.attributes import Item, text_of
from chalicelib.adapters.dynamodb.attributes import pack as packed
from chalicelib.adapters.dynamodb.faults import undamaged
from chalicelib.adapters.dynamodb.reads import query
from chalicelib.adapters.dynamodb.tables import AUDIT
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.core.records.audit import AuditEntry
from chalicelib.core.values.json import format_instant, parse_instant

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef


class DynamoAudit:
    """The table of the audit."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(AUDIT)

    def put(self, entry: AuditEntry) -> bool:
        """Write an entry where there is none; tell whether it is there."""
        current = put_if(
            self._client,
            {
                "TableName": self._table,
                "Item": _item(entry),
                "ConditionExpression": AUDIT.absent,
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )
        return current is None or _entry(current) == entry

    def read(self, tenant_id: str, limit: int, after: int = 0, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        """Read entries behind a number, upwards; newest first, before one that is not 0, downwards."""
        condition = f"{AUDIT.partition} = :tenant"
        values: Item = {":tenant": {"S": tenant_id}}
        if after:
            condition += f" AND #number {'<' if newest_first else '>'} :number"
            values[":number"] = {"N": str(after)}
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not newest_first,
            "ConsistentRead": True,
        }
        if after:
            request["ExpressionAttributeNames"] = {"#number": AUDIT.sort}
        return [_entry(item) for item in query(self._client, request, limit)]


def _item(entry: AuditEntry) -> Item:
    return {
        **AUDIT.row(entry.tenant_id, entry.number),
        "previous": {"S": entry.previous},
        "at": {"S": format_instant(entry.at)},
        "refusals": {"N": str(entry.refusals)},
        "said": packed(entry.text),
        "hash": {"S": entry.hash},
    }


def _entry(item: Item) -> AuditEntry:
    tenant, number = item[AUDIT.partition]["S"], int(item[AUDIT.sort]["N"])
    with undamaged(f"entry {number} of the audit of {tenant}"):
        return AuditEntry(
            tenant_id=tenant,
            number=number,
            previous=AUDIT.known(item)["previous"]["S"],
            at=parse_instant(item["at"]["S"]),
            refusals=int(item["refusals"]["N"]),
            text=text_of(item["said"]),
            hash=item["hash"]["S"],
        )
