"""What is odd about a definition that is valid."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from chalicelib.core.definitions.diagnostics import Suggestions
from chalicelib.core.definitions.flow import Node, node, unreached
from chalicelib.core.definitions.grammar import Kind, nested_lists, step_kind
from chalicelib.core.definitions.model import StepType, matches
from chalicelib.core.expressions.expression import Expression, read_expression
from chalicelib.core.expressions.reference import NAMES, fixed_truth, references
from chalicelib.core.expressions.template import compile_template, expressions, is_templated
from chalicelib.core.schemas.defaults import unused
from chalicelib.core.schemas.places import subschemas
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.errors import (
    InternalError,
    InterruptedCallError,
    InvalidOutputError,
    InvalidParametersError,
    PoisonError,
    ResultTooLargeError,
    StepTimeoutError,
    TemplateBudgetError,
    TemplateError,
)
from chalicelib.core.values.json import Json, Path, Problem, pointer
from chalicelib.core.values.value import copy_with, value

COMMON_ERRORS = frozenset(
    error.name
    for error in (
        InternalError,
        InvalidOutputError,
        InvalidParametersError,
        PoisonError,
        ResultTooLargeError,
        StepTimeoutError,
        TemplateBudgetError,
        TemplateError,
    )
)
"""The names of errors that every step can fail with."""

_LITERALS = frozenset({"false", "null", "true"})
"""What is a name in jmespath, and looks like a value."""


def lint(document: Mapping[str, Any], step_types: Mapping[str, StepType]) -> list[Problem]:
    """Find what is odd about a valid definition, in the order of its parts."""
    return list(_Lint(step_types).definition(document))[:MAX_PROBLEMS]


@value
class _View:
    """What the steps of a list can see."""

    stash: frozenset[str]
    """The names that may be in the stash."""
    item: bool = False
    """Whether they run for the items of a `map`."""


class _Lint:
    """One document on its way to warnings."""

    def __init__(self, step_types: Mapping[str, StepType]) -> None:
        self.step_types = step_types
        self.suggestion = Suggestions()
        self.kind: Callable[[str], Kind] = cache(lambda name: step_kind(step_types[name]))
        self.retry: Sequence[Mapping[str, Any]] = ()

    def definition(self, document: Mapping[str, Any]) -> Iterator[Problem]:
        stash, self.retry = document.get("stash", {}), document.get("retry", ())
        yield from self.template(stash, ("stash",), _View(frozenset()))
        yield from _unmatched(document, (), "retry", None)
        for place in unused(dict(subschemas(document.get("inputSchema", True)))):
            remark = (
                "this default is never filled in: only those of members are, that are described without a condition"
            )
            yield Problem(pointer(("inputSchema", *place, "default")), remark)
        yield from self.steps(document["steps"], ("steps",), _View(frozenset(stash)))

    def steps(self, steps: Sequence[Mapping[str, Any]], path: Path, around: _View) -> Iterator[Problem]:
        """Look at a list of steps."""
        view = copy_with(around, stash=around.stash.union(*map(_stashed, steps)))
        for index, step in enumerate(steps):
            yield from self.step(step, (*path, index), view)
        nodes = [_pruned(node(step, self.kind(step["type"])), step) for step in steps]
        for index in unreached(nodes):
            yield Problem(pointer((*path, index)), f"{nodes[index].name} can never run: what leads to it never holds")

    def step(self, step: Mapping[str, Any], path: Path, view: _View) -> Iterator[Problem]:
        """Look at a step, and those inside it."""
        step_type, kind = self.step_types[step["type"]], self.kind(step["type"])
        for key, source in step.items():
            if key in kind.params or key in {"output", "stash"}:
                yield from self.template(source, (*path, key), view)
        for place, condition in _conditions(step):
            yield from self.expression(read_expression(condition), (*path, *place), view)
        if "when" in step and _fixed(step["when"]) is False:
            yield Problem(pointer((*path, "when")), f"step {step['id']!r} can never run: this is never true")
        for key in ("retry", "catch"):
            yield from _unmatched(step, path, key, _errors(step_type, step))
        yield from self.repeated(step, path)
        params = {key: value for key, value in step.items() if key in kind.params}
        for key, remark in getattr(step_type, "remarks", _nothing)(params):
            yield Problem(pointer((*path, key)), remark)
        for below, _, steps in nested_lists(step):
            inner = copy_with(view, item=view.item or below == ("steps",))
            yield from self.steps(steps, (*path, *below), inner)  # type: ignore[arg-type] # it is valid

    def repeated(self, step: Mapping[str, Any], path: Path) -> Iterator[Problem]:
        """Find policies that make a call again which was to be made once."""
        if step.get("delivery") != "at-most-once":
            return
        place, policies = ((*path, "retry"), step["retry"]) if "retry" in step else (("retry",), self.retry)
        for index, policy in enumerate(policies):
            if matches(InterruptedCallError.name, policy["errors"]):
                name = InterruptedCallError.name
                remark = f"step {step['id']!r} is to call at most once, and this calls again after {name!r}"
                yield Problem(pointer((*place, index)), f"{remark}: name the errors that may be tried again")

    def template(self, source: Json, path: Path, view: _View) -> Iterator[Problem]:
        """Look at the expressions of a template."""
        for place, expression in expressions(compile_template(source, call=True)):
            yield from self.expression(expression, (*path, *place), view)

    def expression(self, expression: Expression, path: Path, view: _View) -> Iterator[Problem]:
        """Look at what an expression reads."""
        for names in references(expression):
            match names:
                case ("stash", name) if name not in view.stash:
                    hint = self.suggestion(name, view.stash)
                    yield Problem(pointer(path), f"nothing that can be seen here stashes {name!r}{hint}")
                case ("item" | "index" as name,) if not view.item:
                    yield Problem(pointer(path), f"there is no {name!r} outside the steps of a map")
                case (name,) if name not in NAMES:
                    literal = f"; the value is written `{name}`, in backticks" if name in _LITERALS else ""
                    hint = literal or self.suggestion(name, NAMES)
                    yield Problem(pointer(path), f"there is nothing called {name!r}{hint}")


def _stashed(step: Mapping[str, Any]) -> Iterator[str]:
    """Find the names that a step, or an error that it catches, leaves in the stash."""
    stash = step.get("stash", {})
    yield from [stash] if isinstance(stash, str) else stash
    yield from (entry["stash"] for entry in step.get("catch", ()) if "stash" in entry)


def _conditions(step: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    if "when" in step:
        yield ("when",), step["when"]
    for index, choice in enumerate(step.get("choices", ())):
        yield ("choices", index, "when"), choice["when"]


def _fixed(condition: str) -> bool | None:
    return fixed_truth(read_expression(condition))


def _pruned(each: Node, step: Mapping[str, Any]) -> Node:
    """Leave out the ways that are never taken."""
    runs = _fixed(step["when"]) if "when" in step else True
    if runs is False:
        targets = [(place, target) for place, target in each.targets if place == ("next",)]
        return copy_with(each, targets=targets)
    onward = each.onward and not ("when" in step and runs and ("choices" in step or each.end))
    truths = [_fixed(choice["when"]) for choice in step.get("choices", ())]
    last = truths.index(True) if True in truths else len(truths)
    never: set[Path] = {
        ("choices", index, "next") for index, truth in enumerate(truths) if truth is False or index > last
    }
    never |= {("default",)} if True in truths else set()
    return copy_with(each, targets=[way for way in each.targets if tuple(way[0]) not in never], onward=onward)


def _errors(step_type: StepType, step: Mapping[str, Any]) -> Collection[str] | None:
    """Find the names of the errors that a step can fail with, if they are known."""
    own: Collection[str] | None = getattr(step_type, "errors", None)
    parameter: str | None = getattr(step_type, "error_parameter", None)
    common = COMMON_ERRORS if "timeoutSeconds" in step else COMMON_ERRORS - {StepTimeoutError.name}
    if getattr(step_type, "again_parameter", None) in step:
        return None
    if own is None or parameter is None:
        return None if own is None else {*own, *common}
    schema: Any = step_type.schema
    name = step.get(parameter, schema["properties"][parameter]["default"])
    return None if is_templated(name) else {*own, *common, name}


def _unmatched(holder: Mapping[str, Any], path: Path, key: str, errors: Collection[str] | None) -> Iterator[Problem]:
    """Find entries of retry or catch that no error ever comes to."""
    taken: set[str] = set()
    left = None if errors is None else set(errors)
    for index, entry in enumerate(holder.get(key, ())):
        names = entry["errors"]
        matched = {error for error in left or () if matches(error, names)}
        if all(_is_taken(name, taken) for name in names):
            yield Problem(pointer((*path, key, index)), "this never matches: entries before it take all of its errors")
        elif left is not None and not matched and "*" not in names:
            known = ", ".join(sorted(errors or ()))
            yield Problem(pointer((*path, key, index)), f"this never matches: the step can only fail with {known}")
        taken |= set(names)
        left = None if left is None else left - matched


def _is_taken(name: str, taken: Collection[str]) -> bool:
    """Tell whether names, families and ``*`` take whatever a name, or a family, stands for."""
    families = (name[: index + 1] + "*" for index, character in enumerate(name) if character == ".")
    return "*" in taken or name in taken or any(family in taken for family in families)


def _nothing(_params: Mapping[str, Json]) -> Sequence[tuple[str, str]]:
    return ()
