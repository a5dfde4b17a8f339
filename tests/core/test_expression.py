from datetime import UTC, datetime

import pytest

from chalicelib.core.errors import InvalidDefinitionError
from chalicelib.core.template import Scope, compile_condition, render
from chalicelib.core.values import Json


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
