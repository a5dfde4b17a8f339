import pytest

from chalicelib.core.executions.implied import MAX_OUTPUT
from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Message,
    PauseRequested,
    ResumeRequested,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Parent, State, Status
from chalicelib.core.records.codec import MAX_MESSAGE_BYTES
from tests.home import CALL, ECHO, SUB, WAIT, Home, caught


class TestChildren:
    @pytest.fixture(autouse=True)
    def other(self, home: Home) -> None:
        home.create(WAIT, CALL, name="other", inputSchema={"type": ["string", "null"]})

    def test_a_workflow_step_comes_to_what_its_child_comes_to(self, home: Home) -> None:
        home.create(SUB, {"type": "echo", "message": {"got": "${output}"}})
        name = home.execute("in")
        home.deliver_all()
        assert home.child().parent == Parent(name, "main", 1)
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == {"got": "in"}

    def test_its_end_is_told_once_however_often_it_comes(self, home: Home) -> None:
        home.create(SUB, CALL, WAIT)
        name = home.execute("in")
        home.deliver_all()
        home.clock.sleep(45)
        home.deliver_all()
        before = home.read(name)
        home.send(Message(name, ChildEnded("main", 1, 0, State.SUCCEEDED, output="again")))
        home.deliver_all()
        assert home.read(name) == before

    def test_an_end_that_was_lost_is_told_again_when_it_is_started_again(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("in")
        home.deliver()
        home.queue.messages.clear()
        home.service.pause("t", name)
        home.service.resume("t", name)
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_an_output_too_large_for_a_message_is_read(self, home: Home) -> None:
        home.create(ECHO, name="other")
        home.create(SUB)
        name = home.execute("x" * MAX_OUTPUT)
        home.deliver_all()
        assert home.read(name).output == "x" * MAX_OUTPUT

    def test_an_error_too_large_for_a_message_is_read(self, home: Home) -> None:
        home.create({"type": "fail", "error": "Large", "cause": "${input}"}, name="other")
        home.create(SUB)
        name = home.execute("x" * MAX_OUTPUT)
        home.deliver_all()
        assert home.read(name).state is State.FAILED
        assert "x" * MAX_OUTPUT in str(home.read(name).error)

    def test_one_that_has_gone_meanwhile_is_null(self, home: Home) -> None:
        home.create(SUB)
        name = home.execute("in")
        home.send(Message(name, ChildEnded("main", 1, 0, State.SUCCEEDED, read=False)))
        home.deliver()
        assert (home.read(name).state, home.read(name).output) == (State.SUCCEEDED, None)

    def test_a_submission_too_large_for_a_message_is_put_first(self, home: Home) -> None:
        home.create({**SUB, "input": "x" * MAX_MESSAGE_BYTES})
        home.execute("in")
        assert home.child().version == 0
        assert [(m.execution, m.submitted) for m in home.waiting()] == [(home.child().id, None)]
        home.deliver_all()
        assert home.child().threads["main"].status is Status.WAITING

    def test_even_if_it_stands_there_already(self, home: Home) -> None:
        home.create({**SUB, "input": "x" * MAX_MESSAGE_BYTES})
        name = home.execute("in")
        home.deliver_all()
        before = home.child()
        home.service.pause("t", name)
        home.service.resume("t", name)
        home.deliver_all()
        assert (home.child().nonce, home.child().threads["main"].key) == (before.nonce, before.threads["main"].key)
        assert home.child().parent_epoch == home.read(name).control_epoch

    def test_what_does_not_exist_cannot_be_started(self, home: Home) -> None:
        home.create(caught({**SUB, "definition": "nowhere"}, "step-1"), {"type": "echo", "message": "${error}"})
        home.execute("in")
        assert home.only().output == {
            "name": "DefinitionNotFound",
            "message": "there is no definition 'nowhere' to start",
            "step": "step-0",
            "attempt": 1,
            "details": None,
        }

    def test_nor_can_what_does_not_take_the_input(self, home: Home) -> None:
        home.create({**SUB, "input": 7})
        home.execute("in")
        assert home.only().error is not None
        assert home.only().error.name == "InvalidInput"  # type: ignore[union-attr] # see the line before

    def test_one_that_nobody_waits_for_is_let_go(self, home: Home) -> None:
        home.create({**SUB, "wait": False})
        name = home.execute("in")
        assert (home.read(name).state, home.read(name).version) == (State.SUCCEEDED, 2)
        home.deliver_all()
        assert home.read(name).output == {"id": home.child().id}
        home.clock.sleep(45)
        home.deliver_all()
        assert home.child().state is State.SUCCEEDED
        assert home.waiting() == []

    def test_what_is_asked_of_the_parent_is_asked_of_the_child(self, home: Home) -> None:
        home.create(SUB)
        name = home.execute("in")
        home.deliver_all()
        home.service.pause("t", name)
        home.deliver_all()
        assert home.child().paused
        home.service.resume("t", name)
        home.deliver_all()
        assert not home.child().paused
        home.service.cancel("t", name)
        home.deliver_all()
        assert home.child().state is State.CANCELLED
        home.service.redrive("t", name)
        home.deliver_all()
        assert not home.child().ended
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).output == "in"

    def test_a_child_that_failed_goes_on_when_its_parent_is_redriven(self, home: Home) -> None:
        home.create(SUB)
        name = home.execute("in")
        home.deliver_all()
        home.failures = ["No"]
        home.clock.sleep(45)
        home.deliver_all()
        assert home.read(name).error is not None
        home.service.redrive("t", name)
        home.deliver_all()
        assert home.read(name).output == "in"
        assert len(home.performed) == 2

    def test_one_that_is_not_waited_for_any_more_ends(self, home: Home) -> None:
        home.create({**caught(SUB, "step-1"), "timeoutSeconds": 9}, {"type": "wait", "seconds": 60})
        name = home.execute("in")
        home.deliver_all()
        home.clock.sleep(9)
        home.deliver_all()
        assert home.child().state is State.CANCELLED
        assert home.read(name).threads.keys() == {"main"}


