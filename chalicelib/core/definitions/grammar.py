"""The definition language: what each object of a document may hold, and how steps hold steps."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from typing import Any

from chalicelib.core.definitions.model import StepType
from chalicelib.core.definitions.name_schemas import ERRORS, ID, SEARCH_ATTRIBUTE, STASH_NAME, STEPS, entries
from chalicelib.core.definitions.timing import BUDGET
from chalicelib.core.limits import LIMITS
from chalicelib.core.schemas.schema import Schema, compile_schema
from chalicelib.core.values.json import Json, Path
from chalicelib.core.values.value import copy_with, value

MAX_STEPS = LIMITS.definition_steps
MAX_LISTS = LIMITS.definition_lists
LONGEST = LIMITS.longest_time

_CONDITION: dict[str, Json] = {"type": "string"}
_TIME: dict[str, Json] = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": int(LONGEST.total_seconds()),
    "x-limit": "longest_time",
}
_SCOPE_OF_ACCESS = frozenset({"subject", "definition", "input", "execution"})
SCOPE_OF_SEARCH = frozenset({"input", "stash", "execution"})
"""What search attributes see."""
_RESTRICTION: Mapping[str, Json] = {
    "roles": {
        "type": "array",
        "minItems": 1,
        "maxItems": LIMITS.definition_entries,
        "x-limit": "definition_entries",
        "items": {"type": "string", "minLength": 1, "maxLength": LIMITS.role_chars, "x-limit": "role_chars"},
        "description": "Names of roles, one of which the caller has to have.",
    },
    "when": {**_CONDITION, "description": "An expression, without `${ }`, that has to be true."},
}
ACCESS: Mapping[str, tuple[str, frozenset[str]]] = {
    "execute": ("Who may start it.", frozenset({"subject", "definition", "input"})),
    "complete": ("Who may claim, release, reassign, complete and reject its tasks.", _SCOPE_OF_ACCESS),
    "cancel": ("Who may cancel, pause, resume and redrive its executions.", _SCOPE_OF_ACCESS),
    "read": ("Who may see its executions, in lists too.", frozenset({"subject", "definition"})),
}
"""What access can be restricted to, by the key: what that is, and what its condition sees."""

DEFINITION_KEYS: Mapping[str, dict[str, Json]] = {
    "id": {**ID, "description": "The name of the definition: lower-case letters, digits and hyphens."},
    "title": {"type": "string", "description": "What it is called, for people."},
    "description": {"type": "string", "description": "What it is for, for people."},
    "inputSchema": {
        "type": ["object", "boolean"],
        "description": "The JSON Schema (2020-12) of the input, with its `default`s; without it, any input will do.",
    },
    "outputSchema": {
        "type": ["object", "boolean"],
        "description": "The JSON Schema of the output; the last step fails with `InvalidOutput` if it does not pass.",
    },
    "timeoutSeconds": {
        **_TIME,
        "description": "How long a whole execution may take, 100 years at most. Then it ends; no `catch` catches that.",
    },
    "budget": BUDGET,
    "retry": {
        **entries("retry"),
        "description": "The `retry` of steps that have none of their own and do not hold, choose or end.",
    },
    "stash": {
        "type": "object",
        "propertyNames": STASH_NAME,
        "description": "Values that steps find in the stash from the start, by name: templates over the input.",
    },
    "search": {
        "type": "object",
        "minProperties": 1,
        "maxProperties": LIMITS.search_attributes,
        "x-limit": "search_attributes",
        "propertyNames": SEARCH_ATTRIBUTE,
        "additionalProperties": {"type": ["string", "number", "boolean"]},
        "description": "The search attributes of its executions, by name: templates that see `input`, `stash` and "
        "`execution`, and come to a text, a number or a boolean; null leaves one out. They are evaluated at the start, "
        "and again when the stash of the first thread changes.",
    },
    "access": {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": {
            key: {
                "type": "object",
                "minProperties": 1,
                "additionalProperties": False,
                "properties": dict(_RESTRICTION),
                "description": f"{about} `when` sees {', '.join(f'`{name}`' for name in sorted(seen))}.",
            }
            for key, (about, seen) in ACCESS.items()
        },
        "description": "Conditions that callers have to meet, beside the right that a role gives them: for `execute`, "
        "`complete`, `cancel` and `read`, the `roles` and `when`.",
    },
    "steps": {**STEPS, "description": "The steps, beginning with the first to run."},
    "includes": {
        "type": "array",
        "description": "Written by sedo, for people: where steps stand that came from other definitions.",
    },
}
"""What a definition may hold: the JSON Schema of each key's value."""

