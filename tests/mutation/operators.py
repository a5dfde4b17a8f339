"""What a mutant changes: one comparison, condition, number, keyword, statement … of a module, found with ``ast``."""

import ast
import difflib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from types import CodeType
from typing import TypeAlias

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
}
OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}
Change: TypeAlias = tuple[ast.AST, ast.AST]
"""A node, and what stands in its place."""


@dataclass(frozen=True)
class Mutant:
    """A module with one change."""

    file: str
    function: str
    """The qualified name of what holds it; empty: the module."""
    text: str
    """Of the module."""
    place: ast.AST
    """What is changed."""
    other: ast.AST
    """What stands there instead."""
    number: int = 1
    """Which of those that are called the same."""

    @property
    def line(self) -> int:
        """Where it stands."""
        return int(self.place.lineno)  # type: ignore[attr-defined] # what is changed has a place

    @property
    def name(self) -> str:
        """What it is called, wherever in the file it stands."""
        again = f" #{self.number}" if self.number > 1 else ""
        return f"{self.file}::{self.function}: {shown(self.place)} -> {shown(self.other)}{again}"

    @property
    def source(self) -> str:
        """The text of the module, changed."""
        text, new = self.text.encode(), ast.unparse(self.other)
        start, stop = places(self.text, self.place)
        new = f"({new})" if isinstance(self.other, ast.expr) else new
        return text[:start].decode() + new + text[stop:].decode()

    @property
    def changes_something(self) -> bool:
        """Whether the code is another one."""
        return not same(compile(self.text, self.file, "exec"), compile(self.source, self.file, "exec"))

    @property
    def diff(self) -> str:
        """What it changes, for people."""
        lines = difflib.unified_diff(
            self.text.splitlines(), self.source.splitlines(), self.file, self.function or "module", n=1, lineterm=""
        )
        return "\n".join(lines)


def mutants(root: Path, file: str) -> Iterator[Mutant]:
    """Make every mutant of a module."""
    text = (root / file).read_text(encoding="utf-8")
    seen: Counter[str] = Counter()
    for function, place, other in changes(ast.parse(text)):
        mutant = Mutant(file, function, text, place, other)
        if shown(place) != shown(other):
            seen[mutant.name] += 1
            yield replace(mutant, number=seen[mutant.name])


def same(one: CodeType, other: CodeType) -> bool:
    """Tell whether two codes do the same, wherever they stand."""
    if (one.co_code, one.co_names, one.co_varnames) != (other.co_code, other.co_names, other.co_varnames):
        return False
    if len(one.co_consts) != len(other.co_consts):
        return False
    return all(
        same(a, b) if isinstance(a, CodeType) and isinstance(b, CodeType) else (type(a), a) == (type(b), b)
        for a, b in zip(one.co_consts, other.co_consts, strict=True)
    )


def shown(node: ast.AST) -> str:
    """Write a node in one line."""
    return " ".join(ast.unparse(node).split())


def places(text: str, node: ast.AST) -> tuple[int, int]:
    """Tell at which bytes of a text a node begins and ends."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode()))
    return (
        starts[node.lineno - 1] + node.col_offset,  # type: ignore[attr-defined] # see above
        starts[node.end_lineno - 1] + node.end_col_offset,  # type: ignore[attr-defined] # the same
    )


def changes(module: ast.Module) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    """Find what can be changed in a module, each with the name of the function or class that holds it."""
    yield from _within(module, "")


def _within(node: ast.AST, function: str) -> Iterator[tuple[str, ast.AST, ast.AST]]:
    for child in _mutable(node):
        inside = function
        if isinstance(child, ast.FunctionDef | ast.ClassDef):
            inside = f"{function}.{child.name}".strip(".")
        for operator in OPERATORS:
            for before, after in operator(child):
                yield inside if before is not child else function, before, after
        yield from _within(child, inside)


def _mutable(node: ast.AST) -> Iterator[ast.AST]:
    """List the children of a node, but for types, what is for readers and checkers, and text with values in it."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list"} or isinstance(node, ast.JoinedStr | ast.Import):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue  # it only guards what a test of types sees
            checkers = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
            overload = isinstance(child, ast.FunctionDef) and any(
                "overload" in ast.unparse(each) or "abstract" in ast.unparse(each) for each in child.decorator_list
            )
            alias = isinstance(child, ast.AnnAssign) and "TypeAlias" in ast.unparse(child.annotation)
            if isinstance(child, ast.AST) and not (checkers or overload or alias):
                yield child


# -- the operators: each finds what it can change of one node


def compares(node: ast.AST) -> Iterator[Change]:
    """Turn a comparison round, or let it count its border or not."""
    if isinstance(node, ast.Compare):
        for place, operator in enumerate(node.ops):
            if (other := COMPARISONS.get(type(operator))) is not None:
                ops = [*node.ops]
                ops[place] = other()
                yield node, replaced(node, ops=ops)


