"""The tally of an invocation: what its execution has cost since the last write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from chalicelib.core.executions.cost import PARTS, WAIT_UNITS, ExecutionCost, read_units
from chalicelib.core.executions.model import Execution, Status
from chalicelib.core.executions.waiting import AnswerWait
from chalicelib.engine.model import Delivery, Mode

CREATED_WRITES, CREATED_READS = 2, 1
"""What the API puts and reads before a worker begins: the execution, and its entry in the list of its tenant."""
LISTED_WRITES = 1
"""What puts an execution into the list of its tenant, where it runs as it is started."""


class Tally:
    """Counts for one execution; what it holds goes into the item with the next write.

    Args:
        deliveries: the messages with which the work came.
        begun: when it began.
        mode: whose work it is.
    """

    def __init__(self, deliveries: Sequence[Delivery], begun: datetime, mode: Mode) -> None:
        self._deliveries, self._since, self._until = deliveries, begun, begun
        self._is_message = mode is Mode.MESSAGES or mode is Mode.DEAD_LETTERS
        self._writes = self._reads = 0
        self._is_new = True

    def read(self, item: Execution | None) -> None:
        """Count a read of the execution."""
        self._reads += 1 if item is None else read_units(item.item_bytes)

    def lost(self) -> None:
        """Count a write whose condition did not hold."""
        self._writes += 1

    def before_write(
        self, item: Execution, ahead: Execution, places: Mapping[str, Any], now: datetime
    ) -> ExecutionCost:
        """Answer the cost of an execution that is to be written, but for the item itself, rows and large values.

        Args:
            item: as it was read, or written before.
            ahead: as it is to stand.
            places: when the schedule finds it then, and how lists do.
            now: the present instant.
        """
        share = 0.0
        for delivery in self._deliveries:
            share += delivery.share
        self._until = now
        writes, reads = self._writes + _beside(item, ahead, places), self._reads
        calls = requests = 0
        if self._is_new:
            calls = round(share * PARTS)
            if self._is_message:
                sent = sum(delivery.receives == 1 for delivery in self._deliveries)  # each alone; or was given back
                requests = PARTS * sent + 2 * calls
                if item.version == 0:
                    writes, reads = writes + CREATED_WRITES, reads + CREATED_READS
            elif item.version == 0:
                writes += LISTED_WRITES
        before, spent = item.cost, (now - self._since).total_seconds()
        cost = ExecutionCost(
            before.writes + writes,
            before.reads + reads,
            before.requests + requests,
            before.calls + calls,
            before.milliseconds + round(spent * 1000 * share if spent > 0 else 0),
            before.steps,
        )
        return cost if item.version == 0 or item.step == ahead.step else cost.charged(item.step)

    def wrote(self) -> None:
        """Reset the counts: the item that was written has them."""
        self._writes = self._reads = 0
        self._since, self._is_new = self._until, False


def _beside(item: Execution, ahead: Execution, places: Mapping[str, Any]) -> int:
    """Count the write units of what stands beside an item: its entries in indexes, and what is kept of its waits."""
    units = 0
    for before, after in ((item.due_at, places["due_at"]), (item.listed_under, places["listed_under"])):
        if before != after:
            units += 1 if before is None or after is None else 2  # an entry that moves is taken out and put in
    for name, thread in ahead.threads.items():
        wait = thread.wait
        if isinstance(wait, AnswerWait) and wait.is_kept_elsewhere and thread.status is not Status.OVER:
            known = item.threads.get(name)
            if known is None or known.turn != thread.turn:
                units += WAIT_UNITS[wait.what]
    return units
