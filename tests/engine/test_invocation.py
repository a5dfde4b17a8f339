import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from chalicelib.adapters.memory.stores import MemoryClock, MemoryHistory
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import (
    CallSucceeded,
    Message,
    PauseRequested,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import State
from chalicelib.core.records.codec import read_message
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from tests.home import CALL, ECHO, START, SUB, WAIT, Home, with_rows


class TestBudgets:
    def test_ten_pure_steps_cost_a_put_and_a_send_then_a_write(self, home: Home) -> None:
        home.create(*([ECHO, {"type": "transform", "output": {"was": "${output}"}}] * 5))
        home.service.execute("t", "d", "warm")
        home.deliver()
        home.calls.clear()
        home.service.execute("t", "d", "in")
        assert home.calls == {"queue.send": 1, "executions.create": 1}
        home.calls.clear()
        assert home.deliver()
        assert home.calls == {"executions.update": 1}

    def test_a_wait_costs_one_message_and_one_write(self, home: Home) -> None:
        home.create(ECHO, WAIT, ECHO)
        home.service.execute("t", "d", "in")
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.update": 1, "queue.send": 1}
        home.calls.clear()
        home.clock.sleep(45)
        home.deliver()
        assert home.calls == {"executions.restore": 1, "executions.update": 1}
        assert home.only().state is State.SUCCEEDED

    def test_a_wait_with_much_state_costs_one_read(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.service.execute("t", "d", "in" * 10_000)
        home.deliver()
        home.calls.clear()
        home.clock.sleep(45)
        home.deliver()
        assert home.calls == {"executions.get": 1, "history.keep": 1, "executions.update": 1}

    def test_a_duplicate_costs_one_read(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.send([Message(home.only().id, Started())])
        home.calls.clear()
        assert home.deliver()
        assert home.calls == {"executions.get": 1}

    def test_ten_effects_cost_a_read_and_a_write_each_and_no_message(self, home: Home) -> None:
        home.create(*([CALL] * 10))
        home.service.execute("t", "d", "in")
        home.deliver()
        home.calls.clear()
        home.service.execute("t", "d", "in")
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.get": 1, "executions.update": 10}
        assert len(home.performed) == 20

    def test_a_child_costs_a_message_there_and_a_message_back(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        home.execute("in")
        home.deliver_all()
        home.calls.clear()
        home.execute("in")
        home.deliver_all()
        assert home.calls["queue.send"] == 3
        assert home.calls["executions.update"] == 3
        assert home.calls["executions.get"] == 1


class TestRunningAhead:
    def test_many_turns_are_written_in_pieces_and_end_in_one_invocation(self, home: Home) -> None:
        home.create(*([ECHO] * 750))
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.only().state is State.SUCCEEDED
        assert home.only().version == 2

    def test_a_spent_budget_hands_the_rest_to_another_message(self, home: Home) -> None:
        home.create(*([ECHO] * 250))
        home.service.execute("t", "d", "in")
        home.deliver(turns=100)
        (message,) = home.queue.visible()
        assert read_message(json.loads(message.body)).event == StepDue("main", 100)
        while home.queue.visible():
            home.deliver(turns=100)
        assert home.only().state is State.SUCCEEDED

    def test_all_events_of_one_execution_share_a_read_and_a_write(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(45)
        home.queue.send([Message(home.only().id, TimerFired("main", 1)), Message(home.only().id, Started())])
        home.calls.clear()
        assert len(home.deliver()) == 3
        assert home.calls == {"executions.get": 1, "executions.update": 1}


class TestTimers:
    def test_an_early_timer_is_sent_again_for_the_rest(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.messages.clear()
        home.clock.sleep(30)
        home.queue.send([Message(home.only().id, TimerFired("main", 1))])
        assert home.deliver()
        (message,) = home.queue.messages.values()
        assert message.visible_at == START + timedelta(seconds=45)

    @pytest.mark.parametrize("seconds", [900, 901])
    def test_no_wait_falls_between_message_and_due_time_if_the_clock_steps_back(self, seconds: int) -> None:
        class Stepping(MemoryClock):
            def now(self) -> datetime:
                self.instant -= timedelta(milliseconds=1)
                return self.instant

        home = Home()
        home.dependencies = copy_with(home.dependencies, clock=Stepping(START))
        home.create({"type": "wait", "seconds": seconds})
        home.service.execute("t", "d", "in")
        home.deliver()
        assert home.queue.messages or home.executions.due_times

    def test_a_paused_wait_ends_once_it_is_resumed(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.service.pause("t", name)
        home.clock.sleep(60)
        assert len(home.deliver()) == 1
        assert home.only().state is State.PAUSED
        home.service.resume("t", name)
        home.deliver()
        assert home.only().output == "in"


class TestCarried:
    """Messages carry the execution as it was written before they were sent."""

    def test_what_has_changed_since_is_read_again_and_folded_once(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.service.pause("t", name)
        home.service.resume("t", name)
        home.clock.sleep(45)
        home.deliver_all()
        assert home.only().state is State.SUCCEEDED
        assert home.recorded(name).count("StepSucceeded") == 2
        assert [content for _, content in home.performed] == ["in"]

    def test_nothing_is_performed_from_it(self, home: Home) -> None:
        home.create(*[ECHO] * 10, CALL)
        home.service.execute("t", "d", "in")
        home.deliver(turns=10)
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.restore": 1, "executions.get": 1, "executions.update": 1}
        assert len(home.performed) == 1

    def test_a_second_delivery_reads(self, home: Home) -> None:
        home.create(WAIT, ECHO)
        home.execute("in")
        home.clock.sleep(45)
        (message,) = home.queue.visible()
        message.receives = 1
        home.calls.clear()
        home.deliver()
        assert home.calls == {"executions.get": 1, "executions.update": 1}

    def test_it_is_left_out_where_others_may_move_the_execution(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": "wait", **WAIT}]} for name in "ab"]
        home.create({"type": "parallel", "branches": branches})
        home.execute("in")
        assert [message.image for message in home.waiting()] == [None, None]


class Flying:
    """Calls of which one ends, and then no store answers any more."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.flying: list[TurnKey] = []
        self.waited_for: list[TurnKey] = []

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        self.flying.append(turn)

    def wait(self, until: datetime | None = None) -> Sequence[CallSucceeded]:
        self.home.executions.silent = True
        return [CallSucceeded(*self.flying.pop(0), 1)]

    def drain(self) -> None:
        self.waited_for, self.flying = self.flying, []


class TestGivingUp:
    def test_what_fails_waits_for_its_calls_first(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": "ask", **CALL}]} for name in ("a", "b")]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")
        calls = Flying(home)
        home.dependencies = copy_with(home.dependencies, calls=lambda: calls)
        with pytest.raises(UnavailableError):
            home.deliver()
        assert [turn.thread for turn in calls.waited_for] == ["main.1.b"]

    def test_answers_that_stay_away_give_the_message_back(self, home: Home) -> None:
        class Silent(MemoryHistory):
            def append(self, row: object) -> int:
                raise UnavailableError

        home.create(ECHO)
        home.service.execute("t", "d", "in")
        home.dependencies = copy_with(with_rows(home).dependencies, history=Silent())
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().state is State.SUBMITTED

    def test_a_message_for_an_execution_that_is_gone_is_done(self, home: Home) -> None:
        home.queue.send([Message("t:d:gone", StepDue("main", 3))])
        assert home.deliver()

    def test_dead_letters_apart_a_request_that_comes_before_all_is_given_back(self, home: Home) -> None:
        home.send(Message("t:d:mine", PauseRequested(turn=4)))
        assert home.deliver() == set()
        home.create(WAIT)
        home.service.execute("t", "d", "in", name="mine")
        home.deliver()
        home.clock.sleep(360)
        home.deliver()
        assert home.only().paused
        assert home.only().state is State.PAUSED
