"""The sweep of due executions: once a minute the schedule looks at them, and sends what their states imply.

Due are long waits that end within the reach of a message, and what is late, as its message may be lost
(:mod:`chalicelib.core.executions.due`). Messages are sent, then due times are moved on: if a run dies in between, the
next one sends again. A run passes over what another one has moved on since it was found, so two that overlap do little
twice.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Protocol, TypeAlias, TypeVar

from chalicelib.core.executions.due import GRACE, due_at, is_late
from chalicelib.core.executions.factory import unheard
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import Input, Message, ResumeRequested, ShardDue, Started, TimerFired
from chalicelib.core.executions.listing import Summary, listed_under
from chalicelib.core.executions.model import ENDED, ROOT, Execution, Origin, State, Status
from chalicelib.core.records.incident import Incident, IncidentKind, of_execution
from chalicelib.core.values.errors import SedoError, UnavailableError
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import copy_with, value
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import SWEEP_WITHIN, Budget, Delivery, Dependencies, Mode
from chalicelib.engine.stamped_queue import StampedQueue
from chalicelib.ports import Queue

T = TypeVar("T")
R = TypeVar("R")
DueExecution: TypeAlias = tuple[str, datetime]
"""An execution, and when it was due."""
ChildHeaders: TypeAlias = Mapping[str, Execution | Summary | None]
"""Child executions, by id; None: there is none."""


PAGE = 100
"""Of a shard: what one run of the schedule works on itself; a shard that has more is left to a function of its own."""

READ_AHEAD = 20_000
"""Of a shard: among so many, tenants take turns. They are keys only, and cost as much to read as 600 executions."""

CHUNK = 100
"""Executions that are read together (one request), and whose messages are sent together (tens of them)."""

SENT_TOGETHER = 10
"""Messages of one request."""

TO_CHILDREN = (Started, ResumeRequested)
"""What is sent to child executions again and again, until they are known to be under way."""

UNREADABLE_FOR = timedelta(minutes=20)
"""After this time an execution that cannot be worked on is tried again."""

log = logging.getLogger("sedo")


class Each(Protocol):
    """A ``map`` over some values, in one thread or several."""

    def __call__(self, do: Callable[[T], R], these: Sequence[T], /) -> Iterable[R]:
        """Call a function for each value; answer the results in order."""


def one_by_one(do: Callable[[T], R], these: Sequence[T]) -> Iterable[R]:
    """Call a function for each value, one after the other."""
    return [do(one) for one in these]


class SendCollector:
    """The queue, as it is for executions whose messages are sent together, later."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self.messages: list[Message] = []

    def send(self, messages: Sequence[Message]) -> None:
        """Keep messages."""
        self.messages += messages

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        """Acknowledge messages."""
        self._queue.delete(queue, handles)

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        """Let messages be received again."""
        self._queue.give_back(queue, seconds)


@value
class Looked:
    """The result of a look at an execution."""

    execution_id: str
    seen: datetime
    item: Execution | None
    """As it stands after the look; None: it is not there, or cannot be worked on."""
    late: bool = False
    """Whether it was found late, for the first time."""
    why: str = ""
    """Why it cannot be worked on."""


