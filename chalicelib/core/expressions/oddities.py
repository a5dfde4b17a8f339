"""What is odd about expressions that can be read: what can only fail, or never means what it says."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from chalicelib.core.expressions.expression import Expression, nodes_of
from chalicelib.core.expressions.functions import Functions, argument_problem, is_function
from chalicelib.core.expressions.functions_data import is_true
from chalicelib.core.expressions.grammar import SyntaxNode
from chalicelib.core.values.errors import EvaluationError, StepError
from chalicelib.core.values.json import Json
from chalicelib.core.values.pattern import PatternError

_TRIES = 500
"""Calls that are tried, of all expressions together."""
_INSTANT = "2026-01-31T09:00:00Z"
_SAMPLES: Mapping[str, Sequence[Json]] = {
    "add_time": (_INSTANT, 1, "seconds", "UTC"),
    "base64_decode": ("", "utf-8"),
    "chunk": ([], 1),
    "format": (),
    "format_time": (_INSTANT, "%Y", "UTC"),
    "hash": ("", "sha256"),
    "match": ("", ""),
    "replace": ("", "a", ""),
    "split": ("", "a"),
}
"""Functions that take some texts and numbers only, and arguments that they take; the empty text stands for others."""
_TIMES = frozenset({"format_time", "parse_time"})
_ORDERS = frozenset({"gt", "gte", "lt", "lte"})
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


class Oddities:
    """Says what is odd about the expressions of one document."""

    def __init__(self) -> None:
        self.left = _TRIES

    def __call__(self, expression: Expression) -> Iterator[str]:
        """Say what is odd about an expression."""
        if expression.tree["type"] == "expref":
            yield "& stands before what a function does with each item, as in map(&price, list): it is no value"
        for node in nodes_of(expression.tree) if expression.path is None else ():
            match node["type"]:
                case "function_expression":
                    said = argument_problem(node["value"], node["children"])
                    said = said or _of_time(node["value"], node["children"]) or self._tried(**node)
                    yield from [said] if said else ()
                case "comparator" if node["value"] in _ORDERS:
                    yield from _order(node["children"])
                case "pipe":
                    yield from _piped(node["children"][1])
                case "or_expression" if _is_taken(node["children"][0]):
                    yield "what stands before || is always taken: texts are joined by join('', [a, b])"
                case "literal" if isinstance(node["value"], str) and "${" in node["value"]:
                    yield "no ${ } is read within an expression: texts are joined by join('', [a, b])"

    def _tried(self, value: str, children: Sequence[SyntaxNode], **_: object) -> str | None:
        """Call a function with the arguments that are written, and with samples for the others."""
        written = [child["type"] == "literal" for child in children]
        telling = written[:1] if value == "format" else written[1:]
        if value not in _SAMPLES or not any(telling) or self.left == 0:
            return None
        self.left -= 1
        samples = [*_SAMPLES[value], *[""] * len(children)]
        given = [
            child["value"] if child["type"] == "literal" else samples[place] for place, child in enumerate(children)
        ]
        try:
            Functions(datetime(2026, 1, 31, tzinfo=UTC), "").call_function(value, given)
        except (EvaluationError, PatternError, StepError) as error:
            return str(error)
        return None


def _of_time(name: str, arguments: Sequence[SyntaxNode]) -> str | None:
    """Say how the format of a time is written."""
    written = arguments[1]["value"] if name in _TIMES and len(arguments) > 1 else None
    if arguments and written is not None and arguments[1]["type"] == "literal" and "%" not in str(written):
        return f"{name}() reads letters behind % alone, as in '%Y-%m-%dT%H:%M'"
    return None


def condition_remarks(expression: Expression) -> Iterator[str]:
    """Say what is odd about an expression because it is to be true or not."""
    node = expression.tree
    if node["type"] == "literal" and is_true(node["value"]) and node["value"] is not True:
        yield "this is always true, as numbers are, and texts that are not empty: compare it, as in a == 'x'"


def _order(sides: Sequence[SyntaxNode]) -> Iterator[str]:
    """Say which values have no order, or another one than is meant."""
    for side in sides:
        if side["type"] == "comparator":
            yield "a comparison has no order: write a < b && b < c for a < b < c"
        value = side["value"] if side["type"] == "literal" else None
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            yield f"'{value}' is a text, and texts are compared by their characters: the number is written `{value}`"
        elif isinstance(value, bool | list | dict):
            yield "only numbers and texts have an order"


def _is_taken(node: SyntaxNode) -> bool:
    """Tell whether a value is always what || gives, as it is written and not empty."""
    if node["type"] == "or_expression":
        return any(map(_is_taken, node["children"]))
    return node["type"] == "literal" and is_true(node["value"])


def _piped(node: SyntaxNode) -> Iterator[str]:
    """Say that a function is not called by its name alone."""
    if node["type"] == "field" and "quoted" not in node and is_function(node["value"]):
        yield f"{node['value']!r} is a name here: a function is called, as {node['value']}(@)"
