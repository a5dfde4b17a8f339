"""Misfits: results whose own schema says that they never pass the schema that they have to pass."""

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.core.schemas.messages import KINDS
from chalicelib.core.schemas.paths import Paths
from chalicelib.core.values.json import Json


def misfits(given: Any, wanted: Any, paths: Paths) -> Iterator[str]:  # noqa: ANN401 - JSON Schemas
    """Say why no value of one schema passes another one.

    Args:
        given: the JSON Schema of what there is.
        wanted: that which it has to pass; both are expanded.
        paths: what looks for names.
    """
    if not isinstance(wanted, dict):
        return
    if said := _other_type(given, wanted, paths):
        yield f"it is {said}"
        return
    for member in wanted.get("required", ()):
        missing = paths.strange(given, [member])
        if missing is not None and missing.never:
            yield f"there is never a {member!r} in it"
    for member in given.get("required", ()) if isinstance(given, Mapping) else ():
        unknown = paths.strange(wanted, [member])
        if unknown is not None and unknown.never:
            yield f"{member!r} must not be in it"
    for member, schema in wanted.get("properties", {}).items():
        if said := _other_type(paths.inside(given, [member]), schema, paths):
            yield f"{member!r} in it is {said}"


def _other_type(given: Json, wanted: Any, paths: Paths) -> str | None:  # noqa: ANN401 - a JSON Schema
    """Say of which type a value is, and which one it has to be of; one that may be null may pass all the same."""
    kind = wanted.get("type") if isinstance(wanted, Mapping) else None
    types = paths.types(given)
    if not isinstance(kind, str) or not types or not types.isdisjoint(_PASSING.get(kind, {kind})):
        return None
    return f"{' or '.join(dict.fromkeys(KINDS[each] for each in sorted(types)))}, not {KINDS[kind]}"


_PASSING: Mapping[str, set[str]] = {each: {"integer", "number"} for each in ("integer", "number")}
"""By a type, those that values of it may be called: 2.0 is a whole number."""