@value
class DueSweep:
    """One run, of the schedule or for one shard.

    ``token`` names it, once and for ever; ``until`` is when its time is over; ``at_once`` is how many threads it has.
    """

    dependencies: Dependencies
    token: str
    until: datetime
    at_once: int = 1

    def run(self) -> int:
        """Look at what is due, and send a message for each shard with more than a page; answer the number of looks."""
        executions, now = self.dependencies.executions, self.dependencies.clock.now()
        found: list[DueExecution] = []
        full: list[Message] = []
        for shard in executions.due_shards():
            page = executions.due(shard, now, PAGE)
            if len(page) < PAGE:
                found += page
            else:
                full.append(Message(shard, ShardDue("", 0), delay=len(full)))  # one by one: a batch is one function's
        if full:
            self.dependencies.queue.send(full)
        return self.look_at(found)

    def run_shard(self, shard: str) -> int:
        """Look at what is due of a shard until there is no more, or no time; answer how many were looked at."""
        count = 0
        while self.dependencies.clock.now() < self.until:
            found = self.dependencies.executions.due(shard, self.dependencies.clock.now(), READ_AHEAD)
            looked = self.look_at(found)
            count += looked
            if len(found) < READ_AHEAD or not looked:
                break
        return count

    def look_at(self, found: Sequence[DueExecution]) -> int:
        """Look at executions while there is time, tenants in turns; answer at how many."""
        wanted, count = in_turns(found), 0
        with self.side_by_side() as each:
            for start in range(0, len(wanted), CHUNK):
                if start and self.dependencies.clock.now() >= self.until:
                    break
                try:
                    count += self.look_at_some(wanted[start : start + CHUNK], each)
                except UnavailableError:
                    log.warning(line("executions left to the next run", request=self.token))
                except Exception:
                    log.exception(line("executions cannot be swept", request=self.token))
        return count

    def look_at_some(self, found: Sequence[DueExecution], each: Each) -> int:
        """Read executions together, send what they ask for together, then move their due times on."""
        items = self.dependencies.executions.read([name for name, _ in found])
        collector = SendCollector(self.dependencies.queue)
        dependencies = copy_with(self.dependencies, queue=collector)
        current = [one for one in found if one[0] not in items or items[one[0]].due_at == one[1]]
        looked = [one for one in each(lambda one: self.look(dependencies, one, items.get(one[0])), current) if one]
        children = self.children(collector.messages, items)
        messages = [without_sender_clock(message) for message in needed(collector.messages, children)]
        groups = [messages[start : start + SENT_TOGETHER] for start in range(0, len(messages), SENT_TOGETHER)]
        list(each(self.dependencies.queue.send, groups))
        list(each(lambda one: self.move_on(one, children), looked))
        return len(looked)

    def look(self, dependencies: Dependencies, found: DueExecution, item: Execution | None) -> Looked | None:
        """Look at an execution, as soon as there is room for it."""
        with dependencies.room.hold(lambda: self.until - dependencies.clock.now()):
            return self.look_alone(dependencies, found, item)

    def look_alone(self, dependencies: Dependencies, found: DueExecution, item: Execution | None) -> Looked | None:
        """Send what an execution asks for; None: it is left to the next run."""
        name, seen = found
        token = f"{self.token}-{name}"
        try:
            item = item or dependencies.executions.get(name)
            if item is None:
                return Looked(name, seen, None)
            if trace := item.trace:
                dependencies = copy_with(dependencies, queue=StampedQueue(dependencies.queue, lambda: trace))
            late = is_late(item, dependencies.clock.now())
            delivery = Delivery(Origin.SCHEDULE.name_message(token), Message(name, Input("", 0)), found=item)
            budget = Budget(dependencies.clock.now() + SWEEP_WITHIN)
            after = Invocation(dependencies, token, [delivery], budget, Mode.SWEEP).result()
            return Looked(name, seen, after or item, late)
        except UnavailableError:
            log.warning(line("execution left to the next run", **ExecutionId.log_members(name), request=token))
            return None
        except SedoError as error:
            return self.left_out(name, seen, str(error))
        except Exception as error:  # noqa: BLE001 - whatever stands there must not keep others waiting
            return self.left_out(name, seen, f"it cannot be worked on: {type(error).__name__}")

    def left_out(self, name: str, seen: datetime, why: str) -> Looked:
        """Log the error for which an execution cannot be worked on."""
        about = {**ExecutionId.log_members(name), "request": f"{self.token}-{name}"}
        log.exception(  # noqa: LOG004 - while it is handled
            line("execution cannot be swept, and must not keep others waiting", **about)
        )
        return Looked(name, seen, None, why=why)

    def children(self, messages: Sequence[Message], read: Mapping[str, Execution]) -> ChildHeaders:
        """Read the headers of the child executions that messages start, or let go on."""
        names = {message.execution for message in messages if isinstance(message.event, TO_CHILDREN)}
        unread = sorted(names - read.keys())
        found = self.dependencies.executions.summaries(unread) if unread else {}
        return {name: read.get(name) or found.get(name) for name in names}

    def move_on(self, looked: Looked, children: ChildHeaders) -> None:
        """Record that an execution was late, or cannot be worked on, and tell when to look at it again."""
        item, now = looked.item, self.dependencies.clock.now()
        try:
            if item is not None and (looked.late or any(unheard(item, children, now, GRACE))):
                self.dependencies.incidents.record(lateness(item, now))
            if looked.why:
                self.dependencies.incidents.record(standstill(looked.execution_id, now, looked.why))
            later = now + UNREADABLE_FOR if item is None else due_at(item, now)
            self.dependencies.executions.defer(looked.execution_id, looked.seen, later, relisted(item, later, now))
        except UnavailableError:
            log.warning(
                line("execution is looked at again", **ExecutionId.log_members(looked.execution_id), request=self.token)
            )

    @contextmanager
    def side_by_side(self) -> Iterator[Each]:
        """Provide the ``map`` of this run: over a pool of threads, if it has more than one."""
        if self.at_once == 1:
            yield one_by_one
            return
        with ThreadPoolExecutor(self.at_once, "sweep") as pool:
            yield pool.map


