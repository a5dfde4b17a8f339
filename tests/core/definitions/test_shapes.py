"""What is told of paths into the stash, the result and the error: names that no step before can have left there."""

import pytest

from chalicelib.core.values.json import Json
from tests.core.definitions.test_lint import each, echo, warnings

HTTP: Json = {"id": "ask", "type": "http", "url": "https://x.test", "stash": "greeting"}
TASK: Json = {
    "id": "ask",
    "type": "task",
    "title": "t",
    "inputSchema": {"properties": {"approved": {}}, "additionalProperties": False},
    "stash": "greeting",
}
BODY: Json = {"properties": {"name": {}}, "additionalProperties": False}
FORK: Json = {
    "id": "fork",
    "type": "parallel",
    "branches": [{"id": "left", "steps": [echo("l", {"a": 1})]}, {"id": "right", "steps": [echo("r")]}],
    "stash": "greeting",
}


def made(output: Json, **more: Json) -> Json:
    return {"id": "make", "type": "transform", "output": output, "stash": "greeting", **more}


def said_of(step: Json, path: str, *others: Json, **more: Json) -> list[str]:
    """Tell what is said of a path into what a step has left."""
    found = warnings(step, *others, echo("z", f"${{{path}}}"), **more)
    return [said for place, said in found if place == f"/steps/{len(others) + 1}/message"]


@pytest.mark.parametrize(
    ("step", "name", "known"),
    [
        (HTTP, "boddy", "body"),
        (TASK, "aproved", "approved"),
        (made({"total": 1}), "totl", "total"),
        (made({"order": {"total": "${input.total}"}}), "ordr", "order"),
        (echo("a", {"total": 1}, stash="greeting"), "totl", "total"),
        ({**HTTP, "output": {"name": "${output.body.name}"}}, "nam", "name"),
        ({**HTTP, "stash": {"greeting": "${output}"}}, "boddy", "body"),
        ({**HTTP, "output": {"text": "${output.body}"}, "stash": {"greeting": "${output}"}}, "txt", "text"),
        (FORK, "rihgt", "right"),
    ],
)
def test_a_name_that_the_step_never_leaves_is_told_with_the_nearest(step: Json, name: str, known: str) -> None:
    said = f"there is never a {name!r} in stash.greeting (did you mean {known!r}?)"
    assert said_of(step, f"stash.greeting.{name}") == [said]
    assert said_of(step, f"stash.greeting.{known}") == []


@pytest.mark.parametrize(
    ("step", "name", "known"),
    [
        (HTTP, "boddy", "body"),
        (TASK, "aproved", "approved"),
        (made({"total": 1}), "totl", "total"),
        ({**HTTP, "output": {"name": "${output.body.name}"}}, "nam", "name"),
        (FORK, "rihgt", "right"),
    ],
)
def test_a_name_that_the_step_before_never_comes_to_is_told_with_the_nearest(step: Json, name: str, known: str) -> None:
    said = f"there is never a {name!r} in output (did you mean {known!r}?)"
    assert said_of(step, f"output.{name}") == [said]
    assert said_of(step, f"output.{known}") == []


@pytest.mark.parametrize(
    "steps",
    [
        [HTTP | {"when": "input.asks"}],
        [HTTP, {"id": "choose", "type": "choice", "choices": [{"when": "input.a", "next": "z"}], "default": "z"}],
        [HTTP, made("${input.made}")],
        [HTTP, {"id": "w", "type": "wait", "seconds": 1}],
        [HTTP | {"catch": [{"errors": ["*"], "next": "z"}]}],
        [HTTP, made({"total": 1}, catch=[{"errors": ["*"], "next": "z"}])],
    ],
)
def test_of_what_may_come_from_elsewhere_nothing_is_told(steps: list[Json]) -> None:
    first, *others = steps
    assert said_of(first, "output.boddy", *others) == []


@pytest.mark.parametrize(
    ("step", "path", "place"),
    [
        (made({"order": {"total": 1}}), "order.foo", "stash.greeting.order"),
        (made({"order": "${input.order}"}), "order.foo", "stash.greeting.order"),
        (made({"lines": "${input.lines[0]}"}), "lines.foo", "stash.greeting.lines"),
        (FORK, "left.foo", "stash.greeting.left"),
        ({**each("m", echo("e", {"a": 1})), "stash": "greeting"}, "[0].foo", "stash.greeting[]"),
    ],
)
def test_what_is_deeper_is_known_too(step: Json, path: str, place: str) -> None:
    schema: Json = {"properties": {"order": BODY, "lines": {"items": BODY}}}
    dot = "" if path.startswith("[") else "."
    (said,) = said_of(step, f"stash.greeting{dot}{path}", inputSchema=schema)
    assert said.startswith(f"there is never a 'foo' in {place}")


