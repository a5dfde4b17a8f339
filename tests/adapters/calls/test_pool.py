import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from chalicelib.adapters.calls.pool import PooledCalls
from chalicelib.adapters.clock import SystemClock
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallDeferred, CallFailed, CallSucceeded
from chalicelib.core.values.errors import UNTHOUGHT, NoRoomError, StepError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.engine.room import Room
from chalicelib.ports import CallResult
from tests.full_room import full_room

LATER = datetime(2100, 1, 1, tzinfo=UTC)


def begin(calls: PooledCalls, thread: str, turn: int, call: Call, *, is_wanted: bool = True) -> CallKey:
    """Begin a call of a turn, of which the visit has begun at the turn before."""
    key = CallKey("t:d:1", thread, turn - 1)
    calls.start(TurnKey(thread, turn), call, key, lambda: is_wanted)
    return key


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def test_an_effect_gets_its_parameters_and_its_idempotency_key(pool: ThreadPoolExecutor) -> None:
    calls = PooledCalls({"tell": lambda wanted, key: [wanted.params, str(key)]}, pool, SystemClock())
    key = begin(calls, "main.2.left", 3, Call("tell", {"a": 1}))
    assert calls.wait() == [CallSucceeded("main.2.left", 3, [{"a": 1}, str(key)])]


def test_effects_run_side_by_side(pool: ThreadPoolExecutor) -> None:
    both_are_there = threading.Barrier(2, timeout=10)

    def meet(wanted: Call, key: CallKey) -> Json:
        both_are_there.wait()
        return wanted.params

    calls = PooledCalls({"meet": meet}, pool, SystemClock())
    begin(calls, "a", 0, Call("meet", "A"))
    begin(calls, "b", 0, Call("meet", "B"))
    ended = [*calls.wait()]
    while len(ended) < 2:
        ended += calls.wait()
    assert {event.thread for event in ended} == {"a", "b"}


def fails(wanted: Call, key: CallKey) -> Json:
    raise StepError("no answer", "http.504", wanted.params)


def breaks(wanted: Call, key: CallKey) -> Json:
    raise ZeroDivisionError("by nothing")


def test_whatever_goes_wrong_is_the_steps_failure(pool: ThreadPoolExecutor) -> None:
    calls = PooledCalls({"fails": fails, "breaks": breaks}, pool, SystemClock())
    begin(calls, "main", 1, Call("fails", {"url": "u"}))
    assert calls.wait() == [CallFailed("main", 1, "http.504", "no answer", {"url": "u"})]
    begin(calls, "main", 1, Call("breaks", None))
    assert calls.wait() == [
        CallFailed("main", 1, "Internal", UNTHOUGHT, {"cause": "ZeroDivisionError: by nothing"}, unanswered=True)
    ]
    begin(calls, "main", 1, Call("unknown", None))
    (unknown,) = calls.wait()
    assert isinstance(unknown, CallFailed)


def lost(wanted: Call, key: CallKey) -> Json:
    raise StepError("no answer", "http.Timeout", retry_after=3, unanswered=True)


def test_whether_it_may_have_been_done_though_it_failed_is_told(pool: ThreadPoolExecutor) -> None:
    calls = PooledCalls({"lost": lost}, pool, SystemClock())
    begin(calls, "main", 1, Call("lost", None))
    failed = CallFailed("main", 1, "http.Timeout", "no answer", retry_after=3, unanswered=True)
    assert calls.wait() == [failed]


def test_what_is_not_wanted_any_more_once_it_could_begin_is_put_off(pool: ThreadPoolExecutor) -> None:
    made: list[Call] = []
    calls = PooledCalls({"tell": lambda wanted, _key: made.append(wanted)}, pool, SystemClock())
    begin(calls, "main", 1, Call("tell", 1), is_wanted=False)
    assert calls.wait() == [CallDeferred("main", 1)]
    assert made == []


def test_what_waits_for_room_is_asked_about_once_there_is_some() -> None:
    begun, go = threading.Event(), threading.Event()

    def slow(_wanted: Call, _key: CallKey) -> Json:
        begun.set()
        return go.wait(10)

    with ThreadPoolExecutor(1) as narrow:
        calls = PooledCalls({"slow": slow}, narrow, SystemClock())
        for thread in ("first", "second"):
            calls.start(TurnKey(thread, 1), Call("slow", None), CallKey("t:d:1", thread, 1), lambda: not go.is_set())
        assert calls.wait(SystemClock().now()) == []
        assert begun.wait(10)
        go.set()
        ended = [*calls.wait()]
        while len(ended) < 2:
            ended += calls.wait()
    assert ended == [CallSucceeded("first", 1, result=True), CallDeferred("second", 1)]


