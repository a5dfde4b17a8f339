"""Expressions of jmespath, read with every doubt named."""

import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from threading import Lock

from jmespath import exceptions

from chalicelib.core.expressions.functions import call_problem
from chalicelib.core.expressions.grammar import ROOT, SyntaxNode, tokens_of, tree_of
from chalicelib.core.expressions.mistakes import advice
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.value import value

MAX_EXPRESSION = LIMITS.expression_bytes
MAX_NESTING = LIMITS.expression_nesting
MAX_KEPT = 24_000_000
"""Bytes of the expressions that are kept: all that one definition can have, so that each of them is read once."""
_NODE_BYTES = 270
"""What a node of a tree takes, as measured."""

_LITERAL = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`((?:[^`\\]|\\.)*)`|(?P<open>['"`].*)""", re.DOTALL)

_CLOSED_BY = {"lparen": ")", "lbracket": "]", "filter": "]", "lbrace": "}"}
_STEPS = frozenset({"field", "index"})
_HERE = frozenset({"current", "identity", ROOT})
_CHAINS = frozenset({"index_expression", "subexpression"})

_LOOKUPS = frozenset(
    {"filter_projection", "flatten", "index_expression", "projection", "subexpression", "value_projection"}
)


class ExpressionError(ValueError):
    """What is wrong with an expression, and at which character (from 0) of it."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.offset = offset


@value
class Expression:
    """An expression that can be evaluated."""

    text: str
    tree: SyntaxNode
    names: frozenset[str] | None
    """What it can see of the scope; None: all of it."""
    path: Sequence[str | int] | None
    """The keys and indexes that lead to the value that is in scope already, if it only names one."""
    visits: int
    """Of a path: the nodes of its tree."""


class _LastRead:
    """The expressions that were asked for last, as many as MAX_KEPT has room for."""

    def __init__(self) -> None:
        self.found: OrderedDict[str, Expression] = OrderedDict()
        self.bytes = 0
        self.lock = Lock()

    def read(self, text: str) -> Expression:
        with self.lock:
            if text in self.found:
                self.found.move_to_end(text)
                return self.found[text]
            found = self.found[text] = _read(text)
            self.bytes += _size(found)
            while self.bytes > MAX_KEPT:
                self.bytes -= _size(self.found.popitem(last=False)[1])
            return found


_last_read = _LastRead()


