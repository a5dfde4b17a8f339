"""Warnings for the names that an expression reads: those that can never be there, or that mean something else."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from chalicelib.core.definitions.expressed import Expressed
from chalicelib.core.definitions.flow import Suggestion
from chalicelib.core.expressions.functions import is_function, usage
from chalicelib.core.expressions.reference import (
    ALL,
    EACH,
    FLAT,
    ITEM,
    NAMES,
    meant_remark,
)
from chalicelib.core.schemas.messages import KINDS
from chalicelib.core.schemas.paths import Strange, one_of
from chalicelib.core.values.json import Json

if TYPE_CHECKING:
    from chalicelib.core.definitions.shapes import Shapes, View

_OUTER = frozenset({"execution", "input", "output", "stash"})
_OF_ITEM = frozenset({"item", "index"})
"""Names of the scope that are hardly meant as members of an element; ``@`` says so where they are."""
_DESCRIBED = frozenset({"error", "execution", "input", "item", "output", "step"})

_INPUT = "what the execution was started with is input"
_RESULT = "the result of the step before is output, and what a step leaves under a name is stash.name"
_ELSEWHERE: Mapping[str, str] = {
    **dict.fromkeys(
        ("inputs", "args", "arguments", "params", "parameters", "payload", "json", "request", "event", "trigger"),
        _INPUT,
    ),
    **dict.fromkeys(
        ("steps", "outputs", "results", "response", "nodes", "jobs", "needs", "tasks", "result", "previous", "prev"),
        _RESULT,
    ),
    **dict.fromkeys(("env", "vars", "variables", "matrix", "config"), "there are no variables beside input and stash"),
    **dict.fromkeys(
        ("github", "context", "ctx", "workflow", "runtime"),
        "what is known of the execution is execution.id and its like",
    ),
    **dict.fromkeys(("secret", "secrets"), "a secret is put into a call by ${secret('name')}, alone or in a text"),
    "callback": "with callback: true, a call hands out ${step.token}",
    **dict.fromkeys(("date", "datetime", "time"), "the time is now()"),
    **dict.fromkeys(("states", "math", "object", "array"), "functions have short names, as length(value)"),
    **dict.fromkeys(("this", "self", "root"), "what stands there is @, and the whole scope $"),
    **dict.fromkeys(("each", "element", "loop", "current"), "inside of a map it is item, and its number index"),
    **dict.fromkeys(("err", "exception", "e"), "behind a catch it is error"),
}
"""What other languages call what can be seen, in small letters."""
_FEW = 8
"""Names of members that are listed."""
_NO_LIST = "{0} is an object and no list: its members are read by their names, as {0}.name"
_LENGTHS = frozenset({"count", "length", "size"})


def name_remarks(expressed: Expressed, view: "View", shapes: "Shapes", suggestion: Suggestion) -> Iterator[str]:
    """Say what is odd about the names that an expression reads.

    Args:
        expressed: an expression of a step, or of the stash or the search attributes of the definition.
        view: what it can see.
        shapes: what tells what is in scope.
        suggestion: what names the closest of the names that there are.
    """
    read = expressed.reading
    meant, others = read.meant, _OUTER.union(view.others, () if view.item is None else _OF_ITEM)
    outer = [name for name in read.inner if name in others]
    for name, written in meant.items():
        yield meant_remark(name, written)
    for name in outer:
        yield f"{name!r} is a member of what stands there: write $.{name} for that of the step, or @.{name}"
    for names in read.found:
        if names[-1] in {*meant, *outer}:
            continue
        if made := read.made.get(names[0]):
            yield from _strange(made.shown, expressed.made(names[0]), names[1:], shapes, suggestion)
        else:
            yield from _remarks(names, view, shapes, suggestion)


def _remarks(names: Sequence[str], view: "View", shapes: "Shapes", suggestion: Suggestion) -> Iterator[str]:
    match names:
        case ("step", "completedBy") if not view.answered:
            yield "only output and stash of a task or an event know step.completedBy: leave it in the stash there"
        case (top, *inner) if inner and (top in _DESCRIBED or top in view.others):
            yield from _strange(top, shapes.seen(top, view), inner, shapes, suggestion)
        case ("stash", name) if name == ITEM:
            yield _NO_LIST.format("stash")
        case ("stash", name, *inner) if inner:
            yield from _strange(f"stash.{name}", one_of(view.left(name)), inner, shapes, suggestion)
        case ("stash", name) if name not in view.stash and view.is_whole:
            where = "runs before this" if name in view.named else "can be seen here"
            hint = "" if name in view.named else suggestion(name, view.named)
            yield f"nothing that {where} stashes {name!r}{hint}"
        case ("item" | "index" as name,) if view.item is None:
            yield f"there is no {name!r} outside the steps of a map"
        case ("error",) if not view.error and view.is_whole:
            yield "there is no 'error' here: only steps behind a catch see one"
        case (name,) if name not in NAMES and name not in view.others:
            yield f"there is nothing called {name!r}{_meant_name(name, view, shapes, suggestion)}"


def _meant_name(name: str, view: "View", shapes: "Shapes", suggestion: Suggestion) -> str:
    """Say what to write for a name that is not in scope."""
    if shapes.paths.inside(shapes.input, [name]) is not True:
        return f" (did you mean 'input.{name}'?)"
    if name in view.named:
        return f" (did you mean 'stash.{name}'?)"
    if name in view.steps:
        return (
            f": the result of step {name!r} is output in the step after it, and stash.{name} once it has stash: {name}"
        )
    if is_function(name):
        return f": a function is called, as {usage(name)}"
    if name.lower() in _ELSEWHERE:
        return f": {_ELSEWHERE[name.lower()]}"
    unknown = shapes.paths.strange(shapes.input, [name])
    hint = "" if unknown is not None and unknown.never else f": a member of the input is read as input.{name}"
    return suggestion(name, NAMES) or hint


def _strange(top: str, schema: Json, names: Sequence[str], shapes: "Shapes", suggestion: Suggestion) -> Iterator[str]:
    """Look at a path into the input, a result or the stash."""
    found = shapes.paths.strange(schema, names)
    if found is None or found.place != len(names) - 1:
        return  # what is inside of it is not told again
    there, name = shown_path(top, names[:-1]), names[-1]
    if found.kinds:
        yield _without_insides(found, there, name)
        return
    hint = suggestion(name, found.known) or _meant_outside(name, names, shapes)
    if found.never:
        yield f"there is never a {name!r} in {there}{hint or _members(found.known)}"
    elif hint:
        yield f"no schema describes a {name!r} in {there}{hint}"


def _meant_outside(name: str, names: Sequence[str], shapes: "Shapes") -> str:
    """Say what to write for a member of the input, where a name is one of an element."""
    inner = ITEM in names[:-1] and shapes.paths.inside(shapes.input, [name]) is not True
    return f" (did you mean '$.input.{name}'?)" if inner else ""


def _members(known: Collection[str]) -> str:
    """Say which names there are, if they are few."""
    names = sorted({*known})
    return f": it has {', '.join(names)}" if 0 < len(names) <= _FEW else ""


def _without_insides(found: Strange, there: str, name: str) -> str:
    """Say of what has no such thing inside what it is, and what to write."""
    kinds: Collection[str] = {*found.kinds}
    said = f"{there} is {' or '.join(dict.fromkeys(KINDS[kind] for kind in sorted(kinds)))}"
    if kinds == {"array"} and name == EACH:
        return f"{said} and no object: write {there}[*] for its items"
    if kinds == {"array"}:
        items = f"{there}[0].{name} for the first item, {there}[*].{name} for all"
        return f"{said}: write {f'length({there})' if name in _LENGTHS else items}"
    if kinds == {"object"}:
        return _NO_LIST.format(there)
    return f"{said}: nothing is in it" if name in {ITEM, EACH} else f"{said}: there is no {name!r} in it"


def shown_path(top: str, names: Sequence[str]) -> str:
    """Write names one behind the other, as an author does."""
    written = ".".join((top, *(name for name in names if name not in {ALL, FLAT})))
    return written.replace(f".{ITEM}", ITEM).replace(EACH, "*")
