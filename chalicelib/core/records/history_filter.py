"""Filters of history: by state, step, thread, time and text of an entry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core.records.history import SKEW
from chalicelib.core.values.json import encode, format_instant, parse_instant
from chalicelib.core.values.value import value


@value
class HistoryFilter:
    """Which entries of a history are wanted: those to which all of it applies; without anything, every one."""

    kinds: frozenset[str] | None = None
    """Their states."""
    step: str | None = None
    """The path of a step, or its id: what is nested in it counts, too."""
    thread: str | None = None
    """The id of a thread."""
    text: str | None = None
    """Stands in the entry, in small letters or capitals; not in large values, to which the entry only refers."""
    since: datetime | None = None
    until: datetime | None = None

    def wants(self, entry: Mapping[str, Any]) -> bool:
        """Tell whether an entry is wanted, as the API shows it."""
        return (
            (self.kinds is None or entry["state"] in self.kinds)
            and (self.step is None or _is_at(self.step, entry["step"]))
            and self.thread in {None, entry["thread"]}
            and (self.since is None or entry["time"] >= format_instant(self.since))
            and (self.until is None or entry["time"] <= format_instant(self.until))
            and (self.text is None or self.text.casefold() in encode(entry).decode().casefold())
        )

    def is_passed(self, entry: Mapping[str, Any], *, newest_first: bool) -> bool:
        """Tell whether neither an entry nor any behind it, in this order, can be wanted."""
        at = parse_instant(entry["time"])
        if newest_first:
            return self.since is not None and at + SKEW < self.since
        return self.until is not None and at - SKEW > self.until


def _is_at(step: str, path: str) -> bool:
    """Tell whether a path is that of a step, or leads through it."""
    return f"/{step}/" in f"/{path}/"
