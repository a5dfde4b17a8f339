"""What an execution has no room for: it runs elsewhere, or fails its step where that can be seen and caught."""

import base64
import random
from typing import Any

import pytest

from chalicelib.core.executions.inputs import CancelRequested, Message, SignalReceived, SignalSent
from chalicelib.core.executions.model import State
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.errors import OutgrownError
from chalicelib.core.values.json import Json
from chalicelib.engine.invocation import ApiInvocation
from chalicelib.engine.model import Mode
from tests.home import CALL, ECHO, START, WAIT, Home

SMALL = 100_000
"""Bytes of an item that is full with little: 60,000 for steps, 80,000 for their failures."""


def noise(size: int, seed: str) -> str:
    """Text that does not compress below three quarters of its length."""
    return base64.b64encode(random.Random(seed).randbytes(size)).decode()[:size]


def texts(count: int, size: int) -> list[Json]:
    return [noise(size, str(n)) for n in range(count)]


def each(*steps: dict[str, Any], items: str = "${range(`100`)}", **more: Any) -> dict[str, Any]:
    """Make a map of one step after the other."""
    return {"type": "map", "items": items, "steps": [{"id": f"s{n}", **step} for n, step in enumerate(steps)], **more}


TEXT = {"type": "echo", "message": "${at(input, index)}"}
FAILS = {"type": "echo", "message": "${[error.name, error.step]}"}
CAUGHT = {"catch": [{"errors": ["TooLarge"], "next": "step-1"}]}


class TestManyThreads:
    def test_a_hundred_times_a_hundred_wait(self, home: Home) -> None:
        home.create(each(each(WAIT)), {"type": "echo", "message": "${length(output[99])}"})
        name = home.execute()
        home.deliver_all()
        assert sum(len(home.read(each).threads) for each in home.executions.items) > 100 * 100
        assert max(len(home.read(each).threads) for each in home.executions.items) <= LIMITS.execution_threads
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == 100

    def test_forty_times_a_hundred_with_texts_of_their_own(self, home: Home) -> None:
        text = {"type": "echo", "message": "${join('-', [item, execution.id])}"}
        home.create(each(each(text, WAIT, items="${input.texts}"), items="${input.rounds}"))
        name = home.execute({"rounds": list(range(40)), "texts": texts(100, 200)})
        home.deliver_all()
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == [[f"{text}-{name}" for text in texts(100, 200)]] * 40


