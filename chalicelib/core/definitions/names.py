"""What is odd about the names that an expression reads: those that can never be there, or that mean something else."""

from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence

from chalicelib.core.definitions.flow import Suggestion
from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.reference import ALL, FLAT, ITEM, NAMES, meant_as_values, references, shadowed
from chalicelib.core.schemas.messages import KINDS
from chalicelib.core.schemas.paths import Strange, strange
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

_OUTER = frozenset({"execution", "input", "output", "stash"})
_OF_ITEM = frozenset({"item", "index"})
"""Names of the scope that are hardly meant as members of an element; ``@`` says so where they are."""
_DESCRIBED = frozenset({"error", "execution", "input", "output", "step"})

_INPUT = "what the execution was started with is input"
_RESULT = "the result of the step before is output, and what a step leaves under a name is stash.name"
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(("inputs", "args", "arguments", "params", "parameters", "payload", "json", "request"), _INPUT),
    **dict.fromkeys(("steps", "outputs", "results", "response", "nodes", "jobs", "needs", "tasks"), _RESULT),
    **dict.fromkeys(("env", "vars", "variables", "matrix", "config"), "there are no variables beside input and stash"),
    **dict.fromkeys(
        ("github", "context", "ctx", "workflow", "runtime"),
        "what is known of the execution is execution.id and its like",
    ),
    "secrets": "a secret is put into a call by ${secret('name')}, alone or in a text",
    **dict.fromkeys(("date", "datetime", "time"), "the time is now()"),
    **dict.fromkeys(("states", "math", "object", "array"), "functions have short names, as length(value)"),
    **dict.fromkeys(("this", "self", "root"), "what stands there is @, and the whole scope $"),
    **dict.fromkeys(("each", "element", "loop", "current"), "inside of a map it is item, and its number index"),
    **dict.fromkeys(("err", "exception", "e"), "behind a catch it is error"),
}
"""What other languages call what can be seen, in small letters."""
_LENGTHS = frozenset({"count", "length", "size"})


def _nothing_known(_name: str = "") -> Sequence[Json]:
    return (True,)


@value
class View:
    """What the steps of a list can see."""

    stash: Container[str]
    """The names that may be in the stash."""
    named: frozenset[str] = frozenset()
    """The names that some step of the list stashes, be it before or behind."""
    is_whole: bool = True
    """Whether all that is stashed is known."""
    item: bool = False
    """Whether they run for the items of a `map`."""
    left: Callable[[str], Sequence[Json]] = _nothing_known
    """Answers the JSON Schemas of what may be in the stash under a name: one of each step that stashes it."""
    output: Callable[[], Sequence[Json]] = _nothing_known
    """Answers the JSON Schemas of ``output``: one of each step that may have run before."""


def name_remarks(
    expression: Expression, view: View, known: Mapping[str, Json], suggestion: Suggestion
) -> Iterator[str]:
    """Say what is odd about the names that an expression reads.

    Args:
        expression: of a step, or of the stash or the search attributes of the definition.
        view: what it can see.
        known: the JSON Schemas of what is the same in all steps, by the name in scope.
        suggestion: what names the closest of the names that there are.
    """
    meant = meant_as_values(expression)
    outer = [name for name in shadowed(expression) if name in _OUTER or (name in _OF_ITEM and view.item)]
    for name, written in meant.items():
        yield meant_remark(name, written)
    for name in outer:
        yield f"{name!r} is a member of what stands there: write $.{name} for that of the step, or @.{name}"
    for names in references(expression):
        if names[-1] not in {*meant, *outer}:
            yield from _remarks(names, view, known, suggestion)


def meant_remark(name: str, written: str) -> str:
    """Say how a value is written that was written as a name."""
    if written.startswith("'"):
        return f'"{name}" in double quotes is a name: the text is written {written}'
    return f"{name!r} is a name here: the value is written {written}"


def _remarks(names: Sequence[str], view: View, known: Mapping[str, Json], suggestion: Suggestion) -> Iterator[str]:
    match names:
        case (top, *inner) if inner and top in _DESCRIBED:
            yield from _strange(top, view.output() if top == "output" else [known[top]], inner, suggestion)
        case ("stash", name, *inner) if inner:
            yield from _strange(f"stash.{name}", view.left(name), inner, suggestion)
        case ("stash", name) if name not in view.stash and view.is_whole:
            where = "runs before this" if name in view.named else "can be seen here"
            hint = "" if name in view.named else suggestion(name, view.named)
            yield f"nothing that {where} stashes {name!r}{hint}"
        case ("item" | "index" as name,) if not view.item:
            yield f"there is no {name!r} outside the steps of a map"
        case (name,) if name not in NAMES:
            yield f"there is nothing called {name!r}{_meant_name(name, view, known['input'], suggestion)}"


def _meant_name(name: str, view: View, schema: Json, suggestion: Suggestion) -> str:
    """Say what to write for a name that is not in scope."""
    members = schema.get("properties", ()) if isinstance(schema, dict) else ()
    if isinstance(members, dict) and name in members:
        return f" (did you mean 'input.{name}'?)"
    if name in view.named:
        return f" (did you mean 'stash.{name}'?)"
    if name.lower() in _ELSEWHERE:
        return f": {_ELSEWHERE[name.lower()]}"
    unknown = strange(schema, [name])
    hint = "" if unknown is not None and unknown.never else f": a member of the input is read as input.{name}"
    return suggestion(name, NAMES) or hint


def _strange(top: str, schemas: Sequence[Json], names: Sequence[str], suggestion: Suggestion) -> Iterator[str]:
    """Look at a path into the input, a result or the stash, which is described by one of some schemas."""
    found = [each for schema in schemas if (each := strange(schema, names)) is not None]
    if not found or len(found) < len(schemas) or all(each.place != len(names) - 1 for each in found):
        return  # what is inside of it is not told again
    there, name = _shown(top, names[:-1]), names[-1]
    if all(each.kinds for each in found):
        yield _without_insides(found, there, name)
        return
    hint = suggestion(name, {known for each in found for known in each.known})
    if all(each.never for each in found):
        yield f"there is never a {name!r} in {there}{hint}"
    elif hint:
        yield f"no schema describes a {name!r} in {there}{hint}"


def _without_insides(found: Sequence[Strange], there: str, name: str) -> str:
    """Say of what has no such thing inside what it is, and what to write."""
    kinds: Collection[str] = {kind for each in found for kind in each.kinds}
    said = f"{there} is {' or '.join(dict.fromkeys(KINDS[kind] for kind in sorted(kinds)))}"
    if kinds == {"array"}:
        items = f"{there}[0].{name} for the first item, {there}[*].{name} for all"
        return f"{said}: write {f'length({there})' if name in _LENGTHS else items}"
    if kinds == {"object"}:
        return f"{said} and no list: its members are read by their names, as {there}.name"
    return f"{said}: nothing is in it" if name == ITEM else f"{said}: there is no {name!r} in it"


def _shown(top: str, names: Sequence[str]) -> str:
    written = ".".join((top, *(name for name in names if name not in {ALL, FLAT})))
    return written.replace(f".{ITEM}", ITEM)
