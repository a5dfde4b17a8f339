"""Answers, read from a copy of the store that may be behind: each is heard, and none twice."""

import pytest

from chalicelib.core.executions.inputs import SignalReceived
from chalicelib.core.executions.model import Execution, Signal, State
from chalicelib.core.values.json import Json
from chalicelib.engine.invocation import ApiInvocation
from tests.home import START, Home

WAIT = {"type": "event", "name": "paid", "key": "1"}


def waiting(home: Home) -> Execution:
    """Start an execution, and let it wait; no copy of the store has seen more than its start."""
    home.create(WAIT)
    submitted, _ = home.service.execute("t", "d", None)
    home.executions.behind[submitted.id] = submitted
    home.deliver()
    return home.service.read_execution("t", submitted.id)


def answer(home: Home, execution: Execution, value: Json, token: str) -> bool:
    received = SignalReceived("main", execution.threads["main"].turn, value, "", None)
    return ApiInvocation(home.dependencies, execution.id, received, token).has_changed()


def test_an_event_is_given_to_a_step_that_the_copy_does_not_show(home: Home) -> None:
    execution = waiting(home)
    published = home.answers.publish("t", "paid", "1", Signal("e", "paid", START, "by card"), named=False)
    assert published.waiter is not None
    assert home.service.read_execution("t", execution.id).output == "by card"


def test_a_copy_that_shows_all_is_read_once(home: Home) -> None:
    execution = waiting(home)
    home.executions.behind.clear()
    home.calls.clear()
    assert answer(home, execution, 1, "first")
    assert home.calls["executions.get"] == 1


@pytest.mark.parametrize("shown", ["the wait", "nothing"])
def test_an_answer_counts_once_whatever_the_copy_shows(home: Home, shown: str) -> None:
    execution = waiting(home)
    home.executions.behind[execution.id] = execution if shown == "the wait" else None
    assert answer(home, execution, 1, "first")
    assert not answer(home, execution, 2, "second")
    ended = home.service.read_execution("t", execution.id)
    assert (ended.state, ended.output) == (State.SUCCEEDED, 1)


def test_an_answer_is_heard_whose_write_is_not_answered(home: Home) -> None:
    execution = waiting(home)
    home.executions.behind[execution.id] = execution
    home.executions.lost_answers = 1
    assert answer(home, execution, 1, "first")
