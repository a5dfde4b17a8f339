"""Memory all of which other executions have."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from chalicelib.engine.room import Room


@contextmanager
def full_room() -> Iterator[Room]:
    """Work on an execution that has no time to wait for others; lend their room."""
    room, has, end = Room(0), threading.Event(), threading.Event()

    def other() -> None:
        with room.hold():
            room.take(1)
            has.set()
            end.wait(10)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(other)
        try:
            assert has.wait(10)
            with room.hold(left=timedelta):
                yield room
        finally:
            end.set()
