"""Repairs of violated invariants: only those that the command was told to make."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import ViolationKind
from chalicelib.core.waits.task import TaskStatus, closed
from chalicelib.engine.waking import Waking, WakingAll, wake
from chalicelib.usecases.watch import index
from operations.stage import Broken, Stage, readable
from operations.survey import Suspect

if TYPE_CHECKING:
    from chalicelib.engine.model import Dependencies


class Repair(StrEnum):
    """What can be done."""

    WAKE = "wake"
    """Send what the state of an execution asks for: its messages, its tasks, its children."""
    INDEX = "index"
    """Write under which status an execution is kept, and when the schedule is to look at it."""
    WAITS = "waits"
    """Close tasks, and remove waiters, that nobody waits under."""


MENDS: Mapping[ViolationKind, Repair] = {
    ViolationKind.CHILD: Repair.WAKE,
    ViolationKind.STANDING: Repair.WAKE,
    ViolationKind.LATE: Repair.WAKE,
    ViolationKind.WAIT: Repair.WAKE,
    ViolationKind.UNWATCHED: Repair.INDEX,
    ViolationKind.LISTING: Repair.INDEX,
    ViolationKind.TASK: Repair.WAITS,
    ViolationKind.WAITER: Repair.WAITS,
}
"""What mends a violation; the others are for people."""


class Mending:
    """What mends the violations of a stage."""

    def __init__(
        self, stage: Stage, repairs: Iterable[Repair], say: Callable[[str], object], *, restored: bool
    ) -> None:
        self._stage, self._repairs, self._say = stage, frozenset(repairs), say
        self._dependencies: Dependencies = stage.dependencies()
        self._kind = WakingAll if restored else Waking

    def mend(self, suspect: Suspect) -> Sequence[Repair]:
        """Mend what is found under an item, as far as it is told to; answer what it has done."""
        wanted = {MENDS[each.kind] for each in suspect.violations if each.kind in MENDS} & self._repairs
        return [repair for repair in sorted(wanted) if self._is_done(repair, suspect)]

    def _is_done(self, repair: Repair, suspect: Suspect) -> bool:
        match repair:
            case Repair.WAKE:
                return self.wake(suspect.key.partition)
            case Repair.INDEX:
                self._index(suspect.key.partition)
            case Repair.WAITS:
                self._close(suspect)
        return True

    def wake(self, execution_id: str) -> bool:
        """Send what the state of an execution asks for, as it stands now; tell whether that could be done."""
        woken = readable(execution_id, lambda: self._wake(execution_id))
        if isinstance(woken, Broken):
            self._say(f"{execution_id} cannot be woken: {woken.why}")
        return not isinstance(woken, Broken)

    def _wake(self, execution_id: str) -> None:
        item = self._stage.execution(execution_id)
        if not isinstance(item, Execution):
            return
        wake(self._dependencies, item, f"doctor-{uuid4().hex}", self._kind)

    def _index(self, execution_id: str) -> None:
        """Write the due time of an execution that has none, and the status under which it is kept."""
        item, now = self._stage.execution(execution_id), self._dependencies.clock.now()
        if isinstance(item, Broken) or item is None:
            return
        index(self._stage.executions, item, now)

    def _close(self, suspect: Suspect) -> None:
        """Close a task that is open for nobody, or remove a waiter."""
        kinds = {each.kind for each in suspect.violations}
        if ViolationKind.WAITER in kinds:
            self._stage.remove(suspect.key)
        task = self._stage.tasks.get(suspect.key.partition, suspect.key.sort) if ViolationKind.TASK in kinds else None
        if task is not None and task.status is TaskStatus.OPEN:
            self._stage.tasks.update(closed(task, TaskStatus.CANCELLED, None, self._dependencies.clock.now()))
