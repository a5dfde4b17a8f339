"""Values of a type that a function, a parameter or a comparison never takes are told, as far as schemas say it."""

from collections.abc import Sequence

import pytest

from chalicelib.core.definitions.validation import validate
from chalicelib.core.values.json import Json
from chalicelib.steps import STEP_TYPES
from tests.core.definitions.test_lint import echo, warnings

INPUT: Json = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "paid": {"type": "boolean"},
        "name": {"type": ["string", "null"]},
        "tags": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "object", "properties": {"net": {"type": "number"}}}},
        "sums": {"type": "array", "items": {"type": "number"}},
        "mixed": {"type": "array", "items": {"type": ["object", "number"]}},
        "buyer": {"type": "object", "properties": {"age": {"type": "number"}}},
        "any": {},
    },
    "required": ["count"],
}


def said(*steps: dict[str, Json]) -> Sequence[str]:
    return [message for _, message in warnings(*steps, inputSchema=INPUT)]


@pytest.mark.parametrize(
    ("expression", "remark"),
    [
        ("upper(input.count)", "upper() takes a text, and input.count is a number: write to_string(input.count)"),
        ("add(input.name, `1`)", "add() takes a number, and input.name is a text: write to_number(input.name)"),
        ("length(input.count)", "length() takes a text or a list or an object, and input.count is a number"),
        ("upper(length(input.tags))", "upper() takes a text, and length(…) is a number: write to_string(length(…))"),
        ("join(',', input.name)", "join() takes a list of texts, and input.name is a text"),
        (
            "join(',', input.sums)",
            "join() takes a list of texts, and input.sums is a list of numbers: write map(&to_string(@), input.sums)",
        ),
        (
            "sum(input.tags)",
            "sum() takes a list of numbers, and input.tags is a list of texts: write map(&to_number(@), input.tags)",
        ),
        ("sum(input.rows)", "sum() takes a list of numbers, and input.rows is a list of objects"),
        (
            "max(input.rows[?net > `5`])",
            "max() takes a list of numbers or a list of texts, and input.rows[] is a list of objects",
        ),
        (
            "input.tags[?add(@, `1`) > `2`]",
            "add() takes a number, and input.tags[] is a text: write to_number(input.tags[])",
        ),
        (
            "map(&add(@, `1`), input.tags)",
            "add() takes a number, and input.tags[] is a text: write to_number(input.tags[])",
        ),
    ],
)
def test_a_function_that_never_takes_what_it_is_given(expression: str, remark: str) -> None:
    assert said(echo("a", f"${{ {expression} }}")) == [remark]


@pytest.mark.parametrize(
    "expression",
    [
        "upper(input.name)",
        "upper(input.any)",
        "sum(input.sums)",
        "sum(input.rows[].net)",
        "sum(input.mixed)",
        "sum(input.any)",
        "has(input.name, 'a')",
        "default(input.count, 'none')",
        "if(input.paid, input.count, input.name)",
        "sort_by(input.rows, &net)",
        "contains(input.name, 'a') || contains(input.tags, 'a')",
    ],
)
def test_of_what_it_may_take_nothing_is_said(expression: str) -> None:
    assert said(echo("a", f"${{ {expression} }}")) == []


def test_that_nothing_is_inside_of_a_value_is_said_once() -> None:
    assert said(echo("a", "${ map(&@, input.buyer) }")) == [
        "input.buyer is an object and no list: its members are read by their names, as input.buyer.name"
    ]


@pytest.mark.parametrize(
    ("condition", "remark"),
    [
        (
            "input.count == '5'",
            "input.count is a number and '5' is a text: they are never equal: the number is written `5`",
        ),
        ("input.count == 'few'", "input.count is a number and 'few' is a text: they are never equal"),
        ("'few' != input.count", "'few' is a text and input.count is a number: they always differ"),
        ("input.paid == 'true'", "input.paid is a boolean and 'true' is a text: they are never equal: write `true`"),
        (
            "input.name == `7`",
            "input.name is a text and `7` is a number: they are never equal: the text is written '7'",
        ),
        (
            "input.tags == 'new'",
            "input.tags is a list and 'new' is a text: they are never equal: write contains(input.tags, 'new')",
        ),
        (
            f"input.count == '{'x' * 200}'",
            f"input.count is a number and '{'x' * 99}… is a text: they are never equal",
        ),
        ("now() > input.count", "now() is a text and input.count is a number: only numbers, and texts, have an order"),
        (
            "input.buyer < input.tags",
            "input.buyer is an object and input.tags is a list: only numbers, and texts, have an order",
        ),
    ],
)
def test_a_comparison_that_never_holds(condition: str, remark: str) -> None:
    assert said(echo("a", when=condition)) == [remark]


@pytest.mark.parametrize(
    "condition",
    [
        "input.count == `5`",
        "input.name == 'x'",
        "input.name == input.count",
        "input.name == `null`",
        "input.any == 'x'",
        "(input.paid && input.count) == `false`",
        "input.name < 'x'",
        "`1` == '1'",
    ],
)
def test_one_that_may_hold_is_not_told(condition: str) -> None:
    assert said(echo("a", when=condition)) == []


@pytest.mark.parametrize(
    ("step", "place", "remark"),
    [
        ({"type": "wait", "seconds": "${input.name}"}, "seconds", "a text, not a number: to_number(…) makes one"),
        (
            {"type": "map", "items": "${input.buyer}", "steps": [echo("b")]},
            "items",
            "an object, not a list: values(…) makes one",
        ),
        ({"type": "task", "title": "${input.tags}"}, "title", "a list, not a text: to_json(…) makes one"),
        ({"type": "task", "title": "x", "groups": ["${input.buyer}"]}, "groups/0", "an object, not a text"),
        ({"type": "task", "title": "x", "due": {"seconds": "${input.paid}"}}, "due/seconds", "a boolean, not a number"),
        ({"type": "echo", "message": 1, "timeoutSeconds": "${input.name}"}, "timeoutSeconds", "a text, not a number"),
        (
            {"type": "echo", "message": 1, "retry": [{"errors": ["*"], "maxAttempts": "${input.buyer}"}]},
            "retry/0/maxAttempts",
            "an object, not a number",
        ),
    ],
)
def test_a_parameter_that_never_takes_what_a_template_comes_to(step: dict[str, Json], place: str, remark: str) -> None:
    ((where, found),) = warnings({"id": "a", **step}, inputSchema=INPUT)
    assert (where, found.startswith(f"this comes to {remark}")) == (f"/steps/0/{place}", True)


@pytest.mark.parametrize(
    "step",
    [
        {"type": "task", "title": "${input.count}", "groups": ["${input.name}", "a"], "assignees": "${input.tags}"},
        {"type": "wait", "seconds": "${input.any}"},
        {"type": "task", "title": "x", "priority": "${length(input.tags)}", "data": {"a": "${input.tags}"}},
        {"type": "http", "url": "https://a.example", "query": {"a": "${input.tags}", "b": 1}},
    ],
)
def test_a_parameter_that_may_take_it_is_not_told(step: dict[str, Json]) -> None:
    assert said({"id": "a", **step}) == []


def test_what_has_a_problem_is_of_no_type() -> None:
    wrong: Json = {"id": "a", "type": "map", "items": 5, "steps": [echo("b")]}
    found = validate({"id": "x", "steps": [wrong]}, STEP_TYPES, lambda *_: None)
    assert ([each.pointer for each in found.problems], found.warnings) == (["/steps/0/items"], [])
