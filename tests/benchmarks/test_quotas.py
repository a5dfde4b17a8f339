"""What the quotas of a tenant add to a start, counted over ministack."""

from collections.abc import Mapping

import pytest

from benchmarks.harness import Harness
from benchmarks.metering import Usage
from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.rights import Grant
from chalicelib.core.values.errors import QuotaError
from chalicelib.core.values.json import Json

STARTS = 20
LOOKS = STARTS // 2
"""The newest version of a definition is looked up once a second, and not for each start."""
ENDS: Json = {"id": "a", "type": "succeed"}


def used(
    harness: Harness, tenant: str, starts: int = STARTS, *, refused: bool = False, step: Json = ENDS, **quotas: Json
) -> Usage:
    """Start executions of a tenant with quotas, of which the process knows; answer what that used."""
    api = harness.api
    api.access.service.put(tenant, EntryKind.TENANT, tenant, {"quotas": quotas}, by=None, grant=Grant())
    api.routes.definitions.service.create_definition(tenant, {"id": "d", "steps": [step]})
    api.access.cache.quotas(tenant)
    api.dependencies.definitions.get(tenant, "d", 1)
    service = api.routes.executions.service
    with harness.meter.counting() as usage:
        for _ in range(starts):
            if refused:
                with pytest.raises(QuotaError):
                    service.execute(tenant, "d", None)
            else:
                service.execute(tenant, "d", None)
    return usage


def counts(usage: Usage) -> Mapping[str, float]:
    return {"requests": usage.requests, "writes": usage.write_units, "reads": usage.read_units}


@pytest.fixture(scope="module")
def plain(harness: Harness) -> Mapping[str, float]:
    used(harness, "first")
    return counts(used(harness, "plain"))


def alike(found: Mapping[str, float], expected: Mapping[str, float]) -> bool:
    """Tell whether counts are as expected, but for looks for the newest version."""
    looks = found["reads"] - expected["reads"]
    without = {**found, "reads": found["reads"] - looks, "requests": found["requests"] - looks}
    return abs(looks) <= LOOKS and without == expected


def test_without_quotas_a_start_costs_what_it_did_once_the_record_of_the_tenant_is_read(
    harness: Harness, plain: Mapping[str, float]
) -> None:
    assert alike(plain, {"requests": STARTS, "writes": 2 * STARTS, "reads": 0})
    with harness.meter.counting() as usage:
        for _ in range(STARTS):
            harness.api.access.cache.quotas("unread")
    assert counts(usage) == {"requests": 1, "writes": 0, "reads": 1}


def added(usage: Usage, plain: Mapping[str, float]) -> Mapping[str, float]:
    return {name: found - plain[name] for name, found in counts(usage).items()}


def test_a_quota_of_starts_adds_a_request_and_a_write_unit(harness: Harness, plain: Mapping[str, float]) -> None:
    found = added(used(harness, "rate", startsPerSecond=1_000), plain)
    assert alike(found, {"requests": STARTS, "writes": STARTS, "reads": 0})


def test_a_quota_in_flight_adds_a_request_and_a_write_unit_and_a_look(
    harness: Harness, plain: Mapping[str, float]
) -> None:
    found = added(used(harness, "flight", executionsInFlight=50), plain)
    assert alike(found, {"requests": STARTS + 1, "writes": STARTS, "reads": 1})


def test_quotas_of_other_things_add_nothing(harness: Harness, plain: Mapping[str, float]) -> None:
    found = added(used(harness, "other", keys=1, definitions=1, bodyBytes=2_000), plain)
    assert alike(found, {"requests": 0, "writes": 0, "reads": 0})


def test_slots_that_were_held_before_are_looked_at_once_for_all_that_are_free(
    harness: Harness, plain: Mapping[str, float]
) -> None:
    used(harness, "again", STARTS, executionsInFlight=STARTS)
    harness.drain()
    found = added(used(harness, "again", STARTS, executionsInFlight=STARTS), plain)
    assert found["writes"] == STARTS
    assert found["requests"] <= STARTS + 2 + LOOKS
    assert found["reads"] <= STARTS + 1 + LOOKS


def test_starts_that_are_refused_write_nothing(harness: Harness) -> None:
    asks: Json = {"id": "a", "type": "callback"}
    used(harness, "full", 1, step=asks, executionsInFlight=1)
    usage = used(harness, "full", refused=True, step=asks, executionsInFlight=1)
    assert usage.write_units == 0
    assert usage.queue_requests == 0
