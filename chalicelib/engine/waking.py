"""The waking of a stuck execution: all that its state implies is sent again, and a message for each stuck thread."""

from datetime import timedelta

from chalicelib.core.executions.inputs import Input, Message, StepDue
from chalicelib.core.executions.model import Execution, Origin
from chalicelib.core.executions.verify import Patience, is_standing
from chalicelib.core.values.value import copy_with
from chalicelib.engine.due_sweep import SENT_TOGETHER, DueSweep, SendCollector, needed
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import SWEEP_WITHIN, Budget, Delivery, Dependencies, Mode


class Waking(Invocation):
    """Sends all that the state of an execution implies, and the message that lets a stuck thread run.

    Done twice, or to an execution that is not stuck, it changes nothing but that a call may be made once more.
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
    """The same where the queues are empty: every ready thread counts as stuck at once."""

    patience = Patience(timedelta(0), timedelta(0))


def wake(dependencies: Dependencies, item: Execution, token: str, kind: type[Waking] = Waking) -> None:
    """Send what the state of an execution asks for, as it was just read, but what is under way; ``token`` names it.

    Raises:
        UnavailableError: some may not have been sent.
    """
    now, collector = dependencies.clock.now(), SendCollector(dependencies.queue)
    collecting = copy_with(dependencies, queue=collector)
    delivery = Delivery(Origin.SCHEDULE.name_message(token), Message(item.id, Input("", 0)), found=item)
    kind(collecting, token, [delivery], Budget(now + SWEEP_WITHIN), Mode.SWEEP).run()
    children = DueSweep(dependencies, token, now).children(collector.messages, {item.id: item})
    messages = needed(collector.messages, children)
    for start in range(0, len(messages), SENT_TOGETHER):
        dependencies.queue.send(messages[start : start + SENT_TOGETHER])
