"""Details of an execution that are in other tables or items: its tasks, its waiters, the progress of its partitions."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.factory import living
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.executions.waiting import AnswerWait, PartitionJoin
from chalicelib.core.executions.why import ChainLink, Surroundings, reasons, waits_below
from chalicelib.core.records.shown import nothing
from chalicelib.core.values.errors import DamagedError, UnavailableError
from chalicelib.core.values.value import value
from chalicelib.core.waits.task import Task
from chalicelib.ports import ExecutionStore, TaskStore

if TYPE_CHECKING:
    from chalicelib.core.definitions.model import Definition
    from chalicelib.usecases.kept_waits import KeptWaits

TASKS = 100
"""People's tasks of one execution that are looked at: one request."""

LINKS = 10
"""Executions that one waits for, and these in turn, that are looked at: one read each."""

PARTITIONS = 20
"""Partitions of one execution that are looked at: their items can be large."""


@value
class Details:
    """Details of one execution from other tables and items, by their ids."""

    tasks: Mapping[str, Task] = field(default_factory=dict)
    partitions: Mapping[str, Execution] = field(default_factory=dict)
    below: Mapping[str, Sequence[ChainLink]] = field(default_factory=dict)
    """By the id of a thread that waits for a child execution: that, and those that it waits for itself, in turn."""
    lost: Mapping[str, str] = field(default_factory=dict)
    """By the id of a thread whose wait nobody can find: what is wrong with it."""
    around: Surroundings = field(default_factory=Surroundings)
    definition: "Definition | None" = None
    """Its definition, where what is said of it follows from that."""


class EntryPlace(NamedTuple):
    """The place of an entry in the history of an execution."""

    row: int
    number: int
    """Of the record in its row."""
    change: int = 0
    """Of the task that the record opened: which of its changes the entry is; 0: it is the record itself."""


Entry = tuple[EntryPlace, dict[str, Any]]


@value
class ExecutionDetails:
    """Reads details of executions from other tables and items."""

    tasks: TaskStore
    executions: ExecutionStore
    waits: "Callable[[], KeptWaits]"
    """Made, and its code loaded, for the first execution that waits for an answer."""

    def lost(self, execution: Execution, now: datetime) -> Mapping[str, str]:
        """Find the waits of an execution that nobody can find; none where a store does not answer."""
        with suppress(UnavailableError):
            if any(each.status is Status.WAITING_FOR_ANSWER for each in execution.threads.values()):
                return self.waits().lost(execution, now)
        return {}

    def of(self, execution: Execution) -> Details:
        """Read what stands elsewhere of an execution that lives; without what is not there, or cannot be read now."""
        threads = [] if execution.ended else [*execution.threads.values()]
        tasks = [
            task_id(execution.id, thread.id, thread.turn)
            for thread in threads
            if thread.status is Status.WAITING_FOR_ANSWER
            and isinstance(thread.wait, AnswerWait)
            and thread.wait.what is AnswerKind.TASK
        ]
        partitions = [
            name
            for thread in threads
            if isinstance(thread.join, PartitionJoin) and thread.status is not Status.OVER
            for name in living(execution, thread)
        ]
        details = Details()
        with suppress(UnavailableError):
            details = Details(
                self.tasks.headers(execution.tenant_id, tasks[:TASKS]) if tasks else {},
                self.executions.read(partitions[:PARTITIONS]) if partitions else {},
            )
        return details

    def below(
        self, execution: Execution, now: datetime, hidden: Callable[[Execution], str | None]
    ) -> Mapping[str, Sequence[ChainLink]]:
        """Follow the executions that an execution waits for, one read for each, :data:`LINKS` at most.

        Args:
            execution: as it stands; one that waits for none costs nothing.
            now: the present instant.
            hidden: tells why one may not be seen.
        """
        found, left = dict[str, Sequence[ChainLink]](), LINKS
        for each in reasons(execution, now):
            if each.children:
                chain = [*self._chain(each.children[0], now, hidden, left)]
                found[each.thread.id] = chain
                left -= sum(not link.unseen for link in chain)
        return found

    def _chain(
        self, name: str, now: datetime, hidden: Callable[[Execution], str | None], most: int
    ) -> Iterator[ChainLink]:
        following: str | None = name
        while following is not None:
            if most <= 0:
                yield ChainLink(following, unseen=f"no more than {LINKS} executions are looked at")
                return
            most -= 1
            link = self._link(following, hidden)
            yield link
            following = None if link.found is None else waits_below(reasons(link.found, now))

    def _link(self, name: str, hidden: Callable[[Execution], str | None]) -> ChainLink:
        try:
            outline = self.executions.outline(name, nothing)
        except UnavailableError:
            return ChainLink(name, unseen="it cannot be read now")
        except DamagedError as error:
            return ChainLink(name, unseen=str(error))
        if outline is None:
            return ChainLink(name)
        reason = hidden(outline.execution)
        return ChainLink(name, outline.execution) if reason is None else ChainLink(name, unseen=reason)

    def with_changes(self, tenant_id: str, records: Sequence[Entry]) -> list[Entry]:
        """Put behind each record that opened a task who claimed, released and reassigned it."""
        opened = [str(record["task"]) for _, record in records if _opens_task(record)]
        tasks = self.tasks.headers(tenant_id, opened) if opened else {}
        entries: list[Entry] = []
        for place, record in records:
            entries.append((place, record))
            task = tasks.get(str(record["task"])) if _opens_task(record) else None
            changes = () if task is None else task.changes
            entries += [(place._replace(change=n), _change(record, change)) for n, change in enumerate(changes, 1)]
        return entries


def in_order_of_time(entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Put the changes of tasks where they belong by time, behind what opened the task; records stay as they stand."""
    shown = [record for place, record in entries if not place.change]
    opened = {place: record for place, record in entries if not place.change}
    for place, change in entries:
        if place.change:
            record = opened.get(place._replace(change=0))
            first = 0 if record is None else next(n for n, each in enumerate(shown) if each is record) + 1
            later = (n for n in range(first, len(shown)) if _is_later(shown[n], change))
            shown.insert(next(later, len(shown)), change)
    return shown


def _is_later(record: Mapping[str, Any], change: Mapping[str, Any]) -> bool:
    """Tell whether a record comes after a change of a task, as what its own thread did next always does."""
    goes_on = record["thread"] == change["thread"] and record["state"].startswith("Step")
    return bool(goes_on or record["time"] > change["time"])


def _opens_task(record: Mapping[str, Any]) -> bool:
    return record["state"] == "StepStarted" and "task" in record


def _change(record: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Write a change of a task as an entry of history: at the turn at which its thread waits."""
    same = {name: record[name] for name in ("thread", "turn", "step", "attempt", "index", "task") if name in record}
    return {"time": change["time"], "state": change["state"], **same, "turn": record["turn"] + 1, **change}
