"""What an invocation takes up of an execution as it reads it, and what it keeps of that when others have written."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.stores import MemoryExecutions
from chalicelib.core.executions.identity import TurnKey
from chalicelib.core.executions.inputs import (
    CallbackSucceeded,
    CallDeferred,
    CallFailed,
    CallSucceeded,
    CancelRequested,
    ChildEnded,
    Input,
    Message,
    PauseRequested,
    ResumeRequested,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Driver, Execution, Parent
from chalicelib.core.executions.requests import CALL_LASTS
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import CLAIMED_FOR, Budget, Delivery, Mode, Pending
from tests.core.examples import ME, NOW, Run
from tests.home import CALL, WAIT, Home

SECOND = timedelta(seconds=1)
OTHER = Driver("theirs", "another")
ONCE = {**CALL, "delivery": "at-most-once"}
A, B = "main.1.a", "main.1.b"


@pytest.fixture
def home() -> Home:
    home = Home()
    home.clock.sleep((NOW - home.clock.now()).total_seconds())
    return home


def reading(
    home: Home, run: Run, message: str, event: Input, request: str = "reader", mode: Mode = Mode.MESSAGES
) -> Invocation:
    """Read an execution for a message that has come before."""
    delivery, budget = Delivery(message, Message(run.execution.id, event), 2), Budget(NOW + timedelta(minutes=1))
    invocation = Invocation(home.dependencies, request, [delivery], budget, mode)
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


class TestClaimed:
    def claimed(self, home: Home, **keys: object) -> Run:
        home.create({**ONCE, **keys})
        more = "".join(f", {name}: {json.dumps(value)}" for name, value in keys.items())
        run = Run(f"steps: [{{id: step-0, type: call, delivery: at-most-once, content: '${{output}}'{more}}}]")
        run.fold(StepDue("main", 0), OTHER)
        return run

    @pytest.mark.parametrize(("after", "is_taken"), [(CLAIMED_FOR - SECOND, False), (CLAIMED_FOR, True)])
    def test_a_claim_stands_while_its_call_may_be_under_way(
        self, home: Home, after: timedelta, *, is_taken: bool
    ) -> None:
        run = self.claimed(home)
        home.clock.sleep(after.total_seconds())
        assert bool(reading(home, run, "mine", StepDue("main", 1)).own) is is_taken

    def test_and_no_longer_than_it_can_have_been_since_the_execution_was_stopped(self, home: Home) -> None:
        run = self.claimed(home)
        run.fold(PauseRequested())
        run.fold(ResumeRequested())
        home.clock.sleep(CALL_LASTS.total_seconds())
        assert reading(home, run, "mine", StepDue("main", 1)).own == {("main", 1): "mine"}

    def test_who_has_claimed_it_goes_on(self, home: Home) -> None:
        assert reading(home, self.claimed(home), "mine", StepDue("main", 1), "another").own == {("main", 1): "mine"}

    def test_a_dead_letter_is_of_nobody_who_lives(self, home: Home) -> None:
        read = reading(home, self.claimed(home), "mine", StepDue("main", 1), mode=Mode.DEAD_LETTERS)
        assert read.own == {("main", 1): "mine"}

    def test_one_that_was_made_and_waits_for_an_answer_has_its_timers(self, home: Home) -> None:
        run = self.claimed(home, callback=True, heartbeatSeconds=5)
        run.fold(CallSucceeded("main", 1, "sent"), OTHER)
        home.clock.sleep(5)
        timer = TimerFired("main", 1)
        assert reading(home, run, "mine", timer).pending == [Pending(timer, "mine")]
        due = reading(home, run, "mine", StepDue("main", 1))
        assert (due.own, due.pending) == ({}, [Pending(timer, "mine")])

    def test_who_brings_the_answer_does_not_make_the_call(self, home: Home) -> None:
        run = self.claimed(home, callback=True)
        home.clock.sleep(CLAIMED_FOR.total_seconds())
        answer = CallbackSucceeded("main", 0, "paid")
        read = reading(home, run, "mine", answer)
        assert (read.own, read.pending) == ({}, [Pending(answer, "mine")])


class TestReading:
    def waiting(self, home: Home) -> Run:
        home.create(WAIT)
        return Run("steps: [{id: step-0, type: wait, seconds: 45}]").go()

    def test_what_is_read_again_is_taken_up_anew(self, home: Home) -> None:
        run, timer = self.waiting(home), TimerFired("main", 1)
        early = reading(home, run, "mine", timer)
        assert [*early.unsent]
        home.clock.sleep(45)
        for _ in range(2):
            early.begin(run.execution)
            assert (early.pending, early.unsent) == ([Pending(timer, "mine")], {})

    def test_a_message_that_brings_an_execution_with_nothing_to_do_along_has_it_read(self, home: Home) -> None:
        home.create(WAIT)
        name = home.execute()
        (timer,) = home.waiting()
        home.service.cancel("t", name)
        delivery = Delivery("mine", copy_with(timer, event=TimerFired("main", 1)), 1)
        assert timer.image is not None
        invocation = Invocation(home.dependencies, "reader", [delivery], Budget(NOW + timedelta(minutes=1)))
        invocation.load()
        assert (invocation.item, invocation.unsent) == (home.read(name), {})

    def test_a_dead_letter_has_it_read_in_any_case(self, home: Home) -> None:
        home.create(WAIT)
        home.execute()
        home.clock.sleep(45)
        delivery, budget = Delivery("mine", home.waiting()[0], 1), Budget(NOW + timedelta(minutes=1))
        for mode, reads in ((Mode.MESSAGES, 0), (Mode.DEAD_LETTERS, 1)):
            home.calls.clear()
            Invocation(home.dependencies, "reader", [delivery], budget, mode).load()
            assert home.calls["executions.get"] == reads

    def test_whoever_has_taken_its_id_in_between_is_what_stands_there(self, home: Home) -> None:
        home.create(WAIT)
        submitted, _ = home.service.execute("t", "d", "in")
        other = copy_with(submitted, nonce="other")

        class Late(MemoryExecutions):
            def get(self, execution_id: str, **how: Any) -> Execution | None:
                found = super().get(execution_id, **how)
                self.items or super().create(other)
                return found

        dependencies = copy_with(home.dependencies, executions=Late())
        start = Delivery("mine", Message(submitted.id, Started(), submitted), 2)
        invocation = Invocation(dependencies, "reader", [start], Budget(NOW + timedelta(minutes=1)))
        invocation.load()
        assert (invocation.item, invocation.own) == (other, {})

    def test_after_the_end_only_the_first_thread_tells_the_parent_once_more(self, home: Home) -> None:
        both = "[{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [{id: x, type: call}]}]"
        parent = Parent("t:parent:1", "main", 1)
        run = Run(f"steps: [{{id: step-0, type: parallel, branches: {both}}}]", parent=parent).go()
        run.broke(thread=A)
        assert len(run.execution.threads) > 1
        ((command,),) = reading(home, run, "mine", Started()).unsent.values()
        assert isinstance(command, Message)
        assert (command.execution, type(command.event)) == ("t:parent:1", ChildEnded)


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
        invocation.own[run.thread().key] = "mine"
        invocation.running.add(run.thread().key)
        invocation.adopt(copy_with(run.execution, threads={"main": handed}))
        assert invocation.own == {run.thread().key: "mine"}, "its call is under way: the answer counts"

    @pytest.mark.parametrize(
        ("event", "of_others", "after_the_end"),
        [
            (CallSucceeded("main", 0, "x"), True, True),
            (CallFailed("main", 0, "No", "no"), True, True),
            (CallDeferred("main", 0), True, True),
            (CallbackSucceeded("main", 0, "x"), True, False),
            (StepDue("main", 0), False, False),
            (CancelRequested(), True, True),
        ],
        ids=lambda each: type(each).__name__,
    )
    def test_what_still_means_something_to_a_turn(
        self, home: Home, event: Input, *, of_others: bool, after_the_end: bool
    ) -> None:
        invocation, run = self.ready(home)
        ours, handed = run.execution, copy_with(run.thread(), driver=Driver("mine", "twin", handed=True))
        theirs = copy_with(run.execution, threads={"main": handed})
        moved = copy_with(ours, threads={"main": copy_with(run.thread(), turn=1, visit=1)})
        ended = run.ask(CancelRequested()).execution
        request = isinstance(event, CancelRequested)
        for standing, means in ((ours, True), (theirs, of_others), (moved, request), (ended, after_the_end)):
            invocation.own = {("main", 0): "mine"}
            invocation.pending = [Pending(event, "mine")]
            invocation.adopt(standing)
            assert bool(invocation.pending) is means

    def test_a_timer_of_what_has_ended_means_nothing_any_more(self, home: Home) -> None:
        home.create(WAIT)
        run = Run("steps: [{id: step-0, type: wait, seconds: 45}]").go()
        home.clock.sleep(45)
        timer = TimerFired(*TurnKey("main", 1))
        invocation = reading(home, run, "mine", timer)
        assert invocation.pending == [Pending(timer, "mine")]
        invocation.adopt(run.ask(CancelRequested()).execution)
        assert invocation.pending == []
