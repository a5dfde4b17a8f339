"""The history of executions over the API."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.values.json import Json, parse_instant
from tests.application import JSON, Sedo, T, assert_problem, states


def test_history_tells_everything_in_order(sedo: Sedo) -> None:
    sedo.create()
    path = f"/executions/{sedo.start()['id']}/history"
    assert states(sedo.get(path))[-1] == ("StepStarted", "wait-some-time")
    sedo.pass_time(45)
    records = sedo.get(path)
    assert states(records) == [
        ("ExecutionSubmitted", "initial-echo"),
        ("ExecutionStarted", "initial-echo"),
        ("StepStarted", "initial-echo"),
        ("StepSucceeded", "initial-echo"),
        ("StepStarted", "wait-some-time"),
        ("StepSucceeded", "wait-some-time"),
        ("StepStarted", "last-echo"),
        ("StepSucceeded", "last-echo"),
        ("ExecutionSucceeded", "last-echo"),
    ]
    start = parse_instant(records[0]["time"])
    assert [(parse_instant(record["time"]) - start).total_seconds() for record in records] == [0] * 5 + [45] * 4
    results = [record.get("result") for record in records]
    assert results[3:6:2] == ["Hello bar", "Hello bar"]
    assert results[7:] == ["Hello bar, and hello again"] * 2


def test_history_shows_long_results_to_a_tenant_that_is_spelled_with_escapes(sedo: Sedo) -> None:
    said: Json = {"id": "said", "type": "echo", "message": "${input.text}"}
    assert sedo.ask("POST", T + "/definitions", {"id": "long", "steps": [said]}).status_code == 201
    text = "x" * 10_000
    started = sedo.ask("POST", T + "/definitions/long/execute", {"input": {"text": text}})
    sedo.deliver()
    for tenant in (T, "/sedo/tenants/%3123"):
        history = sedo.ask("GET", f"{tenant}/executions/{started.json_body['id']}/history").json_body
        assert [r["result"] for r in history if "result" in r] == [text, text]
        assert not any("references" in r for r in history)


def test_a_page_of_history_holds_no_more_values_than_an_answer_can(sedo: Sedo) -> None:
    step: Json = {"id": "each", "type": "echo", "message": "${input.text} ${index}", "stash": "said"}
    all_: Json = {"id": "all", "type": "map", "items": "${range(`0`, `45`)}", "output": None, "steps": [step]}
    assert sedo.ask("POST", T + "/definitions", {"id": "many", "steps": [all_]}).status_code == 201
    started = sedo.ask("POST", T + "/definitions/many/execute", {"input": {"text": "x" * 60_000}})
    sedo.deliver()
    answer = sedo.ask("GET", f"{T}/executions/{started.json_body['id']}/history?limit=100")
    said = [r for r in answer.json_body if (r["step"], r["state"]) == ("all/each", "StepSucceeded")]
    left = [r for r in said if "references" in r]
    assert 0 < len(left) < len(said) == 45
    assert all((r["result"], r["stash"]) == (None, {"said": None}) for r in left)
    assert all(r["stash"] == {"said": r["result"]} for r in said)
    assert 2_500_000 < len(answer.body) < 3_500_000


def test_a_value_of_20_mb_goes_through_three_steps_and_history_shows_its_size(sedo: Sedo) -> None:
    steps: list[Json] = [
        {"id": "make", "type": "transform", "output": ["${input.text}"] * 105},
        {"id": "wrap", "type": "transform", "output": {"rows": "${output}"}, "stash": "kept"},
        {"id": "pause", "type": "wait", "seconds": 1},
        {"id": "unwrap", "type": "echo", "message": "${output.rows}"},
        {"id": "count", "type": "transform", "output": ["${length(output)}", "${length(stash.kept.rows[104])}"]},
    ]
    assert sedo.ask("POST", T + "/definitions", {"id": "large", "steps": steps}).status_code == 201
    answer = sedo.ask("POST", T + "/definitions/large/execute", {"input": {"text": "x" * 200_000}})
    sedo.pass_time(2)
    path = f"/executions/{answer.json_body['id']}"
    ended = sedo.get(path)
    assert (ended["state"], ended["output"]) == ("ExecutionSucceeded", [105, 200_000])
    history = sedo.ask("GET", T + path + "/history")
    (made,) = [r for r in history.json_body if (r["step"], r["state"]) == ("make", "StepSucceeded")]
    assert made.get("result") is None
    assert made["references"]["/result"]["bytes"] > 20_000_000
    assert len(history.body) < 10_000


LOOP: Json = {
    "id": "rounds",
    "stash": {"n": 0},
    "steps": [
        {"id": "rest", "type": "wait", "seconds": 1},
        {"id": "count", "type": "transform", "output": None, "stash": {"n": "${add(stash.n, `1`)}"}},
        {
            "id": "again",
            "type": "choice",
            "choices": [{"when": "stash.n < input.rounds", "next": "rest"}],
            "default": "do",
        },
        {"id": "do", "type": "task", "title": "Do it", "assignees": ["ada"]},
    ],
}


def rounds(sedo: Sedo, count: int) -> str:
    assert sedo.ask("POST", T + "/definitions", LOOP).status_code == 201
    execution = sedo.ask("POST", f"{T}/definitions/rounds/execute", {"input": {"rounds": count}}).json_body["id"]
    for _ in range(count):
        sedo.pass_time(1)
    (task,) = sedo.get("/tasks")
    for verb in ("claim", "release", "claim"):
        sedo.pass_time(1)
        assert (
            sedo.ask("POST", f"{T}/tasks/{task['id']}/{verb}", headers={**JSON, "X-Sedo-User": "ada"}).status_code
            == 200
        )
    return str(execution)


@pytest.mark.parametrize("limit", [1, 2, 7, 50, 100])
def test_pages_join_to_the_whole_in_either_order(sedo: Sedo, limit: int) -> None:
    count = min(40, 2 * limit)
    path = f"{T}/executions/{rounds(sedo, count)}/history"
    whole = [*follow(sedo, f"{path}?limit=100")]
    assert [each["step"] for each in whole if each["state"] == "StepStarted"] == ["rest", "count", "again"] * count + [
        "do"
    ]
    assert [each["state"] for each in whole[-3:]] == ["TaskClaimed", "TaskReleased", "TaskClaimed"]
    assert [*follow(sedo, f"{path}?limit={limit}")] == whole
    assert [*follow(sedo, f"{path}?limit={limit}&sort=-time")] == whole[::-1]


def follow(sedo: Sedo, path: str) -> Iterator[Any]:
    """Walk over the entries of all pages."""
    link: str | None = path
    while link is not None:
        answer = sedo.ask("GET", link)
        yield from answer.json_body
        found = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
        link = found and found[1]


def test_pages_go_on_where_they_were_though_the_newest_has_moved_into_a_row(sedo: Sedo) -> None:
    assert sedo.ask("POST", T + "/definitions", LOOP).status_code == 201
    execution = sedo.ask("POST", f"{T}/definitions/rounds/execute", {"input": {"rounds": 60}}).json_body["id"]
    sedo.pass_time(1)
    path = f"{T}/executions/{execution}/history?limit=3"
    onward, back = (sedo.ask("GET", f"{path}&sort={order}") for order in ("time", "-time"))
    for _ in range(60):
        sedo.pass_time(1)
    whole = [*follow(sedo, path)]
    rest = {
        name: [*follow(sedo, answer.headers["Link"][1:].partition(">")[0])]
        for name, answer in (("onward", onward), ("back", back))
    }
    assert [*onward.json_body, *rest["onward"]] == whole
    begun = [*back.json_body, *rest["back"]]
    assert begun == whole[: len(begun)][::-1]


def test_a_cursor_belongs_to_its_order(sedo: Sedo) -> None:
    path = f"{T}/executions/{rounds(sedo, 2)}/history?limit=3"
    link = sedo.ask("GET", path).headers["Link"][1:].partition(">")[0]
    assert sedo.ask("GET", link).status_code == 200
    problem = assert_problem(sedo.ask("GET", f"{link}&sort=-time"), 400)
    assert "cursor" in problem["detail"]
    assert "'newest'" in assert_problem(sedo.ask("GET", f"{path}&sort=newest"), 400)["detail"]


def test_fields_are_chosen_in_either_order(sedo: Sedo) -> None:
    path = f"/executions/{rounds(sedo, 1)}/history?limit=2&fields=state,step"
    assert sedo.get(f"{path}&sort=-time") == [
        {"state": "TaskClaimed", "step": "do"},
        {"state": "TaskReleased", "step": "do"},
    ]
