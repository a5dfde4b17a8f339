import logging
from datetime import timedelta

import pytest

from chalicelib.adapters.dynamodb.tables import INCIDENTS
from chalicelib.core.records.incident import (
    KEPT_FOR,
    Incident,
    IncidentFilter,
    IncidentKey,
    IncidentKind,
    IncidentState,
    OpenIncident,
)
from chalicelib.core.values.position import Position
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, incident

MINUTE = timedelta(minutes=1)
ENDED = IncidentFilter(state=IncidentState.ENDED)


def several(tenant: str) -> list[Incident]:
    """Incidents of some kinds, a minute apart, the newest first."""
    kinds = [IncidentKind.STUCK, IncidentKind.INDEX_RECORD, IncidentKind.MESSAGE_LOST]
    return [
        Incident(kind, f"{tenant}:order:{n}@1", NOW - n * MINUTE, "so it is", tenant, f"{tenant}:order:{n}")
        for n, kind in enumerate(kinds)
    ]


def test_an_incident_is_recorded_once(backend: Backend, tenant: str) -> None:
    backend.incidents.record(incident(tenant))
    backend.incidents.record(copy_with(incident(tenant), detail="again"))
    assert backend.incidents.get(incident(tenant).key) == incident(tenant)
    assert backend.incidents.list(tenant, IncidentFilter(), 10) == [incident(tenant)]


def test_an_incident_ends_once_and_says_why(backend: Backend, tenant: str) -> None:
    backend.incidents.record(incident(tenant))
    assert backend.incidents.end(incident(tenant).key, NOW + MINUTE, "it moved on") is True
    assert backend.incidents.end(incident(tenant).key, NOW + 2 * MINUTE, "again") is False
    ended = copy_with(incident(tenant), ended_at=NOW + MINUTE, ended="it moved on")
    assert backend.incidents.get(incident(tenant).key) == ended
    assert backend.incidents.list(tenant, IncidentFilter(), 10) == []
    assert backend.incidents.list(tenant, ENDED, 10) == [ended]


def test_what_was_never_recorded_neither_is_there_nor_ends(backend: Backend, tenant: str) -> None:
    key = IncidentKey(tenant, IncidentKind.BUDGET, "t:d:2@1")
    assert backend.incidents.get(key) is None
    assert backend.incidents.end(key, NOW, "it never began") is False


def test_what_is_found_again_after_its_end_is_open_again(backend: Backend, tenant: str) -> None:
    backend.incidents.record(incident(tenant))
    backend.incidents.end(incident(tenant).key, NOW + MINUTE, "it moved on")
    backend.incidents.record(incident(tenant))
    assert backend.incidents.list(tenant, IncidentFilter(), 10) == []
    later = copy_with(incident(tenant), at=NOW + 2 * MINUTE)
    backend.incidents.record(later)
    assert backend.incidents.list(tenant, IncidentFilter(), 10) == [later]


def test_incidents_are_listed_by_their_instant_in_either_order_and_by_pages(backend: Backend, tenant: str) -> None:
    wanted = several(tenant)
    for each in wanted:
        backend.incidents.record(each)
    oldest_first = IncidentFilter(oldest_first=True)
    assert backend.incidents.list(tenant, IncidentFilter(), 10) == wanted
    assert backend.incidents.list(tenant, oldest_first, 10) == wanted[::-1]
    behind = Position(wanted[1].at, wanted[1].key.id)
    assert backend.incidents.list(tenant, IncidentFilter(), 1) == wanted[:1]
    assert backend.incidents.list(tenant, IncidentFilter(), 10, behind) == wanted[2:]
    assert backend.incidents.list(tenant, oldest_first, 10, behind) == wanted[:1]


def test_incidents_are_found_by_what_they_are_about(backend: Backend, tenant: str) -> None:
    stuck, parked, lost = several(tenant)
    for each in (stuck, parked, lost):
        backend.incidents.record(each)

    def found(**wanted: object) -> list[Incident]:
        return [*backend.incidents.list(tenant, copy_with(IncidentFilter(), **wanted), 1)]

    assert found(kinds=frozenset({IncidentKind.MESSAGE_LOST})) == [lost]
    assert found(execution=parked.execution_id) == [parked]
    assert found(definition="order") == [stuck]
    assert found(definition="other") == []
    assert found(names=frozenset({"o*"})) == [stuck]
    assert found(names=frozenset({"x*"})) == []
    assert found(until=parked.at) == [parked]
    assert found(since=parked.at, oldest_first=True) == [parked]


def test_tenants_see_their_own_incidents_and_whoever_watches_those_of_all(backend: Backend, tenant: str) -> None:
    for whose in (tenant, f"{tenant}-2"):
        backend.incidents.record(copy_with(incident(whose), subject=f"{whose}:d:1@3"))
    assert [each.tenant_id for each in backend.incidents.list(tenant, IncidentFilter(), 10)] == [tenant]
    mine = [each for each in backend.incidents.all_open(1000) if each.key.tenant_id.startswith(tenant)]
    assert sorted(mine, key=lambda each: each.key) == [
        OpenIncident(IncidentKey(whose, IncidentKind.MESSAGE_LOST, f"{whose}:d:1@3"), NOW)
        for whose in (tenant, f"{tenant}-2")
    ]
    backend.incidents.end(mine[0].key, NOW, "it moved on")
    assert mine[0] not in backend.incidents.all_open(1000, oldest_first=False)


def test_an_incident_is_kept_for_a_time_and_logged_once(
    ministack_aws: Aws, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "sedo"):
        ministack_aws.backend.incidents.record(copy_with(incident(tenant), content="what the message says"))
        ministack_aws.backend.incidents.record(copy_with(incident(tenant), detail="again"))
    key = INCIDENTS.key(tenant, "message-lost#t:d:1@3")
    (item,) = [ministack_aws.dynamodb.get_item(TableName=ministack_aws.names.table(INCIDENTS), Key=key)["Item"]]
    assert item["detail"] == {"S": incident(tenant).detail}
    assert item["content"] == {"S": "what the message says"}
    assert "what the message says" not in caplog.text
    assert item["expiresAt"] == {"N": str(int((NOW + KEPT_FOR).timestamp()))}
    assert [f'"tenant": "{tenant}"' in record.getMessage() for record in caplog.records] == [True]


def test_what_is_no_tenants_is_kept_too(ministack_aws: Aws) -> None:
    ministack_aws.backend.incidents.record(copy_with(incident(""), content="garbage"))
    key = INCIDENTS.key("-", "message-lost#t:d:1@3")
    assert "Item" in ministack_aws.dynamodb.get_item(TableName=ministack_aws.names.table(INCIDENTS), Key=key)
    kept = ministack_aws.backend.incidents.get(incident("").key)
    assert kept == copy_with(incident(""), content="garbage")
    assert ministack_aws.backend.incidents.list("", IncidentFilter(), 1) == [incident("")]
