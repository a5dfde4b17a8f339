"""The list of incidents."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.values.json import format_instant
from chalicelib.wiring.graph import wiring
from tests.application import Sedo


@pytest.fixture
def kept(sedo: Sedo) -> Sequence[Incident]:
    """Incidents a minute apart, the newest first."""
    made = [
        Incident(kind, f"123:order:{n}@1", sedo.clock.now() - timedelta(minutes=n), "so it is", "123", f"123:order:{n}")
        for n, kind in enumerate((IncidentKind.STUCK, IncidentKind.POISON, IncidentKind.STUCK))
    ]
    for each in made:
        wiring().dependencies.incidents.record(each)
    return made


def test_an_incident_says_what_went_wrong(sedo: Sedo, kept: Sequence[Incident]) -> None:
    first, *_ = sedo.get("/incidents")
    assert first == {
        "id": "stuck:123:order:0@1",
        "kind": "stuck",
        "state": "open",
        "at": format_instant(kept[0].at),
        "why": "so it is",
        "execution": "123:order:0",
        "endedAt": None,
        "ended": None,
    }


def test_incidents_come_by_pages_and_are_filtered(sedo: Sedo, kept: Sequence[Incident]) -> None:
    pages = list(sedo.pages("/sedo/tenants/123/incidents?limit=2"))
    assert [[each["id"] for each in page] for page in pages] == [
        [each.key.id for each in kept[:2]],
        [each.key.id for each in kept[2:]],
    ]
    assert [each["kind"] for each in sedo.get("/incidents?kind=poison")] == ["poison"]
    assert len(sedo.get("/incidents?definition=order&sort=at")) == 3
    assert [each["id"] for each in sedo.get("/incidents?execution=123:order:2")] == [kept[2].key.id]
    assert sedo.get("/incidents?definition=other") == []


def test_what_is_over_says_why(sedo: Sedo, kept: Sequence[Incident]) -> None:
    wiring().dependencies.incidents.end(kept[1].key, sedo.clock.now(), "it moved on")
    assert [each["ended"] for each in sedo.get("/incidents?state=ended")] == ["it moved on"]
    assert len(sedo.get("/incidents")) == 2
