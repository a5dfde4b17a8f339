"""The chain of a history, followed a few rows at a time."""

from chalicelib.core.records.chain import ChainCheck
from chalicelib.core.values.value import copy_with
from tests.core.records.test_history import rows


def test_a_chain_is_followed_from_one_page_of_rows_to_the_next() -> None:
    stored = rows(5)
    check = ChainCheck(stored[-1].link)
    assert check.goes_on
    check, counted = check.over(stored[:2:-1], is_all=False)
    assert (check.rows, check.link, counted) == (2, stored[2].link, stored[:2:-1])
    check, counted = check.over(stored[2::-1], is_all=True)
    assert (check.rows, check.records, check.link, check.goes_on) == (5, 5, None, False)
    assert counted == stored[2::-1]


def test_what_comes_first_in_the_next_page_is_not_taken_for_missing() -> None:
    stored = rows(3)
    check, _ = ChainCheck(stored[-1].link).over(stored[:1:-1], is_all=False)
    assert check.broken is None
    check, _ = check.over(stored[:1], is_all=True)
    assert check.broken is not None
    assert (check.broken.row, check.broken.why) == (
        stored[1].key,
        f"row {stored[1].key} is missing, which row {stored[2].key} names",
    )
    assert not check.goes_on


def test_the_first_row_that_was_changed_is_the_end_of_it() -> None:
    stored = rows(3)
    changed = copy_with(stored[1], previous=None)
    check, counted = ChainCheck(stored[-1].link).over([stored[2], changed, stored[0]], is_all=True)
    assert counted == [stored[2]]
    assert check.broken is not None
    assert check.broken.why == f"row {changed.key} was changed: it is not what row {stored[2].key} names"
