"""Executions that one function works on side by side send their messages together: ten of them are one request.

Each sends right after its write, as though it were alone, and waits until no other is about to send. That is never
long: one that waits for an effect is not waited for, and nobody longer than ``PATIENCE``.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.inputs import Message
from chalicelib.ports import CallResult, Calls, Queue

PATIENCE = 0.5
"""Seconds: far less than what the shortest timer may be late."""


@dataclass(slots=True)
class _Trip:
    """Messages that are sent together; the future tells whether they were."""

    messages: list[Message] = field(default_factory=list)
    riders: int = 0
    gone: Future[None] = field(default_factory=Future)


class SendBatcher:
    """The queue, as a number of threads share it; each says when it has nothing more to send."""

    def __init__(self, queue: Queue, size: int, patience: float = PATIENCE) -> None:
        self._queue = queue
        self._patience = patience
        self._moving = size
        self._next = _Trip()
        self._lock = Lock()

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages, with those of the others; if that fails, alone.

        Raises:
            UnavailableError: some may not have been sent.
        """
        with self._lock:
            trip = self._next
            trip.messages.extend(messages)
            trip.riders += 1
            leads = self._is_full()
        if not leads:
            leads = self._must_lead(trip)
        if leads:
            self._go(trip)
        try:
            trip.gone.result()
        except Exception:
            if trip.riders == 1:
                raise
            self._queue.send(messages)  # what is wrong with the others' is not to fail this

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        """Acknowledge messages.

        Raises:
            UnavailableError: some may not have been deleted.
        """
        self._queue.delete(queue, handles)

    def leave(self) -> None:
        """Have nothing more to send."""
        with self._lock:
            self._moving -= 1
            trip = self._next
            leads = trip.riders > 0 and self._is_full()
        if leads:
            self._go(trip)

    @contextmanager
    def away(self) -> Iterator[None]:
        """Have nothing to send for a while."""
        self.leave()
        try:
            yield
        finally:
            with self._lock:
                self._moving += 1

    def _is_full(self) -> bool:
        """Tell whether nobody is left to be waited for; whoever is told so leads."""
        if self._next.riders < self._moving:
            return False
        self._next = _Trip()
        return True

    def _must_lead(self, trip: _Trip) -> bool:
        """Wait for the others, up to a time; tell whether they are to be waited for no longer."""
        try:
            trip.gone.exception(self._patience)
        except TimeoutError:
            with self._lock:
                if self._next is not trip:
                    return False
                self._next = _Trip()
                return True
        return False

    def _go(self, trip: _Trip) -> None:
        try:
            self._queue.send(trip.messages)
        except BaseException as error:  # noqa: BLE001 - it is raised to each of the riders
            trip.gone.set_exception(error)
        else:
            trip.gone.set_result(None)


class CallsOutsideBatch:
    """Calls that keep nobody in a batcher waiting."""

    def __init__(self, effects: Calls, batcher: SendBatcher) -> None:
        self._effects = effects
        self._convoy = batcher

    def start(self, execution: str, thread: str, turn: int, perform: Call, before: datetime) -> None:
        """Call, once there is room."""
        self._effects.start(execution, thread, turn, perform, before)

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        """Wait, and let the others go."""
        with self._convoy.away():
            return self._effects.wait(until)
