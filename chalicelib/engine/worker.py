"""Batches of messages: grouped by execution, worked on in parallel, acknowledged one by one."""

import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from datetime import timedelta
from queue import Empty, SimpleQueue
from typing import Any, TypeAlias

from chalicelib.core.executions.inputs import SignalPublished
from chalicelib.core.records.codec import UnknownMessageError, read_message
from chalicelib.core.values.json import decode
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.correlation import Channel
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Dependencies, Mode
from chalicelib.engine.observers import line
from chalicelib.engine.send_batcher import CallsOutsideBatch, SendBatcher

SqsRecord: TypeAlias = Mapping[str, Any]
"""A message as Lambda hands it over (AWS Lambda Developer Guide, "Using Lambda with Amazon SQS")."""

PARALLEL = 10
"""Executions that one function works on at a time: as many as a batch has messages."""

RESERVE = timedelta(seconds=40)
"""Of the function's time: kept for calls that are in flight, which may take 30 seconds, and for the last write."""

log = logging.getLogger("sedo")


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
    idle: SimpleQueue[ThreadPoolExecutor] = field(default_factory=SimpleQueue, compare=False)
    """Threads that no batch has: one batch has them for itself, as its executions wait for each other."""

    def handle(self, records: Sequence[SqsRecord], request: str, left: timedelta) -> dict[str, Any] | None:
        """Work on a batch for the time that is left, and delete what is done.

        Answers what Lambda wants to hear where the mapping reports failures, else None.

        Raises:
            GivenBackError: some messages are not done.
        """
        groups: dict[str, list[Delivery]] = {}
        done: set[str] = set()
        for record in records:
            name = record["messageId"]
            try:
                delivery = read(record)
            except UnknownMessageError as error:
                log.warning(line("message given back", message=name, request=request, reason=str(error)))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                log.error(line("message cannot be read", message=name, request=request, **_unread(record, error)))  # noqa: TRY400 - the trace would say no more
                if self.mode is Mode.DEAD_LETTERS:
                    done.add(name)
            else:
                groups.setdefault(delivery.message.execution, []).append(delivery)
        budget = Budget(self.dependencies.clock.now() + left - RESERVE)
        waiting = list(groups.values())
        for start in range(0, len(waiting), PARALLEL):
            done |= self.work_on(request, waiting[start : start + PARALLEL], budget)
        failed = [record["messageId"] for record in records if record["messageId"] not in done]
        if self.reports:
            return {"batchItemFailures": [{"itemIdentifier": name} for name in failed]}
        if failed:
            self.delete([record for record in records if record["messageId"] in done])
            raise GivenBackError(f"{len(failed)} of {len(records)} messages are given back")
        return None

    def work_on(self, request: str, groups: Sequence[Sequence[Delivery]], budget: Budget) -> set[str]:
        """Work on the messages of some executions at a time, which send together."""
        if len(groups) == 1:
            return self.work(request, groups[0], budget, self.dependencies)
        batcher = SendBatcher(self.dependencies.queue, len(groups))
        dependencies = copy_with(
            self.dependencies, queue=batcher, calls=lambda: CallsOutsideBatch(self.dependencies.calls(), batcher)
        )

        def run(group: Sequence[Delivery]) -> set[str]:
            try:
                return self.work(request, group, budget, dependencies)
            finally:
                batcher.leave()

        try:
            pool = self.idle.get_nowait()
        except Empty:
            pool = ThreadPoolExecutor(PARALLEL, "execution")
        try:
            return set().union(*pool.map(run, groups))
        finally:
            self.idle.put(pool)

    def work(self, request: str, group: Sequence[Delivery], budget: Budget, dependencies: Dependencies) -> set[str]:
        """Work on the messages of one execution; whatever goes wrong, the other executions go on."""
        try:
            published = {p for d in group if isinstance(p := d.message.event, SignalPublished)}
            for signal in published:
                self.deliver(Channel(group[0].message.execution, signal.name, signal.key), signal.id)
            if published:
                return {delivery.id for delivery in group}
            return Invocation(dependencies, request, group, budget, self.mode).run()
        except Exception:
            log.exception(line("execution given back", execution=group[0].message.execution, request=request))
            return set()

    def delete(self, records: Sequence[SqsRecord]) -> None:
        """Delete messages that are done, queue by queue."""
        queues: dict[str, list[str]] = {}
        for record in records:
            queues.setdefault(record["eventSourceARN"].rpartition(":")[2], []).append(record["receiptHandle"])
        for queue, handles in queues.items():
            self.dependencies.queue.delete(queue, handles)


def _unread(record: SqsRecord, error: Exception) -> dict[str, str | int]:
    """Say what is known of a message that cannot be read, but not what it holds."""
    return {"error": type(error).__name__, "characters": len(record["body"])}


def read(record: SqsRecord) -> Delivery:
    """Read one message.

    Raises:
        UnknownMessageError: it is of another version.
        KeyError, TypeError, ValueError, AttributeError, RecursionError: it is no message.
    """
    receives = int(record["attributes"]["ApproximateReceiveCount"])
    return Delivery(record["messageId"], read_message(decode(record["body"])), receives)
