"""Incidents in DynamoDB: an item each, which expires; each is logged, too."""

import logging
import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from chalicelib.adapters.dynamodb.faults import readable, unavailable, undamaged
from chalicelib.adapters.dynamodb.reads import EARLIEST, LATEST, query, side_by_side
from chalicelib.adapters.dynamodb.tables import BY_INCIDENT_STATE, INCIDENTS
from chalicelib.adapters.dynamodb.writes import put_if
from chalicelib.adapters.names import Names
from chalicelib.core.records.incident import (
    KEPT_FOR,
    Incident,
    IncidentFilter,
    IncidentKey,
    IncidentKind,
    IncidentState,
    OpenIncident,
)
from chalicelib.core.values.json import format_instant, parse_instant
from chalicelib.core.values.log_line import line
from chalicelib.core.values.position import Position

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import QueryInputTypeDef

    from chalicelib.adapters.dynamodb.attributes import Item

NOBODY = "-"
"""The partition of what is no tenant's."""

SHARDS = 4
"""Of the index: all are read once a minute, for half a read unit each where nothing is open."""

log = logging.getLogger("sedo")


class DynamoIncidents:
    """The table of incidents."""

    def __init__(self, client: "DynamoDBClient", names: Names) -> None:
        self._client = client
        self._table = names.table(INCIDENTS)

    def record(self, incident: Incident) -> bool:
        """Keep one where there is none that is open, and log it."""
        shown = {
            "kind": incident.kind.value,
            "subject": incident.subject,
            "at": format_instant(incident.at),
            "detail": incident.detail,
            "execution": incident.execution_id,
        }
        item: Item = {
            **INCIDENTS.row(*_place(incident.key)),
            **{name: {"S": text} for name, text in {**shown, "content": incident.content}.items()},
            "definitionVersion": {"N": str(incident.definition_version)},
            **_listed(incident.key, incident.at, IncidentState.OPEN),
            INCIDENTS.expiry: {"N": str(int((incident.at + KEPT_FOR).timestamp()))},
        }
        refused = put_if(
            self._client,
            {
                "TableName": self._table,
                "Item": item,
                "ConditionExpression": f"{INCIDENTS.absent} OR endedAt < :at",
                "ExpressionAttributeValues": {":at": item["at"]},
            },
        )
        if refused is None:
            log.error(line("incident", tenant=incident.tenant_id, **shown))
        return refused is None

    def end(self, key: IncidentKey, at: datetime, why: str) -> bool:
        """End one that is open."""
        open_in, ended_in = (_shard(key.tenant_id, state) for state in (IncidentState.OPEN, IncidentState.ENDED))
        try:
            with unavailable():
                self._client.update_item(
                    TableName=self._table,
                    Key=INCIDENTS.key(*_place(key)),
                    UpdateExpression="SET endedAt = :at, ended = :why, #shard = :ended",
                    ConditionExpression="#shard = :open",
                    ExpressionAttributeNames={"#shard": BY_INCIDENT_STATE.partition},
                    ExpressionAttributeValues={
                        ":at": {"S": format_instant(at)},
                        ":why": {"S": why},
                        ":open": {"S": open_in},
                        ":ended": {"S": ended_in},
                    },
                )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True

    def get(self, key: IncidentKey) -> Incident | None:
        """Read one."""
        with unavailable():
            answer = self._client.get_item(TableName=self._table, Key=INCIDENTS.key(*_place(key)), ConsistentRead=True)
        with undamaged(f"incident {key.id}"):
            return _incident(INCIDENTS.known(answer["Item"])) if "Item" in answer else None

    def list(
        self, tenant_id: str, wanted: IncidentFilter, limit: int, after: Position | None = None
    ) -> Sequence[Incident]:
        """Read some from the index."""
        return [*islice(filter(wanted.takes, self._found(tenant_id, wanted, limit, after)), limit)]

    def _found(self, tenant_id: str, wanted: IncidentFilter, limit: int, after: Position | None) -> Iterator[Incident]:
        owner = tenant_id or NOBODY
        behind = "" if after is None else f"{owner}#{format_instant(after.started_at)}#{after.id}"
        since = f"{owner}#{EARLIEST if wanted.since is None else format_instant(wanted.since)}"
        until = f"{owner}#{LATEST if wanted.until is None else format_instant(wanted.until)}~"
        if behind:
            since, until = (max(since, behind), until) if wanted.oldest_first else (since, min(until, behind))
        request: QueryInputTypeDef = {
            "TableName": self._table,
            "IndexName": BY_INCIDENT_STATE.name,
            "KeyConditionExpression": "#shard = :shard AND #place BETWEEN :since AND :until",
            "ExpressionAttributeNames": {"#shard": BY_INCIDENT_STATE.partition, "#place": BY_INCIDENT_STATE.sort},
            "ExpressionAttributeValues": {
                ":shard": {"S": _shard(tenant_id, wanted.state)},
                ":since": {"S": since},
                ":until": {"S": until},
            },
            "ScanIndexForward": wanted.oldest_first,
            "Limit": limit + 1,
        }
        while since <= until:
            with unavailable():
                page = self._client.query(**request)
            items = (item for item in page["Items"] if item[BY_INCIDENT_STATE.sort]["S"] != behind)
            yield from readable(_incident, items)
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def all_open(self, limit: int, *, oldest_first: bool = True) -> Sequence[OpenIncident]:
        """Read the keys of each shard."""

        def read(shard: int) -> "Sequence[Item]":
            request: QueryInputTypeDef = {
                "TableName": self._table,
                "IndexName": BY_INCIDENT_STATE.name,
                "KeyConditionExpression": "#shard = :shard",
                "ProjectionExpression": f"{INCIDENTS.partition}, {INCIDENTS.sort}, #at",
                "ExpressionAttributeNames": {"#shard": BY_INCIDENT_STATE.partition, "#at": "at"},
                "ExpressionAttributeValues": {":shard": {"S": f"{IncidentState.OPEN}#{shard}"}},
                "ScanIndexForward": oldest_first,
            }
            return query(self._client, request, limit)

        items = [item for found in side_by_side(read, range(SHARDS)) for item in found]
        return [*readable(lambda item: OpenIncident(_key(item), parse_instant(item["at"]["S"])), items)]


