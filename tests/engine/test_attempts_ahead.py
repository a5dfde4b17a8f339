"""Another attempt is made from the turn before it: what it comes to is written with it, and counts whatever happens."""

from datetime import timedelta
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


class TestItsTimer:
    """The message under which an attempt fails comes again for the next one, where single ones can be given back."""

    @pytest.fixture
    def home(self, home: Home) -> Home:
        home.gives_back = True
        return home

    def test_twice_no_other_message_is_sent(self, home: Home) -> None:
        name = failing(home, 2)
        (started,) = home.queue.messages
        go_on(home)
        assert [*home.queue.messages] == [started]
        go_on(home)
        assert (home.read(name).state, [*home.queue.messages]) == (State.SUCCEEDED, [])
        assert home.calls["queue.send"] == 1

    def test_then_there_is_a_message_of_its_own(self, home: Home) -> None:
        """What is received five times is a dead letter."""
        name = failing(home, 3, retry=[{**RETRY[0], "maxAttempts": 4}])
        for _ in range(3):
            go_on(home)
        assert home.read(name).state is State.SUCCEEDED
        assert home.calls["queue.send"] == 2

    @pytest.mark.parametrize(("seconds", "sent"), [(5, 1), (6, 2)])
    def test_one_is_not_hidden_for_long(self, home: Home, seconds: int, sent: int) -> None:
        failing(home, retry=[{**RETRY[0], "intervalSeconds": seconds}])
        assert home.calls["queue.send"] == sent

    def test_one_that_comes_too_early_sends_a_timer(self, home: Home) -> None:
        """The clock of another function may be behind."""
        name = failing(home)
        (message,) = home.queue.messages.values()
        message.visible_at = home.clock.now()
        home.deliver()
        assert home.calls["queue.send"] == 2
        go_on(home)
        assert (home.read(name).state, len(home.performed)) == (State.SUCCEEDED, 2)

    def test_where_the_clock_of_a_function_is_behind_it_waits_once_more(self, home: Home) -> None:
        name = failing(home)
        home.clock.sleep(1)
        for message in home.queue.messages.values():
            message.visible_at -= timedelta(minutes=10)
        home.clock.sleep(-600)
        home.deliver()
        (timer,) = home.queue.messages.values()
        assert timer.visible_at == home.clock.now() + timedelta(seconds=1)
        go_on(home)
        assert (home.read(name).state, len(home.performed)) == (State.SUCCEEDED, 2)

    def test_one_that_comes_while_paused_is_done(self, home: Home) -> None:
        name = failing(home)
        home.service.pause("t", name)
        go_on(home)
        assert (len(home.performed), [*home.queue.messages]) == (1, [])
        home.service.resume("t", name)
        go_on(home)
        assert (home.read(name).state, len(home.performed)) == (State.SUCCEEDED, 2)

    def test_branches_have_messages_of_their_own(self, home: Home) -> None:
        branches = [{"id": name, "steps": [{"id": name, **PAY}]} for name in "ab"]
        home.create({"type": "parallel", "branches": branches})
        home.failures = ["Busy", "Busy"]
        name = home.execute()
        assert len(home.waiting()) == 2
        go_on(home)
        assert (home.read(name).state, len(home.performed)) == (State.SUCCEEDED, 4)

    def test_one_that_is_lost_is_made_up_for(self, home: Home) -> None:
        name = failing(home)
        home.queue.messages.clear()
        home.clock.sleep(61)
        assert home.sweep_due() == 1
        home.deliver_all()
        assert (home.read(name).state, len(home.performed)) == (State.SUCCEEDED, 2)
