"""What executions cost, and their budgets, over the API."""

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.records.incident import IncidentKind
from chalicelib.wiring.graph import wiring
from tests.application import Sedo, T, assert_problem

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

REST: "Json" = {"id": "rest", "type": "wait", "seconds": 1}


def start(sedo: Sedo, **more: "Json") -> str:
    steps: Json = [{**REST, "id": f"rest-{number}"} for number in range(4)]  # type: ignore[dict-item]
    answer = sedo.ask("POST", T + "/definitions", {"id": "waits", "steps": steps, **more})
    assert answer.status_code == 201, answer.body
    return str(sedo.ask("POST", T + "/definitions/waits/execute", {"input": {}}).json_body["id"])


def test_an_execution_says_what_it_has_cost(sedo: Sedo) -> None:
    execution = start(sedo)
    first = sedo.get(f"/executions/{execution}")["cost"]
    assert first["writeUnits"] >= 1
    for _ in range(4):
        sedo.pass_time(1)
    cost = sedo.get(f"/executions/{execution}")["cost"]
    assert cost["writeUnits"] >= first["writeUnits"] + 4
    assert cost["invocations"] == first["invocations"] + 4
    assert cost["queueRequests"] == 12
    assert 0 < first["dollars"] < cost["dollars"] < 0.0001


def test_each_step_has_what_it_has_cost(sedo: Sedo) -> None:
    execution = start(sedo)
    for _ in range(4):
        sedo.pass_time(1)
    cost = sedo.get(f"/executions/{execution}")["cost"]
    assert [*cost["steps"]] == ["rest-0", "rest-1", "rest-2", "rest-3"]
    assert min(cost["steps"].values()) > 0
    assert sum(cost["steps"].values()) == pytest.approx(cost["dollars"], rel=0.01)


def test_one_that_spends_its_budget_is_paused_with_an_incident_and_goes_on_with_a_higher_one(sedo: Sedo) -> None:
    execution = start(sedo, budget={"dollars": 0.000004})
    for _ in range(4):
        sedo.pass_time(1)
    paused = sedo.get(f"/executions/{execution}")
    assert (paused["state"], paused["stoppedBy"]) == ("ExecutionPaused", None)
    assert "its budget is 0.000004000" in paused["reason"]
    assert sedo.get(f"/executions/{execution}/history?kind=ExecutionPaused")[0]["budget"] == 0.000004
    incidents: Any = wiring().dependencies.incidents
    (incident,) = [each for each in incidents.items.values() if each.kind is IncidentKind.BUDGET]
    assert (incident.execution_id, incident.detail) == (execution, paused["reason"])
    raised = sedo.ask("POST", f"{T}/executions/{execution}/resume", {"budget": {"dollars": 0.01}})
    assert raised.status_code == 200
    for _ in range(4):
        sedo.pass_time(1)
    assert sedo.get(f"/executions/{execution}")["state"] == "ExecutionSucceeded"


def test_a_budget_is_a_number_of_dollars(sedo: Sedo) -> None:
    for budget, said in ((5, "budget"), ({"dollars": 0}, "dollars"), ({"dollars": "1"}, "dollars"), ({}, "dollars")):
        body: Json = {"id": "waits", "steps": [REST], "budget": budget}  # type: ignore[dict-item]
        problem = assert_problem(sedo.ask("POST", T + "/definitions", body), 400)
        assert said in str(problem["errors"])
    execution = start(sedo)
    for wrong in ({"dollars": 0}, {"dollars": "1"}, {}, 5, {"euros": 1}):
        answer = sedo.ask("POST", f"{T}/executions/{execution}/resume", {"budget": wrong})  # type: ignore[dict-item]
        assert_problem(answer, 400)
