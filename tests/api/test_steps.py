"""The history of executions by step and attempt, over the API."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.test_history import LOOP, chatter, follow, rounds
from tests.application import Sedo, T, assert_problem

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json


def visits(sedo: Sedo, execution: str, query: str = "limit=100") -> list[Any]:
    return [*follow(sedo, f"{T}/executions/{execution}/steps?{query}")]


def test_steps_say_what_each_got_took_and_left(sedo: Sedo) -> None:
    execution = rounds(sedo, 2)
    found = visits(sedo, execution)
    assert [(each["step"], each["type"], each["state"]) for each in found] == [
        ("rest", "wait", "succeeded"),
        ("count", "transform", "succeeded"),
        ("again", "choice", "succeeded"),
    ] * 2 + [("do", "task", "open")]
    assert [each["waitedMs"] for each in found] == [1000, 0, 0] * 2 + [0]
    assert [each["stash"] for each in found if each["step"] == "count"] == [
        {"n": {"from": 0, "to": 1}},
        {"n": {"from": 1, "to": 2}},
    ]
    assert [each.get("next") for each in found if each["step"] == "again"] == ["rest", "do"]
    assert [each["state"] for each in found[-1]["people"]] == ["TaskClaimed", "TaskReleased", "TaskClaimed"]
    assert found[-1]["params"]["title"] == "Do it"


@pytest.mark.parametrize("limit", [1, 2, 5])
def test_pages_of_steps_join_to_the_whole_in_either_order(sedo: Sedo, limit: int) -> None:
    execution = rounds(sedo, 9)
    whole = visits(sedo, execution)
    assert visits(sedo, execution, f"limit={limit}") == whole
    assert visits(sedo, execution, f"limit={limit}&sort=-time") == whole[::-1]


def test_steps_go_over_rows_and_large_values(sedo: Sedo) -> None:
    execution = chatter(sedo, 9)
    whole = visits(sedo, execution)
    assert visits(sedo, execution, "limit=3&sort=-time") == whole[::-1]
    assert [each["state"] for each in whole] == ["succeeded"] * 55
    lines = sedo.ask("GET", f"{T}/executions/{execution}/steps?limit=3", headers={"Accept": "application/jsonl"})
    assert [json.loads(line) for line in lines.body.splitlines()] == whole[:3]


def test_a_nest_is_whole_on_one_page_though_its_end_is_on_another(sedo: Sedo) -> None:
    inner: Json = {"id": "each", "type": "echo", "message": "${index}", "stash": "said"}
    nest: Json = {"id": "all", "type": "map", "items": "${range(`0`, `30`)}", "steps": [inner]}
    assert sedo.ask("POST", T + "/definitions", {"id": "nest", "steps": [nest]}).status_code == 201
    execution = sedo.ask("POST", T + "/definitions/nest/execute", {"input": {}}).json_body["id"]
    sedo.deliver()
    for order in ("time", "-time"):
        found = visits(sedo, execution, f"limit=10&sort={order}")
        assert len(found) == 31
        (outer,) = [each for each in found if each["step"] == "all"]
        assert (outer["state"], outer["turn"]) == ("succeeded", 0)
        assert sorted(each["index"] for each in found if "index" in each) == [*range(30)]


def test_a_nest_that_is_longer_than_what_is_looked_at_stands_on_both_pages(sedo: Sedo) -> None:
    inner: Json = {"id": "each", "type": "echo", "message": "${index}"}
    nest: Json = {"id": "all", "type": "map", "items": "${range(`0`, `100`)}", "steps": [inner]}
    assert sedo.ask("POST", T + "/definitions", {"id": "wide", "steps": [nest]}).status_code == 201
    execution = sedo.ask("POST", T + "/definitions/wide/execute", {"input": {}}).json_body["id"]
    sedo.deliver()
    for order in ("time", "-time"):
        nests = [each for each in visits(sedo, execution, f"limit=20&sort={order}") if each["step"] == "all"]
        assert len(nests) == 2
        assert "succeeded" in {each["state"] for each in nests}


def test_what_a_cancelled_execution_stood_at_is_stopped(sedo: Sedo) -> None:
    assert sedo.ask("POST", T + "/definitions", LOOP).status_code == 201
    execution = sedo.ask("POST", T + "/definitions/rounds/execute", {"input": {"rounds": 1}}).json_body["id"]
    assert sedo.ask("POST", f"{T}/executions/{execution}/cancel", {}).status_code == 200
    assert [each["state"] for each in visits(sedo, execution)] == ["stopped"]


def test_a_definition_without_a_stash_and_a_step_that_is_gone(sedo: Sedo) -> None:
    steps: Json = [{"id": "say", "type": "echo", "message": "hi", "stash": "said"}]
    assert sedo.ask("POST", T + "/definitions", {"id": "plain", "steps": steps}).status_code == 201
    execution = sedo.ask("POST", T + "/definitions/plain/execute", {"input": {}}).json_body["id"]
    sedo.deliver()
    (visit,) = visits(sedo, execution)
    assert visit["stash"] == {"said": {"to": "hi", "isNew": True}}
    assert_problem(sedo.ask("GET", f"{T}/executions/{execution}x/steps"), 404)
