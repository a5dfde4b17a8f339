import pytest

from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Message,
    PauseRequested,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import State, Status
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Mode
from tests.home import CALL, ECHO, SUB, WAIT, Home, caught


class TestPoison:
    def test_a_dead_timer_that_is_early_is_sent_again(self, home: Home) -> None:
        home.create(WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.clock.sleep(10)
        home.queue.messages.clear()
        home.queue.send([Message(home.only().id, TimerFired("main", 1))])
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.only().state is State.STEP_STARTED
        assert len(home.queue.messages) == 1

    def test_a_dead_letter_fails_what_its_message_drove(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.only().state is State.FAILED
        assert home.only().error is not None
        assert home.only().error.name == "Poison"  # type: ignore[union-attr] # see the line before

    def test_even_if_the_definition_cannot_be_read(self, home: Home) -> None:
        home.create(ECHO)
        execution, _ = home.service.execute("t", "d", "in")
        lost = copy_with(execution, definition_version=9)
        home.executions.items.clear()
        home.executions.create(lost)
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.only().state is State.FAILED

    def test_a_dead_letter_of_a_turn_that_has_passed_changes_nothing(self, home: Home) -> None:
        home.create(ECHO, WAIT)
        home.service.execute("t", "d", "in")
        home.deliver()
        home.queue.messages.clear()
        home.queue.send([Message(home.only().id, Started())])
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.only().state is State.STEP_STARTED

    def test_a_timer_that_is_due_fails_its_wait(self, home: Home) -> None:
        home.create(WAIT)
        home.execute("in")
        home.clock.sleep(45)
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.only().state is State.FAILED

    def test_so_does_the_end_of_a_child(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.queue.messages.clear()
        home.send(Message(name, ChildEnded("main", 1, 0, State.SUCCEEDED)))
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.read(name).error is not None
        assert home.read(name).error.name == "Poison"  # type: ignore[union-attr] # see the line before

    def test_what_is_caught_is_handed_to_others(self, home: Home) -> None:
        home.create(caught(CALL, "step-1"), {"type": "call", "content": "${error.name}"})
        home.service.execute("t", "d", "in")
        assert home.deliver(Mode.DEAD_LETTERS)
        assert home.performed == []
        assert (home.only().state, home.only().threads["main"].status) == (State.STEP_STARTED, Status.READY)
        assert [message.event for message in home.waiting()] == [StepDue("main", 1)]
        home.deliver_all()
        assert home.only().output == "Poison"

    def test_what_is_tried_again_waits_for_its_timer(self, home: Home) -> None:
        home.create({**CALL, "retry": [{"errors": ["*"], "intervalSeconds": 9, "jitter": "none"}]})
        home.service.execute("t", "d", "in")
        assert home.deliver(Mode.DEAD_LETTERS)
        assert [message.event for message in home.waiting()] == [TimerFired("main", 1)]
        home.clock.sleep(9)
        home.deliver_all()
        assert home.only().output == "in"

    def test_only_the_branch_that_the_letter_drove_fails(self, home: Home) -> None:
        steps = [
            {"id": "ask", **caught(CALL, "sorry"), "end": True},
            {"id": "sorry", "type": "echo", "message": "sorry"},
        ]
        branches = [{"id": name, "steps": steps} for name in ("a", "b")]
        home.create({"type": "parallel", "branches": branches})
        home.service.execute("t", "d", "in")
        home.deliver(turns=1)
        home.queue.messages.clear()
        home.send(Message(home.only().id, StepDue("main.1.a", 0)))
        assert home.deliver(Mode.DEAD_LETTERS)
        home.send(Message(home.only().id, StepDue("main.1.b", 0)))
        home.deliver_all()
        assert home.only().output == {"a": "sorry", "b": "in"}


class TestRequests:
    @pytest.mark.parametrize(
        ("event", "state"), [(CancelRequested(), State.CANCELLED), (PauseRequested(turn=3), State.PAUSED)]
    )
    def test_a_request_that_died_is_done_after_all(self, home: Home, event: CancelRequested, state: State) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.queue.messages.clear()
        home.send(Message(name, event))
        assert len(home.deliver(Mode.DEAD_LETTERS)) == 1
        assert home.only().state is state

    def test_one_for_an_execution_that_is_not_there_is_done(self, home: Home) -> None:
        home.send(Message("t:d:gone", CancelRequested(turn=3)))
        assert len(home.deliver(Mode.DEAD_LETTERS)) == 1

    def test_one_that_died_together_with_a_step_does_not_save_it(self, home: Home) -> None:
        home.create(CALL)
        execution, _ = home.service.execute("t", "d", "in")
        home.send(Message(execution.id, PauseRequested(turn=3)))
        assert len(home.deliver(Mode.DEAD_LETTERS)) == 2
        assert home.only().state is State.FAILED
