"""Incidents over the API: they are listed, read and redriven, one or many."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.rights import Grant
from chalicelib.core.records.incident import Incident, IncidentKind, OpenIncident, of_execution
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json, format_instant
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.application import JSON, Sedo, T, assert_problem, http_request


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
        "remedy": "wake",
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


REST: Json = {"id": "rest", "type": "wait", "seconds": 30}
FAILS: Json = {"id": "no", "type": "fail", "error": "no", "cause": "so it is"}


def begin(sedo: Sedo, *steps: Json, **more: Json) -> str:
    """Create a definition and start it."""
    sedo.ask("POST", T + "/definitions", {"id": "order", "steps": [*steps], **more})
    started = sedo.ask("POST", T + "/definitions/order/execute", {"input": {}})
    sedo.deliver()
    return str(started.json_body["id"])


def opened(sedo: Sedo, kind: IncidentKind, name: str) -> str:
    """Record an incident of an execution as it stands; answer its id."""
    incident = of_execution(kind, sedo.executions.read([name])[name], sedo.clock.now(), "so it is")
    wiring().dependencies.incidents.record(incident)
    return incident.key.id


def redrives(sedo: Sedo, name: str) -> int:
    return sedo.executions.read([name])[name].redrives


def redrive(sedo: Sedo, incident: str, body: Json = None) -> Any:
    return sedo.ask("POST", f"{T}/incidents/{incident}/redrive", body)


def test_one_is_read_with_what_can_be_done(sedo: Sedo) -> None:
    incident = opened(sedo, IncidentKind.POISON, begin(sedo, FAILS))
    found = sedo.get(f"/incidents/{incident}")
    assert (found["id"], found["remedy"], found["content"]) == (incident, "redrive", None)
    assert found["actions"] == {"redrive": {"possible": True, "reason": None}}
    assert sedo.get(f"/incidents/{incident}?fields=kind") == {"kind": "poison"}


@pytest.mark.parametrize("name", ["poison:123:order:none@1", "nothing:at-all"])
def test_what_is_no_incident_is_not_found(sedo: Sedo, name: str) -> None:
    problem = assert_problem(sedo.ask("GET", f"{T}/incidents/{name}"), 404, "incident not found")
    assert problem["detail"] == f"there is no incident {name!r}"


def test_poison_is_redriven_and_ends(sedo: Sedo) -> None:
    name = begin(sedo, FAILS)
    incident = opened(sedo, IncidentKind.POISON, name)
    answer = redrive(sedo, incident)
    assert (answer.status_code, answer.json_body["state"]) == (200, "ended")
    assert answer.json_body["ended"] == f"{name} was let go on by somebody"
    assert redrives(sedo, name) == 1
    problem = assert_problem(redrive(sedo, incident), 409)
    assert problem["detail"].startswith("it is over")


def test_what_stands_is_woken_and_stays_open_until_it_moves(sedo: Sedo) -> None:
    name = begin(sedo, REST)
    incident = opened(sedo, IncidentKind.STUCK, name)
    sedo.queue.messages.clear()
    assert redrive(sedo, incident).json_body["state"] == "open"
    sedo.pass_time(31)
    assert sedo.get(f"/executions/{name}")["state"] == "ExecutionSucceeded"
    sedo.pass_time(120)
    assert sedo.get(f"/incidents/{incident}")["state"] == "ended"
    assert_problem(redrive(sedo, incident), 409)


def test_what_has_spent_its_budget_goes_on_with_another(sedo: Sedo) -> None:
    name = begin(sedo, REST, {**REST, "id": "more"}, budget={"dollars": 0.000000001})
    sedo.pass_time(31)
    (found,) = sedo.get("/incidents")
    assert (found["kind"], found["execution"], found["remedy"]) == ("budget", name, "resume")
    answer = redrive(sedo, found["id"], {"budget": {"dollars": 1}})
    assert (answer.status_code, answer.json_body["state"]) == (200, "ended")
    sedo.pass_time(300)
    assert sedo.get(f"/executions/{name}")["state"] == "ExecutionSucceeded"


def test_what_nothing_can_mend_says_so(sedo: Sedo) -> None:
    incident = Incident(IncidentKind.INDEX_BEHIND, "streams", sedo.clock.now(), "late", "123")
    wiring().dependencies.incidents.record(incident)
    problem = assert_problem(redrive(sedo, incident.key.id), 409)
    assert problem["detail"] == "nothing can be done again of index-behind"
    assert sedo.get(f"/incidents/{incident.key.id}")["actions"]["redrive"]["reason"] == problem["detail"]


def test_a_stopped_tenant_redrives_nothing_that_would_run_again(sedo: Sedo) -> None:
    incident = opened(sedo, IncidentKind.POISON, begin(sedo, FAILS))
    stopped: Json = {"stopped": True}
    wiring().access.service.put("123", EntryKind.TENANT, "123", stopped, by=None, grant=Grant())  # type: ignore[arg-type]
    sedo.clock.sleep(60)
    assert_problem(redrive(sedo, incident), 429)
    assert sedo.get(f"/incidents/{incident}")["actions"]["redrive"]["reason"] == "the tenant is stopped"
    (result,) = sedo.ask("POST", T + "/incidents/redrive", {}).json_body["results"]
    assert (result["status"], result["problem"]["status"]) == (429, 429)


@pytest.fixture
def many(sedo: Sedo) -> Sequence[str]:
    """Poison that can be redriven, and what has gone on: the executions, the newest first."""
    failed = [begin(sedo, FAILS) for _ in range(3)]
    for name in failed:
        opened(sedo, IncidentKind.POISON, name)
        sedo.clock.sleep(1)
    opened(sedo, IncidentKind.POISON, begin(sedo, {"id": "yes", "type": "succeed"}))
    return failed[::-1]


def test_many_are_first_counted_and_then_redriven(sedo: Sedo, many: Sequence[str]) -> None:
    planned = sedo.ask("POST", T + "/incidents/redrive?kind=poison", {}).json_body
    assert {name: planned[name] for name in ("dryRun", "possible", "refused", "kinds", "more")} == {
        "dryRun": True,
        "possible": 3,
        "refused": 1,
        "kinds": {"poison": 3},
        "more": False,
    }
    assert [each["status"] for each in planned["results"]] == [409, 200, 200, 200]
    assert redrives(sedo, many[0]) == 0
    done = sedo.ask("POST", T + "/incidents/redrive?kind=poison", {"dryRun": False}).json_body
    assert (done["dryRun"], done["possible"], done["refused"]) == (False, 3, 1)
    assert [redrives(sedo, name) for name in many] == [1, 1, 1]
    assert len(sedo.get("/incidents?kind=poison")) == 1


def test_a_call_redrives_so_many_and_says_where_the_others_are(sedo: Sedo, many: Sequence[str]) -> None:
    path, seen = T + "/incidents/redrive?limit=2", list[str | None]()
    while path:
        answer = sedo.ask("POST", path, {"dryRun": False})
        seen += [each["execution"] for each in answer.json_body["results"]]
        assert answer.json_body["more"] is ("Link" in answer.headers)
        path = answer.headers.get("Link", "")[1:].partition(">")[0]
    assert seen[1:] == [*many]


def test_filters_choose_what_is_redriven(sedo: Sedo, many: Sequence[str]) -> None:
    asked = f"/incidents/redrive?execution={many[1]}"
    (only,) = sedo.ask("POST", T + asked, {"dryRun": False}).json_body["results"]
    assert only["execution"] == many[1]
    none = sedo.ask("POST", T + "/incidents/redrive?definition=other", {"dryRun": False}).json_body
    assert (none["possible"], none["results"]) == (0, [])


def test_a_repeat_under_its_key_redrives_nothing_again(sedo: Sedo, many: Sequence[str]) -> None:
    headers = {**JSON, "Idempotency-Key": "k"}
    first, again = (
        sedo.ask("POST", f"{T}/incidents/redrive?execution={many[0]}", {"dryRun": False}, headers) for _ in range(2)
    )
    assert (first.json_body, again.headers["Idempotency-Replayed"]) == (again.json_body, "true")
    assert redrives(sedo, many[0]) == 1


def test_what_is_of_no_tenant_is_seen_by_who_operates_the_installation(sedo: Sedo) -> None:
    incident = Incident(IncidentKind.MESSAGE_UNREADABLE, "m-1", sedo.clock.now(), "no JSON", content="garbage")
    wiring().dependencies.incidents.record(incident)
    place = "/sedo/tenants/-/incidents"
    assert [each["id"] for each in sedo.ask("GET", place).json_body] == [incident.key.id]
    found = sedo.ask("GET", f"{place}/{incident.key.id}").json_body
    assert (found["content"], found["execution"], found["remedy"]) == ("garbage", None, None)
    assert sedo.get("/incidents") == []
    assert_problem(sedo.ask("POST", f"{place}/{incident.key.id}/redrive", {}), 409)


def test_a_redrive_among_those_of_no_tenant_is_audited_there(sedo: Sedo) -> None:
    answer = sedo.ask("POST", "/sedo/tenants/-/incidents/redrive", {"dryRun": False})
    assert answer.status_code == 200
    (entry,) = sedo.ask("GET", "/sedo/tenants/-/audit").json_body
    assert (entry["what"], entry["tenant"], entry["result"]) == ("incident.redriven", "-", "made")
    assert sedo.ask("GET", T + "/audit").json_body == []


def test_health_counts_what_is_open_by_kind(sedo: Sedo, kept: Sequence[Incident]) -> None:
    assert sedo.ask("GET", "/sedo/health").json_body["incidents"] == {"stuck": 2, "poison": 1}
    wiring().dependencies.incidents.end(kept[1].key, sedo.clock.now(), "it moved on")
    assert sedo.ask("GET", "/sedo/health").json_body["incidents"] == {"stuck": 2}


def test_health_says_so_where_incidents_cannot_be_read(sedo: Sedo) -> None:
    def silent(_limit: int) -> Sequence[OpenIncident]:
        raise UnavailableError

    found = copy_with(wiring().routes.health, all_open=silent).health(http_request("GET", "/sedo/health", {}))
    assert json.loads(found.body)["incidents"] is None
