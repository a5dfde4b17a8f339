"""The defaults of a schema: which of them are filled into an instance, and how.

A member that is not there gets the ``default`` of its schema, or of what that schema refers to, where the schema holds
whatever the instance is like: under ``properties``, ``items``, ``prefixItems``, ``additionalProperties``, ``allOf`` and
``$ref``. What holds on a condition (``anyOf``, ``oneOf``, ``if``, ``dependentSchemas`` …) fills in nothing, as it could
make the condition true.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from chalicelib.core.limits import LIMITS
from chalicelib.core.schemas.places import Place, Schemas, TooCostlyError, subschemas, target
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json, Problem, encode, read_pointer

MAX_STEPS = LIMITS.default_steps
MAX_BYTES = LIMITS.default_bytes


def fill(schemas: Schemas, instance: Json) -> Json:
    """Fill the defaults of a schema into an instance, which stays as it is.

    Args:
        schemas: the schema and all inside it, by their places.
        instance: any value.

    Raises:
        TooCostlyError: there are too many.
        RecursionError: they nest too deeply.
    """
    return _Filling(schemas).value((), instance)


def unused(schemas: Schemas) -> list[Place]:
    """Find the defaults that are never filled in, by the places of their schemas."""
    members: set[Place] = set()
    seen: set[tuple[Place, bool]] = set()
    waiting: list[tuple[Place, bool]] = [((), False)]
    while waiting:
        place, is_member = waiting.pop()
        if (place, is_member) in seen:
            continue
        seen.add((place, is_member))
        members |= {place} if is_member else set()
        schema = schemas[place]
        waiting += [(found, is_member) for found in _also(schemas, place)]
        waiting += [((*place, "properties", name), True) for name in schema.get("properties", ())]
        waiting += [((*place, *part), False) for part in _inner(schema)]
    return [place for place, schema in schemas.items() if "default" in schema and place not in members]


def unfit(document: Json) -> list[Problem]:
    """Find the defaults that their own schema refuses, with pointers into an instance that has nothing else.

    It costs no more than one validation.
    """
    schema, places = compile_schema(document), dict(subschemas(document))
    bare: dict[str, Json] = {}
    for place in places if any("default" in each for each in places.values()) else ():
        names = place[1::2]
        if names and {*place[::2]} == {"properties"}:
            _open(bare, places, names)
    return [each for each in schema.accept(bare)[1] if not _holds(bare, each.pointer)]


def _open(bare: dict[str, Json], places: Schemas, names: Sequence[str]) -> None:
    """Make the objects that hold a member, up to one that a default makes."""
    here = bare
    for depth, name in enumerate(names[:-1], 1):
        place = tuple(part for each in names[:depth] for part in ("properties", each))
        if "default" in places[place]:
            return
        here = cast("dict[str, Json]", here.setdefault(name, {}))


def _holds(bare: Json, place: str) -> bool:
    for name in read_pointer(place):
        if not isinstance(bare, dict) or name not in bare:
            return False
        bare = bare[name]
    return True


def _also(schemas: Schemas, place: Place) -> Iterator[Place]:
    """Find the schemas that hold wherever the schema of a place does."""
    schema = schemas[place]
    found = target(schema)
    if found is not None:
        yield found
    yield from ((*place, "allOf", str(index)) for index in range(len(schema.get("allOf", ()))))


def _inner(schema: Mapping[str, Any]) -> Iterator[Place]:
    """Find the schemas of items, and of members that have no name in the schema."""
    yield from (("prefixItems", str(index)) for index in range(len(schema.get("prefixItems", ()))))
    yield from [("items",)] if "items" in schema else []
    yield from [("additionalProperties",)] if _has_more(schema) else []


def _has_more(schema: Mapping[str, Any]) -> bool:
    return "additionalProperties" in schema and "patternProperties" not in schema


class _Filling:
    """One instance on its way to having the defaults; nothing that it holds is changed."""

    def __init__(self, schemas: Schemas) -> None:
        self.schemas = schemas
        self.steps, self.bytes = MAX_STEPS, MAX_BYTES

    def value(self, place: Place, instance: Json) -> Json:
        """Fill the defaults of a schema into a value: its own first, then those of the schemas that hold as well."""
        schema = self.schemas[place]
        self.spend(1)
        if isinstance(instance, dict):
            instance = self.object(place, schema, instance)
        elif isinstance(instance, list):
            instance = self.list(place, schema, instance)
        for also in _also(self.schemas, place):
            instance = self.value(also, instance)
        return instance

    def object(self, place: Place, schema: Mapping[str, Any], instance: dict[str, Json]) -> dict[str, Json]:
        properties: Mapping[str, Json] = schema.get("properties", {})
        self.spend(len(properties))
        changed: dict[str, Json] = {}
        for name in properties:
            inner = (*place, "properties", name)
            if name in instance:
                before = instance[name]
            elif (holder := self.holder(inner)) is not None:
                before = holder["default"]
            else:
                continue
            after = self.value(inner, before)
            if name not in instance or after is not before:
                changed[name] = after
        for name in instance.keys() - properties.keys() if _has_more(schema) else ():
            changed[name] = self.value((*place, "additionalProperties"), instance[name])
        return {**instance, **changed} if changed else instance

    def list(self, place: Place, schema: Mapping[str, Any], instance: list[Json]) -> list[Json]:
        first = len(schema.get("prefixItems", ()))
        filled = [self.value((*place, "prefixItems", str(n)), item) for n, item in enumerate(instance[:first])]
        if "items" not in schema:
            return [*filled, *instance[first:]]
        return [*filled, *(self.value((*place, "items"), item) for item in instance[first:])]

    def holder(self, place: Place) -> Mapping[str, Any] | None:
        """Find the schema that says the default of a member: its own, or the first that holds as well and has one."""
        schema = self.schemas[place]
        self.spend(1)
        if "default" in schema:
            self.bytes -= len(encode(schema["default"]))
            self.spend(0)
            return schema
        found = (self.holder(also) for also in _also(self.schemas, place))
        return next((each for each in found if each is not None), None)

    def spend(self, steps: int) -> None:
        self.steps -= steps
        if self.steps < 0 or self.bytes < 0:
            raise TooCostlyError
