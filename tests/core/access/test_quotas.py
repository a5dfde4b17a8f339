"""Quotas: how they are read, and when the slot of an execution in flight is free."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.access.entries import AccessEntry, EntryKind, quotas_of
from chalicelib.core.access.quotas import NO_QUOTAS, READ_AGAIN, Quotas, StartSlot, read_quotas, require_room, untaken
from chalicelib.core.executions.listing import Summary
from chalicelib.core.executions.model import State
from chalicelib.core.values.errors import QuotaError, TenantStoppedError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def slot(number: int = 0) -> StartSlot:
    return StartSlot("t", number, "t:d:1", NOW)


def holder(ended_at: datetime | None) -> Summary:
    state = State.STARTED if ended_at is None else State.SUCCEEDED
    return Summary("t:d:1", "t", "d", 1, state, "a", NOW, ended_at)


def test_all_quotas_are_read() -> None:
    document = {
        "title": "Acme",
        "quotas": {
            "startsPerSecond": 1,
            "executionsInFlight": 2,
            "definitions": 3,
            "keys": 4,
            "bodyBytes": 5000,
            "schedules": 6,
        },
        "stopped": True,
    }
    found = read_quotas(document)
    assert found == Quotas(1, 2, 3, 4, 5000, 6, stopped=True)
    assert all(getattr(found, each.name) is not None for each in fields(Quotas))


@pytest.mark.parametrize(
    "document", [{}, {"quotas": None}, {"quotas": {}}, {"quotas": {"keys": None}, "stopped": False}]
)
def test_what_is_not_set_has_no_bound(document: dict[str, Any]) -> None:
    assert read_quotas(document) == NO_QUOTAS


def test_the_quotas_of_a_tenant_stand_in_its_record() -> None:
    record = AccessEntry("t", EntryKind.TENANT, "t", {"quotas": {"keys": 4}}, NOW)
    role = AccessEntry("t", EntryKind.ROLE, "r", {"quotas": {"keys": 5}}, NOW)
    assert quotas_of([role, record]) == Quotas(keys=4)
    assert quotas_of([role]) == NO_QUOTAS


def test_a_tenant_that_is_stopped_is_refused() -> None:
    NO_QUOTAS.require_started()
    with pytest.raises(TenantStoppedError) as refused:
        Quotas(stopped=True).require_started()
    assert refused.value.retry_after == READ_AGAIN


def test_there_is_room_below_a_quota_and_without_one() -> None:
    require_room("API keys", None, 1_000)
    require_room("API keys", 2, 1)
    with pytest.raises(QuotaError, match="the tenant has 2 API keys, and its quota is 2"):
        require_room("API keys", 2, 2)


@pytest.mark.parametrize(
    ("ended", "seconds", "is_free"),
    [(None, 1e9, 0), (0, 0, 1), (5, 5, 1), (-2, 0, 1), (-3, 0, 0), (-3, 60, 0), (-3, 61, 1)],
)
def test_a_slot_is_free_once_its_holder_has_ended_after_it_took_it_or_long_before(
    ended: float | None, seconds: float, is_free: int
) -> None:
    found = holder(None if ended is None else at(ended))
    assert slot().is_free(found, at(seconds)) == is_free


def test_a_slot_whose_holder_is_not_there_is_free_after_a_minute() -> None:
    assert not slot().is_free(None, at(60))
    assert slot().is_free(None, at(61))


def test_slots_that_nobody_has_ever_taken_are_below_the_quota() -> None:
    assert untaken([slot(1), slot(7)], 4) == [0, 2, 3]
    assert untaken([slot(0)], 1) == []
