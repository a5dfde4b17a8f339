"""The nouns of an execution, as frozen values.

Everything that affects how an execution goes on lives in :class:`Execution` and in the definition version that it
names. Nothing here does anything: :mod:`chalicelib.core.executions.decide` holds the rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field, fields
from datetime import datetime
from enum import StrEnum

from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.identity import TurnKey, base_thread
from chalicelib.core.executions.waiting import Join, Wait
from chalicelib.core.values.json import Json, JsonObject
from chalicelib.core.values.value import value

ROOT = "main"
"""The id of the thread that an execution starts with."""


class State(StrEnum):
    """What an execution last did, by its name on the wire; the members from ``SUCCEEDED`` on are its end."""

    SUBMITTED = "ExecutionSubmitted"
    STARTED = "ExecutionStarted"
    STEP_STARTED = "StepStarted"
    STEP_SUCCEEDED = "StepSucceeded"
    STEP_SKIPPED = "StepSkipped"
    """Of a record of history only."""
    STEP_FAILED = "StepFailed"
    PAUSED = "ExecutionPaused"
    RESUMED = "ExecutionResumed"
    REDRIVEN = "ExecutionRedriven"
    TASK_CLAIMED = "TaskClaimed"
    TASK_RELEASED = "TaskReleased"
    TASK_REASSIGNED = "TaskReassigned"
    TASK_ESCALATED = "TaskEscalated"
    """These six are of a record of history only, as the step skipped is."""
    SUCCEEDED = "ExecutionSucceeded"
    FAILED = "ExecutionFailed"
    TIMED_OUT = "ExecutionTimedOut"
    CANCELLED = "ExecutionCancelled"


ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.CANCELLED})

RECORDED_ONLY = frozenset({State.STEP_SKIPPED, State.RESUMED, State.REDRIVEN, State.TASK_ESCALATED})
"""What the state machine records, and after which an execution is in the state in which it was."""


class ExecutionStatus(StrEnum):
    """What becomes of an execution, in the words of lists."""

    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timedOut"
    CANCELLED = "cancelled"


class Status(StrEnum):
    """What a thread does at its turn."""

    READY = "ready"
    """It can run its step, or gather what the child executions of its step came to."""
    WAITING = "waiting"
    """It waits for a timer."""
    RETRYING = "retrying"
    """It waits before the next attempt."""
    JOINING = "joining"
    """It waits for the threads that it forked."""
    WAITING_FOR_CHILDREN = "awaiting"
    """It waits for child executions."""
    WAITING_FOR_ANSWER = "asking"
    """It waits for the answer of somebody outside."""
    FAILED = "failed"
    """Its step failed, and nothing has handled that yet: a retry of what it is nested in, or a redrive, takes it up."""
    OVER = "over"
    """It has ended; what it began elsewhere, or who began it, may not have been told yet."""


@value
class Failure:
    """Why a step or an execution failed: the ``error`` of templates and answers."""

    name: str
    message: str
    step: str
    attempt: int = 1
    details: Json = None


def failure_json(failure: Failure) -> JsonObject:
    """Write a failure: the ``error`` of templates and answers."""
    return {field.name: getattr(failure, field.name) for field in fields(failure)}


class Origin(StrEnum):
    """Where the message comes from under which a thread is driven; the value begins its id."""

    QUEUE = ""
    """From SQS, which delivers it again until it is acknowledged."""
    API = "api-"
    """From an API call: nobody delivers that again."""
    SCHEDULE = "sweep-"
    """From a run of the schedule: the same."""

    def name_message(self, token: str) -> str:
        """Make the id of a message that comes from here."""
        return f"{self}{token}"


@value
class Driver:
    """Who wrote a thread's turn: the SQS message, the Lambda request, and whether it left the thread to others."""

    message: str
    request: str
    handed: bool = False

    @property
    def origin(self) -> Origin:
        """Where the message comes from."""
        ours = (Origin.API, Origin.SCHEDULE)
        return next((origin for origin in ours if self.message.startswith(origin)), Origin.QUEUE)


