from datetime import UTC, datetime

import jmespath
import pytest

from chalicelib.core.expressions.expression import read_expression
from chalicelib.core.expressions.interpreter import MAX_VISITS
from chalicelib.core.expressions.template import Scope, compile_condition, compile_template, render
from chalicelib.core.values.errors import InvalidDefinitionError, TemplateBudgetError
from chalicelib.core.values.json import Json


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("!input.n", 1),
        ("input.a && !input.b", 12),
        ("!input.n == `1`", 1),
        ("!input[]", 1),
        ("!input[0].n", 1),
        ("!input[?n]", 1),
        ("!input.*", 1),
        ("!!input.n", 1),
        ("input[?!a && !b.c].d", 14),
    ],
)
def test_a_negation_of_which_a_part_is_looked_up_would_always_be_null_and_is_refused(text: str, column: int) -> None:
    with pytest.raises(InvalidDefinitionError) as raised:
        compile_condition(text)
    (problem,) = raised.value.problems
    right = "! takes the name behind it only, and nothing is in a truth: write !(a.b) for !a.b"
    assert problem.message == f"{right} at column {column}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!input", False),
        ("!(input.n)", True),
        ("!!(input.n)", False),
        ("!input[0]", True),
        ("!input[*].n", True),
        ("!input || input", {"n": []}),
        ("!contains(input.n, 'a')", True),
        ("!input == `false`", True),
        ("[!(input.n)] | [0]", True),
    ],
)
def test_a_negation_of_a_whole_is_not(text: str, value: Json) -> None:
    scope = Scope({"input": {"n": []}}, datetime(2026, 1, 1, tzinfo=UTC), "seed")
    assert render(compile_condition(text), scope) == value


PATHS = [
    "input",
    "@",
    "input.n",
    "input.n[0]",
    "input.n[-1]",
    "input.n[-2]",
    "input.n[1]",
    "input.n.n",
    "input[0]",
    "[0]",
    "input.text.length",
    "input.text[0]",
    "input.none.none",
    'input."a key".b[0][1]',
    "@.input.text",
    "missing.n[0]",
]


@pytest.mark.parametrize("text", PATHS)
def test_a_path_leads_where_jmespath_says(text: str) -> None:
    values: dict[str, Json] = {"input": {"n": [1], "text": "text", "none": None, "a key": {"b": [[1, 2]]}}}
    assert read_expression(text).path is not None
    found = render(compile_condition(text), Scope(values, datetime(2026, 1, 1, tzinfo=UTC), "seed"))
    assert found == jmespath.search(text, values)


@pytest.mark.parametrize(
    "text", ["input.n[]", "input[*].n", "input | n", "'text'", "keys(input)", "[input.n]", "!input"]
)
def test_what_makes_a_value_is_no_path(text: str) -> None:
    assert read_expression(text).path is None


def test_a_path_costs_what_visiting_its_nodes_would() -> None:
    most = MAX_VISITS // 3
    scope = Scope({"input": {"n": 1}}, datetime(2026, 1, 1, tzinfo=UTC), "seed")
    assert render(compile_template(["${input.n}"] * most), scope) == [1] * most
    with pytest.raises(
        TemplateBudgetError,
        match=r"costs more than 25,000 visits of nodes \(rendering_visits\): let a `map`",
    ):
        render(compile_template(["${input.n}"] * (most + 1)), scope)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("input.list[?url == $.input.want] | [0]", {"url": "b", "id": 7}),
        ("input.list[].{u: url, w: $.input.want}", [{"u": "a", "w": "b"}, {"u": "b", "w": "b"}]),
        ("map(&join('-', [url, $.input.want]), input.list)", ["a-b", "b-b"]),
        ("input.list[0] | $.input.want", "b"),
        ("$.input.want", "b"),
        ("$ | keys(@)", ["input"]),
    ],
)
def test_the_outermost_value_is_in_reach_wherever_an_expression_is(expression: str, expected: Json) -> None:
    values: Json = {"want": "b", "list": [{"url": "a"}, {"url": "b", "id": 7}]}
    scope = Scope({"input": values}, datetime(2026, 1, 31, tzinfo=UTC), "")
    assert render(compile_template("${" + expression + "}"), scope) == expected


def test_an_expression_is_read_once_among_as_many_others_as_a_definition_can_have() -> None:
    first = read_expression("input.first")
    for number in range(9_000):
        read_expression(f"input.a{number}")
    assert read_expression("input.first") is first


def test_expressions_that_are_large_are_forgotten_sooner() -> None:
    first = read_expression("input.forgotten")
    for number in range(200):
        read_expression(f"[{'a,' * 490}a{number}]")
    assert read_expression("input.forgotten") is not first
