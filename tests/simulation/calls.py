"""Calls in the simulated world: what a scenario answers to them, and who made which."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallDeferred, CallFailed, CallSucceeded
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json import Json
from chalicelib.engine.children import gatherer
from chalicelib.ports import CallResult
from tests.simulation.processes import Process

if TYPE_CHECKING:
    from tests.simulation.world import World

PUT_OFF = 0.05
"""How often there is no time for a call to begin, in random runs."""


@dataclass
class MadeCall:
    """A call that was made."""

    key: str
    """Of the visit."""
    turn: tuple[str, str, int]
    content: str
    by: Process
    allowed: bool
    """Whether the process had seen the turn stand ready, and not handed to others."""
    belated: bool
    """Whether the turn had been left before the process began."""
    at: datetime
    """When it was begun."""
    once: bool = False
    """Whether it must not be made twice."""
    repeatable: bool = False
    """Whether it may be made any number of times."""


class Answers:
    """What a scenario answers to `call` steps by their name, and to others by their kind."""

    def __init__(self, answers: Mapping[str, Sequence[Mapping[str, Json]]]) -> None:
        self.answers = answers
        self.numbers: dict[str, dict[tuple[str, str, int], int]] = {}

    def to(self, turn: tuple[str, str, int], call: Call) -> Mapping[str, Any]:
        """Find the answer: the n-th turn that makes a call gets the n-th one, or the last."""
        params: Any = call.params
        name = str(params.get("name")) if call.kind == "call" else call.kind
        answers = self.answers.get(name, ())
        numbers = self.numbers.setdefault(name, {})
        return answers[min(numbers.setdefault(turn, len(numbers)), len(answers) - 1)] if answers else {}


class Queued(NamedTuple):
    """A call that waits for room."""

    turn: TurnKey
    call: Call
    key: CallKey
    is_wanted: Callable[[], bool]


@dataclass(slots=True)
class Running:
    """A call in flight."""

    thread: str
    turn: int
    call: Call
    key: CallKey
    until: datetime

    @property
    def made_by(self) -> tuple[str, str, int]:
        """The turn that made it."""
        return self.key.execution, self.thread, self.turn


class SimulatedCalls:
    """Calls that end in any order, once their time has come; each run of one answers something else."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.running: list[Running] = []
        self.queued: list[Queued] = []
        self.put_off: list[CallDeferred] = []

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        """Wait for room: there is some at once, but for calls beyond the width of the pool."""
        self.queued.append(Queued(turn, call, key, is_wanted))
        self.begin()

    def begin(self) -> None:
        """Begin calls while there is room: they may be done, and nobody may ever hear of it; or are put off."""
        while self.queued and len(self.running) < self.world.settings.calls:
            turn, call, key, is_wanted = self.queued.pop(0)
            if not is_wanted() or self.world.chance.happens(PUT_OFF):
                self.put_off.append(CallDeferred(*turn))
                continue
            made_by = (key.execution, *turn)
            self.world.call("calls.start", partial(self.world.made, key, call, made_by))
            until = self.world.clock.now() + timedelta(seconds=self.world.answers.to(made_by, call).get("seconds", 0))
            self.running.append(Running(*turn, call, key, until))

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        """End one, or more; none if none has ended by then."""
        if self.put_off:
            put_off, self.put_off = self.put_off, []
            return put_off
        soonest = min(running.until for running in self.running)
        ahead = self.world.dependencies.clock.now() - self.world.clock.now()
        until = None if until is None else until - ahead
        if until is not None and until < soonest:
            self.world.processes.pause(until)
            return []
        self.world.processes.pause(soonest)
        by = max(self.world.clock.now(), soonest)
        ended, left = self.world.chance.some([running for running in self.running if running.until <= by])
        self.running = [running for running in self.running if running.until > by] + left
        self.begin()
        return [self.outcome(running) for running in ended]

    def drain(self) -> None:
        """Wait for all that are in flight, and forget them."""
        while self.running:
            soonest = min(running.until for running in self.running)
            self.world.processes.pause(soonest)
            self.running = [running for running in self.running if running.until > max(self.world.clock.now(), soonest)]
        self.put_off = []

    def outcome(self, running: Running) -> CallSucceeded | CallFailed:
        """Answer as the scenario says, or else with the number of the run, so that two runs never answer the same."""
        if running.call.kind == "gather":
            return self.gathered(running)
        answer = self.world.answers.to(running.made_by, running.call)
        if "error" in answer:
            unanswered = answer.get("unanswered", False)
            return CallFailed(*running.made_by[1:], answer["error"], answer.get("message", "no"), unanswered=unanswered)
        run = sum(made.turn == running.made_by for made in self.world.made_calls)
        content: Any = running.call.params
        default = {"of": content.get("content"), "run": run}
        return CallSucceeded(running.thread, running.turn, answer.get("result", default))

    def gathered(self, running: Running) -> CallSucceeded | CallFailed:
        """Read what child executions came to."""
        gather = gatherer(self.world.executions)
        try:
            return CallSucceeded(running.thread, running.turn, gather(running.call.params))
        except StepError as error:
            return CallFailed(running.thread, running.turn, error.name, str(error))


def made_by(
    process: Process, key: str, call: Call, turn: tuple[str, str, int], *, belated: bool, at: datetime
) -> MadeCall:
    """Describe a call that a process makes."""
    content = json.dumps(call.params, sort_keys=True)
    return MadeCall(key, turn, content, process, process.may_make(*turn), belated, at, call.once, call.repeatable)