@value
class Signal:
    """An event that was sent to an execution."""

    id: str
    name: str
    until: datetime
    """Up to when it is kept."""
    value: Json = None
    by: str | None = None
    taken: bool = False
    """Whether a step has taken it: its id is kept so that a repeat is known."""
    passed_on: bool = False
    """Whether it is kept in a channel, where the partitions of a `map` find it: this is its receipt, without data."""


@value
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
    """When this attempt of the step began."""
    driver: Driver | None = None
    """None in an execution that nobody has touched since it was submitted."""
    deadline: datetime | None = None
    """When this attempt of the step is over time."""
    attempt: int = 1
    visit: int = 0
    """The turn at which it arrived at its step: the same for every attempt of it."""
    visited_at: datetime | None = None
    """When that was; None: when this attempt began."""
    tries: Mapping[str, int] = field(default_factory=dict)
    """How many failures of this step each of its retry policies, by its number, has taken."""
    parent: str | None = None
    """The thread that forked it."""
    branch: str | None = None
    index: int | None = None
    """In a `map`: which item it is for."""
    item: Json = None
    """That item."""
    stash: Mapping[str, Json] = field(default_factory=dict)
    """What its steps have stashed; it sees what its parents had stashed before the fork, too."""
    error: Failure | None = None
    """What was caught last; a thread without one sees its parent's."""
    join: Join | None = None
    """What it has begun: threads while it is joining, else child executions."""
    wait: Wait | None = None
    """What it waits for, unless that is to run, or the threads that it forked."""
    claimed_by: str = ""
    """The request that may make the call of this visit, which must not be made again; it stands until the answer is
    known."""
    busy_until: datetime | None = None
    """Up to when a call of this turn may still be answered, which was under way when the execution was stopped."""
    kept: Sequence[Json] = ()
    """The result of this visit, if there is one that could not be shaped, or that came after the end; and who gave it,
    where somebody did."""
    strikes: int = 0
    """How many functions began to work on a dead letter of the turn, and have not been heard of since."""
    items: Sequence[Json] | None = None
    """Of a `map` that was driven on with something changed: those with which it began."""
    results: Mapping[str, Json] = field(default_factory=dict)
    """While joining: the results of the branches that have ended; while awaiting: by number, of the child executions
    that have ended, how many of their items failed."""

    @property
    def key(self) -> TurnKey:
        """The thread at its turn: what an input names."""
        return TurnKey(self.id, self.turn)

    @property
    def began_visit(self) -> datetime:
        """When it arrived at its step."""
        return self.visited_at or self.started_at

    @property
    def base(self) -> str:
        """The id of the thread of which this one is, be it the tombstone of one of its turns."""
        return base_thread(self.id)


@value
class Parent:
    """The execution that started another, and its thread and turn that wait for it."""

    execution: str
    thread: str
    turn: int
    number: int = 0
    """Which of the child executions of that turn this is."""
    awaited: bool = True
    """Whether it wants to hear of the end."""


@value
class Partition:
    """What makes an execution a partition of a large `map`: its root thread runs the map's steps for its items only."""

    first: int
    """The number of its first item among all of the map."""
    concurrency: int
    tolerate: int
    execution: Mapping[str, Json]
    """What templates see as ``execution``: that of the map."""


@value
class Spawns:
    """How many executions an execution has started."""

    total: int = 0
    since: datetime | None = None
    """The beginning of the present minute of counting."""
    recent: int = 0
    """In that minute."""
    share: int = 1
    """Of a partition of a `map`: with how many others it shares what an execution may start."""


@value
class Link:
    """A row of history, by its key and the hash of its content."""

    key: str
    digest: str


@value
class StoredState:
    """The text of an execution's state as its item has it: what a further write need not write again."""

    bases: Mapping[str, bytes]
    """The texts of the payloads that it refers to parts of, by hash."""
    own: bytes
    """What stands in the item itself."""
    held: Mapping[str, bytes] = field(default_factory=dict)
    """The texts of its large values that are not too long, by hash: what is written with the item may refer to them."""
    far: Mapping[str, bytes] = field(default_factory=dict)
    """Those of the payloads that are too long to compare with: values that are in them are found by their text."""


