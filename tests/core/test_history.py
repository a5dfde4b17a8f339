from datetime import UTC, datetime

import pytest

from chalicelib.core.errors import HistoryBrokenError
from chalicelib.core.history import Row, anchor, chained, new_row
from chalicelib.core.model import Link, Record, State

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def row(version: int, previous: Row | None, writer: str = "r#1") -> Row:
    record = Record(NOW, State.STEP_STARTED, "main", version, "step", result=writer)
    return new_row("t:d:1", version, writer, previous and previous.link, [record])


def rows(count: int) -> list[Row]:
    made: list[Row] = []
    for version in range(1, count + 1):
        made.append(row(version, made[-1] if made else None))
    return made


def test_rows_on_the_chain_count_in_order_and_losers_do_not() -> None:
    first, second, third = rows(3)
    loser = row(2, first, "other#1")
    assert chained([first, loser, second, third], third.link) == [first, second, third]


def test_a_changed_row_is_noticed() -> None:
    first, second = rows(2)
    changed = Row(first.execution, first.key, first.previous, [{"state": "StepFailed"}])
    with pytest.raises(HistoryBrokenError):
        chained([changed, second], second.link)


def test_a_missing_row_is_noticed() -> None:
    first, _, third = rows(3)
    with pytest.raises(HistoryBrokenError):
        chained([first, third], third.link)


def test_a_page_ends_before_the_version_it_goes_on_after() -> None:
    _, second, third = rows(3)
    assert chained([second, third], third.link, after=1) == [second, third]


class TestAnchor:
    def test_the_newest_row_is_sure(self) -> None:
        made = rows(3)
        assert anchor(made, made[-1].link, 3) == made[-1].link
        assert anchor(made, made[-1].link, 2) == made[-1].link
        assert anchor(made[:2], made[-1].link, 3) is None

    def test_the_only_row_of_a_version_that_is_read_whole_is_sure(self) -> None:
        made = rows(5)
        assert anchor(made[:3], made[-1].link, 2) == made[1].link

    def test_rivals_of_one_version_ask_for_more_rows(self) -> None:
        made = rows(5)
        rival = row(2, made[0], "other#1")
        assert anchor([made[0], rival, made[1], made[2]], made[-1].link, 2) is None
        assert anchor([], made[-1].link, 2) is None
        assert anchor([made[0], rival, *made[1:4]], made[-1].link, 2) == made[2].link


def test_the_link_of_a_row_covers_all_of_it() -> None:
    first, second = rows(2)
    assert isinstance(second.previous, Link)
    assert second.previous == first.link
    assert Row(second.execution, second.key, None, second.records).link != second.link
    assert Row("other", second.key, second.previous, second.records).link != second.link
