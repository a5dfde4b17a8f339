"""Steps of other definitions, put in place of the includes that name them."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias, cast

from chalicelib.core.definitions.children import FindDefinition
from chalicelib.core.definitions.diagnostics import Diagnostics
from chalicelib.core.definitions.grammar import MAX_LISTS, entry_kind, nested_lists
from chalicelib.core.definitions.parser import UNRESOLVED
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.json import Json, Path, Problem, encode, pointer
from chalicelib.core.values.value import copy_with, value

MAX_INCLUDES = LIMITS.definition_includes
MAX_INCLUDED = LIMITS.included_bytes

_Step: TypeAlias = Mapping[str, Json]


@value
class _Origin:
    """Where an entry of a resolved list came from."""

    index: int
    """Of the posted entry."""
    included: str | None = None
    """What problems call it if it was included."""


@value
class Resolved:
    """A definition in which steps stand in place of its includes."""

    document: Json
    """With the includes listed under ``includes``, by where the first of their steps stands: for people."""
    problems: Sequence[Problem]
    """Of the includes, by their places in the posted document."""
    _origins: Mapping[str, Sequence[_Origin]]
    """Of the entries of the lists that include something, by the lists' pointers."""

    def located(self, problems: Sequence[Problem]) -> list[Problem]:
        """Move problems of the resolved document to what was posted: of an included step, to the include."""
        return [self._located(problem) for problem in problems if problem.message != UNRESOLVED]

    def _located(self, problem: Problem) -> Problem:
        there = posted = ""
        for part in problem.pointer.split("/")[1:]:
            origins = self._origins.get(there)
            there += f"/{part}"
            if origins is None:
                posted += f"/{part}"
                continue
            origin = origins[int(part)]
            posted += f"/{origin.index}"
            if origin.included is not None:
                return copy_with(problem, pointer=posted, message=f"{origin.included}: {problem.message}")
        return copy_with(problem, pointer=posted)


def resolve(document: Json, find: FindDefinition) -> Resolved:
    """Put steps in place of every include of a definition, which need not be valid.

    Args:
        document: the definition as it was posted.
        find: what answers the definitions that it may include; what it answers is resolved.
    """
    if not isinstance(document, dict):
        return Resolved(document, (), {})
    resolving = _Resolving(find)
    made = {key: value for key, value in document.items() if key != "includes"}
    if isinstance(steps := made.get("steps"), list):
        made["steps"] = resolving.steps(steps, ("steps",), ("steps",))
    if resolving.includes:
        made["includes"] = resolving.includes
    return Resolved(made, resolving.problems, resolving.origins)


class _Resolving(Diagnostics):
    """One document on its way to being resolved; problems have their places in the posted one."""

    def __init__(self, find: FindDefinition) -> None:
        super().__init__()
        self.find = find
        self.found: dict[tuple[str, int | None], tuple[int, Mapping[str, Json]] | None] = {}
        self.count = 0
        self.bytes = 0
        self.includes: list[Json] = []
        self.origins: dict[str, Sequence[_Origin]] = {}

    def steps(self, raw: Sequence[Json], posted: Path, place: Path, depth: int = 1) -> list[Json]:
        """Resolve a list of steps, which stood at one place and will stand at another."""
        made: list[Json] = []
        origins: list[_Origin] = []
        for index, entry in enumerate(raw):
            here = (*place, len(made))
            found: list[tuple[Json, str | None]] = [(entry, None)]
            if isinstance(entry, dict) and "include" in entry:
                found = list(self.included(entry, (*posted, index), here))
            elif isinstance(entry, dict) and depth < MAX_LISTS:
                found = [(self.inside(entry, (*posted, index), here, depth), None)]
            made += [step for step, _ in found]
            origins += [_Origin(index, included) for _, included in found]
        self.origins[pointer(place)] = origins
        return made

    def inside(self, step: Mapping[str, Json], posted: Path, place: Path, depth: int) -> Json:
        """Resolve the lists of steps inside a step."""
        made: dict[str, Any] = dict(step)
        for below, _, raw in nested_lists(step):
            steps = self.steps(raw, (*posted, *below), (*place, *below), depth + 1)
            if below == ("steps",):
                made["steps"] = steps
            else:
                number = below[1]
                branches = enumerate(made["branches"])
                made["branches"] = [{**each, "steps": steps} if index == number else each for index, each in branches]
        return made

    def included(self, entry: Mapping[str, Json], posted: Path, place: Path) -> Iterator[tuple[Json, str | None]]:
        """Find the steps that an include stands for, and what problems call them; it stays if they cannot be told."""
        for key in entry:
            if key != "include":
                self.problem((*posted, key), f"an include stands alone: {key!r} has no meaning beside it")
        self.count += 1
        if self.count > MAX_INCLUDES:
            self.problem(
                (*posted, "include"), beyond("definition_includes", f"a definition has at most {MAX_INCLUDES} includes")
            )
        elif source := self.source(entry["include"], (*posted, "include")):
            definition, version, steps = source
            self.includes.append({"pointer": pointer(place), "definition": definition, "version": version})
            for step in steps:
                yield dict(step), f"step {step['id']!r} of {definition}@{version}"
            return
        yield dict(entry), None

    def source(self, what: Json, path: Path) -> tuple[str, int, Sequence[_Step]] | None:
        """Find the definition that an include names, its version, and the steps to take from it."""
        kind = entry_kind("include")
        if isinstance(what, str):
            wrong = kind.keys["definition"].problems(what)
            self.problems += [Problem(pointer(path), problem.message) for problem in wrong]
            return None if wrong else self.taken({"definition": what}, path, path)
        if not isinstance(what, dict):
            self.problem(path, "an include is the id of a definition, or {definition, version, steps}")
            return None
        named = "version" if "version" in what else "definition"
        return self.taken(what, path, (*path, named)) if self.check(what, kind, path) else None

    def taken(self, what: Mapping[str, Any], path: Path, named: Path) -> tuple[str, int, Sequence[_Step]] | None:
        """Read the steps of a definition; ``named`` is where the include names it."""
        definition, version = what["definition"], what.get("version")
        key = definition, None if version is None else int(version)
        if key not in self.found:
            self.found[key] = self.find(*key)
        found = self.found[key]
        if found is None:
            which = "" if version is None else f" in version {version}"
            self.problem(named, f"there is no definition {definition!r}{which}")
            return None
        steps = {str(step["id"]): step for step in cast("Sequence[_Step]", found[1]["steps"])}
        wrong = [(index, name) for index, name in enumerate(what.get("steps", ())) if name not in steps]
        for index, name in wrong:
            hint = self.suggestion(name, steps)
            self.problem((*path, "steps", index), f"{definition}@{found[0]} has no step {name!r}{hint}")
        chosen = [steps[name] for name in what.get("steps", steps) if name in steps]
        self.bytes += sum(len(encode(step)) for step in chosen)
        if self.bytes > MAX_INCLUDED:
            self.problem(
                path,
                beyond("included_bytes", f"the steps that a definition includes have at most {MAX_INCLUDED:,} bytes"),
            )
        return None if wrong or self.bytes > MAX_INCLUDED else (definition, found[0], chosen)
