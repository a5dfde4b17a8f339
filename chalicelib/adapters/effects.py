"""Effects, performed in a bounded pool of threads."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import TypeAlias

from chalicelib.core.declaration import Perform
from chalicelib.core.errors import StepError, UnavailableError
from chalicelib.core.event import EffectFailed, EffectPutOff, EffectSucceeded
from chalicelib.core.values import Json
from chalicelib.ports import Clock, Performed

WIDTH = 16
"""Effects of one process at a time; the others wait their turn."""

Performer: TypeAlias = Callable[[Perform, str], Json]
"""Does one kind of thing: takes what is to be done and its idempotency key, answers the result, raises StepError."""


class PooledEffects:
    """The effects of one invocation, in a pool that all invocations of a process share."""

    def __init__(self, performers: Mapping[str, Performer], pool: ThreadPoolExecutor, clock: Clock) -> None:
        self._performers = performers
        self._pool = pool
        self._clock = clock
        self._ended: SimpleQueue[Future[Performed]] = SimpleQueue()

    def start(self, execution: str, thread: str, turn: int, perform: Perform, before: datetime) -> None:
        """Begin an effect once a thread of the pool is free."""
        key = f"{execution}:{thread}:{turn}"
        self._pool.submit(self._perform, thread, turn, perform, key, before).add_done_callback(self._ended.put)

    def wait(self, until: datetime | None = None) -> Sequence[Performed]:
        """Wait for the next ones to end: at least one is in flight."""
        timeout = None if until is None else max(0, (until - self._clock.now()).total_seconds())
        try:
            ended = [self._ended.get(timeout=timeout)]
        except Empty:
            return []
        while not self._ended.empty():
            ended.append(self._ended.get())
        return [future.result() for future in ended]

    def _perform(self, thread: str, turn: int, perform: Perform, key: str, before: datetime) -> Performed:
        if self._clock.now() >= before:
            return EffectPutOff(thread, turn)
        try:
            return EffectSucceeded(thread, turn, self._performers[perform.kind](perform, key))
        except StepError as error:
            return EffectFailed(thread, turn, error.name, str(error), error.details, error.retry_after)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the step fails with it and can be caught
            return EffectFailed(thread, turn, type(error).__name__, str(error))
