"""The pace of a check: it reads so many units a second, so that it takes nothing from those who work."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

READS = ("BatchGetItem", "GetItem", "Query", "Scan")
RESOLUTION = 0.001
"""Seconds; it waits for no less."""
LEAST_UNITS = 0.5
"""Of a read whose answer does not say what it took."""


class Pace:
    """A token bucket of read units: it fills at a rate, holds those of a second, and may be overdrawn by one read."""

    def __init__(
        self,
        units: float,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self.rate, self.spent = units, 0.0
        self._left, self._filled = units, now()
        self._now, self._sleep = now, sleep
        self._lock = Lock()

    def wait(self) -> None:
        """Wait until there is something in the bucket."""
        while (seconds := self._missing()) >= RESOLUTION:
            self._sleep(seconds)

    def spend(self, units: float) -> None:
        """Take out what a read took."""
        with self._lock:
            self._left -= units
            self.spent += units

    def _missing(self) -> float:
        """Tell how many seconds it takes until there is something in it."""
        with self._lock:
            now = self._now()
            self._left = min(self.rate, self._left + (now - self._filled) * self.rate)
            self._filled = now
            return max(0.0, -self._left / self.rate)


@contextmanager
def metered(client: "DynamoDBClient", pace: Pace) -> Iterator[None]:
    """Let every read of a client wait for its turn, and spend what DynamoDB says that it took."""
    events = client.meta.events

    def before(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"
        pace.wait()

    def after(parsed: Mapping[str, Any], **_: object) -> None:
        found = parsed.get("ConsumedCapacity", ())
        each = found if isinstance(found, list) else [found] if found else []
        pace.spend(sum(one["CapacityUnits"] for one in each) or LEAST_UNITS)

    hooks: list[tuple[str, Callable[..., None]]] = []
    for name in READS:
        hooks += [(f"provide-client-params.dynamodb.{name}", before), (f"after-call.dynamodb.{name}", after)]
    for event, hook in hooks:
        events.register(event, hook)
    try:
        yield
    finally:
        for event, hook in hooks:
            events.unregister(event, hook)
