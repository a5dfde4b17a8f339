"""The batcher of sends: executions that one function works on side by side send their messages in requests of ten.

Each sends right after its write, as though it were alone, and waits until no other is about to send. That is never
long: one that waits for a call is not waited for, and nobody longer than ``PATIENCE``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TypeVar

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import Message
from chalicelib.ports import CallResult, Calls, Queue

S = TypeVar("S")
R = TypeVar("R")

PATIENCE = 0.5
"""Seconds: far less than what the shortest timer may be late."""


@dataclass(slots=True)
class _Batch:
    """Messages that are sent together."""

    sent: Future[None]
    """Whether they were sent."""
    messages: list[Message] = field(default_factory=list)
    senders: int = 0


class SendBatcher:
    """The queue, as a number of threads share it; each says when it has nothing more to send."""

    def __init__(
        self, queue: Queue, size: int, patience: float = PATIENCE, future: Callable[[], "Future[None]"] = Future
    ) -> None:
        self._queue = queue
        self._patience = patience
        self._future = future
        self._active = size
        self._next = _Batch(future())
        self._lock = Lock()

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages, with those of the others; if that fails, alone.

        Raises:
            UnavailableError: some may not have been sent.
        """
        with self._lock:
            batch = self._next
            batch.messages.extend(messages)
            batch.senders += 1
            leads = self._close()
        if leads or self._must_lead(batch):
            self._send_batch(batch)
        try:
            batch.sent.result()
        except Exception:
            if batch.senders == 1:
                raise
            self._queue.send(messages)  # what is wrong with the others' is not to fail this

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        """Acknowledge messages.

        Raises:
            UnavailableError: some may not have been deleted.
        """
        self._queue.delete(queue, handles)

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        """Let messages be received again.

        Raises:
            UnavailableError: some may come again only after the queue's visibility timeout.
        """
        self._queue.give_back(queue, seconds)

    def leave(self) -> None:
        """Have nothing more to send."""
        with self._lock:
            self._active -= 1
            batch = self._next
            leads = batch.senders > 0 and self._close()
        if leads:
            self._send_batch(batch)

    def side_by_side(self, pool: Executor, work: Callable[[S], R], each: Sequence[S]) -> list[R]:
        """Do so many pieces of work at once as share this; each has nothing more to send once it is done."""

        def done(one: S) -> R:
            try:
                return work(one)
            finally:
                self.leave()

        return list(pool.map(done, each))

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have nothing to send for a while."""
        self.leave()
        try:
            yield
        finally:
            with self._lock:
                self._active += 1

    def _close(self) -> bool:
        """Begin another batch if nobody is left to be waited for; whoever has begun it sends the one before."""
        if self._next.senders < self._active:
            return False
        self._next = _Batch(self._future())
        return True

    def _must_lead(self, batch: _Batch) -> bool:
        """Wait for the others, up to a time; tell whether they are to be waited for no longer."""
        try:
            batch.sent.exception(self._patience)
        except TimeoutError:
            with self._lock:
                if self._next is not batch:
                    return False
                self._next = _Batch(self._future())
                return True
        return False

    def _send_batch(self, batch: _Batch) -> None:
        try:
            self._queue.send(batch.messages)
        except BaseException as error:  # noqa: BLE001 - it is raised to each of the senders
            batch.sent.set_exception(error)
        else:
            batch.sent.set_result(None)


class CallsOutsideBatch:
    """The calls of an execution in a batcher: while it waits for them, the batcher does not wait for it."""

    def __init__(self, calls: Calls, batcher: SendBatcher) -> None:
        self._calls = calls
        self._batcher = batcher

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        """Call, once there is room."""
        self._calls.start(turn, call, key, is_wanted)

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        """Wait, and let the others go."""
        with self._batcher.away():
            return self._calls.wait(until)

    def drain(self) -> None:
        """Wait for what is in flight, and let the others go."""
        with self._batcher.away():
            self._calls.drain()
