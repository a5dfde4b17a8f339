"""What an expression reads of its scope, as far as its text tells."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.functions_data import is_true

NAMES = frozenset({"error", "execution", "index", "input", "item", "output", "stash", "step"})
"""What can be in scope."""

_At: TypeAlias = tuple[str, ...] | None
"""The names that lead from the scope to a value, or None if only evaluating can tell which value it is."""

_ONWARD = frozenset({"index_expression", "pipe", "subexpression"})
_PROJECTIONS = frozenset({"filter_projection", "projection", "value_projection"})


def references(expression: Expression) -> list[tuple[str, ...]]:
    """Find the names that an expression reads, each with those that it reads inside of it, once: ``("stash", "a")``."""
    found: dict[tuple[str, ...], None] = {}
    _walk(expression.tree, (), found)
    return list(found)


def fixed_truth(expression: Expression) -> bool | None:
    """Tell whether a condition always holds, or never does; None if neither can be told from its text."""
    return _truth(expression.tree)


def _walk(node: Mapping[str, Any], at: _At, found: dict[tuple[str, ...], None]) -> _At:
    """Walk over an expression that is evaluated at a value; answer which value it comes to."""
    kind, children = node["type"], [child for child in node["children"] if isinstance(child, dict)]
    if kind == "field":
        there = None if at is None else (*at, node["value"])
        if there is not None:
            found[there] = None
        return there
    if kind == "current":
        return at
    if kind in _ONWARD:
        for child in children:
            at = _walk(child, at, found)
        return at
    if kind in _PROJECTIONS:
        _walk(children[0], at, found)
        children, at = children[1:], None
    for child in children:
        _walk(child, None if kind == "expref" else at, found)
    return None


def _truth(node: Mapping[str, Any]) -> bool | None:
    children: Sequence[Mapping[str, Any]] = node["children"]
    match node["type"]:
        case "literal":
            return is_true(node["value"])
        case "field":
            return None if node["value"] in NAMES else False
        case "not_expression":
            inner = _truth(children[0])
            return None if inner is None else not inner
        case "and_expression" | "or_expression":
            truths = [_truth(child) for child in children]
            decides: bool = node["type"] == "or_expression"
            if decides in truths:
                return decides
            return None if None in truths else not decides
        case _:
            return None
