import json
import re
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.values.json import Json, encode
from tests.application import JSON, YAML, Sedo, T, assert_problem

MEMBERS = "input, version, definition, step, mocks, incoming, stash, item, index, error"
TEST = T + "/definitions/order/test"
ORDER = """
id: order
inputSchema: {type: object, required: [total]}
steps:
  - {id: nap, type: wait, seconds: 3600}
  - {id: charge, type: http, url: 'https://bank.example/', body: '${[input.total, item, index, error.name, stash.a]}'}
  - {id: said, type: echo, message: "${output} by ${default(execution.startedBy, 'nobody')} of ${execution.version}"}
"""
GUIDE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text()


@pytest.fixture(autouse=True)
def order(sedo: Sedo) -> None:
    assert sedo.create(ORDER).status_code == 201


def dry(sedo: Sedo, body: Any, path: str = TEST) -> Any:
    answer = sedo.ask("POST", path, body)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def refused(sedo: Sedo, body: Any, title: str | None = None) -> Any:
    return assert_problem(sedo.ask("POST", TEST, body), 400, title)


def test_a_definition_is_run_with_mocks_and_nothing_is_stored(sedo: Sedo) -> None:
    before, now = sedo.stored(), sedo.clock.now()
    found = dry(sedo, {"input": {"total": 5}, "mocks": {"charge": {"result": "paid"}}})
    assert (found["state"], found["output"]) == ("ExecutionSucceeded", "paid by nobody of 1")
    assert (found["elapsedSeconds"], found["path"]) == (3600, ["nap", "charge", "said"])
    assert [call["params"]["body"] for call in found["calls"]] == [[5, None, None, None, None]]
    happened = [record["state"] for record in found["history"]]
    assert (happened[0], happened[-1], happened.count("StepSucceeded")) == (
        "ExecutionSubmitted",
        "ExecutionSucceeded",
        3,
    )
    assert (sedo.stored(), sedo.clock.now()) == (before, now)
    assert sedo.get("/executions") == []


def test_one_step_finds_what_it_is_given_and_says_where_it_leads(sedo: Sedo) -> None:
    given = {"input": {"total": 5}, "item": "tea", "index": 3, "error": {"name": "E"}, "stash": {"a": 1}}
    found = dry(sedo, {"step": "charge", **given, "mocks": {"charge": {"result": "paid"}}})
    assert found["calls"][0]["params"]["body"] == [5, "tea", 3, "E", 1]
    assert (found["state"], found["output"], found["next"]) == ("StepSucceeded", "paid", "said")
    assert dry(sedo, {"step": "said", "incoming": "x"})["next"] is None
    assert dry(sedo, {"step": "charge", "item": 1})["unanswered"][0]["params"]["body"] == [None, 1, 0, None, None]


def test_what_has_no_mock_is_told(sedo: Sedo) -> None:
    found = dry(sedo, {"input": {"total": 5}})
    assert [(wait["step"], wait["for"]) for wait in found["unanswered"]] == [("charge", "http")]
    assert "next" not in found


def test_an_older_version_can_be_run(sedo: Sedo) -> None:
    sedo.create(ORDER.replace("by", "from"))
    mocks = {"mocks": {"charge": {"result": 1}}, "input": {"total": 1}}
    assert [dry(sedo, {**mocks, **more})["output"] for more in ({}, {"version": 1})] == [
        "1 from nobody of 2",
        "1 by nobody of 1",
    ]


def test_input_that_does_not_pass_is_refused_as_it_is_when_it_is_executed(sedo: Sedo) -> None:
    executed = sedo.ask("POST", T + "/definitions/order/execute", {"input": {}}).json_body
    assert refused(sedo, {"input": {}}, "input does not pass inputSchema validation") == executed
    assert refused(sedo, b"") == executed


def test_what_is_not_there_is_not_found(sedo: Sedo) -> None:
    assert_problem(sedo.ask("POST", TEST.replace("order", "orders"), {}), 404, "definition not found")
    assert_problem(sedo.ask("POST", TEST, {"version": 7}), 404, "definition not found")
    assert_problem(sedo.ask("POST", TEST.replace("123", "124"), {}), 404, "definition not found")


