"""Batches of messages: grouped by execution, worked on in parallel, acknowledged one by one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import field
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import ScheduleDue, ShardDue, SignalPublished, Started
from chalicelib.core.values.errors import SetupError, UnavailableError, UnknownFormatError
from chalicelib.core.values.log_line import line
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.correlation import Channel
from chalicelib.engine.dead_letters import work_on_dead_letters
from chalicelib.engine.giving_back import LONGEST, LONGEST_HIDDEN, LONGEST_OF_DEAD, pauses
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Dependencies, Handled, Mode
from chalicelib.engine.receiving import UNREADABLE, SqsRecord, give_up_reading, queue_of, read
from chalicelib.engine.room import Away
from chalicelib.engine.send_batcher import CallsOutsideBatch, SendBatcher

PARALLEL = 10
"""Executions that one function works on at a time: as many as a batch has messages."""

RESERVE = timedelta(seconds=40)
"""Of the function's time: kept for calls that are in flight, which may take 30 seconds, and for the last write."""

PATIENCE = timedelta(seconds=30)
"""Of the reserve: how long an execution still waits for memory when its time is over, so that answers are not lost."""

SHARE = 2 / 3
"""Of the time of a function that has less than that: kept for the last write. It makes no calls."""

LEAST = timedelta(seconds=0.5)
"""The least time in which a function can get on."""

WANTED = 45
"""Seconds: the least ``lambda_timeout`` of a function that makes calls."""

SWEEPERS = 10
"""Threads of a function that look at what is due."""

SWEEP_RESERVE = timedelta(seconds=10)
"""Of the function's time: for what a sweep has begun when its time is over."""

log = logging.getLogger("sedo")


@value
class Batch:
    """A batch of messages that was worked on."""

    deliveries: Sequence[Delivery]
    """Those that could be read, but for those of shards and schedules."""
    received: int
    done: int
    """How many of those that were received are not to come again."""
    at: datetime
    """When the work began."""
    mode: Mode


class WorkWatch(Protocol):
    """Observes a worker: metrics and traces."""

    def see_batch(self, batch: Batch) -> None:
        """See a batch that was worked on."""

    def around(self, group: Sequence[Delivery], dependencies: Dependencies) -> AbstractContextManager[Dependencies]:
        """See the work on the messages of one execution; it is done with what this yields."""


class GivenBackError(Exception):
    """Some messages are left to their next delivery; the others have been deleted."""


