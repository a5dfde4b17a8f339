"""The history of an execution together with those of all that it has started, in the order of time."""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.core.values.json import parse_instant
from tests.api.test_history import follow
from tests.api.test_story import TASK, ask, begin, task_of, work
from tests.api.test_why import LARGE, WAIT, define, sub
from tests.application import Sedo, T, assert_problem

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

BOTH: "dict[str, Json]" = {
    "id": "both",
    "type": "parallel",
    "branches": [{"id": "a", "steps": [sub("middle")]}, {"id": "b", "steps": [WAIT, sub("inner")]}],
}


@pytest.fixture
def nest(sedo: Sedo) -> str:
    """An execution that has started two, one of which has started a third: they all have ended."""
    define(sedo, "inner", WAIT)
    define(sedo, "middle", WAIT, sub("inner"))
    execution = begin(sedo, BOTH)
    sedo.pass_time(300)
    assert sedo.get(execution)["state"] == "ExecutionSucceeded"
    return execution


def family(sedo: Sedo, execution: str) -> set[str]:
    """The ids of all of them, as lists tell."""
    found = [execution.removeprefix("/executions/")]
    for name in found:
        found += [each["id"] for each in sedo.get(f"/executions?parent={name}")]
    return {*found}


def paged(sedo: Sedo, execution: str, limit: int = 100, more: str = "") -> list[Any]:
    return [*follow(sedo, f"{T}{execution}/history?children=true&limit={limit}{more}")]


def alone(sedo: Sedo, execution: str, more: str = "") -> list[Any]:
    return sedo.get(f"/executions/{execution}/history?limit=100{more}")


def test_it_has_every_entry_of_each_in_the_order_of_time(sedo: Sedo, nest: str) -> None:
    found = paged(sedo, nest)
    names = family(sedo, nest)
    assert len(names) == 4
    for name in names:
        own = [
            {k: v for k, v in entry.items() if k != "executionId"} for entry in found if entry["executionId"] == name
        ]
        assert own == alone(sedo, name)
    assert [entry["time"] for entry in found] == sorted(entry["time"] for entry in found)
    assert len(found) == sum(len(alone(sedo, name)) for name in names)


@pytest.mark.parametrize("limit", [1, 3, 7])
@pytest.mark.parametrize("order", ["time", "-time"])
def test_pages_have_together_what_one_page_has(sedo: Sedo, nest: str, limit: int, order: str) -> None:
    whole = paged(sedo, nest, more=f"&sort={order}")
    assert paged(sedo, nest, limit, f"&sort={order}") == whole
    times = [entry["time"] for entry in whole]
    assert times == sorted(times, reverse=order == "-time")


def test_filters_are_those_of_one_history(sedo: Sedo, nest: str) -> None:
    whole = paged(sedo, nest)
    assert paged(sedo, nest, 2, "&kind=ExecutionSucceeded") == [e for e in whole if e["state"] == "ExecutionSucceeded"]
    assert paged(sedo, nest, 2, "&step=rest&text=STARTED") == [
        e for e in whole if e["step"].endswith("rest") and "STARTED" in e["state"].upper()
    ]
    assert paged(sedo, nest, more="&thread=none") == []
    start = parse_instant(whole[0]["time"])
    since, until = ((start + timedelta(seconds=n)).isoformat().replace("+00:00", "Z") for n in (45, 46))
    wanted = [e for e in whole if start + timedelta(seconds=45) <= parse_instant(e["time"])]
    assert 0 < len(wanted) < len(whole)
    assert paged(sedo, nest, more=f"&from={since}") == wanted
    between = [e for e in wanted if parse_instant(e["time"]) <= start + timedelta(seconds=46)]
    assert paged(sedo, nest, 4, f"&from={since}&to={until}") == between


def test_the_histories_of_a_family_can_be_read_as_json_lines(sedo: Sedo, nest: str) -> None:
    answer = sedo.ask("GET", f"{T}{nest}/history?children=true&limit=100", headers={"Accept": "application/jsonl"})
    assert len(answer.body.decode().splitlines()) == len(paged(sedo, nest))


@pytest.mark.parametrize("order", ["time", "-time"])
def test_what_people_did_with_a_task_of_a_child_is_among_it(sedo: Sedo, order: str) -> None:
    define(sedo, "inner", TASK)
    execution = begin(sedo, sub("inner"))
    (child,) = family(sedo, execution) - {execution.removeprefix("/executions/")}
    path = task_of(sedo, f"/executions/{child}")
    work(sedo, path)
    assert ask(sedo, "cy", "POST", f"{path}/complete", {"answer": 1}).status_code == 200
    sedo.deliver()
    found = paged(sedo, execution, 3, f"&sort={order}")
    people = [e["state"] for e in found if e["state"].startswith("Task")]
    wanted = ["TaskClaimed", "TaskReleased", "TaskClaimed", "TaskReassigned"]
    assert people == (wanted if order == "time" else wanted[::-1])
    if order == "time":
        assert [e["time"] for e in found] == sorted(e["time"] for e in found)
    assert len(found) == len(alone(sedo, execution.removeprefix("/executions/"))) + len(alone(sedo, child))


def test_executions_of_a_large_map_are_read_too(sedo: Sedo) -> None:
    execution = begin(sedo, LARGE)
    found = paged(sedo, execution, 90)
    assert {e["executionId"] for e in found} == family(sedo, execution)
    assert len([e for e in found if (e["state"], e["step"]) == ("StepStarted", "each/rest")]) == 150


def test_more_than_are_read_together_are_refused_and_it_says_what_to_do(sedo: Sedo) -> None:
    define(sedo, "inner", WAIT)
    each: Json = {"id": "each", "type": "map", "items": "${range(`0`, `100`)}", "steps": [sub("inner")]}
    execution = begin(sedo, each)
    detail = assert_problem(sedo.ask("GET", f"{T}{execution}/history?children=true"), 400)["detail"]
    assert "has started more than 99 executions" in detail
    assert f"GET /executions?parent={execution.removeprefix('/executions/')} lists them" in detail


def test_one_that_has_started_none_is_alone(sedo: Sedo) -> None:
    execution = begin(sedo, WAIT)
    assert {e["executionId"] for e in paged(sedo, execution)} == {execution.removeprefix("/executions/")}
    assert_problem(sedo.ask("GET", f"{T}{execution}x/history?children=true"), 404)
