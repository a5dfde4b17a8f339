"""Which event goes to which thread: what is known of one name and key, and how it changes.

A row holds all of that, and is written on condition of its version: so every match is one write. An event is known by
its id while it is kept or matched, and for some time after a thread has taken it; a repeat of it changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from chalicelib.core.executions.model import Signal
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.payload import Slot
from chalicelib.core.values.errors import TooManyEventsError, TooManyWaitersError
from chalicelib.core.values.json import Json, format_instant, parse_instant, pointer
from chalicelib.core.values.value import copy_with, value

MAX_WAITING = LIMITS.key_waiting
MAX_KEPT = LIMITS.key_kept
MAX_DONE = LIMITS.key_done
REMEMBERED = LIMITS.key_remembered

LINGER = timedelta(hours=1)
"""For how long a row stays that says nothing any more: nobody who has read it still means to write it then."""


@value
class Waiter:
    """A thread at a turn, which waits for one event."""

    execution: str
    thread: str
    turn: int


@value
class Correlation:
    """What is known of one name and key; the oldest stands first everywhere."""

    tenant_id: str
    name: str
    key: str
    version: int = 0
    """0 where nothing stands; the transitions leave it as it is, who writes counts it up."""
    waiting: tuple[Waiter, ...] = ()
    kept: tuple[Signal, ...] = ()
    matched: tuple[tuple[Waiter, Signal], ...] = ()
    """Whose event is whose: found, but not known to be taken."""
    done: tuple[tuple[str, datetime], ...] = ()
    """The ids of events that were taken, and up to when they are known."""
    at: datetime | None = None
    """When it was changed last."""


def known(row: Correlation, event_id: str) -> bool:
    """Tell whether an event has come before."""
    kept = any(event.id == event_id for event in row.kept)
    return kept or waiter_of(row, event_id) is not None or any(name == event_id for name, _ in row.done)


def waiter_of(row: Correlation, event_id: str) -> Waiter | None:
    """Tell whose match an event is."""
    return next((waiter for waiter, event in row.matched if event.id == event_id), None)


def fresh(row: Correlation, now: datetime) -> Correlation:
    """Drop what is kept no longer, and forget what was known for long enough."""
    kept = tuple(event for event in row.kept if event.until > now)
    done = tuple((name, until) for name, until in row.done if until > now)
    if (len(kept), len(done)) == (len(row.kept), len(row.done)):
        return row
    return copy_with(row, kept=kept, done=done, at=now)


def subscribe(
    row: Correlation, waiter: Waiter, now: datetime, takes: Callable[[Json], bool]
) -> tuple[Correlation, Signal | None]:
    """Give a waiter its match, or the oldest kept event whose data it takes, or let it wait; answer the event.

    Raises:
        TooManyWaitersError: it would be one too many.
    """
    row = fresh(row, now)
    if (match := _match_of(row, waiter)) is not None:
        return row, match
    waits = waiter in row.waiting
    if not waits and len(row.waiting) + len(row.matched) >= MAX_WAITING:
        raise TooManyWaitersError(
            f"{MAX_WAITING} steps wait for {row.name!r} with this key already: let some go on, or use other keys"
        )
    found = next((event for event in row.kept if takes(event.value)), None)
    if found is not None:
        kept = tuple(event for event in row.kept if event is not found)
        return copy_with(_give(row, waiter, found), kept=kept, at=now), found
    return (row if waits else copy_with(row, waiting=(*row.waiting, waiter), at=now)), None


def publish(row: Correlation, event: Signal, waiter: Waiter | None, now: datetime) -> Correlation:
    """Give an event to one of those who wait, which was found to take it, or to nobody: it is kept then.

    Raises:
        TooManyEventsError: it would be one too many.
    """
    row = fresh(row, now)
    if known(row, event.id):
        return row
    if waiter is None:
        return row if event.until <= now else _keep(row, event, now)
    assert waiter in row.waiting  # noqa: S101 - so it has no match yet
    if len(row.kept) + len(row.matched) >= MAX_KEPT + MAX_WAITING:
        raise _too_many(row)
    return copy_with(_give(row, waiter, event), at=now)


def release(row: Correlation, waiter: Waiter, now: datetime, *, taken: str | None) -> Correlation:
    """Let a waiter go, which has taken the event of an id, or none.

    If its match is not what it has taken, that is for others again, before all that are kept.
    """
    row = fresh(row, now)
    match = _match_of(row, waiter)
    if match is None and waiter not in row.waiting:
        return row
    left = copy_with(
        row,
        waiting=tuple(each for each in row.waiting if each != waiter),
        matched=tuple(pair for pair in row.matched if pair[0] != waiter),
        at=now,
    )
    if match is None:
        return left
    if match.id == taken:
        return copy_with(left, done=(*row.done, (match.id, max(match.until, now + REMEMBERED)))[-MAX_DONE:])
    return copy_with(left, kept=(match, *row.kept)) if match.until > now else left


def expires(row: Correlation) -> datetime | None:
    """Tell when a row says nothing any more, and may go; None: not while somebody waits, or has a match."""
    if row.waiting or row.matched or row.at is None:
        return None
    return max([row.at, *(event.until for event in row.kept), *(until for _, until in row.done)]) + LINGER


def _match_of(row: Correlation, waiter: Waiter) -> Signal | None:
    return next((event for each, event in row.matched if each == waiter), None)


def _give(row: Correlation, waiter: Waiter, event: Signal) -> Correlation:
    waiting = tuple(each for each in row.waiting if each != waiter)
    return copy_with(row, waiting=waiting, matched=(*row.matched, (waiter, event)))


def _keep(row: Correlation, event: Signal, now: datetime) -> Correlation:
    if len(row.kept) >= MAX_KEPT:
        raise _too_many(row)
    return copy_with(row, kept=(*row.kept, event), at=now)


def _too_many(row: Correlation) -> TooManyEventsError:
    return TooManyEventsError(
        f"{len(row.kept)} events {row.name!r} with this key are kept already: wait until steps have taken some"
    )


# -- as JSON


def correlation_json(row: Correlation) -> dict[str, Any]:
    """Write what a row says, without what it is kept under: tenant, name, key and version."""
    document = {
        "waiting": [asdict(waiter) for waiter in row.waiting],
        "kept": [_signal_json(event) for event in row.kept],
        "matched": [{"waiter": asdict(waiter), "event": _signal_json(event)} for waiter, event in row.matched],
        "done": {name: format_instant(until) for name, until in row.done},
        "at": row.at and format_instant(row.at),
    }
    return {name: member for name, member in document.items() if member}


def read_correlation(blank: Correlation, document: Mapping[str, Any]) -> Correlation:
    """Read into a row, which says under what it is kept, what :func:`correlation_json` wrote."""
    at = document.get("at")
    return copy_with(
        blank,
        waiting=tuple(Waiter(**waiter) for waiter in document.get("waiting", ())),
        kept=tuple(_read_signal(blank.name, event) for event in document.get("kept", ())),
        matched=tuple(
            (Waiter(**pair["waiter"]), _read_signal(blank.name, pair["event"])) for pair in document.get("matched", ())
        ),
        done=tuple((name, parse_instant(until)) for name, until in document.get("done", {}).items()),
        at=at and parse_instant(at),
    )


def correlation_slots(document: dict[str, Any]) -> Iterator[Slot]:
    """Find the data of events in the JSON of a row."""
    for index, event in enumerate(document.get("kept", ())):
        yield Slot(pointer(("kept", index, "data")), event, "data")
    for index, pair in enumerate(document.get("matched", ())):
        yield Slot(pointer(("matched", index, "event", "data")), pair["event"], "data")


def _signal_json(event: Signal) -> dict[str, Any]:
    actor = {} if event.by is None else {"actor": event.by}
    return {"id": event.id, "data": event.value, "until": format_instant(event.until), **actor}


def _read_signal(name: str, document: Mapping[str, Any]) -> Signal:
    until = parse_instant(document["until"])
    return Signal(document["id"], name, until, document["data"], document.get("actor"))
