"""Which entries of a history are wanted."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core.records.history_filter import HistoryFilter

ENTRY: dict[str, Any] = {
    "time": "2026-01-31T09:00:00.000Z",
    "state": "StepFailed",
    "thread": "main.1.left",
    "turn": 3,
    "step": "fan-out/left/charge",
    "attempt": 1,
    "error": {"message": "the Bank is closed"},
}


def at(minute: int, second: int = 0) -> datetime:
    return datetime(2026, 1, 31, 9, minute, second, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (HistoryFilter(), True),
        (HistoryFilter(kinds=frozenset({"StepFailed"})), True),
        (HistoryFilter(kinds=frozenset({"StepStarted"})), False),
        (HistoryFilter(step="fan-out/left/charge"), True),
        (HistoryFilter(step="fan-out"), True),
        (HistoryFilter(step="charge"), True),
        (HistoryFilter(step="char"), False),
        (HistoryFilter(thread="main.1.left"), True),
        (HistoryFilter(thread="main"), False),
        (HistoryFilter(text="bank IS"), True),
        (HistoryFilter(text="shop"), False),
        (HistoryFilter(since=at(0)), True),
        (HistoryFilter(since=at(1)), False),
        (HistoryFilter(until=at(0)), True),
        (HistoryFilter(until=datetime(2026, 1, 30, tzinfo=UTC)), False),
    ],
)
def test_an_entry_is_wanted_where_all_of_a_filter_applies(wanted: HistoryFilter, *, found: bool) -> None:
    assert wanted.wants(ENTRY) is found


def test_it_reads_a_minute_beyond_its_bounds_as_clocks_differ() -> None:
    since, until = HistoryFilter(since=at(1)), HistoryFilter(until=at(0))
    assert not since.is_passed(ENTRY, newest_first=True)
    assert HistoryFilter(since=at(1, 1)).is_passed(ENTRY, newest_first=True)
    assert not HistoryFilter(since=at(1, 1)).is_passed(ENTRY, newest_first=False)
    later = {**ENTRY, "time": "2026-01-31T09:01:00.000Z"}
    assert not until.is_passed(later, newest_first=False)
    assert until.is_passed({**ENTRY, "time": "2026-01-31T09:01:00.001Z"}, newest_first=False)
    assert not until.is_passed({**ENTRY, "time": "2026-01-31T09:01:00.001Z"}, newest_first=True)
