"""JSON Schema 2020-12 (json-schema.org), restricted to what cannot be used to stall or to fetch.

What validates is loaded where it is needed first: it takes as long to import as all the rest, and most invocations of
the function that runs steps need none of it.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import InvalidParametersError
from chalicelib.core.values.json import Json, Path, Problem, pointer
from chalicelib.core.values.pattern import compile_pattern
from chalicelib.core.values.value import value

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

MAX_SCHEMA = LIMITS.schema_bytes
MAX_DEPTH = LIMITS.schema_depth
MAX_SUBSCHEMAS = LIMITS.schema_subschemas
MAX_REFS = LIMITS.schema_refs
MAX_CHAIN = LIMITS.schema_chain
MAX_MESSAGE = LIMITS.problem_chars
MAX_PROBLEMS = LIMITS.problems

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ONE = frozenset({"additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames"})
_ONE |= {"then", "unevaluatedItems", "unevaluatedProperties"}
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_MAPS = frozenset({"$defs", "definitions", "dependencies", "dependentSchemas", "patternProperties", "properties"})
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

_Place: TypeAlias = tuple[str, ...]
_Schemas: TypeAlias = Mapping[_Place, Mapping[str, Any]]


@value  # without slots, for its validator
class Schema:
    """A schema, compiled when it is needed first."""

    document: Json

    @cached_property
    def _validator(self) -> "Validator":
        from chalicelib.core.schemas.dialect import new_validator  # noqa: PLC0415 - see the head of the module

        return new_validator(self.document)

    def problems(self, instance: Json) -> list[Problem]:
        """Validate an instance.

        Returns:
            One problem for each error, with pointers into the instance: first the one that jsonschema's ``best_match``
            picks, then the others in the order of the schema; at most MAX_PROBLEMS.
        """
        if self.document is True or self.document == {}:
            return []
        from chalicelib.core.schemas.dialect import TooCostlyError, errors_of  # noqa: PLC0415 - see the head of the module

        try:
            errors = errors_of(self._validator, instance)
        except TooCostlyError:
            return [Problem("", "validating it against the schema costs too much")]
        except RecursionError:
            return [Problem("", "it is nested too deeply to be validated")]
        except (OverflowError, UnicodeError) as error:
            return [Problem("", f"it cannot be validated: {error}")]
        return [
            Problem(pointer(tuple(error.absolute_path)), error.message[:MAX_MESSAGE]) for error in errors[:MAX_PROBLEMS]
        ]


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


def schema_problems(document: Json, path: Path = ()) -> list[Problem]:
    """Find everything that is wrong with a schema, or could make validation unsafe, in the order of the pointers.

    Args:
        document: the schema.
        path: where it stands in its document.
    """
    if isinstance(document, bool):
        return []
    if _deeper(document, MAX_DEPTH):
        return [Problem(pointer(path), f"schema nests deeper than {MAX_DEPTH} levels")]
    if len(json.dumps(document, ensure_ascii=False).encode(errors="replace")) > MAX_SCHEMA:
        return [Problem(pointer(path), f"schema is larger than {MAX_SCHEMA:,} bytes")]
    schemas = dict(_subschemas(document))
    if len(schemas) > MAX_SUBSCHEMAS:
        return [Problem(pointer(path), f"schema holds more than {MAX_SUBSCHEMAS:,} schemas")]
    from chalicelib.core.schemas.dialect import schema_errors  # noqa: PLC0415 - see the head of the module

    found = [((*error.absolute_path,), error.message[:MAX_MESSAGE]) for error in schema_errors(document)]
    for place, schema in schemas.items():
        found += [((*place, *part), message) for part, message in _refusals(schema, place, schemas)]
    found += _reference_problems(schemas)
    problems = {Problem(pointer((*path, *place)), message) for place, message in found}
    return sorted(problems, key=lambda problem: (problem.pointer, problem.message))


def _deeper(value: Json, levels: int) -> bool:
    if not isinstance(value, list | dict):
        return False
    parts = value if isinstance(value, list) else value.values()
    return levels == 0 or any(_deeper(part, levels - 1) for part in parts)


def _subschemas(document: Json, place: _Place = ()) -> Iterator[tuple[_Place, Mapping[str, Any]]]:
    """Walk over a schema and every schema inside it."""
    if isinstance(document, bool):
        yield place, {}
    if not isinstance(document, dict):
        return
    yield place, document
    for keyword, member in document.items():
        if keyword in _ONE:
            yield from _subschemas(member, (*place, keyword))
        elif keyword in _LISTS and isinstance(member, list):
            for index, part in enumerate(member):
                yield from _subschemas(part, (*place, keyword, str(index)))
        elif keyword in _MAPS and isinstance(member, dict):
            for name, part in member.items():
                yield from _subschemas(part, (*place, keyword, name))


def _refusals(schema: Mapping[str, Any], place: _Place, schemas: _Schemas) -> Iterator[tuple[_Place, str]]:
    """Refuse what cannot be made safe in one schema."""
    yield from (((keyword,), f"{keyword} is not supported") for keyword in _UNSUPPORTED if keyword in schema)
    from chalicelib.core.schemas.dialect import MAX_UNIQUE  # noqa: PLC0415 - see the head of the module

    if "$id" in schema and place:
        yield ("$id",), "$id is supported at the root of a schema only"
    if "$schema" in schema and (place or str(schema["$schema"]).rstrip("#") != _DIALECT):
        yield ("$schema",), f"$schema can only be {_DIALECT}, at the root of a schema"
    if isinstance(schema.get("$ref"), str) and _target(schema) not in schemas:
        yield ("$ref",), f"$ref {schema['$ref']!r} is not a JSON pointer (#/…) to a schema inside this one"
    if schema.get("uniqueItems") is True and not _is_at_most(MAX_UNIQUE, schema.get("maxItems")):
        yield ("uniqueItems",), f"uniqueItems needs maxItems of at most {MAX_UNIQUE} beside it"
    if "unevaluatedProperties" in schema and any("patternProperties" in other for other in schemas.values()):
        yield ("unevaluatedProperties",), "unevaluatedProperties is not supported together with patternProperties"
    patterns = schema.get("patternProperties")
    places = [(("patternProperties", key), key) for key in patterns] if isinstance(patterns, dict) else []
    for part, pattern in [(("pattern",), schema.get("pattern")), *places]:
        try:
            compile_pattern(pattern if isinstance(pattern, str) else "")
        except ValueError as error:
            yield part, str(error)


def _is_at_most(most: int, length: Json) -> bool:
    return isinstance(length, int | float) and length <= most


def _target(schema: Mapping[str, Any]) -> _Place | None:
    """Find the place that a local ``$ref`` points at (RFC 6901, section 6)."""
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not (reference == "#" or reference.startswith("#/")):
        return None
    return tuple(unquote(part).replace("~1", "/").replace("~0", "~") for part in reference.split("/")[1:])


def _reference_problems(schemas: _Schemas) -> Iterator[tuple[_Place, str]]:
    """Follow references and combinations, which lead to further schemas for the same place of an instance."""
    onward = {place: list(_onward(place, schema, schemas)) for place, schema in schemas.items()}
    try:
        order = list(TopologicalSorter(onward).static_order())
    except CycleError as error:
        yield error.args[1][0], "$ref leads back to itself without going into the instance"
        return
    references: dict[_Place, int] = {}
    chain: dict[_Place, int] = {}
    for place in order:
        following = onward[place]
        references[place] = sum(references[target] for target in following) + ("$ref" in schemas[place])
        chain[place] = 1 + max((chain[target] for target in following), default=0)
        if references[place] > MAX_REFS or chain[place] > MAX_CHAIN:
            limits = f"{MAX_REFS:,} references, or {MAX_CHAIN} in a row"
            yield place, f"for one place of an instance, $ref leads through more than {limits}"
            return


def _onward(place: _Place, schema: Mapping[str, Any], schemas: _Schemas) -> Iterator[_Place]:
    target = _target(schema)
    if target in schemas and target is not None:
        yield target
    for keyword, member in schema.items():
        if keyword not in _IN_PLACE:
            parts = []
        elif keyword in _ONE:
            parts = [(*place, keyword)]
        else:
            names = (
                member if isinstance(member, dict) else map(str, range(len(member)) if isinstance(member, list) else ())
            )
            parts = [(*place, keyword, name) for name in names]
        yield from (part for part in parts if part in schemas)
