"""From a document to a definition with everything compiled, or to every problem at once."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from chalicelib.core.definitions.diagnostics import Diagnostics
from chalicelib.core.definitions.flow import Node, flow_problems, node, too_many_steps
from chalicelib.core.definitions.grammar import (
    ACCESS,
    MAX_LISTS,
    MAX_STEPS,
    RETRY_NUMBERS,
    SCOPE_OF_SEARCH,
    Kind,
    definition_kind,
    entry_kind,
    nested_lists,
    params_schema,
    prefix_of,
    step_kind,
    step_retry_kind,
)
from chalicelib.core.definitions.model import Catch, Choice, Definition, Restriction, RetryPolicy, Step, StepType
from chalicelib.core.definitions.name_schemas import EXAMPLES
from chalicelib.core.definitions.static_check import passes_always
from chalicelib.core.definitions.timing import read_budget, read_policy, read_time
from chalicelib.core.expressions.reference import meant_as_values, meant_remark, references
from chalicelib.core.expressions.template import Placeholder, Template, expressions, is_templated, sign_count
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.schemas.schema import MAX_PROBLEMS, Schema, compile_schema, schema_problems
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.json import Json, Path, Problem
from chalicelib.core.values.value import copy_with, value

MAX_SIGNS = LIMITS.expression_signs
_CALLERS = frozenset({"actor", "caller", "identity", "me", "principal", "user"})
"""What others call who asks."""
NO_STEP = f"a step is an object, as {json.dumps(EXAMPLES['steps'])}"
UNRESOLVED = "this include is not resolved"
"""What is wrong with an include that stands in a definition when it is parsed."""


def parse(document: Json, step_types: Mapping[str, StepType]) -> Definition:
    """Read a definition whose includes are resolved.

    Args:
        document: the definition as JSON.
        step_types: what a step's ``type`` can name.

    Raises:
        InvalidDefinitionError: it is not valid; there is a problem for each thing that is wrong.
    """
    return _parsed(_Parsing(step_types), _bounded(document))


def problems_apart(document: Json, step_types: Mapping[str, StepType]) -> Sequence[Problem]:
    """Find the problems of a definition, but those of its schemas and of the ways between its steps."""
    try:
        _parsed(_Apart(step_types), _bounded(document))
    except InvalidDefinitionError as error:
        return error.problems
    return ()


def _bounded(document: Json) -> Mapping[str, Json]:
    """Refuse what is no object, and what has too many expressions to read."""
    if not isinstance(document, dict):
        raise InvalidDefinitionError(problems=[Problem("", "a definition is an object")])
    if (count := sign_count(document)) > MAX_SIGNS:
        said = (
            f"all expressions of a definition have at most {MAX_SIGNS:,} names, literals and signs, and these {count:,}"
        )
        raise InvalidDefinitionError(problems=[Problem("", beyond("expression_signs", said))])
    return document


def parse_stored(document: Mapping[str, Json], step_types: Mapping[str, StepType]) -> Definition:
    """Read a definition that was valid when it was stored: nothing in it is held against a schema again.

    Args:
        document: the definition as JSON.
        step_types: what a step's ``type`` can name.

    Raises:
        InvalidDefinitionError: it names a step type that there is no more, or an expression cannot be read any more.
    """
    return _parsed(_Trusting(step_types), document)


def _parsed(parsing: "_Parsing", document: Mapping[str, Json]) -> Definition:
    try:
        definition = parsing.definition(document)
    except RecursionError:
        raise InvalidDefinitionError(problems=[Problem("", "the definition nests too deeply")]) from None
    if parsing.problems:
        raise InvalidDefinitionError(problems=parsing.problems[:MAX_PROBLEMS])
    return definition


@value
class _Place:
    """Where a list of steps stands: in the document, and among the paths of steps."""

    path: Path
    prefix: str = ""
    depth: int = 1
    """How many lists there are down to this one."""
    endless: bool = False
    """Whether it may go round for ever, as another branch's result ends it."""


