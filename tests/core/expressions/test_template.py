import contextlib
import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.core.expressions.interpreter import MAX_BUILT, MAX_DEPTH
from chalicelib.core.expressions.reference import NAMES
from chalicelib.core.expressions.template import (
    Scope,
    compile_condition,
    compile_template,
    is_templated,
    is_true,
    render,
)
from chalicelib.core.values.errors import InvalidDefinitionError, TemplateBudgetError, TemplateError
from chalicelib.core.values.json import Json, Problem

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
DOUBLING = "|[@,@]" * 40


def rendered(source: Json, seed: str = "e/t/1") -> Json:
    return render(compile_template(source), Scope(VALUES, datetime(2026, 1, 31, 9, tzinfo=UTC), seed))


def problems(source: Json) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinitionError) as caught:
        compile_template(source, ("steps", 0))
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
        ("${input.}", "the expression is incomplete at column 9"),
        ("${input.n 0}", "0 cannot be read: a number stands in backticks: write `0` at column 11"),
        ("${`plain`}", "`plain` is not JSON: text is written in single quotes, as 'text' at column 3"),
        ("${uper(input.name)}", "there is no function uper(): is it upper()? at column 3"),
        ("${input.list[?zzzzzz(@)].upper(@)}", "there is no function zzzzzz() at column 15"),
        ("${input.list[?upper(@)].zzzzzz(@)}", "there is no function zzzzzz() at column 25"),
        ("${upper()}", "upper() takes 1 argument, not 0 at column 3"),
        ("${add(`1`, `2`, `3`)}", "add() takes 2 arguments, not 3 at column 3"),
        ("${round()}", "round() takes 1 to 2 arguments, not 0 at column 3"),
        ("${zip()}", "zip() takes at least 1 argument, not 0 at column 3"),
        ("${not_null()}", "not_null() takes at least 1 argument, not 0 at column 3"),
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
    assert "it is written without ${ }" in problem.message


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
    assert caught.value.name == "TemplateFailed"


@pytest.mark.parametrize(
    "expression",
    [
        "`1`" + DOUBLING,
        "[`1`" + DOUBLING + "] == [`1`" + DOUBLING + "]",
        "range(`100000`)[*].[@]",
        "split(replace(input.long, 'x', ',,'), ',')",
        "range(`100000000000`)",
        "range(`0`, `-100000000000`, `-1`)",
        "zip(" + ",".join(["range(`60000`)"] * 2) + ")",
        "from_json(join('', ['[1', replace(input.long, 'x', ',1'), ',1', replace(input.long, 'x', ',1'), ']']))"
        + "|[@,@,@,@]" * 3,
        "[[input.long,input.long][::-1],[input.long,input.long]][][]|[@,@,@,@,@,@,@]",
        "[" + ",".join(["length(reverse(input.longest))"] * 8) + "]",
        "[input.heavy]",
        "{a: input.wide, b: input.wide}",
        "[input.long" + ",input.long" * 10 + "]",
        "input.numbers[::-1]",
    ],
)
def test_an_expression_that_costs_too_much_is_stopped(expression: str) -> None:
    values: dict[str, Json] = {
        "input": {
            "long": "x" * 100_000,
            "longest": "x" * 600_000,
            "heavy": "x" * 1_100_000,
            "wide": [0] * 300_000,
            "numbers": [10**4299] * 300,
        }
    }
    with pytest.raises(TemplateBudgetError, match="more than") as caught:
        render(compile_template("${" + expression + "}"), Scope(values, datetime(2026, 1, 31, tzinfo=UTC), ""))
    assert expression in str(caught.value)
    assert caught.value.name == "TemplateBudgetExceeded"


@pytest.mark.parametrize(
    "expression",
    [
        "join('', input.two)",
        "join(input.long, ['', '', ''])",
        "format('{}{}', input.long, input.long)",
        "format('{}', input.list)",
        "replace(input.long, 'x', input.long)",
    ],
)
def test_a_text_that_is_too_long_is_never_made(expression: str) -> None:
    values: dict[str, Json] = {"input": {"long": "x" * 600_000, "list": ["x" * 1_100_000], "two": ["x" * 600_000] * 2}}
    with pytest.raises(TemplateBudgetError, match="characters"):
        render(compile_template("${length(" + expression + ")}"), Scope(values, datetime(2026, 1, 31, tzinfo=UTC), ""))


