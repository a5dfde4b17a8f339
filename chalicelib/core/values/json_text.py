"""JSON as text from outside, read to values that every part of sedo can hold."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import NoReturn

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.bounds import MAX_DEPTH, MAX_DIGITS, bound_problem, members_problem
from chalicelib.core.values.errors import MalformedError, TooLargeError
from chalicelib.core.values.json import Json, Path, Problem, pointer, uncollected

MAX_BODY_DEPTH = LIMITS.body_depth

_SURROGATE = re.compile("[\ud800-\udfff]")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def read_json(text: bytes, limit: int, levels: int = MAX_DEPTH) -> Json:
    """Read JSON (RFC 8259) in UTF-8; a byte order mark before it is passed over.

    Args:
        text: the JSON.
        limit: how many bytes it may have.
        levels: how deep it may nest.

    Raises:
        MalformedError: it is something else, has duplicate keys, NaN or infinity, or half of a surrogate pair, or is
            more than a value may be. The problem has line and column where JSON's syntax is broken.
        TooLargeError: it has more bytes.
    """
    decoded = decode_utf8(text, limit)
    if (problem := members_problem(decoded)) is not None:
        refuse(f"it {problem}")
    try:
        value: Json = uncollected(_loads, decoded)
    except json.JSONDecodeError as error:
        refuse(f"this is not JSON: {_mistake(error)}", line=error.lineno, column=error.colno)
    except RecursionError:
        refuse(f"it nests deeper than {levels} levels")
    if (problem := bound_problem(value, levels)) is not None:
        refuse(f"it {problem}")
    if _ESCAPED_SURROGATE.search(decoded):  # to look at every text of 6 MB would take seconds
        _check(value, ())
    return value


_MISTAKES = {
    "Expecting property name": "a name in double quotes is missing here",
    "Expecting value": "a value is missing here",
    "Expecting ','": "a comma is missing here",
    "Expecting ':'": "a colon is missing here",
    "Extra data": "there is more behind its end",
    "Unterminated string": "the text that begins here does not end",
    "Invalid control character": "a control character of a text must be escaped",
    "Illegal trailing comma": "nothing comes after this comma",
}
"""What is wrong where the reader of JSON stops, by what it says then; all else are escapes."""


def _mistake(error: json.JSONDecodeError) -> str:
    found = (words for said, words in _MISTAKES.items() if error.msg.startswith(said))
    return next(found, "there is no such escape")


def read_inner(text: bytes, limit: int) -> Json:
    """Read JSON that a value is to have inside: see :func:`read_json`.

    Raises:
        MalformedError, TooLargeError: see there.
    """
    return read_json(text, limit, MAX_DEPTH - 1)


def _loads(text: str) -> Json:
    read = partial(json.loads, object_pairs_hook=_object, parse_constant=_no_number, parse_float=read_float)
    try:
        value: Json = read(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer too long to read: again, to say which one
        value = read(text, parse_int=read_integer)
    return value


def decode_utf8(text: bytes, limit: int) -> str:
    """Read text in UTF-8 of so many bytes at most, without a byte order mark before it.

    Raises:
        MalformedError, TooLargeError: it is something else, or longer.
    """
    if len(text) > limit:
        said = f"the body has {len(text):,} bytes, and {limit:,} are allowed"
        raise TooLargeError(beyond(_BODIES[limit], said) if limit in _BODIES else said)
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        refuse(f"this is not UTF-8: byte {error.start + 1} cannot be read")


_BODIES = {getattr(LIMITS, name): name for name in ("body_bytes", "payload_bytes", "lambda_answer_bytes")}
"""Limits of bodies, by their bytes."""


def _object(pairs: Sequence[tuple[str, Json]]) -> Json:
    made = dict(pairs)
    seen = set[str]()
    for name, _ in pairs if len(made) < len(pairs) else ():
        if name in seen:
            refuse(f"the key {name!r} is there twice in one object")
        seen.add(name)
    return made


def _no_number(name: str) -> NoReturn:
    refuse(f"this is not JSON: there is no number `{name}`")


def read_float(text: str) -> float:
    """Read a number with a fraction or an exponent.

    Raises:
        MalformedError: it is too large.
    """
    value = float(text)
    if math.isinf(value):
        refuse(f"the number {text[:40]} is too large")
    return value


def read_integer(text: str) -> int:
    """Read a whole number.

    Raises:
        MalformedError: it has too many digits.
    """
    if len(text.lstrip("-")) > MAX_DIGITS:
        refuse(beyond("number_digits", f"the integer {text[:40]}… has more than {MAX_DIGITS:,} digits"))
    return int(text)


def _check(value: Json, path: Path) -> None:
    """Refuse text that UTF-8 cannot hold."""
    if isinstance(value, str) and _SURROGATE.search(value):
        refuse("the text holds half of a surrogate pair", path)
    members: Iterable[tuple[str | int, Json]] = ()
    if isinstance(value, list):
        members = enumerate(value)
    elif isinstance(value, dict):
        members = value.items()
        if any(_SURROGATE.search(key) for key in value):
            refuse("a key holds half of a surrogate pair", path)
    for key, inner in members:
        _check(inner, (*path, key))


def refuse(message: str, path: Path = (), line: int | None = None, column: int | None = None) -> NoReturn:
    """Refuse a document for what is wrong at a place of it.

    Raises:
        MalformedError: always.
    """
    raise MalformedError(problems=[Problem(pointer(path), message, line, column)])
