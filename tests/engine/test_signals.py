from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import MemoryClock
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.errors import InvalidError, TooManyEventsError, TooManyWaitersError, UnavailableError
from chalicelib.core.values.json import Json, Problem
from chalicelib.core.values.value import copy_with
from chalicelib.core.waits.correlation import MAX_KEPT, MAX_WAITING, Channel, Correlation, Waiter
from chalicelib.engine.signals import ATTEMPTS, Signals

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
PAID = Channel("t", "paid", "order-1")
A, B, C = (Waiter(f"t:d:{name}", "main", 3, NOW + number * SECOND) for number, name in enumerate("abc"))
WRONG = [Problem("/amount", "'x' is not a number")]


class Rivals(MemorySignals):
    """A store at which somebody else can be quicker, whose calls are counted, and whose answers can be lost."""

    def __init__(self) -> None:
        super().__init__()
        self.before: dict[str, list[Callable[[], object]]] = {}
        self.lost: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name not in {"waiting", "count", "wait", "leave", "kept", "get", "put", "mark_taken"}:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self.calls[name] += 1
            if rivals := self.before.get(name):
                rivals.pop(0)()
            answer = found(*args, **kwargs)
            if self.lost[name]:
                self.lost[name] -= 1
                raise UnavailableError
            return answer

        return call


class Steps:
    """What each waiter says to an event; those of ``over`` wait no longer, and all others take one."""

    def __init__(self, over: str = "", **problems: Sequence[Problem]) -> None:
        self.over, self.problems = set(over), problems
        self.has: dict[str, str] = {}

    def refusals(self, waiter: Waiter, data: Json) -> Sequence[Problem]:
        return self.problems.get(waiter.execution[-1], []) if data is None else []

    def waits(self, waiter: Waiter) -> bool:
        return waiter.execution[-1] not in {*self.over, *self.has}

    def give(self, channel: Channel, waiter: Waiter, signal: Signal) -> bool:
        if self.waits(waiter):
            self.has[waiter.execution[-1]] = signal.id
        return self.has.get(waiter.execution[-1]) == signal.id


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
    return Signals(store, clock)


def event(name: str, data: Json = None) -> Signal:
    return Signal(name, "paid", NOW + DAY, data)


def anything(_: Json) -> bool:
    return True


def nobody(_: str) -> None:
    pass


def wait(events: Signals, *waiters: Waiter) -> None:
    for waiter in waiters:
        assert events.subscribe(PAID, waiter, anything, nobody) is None


def row(store: Rivals, name: str) -> Correlation:
    found = store.get(PAID, name)
    assert found is not None
    return found


