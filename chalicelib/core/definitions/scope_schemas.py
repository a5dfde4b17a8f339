"""JSON Schemas of what is in the scope of all definitions alike."""

from collections.abc import Mapping

from chalicelib.core.values.json import Json

ERROR: Json = {
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "message": {"type": "string"},
        "step": {"type": "string"},
        "attempt": {"type": "integer"},
        "details": {},
    },
    "additionalProperties": False,
}
"""Of an error, as templates see it."""

FAILED: Json = {
    "type": "object",
    "properties": {"error": ERROR, "index": {"type": "integer"}, "item": True},
    "additionalProperties": False,
}
"""Of what stands in the place of a tolerated item of a `map`."""
_EXECUTION = ("id", "name", "tenantId", "definitionId", "version", "startedAt", "startedBy", "parentId")
_STEP = ("id", "attempt", "startedAt", "completedBy")
SCOPE: Mapping[str, Json] = {
    "error": ERROR,
    "execution": {"type": "object", "properties": dict.fromkeys(_EXECUTION, True), "additionalProperties": False},
    "step": {"type": "object", "properties": dict.fromkeys(_STEP, True), "additionalProperties": False},
}
"""Of what is the same in all definitions, by its name in scope."""
_TEXTS: Json = {"type": "array", "items": {"type": "string"}}
OF_ACCESS: Mapping[str, Json] = {
    "subject": {
        "type": "object",
        "properties": {
            "id": {"type": ["string", "null"]},
            "means": {"type": "string"},
            "groups": _TEXTS,
            "roles": _TEXTS,
        },
        "additionalProperties": False,
    },
    "definition": {
        "type": "object",
        "properties": {"id": {"type": "string"}, "version": {"type": "integer"}},
        "additionalProperties": False,
    },
}
"""Of what only conditions of access see, by its name."""
