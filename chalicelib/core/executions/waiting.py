"""Joins and waits of a thread: what it has begun and joins, and what it waits for."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import Any, ClassVar, TypeAlias

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value


@value
class BranchJoin:
    """What the thread of a `parallel` joins: a thread for each branch."""

    total: int
    """How many branches there are."""
    first: bool
    """Whether the first result is enough."""
    failed: Mapping[str, Json] = field(default_factory=dict)
    """Where it is: how the branches failed that have, while others go on."""


@value
class ItemJoin:
    """What the thread of a small `map` joins: a thread for each item."""

    total: int
    """How many items there are."""
    at_once: int
    """How many may run at once."""
    tolerate: int
    """How many may fail."""
    begun: int = 0
    """How many of them have begun."""
    failed: int = 0
    """How many have failed so far, and were tolerated."""


@value
class PartitionJoin:
    """What the thread of a large `map` joins: a child execution for each partition of the items."""

    total: int
    """How many partitions there are."""
    items: int
    """How many items there are."""
    begun: int
    """How many of them have begun."""
    at_once: int = 1
    """How many may run at once."""
    concurrency: int = 1
    """How many items each of them may run at once."""
    tolerate: int = 0
    """How many items may fail."""
    failed: int = 0
    """How many items have failed so far, and were tolerated."""
    turn: int = 0
    """The turn after which the child executions are named, and which they name to their parent."""
    over: Sequence[int] = ()
    """The child executions that have ended without success, until they are driven on."""
    redrives: int = 0
    """How often the child executions were driven on: what one came to before that does not count."""
    reads: str = ""
    """What the partitions are handed on because their steps may read it: of ``input`` and ``stash``."""


@value
class ChildJoin:
    """What the thread of a `workflow` step joins: a child execution."""

    execution: str
    """Its id."""
    awaited: bool = True
    """Whether its end is waited for."""
    turn: int = 0
    over: Sequence[int] = ()
    redrives: int = 0
    """The last three as those of a :class:`PartitionJoin`."""

    total: ClassVar[int] = 1
    begun: ClassVar[int] = 1


ChildrenJoin: TypeAlias = PartitionJoin | ChildJoin
"""Child executions that a thread has begun."""

Join: TypeAlias = BranchJoin | ItemJoin | PartitionJoin | ChildJoin
"""What a thread has begun, and goes on after."""


@value
class Answer:
    """What somebody outside answered."""

    at: datetime
    by: str | None = None
    value: Json = None
    reason: str | None = None
    """Why a person rejected a task."""
    rejected: bool = False
    key: str | None = None
    """The caller's own name for the answer, so that a repeat is known; of an event, its id."""


@value
class TimerWait:
    """A thread waits for an instant."""

    until: datetime


@value
class RetryWait:
    """A thread waits before the next attempt."""

    until: datetime
    error: str = ""
    """The name of the error after which it tries again."""
    message: str = ""
    """That of the error, as much of it as is kept."""
    policy: int = 0
    """The number of the step's retry policy that took it."""
    attempts: int = 0
    """The number of the last attempt that the policy allows; 0: it is not known."""


@value
class ChildrenWait:
    """A thread waits for child executions."""

    control_epoch_owed: int = 0
    """The newest control epoch of the execution that came after they were started: they are told of it; 0: none."""
    again: bool = False
    """Whether they may make calls again that must not be made twice, and of which no answer is known."""

    until: ClassVar[None] = None


@value
class AnswerWait:
    """A thread waits for the answer of somebody outside, or has got it; of a tombstone: it no longer waits."""

    what: AnswerKind
    name: str = ""
    """Of an event."""
    event_key: str | None = None
    """Of an event that need not be sent to this very execution; empty: it is sent to the one that the `map` is in."""
    overdue: bool = False
    """Whether a task was not done in time, and is now others' to do."""
    answer: Answer | None = None
    """How the wait ended; None: nobody's answer is wanted any more, or not yet."""
    until: datetime | None = None
    """When a sign of life, or a task, is due."""

    @property
    def is_kept_elsewhere(self) -> bool:
        """Whether the wait has an entry in another table, a task or a waiter, that has to be closed after it."""
        return self.what is AnswerKind.TASK or self.event_key is not None


Wait: TypeAlias = TimerWait | RetryWait | ChildrenWait | AnswerWait
"""What moves a thread on that does not run."""


def people(said: Any) -> tuple[str, ...]:  # noqa: ANN401 - one name, several or none, as a step says it
    """Read those whom a step names."""
    return (said,) if isinstance(said, str) else tuple(said or ())
