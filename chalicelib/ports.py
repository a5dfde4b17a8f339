"""The ports: interfaces of stores, queue, calls and clock that :mod:`chalicelib.adapters` implements."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from chalicelib.core.definitions.model import Call, Definition
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallDeferred, CallFailed, CallSucceeded, Image, Message, Written
from chalicelib.core.executions.listing import ExecutionFilter, ExecutionPage, Summary
from chalicelib.core.executions.model import Execution
from chalicelib.core.records.history import Row
from chalicelib.core.records.shown import Outline, Selection, ValueReader
from chalicelib.core.values.errors import SedoError
from chalicelib.core.values.json import Json
from chalicelib.core.values.position import Position

if TYPE_CHECKING:
    from chalicelib.core.records.incident import Incident, IncidentKey
    from chalicelib.core.records.payload import Reference
    from chalicelib.core.records.replies import KeptAnswer, KeyHolder
    from chalicelib.core.waits.correlation import Channel, Correlation, KeptSignal, Waiter
    from chalicelib.core.waits.task import Task, TaskFilter


class Stale(SedoError):  # noqa: N818 - the field's word for it
    """The condition of a write did not hold; ``current`` is what is there instead, or None where nothing is."""

    def __init__(self, current: Execution | None = None) -> None:
        super().__init__()
        self.current = current


class ExecutionStore(ValueReader, Protocol):
    """Executions, one item each; every read of one is strongly consistent, unless it says otherwise."""

    def get(self, execution_id: str, *, consistent: bool = True, known: Execution | None = None) -> Execution | None:
        """Read one; if not ``consistent``, as it was a moment ago. Large values of a ``known`` one are not read again.

        Raises:
            UnavailableError: the store did not answer.
        """

    def outline(self, execution_id: str, selection: Selection, *, consistent: bool = True) -> Outline | None:
        """Read one with the large values of a selection; if not ``consistent``, as it was a moment ago."""

    def read(self, ids: Sequence[str]) -> Mapping[str, Execution]:
        """Read many; what is not there, or cannot be read, is left out.

        Raises:
            UnavailableError: the store did not answer.
        """

    def create(self, execution: Execution) -> None:
        """Write an execution as submitted (version 0), if there is none under its id.

        Raises:
            Stale: there is one; ``current`` is it.
            OutgrownError: it is too large.
            UnavailableError: the store did not answer.
        """

    def update(self, execution: Execution, spare: int = 0) -> "Written":
        """Write an execution over version ``execution.version - 1`` of it.

        Version 1 is written over the untouched submission with the same nonce, or where there is none.

        Raises:
            OutgrownError: it would leave less than ``spare`` bytes of what its item can hold; nothing was asked for.
            Stale: another version or submission is there; ``current`` is it.
            UnavailableError: the store did not answer.
        """

    def carry(self, execution: Execution) -> "Written":
        """Write large values alone, as :meth:`create` does; answer what a message brings along, and what it cost."""

    def restore(self, image: Image) -> Execution:
        """Answer the execution that an image is of.

        Raises:
            UnavailableError: the store did not answer, when asked for a large value.
        """

    def list(self, wanted: ExecutionFilter, now: datetime, limit: int, after: Position | None = None) -> ExecutionPage:
        """Read up to ``limit`` headers of executions, by their start and id, after a position.

        Fewer come also where many had to be looked at for them: then the page says where the next one begins. A new
        execution may take a moment to appear, and a new state to be found. One that has lived for minutes and is later
        than it should be may not be found as running.

        Raises:
            UnavailableError: the store did not answer.
        """

    def summaries(self, ids: Sequence[str]) -> Mapping[str, Summary]:
        """Read the headers of executions, strongly consistent; what is not there is left out.

        Raises:
            UnavailableError: the store did not answer.
        """

    def sample(self, number: int, limit: int) -> Sequence[Execution]:
        """Look at about ``limit`` of all, the part of a number, counted round; answer those that live, perhaps old."""

    def due_shards(self) -> Sequence[str]:
        """Name the shards into which the index of what is due is divided, by the ids of executions."""

    def due(self, shard: str, now: datetime, limit: int) -> Sequence[tuple[str, datetime]]:
        """Read up to ``limit`` ids of executions of a shard that are due by now, and since when, earliest first.

        A new due time may take a moment to appear, and one that was moved to disappear.

        Raises:
            UnavailableError: the store did not answer.
        """

    def defer(
        self, execution_id: str, seen: datetime | None, due_at: datetime | None, listed: Execution | None = None
    ) -> None:
        """Move an execution's due time, or with None take it away, unless it is no longer the one that was seen.

        If none was ``seen``, one is set where none is.

        With ``listed`` it is kept under the status that this tells, too, and all that if it is still of that version.

        Raises:
            UnavailableError: the store did not answer.
        """


class DefinitionStore(Protocol):
    """Definitions: every version for ever, and the newest of each id."""

    def newest(self, tenant_id: str, definition_id: str) -> DefinitionRecord | None:
        """Read the newest version, retired or not; strongly consistent."""

    def version(self, tenant_id: str, definition_id: str, version: int) -> DefinitionRecord | None:
        """Read one version."""

    def add(self, record: DefinitionRecord) -> bool:
        """Write a version that is not there; tell whether one of this digest is there now, by a try before, perhaps."""

    def put_newest(self, record: DefinitionRecord) -> bool:
        """Make a version the newest, unless a newer one is; tell whether it is."""

    def text(self, tenant_id: str, definition_id: str, version: int) -> str | None:
        """Read the text that is kept of a version; None: there is none."""

    def put_text(self, record: DefinitionRecord, text: str) -> None:
        """Keep the text of a version, in place of the one before it."""

    def list(
        self,
        tenant_id: str,
        limit: int,
        after: str | None = None,
        *,
        last_first: bool = False,
        names: frozenset[str] | None = None,
    ) -> Sequence[DefinitionRecord]:
        """Read up to ``limit`` newest versions that are not retired, by id, after an id.

        With ``names``, those whose ids match one of these patterns; fewer only where there are no more.
        """

    def versions(
        self, tenant_id: str, definition_id: str, limit: int, after: int | None = None, *, newest_first: bool = True
    ) -> Sequence[DefinitionRecord]:
        """Read up to ``limit`` versions of a definition, after a version."""


class ReplyStore(Protocol):
    """Answers by the keys of their requests; each method raises UnavailableError where the store does not answer."""

    def claim(
        self, name: str, wanted: "KeyHolder", now: datetime, until: datetime, died_before: datetime
    ) -> "KeyHolder":
        """Take a key up to an instant, if nobody has it or it has expired; answer who has it.

        The same request takes over from one that began before an instant and was not answered.
        """

    def keep(self, name: str, reply: "KeptAnswer", until: datetime) -> None:
        """Keep the answer of the request that has a key."""

    def let_go(self, name: str) -> None:
        """Let the same request have a key at once, with its seed: it may have done something."""


class HistoryStore(ValueReader, Protocol):
    """Rows of history, which are only ever added."""

    def append(self, row: Row) -> int:
        """Add a row, if there is none under its key, and tell the write units; once something names it, it counts.

        Raises:
            UnavailableError: the store did not answer.
        """

    def keep(self, payloads: Mapping[str, bytes], held: Mapping[str, bytes] | None = None) -> int:
        """Write the JSON texts of values that records refer to, by hash; of those that are ``held`` they may be parts.

        Raises:
            UnavailableError: the store did not answer.
        """

    def fill(self, tenant_id: str, records: Sequence[dict[str, Any]], most: float) -> None:
        """Put the values that records refer to back into them, so many bytes at most; large and lost ones stay out.

        Raises:
            UnavailableError: the store did not answer.
        """

    def result(self, tenant_id: str, record: Mapping[str, Json]) -> Json:
        """Answer the result that a record of a row holds or refers to.

        Raises:
            UnavailableError: the store did not answer.
        """

    def lost(self, tenant_id: str, references: "Collection[Reference]") -> "Collection[Reference]":
        """Find the values that are not there, or not what was put there; it can raise UnavailableError."""

    def read(
        self, execution_id: str, behind: str, limit: int, *, newest_first: bool = False, consistent: bool = True
    ) -> Sequence[Row]:
        """Read some rows behind a key, by key, or downwards; if not ``consistent``, the newest may be missing."""


class SignalStore(Protocol):
    """Events that are matched by key, and who waits for them: an item each, those of a channel together.

    Every method can raise UnavailableError, and what it writes may be done then. Reads are strongly consistent. A list
    begins behind the ``place`` of one.
    """

    def waiting(
        self, channel: "Channel", limit: int, after: str = "", *, newest_first: bool = False, consistent: bool = True
    ) -> "Sequence[Waiter]":
        """Read up to ``limit`` waiters, the longest first; fewer only where there are no more."""

    def count(self, channel: "Channel", most: int) -> int:
        """Count waiters, ``most`` at most; the newest may not be among them yet."""

    def wait(self, channel: "Channel", waiter: "Waiter") -> bool:
        """Write a waiter; tell whether it was not there before."""

    def leave(self, channel: "Channel", waiter: "Waiter") -> None:
        """Remove a waiter, if it is there."""

    def kept(
        self, channel: "Channel", limit: int, after: str = "", *, newest_first: bool = False
    ) -> "Sequence[KeptSignal]":
        """Read up to ``limit`` headers of events that were nobody's and are not taken, the oldest first.

        Some may be over time.
        """

    def get(self, channel: "Channel", event_id: str) -> "Correlation | None":
        """Read an event."""

    def put(self, channel: "Channel", row: "Correlation", now: datetime) -> "Correlation | None":
        """Write an event over version ``row.version - 1`` of it; version 1 where none is, or one that is forgotten.

        Answers None where that was done, and else what is there.
        """

    def mark_taken(self, channel: "Channel", event_id: str, waiter: "Waiter", until: datetime) -> None:
        """Mark an event as taken if it is a waiter's; a repeat of it is known up to an instant, at least."""


