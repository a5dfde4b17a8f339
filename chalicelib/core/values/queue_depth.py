"""How many messages stand in a queue."""

from chalicelib.core.values.value import value


@value
class QueueDepth:
    """Counts of the messages of a queue, as the queue tells them: approximate, and of all tenants."""

    waiting: int = 0
    """Messages that can be received now."""
    delayed: int = 0
    """Messages that can be received later."""
    in_flight: int = 0
    """Messages that were received, and are neither deleted nor visible again."""
    is_dead: bool = False
    """Whether it is a dead-letter queue."""
