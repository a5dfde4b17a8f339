"""What an invocation takes up of an execution as it reads it, and what it keeps of that when others have written."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import (
    CancelRequested,
    Input,
    Message,
    PauseRequested,
    ResumeRequested,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Driver
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Pending
from tests.core.examples import ME, NOW, Run
from tests.home import CALL, WAIT, Home

OTHER = Driver("theirs", "another")
ONCE = {**CALL, "delivery": "at-most-once"}
A, B = "main.1.a", "main.1.b"


@pytest.fixture
def home() -> Home:
    home = Home()
    home.clock.sleep((NOW - home.clock.now()).total_seconds())
    return home


def reading(home: Home, run: Run, message: str, event: Input) -> Invocation:
    """Read an execution for a message that has come before."""
    delivery, budget = Delivery(message, Message(run.execution.id, event), 2), Budget(NOW + timedelta(minutes=1))
    invocation = Invocation(home.dependencies, "reader", [delivery], budget)
    invocation.begin(run.execution)
    return invocation


class TestCallsOfOthers:
    """Two calls that must not be made twice are under way, since before a pause and the resumption that left them."""

    def claimed(self, home: Home) -> Run:
        branches = [{"id": name, "steps": [{"id": "pay", **ONCE}]} for name in "ab"]
        home.create({"type": "parallel", "branches": branches})
        run = Run(
            "steps: [{id: step-0, type: parallel, branches: ["
            "{id: a, steps: [{id: pay, type: call, delivery: at-most-once, content: '${output}'}]},"
            "{id: b, steps: [{id: pay, type: call, delivery: at-most-once, content: '${output}'}]}]}]"
        )
        run.fold(StepDue("main", 0), OTHER)
        for thread in (A, B):
            run.fold(StepDue(*run.thread(thread).key), OTHER)
            assert run.thread(thread).claimed_by == "another"
        run.fold(PauseRequested())
        run.fold(ResumeRequested())
        return run

    def test_who_is_sent_to_one_looks_at_it_again_once_it_cannot_be_under_way(self, home: Home) -> None:
        run = self.claimed(home)
        invocation = reading(home, run, "mine", StepDue(*run.thread(A).key))
        assert [*invocation.unsent.values()] == [[Message(run.execution.id, StepDue(*run.thread(A).key), delay=35)]]
        assert invocation.own == {}

    def test_the_message_that_left_them_is_given_back(self, home: Home) -> None:
        run = self.claimed(home)
        invocation = reading(home, run, ME.message, StepDue(*run.thread(A).key))
        assert (invocation.unsent, invocation.own) == ({}, {})
        assert invocation.acknowledged() == set()


class TestWrittenByOthers:
    def ready(self, home: Home) -> tuple[Invocation, Run]:
        home.create(CALL)
        run = Run("steps: [{id: step-0, type: call, content: '${output}'}]")
        run.fold(StepDue("main", 0))
        invocation = reading(home, run, "mine", StepDue(*run.thread().key))
        assert invocation.own == {run.thread().key: "mine"}
        return invocation, run

    @pytest.mark.parametrize(("under", "is_mine"), [("mine", False), ("theirs", True)])
    def test_a_turn_that_was_handed_over_is_left_to_others_but_by_who_was_sent_to_it(
        self, home: Home, under: str, *, is_mine: bool
    ) -> None:
        invocation, run = self.ready(home)
        handed = copy_with(run.thread(), driver=Driver(under, "twin", handed=True))
        invocation.adopt(copy_with(run.execution, threads={"main": handed}))
        assert (run.thread().key in invocation.own) is is_mine

    def test_a_timer_of_what_has_ended_means_nothing_any_more(self, home: Home) -> None:
        home.create(WAIT)
        run = Run("steps: [{id: step-0, type: wait, seconds: 45}]").go()
        home.clock.sleep(45)
        timer = TimerFired(*TurnKey("main", 1))
        invocation = reading(home, run, "mine", timer)
        assert invocation.pending == [Pending(timer, "mine")]
        invocation.adopt(run.ask(CancelRequested()).execution)
        assert invocation.pending == []
