"""``?wait``: polls an execution until it ends or is paused, less and less often, for some seconds at most."""

from contextlib import suppress
from threading import BoundedSemaphore

from chalicelib.core.executions.model import Execution
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.shown import Outline, Selection, nothing
from chalicelib.core.values.errors import UnavailableError
from chalicelib.ports import Clock, ExecutionStore

FIRST, LONGEST = 0.02, 1.0
"""Seconds between two looks, at least and at most."""
LATE = 0.25
"""The part of what has passed by which an end is seen too late, at most. A look costs what a function of 512 MB does
in 10 ms."""


class EndWatch:
    """Looks at executions until they end or stand still; so many at once in this process, others are not waited for."""

    def __init__(self, executions: ExecutionStore, clock: Clock, at_once: int = LIMITS.waits_at_once) -> None:
        self._executions, self._clock = executions, clock
        self._places = BoundedSemaphore(at_once)

    def outline(
        self, execution_id: str, selection: Selection, wait: float = 0, *, is_known: bool = False
    ) -> Outline | None:
        """Read an execution once it has ended or is paused, or as it is after some seconds; None: there is none.

        One that is paused at the first look is waited for: whoever asks again and again would get answers at once.
        The first look, unless it ``is_known``, and the last one are strongly consistent. Those between cost half, read
        no large value, and one that is not answered is left out.

        Raises:
            UnavailableError: the store did not answer the first, or the last, look.
        """
        if wait <= 0 or not self._places.acquire(blocking=False):
            return self._executions.outline(execution_id, selection)
        try:
            first = None if is_known else self._executions.outline(execution_id, selection)
            if not is_known and (first is None or first.execution.ended):
                return first
            before = None if first is None else first.execution
            return self._watched(execution_id, wait, before) or self._executions.outline(execution_id, selection)
        finally:
            self._places.release()

    def _watched(self, execution_id: str, wait: float, before: Execution | None) -> Outline | None:
        """Look until an execution has stopped, or for some seconds; None: it is to be read once more."""
        began, passed, pause = self._clock.now(), 0.0, FIRST
        while wait - passed > pause:
            self._clock.sleep(pause)
            with suppress(UnavailableError):
                found = self._executions.outline(execution_id, nothing, consistent=False)
                if found is not None and _has_stopped(found.execution, before):
                    return None if found.left_out else found
            passed = (self._clock.now() - began).total_seconds()
            pause = min(max(FIRST, LATE * passed), LONGEST)
        self._clock.sleep(max(wait - passed, 0))
        return None


def _has_stopped(execution: Execution, before: Execution | None) -> bool:
    """Tell whether an execution has ended, or been paused, since the first look; another can show what was before."""
    if before is None:
        return execution.ended or execution.paused
    is_newer = execution.version > before.version
    return is_newer and (execution.ended or (execution.paused and execution.paused_at != before.paused_at))
