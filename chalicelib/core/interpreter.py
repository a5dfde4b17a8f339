"""Expressions of jmespath: read with every doubt named, evaluated within a budget."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from json.encoder import encode_basestring
from typing import Any, TypeAlias

import jmespath
from jmespath import exceptions
from jmespath.lexer import Lexer
from jmespath.visitor import Options, TreeInterpreter

from chalicelib.core.errors import TemplateBudgetError, TemplateError
from chalicelib.core.functions import Functions, call_problem, parameters_of
from chalicelib.core.values import Json

MAX_EXPRESSION = 1024
"""Bytes of one expression."""

MAX_NESTING = 64
"""Levels of one expression; each costs some frames of Python's stack."""

MAX_VISITS = 20_000
"""Nodes visited in one rendering."""

MAX_RESULT = 1 << 20
"""Bytes, as JSON, of what the expressions of one rendering yield, and of any value on the way."""

MAX_BUILT = 4 << 20
"""Bytes, as JSON, of all that one rendering builds on the way; what is shared counts once."""

MAX_DEPTH = 256
"""Levels of lists and objects in a value."""

_MAX_BITS = 14_285
"""What 4,300 digits need, which is as many as Python reads and writes."""

_BUILDERS = frozenset(
    {
        "filter_projection",
        "flatten",
        "function_expression",
        "multi_select_dict",
        "multi_select_list",
        "projection",
        "slice",
        "value_projection",
    }
)
_LITERAL = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`((?:[^`\\]|\\.)*)`""", re.DOTALL)

_Node: TypeAlias = Mapping[str, Any]


class ExpressionError(ValueError):
    """What is wrong with an expression, and at which character (from 0) of it."""

    def __init__(self, reason: str, offset: int = 0) -> None:
        super().__init__(reason)
        self.offset = offset


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression that can be evaluated."""

    text: str
    tree: _Node


@lru_cache(maxsize=2048)
def read_expression(text: str) -> Expression:
    """Read an expression.

    Raises:
        ExpressionError: it is no jmespath, calls an unknown function or one with a wrong number of arguments, is
            longer than MAX_EXPRESSION or deeper than MAX_NESTING.
    """
    if not text.strip():
        raise ExpressionError("the expression is empty")
    if len(text.encode(errors="replace")) > MAX_EXPRESSION:
        raise ExpressionError(f"the expression is longer than {MAX_EXPRESSION} bytes")
    _check_literals(text)
    try:
        tokens = list(Lexer().tokenize(text))
        _check_brackets(tokens)
        tree = jmespath.compile(text).parsed
    except exceptions.LexerError as error:
        raise ExpressionError(error.message, error.lex_position) from None
    except exceptions.IncompleteExpressionError:
        raise ExpressionError("the expression is incomplete", len(text)) from None
    except exceptions.ParseError as error:
        at_end = error.token_type == "EOF"
        reason = "the expression is incomplete" if at_end else f"{error.msg} ({error.token_value!r})"
        raise ExpressionError(reason, error.lex_position) from None
    except RecursionError:
        raise _too_deep(0) from None
    if _taller(tree, MAX_NESTING):
        raise _too_deep(0)
    _check_calls(tokens, tree)
    return Expression(text, tree)


def _too_deep(offset: int) -> ExpressionError:
    return ExpressionError(f"the expression nests deeper than {MAX_NESTING} levels", offset)


def _check_literals(text: str) -> None:
    """Refuse a literal in backticks that is not JSON, which jmespath.py would take as a string with a warning."""
    for found in _LITERAL.finditer(text):
        if found[1] is not None:
            try:
                json.loads(found[1].replace("\\`", "`"))
            except (ValueError, RecursionError):
                reason = f"{found[0]} is not JSON: text is written in single quotes, as 'text'"
                raise ExpressionError(reason, found.start()) from None


def _check_brackets(tokens: Sequence[_Node]) -> None:
    depth = 0
    for token in tokens:
        if token["type"] in {"lparen", "lbracket", "filter", "lbrace"}:
            depth += 1
        elif token["type"] in {"rparen", "rbracket", "rbrace"}:
            depth -= 1
        if depth > MAX_NESTING:
            raise _too_deep(token["start"])


def _check_calls(tokens: Sequence[_Node], tree: _Node) -> None:
    """Check every call; a tree has no columns, so its calls are paired with the tokens in the order of the text."""
    names = (
        token
        for token, after in pairwise(tokens)
        if token["type"] == "unquoted_identifier" and after["type"] == "lparen"
    )
    for token, (name, count) in zip(names, _calls(tree), strict=True):
        if reason := call_problem(name, count):
            raise ExpressionError(reason, token["start"])


def _calls(node: _Node) -> Iterator[tuple[str, int]]:
    children = _children(node)
    if node["type"] == "function_expression":
        yield node["value"], len(children)
    elif node["type"] == "filter_projection":
        left, right, condition = children
        children = [left, condition, right]
    for child in children:
        yield from _calls(child)


def _children(node: _Node) -> list[_Node]:
    return [child for child in node["children"] if isinstance(child, dict)]


def _taller(node: _Node, levels: int) -> bool:
    return levels == 0 or any(_taller(child, levels - 1) for child in _children(node))


class Interpreter(TreeInterpreter):
    """Evaluates the expressions of one rendering, which share one budget.

    Args:
        values: what expressions see, by name.
        functions: what they may call.
    """

    def __init__(self, values: Mapping[str, Json], functions: Functions) -> None:
        super().__init__(Options(custom_functions=functions))
        self._root = dict(values)
        self._library = functions
        self._scales = _Scales()
        self._visits = 0
        self._yielded = 0

    def evaluate(self, expression: Expression) -> Json:
        """Evaluate one expression.

        Raises:
            TemplateBudgetError: the rendering costs more than its budget.
            TemplateError: a function got what it cannot take, or the result is not JSON.
        """
        try:
            value: Json = self.visit(expression.tree, self._root)
            self._yielded += self._scales.size(value)
            if self._yielded > MAX_RESULT:
                raise _over_budget(f"yields more than {MAX_RESULT:,} bytes")
        except TemplateBudgetError as error:
            raise TemplateBudgetError(f"${{{expression.text}}} {error}") from None
        except (ValueError, TypeError, ArithmeticError) as error:
            raise TemplateError(f"${{{expression.text}}}: {_reason(error)}") from None
        except RecursionError:
            raise TemplateError(f"${{{expression.text}}}: nests too deeply") from None
        return value

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 (the signature of TreeInterpreter)
        """Count the visit, and weigh what it has built."""
        self._visits += 1
        if self._visits > MAX_VISITS:
            raise _over_budget(f"costs more than {MAX_VISITS:,} steps")
        kind = node["type"]
        value = getattr(self, f"visit_{kind}")(node, *args, **kwargs)
        if kind in _BUILDERS:
            self._scales.size(value)
        return value

    def visit_function_expression(self, node: Any, value: Any) -> Any:  # noqa: ANN401 (the same)
        """Call a function; a lazy parameter gets its argument unevaluated."""
        parameters = parameters_of(node["value"])
        lazy = [parameter.get("lazy") for parameter in parameters]
        arguments = [
            partial(self.visit, child, value) if place < len(lazy) and lazy[place] else self.visit(child, value)
            for place, child in enumerate(node["children"])
        ]
        return self._library.call_function(node["value"], arguments)


class _Scales:
    """Weighs values in bytes of JSON, each list and object once, and refuses what is too heavy or no JSON."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, int, int]] = {}
        self._weighed = 0

    def size(self, value: object) -> int:
        return self._weigh(value)[0]

    def _weigh(self, value: object) -> tuple[int, int]:
        """Give the bytes and the levels of a value."""
        if not isinstance(value, list | dict):
            size = _scalar_size(value)
            self._weighed += size
            if self._weighed > MAX_BUILT:
                raise _over_budget(f"builds more than {MAX_BUILT:,} bytes on the way")
            return size, 0
        known = self._known.get(id(value))
        if known is None:
            # keeping the value keeps its id from being given to another
            known = self._known[id(value)] = (value, *self._weigh_parts(value))
        return known[1], known[2]

    def _weigh_parts(self, value: list[object] | dict[str, object]) -> tuple[int, int]:
        size, height = 2, 0
        for part in value if isinstance(value, list) else (*value, *value.values()):
            part_size, part_height = self._weigh(part)
            size += part_size + 1
            height = max(height, part_height)
            if size > MAX_RESULT:
                raise _over_budget(f"makes a value of more than {MAX_RESULT:,} bytes")
        if height >= MAX_DEPTH:
            raise _over_budget(f"makes a value of more than {MAX_DEPTH} levels")
        self._weighed += 2
        return size, height + 1


def _scalar_size(value: object) -> int:
    match value:
        case None | bool():
            return 5
        case str():
            if len(value) > MAX_RESULT:
                raise _over_budget(f"makes a text of more than {MAX_RESULT:,} bytes")
            return len(encode_basestring(value).encode())
        case float() if not math.isfinite(value):
            raise ValueError("the result is not a finite number")
        case int() if value.bit_length() > _MAX_BITS:
            raise ValueError("the result is a number of more than 4,300 digits")
        case int() | float():
            return len(repr(value))
        case _:
            raise ValueError("an expression reference (&) is no value")


def _over_budget(reason: str) -> TemplateBudgetError:
    return TemplateBudgetError(reason)


def _reason(error: Exception) -> str:
    if isinstance(error, exceptions.JMESPathTypeError):
        return f"{error.function_name}() takes {' or '.join(error.expected_types)}, not {error.actual_type}"
    if isinstance(error, ZeroDivisionError):
        return "division by zero"
    return str(error.args[-1] if isinstance(error, OverflowError) else error)[:300]
