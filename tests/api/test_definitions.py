"""Definitions over the API: their versions, their retirement, and what is wrong with them."""

import pytest

from chalicelib.api.parsing import read_yaml
from tests.application import EXAMPLE, EXECUTE, YAML, Sedo, T, assert_problem

ADDED = ("tenantId", "version", "createdAt", "actions")
"""What an answer has beside the document."""


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


def yaml_of(sedo: Sedo, version: str = "") -> bytes:
    answer = sedo.ask("GET", T + f"/definitions/example-definition{version}", headers={"Accept": "application/yaml"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/yaml")
    return answer.body


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.encode(),
        b"\xef\xbb\xbf" + EXAMPLE.replace("\n", " # \u00e9 \U0001f600\t\r\n").encode(),
        b"---\n" + EXAMPLE.encode() + b"...\n\n# the end",
    ],
)
def test_a_definition_that_was_posted_as_yaml_reads_back_byte_for_byte(sedo: Sedo, text: bytes) -> None:
    assert sedo.ask("POST", T + "/definitions", text, YAML).status_code == 201
    assert yaml_of(sedo) == yaml_of(sedo, "?version=1") == text
    document = sedo.get("/definitions/example-definition")
    assert document == read_yaml(text, 10_000)[0] | {key: document[key] for key in ADDED}


def test_json_and_yaml_and_any_order_and_comments_of_one_definition_are_one_version(sedo: Sedo) -> None:
    document = read_yaml(EXAMPLE.encode(), 10_000)[0]
    assert isinstance(document, dict)
    turned = dict(reversed(document.items()))
    assert sedo.ask("POST", T + "/definitions", turned).status_code == 201
    assert read_yaml(yaml_of(sedo), 10_000)[0] == document
    for text in (EXAMPLE, "# for people\n" + EXAMPLE, "# for others\n" + EXAMPLE):
        assert sedo.create(text).status_code == 200
        assert yaml_of(sedo).decode() == text
        assert sedo.ask("POST", T + "/definitions", document).status_code == 200
        assert yaml_of(sedo).decode() == text
    assert sedo.get("/definitions/example-definition")["version"] == 1


def test_another_text_of_a_version_is_not_taken_for_the_one_before(sedo: Sedo) -> None:
    path, accept = T + "/definitions/example-definition", {"Accept": "application/yaml"}
    sedo.create()
    tag = sedo.ask("GET", path, headers=accept).headers["ETag"]
    assert sedo.ask("GET", path, headers={**accept, "If-None-Match": tag}).status_code == 304
    sedo.create("# for people\n" + EXAMPLE)
    assert sedo.ask("GET", path, headers={**accept, "If-None-Match": tag}).body.startswith(b"# for people\n")


def test_each_version_keeps_its_own_text(sedo: Sedo) -> None:
    texts = ["# 1\n" + EXAMPLE, "# 2\n" + EXAMPLE.replace("hello again", "good bye")]
    for text in texts:
        sedo.create(text)
    assert [yaml_of(sedo, f"?version={number}").decode() for number in (1, 2)] == texts
    sedo.ask("DELETE", T + "/definitions/example-definition")
    assert yaml_of(sedo, "?version=1").decode() == texts[0]
    assert sedo.create("# again\n" + texts[1]).status_code == 201
    assert yaml_of(sedo).decode() == "# again\n" + texts[1]


def test_an_include_is_in_the_text_and_its_steps_are_in_the_document(sedo: Sedo) -> None:
    sedo.create()
    text = "id: all\nsteps:\n  - include: example-definition # theirs\n"
    assert sedo.create(text).status_code == 201
    answer = sedo.ask("GET", T + "/definitions/all", headers={"Accept": "application/yaml"})
    assert answer.body.decode() == text
    assert len(sedo.get("/definitions/all")["steps"]) == len(sedo.get("/definitions/example-definition")["steps"])


def test_what_is_refused_keeps_no_text(sedo: Sedo) -> None:
    sedo.create()
    assert_problem(sedo.create(EXAMPLE.replace("type: echo", "type: nope")), 400)
    assert yaml_of(sedo).decode() == EXAMPLE


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
    said = fine.json_body
    assert said.pop("estimate")["least"]["dollars"] > 0
    assert said == {"valid": True, "problems": [], "warnings": []}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/yaml, application/json", "application/yaml"),
        ("application/json, text/yaml", "application/json"),
        ("application/yaml;q=0.1, application/json", "application/json"),
        ("application/json; q=0.5, text/yaml; Q=0.9", "application/yaml"),
        ("application/yaml;q=0", "application/json"),
        ("application/yaml;q=much", "application/yaml"),
        ("*/*", "application/json"),
    ],
)
def test_a_definition_is_written_as_its_reader_likes_best(sedo: Sedo, accept: str, kind: str) -> None:
    sedo.create()
    answer = sedo.ask("GET", T + "/definitions/example-definition", headers={"Accept": accept})
    assert answer.headers["Content-Type"] == kind
