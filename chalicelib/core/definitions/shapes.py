"""Shapes: the scope, the result and the stash of each step as JSON Schemas, as far as the definition tells."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from functools import cache
from typing import Any

from chalicelib.core.definitions.children import StartedDefinitions
from chalicelib.core.definitions.expressed import Expressed
from chalicelib.core.definitions.flow import END, before, leading, node
from chalicelib.core.definitions.grammar import Kind, nested_lists
from chalicelib.core.definitions.model import StepType
from chalicelib.core.definitions.scope_schemas import ERROR, FAILED, SCOPE
from chalicelib.core.expressions.expression import Expression
from chalicelib.core.expressions.reference import ITEM
from chalicelib.core.expressions.template import compile_template, expressions, is_templated, makes_text
from chalicelib.core.limits import LIMITS
from chalicelib.core.schemas.paths import KINDS, Paths, expanded, list_of, object_of, one_of
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value

_SOURCES = 20
"""Steps from which the same value may come whose results are compared with what is read of it."""
_PASSED = 50
"""Steps that pass on what came in, and are followed to where it came from."""
_NESTING = 5
"""Steps whose results are made of each other."""
_NAMING = 30
"""Names in the stash whose values are made of each other."""
_AROUND = END - 1
"""In the place of a step: what came in at the first of its list."""
_ITEMS = 20
"""Items of a list in a template that are looked at."""


def _nothing_known(_name: str = "") -> Sequence[Json]:
    return (True,)


@value
class View:
    """What a step, or the steps of a list, can see."""

    stash: Container[str]
    """The names that may be in the stash."""
    named: frozenset[str] = frozenset()
    """The names that some step of the list stashes, be it before or behind."""
    is_whole: bool = True
    """Whether all that is stashed is known."""
    item: Json = None
    """The JSON Schema of the item of the nearest `map` that they are in; None outside of one."""
    error: bool = True
    """Whether they may be behind a `catch`."""
    left: Callable[[str], Sequence[Json]] = _nothing_known
    """Answers the JSON Schemas of what may be in the stash under a name: one of each step that stashes it."""
    output: Callable[[], Sequence[Json]] = _nothing_known
    """Answers the JSON Schemas of ``output``: one of each step that it may be the result of."""
    others: Mapping[str, Json] = field(default_factory=dict)
    """The JSON Schemas of what is in scope beside all that steps see, by its name."""
    answered: bool = False
    """Whether it is known who answered."""
    steps: frozenset[str] = frozenset()
    """The ids of the steps of the list, and of those around it."""


@value
class _Stash:
    """The names in the stash where a step begins."""

    around: Container[str]
    """Those where the list of the step begins."""
    leaving: Mapping[str, int]
    """What leaves each name, as bits: see :func:`before`."""
    ran: int
    """What may have been before, likewise."""

    def __contains__(self, name: object) -> bool:
        """Tell whether a name may be in the stash."""
        return name in self.around or bool(self.leaving.get(str(name), 0) & self.ran)

    def bits(self, name: str) -> Sequence[int]:
        """Find what may have left a name."""
        found = self.leaving.get(name, 0) & self.ran
        return [bit for bit in range(found.bit_length()) if found >> bit & 1]


@value
class Shapes:
    """Tells what steps come to: ``True`` where anything may come of them.

    Args:
        step_types: what a step's ``type`` can name.
        kind: what a type lets its steps have.
        input: the JSON Schema of the input, expanded.
        paths: what looks for names.
        children: what looks up the definitions that steps start.
    """

    step_types: Mapping[str, StepType]
    kind: Callable[[str], Kind]
    input: Json
    paths: Paths
    children: StartedDefinitions = field(default_factory=StartedDefinitions)
    active: set[int] = field(default_factory=set)
    """The steps whose results are being made, by the ids of their objects."""
    naming: list[str] = field(default_factory=list)
    """The names whose values in the stash are being told, each made of the next."""
    services: set[str] = field(default_factory=set)
    """The services of AWS that were looked at: a model of one takes time and memory."""
    lists: dict[int, "StepList"] = field(default_factory=dict)
    """What was looked at, likewise."""

    def outermost(self, document: Mapping[str, Any], *, is_whole: bool = True) -> "StepList":
        """See the steps of a definition that are in no other."""
        stash: Mapping[str, Json] = document.get("stash", {})
        known = frozenset(stash)
        first = {name: [self.made(source, View(known))] for name, source in stash.items()}
        own = View(
            known, known, is_whole, error=False, left=lambda name: first.get(name, ()), output=lambda: (self.input,)
        )
        return self.listed(document["steps"], own)

    def shaped(self, step: Mapping[str, Any], view: View) -> Json:
        """Tell what goes on of the result of a step."""
        if "output" not in step:
            return self.result(step, view)
        return self.made(step["output"], copy_with(view, output=lambda: (self.result(step, view),)))

    def result(self, step: Mapping[str, Any], view: View) -> Json:
        """Tell what a step comes to, before `output` shapes it."""
        if step.get("callback", False) is not False:
            return True
        if self.passes_on(step):
            return one_of(view.output())
        match step["type"]:
            case "map":
                ends = one_of(self.inner(step, ("steps",), view).ends())
                failed: list[Json] = [FAILED] if "tolerate" in step else []
                return list_of(one_of([ends, *failed]))
            case "parallel":
                return self._joined(step, view)
        return self._own_result(step, view)

    def _own_result(self, step: Mapping[str, Any], view: View) -> Json:
        """Tell what a step comes to that holds no others."""
        step_type = self.step_types[step["type"]]
        if (parameter := getattr(step_type, "result_parameter", None)) is not None:
            return self.made(step[parameter], view)
        if (named := getattr(step_type, "result_schema", None)) is not None:
            return _described(step, named)
        if step["type"] == "aws":
            self.services.add(step["service"])
        few = len(self.services) <= LIMITS.aws_services
        result: Callable[[Mapping[str, Any]], Json] = getattr(step_type, "result", _anything) if few else _anything
        found = result(step)
        return self._child_output(step) if found is True and getattr(step_type, "starts", False) else found

    def _child_output(self, step: Mapping[str, Any]) -> Json:
        """Tell what another definition comes to, which a step waits for."""
        child = self.children.of(step)
        if not child or step.get("wait", True) is not True:
            return True
        own = copy_with(self, input=self.children.schema(child, "inputSchema"), children=StartedDefinitions())
        return self.children.schema(child, "outputSchema", lambda: one_of(own.outermost(child).ends()))

    def passes_on(self, step: Mapping[str, Any]) -> bool:
        """Tell whether the result of a step is what came in."""
        return getattr(self.step_types[step["type"]], "passes_on", False)

    def _joined(self, step: Mapping[str, Any], view: View) -> Json:
        branches: Sequence[Any] = step["branches"]
        ends = [one_of(self.inner(step, ("branches", index, "steps"), view).ends()) for index in range(len(branches))]
        match step.get("join", "all"):
            case "all":
                return object_of({each["id"]: end for each, end in zip(branches, ends, strict=True)})
            case "first":
                return object_of({"branch": {"type": "string"}, "output": one_of(ends)})
        return True

    def inner(self, step: Mapping[str, Any], below: Sequence[str | int], view: View) -> "StepList":
        """See a list of steps inside of one."""
        steps = next(steps for place, _, steps in nested_lists(step) if tuple(place) == tuple(below))
        if "items" in step:
            item = self.paths.inside(self.made(step["items"], view), [ITEM])
            view = copy_with(view, item=item, output=lambda: (item,))
        return self.listed(steps, view)  # type: ignore[arg-type] # it is valid

    def listed(self, steps: Sequence[Mapping[str, Any]], around: View) -> "StepList":
        """See a list of steps."""
        if id(steps) not in self.lists:
            self.lists[id(steps)] = StepList(self, steps, around)
        return self.lists[id(steps)]

    def made(self, source: Json, view: View) -> Json:
        """Tell what a template makes of what is in scope."""
        match source:
            case dict():
                made = object_of({name: self.made(each, view) for name, each in source.items()})
                return {**made, "required": [*source]}
            case list():
                return list_of(self._items(source, view))
            case str() if is_templated(source) and not makes_text(source):
                return self._yielded(source, view)
        return True if source is None else {"type": KINDS[type(source)]}

    def _items(self, source: Sequence[Json], view: View) -> Json:
        return True if len(source) > _ITEMS else one_of([self.made(each, view) for each in source])

    def _yielded(self, source: str, view: View) -> Json:
        """Tell what a template comes to that is one expression."""
        read = [self.expressed(expression, view) for _, expression in expressions(compile_template(source, call=True))]
        return read[0].result() if read else True

    def expressed(self, expression: Expression, view: View) -> Expressed:
        """Tell what an expression reads."""
        return Expressed(expression, lambda names: self._named(names, view), self.paths)

    def _named(self, names: Sequence[str], view: View) -> Json:
        """Tell what names lead to."""
        match names:
            case ["stash", name, *inner]:
                return self.paths.inside(one_of(view.left(name)), inner)
            case ["stash"]:
                return True
        return self.paths.inside(self.seen(names[0], view), names[1:])

    def seen(self, name: str, view: View) -> Json:
        """Tell what is in scope under a name but ``stash``."""
        match name:
            case "input":
                return self.input
            case "output":
                return one_of(view.output())
            case "item":
                return True if view.item is None else view.item
        return view.others.get(name, SCOPE.get(name, True))


class StepList:
    """What the steps of a list see, and what it comes to.

    Args:
        shapes: what tells what steps come to.
        steps: a valid list of steps.
        around: what the first of them sees.
    """

    def __init__(self, shapes: Shapes, steps: Sequence[Mapping[str, Any]], around: View) -> None:
        self._shapes = shapes
        self._steps = steps
        self._around = around
        self.nodes = [node(step, shapes.kind(step["type"])) for step in steps]
        self._leads = leading(self.nodes)
        self._ran = before(self.nodes)
        own, errors = [[*stashed(step)] for step in steps], [[*caught(step)] for step in steps]
        self._leaving = _leaving([*own, *errors])
        self._named = around.named.union(*own, *errors)
        self._ids = around.steps.union(step["id"] for step in steps)
        self._shaped: dict[int, Json] = {}
        self._stashed: dict[tuple[int, str], Json] = {}
        self._outputs: dict[int, Sequence[Json]] = {}
        self._handing = cache(self._handed_on)

    def view(self, index: int) -> View:
        """Tell what a step sees."""
        ran = self._ran[index]
        stash = _Stash(self._around.stash, self._leaving, ran)

        @cache
        def left(name: str) -> Sequence[Json]:
            bits = stash.bits(name)
            if len(bits) > _SOURCES:
                return [True]
            return [*self._around.left(name), *(self._left(bit, name) for bit in bits)]

        return copy_with(
            self._around,
            stash=stash,
            named=self._named,
            steps=self._ids,
            error=self._around.error or ran >> len(self._steps) != 0,
            left=left,
            output=lambda: self._output(index),
        )

    def ends(self) -> Sequence[Json]:
        """Tell what the list may come to."""
        for index in range(len(self._steps)):
            self.shaped(index)  # in this order each is made of few others that are not known yet
        return self._output(END)

    def shaped(self, index: int) -> Json:
        """Tell what goes on of the result of a step: anything, where that is made of itself, or of too many others."""
        if index not in self._shaped:
            step, active = self._steps[index], self._shapes.active
            if id(step) in active or len(active) == _NESTING:
                return True
            active.add(id(step))
            self._shaped[index] = self._shapes.shaped(step, self.view(index))
            active.remove(id(step))
        return self._shaped[index]

    def _left(self, bit: int, name: str) -> Json:
        """Tell what a step, or an error that it catches, leaves in the stash under a name."""
        if bit >= len(self._steps):
            return ERROR
        stash = self._steps[bit]["stash"]
        if isinstance(stash, str):
            return self.shaped(bit)
        if (bit, name) not in self._stashed:
            naming = self._shapes.naming
            if len(naming) == _NAMING:
                return True
            self._stashed[bit, name] = True  # where it is made of itself
            naming.append(name)
            seen = copy_with(self.view(bit), output=lambda: (self.shaped(bit),))
            self._stashed[bit, name] = self._shapes.made(stash[name], seen)
            naming.pop()
        return self._stashed[bit, name]

    def _output(self, index: int) -> Sequence[Json]:
        if index not in self._outputs:
            found = self._sources(index)
            around = self._around.output() if found is None or _AROUND in found else ()
            own = [self.shaped(each) for each in sorted(found or ()) if each != _AROUND]
            self._outputs[index] = (True,) if found is None else [*around, *own]
        return self._outputs[index]

    def _sources(self, index: int) -> set[int] | None:
        """Find the steps whose result a step, or the end of the list, may get; None if they are too many."""
        found: set[int] = set()
        passed, waiting = {index}, [index]
        if self._leads is None:
            return None
        while waiting:
            at = waiting.pop()
            found |= {_AROUND} if at == 0 else set()
            if len(self._leads[at]) + len(passed) > _PASSED:
                return None
            for other in self._leads[at]:
                passes, gives = self._handing(other, at)
                found |= {other} if gives else set()
                if passes and other not in passed:
                    passed.add(other)
                    waiting.append(other)
        return found if len(found) <= _SOURCES else None

    def _handed_on(self, index: int, to: int) -> tuple[bool, bool]:
        """Tell whether a step may hand on what it got, and whether it may hand on what it came to."""
        step, each = self._steps[index], self.nodes[index]
        kind = self._shapes.kind(step["type"])
        names = [place[0] for place, target in each.targets if to != END and target == self._steps[to]["id"]]
        behind = each.onward and to == (END if index + 1 == len(self._steps) else index + 1)
        by_end = each.end and to == END
        done = behind or by_end or any(name != "catch" for name in names)
        fails = hasattr(self._shapes.step_types[step["type"]], "error_parameter")
        skipped = "when" in step and (behind if kind.routes or kind.ends else done)
        gives = done and not fails and (by_end or not kind.ends)
        pure = "output" not in step and self._shapes.passes_on(step)
        return "catch" in names or skipped or (gives and pure), gives and not pure


def stashed(step: Mapping[str, Any]) -> Iterator[str]:
    """Find the names that a step leaves in the stash."""
    stash = step.get("stash", {})
    yield from [stash] if isinstance(stash, str) else stash


def caught(step: Mapping[str, Any]) -> Iterator[str]:
    """Find the names under which errors that a step catches are left in the stash."""
    yield from (entry["stash"] for entry in step.get("catch", ()) if "stash" in entry)


def _leaving(names: Sequence[Iterable[str]]) -> Mapping[str, int]:
    """Make for each name the set, as bits, of those that leave it."""
    found: dict[str, int] = {}
    for index, left in enumerate(names):
        for name in left:
            found[name] = found.get(name, 0) | 1 << index
    return found


def _described(step: Mapping[str, Any], parameter: str) -> Json:
    """Tell what a step comes to that is answered as a schema says."""
    schema, due = step.get(parameter, True), step.get("due", {})
    if is_templated(schema) or not isinstance(due, dict) or "value" in due:
        return True
    return expanded(schema)


def _anything(_step: Mapping[str, Any]) -> Json:
    return True
