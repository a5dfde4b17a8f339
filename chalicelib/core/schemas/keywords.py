"""Keywords of JSON Schema, and what is hardly meant as none: most others are notes, which nothing heeds."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from chalicelib.core.schemas.messages import FORMATS, shown
from chalicelib.core.schemas.paths import KINDS
from chalicelib.core.schemas.places import Place, subschemas
from chalicelib.core.values.json import Json

Suggestion = Callable[[str, Collection[str]], str]

KEYWORDS = frozenset(
    [
        "$comment",
        "$defs",
        "$id",
        "$ref",
        "$schema",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "contains",
        "contentEncoding",
        "contentMediaType",
        "contentSchema",
        "default",
        "definitions",
        "dependentRequired",
        "dependentSchemas",
        "deprecated",
        "description",
        "else",
        "enum",
        "examples",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "if",
        "items",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "not",
        "oneOf",
        "pattern",
        "patternProperties",
        "prefixItems",
        "properties",
        "propertyNames",
        "readOnly",
        "required",
        "then",
        "title",
        "type",
        "unevaluatedItems",
        "unevaluatedProperties",
        "uniqueItems",
        "writeOnly",
    ]
)
_OTHERS: Mapping[str, str] = {
    "nullable": "type: [string, 'null'] lets null be",
    "optional": "what is not in required may be left out",
    "additionalItems": "items says what the items behind prefixItems are",
    "values": "enum lists the values that there may be",
    "options": "enum lists the values that there may be",
    "fields": "properties describes members",
    "example": "examples is a list",
}
"""Words of other languages of schemas."""
_FORMATS: Mapping[str, str] = {
    "datetime": "date-time",
    "timestamp": "date-time",
    "e-mail": "email",
    "mail": "email",
    "url": "uri",
    "guid": "uuid",
    "ip": "ipv4",
}
TYPES: Mapping[str, str] = {
    **dict.fromkeys(("str", "text", "varchar", "char"), "string"),
    **dict.fromkeys(("int", "long", "int32", "int64"), "integer"),
    **dict.fromkeys(("float", "double", "decimal", "numeric"), "number"),
    "bool": "boolean",
    **dict.fromkeys(("list", "tuple", "set"), "array"),
    **dict.fromkeys(("dict", "map", "struct", "record"), "object"),
    **dict.fromkeys(("none", "nil", "void"), "null"),
    **dict.fromkeys(("datetime", "timestamp"), "string, with format: date-time"),
    **{name: f"string, with format: {name}" for name in ("date", "email", "time", "uri", "uuid")},
    **dict.fromkeys(("any", "mixed", "unknown"), "no type at all for any value"),
}
"""What other languages call the types of JSON Schema, in small letters."""
_EXCLUSIVE: Mapping[str, str] = {"exclusiveMaximum": "maximum", "exclusiveMinimum": "minimum"}
_BOUNDS = (
    ("minimum", "maximum"),
    ("minLength", "maxLength"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
    ("minContains", "maxContains"),
)
_BESIDE = frozenset({"$ref", "allOf", "anyOf", "oneOf", "patternProperties", "dependentSchemas", "if"})
"""Keywords that can describe the members of an object, too."""
_FEW = 3
"""Values that a remark names."""
_ALIKE = 0.8
"""How much a text is like the name of a type that is one with a slip."""
_NAMES = ("array", "boolean", "integer", "null", "number", "object", "string")


def keyword_remarks(schema: Json, suggestion: Suggestion) -> Iterator[tuple[Place, str]]:
    """Find keywords that are much like those of JSON Schema, and schemas of which nothing is one.

    Yields:
        Where it stands in the schema, and what is odd about it.
    """
    for place, each in subschemas(schema):
        if each and KEYWORDS.isdisjoint(each) and not any(key.startswith("x-") for key in each):
            yield place, "no keyword of JSON Schema is in it, so anything passes: properties describes members"
            continue
        for key in each:
            if key not in KEYWORDS and (remark := _remark(key, suggestion)) is not None:
                yield (*place, key), remark
        yield from _format_remarks(place, each, suggestion)
        yield from (((*place, key), remark) for key, remark in _never(each))
        yield from (((*place, "required"), remark) for remark in _undescribed(each, suggestion))


def _remark(key: str, suggestion: Suggestion) -> str | None:
    if key in _OTHERS:
        return f"JSON Schema has no {key!r}: {_OTHERS[key]}"
    hint = suggestion(key, KEYWORDS)
    return f"JSON Schema has no {key!r}{hint}" if hint else None


def _format_remarks(place: Place, schema: Mapping[str, Any], suggestion: Suggestion) -> Iterator[tuple[Place, str]]:
    name = schema.get("format")
    if isinstance(name, str) and name.lower() in _FORMATS:
        yield (*place, "format"), f"no format is called {name!r}: write {_FORMATS[name.lower()]}"
    elif isinstance(name, str) and name not in FORMATS and (hint := suggestion(name, FORMATS)):
        yield (*place, "format"), f"no format is called {name!r}{hint}"


def _never(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Find what nothing passes, or what is named and never does."""
    for least, most in _BOUNDS:
        if least in schema and most in schema and schema[least] > schema[most]:
            yield least, f"nothing passes: {least} is more than {most}"
    named: str | Sequence[str] = schema.get("type", _NAMES)
    types = [named] if isinstance(named, str) else named
    strange = [shown(value) for value in schema.get("enum", ()) if _types_of(value).isdisjoint(types)]
    if strange:
        yield "enum", f"{', '.join(strange[:_FEW])} never passes, as the type is {' or '.join(types)}"
    if schema.get("pattern", "").startswith("/^"):
        yield "pattern", "no text matches: a pattern stands without / around it"


def _types_of(value: Json) -> set[str]:
    """Tell which types of JSON Schema a value is of: whole numbers are numbers, too."""
    whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    return {KINDS[type(value)], *(("integer", "number") if whole and not isinstance(value, bool) else ())}


def _undescribed(schema: Mapping[str, Any], suggestion: Suggestion) -> Iterator[str]:
    """Find members that have to be there and are not described, though others are that are called much alike."""
    described: Mapping[str, Any] = schema.get("properties", {})
    for name in schema.get("required", ()) if described and _BESIDE.isdisjoint(schema) else ():
        if name not in described and (hint := suggestion(name, described)):
            yield f"{name!r} has to be there, and properties does not describe it{hint}"
        elif name not in described and schema.get("additionalProperties", True) is False:
            yield f"nothing passes: {name!r} has to be there, and no member but those of properties may"


def type_advice(place: Place, wrong: Any) -> str:  # noqa: ANN401 - any JSON
    """Say what to write for a type, or in the place of a schema, that is none."""
    match wrong:
        case str() if place:
            return _named_type(place, wrong)
        case list() if place[-1:] == ("items",):
            return ": prefixItems has a schema for each of the first items"
        case bool() if place[-1:] == ("required",):
            return ": the object that has the member lists it, as required: [name]"
        case bool() if place and place[-1] in _EXCLUSIVE:
            return f": it has the number itself, in place of {_EXCLUSIVE[place[-1]]}"
    return ""


def _named_type(place: Place, wrong: str) -> str:
    """Say what to write for a text."""
    other = TYPES.get(wrong.lower())
    if place[-1] == "type":
        close = get_close_matches(wrong.lower()[:64], _NAMES, n=1, cutoff=_ALIKE)
        return f": write {other}" if other else "".join(f" (did you mean {each}?)" for each in close)
    if len(place) > 1 and place[-2] in {"properties", "items", "$defs"}:
        return f": write {{type: {other or wrong}}}"
    return ""
