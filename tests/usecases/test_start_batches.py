from collections.abc import Callable
from datetime import timedelta
from threading import Event

from chalicelib.core.executions.model import State
from chalicelib.usecases.executions import ExecutionService
from chalicelib.usecases.start_batches import BEGINS_FOR, RUNS_FOR
from tests.home import CALL, ECHO, Home


def begin(service: ExecutionService | None, value: int) -> State | None:
    if service is None:
        return None
    execution, _ = service.execute("t", "d", value)
    return execution.state


def test_those_side_by_side_send_together() -> None:
    home = Home(inline_turns=100)
    home.create(CALL)
    home.calls.clear()
    home.services.start_batches.start(range(25), begin)
    assert len(home.waiting()) == 25
    assert home.calls["queue.send"] == 3


def test_those_of_one_name_are_started_one_after_the_other() -> None:
    others, done = Event(), list[int]()

    def start(_: ExecutionService | None, each: tuple[str | None, int]) -> int:
        name, number = each
        if number == 0:
            assert others.wait(10)
        done.append(number)
        if name is None:
            others.set()
        return number

    starts = [("a", 0), ("a", 1), ("a", 2), (None, 3)]
    assert Home().services.start_batches.start(starts, start, lambda each: each[0]) == [0, 1, 2, 3]
    assert done == [3, 0, 1, 2]


def test_their_definition_is_read_once() -> None:
    home = Home(inline_turns=100)
    home.create(ECHO)
    home.clock.sleep(2)
    home.calls.clear()
    assert home.services.start_batches.start(range(10), begin) == [State.SUCCEEDED] * 10
    assert home.calls["definitions.newest"] == 1
    assert home.calls["executions.update"] == 10


def slow(home: Home, at: int, taken: timedelta) -> Callable[[ExecutionService | None, int], State | None]:
    """Begin executions, of which one takes a time."""

    def slowly(service: ExecutionService | None, value: int) -> State | None:
        state = begin(service, value)
        if value == at:
            home.clock.sleep(taken / timedelta(seconds=1))
        return state

    return slowly


def test_what_comes_late_is_left_to_workers() -> None:
    home = Home(inline_turns=100)
    home.create(ECHO)
    found = home.services.start_batches.start(range(20), slow(home, 0, RUNS_FOR))
    assert found == [State.SUCCEEDED] * 10 + [State.SUBMITTED] * 10
    home.deliver()
    assert all(home.read(name).ended for name in home.executions.items)


def test_what_comes_too_late_is_not_begun() -> None:
    home = Home(inline_turns=100)
    home.create(ECHO)
    found = home.services.start_batches.start(range(35), slow(home, 10, BEGINS_FOR))
    assert found == [State.SUCCEEDED] * 20 + [None] * 15
    assert len(home.executions.items) == 20


def test_a_message_that_is_not_taken_is_sent_alone() -> None:
    home = Home(inline_turns=100)
    home.create(CALL)
    home.queue.refusals = 1
    home.services.start_batches.start(range(10), begin)
    assert len({message.execution for message in home.waiting()}) == 10
