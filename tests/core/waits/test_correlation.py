from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.core.executions.model import Signal
from chalicelib.core.values.errors import TooManyEventsError, TooManyWaitersError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import (
    LINGER,
    MAX_DONE,
    MAX_KEPT,
    MAX_WAITING,
    REMEMBERED,
    Correlation,
    Waiter,
    correlation_json,
    correlation_slots,
    expires,
    fresh,
    known,
    publish,
    read_correlation,
    release,
    subscribe,
    waiter_of,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)
BLANK = Correlation("t", "paid", "order-1")
A, B, C = (Waiter(f"t:d:{name}", "main", 3) for name in "abc")


def event(name: str, data: Json = None, until: datetime = NOW + DAY) -> Signal:
    return Signal(name, "paid", until, data)


def anything(data: Json) -> bool:
    return True


def nothing(data: Json) -> bool:
    return False


def waiting(*waiters: Waiter) -> Correlation:
    return copy_with(BLANK, waiting=waiters, at=NOW)


def kept(*events: Signal) -> Correlation:
    return copy_with(BLANK, kept=events, at=NOW)


def matched(*pairs: tuple[Waiter, Signal]) -> Correlation:
    return copy_with(BLANK, matched=pairs, at=NOW)


class TestSubscribe:
    def test_who_finds_nothing_waits_behind_the_others(self) -> None:
        assert subscribe(waiting(A), B, NOW + SECOND, anything) == (copy_with(waiting(A, B), at=NOW + SECOND), None)

    def test_again_nothing_changes(self) -> None:
        row = waiting(A, B)
        same, found = subscribe(row, A, NOW + SECOND, anything)
        assert same is row
        assert found is None

    def test_the_oldest_event_that_is_taken_becomes_the_match(self) -> None:
        row = kept(event("1", "no"), event("2", "yes"), event("3", "yes"))
        row, found = subscribe(row, A, NOW + SECOND, lambda data: data == "yes")
        assert found == event("2", "yes")
        assert (row.kept, row.matched) == ((event("1", "no"), event("3", "yes")), ((A, event("2", "yes")),))
        assert (row.waiting, row.at) == ((), NOW + SECOND)

    def test_who_is_matched_gets_that_match_again_whatever_else_is_kept(self) -> None:
        row = copy_with(matched((B, event("0")), (A, event("1"))), kept=(event("2"),))
        same, found = subscribe(row, A, NOW, anything)
        assert same is row
        assert found == event("1")

    def test_a_match_is_not_lost_by_time(self) -> None:
        row = matched((A, event("1")))
        assert subscribe(row, A, NOW + 2 * DAY, anything) == (row, event("1"))

    def test_who_waits_already_looks_at_what_is_kept_again(self) -> None:
        row, found = subscribe(copy_with(waiting(A, B), kept=(event("1"),)), B, NOW, anything)
        assert found == event("1")
        assert (row.waiting, row.kept, row.matched) == ((A,), (), ((B, event("1")),))

    def test_what_has_expired_is_for_nobody(self) -> None:
        row, found = subscribe(kept(event("1")), A, NOW + DAY, anything)
        assert found is None
        assert (row.waiting, row.kept) == ((A,), ())

    def test_an_event_may_be_nothing_but_its_id(self) -> None:
        _, found = subscribe(kept(event("1", None)), A, NOW, lambda data: data is None)
        assert found == event("1")

    def test_no_more_wait_than_can(self) -> None:
        crowd = tuple(Waiter("t:d:x", "main", turn) for turn in range(MAX_WAITING - 1))
        row, _ = subscribe(copy_with(waiting(*crowd[1:]), matched=((crowd[0], event("1")),)), A, NOW, nothing)
        with pytest.raises(TooManyWaitersError, match="1000 steps wait for 'paid' with this key already"):
            subscribe(row, B, NOW, nothing)
        assert subscribe(row, A, NOW, nothing) == (row, None)
        assert subscribe(row, crowd[0], NOW, nothing) == (row, event("1"))