class TestPublish:
    def test_who_has_waited_longest_gets_it(self, events: Signals) -> None:
        wait(events, B, A)
        steps = Steps()
        assert [events.publish(PAID, event(name), steps, nobody).waiter for name in "123"] == [A, B, None]
        assert steps.has == {"a": "1", "b": "2"}
        assert [head.id for head in events.kept(PAID)] == ["3"]

    def test_another_name_or_key_is_another_matter(self, events: Signals) -> None:
        wait(events, A)
        for other in (Channel("u", "paid", "order-1"), Channel("t", "sent", "order-1"), Channel("t", "paid", "2")):
            assert events.publish(other, event("1"), Steps(), nobody).waiter is None

    def test_who_does_not_take_it_is_passed_over(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        assert events.publish(PAID, event("1"), Steps(a=WRONG), nobody).waiter == B
        events.close(PAID, B, "1")
        assert store.waiting(PAID, 10) == [A]

    def test_what_nobody_takes_is_not_kept_and_the_first_says_why(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        with pytest.raises(InvalidError) as refused:
            events.publish(PAID, event("1"), Steps(a=WRONG, b=[Problem("", "no")]), nobody)
        assert [*refused.value.problems] == WRONG
        assert store.get(PAID, "1") is None

    def test_whose_turn_is_over_refuses_nothing(self, events: Signals, store: Rivals) -> None:
        wait(events, A)
        assert events.publish(PAID, event("1"), Steps("a", a=WRONG), nobody).waiter is None
        assert store.waiting(PAID, 10) == []

    def test_whose_turn_is_over_is_passed_over(self, events: Signals) -> None:
        wait(events, A, B)
        assert events.publish(PAID, event("1"), Steps("a"), nobody).waiter == B
        assert events.publish(PAID, event("2"), Steps("ab"), nobody).waiter is None

    def test_a_repeat_is_answered_as_before(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        steps = Steps()
        for _ in range(2):
            assert events.publish(PAID, event("1"), steps, nobody).waiter == A
        events.close(PAID, A, "1")
        assert events.publish(PAID, event("1"), steps, nobody).waiter == A
        assert store.waiting(PAID, 10) == [B]

    def test_a_repeat_of_what_is_taken_is_one_also_where_nobody_takes_it_any_more(self, events: Signals) -> None:
        wait(events, A)
        steps = Steps(b=WRONG)
        events.publish(PAID, event("1"), steps, nobody)
        events.close(PAID, A, "1")
        wait(events, B)
        assert events.publish(PAID, event("1"), steps, nobody).waiter == A

    def test_what_its_sender_cannot_repeat_is_given_and_nothing_of_it_is_kept(
        self, events: Signals, store: Rivals
    ) -> None:
        wait(events, A)
        steps, announced = Steps(), list[str]()
        assert events.publish(PAID, event("1"), steps, announced.append, named=False).waiter == A
        assert (steps.has, store.get(PAID, "1"), announced) == ({"a": ""}, None, [])

    def test_if_its_waiter_has_just_gone_it_is_published_as_every_other(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        announced = list[str]()
        assert events.publish(PAID, event("1"), Steps(over="a"), announced.append, named=False).waiter == B
        assert (row(store, "1").waiter, announced) == (B, ["1"])

    def test_if_nobody_waits_it_is_kept(self, events: Signals, store: Rivals) -> None:
        announced = list[str]()
        assert events.publish(PAID, event("1"), Steps(), announced.append, named=False).waiter is None
        assert (row(store, "1").waiter, announced) == (None, ["1"])

    def test_an_event_that_has_expired_is_new(self, events: Signals, store: Rivals, clock: MemoryClock) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        clock.sleep(DAY.total_seconds())
        again = Signal("1", "paid", NOW + 2 * DAY, "new")
        assert events.publish(PAID, again, Steps(), nobody).waiter is None
        assert row(store, "1").signal == again

    def test_if_a_rival_has_reached_the_waiter_another_one_gets_it(self, events: Signals, rival: Signals) -> None:
        wait(events, A, B, C)
        steps, store = Steps(), events.store
        assert isinstance(store, Rivals)
        store.before["put"] = [lambda: rival.publish(PAID, event("rival"), steps, nobody)]
        found = events.publish(PAID, event("1"), steps, nobody).waiter
        assert found in (B, C)
        assert steps.has == {"a": "rival", found.execution[-1]: "1"} if found else None

    def test_if_somebody_has_come_meanwhile_they_get_it(self, events: Signals, rival: Signals, store: Rivals) -> None:
        store.before["put"] = [lambda: wait(rival, A)]
        assert events.publish(PAID, event("1"), Steps(), nobody).waiter == A

    def test_if_a_rival_has_moved_it_on_that_counts(self, events: Signals, rival: Signals, store: Rivals) -> None:
        wait(events, A, B)
        steps = Steps("a")
        store.before["put"] = [lambda: None, lambda: rival.see_through(PAID, "1", steps)]
        assert events.publish(PAID, event("1"), steps, nobody).waiter == B
        assert steps.has == {"b": "1"}

    def test_after_a_lost_answer_a_repeat_or_its_message_finds_it_done(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        steps = Steps()
        store.lost["put"] = 1
        with pytest.raises(UnavailableError):
            events.publish(PAID, event("1"), steps, nobody)
        events.see_through(PAID, "1", steps)
        assert events.publish(PAID, event("1"), steps, nobody).waiter == A
        assert steps.has == {"a": "1"}

    def test_no_more_are_kept_than_can_be(self, events: Signals, clock: MemoryClock) -> None:
        for number in range(MAX_KEPT):
            events.publish(PAID, event(str(number)), Steps(), nobody)
        with pytest.raises(TooManyEventsError, match="100 events 'paid' with this key are kept already"):
            events.publish(PAID, event("one more"), Steps(), nobody)
        assert events.publish(PAID, event("7"), Steps(), nobody).waiter is None
        clock.sleep(DAY.total_seconds())
        later = copy_with(event("one more"), until=NOW + 2 * DAY)
        assert events.publish(PAID, later, Steps(), nobody).waiter is None
        assert [head.id for head in events.kept(PAID)] == ["one more"]

    def test_it_does_not_try_for_ever(self, events: Signals, store: Rivals) -> None:
        crowd = [copy_with(A, turn=turn) for turn in range(ATTEMPTS + 1)]
        wait(events, *crowd)
        with pytest.raises(UnavailableError, match="others were quicker 50 times"):
            events.publish(PAID, event("1"), Steps("a"), nobody)
        events.see_through(PAID, "1", Steps("a"))
        assert row(store, "1").waiter is None

    def test_what_is_not_there_is_seen_through(self, events: Signals) -> None:
        events.see_through(PAID, "1", Steps())

    def test_what_its_waiter_left_is_kept_while_its_time_lasts(
        self, events: Signals, store: Rivals, clock: MemoryClock
    ) -> None:
        wait(events, A)
        store.lost["put"] = 1
        with pytest.raises(UnavailableError):
            events.publish(PAID, event("1"), Steps(), nobody)
        wait(events, B)
        clock.sleep(DAY.total_seconds())
        events.see_through(PAID, "1", Steps("a"))
        assert (row(store, "1").waiter, store.waiting(PAID, 10)) == (None, [B])

    def test_what_was_kept_is_not_refused_later(self, events: Signals, store: Rivals) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        events.subscribe(PAID, A, lambda _: False, nobody)
        events.see_through(PAID, "1", Steps(a=WRONG))
        assert row(store, "1").waiter is None

    @pytest.mark.parametrize("waiting", [1, 300])
    def test_its_calls_do_not_depend_on_how_many_wait(self, events: Signals, store: Rivals, waiting: int) -> None:
        for number in range(waiting):
            store.wait(PAID, copy_with(A, turn=number, since=NOW + number * SECOND))
        store.calls.clear()
        assert events.publish(PAID, event("1"), Steps(), nobody).waiter == copy_with(A, turn=0)
        events.close(PAID, copy_with(A, turn=0), "1")
        assert store.calls == {"waiting": 1, "put": 1, "mark_taken": 1, "leave": 1}


class TestSubscribe:
    def test_the_oldest_that_it_takes_is_answered(self, events: Signals, clock: MemoryClock, store: Rivals) -> None:
        for name, data in (("z", 1), ("a", 2), ("b", 2)):
            events.publish(PAID, event(name, data), Steps(), nobody)
            clock.sleep(1)
        noted: list[str] = []
        assert events.subscribe(PAID, A, lambda data: data == 2, noted.append) == event("a", 2)
        assert (noted, row(store, "a").waiter) == (["a"], A)
        assert [head.id for head in events.kept(PAID)] == ["z", "b"]

    def test_a_twin_is_answered_the_same(self, events: Signals, store: Rivals) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        for _ in range(2):
            assert events.subscribe(PAID, A, anything, nobody) == event("1")
        events.close(PAID, A, "1")
        assert events.subscribe(PAID, A, anything, nobody) is None
        assert row(store, "1").taken

    def test_a_twin_between_its_look_and_its_naming_is_answered_the_same(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        found: list[Signal | None] = []
        store.before["put"] = [lambda: found.append(rival.subscribe(PAID, A, anything, nobody))]
        assert events.subscribe(PAID, A, anything, nobody) == event("1")
        assert found == [event("1")]

    def test_if_its_twin_has_taken_it_meanwhile_it_hears_of_that(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        def twin(_: str) -> None:
            assert rival.subscribe(PAID, A, anything, nobody) == event("1", 5)
            rival.close(PAID, A, "1")

        events.publish(PAID, event("1", 5), Steps(), nobody)
        found = events.subscribe(PAID, A, anything, twin)
        assert found is not None
        assert found.id == "1"
        assert row(store, "1").waiter == A

    def test_if_a_rival_has_taken_the_event_it_waits(self, events: Signals, rival: Signals, store: Rivals) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        store.before["put"] = [lambda: rival.subscribe(PAID, B, anything, nobody)]
        assert events.subscribe(PAID, A, anything, nobody) is None
        assert row(store, "1").waiter == B
        rival.close(PAID, B, "1")
        assert store.waiting(PAID, 10) == [A]

    def test_if_it_was_given_another_meanwhile_this_one_moves_on(
        self, events: Signals, rival: Signals, store: Rivals
    ) -> None:
        steps = Steps()
        events.publish(PAID, event("1"), steps, nobody)
        store.before["put"] = [lambda: rival.publish(PAID, event("2"), steps, nobody)]
        assert events.subscribe(PAID, A, anything, nobody) == event("1")
        assert steps.has == {"a": "2"}
        events.see_through(PAID, "1", steps)
        assert (row(store, "1").waiter, row(store, "2").waiter, store.waiting(PAID, 10)) == (None, A, [])

    def test_a_step_that_is_one_too_many_is_refused_and_waits_no_more(self, events: Signals, store: Rivals) -> None:
        for turn in range(MAX_WAITING):
            store.wait(PAID, copy_with(B, turn=turn))
        with pytest.raises(TooManyWaitersError, match="1,000 steps wait for 'paid' with this key already"):
            events.subscribe(PAID, A, anything, nobody)
        assert store.count(PAID, 2000) == MAX_WAITING
        wait(events, copy_with(B, turn=7))

    def test_what_is_over_time_is_put_away(self, events: Signals, store: Rivals, clock: MemoryClock) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        clock.sleep(DAY.total_seconds())
        wait(events, A)
        assert store.kept(PAID, 10) == []


class TestClose:
    def test_what_was_taken_is_known_as_taken(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        events.publish(PAID, event("1", 5), Steps(), nobody)
        for _ in range(2):
            events.close(PAID, A, "1")
        assert (row(store, "1").taken, row(store, "1").signal.value) == (True, None)
        assert store.waiting(PAID, 10) == [B]

    def test_who_took_another_event_leaves_its_own_to_others(self, events: Signals, store: Rivals) -> None:
        wait(events, A, B)
        store.lost["put"] = 1
        with pytest.raises(UnavailableError):
            events.publish(PAID, event("1"), Steps(), nobody)
        events.close(PAID, A, "sent to its execution")
        steps = Steps("a")
        events.see_through(PAID, "1", steps)
        assert steps.has == {"b": "1"}


class TestWithdraw:
    def test_one_that_is_kept_goes_and_may_come_again(self, events: Signals) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        assert events.withdraw(PAID, "1")
        assert list(events.kept(PAID)) == []
        wait(events, A)
        assert events.publish(PAID, event("1"), Steps(), nobody).waiter == A

    def test_one_that_is_somebody_s_stays(self, events: Signals) -> None:
        events.subscribe(PAID, A, anything, nobody)
        events.publish(PAID, event("1"), Steps(), nobody)
        assert not events.withdraw(PAID, "1")

    def test_one_that_is_taken_just_then_stays(self, events: Signals, store: Rivals) -> None:
        events.publish(PAID, event("1"), Steps(), nobody)
        store.before["put"] = [lambda: events.subscribe(PAID, A, anything, nobody)]
        assert not events.withdraw(PAID, "1")

    def test_one_that_is_not_there_is_gone(self, events: Signals) -> None:
        assert events.withdraw(PAID, "1")


def test_it_is_known_whether_one_is_taken(events: Signals) -> None:
    assert not events.is_taken(PAID, "1")
    events.publish(PAID, event("1"), Steps(), nobody)
    assert not events.is_taken(PAID, "1")
    events.subscribe(PAID, A, anything, nobody)
    events.close(PAID, A, "1")
    assert events.is_taken(PAID, "1")
    events.publish(PAID, event("2"), Steps(), nobody)
    events.withdraw(PAID, "2")
    assert not events.is_taken(PAID, "2")