STEP_KEYS: Mapping[str, dict[str, Json]] = {
    "id": {**ID, "description": "The name of the step: lower-case letters, digits and hyphens."},
    "type": {"type": "string", "description": "The step type."},
    "when": {
        **_CONDITION,
        "description": "An expression, without `${ }`: the step is skipped unless it is true.",
    },
    "output": {
        "description": "A template of the result that goes on; in it, `output` is the result as the step gave it."
    },
    "stash": {
        "type": ["string", "object"],
        **STASH_NAME,
        "propertyNames": STASH_NAME,
        "description": "A name under which to leave the result for later steps, or names and a template for each.",
    },
    "retry": {
        **entries("retry"),
        "description": "When and how often to try again after an error: the first entry that names it counts.",
    },
    "catch": {
        **entries("catch"),
        "description": "Where to go on after an error: the first entry that names it counts.",
    },
    "timeoutSeconds": {
        **_TIME,
        "description": "How long one attempt may take, waiting included; the error is `Timeout`. While a call "
        "with `delivery: at-most-once` is under way, it is `Interrupted`. It may be a template.",
    },
    "next": {
        "type": "string",
        "description": "The id of the step to go to, in the same list; without it the one behind, or the end.",
    },
    "end": {"const": True, "description": "`true`: end after this step; in a nested list, end that list."},
}
"""What every step may hold, beside the parameters of its type."""


SCHEMA_TYPE = "application/schema+json"
"""How the schema of a parameter says that the parameter is a JSON Schema itself."""

CALL_KEYS: Mapping[str, dict[str, Json]] = {
    "callback": {
        "type": "boolean",
        "default": False,
        "description": "Whether to wait, once the call has succeeded, until somebody answers with the `${step.token}` "
        "that the call handed out: what they send is the result then.",
    },
    "heartbeatSeconds": {
        **_TIME,
        "description": "With `callback`: how long they may be silent; the error is `HeartbeatTimeout`.",
    },
    "delivery": {
        "enum": ["at-least-once", "at-most-once", "repeatable"],
        "default": "at-least-once",
        "description": "`at-most-once`: if no answer to the call is known, it is not made again, and the error is "
        "`Interrupted`. `repeatable`: it changes nothing, so it may be made any number of times; several of them in a "
        "row are written together, which costs less.",
    },
    "idempotencyKey": {
        "type": "string",
        "pattern": "^[!-~]{1,255}$",
        "patternErrorMessage": "a key has printable ASCII characters without spaces, and 255 of them at most",
        "description": "What the other side may tell a repeated call by, printable ASCII without spaces; by default "
        "that of the visit of the step, the same for every attempt.",
    },
}
"""Parameters of every step type that calls the world."""


@value
class Entry:
    """An object inside a step or a definition, in a list or by itself."""

    name: str
    keys: Mapping[str, dict[str, Json]]
    required: Sequence[str]


ENTRIES: Mapping[str, Entry] = {
    "retry": Entry(
        "an entry of retry",
        {
            "errors": {**ERRORS, "description": "Which errors: names, families like `http.*`, or `*` for every one."},
            "maxAttempts": {
                "type": "integer",
                "minimum": 1,
                "maximum": LIMITS.retry_attempts,
                "x-limit": "retry_attempts",
                "default": 3,
                "description": "How often the step is tried for these errors, the first time included.",
            },
            "intervalSeconds": {**_TIME, "default": 1, "description": "How long to wait before the second attempt."},
            "backoffRate": {
                "type": "number",
                "minimum": 1,
                "maximum": LIMITS.retry_backoff,
                "x-limit": "retry_backoff",
                "default": 2,
                "description": "What the interval is multiplied with for each further attempt.",
            },
            "maxDelaySeconds": {
                **_TIME,
                "default": 3600,
                "description": "How long to wait at most; the default is never less than `intervalSeconds`.",
            },
            "jitter": {
                "enum": ["full", "none"],
                "default": "full",
                "description": "`full`: wait any time up to the delay, so that not all try again at once.",
            },
        },
        ["errors"],
    ),
    "catch": Entry(
        "an entry of catch",
        {
            "errors": {**ERRORS, "description": "Which errors: names, families like `http.*`, or `*` for every one."},
            "stash": {"type": "string", **STASH_NAME, "description": "A name under which to leave the error."},
            "next": {
                "type": "string",
                "description": "The id of the step to go to, in the same list; from there on templates see `error`.",
            },
        },
        ["errors", "next"],
    ),
    "choices": Entry(
        "an entry of choices",
        {
            "when": {**_CONDITION, "description": "An expression, without `${ }`."},
            "next": {"type": "string", "description": "The id of the step to go to if it is true, in the same list."},
        },
        ["when", "next"],
    ),
    "branches": Entry(
        "a branch",
        {
            "id": {**ID, "description": "The name of the branch: lower-case letters, digits and hyphens."},
            "steps": {**STEPS, "description": "Its steps, beginning with the first to run."},
        },
        ["id", "steps"],
    ),
}
"""What stands in the lists of these names."""

RETRY_NUMBERS = ("maxAttempts", "intervalSeconds", "backoffRate", "maxDelaySeconds")
"""What in the retry of a step may be a template."""

INCLUDE = Entry(
    "an include",
    {
        "definition": {**ID, "description": "The id of the definition whose steps stand here."},
        "version": {"type": "integer", "minimum": 1, "description": "Its version; without it, the newest one."},
        "steps": {
            "type": "array",
            "minItems": 1,
            "maxItems": MAX_STEPS,
            "x-limit": "definition_steps",
            "items": {"type": "string"},
            "description": "The ids of the steps to take, in this order; without it, all of them.",
        },
    },
    ["definition"],
)
"""What ``include`` may say, beside the id alone."""

