"""What people write who know another language is answered in words of this one."""

import pytest

from chalicelib.core.expressions.expression import ExpressionError, read_expression
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
        ("input.x!", "! cannot be read: it is no sign of an expression", 7),
        ("a)", ") cannot stand here", 1),
        ("a ||", "the expression is incomplete", 4),
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
