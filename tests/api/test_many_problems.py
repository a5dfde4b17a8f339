"""Problems whose places are long, at every door that tells them: an answer holds some of them."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.limits import LIMITS
from tests.application import EXECUTE, Sedo, T

LONG = "k" * 8_000
NESTED: Any = {"type": "array", "items": {"type": "integer"}}
for _ in range(2):
    NESTED = {"type": "object", "additionalProperties": NESTED}
FITTING: dict[str, Any] = {
    "id": "example-definition",
    "inputSchema": NESTED,
    "steps": [{"id": "say", "type": "echo", "message": "done"}],
}
WRONG_INPUT = {LONG: {LONG: ["x"] * 1_000}}


def wrong(expression: str) -> dict[str, Any]:
    step = {"id": "say", "type": "transform", "output": {LONG: {LONG: [expression] * 1_000}}}
    return {**FITTING, "inputSchema": {"properties": {"a": {}}, "additionalProperties": False}, "steps": [step]}


DOORS: dict[str, tuple[str, Any, Callable[[Any], Any]]] = {
    "create": (f"{T}/definitions", wrong("${ a + }"), lambda body: body["errors"]),
    "validate": (f"{T}/definitions/validate", wrong("${ a + }"), lambda body: body["problems"]),
    "warn": (f"{T}/definitions/validate", wrong("${ input.b }"), lambda body: body["warnings"]),
    "try": (EXECUTE.replace("/execute", "/test"), {"definition": wrong("${ a + }")}, lambda body: body["errors"]),
    "mock": (
        EXECUTE.replace("/execute", "/test"),
        {"mocks": {f"{LONG}{number}": {"result": 1} for number in range(500)}},
        lambda body: body["errors"],
    ),
    "start": (EXECUTE, {"input": WRONG_INPUT}, lambda body: body["errors"]),
}


@pytest.mark.parametrize("door", DOORS)
def test_an_answer_tells_as_many_as_have_room(sedo: Sedo, door: str) -> None:
    sedo.ask("POST", f"{T}/definitions", FITTING)
    path, sent, problems = DOORS[door]
    answer = sedo.ask("POST", path, sent)
    assert answer.status_code in {200, 400}, answer.body
    assert 10 < len(problems(answer.json_body)) < 70
    assert len(answer.body) < LIMITS.problems_bytes + 20_000


def test_so_does_each_start_of_a_batch(sedo: Sedo) -> None:
    sedo.ask("POST", f"{T}/definitions", FITTING)
    answer = sedo.ask("POST", f"{EXECUTE}-batch", {"starts": [{"input": WRONG_INPUT}] * 5})
    assert [len(each["problem"]["errors"]) for each in answer.json_body["results"]] == [1] * 5
    assert len(answer.body) < 100_000


def test_a_detail_is_cut(sedo: Sedo) -> None:
    answer = sedo.ask("POST", EXECUTE, {LONG: 1})
    assert answer.status_code == 400
    assert len(answer.json_body["detail"]) == LIMITS.message_chars


@pytest.mark.parametrize("error", ["InvalidInput", "InvalidOutput"])
def test_so_do_the_details_of_an_error(sedo: Sedo, error: str) -> None:
    sedo.ask("POST", f"{T}/definitions", {**FITTING, "id": "kid"})
    start: Any = {"id": "start", "type": "workflow", "definition": "kid", "input": "${input}"}
    keep: Any = {"id": "keep", "type": "echo", "message": "${input}"}
    parent = {"InvalidInput": {"steps": [start]}, "InvalidOutput": {"steps": [keep], "outputSchema": NESTED}}
    sedo.ask("POST", f"{T}/definitions", {"id": "example-definition", **parent[error]})
    name = sedo.ask("POST", EXECUTE, {"input": WRONG_INPUT}).json_body["id"]
    sedo.deliver()
    found = sedo.get(f"/executions/{name}")["error"]
    assert (found["name"], len(found["details"])) == (error, 1)


def test_an_event_that_no_step_takes_is_refused_with_some(sedo: Sedo) -> None:
    waits: Any = {"id": "wait", "type": "event", "name": "paid", "schema": NESTED}
    sedo.ask("POST", f"{T}/definitions", {"id": "example-definition", "steps": [waits]})
    name = sedo.ask("POST", EXECUTE, {"input": 1}).json_body["id"]
    sedo.deliver()
    answer = sedo.ask("POST", f"{T}/executions/{name}/events/paid", {"data": WRONG_INPUT})
    assert (answer.status_code, len(answer.json_body["errors"])) == (400, 1)
