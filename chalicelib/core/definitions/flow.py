"""The ways through a list of steps: which lead nowhere, which steps no way leads to, and which none leads out of."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import TypeAlias

from chalicelib.core.definitions.grammar import MAX_STEPS, Kind, nested_lists
from chalicelib.core.values.json import Json, Path, Problem, pointer
from chalicelib.core.values.value import copy_with, value

Suggestion: TypeAlias = Callable[[str, Collection[str]], str]
"""From an unknown name and the known ones to words that name the closest one, or to none."""

_ENDS = frozenset({"end", "stop", "finish", "done", "exit", "none", "null", "return"})
"""What people call the end of a list of steps."""
END = -1
"""In the place of the index of a step: the end of its list."""
_ENDED = ": write end: true to end here"

_Named: TypeAlias = Mapping[str, Sequence[int]]
_Found: TypeAlias = Iterator[tuple[Path, str]]


@value
class Node:
    """A step as its list sees it; it may have been written wrongly."""

    id: str | None
    onward: bool
    """Whether it leads to the one behind it, or to the end behind the last one."""
    unknown: bool
    """Whether nobody can tell where it leads."""
    targets: Sequence[tuple[Path, str]] = ()
    """The steps that it names, and where in it."""
    end: bool = False
    """Whether it can end the list."""

    @property
    def name(self) -> str:
        """What messages call it."""
        return "this step" if self.id is None else f"step {self.id!r}"


def node(step: Mapping[str, Json], kind: Kind) -> Node:
    """See a step of a kind as its list does."""
    name = step.get("id")
    named: list[tuple[Path, Json]] = [*_of(step, "catch")]
    if kind.routes or not kind.closed:
        named += _of(step, "choices")
        named += [(("default",), step["default"])] if "default" in step else []
    onward = "when" in step if kind.routes or kind.ends else not {"next", "end"} & step.keys()
    if not kind.refused:
        named += [(("next",), step["next"])] if "next" in step else []
    end = (kind.ends or "end" in step) and not kind.routes
    return Node(
        name if isinstance(name, str) else None,
        onward,
        unknown=any(not isinstance(target, str) for _, target in named)
        or (kind.routes and not isinstance(step.get("choices"), list))
        or (end and not kind.ends and step["end"] is not True),
        targets=[(place, target) for place, target in named if isinstance(target, str)],
        end=end,
    )


def _of(step: Mapping[str, Json], key: str) -> Iterator[tuple[Path, Json]]:
    """Find the targets of the entries of a list."""
    entries = step.get(key)
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        yield (key, index, "next"), entry.get("next") if isinstance(entry, dict) else None


def too_many_steps(raw: Sequence[Json]) -> bool:
    """Tell whether a definition has more steps than it may, those of nested lists included."""
    count, waiting = 0, [raw]
    while waiting and count <= MAX_STEPS:
        steps = waiting.pop()
        count += len(steps)
        waiting += [inner for step in steps if isinstance(step, dict) for _, _, inner in nested_lists(step)]
    return count > MAX_STEPS


def flow_problems(
    nodes: Sequence[Node], path: Path, suggestion: Suggestion, others: Collection[str | None], *, endless: bool
) -> list[Problem]:
    """Find what is wrong with how steps follow each other.

    Args:
        nodes: a list of steps.
        path: where the list stands in its document.
        suggestion: what names the closest of the ids that there are.
        others: the ids of the steps of all lists.
        endless: whether a loop may go round for ever, as something else ends it.
    """
    named = _named(nodes)
    found = [
        *_taken_ids(named),
        *_wrong_targets(nodes, named, suggestion, others),
        *_dead_ends(nodes, named, endless=endless),
    ]
    return [Problem(pointer((*path, *place)), message) for place, message in found]


def unreached(nodes: Sequence[Node]) -> Iterator[int]:
    """Find the steps that no way leads to; what hangs on them is not reported again."""
    ways = _all_ways(nodes, _named(nodes))
    yield from _untold(set(range(len(nodes))) - _reach([0], ways), ways)


def before(nodes: Sequence[Node]) -> list[int]:
    """Find, for each step, what may have been when it begins; in a loop that may be of the step itself.

    Returns:
        For each step an integer in which the bits of those are set that may have succeeded or been skipped, by their
        index; above them, likewise, of those that may have failed and been caught.
    """
    here, named = range(len(nodes)), _named(nodes)
    ways = [[way for way in onward if way in here] for onward in _all_ways(nodes, named)[: len(nodes)]]
    done = [_ways(index, _without_catch(each), named, len(nodes)) for index, each in enumerate(nodes)]
    caught = [
        {at for place, target in each.targets if place[:1] == ("catch",) for at in named.get(target, ())}
        for each in nodes
    ]
    back, seen = _reversed(ways), [0] * len(nodes)

    def passed(index: int, to: int) -> int:
        failed = 1 << index + len(nodes) if to in caught[index] else 0
        return seen[index] | failed | (1 << index if to in done[index] else 0)

    for component in _components(ways, back):
        ran = reduce(or_, (passed(other, index) for index in component for other in back[index]), 0)
        for index in component:
            seen[index] = ran
    return seen


def _without_catch(each: Node) -> Node:
    return copy_with(each, targets=[way for way in each.targets if way[0][:1] != ("catch",)])


def _components(ways: Sequence[Collection[int]], back: Sequence[Collection[int]]) -> Iterator[set[int]]:
    """Find the strongly connected components of the steps that are reached, each before those that it leads to.

    Source: Kosaraju's algorithm, which takes time in proportion to the steps and ways.
    """
    finished = _finished(ways)
    done = set(range(len(ways))) - set(finished)
    while finished:
        if (last := finished.pop()) not in done:
            component = _reach([last], back, done) - done
            done |= component
            yield component


def _finished(ways: Sequence[Collection[int]]) -> list[int]:
    """List the steps that the first leads to in the order in which a depth-first search leaves them."""
    order: list[int] = []
    reached, path = {0}, [(0, iter(ways[0]))] if ways else []
    while path:
        index, onward = path[-1]
        way = next((each for each in onward if each not in reached), None)
        if way is None:
            order.append(index)
            path.pop()
        else:
            reached.add(way)
            path.append((way, iter(ways[way])))
    return order


def leading(nodes: Sequence[Node]) -> list[list[int]] | None:
    """Find, for each step, those that lead to it, and last those that lead to the end; None where that can be any."""
    *back, anywhere = _reversed([*_all_ways(nodes, _named(nodes))[: len(nodes)], set(), set()])
    return None if anywhere else back


def _named(nodes: Sequence[Node]) -> dict[str, list[int]]:
    named: dict[str, list[int]] = {}
    for index, each in enumerate(nodes):
        if each.id is not None:
            named.setdefault(each.id, []).append(index)
    return named


def _taken_ids(named: _Named) -> _Found:
    for name, (_, *others) in named.items():
        yield from (((index, "id"), f"a step before this one has the id {name!r} already") for index in others)


def _wrong_targets(
    nodes: Sequence[Node], named: _Named, suggestion: Suggestion, others: Collection[str | None]
) -> _Found:
    if any(each.id is None for each in nodes):
        return
    for index, each in enumerate(nodes):
        for place, target in each.targets:
            if target not in named and target in others:
                yield (index, *place), f"step {target!r} is in another list: a step leads to steps of its own list only"
            elif "${" in target:
                yield (
                    (index, *place),
                    "no template is read here: write the id of a step; a choice leads to one of several",
                )
            elif target not in named:
                hint = _ENDED if target.lower() in _ENDS else suggestion(target, named)
                yield (index, *place), f"there is no step {target!r}{hint}"


def _dead_ends(nodes: Sequence[Node], named: _Named, *, endless: bool) -> _Found:
    """Find steps that no way leads to, and loops that none leads out of; what hangs on them is not reported again."""
    ways = _all_ways(nodes, named)
    reached = _reach([0], ways)
    ending = _reach([len(nodes)], _reversed(ways))
    for index in _untold(set(range(len(nodes))) - (reached & ending), ways, reached):
        name = nodes[index].name
        if index not in reached:
            yield (index,), f"{name} cannot be reached from the first step"
        elif not endless:
            yield (index,), f"from {name} every way leads back to it, none to an end"


def _untold(wrong: Collection[int], ways: Sequence[Collection[int]], reached: Collection[int] = ()) -> Iterator[int]:
    """Leave out what hangs on others: of what is reached, only a step that leads back to itself is told."""
    followed: set[int] = set()
    for index in sorted(wrong):
        if index in followed:
            continue
        onward = _reach(ways[index], ways)
        if index not in reached or index in onward:
            yield index
            followed |= onward


def _all_ways(nodes: Sequence[Node], named: _Named) -> list[set[int]]:
    """Find where each step can lead: to steps by their index, behind them the end, and behind it "anywhere"."""
    end, anywhere = len(nodes), len(nodes) + 1
    return [*(_ways(index, nodes[index], named, end) for index in range(end)), set(), set(range(anywhere))]


def _ways(index: int, step: Node, named: _Named, end: int) -> set[int]:
    ways = {way for _, target in step.targets for way in named.get(target, [end + 1])}
    ways |= {index + 1} if step.onward else set()
    ways |= {end} if step.end else set()
    return ways | {end + 1} if step.unknown else ways


def _reach(starts: Iterable[int], ways: Sequence[Collection[int]], known: Collection[int] = ()) -> set[int]:
    """Find where ways lead from some steps, beside what is known to be reached, which is not followed."""
    left = [*starts]
    reached = {*left, *known}
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
