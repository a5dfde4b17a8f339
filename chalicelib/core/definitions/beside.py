"""Warnings for a definition that has problems: each part with a problem is replaced by one that may be anything."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.core.definitions.children import FindDefinition
from chalicelib.core.definitions.error_names import UNKNOWN
from chalicelib.core.definitions.grammar import STEP_KEYS, Kind, step_kind
from chalicelib.core.definitions.lint import lint
from chalicelib.core.definitions.model import StepType
from chalicelib.core.definitions.parser import problems_apart
from chalicelib.core.expressions.template import is_templated
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.json import Json, Problem, decode, encode, read_pointer

ANYTHING = "${from_json('0')}"
"""A template of which no check knows what it yields."""
_CONDITION = "now()"
_ROUNDS = 2
"""How often what was replaced is looked at again: a step of an unknown type may have further problems."""
_SCHEMAS = frozenset({"inputSchema", "outputSchema"})
"""Parts of a definition that are replaced whole, as schemas are not looked at again."""
_KEPT = STEP_KEYS.keys() - {"type", "next", "end"}
"""What stays of a step whose type cannot be told."""


def warnings_beside(
    document: Json, problems: Sequence[Problem], step_types: Mapping[str, StepType], find: FindDefinition | None = None
) -> Sequence[Problem]:
    """Find what is odd about the rest of a definition.

    Args:
        document: the definition, with its includes resolved as far as they can be.
        problems: those that it has.
        step_types: what a step's ``type`` can name.
        find: what answers the definitions that its steps start.

    Returns:
        The warnings; none if hardly anything of the definition can be told, or there may be more problems.
    """
    if not isinstance(document, dict) or len(problems) >= MAX_PROBLEMS:
        return ()
    mending = _Mending(step_types, decode(encode(document)))
    for _ in range(_ROUNDS):
        mending.mend(problems)
        problems = problems_apart(mending.document, step_types)
        if not problems:
            return lint(mending.document, step_types, is_whole=mending.is_whole, find=find)
    return ()


class _Mending:
    """A document on its way to one without problems."""

    def __init__(self, step_types: Mapping[str, StepType], document: Any) -> None:  # noqa: ANN401 - JSON
        self.step_types = step_types
        self.document = document
        self.is_whole = True
        """Whether nothing was replaced but expressions."""

    def mend(self, problems: Iterable[Problem]) -> None:
        """Replace what has a problem."""
        for problem in problems:
            rest = read_pointer(problem.pointer)
            found = _step_at(self.document, rest)
            if found is None:
                self.top(rest)
            else:
                self.step(*found)

    def top(self, rest: Sequence[str]) -> None:
        """Replace a part of the definition that is in no step."""
        if rest in ([], ["id"]):
            self.document["id"] = "mended"
        elif rest[0] != "steps" and not (len(rest) > 1 and rest[0] not in _SCHEMAS and self.put(self.document, rest)):
            self.is_whole = False
            self.document.pop(rest[0], None)

    def step(self, steps: list[Any], index: int, rest: Sequence[str]) -> None:
        """Replace a part of a step, or all of it."""
        step = steps[index]
        name = step.get("type") if isinstance(step, dict) else None
        step_type = self.step_types.get(name) if isinstance(name, str) else None
        if step_type is None or "include" in step:
            self.is_whole = False
            steps[index] = _any_step(step, index)
        elif not self.member(step, step_kind(step_type), rest):
            self.is_whole = False
            steps[index] = _mended(step, step_kind(step_type), index, rest)

    def member(self, step: dict[str, Any], kind: Kind, rest: Sequence[str]) -> bool:
        """Replace an expression that cannot be read, if that is what is wrong."""
        match rest:
            case ["when"] | ["choices", _, "when"] if isinstance(_found(step, rest), str):
                return _replace(step, rest, _CONDITION)
            case ["retry" | "catch", _, "errors", _]:
                return _replace(step, rest, UNKNOWN)
            case [key, *_] if key not in kind.schemas and key in {*kind.params, "output", "stash", "timeoutSeconds"}:
                return self.put(step, rest)
        return False

    def put(self, holder: dict[str, Any], rest: Sequence[str]) -> bool:
        """Replace a template."""
        return is_templated(_found(holder, rest)) and _replace(holder, rest, ANYTHING)


def _mended(step: dict[str, Any], kind: Kind, index: int, rest: Sequence[str]) -> dict[str, Any]:
    """Replace, fill in or leave out what is wrong with a step of a known type."""
    match rest:
        case []:
            return _filled(step, kind, index)
        case ["branches" | "steps" | "choices", *_]:
            return _any_step(step, index)
        case ["id"]:
            return {**step, "id": f"mended-{index}"}
        case [key, *_] if key in kind.schemas:
            return {**step, key: True}
        case [key, *_] if key in kind.params and key in kind.keys:
            return step if _replace(step, rest, ANYTHING) else {**step, key: ANYTHING}
    step.pop(rest[0], None)
    return step


def _filled(step: dict[str, Any], kind: Kind, index: int) -> dict[str, Any]:
    """Fill in what a step needs."""
    missing = [key for key in kind.required if key not in step]
    if any(key not in kind.params and key != "id" for key in missing):
        return _any_step(step, index)
    made = {**step, **dict.fromkeys(missing, ANYTHING)}
    if kind.one_of and sum(key in step for key in kind.one_of) != 1:
        made = {key: each for key, each in made.items() if key not in kind.one_of} | {kind.one_of[0]: ANYTHING}
    return made if "id" in step else {**made, "id": f"mended-{index}"}


def _any_step(step: Any, index: int) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Make a step that comes to anything, and keep what every step can have."""
    kept = {key: each for key, each in step.items() if key in _KEPT} if isinstance(step, dict) else {}
    return {"id": f"mended-{index}", **kept, "type": "echo", "message": ANYTHING}


def _step_at(document: Any, rest: Sequence[str]) -> tuple[list[Any], int, Sequence[str]] | None:  # noqa: ANN401 - JSON
    """Find the innermost step that a place is in: its list, its number, and the way on."""
    found, holder = None, document
    while True:
        match rest:
            case ["steps", number, *onward]:
                steps = holder.get("steps") if isinstance(holder, dict) else None
            case ["branches", branch, "steps", number, *onward]:
                steps = _found(holder, ["branches", branch, "steps"])
            case _:
                return found
        if not isinstance(steps, list):
            return found
        found, holder, rest = (steps, int(number), onward), steps[int(number)], onward


def _found(holder: Any, rest: Sequence[str]) -> Any:  # noqa: ANN401 - JSON
    """Look up what is at a place, or None."""
    for part in rest:
        if isinstance(holder, list) and part.isdecimal() and int(part) < len(holder):
            holder = holder[int(part)]
        elif isinstance(holder, dict) and part in holder:
            holder = holder[part]
        else:
            return None
    return holder


def _replace(holder: Any, rest: Sequence[str], value: Json) -> bool:  # noqa: ANN401 - JSON
    """Put a value in the place of another; false if there is none."""
    around, last = _found(holder, rest[:-1]), rest[-1]
    if isinstance(around, list) and last.isdecimal() and int(last) < len(around):
        around[int(last)] = value
        return True
    if isinstance(around, dict) and last in around:
        around[last] = value
        return True
    return False
