"""The check of parameters and bodies against the schemas of chalicelib/openapi.yaml, compiled as contract.json.

The check is written out for the few keywords that requests have. ``core.schemas`` would load jsonschema, which takes
70 ms of CPU in a cold start of the API, where most requests need it for nothing else; this takes less than 1 ms.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping
from copy import copy
from functools import cache
from types import NoneType
from typing import Any
from urllib.parse import unquote

from chalicelib.core.limits import beyond
from chalicelib.core.values.bounds import bound_problem
from chalicelib.core.values.errors import InvalidError
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.values.value import copy_with

SHOWN = 100
"""Characters of a wrong text that an error repeats."""

Schema = Mapping[str, Any]


def parameter(schema: Schema, text: str | None) -> Json:
    """Read a parameter from its text; None: the request has none.

    Raises:
        InvalidError: it is not as the schema says.
    """
    if text is None:
        if "isRequired" in schema:
            raise _refusal(schema, "required", "")
        default: Json = schema.get("default")
        return default
    given: Json = text
    if schema.get("type") == ["integer"]:
        given = int(text) if _pattern("[0-9]{1,9}").fullmatch(text) else text
    elif schema.get("type") == ["boolean"]:
        given = {"true": True, "false": False}.get(text, text)
    elif schema.get("type") == ["array"]:
        given = [*text.split(",")]
    try:
        return checked(schema, given)
    except InvalidError:
        wrong = _unsupported(schema, text, _exceeded(schema, text))
        is_spare = not text and "isRequired" not in schema
        raise (InvalidError(f"{wrong}: it is empty, leave it out instead") if is_spare else wrong) from None


def _exceeded(schema: Schema, text: str) -> str:
    """Name the keyword of the limit that a parameter exceeds, or nothing."""
    if "maximum" in schema and text.isdecimal() and int(text[:SHOWN]) > schema["maximum"]:
        return "maximum"
    return "maxLength" if len(text) > schema.get("maxLength", len(text)) else ""


def _unsupported(schema: Schema, text: str, keyword: str) -> InvalidError:
    """Say what a parameter supports, and of what is much like one of its values, which one."""
    known = schema.get("items", schema).get("enum", ())
    wrong = [name for name in (text.split(",") if "items" in schema else [text]) if name not in known]
    if not known:
        return _refusal(schema, keyword, _shown(schema, text))
    shown = wrong[0][:SHOWN]
    said = str(_refusal(schema, "", shown))
    return InvalidError(said.replace(repr(shown), f"{shown!r}{near(shown, known)}", 1))


def checked(schema: Schema, given: Json) -> Json:
    """Check a JSON value, and give it back with the defaults of objects, and percent escapes decoded where they count.

    Raises:
        InvalidError: it is something else; the message is that of the schema.
    """
    if schema.keys() <= _OPEN and (problem := bound_problem(given)) is not None:
        raise InvalidError(f"a value in the body {problem}")
    for keyword, holds in _RULES.items():
        if keyword in schema and not holds(schema[keyword], given):
            raise _refusal(schema, keyword, _shown(schema, given), _written(given))
    found = _contents(schema, given)
    if "anyOf" not in schema:
        return found
    alternative = _any_of(schema, given)
    return found if "properties" in schema else alternative


def _contents(schema: Schema, given: Json) -> Json:
    """Check what is in an object or a list; decode a text."""
    if isinstance(given, dict) and not _MEMBERS.isdisjoint(schema):
        return _object(schema, given)
    if isinstance(given, list) and "items" in schema:
        return [_inside(schema["items"], item, place) for place, item in enumerate(given)]
    return unquote(given) if isinstance(given, str) and "x-percent-encoded" in schema else given


def _inside(schema: Schema, given: Json, place: int | str) -> Json:
    """Check an item of a list, or a member of an object; what is wrong with an item has its JSON pointer."""
    try:
        return checked(schema, given)
    except InvalidError as error:
        if isinstance(place, str) and not error.problems:
            raise
        found = error.problems or (Problem("", str(error)),)
        raise InvalidError(problems=[copy_with(each, pointer=f"/{place}{each.pointer}") for each in found]) from None


def _any_of(schema: Schema, given: Json) -> Json:
    """Check against alternatives; where none holds, the schema says why, or else its first alternative."""
    errors = []
    for alternative in schema["anyOf"]:
        try:
            return checked(alternative, given)
        except InvalidError as error:
            errors.append(error)
    raise _refusal(schema, "anyOf", "") if "x-message" in schema else errors[0]


def _object(schema: Schema, given: dict[str, Json]) -> Json:
    properties: Schema = schema.get("properties", {})
    _check_names(schema, given)
    if "if" in schema and not _holds(schema["if"], given):
        checked(schema["else"], given)
    found: dict[str, Json] = {}
    for name, inner in properties.items():
        if name in given and inner is False:
            raise _refusal(schema, "properties", name)
        if name in given:
            found[name] = _inside(inner, given[name], name)
        elif name in schema.get("required", ()):
            raise _refusal(inner, "required", "")
        elif inner and "default" in inner:
            found[name] = copy(inner["default"])
    return {**given, **found}


def _check_names(schema: Schema, given: Collection[str]) -> None:
    """Refuse members that an object does not have."""
    if schema.get("additionalProperties") is False and (unknown := set(given) - schema["properties"].keys()):
        name = min(unknown)
        said = str(_refusal(schema, "additionalProperties", name))
        raise InvalidError(said.replace(repr(name), f"{name!r}{near(name, schema['properties'])}", 1))
    if "propertyNames" in schema:
        names: Schema = schema["propertyNames"]
        if (wrong := next((name for name in given if not _holds(names, name)), None)) is not None:
            raise _refusal(names, "pattern", wrong)


def _holds(schema: Schema, given: Json) -> bool:
    try:
        checked(schema, given)
    except InvalidError:
        return False
    return True


def _refusal(schema: Schema, keyword: str, shown: str, written: str | None = None) -> InvalidError:
    """Say what is wrong, in the words of the contract: one text, or one for each keyword that has a text of its own."""
    message = schema.get("x-message", "")
    text: str = message if isinstance(message, str) else message.get(keyword, message["type"])
    said = text.replace("{member}", shown).replace("{value}", repr(shown) if written is None else written)
    if keyword == "type" and written and "string" in schema["type"] and written[0] in "-0123456789":
        said += f': write "{written}"'
    return InvalidError(beyond(schema["x-limit"], said) if keyword in _LIMITING and "x-limit" in schema else said)


def _shown(schema: Schema, given: Json) -> str:
    """Cut a text to what an error repeats."""
    if not isinstance(given, str):
        return ""
    return (unquote(given) if "x-percent-encoded" in schema else given)[:SHOWN]


def _written(given: Json) -> str | None:
    """Write what is no text, short: None for a text."""
    match given:
        case str():
            return None
        case list() | dict():
            return "[…]" if isinstance(given, list) else "{…}"
    return json.dumps(given)[:SHOWN]


_TYPES: Mapping[type, Collection[str]] = {
    str: {"string"},
    bool: {"boolean"},
    int: {"integer", "number"},
    float: {"number"},
    list: {"array"},
    dict: {"object"},
    NoneType: {"null"},
}
"""What JSON calls a value; 1.0 is no integer here."""

_OPEN = frozenset({"default", "x-message"})
"""What a schema has that leaves open what the value is."""

_MEMBERS = frozenset({"properties", "propertyNames", "additionalProperties", "if"})
"""Keywords about the members of an object."""

_LIMITING = frozenset({"maximum", "maxItems", "maxLength"})
"""Keywords of a limit."""

_pattern = cache(re.compile)

_RULES: Mapping[str, Callable[[Any, Any], bool]] = {
    "type": lambda types, given: any(name in _TYPES[type(given)] for name in types),
    "enum": lambda allowed, given: given in allowed,
    "pattern": lambda text, given: not isinstance(given, str) or bool(_pattern(text).fullmatch(given)),
    "minimum": lambda least, given: not isinstance(given, int | float) or given >= least,
    "maximum": lambda most, given: not isinstance(given, int | float) or given <= most,
    "minLength": lambda least, given: not isinstance(given, str) or len(given) >= least,
    "maxLength": lambda most, given: not isinstance(given, str) or len(given) <= most,
    "minItems": lambda least, given: not isinstance(given, list) or len(given) >= least,
    "maxItems": lambda most, given: not isinstance(given, list) or len(given) <= most,
    "maxProperties": lambda most, given: not isinstance(given, dict) or len(given) <= most,
}
"""By keyword, whether a value is as the keyword asks; the first that it breaks is the one that counts."""


def near(name: str, known: Collection[str]) -> str:
    """Write `` (did you mean …?)`` where a name is a known one in another spelling, or much like one, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only what is wrong is compared

    letters = _letters(name[:SHOWN])
    close = [each for each in known if _letters(each) == letters] or get_close_matches(name[:SHOWN], known, n=1)
    return "".join(f" (did you mean {match!r}?)" for match in close[:1])


def _letters(name: str) -> str:
    """Write a name as ``TIMED_OUT``, ``timed-out`` and ``timedOut`` are alike."""
    return name.replace("_", "").replace("-", "").casefold()
