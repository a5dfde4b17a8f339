import inspect
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from jmespath import functions

from chalicelib.core.expressions.functions import Functions
from chalicelib.core.expressions.template import Scope, compile_template, render
from chalicelib.core.values.errors import TemplateError
from chalicelib.core.values.json import Json
from tests import words

DESIGNED = [
    *("add", "subtract", "multiply", "divide", "modulo", "power", "round"),
    *("format", "split", "replace", "trim", "upper", "lower", "substring", "match", "glob"),
    *("now", "parse_time", "format_time", "add_time", "seconds_between"),
    *("base64_encode", "base64_decode", "hash", "to_json", "from_json", "url_encode"),
    *("has", "get", "required", "default", "if"),
    *("range", "unique", "chunk", "zip", "at", "flatten_deep", "pick", "omit", "uuid"),
]
STANDARD = functions.Functions.FUNCTION_TABLE
INPUT: Json = {"none": None, "list": [1, 2], "object": {"a": 1}, "big": 10**40}


def value_of(expression: str, seed: str = "execution/thread/1") -> Json:
    scope = Scope({"input": INPUT}, datetime(2026, 1, 31, 9, tzinfo=UTC), seed)
    return render(compile_template("${" + expression + "}"), scope)


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ('sort_by([{"a": `1`}, {"b": `2`}], &a)', "leave such items out"),
        ('sort_by([{"a": `1`}, {"a": `true`}], &a)', "sort_by"),
        ("required(input.none)", "a required value is null"),
    ],
)
def test_what_a_function_cannot_take_is_said(expression: str, said: str) -> None:
    with pytest.raises(TemplateError, match=said):
        value_of(expression)


def documentation(name: str) -> str:
    return inspect.getdoc(Functions.FUNCTION_TABLE[name]["function"]) or ""


def examples() -> Iterator[tuple[str, Json]]:
    for name in DESIGNED:
        for expression, result in re.findall(r"^(\S.*) -> (.*)$", documentation(name).partition("\n")[2], re.MULTILINE):
            yield expression, json.loads(result)


@pytest.mark.parametrize("name", DESIGNED)
def test_every_function_documents_its_call_and_an_example(name: str) -> None:
    assert documentation(name).startswith(f"{name}(")
    assert re.search(rf"\b{name}\(.* -> ", documentation(name))


@pytest.mark.parametrize(("expression", "result"), list(examples()))
def test_the_documented_examples_are_true(expression: str, result: Json) -> None:
    value = value_of(expression)
    assert value == result
    assert type(value) is type(result)


def test_there_are_no_other_functions_than_documented_ones_and_those_of_jmespath() -> None:
    assert set(Functions.FUNCTION_TABLE) == {*DESIGNED, *STANDARD}


