"""The engine, put together from ports."""

from collections.abc import Callable
from typing import Any

from chalicelib.engine.model import Dependencies
from chalicelib.engine.signals import Signals
from chalicelib.ports import Calls, Clock, Definitions, ExecutionStore, HistoryStore, Queue, SignalStore, TaskStore


def compose(  # noqa: PLR0913 - the ports, by keyword
    *,
    executions: ExecutionStore,
    definitions: Definitions,
    history: HistoryStore,
    queue: Queue,
    tasks: TaskStore,
    signals: SignalStore,
    clock: Clock,
    calls: Callable[[], Calls],
    **others: Any,  # noqa: ANN401 - what else Dependencies has
) -> Dependencies:
    """Put together what invocations work with: for functions, dry runs and tests, whatever their ports are.

    Args:
        executions: the store of executions.
        definitions: parsed definitions.
        history: the store of history rows.
        queue: the queues of work and of timers.
        tasks: the store of people's tasks.
        signals: the store of signals that are matched by key.
        clock: the time.
        calls: makes what carries out the calls of an invocation.
        others: members of :class:`~chalicelib.engine.model.Dependencies` that have defaults.
    """
    return Dependencies(
        executions=executions,
        definitions=definitions,
        history=history,
        queue=queue,
        clock=clock,
        calls=calls,
        tasks=tasks,
        signals=Signals(signals, clock),
        **others,
    )
