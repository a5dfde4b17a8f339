from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier, Event

import pytest

from chalicelib.adapters.calls.expiring import Expiring
from chalicelib.adapters.memory.stores import MemoryClock
from tests.adapters.examples import NOW

MINUTE = timedelta(minutes=1)


class Source:
    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, key: str) -> tuple[int, timedelta]:
        self.asked.append(key)
        return len(self.asked), MINUTE if key == "short" else 5 * MINUTE


def test_a_value_is_kept_for_as_long_as_it_lasts() -> None:
    clock, source = MemoryClock(NOW), Source()
    values = Expiring(source, clock.now)
    assert [values.get("a"), values.get("a")] == [1, 1]
    clock.sleep(299.999)
    assert values.get("a") == 1
    clock.sleep(0.001)
    assert [values.get("a"), values.get("a")] == [2, 2]


def test_each_value_lasts_as_long_as_its_fetch_says() -> None:
    clock, source = MemoryClock(NOW), Source()
    values = Expiring(source, clock.now)
    values.get("short"), values.get("long")
    clock.sleep(60)
    values.get("short"), values.get("long")
    assert source.asked == ["short", "long", "short"]


def test_a_failure_is_raised_and_not_kept() -> None:
    answers: list[Exception | int] = [OSError("no"), 1]

    def fetch(key: str) -> tuple[int, timedelta]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer, MINUTE

    values = Expiring(fetch, lambda: NOW)
    with pytest.raises(OSError, match="no"):
        values.get("a")
    assert values.get("a") == 1


def test_only_so_many_are_kept() -> None:
    source = Source()
    values = Expiring(source, lambda: NOW, size=2)
    for key in ("a", "b", "c", "b", "c", "a"):
        values.get(key)
    assert source.asked == ["a", "b", "c", "a"]


def test_what_was_fetched_again_is_kept_longer() -> None:
    clock, source = MemoryClock(NOW), Source()
    values = Expiring(source, clock.now, size=2)
    for key in ("a", "b"):
        values.get(key)
    clock.sleep(300)
    for key in ("a", "c", "a", "b"):
        values.get(key)
    assert source.asked == ["a", "b", "a", "c", "b"]


def meeting(count: int) -> tuple[Callable[[], datetime], Event]:
    """A clock that tells the time to `count` threads at once; the event is set when all have asked."""
    all_asked = Event()
    barrier = Barrier(count, action=all_asked.set)

    def now() -> datetime:
        barrier.wait(30)
        return NOW

    return now, all_asked


@pytest.mark.parametrize("fails", [False, True])
def test_threads_that_ask_at_once_share_one_fetch(*, fails: bool) -> None:
    now, all_asked = meeting(8)
    fetches: list[str] = []
    waiting = Event()

    def fetch(key: str) -> tuple[int, timedelta]:
        fetches.append(key)
        assert waiting.wait(30)
        if fails:
            raise OSError("no")
        return 7, MINUTE

    values = Expiring(fetch, now)
    with ThreadPoolExecutor(8) as pool:
        futures = [pool.submit(values.get, "a") for _ in range(8)]
        assert all_asked.wait(30)
        waiting.set()
        outcomes = [future.exception(30) or future.result() for future in futures]
    assert {str(outcome) for outcome in outcomes} == {"no" if fails else "7"}
    assert fails or fetches == ["a"]


def test_a_slow_fetch_does_not_hold_up_another_key() -> None:
    begun, other_done = Event(), Event()

    def fetch(key: str) -> tuple[str, timedelta]:
        if key == "slow":
            begun.set()
            assert other_done.wait(30)
        return key, MINUTE

    values = Expiring(fetch, lambda: NOW)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(values.get, "slow")
        assert begun.wait(30)
        assert values.get("fast") == "fast"
        other_done.set()
        assert slow.result(30) == "slow"