STRUCTURE = frozenset({"choices", "default", "branches", "steps"})
"""Parameters that say how steps hang together: they are no templates."""


@value
class Kind:
    """What an object may hold: a definition, a step of one type, or something inside them."""

    name: str
    keys: Mapping[str, Schema]
    required: Sequence[str]
    params: Collection[str] = ()
    """The keys whose values are templates of what their schema says."""
    times: Collection[str] = ()
    """The same beside the parameters: when a step is over time, or tried again."""
    one_of: Sequence[str] = ()
    """Keys of which there is exactly one."""
    closed: bool = True
    """Whether there is no other key."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Keys that others have, and why there are none of them here."""
    routes: bool = False
    """Whether choices say where a step of this kind leads."""
    ends: bool = False
    """Whether a step of this kind ends its list."""
    calls: bool = False
    """Whether a step of this kind makes a call: secrets and tokens are put into its parameters at the call."""
    delegates: bool = False
    """Whether somebody else does a step of this kind, by a call or otherwise."""
    schemas: Collection[str] = ()
    """The keys whose values are JSON Schemas."""

    @property
    def holds(self) -> bool:
        """Whether a step of this kind holds other steps."""
        return not {"branches", "steps"}.isdisjoint(self.keys)


@cache
def definition_kind() -> Kind:
    """Tell what a definition may hold."""
    return Kind("a definition", _compiled(DEFINITION_KEYS), ["id", "steps"])


@cache
def entry_kind(key: str) -> Kind:
    """Tell what the entries of a list may hold, by the list's key; or what ``include`` may."""
    entry = INCLUDE if key == "include" else ENTRIES[key]
    return Kind(entry.name, _compiled(entry.keys), entry.required)


@cache
def step_retry_kind() -> Kind:
    """Tell what an entry of the retry of a step may hold: its numbers may be templates."""
    return copy_with(entry_kind("retry"), times=RETRY_NUMBERS)


def step_kind(step_type: StepType | None) -> Kind:
    """Tell what a step of a type may hold; of an unknown type, what every step may."""
    if step_type is None:
        return Kind("a step", _compiled(STEP_KEYS), ["id", "type"], closed=False)
    schema: Mapping[str, Any] = step_type.schema
    name, properties = f"a step of type {step_type.name}", schema["properties"]
    routes, ends, calls = "choices" in properties, ends_list(step_type), CALL_KEYS.keys() <= properties.keys()
    refused = {}
    if routes or ends:
        reason = "its choices and its default say where it leads" if routes else "it ends its list of steps"
        refused = {key: f"{name} has no {key!r}: {reason}" for key in ("next", "end")}
    keys = {"id": STEP_KEYS["id"], "type": STEP_KEYS["type"], **properties, **STEP_KEYS}
    return Kind(
        name,
        _compiled({key: value for key, value in keys.items() if key not in refused}),
        ["id", "type", *schema.get("required", ())],
        params=properties.keys() - STRUCTURE,
        times=["timeoutSeconds"],
        one_of=[key for choice in schema.get("oneOf", ()) for key in choice["required"]],
        refused=refused,
        routes=routes,
        ends=ends,
        calls=calls,
        delegates=calls or bool(getattr(step_type, "delegates", False)),
        schemas=[key for key, value in properties.items() if value.get("contentMediaType") == SCHEMA_TYPE],
    )


def ends_list(step_type: StepType) -> bool:
    """Tell whether steps of a type end their list: its optional member ``ends``."""
    return bool(getattr(step_type, "ends", False))


def params_schema(step_type: StepType) -> dict[str, Json]:
    """Make the schema of a step type's rendered parameters: without what says how steps hang together."""
    schema: Mapping[str, Any] = step_type.schema
    return {
        **schema,
        "properties": {key: value for key, value in schema["properties"].items() if key not in STRUCTURE},
        "required": [key for key in schema.get("required", ()) if key not in STRUCTURE],
    }


def nested_lists(step: Mapping[str, Json]) -> Iterator[tuple[Path, str, list[Json]]]:
    """Walk over the lists of steps inside a step as it was written, which need not be right.

    Yields:
        Where the list stands in the step, the branch id (``steps`` for the only one), and the list.
    """
    if isinstance(steps := step.get("steps"), list):
        yield ("steps",), "steps", steps
    branches = step.get("branches")
    for index, branch in enumerate(branches if isinstance(branches, list) else ()):
        if isinstance(branch, dict) and isinstance(steps := branch.get("steps"), list):
            yield ("branches", index, "steps"), str(branch.get("id")), steps


def prefix_of(path: str, place: Path, name: str) -> str:
    """Tell what the paths of the steps begin with that stand in a nested list of the step at a path."""
    return f"{path}/" if place == ("steps",) else f"{path}/{name}/"


def _compiled(keys: Mapping[str, Json]) -> Mapping[str, Schema]:
    return {name: compile_schema(schema) for name, schema in keys.items()}