def needed(messages: Sequence[Message], children: ChildHeaders) -> Sequence[Message]:
    """Leave out the messages to child executions that are under way.

    What remains starts an untouched child, resumes a paused one, and lets an ended one tell its end again or go on. A
    message to a child that is stored does not carry its submission.
    """
    found = []
    for message in messages:
        child = children.get(message.execution) if isinstance(message.event, TO_CHILDREN) else None
        if child is None:
            found.append(message)
        elif child.state in {State.SUBMITTED, State.PAUSED, *ENDED} or has_not_begun(child):
            found.append(copy_with(message, submitted=None))
    return found


def has_not_begun(item: Execution | Summary) -> bool:
    """Tell whether an execution stands as it was submitted, though it may have been sent events."""
    root = item.threads.get(ROOT) if isinstance(item, Execution) else None
    return root is not None and root.status is Status.READY and root.driver is None


def in_turns(found: Sequence[DueExecution]) -> Sequence[DueExecution]:
    """Bring what is due into an order in which tenants take turns, the earliest of each first."""
    tenants: dict[str, list[DueExecution]] = {}
    for each in found:
        tenants.setdefault(ExecutionId.parse(each[0]).tenant, []).append(each)
    return [each for turn in zip_longest(*tenants.values()) for each in turn if each is not None]


def without_sender_clock(message: Message) -> Message:
    """Drop the instant of the sender's clock from a timer that is late: its receiver's clock decides."""
    if isinstance(message.event, TimerFired) and not message.delay:
        return copy_with(message, event=copy_with(message.event, by=None))
    return message


def relisted(item: Execution | None, due: datetime | None, now: datetime) -> Execution | None:
    """Answer an execution with the status under which it is to be kept from now on; None: that stays as it is."""
    if item is None:
        return None
    listed = copy_with(item, due_at=due)
    listed = copy_with(listed, listed_under=listed_under(listed, now))
    return None if listed.listed_under is item.listed_under else listed


def standstill(execution_id: str, now: datetime, why: str) -> Incident:
    """Make the incident of an execution that cannot be worked on: nothing but its id is known."""
    subject, detail = f"{execution_id}@0", f"{execution_id} does not move: {why}"
    tenant = ExecutionId.tenant_of(execution_id)
    return Incident(IncidentKind.STUCK, subject, now, detail, tenant_id=tenant, execution_id=execution_id)


def lateness(item: Execution, now: datetime) -> Incident:
    """Make the incident of an execution that was late."""
    detail = f"nothing drove {item.id} on in time at {item.step}: its messages were sent again"
    return of_execution(IncidentKind.MESSAGE_LOST, item, now, detail)
