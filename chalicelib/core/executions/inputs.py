"""Inputs, commands and decisions: what the state machine takes, and what it answers.

An event that adds nothing to the one it is a kind of is no dataclass of its own: each takes half a millisecond to load.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import field
from datetime import datetime
from typing import TypeAlias

from chalicelib.core.definitions.model import Call, StartChild, WaitForAnswer
from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import ROOT, Execution, Failure, HistoryEntry, State, StoredState, Thread
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value

TRACE = "traceparent"
"""What carries the trace of a message, beside its body (W3C "Trace Context")."""


@value
class Input:
    """Something that happened to a thread at a turn."""

    thread: str
    turn: int


@value
class Started(Input):
    """The execution was submitted."""

    thread: str = ROOT
    turn: int = 0


class StepDue(Input):
    """The thread can run its step."""


@value
class TimerFired(Input):
    """The timer of the turn fired."""

    by: datetime | None = field(default=None, compare=False)
    """By when it arrives, on the clock of who sent it: it is at least as late as that, whatever other clocks say."""


class ShardDue(Input):
    """A shard of the index of what is due holds more than one run of the schedule works on."""


@value
class ScheduleDue(Input):
    """A schedule of a tenant is to start an execution: the message names ``<tenant>:<schedule>``."""

    thread: str = ""
    turn: int = 0
    at: str = ""
    """When it is to be looked at, as the sender has seen it."""


OF_TIMER_QUEUE = TimerFired | ShardDue | ScheduleDue
"""What the queue of timers carries."""


@value
class CallSucceeded(Input):
    """The call of the turn has succeeded."""

    result: Json


@value
class CallFailed(Input):
    """The call of the turn has failed."""

    name: str
    message: str
    details: Json = None
    retry_after: float | None = None
    """After how many seconds the other side wants to be asked again."""
    unanswered: bool = False
    """Whether the other side may have done what it was asked, though it gave no answer that can be read."""


class CallDeferred(Input):
    """The call of the turn was not begun: there was no time left for it, or it was no longer wanted."""


class Answered(Input):
    """The answer of somebody outside to a turn that waits for it."""


@value
class CallbackSucceeded(Answered):
    """Whoever was handed the token answered."""

    result: Json


@value
class CallbackFailed(Answered):
    """Whoever was handed the token could not do what was asked."""

    name: str
    message: str
    details: Json = None


class HeartbeatReceived(Answered):
    """Whoever was handed the token is still at work."""


@value
class TaskCompleted(Answered):
    """A person did the task."""

    result: Json
    actor: str | None = None
    key: str | None = None


@value
class TaskRejected(Answered):
    """A person will not do the task."""

    reason: str
    actor: str | None = None
    key: str | None = None


@value
class SignalReceived(Answered):
    """An event of the name and key that the turn waits for was matched with it."""

    result: Json
    id: str
    """Empty: nobody keeps anything of it."""
    actor: str | None = None


@value
class WaitRefused(Answered):
    """The wait for an event was refused: too many steps wait for the same key."""

    message: str


class WaitClosed(Input):
    """The task or the waiter of the turn is closed: its tombstone can go."""


class Suspected(Input):
    """Work on a dead letter of the turn is about to begin: the turn may be what kills functions."""


class Acquitted(Input):
    """The function that worked on a dead letter of the turn has survived: a service did not answer."""


@value
class Poisoned(Input):
    """Work on a dead letter of the turn raises an error of its own: the turn fails by itself."""

    cause: str = ""


@value
class Outgrown(Input):
    """What came of the turn left the execution too large for its item."""

    message: str
    whole: bool = False
    """Whether that the step fails would be too much, too: all that its thread began is given up for it."""


@value
class ChildEnded(Input):
    """A child execution of the turn ended, or could not be started, or need not be waited for."""

    number: int
    state: State
    output: Json = None
    """Of a `workflow` step's child."""
    error: Failure | None = None
    failed: int = 0
    """How many of its items failed and were tolerated, where it is a partition of a `map`."""
    redrives: int = 0
    """Of the parent's step, as far as the child had heard: what it came to before the last one does not count, unless
    it succeeded."""
    read: bool = True
    """Whether the output is here; otherwise it is to be read from the child."""
    begun: bool = True
    """Whether there is such an execution: one that could not be started has not begun."""


