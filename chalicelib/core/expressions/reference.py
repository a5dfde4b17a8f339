"""What an expression reads of its scope, as far as its text tells."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.functions_data import is_true
from chalicelib.core.expressions.grammar import SyntaxNode
from chalicelib.core.expressions.made import OF_OPERATIONS, At, Made, made_by
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

MAX_DEPTH = LIMITS.value_depth
"""Names behind so many others are not told: no value is as deep."""

NAMES = frozenset({"error", "execution", "index", "input", "item", "output", "stash", "step"})
"""What can be in scope."""

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
_TO_LIST = frozenset({"omit", "required", "reverse", "sort", "sort_by", "unique"})
"""Functions that give what they are given, or less of it."""
_TO_ITEM = frozenset({"at", "max", "max_by", "min", "min_by"})
_DEFAULTED = frozenset({"at", "get"})
"""Functions that give another argument, the third, where there is nothing to take."""
_OF_ITEMS = frozenset({"at", "map", "max_by", "min_by", "sort_by"})


@value
class Use:
    """Values that a function, or a comparison, is given."""

    name: str
    """The function; or the comparison, as jmespath calls it: ``eq``, ``lt``."""
    operands: Sequence[tuple[SyntaxNode, At]]
    """How each is written, and where it stands; nowhere, if it is behind ``&``."""


@value
class Reading:
    """What an expression reads and makes."""

    found: Sequence[tuple[str, ...]]
    """Names that it reads, each with those that it reads inside of it, once."""
    made: Mapping[str, Made]
    """Values that it makes, by what stands for a name where something is read inside of them."""
    result: At
    """Where the value stands that it comes to."""
    inner: Collection[str]
    """Names that begin what is evaluated in a filter, a projection or ``&``, or behind a pipe: members there."""
    meant: Mapping[str, str]
    """Names that are hardly meant as names, by how the values are written: see :func:`meant_as_values`."""
    uses: Sequence[Use]
    """What functions and comparisons are given, the innermost first."""


def reading(expression: Expression) -> Reading:
    """Tell what an expression reads, and what it makes of that."""
    walk = _Walk()
    result = walk.visit(expression.tree, ())
    return Reading([*walk.found], walk.made, result, walk.inner, walk.meant, walk.uses)


def references(expression: Expression) -> list[tuple[str, ...]]:
    """Find the names that an expression reads, each with those that it reads inside of it, once: ``("stash", "a")``."""
    walk = _walked(expression)
    return [names for names in walk.found if names[0] not in walk.made]


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
        self.made: dict[str, Made] = {}
        """Values that are made, by what stands for their names."""
        self.uses: list[Use] = []

    def visit(self, node: SyntaxNode, at: At, *, onward: bool = False) -> At:
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
        found = [self.visit(child, at) for child in children]
        if kind == "comparator":
            self.uses.append(Use(node["value"], [*zip(children, found, strict=True)]))
        return self._joined(node, found) if children else self._leaf(node, at, onward=onward)

    def _joined(self, node: SyntaxNode, found: Sequence[At]) -> At:
        """Tell what an operation makes of what was found."""
        match node["type"]:
            case "and_expression" | "key_val_pair":
                return found[-1]  # nothing is in what is not true
            case "or_expression":
                return self._made(Made("(… || …)", "either", found))
            case "multi_select_list":
                return self._made(Made("[…]", "list", found))
            case "multi_select_dict":
                names = [pair["value"] for pair in node["children"]]
                return self._made(Made("{…}", "object", found, names))
        return self._made(OF_OPERATIONS.get(node["type"]))

    def _made(self, made: Made | None) -> At:
        """Stand for a value that is made."""
        if made is None:
            return None
        name = f"({len(self.made)})"
        self.made[name] = made
        return (name,)

    def _leaf(self, node: SyntaxNode, at: At, *, onward: bool) -> At:
        match node["type"]:
            case "literal":
                return self._made(Made(_shown(node["value"]), "of type", schema=_described(node["value"])))
            case "field":
                return self._field(node, at, onward=onward)
            case "current" | "identity" | "slice":
                return at
            case "root":
                return ()
        return self._item(at)  # of an index

    def _follow(self, kind: str, children: Sequence[SyntaxNode], at: At, *, onward: bool) -> At:
        """Visit what is evaluated one at what the other comes to."""
        there = at
        for place, child in enumerate(children):
            there = self.visit(child, there, onward=onward or (place > 0 and kind != "pipe"))
        return there

    def _field(self, node: SyntaxNode, at: At, *, onward: bool) -> At:
        name: str = node["value"]
        if not onward:
            if at != ():
                self.inner[name] = None
            if "quoted" not in node and name in _VALUES:
                self.meant[name] = _VALUES[name]
            if "quoted" in node and at == () and name not in NAMES:
                self.meant[name] = _as_text(name)
        return self._read(at, name)

    def _read(self, at: At, name: str) -> At:
        there = _behind(at, name)
        if there is not None:
            self.found[there] = None
        return there

    def _item(self, at: At) -> At:
        """Take an item of a list."""
        if not at:
            return None
        return at[:-1] if at[-1] == ALL else self._read(at, ITEM)

    def _member(self, at: At) -> At:
        """Take any member of an object."""
        return self._read(at, EACH) if at and at != ("stash",) else None

    def _look_at_operands(self, operands: Sequence[SyntaxNode]) -> None:
        """Find texts in double quotes: a name that needs none, or that has spaces, stands alone as one operand."""
        for each in operands:
            if "quoted" in each and (_PLAIN.fullmatch(each["value"]) or not _SPACELESS.fullmatch(each["value"])):
                self.meant[each["value"]] = _as_text(each["value"])

    def _call(self, name: str, arguments: Sequence[SyntaxNode], at: At) -> At:
        """Visit what a function is given; an expression behind ``&`` is evaluated at each item of the list."""
        found = [self.visit(each, at) for each in arguments if each["type"] != "expref"]
        given = found[0] if found else None
        item = self._item(given) if name in _OF_ITEMS else None
        each_comes_to = [self.visit(each["children"][0], item) for each in arguments if each["type"] == "expref"]
        standing = iter(found)
        self.uses.append(
            Use(name, [(each, None if each["type"] == "expref" else next(standing)) for each in arguments])
        )
        if name in _TO_LIST:
            return given
        if name == "map" and each_comes_to:
            return _behind(each_comes_to[0], ALL)
        if name == "pick" and (keys := _keys(arguments[1])):
            return self._made(Made("pick(…)", "object", [self._read(given, key) for key in keys], keys))
        taken = self._taken(name, given, item, arguments)
        if taken is None:
            return self._made(made_by(name, found))
        others = found[2:] if name in _DEFAULTED else ()
        return self._made(Made(f"{name}(…)", "either", [taken, *others])) if others else taken

    def _taken(self, name: str, given: At, item: At, arguments: Sequence[SyntaxNode]) -> At:
        """Tell what a function takes out of what it is given."""
        if name == "values":
            return _behind(self._member(given), ALL)
        if name == "get" and arguments[1]["type"] == "literal":
            return self._read(given, str(arguments[1]["value"]))
        if name in _TO_ITEM:
            return self._item(given) if item is None else item
        return None

    def _project(self, kind: str, children: Sequence[SyntaxNode], at: At, *, onward: bool) -> At:
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
_KINDS: Mapping[type, str] = {bool: "boolean", float: "number", int: "number", list: "array", str: "string"}
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SPACELESS = re.compile(r"\S+")


def _as_text(name: str) -> str:
    written = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{written}'"


def _keys(node: SyntaxNode) -> Sequence[str]:
    """Tell which keys a list names, if it is one of texts."""
    listed = [child["value"] for child in node["children"] if child["type"] == "literal"]
    found = node["value"] if node["type"] == "literal" else listed
    is_whole = len(found) == len(node["children"]) or not node["children"]
    return [key for key in found if isinstance(key, str)] if is_whole and isinstance(found, list) else []


def _shown(literal: Json) -> str:
    """Show a literal, by its kind."""
    match literal:
        case dict():
            return "`{…}`"
        case list():
            return "`[…]`"
    return "'…'" if isinstance(literal, str) else "`…`"


def _described(literal: Json) -> Json:
    """Describe a literal by a JSON Schema."""
    if isinstance(literal, dict):
        return {"type": "object", "properties": dict.fromkeys(literal, True), "additionalProperties": False}
    kind = _KINDS.get(type(literal))
    return True if kind is None else {"type": kind}


def _behind(at: At, name: str) -> At:
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
