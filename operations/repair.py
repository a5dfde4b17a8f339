"""What can be mended of what a check finds: nothing, unless it is told to."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import uuid4

from chalicelib.core.executions.due import due_at
from chalicelib.core.executions.inputs import Input, Message, StepDue
from chalicelib.core.executions.listing import listed_under
from chalicelib.core.executions.model import Execution, Origin
from chalicelib.core.executions.verify import Patience, ViolationKind, is_standing, status_to_list
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.task import TaskStatus, closed
from chalicelib.engine.due_sweep import SENT_TOGETHER, DueSweep, SendCollector
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import ANSWER_WITHIN, Budget, Delivery, Mode
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


class Waking(Invocation):
    """The sending of all that the state of an execution asks for, and of what lets a thread run that stands.

    Done twice, or to an execution that is driven, it changes nothing but that a call may be made once more.
    """

    patience = Patience()

    def imply_due(self, item: Execution) -> None:
        """Send what every thread asks for, be it due or not."""
        now = self.dependencies.clock.now()
        for thread in item.threads.values():
            self.imply(item, thread)
            if is_standing(item, thread, now, self.patience):
                self.post([Message(item.id, StepDue(*thread.key))])


class WakingAll(Waking):
    """The same where the queues are empty: nobody is at work on what runs."""

    patience = Patience(timedelta(0), timedelta(0))


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
        now, token = self._dependencies.clock.now(), f"doctor-{uuid4().hex}"
        collector = SendCollector(self._dependencies.queue)
        dependencies = copy_with(self._dependencies, queue=collector)
        delivery = Delivery(Origin.SCHEDULE.name_message(token), Message(item.id, Input("", 0)), found=item)
        self._kind(dependencies, token, [delivery], Budget(now + ANSWER_WITHIN), Mode.SWEEP).run()
        messages = DueSweep(self._dependencies, token, now).needed(collector.messages, {item.id: item})
        for start in range(0, len(messages), SENT_TOGETHER):
            self._dependencies.queue.send(messages[start : start + SENT_TOGETHER])

    def _index(self, execution_id: str) -> None:
        """Write the due time of an execution that has none, and the status under which it is kept."""
        item, now = self._stage.execution(execution_id), self._dependencies.clock.now()
        if isinstance(item, Broken) or item is None:
            return
        due = due_at(item, now) if item.due_at is None else item.due_at
        listed = copy_with(item, due_at=due)
        if item.listed_under not in (right := status_to_list(listed)):
            status = listed_under(listed, now)
            listed = copy_with(listed, listed_under=status if status in right else next(iter(right)))
        self._stage.executions.defer(execution_id, item.due_at, due, listed)

    def _close(self, suspect: Suspect) -> None:
        """Close a task that is open for nobody, or remove a waiter."""
        kinds = {each.kind for each in suspect.violations}
        if ViolationKind.WAITER in kinds:
            self._stage.remove(suspect.key)
        task = self._stage.tasks.get(suspect.key.partition, suspect.key.sort) if ViolationKind.TASK in kinds else None
        if task is not None and task.status is TaskStatus.OPEN:
            self._stage.tasks.update(closed(task, TaskStatus.CANCELLED, None, self._dependencies.clock.now()))
