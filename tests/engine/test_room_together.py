"""What executions hold together that one function works on at a time: more of them wait for their turn."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import NoRoomError
from chalicelib.core.values.json_text import read_json
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Mode
from chalicelib.engine.room import COPIES, STEP, Hold, Left, Room, Share
from chalicelib.engine.worker import LEAST, Worker
from tests.engine.memory_together import record
from tests.home import ECHO, WAIT, Home

CONFIG = json.loads((Path(__file__).parents[2] / ".chalice" / "config.json").read_text())

MOST = CONFIG["lambda_memory_size"] - 100
"""Megabytes of a function beside what itself needs; how much of them is taken depends on which calls end together.
Without the room that executions share it is 490, and 800 for calls of one execution."""


@pytest.mark.parametrize(
    ("shape", "outputs"),
    [
        ("answers of calls", [16_000_000] * 10),
        ("what is read again", [16_000_000] * 10),
        ("several calls of each", [4] * 10),
        ("child executions", [16_000_000] * 10),
        ("one, calls of small values", [8]),
        ("one, small values kept", []),
    ],
)
def test_large_executions_of_one_batch_have_room_in_one_function(shape: str, outputs: Sequence[int]) -> None:
    command = [sys.executable, "-m", "tests.engine.memory_together", shape]
    environment = {**os.environ, **CONFIG["environment_variables"]}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)  # noqa: S603 - it is this program
    found = json.loads(done.stdout)
    assert found["outputs"] == outputs
    assert found["taken"] < MOST


def test_the_largest_and_all_others_are_below_what_a_function_has() -> None:
    together = LIMITS.execution_memory_bytes + LIMITS.executions_memory_bytes
    assert together <= MOST * 1_000_000


@contextmanager
def other(room: Room, *sizes: int, left: Left | None = None) -> Iterator[Future[None]]:
    """Let an execution in another thread take room, and hold it until the end; lend what tells that it has it all."""
    has, end = Future[None](), Event()

    def work() -> None:
        with room.hold(left):
            try:
                for size in sizes:
                    room.take(size)
            except NoRoomError as error:
                has.set_exception(error)
            else:
                has.set_result(None)
            end.wait()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(work)
        try:
            yield has
        finally:
            end.set()


def call(room: Room, share: Share | None, size: int) -> None:
    """Take room as a call does, in its own thread."""
    with room.joined(share):
        room.take(size)


class TestCallsOfOneExecution:
    """Those that do not fit beside each other go on one after the other."""

    @pytest.fixture
    def pool(self) -> Iterator[ThreadPoolExecutor]:
        with ThreadPoolExecutor(2) as pool:
            yield pool

    def test_one_goes_beyond_what_there_is_while_its_execution_waits_for_it(self, pool: ThreadPoolExecutor) -> None:
        room = Room(100)
        with room.hold(), room.waiting("calls"):
            pool.submit(call, room, room.share("calls"), 1_000).result(5)

    def test_the_next_waits_until_what_the_first_brought_is_worked_on(self, pool: ThreadPoolExecutor) -> None:
        room = Room(100)
        with room.hold():
            first, second = room.share("calls"), room.share("calls")
            with room.waiting("calls"):
                pool.submit(call, room, first, 1_000).result(5)
                after = pool.submit(call, room, second, 1_000)
                with pytest.raises(TimeoutError):
                    after.result(0.05)
            room.hand_over(first)
            with pytest.raises(TimeoutError):
                after.result(0.05)
            with room.waiting("calls"):
                after.result(5)

    def test_what_fits_beside_the_first_goes_on_with_it(self, pool: ThreadPoolExecutor) -> None:
        room = Room(800)
        with room.hold():
            first, second, third = (room.share("calls") for _ in range(3))
            pool.submit(call, room, first, 600).result(5)
            pool.submit(call, room, second, 90).result(5)
            pool.submit(call, room, third, 10).result(5)

    def test_what_a_child_execution_waits_for_goes_on_though_a_call_of_its_parent_has_ended(
        self, pool: ThreadPoolExecutor
    ) -> None:
        room = Room(100)
        with room.hold():
            ended, ours = room.share("parent"), room.share("child")
            with room.waiting("child"):
                pool.submit(call, room, ended, 1_000).result(5)
                pool.submit(call, room, ours, 1_000).result(5)

    def test_what_was_handed_over_is_given_back_with_the_state_though_calls_go_on(
        self, pool: ThreadPoolExecutor
    ) -> None:
        room = Room(100)
        with room.hold():
            hold, first, second = room.current(), room.share("calls"), room.share("calls")
            with room.waiting("calls"):
                pool.submit(call, room, first, 80).result(5)
            room.hand_over(first)
            room.keep(10)
            pool.submit(call, room, second, 90).result(5)
            assert hold is not None
            assert hold.taken == 100


class TestRoom:
    def test_the_first_may_go_beyond_what_there_is(self) -> None:
        room = Room(100)
        with room.hold():
            room.take(1_000)
            room.take(1_000)

    def test_others_have_room_while_it_lasts(self) -> None:
        room = Room(100)
        with room.hold():
            room.take(60)
            with other(room, 40) as second:
                second.result(5)

    def test_one_for_which_there_is_none_waits_until_the_first_is_done(self) -> None:
        room = Room(100)
        with ExitStack() as second:
            with room.hold():
                room.take(60)
                has = second.enter_context(other(room, 41))
                with pytest.raises(TimeoutError):
                    has.result(0.05)
            has.result(5)

    def test_what_is_given_back_is_there_for_others(self) -> None:
        room = Room(100)
        with room.hold():
            room.take(100)
            with other(room, 50) as second:
                room.keep(50)
                second.result(5)

    def test_where_nothing_is_left_the_next_is_first(self) -> None:
        room = Room(100)
        with room.hold():
            room.take(100)
            room.keep(0)
            with other(room, 1_000) as second:
                second.result(5)

    @pytest.mark.parametrize("has", [0, 40])
    def test_one_that_finds_none_in_its_time_is_left_to_others(self, has: int) -> None:
        room = Room(100)
        with room.hold():
            room.take(60)
            with other(room, has, 41, left=timedelta) as second, pytest.raises(NoRoomError):
                second.result(5)

    def test_one_that_was_refused_stands_in_nobodys_way(self) -> None:
        room = Room(100)
        with ExitStack() as others:
            with room.hold():
                room.take(100)
                with pytest.raises(NoRoomError):
                    others.enter_context(other(room, 1, left=timedelta)).result(5)
            others.enter_context(other(room, 1_000)).result(5)

    def test_where_all_threads_of_calls_wait_one_of_them_goes_on(self) -> None:
        room, second = Room(100, callers=1), Share(Hold(), None)
        with room.hold():
            room.take(100)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(call, room, second, 50).result(5)
            assert second.size == 50

    def test_one_that_gives_back_all_it_had_while_it_waits_still_goes_on(self) -> None:
        room, waits = Room(100), Future[Hold]()

        @contextmanager
        def away() -> Iterator[None]:
            hold = room.current()
            assert hold is not None
            waits.set_result(hold)
            yield

        def work() -> int:
            with room.hold(away=away):
                room.take(30)
                room.take(50)
                hold = room.current()
                return 0 if hold is None else hold.size

        with ThreadPoolExecutor(1) as pool:
            with other(room, 60) as first:
                first.result(5)
                working = pool.submit(work)
                with room.joined(Share(waits.result(5), None)):
                    room.keep(0)
            assert working.result(5) == 50

    def test_an_answer_takes_room_before_more_of_it_is_read(self) -> None:
        room = Room(100)
        with room.hold():
            hold, arrived = room.current(), room.arrival()
            assert hold is not None
            arrived(STEP)
            assert hold.size == 0
            arrived(STEP + 1)
            assert hold.size == COPIES * STEP
            arrived(4 * STEP)
            assert hold.size == 3 * COPIES * STEP

    def test_so_do_the_small_values_of_an_answer_before_it_is_read(self) -> None:
        room = Room(100)
        with room.hold():
            hold, read = room.current(), room.reading(read_json)
            assert hold is not None
            read(b"[%s]" % (b"0," * 100_000 + b"0"), STEP)
            assert hold.size == 0
            read(b"[%s]" % (b"0," * 150_000 + b"0"), 2 * STEP)
            assert hold.size > 15 * STEP

    def test_who_works_for_no_execution_shares_nothing(self) -> None:
        room = Room(0)
        room.take(100)
        assert room.current() is None


def test_an_execution_that_finds_no_room_is_given_back_to_be_tried_soon() -> None:
    home, room = Home(), Room(0)
    home.executions.payloads.room = room
    home.create(WAIT, ECHO)
    name = home.execute("x" * 100_000)
    home.clock.sleep(45)
    worker = Worker(copy_with(home.dependencies, room=room), lambda *_: None, Mode.MESSAGES, reports=True)
    with other(room, 1) as first:
        first.result(5)
        records = [record(home.queue.receive(message)) for message in home.queue.visible()]
        answer = worker.handle(records, "request", LEAST)
    assert answer == {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in records]}
    assert min(each.visible_at for each in home.queue.messages.values()) - home.clock.now() < timedelta(seconds=5)
    home.clock.sleep(5)
    home.deliver_all()
    assert home.read(name).output == "x" * 100_000
