"""Worlds in which services are away for long, Lambda starts no function, or a message kills each that works on it."""

from datetime import datetime, timedelta
from typing import Any

from chalicelib.adapters.memory.stores import QueueMessage
from chalicelib.core.definitions.model import Call
from tests.simulation.faults import Fault, Killed
from tests.simulation.world import World


class Interrupted(World):
    """From one call on, something is away for a time."""

    def __init__(self, *args: Any, after: int, lasting: timedelta, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.after, self.lasting = after, lasting
        self.until: datetime | None = None
        self.times = 2

    def is_away(self) -> bool:
        """Tell whether it is away now; it goes only once the client has been answered."""
        if self.until is None and len(self.faults.calls) >= self.after and self.clients.answered:
            self.until = self.clock.now() + self.lasting
        return self.until is not None and self.clock.now() < self.until


class Outage(Interrupted):
    """No store and no queue takes or answers anything; queues deliver, as that is Lambda's affair."""

    def refuses(self, name: str) -> bool:
        """Tell whether a call is of those that are refused."""
        return Fault.REFUSE in self.possible(name)

    def fault(self, name: str) -> Fault | None:
        """Refuse every call that can be refused."""
        refuses = self.is_away() and self.refuses(name)
        return Fault.REFUSE if refuses else super().fault(name)


class SilentQueues(Outage):
    """No queue takes messages, and all else works."""

    def refuses(self, name: str) -> bool:
        """Refuse what is sent."""
        return name == "queue.send"


class SilentStores(Outage):
    """No store answers, and queues work."""

    def refuses(self, name: str) -> bool:
        """Refuse what is not asked of a queue."""
        return super().refuses(name) and not name.startswith("queue.")


class Recurring(Outage):
    """An outage that comes back twice, each time after a few calls have gone well."""

    between = 1

    def is_away(self) -> bool:
        """Tell whether it is away now, and when it is away again."""
        is_away = super().is_away()
        if self.until is not None and not is_away and self.times > 0:
            self.times, self.after, self.until = self.times - 1, len(self.faults.calls) + self.between, None
        return is_away


class Throttled(Interrupted):
    """Messages are received, and Lambda starts no function."""

    def deliver(self, message: QueueMessage) -> None:
        """Count a receive, and do nothing."""
        if self.is_away():
            self.queue.receive(message)
        else:
            super().deliver(message)

    def sweep(self) -> None:
        """Run the schedule, if it can be."""
        if not self.is_away():
            super().sweep()


class Deadly(World):
    """A call whose content is ``deadly`` kills the function that makes it, before or after it is made."""

    def made(self, key: str, call: Call, turn: tuple[str, str, int]) -> None:
        """Make a call, or die of it."""
        params: Any = call.params
        if params.get("content") == "deadly":
            raise Killed
        super().made(key, call, turn)
