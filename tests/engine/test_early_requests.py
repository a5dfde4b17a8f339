"""A request of the parent can come before the message that starts its execution: it is waited for, but not for ever."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import CancelRequested, Message, PauseRequested, StepDue, TimerFired
from chalicelib.core.executions.model import State
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import OVERTAKES, Budget, Delivery, Mode
from tests.home import WAIT, Home


def acknowledged(home: Home, event: PauseRequested | StepDue | TimerFired, age: timedelta) -> bool:
    sent_at = home.clock.now() - age
    delivery = Delivery("message", Message("t:d:mine", event), 9, sent_at)
    budget = Budget(home.clock.now() + timedelta(minutes=1))
    return Invocation(home.dependencies, "request", [delivery], budget, Mode.MESSAGES).run() == {"message"}


def test_it_is_given_back_at_first(home: Home) -> None:
    assert not acknowledged(home, CancelRequested(turn=3), OVERTAKES - timedelta(seconds=1))


def test_in_the_end_its_execution_has_never_begun(home: Home) -> None:
    assert acknowledged(home, CancelRequested(turn=3), OVERTAKES)


@pytest.mark.parametrize("event", [StepDue("main", 1), TimerFired("main", 1)])
def test_nothing_else_comes_before_a_start(home: Home, event: StepDue | TimerFired) -> None:
    assert acknowledged(home, event, timedelta(0))


def test_one_that_was_given_back_counts_once_its_execution_has_begun(home: Home) -> None:
    home.create(WAIT)
    home.send(Message("t:d:mine", CancelRequested(turn=4)))
    home.deliver()
    home.service.execute("t", "d", "in", name="mine")
    home.deliver()
    home.clock.sleep(360)
    home.deliver_all()
    assert home.only().state is State.CANCELLED
