from datetime import timedelta

import pytest

from chalicelib.core.definitions.model import StartChild
from chalicelib.core.executions.decide import hand_over
from chalicelib.core.executions.implied import MAX_OUTPUT, is_due, living, wakes_at
from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Launch,
    Message,
    PauseRequested,
    RedriveRequested,
    ResumeRequested,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Failure, Parent, Partition, State
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run

SECOND = timedelta(seconds=1)
CALL = "steps: [{id: ask, type: call}]"
SUB = "steps: [{id: sub, type: workflow, definition: other, input: '${input}'}]"
LARGE = """
    steps: [{id: each, type: map, items: '${range(`250`)}', maxConcurrency: 200, steps: [{id: a, type: transform}]}]
    """
CHILD = "t:other:~2a67c52dcb5118b34677897b1a675a41"
PARTS = ["t:d:~6aaa375f1bc78e33b8dead7769e84c9f", "t:d:~f0bc74f8d870eee0a4965b07f4e83e2e"]


def wait(seconds: float, more: str = "") -> Run:
    return Run(f"{{{more} steps: [{{id: rest, type: wait, seconds: {seconds}}}]}}").go()


def timer(delay: int, turn: int = 1) -> Message:
    return Message("t:d:1", TimerFired("main", turn), delay=delay)


def given_up(version: int) -> Message:
    return Message(CHILD, CancelRequested(turn=version, reason="the step that started it is over"))


class TestReady:
    def test_what_nobody_has_touched_asks_for_its_start(self) -> None:
        assert Run(CALL).asks() == [Message("t:d:1", Started())]

    def test_what_somebody_drives_asks_for_nothing(self) -> None:
        assert Run("steps: [{id: a, type: transform}, {id: b, type: call}]").go().asks() == []

    def test_what_is_handed_asks_for_its_turn(self) -> None:
        run = Run("steps: [{id: a, type: transform}, {id: b, type: call}]").go()
        run.execution = hand_over(run.execution, [("main", 1)], ME)
        assert run.asks() == [Message("t:d:1", StepDue("main", 1))]


class TestTimers:
    @pytest.mark.parametrize(("seconds", "delay"), [(45, 45), (0.5, 1), (44.001, 45), (900, 900)])
    def test_a_wait_asks_for_its_timer_in_whole_seconds(self, seconds: float, delay: int) -> None:
        assert wait(seconds).asks() == [timer(delay)]

    def test_a_timer_that_is_sent_later_is_for_the_rest_of_the_time(self) -> None:
        assert wait(45).later(30).asks() == [timer(15)]
        run = wait(45)
        run.now += 60 * SECOND
        assert run.asks() == [timer(0)]

    def test_its_message_tells_by_when_it_arrives(self) -> None:
        (message,) = wait(44.001).asks()
        assert isinstance(message, Message)
        assert isinstance(message.event, TimerFired)
        assert message.event.by == NOW + 45 * SECOND

    def test_one_beyond_the_reach_of_a_message_asks_for_nothing(self) -> None:
        assert wait(900.001).asks() == []

    def test_until_a_message_can_span_the_rest(self) -> None:
        run = wait(3600).later(2699)
        assert run.asks() == []
        assert run.later(1).asks() == [timer(900)]

    def test_a_message_never_asks_for_more_than_a_queue_can_delay(self) -> None:
        run = wait(900)
        run.now -= SECOND
        assert run.asks() == [timer(900)]

    def test_a_timer_fires_for_whichever_instant_comes_first(self) -> None:
        run = wait(45, "timeoutSeconds: 30,")
        assert wakes_at(run.execution, run.thread()) == NOW + 30 * SECOND
        assert not is_due(run.execution, run.thread(), NOW + 29 * SECOND)
        assert is_due(run.execution, run.thread(), NOW + 30 * SECOND)

    def test_the_time_between_attempts_is_a_timer_too(self) -> None:
        run = Run("steps: [{id: a, type: call, retry: [{errors: ['*'], intervalSeconds: 9, jitter: none}]}]").go()
        assert run.broke().asks() == [timer(9)]

    def test_what_runs_has_no_timer(self) -> None:
        run = Run("{timeoutSeconds: 9, steps: [{id: a, type: call, timeoutSeconds: 5}]}").go()
        assert wakes_at(run.execution, run.thread()) is None

    def test_what_joins_has_that_of_its_step_only(self) -> None:
        run = Run("""
            timeoutSeconds: 9
            steps: [{id: p, type: parallel, timeoutSeconds: 20, branches: [{id: a, steps: [{id: x, type: call}]}]}]
            """)
        assert run.go().asks() == [timer(20)]

    def test_while_paused_there_is_none(self) -> None:
        for run in (wait(45).ask(PauseRequested()), wait(3600).ask(PauseRequested())):
            assert run.asks() == []

    def test_resumed_it_is_asked_for_again(self) -> None:
        assert wait(45).ask(PauseRequested()).ask(ResumeRequested()).asks() == [timer(45, turn=1)]

    def test_after_the_end_there_is_no_timer(self) -> None:
        assert wait(3600).ask(CancelRequested()).asks() == []


