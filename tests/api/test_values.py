"""Answers of any size: what is too large for an answer, and how to read it."""

import json
from typing import Any

import pytest

from chalicelib.api.execution_view import execution_view
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.execution_details import Details
from tests.application import JSON, Sedo, T, assert_problem

SAYS: Json = {"id": "says", "steps": [{"id": "say", "type": "transform", "output": "${input}", "stash": "said"}]}
WAITS: Json = {
    "id": "waits",
    "stash": {"a": "${input.a}", "b": 1},
    "steps": [{"id": "wait", "type": "wait", "seconds": 60}, {"id": "end", "type": "succeed", "output": "${stash}"}],
}


def read(sedo: Sedo, link: str) -> Any:
    answer = sedo.ask("GET", link)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def joined(sedo: Sedo, link: str) -> Any:
    """Read a value in parts."""
    text, answer = "", sedo.ask("GET", link + "&offset=0")
    while True:
        assert answer.status_code == 200
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        text += answer.body.decode()
        following = answer.headers.get("Link")
        if following is None:
            return json.loads(text)
        answer = sedo.ask("GET", following[1 : following.index(">")])


def begin(sedo: Sedo, definition: Any, value: Json) -> str:
    assert sedo.ask("POST", T + "/definitions", definition).status_code == 201
    answer = sedo.ask("POST", f"{T}/definitions/{definition['id']}/execute", {"input": value})
    assert answer.status_code == 201, answer.body
    sedo.deliver()
    return f"/executions/{answer.json_body['id']}"


def test_an_input_of_5_mb_comes_out_whole(sedo: Sedo) -> None:
    value: Json = {"rows": [{"id": number, "text": "x" * 90} for number in range(45_000)]}
    assert 5_000_000 < len(json.dumps(value)) < LIMITS.payload_bytes
    found = sedo.get(begin(sedo, SAYS, value))
    assert (found["state"], found["input"], found["output"], found["stash"]) == (
        "ExecutionSucceeded",
        None,
        None,
        {"said": None},
    )
    assert {*found["references"]} == {"/input", "/output", "/stash/said"}
    assert read(sedo, found["references"]["/output"]["link"]) == value
    assert all(len(str(message.body)) < 256 * 1024 for message in sedo.queue.messages.values())


@pytest.mark.parametrize("way", ["callback", "event", "published", "task", "failure"])
def test_an_answer_of_5_mb_reaches_its_step(sedo: Sedo, way: str) -> None:
    rows: Json = ["x" * 990] * 5_000
    kinds: dict[str, Json] = {
        "event": {"type": "event", "name": "paid"},
        "published": {"type": "event", "name": "paid", "key": "7"},
        "task": {"type": "task", "title": "Do"},
    }
    ask = kinds.get(way, {"type": "callback"})
    path = begin(sedo, {"id": "asks", "steps": [{"id": "ask", **ask}]}, None)
    (wait,) = sedo.get(path)["waitingFor"]
    routes: dict[str, tuple[str, Json]] = {
        "callback": (f"/sedo/callbacks/{wait.get('token')}/succeed", rows),
        "failure": (f"/sedo/callbacks/{wait.get('token')}/fail", {"name": "E", "details": rows}),
        "event": (f"{T}{path}/events/paid", {"data": rows}),
        "published": (f"{T}/events/paid", {"data": rows, "key": "7"}),
        "task": (f"{T}/tasks/{wait.get('task')}/complete", {"answer": rows}),
    }
    answer = sedo.ask("POST", *routes[way], {**JSON, "X-Sedo-User": "ada"})
    assert answer.status_code < 300, answer.body
    assert all(len(message.body) < 256 * 1024 for message in sedo.queue.messages.values())
    sedo.deliver()
    place = "/error/details" if way == "failure" else "/output"
    assert read(sedo, sedo.get(path)["references"][place]["link"]) == rows
    if way == "task":
        shown = sedo.get(f"/tasks/{wait['task']}")
        assert (shown["answer"], read(sedo, shown["references"]["/answer"]["link"])) == (None, rows)


def test_a_value_below_the_bound_is_shown(sedo: Sedo) -> None:
    found = sedo.get(begin(sedo, SAYS, "x" * (LIMITS.answer_value_bytes - 2)))
    assert len(found["output"]) == LIMITS.answer_value_bytes - 2
    assert "references" not in found
    assert "omitted" not in found


def test_an_answer_of_a_request_leaves_out_what_a_read_leaves_out(sedo: Sedo) -> None:
    path = begin(sedo, WAITS, {"a": "x" * 300_000, "b": 1})
    view = sedo.get(path)
    assert view["stash"] == {"a": None, "b": 1}
    for request in ("pause", "resume", "cancel", "redrive"):
        answer = sedo.ask("POST", f"{T}{path}/{request}").json_body
        assert (answer["stash"], answer["references"]) == (view["stash"], view["references"])
    assert read(sedo, view["references"]["/stash/a"]["link"]) == "x" * 300_000


