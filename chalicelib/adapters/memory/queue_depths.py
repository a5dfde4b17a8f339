"""How many messages stand in the queues that are kept in memory."""

from collections import Counter
from collections.abc import Sequence

from chalicelib.adapters.memory.stores import MemoryQueue
from chalicelib.core.values.queue_depth import QueueDepth


def depths(queue: MemoryQueue) -> Sequence[QueueDepth]:
    """Count the messages of work, of timers, and the dead ones of both."""
    now, counts = queue.clock.now(), [Counter[str]() for _ in range(4)]
    for message in queue.messages.values():
        is_dead = message.dead or (message.receives >= queue.receives and message.visible_at <= now)
        place = "waiting" if message.visible_at <= now else "in_flight" if message.receives else "delayed"
        counts[2 * is_dead + message.timer][place] += 1
    return [QueueDepth(**each, is_dead=number > 1) for number, each in enumerate(counts)]
