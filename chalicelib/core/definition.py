"""From a document to a definition with everything compiled, or to every problem at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from chalicelib.core.errors import InvalidDefinitionError
from chalicelib.core.flow import Steps, flow_problems
from chalicelib.core.model import Definition, Step, StepType
from chalicelib.core.schema import MAX_PROBLEMS, Schema, compile_schema, schema_problems
from chalicelib.core.template import Template, compile_template, is_templated
from chalicelib.core.values import Json, Path, Problem, pointer

MAX_STEPS = 1_000
"""Steps of one definition."""

_COMPARISONS = 4_000
"""Of unknown names with known ones, in one definition."""

_ID: Mapping[str, Json] = {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"}
_STASH_NAME: dict[str, Json] = {"pattern": "^[A-Za-z_][A-Za-z0-9_]{0,63}$"}

DEFINITION_KEYS: Mapping[str, dict[str, Json]] = {
    "id": {**_ID, "description": "The name of the definition: lower-case letters, digits and hyphens."},
    "title": {"type": "string", "description": "What it is called, for people."},
    "description": {"type": "string", "description": "What it is for, for people."},
    "inputSchema": {
        "type": ["object", "boolean"],
        "description": "The JSON Schema (2020-12) of the input; without it, any input will do.",
    },
    "stash": {
        "type": "object",
        "propertyNames": _STASH_NAME,
        "description": "Values that steps find in the stash from the start, by name: templates over the input.",
    },
    "steps": {"type": "array", "minItems": 1, "description": "The steps, beginning with the first to run."},
}
"""What a definition may hold: the JSON Schema of each key's value."""

STEP_KEYS: Mapping[str, dict[str, Json]] = {
    "id": {**_ID, "description": "The name of the step: lower-case letters, digits and hyphens."},
    "type": {"type": "string", "description": "The step type."},
    "output": {
        "description": "A template of the result that goes on; in it, `output` is the result as the step gave it."
    },
    "stash": {
        "type": ["string", "object"],
        **_STASH_NAME,
        "propertyNames": _STASH_NAME,
        "description": "A name under which to leave the result for later steps, or names and a template for each.",
    },
    "next": {
        "type": "string",
        "description": "The id of the step to go to; without it, the next one in the list; after the last one the end.",
    },
    "end": {"const": True, "description": "`true`: end after this step."},
}
"""What every step may hold, beside the parameters of its type."""


def parse(document: Json, step_types: Mapping[str, StepType]) -> Definition:
    """Read a definition.

    Args:
        document: the definition as JSON.
        step_types: what a step's ``type`` can name.

    Raises:
        InvalidDefinitionError: it is not valid; there is a problem for each thing that is wrong.
    """
    if not isinstance(document, dict):
        raise InvalidDefinitionError(problems=[Problem("", "a definition is an object")])
    parsing = _Parsing(step_types)
    try:
        definition = parsing.definition(document)
    except RecursionError:
        raise InvalidDefinitionError(problems=[Problem("", "the definition nests too deeply")]) from None
    if parsing.problems:
        raise InvalidDefinitionError(problems=parsing.problems[:MAX_PROBLEMS])
    return definition


def definition_schema(step_types: Mapping[str, StepType]) -> dict[str, Json]:
    """Make the JSON Schema (2020-12) of a definition, for editors; :func:`parse` checks more than it can say."""
    kinds: list[Json] = [
        {
            "if": {"properties": {"type": {"const": name}}, "required": ["type"]},
            "then": {"$ref": f"#/$defs/{name}"},
        }
        for name in step_types
    ]
    step: Json = {
        "type": "object",
        "properties": {"type": {"enum": list(step_types)}},
        "required": ["id", "type"],
        "allOf": kinds,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Definition of a workflow",
        "type": "object",
        "properties": {
            **DEFINITION_KEYS,
            "steps": {**DEFINITION_KEYS["steps"], "maxItems": MAX_STEPS, "items": step},
        },
        "required": ["id", "steps"],
        "additionalProperties": False,
        "$defs": {name: _step_schema(step_type) for name, step_type in step_types.items()},
    }


def _step_schema(step_type: StepType) -> Json:
    schema: Mapping[str, Any] = step_type.schema
    template: Json = {"type": "string", "pattern": r"\$\{"}
    params = {
        name: {"description": value["description"], "anyOf": [value, template]}
        for name, value in schema["properties"].items()
    }
    return {
        **schema,
        "properties": {**STEP_KEYS, "type": {"const": step_type.name}, **params},
        "required": ["id", "type", *schema.get("required", ())],
        "not": {"required": ["next", "end"]},
    }


@dataclass(frozen=True, slots=True)
class _Kind:
    """What an object may hold: a definition, or a step of one type."""

    name: str
    keys: Mapping[str, Schema]
    required: Sequence[str]
    params: Collection[str] = ()
    """The keys whose values are templates of what their schema says."""
    one_of: Sequence[str] = ()
    """Keys of which there is exactly one."""
    closed: bool = True
    """Whether there is no other key."""


def _definition_kind() -> _Kind:
    return _Kind("a definition", _compiled(DEFINITION_KEYS), ["id", "steps"])


def _step_kind(step_type: StepType | None) -> _Kind:
    if step_type is None:
        return _Kind("a step", _compiled(STEP_KEYS), ["id", "type"], closed=False)
    schema: Mapping[str, Any] = step_type.schema
    return _Kind(
        f"a step of type {step_type.name}",
        _compiled({"id": STEP_KEYS["id"], "type": STEP_KEYS["type"], **schema["properties"], **STEP_KEYS}),
        ["id", "type", *schema.get("required", ())],
        params=schema["properties"].keys(),
        one_of=[name for choice in schema.get("oneOf", ()) for name in choice["required"]],
    )