@pytest.mark.parametrize(
    "value", ["\N{SNOWMAN}" * 3_000_000, "x" * 7_000_000, ["\N{GRINNING FACE}" * 900_000, ['"'] * 900_000]]
)
def test_a_value_larger_than_an_answer_is_read_in_parts(sedo: Sedo, value: Json) -> None:
    made: list[Json] = [{"id": "make", "type": "callback"}]
    path = begin(sedo, {"id": "asks", "steps": made}, None)
    give(sedo, path, value)
    link = sedo.get(path)["references"]["/output"]["link"]
    problem = assert_problem(sedo.ask("GET", link), 413, "the answer is too large")
    assert "read it in parts, with offset=0" in problem["detail"]
    assert joined(sedo, link) == value


def give(sedo: Sedo, path: str, value: Json) -> None:
    """Answer a callback in the manner of a step that makes a large value."""
    (wait,) = sedo.get(path)["waitingFor"]
    from chalicelib.wiring.graph import wiring  # noqa: PLC0415 - a body would be refused

    wiring().services.answers.succeed(wait["token"], value)


def test_an_expression_finds_a_part_of_a_value(sedo: Sedo) -> None:
    path = begin(sedo, SAYS, {"rows": [{"id": n, "text": "x" * 100} for n in range(5_000)]})
    link = sedo.get(path)["references"]["/output"]["link"]
    assert read(sedo, link + "&path=rows[4999].id") == 4999
    assert read(sedo, link + "&path=length(rows)") == 5000
    assert read(sedo, link + "&path=rows[:2].id") == [0, 1]
    assert read(sedo, link + "&path=nothing") is None
    assert sedo.ask("GET", link + "&path=rows[0].id&offset=0").body == b"0"


@pytest.mark.parametrize(
    ("path", "detail"),
    [
        ("rows[", "path: the expression is incomplete: a ] is missing at column 6"),
        ("secret('a')", "path: a secret is no value"),
        ("rows[?id > `1`]", "path: ${rows[?id > `1`]} costs more than 25,000 visits of nodes (rendering_visits): "),
        ("rows[].[@,@,@,@]", "path: "),
        ("abs('a')", "path: ${abs('a')}: abs() takes a number, not a text"),
        ("", "path is an expression of 1 to 1024 characters"),
    ],
)
def test_an_expression_that_is_wrong_or_dear_is_refused(sedo: Sedo, path: str, detail: str) -> None:
    place = begin(sedo, SAYS, {"rows": [{"id": n, "text": "x" * 100} for n in range(7_000)]})
    problem = assert_problem(sedo.ask("GET", f"{T}{place}/values?at=/output&path={path}"), 400)
    assert problem["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("query", "status", "detail"),
    [
        ("", 400, "at says which value: a JSON pointer"),
        ("at=/nothing", 404, "there is no value at '/nothing': it is one of /input, /output, /stash/… or /error/…"),
        ("at=/stash/nothing", 404, "there is no value at '/stash/nothing'"),
        ("at=/input/a", 404, "there is no value at '/input/a'"),
        ("at=/threads", 404, "there is no value at '/threads'"),
        ("at=/input&offset=9", 400, "offset is less than 9, the bytes of the value"),
        ("at=/input&offset=8", 200, ""),
        ("at=/input&offset=5", 400, "offset 5 is inside of a character"),
        ("at=/input&offset=-1", 400, "offset is a whole number"),
        ("at=/input&sha256=1", 400, "sha256 is the hash of a reference"),
        ("at=/input&entry=7", 400, "entry '7' is not one that a link has"),
        ("at=/result&entry=7.7", 404, "has no entry 7.7 in its history"),
        ("at=/input&entry=0.0", 404, "it is one of /result, /stash/…, /error/… or /change/…"),
    ],
)
def test_what_cannot_be_read_is_told(sedo: Sedo, query: str, status: int, detail: str) -> None:
    path = begin(sedo, SAYS, "abc\N{SNOWMAN}d")
    answer = sedo.ask("GET", f"{T}{path}/values?{query}")
    assert answer.status_code == status
    assert detail in (assert_problem(answer, status)["detail"] if status != 200 else "")


