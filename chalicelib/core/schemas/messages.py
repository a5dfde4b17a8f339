"""What is wrong with an instance, in sedo's words and with values as JSON: jsonschema writes them as Python does."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.core.limits import LIMITS, beyond, is_limit
from chalicelib.core.values.json import Json

if TYPE_CHECKING:
    from jsonschema import ValidationError

MAX_MESSAGE = LIMITS.problem_chars
SHOWN = 100
"""Characters of a value that a message repeats."""
LISTED = 10
"""Of the alternatives of a schema, in a message."""
ALTERNATIVES = 3
"""Schemas of which a message says why each does not fit."""
LIMIT = "x-limit"
"""The keyword of sedo's own schemas that names the limit which they hold to."""

KINDS: Mapping[str, str] = {
    "array": "a list",
    "boolean": "a boolean",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
"""What types of JSON Schema are called."""
FORMATS: Mapping[str, str] = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T09:00:00Z",
    "email": "somebody@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "time": "09:00:00Z",
    "uri": "https://example.com/path",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
}
"""An example of each format."""

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_UNEXPECTED = re.compile(r"\((.*) (?:was|were) unexpected\)", re.DOTALL)


def message_of(error: "ValidationError") -> str:
    """Word an error."""
    if error.validator == "anyOf" and isinstance(_given(error), str):
        telling = (each for each in error.context or () if each.validator == "enum" or _words_of_pattern(each))
        error = next(telling, error)
    if words := _words_of_pattern(error):
        return f"{shown(_given(error))}: {words}"[:MAX_MESSAGE]
    said = _WORDS.get(str(error.validator), _unknown)(error)[:MAX_MESSAGE]
    limit = _schema(error).get(LIMIT) if error.validator in _LIMITING else None
    return beyond(limit, said) if isinstance(limit, str) and is_limit(limit) else said


def shown(value: Json) -> str:
    """Write what is wrong as JSON, cut to what a message repeats; a list and an object stand where the pointer says."""
    if isinstance(value, list | dict):
        return "it"
    return _cut(_text(value[:SHOWN] + "…" if isinstance(value, str) and len(value) > SHOWN else value))


def _cut(written: str) -> str:
    return written if len(written) <= 2 * SHOWN else f"{written[:SHOWN]}…"


def _given(error: "ValidationError") -> Any:  # noqa: ANN401 - any JSON
    return error.instance


def _asked(error: "ValidationError") -> Any:  # noqa: ANN401 - any JSON
    return error.validator_value