class TestPublish:
    def test_who_takes_it_has_it(self) -> None:
        row = publish(waiting(A, B, C), event("1"), B, NOW + SECOND)
        assert (row.waiting, row.matched) == ((A, C), ((B, event("1")),))
        assert (row.kept, row.at) == ((), NOW + SECOND)

    def test_otherwise_it_is_kept_behind_the_others(self) -> None:
        row = publish(copy_with(kept(event("1")), waiting=(A,)), event("2"), None, NOW + SECOND)
        assert (row.kept, row.waiting, row.at) == ((event("1"), event("2")), (A,), NOW + SECOND)

    def test_one_that_is_kept_for_no_time_is_given_but_not_kept(self) -> None:
        brief = event("1", until=NOW)
        row = waiting(A)
        assert publish(row, brief, None, NOW) is row
        assert publish(row, brief, A, NOW).matched == ((A, brief),)

    @pytest.mark.parametrize(
        "row",
        [
            copy_with(kept(event("0"), event("1")), waiting=(A,)),
            copy_with(matched((B, event("0")), (C, event("1"))), waiting=(A,)),
            copy_with(waiting(A), done=(("0", NOW + DAY), ("1", NOW + DAY))),
        ],
        ids=["kept", "matched", "done"],
    )
    @pytest.mark.parametrize("waiter", [A, None])
    def test_one_that_is_known_changes_nothing(self, row: Correlation, waiter: Waiter | None) -> None:
        assert known(row, "1")
        assert publish(row, event("1", "other"), waiter, NOW) is row

    def test_whose_it_is_can_be_told(self) -> None:
        row = copy_with(matched((B, event("0")), (A, event("1"))), kept=(event("2"),), done=(("3", NOW + DAY),))
        assert [waiter_of(row, name) for name in ("0", "1", "2", "3", "4")] == [B, A, None, None, None]
        assert [known(row, name) for name in ("0", "1", "2", "3", "4")] == [True, True, True, True, False]

    def test_one_that_is_forgotten_is_new(self) -> None:
        row = publish(copy_with(waiting(A), done=(("1", NOW + DAY),)), event("1"), A, NOW + DAY)
        assert (row.matched, row.done) == (((A, event("1")),), ())

    def test_no_more_are_kept_than_can(self) -> None:
        row = kept(*(event(str(n)) for n in range(MAX_KEPT - 1)))
        row = publish(copy_with(row, waiting=(A,)), event("last"), None, NOW)
        with pytest.raises(TooManyEventsError, match="100 events 'paid' with this key are kept already"):
            publish(row, event("more"), None, NOW)
        assert publish(row, event("more"), A, NOW).matched == ((A, event("more")),)
        assert publish(row, event("more", until=NOW + 2 * DAY), None, NOW + DAY).kept == (
            event("more", until=NOW + 2 * DAY),
        )

    def test_no_more_are_given_than_could_be_given_back(self) -> None:
        events = tuple(event(str(n)) for n in range(MAX_KEPT + MAX_WAITING - 1))
        row = copy_with(kept(*events[1:]), matched=((B, events[0]),), waiting=(A,))
        row = publish(row, event("last"), A, NOW)
        with pytest.raises(TooManyEventsError, match="1098 events"):
            publish(copy_with(row, waiting=(C,)), event("more"), C, NOW)


class TestSettle:
    def test_who_waits_no_more_is_gone(self) -> None:
        row = release(waiting(A, B, C), B, NOW + SECOND, taken=None)
        assert row == copy_with(waiting(A, C), at=NOW + SECOND)

    def test_who_is_not_there_changes_nothing(self) -> None:
        row = copy_with(waiting(A), matched=((B, event("1")),))
        assert release(row, C, NOW, taken="1") is row

    @pytest.mark.parametrize(
        ("until", "known_until"),
        [(NOW + DAY, NOW + DAY), (NOW + SECOND, NOW + REMEMBERED), (NOW - DAY, NOW + REMEMBERED)],
    )
    def test_what_was_taken_is_known_for_some_time(self, until: datetime, known_until: datetime) -> None:
        row = release(matched((A, event("1", until=until)), (B, event("2"))), A, NOW, taken="1")
        assert (row.matched, row.kept) == (((B, event("2")),), ())
        assert row.done == (("1", known_until),)
        assert known(fresh(row, known_until - SECOND), "1")
        assert not known(fresh(row, known_until), "1")

    def test_again_it_changes_nothing(self) -> None:
        row = release(matched((A, event("1"))), A, NOW, taken="1")
        assert release(row, A, NOW + SECOND, taken="1") is row

    @pytest.mark.parametrize("taken", [None, "sent to it by another way"])
    def test_what_was_not_taken_is_for_others_before_all_that_are_kept(self, taken: str | None) -> None:
        row = copy_with(matched((A, event("1"))), kept=(event("2"),))
        row = release(row, A, NOW + SECOND, taken=taken)
        assert (row.kept, row.matched, row.done) == ((event("1"), event("2")), (), ())
        assert row.at == NOW + SECOND

    def test_what_was_not_taken_and_has_expired_is_gone(self) -> None:
        row = release(matched((A, event("1"))), A, NOW + DAY, taken=None)
        assert row == copy_with(BLANK, at=NOW + DAY)

    def test_what_was_taken_first_is_forgotten_first(self) -> None:
        row = copy_with(matched((A, event("last"))), done=tuple((str(n), NOW + DAY) for n in range(MAX_DONE)))
        row = release(row, A, NOW, taken="last")
        assert len(row.done) == MAX_DONE
        assert (known(row, "0"), known(row, "1"), known(row, "last")) == (False, True, True)


