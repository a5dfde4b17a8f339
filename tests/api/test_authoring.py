from typing import Any

import pytest

from chalicelib.api.parsing import read_yaml
from chalicelib.core.limits import beyond
from chalicelib.core.values.json import Json
from tests.application import JSON, YAML, Sedo, T, assert_problem

DEFINITIONS = T + "/definitions"
PAY = """
id: pay
steps:
  - {id: reserve, type: echo, message: "reserve ${output}"}
  - {id: charge, type: echo, message: "charge ${output}", when: "input != 'nothing'"}
"""
ORDER = """
id: order
steps:
  - {id: first, type: echo, message: "${input}"}
  - include: pay
  - id: last
    type: echo
    message: "${output} ${default(stash.total, 'none')}"
"""
TOTAL = "nothing that can be seen here stashes 'total'"


def validated(sedo: Sedo, text: str) -> Any:
    answer = sedo.ask("POST", DEFINITIONS + "/validate", text.encode(), YAML)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def run(sedo: Sedo, definition: str, **more: Any) -> Any:
    path = f"{DEFINITIONS}/{definition}/execute"
    answer = sedo.ask("POST", path, {"input": "tea", **more})
    assert answer.status_code == 201, answer.body
    sedo.pass_time(1)
    return sedo.get(f"/executions/{answer.json_body['id']}")["output"]


def test_what_is_odd_is_told_with_its_place_when_a_definition_is_validated_and_when_it_is_created(sedo: Sedo) -> None:
    sedo.create(PAY)
    odd = [{"pointer": "/steps/2/message", "message": TOTAL, "line": 8, "column": 5}]
    found = validated(sedo, ORDER)
    assert found.pop("estimate")["most"]["steps"] >= 1
    assert found == {"valid": True, "problems": [], "warnings": odd}
    first, again = sedo.create(ORDER), sedo.create(ORDER)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json_body["warnings"] == again.json_body["warnings"] == odd
    assert "warnings" not in sedo.create(PAY).json_body
    assert "warnings" not in sedo.get("/definitions/order")


def test_the_place_of_a_warning_is_a_pointer_only_in_json(sedo: Sedo) -> None:
    document: Any = {"id": "j", "steps": [{"id": "a", "type": "echo", "message": "${stash.total}"}]}
    answer = sedo.ask("POST", DEFINITIONS + "/validate", document, JSON).json_body
    assert answer["warnings"] == [{"pointer": "/steps/0/message", "message": TOTAL}]


def test_a_definition_with_problems_has_no_warnings(sedo: Sedo) -> None:
    answer = validated(sedo, ORDER)
    message = "there is no definition 'pay'"
    assert answer == {
        "valid": False,
        "problems": [{"pointer": "/steps/1/include", "message": message, "line": 5, "column": 5}],
        "warnings": [],
        "estimate": None,
    }
    assert assert_problem(sedo.create(ORDER), 400, "definition is not valid")["detail"] == message


def test_included_steps_are_kept_as_they_were_when_the_definition_was_created(sedo: Sedo) -> None:
    sedo.create(PAY)
    sedo.create(ORDER)
    sedo.create(PAY.replace("charge ${output}", "free ${output}"))
    kept = sedo.get("/definitions/order")
    assert [step["id"] for step in kept["steps"]] == ["first", "reserve", "charge", "last"]
    assert kept["includes"] == [{"pointer": "/steps/1", "definition": "pay", "version": 1}]
    assert run(sedo, "order") == "charge reserve tea none"

    assert sedo.create(ORDER).json_body["version"] == 2
    assert run(sedo, "order") == "free reserve tea none"
    assert run(sedo, "order", version=1) == "charge reserve tea none"
    pinned = ORDER.replace("include: pay", "include: {definition: pay, version: 1, steps: [charge]}")
    assert sedo.create(pinned).json_body["version"] == 3
    assert run(sedo, "order") == "charge tea none"


def test_what_is_read_can_be_posted_again_and_is_the_same_version(sedo: Sedo) -> None:
    sedo.create(PAY)
    order = read_yaml(ORDER.encode(), 10_000)[0]
    assert sedo.ask("POST", DEFINITIONS, order).status_code == 201
    for included in (True, False):
        read = sedo.ask("GET", DEFINITIONS + "/order", headers={"Accept": "application/yaml"}).body
        assert (b"includes:" in read) == included
        assert sedo.create(read.decode()).status_code == 200
        assert sedo.get("/definitions/order")["includes"]
        assert sedo.create(ORDER).json_body["version"] == 1


def test_what_a_definition_includes_must_fit_into_its_item(sedo: Sedo) -> None:
    text = "".join(chr(33 + hash(number) * 7 % 90) for number in range(240_000)).replace("'", "").replace("$", "")
    large = f"steps:\n  - id: long\n    type: echo\n    message: '{text}'\n"
    assert sedo.create(f"id: pay\n{large}").status_code == 201
    problem = assert_problem(sedo.create(f"id: order\n{large}  - include: pay\n".replace("id: long", "id: own")), 400)
    said = "with the steps that it includes it has more than 450,560 bytes"
    assert problem["detail"] == beyond("definition_bytes", said)


def test_a_retired_definition_is_included_by_its_version_only(sedo: Sedo) -> None:
    sedo.create(PAY)
    assert sedo.ask("DELETE", DEFINITIONS + "/pay").status_code == 204
    assert not validated(sedo, ORDER)["valid"]
    assert validated(sedo, ORDER.replace("include: pay", "include: {definition: pay, version: 1}"))["valid"]


def test_a_tenant_includes_its_own_definitions_only(sedo: Sedo) -> None:
    other = T.replace("123", "456") + "/definitions"
    assert sedo.ask("POST", other, PAY.encode(), YAML).status_code == 201
    assert not validated(sedo, ORDER)["valid"]


def test_a_definition_may_include_itself_as_it_was(sedo: Sedo) -> None:
    sedo.create(PAY)
    grown = PAY + "  - include: {definition: pay, steps: [charge]}\n"
    problems = assert_problem(sedo.create(grown), 400)["errors"]
    assert [problem["message"] for problem in problems] == [
        "step 'charge' of pay@1: a step before this one has the id 'charge' already"
    ]
    grown = grown.replace("id: charge", "id: bill")
    assert sedo.create(grown).json_body["version"] == 2
    assert run(sedo, "pay") == "charge charge reserve tea"


@pytest.mark.parametrize("due", ["tomorrow", "2026-01-31T09:00:00Z", 60])
def test_a_due_date_of_the_wrong_form_is_one_problem(sedo: Sedo, due: Json) -> None:
    task: Json = {"id": "ask", "type": "task", "title": "Do", "due": due}
    report = sedo.ask("POST", T + "/definitions/validate", {"id": "asks", "steps": [task]}).json_body
    assert [problem["pointer"] for problem in report["problems"]] == ["/steps/0/due"]


def test_a_value_of_the_wrong_form_is_told_what_would_be_right(sedo: Sedo) -> None:
    document: Any = {"id": "x", "steps": [{"id": "a", "type": "echo", "message": 1, "end": False}]}
    (problem,) = sedo.ask("POST", T + "/definitions", document).json_body["errors"]
    assert problem["pointer"] == "/steps/0/end"
    assert problem["right"].startswith("`true`: end after this step")