def read_expression(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: it is no jmespath, calls an unknown function or one with a wrong number of arguments, is
            longer than MAX_EXPRESSION or deeper than MAX_NESTING.
    """
    return _last_read.read(text)


def _size(expression: Expression) -> int:
    return len(expression.text) + _NODE_BYTES * expression.visits


def _read(text: str) -> Expression:
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if len(text.encode(errors="replace")) > MAX_EXPRESSION:
        raise ExpressionError(beyond("expression_bytes", f"the expression is longer than {MAX_EXPRESSION} bytes"))
    _check_literals(text)
    try:
        tokens = tokens_of(text)
        _check_brackets(tokens)
        tree = tree_of(tokens)
    except exceptions.IncompleteExpressionError:
        raise ExpressionError(_incomplete(tokens_of(text)), len(text)) from None
    except exceptions.LexerError as error:
        raise _unreadable(text, error.lex_position) from None
    except exceptions.ParseError as error:
        if error.token_value == "":
            raise ExpressionError(_incomplete(tokens_of(text)), error.lex_position) from None
        raise _unreadable(text, error.lex_position) from None
    except RecursionError:
        raise _too_deep(0) from None
    if _taller(tree, MAX_NESTING):
        raise _too_deep(0)
    _check_slices(tree)
    _check_negations(tokens, tree)
    _check_calls(tokens, tree)
    nodes = [*nodes_of(tree)]
    kinds = {node["type"] for node in nodes}
    names = None if kinds & _HERE else frozenset(node["value"] for node in nodes if node["type"] == "field")
    path = [node["value"] for node in nodes if node["type"] in _STEPS] if kinds <= _STEPS | _HERE | _CHAINS else None
    return Expression(text, tree, names, path, len(nodes))


def _incomplete(tokens: Sequence[SyntaxNode]) -> str:
    """Say what is missing at the end."""
    waiting: list[str] = []
    for token in tokens:
        if token["type"] in _CLOSED_BY:
            waiting.append(_CLOSED_BY[token["type"]])
        elif waiting and token["value"] == waiting[-1]:
            waiting.pop()
    missing = f"a {waiting[-1]} is missing" if waiting else "something is missing behind its last sign"
    return f"the expression is incomplete: {missing}"


def _unreadable(text: str, offset: int) -> ExpressionError:
    literal = _LITERAL.match(text, offset)
    if literal and literal["open"]:
        return ExpressionError(f"a {text[offset]} is missing that closes this", offset)
    return ExpressionError(advice(text, offset), offset)


def _too_deep(offset: int) -> ExpressionError:
    return ExpressionError(
        beyond("expression_nesting", f"the expression nests deeper than {MAX_NESTING} levels"), offset
    )


def _check_literals(text: str) -> None:
    """Refuse a literal in backticks that is not JSON, which jmespath.py would take as a string with a warning."""
    for found in _LITERAL.finditer(text):
        if found[1] is not None:
            try:
                json.loads(found[1].replace("\\`", "`"))
            except (ValueError, RecursionError):
                reason = f"{found[0]} is not JSON: text is written in single quotes, as 'text'"
                raise ExpressionError(reason, found.start()) from None


def _check_brackets(tokens: Sequence[SyntaxNode]) -> None:
    depth = 0
    for token in tokens:
        if token["type"] in _CLOSED_BY:
            depth += 1
        elif token["type"] in {"rparen", "rbracket", "rbrace"}:
            depth -= 1
        if depth > MAX_NESTING:
            raise _too_deep(token["start"])


def _check_slices(tree: SyntaxNode) -> None:
    if any(node["type"] == "slice" and node["children"][2] == 0 for node in nodes_of(tree)):
        raise ExpressionError("a slice [start:end:step] needs a step that is not 0")


def _check_negations(tokens: Sequence[SyntaxNode], tree: SyntaxNode) -> None:
    """Refuse ``!a.b``, which jmespath.py reads as ``(!a).b``: what is in a truth is always null."""
    signs = (token for token in tokens if token["type"] == "not")
    for token, entered in zip(signs, _negations(tree), strict=True):
        if entered:
            reason = "! takes the name behind it only, and nothing is in a truth: write !(a.b) for !a.b"
            raise ExpressionError(reason, token["start"])


def _negations(node: SyntaxNode, *, entered: bool = False) -> Iterator[bool]:
    """Tell of every negation, in the order of the text, whether something is looked up in it."""
    if node["type"] == "not_expression":
        yield entered
    for place, child in enumerate(_written(node)):
        yield from _negations(child, entered=place == 0 and node["type"] in _LOOKUPS)


def _check_calls(tokens: Sequence[SyntaxNode], tree: SyntaxNode) -> None:
    """Check every call; a tree has no columns, so its calls are paired with the tokens in the order of the text."""
    names = (
        (token, before["type"] == "dot")
        for before, token, after in zip([{"type": ""}, *tokens], tokens, tokens[1:], strict=False)
        if token["type"] == "unquoted_identifier" and after["type"] == "lparen"
    )
    for (token, is_behind_dot), (name, arguments) in zip(names, _calls(tree), strict=True):
        if reason := call_problem(name, len(arguments)):
            hint = "; a function stands before what it takes, not behind a ." if is_behind_dot else ""
            raise ExpressionError(reason + hint, token["start"])


def _calls(node: SyntaxNode) -> Iterator[tuple[str, Sequence[SyntaxNode]]]:
    if node["type"] == "function_expression":
        yield node["value"], node["children"]
    for child in _written(node):
        yield from _calls(child)


def _written(node: SyntaxNode) -> list[SyntaxNode]:
    """Give what a node holds in the order of the text."""
    children = _children(node)
    if node["type"] == "filter_projection":
        left, right, condition = children
        return [left, condition, right]
    return children


def nodes_of(node: SyntaxNode) -> Iterator[SyntaxNode]:
    """Walk over a tree in the order of evaluation."""
    yield node
    for child in _children(node):
        yield from nodes_of(child)


def _children(node: SyntaxNode) -> list[SyntaxNode]:
    return [child for child in node["children"] if isinstance(child, dict)]


def _taller(node: SyntaxNode, levels: int) -> bool:
    return levels == 0 or any(_taller(child, levels - 1) for child in _children(node))