class TestTime:
    def test_what_has_not_expired_stays(self) -> None:
        row = copy_with(kept(event("1")), done=(("2", NOW + DAY),))
        assert fresh(row, NOW + DAY - SECOND) is row

    def test_each_goes_at_its_time(self) -> None:
        row = copy_with(
            kept(event("1"), event("2", until=NOW + HOUR)), done=(("3", NOW + HOUR), ("4", NOW + DAY)), waiting=(A,)
        )
        row = fresh(row, NOW + HOUR)
        assert row == copy_with(kept(event("1")), done=(("4", NOW + DAY),), waiting=(A,), at=NOW + HOUR)

    @pytest.mark.parametrize("change", [{"done": (("1", NOW + HOUR),)}, {"kept": (event("1", until=NOW + HOUR),)}])
    def test_any_that_goes_changes_the_row(self, change: dict[str, Any]) -> None:
        assert fresh(copy_with(BLANK, **change), NOW + HOUR) == copy_with(BLANK, at=NOW + HOUR)

    @pytest.mark.parametrize("row", [waiting(A), matched((A, event("1"))), BLANK], ids=["waits", "matched", "blank"])
    def test_a_row_stays_while_somebody_waits(self, row: Correlation) -> None:
        assert expires(row) is None

    def test_a_row_may_go_some_time_after_it_says_nothing(self) -> None:
        assert expires(copy_with(BLANK, at=NOW)) == NOW + LINGER
        row = copy_with(kept(event("1"), event("2", until=NOW + HOUR)), done=(("3", NOW + HOUR),))
        assert expires(row) == NOW + DAY + LINGER
        assert expires(copy_with(row, done=(("3", NOW + 2 * DAY),))) == NOW + 2 * DAY + LINGER


class TestJson:
    ROW = Correlation(
        "t",
        "paid",
        "order-1",
        7,
        waiting=(A, B),
        kept=(Signal("1", "paid", NOW + DAY, {"a": [1.0, None]}, "anna"), event("2")),
        matched=((C, Signal("3", "paid", NOW + DAY, "x", "otto")),),
        done=(("5", NOW + DAY), ("4", NOW + HOUR)),
        at=NOW,
    )

    @pytest.mark.parametrize("row", [ROW, BLANK, waiting(A), kept(event("1")), matched((A, event("1")))])
    def test_a_row_comes_back(self, row: Correlation) -> None:
        blank = Correlation(row.tenant_id, row.name, row.key, row.version)
        assert read_correlation(blank, correlation_json(row)) == row

    def test_only_what_there_is_is_written(self) -> None:
        assert correlation_json(BLANK) == {}
        assert correlation_json(kept(event("1"))) == {
            "kept": [{"id": "1", "data": None, "until": "2026-01-02T00:00:00.000Z"}],
            "at": "2026-01-01T00:00:00.000Z",
        }

    def test_the_data_of_events_can_move_out(self) -> None:
        document = correlation_json(self.ROW)
        slots = {slot.pointer: slot.holder[slot.member] for slot in correlation_slots(document)}
        assert slots == {"/kept/0/data": {"a": [1.0, None]}, "/kept/1/data": None, "/matched/0/event/data": "x"}
        assert list(correlation_slots({})) == []