@value
class Worker:
    """Handles the messages of one function."""

    dependencies: Dependencies
    deliver: Callable[[Channel, str], None]
    """Sees the signal of a channel and an id through."""
    mode: Mode = Mode.MESSAGES
    reports: bool = False
    """Whether the event source mapping reports batch item failures; where it does not, a report would lose messages."""
    watch: WorkWatch | None = None
    start_due: Callable[[str, str], None] = lambda _place, _at: None
    """Starts what a schedule, ``<tenant>:<name>``, is to start at an instant."""
    idle: SimpleQueue[ThreadPoolExecutor] = field(default_factory=SimpleQueue, compare=False)
    """Threads that no batch has: one batch has them for itself, as its executions wait for each other."""

    def handle(self, records: Sequence[SqsRecord], request: str, left: timedelta) -> dict[str, Any] | None:
        """Work on a batch for the time that is left, and delete what is done.

        Answers what Lambda wants to hear where the mapping reports failures, else None.

        Raises:
            GivenBackError: some messages are not done.
        """
        if left < LEAST:
            raise GivenBackError(f"{len(records)} messages are given back: {too_short(left)}")
        begun = self.dependencies.clock.now()
        budget = copy_with(budget_of(begun, left), gives_back=self.reports)
        groups: dict[str, list[Delivery]] = {}
        handled: list[Handled] = []
        apart: list[Delivery] = []
        for record in records:
            try:
                delivery = read(record, 1 / len(records))
            except UNREADABLE as error:
                dead = self.mode is Mode.DEAD_LETTERS
                handled.append(give_up_reading(self.dependencies, request, record, error, dead=dead))
            else:
                is_apart = isinstance(delivery.message.event, ShardDue | ScheduleDue)
                (apart if is_apart else groups.setdefault(delivery.message.execution, [])).append(delivery)
        until = begun + left - SWEEP_RESERVE
        waiting = list(groups.values())
        for start in range(0, len(waiting), PARALLEL):
            handled += self.work_side_by_side(request, waiting[start : start + PARALLEL], budget)
        handled += [self.work_on_due(f"{request}-{each.id}", each, until) for each in apart]
        if self.watch is not None:
            deliveries = [delivery for group in waiting for delivery in group]
            self.watch.see_batch(
                Batch(deliveries, len(records), len({n for each in handled for n in each.done}), begun, self.mode)
            )
        return self.acknowledge(records, handled)

    def work_side_by_side(
        self, request: str, groups: Sequence[Sequence[Delivery]], budget: Budget
    ) -> Sequence[Handled]:
        """Work on the messages of several executions in threads; what they send is batched."""
        if len(groups) == 1:
            return [self.work_in_room(request, groups[0], budget, self.dependencies, nullcontext)]
        batcher = SendBatcher(self.dependencies.queue, len(groups))
        dependencies = copy_with(
            self.dependencies, queue=batcher, calls=lambda: CallsOutsideBatch(self.dependencies.calls(), batcher)
        )

        def run(group: Sequence[Delivery]) -> Handled:
            return self.work_in_room(request, group, budget, dependencies, batcher.away)

        try:
            pool = self.idle.get_nowait()
        except Empty:
            pool = ThreadPoolExecutor(PARALLEL, "execution")
        try:
            return batcher.side_by_side(pool, run, groups)
        finally:
            self.idle.put(pool)

    def work_in_room(
        self, request: str, group: Sequence[Delivery], budget: Budget, dependencies: Dependencies, away: Away
    ) -> Handled:
        """Work on the messages of one execution in the memory that it shares with the others.

        If they leave it no room, it waits for them ``away``; if there is none in time, its messages are given back.
        """
        until = budget.deadline if budget.too_short else budget.deadline + PATIENCE
        with dependencies.room.hold(lambda: until - dependencies.clock.now(), away):
            if self.watch is None:
                return self.work_on_group(request, group, budget, dependencies)
            with self.watch.around(group, dependencies) as seen:
                return self.work_on_group(request, group, budget, seen)

    def work_on_group(
        self, request: str, group: Sequence[Delivery], budget: Budget, dependencies: Dependencies
    ) -> Handled:
        """Work on the messages of one execution; an error is logged, and affects no other execution."""
        execution = group[0].message.execution
        about = ExecutionId.log_members(execution)
        try:
            published = {p for d in group if isinstance(p := d.message.event, SignalPublished)}
            for signal in published:
                self.deliver(Channel(execution, signal.name, signal.key), signal.id)
            if published:
                return Handled({delivery.id for delivery in group})
            return work_on_messages(dependencies, request, group, budget, self.mode)
        except UnavailableError as error:
            log.warning(line("execution given back", **about, request=request, reason=str(error)))
            return Handled(again=pauses(group, longest(self.mode)))
        except SetupError as error:
            log.exception(line("execution given back", **about, request=request))
            return Handled(why=str(error))
        except Exception:
            log.exception(line("execution given back", **about, request=request))
            return Handled()

    def acknowledge(self, records: Sequence[SqsRecord], handled: Sequence[Handled]) -> dict[str, Any] | None:
        """Delete the messages that are done, unless Lambda does, and report the others.

        Raises:
            GivenBackError: some messages are not done.
        """
        done = {name for each in handled for name in each.done}
        failed = [record for record in records if record["messageId"] not in done]
        self.give_back(failed, {name: seconds for each in handled for name, seconds in each.again.items()})
        if self.reports:
            return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in failed]}
        if failed:
            for queue, ours in by_queue([record for record in records if record["messageId"] in done]).items():
                self.dependencies.queue.delete(queue, [record["receiptHandle"] for record in ours])
            why = next((f": {each.why}" for each in handled if each.why), "")
            raise GivenBackError(f"{len(failed)} of {len(records)} messages are given back{why}")
        return None

    def give_back(self, records: Sequence[SqsRecord], again: Mapping[str, int]) -> None:
        """Let messages come again after so many seconds each; if SQS refuses, after the visibility timeout."""
        for queue, ours in by_queue([record for record in records if record["messageId"] in again]).items():
            with suppress(UnavailableError):
                seconds = {record["receiptHandle"]: again[record["messageId"]] for record in ours}
                self.dependencies.queue.give_back(queue, seconds)

    def work_on_due(self, request: str, delivery: Delivery, until: datetime) -> Handled:
        """Work on a message of the schedule: a shard of due executions, or a schedule that is due."""
        event = delivery.message.event
        if isinstance(event, ScheduleDue):
            return self.start_scheduled(request, delivery, event)
        return self.sweep_shard(request, delivery, until)

    def start_scheduled(self, request: str, delivery: Delivery, event: ScheduleDue) -> Handled:
        """Start the execution of a schedule; if that fails, the next sweep finds the schedule again."""
        name = delivery.message.execution
        about = {"tenant": ExecutionId.tenant_of(name), "schedule": name, "request": request}
        try:
            self.start_due(name, event.at)
        except UnknownFormatError as error:  # it may be long until that release is back
            log.warning(line("schedule left to the next run", **about, reason=str(error)))
        except UnavailableError as error:
            log.warning(line("schedule given back", **about, reason=str(error)))
            return Handled(again=pauses([delivery], longest(self.mode)))
        except Exception:
            log.exception(line("schedule left to the next run", **about))
        return Handled({delivery.id})

    def sweep_shard(self, request: str, delivery: Delivery, until: datetime) -> Handled:
        """Look at the due executions of a shard; the next run of the schedule finds what is left."""
        from chalicelib.engine.due_sweep import DueSweep  # noqa: PLC0415 - few messages are of shards

        try:
            DueSweep(self.dependencies, request, until, SWEEPERS).run_shard(delivery.message.execution)
        except Exception:
            log.exception(line("shard left to the next run", shard=delivery.message.execution, request=request))
        return Handled({delivery.id})


