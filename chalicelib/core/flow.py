"""The ways through a list of steps: which lead nowhere, which steps have no way to them, which no way out."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from chalicelib.core.values import Json, Path, Problem, pointer

Steps: TypeAlias = Sequence[Mapping[str, Json]]
"""Steps as they were written; what stands in them need not be right."""

_Ways: TypeAlias = Sequence[Collection[int]]
"""For each step, by its index, those it can lead to; behind the steps stand the end, and "anywhere"."""


def flow_problems(steps: Steps, path: Path, suggestion: Callable[[str, Iterable[str]], str]) -> list[Problem]:
    """Find the problems of how steps follow each other.

    Args:
        steps: a list of steps.
        path: where the list stands in its document.
        suggestion: words that name the closest of some known names, or none.
    """
    named: dict[str, list[int]] = {}
    for index, step in enumerate(steps):
        if isinstance(name := step.get("id"), str):
            named.setdefault(name, []).append(index)
    found = [*_targets(steps, named, suggestion), *_dead_ends([*(_ways(i, steps, named) for i in range(len(steps)))])]
    for name, (first, *others) in named.items():
        taken = f"{pointer((*path, first))} has the id {name!r} already"
        found += [((index, "id"), taken) for index in others]
    return [Problem(pointer((*path, *place)), message) for place, message in sorted(found, key=lambda one: one[0][0])]


def _targets(
    steps: Steps, named: Mapping[str, Sequence[int]], suggestion: Callable[[str, Iterable[str]], str]
) -> Iterator[tuple[tuple[int, ...], str]]: ...
