"""What people write who know another language is answered in words of this one."""

import re

import pytest

from chalicelib.core.expressions.expression import ExpressionError, read_expression
from chalicelib.core.expressions.functions import Functions, usage
from chalicelib.core.expressions.oddities import Oddities
from chalicelib.core.expressions.other_functions import OTHERS
from tests import words


@pytest.mark.parametrize(
    ("text", "said", "offset"),
    [
        ("x > 100", "100 cannot be read: a number stands in backticks: write `100`", 4),
        ("x > -1.5", "write `-1.5`", 4),
        ("a[?b > 5]", "write `5`", 7),
        ("[1, 2]", "a list of values stands in backticks, as `[1, 2]`", 2),
        ("a + 1", "write add(a, b) for numbers, and join('', [a, b]) or two ${ } for texts", 2),
        ("a - b", "write subtract(a, b)", 2),
        ("a.b-c", 'stands in double quotes, as "a-b"', 3),
        ("a * 2", "write multiply(a, b)", 2),
        ("sum(a) / 2", "write divide(a, b)", 7),
        ("a % 2", "write modulo(a, b)", 2),
        ("a ** b", "write power(a, b)", 2),
        ("a and b", "and cannot be read: there is no and: write &&", 2),
        ("a or b", "write ||", 2),
        ("not a", "there is no not: write !", 4),
        ("not(a)", "there is no function not(): write !", 0),
        ("a in b", "write contains(list, value)", 2),
        ("a = 'b'", "values are compared by ==", 2),
        ("a === b", "values are compared by ==", 4),
        ("a => b", "write >= to compare, and &price for what a function does with each", 2),
        ("a =~ 'b'", "=~ cannot be read: write match(text, pattern)", 2),
        ("a like 'b'", "write match(text, pattern)", 2),
        ("a is b", "values are compared by ==", 2),
        ("a?.b", "?. cannot be read: there is no ?.: a . is enough", 1),
        ("if a then b", "write if(condition, then, else)", 3),
        ("$input", "write $.input, or input", 1),
        ("add(${input.a}, b)", "${ cannot be read: this is an expression already: write what stands within", 5),
        ("let $x = input.a in a[?b == $x]", "there is no let: within a filter or a projection, $.input", 7),
        ('"a"(b)', "the name of a function has no quotes", 0),
        ("a <> b", "> cannot be read: values are compared by ==, !=", 3),
        ("a ? b : c", "write if(condition, then, else)", 2),
        ("a ?? b", "write default(a, b), or a || b", 2),
        ("input['x']", "'x' cannot be read: in [ ] stands a number", 6),
        ("input.list[a]", "get(a, key) for a computed key", 11),
        ("{{x}}", "in one pair of braces only, as ${a}", 1),
        ("{x}", "{ } makes an object, as {name: value}", 2),
        ("{input.x}", "in one pair of braces only, as ${a}", 6),
        ("a.0", "after a . comes a name", 2),
        ("a b", "an operator or a comma is missing", 2),
        ("a & b", "conditions are joined by &&", 2),
        ("\u201ca\u201d", "a text stands in single quotes, as 'text'", 0),
        ("a == 'b", "a ' is missing that closes this", 5),
        ("a#b", "# is no sign of an expression", 1),
        ("input.x!", "! stands before what is not to be: write !a", 7),
        ("a)", ") cannot stand here", 1),
        ("a ||", "incomplete: something is missing behind its last sign", 4),
        ("a[::0]", "a slice [start:end:step] needs a step that is not 0", 0),
        ("a.$", "after a . comes a name", 2),
    ],
)
def test_a_mistake_is_told_with_what_to_write(text: str, said: str, offset: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        read_expression(text)
    assert said in str(caught.value)
    words.require_own([str(caught.value)])
    assert caught.value.offset == offset


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("len(a)", "there is no function len(): write length(value)"),
        ("toUpperCase(a)", "write upper(text)"),
        ("a.toUpperCase()", "write upper(text); a function stands before what it takes, not behind a ."),
        ("a.length()", "write length(value); a function stands before what it takes"),
        ("States.StringToJson(a)", "write from_json(text)"),
        ("group_by(a, &b)", "let a `map` go over the keys"),
        ("always()", "`catch` leads to what runs after an error"),
        ("coalesce(a, b)", "write default(value, other)"),
        ("split(a)", "split() takes 2 arguments, not 1: write split(text, separator)"),
        ("max(a, b)", "write max(list), as max([a, b])"),
        ("range(a, b, c, d)", "write range(end), range(start, end, step?)"),
        ("a AND b", "there is no and: write &&"),
        ("NOT a", "there is no not: write !"),
        ("a contains b", "write contains(list, value)"),
        ("a if b else c", "write if(condition, then, else)"),
        ("(a", "the expression is incomplete: a ) is missing"),
        ("f(a[0], [b[1]", "the expression is incomplete: a ] is missing"),
    ],
)
def test_functions_and_words_of_other_languages_are_answered_with_those_of_this_one(text: str, said: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        read_expression(text)
    assert said in str(caught.value)


def test_what_is_said_in_place_of_a_function_names_functions_that_there_are() -> None:
    for right in OTHERS.values():
        named = re.findall(r"(?<![\w`])([a-z_]+)\(", right)
        assert [name for name in named if name not in Functions.FUNCTION_TABLE] == []
    assert OTHERS.keys().isdisjoint(Functions.FUNCTION_TABLE)
    assert all(f"{name}(" in usage(name) for name in Functions.FUNCTION_TABLE)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("map(a, &b)", "map() takes an expression with & before it as argument 1: write map(&name, list)"),
        ("sort_by(a, 'b')", "sort_by() takes an expression with & before it as argument 2"),
        ("length(&a)", "length() takes a text or a list or an object as argument 1: write length(value)"),
        ("upper(`1`)", "upper() takes a text as argument 1, not a number: write upper(text)"),
        ("keys(`[1]`)", "keys() takes an object as argument 1, not a list"),
        ("abs(`true`)", "not a boolean"),
        ("abs(`null`)", "not null"),
        ("abs(`{}`)", "not an object"),
        ("merge(a, b, 'c')", "merge() takes an object as argument 3, not a text"),
    ],
)
def test_a_call_that_can_only_fail_is_told(text: str, said: str) -> None:
    (remark,) = Oddities()(read_expression(text))
    assert remark.startswith(said) or said in remark
    assert words.foreign(remark) == []


@pytest.mark.parametrize(
    "text", ["map(&a, b)", "max(`[1]`)", "default(a, 'b')", "now()", "join(',', `[\"a\"]`)", "to_json(`1`)"]
)
def test_a_call_that_may_succeed_is_not(text: str) -> None:
    assert [*Oddities()(read_expression(text))] == []
