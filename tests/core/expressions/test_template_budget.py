import json
from typing import TYPE_CHECKING

import pytest

from chalicelib.core.expressions.template import (
    Scope,
    compile_template,
    render,
)
from chalicelib.core.values.errors import TemplateBudgetError, TemplateError
from tests.core.expressions.rendering import NOW

if TYPE_CHECKING:
    from chalicelib.core.values.json import Json

DOUBLING = "|[@,@]" * 40


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
    ],
)
def test_an_expression_that_costs_too_much_is_stopped(expression: str) -> None:
    values: dict[str, Json] = {
        "input": {"long": "x" * 100_000, "longest": "x" * 600_000, "heavy": "x" * 1_100_000, "wide": [0] * 300_000}
    }
    with pytest.raises(TemplateBudgetError, match="more than") as caught:
        render(compile_template("${" + expression + "}"), Scope(values, NOW, ""))
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
        render(compile_template("${length(" + expression + ")}"), Scope(values, NOW, ""))


def test_the_budget_is_that_of_all_expressions_of_a_rendering() -> None:
    values: dict[str, Json] = {"input": "x" * 600_000}
    scope = Scope(values, NOW, "")
    once, twice = compile_template(["${lower(input)}"]), compile_template(["${lower(input)}", "${lower(input)}"])
    assert render(once, scope) == ["x" * 600_000]
    assert render(once, scope) == ["x" * 600_000]
    with pytest.raises(TemplateBudgetError):
        render(twice, scope)


def test_a_large_value_in_scope_costs_nothing_until_it_is_yielded() -> None:
    values: dict[str, Json] = {"input": {"rows": [{"id": number, "text": "x" * 1_000} for number in range(2_000)]}}
    scope = Scope(values, NOW, "")
    assert render(compile_template("${input.rows[1999].id}"), scope) == 1999
    assert render(compile_template("${length(input.rows)}"), scope) == 2000
    assert len(json.dumps(render(compile_template("${input.rows[*].id}"), scope))) > 2000


def test_a_value_of_too_many_levels_is_stopped() -> None:
    value: Json = 1
    for _ in range(300):
        value = [value]
    with pytest.raises(TemplateBudgetError, match="256 levels"):
        render(compile_template("${input}"), Scope({"input": value}, NOW, ""))


def test_recursion_at_run_time_is_a_template_error() -> None:
    value: Json = 1
    for _ in range(3_000):
        value = [value]
    with pytest.raises(TemplateError, match="nests too deeply"):
        render(compile_template("${input}"), Scope({"input": value}, NOW, ""))


def test_a_large_value_in_scope_is_passed_on_as_it_is() -> None:
    rows: Json = ["x" * 1_000_000] * 20
    scope = Scope({"input": {"rows": rows}}, NOW, "")
    template = compile_template({"all": "${input.rows}", "n": "${length(input.rows)}"})
    assert render(template, scope) == {"all": rows, "n": 20}


def test_short_texts_count_for_as_long_as_they_can_be() -> None:
    values: dict[str, Json] = {"input": {"short": "\x01" * 256, "long": "x" * 60_000_000}}
    scope = Scope(values, NOW, "")
    source: Json = ["${input.short}"] * 2_590
    assert len(json.dumps(render(compile_template([*source, "${input.long}"]), scope))) < 64_000_000
    with pytest.raises(TemplateBudgetError, match="64,000,000"):
        render(compile_template([*source, *source, "${input.long}"]), scope)


def test_passing_values_on_does_not_multiply_them_without_bound() -> None:
    scope = Scope({"input": "x" * 20_000_000}, NOW, "")
    assert render(compile_template("${input}"), scope) == "x" * 20_000_000
    with pytest.raises(TemplateBudgetError, match="64,000,000"):
        render(compile_template(["${input}"] * 4), scope)
