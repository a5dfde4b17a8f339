"""Histories are read, and checked, at the cost of what is read."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.adapters.memory.stores import MemoryHistory
from chalicelib.core.executions.model import Execution, HistoryEntry, Link, State
from chalicelib.core.records.history import Row, new_row, news
from chalicelib.core.values.errors import ExecutionNotFoundError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.history import HistoryReader
from chalicelib.usecases.history_check import HistoryCheck

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
COUNT = 1_200


class CountingHistory(MemoryHistory):
    """Counts the rows that are read, and may be out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.read_rows = 0
        self.is_away = False

    def read(
        self, execution_id: str, behind: str, limit: int, *, newest_first: bool = False, consistent: bool = True
    ) -> Sequence[Row]:
        if self.is_away:
            raise UnavailableError("the store does not answer")
        found = super().read(execution_id, behind, limit, newest_first=newest_first, consistent=consistent)
        self.read_rows += len(found)
        return found


class Lived:
    """An execution that wrote a row each two minutes."""

    def __init__(self) -> None:
        self.store, self.item = CountingHistory(), Execution("t:d:1", "t", "d", 1, "nonce", None, BEGUN, {})
        for number in range(COUNT):
            entry = HistoryEntry(BEGUN + number * timedelta(minutes=2), State.RESUMED, "main", number, "step")
            row = new_row(self.item, "r#1", news(self.item, [entry]))
            self.store.append(row)
            self.item = copy_with(self.item, version=self.item.version + 1, head=row.link)
        self.histories = HistoryReader(self.store, self.read)

    def read(self, tenant_id: str, execution_id: str) -> Execution:
        if (tenant_id, execution_id) != ("t", "t:d:1"):
            raise ExecutionNotFoundError
        return self.item


@pytest.fixture(scope="module")
def made() -> Lived:
    return Lived()


@pytest.fixture
def lived(made: Lived) -> Lived:
    made.store.read_rows = 0
    return made


@pytest.mark.parametrize("number", [0, 1, 700, COUNT - 1])
@pytest.mark.parametrize("newest_first", [False, True])
def test_what_happened_at_an_instant_is_found_by_halving(lived: Lived, number: int, *, newest_first: bool) -> None:
    instant = BEGUN + number * timedelta(minutes=2)
    begin = lived.histories.beginning_at(lived.item, instant, newest_first=newest_first)
    read = lived.histories.newest_first if newest_first else lived.histories.oldest_first
    turns = [record["turn"] for row, _ in read("t", "t:d:1", begin) for record in row.records]
    assert number in turns[:3]
    lived.store.read_rows = 0
    again = lived.histories.beginning_at(lived.item, instant, newest_first=newest_first)
    assert again == begin
    assert lived.store.read_rows < 20


@pytest.mark.parametrize("newest_first", [False, True])
def test_where_nothing_is_from_then_on_nothing_is_read(lived: Lived, *, newest_first: bool) -> None:
    far = BEGUN - timedelta(days=1) if newest_first else BEGUN + timedelta(days=9)
    begin = lived.histories.beginning_at(lived.item, far, newest_first=newest_first)
    read = lived.histories.newest_first if newest_first else lived.histories.oldest_first
    assert len([*read("t", "t:d:1", begin)]) <= 1


def test_a_check_goes_on_where_it_was(lived: Lived) -> None:
    check = HistoryCheck(lived.store, lived.read)
    first = check.begin("t", "t:d:1")
    assert (first.rows, first.goes_on) == (500, True)
    second = check.go_on("t", "t:d:1", first)
    third = check.go_on("t", "t:d:1", second)
    assert (third.rows, third.records, third.goes_on, third.link) == (COUNT, COUNT, False, None)


def test_a_check_finds_what_was_changed_on_a_later_page(lived: Lived) -> None:
    rows = lived.store.rows["t:d:1"]
    before = rows[7]
    rows[7] = copy_with(before, previous=Link("000000000007#r#1", "other"))
    check = HistoryCheck(lived.store, lived.read)
    found = check.go_on("t", "t:d:1", check.go_on("t", "t:d:1", check.begin("t", "t:d:1")))
    rows[7] = before
    assert found.broken is not None
    assert found.broken.row == before.key


def test_a_store_that_does_not_answer_is_no_broken_history(lived: Lived) -> None:
    check = HistoryCheck(lived.store, lived.read)
    lived.store.is_away = True
    with pytest.raises(UnavailableError):
        check.begin("t", "t:d:1")
    lived.store.is_away = False
    with pytest.raises(ExecutionNotFoundError):
        check.begin("t", "other")