def _schema(error: "ValidationError") -> Mapping[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


def _words_of_pattern(error: "ValidationError") -> str:
    """Find what a schema says of its pattern, by a keyword of VS Code's JSON and YAML language servers."""
    words = _schema(error).get("patternErrorMessage")
    return words if error.validator == "pattern" and isinstance(words, str) else ""


def _unknown(error: "ValidationError") -> str:
    """Word an error of a schema that nothing fits, or of a keyword that is not told apart."""
    return "nothing can stand here" if error.validator is None else f"it is not as {error.validator} asks"


def _of_type(error: "ValidationError") -> str:
    wanted: list[str] = _asked(error) if isinstance(_asked(error), list) else [_asked(error)]
    words = [KINDS[name] for name in wanted]
    return f"{_named(_given(error))}, not {' or '.join(words)}{_right(_given(error), wanted, _schema(error))}"


def _named(value: Json) -> str:
    """Say what a value is; a short one is shown."""
    match value:
        case dict():
            return "it is an object"
        case list():
            return "it is a list"
        case None:
            return "it is null"
        case bool():
            return f"{_text(value)} is a boolean"
        case int() | float():
            return f"{shown(value)} is a number"
    return f"{shown(value)} is a text"


def _right(value: Json, wanted: Collection[Json], schema: Mapping[str, Any]) -> str:
    """Say what to write: an example of what is wanted, or what a value only looks like."""
    examples = [each for each in schema.get("examples", ()) if _holder(each) in wanted]
    is_whole = "object" in wanted and "$dynamicAnchor" not in schema  # one of JSON Schema is completed by others
    members = [*schema.get("properties", {})][: 2 * LISTED] if is_whole else []
    if examples:
        return f": write it as {_cut(_text(examples[0]))}"
    return _right_of_look(value, wanted, schema) or (f"; it takes {', '.join(members)}" if members else "")


def _holder(value: Json) -> str | None:
    """Tell which type of value with parts a value is of, if it is of one."""
    return "array" if isinstance(value, list) else "object" if isinstance(value, dict) else None


def _right_of_look(value: Json, wanted: Collection[Json], schema: Mapping[str, Any]) -> str:
    match value:
        case str() if _is_quoted(value, wanted):
            return f": write {value}, without quotes"
        case str() if "boolean" in wanted and value.lower() in _TRUTHS:
            return f": write {_TRUTHS[value.lower()]}"
        case int() | float() if "string" in wanted and not isinstance(value, bool):
            return f': write "{shown(value)}"'
        case dict() if "array" in wanted and _is_item(value, schema.get("items", True)):
            return ": put it into a list, as [{ … }]"
        case str() | int() | float() if "array" in wanted and _is_item(value, schema.get("items")):
            return f": write [{shown(value)}]"
    return ""


def _is_quoted(text: str, wanted: Collection[Json]) -> bool:
    """Tell whether a text is a number or a boolean in quotes, where one is wanted."""
    if text in {"true", "false"}:
        return "boolean" in wanted
    return not {"number", "integer"}.isdisjoint(wanted) and bool(_NUMBER.fullmatch(text))


def _is_item(value: Json, items: Any) -> bool:  # noqa: ANN401 - a JSON Schema, or None
    """Tell whether a value has the type that the items of a list have."""
    if not isinstance(items, dict) or "$ref" in items:
        return items is True
    wanted = items.get("type", ())
    return not wanted or not _KINDS_OF[type(value)].isdisjoint([wanted] if isinstance(wanted, str) else wanted)


def _of_names(error: "ValidationError") -> str:
    """Word which members an object does not have, and which it takes."""
    found = _UNEXPECTED.search(error.message[: 4 * MAX_MESSAGE])
    names = found[1][:MAX_MESSAGE] if found else "member of this name"
    takes = ", ".join([*_schema(error).get("properties", {})][: 2 * LISTED])
    return f"there is no {names} here" + (f"; it takes {takes}" if takes else "")


def _of_const(error: "ValidationError") -> str:
    only = _cut(_text(_asked(error)))
    hint = f": write {only}, without quotes" if _given(error) == only else ""
    return f"{shown(_given(error))} cannot stand here, only {only} can{hint}"


def _of_enum(error: "ValidationError") -> str:
    values: list[Json] = _asked(error)
    more = f", … {len(values)} in all" if len(values) > LISTED else ""
    known = ", ".join(_cut(_text(each)) for each in values[:LISTED])
    said = f"{shown(_given(error))} is none of {known}{more}"
    if not isinstance(_given(error), str) or len(_given(error)) > SHOWN:
        return said
    written = _given(error).casefold()
    meant = [each for each in values if isinstance(each, str) and each.casefold() == written]
    return said + "".join(f": write {_text(each)}" for each in meant[:1])


def _of_format(error: "ValidationError") -> str:
    example = FORMATS.get(str(_asked(error)))
    right = f": write it as {example}" if example else ""
    return f"{shown(_given(error))} is no {_asked(error)}{right}"


def _of_one(error: "ValidationError") -> str:
    """Word that not exactly one of some schemas fits."""
    if names := _one_needed(_asked(error)):
        return f"it needs exactly one of {', '.join(names)}"
    return _of_alternatives(error) if error.context else "it fits more than one of the schemas of oneOf"


def _of_alternatives(error: "ValidationError") -> str:
    """Say of each of some schemas why it does not fit, while they are few."""
    why = {next(iter(each.schema_path), None): each for each in reversed(error.context or ())}
    if not 0 < len(why) <= ALTERNATIVES:
        return f"it fits none of the schemas of {error.validator}"
    why = {key: each for key, each in why.items() if each.path} or why
    reasons = [
        f"{'/'.join(['', *map(str, each.path)])}: " * bool(each.path) + message_of(each) for each in why.values()
    ]
    return f"it fits none of the schemas of {error.validator}: {'; or '.join(dict.fromkeys(reversed(reasons)))}"


def _one_needed(choices: Any) -> Sequence[str]:  # noqa: ANN401 - of jsonschema
    """Find the members of which an object has exactly one, if that is all that the alternatives of a schema say."""
    alone = all(
        isinstance(each, dict) and each.keys() == {"required"} and len(each["required"]) == 1 for each in choices
    )
    return [each["required"][0] for each in choices] if alone else ()


def _required(error: "ValidationError") -> str:
    return error.message


def _dependent(error: "ValidationError") -> str:
    needed, _, name = error.message.partition(" is a dependency of ")
    return f"beside {name} it needs {needed}"


def _at_least(things: str) -> "_Words":
    def say(error: "ValidationError") -> str:
        return f"it needs {_count(_asked(error), things)} at least, and has {len(_given(error)):,}"

    return say


def _at_most(things: str) -> "_Words":
    def say(error: "ValidationError") -> str:
        return _most(_asked(error), things, error)

    return say


def _most(number: int, things: str, error: "ValidationError") -> str:
    return f"it can have {_count(number, things)} at most, and has {len(_given(error)):,}"


def _count(number: float, things: str) -> str:
    return f"{number:,} {things if number != 1 else _ONE[things]}"


def _bound(words: str) -> "_Words":
    def say(error: "ValidationError") -> str:
        number = _asked(error)
        written = f"{number:,}" if isinstance(number, int) else _text(number)
        return f"{shown(_given(error))} is too {words.replace('{}', written)}"

    return say


def _of_contains(error: "ValidationError") -> str:
    least = _schema(error).get("minContains", 1)
    if error.validator == "maxContains":
        return f"more than {_asked(error)} items are as contains asks"
    return f"fewer than {least} items are as contains asks"


def _says(words: str) -> "_Words":
    return lambda _: words


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


_TRUTHS: Mapping[str, str] = {"yes": "true", "on": "true", "no": "false", "off": "false"}
_KINDS_OF: Mapping[type, frozenset[str]] = {
    bool: frozenset({"boolean"}),
    dict: frozenset({"object"}),
    float: frozenset({"number"}),
    int: frozenset({"integer", "number"}),
    str: frozenset({"string"}),
}
_Words = Callable[["ValidationError"], str]
_ONE = {"items": "item", "characters": "character", "members": "member"}
_LIMITING = frozenset({"maxItems", "maxLength", "maxProperties", "maximum"})
_WORDS: Mapping[str, _Words] = {
    "additionalProperties": _of_names,
    "anyOf": _of_alternatives,
    "const": _of_const,
    "contains": _of_contains,
    "dependentRequired": _dependent,
    "enum": _of_enum,
    "exclusiveMaximum": _bound("large: it has to be below {}"),
    "exclusiveMinimum": _bound("small: it has to be above {}"),
    "format": _of_format,
    "items": lambda error: _most(len(_schema(error).get("prefixItems", ())), "items", error),
    "maxContains": _of_contains,
    "maxItems": _at_most("items"),
    "maxLength": _at_most("characters"),
    "maxProperties": _at_most("members"),
    "maximum": _bound("large: {} is the most"),
    "minContains": _of_contains,
    "minItems": _at_least("items"),
    "minLength": _at_least("characters"),
    "minProperties": _at_least("members"),
    "minimum": _bound("small: {} is the least"),
    "multipleOf": lambda error: f"{shown(_given(error))} is no multiple of {_text(_asked(error))}",
    "not": _says("it is what not excludes"),
    "oneOf": _of_one,
    "pattern": lambda error: f"{shown(_given(error))} does not match the pattern {_asked(error)}",
    "required": _required,
    "type": _of_type,
    "unevaluatedItems": _says("it has items that nothing describes"),
    "unevaluatedProperties": _of_names,
    "uniqueItems": _says("an item is in it twice"),
}
"""By keyword, the words for what is not as it asks."""