class _Parsing(Diagnostics):
    """One document on its way to a definition."""

    def __init__(self, step_types: Mapping[str, StepType]) -> None:
        super().__init__()
        self.step_types = step_types
        self.kinds: dict[str | None, tuple[Kind, Schema]] = {}
        self.steps: dict[str, Step] = {}
        self.retry: Sequence[RetryPolicy] = ()
        self.lists: list[tuple[list[Node], _Place]] = []

    def definition(self, document: Mapping[str, Json]) -> Definition:
        self.check(document, definition_kind(), ())
        if document.get("id") == "validate":
            self.problem(("id",), "'validate' has a meaning of its own in the API: choose another id")
        schema = self.schema(document.get("inputSchema", True), ("inputSchema",))
        output = self.schema(document["outputSchema"], ("outputSchema",)) if "outputSchema" in document else None
        stash = self.template(document["stash"], ("stash",)) if "stash" in document else None
        self.retry = self.policies(document.get("retry"), ("retry",), entry_kind("retry"))
        raw = document.get("steps")
        first = self.top(raw if isinstance(raw, list) else [])
        timeout = read_time(document.get("timeoutSeconds"))
        return Definition(
            id=str(document.get("id")),
            first=first,
            steps=self.steps,
            input_schema=schema,
            stash=stash,
            output_schema=output,
            timeout=timeout,
            budget=read_budget(document.get("budget")),
            search=self.attributes(document.get("search")),
            access=self.access(document.get("access")),
        )

    def attributes(self, raw: Json) -> dict[str, Template]:
        """Compile the search attributes, and look at what they see; what is no object was found before."""
        found: dict[str, Template] = {}
        for name, source in (raw if isinstance(raw, dict) else {}).items():
            found[name] = self.template(source, ("search", name))
            self.sees(found[name], ("search", name), f"search.{name}", SCOPE_OF_SEARCH)
        return found

    def access(self, raw: Json) -> dict[str, Restriction]:
        """Compile the conditions of access; those that are no objects were found before."""
        found: dict[str, Restriction] = {}
        for key, entry in (raw if isinstance(raw, dict) else {}).items():
            if key not in ACCESS or not isinstance(entry, dict):
                continue
            roles = entry.get("roles")
            when = self.restriction(key, entry["when"]) if "when" in entry else None
            found[key] = Restriction(frozenset(map(str, roles)) if isinstance(roles, list) else None, when)
        return found

    def restriction(self, key: str, source: Json) -> Template:
        """Compile a condition of access, and look at what it sees."""
        path, (_, seen) = ("access", key, "when"), ACCESS[key]
        condition = self.condition(source, path)
        self.sees(condition, path, f"access.{key}", seen)
        return condition

    def sees(self, template: Template, path: Path, what: str, seen: frozenset[str]) -> None:
        """Find names that a template does not see."""
        for _, expression in expressions(template):
            meant = meant_as_values(expression)
            for name in sorted({names[0] for names in references(expression)} - seen):
                hint = self.suggestion("subject" if name in _CALLERS else name, seen)
                unseen = f"{what} does not see {name!r}{hint}; it sees {', '.join(sorted(seen))}"
                self.problem(path, meant_remark(name, meant[name]) if name in meant else unseen)

    def top(self, raw: Sequence[Json]) -> str:
        """Parse all steps, then look at the ways between them; answer the path of the first."""
        if too_many_steps(raw):
            self.problem(
                ("steps",),
                beyond(
                    "definition_steps", f"a definition has at most {MAX_STEPS:,} steps, those of nested lists included"
                ),
            )
            return ""
        self.walk(raw, _Place(("steps",)))
        ids = {each.id for nodes, _ in self.lists for each in nodes}
        for nodes, place in self.lists:
            self.ways(nodes, place, ids)
        return next(iter(self.steps), "")

    def ways(self, nodes: Sequence[Node], place: _Place, ids: Collection[str | None]) -> None:
        """Look at the ways between the steps of a list."""
        self.problems += flow_problems(nodes, place.path, self.suggestion, ids, endless=place.endless)

    def walk(self, raw: Sequence[Json], place: _Place) -> None:
        """Parse a list of steps."""
        nodes: list[Node] = []
        self.lists.append((nodes, place))
        for index, step in enumerate(raw):
            path = (*place.path, index)
            behind = raw[index + 1] if index + 1 < len(raw) else None
            if isinstance(step, dict) and "include" not in step:
                step_type = self.step_type(step, path)
                nodes.append(node(step, self.kind(step_type)[0]))
                self.step(step, step_type, behind, _Place(path, place.prefix, place.depth, place.endless))
            else:
                self.problem(path, UNRESOLVED if isinstance(step, dict) else NO_STEP)
                nodes.append(Node(None, onward=True, unknown=True))

    def step_type(self, step: Mapping[str, Json], path: Path) -> StepType | None:
        """Find the type that a step names."""
        name = step.get("type")
        if isinstance(name, str) and name not in self.step_types:
            from chalicelib.core.definitions.other_words import instead_of_type  # noqa: PLC0415 - only mistakes need it

            right = instead_of_type(name)
            hint = f" (write {right})" if right else self.suggestion(name, self.step_types)
            known = ", ".join(self.step_types)
            self.problem((*path, "type"), f"there is no step type {name!r}{hint}; there are {known}")
        return self.step_types.get(name) if isinstance(name, str) else None

    def about_missing(self, key: str, other: str | None) -> str:
        """Name the step types, too."""
        types = f": one of {', '.join(self.step_types)}" if key == "type" and other is None else ""
        return super().about_missing(key, other) + types

    def kind(self, step_type: StepType | None) -> tuple[Kind, Schema]:
        """Compile a step type's schema, once."""
        name = step_type.name if step_type else None
        if name not in self.kinds:
            self.kinds[name] = step_kind(step_type), compile_schema(params_schema(step_type) if step_type else {})
        return self.kinds[name]

    def step(self, step: Mapping[str, Json], step_type: StepType | None, behind: Json, place: _Place) -> None:
        """Parse the step at a place, and the steps inside it."""
        kind, schema = self.kind(step_type)
        self.check(step, kind, place.path)
        if {"next", "end"} <= step.keys() and not kind.refused:
            self.problem((*place.path, "end"), "a step has next or end, not both")
        path = f"{place.prefix}{step.get('id')}"
        inner = self.inner(step, path, place) if kind.holds or not kind.closed else {}
        output = self.template(step["output"], (*place.path, "output")) if "output" in step else None
        stash = self.stash(step.get("stash"), (*place.path, "stash"))
        params = self.params(step, kind, place.path)
        choices, default = self.choices(step, kind, place)
        made = Step(
            path,
            cast("StepType", step_type),  # of an unknown one nothing is answered
            params,
            None if passes_always(params.source, schema) else schema,
            schemas=[key for key in kind.schemas if is_templated(step.get(key))],
            calls=kind.calls,
            delegates=kind.delegates,
            next=_onward(step, kind, behind, place.prefix),
            output=output,
            stash=stash,
            when=self.condition(step["when"], (*place.path, "when")) if "when" in step else None,
            choices=choices,
            default=default,
            scopes={name: list_place.prefix + _id(raw[0]) for name, (raw, list_place) in inner.items() if raw},
            retry=self.retries(step, kind, place.path),
            catch=self.catches(step, place),
            timeout=self.timeout(step, place.path),
        )
        self.steps[path] = made
        for raw, list_place in inner.values():
            self.walk(raw, list_place)

    def params(self, step: Mapping[str, Json], kind: Kind, path: Path) -> Template:
        """Compile the parameters of a step that are templates."""
        self.schemas(step, kind, path)
        source = {key: value for key, value in step.items() if key in kind.params}
        params = self.template(source, path, call=kind.calls)
        if Placeholder() in params.placeholders and step.get("callback", False) is False:
            self.problem((*path, "callback"), "${step.token} is for those who answer: it needs callback: true")
        return params

    def schemas(self, step: Mapping[str, Json], kind: Kind, path: Path) -> None:
        """Look at the parameters of a step that are JSON Schemas."""
        for key in kind.schemas:
            if isinstance(step.get(key), dict) and not is_templated(step[key]):
                self.problems += schema_problems(step[key], (*path, key), self.room)

    def inner(self, step: Mapping[str, Json], path: str, place: _Place) -> dict[str, tuple[Sequence[Json], _Place]]:
        """Find the lists of steps inside a step, by their names."""
        taken: set[str] = set()
        branches = self.entries(step.get("branches"), entry_kind("branches"), (*place.path, "branches"))
        for branch_path, branch, _ in branches:
            name = branch.get("id")
            if isinstance(name, str) and name in taken:
                self.problem((*branch_path, "id"), f"a branch before this one has the id {name!r} already")
            taken.add(str(name))
        found: dict[str, tuple[Sequence[Json], _Place]] = {}
        for below, name, raw in nested_lists(step):
            if place.depth == MAX_LISTS:
                self.problem(
                    (*place.path, *below), beyond("definition_lists", f"lists of steps nest at most {MAX_LISTS} deep")
                )
            else:
                endless = place.endless or step.get("join") == "first"
                inner = _Place((*place.path, *below), prefix_of(path, below, name), place.depth + 1, endless)
                found[name] = raw, inner
        return found

    def choices(self, step: Mapping[str, Json], kind: Kind, place: _Place) -> tuple[Sequence[Choice], str | None]:
        """Compile the conditions of a step that routes."""
        if not kind.routes:
            return (), None
        entries = self.entries(step.get("choices"), entry_kind("choices"), (*place.path, "choices"))
        choices = [
            Choice(self.condition(entry.get("when"), (*path, "when")), f"{place.prefix}{entry.get('next')}")
            for path, entry, _ in entries
        ]
        return choices, f"{place.prefix}{step['default']}" if "default" in step else None

    def retries(self, step: Mapping[str, Json], kind: Kind, path: Path) -> Sequence[RetryPolicy]:
        """Read when a step is tried again: as it says itself, or else as the definition says for plain steps."""
        if "retry" in step:
            return self.policies(step["retry"], (*path, "retry"), step_retry_kind())
        return () if kind.holds or kind.routes or kind.ends else self.retry

    def policies(self, raw: Json, path: Path, kind: Kind) -> Sequence[RetryPolicy]:
        """Read a list of retry policies."""
        return [self.policy(entry, place) for place, entry, fits in self.entries(raw, kind, path) if fits]

    def policy(self, entry: Mapping[str, Any], path: Path) -> RetryPolicy:
        """Read a retry policy that fits; what is a template in it is read when a step fails."""
        numbers = {name: entry[name] for name in RETRY_NUMBERS if is_templated(entry.get(name))}
        source = self.template(dict(entry), path) if numbers else None
        fixed = {name: value for name, value in entry.items() if name not in numbers}
        return copy_with(read_policy(fixed), source=source)

    def timeout(self, step: Mapping[str, Json], path: Path) -> timedelta | Template | None:
        """Read how long an attempt of a step may take."""
        given = step.get("timeoutSeconds")
        return self.template(given, (*path, "timeoutSeconds")) if is_templated(given) else read_time(given)

    def catches(self, step: Mapping[str, Json], place: _Place) -> Sequence[Catch]:
        """Read where errors lead."""
        found = self.entries(step.get("catch"), entry_kind("catch"), (*place.path, "catch"))
        return [_catch(entry, place.prefix) for _, entry, fits in found if fits]

    def stash(self, stash: Json, path: Path) -> str | Mapping[str, Template] | None:
        """Compile what a step leaves in the stash."""
        if isinstance(stash, dict):
            return {name: self.template(value, (*path, name)) for name, value in stash.items()}
        return stash if isinstance(stash, str) else None


