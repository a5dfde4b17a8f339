"""What expressions come to is stored, and made again by whoever takes over: it stays as it is, whatever is deployed."""

import pytest

from chalicelib.core.expressions.expression import MAX_NESTING, ExpressionError, read_expression
from chalicelib.core.values.pattern import compile_pattern
from tests.core.expressions.test_functions import value_of


def test_the_uuids_of_a_turn_are_those_that_were_made_before() -> None:
    made = ["09cc255f-d2c7-84ee-9a8e-2435f50ec8fc", "746560eb-7706-8a1b-9720-343feb21333a"]
    assert value_of("[uuid(), uuid()]", "t:d:1/main/0/output") == made


@pytest.mark.parametrize(("opens", "closes"), [("(", ")"), ("[", "]"), ("{a: ", "}"), ("a[?", "]"), ("length(", ")")])
def test_where_an_expression_nests_too_deeply_is_said_for_each_kind_of_bracket(opens: str, closes: str) -> None:
    with pytest.raises(ExpressionError, match="deeper") as error:
        read_expression(opens * (MAX_NESTING + 1) + "a" + closes * (MAX_NESTING + 1))
    at = len(opens) * (MAX_NESTING + 1)
    assert at - len(opens) <= error.value.offset < at


def test_brackets_that_are_closed_again_do_not_count() -> None:
    wide = "[" + ", ".join(["{a: (a[?b])}"] * (MAX_NESTING + 1)) + "]"
    assert read_expression(wide).text == wide


@pytest.mark.parametrize(
    ("text", "reason"), [("(", r"a \) is missing"), ("a{2,1}", "repeats too often"), ("(?=a)", "looks ahead")]
)
def test_why_a_pattern_does_not_compile_is_said(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"does not compile: .*{reason}"):
        compile_pattern(text)


def test_a_chunk_can_hold_one_value() -> None:
    assert value_of("chunk([`1`, `2`], `1`)") == [[1], [2]]