@pytest.mark.parametrize(
    ("expression", "result"),
    [
        ("add(input.big, `1`)", 10**40 + 1),
        ("divide(input.big, `10`)", 10**39),
        ("divide(`6.0`, `3`)", 2.0),
        ("power(`2`, `-1`)", 0.5),
        ("power(`1`, `1000000000`)", 1),
        ("power(`0`, `1000000000`)", 0),
        ("power(`1`, input.big)", 1),
        ("power(`10`, `-10000`)", 0.0),
        ("round(`-2.5`)", -3),
        ("length(range(`50000`, `150000`))", 100_000),
        ("round(`1e300`)", 10**300),
        ("round(`7`, `2`)", 7),
        ("format('{} {}', input.none, input.object)", 'null {"a":1}'),
        ("split('', ',')", [""]),
        ("match('aXb', '(x)?b')", ["b", None]),
        ("glob('a.b', 'a?b')", True),
        ("glob('aab', 'a.b')", False),
        ("glob('a\\nb', '*')", True),
        ("parse_time('2026-01-31 10:00 +0100', '%Y-%m-%d %H:%M %z')", "2026-01-31T09:00:00.000Z"),
        ("parse_time('100%', '%y0%%')", "2010-01-01T00:00:00.000Z"),
        ("format_time('2026-01-31T23:30:00-01:00', '%Y-%m-%d %H:%M')", "2026-02-01 00:30"),
        ("seconds_between('2026-01-31T09:00:00.500Z', '2026-01-31T09:00:00Z')", -0.5),
        ("hash({b: `1`, a: `2`}) == hash('{\"a\":2,\"b\":1}')", True),
        ("length(hash('a', 'sha512'))", 128),
        ("from_json('10000000000000000000000000000000000000001')", 10**40 + 1),
        ("has(input.none, 'a')", False),
        ("get(input.none, 'a', `1`)", 1),
        ("get(input.object, 'b')", None),
        ("default(input.none, input.list)", [1, 2]),
        ("if(`0`, 'zero is true', 'no')", "zero is true"),
        ("if(input.none, required(input.none), 'the other is not evaluated')", "the other is not evaluated"),
        ("default(`1`, divide(`1`, `0`))", 1),
        ("input.list[*].if(@ > `1`, 'more', 'less')", ["less", "more"]),
        ("range(`2`, `4`)", [2, 3]),
        ("range(`-1`)", []),
        ("unique([`1`, `1.0`, `true`, '1', `[1]`, `[true]`, `{\"a\": 1}`, `{\"a\": 1.0}`, `null`])",
         [1, True, "1", [1], [True], {"a": 1}, None]),
        ("chunk(`[]`, `3`)", []),
        ("at(input.list, `9`, 'none')", "none"),
        ("at(input.list, `1.0`)", 2),
        ("flatten_deep([`[]`, [[[`1`]]], [`2`, [`3`]], 'x'])", [1, 2, 3, "x"]),
        ("pick({b: `1`, a: `2`}, ['a', 'b']) | keys(@)", ["b", "a"]),
        ("to_number('10')", 10),
        ("to_number('-1.5e1')", -15.0),
        ("to_number('1_0')", None),
        ("to_number('nan')", None),
        ("to_number('007')", None),
        ("to_number(`3`)", 3),
        ("to_number(`true`)", None),
        ("to_string(input.list)", "[1,2]"),
        ("to_string('as it is')", "as it is"),
        ("join('-', ['a', 'b'])", "a-b"),
        ("sum(`[1, 2]`)", 3),
        ("avg(`[1, 2]`)", 1.5),
        ("sum(`[0.1, 0.2]`)", 0.3),
        ("sum(`[0.1, 1, 0.2]`)", 1.3),
        ("sum(`[1e300, 0.5, -1e300]`)", 0.0),
        ("sum([`9007199254740993`, `1`])", 9007199254740994),
        ("sum(`[]`)", 0),
        ("avg(`[0.1, 0.2, 0.3]`)", 0.2),
        ("avg(`[0.7]`)", 0.7),
        ("add(`1.1`, `2.2`)", 3.3),
        ("subtract(`0.3`, `0.1`)", 0.2),
        ("multiply(`1.1`, `1.1`)", 1.21),
        ("multiply(`19.99`, `100`)", 1999.0),
        ("divide(`0.3`, `0.1`)", 3.0),
        ("divide(`1.0`, `3`)", 1 / 3),
        ("modulo(`1`, `0.1`)", 0.0),
        ("modulo(`-0.3`, `0.2`)", 0.1),
        ("modulo(`0.3`, `-0.2`)", -0.1),
        ("modulo(`1e300`, `0.7`)", 0.3),
        ("add(`0.1`, `0.2`) == `0.3`", True),
    ],
)  # fmt: skip
def test_functions(expression: str, result: Json) -> None:
    value = value_of(expression)
    assert value == result
    assert type(value) is type(result)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("divide(`1`, `0`)", "division by zero"),
        ("modulo(`1`, `0`)", "division by zero"),
        ("power(`10`, `10000`)", "digits"),
        ("power(`10.0`, `10000`)", "digits"),
        ("power(`10.0`, `400`)", "too large"),
        ("multiply(`1e200`, `1e200`)", "not a finite number"),
        ("sum(`[1e308, 1e308]`)", "not a finite number"),
        ("add(power(`10`, `4000`), `0.5`)", "not a finite number"),
        ("divide(`0.5`, `0`)", "division by zero"),
        ("modulo(`0.5`, `0.0`)", "division by zero"),
        ("power(`-8`, `0.5`)", "whole exponent"),
        ("multiply(power(`10`, `4000`), power(`10`, `4000`))", "4,300 digits"),
        ("round(`1.5`, `16`)", "0 to 15"),
        ("format('{}', `1`, `2`)", "1 places {} for 2 values"),
        ("split('a', '')", "a separator that is not empty"),
        ("replace('a', '', 'b')", "empty"),
        ("substring('abc', `0.5`)", "whole number"),
        ("match('a', '(?=a)')", "looks ahead, which is not supported"),
        ("match('a', join(',', range(`300`)[*].to_string(@)))", "longer than 1000"),
        ("match('a', from_json(to_json('(')))", "does not compile"),
        ("base64_decode('%')", "base64"),
        ("base64_decode('/w==')", "no text in utf-8"),
        ("base64_decode('/w==', 'rot13')", "knows no charset 'rot13'"),
        ("base64_decode('abcde')", "not base64"),
        ("hash('a', 'md5')", "sha256, sha384, sha512"),
        ("from_json('{')", "a name in double quotes is missing here"),
        ("""from_json('{"a": 1, "a": 2}')""", "there twice in one object"),
        ("from_json('NaN')", "there is no number `NaN`"),
        ("avg([`9007199254740993`, `9007199254740994`])", "more digits than a number with a fraction can keep"),
        ("parse_time('yesterday')", "yesterday"),
        ("parse_time('2026-01-31T09:00:00')", "no instant, as 2026-01-31T09:00:00Z"),
        ("parse_time('x', '%Y%Y')", "twice"),
        (f"parse_time('x', '{'x' * 101}')", "longer than 100"),
        ("format_time('2026-01-31T09:00:00Z', '%s')", "holds %s"),
        ("format_time('2026-01-31T09:00:00Z', '%H', '../../etc/passwd')", "no time zone"),
        ("format_time('0001-01-01T00:00:00Z', '%H', 'America/New_York')", "outside of the years"),
        ("parse_time(`1e300`)", "outside of the years"),
        ("parse_time('x', '%Y')", "'x' is not of the format '%Y'"),
        ("format_time('2026-01-31T09:00:00Z', '100%')", "holds %"),
        ("add_time('2026-01-31T09:00:00Z', `1`, 'moons')", "weeks, months, years, not 'moons'"),
        ("add_time('2026-01-31T09:00:00Z', `1e12`)", "outside of the years"),
        ("add_time('2026-01-31T09:00:00Z', `99999`, 'years')", "outside of the years"),
        ("add_time('2026-01-31T09:00:00Z', `0.5`, 'months')", "whole number"),
        ("chunk(input.list, `0`)", "size of 1 or more"),
        ("range(`0`, `1`, `0`)", "a step that is not 0"),
        ("zip(input.list, 'a')", "zip() takes a list, not a text"),
    ],
)
def test_what_a_function_cannot_do_is_a_template_error(expression: str, reason: str) -> None:
    with pytest.raises(TemplateError) as caught:
        value_of(expression)
    assert reason in str(caught.value)
    words.require_own([str(caught.value)])


def test_required_fails_with_its_message() -> None:
    with pytest.raises(TemplateError) as caught:
        value_of("required(input.none, 'the order has no customer')")
    assert str(caught.value) == "the order has no customer"


def test_a_pattern_that_would_stall_others_is_linear() -> None:
    assert value_of(f"match('{'a' * 900}!', '(a+)+$')") is None


def test_identifiers_are_stable_distinct_and_well_formed() -> None:
    made = [str(value_of(expression, seed)) for seed in ("a", "b") for expression in ("uuid()", "[uuid(), uuid()][1]")]
    assert len(set(made)) == 4
    assert str(value_of("uuid()", "a")) == made[0]
    for identifier in made:
        assert re.fullmatch("[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", identifier)