def test_problems_of_mocks_have_pointers(sedo: Sedo) -> None:
    problem = refused(sedo, {"input": {"total": 1}, "mocks": {"chrge": {"result": 1}, "charge": [{"eror": 1}]}})
    assert [found["pointer"] for found in problem["errors"]] == [
        "/mocks/chrge",
        "/mocks/charge/0/eror",
        "/mocks/charge/0",
    ]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ([], f"the body is an object; it takes {MEMBERS}"),
        ({"mock": {}}, f"the body has no 'mock' (did you mean 'mocks'?): it takes {MEMBERS}"),
        ({"version": True}, "version is a whole number from 1"),
        ({"version": 0}, "version is a whole number from 1"),
        ({"step": 1}, "step is the path of a step, or its id"),
        ({"step": 1, "stash": []}, "step is the path of a step, or its id"),
        ({"step": None, "stash": {}}, "stash says what one step finds: name the step"),
        ({"step": "chrge"}, "order has no step 'chrge' (did you mean 'charge'?)"),
        ({"index": 1}, "index says what one step finds: name the step"),
        ({"step": "said", "stash": []}, "stash is an object: what the step finds, by name"),
        ({"step": "said", "stash": {"a-b": 1}}, "'a-b' is no name in a stash"),
        ({"step": "said", "index": -1}, "index is the number of the item, from 0"),
        ({"step": "said", "index": 1.5}, "index is the number of the item, from 0"),
        (
            {"step": "said", "error": {}},
            "error is an object with a name; it takes name, message, step, attempt, details",
        ),
        ({"step": "said", "error": {"name": "E", "why": 1}}, "error has no 'why': it takes name, message"),
        ({"step": "said", "error": {"name": "E", "message": 1}}, "of an error, message and step are texts"),
        ({"step": "said", "error": {"name": "E", "attempt": "1"}}, "attempt is a whole number"),
        ({"mocks": []}, "mocks is an object"),
    ],
)
def test_a_body_that_says_something_else_is_refused(sedo: Sedo, body: Any, detail: str) -> None:
    assert detail in refused(sedo, body)["detail"]


def test_what_goes_round_for_ever_is_refused(sedo: Sedo) -> None:
    again = "{id: b, type: choice, choices: [{when: '`true`', next: a}], default: c}"
    sedo.create(f"id: order\nsteps: [{{id: a, type: wait, seconds: 9}}, {again}, {{id: c, type: succeed}}]\n")
    assert "Does it go round for ever?" in refused(sedo, {}, "the dry run takes too much")["detail"]


def test_what_an_answer_cannot_hold_is_read_by_its_link(sedo: Sedo) -> None:
    call = "{id: b, type: http, url: '${input}', output: '${[input, output]}', stash: all}"
    sedo.create(f"id: order\nsteps: [{{id: a, type: map, items: '${{range(`90`)}}', steps: [{call}]}}]\n")
    body: Json = {"input": "x" * 60_000, "mocks": {"b": {"result": "y"}}}
    found = dry(sedo, body)
    assert found["output"] is None
    assert {"/output", "/calls/89/params/url", "/history/3/result"} & {*found["references"]} >= {"/output"}
    for place, reference in [*found["references"].items()][:3]:
        assert reference["link"].endswith(f"/definitions/order/test/values?at={place}")
        whole = sedo.ask("POST", reference["link"], body)
        assert len(encode(whole.json_body)) == reference["bytes"]
    link = found["references"]["/output"]["link"]
    assert sedo.ask("POST", link + "&path=[89][1]", body).json_body == "y"
    assert sedo.ask("POST", link + "&path=[89][0]&offset=60000", body).body == b'x"'
    assert_problem(sedo.ask("POST", link.replace("/output", "/outputs"), body), 404, "value not found")


def test_a_value_of_history_that_is_kept_apart_is_there_in_a_dry_run(sedo: Sedo) -> None:
    sedo.create("id: order\nsteps: [{id: a, type: echo, message: '${input}'}, {id: b, type: succeed}]\n")
    found = dry(sedo, {"input": "x" * 100_000})
    assert [len(record["result"]) for record in found["history"] if "result" in record] == [100_000] * 3
    assert not any("references" in record for record in found["history"])


def test_what_no_answer_can_hold_is_refused(sedo: Sedo) -> None:
    step = f"{{id: {'b' * 64}, type: echo, message: 1, stash: {'c' * 60}}}"
    all_ = f"{{id: {'a' * 64}, type: map, items: '${{range(`100`)}}', output: null, steps: [{step}]}}"
    both = f"{{id: {'d' * 64}, type: parallel, branches: [{{id: {'e' * 64}, steps: [{all_}]}}]}}"
    sedo.create(f"id: order\nsteps: [{', '.join(both.replace('dd', f'{n:02}', 1) for n in range(48))}]\n")
    problem = refused(sedo, {}, "the dry run takes too much")
    assert "more than 5,900,000 bytes, without large values" in problem["detail"]


