"""Keywords of JSON Schema, and what is hardly meant as none: most others are notes, which nothing heeds."""

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from chalicelib.core.schemas.messages import FORMATS
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
    **dict.fromkeys(("date", "datetime", "timestamp"), "string, with format: date-time"),
}
"""What other languages call the types of JSON Schema, in small letters."""


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
        yield from _format_remarks(place, each)


def _remark(key: str, suggestion: Suggestion) -> str | None:
    if key in _OTHERS:
        return f"JSON Schema has no {key!r}: {_OTHERS[key]}"
    hint = suggestion(key, KEYWORDS)
    return f"JSON Schema has no {key!r}{hint}" if hint else None


def _format_remarks(place: Place, schema: Mapping[str, Any]) -> Iterator[tuple[Place, str]]:
    name = schema.get("format")
    if isinstance(name, str) and name.lower() in _FORMATS:
        yield (*place, "format"), f"no format is called {name!r}: write {_FORMATS[name.lower()]}"
    elif isinstance(name, str) and name not in FORMATS and name.lower() in FORMATS:
        yield (*place, "format"), f"no format is called {name!r}: write {name.lower()}"


def type_advice(place: Place, wrong: Any) -> str:  # noqa: ANN401 - any JSON
    """Say what to write for a type, or in the place of a schema, that is none."""
    if not place:
        return ""
    if isinstance(wrong, str) and place[-1] == "type" and wrong.lower() in TYPES:
        return f": write {TYPES[wrong.lower()]}"
    if isinstance(wrong, str) and len(place) > 1 and place[-2] in {"properties", "items", "$defs"}:
        return f": write {{type: {TYPES.get(wrong.lower(), wrong)}}}"
    if isinstance(wrong, bool) and place[-1] == "required":
        return ": the object that has the member lists it, as required: [name]"
    return ""
