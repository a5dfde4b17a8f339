"""JSON Schema 2020-12 (json-schema.org), restricted to what cannot be used to stall or to fetch.

What validates is loaded where it is needed first: it takes as long to import as all the rest, and most invocations of
the function that runs steps need none of it.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.messages import message_of
from chalicelib.core.schemas.places import ONE, Place, Schemas, TooCostlyError, subschemas, target
from chalicelib.core.values.bounds import bound_problem
from chalicelib.core.values.errors import InvalidParametersError
from chalicelib.core.values.json import Json, Path, Problem, encode, pointer
from chalicelib.core.values.pattern import Pattern, PatternError, compile_pattern
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

MAX_SCHEMA = LIMITS.schema_bytes
MAX_DEPTH = LIMITS.schema_depth
MAX_SUBSCHEMAS = LIMITS.schema_subschemas
MAX_REFS = LIMITS.schema_refs
MAX_CHAIN = LIMITS.schema_chain
MAX_PATTERNS = LIMITS.schema_patterns
MAX_PATTERN_SIZE = LIMITS.schema_pattern_size
WRONG_PATTERNS = 20
"""How many that do not compile are told: each may have cost RE2 all of its memory."""
MAX_PROBLEMS = LIMITS.problems
MAX_SCHEMAS = LIMITS.definition_schemas
_INSTRUCTIONS_PER_SCHEMA = 100
"""Instructions of a pattern that RE2 compiles while a schema is looked at."""
_SCHEMAS_PER_WRONG_PATTERN = 40
"""Schemas that are looked at while RE2 refuses a pattern, which may have cost it all of its memory."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_OF_FORM = frozenset({"additionalProperties", "maxItems", "maxProperties", "minItems", "minProperties", "required"})
"""Keywords that heed names of members and lengths, and no value."""
_IN_PLACE = frozenset({"allOf", "anyOf", "dependentSchemas", "else", "if", "not", "oneOf", "then"})
_UNSUPPORTED = (
    "$anchor",
    "$dynamicAnchor",
    "$dynamicRef",
    "$recursiveAnchor",
    "$recursiveRef",
    "$vocabulary",
    "dependencies",
)


@value  # without slots, for its validator
class Schema:
    """A schema, compiled when it is needed first."""

    document: Json

    @cached_property
    def _validator(self) -> "Validator":
        from chalicelib.core.schemas.dialect import new_validator  # noqa: PLC0415 - see the head of the module

        return new_validator(self.document)

    @cached_property
    def _patterns(self) -> dict[str, Pattern]:
        """Its patterns, compiled once: others that come between cannot take their place."""
        return {}

    @cached_property
    def _places(self) -> Schemas:
        """Its schemas, if any of them has a default; otherwise none."""
        places = dict(subschemas(self.document))
        return places if any("default" in schema for schema in places.values()) else {}

    def accept(self, instance: Json) -> tuple[Json, list[Problem]]:
        """Fill the defaults into an instance, and validate it then; answers what it is, and its ``problems``.

        It is held to what a value may be, too.
        """
        if self._places:
            from chalicelib.core.schemas.defaults import fill  # noqa: PLC0415 - see the head of the module

            try:
                instance = fill(self._places, instance)
            except TooCostlyError:
                return instance, [Problem("", _unfilled())]
            except RecursionError:
                return instance, [Problem("", "the defaults of the schema nest too deeply")]
        if (problem := bound_problem(instance)) is not None:
            return instance, [Problem("", f"it {problem}")]
        return instance, self.problems(instance)

    def problems(self, instance: Json) -> list[Problem]:
        """Validate an instance.

        Returns:
            One problem for each error, with pointers into the instance: first the one that jsonschema's ``best_match``
            picks, then the others in the order of the schema; at most MAX_PROBLEMS.
        """
        return self._problems(instance, lambda _: True)

    def form_problems(self, instance: Json) -> list[Problem]:
        """Find the problems that nothing in the texts of an instance can mend: of names, and of how many there are."""
        return self._problems(instance, lambda error: error.validator in _OF_FORM or _is_name(error))

    def _problems(self, instance: Json, wanted: "Callable[[ValidationError], bool]") -> list[Problem]:
        if self.document is True or self.document == {}:
            return []
        from chalicelib.core.schemas.dialect import errors_of  # noqa: PLC0415 - see the head of the module

        try:
            errors = errors_of(self._validator, instance, self._patterns)
        except TooCostlyError:
            return [Problem("", _unvalidated())]
        except RecursionError:
            return [Problem("", "it is nested too deeply to be validated")]
        except UnicodeError:
            return [Problem("", "it cannot be validated: a text in it holds half of a surrogate pair")]
        return [
            Problem(pointer(tuple(error.absolute_path)), message_of(error))
            for error in errors[:MAX_PROBLEMS]
            if wanted(error)
        ]


