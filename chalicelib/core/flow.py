"""The ways through a list of steps: which lead nowhere, which steps have no way to them, which no way to the end."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeAlias

from chalicelib.core.values import Json, Path, Problem, pointer

Steps: TypeAlias = Sequence[Mapping[str, Json]]
"""Steps as they were written; what stands in them need not be right."""

_Ways: TypeAlias = Sequence[Collection[int]]
"""For each step, by its index, the indices that it can lead to; the end is the index behind the last one."""


def flow_problems(steps: Steps, path: Path, suggestion: Callable[[str, Collection[str]], str]) -> list[Problem]:
    """Find the problems of how steps follow each other.

    Args:
        steps: a list of steps.
        path: where the list stands in its document.
        suggestion: words that name the closest of some known names, or none.
    """
    problems: list[Problem] = []
    named: dict[str, int] = {}
    for index, step in enumerate(steps):
        name = step.get("id")
        if isinstance(name, str) and named.setdefault(name, index) != index:
            taken = f"{pointer((*path, named[name]))} has the id {name!r} already"
            problems.append(Problem(pointer((*path, index, "id")), taken))
    lost = [
        Problem(pointer((*path, index, "next")), f"there is no step {target!r}{suggestion(target, named)}")
        for index, step in enumerate(steps)
        if isinstance(target := step.get("next"), str) and target not in named
    ]
    ways = [_way(index, step, named, len(steps)) for index, step in enumerate(steps)]
    return [*problems, *lost, *_dead_ends(steps, ways, path, all_known=not problems and not lost)]


def _way(index: int, step: Mapping[str, Json], named: Mapping[str, int], end: int) -> Collection[int]:
    target = step.get("next")
    if target is None:
        return (end,) if step.get("end") is True else (index + 1,)
    return (named.get(str(target), end),)


def _dead_ends(steps: Steps, ways: _Ways, path: Path, *, all_known: bool) -> list[Problem]:
    """Tell of each dead part once, at its first step; a way that is not known might lead to any step."""
    problems: list[Problem] = []
    backwards: list[list[int]] = [[] for _ in range(len(ways) + 1)]
    for index, targets in enumerate(ways):
        for target in targets:
            backwards[target].append(index)
    reached, ending = _reach({0}, ways), _reach({len(ways)}, backwards)
    told: set[int] = set()
    for index, step in enumerate(steps):
        name = f"step {step['id']!r}" if isinstance(step.get("id"), str) else "this step"
        if index in told:
            continue
        if index not in reached and all_known:
            problems.append(Problem(pointer((*path, index)), f"{name} cannot be reached from the first step"))
            told |= _reach({index}, ways)
        elif index in reached and index not in ending and index in _reach(set(ways[index]), ways):
            problems.append(
                Problem(pointer((*path, index)), f"from {name} every way leads back to it, none to the end")
            )
            told |= _reach({index}, ways)
    return problems


def _reach(start: Collection[int], ways: _Ways) -> set[int]:
    reached: set[int] = set()
    left = list(start)
    while left:
        index = left.pop()
        if index not in reached:
            reached.add(index)
            left += ways[index] if index < len(ways) else ()
    return reached