def work_on_messages(  # noqa: PLR0913, PLR0917 - what an invocation is made of
    dependencies: Dependencies,
    request: str,
    group: Sequence[Delivery],
    budget: Budget,
    mode: Mode,
    kind: type[Invocation] = Invocation,
) -> Handled:
    """Work on the messages of one execution.

    Raises:
        UnavailableError: a service did not answer: they are to come again.
    """
    group = [_with_submission(dependencies, delivery) for delivery in group]
    if mode is Mode.DEAD_LETTERS:
        return work_on_dead_letters(dependencies, request, group, budget, kind)
    invocation = kind(dependencies, request, group, budget, mode)
    done, early = invocation.run(), invocation.too_early()
    paused = pauses([delivery for delivery in group if delivery.id in early], LONGEST_HIDDEN)
    return Handled(done, {**paused, **invocation.again})


def _with_submission(dependencies: Dependencies, delivery: Delivery) -> Delivery:
    """Read the large values of the submission that a message brings."""
    message = delivery.message
    if message.image is None or not isinstance(message.event, Started):
        return delivery
    submitted = dependencies.executions.restore(message.image)
    return copy_with(delivery, message=copy_with(message, submitted=submitted, image=None))


def longest(mode: Mode) -> timedelta:
    """Tell the longest pause before a message comes again."""
    return LONGEST_OF_DEAD if mode is Mode.DEAD_LETTERS else LONGEST


def budget_of(now: datetime, left: timedelta) -> Budget:
    """Make the budget of a function from the time that it has left.

    With too little time it makes no calls: it could be ended in the middle of one, each time.
    """
    if left >= RESERVE + LEAST:
        return Budget(now + left - RESERVE)
    return Budget(now + left * (1 - SHARE), too_short=too_short(left))


def too_short(left: timedelta) -> str:
    """Say what a function needs that has too little time."""
    return (
        f"a call may take 30 seconds, and the function had {left.total_seconds():g} left when it began: "
        f"it needs a lambda_timeout of {WANTED} seconds or more"
    )


def by_queue(records: Sequence[SqsRecord]) -> Mapping[str, Sequence[SqsRecord]]:
    """Group messages by the queue that they come from."""
    queues: dict[str, list[SqsRecord]] = {}
    for record in records:
        queues.setdefault(queue_of(record), []).append(record)
    return queues