@value
class Execution:
    """One run of a definition version: all that is known of it, but for its history."""

    id: str
    """Of an :class:`~chalicelib.core.executions.identity.ExecutionId`."""
    tenant_id: str
    definition_id: str
    definition_version: int
    nonce: str
    """Tells two submissions under one id apart."""
    input: Json
    started_at: datetime
    """When it was submitted."""
    threads: Mapping[str, Thread]
    """By id. After a failure, a time-out or a cancellation as they stood then, to be driven on again."""
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
    tail: str = ""
    """The records of history that stand in no row yet: their JSON texts, with commas between them."""
    tail_changed: bool = field(default=False, compare=False)
    """Whether its store had it with a tail that is not the one that was written, once."""
    writer: str = ""
    """The request that wrote this version, and which of its writes that was."""
    started_by: str | None = None
    deadline: datetime | None = None
    """When it is over time."""
    parent: Parent | None = None
    depth: int = 0
    """How many executions it is nested in by `workflow` steps."""
    spawns: Spawns = field(default_factory=Spawns)
    partition: Partition | None = None
    paused_at: datetime | None = None
    """Since when it stands still."""
    stopped_by: str | None = None
    """Who paused or cancelled it."""
    reason: str | None = None
    """Why, in their words."""
    control_epoch: int = 0
    """The version of its newest pause, resumption or redrive, which its children are told."""
    parent_epoch: int = 0
    """The newest such version of the parent that it has heard of: an older one, come late, changes nothing."""
    failed: int = 0
    """At the end of a partition of a `map`: how many of its items failed and were tolerated."""
    redrives: int = 0
    """How often it was driven on after its end."""
    parent_redrives: int = 0
    """How often the parent's step that waits for it had gone on after a failure, as far as it has heard."""
    unanswered: Sequence[str] = ()
    """The paths of steps whose call must not be made twice, and was given up before its answer was known."""
    mailbox: Sequence[Signal] = ()
    """The events that were sent to it, while they are kept."""
    cost: ExecutionCost = field(default_factory=ExecutionCost, compare=False)
    """What was counted of it up to its newest write."""
    budget: float | None = None
    """The dollars that it may cost, where it was resumed with a budget; None: its definition says it."""
    due_at: datetime | None = None
    """When the schedule is to look at it, as its store has it; None: never."""
    listed_under: ExecutionStatus | None = None
    """Under which status its store keeps it; None: under none."""
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)
    """Its search attributes, by name."""
    tells_end: bool = field(default=False, compare=False)
    """Whether its store's list tells how it ended: where that is known to be no write more, as it is the first one."""
    input_aside: bool = field(default=False, compare=False)
    """Whether its store keeps the input beside the rest of it, however short it is."""
    item_bytes: int = field(default=0, compare=False)
    """What its item took when it was read, where that was much: what leaves it no larger has room. It is not kept."""
    trace: str = field(default="", compare=False)
    """The W3C trace context in which its store wrote it, while it waits and where that is traced."""
    stored: StoredState | None = field(default=None, compare=False, repr=False)
    """How it was last read or written, where that is known. It is not kept."""

    @property
    def paused(self) -> bool:
        """Whether it stands still."""
        return self.paused_at is not None

    @property
    def ended(self) -> bool:
        """Whether it has come to its end."""
        return self.state in ENDED


@value
class HistoryEntry:
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
    change: Mapping[str, Json] = field(default_factory=dict)
    """What a redrive changed: from and to, by what it is."""
    children: Sequence[str] = ()
    """The executions that the step starts, or started."""
    size: int = 0
    """Of the result or the parameters, in characters of JSON; not kept."""
    untaken: Sequence[Signal] = ()
    """Of an end: the events that were kept for the execution, and that no step has taken."""
    index: int | None = None
    """In a `map`: which item it is about."""
    about: Mapping[str, Json] = field(default_factory=dict)
    """What else there is to say, by the names of the API: ``params``, ``task``, ``next``, ``retry``, ``reason`` …"""
