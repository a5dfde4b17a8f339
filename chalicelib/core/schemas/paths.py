"""Which names can be in the values that a JSON Schema describes, as far as it tells."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chalicelib.core.expressions.reference import ITEM
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

_COMBINED = frozenset(
    {"$ref", "$dynamicRef", "allOf", "anyOf", "oneOf", "if", "not", "dependentSchemas", "patternProperties"}
    | {"unevaluatedProperties", "unevaluatedItems", "prefixItems"}
)
"""Keywords by which a schema says more than what is looked at here."""


@value
class Strange:
    """A name that a schema does not have."""

    name: str
    known: Collection[str]
    """The names that it has there."""
    never: bool
    """Whether it can never be there, rather than that it is only not described."""


def strange(schema: Json, names: Sequence[str]) -> Strange | None:
    """Find the first of names, one inside of the other, that a schema does not have; None: it may have them all."""
    here: Any = schema
    for name in names:
        if not isinstance(here, Mapping) or not _COMBINED.isdisjoint(here):
            return None
        if name == ITEM:
            here = here.get("items")
            continue
        properties: Mapping[str, Json] = here.get("properties", {})
        if name not in properties:
            others = here.get("additionalProperties", True)
            if here.get("type") == "array":
                return Strange(name, (), never=True)
            if not properties or isinstance(others, Mapping):
                return None
            return Strange(name, tuple(properties), never=others is False)
        here = properties[name]
    return None


def inside(schema: Json, names: Sequence[str | int]) -> Json:
    """Answer the schema of what names, and indexes of lists, lead to; ``True`` if it is not known."""
    here: Any = schema
    for name in names:
        if not isinstance(here, Mapping) or not _COMBINED.isdisjoint(here):
            return True
        here = here.get("items", True) if isinstance(name, int) else here.get("properties", {}).get(name, True)
    found: Json = here
    return found
