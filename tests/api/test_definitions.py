"""Definitions over the API: their versions, their retirement, and what is wrong with them."""

from chalicelib.api.parsing import read_yaml
from tests.application import EXAMPLE, EXECUTE, YAML, Sedo, T, assert_problem


def test_an_unknown_definition_is_not_found(sedo: Sedo) -> None:
    for method, path in (("POST", EXECUTE), ("GET", EXECUTE[:-8]), ("DELETE", EXECUTE[:-8])):
        assert_problem(sedo.ask(method, path), 404, "definition not found")


def test_the_same_content_again_is_the_same_version(sedo: Sedo) -> None:
    first, again = sedo.create(), sedo.create("# a comment is no content\n" + EXAMPLE)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json_body == first.json_body


def test_changed_content_is_the_next_version_and_running_executions_keep_theirs(sedo: Sedo) -> None:
    sedo.create()
    old = sedo.start()
    sedo.pass_time(1)
    changed = sedo.create(EXAMPLE.replace("hello again", "good bye"))
    assert (changed.status_code, changed.json_body["version"]) == (201, 2)
    new, pinned = sedo.start(), sedo.start(version=1)
    sedo.pass_time(45)
    found = [sedo.get(f"/executions/{execution['id']}") for execution in (old, new, pinned)]
    assert [(execution["version"], execution["output"]) for execution in found] == [
        (1, "Hello bar, and hello again"),
        (2, "Hello bar, and good bye"),
        (1, "Hello bar, and hello again"),
    ]
    path = "/definitions/example-definition"
    messages = [sedo.get(path + query)["steps"][2]["message"] for query in ("", "?version=1", "?version=2")]
    assert [message.rpartition(", and ")[2] for message in messages] == ["good bye", "hello again", "good bye"]
    assert_problem(sedo.ask("GET", T + path + "?version=3"), 404, "definition not found")


def test_a_definition_reads_back_as_yaml(sedo: Sedo) -> None:
    sedo.create()
    answer = sedo.ask("GET", T + "/definitions/example-definition", headers={"Accept": "application/yaml"})
    assert answer.headers["Content-Type"] == "application/yaml"
    assert read_yaml(answer.body, 10_000)[0] == read_yaml(EXAMPLE.encode(), 10_000)[0]


def test_a_retired_definition_starts_nothing_and_what_runs_goes_on(sedo: Sedo) -> None:
    sedo.create()
    running = sedo.start()
    sedo.pass_time(1)
    answer = sedo.ask("DELETE", T + "/definitions/example-definition")
    assert (answer.status_code, answer.body) == (204, b"")
    assert_problem(sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}}), 404, "definition not found")
    assert sedo.get("/definitions") == []
    sedo.pass_time(44)
    assert sedo.get(f"/executions/{running['id']}")["state"] == "ExecutionSucceeded"
    assert sedo.create().status_code == 201
    assert sedo.start()["version"] == 1


def test_validating_tells_every_problem_and_its_place_and_keeps_nothing(sedo: Sedo) -> None:
    text = "id: Wrong\nsteps:\n  - id: one\n    type: nope\n  - id: one\n    type: echo\n    message: ${ input. }\n"
    answer = sedo.ask("POST", T + "/definitions/validate", text.encode(), YAML)
    assert (answer.status_code, answer.json_body["valid"]) == (200, False)
    places = {(problem["pointer"], problem["line"], problem["column"]) for problem in answer.json_body["problems"]}
    assert places == {("/id", 1, 1), ("/steps/0/type", 4, 5), ("/steps/1/id", 5, 5), ("/steps/1/message", 7, 5)}
    assert sedo.get("/definitions") == []
    assert assert_problem(sedo.create(text), 400)["errors"] == answer.json_body["problems"]
    fine = sedo.ask("POST", T + "/definitions/validate", EXAMPLE.encode(), YAML)
    assert fine.json_body == {"valid": True, "problems": [], "warnings": []}
