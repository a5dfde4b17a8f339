"""What names and lists of entries in a definition may be, as JSON Schema.

``patternErrorMessage``, which language servers of JSON and YAML read, says it in words.
"""

from collections.abc import Mapping

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json

ID: Mapping[str, Json] = {
    "type": "string",
    "pattern": "^[a-z0-9-]{1,64}$",
    "patternErrorMessage": "an id has lower-case letters, digits and - alone, and 64 of them at most",
}
SEARCH_ATTRIBUTE: dict[str, Json] = {
    "pattern": "^[A-Za-z][A-Za-z0-9_]{0,63}$",
    "patternErrorMessage": "it begins with a letter, and has letters, digits and _ alone, and 64 of them at most",
}
STASH_NAME: dict[str, Json] = {
    "pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$",
    "patternErrorMessage": "a name of the stash begins with a letter or _, and has letters, digits and _ alone, and 64 "
    "of them at most",
}
ERRORS: dict[str, Json] = {
    "type": "array",
    "minItems": 1,
    "maxItems": LIMITS.definition_entries,
    "x-limit": "definition_entries",
    "items": {
        "type": "string",
        "pattern": r"^(\*|[A-Za-z0-9._-]{1,128}(\.\*)?)$",
        "patternErrorMessage": "write the name of an error (Timeout), a class (http.Status.5xx), what names begin with "
        "and .* (bank.*), or * for all",
    },
}
_STEP: Json = {"id": "say", "type": "echo", "message": "hello"}
EXAMPLES: Mapping[str, Json] = {
    "steps": _STEP,
    "retry": {"errors": ["*"], "maxAttempts": 3},
    "catch": {"errors": ["*"], "next": "mend"},
    "choices": {"when": "input.total > `100`", "next": "ask"},
    "branches": {"id": "left", "steps": [_STEP]},
}
"""An entry of each list of objects of a definition, by the key of the list."""


def entries(key: str) -> Mapping[str, Json]:
    """Describe the list of the entries of a ``retry`` or ``catch``."""
    return {
        "type": "array",
        "maxItems": LIMITS.definition_entries,
        "x-limit": "definition_entries",
        "examples": [[EXAMPLES[key]]],
    }


STEPS: dict[str, Json] = {"type": "array", "minItems": 1, "examples": [[EXAMPLES["steps"]]]}
"""A list of steps."""
