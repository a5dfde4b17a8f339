"""Events that are matched by key, kept in memory as JSON text."""

import json
from collections.abc import Sequence
from datetime import datetime
from threading import Lock

from chalicelib.core.values.json import encode
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import (
    Channel,
    Correlation,
    KeptSignal,
    Waiter,
    correlation_json,
    header,
    is_forgotten,
    read_correlation,
)


class MemorySignals:
    """Waiters by channel and place; events by channel and id, as text."""

    def __init__(self) -> None:
        self.waiters: dict[Channel, dict[str, Waiter]] = {}
        self.rows: dict[Channel, dict[str, bytes]] = {}
        self._lock = Lock()

    def waiting(
        self, channel: Channel, limit: int, after: str = "", *, newest_first: bool = False, **_: bool
    ) -> Sequence[Waiter]:
        """Read who waits."""
        with self._lock:
            found = sorted(self.waiters.get(channel, {}).items(), reverse=newest_first)
        return [waiter for place, waiter in found if _is_behind(place, after, newest_first)][:limit]

    def count(self, channel: Channel, most: int) -> int:
        """Count who waits."""
        return len(self.waiting(channel, most))

    def wait(self, channel: Channel, waiter: Waiter) -> bool:
        """Write a waiter."""
        with self._lock:
            here = self.waiters.setdefault(channel, {})
            is_new = waiter.place not in here
            here[waiter.place] = waiter
        return is_new

    def leave(self, channel: Channel, waiter: Waiter) -> None:
        """Remove a waiter."""
        with self._lock:
            self.waiters.get(channel, {}).pop(waiter.place, None)

    def kept(
        self, channel: Channel, limit: int, after: str = "", *, newest_first: bool = False
    ) -> Sequence[KeptSignal]:
        """Read the headers of kept events."""
        with self._lock:
            rows = [read_correlation(channel.name, json.loads(text)) for text in self.rows.get(channel, {}).values()]
        heads = (header(row) for row in rows if row.was_kept and not row.taken)
        ordered = sorted(heads, key=lambda head: head.place, reverse=newest_first)
        return [head for head in ordered if _is_behind(head.place, after, newest_first)][:limit]

    def get(self, channel: Channel, event_id: str) -> Correlation | None:
        """Read an event."""
        return self._read(channel, event_id)

    def _read(self, channel: Channel, event_id: str) -> Correlation | None:
        text = self.rows.get(channel, {}).get(event_id)
        return None if text is None else read_correlation(channel.name, json.loads(text))

    def put(self, channel: Channel, row: Correlation, now: datetime) -> Correlation | None:
        """Write an event over the version before it."""
        with self._lock:
            there = self._read(channel, row.signal.id)
            if there is None or (row.version == 1 and is_forgotten(there, now)):
                replaces = row.version == 1
            else:
                replaces = there.version == row.version - 1
            if replaces:
                self.rows.setdefault(channel, {})[row.signal.id] = encode(correlation_json(row))
                return None
            return None if there == row else there

    def mark_taken(self, channel: Channel, event_id: str, waiter: Waiter, until: datetime) -> None:
        """Mark an event as taken."""
        with self._lock:
            row = self._read(channel, event_id)
            if row is not None and row.waiter is not None and row.waiter.key == waiter.key:
                signal = copy_with(row.signal, value=None)
                done = copy_with(row, version=row.version + 1, signal=signal, taken=True, known_until=until)
                self.rows[channel][event_id] = encode(correlation_json(done))


def _is_behind(place: str, after: str, newest_first: bool) -> bool:  # noqa: FBT001 - as the list says it
    return not after or (place < after if newest_first else place > after)
