"""What an execution of a definition is likely to cost, told before it runs.

A way through a definition goes from its first step to an end. The estimate walks over all of them, and counts for each
step what the engine writes, reads and sends for it where nothing fails. How often a loop goes round, and how many items
a ``map`` has, it does not know: it tells what one more costs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.cost import PARTS, WAIT_UNITS, ExecutionCost
from chalicelib.core.values.json import JsonObject
from chalicelib.core.values.prices import FUNCTION_MB, PRICES
from chalicelib.core.values.value import copy_with, value

if TYPE_CHECKING:
    from chalicelib.core.definitions.model import Definition, Step

CALL_MS = 200
"""For which a call is waited."""
INVOCATION_MS = 15
"""Of a function for each time it is called, its reads and writes included."""
STEP_MS = 1
"""Of a function for each step."""
SHORT_WAIT = 15 * 60
"""Seconds that one message waits; what waits longer is read again when it is due."""
CLOSED = 1
"""Write units of the execution once the entry of its wait is closed: the tombstone goes."""


@value
class EstimatedCost:
    """What a part of an execution is likely to use."""

    steps: int = 0
    turns: int = 0
    calls: int = 0
    """Into the world."""
    waited: int = 0
    """Of those, how many are waited for one after another."""
    writes: int = 0
    """Write units."""
    together: int = 0
    """Of writes that steps side by side have in common."""
    reads: int = 0
    """Read units."""
    requests: int = 0
    """Requests to SQS."""
    invocations: int = 0

    def plus(self, other: "EstimatedCost") -> "EstimatedCost":
        """Add what comes behind it."""
        return EstimatedCost(*(mine + its for mine, its in zip(self.counts, other.counts, strict=True)))

    def minus(self, other: "EstimatedCost") -> "EstimatedCost":
        """Take off what comes before it."""
        return EstimatedCost(*(max(0, mine - its) for mine, its in zip(self.counts, other.counts, strict=True)))

    def beside(self, other: "EstimatedCost") -> "EstimatedCost":
        """Add what runs side by side with it."""
        both = self.plus(other)
        return copy_with(both, together=max(self.together, other.together), waited=max(self.waited, other.waited))

    @property
    def counts(self) -> Sequence[int]:
        """All of it."""
        return (
            self.steps,
            self.turns,
            self.calls,
            self.waited,
            self.writes,
            self.together,
            self.reads,
            self.requests,
            self.invocations,
        )

    @property
    def milliseconds(self) -> int:
        """The time of functions."""
        return self.waited * CALL_MS + self.invocations * INVOCATION_MS + self.steps * STEP_MS

    @property
    def dollars(self) -> float:
        """Price it."""
        requests, invocations = self.requests * PARTS, self.invocations * PARTS
        cost = ExecutionCost(self.writes + self.together, self.reads, requests, invocations, self.milliseconds)
        return cost.dollars()

    def as_json(self) -> JsonObject:
        """Write it as the API shows it."""
        return {
            "dollars": round(self.dollars, 9),
            "steps": self.steps,
            "turns": self.turns,
            "calls": self.calls,
            "writeUnits": self.writes + self.together,
            "readUnits": self.reads,
            "queueRequests": self.requests,
            "invocations": self.invocations,
            "functionMs": self.milliseconds,
        }


def counted(costs: Sequence[ExecutionCost], done: EstimatedCost) -> EstimatedCost:
    """Make an estimate of what was counted of executions, whose functions took no time that tells anything."""
    total = done
    for each in costs:
        requests, invocations = each.requests // PARTS, each.calls // PARTS
        total = total.plus(
            EstimatedCost(writes=each.writes, reads=each.reads, requests=requests, invocations=invocations)
        )
    return total


@value
class OneMore:
    """What one more of something costs whose number is not known."""

    what: str
    """``item`` of a map, ``round`` of a loop, ``attempt`` of a step."""
    step: str
    """The path of the step; of a loop the one to which it goes back."""
    cost: EstimatedCost


@value
class Estimate:
    """What an execution is likely to cost."""

    least: EstimatedCost
    """On the cheapest way."""
    most: EstimatedCost
    """On the dearest way, on which no step is taken twice."""
    more: Sequence[OneMore] = ()

    def as_json(self) -> JsonObject:
        """Write it as the API shows it, with what is assumed."""
        return {
            "least": self.least.as_json(),
            "most": self.most.as_json(),
            "more": [{"what": each.what, "step": each.step, **each.cost.as_json()} for each in self.more],
            "assumptions": {
                "region": PRICES.region,
                "pricesSince": PRICES.since.isoformat(),
                "memoryMb": FUNCTION_MB,
                "stateBytes": 1024,
                "batchSize": 1,
                "attempts": 1,
                "callMs": CALL_MS,
                "invocationMs": INVOCATION_MS,
                "stepMs": STEP_MS,
            },
        }


@value
class _Place:
    """How an execution stands where a step begins."""

    is_started: bool = False
    """Whether a worker has begun it: what neither calls nor has others told runs where it is started."""
    is_answered: bool = False
    """Whether it goes on where somebody has answered: what neither calls nor has others told runs there."""
    is_dirty: bool = False
    """Whether something is not written that has to be before a call."""
    has_waited: bool = False
    """Whether it has an entry in the index of what is due."""


@value
class _Way:
    """Ways through a list of steps, or to a place in it."""

    least: EstimatedCost
    most: EstimatedCost
    place: _Place
    """At the end of the dearest one."""

    def then(self, cost: EstimatedCost, place: _Place) -> "_Way":
        """Go on."""
        return _Way(self.least.plus(cost), self.most.plus(cost), place)


def _best(ways: Sequence[_Way]) -> _Way:
    """Choose the cheapest and the dearest of some ways."""
    dearest = max(ways, key=lambda way: way.most.dollars)
    least = min((way.least for way in ways), key=lambda cost: cost.dollars)
    return _Way(least, dearest.most, dearest.place)


NOTHING, FIRST_WRITE = EstimatedCost(), EstimatedCost(writes=2, invocations=1)
BEGUN_BY_WORKER = EstimatedCost(writes=1, reads=2, requests=3)
HANDED_ON = EstimatedCost(writes=2, reads=1, requests=3, invocations=1)
STEP, SKIPPED = EstimatedCost(steps=1, turns=1), EstimatedCost(turns=1)
WAITED = EstimatedCost(writes=1, together=1, requests=3, invocations=1)
LONG = EstimatedCost(writes=2, reads=1)
ASKED = EstimatedCost(writes=2, together=1, reads=1, invocations=1)
ASKED_AGAIN = EstimatedCost(writes=1, reads=1, invocations=1)
CHILD = EstimatedCost(writes=1, reads=1, requests=3, invocations=1)
ANSWERED = _Place(is_started=True, is_answered=True, is_dirty=True)


def estimate(definition: "Definition") -> Estimate:
    """Estimate what an execution of a definition costs."""
    outward = {
        "/".join(parts[:count])
        for parts in (step.path.split("/") for step in definition.steps.values() if _asks(step))
        for count in range(1, len(parts))
    }
    return _Walk(definition, frozenset(outward)).estimate()


@value
class _Walk:
    """Over the steps of a definition; ``outward`` are those with a step in them that calls, or has others told."""

    definition: "Definition"
    outward: frozenset[str]
    more: dict[tuple[str, str], OneMore] = field(default_factory=dict)
    known: dict[tuple[str, _Place], tuple[EstimatedCost, _Place]] = field(default_factory=dict)

    def estimate(self) -> Estimate:
        """Estimate what an execution costs."""
        way = self.list(self.definition.first, _Place())
        return Estimate(FIRST_WRITE.plus(way.least), FIRST_WRITE.plus(way.most), [*self.more.values()])

    def list(self, first: str, place: _Place) -> _Way:
        """Estimate the ways from the first step of a list to its end."""
        order = {path: number for number, path in enumerate(_order(self.definition.steps, first))}
        reached: dict[str, dict[_Place, _Way]] = {path: {} for path in order}
        reached[first][place] = _Way(NOTHING, NOTHING, place)
        ends, rounds = list[_Way](), list[_Way]()
        for path, number in order.items():
            step = self.definition.steps[path]
            for following, ways in self.onward(step, [*reached[path].values()]).items():
                if following is None:
                    ends += ways
                elif order[following] <= number:
                    rounds += ways
                    begun = _best([*reached[following].values()])
                    self.add("round", following, _best(ways).most.minus(begun.most))
                else:
                    for way in ways:
                        known = reached[following].get(way.place)
                        reached[following][way.place] = way if known is None else _best([known, way])
        return _best(ends or rounds)  # an error, or another branch, is what ends those that only go round

    def onward(self, step: "Step", before: Sequence[_Way]) -> Mapping[str | None, Sequence[_Way]]:
        """Go on from a step to each one that may be next: behind what it does, or as it is skipped."""
        done = [way.then(*self.once(step, way.place)) for way in before]
        onward = dict[str | None, Sequence[_Way]].fromkeys(_following(step), done)
        if step.when is not None:
            skipped = [way.then(SKIPPED, copy_with(way.place, is_dirty=True)) for way in before]
            onward[step.next] = [*onward.get(step.next, ()), *skipped]
        return onward

    def once(self, step: "Step", place: _Place) -> tuple[EstimatedCost, _Place]:
        """Estimate a step as :meth:`own` does, once for each place."""
        if (step.path, place) not in self.known:
            self.known[step.path, place] = self.own(step, place)
        return self.known[step.path, place]

    def own(self, step: "Step", place: _Place) -> tuple[EstimatedCost, _Place]:
        """Estimate a step itself, once; tell how the execution stands behind it."""
        source = step.params.source
        params = source if isinstance(source, dict) else {}
        if step.retry:
            self.add("attempt", step.path, WAITED.plus(EstimatedCost(calls=int(step.calls), waited=int(step.calls))))
        match step.type.name:
            case "wait":
                seconds = params.get("seconds")
                is_long = not isinstance(seconds, int | float) or seconds > SHORT_WAIT
                waited = WAITED.plus(LONG) if is_long else WAITED
                entered = NOTHING if place.has_waited else EstimatedCost(together=1)
                return STEP.plus(waited).plus(entered), _Place(is_started=True, is_dirty=True, has_waited=True)
            case "callback" | "event" | "task":
                if kept := _kept(step):
                    return _worked(place)[0].plus(STEP).plus(ASKED).plus(EstimatedCost(writes=kept)), ANSWERED
                return STEP.plus(ASKED_AGAIN if place.is_answered else ASKED), ANSWERED
            case "workflow":
                return _worked(place)[0].plus(STEP).plus(CHILD), _Place(is_started=True, is_dirty=True)
            case "parallel" | "map":
                return self.nested(step, place)
        return _call(params, place) if step.calls else (STEP, copy_with(place, is_dirty=True))

    def nested(self, step: "Step", place: _Place) -> tuple[EstimatedCost, _Place]:
        """Estimate the lists of steps in a step: all branches, or those for one item."""
        begun, place = _worked(place) if step.path in self.outward else (NOTHING, place)
        ways = [self.list(first, copy_with(place, is_dirty=True)) for first in step.scopes.values()]
        cost = begun.plus(EstimatedCost(steps=1, turns=2))
        if step.type.name == "map":
            return cost.plus(self.items(step, ways[0].most)), ways[0].place
        for way in ways:
            cost = cost.beside(way.most)
        return cost, max(ways, key=lambda way: way.most.dollars).place

    def items(self, step: "Step", one: EstimatedCost) -> EstimatedCost:
        """Estimate the items of a map: those that stand in the definition, or what all have in common."""
        each, source = copy_with(one, together=0, waited=0), step.params.source
        listed = source.get("items") if isinstance(source, dict) else None
        if not isinstance(listed, list):
            self.add("item", step.path, each)
            return EstimatedCost(together=one.together, waited=one.waited)
        total = EstimatedCost(together=one.together, waited=one.waited) if listed else NOTHING
        for _ in listed:
            total = total.plus(each)
        return total

    def add(self, what: str, step: str, cost: EstimatedCost) -> None:
        """Tell what one more costs; of several numbers the first."""
        self.more.setdefault((what, step), OneMore(what, step, cost))


def _order(steps: Mapping[str, "Step"], first: str) -> Sequence[str]:
    """Order the steps that follow one so that each stands behind those that lead to it, but for loops."""
    done, seen = list[str](), {first}
    stack = [(first, iter(_targets(steps[first])))]
    while stack:
        path, following = stack[-1]
        step = next((each for each in following if each is not None and each not in seen), None)
        if step is None:
            done.append(path)
            stack.pop()
        else:
            seen.add(step)
            stack.append((step, iter(_targets(steps[step]))))
    return done[::-1]


def _asks(step: "Step") -> bool:
    """Tell whether a step calls, or has others told of what it waits for."""
    return step.calls or step.type.name == "workflow" or _kept(step) > 0


def _kept(step: "Step") -> int:
    """Count the write units of the entry that the wait of a step has in another table."""
    source = step.params.source
    match step.type.name:
        case "task":
            return WAIT_UNITS[AnswerKind.TASK] + CLOSED
        case "event" if not isinstance(source, dict) or "key" in source:
            return WAIT_UNITS[AnswerKind.EVENT] + CLOSED
    return 0


def _worked(place: _Place) -> tuple[EstimatedCost, _Place]:
    """Let a worker have an execution: what that costs, and how it stands then."""
    if not place.is_started:
        return BEGUN_BY_WORKER, copy_with(place, is_started=True)
    if place.is_answered:
        return HANDED_ON, copy_with(place, is_answered=False, is_dirty=False)
    return NOTHING, place


def _call(params: JsonObject, place: _Place) -> tuple[EstimatedCost, _Place]:
    """Estimate a step that calls."""
    cost, begun = _worked(place)
    delivery = params.get("delivery")
    is_written = delivery == "at-most-once" or (delivery != "repeatable" and begun.is_dirty)
    written = EstimatedCost(calls=1, waited=1, together=int(is_written))
    if params.get("callback") is True:
        return cost.plus(STEP).plus(written).plus(ASKED), ANSWERED
    return cost.plus(STEP).plus(written), copy_with(begun, is_dirty=True)


def _targets(step: "Step") -> Sequence[str | None]:
    """Name the steps that may be next where nothing fails, be it that a step is skipped; None: the end of its list."""
    return _following(step) if step.when is None else [*dict.fromkeys([*_following(step), step.next])]


def _following(step: "Step") -> Sequence[str | None]:
    """Name the steps to which a step may lead as it succeeds; None: the end of its list."""
    chosen = [*(choice.next for choice in step.choices), step.default]
    if step.choices:
        return [*dict.fromkeys(each for each in chosen if each is not None)] or [None]
    return [None if getattr(step.type, "ends", False) else step.next]
