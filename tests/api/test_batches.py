import json
from typing import Any

import pytest

from tests.application import EXECUTE, JSON, Sedo, assert_problem, http_request
from tests.home import Home

BATCH = f"{EXECUTE}-batch"
SCHEMA = """
id: example-definition
inputSchema: {type: object, properties: {n: {type: integer}}, required: [n]}
steps:
  - {id: say, type: echo, message: "${input.n}"}
"""
WAITING = """
id: example-definition
steps:
  - {id: call, type: callback}
"""
PEOPLE = """
id: example-definition
steps:
  - {id: approve, type: task, title: Approve}
"""
KEYED = {"Content-Type": "application/json", "Idempotency-Key": "one"}


def batch(sedo: Sedo, *starts: Any, **more: Any) -> Any:
    answer = sedo.ask("POST", BATCH, {"starts": [*starts], **more})
    assert answer.status_code == 200, answer.body
    return answer.json_body["results"]


def statuses(results: Any) -> list[int]:
    return [each["status"] for each in results]


def test_each_start_has_the_result_that_it_alone_would_have(sedo: Sedo) -> None:
    sedo.create(SCHEMA)
    sedo.start(input={"n": 7}, name="taken")
    results = batch(
        sedo,
        *({"input": {"n": n}} for n in range(25)),
        {"input": {"n": "x"}},
        {"input": {"n": 8}, "name": "taken"},
        {"input": {"n": 7}, "name": "taken"},
    )
    assert statuses(results) == [201] * 25 + [400, 409, 200]
    assert [each["execution"]["output"] for each in results[:25]] == [*range(25)]
    assert len({each["execution"]["id"] for each in results[:25]}) == 25
    assert results[25]["problem"]["errors"] == [{"pointer": "/n", "message": '"x" is a text, not a whole number'}]
    assert results[26]["problem"]["title"] == "it is there already, with other content"


def test_those_of_one_request_share_the_call_of_the_function(sedo: Sedo) -> None:
    sedo.create(SCHEMA)
    alone = sedo.start(input={"n": 7})["cost"]
    together = [each["execution"]["cost"] for each in batch(sedo, *({"input": {"n": n}} for n in range(10)))]
    assert alone["invocations"] == 1
    assert [each["invocations"] for each in together] == [0.1] * 10
    assert {each["writeUnits"] for each in together} == {alone["writeUnits"]}


def test_what_has_not_ended_goes_on_by_itself(sedo: Sedo) -> None:
    sedo.create(PEOPLE)
    results = batch(sedo, *[{}] * 12)
    assert {each["execution"]["state"] for each in results} == {"ExecutionSubmitted"}
    sedo.deliver()
    for each in results:
        (wait,) = sedo.get(f"/executions/{each['execution']['id']}")["waitingFor"]
        assert wait["for"] == "task"


def test_each_has_its_token_that_counts_at_once(sedo: Sedo) -> None:
    sedo.create(WAITING)
    for each in batch(sedo, *[{}] * 12):
        (wait,) = each["execution"]["waitingFor"]
        assert wait["for"] == "callback"
        bearer = {**JSON, "Authorization": f"Bearer {wait['token']}"}
        assert sedo.ask("POST", "/sedo/callbacks/succeed", 7, bearer).status_code == 204
        assert sedo.get(f"/executions/{each['execution']['id']}")["output"] == 7


def test_a_repeat_under_its_key_starts_nothing_anew(sedo: Sedo) -> None:
    sedo.create(SCHEMA)
    body = {"starts": [{"input": {"n": 1}}, {"input": {"n": 1}}]}
    first, again = (sedo.ask("POST", BATCH, body, KEYED) for _ in range(2))
    assert first.json_body == again.json_body
    ids = {each["execution"]["id"] for each in first.json_body["results"]}
    assert {each["id"] for each in sedo.get("/executions")} == ids
    assert len(ids) == 2


def test_the_first_of_one_name_gets_it(sedo: Sedo) -> None:
    sedo.create(SCHEMA)
    results = batch(sedo, *({"input": {"n": n}, "name": f"name-{n % 3}"} for n in range(10)))
    assert statuses(results) == [201] * 3 + [409] * 7
    assert [each["execution"]["output"] for each in results[:3]] == [0, 1, 2]


@pytest.mark.parametrize("fault", ["lost_puts", "rejected_puts"])
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "one"}])
def test_what_could_not_be_started_is_started_by_the_same_request_again(fault: str, key: dict[str, str]) -> None:
    home = Home()
    home.create({"type": "echo", "message": "${input}"})
    starts: list[Any] = [{"input": n, **({} if key else {"name": f"name-{n}"})} for n in range(25)]
    asked = http_request("POST", "/sedo/tenants/t/definitions/d/execute-batch", {**JSON, **key}, {"starts": starts})
    setattr(home.executions, fault, 3)
    answers = [home.wiring.routes.executions.execute_batch(asked, "t", "d") for _ in range(2)]
    first, again = (json.loads(answer.body)["results"] for answer in answers)
    assert sorted(statuses(first)) == [201] * 22 + [503] * 3
    assert ["Retry-After" in answer.headers for answer in answers] == [True, False]
    assert {*statuses(again)} == ({200} if fault == "lost_puts" else {200, 201})
    assert [each["execution"]["input"] for each in again] == [*range(25)]
    home.clock.sleep(30)
    home.deliver_all()
    assert sorted(each.output for each in map(home.read, home.executions.items)) == [*range(25)]


def test_a_hundred_large_values_fit_into_the_answer(sedo: Sedo) -> None:
    sedo.create(SCHEMA.replace("${input.n}", "${input}"))
    results = batch(sedo, *[{"input": {"n": 1, "text": "x" * 50_000}}] * 100)
    assert statuses(results) == [201] * 100
    assert all(each["execution"]["references"]["/output"]["bytes"] > 50_000 for each in results)


def test_a_version_is_that_of_all(sedo: Sedo) -> None:
    sedo.create(SCHEMA)
    sedo.create(SCHEMA.replace("${input.n}", "second"))
    (result,) = batch(sedo, {"input": {"n": 1}}, version=1)
    assert (result["execution"]["version"], result["execution"]["output"]) == (1, 1)


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "starts is a list of 1 to 100 objects"),
        ({"starts": []}, "starts is a list of 1 to 100 objects"),
        ({"starts": [{}] * 101}, "starts is a list of 1 to 100 objects"),
        ({"starts": [{"inputs": 1}]}, "a start has no 'inputs' (did you mean 'input'?): it takes input and name"),
    ],
)
def test_what_is_no_batch_starts_nothing(sedo: Sedo, body: Any, detail: str) -> None:
    sedo.create(SCHEMA)
    assert detail in json.dumps(assert_problem(sedo.ask("POST", BATCH, body), 400), ensure_ascii=False)
    assert sedo.get("/executions") == []


@pytest.mark.parametrize("wrong", [5, {"inputs": 1}, {"name": "a b"}])
def test_of_many_starts_the_wrong_one_is_named(sedo: Sedo, wrong: Any) -> None:
    sedo.create(SCHEMA)
    problem = assert_problem(sedo.ask("POST", BATCH, {"starts": [{}, {}, wrong]}), 400)
    assert [each["pointer"] for each in problem["errors"]] == ["/starts/2"]
    assert problem["errors"][0]["message"] == problem["detail"]


def test_no_definition_is_a_problem_of_the_whole(sedo: Sedo) -> None:
    assert sedo.ask("POST", BATCH, {"starts": [{}]}).status_code == 404
