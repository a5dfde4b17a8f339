"""What happens once a minute: executions that come due are sent the messages that they ask for."""

import logging
from datetime import datetime, timedelta

from chalicelib.core.decide import LONGEST_DELAY, implied
from chalicelib.core.errors import UnavailableError
from chalicelib.engine import Ports

GRACE = timedelta(minutes=5)
"""How long after its time a message that the schedule sent is taken for lost, and sent again."""

log = logging.getLogger("sedo")


def arm(ports: Ports, limit: int = 1000) -> int:
    """Send what executions that come due ask for: long waits that a message can span now, starts that were not sent.

    Sends, then moves the due time on: whatever happens between, the next run sends again.

    Returns:
        How many executions were taken up.
    """
    now = ports.clock.now()
    return sum(_arm(ports, name, seen, now) for name, seen in ports.executions.due(now + LONGEST_DELAY, limit))


def _arm(ports: Ports, execution_id: str, seen: datetime, now: datetime) -> bool:
    again = now
    try:
        item = ports.executions.get(execution_id)
        if item is not None and item.version == 0 and seen > now:
            return False
        messages = [implied(item, thread, now) for thread in item.threads.values()] if item else []
        ports.queue.send([message for message in messages if message is not None])
        again = now if item is not None and item.version == 0 else now + LONGEST_DELAY
    except UnavailableError:
        log.warning("execution %s is left to the next run", execution_id)
        return False
    except Exception:
        log.exception("execution %s cannot be armed, and must not keep others waiting", execution_id)
    ports.executions.defer(execution_id, seen, max(seen, again) + GRACE)
    return True
