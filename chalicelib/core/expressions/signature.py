"""What the template functions are made with: the kinds of their arguments, and the limits of what they make."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NotRequired, TypedDict, TypeVar, cast

from jmespath import functions

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.decimals import Number
from chalicelib.core.values.errors import EvaluationError, TemplateBudgetError

Function = TypeVar("Function", bound=Callable[..., Any])

MAX_TEXT = LIMITS.function_text
MAX_ITEMS = LIMITS.function_items


class Parameter(TypedDict):
    """One argument of a function, in the terms of jmespath and two more."""

    types: list[str]
    variadic: NotRequired[bool]
    optional: NotRequired[bool]
    lazy: NotRequired[bool]
    """The function gets a callable that evaluates the argument, so an unused one is never evaluated."""


KINDS = {
    "null": "null",
    "array": "a list",
    "array-number": "a list of numbers",
    "array-string": "a list of texts",
    "boolean": "a boolean",
    "expref": "an expression with & before it",
    "number": "a number",
    "object": "an object",
    "string": "a text",
    "str": "one with a text",
    "int": "one with a number",
    "float": "one with a number",
    "bool": "one with a boolean",
    "NoneType": "one with null",
    "list": "one with a list",
    "dict": "one with an object",
}
"""What jmespath calls kinds of values, and those of items of a list, in words."""

ANY: Parameter = {"types": ["array", "boolean", "null", "number", "object", "string"]}
ARRAY: Parameter = {"types": ["array"]}
LAZY: Parameter = {"types": [], "lazy": True}
NUMBER: Parameter = {"types": ["number"]}
NUMBER_OR_TEXT: Parameter = {"types": ["number", "string"]}
OBJECT: Parameter = {"types": ["object"]}
OBJECT_OR_NULL: Parameter = {"types": ["object", "null"]}
TEXT: Parameter = {"types": ["string"]}
TEXTS: Parameter = {"types": ["array-string"]}

signature = cast("Callable[..., Callable[[Function], Function]]", functions.signature)
"""Declare a function's parameters (jmespath.py, "Custom Functions")."""


def optional(parameter: Parameter) -> Parameter:
    """Let an argument be left out."""
    return {**parameter, "optional": True}


def rest(parameter: Parameter) -> Parameter:
    """Let an argument be given once or more."""
    return {**parameter, "variadic": True}


def arity_problem(name: str, parameters: Sequence[Parameter], count: int) -> str | None:
    """Say what is wrong with a number of arguments, or nothing."""
    least = sum(not parameter.get("optional") for parameter in parameters)
    most = None if parameters and parameters[-1].get("variadic") else len(parameters)
    if count >= least and (most is None or count <= most):
        return None
    least_or_range = f"{least}" if least == most else f"{least} to {most}"
    expected = f"at least {least}" if most is None else least_or_range
    return f"{name}() takes {expected} argument{'' if expected.endswith('1') else 's'}, not {count}"


def compact(value: object) -> str:
    """Write a value as JSON without spaces.

    Raises:
        EvaluationError: it holds a number that JSON cannot write.
    """
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_refuse)


def as_text(value: object) -> str:
    """Write a value into a text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else compact(value)


def joined(separator: str, texts: Sequence[str]) -> str:
    """Join texts.

    Raises:
        TemplateBudgetError: the result is longer than MAX_TEXT.
    """
    check_text(sum(map(len, texts)) + len(separator) * max(0, len(texts) - 1))
    return separator.join(texts)


def whole(number: Number, what: str) -> int:
    """Take a whole number, ``2`` or ``2.0``.

    Raises:
        EvaluationError: it has a fraction.
    """
    if number != int(number):
        raise EvaluationError(f"{what} is {number}: a whole number is needed")
    return int(number)


def check_text(length: int) -> None:
    """Refuse a text that is too long, before it is made.

    Raises:
        TemplateBudgetError: it would be longer than MAX_TEXT.
    """
    if length > MAX_TEXT:
        raise TemplateBudgetError(beyond("function_text", f"makes a text of more than {MAX_TEXT:,} characters"))


def check_items(count: int) -> None:
    """Refuse a list that is too long, before it is made.

    Raises:
        TemplateBudgetError: it would hold more than MAX_ITEMS.
    """
    if count > MAX_ITEMS:
        raise TemplateBudgetError(beyond("function_items", f"makes a list of more than {MAX_ITEMS:,} items"))


def _refuse(value: object) -> None:
    raise EvaluationError(f"{type(value).__name__.strip('_').lower()} is not a JSON value")