class TestLargeMaps:
    @pytest.mark.parametrize("count", [101, 250])
    def test_the_parts_run_and_their_results_are_gathered(self, home: Home, count: int) -> None:
        steps = [{"id": "ask", "type": "call", "content": ["${index}", "${item}", "${execution.id}"]}]
        home.create({"type": "map", "items": "${input}", "steps": steps})
        name = home.execute([f"item {n}" for n in range(count)])
        home.deliver_all()
        assert home.read(name).output == [[n, f"item {n}", name] for n in range(count)]
        assert len(home.performed) == count

    def test_a_part_whose_end_is_told_by_a_dead_twin_only_is_read(self, home: Home) -> None:
        home.create({"type": "map", "items": "${range(`101`)}", "maxConcurrency": 102, "steps": [{"id": "a", **ECHO}]})
        name = home.execute()
        starts = home.waiting()
        home.deliver_all()
        assert home.read(name).state is State.SUCCEEDED
        home.send(*starts)
        before = [home.read(name) for name in home.executions.items]
        home.deliver_all()
        assert [home.read(name) for name in home.executions.items] == before


class TestRequests:
    def test_they_run_nothing_themselves(self, home: Home) -> None:
        home.create(WAIT, CALL)
        name = home.execute("in")
        home.service.pause("t", name)
        home.clock.sleep(45)
        home.service.resume("t", name)
        assert home.performed == []
        assert [message.event for message in home.waiting()][-1] == TimerFired("main", 1)

    def test_what_can_go_on_is_handed_to_others(self, home: Home) -> None:
        home.create(CALL)
        home.failures = ["No"]
        name = home.execute("in")
        home.service.redrive("t", name)
        assert [message.event for message in home.waiting()] == [StepDue("main", 1)]
        driver = home.only().threads["main"].driver
        assert driver is not None
        assert driver.handed

    def test_what_stands_still_is_not(self, home: Home) -> None:
        home.create(CALL)
        execution, _ = home.service.execute("t", "d", "in")
        before = execution.threads["main"]
        assert home.service.pause("t", execution.id).threads["main"] == before

    def test_one_of_an_execution_that_is_not_there_is_none(self, home: Home) -> None:
        assert home.drive("t:d:gone", CancelRequested()) is None
        assert home.waiting() == []

    def test_a_late_one_of_the_parent_costs_one_read(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute("in")
        home.send(Message(name, ResumeRequested(turn=5)))
        home.deliver()
        home.send(Message(name, PauseRequested(turn=4)))
        home.calls.clear()
        assert len(home.deliver()) == 1
        assert home.calls == {"executions.get": 1}
