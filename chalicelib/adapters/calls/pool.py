"""Calls, made in a bounded pool of threads, or by who waits for one alone."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeAlias

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallDeferred, CallFailed, CallSucceeded
from chalicelib.core.values.errors import InternalError, InterruptedCallError, NoRoomError, StepError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.engine.room import Room, Share
from chalicelib.ports import CallResult, Clock

WIDTH = 16
"""Calls of one process at a time; the others wait their turn."""

CallHandler: TypeAlias = Callable[[Call, CallKey], Json]
"""Does one kind of thing: takes what is to be done and its idempotency key, answers the result, raises StepError."""


class _Wanted(NamedTuple):
    """A call: of which turn, what is to be done under which key, and whether it still is."""

    turn: TurnKey
    call: Call
    key: CallKey
    is_wanted: Callable[[], bool]


_Ended: TypeAlias = tuple[Future[CallResult], Share | None]
"""What a call came to, and the room that this takes."""


class PooledCalls:
    """The calls of one invocation, in a pool that all invocations of a process share.

    One alone is begun when it is waited for: if there is no instant to be back by, that needs no other thread.
    Whatever a call takes room for, it takes for the execution of who begins it.
    """

    def __init__(
        self, handlers: Mapping[str, CallHandler], pool: ThreadPoolExecutor, clock: Clock, room: Room | None = None
    ) -> None:
        self._room = room or Room()
        self._handlers = handlers
        self._pool = pool
        self._clock = clock
        self._ended: SimpleQueue[_Ended] = SimpleQueue()
        self._flying = 0
        self._failed: list[Future[CallResult]] = []
        self._alone: _Wanted | None = None
        self._drained = False

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        """Begin a call once a thread of the pool is free, or it is waited for."""
        wanted = _Wanted(turn, call, key, is_wanted)
        if self._alone is None and not self._flying:
            self._alone = wanted
        else:
            self._join_in()
            self._submit(wanted)

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        """Wait for the next ones to end: at least one is in flight."""
        if self._alone is not None and until is None:
            alone, self._alone = self._alone, None
            return [self._make(alone)]
        if not self._flying and self._failed:
            return self._results([])
        self._join_in()
        timeout = None if until is None else max(0, (until - self._clock.now()).total_seconds())
        try:
            with self._room.waiting(self):
                ended = [self._ended.get(timeout=timeout)]
        except Empty:
            return []
        while not self._ended.empty():
            ended.append(self._ended.get())
        self._flying -= len(ended)
        for _, share in ended:
            self._room.hand_over(share)
        return self._results([future for future, _ in ended])

    def _results(self, ended: Sequence[Future[CallResult]]) -> Sequence[CallResult]:
        """Answer what calls came to; that a service did not answer one of them is told when there is nothing else.

        Raises:
            UnavailableError: a store of sedo's own did not answer.
        """
        results = [future.result() for future in ended if future.exception() is None]
        self._failed += [future for future in ended if future.exception() is not None]
        if not results and self._failed:
            self._failed.pop().result()
        return results

    def drain(self) -> None:
        """Begin no more, and wait until nothing is in flight."""
        self._drained, self._alone = True, None
        while self._flying:
            with self._room.waiting(self):
                _, share = self._ended.get()
            self._room.hand_over(share)
            self._flying -= 1

    def _join_in(self) -> None:
        """Let the one that was alone be made beside others."""
        alone, self._alone = self._alone, None
        if alone is not None:
            self._submit(alone)

    def _submit(self, wanted: _Wanted) -> None:
        self._flying += 1
        share = self._room.share(self)
        future = self._pool.submit(self._make_for, share, wanted)
        future.add_done_callback(lambda ended: self._ended.put((ended, share)))

    def _make_for(self, share: Share | None, wanted: _Wanted) -> CallResult:
        with self._room.joined(share):
            return self._make(wanted)

    def _make(self, wanted: _Wanted) -> CallResult:
        turn, call, key, is_wanted = wanted
        if self._drained or not is_wanted():
            return CallDeferred(*turn)
        try:
            return CallSucceeded(*turn, self._handlers[call.kind](call, key))
        except StepError as error:
            return _failed(turn, error)
        except NoRoomError:
            if call.once:  # it may have been made
                return _failed(turn, InterruptedCallError(unanswered=True))
            raise
        except UnavailableError as error:
            if call.once:  # nothing was called yet: the claim can go back
                return CallFailed(*turn, "Unavailable", str(error))
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the step fails with it and can be caught
            return _failed(turn, InternalError.of(error, unanswered=True))


def _failed(turn: TurnKey, error: StepError) -> CallFailed:
    return CallFailed(
        *turn,
        name=error.name,
        message=str(error),
        details=error.details,
        retry_after=error.retry_after,
        unanswered=error.unanswered,
    )
