"""Threads of one function in the simulated world: each is a process, and they die together."""

from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from datetime import timedelta
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from tests.simulation.processes import Process
    from tests.simulation.world import World


class Threads(Executor):
    """A pool that does everything at once."""

    def __init__(self, world: "World") -> None:
        self.processes = world.processes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Have nothing to wait for."""

    def map(self, fn: Callable[..., Any], *iterables: Iterable[Any], **_: Any) -> Any:
        """Do work side by side, and answer what came of it once all is done."""
        here, found = self.processes.current(), dict[int, Any]()
        here.fellows = here.fellows or [here]
        each = [*iterables[0]]
        left = set(range(len(each)))

        def run(number: int) -> None:
            try:
                found[number] = fn(each[number])
            finally:
                left.discard(number)
                if not left:
                    self.processes.wake(here)

        for number in range(len(each)):
            thread = self.processes.spawn("thread", partial(run, number))
            thread.fellows = here.fellows
            here.fellows.append(thread)
        while left:
            self.processes.rest()
        return [found[number] for number in range(len(each))]


class Promise(Future[None]):
    """What one thread waits for, and another one does."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world
        self.waiting: list[Process] = []
        self.add_done_callback(lambda _: [world.processes.wake(process) for process in self.waiting])

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Wait until it is done, or for so many seconds."""
        processes = self.world.processes
        self.waiting.append(processes.current())
        if timeout is not None and not self.done():
            processes.pause(self.world.clock.now() + timedelta(seconds=timeout))
        while timeout is None and not self.done():
            processes.rest()
        return super().exception(0)

    def result(self, timeout: float | None = None) -> None:
        """Wait until it is done."""
        if (error := self.exception(timeout)) is not None:
            raise error
