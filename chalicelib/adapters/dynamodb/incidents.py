"""Incidents in DynamoDB: an item each, which expires; each is logged, too."""

import logging
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.tables import INCIDENTS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.core.records.incident import KEPT_FOR, Incident
from chalicelib.core.values.json import format_instant
from chalicelib.core.values.log_line import line

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

    from chalicelib.adapters.dynamodb.attributes import Item

NOBODY = "-"
"""The partition of what is no tenant's."""

log = logging.getLogger("sedo")


class DynamoIncidents:
    """The table of incidents."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(INCIDENTS)

    def record(self, incident: Incident) -> None:
        """Keep one where there is none, and log it."""
        shown = {
            "kind": incident.kind.value,
            "subject": incident.subject,
            "at": format_instant(incident.at),
            "detail": incident.detail,
            "execution": incident.execution_id,
        }
        item: Item = {
            **INCIDENTS.row(incident.tenant_id or NOBODY, f"{incident.kind}#{incident.subject}"),
            **{name: {"S": text} for name, text in {**shown, "content": incident.content}.items()},
            INCIDENTS.expiry: {"N": str(int((incident.at + KEPT_FOR).timestamp()))},
        }
        if (
            put_if(self._client, {"TableName": self._table, "Item": item, "ConditionExpression": INCIDENTS.absent})
            is None
        ):
            log.error(line("incident", tenant=incident.tenant_id, **shown))
