"""JSON Schema 2020-12 as sedo validates it: jsonschema's keywords, with RE2, checked formats and a budget."""

import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import date
from functools import cache, partial
from typing import Any, TypeAlias

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.exceptions import best_match
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry
from rfc3339_validator import validate_rfc3339

from chalicelib.core.expressions.functions_data import same
from chalicelib.core.limits import LIMITS
from chalicelib.core.schemas.messages import ALTERNATIVES
from chalicelib.core.schemas.places import TooCostlyError
from chalicelib.core.values.decimals import remainder
from chalicelib.core.values.json import Json
from chalicelib.core.values.pattern import Pattern, PatternTooLargeError, compile_pattern

MAX_STEPS = LIMITS.validation_steps
MIN_STEPS = LIMITS.validation_steps_smallest
STEPS_PER_BYTE = LIMITS.validation_steps_per_byte

_STEPS_PER_ERROR = 10
_STEPS_PER_SCHEMA = 3
"""To enter a schema that is inside of another."""
_STEPS_PER_KEYWORD = {"$ref": 10, "format": 5, "if": 4, "not": 4, "pattern": 6}
"""What takes longer than a step by itself."""
_ENTERING_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "properties"})
_ENTERING_MEMBERS = frozenset(
    {
        "additionalProperties",
        "contains",
        "items",
        "propertyNames",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_ALTERNATIVES = frozenset({"anyOf", "oneOf"})
_INSTRUCTIONS_PER_STEP = 4
"""Instructions of a pattern that RE2 compiles in that time."""
_CHARS_PER_STEP = 100
"""Characters of a text that a format looks through in that time."""
_STEPS_OF_REFUSED_PATTERN = 5_000
"""RE2 has spent all of its memory before it says that a pattern is too large."""
_WORK_PER_STEP = 1_000
"""Instructions of patterns for characters of texts that take as long as a step."""
_STEPS_PER_SEARCH = 2
"""To search any text for a pattern, be it short."""
_VALUES_PER_STEP = 2
"""Values, nested ones too, that are compared with others in that time."""

_BITS_PER_STEP = 64
"""Bits of whole numbers that are divided in that time."""

MAX_UNIQUE = LIMITS.schema_unique_items

_Validator: TypeAlias = Any  # with descend(), which jsonschema's Validator protocol leaves out
_Schema: TypeAlias = Mapping[str, Any]
_Check: TypeAlias = Callable[[_Validator, Any, Json, _Schema], Iterator[ValidationError] | None]


class _Budget:
    def __init__(self, steps: int, patterns: dict[str, Pattern]) -> None:
        self.left = steps
        self.patterns = patterns

    def spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise TooCostlyError


_budget: ContextVar[_Budget] = ContextVar("budget of the validation that runs in this context")


def errors_of(
    validator: Validator, instance: Json, patterns: dict[str, Pattern] | None = None
) -> list[ValidationError]:
    """Validate within a budget that grows with the instance.

    Args:
        validator: of the schema.
        instance: any value.
        patterns: those of the schema that have been compiled, by their text; this puts further ones there.

    Returns:
        First the error that jsonschema's ``best_match`` picks, then the others in the order of the schema, and each
        once. Of a value that has not the type of its schema, or unknown members, nothing is told of the alternatives
        that the schema has for it; where only one of these can be meant, what is wrong with that one is told.

    Raises:
        TooCostlyError: it costs more.
        RecursionError: the instance is nested too deeply.
    """
    size = len(json.dumps(instance))
    token = _budget.set(
        _Budget(min(MAX_STEPS, MIN_STEPS + STEPS_PER_BYTE * size), {} if patterns is None else patterns)
    )
    try:
        errors = [*_meant(_telling(list(validator.iter_errors(instance))))]
    finally:
        _budget.reset(token)
    best = best_match(errors)
    if best is None:
        return []
    around = {*map(id, _around(best))}
    whole = next(error for error in errors if id(error) in around)
    first = whole if len(_alternatives(whole)) <= ALTERNATIVES else best
    return [first, *(error for error in errors if error is not whole)]


def _around(error: Any) -> Iterator[ValidationError]:  # noqa: ANN401 - its parents have no type
    """Walk from an error up to that of the alternatives which it is of."""
    while error is not None:
        yield error
        error = error.parent


def _alternatives(error: ValidationError) -> Mapping[object, list[ValidationError]]:
    """Tell what is wrong with each of some alternatives; there are none of another keyword."""
    found: dict[object, list[ValidationError]] = {}
    for each in error.context or () if error.validator in _ALTERNATIVES else ():
        found.setdefault(next(iter(each.relative_schema_path), None), []).append(each)
    return found


def _meant(errors: Iterable[ValidationError]) -> Iterator[ValidationError]:
    """Tell of alternatives what is wrong with the only one that has the type, and the kind, of the value."""
    for error in errors:
        meant = [each for each in _alternatives(error).values() if not any(map(_is_of_other_kind, each))]
        if len(meant) == 1:
            yield from _meant(meant[0])
        else:
            yield error


def _is_of_other_kind(error: ValidationError) -> bool:
    """Tell whether an alternative is for another type of value, an object that says another kind of itself, or none."""
    depth = len(error.relative_path)
    return (error.validator, depth) in {("type", 0), ("const", 1), (None, 0)}


def _telling(errors: list[ValidationError]) -> list[ValidationError]:
    """Leave out what a schema says of alternatives for a value that has not even its type, or has unknown members."""
    untyped = {_place(error) for error in errors if error.validator in {"type", "additionalProperties"}}
    return [error for error in errors if error.validator not in _ALTERNATIVES or _place(error) not in untyped]


def _place(error: ValidationError) -> tuple[object, ...]:
    """Tell where an error is: in the instance, and in which schema."""
    return *error.absolute_path, None, *[*error.absolute_schema_path][:-1]


def schema_errors(document: Json) -> Iterator[ValidationError]:
    """Find what makes a document no schema."""
    return Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(document)


def new_validator(document: Json) -> Validator:
    """Make a validator that resolves ``$ref`` in the document only and never fetches."""
    validator: Validator = _SafeValidator(document, format_checker=_FORMATS, registry=Registry())
    return validator


def _searcher(pattern: str) -> Callable[[str], bool]:
    """Make a search that pays for itself."""
    known = _budget.get().patterns
    compiled = known.get(pattern) or known.setdefault(pattern, compile_pattern(pattern))

    def search(text: str) -> bool:
        _budget.get().spend(_STEPS_PER_SEARCH + compiled.programsize * len(text) // _WORK_PER_STEP)
        return compiled.search(text) is not None

    return search


def _pattern(_validator: _Validator, pattern: str, instance: Json, _schema: _Schema) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _searcher(pattern)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _properties(
    validator: _Validator, properties: Mapping[str, Json], instance: Json, _schema: _Schema
) -> Iterator[ValidationError]:
    """Hold members to their schemas; of one that cannot be there, jsonschema would not say which it is."""
    members = instance if isinstance(instance, dict) else {}
    for name, subschema in properties.items():
        if name in members and subschema is False:
            yield ValidationError("it cannot be there", validator=None, path=(name,))  # type: ignore[arg-type] # as jsonschema itself
        elif name in members:
            yield from validator.descend(members[name], subschema, path=name, schema_path=name)


def _pattern_properties(
    validator: _Validator, patterns: Mapping[str, Json], instance: Json, _schema: _Schema
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    for pattern, subschema in patterns.items():
        search = _searcher(pattern)
        for key, value in instance.items():
            if search(key):
                yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(
    validator: _Validator, additional: Json, instance: Json, schema: _Schema
) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    searches = [_searcher(pattern) for pattern in schema.get("patternProperties", ())]
    extras = {
        key: value
        for key, value in instance.items()
        if key not in known and not any(search(key) for search in searches)
    }
    if additional is False:
        yield from Draft202012Validator.VALIDATORS["additionalProperties"](validator, additional, extras, {})
    else:
        for key, value in extras.items():
            yield from validator.descend(value, additional, path=key)


def _multiple_of(_validator: _Validator, step: float, instance: Json, _schema: _Schema) -> Iterator[ValidationError]:
    """Hold a number to multiples as people write both: in decimal, where 19.99 is one of 0.01."""
    if isinstance(instance, bool) or not isinstance(instance, int | float):
        return
    if isinstance(instance, int) and isinstance(step, int):
        _budget.get().spend((instance.bit_length() + step.bit_length()) // (4 * _BITS_PER_STEP))
        rest: object = instance % step
    else:
        _budget.get().spend((int(instance).bit_length() + int(step).bit_length()) // _BITS_PER_STEP)
        rest = remainder(instance, step)
    if rest:
        yield ValidationError(f"{instance!r} is not a multiple of {step!r}")


def _comparing(keyword: str) -> _Check:
    """Make a keyword that compares values pay for all in those that may be the same."""
    check: _Check = Draft202012Validator.VALIDATORS[keyword]

    def pay_and_check(validator: _Validator, value: Any, instance: Json, schema: _Schema) -> Iterator[ValidationError]:  # noqa: ANN401 - any JSON
        if isinstance(instance, list | dict):
            alike = [each for each in (value if keyword == "enum" else [value]) if _may_be(each, instance)]
            _budget.get().spend(len(alike) * _values_in(instance) // _VALUES_PER_STEP if alike else 0)
        yield from check(validator, value, instance, schema) or ()

    return pay_and_check


def _may_be(value: Json, instance: list[Json] | dict[str, Json]) -> bool:
    return isinstance(value, list | dict) and type(value) is type(instance) and len(value) == len(instance)


def _unique_items(_validator: _Validator, unique: Json, instance: Json, _schema: _Schema) -> Iterator[ValidationError]:
    if unique and isinstance(instance, list) and len(instance) <= MAX_UNIQUE:
        _budget.get().spend(_values_in(instance) // _VALUES_PER_STEP)
        if len(set(map(same, instance))) < len(instance):
            yield ValidationError(f"{instance!r} has non-unique elements")


def _values_in(value: Json) -> int:
    """Count a value and all in it."""
    if not isinstance(value, list | dict):
        return 1
    return 1 + sum(map(_values_in, value if isinstance(value, list) else value.values()))


def _costing(keyword: str, check: _Check) -> _Check:
    """Make a keyword pay for itself, its parts, and its errors, whose messages may repeat the whole instance."""

    def check_and_pay(validator: _Validator, value: Json, instance: Json, schema: _Schema) -> Iterator[ValidationError]:
        spend = _budget.get().spend
        spend(_STEPS_PER_KEYWORD.get(keyword, 1) + (len(value) if isinstance(value, list | dict) else 0))
        if keyword in _ENTERING_SCHEMAS:
            spend(_STEPS_PER_SCHEMA * len(value) if isinstance(value, list | dict) else 0)
        elif keyword in _ENTERING_MEMBERS and isinstance(instance, list | dict):
            spend(_STEPS_PER_SCHEMA * len(instance))
        if keyword.startswith("unevaluated") and isinstance(instance, list | dict):
            spend(len(instance) ** 2 // 100)  # jsonschema looks up every part in a list of parts
        for error in check(validator, value, instance, schema) or ():
            spend(_STEPS_PER_ERROR + len(error.message) // 100)
            yield error

    return check_and_pay


_OWN: Mapping[str, _Check] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "properties": _properties,
    "additionalProperties": _additional_properties,
    "const": _comparing("const"),
    "enum": _comparing("enum"),
    "multipleOf": _multiple_of,
    "uniqueItems": _unique_items,
}

_SafeValidator = extend(  # type: ignore[no-untyped-call] # so says the stub
    Draft202012Validator,
    {keyword: _costing(keyword, check) for keyword, check in {**Draft202012Validator.VALIDATORS, **_OWN}.items()},
)

_FORMATS = FormatChecker(formats=())


def _format(name: str) -> Callable[[Callable[[str], object]], Callable[[str], object]]:
    """Register the check of a format: false or ValueError if a string is not of it; what is no string passes."""

    def register(check: Callable[[str], object]) -> Callable[[str], object]:
        def check_and_pay(value: object) -> bool:
            if not isinstance(value, str):
                return True
            _budget.get().spend(len(value) // _CHARS_PER_STEP)
            return bool(check(value))

        _FORMATS.checks(name, raises=ValueError)(check_and_pay)
        return check

    return register


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = cache(partial(compile_pattern, pattern))

    def match(text: str) -> bool:
        _budget.get().spend(compiled().programsize * len(text) // _WORK_PER_STEP)
        return compiled().fullmatch(text) is not None

    return match


_is_date = _matches(r"\d{4}-\d{2}-\d{2}")


def _is_instant(text: str) -> bool:
    return "\n" not in text and bool(validate_rfc3339(text.upper()))  # it would bear a newline at the end


_format("date-time")(_is_instant)
_format("date")(lambda text: _is_date(text) and date.fromisoformat(text))
_format("time")(lambda text: _is_instant(f"2000-01-01T{text}"))
_format("email")(_matches(r"[^@\s]+@[^@\s]+"))
_format("ipv4")(ipaddress.IPv4Address)
_format("ipv6")(lambda text: "%" not in text and ipaddress.IPv6Address(text))
_format("uuid")(_matches(r"(?i)[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}"))
_format("uri")(_matches(r"[A-Za-z][A-Za-z0-9+.-]*:([A-Za-z0-9._~:/?#@!$&'()*+,;=\[\]-]|%[0-9A-Fa-f]{2})*"))


@_format("regex")
def _is_pattern(text: str) -> bool:
    spend = _budget.get().spend
    try:
        spend(compile_pattern(text).programsize // _INSTRUCTIONS_PER_STEP)
    except PatternTooLargeError:
        spend(_STEPS_OF_REFUSED_PATTERN)
        raise
    return True
