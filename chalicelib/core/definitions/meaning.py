"""Coercion of rendered parameters: a number for a text, and null for what may be left out."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.expressions.signature import as_text
from chalicelib.core.values.json import Json


def meant(given: Json, schema: Any) -> Json:  # noqa: ANN401 - a JSON Schema
    """Read a rendered parameter by its schema.

    A number or a boolean where text is wanted is the text that it would be inside of a longer one. Null, where it is
    not wanted, leaves out what may be left out: a parameter, a member of an object, an item of a list.
    """
    if not isinstance(schema, Mapping):
        return given
    match given:
        case dict():
            return _members(given, schema)
        case list() if "items" in schema:
            items = schema["items"]
            return [meant(item, items) for item in given if item is not None or takes(items, "null")]
        case bool() | int() | float() if takes(schema, "string") and not _takes_number_like(schema, given):
            return as_text(given)
    return given


def _members(given: Mapping[str, Json], schema: Mapping[str, Any]) -> dict[str, Json]:
    named, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    found: dict[str, Json] = {}
    for name, member in given.items():
        inner = named.get(name, others)
        if member is not None or takes(inner, "null") or name in schema.get("required", ()):
            found[name] = meant(member, inner)
    return found


def _takes_number_like(schema: Mapping[str, Any], given: float | bool) -> bool:  # noqa: FBT001 - any value
    kinds = ("boolean",) if isinstance(given, bool) else ("number", "integer")
    return any(takes(schema, kind) for kind in kinds)


def takes(schema: Any, kind: str) -> bool:  # noqa: ANN401 - a JSON Schema
    """Tell whether a schema lets values of a kind be; one that names no type does."""
    if not isinstance(schema, Mapping) or not schema.keys() & {"type", "enum", "const"}:
        return True
    kinds = schema.get("type", ())
    return kind == kinds or kind in kinds if kinds else kind == "null" and None in schema.get("enum", ())
