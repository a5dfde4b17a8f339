"""The backoff of messages that are given back: after how many seconds the queue delivers them again.

A queue hides a message for its visibility timeout, six times the time of a function, so that nobody gets it while the
function that has it may still run. A function that gives a message back has nothing in flight, so it may shorten that:
an outage of a second then costs seconds. To the rest of the engine it is a message that was delivered twice.
A message under which another request may still drive something stays hidden for the whole visibility timeout.
"""

from collections.abc import Sequence
from datetime import timedelta
from zlib import crc32

from chalicelib.engine.model import Delivery

BASE, RATE = 2, 4
"""Seconds of the first pause at most, and how many times as long the next one may be."""

LONGEST = timedelta(minutes=6)
"""Of a pause: the visibility timeout of the queues."""

LONGEST_OF_DEAD = timedelta(minutes=15)
"""Of a pause of a dead letter: how much later than an outage ends what it held up goes on."""

LONGEST_HIDDEN = timedelta(seconds=43_000)
"""SQS hides a message for 12 hours from its receipt (Amazon SQS Developer Guide, "visibility timeout"). So long may be
the pause of a request that came before what starts its execution: that may never come."""

_PRECISION = 1 << 32


def pauses(deliveries: Sequence[Delivery], longest: timedelta) -> dict[str, int]:
    """Choose by message after how many seconds it is to come again: at random, up to a bound that grows."""
    return {delivery.id: pause(delivery.id, delivery.receives, longest) for delivery in deliveries}


def pause(message: str, receives: int, longest: timedelta) -> int:
    """Choose a pause, the same one for the same receive of a message."""
    most = min(longest.total_seconds(), BASE * RATE ** min(receives - 1, 10))
    chance = crc32(f"{message}/{receives}".encode()) / _PRECISION
    return 1 + int(chance * (most - 1))