def connects(node: ast.AST) -> Iterator[Change]:
    """Say "or" for "and", and leave out each of the conditions."""
    if isinstance(node, ast.BoolOp):
        yield node, replaced(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for place in range(len(node.values)):
            left = [*node.values[:place], *node.values[place + 1 :]]
            yield node, left[0] if len(left) == 1 else replaced(node, values=left)


def negates(node: ast.AST) -> Iterator[Change]:
    """Leave a "not" out; turn a condition round that is no comparison."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node, node.operand
    tested = [node.test] if isinstance(node, ast.If | ast.IfExp | ast.While) else []
    guards = [node.guard] if isinstance(node, ast.match_case) and node.guard is not None else []
    for test in (*tested, *guards):
        if not isinstance(test, ast.Compare | ast.UnaryOp):
            yield test, ast.UnaryOp(ast.Not(), test)
    for guard in guards:
        yield guard, ast.Constant(True)


def chooses(node: ast.AST) -> Iterator[Change]:
    """Take always the same of two values."""
    if isinstance(node, ast.IfExp):
        yield node, node.body
        yield node, node.orelse


def calculates(node: ast.AST) -> Iterator[Change]:
    """Take another arithmetic operation, or one of two alternatives."""
    if isinstance(node, ast.BinOp):
        if isinstance(node.op, ast.BitOr):
            yield node, node.left
            yield node, node.right
        elif (other := ARITHMETIC.get(type(node.op))) is not None and not _is_text(node):
            yield node, replaced(node, op=other())


def _is_text(node: ast.BinOp) -> bool:
    sides = (node.left, node.right)
    return any(
        isinstance(s, ast.JoinedStr) or (isinstance(s, ast.Constant) and isinstance(s.value, str)) for s in sides
    )


def counts(node: ast.AST) -> Iterator[Change]:
    """Take the next number, or the other truth."""
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        yield node, ast.Constant(node.value + 1)


def reduces(node: ast.AST) -> Iterator[Change]:
    """Take the largest for the smallest, all for any; the whole for a piece; what a filter leaves out, too."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in OPPOSITES:
        yield node.func, ast.Name(OPPOSITES[node.func.id])
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice) and isinstance(node.ctx, ast.Load):
        yield node, node.value
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        for place, generator in enumerate(node.generators):
            for which in range(len(generator.ifs)):
                changed = deepcopy(node)
                del changed.generators[place].ifs[which]
                yield node, changed


def forgets(node: ast.AST) -> Iterator[Change]:
    """Leave out a keyword of a call, an entry of a dictionary, one of the values of which something is to be one."""
    if isinstance(node, ast.Call):
        for place, keyword in enumerate(node.keywords):
            if keyword.arg is not None:
                yield node, replaced(node, keywords=[*node.keywords[:place], *node.keywords[place + 1 :]])
    if isinstance(node, ast.Dict) and len(node.keys) > 1:
        for place in range(len(node.keys)):
            keys, values = ([*of[:place], *of[place + 1 :]] for of in (node.keys, node.values))
            yield node, replaced(node, keys=keys, values=values)
    if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        among = node.comparators[0]
        if isinstance(among, ast.Tuple | ast.Set):
            for place in range(len(among.elts)):
                left = replaced(among, elts=[*among.elts[:place], *among.elts[place + 1 :]])
                yield among, ast.Tuple(left.elts, ast.Load())  # type: ignore[attr-defined] # it is of its kind


def omits(node: ast.AST) -> Iterator[Change]:
    """Leave out a statement: a call, a change of a member, an early return, an error, a way out of a loop."""
    for body in _bodies(node):
        for statement in body:
            inner = not isinstance(node, ast.FunctionDef | ast.Module | ast.ClassDef)
            called = isinstance(statement, ast.Expr) and not isinstance(statement.value, ast.Constant)
            left = isinstance(statement, ast.Raise | ast.Continue | ast.Break) or (
                isinstance(statement, ast.Return) and inner
            )
            changed = isinstance(statement, ast.AugAssign) or (
                isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Attribute | ast.Subscript)
            )
            again = isinstance(statement, ast.Assign) and _reads_what_it_sets(statement)
            if called or left or changed or again:
                yield statement, ast.Pass()


def assigns(node: ast.AST) -> Iterator[Change]:
    """Leave out one of several that are set at once."""
    if isinstance(node, ast.Assign) and isinstance(target := node.targets[0], ast.Tuple):
        values = node.value
        if isinstance(values, ast.Tuple) and len(values.elts) == len(target.elts):
            for place, each in enumerate(target.elts):
                if isinstance(each, ast.Attribute):
                    names, kept = ([*of.elts[:place], *of.elts[place + 1 :]] for of in (target, values))
                    yield node, ast.Assign([ast.Tuple(names, ast.Store())], ast.Tuple(kept, ast.Load()), lineno=0)


def matches(node: ast.AST) -> Iterator[Change]:
    """Do nothing where a case holds."""
    if isinstance(node, ast.Match):
        for case in node.cases:
            if not isinstance(case.body[0], ast.Pass):
                yield case.body[0], ast.Pass()


def _bodies(node: ast.AST) -> Iterator[Sequence[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        found = getattr(node, name, None)
        if isinstance(found, list) and not isinstance(node, ast.Module | ast.ClassDef):
            yield found


def _reads_what_it_sets(statement: ast.Assign) -> bool:
    """Tell whether a name is set anew from itself."""
    names = {node.id for target in statement.targets for node in ast.walk(target) if isinstance(node, ast.Name)}
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(statement.value))


def replaced(node: ast.AST, **members: object) -> ast.AST:
    """Copy a node with other members."""
    made = deepcopy(node)
    for name, value in members.items():
        setattr(made, name, value)
    return made


OPERATORS: Sequence[Callable[[ast.AST], Iterator[Change]]] = (
    compares,
    connects,
    negates,
    chooses,
    calculates,
    counts,
    reduces,
    forgets,
    omits,
    assigns,
    matches,
)
