"""Paths through JSON Schemas: which names can be in the values that a schema describes."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chalicelib.core.expressions.reference import ALL, EACH, FLAT, ITEM
from chalicelib.core.schemas.places import LISTS, MAPS, ONE, subschemas, target
from chalicelib.core.values.json import Json
from chalicelib.core.values.pattern import PatternError, compile_pattern
from chalicelib.core.values.value import value

_VISITS = 30_000
"""Of schemas, in one document; what is beyond may be anything."""
_LEVELS = 20
"""Of references and combinations that one place leads through; what is behind them may be anything."""
KINDS: Mapping[type, str] = {
    bool: "boolean",
    float: "number",
    int: "integer",
    list: "array",
    dict: "object",
    str: "string",
    type(None): "null",
}
"""The types of JSON Schema, by those of Python."""
_OF_LISTS = frozenset({ITEM, FLAT})


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


@value
class _Said:
    """What a schema says of a name; nothing, by default."""

    schemas: Sequence[Json] = ()
    """Those of what is under the name."""
    known: Collection[str] = ()
    """If there are none: the names that are described there."""
    never: bool = False
    """Whether it can never be there."""
    kinds: Collection[str] = ()
    """The types of what is there, if that is why."""


_NOTHING, _ANYTHING = _Said(), _Said((True,))


def expanded(document: Json) -> Json:
    """Put what they refer to in the place of the local references of a schema, which may then be inside of itself."""
    copies = {place: dict(schema) for place, schema in subschemas(document)}
    for place, copy in copies.items():
        if "$ref" in copy:
            referred = target(copy)
            copy["$ref"] = True if referred is None else copies.get(referred, True)
        for keyword, member in copy.items():
            if keyword in ONE and isinstance(member, dict):
                copy[keyword] = copies[*place, keyword]
            elif keyword in LISTS:
                copy[keyword] = [
                    copies[*place, keyword, str(index)] if isinstance(part, dict) else part
                    for index, part in enumerate(member)
                ]
            elif keyword in MAPS:
                copy[keyword] = {
                    name: copies[*place, keyword, name] if isinstance(part, dict) else part
                    for name, part in member.items()
                }
    return copies[()] if isinstance(document, dict) else document


def one_of(schemas: Sequence[Json]) -> Json:
    """Answer the schema of what one of some schemas describes, or of anything if there are none."""
    if not schemas or True in schemas:
        return True
    different = [*{id(each): each for each in schemas}.values()]
    return different[0] if len(different) == 1 else {"anyOf": different}


def object_of(members: Mapping[str, Json]) -> dict[str, Json]:
    """Answer the schema of an object of some members, and no others."""
    return {"type": "object", "properties": dict(members), "additionalProperties": False}


def list_of(items: Json) -> Json:
    """Answer the schema of a list of such items."""
    return {"type": "array", "items": items}


class Paths:
    """Looks for names in the schemas of one document, which are :func:`expanded`."""

    def __init__(self) -> None:
        self.left = _VISITS

    def strange(self, schema: Json, names: Sequence[str]) -> Strange | None:
        """Find the first of names, one inside of the other, that a schema does not have; None: it may have all."""
        here = schema
        for place, name in enumerate(names):
            said = self._behind(here, name)
            if not said.schemas:
                known = said.known or said.never
                return Strange(place, said.known, said.never, said.kinds) if known else None
            here = _all_of(said.schemas)
        return None

    def inside(self, schema: Json, names: Sequence[str]) -> Json:
        """Answer the schema of what names lead to; ``True`` if it is not known."""
        here = schema
        for name in names:
            here = _all_of(self._behind(here, name).schemas or (True,))
        return here

    def types(self, schema: Json) -> frozenset[str]:
        """Tell of which types of JSON Schema values are, null aside; none, if that is not known."""
        return frozenset(self._look(schema, FLAT).kinds)

    def _behind(self, schema: Json, name: str) -> _Said:
        if name == ALL:
            return _Said(({"type": "array", "items": schema},))
        return _Said((self._flat(schema),)) if name == FLAT else self._look(schema, name)

    def _flat(self, schema: Json) -> Json:
        """Answer the schema of a list with the items of the lists in it."""
        items = _all_of(self._look(schema, ITEM).schemas or (True,))
        kinds = self._look(items, FLAT).kinds
        if "array" not in kinds:
            return schema
        return items if len({*kinds}) == 1 else True

    def _look(self, schema: Json, name: str, levels: int = _LEVELS) -> _Said:
        """Tell what a schema says of a name; of the name ``FLAT`` of which types its values are."""
        self.left -= 1
        if self.left < 0 or levels == 0:
            return _ANYTHING
        if not isinstance(schema, Mapping):
            return _NOTHING
        if "$dynamicRef" in schema:
            return _ANYTHING

        found = self._joined(schema, name, levels - 1)
        rest = schema.get("unevaluatedProperties", True)
        if name in _OF_LISTS or found.never or found.schemas or rest is True:
            return found
        return _Said(known=found.known, never=True) if rest is False else _Said((rest,))

    def _joined(self, schema: Mapping[str, Any], name: str, levels: int) -> _Said:
        def look(schemas: Sequence[Json]) -> list[_Said]:
            return [self._look(each, name, levels) for each in schemas]

        both = [*([schema["$ref"]] if "$ref" in schema else ()), *schema.get("allOf", ())]
        said = [self._own(schema, name), *look(both)]
        said += [_either(look(schema[key])) for key in ("anyOf", "oneOf") if key in schema]
        at_times = [schema[key] for key in ("if", "then", "else") if key in schema]
        said.append(_perhaps(look([*at_times, *schema.get("dependentSchemas", {}).values()])))
        return _both(said)

    def _own(self, schema: Mapping[str, Any], name: str) -> _Said:
        """Tell what the keywords say that stand beside each other in a schema."""
        kinds = _kinds(schema)
        if kinds and ("array" if name == ITEM else "object" if name != FLAT else "") not in kinds:
            return _Said(never=True, kinds=kinds)
        if name in _OF_LISTS:
            others = schema.get("items", True)
            items = [*schema.get("prefixItems", ()), *([] if others is False else [others])]
            return _Said((one_of(items),)) if items else _NOTHING
        return self._each(schema) if name == EACH else self._member(schema, name)

    def _member(self, schema: Mapping[str, Any], name: str) -> _Said:
        properties: Mapping[str, Json] = schema.get("properties", {})
        patterns: Mapping[str, Json] = schema.get("patternProperties", {})
        matched = [each for pattern, each in patterns.items() if self._matches(pattern, name)]
        if name in properties or matched:
            return _Said((*([properties[name]] if name in properties else ()), *matched))
        others = schema.get("additionalProperties", True)
        if isinstance(others, dict):
            return _Said((others,))
        lower = [name.lower()] if any(self._matches(pattern, name.lower()) for pattern in patterns) else []
        return _Said(known=(*properties, *lower), never=others is False)

    def _each(self, schema: Mapping[str, Any]) -> _Said:
        """Tell of all members of an object at once, if none but those that are described can be there."""
        others = schema.get("additionalProperties", True)
        if others is True:
            return _NOTHING
        described = [*schema.get("properties", {}).values(), *schema.get("patternProperties", {}).values()]
        return _Said((one_of([*described, *([others] if isinstance(others, dict) else ())]),))

    def _matches(self, pattern: str, name: str) -> bool:
        self.left -= 1
        try:
            return self.left < 0 or compile_pattern(pattern).search(name) is not None
        except PatternError:
            return True


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    """Tell of which types values are, if a schema says it; null has nothing inside, whatever is looked for."""
    values = [schema["const"]] if "const" in schema else schema.get("enum", ())
    types = schema.get("type", [KINDS[type(each)] for each in values])
    return [each for each in ([types] if isinstance(types, str) else types) if each != "null"]


def _all_of(schemas: Sequence[Json]) -> Json:
    return schemas[0] if len(schemas) == 1 else {"allOf": [*schemas]}


def _both(said: Sequence[_Said]) -> _Said:
    """Join what schemas say that hold at the same time."""
    refused = next((each for each in said if each.never), None)
    if refused is not None:
        return refused
    schemas = [schema for each in said for schema in each.schemas]
    return _Said(schemas) if schemas else _Said(known=[name for each in said for name in each.known])


def _either(said: Sequence[_Said]) -> _Said:
    """Join what schemas say of which one holds."""
    schemas = [_all_of(each.schemas) for each in said if each.schemas]
    if schemas or not all(each.known or each.never for each in said):
        return _Said((one_of(schemas),)) if schemas else _NOTHING
    kinds = [kind for each in said for kind in each.kinds]
    return _Said(
        known=[name for each in said for name in each.known],
        never=all(each.never for each in said),
        kinds=kinds if all(each.kinds for each in said) else (),
    )


def _perhaps(said: Sequence[_Said]) -> _Said:
    """Join what schemas say that need not hold."""
    schemas = [_all_of(each.schemas) for each in said if each.schemas]
    return _Said((one_of(schemas),)) if schemas else _Said(known=[name for each in said for name in each.known])