WAITERS = [Waiter(f"t:d:{number}", "main", 1) for number in range(4)]
EVENTS = [str(number) for number in range(6)]


class Exchange(RuleBasedStateMachine):
    """Threads that wait, get their matches and go on, and senders that repeat themselves, in any order.

    A thread takes one event, at its one turn; what those who are late do in its name takes nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self.row, self.now = BLANK, NOW
        self.started: set[Waiter] = set()
        self.taken: dict[Waiter, str | None] = {}
        self.untils: dict[str, datetime] = {}

    def change(self, transition: Callable[..., Correlation], *arguments: object, **more: object) -> None:
        before, text = self.row, correlation_json(self.row)
        self.row = transition(self.row, *arguments, **more)
        assert correlation_json(before) == text
        if self.row == before:
            assert self.row is before

    @rule(waiter=st.sampled_from(WAITERS), choosy=st.booleans())
    def subscribes(self, waiter: Waiter, choosy: bool) -> None:  # noqa: FBT001 - hypothesis passes it by name
        before = self.row
        self.row, found = subscribe(before, waiter, self.now, lambda data: data == "fine" or not choosy)
        self.started.add(waiter)
        has = dict(self.row.matched).get(waiter)
        assert found == has
        assert (waiter in self.row.waiting) == (has is None)
        if (had := dict(before.matched).get(waiter)) is not None:
            assert found == had

    @rule(name=st.sampled_from(EVENTS), data=st.sampled_from(["fine", "poor"]), keep=st.integers(0, 3), to=st.data())
    def publishes(self, name: str, data: str, keep: int, to: st.DataObject) -> None:
        repeated = name in self.untils
        until = self.untils.setdefault(name, self.now + keep * HOUR)
        before = known(fresh(self.row, self.now), name)
        if repeated and until <= self.now and not before:
            return  # whoever sends it still, gives it a new time: it is another event
        waiter = to.draw(st.sampled_from([*self.row.waiting, None]))
        self.change(publish, Signal(name, "paid", until, data), waiter, self.now)
        assert known(self.row, name) or (until == self.now and waiter is None)
        if not before and waiter is not None:
            assert waiter_of(self.row, name) == waiter

    @precondition(lambda self: self.row.matched)
    @rule(which=st.data())
    def takes_its_match(self, which: st.DataObject) -> None:
        waiter, found = which.draw(st.sampled_from(self.row.matched))
        if waiter not in self.taken:
            self.taken[waiter] = found.id
        self.change(release, waiter, self.now, taken=self.taken[waiter])

    @precondition(lambda self: self.started)
    @rule(which=st.data())
    def goes_on(self, which: st.DataObject) -> None:
        """It has taken what it has taken, or from now on never takes anything; this is told again and again."""
        waiter = which.draw(st.sampled_from(sorted(self.started, key=str)))
        self.taken.setdefault(waiter, None)
        self.change(release, waiter, self.now, taken=self.taken[waiter])
        assert waiter not in self.row.waiting
        assert waiter not in dict(self.row.matched)

    @rule(minutes=st.sampled_from([1, 30, 60, 90]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def it_is_written_and_read(self) -> None:
        assert read_correlation(BLANK, correlation_json(self.row)) == self.row

    @invariant()
    def an_event_is_in_one_place_and_a_thread_too(self) -> None:
        row = self.row
        events = [e.id for e in row.kept] + [e.id for _, e in row.matched] + [name for name, _ in row.done]
        threads = [*row.waiting, *(waiter for waiter, _ in row.matched)]
        assert max(Counter(events).values(), default=1) == 1
        assert max(Counter(threads).values(), default=1) == 1

    @invariant()
    def an_event_is_taken_once(self) -> None:
        taken = [name for name in self.taken.values() if name is not None]
        assert len(set(taken)) == len(taken)

    @invariant()
    def nothing_is_lost_that_has_not_expired(self) -> None:
        taken = set(self.taken.values())
        known_or_gone = {name for name, until in self.untils.items() if known(self.row, name) or until <= self.now}
        assert set(self.untils) - taken <= known_or_gone

    @invariant()
    def what_somebody_waits_for_stays(self) -> None:
        assert not (self.row.waiting or self.row.matched) or expires(self.row) is None


Exchange.TestCase.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
TestExchange = Exchange.TestCase
