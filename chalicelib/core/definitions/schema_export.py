"""The JSON Schema of a definition, for editors."""

from collections.abc import Mapping
from typing import Any

from chalicelib.core.definitions.grammar import (
    DEFINITION_KEYS,
    ENTRIES,
    INCLUDE,
    MAX_STEPS,
    RETRY_NUMBERS,
    STEP_KEYS,
    STRUCTURE,
    Entry,
    ends_list,
)
from chalicelib.core.definitions.model import StepType
from chalicelib.core.definitions.name_schemas import ID
from chalicelib.core.values.json import Json

_TEMPLATE: Json = {"type": "string", "pattern": r"\$\{"}
_STEPS: Mapping[str, Json] = {"$ref": "#/$defs/steps"}


def definition_schema(step_types: Mapping[str, StepType]) -> dict[str, Json]:
    """Make the JSON Schema (2020-12) of a definition; :func:`~chalicelib.core.definitions.parser.parse` checks more."""
    entry: Json = {
        "if": {"required": ["include"]},
        "then": {"$ref": "#/$defs/include"},
        "else": {"$ref": "#/$defs/step"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Definition of a workflow",
        "type": "object",
        "properties": _filled(DEFINITION_KEYS),
        "required": ["id", "steps"],
        "additionalProperties": False,
        "$defs": {
            "steps": {"type": "array", "minItems": 1, "maxItems": MAX_STEPS, "items": entry},
            "step": _any_step(step_types),
            "include": {
                "type": "object",
                "properties": {
                    "include": {
                        "description": "The definition whose steps stand here: its id, or also its version and steps.",
                        "anyOf": [dict(ID), _entry(INCLUDE)],
                    }
                },
                "additionalProperties": False,
            },
            **{f"{name}-step": _step(step_type) for name, step_type in step_types.items()},
        },
    }


def _any_step(step_types: Mapping[str, StepType]) -> Json:
    """Make the schema of a step of any type: what else it has depends on its type."""
    kinds: list[Json] = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/{name}-step"},
        }
        for name in step_types
    ]
    return {
        "type": "object",
        "properties": {"type": {"enum": list(step_types)}},
        "required": ["id", "type"],
        "allOf": kinds,
    }


def _step(step_type: StepType) -> Json:
    schema: Mapping[str, Any] = step_type.schema
    structure = _filled({key: value for key, value in schema["properties"].items() if key in STRUCTURE})
    params = {
        name: structure.get(name, {"description": value["description"], "anyOf": [value, _TEMPLATE]})
        for name, value in schema["properties"].items()
    }
    onward = () if "choices" in params or ends_list(step_type) else ("next", "end")
    keys = {key: value for key, value in STEP_KEYS.items() if key not in ("next", "end") or key in onward}
    return {
        **schema,
        "properties": {**_timed(_filled(keys)), "type": {"const": step_type.name}, **params},
        "required": ["id", "type", *schema.get("required", ())],
        **({"not": {"required": ["next", "end"]}} if onward else {}),
    }


def _timed(keys: dict[str, Any]) -> dict[str, Json]:
    """Let templates be where a step says when it is over time and tried again."""
    entry = keys["retry"]["items"]
    numbers = {name: _or_template(entry["properties"][name]) for name in RETRY_NUMBERS}
    retry = {**keys["retry"], "items": {**entry, "properties": {**entry["properties"], **numbers}}}
    return {**keys, "timeoutSeconds": _or_template(keys["timeoutSeconds"]), "retry": retry}


def _or_template(schema: Mapping[str, Json]) -> Json:
    return {"description": schema["description"], "anyOf": [dict(schema), _TEMPLATE]}


def _filled(keys: Mapping[str, Mapping[str, Json]]) -> dict[str, Json]:
    """Say what stands in the lists whose entries are known by name."""
    filled: dict[str, Json] = {}
    for key, value in keys.items():
        filled[key] = dict(value)
        if key == "steps":
            filled[key] = {**value, **_STEPS}
        elif key in ENTRIES:
            filled[key] = {**value, "items": _entry(ENTRIES[key])}
    return filled


def _entry(entry: Entry) -> Json:
    return {
        "type": "object",
        "properties": {**entry.keys} if entry is INCLUDE else _filled(entry.keys),
        "required": list(entry.required),
        "additionalProperties": False,
    }
