"""The sweep of schedules: once a minute a timer message is sent for each schedule that is due soon."""

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.log_line import line
from chalicelib.ports import Clock, Queue
from chalicelib.usecases.schedules import AHEAD, ScheduleStore, due_message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.core.executions.inputs import Message

PAGE = 5_000
"""Schedules that one run sends for; the others are left to the next one."""
SENT_TOGETHER = 100
"""Messages after which a run looks whether there is time left."""

log = logging.getLogger("sedo")


def send_due(store: ScheduleStore, queue: Queue, clock: Clock, until: datetime) -> int:
    """Send for schedules that are due, while there is time; answer for how many."""
    sent = 0
    try:
        now = clock.now()
        found = store.due(now + AHEAD, PAGE)
        messages: Sequence[Message] = [due_message(*each, now) for each in found]
        for start in range(0, len(messages), SENT_TOGETHER):
            if clock.now() >= until:
                break
            queue.send(messages[start : start + SENT_TOGETHER])
            sent += len(messages[start : start + SENT_TOGETHER])
    except UnavailableError as error:
        log.warning(line("schedules left to the next run", reason=str(error)))
    except Exception:
        log.exception(line("schedules cannot be swept, and must not keep executions waiting"))
    return sent
