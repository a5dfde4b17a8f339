import contextlib
import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.expressions.reference import NAMES
from chalicelib.core.expressions.template import (
    Scope,
    compile_condition,
    compile_template,
    is_templated,
    is_true,
    render,
)
from chalicelib.core.values.errors import InvalidDefinitionError, TemplateError
from chalicelib.core.values.json import Json, Problem
from tests import words

VALUES: dict[str, Json] = {
    "input": {
        "name": "Ada",
        "n": 3,
        "none": None,
        "yes": True,
        "list": [1, 2],
        "big": 10**40,
        "half": 0.5,
        "empty": "",
    },
    "output": {"a key": "quoted"},
}


def rendered(source: Json, seed: str = "e/t/1") -> Json:
    return render(compile_template(source), Scope(VALUES, datetime(2026, 1, 31, 9, tzinfo=UTC), seed))


def problems(source: Json) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinitionError) as caught:
        compile_template(source, ("steps", 0))
    words.require_own(each.message for each in caught.value.problems)
    return caught.value.problems


def message(source: Json) -> str:
    (problem,) = problems(source)
    return problem.message


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("${input.n}", 3),
        ("${ input.n }", 3),
        ("${input.list}", [1, 2]),
        ("${input.none}", None),
        ("${input.nothing.at.all}", None),
        ("${input.yes}", True),
        ("${input.big}", 10**40),
        ("${input.half}", 0.5),
        ("${input.empty}", ""),
        ("${ {a: input.n, b: {c: input.name}} }", {"a": 3, "b": {"c": "Ada"}}),
        ("${'a } b'}", "a } b"),
        (r"${'it\'s }'}", "it's }"),
        ('${output."a key"}', "quoted"),
        ('${`{"a": 1}`}', {"a": 1}),
    ],
)  # fmt: skip
def test_an_expression_alone_keeps_the_type_of_its_value(source: str, value: Json) -> None:
    result = rendered(source)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Hello ${input.name}!", "Hello Ada!"),
        (" ${input.n}", " 3"),
        ("${input.n}${input.n}", "33"),
        ("${input.list} ${default(input.none, `null`) || 'null'} ${input.yes}", "[1,2] null true"),
        ("${ {ä: 'ö'} } ".replace("ä", '"ä"'), '{"ä":"ö"} '),
        ("costs $${input.n} $5 {} } ${input.n}", "costs ${input.n} $5 {} } 3"),
        ("$$${input.n}", "$${input.n}"),
        ("$${only literal}", "${only literal}"),
        ("$", "$"),
        ("{a}", "{a}"),
        ("", ""),
    ],
)
def test_expressions_within_a_text_become_text(source: str, text: str) -> None:
    assert rendered(source) == text


@pytest.mark.parametrize("wrap", [lambda text: [text], lambda text: {"a": text}, lambda text: {"a": [text, "b"]}])
def test_an_escape_is_one_wherever_it_stands(wrap: Callable[[str], Json]) -> None:
    assert rendered(wrap("$${5}")) == wrap("${5}")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("plain", set()),
        ("${now()}", set()),
        ("${secret('a')}", set()),
        ("${input.stash.name}", {"input", "stash"}),
        ({"a": "${stash.a}", "b": ["x ${item}"]}, {"stash", "item"}),
        ("${input.lines[0] || length(output.lines)}", {"input", "output"}),
        ("${nothing}", set()),
        ("${keys(@)}", NAMES),
        ("${*.name}", NAMES),
        ("${[input, @]}", NAMES),
    ],
)
def test_a_template_tells_what_it_can_see_of_the_scope(source: Json, names: Collection[str]) -> None:
    assert compile_template(source, call=True).names == names


def test_a_condition_does_too() -> None:
    assert compile_condition("input.a && error").names == {"input", "error"}


def test_everything_but_strings_stays_as_it_is() -> None:
    source: Json = {"a": [0, 1.5, True, None, "", 10**40, {}, []], "b": {"c": "plain"}}
    assert rendered(source) == source


def test_templates_are_found_at_any_depth_and_keys_are_literal() -> None:
    source: Json = {"${input.n}": [{"deep": "${input.n}"}, "plain"]}
    assert rendered(source) == {"${input.n}": [{"deep": 3}, "plain"]}


