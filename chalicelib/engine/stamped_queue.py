"""The queue, for messages that say in which trace they go on."""

from collections.abc import Callable, Mapping, Sequence

from chalicelib.core.executions.inputs import Message
from chalicelib.core.values.value import copy_with
from chalicelib.ports import Queue


class StampedQueue:
    """A queue whose messages say under which trace they were sent; ``context`` tells which that is, or nothing."""

    def __init__(self, queue: Queue, context: Callable[[], str]) -> None:
        self._queue, self._context = queue, context

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages."""
        here = self._context()
        self._queue.send([each if each.trace else copy_with(each, trace=here) for each in messages])

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        """Acknowledge messages."""
        self._queue.delete(queue, handles)

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        """Let messages be received again."""
        self._queue.give_back(queue, seconds)
