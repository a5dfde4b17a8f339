"""The nouns of sedo, as frozen values.

Everything that affects how an execution goes on lives in :class:`Execution` and in the :class:`Definition` version that
it names. Nothing here does anything: :mod:`chalicelib.core.decide` holds the rules.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from chalicelib.core.schema import Schema
from chalicelib.core.template import Template
from chalicelib.core.values import Json

ROOT = "main"
"""The id of the thread that an execution starts with."""


class State(StrEnum):
    """What an execution last did, by its name on the wire; the members from ``SUCCEEDED`` on are its end."""

    SUBMITTED = "ExecutionSubmitted"
    STARTED = "ExecutionStarted"
    STEP_STARTED = "StepStarted"
    STEP_SUCCEEDED = "StepSucceeded"
    STEP_FAILED = "StepFailed"
    SUCCEEDED = "ExecutionSucceeded"
    FAILED = "ExecutionFailed"


ENDED = frozenset({State.SUCCEEDED, State.FAILED})


class Status(StrEnum):
    """What a thread does at its turn."""

    READY = "ready"
    """It can run its step."""
    WAITING = "waiting"
    """It waits for a timer."""
    JOINING = "joining"
    """It waits for the threads that it forked."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a step or an execution failed: the ``error`` of templates and answers."""

    name: str
    message: str
    step: str
    attempt: int = 1
    details: Json = None


# -- definitions


@dataclass(frozen=True, slots=True)
class Succeed:
    """The step is done; its raw result."""

    output: Json


@dataclass(frozen=True, slots=True)
class Sleep:
    """The step goes on at this instant; its result is what came in."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Perform:
    """Do something in the world, under the idempotency key of the turn; its answer is the step's result."""

    kind: str
    params: Json


@dataclass(frozen=True, slots=True)
class Branch:
    """The path of the step where a forked thread starts, and what comes in there."""

    first: str
    incoming: Json


@dataclass(frozen=True, slots=True)
class Fork:
    """Run these branches as threads; the result is ``{branch: result}`` once all of them have ended.

    The first failure of a branch is the step's. What branches stash stays theirs: the forking thread does not change
    while they run, so what they read of it cannot change either.
    """

    branches: Mapping[str, Branch]


Outcome: TypeAlias = Succeed | Sleep | Perform | Fork
"""What a step type answers; a step type fails by raising :class:`~chalicelib.core.errors.StepError`."""


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step type may know beside its parameters."""

    incoming: Json
    """The result of the step before, or the execution's input."""
    now: datetime
    """The instant of the turn."""
    scopes: Mapping[str, str]
    """Nested lists of steps, by name: the path of the first step of each."""


class StepType(Protocol):
    """One kind of step: its docstring is its documentation, ``schema`` the JSON Schema of its parameters."""

    @property
    def name(self) -> str:
        """The ``type`` of a step of this kind."""

    @property
    def schema(self) -> Mapping[str, Json]:
        """The JSON Schema (2020-12, an object) of the rendered parameters."""

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Say what the step comes to, without doing it.

        Raises:
            StepError: the step fails.
        """


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a parsed definition, with everything compiled."""

    path: str
    """Its id, behind those of the steps and lists that it is nested in: ``fan-out/left/charge``."""
    type: StepType
    params: Template
    schema: Schema
    """Of the rendered parameters."""
    next: str | None = None
    """The path of the next step; none ends the thread's scope."""
    output: Template | None = None
    stash: str | Mapping[str, Template] | None = None
    """The name under which to leave the result, or names and what to make from it."""
    scopes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Definition:
    """A parsed definition version; nested steps stand beside the others, under their paths."""

    id: str
    first: str
    steps: Mapping[str, Step]
    input_schema: Schema
    stash: Template | None = None


# -- executions


@dataclass(frozen=True, slots=True)
class Driver:
    """Who wrote a thread's turn: the SQS message, the Lambda request, and whether it left the thread to others."""

    message: str
    request: str
    handed: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """One line of control, at one turn."""

    id: str
    """``main``, or the id of the thread that forked it, the turn of the fork, and the branch."""
    turn: int
    status: Status
    step: str
    """The path of the step that it stands at."""
    incoming: Json
    """What came in at this step."""
    since: datetime
    """The instant of the turn."""
    started_at: datetime
    """When the step began."""
    driver: Driver | None = None
    """None in an execution that nobody has touched since it was submitted."""
    until: datetime | None = None
    """While waiting: when the timer fires."""
    parent: str | None = None
    """The thread that forked it."""
    branch: str | None = None
    stash: Mapping[str, Json] = field(default_factory=dict)
    """What its steps have stashed; it sees what its parents had stashed before the fork, too."""
    results: Mapping[str, Json] = field(default_factory=dict)
    """While joining: the results of the branches that have ended."""

    @property
    def key(self) -> tuple[str, int]:
        """The thread at its turn: what an event names."""
        return self.id, self.turn


@dataclass(frozen=True, slots=True)
class Link:
    """A row of history, by its key and the hash of its content."""

    key: str
    digest: str


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a definition version: all that is known of it, but for its history."""

    id: str
    """``tenant:definition:suffix``."""
    tenant_id: str
    definition_id: str
    definition_version: int
    nonce: str
    """Tells two submissions under one id apart."""
    input: Json
    started_at: datetime
    """When it was submitted."""
    threads: Mapping[str, Thread]
    version: int = 0
    """Counts the writes; 0 is an execution as submitted, which no handler has touched."""
    state: State = State.SUBMITTED
    step: str = ""
    """The path of the step that moved last."""
    stash: Mapping[str, Json] = field(default_factory=dict)
    """At its end: what its first thread had stashed."""
    output: Json = None
    error: Failure | None = None
    ended_at: datetime | None = None
    head: Link | None = None
    """Its newest row of history."""

    @property
    def ended(self) -> bool:
        """Whether it has come to its end."""
        return self.state in ENDED


# -- events, and what they come to


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a thread at a turn."""

    thread: str
    turn: int


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The execution was submitted."""

    thread: str = ROOT
    turn: int = 0


@dataclass(frozen=True, slots=True)
class StepDue(Event):
    """The thread can run its step."""


@dataclass(frozen=True, slots=True)
class TimerFired(Event):
    """The timer of the turn fired."""


@dataclass(frozen=True, slots=True)
class EffectSucceeded(Event):
    """What the turn had to perform was done."""

    result: Json


@dataclass(frozen=True, slots=True)
class EffectFailed(Event):
    """What the turn had to perform could not be done."""

    name: str
    message: str
    details: Json = None


@dataclass(frozen=True, slots=True)
class Poisoned(Event):
    """The message that drove the turn was given up: it was received too often without success."""


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way to an execution."""

    execution: str
    event: Event
    submission: Execution | None = None
    """With :class:`Started`: the execution as submitted, which spares a read."""
    delay: int = 0
    """Seconds before it may arrive, 900 at most."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of history: what happened to a thread, and what it changed."""

    at: datetime
    state: State
    thread: str
    turn: int
    step: str
    attempt: int = 1
    actor: str | None = None
    result: Json = None
    error: Failure | None = None
    stash: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """What :func:`~chalicelib.core.decide.decide` answers: the state to write, what to perform, what to record."""

    execution: Execution
    perform: Perform | None = None
    """To be done by whoever drives the thread, before it changes."""
    records: tuple[Record, ...] = ()