def _place(key: IncidentKey) -> tuple[str, str]:
    return key.tenant_id or NOBODY, f"{key.kind}#{key.subject}"


def _shard(tenant_id: str, state: IncidentState) -> str:
    return f"{state}#{zlib.crc32(tenant_id.encode()) % SHARDS}"


def _listed(key: IncidentKey, at: datetime, state: IncidentState) -> "Item":
    place = f"{key.tenant_id or NOBODY}#{format_instant(at)}#{key.id}"
    return BY_INCIDENT_STATE.key(_shard(key.tenant_id, state), place)


def _key(item: "Item") -> IncidentKey:
    owner, (kind, _, subject) = (
        item[INCIDENTS.partition]["S"],
        item[INCIDENTS.sort]["S"].partition("#"),
    )
    return IncidentKey("" if owner == NOBODY else owner, IncidentKind(kind), subject)


def _incident(item: "Item") -> Incident:
    key = _key(item)
    return Incident(
        key.kind,
        key.subject,
        parse_instant(item["at"]["S"]),
        item["detail"]["S"],
        tenant_id=key.tenant_id,
        execution_id=item["execution"]["S"],
        definition_version=int(item["definitionVersion"]["N"]) if "definitionVersion" in item else 0,
        content=item["content"]["S"] if "content" in item else "",
        ended_at=parse_instant(item["endedAt"]["S"]) if "endedAt" in item else None,
        ended=item["ended"]["S"] if "ended" in item else "",
    )