class TestWorkflow:
    def test_a_child_is_launched(self) -> None:
        run = Run(SUB, "in").go()
        assert run.asks() == [Launch(run.thread(), StartChild("other", None, "in", wait=True))]

    def test_its_time_out_is_a_timer(self) -> None:
        run = Run(SUB.replace("definition:", "timeoutSeconds: 60, definition:")).go()
        assert run.asks()[1:] == [timer(60)]

    def test_while_paused_it_is_told_to_stand_still(self) -> None:
        assert Run(SUB).go().ask(PauseRequested()).asks() == [Message(CHILD, PauseRequested(turn=2))]

    def test_resumed_it_is_launched_again_and_told_to_go_on(self) -> None:
        run = Run(SUB).go().ask(PauseRequested()).ask(ResumeRequested())
        assert run.asks()[1:] == [Message(CHILD, ResumeRequested(turn=3))]

    def test_one_that_is_not_awaited_is_told_nothing(self) -> None:
        run = Run(SUB.replace("definition:", "wait: false, definition:")).go()
        assert living(run.execution, run.thread()) == []
        assert run.ask(PauseRequested()).asks() == []

    def test_a_step_type_that_starts_nothing_any_more_launches_nothing(self) -> None:
        run = Run(SUB).go()
        run.definition = Run("steps: [{id: sub, type: echo, message: 1}]").definition
        assert run.asks() == []


class TestParts:
    def test_each_that_has_begun_is_sent_its_start(self) -> None:
        messages = [each for each in Run(LARGE).go().asks() if isinstance(each, Message)]
        assert [(each.execution, each.event) for each in messages] == [(name, Started()) for name in PARTS]
        parts = [each.submitted for each in messages if each.submitted is not None]
        assert [part.id for part in parts] == PARTS
        assert [part.threads["main"].incoming for part in parts] == [list(range(84)), list(range(84, 168))]

    def test_but_those_that_have_ended(self) -> None:
        run = Run(LARGE).go().child(State.SUCCEEDED, 0)
        assert [each.execution for each in run.asks() if isinstance(each, Message)] == PARTS[1:]
        assert living(run.execution, run.thread()) == PARTS[1:]

    def test_while_paused_those_that_live_are_told(self) -> None:
        run = Run(LARGE).go().child(State.SUCCEEDED, 0).ask(PauseRequested())
        assert run.asks() == [Message(PARTS[1], PauseRequested(turn=3))]

    def test_resumed_too_with_the_version_to_go_on_with(self) -> None:
        run = Run(LARGE).go().ask(PauseRequested()).ask(ResumeRequested())
        messages = [each for each in run.asks() if isinstance(each, Message) and each.submitted is None]
        assert messages == [Message(name, ResumeRequested(turn=3, version=1)) for name in PARTS]