def where(wanted: Call, key: CallKey) -> Json:
    return threading.current_thread().name


def test_one_alone_is_performed_by_who_waits_for_it(pool: ThreadPoolExecutor) -> None:
    calls = PooledCalls({"where": where}, pool, SystemClock())
    begin(calls, "main", 1, Call("where", None))
    assert calls.wait() == [CallSucceeded("main", 1, threading.current_thread().name)]


def test_who_has_to_be_back_by_an_instant_does_not_perform(pool: ThreadPoolExecutor) -> None:
    calls = PooledCalls({"where": where}, pool, SystemClock())
    begin(calls, "main", 1, Call("where", None))
    (ended,) = calls.wait(LATER)
    assert isinstance(ended, CallSucceeded)
    assert ended.result != threading.current_thread().name


def test_waiting_ends_at_its_instant_and_what_is_in_flight_is_heard_of_later(pool: ThreadPoolExecutor) -> None:
    go = threading.Event()

    def slow(wanted: Call, key: CallKey) -> Json:
        return go.wait(10)

    calls = PooledCalls({"slow": slow, "where": where}, pool, SystemClock())
    begin(calls, "main", 1, Call("slow", None))
    assert calls.wait(SystemClock().now()) == []
    begin(calls, "other", 1, Call("where", None))
    (ended,) = calls.wait()
    assert ended.thread == "other"
    go.set()
    assert calls.wait() == [CallSucceeded("main", 1, result=True)]


class Waited(Room):
    """Tells when somebody waits for calls."""

    def __init__(self, is_waited_for: threading.Event) -> None:
        super().__init__()
        self.is_waited_for = is_waited_for

    @contextmanager
    def waiting(self, calls: object) -> Iterator[None]:
        self.is_waited_for.set()
        with super().waiting(calls):
            yield


def test_what_is_in_flight_is_waited_for_and_nothing_more_begins(pool: ThreadPoolExecutor) -> None:
    go, begun = threading.Event(), threading.Semaphore(0)
    made: list[str] = []

    def slow(_call: Call, key: object) -> Json:
        begun.release()
        go.wait(10)
        made.append(str(key))
        return None

    calls = PooledCalls({"slow": slow}, pool, SystemClock(), Waited(go))
    for turn in range(20):
        calls.start(TurnKey("main", turn), Call("slow", None), CallKey("t:d:1", "main", turn), lambda: True)
    begun.acquire()
    calls.drain()
    ended = len(made)
    assert 0 < ended <= 2
    calls.start(TurnKey("main", 20), Call("slow", None), CallKey("t:d:1", "main", 20), lambda: True)
    assert calls.wait() == [CallDeferred("main", 20)]
    assert len(made) == ended


def test_what_must_not_be_called_twice_fails_where_a_service_did_not_answer_before_it() -> None:
    def silent(_call: Call, _key: CallKey) -> Json:
        raise UnavailableError("no secrets for now")

    calls = PooledCalls({"call": silent}, ThreadPoolExecutor(1), SystemClock())
    calls.start(TurnKey("main", 1), Call("call", None, once=True), CallKey("t:d:1", "main", 0), lambda: True)
    (failed,) = calls.wait()
    assert isinstance(failed, CallFailed)
    assert (failed.name, failed.unanswered) == ("Unavailable", False)


class TestAnswerForWhichThereIsNoRoom:
    @pytest.fixture
    def room(self) -> Iterator[Room]:
        with full_room() as room:
            yield room

    def ended(self, room: Room, *, once: bool) -> Sequence[CallResult]:
        def answer(_call: Call, _key: CallKey) -> Json:
            room.take(1)
            return None

        calls = PooledCalls({"call": answer}, ThreadPoolExecutor(1), SystemClock(), room)
        calls.start(TurnKey("main", 1), Call("call", None, once=once), CallKey("t:d:1", "main", 0), lambda: True)
        return calls.wait()

    def test_the_call_is_made_again(self, room: Room) -> None:
        with pytest.raises(NoRoomError):
            self.ended(room, once=False)

    def test_one_that_must_not_be_made_twice_counts_as_interrupted(self, room: Room) -> None:
        (failed,) = self.ended(room, once=True)
        assert isinstance(failed, CallFailed)
        assert (failed.name, failed.unanswered) == ("Interrupted", True)