def test_the_budget_is_that_of_all_expressions_of_a_rendering() -> None:
    values: dict[str, Json] = {"input": "x" * 600_000}
    scope = Scope(values, datetime(2026, 1, 31, tzinfo=UTC), "")
    once, twice = compile_template(["${lower(input)}"]), compile_template(["${lower(input)}", "${lower(input)}"])
    assert render(once, scope) == ["x" * 600_000]
    assert render(once, scope) == ["x" * 600_000]
    with pytest.raises(TemplateBudgetError):
        render(twice, scope)


def test_so_is_that_of_all_that_is_built_on_the_way() -> None:
    scope = Scope({}, datetime(2026, 1, 31, tzinfo=UTC), "")
    built = len(json.dumps(list(range(100_000)), separators=(",", ":")))
    fits = MAX_BUILT // built
    assert render(compile_template(["${length(range(`100000`))}"] * fits), scope) == [100_000] * fits
    with pytest.raises(TemplateBudgetError, match="on the way"):
        render(compile_template(["${length(range(`100000`))}"] * (fits + 1)), scope)


@pytest.mark.parametrize("source", ["Hello ${input.none}", "${input.none}${input.none}", {"a": ["x ${input.none}"]}])
def test_null_inside_of_a_text_is_an_error_that_says_what_to_write(source: Json) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(source)
    assert str(caught.value) == "${input.none} is null inside of a text: default(input.none, '') is nothing then"


def test_a_large_value_in_scope_costs_nothing_until_it_is_yielded() -> None:
    values: dict[str, Json] = {"input": {"rows": [{"id": number, "text": "x" * 1_000} for number in range(2_000)]}}
    scope = Scope(values, datetime(2026, 1, 31, tzinfo=UTC), "")
    assert render(compile_template("${input.rows[1999].id}"), scope) == 1999
    assert render(compile_template("${length(input.rows)}"), scope) == 2000
    assert len(json.dumps(render(compile_template("${input.rows[*].id}"), scope))) > 2000


def test_a_value_of_too_many_levels_is_stopped() -> None:
    value: Json = 1
    for _ in range(MAX_DEPTH - 1):
        value = [value]
    scope = Scope({"input": value, "output": [value]}, datetime(2026, 1, 31, tzinfo=UTC), "")
    assert render(compile_template("${[input]}"), scope) == [value]
    for one_more in ("${[output]}", "${[[input]]}"):
        with pytest.raises(TemplateBudgetError, match=f"{MAX_DEPTH} levels"):
            render(compile_template(one_more), scope)


def test_recursion_at_run_time_is_a_template_error() -> None:
    value: Json = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(TemplateError, match="nests too deeply"):
        render(
            compile_template("${length(to_json(input))}"),
            Scope({"input": value}, datetime(2026, 1, 31, tzinfo=UTC), ""),
        )


def test_a_message_does_not_repeat_the_value_that_did_not_fit() -> None:
    with pytest.raises(TemplateError) as caught:
        rendered("${upper(input)}")
    assert "Ada" not in str(caught.value)


def test_a_large_value_in_scope_is_passed_on_as_it_is() -> None:
    rows: Json = ["x" * 1_000_000] * 20
    scope = Scope({"input": {"rows": rows}}, datetime(2026, 1, 31, tzinfo=UTC), "")
    template = compile_template({"all": "${input.rows}", "n": "${length(input.rows)}"})
    assert render(template, scope) == {"all": rows, "n": 20}


@pytest.mark.parametrize("length", [1, 300])
def test_half_a_surrogate_pair_is_no_text_however_short(length: int) -> None:
    scope = Scope({"input": "\ud800" * length}, datetime(2026, 1, 31, tzinfo=UTC), "")
    with pytest.raises(TemplateError, match="half of a surrogate pair"):
        render(compile_template("x${input}"), scope)


def test_short_texts_count_for_as_long_as_they_can_be() -> None:
    values: dict[str, Json] = {"input": {"short": "\x01" * 256, "long": "x" * 60_000_000}}
    scope = Scope(values, datetime(2026, 1, 31, tzinfo=UTC), "")
    source: Json = ["${input.short}"] * 2_590
    assert len(json.dumps(render(compile_template([*source, "${input.long}"]), scope))) < 64_000_000
    with pytest.raises(TemplateBudgetError, match="64,000,000"):
        render(compile_template([*source, *source, "${input.long}"]), scope)


def test_passing_values_on_does_not_multiply_them_without_bound() -> None:
    scope = Scope({"input": "x" * 20_000_000}, datetime(2026, 1, 31, tzinfo=UTC), "")
    assert render(compile_template("${input}"), scope) == "x" * 20_000_000
    with pytest.raises(TemplateBudgetError, match="64,000,000"):
        render(compile_template(["${input}"] * 4), scope)
