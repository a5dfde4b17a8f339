"""A stand-in for EventBridge: calls a scheduled function at a fixed rate."""

import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from local.errors import NotDrivenError
from local.lambda_events import scheduled_event

if TYPE_CHECKING:
    from local.functions import Function

RATE = re.compile(r"rate\((?P<value>[1-9]\d*) (?P<unit>minute|hour|day)s?\)")


def rate(expression: str) -> timedelta:
    """Read a rate expression (Amazon EventBridge User Guide, "Rate expressions").

    Raises:
        NotDrivenError: it is something else, such as ``cron(...)``.
    """
    found = RATE.fullmatch(expression)
    if not found:
        raise NotDrivenError(f"{expression} is not driven locally: only rate(...) is")
    return timedelta(**{found["unit"] + "s": int(found["value"])})


def utc_now() -> datetime:
    """Read the clock."""
    return datetime.now(UTC)


class ScheduleDriver:
    """Calls a function at once, and then at the rate of its schedule; time that was slept through is not made up for.

    Raises:
        NotDrivenError: the schedule is not a rate.
    """

    def __init__(self, function: "Function", expression: str, now: Callable[[], datetime] = utc_now) -> None:
        self._function = function
        self._every = rate(expression)
        self._now = now

    def run(self, stop: threading.Event) -> None:
        """Drive the schedule until told to stop."""
        while not stop.is_set():
            started = self._now()
            self._function.invoke(scheduled_event(self._function.name, started))
            stop.wait(max(0.0, (started + self._every - self._now()).total_seconds()))