def _is_name(error: "ValidationError") -> bool:
    """Tell whether an error is of the name of a member."""
    return "propertyNames" in error.absolute_schema_path


def compile_schema(document: Json) -> Schema:
    """Compile a schema that has no ``schema_problems``."""
    if isinstance(document, dict):
        # they name the document and its dialect, which are known; left in, jsonschema would go by them
        document = {key: value for key, value in document.items() if key not in {"$id", "$schema"}}
    return Schema(document)


def require_schema(document: Json, name: str) -> None:
    """Make sure that a parameter can be used as a schema.

    Raises:
        InvalidParametersError: it cannot.
    """
    if problems := schema_problems(document):
        raise InvalidParametersError(f"{name} is no JSON Schema: {problems[0].message}", details=document)


class SchemaRoom:
    """What the schemas of one definition may still have together, in schemas."""

    def __init__(self) -> None:
        self.left = MAX_SCHEMAS

    def spend(self, schemas: int) -> None:
        """Count schemas that are looked at, what is wrong with them, or what takes as long."""
        self.left -= schemas


def schema_problems(document: Json, path: Path = (), room: SchemaRoom | None = None) -> list[Problem]:
    """Find everything that is wrong with a schema, or could make validation unsafe, in the order of the pointers.

    Args:
        document: the schema.
        path: where it stands in its document.
        room: what it shares with others; where nothing is left of it, that is what is wrong.
    """
    room = SchemaRoom() if room is None else room
    if room.left < 0:
        said = f"the schemas of a definition hold at most {MAX_SCHEMAS:,} schemas"
        return [Problem(pointer(path), beyond("definition_schemas", said))]
    if isinstance(document, bool):
        return []
    if _deeper(document, MAX_DEPTH):
        return [Problem(pointer(path), beyond("schema_depth", f"schema nests deeper than {MAX_DEPTH} levels"))]
    if len(encode(document)) > MAX_SCHEMA:
        return [Problem(pointer(path), beyond("schema_bytes", f"schema is larger than {MAX_SCHEMA:,} bytes"))]
    schemas = dict(subschemas(document))
    if len(schemas) > MAX_SUBSCHEMAS:
        return [
            Problem(pointer(path), beyond("schema_subschemas", f"schema holds more than {MAX_SUBSCHEMAS:,} schemas"))
        ]
    from chalicelib.core.schemas.dialect import schema_errors  # noqa: PLC0415 - see the head of the module
    from chalicelib.core.schemas.keywords import type_advice  # noqa: PLC0415 - see the head of the module

    room.spend(len(schemas))
    found = [
        (place := (*map(str, error.absolute_path),), message_of(error) + type_advice(place, error.instance))
        for error in schema_errors(document)
    ]
    room.spend(len(found))
    for place, schema in schemas.items():
        found += [((*place, *part), message) for part, message in _refusals(schema, place, schemas)]
    found += _pattern_problems(schemas, room)
    found += _reference_problems(schemas)
    problems = {Problem(pointer((*path, *place)), message) for place, message in found}
    return sorted(problems, key=lambda problem: (problem.pointer, problem.message))


def _unfilled() -> str:
    bounds = f"more than {LIMITS.default_steps:,} steps, or makes more than {LIMITS.default_bytes:,} bytes"
    return beyond("default_steps", f"filling in the defaults of the schema costs too much: {bounds}")


def _unvalidated() -> str:
    most = f"{LIMITS.validation_steps_smallest:,} steps and {LIMITS.validation_steps_per_byte} for each byte of it"
    said = f"validating it against the schema costs too much: more than {most}, or {LIMITS.validation_steps:,} in all"
    return beyond("validation_steps", said)


def _deeper(value: Json, levels: int) -> bool:
    if not isinstance(value, list | dict):
        return False
    parts = value if isinstance(value, list) else value.values()
    return levels == 0 or any(_deeper(part, levels - 1) for part in parts)


