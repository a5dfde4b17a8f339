"""The schemas inside a schema, by where they stand, and what refers to them."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias
from urllib.parse import unquote

from chalicelib.core.values.json import Json

ONE = frozenset({"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames"})
ONE |= {"then", "unevaluatedItems", "unevaluatedProperties"}
LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
MAPS = frozenset({"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"})

Place: TypeAlias = tuple[str, ...]
Schemas: TypeAlias = Mapping[Place, Mapping[str, Any]]


class TooCostlyError(Exception):
    """What a schema asks for costs more than its budget."""


def subschemas(document: Json, place: Place = ()) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Walk over a schema and every schema inside it."""
    if isinstance(document, bool):
        yield place, {}
    if not isinstance(document, dict):
        return
    yield place, document
    for keyword, member in document.items():
        if keyword in ONE:
            yield from subschemas(member, (*place, keyword))
        elif keyword in LISTS and isinstance(member, list):
            for index, part in enumerate(member):
                yield from subschemas(part, (*place, keyword, str(index)))
        elif keyword in MAPS and isinstance(member, dict):
            for name, part in member.items():
                yield from subschemas(part, (*place, keyword, name))


def target(schema: Mapping[str, Any]) -> Place | None:
    """Find the place that a local ``$ref`` points at (RFC 6901, section 6)."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in reference.split("/")[1:])