def test_every_bad_expression_is_a_problem_with_its_place() -> None:
    found = problems({"a": "${", "b/c": ["${input.n}", "${input.}"], "d": "${nosuch()}"})
    assert [problem.pointer for problem in found] == ["/steps/0/a", "/steps/0/b~1c/1", "/steps/0/d"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("ab ${input.name", "${ is never closed, or a quote inside it is not at column 4"),
        ("${'abc}", "${ is never closed, or a quote inside it is not at column 1"),
        ("${}", "the expression is empty at column 3"),
        ("${  }", "the expression is empty at column 3"),
        ("ab ${ input.n ~ 1 }", "~ cannot be read: ~ is no sign of an expression at column 15"),
        ("${input.}", "the expression is incomplete: something is missing behind its last sign at column 9"),
        ("${input.n 0}", "0 cannot be read: a number stands in backticks: write `0` at column 11"),
        ("${`plain`}", "`plain` is not JSON: text is written in single quotes, as 'text' at column 3"),
        ("${uper(input.name)}", "there is no function uper(): is it upper()? at column 3"),
        ("${input.list[?zzzzzz(@)].upper(@)}", "there is no function zzzzzz() at column 15"),
        (
            "${input.list[?upper(@)].zzzzzz(@)}",
            "there is no function zzzzzz(); a function stands before what it takes, not behind a . at column 25",
        ),
        ("${upper()}", "upper() takes 1 argument, not 0: write upper(text) at column 3"),
        ("${add(`1`, `2`, `3`)}", "add() takes 2 arguments, not 3: write add(a, b) at column 3"),
        ("${round()}", "round() takes 1 to 2 arguments, not 0: write round(number, places?) at column 3"),
        ("${zip()}", "zip() takes at least 1 argument, not 0: write zip(array, ...) at column 3"),
        ("${not_null()}", "not_null() takes at least 1 argument, not 0: write not_null(a, b) at column 3"),
    ],
)
def test_a_problem_says_what_is_wrong_and_where(source: str, words: str) -> None:
    assert words in message(source)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("(" * 1_000 + "a" + ")" * 1_000, "longer than 1024 bytes"),
        ("(" * 400 + "a" + ")" * 400, "nests deeper than 64 levels"),
        ("[" * 400 + "a" + "]" * 400, "nests deeper than 64 levels"),
        ("!" * 1_000 + "a", "nests deeper than 64 levels"),
        ("a" + "[*]" * 300, "nests deeper than 64 levels"),
        ("a" + "|a" * 300, "nests deeper than 64 levels"),
        ("abs(" * 200 + "a" + ")" * 200, "nests deeper than 64 levels"),
    ],
)
def test_an_expression_that_nests_deeply_is_a_problem(expression: str, words: str) -> None:
    assert words in message("${" + expression + "}")


def test_an_expression_may_nest_to_the_limit() -> None:
    assert rendered("${" + "!" * 63 + "@}") is False
    assert rendered("${" + "abs(" * 62 + "input.n" + ")" * 62 + "}") == 3


def test_an_expression_longer_than_1_kb_is_a_problem() -> None:
    assert rendered("${'" + "x" * 1022 + "'}") == "x" * 1022
    assert "longer than 1024 bytes" in message("${'" + "x" * 1023 + "'}")
    assert "longer than 1024 bytes" in message("${'" + "ä" * 512 + "'}")


def test_a_source_that_nests_too_deeply_is_a_problem() -> None:
    source: Json = "${input}"
    for _ in range(3_000):
        source = [source]
    assert message(source) == "the template nests too deeply"


@given(st.text(alphabet="ab.[]{}()'\"`\\|&@*?!=<>,:$ 10-", max_size=30))
@settings(max_examples=200)
def test_any_text_renders_or_fails_as_a_template_does(text: str) -> None:
    scope = Scope({"a": [1, {"b": "c"}]}, datetime(2026, 1, 31, tzinfo=UTC), "")
    with contextlib.suppress(InvalidDefinitionError, TemplateError):
        json.dumps(render(compile_template("${" + text + "}"), scope))
    with contextlib.suppress(InvalidDefinitionError, TemplateError):
        json.dumps(render(compile_condition(text), scope))


def test_a_condition_is_a_bare_expression() -> None:
    scope = Scope(VALUES, datetime(2026, 1, 31, tzinfo=UTC), "")
    assert render(compile_condition("input.n > `2`"), scope) is True
    with pytest.raises(InvalidDefinitionError) as caught:
        compile_condition("${input.n}", ("when",))
    (problem,) = caught.value.problems
    assert problem.pointer == "/when"
    assert problem.message == "a condition is written without ${ }: write input.n"


@pytest.mark.parametrize("value", [None, False, "", [], {}])
def test_nothing_and_what_is_empty_is_not_true(value: Json) -> None:
    assert not is_true(value)


@pytest.mark.parametrize("value", [0, 0.0, True, "false", [None], {"a": None}])
def test_everything_else_is_true(value: Json) -> None:
    assert is_true(value)


@pytest.mark.parametrize("source", ["${a}", "x ${a}", "$${a}", ["x", {"y": "${a}"}]])
def test_what_rendering_may_change_is_templated(source: Json) -> None:
    assert is_templated(source)


@pytest.mark.parametrize("source", ["", "$", "{a}", 1, None, ["x", {"${a}": "y"}]])
def test_what_rendering_leaves_alone_is_not_templated(source: Json) -> None:
    assert not is_templated(source)
    assert rendered(source) == source


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("add(input.name, `1`)", "add() takes a number, not a text"),
        ("sum(['a'])", "sum() takes a list of numbers, not one with a text"),
        ("join(',', [`1`])", "join() takes a list of texts, not one with a number"),
        ("max([`null`])", "not one with null"),
        ("sort([`[]`])", "not one with a list"),
        ("max_by([{a: `1`}, {a: 'x'}], &a)", "max_by() compares numbers or texts, not a text and a number"),
        ("min_by([{a: `1`}, {a: 'x'}], &a)", "min_by() compares numbers or texts, not a text and a number"),
        ("`1` < 'a'", "< compares two numbers or two texts, not a number and a text"),
        ("&input", "an expression reference (&) is no value"),
        ("[&input]", "an expression reference (&) is no value"),
        ("to_string(&input)", "expression is not a JSON value"),
        ("`1e999`", "not a finite number"),
        ("[`NaN`]", "not a finite number"),
        ("sum([`1e308`, `1e308`])", "not a finite number"),
        ("contains('abc', `1`)", "contains() looks in a text for a text"),
        ("""from_json('"\\ud800"')""", "half of a surrogate pair"),
    ],
)
def test_what_cannot_be_evaluated_fails_with_the_expression_and_the_reason(expression: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered("${" + expression + "}")
    assert str(caught.value).startswith("${" + expression + "}")
    assert reason in str(caught.value)
    words.require_own([str(caught.value)])
    assert caught.value.name == "TemplateFailed"
