"""What an expression reads of its scope, as far as its text tells."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.functions_data import is_true
from chalicelib.core.expressions.grammar import SyntaxNode
from chalicelib.core.limits import LIMITS

MAX_DEPTH = LIMITS.value_depth
"""Names behind so many others are not told: no value is as deep."""

NAMES = frozenset({"error", "execution", "index", "input", "item", "output", "stash", "step"})
"""What can be in scope."""

_At: TypeAlias = tuple[str, ...] | None
"""The names that lead from the scope to a value, or None if only evaluating can tell which value it is."""

ITEM = "[]"
"""In the place of a name: any item of a list."""
ALL = "[*]"
"""In the place of a name: the list of what a projection comes to."""
EACH = "[.]"
"""In the place of a name: any member of an object."""
FLAT = "[[]]"
"""In the place of a name: a list, with the items of those of its items that are lists."""

_ONWARD = frozenset({"index_expression", "pipe", "subexpression"})
_PROJECTIONS = frozenset({"filter_projection", "projection", "value_projection"})
_OPERATIONS = frozenset({"comparator", "function_expression"})
_TO_LIST = frozenset({"reverse", "sort", "sort_by", "unique"})
_TO_ITEM = frozenset({"at", "max_by", "min_by"})
_OF_ITEMS = frozenset({"at", "map", "max_by", "min_by", "sort_by"})


def references(expression: Expression) -> list[tuple[str, ...]]:
    """Find the names that an expression reads, each with those that it reads inside of it, once: ``("stash", "a")``."""
    return [*_walked(expression).found]


def shadowed(expression: Expression, others: Collection[str] = ()) -> list[str]:
    """Find the names of the scope, or others, that an expression reads where they are members of something, once each.

    In a filter, a projection or ``&``, and behind a pipe, a name is a member of what stands there.
    """
    return [name for name in _walked(expression).inner if name in NAMES or name in others]


def meant_as_values(expression: Expression) -> Mapping[str, str]:
    """Find the names in an expression that are hardly meant as names, by how the values are written.

    ``true`` without backticks and ``"paid"`` in double quotes are names of members.
    """
    return _walked(expression).meant


def meant_remark(name: str, written: str) -> str:
    """Say how a value is written that was written as a name."""
    if written.startswith("'"):
        return f'"{name}" in double quotes is a name: the text is written {written}'
    return f"{name!r} is a name here: the value is written {written}"


def results(expression: Expression) -> Mapping[str | None, Sequence[str] | None]:
    """Tell where the value that an expression comes to stands, under None, or the members of an object that it makes.

    Returns:
        The names that lead to each, as :func:`references` has them; None where only evaluating can tell.
    """
    walk, tree = _Walk(), expression.tree
    if tree["type"] == "multi_select_dict":
        return {pair["value"]: walk.visit(pair["children"][0], ()) for pair in tree["children"]}
    return {None: walk.visit(tree, ())}


def _walked(expression: Expression) -> "_Walk":
    walk = _Walk()
    walk.visit(expression.tree, ())
    return walk


def fixed_truth(expression: Expression) -> bool | None:
    """Tell whether a condition always holds, or never does; None if neither can be told from its text."""
    return _truth(expression.tree)


class _Walk:
    """A walk over an expression, which finds what it reads."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], None] = {}
        """Names with those inside of which they are."""
        self.inner: dict[str, None] = {}
        """Names that begin an expression inside of another one."""
        self.meant: dict[str, str] = {}
        """What is hardly meant as a name, and how the value is written."""

    def visit(self, node: SyntaxNode, at: _At, *, onward: bool = False) -> _At:
        """Visit what is evaluated at a value; answer which value it comes to.

        With ``onward`` it goes on from what stands before it, and begins nothing.
        """
        kind, children = node["type"], [child for child in node["children"] if isinstance(child, dict)]
        if kind in _OPERATIONS:
            self._look_at_operands(children)
        if kind in _PROJECTIONS:
            return self._project(kind, children, at, onward=onward)
        if kind in _ONWARD:
            return self._follow(kind, children, at, onward=onward)
        if kind == "function_expression":
            return self._call(node["value"], children, at)
        if kind == "flatten":
            return _behind(self.visit(children[0], at, onward=onward), FLAT)
        for child in children:
            self.visit(child, at)
        return self._leaf(node, at, onward=onward)

    def _leaf(self, node: SyntaxNode, at: _At, *, onward: bool) -> _At:
        match node["type"]:
            case "field":
                return self._field(node, at, onward=onward)
            case "current" | "identity" | "slice":
                return at
            case "root":
                return ()
            case "index":
                return self._item(at)
        return None

    def _follow(self, kind: str, children: Sequence[SyntaxNode], at: _At, *, onward: bool) -> _At:
        """Visit what is evaluated one at what the other comes to."""
        there = at
        for place, child in enumerate(children):
            there = self.visit(child, there, onward=onward or (place > 0 and kind != "pipe"))
        return there

    def _field(self, node: SyntaxNode, at: _At, *, onward: bool) -> _At:
        name: str = node["value"]
        if not onward:
            if at != ():
                self.inner[name] = None
            if "quoted" not in node and name in _VALUES:
                self.meant[name] = _VALUES[name]
            if "quoted" in node and at == () and name not in NAMES:
                self.meant[name] = _as_text(name)
        return self._read(at, name)

    def _read(self, at: _At, name: str) -> _At:
        there = _behind(at, name)
        if there is not None:
            self.found[there] = None
        return there

    def _item(self, at: _At) -> _At:
        """Take an item of a list."""
        if not at:
            return None
        return at[:-1] if at[-1] == ALL else self._read(at, ITEM)

    def _member(self, at: _At) -> _At:
        """Take any member of an object."""
        return self._read(at, EACH) if at and at != ("stash",) else None

    def _look_at_operands(self, operands: Sequence[SyntaxNode]) -> None:
        """Find texts in double quotes: a name that needs none, or that has spaces, stands alone as one operand."""
        for each in operands:
            if "quoted" in each and (_PLAIN.fullmatch(each["value"]) or not _SPACELESS.fullmatch(each["value"])):
                self.meant[each["value"]] = _as_text(each["value"])

    def _call(self, name: str, arguments: Sequence[SyntaxNode], at: _At) -> _At:
        """Visit what a function is given; an expression behind ``&`` is evaluated at each item of the list."""
        found = [self.visit(each, at) for each in arguments if each["type"] != "expref"]
        given = found[0] if found else None
        item = self._item(given) if name in _OF_ITEMS else None
        each_comes_to = [self.visit(each["children"][0], item) for each in arguments if each["type"] == "expref"]
        if name in _TO_LIST:
            return given
        if name == "map" and each_comes_to:
            return _behind(each_comes_to[0], ALL)
        return item if name in _TO_ITEM else None

    def _project(self, kind: str, children: Sequence[SyntaxNode], at: _At, *, onward: bool) -> _At:
        """Visit what is evaluated at each item or member of a value."""
        there = self.visit(children[0], at, onward=onward)
        item = self._member(there) if kind == "value_projection" else self._item(there)
        for condition in children[2:]:
            self.visit(condition, item)
        return _behind(self.visit(children[1], item, onward=True), ALL)


_VALUES: Mapping[str, str] = {
    **dict.fromkeys(("true", "True", "TRUE"), "`true`"),
    **dict.fromkeys(("false", "False", "FALSE"), "`false`"),
    **dict.fromkeys(("null", "Null", "NULL", "None", "nil", "undefined"), "`null`"),
}
"""Values as other languages write them, and how they are written here."""
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPACELESS = re.compile(r"\S+")


def _as_text(name: str) -> str:
    written = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{written}'"


def _behind(at: _At, name: str) -> _At:
    """Go to a member of a value; of the scope itself there are members by name only."""
    if at is None or len(at) == MAX_DEPTH or (not at and name in {ITEM, ALL, EACH, FLAT}):
        return None
    return (*at, name)


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
