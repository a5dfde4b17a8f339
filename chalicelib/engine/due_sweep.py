"""What happens once a minute: executions that come due are sent the messages that they ask for."""

import logging
from datetime import datetime, timedelta

from chalicelib.core.executions.implied import LONGEST_DELAY, due_at
from chalicelib.core.executions.inputs import Input, Message
from chalicelib.core.executions.model import Execution, Origin
from chalicelib.core.values.errors import UnavailableError
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import ANSWER_WITHIN, Budget, Delivery, Dependencies, Mode
from chalicelib.engine.observers import line

GRACE = timedelta(minutes=5)
"""How long after its time a message that the schedule sent is taken for lost, and sent again."""

log = logging.getLogger("sedo")


def sweep_due(dependencies: Dependencies, token: str, limit: int = 1000) -> int:
    """Send what executions that come due ask for: long waits that a message can span now, and what was not sent.

    Sends, then moves the due time on: whatever happens between, the next run sends again.

    Args:
        dependencies: what to work with.
        token: names this run, once and for ever.
        limit: of executions in one run.

    Returns:
        How many executions were taken up.
    """
    now = dependencies.clock.now()
    found = dependencies.executions.due(now + LONGEST_DELAY, limit)
    return sum(_sweep_one(dependencies, f"{token}-{number}", name, seen) for number, (name, seen) in enumerate(found))


def _sweep_one(dependencies: Dependencies, token: str, execution_id: str, seen: datetime) -> bool:
    now = dependencies.clock.now()
    later: datetime | None = now + LONGEST_DELAY + GRACE
    try:
        item = dependencies.executions.get(execution_id)
        if item is not None and seen > now and _is_sent_soon(item, seen):
            return False
        if item is not None:
            later = _later(_send_implied(dependencies, execution_id, token) or item, now)
    except UnavailableError:
        log.warning(line("execution left to the next run", execution=execution_id, request=token))
        return False
    except Exception:
        log.exception(
            line("execution cannot be swept, and must not keep others waiting", execution=execution_id, request=token)
        )
    dependencies.executions.defer(execution_id, seen, later)
    return True


def _send_implied(dependencies: Dependencies, execution_id: str, token: str) -> Execution | None:
    """Send whatever the state of an execution implies; answer it as it stands."""
    delivery = Delivery(Origin.SCHEDULE.name_message(token), Message(execution_id, Input("", 0)))
    budget = Budget(dependencies.clock.now() + ANSWER_WITHIN)
    return Invocation(dependencies, token, [delivery], budget, Mode.SWEEP).result()


def _is_sent_soon(item: Execution, seen: datetime) -> bool:
    """Tell whether whoever wrote an execution may still be about to send what it asks for."""
    natural = due_at(item)
    return natural is None or seen < natural


def _later(item: Execution, now: datetime) -> datetime | None:
    """Tell when to look again at an execution whose messages have been sent."""
    if item.version == 0:
        return now + GRACE
    natural = due_at(item)
    if natural is None or natural > now + LONGEST_DELAY:
        return natural
    return max(natural, now + LONGEST_DELAY) + GRACE
