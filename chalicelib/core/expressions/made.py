"""Values that an expression makes, in place of reading them: what they are made of."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

At: TypeAlias = tuple[str, ...] | None
"""The names that lead from the scope to a value, or None if only evaluating can tell which value it is."""
How: TypeAlias = Literal["chunks", "either", "list", "object", "of type", "zip"]


@value
class Made:
    """A value that is made of others."""

    shown: str
    """What made it, as messages show it: ``merge(…)``."""
    how: How
    """``either`` is one of the sources, or has the members of all; a ``list`` has items like the sources."""
    sources: Sequence[At] = ()
    """Where the values stand that it is made of."""
    names: Sequence[str] = ()
    """Of an ``object``: those of its members, for each of the sources."""
    schema: Json = True
    """Of what is ``of type``: its JSON Schema."""


_BOOLEAN: Json = {"type": "boolean"}
_NUMBER: Json = {"type": "number"}
_TEXT: Json = {"type": "string"}
_TEXTS: Json = {"type": "array", "items": _TEXT}
_GIVES: Mapping[str, Json] = {
    **dict.fromkeys(("contains", "ends_with", "glob", "has", "starts_with"), _BOOLEAN),
    **dict.fromkeys(("abs", "add", "avg", "ceil", "divide", "floor", "length", "modulo", "multiply", "power"), _NUMBER),
    **dict.fromkeys(("round", "seconds_between", "subtract", "sum", "to_number"), _NUMBER),
    **dict.fromkeys(("base64_decode", "base64_encode", "format", "hash", "join", "lower", "replace"), _TEXT),
    **dict.fromkeys(("substring", "to_json", "to_string", "trim", "type", "upper", "url_encode", "uuid"), _TEXT),
    **dict.fromkeys(("add_time", "format_time", "now", "parse_time"), _TEXT),
    **dict.fromkeys(("keys", "match", "split"), _TEXTS),
    "flatten_deep": {"type": "array"},
    "range": {"type": "array", "items": _NUMBER},
    "to_array": {"type": "array"},
}
"""What functions give whatever they are given, or null."""
_JOINS: Mapping[str, tuple[How, int]] = {
    "chunk": ("chunks", 0),
    "default": ("either", 0),
    "if": ("either", 1),
    "merge": ("either", 0),
    "not_null": ("either", 0),
    "zip": ("zip", 0),
}
"""How functions join what they are given, and which argument is the first of it."""
OF_OPERATIONS: Mapping[str, Made] = {
    "comparator": Made("a comparison", "of type", schema=_BOOLEAN),
    "not_expression": Made("!…", "of type", schema=_BOOLEAN),
}
"""What operations make, by the type of their node."""


def made_by(name: str, given: Sequence[At]) -> Made | None:
    """Tell what a function makes of what it is given; None if that cannot be told."""
    shown = f"{name}(…)" if given else f"{name}()"
    if name in _GIVES:
        return Made(shown, "of type", schema=_GIVES[name])
    if name not in _JOINS:
        return None
    how, first = _JOINS[name]
    return Made(shown, how, given[first:])