class _Apart(_Parsing):
    """One document whose steps are looked at, but not its schemas, nor the ways between steps."""

    def ways(self, nodes: Sequence[Node], place: _Place, ids: Collection[str | None]) -> None:
        """Take the ways as they are."""

    def schema(self, document: Json, path: Path) -> Schema:  # noqa: ARG002 - nothing is found wrong there
        """Take a schema as it is."""
        return compile_schema(document)

    def schemas(self, step: Mapping[str, Json], kind: Kind, path: Path) -> None:
        """Take the schemas of a step as they are."""


class _Trusting(_Apart):
    """One document that was valid when it was stored."""

    def check(self, value: Mapping[str, Json], kind: Kind, path: Path) -> bool:  # noqa: ARG002 - all is well
        """Take an object as it is."""
        return True


def _onward(step: Mapping[str, Json], kind: Kind, behind: Json, prefix: str) -> str | None:
    """Find the path of the step to go on at; for one that routes or ends, should it be skipped."""
    if "end" in step or (kind.refused and "when" not in step):
        return None
    if "next" in step and not kind.refused:
        return f"{prefix}{step['next']}"
    return None if behind is None else prefix + _id(behind)


def _id(step: Json) -> str:
    return str(step.get("id")) if isinstance(step, dict) else ""


def _catch(entry: Mapping[str, Any], prefix: str) -> Catch:
    """Read where an error leads, from what fits."""
    return Catch(entry["errors"], f"{prefix}{entry['next']}", entry.get("stash"))
