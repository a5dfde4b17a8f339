"""Which child executions an execution should have heard of by now, and has not: what was to tell it was lost."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

from chalicelib.core.executions.factory import living
from chalicelib.core.executions.listing import Summary
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.executions.waiting import ChildJoin


def awaited(execution: Execution, before: datetime, most: int) -> list[str]:
    """Name the child executions, ``most`` at most, whose end threads have waited for since before an instant."""
    if execution.ended or execution.paused:
        return []
    old = (each for each in execution.threads.values() if each.since < before and each.status is not Status.OVER)
    return [*islice((name for thread in old for name in living(execution, thread)), most)]


def unheard(
    execution: Execution, there: Mapping[str, Execution | Summary | None], now: datetime, grace: timedelta
) -> Iterator[str]:
    """Say which of its child executions ended, or should have begun, more than a ``grace`` ago.

    Args:
        execution: which waits for them.
        there: those that were looked at, by id; None: there is none.
        now: the present instant.
        grace: how long a message may be on its way.
    """
    for thread in execution.threads.values():
        for name in filter(there.__contains__, living(execution, thread)):
            child = there[name]
            if child is not None and child.ended_at is not None and child.ended_at + grace <= now:
                yield f"it waits for {name}, which ended at {child.ended_at:%Y-%m-%dT%H:%M:%SZ}"
            elif child is None and isinstance(thread.join, ChildJoin) and thread.since + grace <= now:
                yield f"it waits for {name}, which does not exist"
