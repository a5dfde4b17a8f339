import logging

import pytest

from chalicelib.adapters.dynamodb.tables import INCIDENTS
from chalicelib.core.records.incident import KEPT_FOR
from chalicelib.core.values.value import copy_with
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import NOW, incident


def test_an_incident_is_recorded_once(backend: Backend, tenant: str) -> None:
    backend.incidents.record(incident(tenant))
    backend.incidents.record(copy_with(incident(tenant), detail="again"))


def test_an_incident_is_kept_for_a_time_and_logged_once(
    ministack_aws: Aws, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "sedo"):
        ministack_aws.backend.incidents.record(copy_with(incident(tenant), content="what the message says"))
        ministack_aws.backend.incidents.record(copy_with(incident(tenant), detail="again"))
    key = INCIDENTS.key(tenant, "message-lost#t:d:1#3")
    (item,) = [ministack_aws.dynamodb.get_item(TableName=ministack_aws.names.table(INCIDENTS), Key=key)["Item"]]
    assert item["detail"] == {"S": incident(tenant).detail}
    assert item["content"] == {"S": "what the message says"}
    assert "what the message says" not in caplog.text
    assert item["expiresAt"] == {"N": str(int((NOW + KEPT_FOR).timestamp()))}
    assert [f'"tenant": "{tenant}"' in record.getMessage() for record in caplog.records] == [True]


def test_what_is_no_tenants_is_kept_too(ministack_aws: Aws) -> None:
    ministack_aws.backend.incidents.record(incident(""))
    key = INCIDENTS.key("-", "message-lost#t:d:1#3")
    assert "Item" in ministack_aws.dynamodb.get_item(TableName=ministack_aws.names.table(INCIDENTS), Key=key)
