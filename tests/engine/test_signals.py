from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.errors import TooManyEventsError, TooManyWaitersError, UnavailableError
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.waits.correlation import Correlation, Waiter
from chalicelib.engine.optimistic import ATTEMPTS
from chalicelib.engine.signals import SignalMatch, Signals

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PAID = ("t", "paid", "order-1")
A, B, C = (Waiter(f"t:d:{name}", "main", 3) for name in "abc")
WRONG = [Problem("/amount", "'x' is not a number")]


class Rivals:
    """A store at which somebody else can write first, and the answer of a write can be lost."""

    def __init__(self) -> None:
        self.plain = MemorySignals()
        self.before: list[Callable[[], object]] = []
        self.lost_answers = 0
        self.puts = 0

    def get(self, tenant_id: str, name: str, key: str) -> Correlation:
        return self.plain.get(tenant_id, name, key)

    def put(self, row: Correlation) -> bool:
        self.puts += 1
        if self.before:
            self.before.pop(0)()
        done = self.plain.put(row)
        if self.lost_answers:
            self.lost_answers -= 1
            raise UnavailableError
        return done


class Desk:
    """What each waiter says to an event, and who was asked; it waits no longer if it says nothing."""

    def __init__(self, **verdicts: Sequence[Problem]) -> None:
        self.verdicts = verdicts
        self.asked: list[str] = []

    def __call__(self, waiter: Waiter, data: Json) -> Sequence[Problem] | None:
        name = waiter.execution[-1]
        self.asked.append(name)
        return self.verdicts.get(name)


@pytest.fixture
def store() -> Rivals:
    return Rivals()


@pytest.fixture
def clock() -> MemoryClock:
    return MemoryClock(NOW)


@pytest.fixture
def events(store: Rivals, clock: MemoryClock) -> Signals:
    return Signals(store, clock)


@pytest.fixture
def rival(store: Rivals, clock: MemoryClock) -> Signals:
    return Signals(store.plain, clock)


def event(name: str, data: Json = None) -> Signal:
    return Signal(name, "paid", NOW + DAY, data, "anna")


def anything(data: Json) -> bool:
    return True


def nothing(data: Json) -> bool:
    return False


def wait(events: Signals, *waiters: Waiter) -> None:
    for waiter in waiters:
        assert events.subscribe(*PAID, waiter, nothing) is None


