"""The memory of a process, as its executions share it: bytes are reserved before something large is in memory.

Values that are read, answers that arrive and texts that are written take room first. The execution that was the first
to take room always goes on: so there is no deadlock, and an execution that has room alone has it beside any others.
The others wait until theirs fits, or until they are first. Of the calls of one execution that find no room, one goes on
at a time, once what the others brought is written. An execution whose time is over before it has room is refused: a
function that exceeds its memory would be ended with all executions that it works on.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from threading import Condition, local
from typing import TypeAlias

from chalicelib.core.limits import LIMITS
from chalicelib.core.records.payload import footprint
from chalicelib.core.values.errors import NoRoomError
from chalicelib.core.values.json import Json

STEP = 250_000
"""Bytes of an answer for which room is taken at a time; the first of them need none."""

COPIES = 3
"""How often an answer is in memory while it is read: as it came, as text, and as JSON."""

BESIDE = 8
"""The part of the room, an eighth, that calls of one execution may have beside the one that goes on."""

ReadJson: TypeAlias = Callable[[bytes, int], Json]
"""Reads JSON in UTF-8 of so many bytes at most; raises MalformedError."""

Left: TypeAlias = Callable[[], timedelta]
"""Tells the time that an execution has left."""

Away: TypeAlias = Callable[[], AbstractContextManager[None]]
"""What a thread that waits for room is meanwhile."""


class Hold:
    """The room that one execution has taken, with the children that run in its function."""

    def __init__(self, left: Left | None = None) -> None:
        self.size = 0
        """Of its state, and of what its calls came to that was handed over."""
        self.left = left
        self.shares: dict[Share, None] = {}
        """Of calls that took some, the first to ask for it first."""
        self.waits_for: object | None = None
        """The calls that its thread waits for."""

    @property
    def taken(self) -> int:
        """Count what all of it takes."""
        return self.size + sum(share.size for share in self.shares)

    def next_share(self) -> "Share | None":
        """Find the call under way that was the first to take room."""
        return next((share for share in self.shares if share.is_under_way), None)

    def beside(self) -> int:
        """Count what all calls but the next one have taken."""
        first = self.next_share()
        return sum(share.size for share in self.shares if share is not first)


class Share:
    """The room that one call has taken, until its result is handed over to the execution."""

    def __init__(self, hold: Hold, calls: object) -> None:
        self.hold = hold
        self.calls = calls
        self.size = 0
        self.is_under_way = True


class Room:
    """Bytes, counted by execution, the first to take some first; thread-safe.

    Args:
        most: what all may hold together, but for the first.
        callers: how many threads calls have. Where all of them wait, one goes on: the first execution may wait for a
            call that none of them could make.
    """

    def __init__(self, most: int = LIMITS.executions_memory_bytes, callers: int = 16) -> None:
        self._most = most
        self._beside = most // BESIDE
        self._threads = callers
        self._holds: dict[Hold, None] = {}
        self._callers: list[object] = []
        self._changed = Condition()
        self._here = local()

    @contextmanager
    def hold(self, left: Left | None = None, away: Away = nullcontext) -> Iterator[None]:
        """Reserve what this thread takes for one execution, and release it in the end.

        Args:
            left: how long the execution waits for others at most; None: as long as it takes.
            away: the context in which it waits.
        """
        hold = Hold(left)
        try:
            with self._as(hold, away, None):
                yield
        finally:
            with self._changed:
                self._holds.pop(hold, None)
                self._changed.notify_all()

    def current(self) -> Hold | None:
        """Tell for which execution this thread takes room; None: nothing is counted."""
        return getattr(self._here, "hold", None)

    def share(self, calls: object) -> Share | None:
        """Make the share of a call that this thread's execution begins, one of some calls."""
        hold = self.current()
        return None if hold is None else Share(hold, calls)

    @contextmanager
    def joined(self, share: Share | None) -> Iterator[None]:
        """Take room for a call in its own thread."""
        try:
            with self._as(None if share is None else share.hold, nullcontext, share):
                yield
        finally:
            if share is not None:
                with self._changed:
                    share.is_under_way = False
                    if share.hold.waits_for is share.calls:
                        share.hold.waits_for = None  # what it brought comes first
                    self._changed.notify_all()

    @contextmanager
    def waiting(self, calls: object) -> Iterator[None]:
        """Wait for calls: nothing that they brought is left to be worked on."""
        hold = self.current()
        if hold is None:
            yield
            return
        self._wait_for(hold, calls)
        try:
            yield
        finally:
            self._wait_for(hold, None)

    def hand_over(self, share: Share | None) -> None:
        """Move what a call has taken to its execution."""
        if share is not None and share in share.hold.shares:
            with self._changed:
                del share.hold.shares[share]
                share.hold.size += share.size
                self._changed.notify_all()

    def take(self, size: int) -> None:
        """Take so many bytes more, as soon as there is room.

        Raises:
            NoRoomError: there was none in its time.
        """
        hold = self.current()
        if hold is None or size <= 0:
            return
        with self._changed:
            self._holds.setdefault(hold)
            if self._here.share is not None:
                hold.shares.setdefault(self._here.share)
            if self._has_room(hold, size, None):
                self._add(hold, size)
                return
        with self._here.away():
            self._wait(hold, size)

    def arrival(self) -> Callable[[int], None]:
        """Make the callback that takes room for an answer: it gets the count of bytes before more are read."""
        counted = STEP

        def arrived(size: int) -> None:
            nonlocal counted
            while size > counted:
                self.take(COPIES * STEP)
                counted += STEP

        return arrived

    def reading(self, read: ReadJson) -> ReadJson:
        """Let a reader of JSON take room for the values of a large text, beside the room that the text has."""

        def read_with_room(text: bytes, most: int) -> Json:
            if len(text) > STEP:
                self.take(min(footprint(text), LIMITS.execution_memory_bytes) - COPIES * len(text))
            return read(text, most)

        return read_with_room

    def keep(self, size: int) -> None:
        """Release what the execution has taken beyond so many bytes."""
        hold = self.current()
        if hold is None or size >= hold.size:
            return
        with self._changed:
            hold.size = size
            self._leave(hold)

    @contextmanager
    def _as(self, hold: Hold | None, away: Away, share: Share | None) -> Iterator[None]:
        self._here.hold, self._here.away, self._here.share = hold, away, share
        try:
            yield
        finally:
            self._here.hold = None

    def _wait(self, hold: Hold, size: int) -> None:
        me, seconds = object(), None if hold.left is None else max(0, hold.left().total_seconds())
        with self._changed:
            if self._here.share is not None:
                self._callers.append(me)
                self._changed.notify_all()
            fits = self._changed.wait_for(lambda: self._has_room(hold, size, me), seconds)
            if me in self._callers:
                self._callers.remove(me)
            if not fits:
                self._leave(hold)
                raise NoRoomError("other executions of the function have all its memory")
            self._holds.setdefault(hold)  # it may have given back all that it had meanwhile
            self._add(hold, size)

    def _wait_for(self, hold: Hold, calls: object | None) -> None:
        with self._changed:
            hold.waits_for = calls
            self._changed.notify_all()

    def _add(self, hold: Hold, size: int) -> None:
        if self._here.share is None:
            hold.size += size
        else:
            self._here.share.size += size

    def _leave(self, hold: Hold) -> None:
        if not hold.taken:
            self._holds.pop(hold, None)
        self._changed.notify_all()

    def _has_room(self, hold: Hold, size: int, me: object) -> bool:
        share = self._here.share
        is_next = share is None or share is hold.next_share()
        if sum(each.taken for each in self._holds) + size <= self._most and (
            is_next or hold.beside() + size <= self._beside
        ):
            return True
        if next(iter(self._holds), hold) is hold:
            return share is None or (is_next and hold.waits_for is not None)
        return len(self._callers) >= self._threads and self._callers[0] is me