@pytest.mark.parametrize(
    "step",
    [
        {**HTTP, "callback": True},
        {**HTTP, "output": "${output.body}"},
        {**HTTP, "output": "${merge(output, input)}"},
        {**TASK, "inputSchema": "${input.schema}"},
        {"id": "w", "type": "workflow", "definition": "other", "stash": "greeting"},
        {"id": "t", "type": "transform", "stash": "greeting"},
        echo("a", "${input.any}", stash="greeting"),
        echo("a", "${input.any}-${input.other}", stash="greeting"),
        echo("a", "${$}", stash="greeting"),
        echo("a", {}, stash="greeting"),
        {**FORK, "join": "first"},
        {**each("m", echo("e", {"a": 1})), "tolerate": {"count": 1}, "stash": "greeting"},
    ],
)
def test_of_what_may_be_anything_nothing_is_told(step: Json) -> None:
    assert said_of(step, "stash.greeting.foo") == []


@pytest.mark.parametrize("more", [{"when": "input.a"}, {"catch": [{"errors": ["*"], "next": "o"}]}])
def test_a_branch_that_can_end_in_several_ways_may_come_to_anything(more: dict[str, Json]) -> None:
    inner: Json = [echo("i", {"a": 1}, **more), echo("o", {"b": 1})]
    step: Json = {**FORK, "branches": [{"id": "left", "steps": inner}]}
    assert said_of(step, "stash.greeting.left.foo") == []
    assert (
        said_of(
            {**FORK, "branches": [{"id": "left", "steps": [{"id": "s", "type": "succeed"}]}]}, "stash.greeting.left.foo"
        )
        == []
    )


def test_where_several_steps_stash_a_name_it_is_in_one_of_them() -> None:
    other = echo("b", {"total": 1}, stash="greeting")
    assert said_of(HTTP, "stash.greeting.total", other) == []
    assert said_of(HTTP, "stash.greeting.body", other) == []
    assert said_of(HTTP, "stash.greeting.totl", other) == [
        "there is never a 'totl' in stash.greeting (did you mean 'total'?)"
    ]


def test_of_one_that_is_not_described_only_what_is_much_like_a_name_is_told() -> None:
    step: Json = {**TASK, "inputSchema": {"properties": {"approved": {}}}}
    assert said_of(step, "stash.greeting.other") == []
    said = "no schema describes a 'aproved' in stash.greeting (did you mean 'approved'?)"
    assert said_of(step, "stash.greeting.aproved") == [said]


def test_the_stash_of_the_definition_is_known() -> None:
    stash: Json = {"greeting": {"text": "${input}"}}
    assert said_of(echo("a"), "stash.greeting.txt", stash=stash) == [
        "there is never a 'txt' in stash.greeting (did you mean 'text'?)"
    ]


def test_it_is_not_there_while_it_is_made() -> None:
    found = warnings(echo("a"), stash={"greeting": "${stash.greeting.text}"})
    assert found == [("/stash/greeting", "nothing that can be seen here stashes 'greeting'")]


def test_steps_inside_of_others_see_what_was_stashed_before() -> None:
    found = warnings(HTTP, each("m", echo("e", "${stash.greeting.boddy}")))
    assert found == [("/steps/1/steps/0/message", "there is never a 'boddy' in stash.greeting (did you mean 'body'?)")]


def test_an_error_is_known_wherever_it_is_seen() -> None:
    caught: Json = {**HTTP, "stash": "x", "catch": [{"errors": ["*"], "next": "z", "stash": "greeting"}]}
    assert said_of(caught, "stash.greeting.detail") == [
        "there is never a 'detail' in stash.greeting (did you mean 'details'?)"
    ]
    assert said_of(caught, "error.mesage") == ["there is never a 'mesage' in error (did you mean 'message'?)"]
    assert said_of({**caught, "stash": "greeting"}, "stash.greeting.detail") == []


def test_templates_of_the_stash_see_the_result_that_goes_on() -> None:
    step: Json = {**HTTP, "output": {"name": "${output.body.name}"}, "stash": {"greeting": "${output.name}"}}
    assert warnings(step) == []


@pytest.mark.parametrize(
    ("step", "path", "said"),
    [
        (echo("a", ["x"], stash="greeting"), "stash.greeting.foo", "stash.greeting is a list: write"),
        (made({"total": 1}), "stash.greeting[0]", "stash.greeting is an object and no list"),
        (HTTP, "output[*].body", "output is an object and no list"),
        (HTTP, "execution[0]", "execution is an object and no list"),
        (FORK, "output.left[0]", "output.left is an object and no list"),
    ],
)
def test_a_list_is_no_object_and_an_object_no_list(step: Json, path: str, said: str) -> None:
    (found,) = said_of(step, path)
    assert found.startswith(said)
