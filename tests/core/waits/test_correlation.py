from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.executions.model import Signal
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import (
    Channel,
    Correlation,
    KeptSignal,
    Waiter,
    channel_of_sent,
    correlation_json,
    correlation_slots,
    header,
    is_forgotten,
    offered,
    read_correlation,
    read_waiter,
    waiter_json,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
A = Waiter("t:d:a", "main.1.0", 3, NOW, "d", 7, "both/paid")
EVENT = Correlation(Signal("1", "paid", NOW + HOUR, {"n": None}, "ada"), NOW + SECOND)


def test_waiters_stand_in_the_order_of_their_waiting_each_in_a_place_of_its_own() -> None:
    later = [copy_with(A, since=NOW + after) for after in (SECOND, HOUR)]
    assert sorted([*later[::-1], A], key=lambda waiter: waiter.place) == [A, *later]
    others = [copy_with(A, execution="t:d:b"), copy_with(A, thread="main"), copy_with(A, turn=4)]
    assert len({waiter.place for waiter in (A, *others)}) == len({waiter.key for waiter in (A, *others)}) == 4


def test_a_waiter_is_the_same_under_another_version() -> None:
    assert copy_with(A, version=8, definition="e", step="x").place == A.place


def test_events_stand_in_the_order_of_their_coming() -> None:
    heads = [KeptSignal(name, NOW + after, NOW) for name, after in (("z", HOUR * 0), ("a", SECOND), ("b", SECOND))]
    assert sorted([heads[2], heads[0], heads[1]], key=lambda head: head.place) == heads


def test_one_that_was_nobodys_once_is_listed_on() -> None:
    assert not offered(EVENT, A).was_kept
    kept = offered(offered(EVENT, A), None)
    assert (kept.was_kept, kept.version, kept.waiter) == (True, 3, None)
    assert (offered(kept, A).was_kept, offered(kept, A).waiter) == (True, A)


def test_a_header_says_whose_it_is() -> None:
    assert header(EVENT) == KeptSignal("1", NOW + SECOND, NOW + HOUR, "ada")
    assert header(offered(EVENT, A)).waiter == A.key


@pytest.mark.parametrize(
    ("row", "after", "forgotten"),
    [
        (EVENT, HOUR - SECOND, False),
        (EVENT, HOUR, True),
        (offered(EVENT, A), HOUR, False),
        (copy_with(offered(EVENT, A), taken=True, known_until=NOW + 2 * HOUR), HOUR, False),
        (copy_with(offered(EVENT, A), taken=True, known_until=NOW + 2 * HOUR), 2 * HOUR, True),
        (copy_with(offered(EVENT, A), taken=True, known_until=NOW + SECOND), HOUR - SECOND, False),
    ],
)
def test_it_is_known_for_its_time_and_while_somebody_is_to_have_it(
    row: Correlation,
    after: timedelta,
    forgotten: bool,  # noqa: FBT001 - an example
) -> None:
    assert is_forgotten(row, NOW + after) is forgotten


@pytest.mark.parametrize(
    "row",
    [
        EVENT,
        offered(offered(EVENT, None), A),
        copy_with(offered(EVENT, A), taken=True, known_until=NOW + HOUR),
        Correlation(Signal("1", "paid", NOW), NOW),
    ],
)
def test_all_of_it_comes_back_from_json(row: Correlation) -> None:
    assert read_correlation("paid", correlation_json(row)) == row
    assert read_waiter(waiter_json(A)) == A


def test_only_the_data_can_be_large() -> None:
    document = correlation_json(EVENT)
    assert [slot.pointer for slot in correlation_slots(document)] == ["/data"]
    del document["data"]
    assert [*correlation_slots(document)] == []


def test_what_is_sent_to_an_execution_meets_in_a_channel_that_nobody_can_publish_to() -> None:
    channel = channel_of_sent("t:d:1", "paid")
    assert channel == Channel("t", "t:d:1/paid", "")
    assert channel != channel_of_sent("t:d:2", "paid")


def test_of_those_that_began_at_the_same_instant_the_rank_says_who_is_first() -> None:
    first, second = (copy_with(A, thread=thread, rank=rank) for thread, rank in (("b", "1."), ("a", "2.")))
    assert first.place < second.place
    assert read_waiter(waiter_json(second)) == second
    assert "rank" not in waiter_json(A)
