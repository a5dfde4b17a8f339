"""The check of waits: whether the tasks and the waiters of an execution are in their tables."""

from collections.abc import Mapping
from datetime import datetime

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.verify import Patience
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.correlation import Channel, Waiter
from chalicelib.core.waits.verify import task_of, wait_violations, waiting_for_answers
from chalicelib.engine.waits import channel_of, waiter_of
from chalicelib.ports import SignalStore, TaskStore

LOOKED_AT = 20
"""Waits of one execution that are looked at: tasks in one request, each waiter in one of its own."""


@value
class KeptWaits:
    """Looks for the tasks and the waiters of executions."""

    tasks: TaskStore
    signals: SignalStore

    def lost(self, execution: Execution, now: datetime) -> Mapping[str, str]:
        """Tell what is wrong with the waits of threads, by the id of the thread; what began just now is not looked at.

        Raises:
            UnavailableError: a store did not answer.
        """
        before, patience = now - Patience().message, Patience()
        old = [each for each in waiting_for_answers(execution) if each[0].since < before][:LOOKED_AT]
        if not old:
            return {}
        names = [task_of(execution, thread) for thread, wait in old if wait.what is AnswerKind.TASK]
        tasks = self.tasks.headers(execution.tenant_id, names) if names else {}
        waiting = {
            thread.key
            for thread, wait in old
            if wait.event_key is not None
            and self._is_waiting(
                channel_of(execution, wait.name, wait.event_key), waiter_of(execution, thread, wait.event_key)
            )
        }
        seen = copy_with(execution, threads={thread.id: thread for thread, _ in old})
        return {each.thread: each.detail for each in wait_violations(seen, tasks, waiting, now, patience)}

    def _is_waiting(self, channel: Channel, waiter: Waiter) -> bool:
        """Look right behind the place before that of the waiter."""
        return any(each.place == waiter.place for each in self.signals.waiting(channel, 1, waiter.place[:-1]))
