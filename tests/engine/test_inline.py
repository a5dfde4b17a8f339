"""What runs where it is started or answered, and children in the functions of their parents."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import CancelRequested, Message, Started
from chalicelib.core.executions.model import State
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.value import copy_with
from tests.home import CALL, ECHO, SUB, WAIT, Home, late

ROUND = {"type": "choice", "choices": [{"when": "input == 'in'", "next": "step-0"}], "default": "step-2"}


@pytest.fixture
def home() -> Home:
    return Home(inline_turns=LIMITS.inline_turns)


def costs(home: Home) -> dict[str, int]:
    """Tell how often what costs something was called, and forget it."""
    calls = {name: count for name, count in home.calls.items() if name.partition(".")[2] not in {"restore", "delete"}}
    home.calls.clear()
    return calls


class TestStarts:
    def test_immediate_steps_cost_one_write(self, home: Home) -> None:
        home.create(*[ECHO] * 10)
        home.service.execute("t", "d", "in")
        costs(home)
        ended, new = home.service.execute("t", "d", "in")
        assert (ended.state, ended.output, new) == (State.SUCCEEDED, "in", True)
        assert costs(home) == {"executions.update": 1}
        assert home.waiting() == []
        assert home.recorded(ended.id)[-1] == "ExecutionSucceeded"

    def test_a_wait_is_written_and_its_timer_sent(self, home: Home) -> None:
        home.create(ECHO, WAIT, ECHO)
        started, _ = home.service.execute("t", "d", "in")
        assert (started.state, home.read(started.id).version) == (State.SUBMITTED, 1)
        home.deliver()
        assert home.read(started.id).version == 1
        home.clock.sleep(45)
        home.deliver()
        assert home.read(started.id).output == "in"

    def test_a_timer_that_was_not_sent_is_found_by_the_schedule(self, home: Home) -> None:
        home.create(WAIT)
        home.queue.refusals = 1
        started, _ = home.service.execute("t", "d", "in")
        assert home.waiting() == []
        home.clock.sleep(120)
        assert home.sweep_due() == 1
        home.deliver_all()
        assert home.read(started.id).state is State.SUCCEEDED

    @pytest.mark.parametrize("steps", [(ECHO, CALL), (CALL,), (SUB,), (ECHO, ROUND, ECHO)])
    def test_what_takes_others_or_too_long_goes_to_a_worker_as_it_was_submitted(
        self, home: Home, steps: tuple[dict[str, object], ...]
    ) -> None:
        home.create(ECHO, name="other")
        home.create(*steps)
        started, _ = home.service.execute("t", "d", "in")
        assert (home.performed, home.read(started.id).version) == ([], 0)
        assert home.waiting() == [Message(started.id, Started(), started)]

    def test_one_whose_write_is_not_answered_is_started_all_the_same(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.silent = True
        started, new = home.service.execute("t", "d", "in")
        home.executions.silent = False
        home.deliver()
        assert (new, home.read(started.id).output) == (True, "in")

    def test_one_whose_write_was_not_heard_of_is_there(self, home: Home) -> None:
        home.create(ECHO)
        home.executions.lost_answers = 1
        ended, new = home.service.execute("t", "d", "in", "mine")
        assert (new, ended.state, ended.version, home.waiting()) == (True, State.SUCCEEDED, 1, [])

    def test_an_id_that_is_taken_makes_another_one(self, home: Home) -> None:
        home.create(ECHO)
        first, _ = home.service.execute("t", "d", 1)
        home.tokens = iter(["n", "o", first.id.rpartition(":")[2], "fresh"])
        second, new = home.service.execute("t", "d", 2)
        assert (second.id, second.output, new, home.read(first.id).output) == ("t:d:fresh", 2, True, 1)


class TestChildren:
    def test_one_of_immediate_steps_costs_its_put_and_no_message(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        home.execute("in")
        costs(home)
        home.create(*[SUB] * 10)
        costs(home)
        home.execute("in")
        found = costs(home)
        assert (found["executions.update"], found["queue.send"]) == (11, 1)
        assert home.waiting() == []
        assert {home.read(name).output for name in home.executions.items} == {"in"}

    def test_children_of_children_too(self, home: Home) -> None:
        home.create(ECHO, name="third")
        home.create({**SUB, "definition": "third"}, name="other")
        home.create(SUB, ECHO)
        name = home.execute("in")
        assert (home.read(name).output, len(home.executions.items), home.waiting()) == ("in", 3, [])

    def test_one_that_fails_fails_its_step(self, home: Home) -> None:
        home.create({"type": "fail", "error": "No"}, name="other")
        home.create({**SUB, "catch": [{"errors": ["No"], "next": "step-1"}]}, ECHO)
        assert home.read(home.execute("in")).state is State.SUCCEEDED
        home.create({**SUB, "definition": "nothing"})
        error = home.read(home.execute("in")).error
        assert error is not None
        assert error.name == "DefinitionNotFound"

    def test_one_that_nobody_waits_for_ends_all_the_same(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create({**SUB, "wait": False})
        name = home.execute("in")
        assert home.read(name).output == {"id": home.child().id}
        assert home.child().state is State.SUCCEEDED

    def test_one_that_calls_has_a_function_of_its_own(self, home: Home) -> None:
        home.create(ECHO, CALL, name="other")
        home.create(SUB)
        name = home.execute("in")
        assert home.performed == []
        assert [message.execution for message in home.waiting()] != [name]
        home.deliver_all()
        assert (home.read(name).output, len(home.performed)) == ("in", 1)

    def test_whatever_comes_again_leaves_each_to_a_function_of_its_own(self, home: Home) -> None:
        """One that kills its function does not kill its parent's for ever."""
        home.create(ECHO, name="other")
        home.create(SUB)
        home.service.execute("t", "d", "in")
        (queued,) = home.queue.visible()
        home.queue.receive(queued)
        home.clock.sleep(home.queue.visibility.total_seconds())
        home.deliver()
        assert len(home.executions.items) == 1
        home.deliver_all()
        assert home.child().state is State.SUCCEEDED

    def test_one_that_has_ended_where_its_parent_was_given_up_tells_whoever_begins_it_again(self, home: Home) -> None:
        home.create(ECHO, name="third")
        home.create({**SUB, "definition": "third"}, CALL, name="other")
        home.create(SUB)
        name = home.execute("in")
        (queued,) = home.queue.visible()
        home.queue.receive(queued)
        home.clock.sleep(home.queue.visibility.total_seconds())
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_what_was_cancelled_before_starts_none(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(WAIT, SUB)
        started, _ = home.service.execute("t", "d", "in")
        (timer,) = home.waiting()
        home.drive(started.id, CancelRequested())
        home.queue.messages.clear()
        home.send(late(copy_with(timer, event=copy_with(timer.event, by=home.clock.now() + timedelta(minutes=1)))))
        home.deliver()
        assert list(home.executions.items) == [started.id]