@value
class Requested(Input):
    """Somebody, or the parent execution, wants something of the whole execution."""

    thread: str = ""
    turn: int = 0
    """The parent's version at the request, 0 where a person asks."""
    actor: str | None = None
    reason: str | None = None
    """Why, in their words; of a cancellation and a pause."""


class CancelRequested(Requested):
    """It is to end now."""


class PauseRequested(Requested):
    """It is to stand still."""


@value
class ResumeRequested(Requested):
    """It is to go on after a pause; and, where the parent execution was driven on after its end, as that."""

    redrives: int = 0
    """Of the parent's step: how often it has gone on after a failure."""
    version: int | None = None
    """Of the definition to go on with, where it is a part of the parent."""
    again: bool = False
    """As that of the parent's redrive."""
    budget: float | None = None
    """The dollars that it may have cost from now on; None: as before."""
    stash: Mapping[str, Json] | None = None
    """Of a partition of a `map`: what the map's thread has in the stash; it is read from the parent execution."""


@value
class RedriveRequested(Requested):
    """It is to go on after a failure, a time-out or a cancellation."""

    step: str | None = None
    """The path of the step to go on from, with what came in there; None: where it stopped."""
    incoming: Json = None
    stash: Mapping[str, Json] = field(default_factory=dict)
    """Names to set, or to take out where the value is null."""
    version: int | None = None
    """Of the definition to go on with; None: the same."""
    again: bool = False
    """Whether calls may be made again that must not be made twice, and of which no answer is known."""


@value(kw_only=True)
class SignalSent(Requested):
    """An event was sent to it: to the step that waits for its name, or else to be kept."""

    id: str
    name: str
    result: Json = None
    until: datetime
    """Up to when it is kept."""
    passed_on: bool = False
    """Whether it is kept in a channel: what is kept here is its receipt."""
    taken: Collection[str] = ()
    """The ids of those that were passed on, and are known to be taken by now."""


@value
class SignalPublished(Input):
    """An event was sent to whoever waits for its name and key, in whichever execution of a tenant."""

    thread: str = ""
    turn: int = 0
    name: str = ""
    key: str = ""
    id: str = ""


Image: TypeAlias = Mapping[str, Json]
"""An execution as its store keeps it: nobody else looks into it."""


@value
class Written:
    """An execution as it was written."""

    image: Callable[[], Image | None]
    """Makes its image for a message; None where it would burden one."""
    bytes: int = 0
    """What its item takes, where that is billed by the kilobyte."""
    memory: int = 0
    """What a function needs to hold its large values, if it has any."""
    stored: StoredState | None = None
    """What a further write need not write again."""
    cost: ExecutionCost = field(default_factory=ExecutionCost)
    """What was counted of the execution, this write included."""


@value
class Message:
    """An event on its way to an execution."""

    execution: str
    event: Input
    submitted: Execution | None = None
    """With :class:`Started`: the execution as submitted, which spares a read."""
    image: Image | None = None
    """With what the execution asks of itself: the execution as it was written before the message was sent. With
    :class:`Started`: the execution as submitted, where it has large values: they are beside it, and written."""
    delay: int = 0
    """Seconds before it may arrive, 900 at most."""
    trace: str = field(default="", compare=False)
    """The W3C trace context in which it was sent: like the delay, the queue's affair."""

    @property
    def tenant(self) -> str | None:
        """Whose it is; None: of a shard of the index of what is due, nobody's in particular."""
        return None if isinstance(self.event, ShardDue) else ExecutionId.tenant_of(self.execution)


@value
class Launch:
    """Start the execution that the `workflow` step of a thread asks for."""

    thread: Thread
    start: StartChild


@value
class OpenTask:
    """Show people the task that a thread waits for, or that it is now for others to do."""

    thread: Thread
    task: WaitForAnswer


@value
class Subscribe:
    """Let events of a name and key find a thread that waits for one."""

    thread: Thread
    wanted: WaitForAnswer
    name: str
    key: str


@value
class CloseWait:
    """Close the task, or remove the waiter, of a thread that waits for an answer no longer."""

    thread: Thread
    wait: AnswerWait


Command: TypeAlias = Message | Launch | OpenTask | Subscribe | CloseWait
"""What the state of an execution asks to be done outside it."""


@value
class Decision:
    """What an input comes to: the state to write, the call to make, the entries of history."""

    execution: Execution
    call: Call | None = None
    """To be done by whoever drives the thread, before it changes."""
    records: tuple[HistoryEntry, ...] = ()
