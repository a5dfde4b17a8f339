"""History in DynamoDB: rows that are only ever put."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.dynamodb.attributes import Item, pack, text_of
from chalicelib.adapters.dynamodb.chunks import pack_bases, unpack_bases
from chalicelib.adapters.dynamodb.faults import undamaged
from chalicelib.adapters.dynamodb.reads import query
from chalicelib.adapters.dynamodb.tables import HISTORY
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.executions.cost import write_units
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Link
from chalicelib.core.records.history import Row
from chalicelib.core.records.payload import Reference
from chalicelib.core.records.quotations import Body
from chalicelib.core.values.json import Json

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

BARE_ROW = 300
"""Bytes of a row beside its document: the names of attributes, and the link to the row before it."""


class DynamoHistory:
    """The table of history rows."""

    def __init__(self, client: "DynamoDBClient", names: Names, payloads: Payloads) -> None:
        self._client = client
        self._table = names.table(HISTORY)
        self._payloads = payloads

    def append(self, row: Row) -> int:
        """Put a row under its key, its payloads before it; what is there under the key stays."""
        units = self._payloads.put(row.payloads, row.held)
        item = HISTORY.row(row.execution, row.key)
        if row.previous is not None:
            item["previous"] = {"M": {"key": {"S": row.previous.key}, "digest": {"S": row.previous.digest}}}
        body = self._payloads.beside(row.text, {**row.held, **row.payloads})
        item["document"] = document = pack(body.content)
        if body.bases:
            item["bases"] = pack_bases(body.bases)
        put_if(self._client, {"TableName": self._table, "Item": item, "ConditionExpression": HISTORY.absent})
        return units + write_units(BARE_ROW + len(document.get("B") or document.get("S", "")))

    def keep(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] | None = None) -> int:
        """Write values that records refer to."""
        return self._payloads.put(payloads, held or {})

    def fill(self, tenant_id: str, records: Sequence[dict[str, Any]], most: float) -> None:
        """Put values back into records."""
        self._payloads.fill(tenant_id, records, most)

    def result(self, tenant_id: str, record: Mapping[str, Json]) -> Json:
        """Answer the result of a record."""
        return self._payloads.result(tenant_id, record)

    def read_text(self, tenant_id: str, reference: Reference, start: int, stop: int) -> bytes:
        """Read a part of a large value."""
        return self._payloads.read_text(tenant_id, reference, start, stop)

    def lost(self, tenant_id: str, references: Collection[Reference]) -> Collection[Reference]:
        """Find values that are not what they were."""
        return self._payloads.lost(tenant_id, references)

    def read(
        self, execution_id: str, behind: str, limit: int, *, newest_first: bool = False, consistent: bool = True
    ) -> Sequence[Row]:
        """Read rows by key."""
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "KeyConditionExpression": f"{HISTORY.partition} = :id AND #key {'<' if newest_first else '>'} :behind",
            "ExpressionAttributeNames": {"#key": HISTORY.sort},
            "ExpressionAttributeValues": {":id": {"S": execution_id}, ":behind": {"S": behind}},
            "ScanIndexForward": not newest_first,
            "ConsistentRead": consistent,
        }
        items = query(self._client, request, limit)
        with undamaged(f"the history of execution {execution_id}"):
            bases = [base for item in items for base in bases_of(item)]
            known = self._payloads.get(ExecutionId.tenant_of(execution_id), bases)
            return [read_row(item, known) for item in items]


def bases_of(item: Item) -> Sequence[Reference]:
    """Tell the payloads that the text of a row refers to.

    Raises:
        UnknownFormatError: a later release wrote it.
    """
    return unpack_bases(item["bases"]) if "bases" in HISTORY.known(item) else ()


def read_row(item: Item, payloads: Mapping[str, bytes]) -> Row:
    """Read the item of a row; its bases are among the payloads, by hash."""
    previous = item["previous"]["M"] if "previous" in item else {}
    link = Link(previous["key"]["S"], previous["digest"]["S"]) if previous else None
    body = Body(text_of(item["document"]), bases_of(item))
    text = body.text(payloads[base.sha256] for base in body.bases)
    return Row(item[HISTORY.partition]["S"], item[HISTORY.sort]["S"], link, text)
