"""The use case of starting many executions of a definition in one call."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from itertools import chain
from typing import TypeVar

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.value import value
from chalicelib.engine.send_batcher import SendBatcher
from chalicelib.ports import Clock
from chalicelib.usecases.executions import ExecutionService

S = TypeVar("S")
R = TypeVar("R")

WIDTH = 10
"""Executions that are started side by side: as many as messages go into one request."""

RUNS_FOR = timedelta(seconds=2)
"""How long steps run where they are started: after that a worker begins them, so that the call ends in time."""

BEGINS_FOR = timedelta(seconds=LIMITS.batch_seconds)
"""How long starts are begun at all: the checks of one can take half a second."""


@value
class StartBatches:
    """Starts executions side by side, which send their messages together."""

    sharing: Callable[[int, int | None, float], tuple[ExecutionService, SendBatcher]]
    """Makes the use cases of so many callers, and what they send through together.

    The second number is how many turns may run where they are started, None: as ever. The third is the part of the
    call of the function that each pays.
    """
    clock: Clock
    pool: Callable[[], Executor] = partial(ThreadPoolExecutor, WIDTH, "start")
    """Makes what starts so many side by side."""

    def start(
        self,
        starts: Sequence[S],
        start: Callable[[ExecutionService | None, S], R],
        name: Callable[[S], str | None] = lambda _: None,
    ) -> list[R]:
        """Start each; answer what ``start`` answers, in their order: without a service it is too late to begin.

        Those of one name are started one after the other: the first of them gets it.
        """
        answers, began = list[R](), self.clock.now()
        with self.pool() as pool:
            for first in range(0, len(starts), WIDTH):
                some, taken = starts[first : first + WIDTH], self.clock.now() - began
                if taken >= BEGINS_FOR:
                    return [*answers, *(start(None, each) for each in starts[first:])]
                rows = _rows([name(each) for each in some])
                service, batcher = self.sharing(len(rows), None if taken < RUNS_FOR else 0, 1 / len(starts))
                found = batcher.side_by_side(pool, partial(_started, partial(start, service), some), rows)
                by_place = dict(chain(*found))
                answers += [by_place[place] for place in range(len(some))]
        return answers


def _rows(names: Sequence[str | None]) -> Sequence[Sequence[int]]:
    """Put the places of one name into a row; what has no name has a row of its own."""
    rows: dict[str | int, list[int]] = {}
    for place, each in enumerate(names):
        rows.setdefault(place if each is None else each, []).append(place)
    return [*rows.values()]


def _started(start: Callable[[S], R], starts: Sequence[S], row: Sequence[int]) -> Sequence[tuple[int, R]]:
    return [(place, start(starts[place])) for place in row]
