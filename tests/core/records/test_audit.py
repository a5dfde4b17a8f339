"""Entries of an audit, their chain, and what they say of a change."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core.records.audit import (
    MAX_CHANGES,
    AuditCheck,
    AuditEntry,
    difference,
    following,
    starred,
    unfinished,
)
from chalicelib.core.values.value import copy_with

NOW = datetime(2026, 1, 1, 23, 0, tzinfo=UTC)


def chain(length: int) -> list[AuditEntry]:
    made = list[AuditEntry]()
    for number in range(length):
        made.append(following(made[-1] if made else None, "acme", NOW, {"n": number}, is_refusal=False))
    return made


def test_refusals_are_counted_by_day_and_time_never_goes_back() -> None:
    first = following(None, "acme", NOW, {}, is_refusal=True)
    second = following(first, "acme", NOW - timedelta(days=1), {}, is_refusal=True)
    third = following(second, "acme", NOW + timedelta(days=1), {}, is_refusal=True)
    assert [each.refusals for each in (first, second, third)] == [1, 2, 1]
    assert second.at == NOW


@pytest.mark.parametrize(
    "changed", [{"number": 2}, {"previous": "x"}, {"at": NOW + timedelta(1)}, {"refusals": 1}, {"tenant_id": "other"}]
)
def test_a_hash_is_of_all_that_an_entry_says(changed: dict[str, Any]) -> None:
    entry = chain(1)[0]
    assert copy_with(entry, **changed).digest() != entry.hash


def test_a_chain_is_checked_up_to_what_is_wrong() -> None:
    made = chain(4)
    assert AuditCheck(0, "").over(made) == AuditCheck(4, made[3].hash)
    assert AuditCheck(2, made[1].hash).over(made[2:]) == AuditCheck(4, made[3].hash)
    assert AuditCheck(0, "").over([made[0], *made[2:]]) == AuditCheck(1, made[0].hash, "it is missing")
    changed = copy_with(made[3], text=b"{}")
    assert AuditCheck(0, "").over([*made[:3], changed]) == AuditCheck(3, made[2].hash, "it was changed")
    anew = following(made[0], "acme", NOW, {}, is_refusal=False)
    broken = AuditCheck(0, "").over([made[0], anew, *made[2:]])
    assert (broken.number, broken.hash, broken.broken is None) == (2, anew.hash, False)


def test_an_intent_whose_outcome_is_known_is_left_out() -> None:
    intent, other, late = chain(3)
    outcome = following(late, "acme", NOW, {"intent": 1}, is_refusal=False)
    assert unfinished([intent, other], [outcome]) == [other]
    assert unfinished([intent, outcome], []) == [outcome]


def test_a_difference_names_changed_members() -> None:
    before: Any = {"a": 1, "b": [1, {"c": 2}], "d": [1], "e": 0}
    after: Any = {"a": 1, "b": [1, {"c": 3}], "d": [1, 2], "f": "x" * 600}
    found: Any = difference(before, after)
    assert [each["pointer"] for each in found] == ["/b/1/c", "/d", "/e", "/f"]
    assert found[0] == {"pointer": "/b/1/c", "before": 2, "after": 3}
    assert found[3]["after"]["bytes"] == 602
    assert difference(None, {"a": 1}) == [{"pointer": "", "before": None, "after": {"a": 1}}]
    assert difference(before, before) == []


def test_a_difference_tells_that_secrets_and_private_members_change_and_not_how() -> None:
    before: Any = {"input": {"a": 1}, "password": 1, "b": {"input": 1, "token": None, "apiKey": 3}}
    after: Any = {"input": {"a": 2}, "password": 2, "b": {"input": 2, "token": 2, "apiKey": 3}}
    private = [("input",)]
    assert difference(before, after, private) == [
        {"pointer": "/b/input", "before": 1, "after": 2},
        {"pointer": "/b/token", "before": None, "after": "***"},
        {"pointer": "/input", "before": "***", "after": "***"},
        {"pointer": "/password", "before": "***", "after": "***"},
    ]
    assert difference(before, before, private) == []
    (whole,) = difference(None, {"input": 1, "a": {"input": 2}}, private)
    assert whole == {"pointer": "", "before": None, "after": {"input": "***", "a": {"input": 2}}}


def test_a_difference_is_bounded() -> None:
    many: Any = {f"{number}" * 300: number for number in range(MAX_CHANGES + 5)}
    found: Any = difference({}, many)
    assert len(found) == MAX_CHANGES + 1
    assert found[-1] == {"pointer": "", "more": True}
    assert all(len(each["pointer"]) <= 200 for each in found)


def test_secrets_are_hidden_wherever_they_are() -> None:
    document: Any = {"headers": [{"Cookie": "x", "accept": "y"}], "clientSecret": {"a": 1}, "api-key": 1}
    assert starred(document) == {"headers": [{"Cookie": "***", "accept": "y"}], "clientSecret": "***", "api-key": "***"}
