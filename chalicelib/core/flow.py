"""The ways through a list of steps: which lead nowhere, which steps no way leads to, and which none leads out of."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from chalicelib.core.values import Json, Path, Problem, pointer

Steps: TypeAlias = Sequence[Mapping[str, Json]]
"""Steps as they were written; what stands in them need not be right."""

Suggestion: TypeAlias = Callable[[str, Collection[str]], str]
"""From an unknown name and the known ones to words that name the closest one, or to none."""

_Named: TypeAlias = Mapping[str, Sequence[int]]
_Found: TypeAlias = Iterator[tuple[Path, str]]


def flow_problems(steps: Steps, path: Path, suggestion: Suggestion) -> list[Problem]:
    """Find what is wrong with how steps follow each other.

    Args:
        steps: a list of steps.
        path: where the list stands in its document.
        suggestion: what names the closest of the ids that there are.
    """
    named: dict[str, list[int]] = {}
    for index, step in enumerate(steps):
        if isinstance(name := step.get("id"), str):
            named.setdefault(name, []).append(index)
    found = [*_taken_ids(named, path), *_wrong_targets(steps, named, suggestion), *_dead_ends(steps, named)]
    return [Problem(pointer((*path, *place)), message) for place, message in found]


def _taken_ids(named: _Named, path: Path) -> _Found:
    for name, (first, *others) in named.items():
        taken = f"{pointer((*path, first))} has the id {name!r} already"
        yield from (((index, "id"), taken) for index in others)


def _wrong_targets(steps: Steps, named: _Named, suggestion: Suggestion) -> _Found:
    all_named = all(isinstance(step.get("id"), str) for step in steps)
    for index, step in enumerate(steps):
        target = step.get("next")
        if isinstance(target, str) and target not in named and all_named:
            yield (index, "next"), f"there is no step {target!r}{suggestion(target, named)}"
        if "next" in step and "end" in step:
            yield (index, "end"), "a step has next or end, not both"


def _dead_ends(steps: Steps, named: _Named) -> _Found:
    """Find steps that no way leads to, and loops that none leads out of; what hangs on them is not told again."""
    end, anywhere = len(steps), len(steps) + 1
    ways = [*(_ways(index, steps, named) for index in range(end)), set(), set(range(anywhere))]
    reached = _reach([0], ways)
    ending = _reach([end], _reversed(ways))
    told: set[int] = set()
    for index in sorted(set(range(end)) - (reached & ending)):
        if index in told:
            continue
        onward = _reach(ways[index], ways)
        name = f"step {steps[index]['id']!r}" if isinstance(steps[index].get("id"), str) else "this step"
        if index not in reached:
            yield (index,), f"{name} cannot be reached from the first step"
            told |= onward
        elif index in onward:
            yield (index,), f"from {name} every way leads back to it, none to an end"
            told |= onward


def _ways(index: int, steps: Steps, named: _Named) -> set[int]:
    """Find where a step can lead: to steps by their index, behind them the end, and behind it "anywhere"."""
    step, end, anywhere = steps[index], len(steps), len(steps) + 1
    ways: set[int] = set()
    if "next" in step:
        target = step["next"]
        ways.update(named.get(target, [anywhere]) if isinstance(target, str) else [anywhere])
    if "end" in step:
        ways.add(end if step["end"] is True else anywhere)
    return ways or {index + 1}


def _reach(starts: Iterable[int], ways: Sequence[Collection[int]]) -> set[int]:
    reached = set(starts)
    left = list(reached)
    while left:
        further = set(ways[left.pop()]) - reached
        reached |= further
        left += further
    return reached


def _reversed(ways: Sequence[Collection[int]]) -> list[list[int]]:
    back: list[list[int]] = [[] for _ in ways]
    for start, targets in enumerate(ways):
        for target in targets:
            back[target].append(start)
    return back
