"""Another attempt is made from the turn before it: what it comes to is written with it, and counts whatever happens."""

from typing import Any

import pytest

from chalicelib.core.executions.model import State
from tests.home import ECHO, Home, late

RETRY = [{"errors": ["Busy"], "maxAttempts": 3, "intervalSeconds": 1, "backoffRate": 1, "jitter": "none"}]
PAY = {"type": "call", "content": "it", "retry": RETRY}


def failing(home: Home, times: int = 1, **more: Any) -> str:
    """Start a step that fails so often; answer the execution, which waits for another attempt."""
    home.create({**PAY, **more}, ECHO)
    home.failures = ["Busy"] * times
    return home.execute()


def go_on(home: Home, seconds: float = 1) -> None:
    home.clock.sleep(seconds)
    home.deliver_all()


def test_each_attempt_is_written_once_with_what_it_came_to(home: Home) -> None:
    name = failing(home, 2)
    go_on(home)
    go_on(home)
    assert home.read(name).state is State.SUCCEEDED
    assert (len(home.performed), home.calls["executions.update"]) == (3, 3)


@pytest.mark.parametrize(("seconds", "writes"), [(45, 2), (55, 3)])
def test_it_is_written_before_where_the_schedule_is_about_to_look(home: Home, seconds: float, writes: int) -> None:
    """The timer was due after a second, and the schedule looks after sixty."""
    failing(home)
    go_on(home, seconds)
    assert (len(home.performed), home.calls["executions.update"]) == (2, writes)


def test_and_one_that_must_not_be_made_twice(home: Home) -> None:
    failing(home, delivery="at-most-once")
    go_on(home)
    assert (len(home.performed), home.calls["executions.update"]) == (2, 4)


def test_what_it_came_to_counts_though_the_execution_was_paused_meanwhile(home: Home) -> None:
    name = failing(home)
    home.executions.rivals = [lambda: home.service.pause("t", name)]
    go_on(home)
    assert (home.read(name).paused, len(home.performed)) == (True, 2)
    home.service.resume("t", name)
    go_on(home, 600)
    assert home.read(name).state is State.SUCCEEDED
    assert len(home.performed) == 2


def test_of_two_that_were_begun_by_two_messages_one_counts(home: Home) -> None:
    name = failing(home)
    home.clock.sleep(1)
    (timer,) = home.waiting()

    def twin() -> None:
        home.send(late(timer))
        home.deliver()

    home.executions.rivals = [twin]
    home.deliver_all()
    assert home.read(name).state is State.SUCCEEDED
    succeeded = [record["step"] for record in home.records(name) if record["state"] == "StepSucceeded"]
    assert (succeeded, len(home.performed)) == (["step-0", "step-1"], 3)