class TaskStore(Protocol):
    """People's tasks, one item each."""

    def get(self, tenant_id: str, task_id: str) -> "Task | None":
        """Read one, strongly consistent.

        Raises:
            UnavailableError: the store did not answer.
        """

    def headers(self, tenant_id: str, task_ids: Sequence[str]) -> "Mapping[str, Task]":
        """Read as :meth:`get` what lists show of some tasks, and who changed them; what is not there is left out."""

    def open(self, task: "Task") -> None:
        """Write a task if there is none under its id: a repeat changes nothing.

        Raises:
            UnavailableError: the store did not answer.
        """

    def update(self, task: "Task") -> bool:
        """Write a task over version ``task.version - 1`` of it; answer whether it is there now.

        So a repeat of a write whose answer was lost is true, and false means that somebody was quicker. What is
        written is the whole task: never one of a list.

        Raises:
            UnavailableError: the store did not answer.
        """

    def list(self, tenant_id: str, wanted: "TaskFilter", limit: int, after: Position | None = None) -> "Sequence[Task]":
        """Read up to ``limit`` of a tenant's tasks, newest first, after a position; fewer only where there are no more.

        They have no description, schemas, data, answer, reason and key. A change may take a moment to appear.

        Raises:
            UnavailableError: the store did not answer.
        """


