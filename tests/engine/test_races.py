import json
from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import (
    TimerFired,
)
from chalicelib.core.executions.model import State, Status
from chalicelib.core.executions.requests import CALL_LASTS
from chalicelib.core.records.codec import read_message
from chalicelib.core.values.errors import ConflictError, UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery
from tests.home import CALL, START, SUB, WAIT, Home


class TestRaces:
    def test_a_request_that_lost_its_race_is_folded_into_what_stands_there(self, home: Home) -> None:
        home.create(WAIT, CALL, WAIT)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [home.deliver]
        assert home.service.cancel("t", name, "ada").state is State.CANCELLED
        assert home.only().step == "step-2"
        assert home.recorded(name)[-3:] == ["StepSucceeded", "StepStarted", "ExecutionCancelled"]
        assert home.performed == [(f"{name}:main:2", "in")]

    def test_one_that_came_after_the_end_is_a_conflict(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [home.deliver]
        with pytest.raises(ConflictError, match="it is ExecutionSucceeded"):
            home.service.cancel("t", name)

    def test_one_whose_answer_was_lost_is_done_once(self, home: Home) -> None:
        home.create(CALL)
        home.failures = ["No"]
        name = home.execute("in")
        assert home.only().state is State.FAILED
        home.executions.lost_answers = 1
        assert home.service.redrive("t", name).redrives == 1
        home.deliver()
        assert (home.only().state, home.only().output) == (State.SUCCEEDED, "in")
        assert home.recorded(name).count("ExecutionRedriven") == 1

    def test_a_timer_that_lost_to_a_cancellation_changes_nothing(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [lambda: home.service.cancel("t", name)]
        assert len(home.deliver()) == 1
        assert (home.only().state, home.performed) == (State.CANCELLED, [])

    def test_a_timer_that_lost_to_a_pause_counts_after_it(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.clock.sleep(45)
        home.executions.rivals = [lambda: home.service.pause("t", name)]
        assert len(home.deliver()) == 1
        assert (home.only().threads["main"].status, home.performed) == (Status.WAITING, [])
        home.service.resume("t", name)
        home.deliver_all()
        assert home.only().output == "in"

    def test_an_effect_whose_write_lost_is_not_repeated(self, home: Home) -> None:
        home.create(CALL, CALL)
        name = home.service.execute("t", "d", "in")[0].id
        home.executions.rivals = [lambda: home.service.pause("t", name)]
        home.deliver()
        assert home.performed == [(f"{name}:main:0", "in")]
        assert (home.only().state, home.only().threads["main"].key) == (State.PAUSED, ("main", 1))
        home.service.resume("t", name)
        home.clock.sleep(CALL_LASTS.total_seconds())
        home.deliver_all()
        assert home.performed == [(f"{name}:main:0", "in"), (f"{name}:main:1", "in")]
        assert home.only().state is State.SUCCEEDED


class TestTwins:
    """A message that is delivered again while, or because, the process that took it first has not ended."""

    def test_a_redelivery_sends_what_its_dead_twin_did_not(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().threads["main"].status is Status.WAITING
        home.clock.sleep(360)
        assert len(home.deliver()) == 1
        assert [message.event for message in home.waiting()] == [TimerFired("main", 1)]

    def test_it_takes_up_every_thread_that_its_dead_twin_drove(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": "ask", **CALL}]} for name in ("a", "b")]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")

        def die() -> None:
            home.executions.rivals = [die]
            raise UnavailableError

        home.executions.rivals = [lambda: None, die]
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.only().version == 1
        home.executions.rivals = []
        home.clock.sleep(360)
        home.deliver()
        assert home.only().output == {"a": "in", "b": "in"}

    def test_what_a_twin_drives_is_given_back_as_it_may_die(self, home: Home) -> None:
        home.create(CALL, WAIT)
        home.service.execute("t", "d", "in")
        (message,) = home.queue.visible()
        again = Delivery(message.id, read_message(json.loads(message.body)), 2)
        twin = Invocation(home.dependencies, "twin", [again], Budget(START + timedelta(minutes=1)))
        answers = []
        home.executions.rivals = [lambda: answers.append(twin.run())]
        assert home.deliver() == set()
        assert answers == [{message.id}]
        assert home.performed == [(f"{home.only().id}:main:0", "in")] * 2

    def test_an_end_that_its_dead_twin_did_not_tell_is_told(self, home: Home) -> None:
        home.create(WAIT, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.deliver_all()
        home.clock.sleep(45)
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.deliver()
        assert home.child().ended
        home.clock.sleep(360)
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_a_start_that_overtakes_its_execution_puts_it_before_an_effect(self, home: Home) -> None:
        home.create(CALL)
        home.service.execute("t", "d", "in")
        home.executions.items.clear()
        home.deliver()
        assert (home.only().output, home.calls["executions.create"]) == ("in", 2)

    def test_one_that_found_its_id_taken_does_nothing(self, home: Home) -> None:
        home.create(CALL)
        execution, _ = home.service.execute("t", "d", "in")
        other = copy_with(execution, nonce="other", input="other")
        home.executions.items.clear()
        home.executions.create(other)
        assert len(home.deliver()) == 1
        assert (home.only(), home.performed) == (other, [])

    def test_a_request_whose_messages_were_not_sent_is_made_up_for_by_the_schedule(self, home: Home) -> None:
        home.create(CALL)
        home.failures = ["No"]
        name = home.execute("in")
        home.queue.refusals = 1
        with pytest.raises(UnavailableError):
            home.service.redrive("t", name)
        home.clock.sleep(60.001)
        home.sweep_due()
        home.deliver_all()
        assert home.only().output == "in"
