"""The nouns of an invocation: mode, deliveries, pending inputs, budget, dependencies."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from chalicelib.core.definitions.model import Definition
from chalicelib.core.executions.decide import decide
from chalicelib.core.executions.inputs import (
    Decision,
    Input,
    Message,
    Requested,
)
from chalicelib.core.executions.model import Driver, Execution
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.payload import PACKING, PackingLimits
from chalicelib.core.values.value import value
from chalicelib.engine.observers import Observer
from chalicelib.engine.room import Room
from chalicelib.engine.signals import Signals
from chalicelib.ports import (
    Calls,
    Clock,
    Definitions,
    ExecutionStore,
    HistoryStore,
    IncidentLog,
    Queue,
    TaskStore,
)

Asked: TypeAlias = tuple[str, int, int, int, bool]
"""The key of the commands of a thread's state: its turn, a counter of what changes them without a turn, the newest
request, and whether the execution has ended."""

OVERTAKES = timedelta(days=1)
"""After so long a request for an execution that does not exist is dropped: the execution has never begun."""

SWEEP_WITHIN = timedelta(seconds=20)
"""How long the sweep of one execution may take."""

INLINE_TURNS = LIMITS.inline_turns
INLINE_FOR = timedelta(seconds=LIMITS.inline_seconds)

SENT_WITHIN = timedelta(seconds=60)
"""After this time the schedule sends what an API call wrote, but may not have sent."""


CLAIMED_FOR = timedelta(minutes=5)
"""How long a claimed call may be under way: longer than a function lives, and shorter than a message of one that died
stays hidden (``lambda_timeout`` in ``.chalice/config.json``, and six times that)."""

LOOKS_EVERY = timedelta(seconds=1)
"""While calls are under way, an invocation looks whether the execution still wants them."""

SPARED_BY_STEPS = 40 * 1024
"""Bytes of an execution's item that what steps come to leaves free: so that they can fail, for want of room too."""

SPARED_BY_FAILURES = 20 * 1024
"""Bytes that this leaves free: so that the execution can be paused, cancelled or driven on."""


class Mode(StrEnum):
    """Whose work an invocation does."""

    MESSAGES = "messages"
    """Of a queue: drive what they name, and what was left under them."""
    REQUEST = "request"
    """Of an API call: fold what is asked or answered, and the steps behind it if that takes nobody else; nothing is
    called."""
    START = "start"
    """Of whoever starts an execution: run what takes nobody else, and write only if that is all that can be run."""
    SWEEP = "sweep"
    """Of the schedule: send whatever the state implies. Nothing is folded or taken over."""
    DEAD_LETTERS = "dead letters"
    """Of a dead-letter queue: judge what the messages drive. Nothing is run, others are left what can go on."""


@value
class Delivery:
    """A message as it was received."""

    id: str
    """The queue's id of the message, the same for every delivery of it."""
    message: Message
    receives: int = 1
    """How often it has been received, this time included."""
    sent_at: datetime | None = None
    """When it was sent, if that is known."""
    found: Execution | None = None
    """The execution, where it has just been read."""
    trace: str = ""
    """The W3C trace context in which it was sent, if that is known."""
    share: float = 1
    """Which part of a call of the function it is: one for each message that the function was called with."""

    def is_early(self, now: datetime) -> bool:
        """Tell whether it may have come before what starts its execution: a request of the parent's."""
        is_old = self.sent_at is not None and now - self.sent_at >= OVERTAKES
        return isinstance(self.message.event, Requested) and not is_old


@value
class Handled:
    """What has become of messages: those of which nothing is said come again after the queue's visibility timeout."""

    done: AbstractSet[str] = frozenset()
    """To be acknowledged."""
    again: Mapping[str, int] = field(default_factory=dict)
    """To be received again after so many seconds: nothing that was begun under them is still under way."""
    why: str = ""
    """For whoever has set sedo up: what must be mended before they can be done."""


@value
class Pending:
    """An input that is not written yet, and the message under which it is folded."""

    input: Input
    message: str


@value
class Budget:
    """How far one invocation may go before it leaves the rest to others."""

    deadline: datetime
    """After this instant no call is begun and no step run, but one: so a function that is slow gets on all the same."""
    turns: int = 1000
    turns_per_write: int = 500
    size_per_write: int = 2_000_000
    """Characters of results: so that a row of history has a bound, and progress with large values is kept."""
    looks_every: timedelta | None = LOOKS_EVERY
    """How often it looks whether the execution was stopped, while calls are under way; None: never."""
    unanswered: int = 5
    """How many writes may go unanswered before the message is left to its next delivery."""
    gives_back: bool = False
    """Whether a message can be given back while others of its batch are done, and polling is not slowed down by it."""
    ends: bool = False
    """Whether what is started is written only if it ends."""
    too_short: str = ""
    """Why no call may be made, if none may: the function could be ended in the middle of it, each time."""


@value
class Dependencies:
    """What an invocation works with."""

    executions: ExecutionStore
    definitions: Definitions
    history: HistoryStore
    queue: Queue
    clock: Clock
    calls: Callable[[], Calls]
    tasks: TaskStore
    signals: Signals
    incidents: IncidentLog
    decide: Callable[[Definition, Execution, Input, datetime, Driver], Decision] = decide
    observers: Sequence[Observer] = ()
    """What sees each write of an execution that has been made."""
    inline_turns: int = 0
    """How many turns of an execution run where it is started or answered, and of a child in its parent's function; 0:
    each has a function of its own."""
    room: Room = field(default_factory=Room, compare=False)
    """What executions hold in memory together."""
    limits: PackingLimits = PACKING
    """When the newest of history moves into a row, and values out of that."""
