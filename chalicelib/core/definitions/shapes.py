"""What steps come to and leave in the stash, as JSON Schemas, as far as their definition tells."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chalicelib.core.definitions.grammar import Kind
from chalicelib.core.definitions.model import StepType
from chalicelib.core.expressions.template import compile_template, expressions, is_templated, makes_text
from chalicelib.core.schemas.paths import inside
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

Scope = Mapping[str, Json]
"""The JSON Schema of what is in scope, by its name."""

ERROR: Json = {
    "type": "object",
    "properties": {"name": {}, "message": {}, "step": {}, "attempt": {}, "details": {}},
    "additionalProperties": False,
}
"""Of an error, as templates see it."""

_EXECUTION = ("id", "name", "tenantId", "definitionId", "version", "startedAt", "startedBy", "parentId")
_STEP = ("id", "attempt", "startedAt", "completedBy")
SCOPE: Scope = {
    "error": ERROR,
    "execution": {"type": "object", "properties": dict.fromkeys(_EXECUTION, True), "additionalProperties": False},
    "step": {"type": "object", "properties": dict.fromkeys(_STEP, True), "additionalProperties": False},
}
"""Of what is the same in all definitions."""

_LEAVES = {"next", "end", "catch", "choices", "when"}
"""Keys of steps by which a list may end elsewhere, or with something else, than behind its last step."""


@value
class Shapes:
    """Tells what steps come to: ``True`` where anything may come of them.

    Args:
        step_types: what a step's ``type`` can name.
        kind: what a type lets its steps have.
        input: the JSON Schema of the input.
    """

    step_types: Mapping[str, StepType]
    kind: Callable[[str], Kind]
    input: Json

    def left(self, step: Mapping[str, Any]) -> Mapping[str, Json]:
        """Tell what a step, or an error that it catches, leaves in the stash, by name."""
        caught = {entry["stash"]: ERROR for entry in step.get("catch", ()) if "stash" in entry}
        stash = step.get("stash", {})
        if isinstance(stash, str):
            stashed = {stash: self.shaped(step)}
        else:
            scope = {"input": self.input, "output": self.shaped(step)} if stash else {}
            stashed = {name: made(source, scope) for name, source in stash.items()}
        return {**caught, **stashed, **dict.fromkeys(caught.keys() & stashed.keys(), True)}

    def shaped(self, step: Mapping[str, Any]) -> Json:
        """Tell what goes on of a step's result."""
        raw = self.result(step)
        return made(step["output"], {"input": self.input, "output": raw}) if "output" in step else raw

    def result(self, step: Mapping[str, Any]) -> Json:
        """Tell what a step comes to, before `output` shapes it."""
        step_type = self.step_types[step["type"]]
        if step.get("callback", False) is not False:
            return True
        if (parameter := getattr(step_type, "result_parameter", None)) is not None:
            return made(step[parameter], {"input": self.input})
        if (named := getattr(step_type, "result_schema", None)) is not None:
            schema: Json = step.get(named, True)
            return True if is_templated(schema) else schema
        if step["type"] == "map" and "tolerate" not in step:
            return {"type": "array", "items": self.last(step["steps"])}
        if step["type"] == "parallel" and step.get("join", "all") == "all":
            return _object({each["id"]: self.last(each["steps"]) for each in step["branches"]})
        result: Json = getattr(step_type, "result", True)
        return result

    def last(self, steps: Sequence[Mapping[str, Any]]) -> Json:
        """Tell what a list of steps comes to, if it can end behind its last step only."""
        if any(_LEAVES & step.keys() or self.kind(step["type"]).ends for step in steps):
            return True
        return self.shaped(steps[-1])


def made(source: Json, scope: Scope) -> Json:
    """Tell what a template makes of what is in scope."""
    match source:
        case dict():
            return _object({name: made(each, scope) for name, each in source.items()})
        case list():
            return {"type": "array", "items": True}
        case str() if is_templated(source) and not makes_text(source):
            return _named(source, scope)
    return True


def _named(source: str, scope: Scope) -> Json:
    """Tell what a template makes that is one expression, if that only names a value."""
    found = [expression.path for _, expression in expressions(compile_template(source, call=True))]
    if len(found) != 1 or not found[0]:
        return True
    top, *names = found[0]
    return inside(scope.get(str(top), True), names)


def _object(members: Mapping[str, Json]) -> Json:
    return {"type": "object", "properties": dict(members), "additionalProperties": False}
