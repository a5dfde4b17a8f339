"""Correlation of events by key: the event, the waiter that it is for, and the steps that wait.

Nothing here is shared: an event is an item, and so is a step that waits; :mod:`chalicelib.engine.signals` says how they
find each other.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Signal
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.payload import Slot
from chalicelib.core.values.json import encode, format_instant, parse_instant
from chalicelib.core.values.value import copy_with, value

MAX_WAITING = LIMITS.key_waiting
MAX_KEPT = LIMITS.key_kept
REMEMBERED = LIMITS.key_remembered

LINGER = timedelta(hours=2)
"""For how long an event stays beyond what is promised: nobody who has read it still means to write it then."""


@value
class Channel:
    """A name and a key of a tenant: events and waiters of one channel are matched."""

    tenant_id: str
    name: str
    key: str
    """Empty: the channel is that of one execution, see :func:`channel_of_sent`."""


def channel_of_sent(execution_id: str, name: str) -> Channel:
    """Make the channel of the events of a name that are sent to an execution by its id.

    Whoever waits in a partition of a `map` of it waits there, too. No name that can be published has a ``/``.
    """
    return Channel(ExecutionId.parse(execution_id).tenant, f"{execution_id}/{name}", "")


@value
class Waiter:
    """A thread at a turn, which waits for one event."""

    execution: str
    thread: str
    turn: int
    since: datetime
    definition: str = ""
    version: int = 0
    step: str = ""
    rank: str = ""
    """Which comes first of those that began at the same instant, where that matters: as text."""

    @property
    def key(self) -> str:
        """Its identity: execution, thread and turn."""
        return hashlib.sha256(encode([self.execution, self.thread, self.turn])).hexdigest()[:32]

    @property
    def place(self) -> str:
        """What a store keeps it under: in the order of their waiting, each under its own."""
        return f"{format_instant(self.since)}#{self.rank}{self.key}"


@value
class Correlation:
    """An event of a channel, and the waiter that it is for."""

    signal: Signal
    at: datetime
    """When it was published."""
    version: int = 1
    """Counts the writes."""
    waiter: Waiter | None = None
    """Who is to have it; None: it is kept."""
    taken: bool = False
    """Whether they have taken it; of one that is nobody's: whether its time is over."""
    was_kept: bool = False
    """Whether it was nobody's once: it is listed until it is taken."""
    known_until: datetime | None = None
    """Of one that was taken: up to when a repeat is known, at least."""


@value
class KeptSignal:
    """The header of an event that is or was kept, and that nobody is known to have taken."""

    id: str
    at: datetime
    until: datetime
    by: str | None = None
    waiter: str | None = None
    """The key of the waiter that it is for by now, and that may not have taken it yet."""

    @property
    def place(self) -> str:
        """What a store lists it under: in the order of their coming, each under its own."""
        return f"{format_instant(self.at)}#{self.id}"


def offered(row: Correlation, waiter: Waiter | None) -> Correlation:
    """Offer an event to another waiter; None: keep it."""
    return copy_with(row, version=row.version + 1, waiter=waiter, was_kept=row.was_kept or waiter is None)


def is_forgotten(row: Correlation, now: datetime) -> bool:
    """Tell whether an event is forgotten: another one can have its id."""
    if row.waiter is not None and (row.known_until is None or row.known_until > now):
        return False
    return row.signal.until <= now


def header(row: Correlation) -> KeptSignal:
    """Answer the header of an event."""
    return KeptSignal(
        row.signal.id, row.at, row.signal.until, row.signal.by, None if row.waiter is None else row.waiter.key
    )


# -- as JSON


def waiter_json(waiter: Waiter) -> dict[str, Any]:
    """Write a waiter."""
    return {
        field.name: format_instant(waiter.since) if field.name == "since" else getattr(waiter, field.name)
        for field in fields(waiter)
        if field.name != "rank" or waiter.rank
    }


def read_waiter(document: Mapping[str, Any]) -> Waiter:
    """Read what :func:`waiter_json` wrote."""
    return Waiter(**{**document, "since": parse_instant(document["since"])})


def correlation_json(row: Correlation) -> dict[str, Any]:
    """Write an event and the waiter that it is for."""
    signal = row.signal
    document = {
        "id": signal.id,
        "until": format_instant(signal.until),
        "at": format_instant(row.at),
        "version": row.version,
        "actor": signal.by,
        "waiter": row.waiter and waiter_json(row.waiter),
        "wasKept": row.was_kept or None,
        "taken": row.taken or None,
        "knownUntil": row.known_until and format_instant(row.known_until),
        "data": signal.value,
    }
    return {name: member for name, member in document.items() if member is not None or name == "data"}


def read_correlation(name: str, document: Mapping[str, Any]) -> Correlation:
    """Read an event of a name that :func:`correlation_json` wrote."""
    until, waiter, known = parse_instant(document["until"]), document.get("waiter"), document.get("knownUntil")
    return Correlation(
        Signal(document["id"], name, until, document.get("data"), document.get("actor")),
        parse_instant(document["at"]),
        document["version"],
        waiter and read_waiter(waiter),
        document.get("taken", False),
        document.get("wasKept", False),
        known and parse_instant(known),
    )


def correlation_slots(document: dict[str, Any]) -> Iterator[Slot]:
    """Find the data of an event in its JSON."""
    if "data" in document:
        yield Slot("/data", document, "data")
