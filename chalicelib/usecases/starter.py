"""The start of executions: run in the request that starts them, or put and left to a worker."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from chalicelib.core.executions.due import due_at
from chalicelib.core.executions.inputs import Message, Started
from chalicelib.core.executions.model import Execution
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.codec import fits
from chalicelib.core.records.state_packing import is_dear
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import seconds_until
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import Clock, ExecutionStore, Queue, Stale

PUTS, PUT_WITHIN = 3, timedelta(seconds=5)
"""How often, and for how long, to put an execution whose message is out: that starts it all the same."""

BEGUN_WITHIN = timedelta(seconds=LIMITS.call_seconds)
"""After which a start is written, if its message was sent: its first call is over by then."""


@value
class ExecutionStarter:
    """Starts submitted executions."""

    executions: ExecutionStore
    queue: Queue
    clock: Clock
    run: Callable[[Execution], Execution | None]
    """Runs what is to be started if that takes nobody else, and writes it; answers what has its id then, or None."""

    def _begin(self, execution: Execution, *, is_named: bool) -> Execution:
        """Start an execution; answer the one that has its id then.

        If it was run here, and the write was not answered, it may be stored or not: it is started as one for a worker,
        which finds it if it is stored.
        """
        with suppress(UnavailableError):
            if (current := self.run(execution)) is not None:
                return current
        left = copy_with(execution, input_aside=is_dear(execution.input))
        return self._put_then_send(left) if is_named else self._start(left)

    def _start(self, execution: Execution) -> Execution:
        """Send, then put: whatever happens between, the message starts it; answers the execution of that id.

        A put that is not answered is made again for a while, only to see that the id is nobody else's.
        """
        message = Message(execution.id, Started(), execution)
        if execution.input_aside or not fits(message):
            carried = self.executions.carry(execution)
            execution, image = copy_with(execution, cost=carried.cost), carried.image()
            if image is None:
                return self._put_then_send(execution)
            message = Message(execution.id, Started(), image=image)
        self.queue.send([message])
        until = self.clock.now() + PUT_WITHIN
        for _ in range(PUTS):
            with suppress(UnavailableError):
                return self._put(execution)
            if self.clock.now() >= until:
                break
        return execution

    def _put(self, execution: Execution) -> Execution:
        """Put an execution where there is none of its id; answer the one that is there."""
        try:
            self.executions.create(execution)
        except Stale as stale:
            return stale.current or execution
        return execution

    def _put_then_send(self, execution: Execution) -> Execution:
        """Put, then send."""
        current = self._put(copy_with(execution, due_at=due_at(execution, self.clock.now())))
        if current.nonce == execution.nonce:
            self._send_start(current, 0)
        return current

    def _send_again(self, execution: Execution) -> None:
        """Send the start of an execution that an earlier request has put, in case that died before it sent it.

        The message is delayed until the first call of an execution that did begin is over: nothing is written before.
        """
        self._send_start(execution, seconds_until(execution.started_at + BEGUN_WITHIN, self.clock.now()))

    def _send_start(self, execution: Execution, delay: int) -> None:
        """Send the start of an execution that is put; if that fails, the schedule finds it by its due time."""
        if execution.version == 0:
            with suppress(UnavailableError):
                self.queue.send([Message(execution.id, Started(), delay=delay)])
