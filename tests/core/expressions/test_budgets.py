"""What a rendering may cost, and what it may make."""

import json
import sys
import tracemalloc
from datetime import UTC, datetime

import pytest

from chalicelib.core.expressions.interpreter import MAX_DEPTH, RENDERING
from chalicelib.core.expressions.template import (
    Scope,
    compile_template,
    render,
)
from chalicelib.core.values.errors import TemplateBudgetError, TemplateError
from chalicelib.core.values.json import Json
from tests.core.expressions.test_template import rendered

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
    fits = RENDERING.built // built
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


@pytest.mark.parametrize("many", [[{"a": number} for number in range(5_000)], {"a": [[]] * 5_000}])
def test_its_parts_are_not_looked_at_one_by_one(many: Json) -> None:
    scope = Scope({"input": many}, datetime(2026, 1, 31, tzinfo=UTC), "")
    template, seen = compile_template("${input}"), list[str]()
    sys.setprofile(lambda _frame, event, _argument: seen.append(event))
    try:
        passed = render(template, scope)
    finally:
        sys.setprofile(None)
    assert passed is many
    assert len(seen) < 1_000


def test_a_stash_that_is_too_large_is_not_made_a_text() -> None:
    shared = "x" * 1_000_000
    scope = Scope({"stash": {f"k{n}": [shared] for n in range(5_000)}}, datetime(2026, 1, 31, tzinfo=UTC), "")
    tracemalloc.start()
    try:
        with pytest.raises(TemplateBudgetError, match="64,000,000"):
            render(compile_template("${stash}"), scope)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


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
