"""Arrivals in queues: a poll waits here for the next message; ministack looks for one only ten times a second."""

import heapq
import time
from collections.abc import Callable, Iterator, Mapping
from threading import Condition
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

DELAYS = {
    "SendMessage": "DelaySeconds",
    "SendMessageBatch": "DelaySeconds",
    "ChangeMessageVisibility": "VisibilityTimeout",
    "ChangeMessageVisibilityBatch": "VisibilityTimeout",
}
"""Calls after which a message can be received, and which of their parameters says after how many seconds."""
EXPECTED = "sedo_expected"


class QueueArrivals:
    """When messages of one queue can be received."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = Condition()
        self._instants: list[float] = []
        self._closed = False

    def expect(self, seconds: float) -> None:
        """Expect a message after so many seconds."""
        with self._changed:
            heapq.heappush(self._instants, self._clock() + seconds)
            self._changed.notify_all()

    def left(self) -> float | None:
        """Tell in how many seconds the next one is expected; None: none is."""
        return self._instants[0] - self._clock() if self._instants else None

    def wait(self) -> bool:
        """Wait until one or more can be received; ``False`` once nobody is to wait any longer."""
        with self._changed:
            while not self._closed and ((left := self.left()) is None or left > 0):
                self._changed.wait(left)
            while (left := self.left()) is not None and left <= 0:
                heapq.heappop(self._instants)
            return not self._closed

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Arrivals:
    """What arrives in queues because of a client's calls (boto3 documentation, "Extensibility guide")."""

    def __init__(self, client: "SQSClient", clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._queues: dict[str, QueueArrivals] = {}
        for operation, delay in DELAYS.items():
            client.meta.events.register(f"provide-client-params.sqs.{operation}", _noting(delay))
            client.meta.events.register(f"after-call.sqs.{operation}", self._expect)

    def of(self, queue: str) -> QueueArrivals:
        """Answer what arrives in a queue, by its URL."""
        return self._queues.setdefault(queue, QueueArrivals(self._clock))

    def _expect(self, context: Mapping[str, Any], **_: object) -> None:
        queue, seconds = context[EXPECTED]
        for each in seconds:
            self.of(queue).expect(each)


def _noting(delay: str) -> Callable[..., None]:
    """Make what notes in the context of a call which messages can be received after it."""

    def note(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
        delays: Iterator[int] = (each.get(delay, 0) for each in params.get("Entries", [params]))
        context[EXPECTED] = params["QueueUrl"], {*delays}

    return note