class TestGivenUp:
    STEPS = """
        steps:
          - {id: sub, type: workflow, definition: other, timeoutSeconds: 60, catch: [{errors: [Timeout], next: then}]}
          - {id: then, type: call}
        """

    def test_what_a_step_began_is_told_to_end(self) -> None:
        assert Run(self.STEPS).go().later(60).asks() == [given_up(2)]

    def test_even_while_paused_and_after_the_end(self) -> None:
        assert Run(self.STEPS).go().later(60).ask(PauseRequested()).asks() == [given_up(3)]
        assert Run(self.STEPS).go().later(60).done().asks() == [given_up(3)]

    def test_a_child_that_has_ended_is_cancelled_no_more(self) -> None:
        assert Run(self.STEPS).go().later(60).ask(ChildEnded("main", 1, 0, State.CANCELLED)).asks() == []

    def test_what_stands_when_the_execution_ends_is_told_too(self) -> None:
        run = Run(LARGE).go().child(State.SUCCEEDED, 0).ask(CancelRequested())
        assert run.asks() == [Message(PARTS[1], CancelRequested(turn=3, reason="t:d:1 is ExecutionCancelled"))]

    def test_a_child_is_told_who_stopped_it_and_why(self) -> None:
        assert Run(SUB).go().ask(CancelRequested(actor="ada", reason="ordered twice")).asks() == [
            Message(CHILD, CancelRequested(turn=2, actor="ada", reason="ordered twice"))
        ]
        failed = Run(f"{{timeoutSeconds: 60, {SUB}}}").go().later(60)
        assert failed.asks() == [Message(CHILD, CancelRequested(turn=2, reason="t:d:1 is ExecutionTimedOut"))]
        paused = Run(SUB).go().ask(PauseRequested(actor="ada", reason="a look"))
        assert paused.asks() == [Message(CHILD, PauseRequested(turn=2, actor="ada", reason="a look"))]

    def test_a_redrive_then_is_newer_than_the_cancellation(self) -> None:
        run = Run(SUB).go().ask(CancelRequested())
        (cancel,) = run.asks()
        _, go_on = run.ask(RedriveRequested()).asks()
        assert isinstance(cancel, Message)
        assert isinstance(go_on, Message)
        assert cancel.event.turn < go_on.event.turn


class TestFarewell:
    PARENT = Parent("t:p:1", "main.1.a", 4, number=2)

    def ended(self, result: Json = None, parent: Parent | None = PARENT) -> Run:
        run = Run(CALL)
        run.execution = copy_with(run.execution, parent=parent, parent_redrives=1)
        return run.go().done(result)

    def message(self, run: Run) -> ChildEnded:
        (message,) = run.asks()
        assert isinstance(message, Message)
        assert isinstance(message.event, ChildEnded)
        assert message.execution == "t:p:1"
        return message.event

    def test_the_parent_is_told_of_a_success_and_its_output(self) -> None:
        end = ChildEnded("main.1.a", 4, 2, State.SUCCEEDED, output={"n": 1}, redrives=1)
        assert self.message(self.ended({"n": 1})) == end

    def test_a_large_output_it_is_to_read(self) -> None:
        assert self.message(self.ended("x" * (MAX_OUTPUT - 2))).read
        end = self.message(self.ended("x" * (MAX_OUTPUT - 1)))
        assert (end.read, end.output) == (False, None)

    def test_of_a_failure_the_error(self) -> None:
        run = Run(CALL)
        run.execution = copy_with(run.execution, parent=self.PARENT)
        end = self.message(run.go().broke("No"))
        assert end == ChildEnded("main.1.a", 4, 2, State.FAILED, error=Failure("No", "no", "ask"))

    def test_a_large_error_it_is_to_read(self) -> None:
        run = Run(CALL)
        run.execution = copy_with(run.execution, parent=self.PARENT)
        end = self.message(run.go().broke("x" * MAX_OUTPUT))
        assert (end.state, end.read, end.error) == (State.FAILED, False, None)

    def test_the_parent_is_told_of_a_cancellation(self) -> None:
        run = Run(CALL)
        run.execution = copy_with(run.execution, parent=self.PARENT)
        assert self.message(run.go().ask(CancelRequested())).state is State.CANCELLED

    def test_of_a_part_how_many_items_failed_but_no_output(self) -> None:
        run = Run("{steps: [{id: each, type: map, items: [1], steps: [{id: a, type: call}]}]}")
        root = copy_with(run.thread(), incoming=[1])
        about = Partition(0, 1, 1, {})
        run.execution = copy_with(run.execution, parent=self.PARENT, partition=about, threads={"main": root})
        end = self.message(run.go().broke("No", "main.1.0"))
        assert (end.state, end.failed, end.output, end.read) == (State.SUCCEEDED, 1, None, True)

    def test_who_does_not_wait_is_not_told(self) -> None:
        assert self.ended(parent=copy_with(self.PARENT, awaited=False)).asks() == []

    def test_without_a_parent_nobody_is(self) -> None:
        assert self.ended(parent=None).asks() == []

    def test_only_the_first_thread_tells(self) -> None:
        run = Run("steps: [{id: p, type: parallel, branches: [{id: a, steps: [{id: x, type: call}]}]}]")
        run.execution = copy_with(run.execution, parent=self.PARENT)
        run.go().broke("No", "main.1.a")
        assert len(run.execution.threads) == 2
        assert self.message(run).state is State.FAILED
