"""What an expression reads of its scope, as far as its text tells."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.functions_data import is_true
from chalicelib.core.expressions.grammar import ROOT, SyntaxNode
from chalicelib.core.limits import LIMITS

MAX_DEPTH = LIMITS.value_depth
"""Names behind so many others are not told: no value is as deep."""

NAMES = frozenset({"error", "execution", "index", "input", "item", "output", "stash", "step"})
"""What can be in scope."""

_At: TypeAlias = tuple[str, ...] | None
"""The names that lead from the scope to a value, or None if only evaluating can tell which value it is."""

ITEM = "[]"
"""In the place of a name: any item of a list."""

_ONWARD = frozenset({"index_expression", "pipe", "subexpression"})
_PROJECTIONS = frozenset({"filter_projection", "projection", "value_projection"})


def references(expression: Expression) -> list[tuple[str, ...]]:
    """Find the names that an expression reads, each with those that it reads inside of it, once: ``("stash", "a")``."""
    walk = _Walk()
    walk.visit(expression.tree, ())
    return [*walk.found]


def shadowed(expression: Expression) -> list[str]:
    """Find the names of the scope that an expression reads where they are members of something else, once each.

    In a filter, a projection or ``&``, and behind a pipe, a name is a member of what stands there.
    """
    walk = _Walk()
    walk.visit(expression.tree, ())
    return [*walk.inner]


def fixed_truth(expression: Expression) -> bool | None:
    """Tell whether a condition always holds, or never does; None if neither can be told from its text."""
    return _truth(expression.tree)


class _Walk:
    """A walk over an expression, which finds what it reads."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], None] = {}
        """Names with those inside of which they are."""
        self.inner: dict[str, None] = {}
        """Names of the scope that begin an expression inside of another one."""

    def visit(self, node: SyntaxNode, at: _At, *, onward: bool = False) -> _At:
        """Visit what is evaluated at a value; answer which value it comes to.

        With ``onward`` it goes on from what stands before it, and begins nothing.
        """
        kind, children = node["type"], [child for child in node["children"] if isinstance(child, dict)]
        there: _At = None
        if kind == "field":
            there = self._field(node["value"], at, onward=onward)
        elif kind in {"current", "identity"}:
            there = at
        elif kind == ROOT:
            there = ()
        elif kind == "index":
            there = None if at is None or len(at) == MAX_DEPTH else (*at, ITEM)
        elif kind in _ONWARD:
            there = at
            for place, child in enumerate(children):
                there = self.visit(child, there, onward=onward or (place > 0 and kind != "pipe"))
        elif kind in _PROJECTIONS:
            there = self._project(kind, children, at, onward=onward)
        else:
            for child in children:
                self.visit(child, None if kind == "expref" else at)
        return there

    def _field(self, name: str, at: _At, *, onward: bool) -> _At:
        if at != () and not onward and name in NAMES:
            self.inner[name] = None
        if at is None or len(at) == MAX_DEPTH:
            return None
        self.found[(*at, name)] = None
        return (*at, name)

    def _project(self, kind: str, children: Sequence[SyntaxNode], at: _At, *, onward: bool) -> _At:
        """Visit what is evaluated at each item or member of a value."""
        there = self.visit(children[0], at, onward=onward)
        item = None if there is None or kind == "value_projection" else (*there, ITEM)
        for condition in children[2:]:
            self.visit(condition, item)
        return self.visit(children[1], item, onward=True)


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
