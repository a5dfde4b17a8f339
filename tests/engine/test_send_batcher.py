from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import pytest

from chalicelib.core.executions.inputs import Message, StepDue
from chalicelib.core.values.errors import UnavailableError
from chalicelib.engine.send_batcher import CallsOutsideBatch, SendBatcher
from chalicelib.ports import CallResult, Calls

FOR_EVER = 3600.0


class Queue:
    """Keeps what was sent together; it can refuse what some message is part of, for now or for ever."""

    def __init__(self) -> None:
        self.sent: list[list[str]] = []
        self.refused: set[str] = set()
        self.refusal: Exception = UnavailableError()
        self.deleted: list[str] = []

    def send(self, messages: Sequence[Message]) -> None:
        names = sorted(message.execution for message in messages)
        self.sent.append(names)
        if self.refused.intersection(names):
            raise self.refusal

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        self.deleted += handles

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        self.deleted += seconds


def message(name: str) -> Message:
    return Message(name, StepDue("main", 1))


def together(*tasks: Callable[[], object]) -> list[Future[object]]:
    """Run tasks in a thread each, to their ends."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [pool.submit(task) for task in tasks]


@pytest.fixture
def queue() -> Queue:
    return Queue()


def test_all_send_together(queue: Queue) -> None:
    batcher = SendBatcher(queue, 10, FOR_EVER)
    together(*[lambda n=n: batcher.send([message(str(n))]) for n in range(10)])  # type: ignore[misc] # bound early
    assert queue.sent == [sorted(map(str, range(10)))]


def test_they_do_so_again_and_again(queue: Queue) -> None:
    batcher = SendBatcher(queue, 3, FOR_EVER)

    def send(name: str) -> None:
        for _ in range(50):
            batcher.send([message(name)])

    together(*[lambda name=name: send(name) for name in "abc"])  # type: ignore[misc] # bound early
    assert queue.sent == [["a", "b", "c"]] * 50


def test_one_that_leaves_is_not_waited_for(queue: Queue) -> None:
    batcher = SendBatcher(queue, 3, FOR_EVER)
    together(lambda: batcher.send([message("a")]), lambda: batcher.send([message("b")]), batcher.leave)
    assert queue.sent == [["a", "b"]]


def test_one_that_waits_for_an_effect_is_not_waited_for(queue: Queue) -> None:
    batcher, ended = SendBatcher(queue, 2, FOR_EVER), Event()

    class Slow:
        def start(self, *_: object) -> None:
            raise NotImplementedError

        def wait(self, until: object = None) -> Sequence[CallResult]:
            assert ended.wait(30)
            return ()

        def drain(self) -> None:
            raise NotImplementedError

    slow: Calls = Slow()

    def work() -> None:
        CallsOutsideBatch(slow, batcher).wait()
        batcher.send([message("slow")])
        batcher.leave()

    def other() -> None:
        batcher.send([message("quick")])
        ended.set()
        batcher.leave()

    together(work, other)
    assert queue.sent == [["quick"], ["slow"]]


def test_nobody_is_waited_for_for_long(queue: Queue) -> None:
    batcher = SendBatcher(queue, 2, patience=0.001)
    batcher.send([message("a")])
    assert queue.sent == [["a"]]


@pytest.mark.parametrize("refusal", [UnavailableError(), ValueError("too long")])
def test_what_fails_of_the_others_does_not_fail_all(queue: Queue, refusal: Exception) -> None:
    queue.refused, queue.refusal = {"bad"}, refusal
    batcher = SendBatcher(queue, 2, FOR_EVER)
    good, bad = together(lambda: batcher.send([message("good")]), lambda: batcher.send([message("bad")]))
    assert good.exception() is None
    assert bad.exception() is refusal
    assert sorted(queue.sent) == [["bad"], ["bad", "good"], ["good"]]


def test_one_alone_hears_of_its_failure_after_one_try(queue: Queue) -> None:
    queue.refused = {"bad"}
    with pytest.raises(UnavailableError):
        SendBatcher(queue, 1).send([message("bad")])
    assert queue.sent == [["bad"]]


def test_deletions_go_through(queue: Queue) -> None:
    SendBatcher(queue, 2).delete("work", ["handle"])
    assert queue.deleted == ["handle"]
