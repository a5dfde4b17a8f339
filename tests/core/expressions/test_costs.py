from datetime import UTC, datetime

import pytest

from chalicelib.core.expressions.costs import Costs
from chalicelib.core.expressions.template import Scope, compile_template, render

ITEMS = [1] * 10_000
SCOPE = Scope({}, datetime(2026, 1, 1, tzinfo=UTC), "seed")


@pytest.mark.parametrize(
    ("name", "arguments", "cost"),
    [
        ("sum", [ITEMS], 1_000),
        ("max", [ITEMS], 100),
        ("contains", [ITEMS, 2], 5),
        ("hash", [ITEMS], 20_001 // 300),
        ("unique", [[ITEMS, ITEMS]], 40_005 // 150),
        ("length", [ITEMS], 0),
        ("starts_with", ["a" * 10_000, "b"], 2),
        ("sum", [None], 0),
        ("sum", [], 0),
        ("omit", [{"a": 1}, ITEMS], 100),
        ("match", ["a" * 1_000, "b+"], 0),
        ("match", ["a" * 20_000, "[^b]{900}c"], 4 + 7_205 // 100 + 7_205 * 20_000 // 50_000),
        ("match", ["a" * 20_000, "("], 4),
        ("match", [1, "a"], 0),
        ("glob", ["a", 2], 0),
    ],
)
def test_a_call_costs_what_it_looks_through(name: str, arguments: list[object], cost: int) -> None:
    assert Costs().of_call(name, arguments) == cost


def test_a_long_glob_costs_more() -> None:
    assert Costs().of_call("glob", ["a" * 1_000, "*b" + "?" * 400 + "c"]) > 50


@pytest.mark.parametrize(
    ("left", "right", "cost"),
    [
        (ITEMS, [*ITEMS], 2),
        (ITEMS, ITEMS, 0),
        (ITEMS, ITEMS[1:], 0),
        (ITEMS, {"a": 1}, 0),
        ({"a": ITEMS}, {"a": [*ITEMS]}, 2),
        ("a", ITEMS, 0),
        (1, 1, 0),
    ],
)
def test_a_comparison_costs_what_it_looks_through(left: object, right: object, cost: int) -> None:
    costs = Costs()
    assert costs.of_comparison(left, right) == cost
    assert costs.of_comparison(left, right) == cost


def test_what_has_no_order_is_compared_to_null() -> None:
    assert render(compile_template("${ [`null` < `1`, `true` < `2`, `1` < `2`, `[1]` == `[1]`] }"), SCOPE) == [
        None,
        None,
        True,
        True,
    ]
