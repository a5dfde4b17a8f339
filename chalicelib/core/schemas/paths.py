"""Which names can be in the values that a JSON Schema describes, as far as it tells."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chalicelib.core.expressions.reference import ALL, FLAT, ITEM
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

_COMBINED = frozenset(
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "not", "dependentSchemas", "patternProperties"}
    | {"unevaluatedProperties", "unevaluatedItems", "prefixItems"}
)
"""Keywords by which a schema says more than what is looked at here."""


_LISTS = frozenset({ITEM, FLAT})


@value
class Strange:
    """A name that a schema does not have."""

    place: int
    """Which of the names that were looked for."""
    known: Collection[str]
    """The names that it has there."""
    never: bool
    """Whether it can never be there, rather than that it is only not described."""
    kinds: Collection[str] = ()
    """Types of JSON Schema of what is there, if none of them has such a thing inside."""


def strange(schema: Json, names: Sequence[str]) -> Strange | None:
    """Find the first of names, one inside of the other, that a schema does not have; None: it may have them all."""
    here: Any = schema
    for place, name in enumerate(names):
        if name == ALL:
            here = {"type": "array", "items": here}
            continue
        if not isinstance(here, Mapping) or not _COMBINED.isdisjoint(here):
            return None
        if name != FLAT and (kinds := _kinds(here)) and ("array" if name == ITEM else "object") not in kinds:
            return Strange(place, (), never=True, kinds=kinds)
        if name in _LISTS:
            here = here.get("items") if name == ITEM else _flat(here)
            continue
        properties: Mapping[str, Json] = here.get("properties", {})
        if name not in properties:
            others = here.get("additionalProperties", True)
            if not properties or isinstance(others, Mapping):
                return None
            return Strange(place, tuple(properties), never=others is False)
        here = properties[name]
    return None


def _kinds(schema: Mapping[str, Any]) -> Collection[str]:
    """Tell of which types a value is, if its schema says it; null has nothing inside, whatever is looked for."""
    types = schema.get("type", ())
    return [types] if isinstance(types, str) else [each for each in types if each != "null"]


def _flat(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Answer the schema of a list with the items of the lists in it."""
    items = schema.get("items")
    return items if isinstance(items, Mapping) and items.get("type") == "array" else schema


def inside(schema: Json, names: Sequence[str | int]) -> Json:
    """Answer the schema of what names, and indexes of lists, lead to; ``True`` if it is not known."""
    here: Any = schema
    for name in names:
        if not isinstance(here, Mapping) or not _COMBINED.isdisjoint(here):
            return True
        here = here.get("items", True) if isinstance(name, int) else here.get("properties", {}).get(name, True)
    found: Json = here
    return found
