"""What is odd about an expression that can be read."""

import pytest

from chalicelib.core.expressions.expression import read_expression
from chalicelib.core.expressions.oddities import Oddities
from tests import words


def oddities(text: str, these: Oddities | None = None) -> list[str]:
    found = [*(these or Oddities())(read_expression(text))]
    words.require_own(found)
    return found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("'11' > input.a", "'11' is a text, and texts are compared by their characters: the number is written `11`"),
        (
            "input[?a <= '1.5']",
            "'1.5' is a text, and texts are compared by their characters: the number is written `1.5`",
        ),
        ("input.a < input.b < input.c", "a comparison has no order: write a < b && b < c for a < b < c"),
        ("input.a > `true`", "only numbers and texts have an order"),
        ("input.a | length", "'length' is a name here: a function is called, as length(@)"),
        ("'Hello ' || input.name", "what stands before || is always taken: texts are joined by join('', [a, b])"),
        ("input.a || ' ' || input.b", "what stands before || is always taken: texts are joined by join('', [a, b])"),
        ("join('', ['${input.a}'])", "no ${ } is read within an expression: texts are joined by join('', [a, b])"),
        ("abs('x')", "abs() takes a number as argument 1, not a text: write abs(number)"),
        ("&input.a", "& stands before what a function does with each item, as in map(&price, list): it is no value"),
        ("format_time(now(), 'YYYY-MM-DD')", "format_time() reads letters behind % alone, as in '%Y-%m-%dT%H:%M'"),
        ("parse_time(input.a, 'YYYY')", "parse_time() reads letters behind % alone, as in '%Y-%m-%dT%H:%M'"),
        ("format('%s', input.a)", "format() has 0 places {} for 1 values"),
        (
            "base64_decode(input.a, 'latin-99')",
            "base64_decode() knows no charset 'latin-99': it is a name as iso-8859-1",
        ),
        ("hash(input.a, 'md5')", "hash() knows sha256, sha384, sha512, not 'md5'"),
        (
            "add_time(now(), input.a, 'hour')",
            "add_time() knows seconds, minutes, hours, days, weeks, months, years, not 'hour'",
        ),
        ("format_time(now(), '%H', 'Berlin')", "there is no time zone 'Berlin': it is a name as Europe/Berlin"),
        ("format_time(now(), 'HH:mm %Q')", "format 'HH:mm %Q' holds %Q; known are"),
        ("match(input.a, '(?=a)')", "pattern '(?=a)' does not compile: (?= looks ahead, which is not supported"),
        ("split(input.a, '')", "split() needs a separator that is not empty"),
        ("chunk(input.a, `0`)", "chunk() needs a size of 1 or more, not 0"),
        ("replace(input.a, '', 'b')", "replace() cannot replace an empty text"),
    ],
)
def test_what_can_only_fail_or_hardly_means_what_it_says_is_odd(text: str, said: str) -> None:
    (found,) = oddities(text)
    assert found[: len(said)] == said


@pytest.mark.parametrize(
    "text",
    [
        "input.a > `11`",
        "input.at > '2026-01-31'",
        "input.a == '5'",
        'input | "length"',
        "input | [0]",
        "input.a || 'none'",
        "input.a || '' || 'none'",
        "input[?!(archived) || a]",
        "format('{} of {}', input.a, `5`)",
        "format(input.a, 'b')",
        "match('a', input.pattern)",
        "split('', input.a)",
        "add_time(input.at, `1`)",
        "$.input",
    ],
)
def test_what_is_meant_so_is_not(text: str) -> None:
    assert oddities(text) == []


def test_so_many_calls_of_a_document_are_tried() -> None:
    these = Oddities()
    found = [oddities(f"split(input.a{number}, '')", these) for number in range(501)]
    assert [len(each) for each in found] == [1] * 500 + [0]
