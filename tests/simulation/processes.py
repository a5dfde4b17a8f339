"""Processes: every invocation and every API call is a greenlet that pauses before each call of a port."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import count
from typing import NoReturn

from greenlet import getcurrent, greenlet

from chalicelib.adapters.memory.stores import MemoryClock, QueueMessage
from chalicelib.core.executions.decide import tries_again
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.values.errors import SedoError
from tests.simulation.faults import Killed

FORKED = (Status.JOINING, Status.RETRYING, Status.FAILED)
"""What a thread may be while threads that it forked go on."""


@dataclass(eq=False)
class Process:
    """One invocation or API call under way."""

    name: str
    green: greenlet
    message: QueueMessage | None = None
    began: int = 0
    """How many turns had been left by then."""
    number: int = 0
    """How many processes had begun before it."""
    until: datetime | None = None
    """It does nothing before this instant."""
    named: set[tuple[str, int]] = field(default_factory=set)
    """Turns that its messages name."""
    seen: dict[str, Execution | None] = field(default_factory=dict)
    """Executions as it last read or wrote them."""
    fellows: list["Process"] = field(default_factory=list)
    """The threads of its function, if it has several: they die together."""
    killed: bool = False

    def may_make(self, execution: str, thread: str, turn: int) -> bool:
        """Tell whether what it has seen lets it make the call of a turn."""
        item = self.seen.get(execution)
        if item is None or item.ended or item.paused:
            return False
        found = item.threads.get(thread)
        if found is not None and tries_again(found, TurnKey(thread, turn)):
            return True
        if found is None or found.turn != turn or found.status is not Status.READY:
            return False
        return found.driver is None or not found.driver.handed or found.key in self.named


class Turns:
    """Which turns the writes have left, one after the other, and how many threads an execution held at most."""

    def __init__(self) -> None:
        self.current: dict[str, dict[str, int]] = {}
        self.left: dict[tuple[str, str, int], int] = {}
        self.width = 1
        self.ended: dict[str, datetime] = {}
        """When executions ended, by the clock of the world."""

    def written(self, execution: Execution) -> None:
        """Keep which turns a write left, and how many threads it holds."""
        for thread in execution.threads.values():
            parent = None if thread.parent is None else execution.threads.get(thread.parent)
            orphaned = thread.parent is not None and (parent is None or parent.status not in FORKED)
            assert not orphaned, f"{thread.id} is left behind by {thread.parent}"
        turns = {thread.id: thread.turn for thread in execution.threads.values()}
        for name, turn in self.current.get(execution.id, {}).items():
            if turns.get(name) != turn:
                self.left[execution.id, name, turn] = len(self.left) + 1
        self.current[execution.id] = turns
        self.width = max(self.width, len(turns))

    def was_left_before(self, process: Process, turn: tuple[str, str, int]) -> bool:
        """Tell whether a turn had been left before a process began."""
        return self.left.get(turn, process.began + 1) <= process.began


class Processes:
    """The processes that live, the calls that are still to land, and the appointments."""

    def __init__(self, clock: MemoryClock, turns: Turns) -> None:
        self.clock, self.turns = clock, turns
        self.main = getcurrent()
        self.alive: list[Process] = []
        self.late: list[Callable[[], object]] = []
        self.numbers = count()
        self.agenda: list[tuple[datetime, Callable[[], object]]] = []

    def current(self) -> Process:
        """Find the process that runs."""
        return next(process for process in self.alive if process.green is getcurrent())

    def none_runs(self) -> bool:
        """Tell whether it is the world itself that runs."""
        return getcurrent() is self.main

    def spawn(self, name: str, run: Callable[[], object], message: QueueMessage | None = None) -> Process:
        """Begin a process."""

        def guarded() -> None:
            with suppress(Killed, SedoError):
                run()

        number = next(self.numbers)
        process = Process(name, greenlet(guarded, self.main), message, began=len(self.turns.left), number=number)
        self.alive.append(process)
        return process

    def kill(self) -> NoReturn:
        """Let the process that runs die, with all threads of its function: none of them makes another call.

        Raises:
            Killed: always.
        """
        current = self.current()
        for each in current.fellows or [current]:
            each.killed = True
            self.wake(each)
        raise Killed

    def rest(self) -> None:
        """Do nothing until somebody wakes the process that runs."""
        process = self.current()
        self.alive.remove(process)
        self.main.switch()
        if process.killed:
            raise Killed

    def wake(self, process: Process) -> None:
        """Let a process go on."""
        process.until = None
        if process not in self.alive and not process.green.dead:
            self.alive.append(process)

    def pause(self, until: datetime | None = None) -> None:
        """Let everything else have its turn."""
        if not self.none_runs():
            process = self.current()
            process.until = until
            self.main.switch()
            if process.killed:
                raise Killed

    def appoint(self, instant: datetime, action: Callable[[], object]) -> None:
        """Have a client begin something at an instant."""
        self.agenda.append((instant, action))

    def forget_the_dead(self) -> None:
        """Leave out the processes that have ended."""
        self.alive = [process for process in self.alive if not process.green.dead]

    def choices(self) -> Iterator[Callable[[], object]]:
        """List what can happen now: who was delivered last comes first, so that twins overtake."""
        self.alive.sort(key=lambda process: -(process.message.receives if process.message else 1))
        now = self.clock.now()
        for process in self.alive:
            if process.until is None or process.until <= now:
                yield process.green.switch
        for action in self.late:
            yield partial(self.land, action)
        for entry in self.agenda:
            if entry[0] <= now:
                yield partial(self.begin, entry)

    def instants(self) -> list[datetime]:
        """List when something can happen that cannot happen yet."""
        waiting = [process.until for process in self.alive if process.until is not None]
        return waiting + [instant for instant, _ in self.agenda]

    def begin(self, entry: tuple[datetime, Callable[[], object]]) -> None:
        """Begin what was to begin at an instant."""
        self.agenda.remove(entry)
        self.spawn("client", entry[1])

    def land(self, action: Callable[[], object]) -> None:
        """Let a late call take effect, if it still can."""
        self.late.remove(action)
        with suppress(SedoError):
            action()