class TestMatch:
    def test_who_has_waited_longest_gets_it(self, events: Signals, store: Rivals) -> None:
        wait(events, B, A)
        assert events.match(*PAID, event("1", 5), Desk(a=[], b=[])) == SignalMatch(B)
        assert events.matches(*PAID) == ((B, event("1", 5)),)
        assert store.get(*PAID).waiting == (A,)

    def test_nobody_waits_and_it_is_kept(self, events: Signals, store: Rivals) -> None:
        assert events.match(*PAID, event("1"), Desk()) == SignalMatch()
        assert store.get(*PAID).kept == (event("1"),)

    def test_another_key_is_another_matter(self, events: Signals) -> None:
        wait(events, A)
        assert events.match("t", "paid", "order-2", event("1"), Desk(a=[])) == SignalMatch()
        assert events.match("u", "paid", "order-1", event("1"), Desk(a=[])) == SignalMatch()
        assert events.match("t", "sent", "order-1", event("1"), Desk(a=[])) == SignalMatch()
        assert events.matches(*PAID) == ()

    def test_who_does_not_take_it_is_passed_over(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B, C)
        assert events.match(*PAID, event("1"), Desk(a=WRONG, b=[], c=[])) == SignalMatch(B)
        assert store.get(*PAID).waiting == (A, C)

    def test_who_waits_no_longer_is_put_away(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B, C)
        assert events.match(*PAID, event("1"), Desk(b=[], c=[])) == SignalMatch(B)
        assert store.get(*PAID).waiting == (C,)
        assert events.match(*PAID, event("2"), Desk()) == SignalMatch()
        assert (store.get(*PAID).waiting, store.get(*PAID).kept) == ((), (event("2"),))

    def test_what_nobody_takes_is_not_kept_and_the_first_says_why(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B, C)
        later = [Problem("", "no")]
        assert events.match(*PAID, event("1"), Desk(b=WRONG, c=later)) == SignalMatch(problems=WRONG)
        row = store.get(*PAID)
        assert (row.waiting, row.kept, row.matched) == ((B, C), (), ())
        assert events.match(*PAID, event("1", "mended"), Desk(b=WRONG, c=[])) == SignalMatch(C)

    def test_a_repeat_is_answered_as_before(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        for _ in range(2):
            assert events.match(*PAID, event("1"), Desk(a=[], b=[])) == SignalMatch(A)
        events.release(*PAID, A, taken="1")
        assert events.match(*PAID, event("1"), Desk(b=[])) == SignalMatch()
        assert (store.get(*PAID).waiting, store.get(*PAID).matched) == ((B,), ())

    def test_a_repeat_writes_nothing(self, events: Signals, store: Rivals) -> None:
        events.match(*PAID, event("1"), Desk())
        before = store.puts
        events.match(*PAID, event("1"), Desk())
        assert store.puts == before

    def test_an_event_that_has_expired_is_new(self, events: Signals, clock: MemoryClock, store: Rivals) -> None:
        events.match(*PAID, event("1"), Desk())
        clock.sleep(DAY.total_seconds())
        again = Signal("1", "paid", NOW + 2 * DAY, "new")
        assert events.match(*PAID, again, Desk()) == SignalMatch()
        assert store.get(*PAID).kept == (again,)

    def test_if_a_rival_has_got_the_waiter_the_next_one_gets_it(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        wait(events, A, B)
        store.before = [lambda: rival.match(*PAID, event("rival"), Desk(a=[], b=[]))]
        assert events.match(*PAID, event("1"), Desk(a=[], b=[])) == SignalMatch(B)
        assert events.matches(*PAID) == ((A, event("rival")), (B, event("1")))

    def test_if_the_same_sender_was_quicker_its_match_is_the_match(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        wait(events, A, B)
        store.before = [lambda: rival.match(*PAID, event("1"), Desk(a=[], b=[]))]
        assert events.match(*PAID, event("1"), Desk(a=[], b=[])) == SignalMatch(A)
        assert events.matches(*PAID) == ((A, event("1")),)

    def test_if_the_waiter_has_gone_meanwhile_it_is_kept(self, events: Signals, rival: Signals, store: Rivals) -> None:
        wait(events, A)
        store.before = [lambda: rival.release(*PAID, A, taken=None)]
        assert events.match(*PAID, event("1"), Desk(a=[])) == SignalMatch()
        assert store.get(*PAID).kept == (event("1"),)

    def test_if_somebody_has_come_meanwhile_they_get_it(self, events: Signals, rival: Signals, store: Rivals) -> None:
        store.before = [lambda: wait(rival, A)]
        assert events.match(*PAID, event("1"), Desk(a=[])) == SignalMatch(A)

    def test_everybody_is_asked_once(self, events: Signals, rival: Signals, store: Rivals) -> None:
        wait(events, A, B)
        store.before = [lambda: wait(rival, C), lambda: rival.release(*PAID, C, taken=None)]
        desk = Desk(a=WRONG, b=[])
        assert events.match(*PAID, event("1"), desk) == SignalMatch(B)
        assert desk.asked == ["a", "b"]

    def test_after_a_lost_answer_a_repeat_finds_it_done(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        store.lost_answers = 1
        with pytest.raises(UnavailableError):
            events.match(*PAID, event("1"), Desk(a=[], b=[]))
        assert events.match(*PAID, event("1"), Desk(a=[], b=[])) == SignalMatch(A)
        assert store.get(*PAID).waiting == (B,)

    def test_no_more_are_kept_than_can(self, events: Signals) -> None:
        for number in range(100):
            events.match(*PAID, event(str(number)), Desk())
        with pytest.raises(TooManyEventsError):
            events.match(*PAID, event("one more"), Desk())

    @pytest.mark.parametrize(("quicker", "done"), [(ATTEMPTS - 1, True), (ATTEMPTS, False)])
    def test_it_does_not_try_for_ever(
        self,
        events: Signals,
        rival: Signals,
        store: Rivals,
        quicker: int,
        done: bool,  # noqa: FBT001 - an example
    ) -> None:
        turns = count()
        store.before = [lambda: wait(rival, Waiter("t:d:x", "main", next(turns)))] * quicker
        with nullcontext() if done else pytest.raises(UnavailableError, match="quicker 20 times to write"):
            assert events.match(*PAID, event("1"), Desk()) == SignalMatch()
        assert (store.get(*PAID).kept == (event("1"),)) is done


class TestSubscribe:
    def test_the_event_that_came_before_is_answered(self, events: Signals) -> None:
        events.match(*PAID, event("1", 5), Desk())
        assert events.subscribe(*PAID, A, lambda data: data == 5) == event("1", 5)
        assert events.matches(*PAID) == ((A, event("1", 5)),)

    def test_again_the_match_is_answered_again(self, events: Signals, store: Rivals) -> None:
        wait(events, A)
        events.match(*PAID, event("1"), Desk(a=[]))
        before = store.puts
        assert events.subscribe(*PAID, A, anything) == event("1")
        assert store.puts == before

    def test_one_that_it_does_not_take_stays_for_others(self, events: Signals) -> None:
        events.match(*PAID, event("1"), Desk())
        wait(events, A)
        assert events.subscribe(*PAID, B, anything) == event("1")

    def test_if_a_rival_has_taken_the_event_it_waits(self, events: Signals, rival: Signals, store: Rivals) -> None:
        events.match(*PAID, event("1"), Desk())
        store.before = [lambda: rival.subscribe(*PAID, B, anything)]
        assert events.subscribe(*PAID, A, anything) is None
        row = store.get(*PAID)
        assert (row.waiting, row.matched) == ((A,), ((B, event("1")),))

    def test_if_an_event_has_come_meanwhile_it_is_answered(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        store.before = [lambda: rival.match(*PAID, event("1"), Desk())]
        assert events.subscribe(*PAID, A, anything) == event("1")

    def test_after_a_lost_answer_a_repeat_finds_it_done(self, events: Signals, store: Rivals) -> None:
        events.match(*PAID, event("1"), Desk())
        events.match(*PAID, event("2"), Desk())
        store.lost_answers = 1
        with pytest.raises(UnavailableError):
            events.subscribe(*PAID, A, anything)
        assert events.subscribe(*PAID, A, anything) == event("1")
        assert store.get(*PAID).kept == (event("2"),)

    def test_no_more_wait_than_can(self, events: Signals, store: Rivals) -> None:
        crowd = tuple(Waiter("t:d:x", "main", turn) for turn in range(1000))
        store.put(Correlation(*PAID, version=1, waiting=crowd))
        with pytest.raises(TooManyWaitersError):
            events.subscribe(*PAID, A, anything)


class TestSettle:
    def test_what_was_taken_is_done(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        events.match(*PAID, event("1"), Desk(a=[], b=[]))
        assert not events.release(*PAID, A, taken="1")
        row = store.get(*PAID)
        assert (row.waiting, row.matched, row.done) == ((B,), (), (("1", NOW + DAY),))

    def test_again_nothing_is_written(self, events: Signals, store: Rivals) -> None:
        wait(events, A)
        events.release(*PAID, A, taken=None)
        before = store.puts
        assert not events.release(*PAID, A, taken=None)
        assert store.puts == before

    def test_where_nobody_ever_waited_nothing_is_written(self, events: Signals, store: Rivals) -> None:
        assert not events.release(*PAID, A, taken=None)
        assert store.puts == 0

    def test_what_was_not_taken_goes_to_who_waits_once_it_is_matched_anew(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B, C)
        events.match(*PAID, event("1"), Desk(a=[]))
        for _ in range(2):
            assert events.release(*PAID, A, taken=None)
        assert store.get(*PAID).kept == (event("1"),)
        events.rematch(*PAID, Desk(b=WRONG, c=[]))
        assert events.matches(*PAID) == ((C, event("1")),)
        assert not events.release(*PAID, A, taken=None)

    def test_a_thread_that_took_another_event_leaves_its_match_to_others(self, events: Signals, store: Rivals) -> None:
        wait(events, A)
        events.match(*PAID, event("1"), Desk(a=[]))
        assert not events.release(*PAID, A, taken="sent to its execution")
        assert store.get(*PAID).kept == (event("1"),)

    def test_if_a_rival_has_written_it_is_done_all_the_same(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        wait(events, A)
        store.before = [lambda: rival.match(*PAID, event("1"), Desk(a=[]))]
        assert not events.release(*PAID, A, taken=None)
        assert store.get(*PAID).kept == (event("1"),)


class TestRematch:
    def test_who_waits_no_longer_gets_nothing(self, events: Signals, store: Rivals) -> None:
        events.match(*PAID, event("1"), Desk())
        wait(events, A)
        events.rematch(*PAID, Desk())
        assert events.matches(*PAID) == ()

    def test_each_gets_one(self, events: Signals, store: Rivals) -> None:
        for name in "123":
            events.match(*PAID, event(name), Desk())
        wait(events, A, B)
        events.rematch(*PAID, Desk(a=[], b=[]))
        assert events.matches(*PAID) == ((A, event("1")), (B, event("2")))
        assert store.get(*PAID).kept == (event("3"),)

    def test_where_there_is_nothing_nothing_is_written(self, events: Signals, store: Rivals) -> None:
        events.rematch(*PAID, Desk())
        assert store.puts == 0

    def test_if_a_rival_has_taken_the_event_nobody_else_gets_it(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        events.match(*PAID, event("1"), Desk())
        wait(events, A)
        store.before = [lambda: rival.subscribe(*PAID, B, anything)]
        events.rematch(*PAID, Desk(a=[]))
        assert events.matches(*PAID) == ((B, event("1")),)
