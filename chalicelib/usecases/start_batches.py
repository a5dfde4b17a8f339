"""The use case of starting many executions of a definition in one call."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TypeVar

from chalicelib.core.values.value import value
from chalicelib.ports import Clock
from chalicelib.usecases.executions import ExecutionService

S = TypeVar("S")
R = TypeVar("R")

WIDTH = 10
"""Executions that are started side by side: as many as messages go into one request."""

RUNS_FOR = timedelta(seconds=5)
"""How long steps run where they are started: after that a worker begins them, so that the call ends in time."""


@value
class StartBatches:
    """Starts executions side by side, which send their messages together."""

    sharing: Callable[[int, int | None], tuple[ExecutionService, Callable[[], None]]]
    """Makes the use cases of so many callers that send together, and what each of them calls when it has sent all.

    The second number is how many turns may run where they are started, None: as ever.
    """
    clock: Clock

    def start(self, starts: Sequence[S], start: Callable[[ExecutionService, S], R]) -> list[R]:
        """Start each; answer what ``start`` answers, in their order."""
        answers, until = list[R](), self.clock.now() + RUNS_FOR
        with ThreadPoolExecutor(WIDTH, "start") as pool:
            for first in range(0, len(starts), WIDTH):
                some = starts[first : first + WIDTH]
                service, leave = self.sharing(len(some), None if self.clock.now() < until else 0)

                def begun(each: S, service: ExecutionService = service, leave: Callable[[], None] = leave) -> R:
                    try:
                        return start(service, each)
                    finally:
                        leave()

                answers += pool.map(begun, some)
        return answers
