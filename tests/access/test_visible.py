"""What callers see: of lists what they may, of actions which they may, and of tokens none that they could not use."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.core.access.entries import EntryKind
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.incident import Incident, IncidentKind, of_execution
from chalicelib.core.values.json import Json
from chalicelib.core.values.privacy import HIDDEN
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded
from tests.application import assert_problem

A = "/sedo/tenants/acme"
ORDERS: Json = [{"kinds": ["*"], "verbs": ["*"], "names": ["order-*"]}]
ASK: Mapping[str, Json] = {"id": "ask", "type": "task", "title": "Approve"}
CALL: Mapping[str, Json] = {"id": "call", "type": "callback"}


@pytest.fixture
def admin(sedo: Guarded) -> dict[str, str]:
    wiring().access.service.put("acme", EntryKind.ROLE, "of-orders", {"rules": ORDERS}, by=None, grant=ALL)
    return sedo.key("acme", "admin")


@pytest.fixture
def orders(sedo: Guarded, admin: dict[str, str]) -> dict[str, str]:
    """Make many things, few of which are orders; answer who may do anything with these alone."""
    for n in range(30):
        begin(sedo, admin, f"order-{n}" if n % 7 == 0 else f"other-{n}", ASK)
    return sedo.key("acme", "of-orders")


def create(sedo: Guarded, sender: Mapping[str, str], name: str, *steps: Json, **more: Json) -> int:
    return sedo.ask("POST", A + "/definitions", {"id": name, "steps": [*steps], **more}, sender).status_code


def begin(sedo: Guarded, sender: Mapping[str, str], name: str, *steps: Json, **more: Json) -> str:
    """Create a definition and start it; answer the path of the execution."""
    assert create(sedo, sender, name, *steps, **more) == 201
    started = sedo.ask("POST", f"{A}/definitions/{name}/execute", {"input": {}}, sender)
    sedo.deliver()
    return f"{A}/executions/{started.json_body['id']}"


@pytest.mark.parametrize(
    ("path", "member"), [("definitions", "id"), ("executions", "definitionId"), ("tasks", "definitionId")]
)
def test_a_list_shows_what_the_caller_may_see_in_full_pages(
    sedo: Guarded, admin: dict[str, str], orders: dict[str, str], path: str, member: str
) -> None:
    found: list[list[str]] = []
    link: str | None = f"{A}/{path}?limit=2"
    while link:
        answer = sedo.ask("GET", link, headers=orders)
        found.append([each[member] for each in answer.json_body])
        link = answer.headers["Link"][1:].partition(">")[0] if "Link" in answer.headers else None
    assert [*map(len, found)] == [2, 2, 1]
    assert {name for page in found for name in page} == {f"order-{n}" for n in (0, 7, 14, 21, 28)}
    assert len(sedo.ask("GET", f"{A}/{path}?limit=100", headers=admin).json_body) == 30


def test_children_are_listed_as_far_as_they_may_be_seen(sedo: Guarded, admin: dict[str, str]) -> None:
    for name in ("order-child", "other-child"):
        create(sedo, admin, name, {"id": "wait", "type": "wait", "seconds": 60})
    steps: list[Json] = [
        {"id": name, "type": "workflow", "definition": name, "wait": False} for name in ("order-child", "other-child")
    ]
    parent = begin(sedo, admin, "order-parent", *steps)
    path = f"{A}/executions?parent={parent.rpartition('/')[2]}"
    assert len(sedo.ask("GET", path, headers=admin).json_body) == 2
    (seen,) = sedo.ask("GET", path, headers=sedo.key("acme", "of-orders")).json_body
    assert seen["definitionId"] == "order-child"
    of_many = f"{parent}/history?children=true&limit=100"
    read = [sedo.ask("GET", of_many, headers=who).json_body for who in (admin, sedo.key("acme", "of-orders"))]
    assert [len({entry["executionId"] for entry in entries}) for entries in read] == [3, 2]


def test_a_child_that_its_definition_conceals_is_in_no_history_of_many(sedo: Guarded, admin: dict[str, str]) -> None:
    secret: Json = {"read": {"when": "input.open"}}
    create(sedo, admin, "inner", {"id": "wait", "type": "wait", "seconds": 60}, access=secret)
    steps: list[Json] = [
        {
            "id": f"is-{each}",
            "type": "workflow",
            "definition": "inner",
            "wait": False,
            "input": {"open": each == "open"},
        }
        for each in ("open", "shut")
    ]
    parent = begin(sedo, admin, "outer", *steps)
    assert len(sedo.ask("GET", f"{A}/executions?parent={parent.rpartition('/')[2]}", headers=admin).json_body) == 0
    found = sedo.ask("GET", f"{parent}/history?children=true&limit=100", headers=admin).json_body
    assert {entry["executionId"] for entry in found} == {parent.rpartition("/")[2]}


def test_a_definition_is_written_only_under_a_name_that_the_role_is_for(sedo: Guarded, orders: dict[str, str]) -> None:
    assert create(sedo, orders, "order-new", {"id": "a", "type": "wait", "seconds": 1}) == 201
    answer = sedo.ask("POST", A + "/definitions", {"id": "other-new", "steps": []}, orders)
    assert assert_problem(answer, 403)["detail"].startswith("that needs the right definitions:write of 'other-new'")


def test_actions_name_the_missing_right_before_the_state(sedo: Guarded, admin: dict[str, str]) -> None:
    path = begin(sedo, admin, "order", CALL)
    missing = "needs the right executions:operate of 'order'"
    assert actions(sedo, path, sedo.key("acme", "viewer")) == dict.fromkeys(
        ("cancel", "pause", "resume", "redrive"), missing
    )
    assert actions(sedo, path, admin) == {
        "cancel": None,
        "pause": None,
        "resume": "it is not paused",
        "redrive": "it is StepStarted",
    }


def test_actions_of_a_task_name_the_missing_right(sedo: Guarded, admin: dict[str, str]) -> None:
    begin(sedo, admin, "order", ASK)
    (task,) = sedo.ask("GET", A + "/tasks", headers=admin).json_body
    path, names = f"{A}/tasks/{task['id']}", ("claim", "release", "reassign", "complete", "reject")
    missing = "needs the right tasks:work of 'order'"
    assert actions(sedo, path, sedo.key("acme", "viewer")) == dict.fromkeys(names, missing)
    release = {"release": "it is not claimed: there is nothing to release"}
    assert actions(sedo, path, sedo.key("acme", "approver")) == dict.fromkeys(names) | release


@pytest.mark.parametrize(("name", "sees"), [("viewer", False), ("author", False), ("operator", True), ("admin", True)])
def test_tokens_are_for_who_may_operate(sedo: Guarded, admin: dict[str, str], name: str, *, sees: bool) -> None:
    path = begin(sedo, admin, "order", CALL)
    (wait,) = sedo.ask("GET", path, headers=sedo.key("acme", name)).json_body["waitingFor"]
    assert wait["for"] == "callback"
    assert (HIDDEN not in wait["token"]) is sees


def actions(sedo: Guarded, path: str, sender: Mapping[str, str]) -> dict[str, Any]:
    """Answer the reason of each action that is not possible."""
    shown = sedo.ask("GET", path, headers=sender).json_body["actions"]
    assert all(each["possible"] is (each["reason"] is None) for each in shown.values())
    return {name: each["reason"] for name, each in shown.items()}


def test_incidents_are_seen_and_redriven_as_their_executions_may_be(
    sedo: Guarded, admin: dict[str, str], orders: dict[str, str]
) -> None:
    for n in (7, 8):
        name = f"order-{n}" if n == 7 else f"other-{n}"
        (item,) = (each for each in map(held, sedo.executions.items) if each.definition_id == name)
        wiring().dependencies.incidents.record(of_execution(IncidentKind.STUCK, item, sedo.clock.now(), "it stands"))
    other, order = (each["id"] for each in sedo.ask("GET", A + "/incidents?sort=-at", headers=admin).json_body)
    other, order = sorted((other, order), key=lambda each: "order-" in each)
    assert [each["id"] for each in sedo.ask("GET", A + "/incidents", headers=orders).json_body] == [order]
    assert sedo.status(orders, "GET", f"{A}/incidents/{order}") == 200
    assert sedo.status(orders, "GET", f"{A}/incidents/{other}") == 404
    assert sedo.status(orders, "POST", f"{A}/incidents/{other}/redrive") == 404
    assert sedo.status(sedo.key("acme", "viewer"), "POST", f"{A}/incidents/{order}/redrive") == 403
    assert sedo.status(orders, "POST", f"{A}/incidents/{order}/redrive") == 200
    assert sedo.status(admin, "GET", "/sedo/tenants/-/incidents") == 404
    assert sedo.status(sedo.key("*", "viewer"), "GET", "/sedo/tenants/-/incidents") == 200


def test_what_the_caller_may_read_and_not_operate_is_refused_alone(sedo: Guarded, admin: dict[str, str]) -> None:
    mine: Json = [{"kinds": ["executions"], "verbs": ["read"]}]
    mine += [{"kinds": ["executions"], "verbs": ["operate"], "names": ["order-*"]}]
    wiring().access.service.put("acme", EntryKind.ROLE, "some", {"rules": mine}, by=None, grant=ALL)
    some, now = sedo.key("acme", "some"), sedo.clock.now()
    for name in ("order-1", "other-1"):
        place = begin(sedo, admin, name, CALL).rpartition("/")[2]
        wiring().dependencies.incidents.record(of_execution(IncidentKind.STUCK, held(place), now, "it stands"))
    wiring().dependencies.incidents.record(Incident(IncidentKind.INDEX_BEHIND, "streams", now, "late", "acme"))
    answer = sedo.ask("POST", A + "/incidents/redrive", {}, some).json_body
    assert {each["execution"].split(":")[1]: each["status"] for each in answer["results"] if each["execution"]} == {
        "order-1": 200,
        "other-1": 403,
    }
    assert [each["status"] for each in answer["results"] if not each["execution"]] == [403]


def test_who_may_not_change_an_execution_does_not_redrive_its_incident(sedo: Guarded, admin: dict[str, str]) -> None:
    place = begin(sedo, admin, "order-1", CALL, access={"cancel": {"roles": ["boss"]}}).rpartition("/")[2]
    incident = of_execution(IncidentKind.STUCK, held(place), sedo.clock.now(), "it stands")
    wiring().dependencies.incidents.record(incident)
    path = f"{A}/incidents/{incident.key.id}"
    assert sedo.status(admin, "POST", path + "/redrive") == 403
    action = sedo.ask("GET", path, headers=admin).json_body["actions"]["redrive"]
    assert action["reason"].startswith("needs what access.cancel of 'order-1' says")


def held(name: str) -> Execution:
    """Read an execution."""
    found = wiring().dependencies.executions.get(name)
    assert found is not None
    return found
