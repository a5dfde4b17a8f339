"""The linter: warnings for a valid definition."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from itertools import islice
from typing import Any

from chalicelib.core.definitions.children import FindDefinition, StartedDefinitions
from chalicelib.core.definitions.diagnostics import Suggestions
from chalicelib.core.definitions.error_names import error_remark, errors_of, families_of, unmatched
from chalicelib.core.definitions.flow import Node, unreached
from chalicelib.core.definitions.grammar import RETRY_NUMBERS, Kind, nested_lists, step_kind
from chalicelib.core.definitions.misfits import misfits
from chalicelib.core.definitions.model import StepType, matches
from chalicelib.core.definitions.names import name_remarks
from chalicelib.core.definitions.plain_texts import key_remark, plain_remark
from chalicelib.core.definitions.scope_schemas import OF_ACCESS
from chalicelib.core.definitions.shapes import Shapes, StepList, View, caught, stashed
from chalicelib.core.definitions.timing import never_reached
from chalicelib.core.definitions.value_types import lone_templates, type_remarks, unfit_type
from chalicelib.core.expressions.expression import Expression, read_expression
from chalicelib.core.expressions.oddities import Oddities, condition_remarks
from chalicelib.core.expressions.reference import fixed_truth
from chalicelib.core.expressions.template import compile_template, expressions, is_templated, makes_text
from chalicelib.core.schemas.defaults import unfit, unused
from chalicelib.core.schemas.paths import Paths, expanded, one_of
from chalicelib.core.schemas.places import subschemas
from chalicelib.core.schemas.schema import MAX_PROBLEMS
from chalicelib.core.values.errors import (
    InterruptedCallError,
)
from chalicelib.core.values.json import Json, Path, Problem, pointer
from chalicelib.core.values.value import copy_with


def lint(
    document: Mapping[str, Any],
    step_types: Mapping[str, StepType],
    *,
    is_whole: bool = True,
    find: FindDefinition | None = None,
) -> list[Problem]:
    """Find what is odd about a valid definition, in the order of its parts.

    Args:
        document: the definition.
        step_types: what a step's ``type`` can name.
        is_whole: whether nothing is left out of it: otherwise it is not known what leads where, and what is stashed.
        find: what answers the definitions that its steps start.
    """
    children = StartedDefinitions(find, document["id"])
    return list(islice(_Lint(step_types, children, is_whole=is_whole).definition(document), MAX_PROBLEMS))


def _only(schema: Json) -> Sequence[Json]:
    return (schema,)


class _Lint:
    """One document on its way to warnings."""

    def __init__(self, step_types: Mapping[str, StepType], children: StartedDefinitions, *, is_whole: bool) -> None:
        self.step_types = step_types
        self.is_whole = is_whole
        self.suggestion, self.oddities = Suggestions(), Oddities()
        self.kind: Callable[[str], Kind] = cache(lambda name: step_kind(step_types[name]))
        self.retry: Sequence[Mapping[str, Any]] = ()
        self.own_errors: Collection[str] = ()
        self.shapes = Shapes(step_types, self.kind, input=True, paths=Paths(), children=children)

    def definition(self, document: Mapping[str, Any]) -> Iterator[Problem]:
        stash, self.retry = document.get("stash", {}), document.get("retry", ())
        self.own_errors = {*_raised(document["steps"])}
        schema = document.get("inputSchema", True)
        self.shapes = copy_with(self.shapes, input=expanded(schema))
        yield from self.template(stash, ("stash",), View(frozenset()))
        yield from _blocks(stash, ("stash",))
        yield from unmatched(document, (), "retry", None)
        yield from self.unknown_errors(document, (), "retry")
        yield from _defaults(schema)
        yield from self.keywords(document, ("inputSchema", "outputSchema"), ())
        listed = self.shapes.outermost(document, is_whole=self.is_whole)
        yield from self.steps(listed, document["steps"], ("steps",))
        yield from self.ends(listed, document.get("outputSchema", True))
        named = frozenset(stash).union(*(name for step in document["steps"] for name in (stashed(step), caught(step))))
        yield from self.template(document.get("search", {}), ("search",), View(named, named, self.is_whole))
        yield from _blocks(document.get("search", {}), ("search",))
        yield from self.access(document.get("access", {}))

    def ends(self, listed: StepList, schema: Json) -> Iterator[Problem]:
        """Find ends whose output never passes."""
        if not self.is_whole or schema is True:
            return
        wanted = expanded(schema)
        said = (each for end in listed.ends() for each in misfits(end, wanted, self.shapes.paths))
        for each in dict.fromkeys(said):
            yield Problem(pointer(("outputSchema",)), f"an output never passes, which is InvalidOutput: {each}")

    def access(self, restrictions: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
        """Look at the conditions of access."""
        for key, each in restrictions.items():
            if "when" in each:
                seen = View(frozenset(), others=OF_ACCESS)
                yield from self.condition(each["when"], ("access", key, "when"), seen)

    def steps(self, listed: StepList, steps: Sequence[Mapping[str, Any]], path: Path) -> Iterator[Problem]:
        """Look at a list of steps."""
        for index, step in enumerate(steps):
            yield from self.step(step, (*path, index), listed.view(index))
            listed.shaped(index)
        nodes = listed.nodes if self.is_whole else []
        for index in unreached([_pruned(*pair) for pair in zip(nodes, steps, strict=False)]):
            yield Problem(pointer((*path, index)), f"{nodes[index].name} can never run: what leads to it never holds")

    def step(self, step: Mapping[str, Any], path: Path, view: View) -> Iterator[Problem]:
        """Look at a step, and those inside it."""
        step_type, kind = self.step_types[step["type"]], self.kind(step["type"])
        for key, source in step.items():
            if key not in kind.params and key not in {"output", "stash"}:
                continue
            seen = view
            if key not in kind.params:
                own = (self.shapes.result if key == "output" else self.shapes.shaped)(step, view)
                answered = getattr(step_type, "delegates", False)
                seen = copy_with(view, output=partial(_only, own), answered=answered)
            yield from self.template(source, (*path, key), seen)
            yield from _blocks(source, (*path, key))
            if key in kind.params:
                yield from _always_text(source, kind.keys[key].document, (*path, key))
                yield from self.fitting(source, kind.keys[key].document, (*path, key), seen)
        yield from self.keywords(step, [key for key in kind.schemas if not is_templated(step.get(key))], path)
        for place, source in _times(step):
            yield from self.template(source, (*path, *place), view)
            yield from self.fitting(source, {"type": "number"}, (*path, *place), view)
        for place, condition in _conditions(step):
            yield from self.condition(condition, (*path, *place), view)
        if "when" in step and _fixed(step["when"]) is False:
            yield Problem(pointer((*path, "when")), f"step {step['id']!r} can never run: this is never true")
        for key in ("retry", "catch"):
            yield from unmatched(step, path, key, errors_of(step_type, step))
            yield from self.unknown_errors(step, path, key)
        yield from self.repeated(step, path)
        yield from (Problem(pointer((*path, *place)), said) for place, said in never_reached(step))
        yield from (Problem(pointer((*path, key)), said) for key, said in self.remarks(step, view))
        for below, _, steps in nested_lists(step):
            yield from self.steps(self.shapes.inner(step, below, view), steps, (*path, *below))  # type: ignore[arg-type] # it is valid

    def remarks(self, step: Mapping[str, Any], view: View) -> Iterator[tuple[str, str]]:
        """Say of parameters what is odd about them, as far as only the type of their step knows."""
        step_type, kind = self.step_types[step["type"]], self.kind(step["type"])
        params = {key: each for key, each in step.items() if key in kind.params}
        yield from getattr(step_type, "remarks", _nothing)(params)
        if getattr(step_type, "starts", False):
            given = self.shapes.made(step["input"], view) if "input" in step else one_of(view.output())
            yield from self.shapes.children.remarks(step, given, self.shapes.paths)

    def keywords(self, holder: Mapping[str, Any], keys: Iterable[str], path: Path) -> Iterator[Problem]:
        """Look at the keywords of JSON Schemas."""
        from chalicelib.core.schemas.keywords import keyword_remarks  # noqa: PLC0415 - only authors need it

        for key in keys:
            for place, remark in keyword_remarks(holder.get(key, True), self.suggestion):
                yield Problem(pointer((*path, key, *place)), remark)

    def unknown_errors(self, holder: Mapping[str, Any], path: Path, key: str) -> Iterator[Problem]:
        """Find names of errors that are much like those of sedo, and that nothing fails with."""
        for index, entry in enumerate(holder.get(key, ())):
            for number, name in enumerate(entry["errors"]):
                if remark := error_remark(name, holder, self.own_errors, self.suggestion):
                    yield Problem(pointer((*path, key, index, "errors", number)), remark)

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

    def template(self, source: Json, path: Path, view: View) -> Iterator[Problem]:
        """Look at the expressions of a template."""
        for place, expression in expressions(compile_template(source, call=True)):
            yield from self.expression(expression, (*path, *place), view)

    def condition(self, source: str, path: Path, view: View) -> Iterator[Problem]:
        """Look at a condition."""
        expression = read_expression(source)
        yield from self.expression(expression, path, view)
        yield from (Problem(pointer(path), said) for said in condition_remarks(expression))

    def expression(self, expression: Expression, path: Path, view: View) -> Iterator[Problem]:
        """Look at what an expression reads."""
        read = self.shapes.expressed(expression, view)
        names = name_remarks(read, view, self.shapes, self.suggestion)
        for said in (*names, *self.oddities(expression), *type_remarks(read)):
            yield Problem(pointer(path), said)

    def fitting(self, source: Json, schema: Json, path: Path, view: View) -> Iterator[Problem]:
        """Find templates that come to a value of another type than is taken."""
        for place, template, taken in lone_templates(source, schema):
            made = self.shapes.made(template, view)
            if said := unfit_type(self.shapes.paths.types(made), taken):
                yield Problem(pointer((*path, *place)), said)


def _defaults(schema: Json) -> Iterator[Problem]:
    """Find defaults of the input that are never filled in, and those that no start would pass with."""
    for place in unused(dict(subschemas(schema))):
        remark = "this default is never filled in: only those of members are, that are described without a condition"
        yield Problem(pointer(("inputSchema", *place, "default")), remark)
    for each in unfit(schema):
        yield Problem(pointer(("inputSchema",)), f"the default of {each.pointer} does not pass: {each.message}")


def _blocks(source: Json, path: Path) -> Iterator[Problem]:
    """Find expressions alone in a block scalar of YAML, whose line break makes a text of them, and ``{{ }}``."""
    match source:
        case str() if source.endswith("\n") and "${" in source and not makes_text(source.strip()):
            yield Problem(pointer(path), "the line break behind the expression makes it a text: write |- in place of |")
        case str() if (remark := plain_remark(source)) is not None:
            yield Problem(pointer(path), remark)
        case list():
            for index, item in enumerate(source):
                yield from _blocks(item, (*path, index))
        case dict():
            for key, item in source.items():
                if (remark := key_remark(key, item)) is not None:
                    yield Problem(pointer((*path, key)), remark)
                yield from _blocks(item, (*path, key))


def _always_text(source: Json, schema: Any, path: Path) -> Iterator[Problem]:  # noqa: ANN401 - a JSON Schema
    """Find templates that always come to a text where none is taken."""
    taken = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(source, str) and taken and "string" not in taken and is_templated(source) and makes_text(source):
        yield Problem(pointer(path), "this is always a text, and none is taken here: write the ${ } alone")


def _times(step: Mapping[str, Any]) -> Iterator[tuple[Path, Json]]:
    """Find what may be a template and is no parameter."""
    if "timeoutSeconds" in step:
        yield ("timeoutSeconds",), step["timeoutSeconds"]
    for index, entry in enumerate(step.get("retry", ())):
        yield from ((("retry", index, name), entry[name]) for name in RETRY_NUMBERS if name in entry)


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


def _raised(steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Find the names of the errors that steps fail with of their own, and their families."""
    for step in steps:
        if isinstance(name := step.get("error"), str):
            yield from (name, *families_of(name))
        for _, _, inner in nested_lists(step):
            yield from _raised(inner)  # type: ignore[arg-type] # it is valid


def _nothing(_params: Mapping[str, Json]) -> Sequence[tuple[str, str]]:
    return ()
