"""How a world is set up: all that a test can choose beside its definitions, planned faults and seed."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from chalicelib.core.executions.decide import decide
from chalicelib.core.records.payload import PACKING, PackingLimits
from chalicelib.core.values.json import Json
from chalicelib.engine.due_sweep import DueSweep
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Handled
from chalicelib.engine.signals import Signals
from chalicelib.engine.worker import work_on_messages
from chalicelib.usecases.answers import AnswerService
from chalicelib.usecases.executions import ExecutionService

TENANT = "123"
START = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
PERSON = "ada"
"""Who makes requests."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The engine, sound or with a rule switched off, and what surrounds it."""

    rate: float = 0.0
    """How often a fault strikes a call."""
    purges: Collection[int] = ()
    """The calls, by their numbers, right after which both queues are purged."""
    skews: Sequence[timedelta] = ()
    """By how much the clocks of processes differ from the world's, one after the other; none: they do not."""
    answers: Mapping[str, Sequence[Mapping[str, Json]]] = field(default_factory=dict)
    """Of the scenario."""
    latency: timedelta = timedelta(milliseconds=1)
    """Of a call of a port."""
    receives: int = 100
    """How often a message is delivered before it is given up."""
    turns: int = 1000
    """What a function may advance at once; in random runs sometimes as much as it likes."""
    looks_every: timedelta = timedelta(seconds=25)
    """Of a function while calls are under way; seldom, as every look can be struck."""
    repeats: bool = True
    """Whether people and other systems who got no answer, or came too early, say it again."""
    calls: int = 3
    """Of one function at a time; the others wait for room."""
    gives_back: bool = True
    """Whether a function can give single messages back."""
    inline: int = 0
    """Turns that run where an execution is started or answered."""
    limits: PackingLimits = PACKING
    invocation: type[Invocation] = Invocation
    requesting: type[Invocation] = Invocation
    """Of the API."""
    service: type[ExecutionService] = ExecutionService
    sweep: type[DueSweep] = DueSweep
    signals: type[Signals] = Signals
    answering: type[AnswerService] = AnswerService
    decide: Callable[..., Any] = decide
    working: Callable[..., Handled] = work_on_messages
    """What works on the messages of an execution, dead or not."""
