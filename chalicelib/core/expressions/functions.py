"""The functions of templates: those of jmespath, made safe where they need it, and sedo's own.

The docstring of each of sedo's own functions is its documentation: how it is called, what it gives, and examples,
one a line as ``expression -> result``.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from difflib import get_close_matches
from itertools import chain, repeat
from typing import Any

from jmespath import functions
from jmespath.exceptions import JMESPathTypeError

from chalicelib.core.expressions.functions_data import DataFunctions
from chalicelib.core.expressions.functions_numbers import NumberFunctions
from chalicelib.core.expressions.functions_text import TextFunctions
from chalicelib.core.expressions.functions_time import TimeFunctions
from chalicelib.core.expressions.signature import (
    KINDS,
    TEXT,
    TEXTS,
    Parameter,
    arity_problem,
    as_text,
    joined,
)
from chalicelib.core.expressions.signature import signature as takes
from chalicelib.core.values.decimals import Number
from chalicelib.core.values.errors import EvaluationError
from chalicelib.core.values.json import Json

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class Functions(NumberFunctions, TextFunctions, TimeFunctions, DataFunctions, functions.Functions):
    """Every function that a template may call, for one rendering.

    Args:
        now: what ``now()`` gives.
        seed: what ``uuid()`` is derived from; another one for every rendering.
    """

    def __init__(self, now: datetime, seed: str) -> None:
        super().__init__(now)
        self._seed = seed
        self._made = 0

    def _create_key_func(self, expref: Any, allowed_types: Sequence[str], function_name: str) -> Callable[[Json], Json]:  # noqa: ANN401 - of jmespath
        """Make what gives the key of an item; keys of one list are all numbers or all texts."""
        key_of = super()._create_key_func(expref, allowed_types, function_name)  # type: ignore[misc] # the stubs leave it out
        kinds: set[bool] = set()

        def key(item: Json) -> Json:
            try:
                found: Json = key_of(item)
            except JMESPathTypeError as error:
                if error.current_value is not None:
                    raise
                reason = "and the key of an item is null: leave such items out by a filter, as list[?key]"
                raise EvaluationError(f"{function_name}() compares numbers or texts, {reason}") from None
            kinds.add(isinstance(found, str))
            if len(kinds) > 1:
                raise EvaluationError(
                    f"{function_name}() compares numbers or texts, not a text and a number: to_number() reads a number"
                )
            return found

        return key

    @takes()
    def _func_uuid(self) -> str:
        """uuid(): an identifier (RFC 9562, version 8), derived from execution, thread and visit, so a retry has it too.

        length(uuid()) -> 36
        """
        self._made += 1
        digest = bytearray(hashlib.sha256(f"{self._seed}\n{self._made}".encode()).digest()[:16])
        digest[6] = digest[6] & 0x0F | 0x80
        digest[8] = digest[8] & 0x3F | 0x80
        text = digest.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))

    @takes({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Sequence[Json] | str, search: Json) -> bool:
        if isinstance(subject, str) and not isinstance(search, str):
            raise EvaluationError("contains() looks in a text for a text: to_string() makes one")
        return search in subject

    @takes(TEXT, TEXTS)
    def _func_join(self, separator: str, texts: Sequence[str]) -> str:
        return joined(separator, texts)

    @takes({"types": []})
    def _func_to_string(self, value: Json) -> str:
        return as_text(value)

    @takes({"types": []})
    def _func_to_number(self, value: Json) -> Number | None:
        if isinstance(value, str) and _NUMBER.fullmatch(value):
            try:
                number: Number = json.loads(value)
            except ValueError:
                return None
            return number
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None

    def _validate_arguments(self, args: Sequence[Any], signature: Sequence[Parameter], function_name: str) -> None:
        """Check types only: the number of arguments was checked when the expression was read."""
        parameters = chain(signature, repeat(signature[-1])) if args else ()
        for value, parameter in zip(args, parameters, strict=False):
            if parameter["types"]:
                check = self._type_check_single  # type: ignore[attr-defined] # the stubs leave it out
                check(value, parameter["types"], function_name)


def is_function(name: str) -> bool:
    """Tell whether there is a function of a name."""
    return name in Functions.FUNCTION_TABLE


def parameters_of(name: str) -> Sequence[Parameter]:
    """Give the parameters of a function by its name."""
    parameters: Sequence[Parameter] = Functions.FUNCTION_TABLE[name]["signature"]
    return parameters


def usage(name: str) -> str:
    """Write how a function is called, with names for its arguments."""
    from chalicelib.core.expressions.other_functions import USAGE  # noqa: PLC0415 - only mistakes need it

    about = getattr(Functions, f"_func_{name}").__doc__ or USAGE[name]
    written: str = about.partition("): ")[0]
    return written if written == about else f"{written})"


def argument_problem(name: str, arguments: Sequence[Mapping[str, Any]]) -> str | None:
    """Say what is wrong with arguments that are told by their text: literals, and expressions with & before them."""
    parameters = parameters_of(name)
    for place, argument in enumerate(arguments):
        parameter = parameters[min(place, len(parameters) - 1)]
        taken, given = parameter["types"], argument["type"]
        if taken and (("expref" in taken) is not (given == "expref")):
            return f"{name}() takes {kinds_in_words(taken)} as argument {place + 1}: write {usage(name)}"
        kind = _kind(argument["value"]) if given == "literal" else None
        if kind and taken and kind not in {each.partition("-")[0] for each in taken}:
            words = kinds_in_words(taken)
            return f"{name}() takes {words} as argument {place + 1}, not {KINDS[kind]}: write {usage(name)}"
    return None


def kinds_in_words(taken: Sequence[str]) -> str:
    """Name the kinds of values that an argument can be of."""
    return " or ".join(dict.fromkeys(KINDS[each] for each in taken))


def _kind(value: Json) -> str:
    """Name the kind of a value as jmespath does."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
    return "array" if isinstance(value, list) else "object"


def call_problem(name: str, count: int) -> str | None:
    """Say what is wrong with calling a function with so many arguments, or nothing."""
    if is_function(name):
        problem = arity_problem(name, parameters_of(name), count)
        return problem and f"{problem}: write {usage(name)}"
    if name in {"secret", "secrets"}:
        return "a secret is no value: write ${secret('name')} by itself, its name as a text"
    from chalicelib.core.expressions.other_functions import instead  # noqa: PLC0415 - only mistakes need it

    if right := instead(name):
        return f"there is no function {name}(): {right}"
    near = [name.lower()] if is_function(name.lower()) else get_close_matches(name, _of_its_letters(name), n=1)
    return f"there is no function {name}()" + (f": is it {near[0]}()?" if near else "")


_LETTERS = {name: frozenset(name) for name in Functions.FUNCTION_TABLE}


def _of_its_letters(name: str) -> Sequence[str]:
    """Find the functions that share most of their letters with a name: comparing it with all of them takes long."""
    letters = frozenset(name)
    return [each for each, its in _LETTERS.items() if 2 * len(letters & its) >= max(len(letters), len(its))]