def _refusals(schema: Mapping[str, Any], place: Place, schemas: Schemas) -> Iterator[tuple[Place, str]]:
    """Refuse what cannot be made safe in one schema."""
    yield from (((keyword,), f"{keyword} is not supported") for keyword in _UNSUPPORTED if keyword in schema)
    from chalicelib.core.schemas.dialect import MAX_UNIQUE  # noqa: PLC0415 - see the head of the module

    if "$id" in schema and place:
        yield ("$id",), "$id is supported at the root of a schema only"
    if "$schema" in schema and (place or str(schema["$schema"]).rstrip("#") != _DIALECT):
        yield ("$schema",), f"$schema can only be {_DIALECT}, at the root of a schema"
    if isinstance(schema.get("$ref"), str) and target(schema) not in schemas:
        yield ("$ref",), f"$ref {schema['$ref']!r} is not a JSON pointer (#/…) to a schema inside this one"
    if schema.get("uniqueItems") is True and not _is_at_most(MAX_UNIQUE, schema.get("maxItems")):
        yield (
            ("uniqueItems",),
            beyond("schema_unique_items", f"uniqueItems needs maxItems of at most {MAX_UNIQUE} beside it"),
        )
    if "unevaluatedProperties" in schema and any("patternProperties" in other for other in schemas.values()):
        yield ("unevaluatedProperties",), "unevaluatedProperties is not supported together with patternProperties"


def _patterns(schemas: Schemas) -> Iterator[tuple[Place, str]]:
    """Find the patterns of a schema, and where each stands."""
    for place, schema in schemas.items():
        if isinstance(pattern := schema.get("pattern"), str):
            yield (*place, "pattern"), pattern
        if isinstance(patterns := schema.get("patternProperties"), dict):
            yield from (((*place, "patternProperties", key), key) for key in patterns)


def _pattern_problems(schemas: Schemas, room: SchemaRoom) -> Iterator[tuple[Place, str]]:
    """Compile every pattern, until they are too many or too large together."""
    patterns, size, wrong = list(_patterns(schemas)), 0, 0
    if len({pattern for _, pattern in patterns}) > MAX_PATTERNS:
        yield (), beyond("schema_patterns", f"schema holds more than {MAX_PATTERNS} patterns")
        return
    for place, pattern in patterns:
        try:
            instructions = compile_pattern(pattern).programsize
            size += instructions
            room.spend(1 + instructions // _INSTRUCTIONS_PER_SCHEMA)
        except PatternError as error:
            yield place, str(error)
            room.spend(_SCHEMAS_PER_WRONG_PATTERN)
            wrong += 1
        if wrong == WRONG_PATTERNS:
            return
        if size > MAX_PATTERN_SIZE:
            yield (
                place,
                beyond(
                    "schema_pattern_size",
                    f"the patterns up to here take more than {MAX_PATTERN_SIZE:,} instructions of RE2",
                ),
            )
            return


def _is_at_most(most: int, length: Json) -> bool:
    return isinstance(length, int | float) and length <= most


def _reference_problems(schemas: Schemas) -> Iterator[tuple[Place, str]]:
    """Follow references and combinations, which lead to further schemas for the same place of an instance."""
    onward = {place: list(_onward(place, schema, schemas)) for place, schema in schemas.items()}
    try:
        order = list(TopologicalSorter(onward).static_order())
    except CycleError as error:
        yield error.args[1][0], "$ref leads back to itself without going into the instance"
        return
    references: dict[Place, int] = {}
    chain: dict[Place, int] = {}
    for place in order:
        following = onward[place]
        references[place] = sum(references[target] for target in following) + ("$ref" in schemas[place])
        chain[place] = 1 + max((chain[target] for target in following), default=0)
        if references[place] > MAX_REFS or chain[place] > MAX_CHAIN:
            most = f"{MAX_REFS:,} references, or {MAX_CHAIN} in a row"
            said = f"for one place of an instance, $ref leads through more than {most}"
            yield place, beyond("schema_refs" if references[place] > MAX_REFS else "schema_chain", said)
            return


def _onward(place: Place, schema: Mapping[str, Any], schemas: Schemas) -> Iterator[Place]:
    found = target(schema)
    if found in schemas and found is not None:
        yield found
    for keyword, member in schema.items():
        if keyword not in _IN_PLACE:
            parts = []
        elif keyword in ONE:
            parts = [(*place, keyword)]
        else:
            names = (
                member if isinstance(member, dict) else map(str, range(len(member)) if isinstance(member, list) else ())
            )
            parts = [(*place, keyword, name) for name in names]
        yield from (part for part in parts if part in schemas)