def test_a_value_that_has_changed_is_not_taken_for_the_one_before(sedo: Sedo) -> None:
    rounds: Json = {
        "id": "rounds",
        "steps": [
            {"id": "first", "type": "transform", "output": ["${input}", 1], "stash": "it"},
            {"id": "wait", "type": "wait", "seconds": 60},
            {"id": "next", "type": "transform", "output": ["${input}", 2], "stash": "it"},
            {"id": "rest", "type": "wait", "seconds": 60},
        ],
    }
    path = begin(sedo, rounds, "x" * 300_000)
    reference = sedo.get(path)["references"]["/stash/it"]
    exact = f"{reference['link']}&sha256={reference['sha256']}"
    assert read(sedo, exact + "&path=[1]") == 1
    sedo.pass_time(61)
    assert_problem(sedo.ask("GET", exact), 409)
    assert read(sedo, reference["link"] + "&path=[1]") == 2


def test_history_has_links_to_its_values(sedo: Sedo) -> None:
    path = begin(sedo, SAYS, {"rows": ["x" * 100] * 10_000})
    history = [each for page in sedo.pages(f"{T}{path}/history?limit=2") for each in page]
    (said,) = (each for each in history if each["state"] == "StepSucceeded")
    assert (said["result"], said["stash"]) == (None, {"said": None})
    for place in ("/result", "/stash/said"):
        assert read(sedo, said["references"][place]["link"] + "&path=length(rows)") == 10_000
    assert read(sedo, said["references"]["/result"]["link"].replace("/result", "/stash") + "&path=keys(@)") == ["said"]
    (ended,) = (each for each in history if each["state"] == "ExecutionSucceeded")
    assert read(sedo, ended["references"]["/result"]["link"] + "&path=rows[0]") == "x" * 100


def test_a_value_is_read_through_its_own_execution_only(sedo: Sedo) -> None:
    path = begin(sedo, SAYS, "x" * 300_000)
    link = sedo.get(path)["references"]["/output"]["link"]
    assert_problem(sedo.ask("GET", link.replace("/123/", "/124/")), 404, "execution not found")
    assert_problem(sedo.ask("GET", link.replace("tenants/123/", "tenants/124/") + "&entry=0.0"), 404)


def test_a_read_needs_no_more_than_what_it_shows(sedo: Sedo) -> None:
    path = begin(sedo, SAYS, ["x" * 400_000] * 10)
    payloads: Any = sedo.executions.payloads
    contents: dict[tuple[str, int], bytes] = payloads.chunks.contents
    kept = {key: contents.pop(key) for key in [*contents]}
    link = sedo.get(path)["references"]["/output"]["link"]
    contents |= {key: content for key, content in kept.items() if key[1] in {9, 10, 11}}
    assert len(sedo.ask("GET", link + "&offset=3500000").body) == 4_000_031 - 3_500_000
    del contents[max(contents, key=lambda key: key[1])]
    assert_problem(sedo.ask("GET", link + "&offset=3500000"), 500)


@pytest.mark.parametrize(("name", "threads", "waits"), [("t", 1000, 1000), ("t" * 1_500, 256, 315)])
def test_the_view_of_a_wide_execution_says_how_much_it_leaves_out(
    sedo: Sedo, name: str, threads: int, waits: int
) -> None:
    path = begin(sedo, WAITS, {"a": 1})
    found = sedo.executions.get(path.removeprefix("/executions/"))
    assert found is not None
    main = found.threads["main"]
    many = {f"{name}{n}": copy_with(main, id=f"{name}{n}") for n in range(1_200)}
    view: Any = execution_view(
        copy_with(found, threads={"main": main, **many}), found.started_at, lambda *_: "", Details()
    )
    assert (len(view["threads"]), len(view["waitingFor"])) == (threads, waits)
    assert view["omitted"] == {"threads": 1_201 - threads, "waitingFor": 1_201 - waits}


@pytest.mark.parametrize(
    ("text", "count"), [("x", 22), ("\N{SNOWMAN}", 22), ("\N{GRINNING FACE}", 300), ("\x01", 1_500)]
)
def test_every_answer_about_an_execution_is_below_what_lambda_takes(sedo: Sedo, text: str, count: int) -> None:
    size = min(LIMITS.payload_bytes // len(json.dumps(text)) // count - 20, 270_000)
    value: Json = {f"m{number}": text * size for number in range(count)}
    stash: Json = {name: f"${{input.{name}}}" for name in value}
    path = begin(sedo, {**WAITS, "id": "wide", "stash": stash}, value)
    view = sedo.get(path)
    assert view["stash"] is None or {*view["stash"]} == {*value}
    for place, reference in view["references"].items():
        assert place in {"/input", "/stash"} or place.startswith("/stash/m")
        assert reference["bytes"] > size
    list(sedo.pages(f"{T}{path}/history?limit=100"))
    sedo.ask("POST", f"{T}{path}/cancel")