class IncidentLog(Protocol):
    """What went wrong though no execution failed of it; each method raises UnavailableError without an answer."""

    def record(self, incident: "Incident") -> bool:
        """Keep an incident, open, and tell whether it was not before; one that had ended is open again."""

    def end(self, key: "IncidentKey", at: datetime, why: str) -> bool:
        """Say that the cause of an incident is gone; tell whether it was open."""


class Queue(Protocol):
    """The queue of work and the queue of timers."""

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages, timers to the queue of timers.

        Raises:
            UnavailableError: some may not have been sent.
        """

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        """Acknowledge messages by their receipt handles; one that is gone already, or expired, is no error.

        ``queue`` is the queue's name, as a record's ``eventSourceARN`` ends.

        Raises:
            UnavailableError: some may not have been deleted, and will be received again.
        """

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        """Let messages be received again after so many seconds each, by receipt handle; one that is gone is no error.

        Raises:
            UnavailableError: some may come again only after the queue's visibility timeout.
        """


CallResult: TypeAlias = CallSucceeded | CallFailed | CallDeferred
"""What comes of a call."""


class Calls(Protocol):
    """The calls of one invocation."""

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        """Call what a written turn asks for, under an idempotency key, once there is room.

        What is no longer wanted then is put off; that is asked in whichever thread makes the call.
        """

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        """Wait until one that was started has ended, or until an instant; answer all that have since the last call.

        Raises:
            UnavailableError: a store of sedo's own did not answer: the call is to be made again.
        """

    def drain(self) -> None:
        """Begin no more, wait until nothing is in flight, and forget what has come of it."""


class Definitions(Protocol):
    """Parsed definition versions."""

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the number of the version that is the newest, unless it is retired, or was a second ago at most.

        Raises:
            DefinitionNotFoundError: there is none.
            UnavailableError: the store did not answer.
        """

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Read and parse a version, or answer it from the cache.

        Raises:
            DefinitionNotFoundError: there is no such version.
        """


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Tell the instant, in UTC and whole milliseconds."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