def _compiled(keys: Mapping[str, Json]) -> Mapping[str, Schema]:
    return {name: compile_schema(schema) for name, schema in keys.items()}


class _Parsing:
    """One document on its way to a definition.

    What has a problem is replaced by something empty, so that the rest is looked at, too.
    """

    def __init__(self, step_types: Mapping[str, StepType]) -> None:
        self.step_types = step_types
        self.problems: list[Problem] = []
        self.suggestion = _Suggestions()
        self.kinds: dict[str | None, tuple[_Kind, Schema]] = {}

    def definition(self, document: Mapping[str, Json]) -> Definition:
        self.check(document, _definition_kind(), ())
        schema = self.schema(document.get("inputSchema", True), ("inputSchema",))
        if document.get("id") == "validate":
            self.problem(("id",), "'validate' has a meaning of its own in the API: choose another id")
        stash = self.template(document["stash"], ("stash",)) if "stash" in document else None
        raw = document.get("steps")
        steps = {step.path: step for step in self.steps(raw if isinstance(raw, list) else [])}
        return Definition(str(document.get("id")), next(iter(steps), ""), steps, schema, stash)

    def steps(self, raw: Sequence[Json]) -> list[Step]:
        if len(raw) > MAX_STEPS:
            self.problem(("steps",), f"a definition has at most {MAX_STEPS:,} steps")
            return []
        steps = [step if isinstance(step, dict) else {} for step in raw]
        parsed = []
        for index, step in enumerate(raw):
            if not isinstance(step, dict):
                self.problem(("steps", index), "a step is an object")
            elif made := self.step(step, steps[index + 1 : index + 2], ("steps", index)):
                parsed.append(made)
        self.problems += flow_problems(steps, ("steps",), self.suggestion)
        return parsed

    def step(self, step: Mapping[str, Json], following: Steps, path: Path) -> Step | None:
        step_type = self.step_type(step.get("type"), path)
        kind, schema = self.kind(step_type)
        self.check(step, kind, path)
        output = self.template(step["output"], (*path, "output")) if "output" in step else None
        stash = self.stash(step.get("stash"), (*path, "stash"))
        params = self.template({key: value for key, value in step.items() if key in kind.params}, path)
        target = None if "end" in step else step.get("next", following[0].get("id") if following else None)
        if step_type is None:
            return None
        onward = None if target is None else str(target)
        return Step(str(step.get("id")), step_type, params, schema, onward, output, stash)

    def step_type(self, name: Json, path: Path) -> StepType | None:
        if isinstance(name, str) and name not in self.step_types:
            hint = self.suggestion(name, self.step_types)
            known = ", ".join(self.step_types)
            self.problem((*path, "type"), f"there is no step type {name!r}{hint}; there are {known}")
        return self.step_types.get(name) if isinstance(name, str) else None

    def kind(self, step_type: StepType | None) -> tuple[_Kind, Schema]:
        """Compile a step type's schema, once."""
        name = step_type.name if step_type else None
        if name not in self.kinds:
            self.kinds[name] = _step_kind(step_type), compile_schema(dict(step_type.schema) if step_type else True)
        return self.kinds[name]

    def stash(self, stash: Json, path: Path) -> str | Mapping[str, Template] | None:
        if isinstance(stash, dict):
            return {name: self.template(value, (*path, name)) for name, value in stash.items()}
        return stash if isinstance(stash, str) else None

    def template(self, source: Json, path: Path) -> Template:
        try:
            return compile_template(source, path)
        except InvalidDefinitionError as error:
            self.problems += error.problems
            return compile_template(None)

    def schema(self, document: Json, path: Path) -> Schema:
        found = schema_problems(document, path) if isinstance(document, dict) else []
        self.problems += found
        usable = isinstance(document, dict | bool) and not found
        return compile_schema(document if usable else True)

    def check(self, value: Mapping[str, Json], kind: _Kind, path: Path) -> None:
        """Find keys that are unknown or missing, and values that do not fit."""
        for key in value:
            if key in kind.keys:
                self.check_value(value[key], kind.keys[key], (*path, key), templated=key in kind.params)
            elif kind.closed:
                hint = self.suggestion(key, kind.keys)
                self.problem((*path, key), f"{kind.name} has no {key!r}{hint}; it takes {', '.join(kind.keys)}")
        for key in kind.required:
            if key not in value:
                self.problem(path, f"{kind.name} needs {key!r}")
        if kind.one_of and sum(key in value for key in kind.one_of) != 1:
            self.problem(path, f"{kind.name} needs exactly one of {', '.join(kind.one_of)}")

    def check_value(self, value: Json, schema: Schema, path: Path, *, templated: bool) -> None:
        for found in schema.problems(value):
            if not (templated and is_templated(_at(value, found.pointer))):
                self.problem(path, found.message, found.pointer)

    def problem(self, path: Path, message: str, below: str = "") -> None:
        self.problems.append(Problem(pointer(path) + below, message))


class _Suggestions:
    """The closest known name to an unknown one, while the number of comparisons, which are slow, allows it."""

    def __init__(self) -> None:
        self.left = _COMPARISONS

    def __call__(self, name: str, known: Collection[str]) -> str:
        self.left -= len(known)
        close = get_close_matches(name[:64], known, n=1) if self.left >= 0 else ()
        return "".join(f" (did you mean {match!r}?)" for match in close)


def _at(value: Any, place: str) -> Json:  # noqa: ANN401 - what the pointer passes through is known to hold its parts
    """Look up a JSON pointer (RFC 6901) to something that is there."""
    for part in place.split("/")[1:]:
        value = value[int(part) if isinstance(value, list) else part.replace("~1", "/").replace("~0", "~")]
    return value  # type: ignore[no-any-return] # see above