class TestTooLarge:
    def full(self, home: Home, **more: Any) -> str:
        """Start what comes to more than its item can hold."""
        home.executions.most = SMALL
        home.create(each(TEXT, WAIT, **more), FAILS)
        return home.execute(texts(100, 800))

    def test_it_is_caught_by_name_at_once(self, home: Home) -> None:
        item = home.read(self.full(home, **CAUGHT))
        assert (item.state, item.output) == (State.SUCCEEDED, ["TooLarge", "step-0/s0"])
        assert item.ended_at == START
        assert not home.queue.visible()

    def test_uncaught_it_ends_the_execution_and_says_what_to_do(self, home: Home) -> None:
        item = home.read(self.full(home))
        assert item.state is State.FAILED
        assert item.error is not None
        assert item.error.name == "TooLarge"
        assert (
            "and 59,040 are the most (execution_bytes): let fewer items run at once (`maxConcurrency`)"
            in item.error.message
        )
        assert not home.queue.visible()

    def test_what_went_well_before_it_stays_done(self, home: Home) -> None:
        home.executions.most = SMALL
        home.create(CALL, each(TEXT, WAIT))
        item = home.read(home.execute(texts(100, 800)))
        assert item.error is not None
        assert (item.error.step, len(home.performed)) == ("step-1/s0", 1)

    @pytest.mark.parametrize(("at_once", "state"), [(10, State.SUCCEEDED), (100, State.FAILED)])
    def test_fewer_at_once_have_room(self, home: Home, at_once: int, state: State) -> None:
        home.executions.most = SMALL
        home.create(each(TEXT, WAIT, {"type": "echo", "message": "${index}"}, maxConcurrency=at_once))
        name = home.execute(texts(100, 800))
        for _ in range(10):
            home.clock.sleep(45)
            home.deliver_all()
        assert home.read(name).state is state

    def test_it_is_driven_on_with_another_version(self, home: Home) -> None:
        name = self.full(home)
        home.create(each({**TEXT, "output": None}, WAIT), ECHO)
        home.service.redrive("t", name, step="step-0", version=2)
        home.deliver_all()
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == [None] * 100

    def test_what_makes_a_full_execution_no_larger_goes_on(self, home: Home) -> None:
        home.create(each(TEXT, WAIT))
        name = home.execute(texts(100, 800))
        home.executions.most = SMALL
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == texts(100, 800)

    def test_where_not_even_the_failure_has_room_the_first_step_gives_up_what_it_began(self, home: Home) -> None:
        home.create(each(TEXT, WAIT, {"type": "echo", "message": "${reverse(output)}", "stash": "more"}, WAIT))
        name = home.execute(texts(100, 800))
        home.executions.most = 80_000
        home.clock.sleep(45)
        home.deliver_all()
        item = home.read(name)
        assert (item.state, list(item.threads)) == (State.FAILED, ["main"])
        assert item.error is not None
        assert (item.error.name, item.error.step) == ("TooLarge", "step-0")
        home.executions.most = 4 * SMALL
        home.service.redrive("t", name)
        home.deliver_all()
        assert len(home.read(name).threads) == 101

    def test_those_that_have_no_room_fail_one_by_one_and_all_others_go_on(self, home: Home) -> None:
        catch = {**WAIT, "catch": [{"errors": ["TooLarge"], "next": "s3"}]}
        home.create(
            each(
                TEXT,
                {**catch, "output": "${[output, reverse(output)]}"},
                catch,
                {"type": "echo", "message": "${error.name}"},
            )
        )
        name = home.execute(texts(100, 800))
        home.executions.most = 130_000
        for _ in range(2):
            home.clock.sleep(45)
            home.deliver_all()
        output: Any = home.read(name).output
        assert 20 < output.count(None) < 80
        assert output.count(None) + output.count("TooLarge") == 100

    def test_an_end_may_take_more_than_a_step_that_leads_on(self, home: Home) -> None:
        home.create({"type": "echo", "message": "${reverse(input)}"})
        home.executions.most = 106_000
        assert home.read(home.execute(texts(75, 800))).output == texts(75, 800)[::-1]

    def test_what_does_not_fit_at_all_is_left_to_the_next_delivery(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        name = home.execute("x" * 70_000)
        home.executions.most = 0
        home.clock.sleep(45)
        before = home.read(name)
        with pytest.raises(OutgrownError):
            home.deliver()
        assert home.read(name) == before


class TestRequests:
    def waiting(self, home: Home, room: int) -> str:
        """Start what waits for an event, in an item that has so much room left."""
        home.create(each({"type": "event", "name": "go", "key": "${item}"}, items="${input}"))
        name = home.execute(texts(50, 1_000))
        home.executions.most = home.read(name).item_bytes + room
        return name

    def test_an_event_that_has_no_room_is_refused_and_changes_nothing(self, home: Home) -> None:
        name = self.waiting(home, 40_000)
        before = home.read(name)
        sent = SignalSent(id="1", name="other", result=noise(8_000, "sent"), until=START.replace(year=2027))
        with pytest.raises(OutgrownError, match="the most"):
            home.drive(name, sent)
        assert home.read(name) == before

    def test_a_published_event_that_has_no_room_fails_the_step_that_it_is_for(self, home: Home) -> None:
        name = self.waiting(home, 40_000)
        received = SignalReceived("main.1.7", 1, noise(8_000, "sent"), "id")
        assert ApiInvocation(home.dependencies, name, received, "token").has_changed()
        error = home.read(name).error
        assert error is not None
        assert (error.name, error.step) == ("TooLarge", "step-0/s0")

    def test_a_cancellation_by_the_parent_that_has_no_room_ends_it_all_the_same(self, home: Home) -> None:
        name = self.waiting(home, -40_000)
        home.send(Message(name, CancelRequested(turn=3)))
        home.deliver_all()
        item = home.read(name)
        assert item.state is State.FAILED
        assert item.threads["main"].join is None

    def test_a_dead_letter_is_worked_on_though_there_is_little_room(self, home: Home) -> None:
        home.create(each(TEXT, WAIT))
        name = home.execute(texts(100, 800))
        home.executions.most = home.read(name).item_bytes + 1_000
        home.clock.sleep(45)
        before = home.read(name).version
        home.deliver(Mode.DEAD_LETTERS)
        assert (home.read(name).error, home.read(name).version > before) == (None, True)

    def test_a_cancellation_has_room_where_nothing_else_has(self, home: Home) -> None:
        name = self.waiting(home, 1_000)
        assert home.drive(name, CancelRequested()) is not None
        assert home.read(name).state is State.CANCELLED