def test_the_commands_of_the_guide_answer_what_it_says(sedo: Sedo, tmp_path: Path) -> None:
    (tmp_path / "order.yaml").write_text(re.findall(r"^```yaml\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)[0])
    commands = "\n".join(re.findall(r"^```sh\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE))
    shown = [json.loads(text) for text in re.findall(r"^```json\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)]
    answers = []
    for command in re.split(r"^curl ", commands, flags=re.MULTILINE)[1:]:
        words = shlex.split(command.replace("\\\n", ""))
        path = next(word for word in words if word.startswith("http")).removeprefix("http://127.0.0.1:8000")
        data = next(after for word, after in pairwise(words) if word.startswith("--data"))
        content = (tmp_path / data[1:]).read_bytes() if data.startswith("@") else data.encode()
        answer = sedo.ask("POST", path, content, YAML if data.startswith("@") else JSON)
        assert answer.status_code in {200, 201}, answer.body
        answers.append(answer.json_body)
    assert len(shown) == len(answers) - 1 == 2
    for expected, answer in zip(shown, answers[1:], strict=True):
        assert {name: answer[name] for name in expected} == expected


POSTED: dict[str, Json] = {
    "id": "order",
    "steps": [{"id": "add", "type": "transform", "output": "${ add(input.a, stash.b) }"}],
}


def test_a_definition_that_is_posted_is_run_in_place_of_a_version_and_is_not_kept(sedo: Sedo) -> None:
    before = sedo.stored()
    posted = {**POSTED, "stash": {"b": 2}}
    found = dry(sedo, {"definition": posted, "input": {"a": 1}})
    assert (found["output"], found["path"]) == (3, ["add"])
    one = dry(sedo, {"definition": POSTED, "step": "add", "input": {"a": 1}, "stash": {"b": 41}})
    assert (one["state"], one["output"]) == ("ExecutionSucceeded", 42)
    version = {"id": "new", "steps": [{"id": "a", "type": "transform", "output": "${execution.version}"}]}
    assert dry(sedo, {"definition": version}, TEST.replace("order", "new"))["output"] == 1
    assert sedo.stored() == before


def test_a_definition_that_is_posted_and_starts_itself_starts_what_is_posted(sedo: Sedo) -> None:
    again = {"id": "again", "type": "workflow", "definition": "order", "when": "input.n > `0`", "input": {"n": 0}}
    last = {"id": "last", "type": "transform", "output": "posted"}
    assert dry(sedo, {"definition": {"id": "order", "steps": [again, last]}, "input": {"n": 1}})["output"] == "posted"


def test_problems_of_it_are_told_by_their_places_in_the_request(sedo: Sedo) -> None:
    broken = {**POSTED, "steps": [{"id": "a", "type": "ecko"}]}
    assert (
        refused(sedo, {"definition": broken}, "definition is not valid")["errors"][0]["pointer"]
        == "/definition/steps/0/type"
    )
    assert refused(sedo, {"definition": {**POSTED, "id": "other"}})["errors"][0]["pointer"] == "/definition/id"
    assert "leave one of them out" in str(refused(sedo, {"definition": POSTED, "version": 1}))
    assert "definition is an object" in str(refused(sedo, {"definition": []}))


def test_a_definition_that_is_text_is_read_as_yaml(sedo: Sedo) -> None:
    text = "id: order\nsteps:\n  - {id: add, type: transform, output: '${ input.a }'}\n"
    assert dry(sedo, {"definition": text, "input": {"a": 1}})["output"] == 1
    assert (
        dry(sedo, {"definition": json.dumps(POSTED), "input": {"a": 1}, "stash": {"b": 2}, "step": "add"})["output"]
        == 3
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("id: order\nsteps:\n  - {id: add, type: ecko}\n", ("/definition/steps/0/type", 3, 15)),
        ("id: other\nsteps: []\n", ("/definition/id", 1, 1)),
        ("id: order\nsteps: [\n", ("/definition", 3, 1)),
        ("just a text", ("/definition", 1, 1)),
        ("", ("/definition", None, None)),
        ("\ud800", ("/definition", None, None)),
    ],
)
def test_problems_of_a_text_are_told_by_their_lines_in_it(sedo: Sedo, text: str, place: tuple[Any, ...]) -> None:
    found = refused(sedo, {"definition": text})["errors"][0]
    assert (found["pointer"], found.get("line"), found.get("column")) == place


def test_a_text_may_be_as_long_as_a_definition_that_is_kept(sedo: Sedo) -> None:
    assert_problem(sedo.ask("POST", TEST, {"definition": "#" * 262_145}), 413)
