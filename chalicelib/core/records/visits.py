"""Visits: the entries of a history, put together by the stay of a thread at a step.

A visit is put together from the entries that the API shows. Where the entries at hand do not reach back to its
beginning, or on to its end, what only those say is null.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from chalicelib.core.executions.model import ROOT, State
from chalicelib.core.records.history import redriven_to
from chalicelib.core.values.json import Json, parse_instant

ShownEntry: TypeAlias = Mapping[str, Any]
"""An entry of history, as the API shows it."""
FindType: TypeAlias = Callable[[str], str | None]
"""Tells the type of a step by its path; None: it is not known."""

STARTED, SUCCEEDED, FAILED, SKIPPED = (
    str(state) for state in (State.STEP_STARTED, State.STEP_SUCCEEDED, State.STEP_FAILED, State.STEP_SKIPPED)
)
STEPS = frozenset({STARTED, SUCCEEDED, FAILED, SKIPPED})
ENDS = {str(state) for state in (State.SUCCEEDED, State.FAILED, State.TIMED_OUT, State.CANCELLED)}
WAITS = frozenset({"wait", "task", "callback", "event", "workflow", "parallel", "map"})
"""Types of steps whose time is spent waiting: for an instant, somebody, or other steps."""
SAME = ("params", "next", "task", "actor", "children", "index", "result", "error")
"""What a visit says as its entries do."""


class Visits:
    """Puts visits together from entries, the oldest first.

    Args:
        type_of: finds the types of steps.
        stash: what the first thread has in its stash before the first entry; None: it is not known.
    """

    def __init__(self, type_of: FindType, stash: Mapping[str, Json] | None = None) -> None:
        self._type_of, self._is_known = type_of, stash is not None
        self._open: dict[str, dict[str, Any]] = {}
        self._stashes: dict[str, dict[str, Json]] = {ROOT: dict(stash or {})}
        self._references: dict[tuple[str, str], Json] = {}
        self.found: list[dict[str, Any]] = []

    def add(self, entry: ShownEntry) -> dict[str, Any] | None:
        """Take the next entry; answer the visit that it belongs to, if it belongs to one."""
        state, thread = entry["state"], entry["thread"]
        if state in ENDS:
            for visit in self._open.values():
                visit["state"] = "stopped"
        if state == State.REDRIVEN:
            self._redrive(entry)
        if state.startswith("Task") and thread in self._open:
            change = {"time": entry["time"], "state": state, "actor": entry.get("actor")}
            self._open[thread].setdefault("people", []).append(change)
            return self._open[thread]
        if state not in STEPS:
            return None
        visit = self._begun(entry) if is_first(entry, self._open.keys()) else self._open[thread]
        self._tell(visit, entry)
        if state == STARTED:
            self._begin_attempt(visit, entry)
        elif state == SKIPPED:
            visit |= {"state": "skipped", "endedAt": entry["time"]}
        else:
            self._end_attempt(visit, entry)
        if visit["state"] in {"succeeded", "failed", "skipped"}:
            self._close(thread)
        return visit

    def _begun(self, entry: ShownEntry) -> dict[str, Any]:
        is_start = entry["state"] in {STARTED, SKIPPED}
        visit: dict[str, Any] = {
            "thread": entry["thread"],
            "turn": entry["turn"] if is_start else None,
            "step": entry["step"],
            "type": self._type_of(entry["step"]),
            "state": "open",
            "startedAt": entry["time"] if is_start else None,
            "endedAt": None,
            "queuedMs": 0,
            "runMs": 0,
            "waitedMs": 0,
            "attempts": [],
            "stash": {},
        }
        self.found.append(visit)
        self._open[entry["thread"]] = visit
        return visit

    def _tell(self, visit: dict[str, Any], entry: ShownEntry) -> None:
        """Take over what an entry says, the references to its large values, and what it left in the stash."""
        visit |= {name: entry[name] for name in SAME if name in entry}
        references = dict(entry.get("references", {}))
        for name, left in (entry.get("stash") or {}).items():
            place = f"/stash/{name.replace('~', '~0').replace('/', '~1')}"
            visit["stash"][name] = change = {"to": left}
            before = self._before(entry["thread"], name)
            if before is not None:
                change["from"] = self._stashes[before].get(name)
                if (known := self._references.get((before, name))) is not None:
                    visit.setdefault("references", {})[f"{place}/from"] = known
            elif self._is_known:
                change["isNew"] = True
            self._stashes.setdefault(entry["thread"], {})[name] = left
            self._references[entry["thread"], name] = moved = references.pop(place, None)
            if moved is not None:
                visit.setdefault("references", {})[f"{place}/to"] = moved
        if references:
            visit.setdefault("references", {}).update(references)

    def _before(self, thread: str, name: str) -> str | None:
        """Find the thread that has left a name before: this one, or the next outer one."""
        while name not in self._stashes.get(thread, ()):
            if thread == ROOT or not (thread := thread.rpartition(".")[0].rpartition(".")[0]):
                return None
        return thread

    def _begin_attempt(self, visit: dict[str, Any], entry: ShownEntry) -> None:
        attempts, queued = visit["attempts"], 0
        if attempts and (due := attempts[-1].get("retryAt")) is not None:
            queued = max(0, milliseconds(due, entry["time"]))
            visit["waitedMs"] += max(0, milliseconds(attempts[-1]["endedAt"], min(due, entry["time"])))
        visit["queuedMs"] += queued
        attempts.append({"number": entry["attempt"], "startedAt": entry["time"], "endedAt": None, "queuedMs": queued})

    def _end_attempt(self, visit: dict[str, Any], entry: ShownEntry) -> None:
        attempts = visit["attempts"]
        if not attempts or attempts[-1]["endedAt"] is not None:
            attempts.append({"number": entry["attempt"], "startedAt": None, "endedAt": None, "queuedMs": 0})
        attempts[-1]["endedAt"] = entry["time"]
        if attempts[-1]["startedAt"] is not None:
            spent = milliseconds(attempts[-1]["startedAt"], entry["time"])
            visit["waitedMs" if visit["type"] in WAITS else "runMs"] += spent
        if entry["state"] == FAILED:
            attempts[-1]["error"] = entry.get("error")
        if (again := entry.get("retry")) is not None:
            attempts[-1]["retryAt"] = again["at"]
        else:
            visit["endedAt"] = entry["time"]
            visit["state"] = "failed" if entry["state"] == FAILED else "succeeded"
            if entry["state"] == SUCCEEDED:
                visit.pop("error", None)

    def _close(self, thread: str) -> None:
        """Forget the visit of a thread; those of threads that it forked stop with it."""
        self._open.pop(thread, None)
        for name in [name for name in self._open if name.startswith(f"{thread}.")]:
            self._open.pop(name)["state"] = "stopped"

    def _redrive(self, entry: ShownEntry) -> None:
        change = entry.get("change") or {}
        for name, each in (change.get("stash") or {}).items():
            self._stashes[ROOT][name] = each["to"]
        for visit in self._open.values():
            visit["state"] = "open"
        if redriven_to(entry) is not None:
            for visit in self._open.values():
                visit["state"] = "stopped"
            self._open.clear()


def is_first(entry: ShownEntry, under_way: Iterable[str]) -> bool:
    """Tell whether an entry of a step is the first one of a visit, where some threads are in the midst of one."""
    is_start = entry["state"] == STARTED and entry["attempt"] == 1
    return is_start or entry["state"] == SKIPPED or entry["thread"] not in under_way


def cut(entries: Sequence[ShownEntry], limit: int, *, newest_first: bool) -> int:
    """Tell how many entries, from the first on, make up so many visits at most."""
    under_way, visits = set[str](), 0
    for number, entry in enumerate(entries):
        state, thread = entry["state"], entry["thread"]
        if state not in STEPS:
            continue
        is_start = state == SKIPPED or (state == STARTED and entry["attempt"] == 1)
        is_end = state in {SUCCEEDED, SKIPPED} or (state == FAILED and "retry" not in entry)
        opens, closes = (is_end, is_start) if newest_first else (is_start, is_end)
        if opens or thread not in under_way:
            if visits == limit:
                return number
            visits += 1
            under_way.add(thread)
        if closes:
            under_way.discard(thread)
    return len(entries)


def milliseconds(since: str, until: str) -> int:
    """Count the milliseconds from one instant to another."""
    return round((parse_instant(until) - parse_instant(since)).total_seconds() * 1000)
