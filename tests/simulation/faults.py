"""What can strike at a call of a port, and what of it does."""

import random
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")
WRITES = (
    "executions.update",
    "executions.create",
    "history.append",
    "history.keep",
    "tasks.open",
    "tasks.update",
    "events.put",
    "events.wait",
    "events.leave",
    "events.mark_taken",
    "replies.claim",
    "replies.keep",
    "replies.let_go",
)


class Fault(StrEnum):
    """What can strike at a call of a port."""

    KILL_BEFORE = "the process dies before the call"
    KILL_AFTER = "the process dies after the call"
    REFUSE = "the call is throttled"
    LOSE = "the call takes effect, its answer is lost"
    LATE = "the call is not answered, and takes effect later"
    TWICE = "what is sent arrives twice, the second time much later"
    REDELIVER = "the message is delivered again while the process runs"


class Killed(BaseException):
    """Not to be caught by the process that dies."""


def possible(name: str) -> list[Fault]:
    """List the faults that a call can meet; only a write can land late, only a send be done twice."""
    faults = [Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.REDELIVER]
    if name == "calls.start":
        return faults
    faults += [Fault.REFUSE, Fault.LOSE]
    if name in WRITES:
        faults.append(Fault.LATE)
    if name == "queue.send":
        faults.append(Fault.TWICE)
    return faults


class Chance:
    """What a seed decides; without a seed, everything goes by turns and nothing unlikely happens."""

    def __init__(self, seed: int | None) -> None:
        self.random = random.Random(seed)
        self.wild = seed is not None

    def happens(self, probability: float) -> bool:
        """Decide whether something unlikely happens."""
        return self.wild and self.random.random() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """Choose one."""
        return self.random.choice(choices) if self.wild else choices[0]

    def some(self, these: list[Any]) -> tuple[list[Any], list[Any]]:
        """Choose at least one; answer these, and the others."""
        if not self.wild:
            return these[:1], these[1:]
        chosen = self.random.sample(these, self.random.randint(1, len(these)))
        return chosen, [item for item in these if item not in chosen]


class Faults:
    """Which calls are struck: those that were planned, by their number, or any at a rate."""

    def __init__(
        self, chance: Chance, planned: Mapping[int, Fault], rate: float, possible: Callable[[str], list[Fault]]
    ) -> None:
        self.chance, self.planned, self.rate, self.possible = chance, planned, rate, possible
        self.calls: list[str] = []
        self.struck: list[str] = []

    def choose(self, name: str) -> Fault | None:
        """Decide whether a fault strikes now."""
        if self.rate and self.chance.random.random() < self.rate:
            return self.chance.random.choice(self.possible(name))
        fault = self.planned.get(len(self.calls))
        return fault if fault in self.possible(name) else None

    def record(self, name: str, fault: Fault | None) -> None:
        """Keep that a call was made, and what struck it."""
        if fault is not None:
            self.struck.append(f"{len(self.calls)} {name}: {fault}")
        self.calls.append(name)
