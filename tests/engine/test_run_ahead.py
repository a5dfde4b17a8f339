"""How far one invocation goes: what it still begins when its time is over, and what it asks of calls under way."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.decide import hand_over
from chalicelib.core.executions.identity import CallKey, TurnKey
from chalicelib.core.executions.inputs import CallSucceeded, CancelRequested, Message, StepDue
from chalicelib.core.executions.model import Driver
from chalicelib.core.values.value import copy_with
from chalicelib.engine.invocation import Invocation
from chalicelib.engine.model import Budget, Delivery, Pending
from chalicelib.ports import CallResult
from tests.core.examples import NOW, Run
from tests.home import Home

SECOND = timedelta(seconds=1)
LEFT = timedelta(seconds=60)
ROOT = TurnKey("main", 0)
CLAIMED = TurnKey("main", 1)


class UnderWay:
    """Calls that end when that is said; asked before, some time passes."""

    def __init__(self, home: Home) -> None:
        self.home, self.ended, self.asked = home, list[CallResult](), list[datetime | None]()

    def start(self, turn: TurnKey, call: Call, key: CallKey, is_wanted: Callable[[], bool]) -> None:
        self.home.performed.append((str(key), call.params))
        assert is_wanted(), turn

    def wait(self, until: datetime | None = None) -> Sequence[CallResult]:
        self.asked.append(until)
        ended, self.ended = self.ended, []
        return ended

    def drain(self) -> None:
        """There is nobody to be waited for."""


@pytest.fixture
def calls(home: Home) -> UnderWay:
    under_way = UnderWay(home)
    home.dependencies = copy_with(home.dependencies, calls=lambda: under_way)
    return under_way


def reading(home: Home, run: Run, *steps: dict[str, object], **budget: object) -> Invocation:
    """Read an execution, with a minute left."""
    home.create(*steps)
    within = copy_with(Budget(NOW + LEFT), **budget)
    invocation = Invocation(
        home.dependencies, "request", [Delivery("mine", Message("t:d:1", StepDue(*run.thread().key)), 2)], within
    )
    invocation.begin(run.execution)
    return invocation


def called(home: Home, *, once: bool = False, **budget: object) -> Invocation:
    """Begin a call."""
    more = {"delivery": "at-most-once"} if once else {}
    run = Run(f"steps: [{{id: step-0, type: call, timeoutSeconds: 5{', delivery: at-most-once' if once else ''}}}]")
    if once:
        run.fold(StepDue(*ROOT), Driver("mine", "request"))
    invocation = reading(home, run, {"type": "call", "timeoutSeconds": 5, **more}, **budget)
    invocation.begin_calls(invocation.advance(run.execution).calls)
    assert invocation.running == {run.thread().key}
    return invocation


class TestTime:
    def echoes(self, home: Home) -> tuple[Invocation, Run]:
        run = Run("steps: [{id: step-0, type: echo, message: a}, {id: step-1, type: echo, message: b}]")
        return reading(home, run, {"type": "echo", "message": "a"}, {"type": "echo", "message": "b"}), run

    def test_when_it_is_over_one_step_is_run_if_none_has_been_and_the_next_is_left_to_others(self, home: Home) -> None:
        invocation, run = self.echoes(home)
        home.clock.sleep(LEFT.total_seconds())
        advance = invocation.advance(run.execution)
        (thread,) = advance.execution.threads.values()
        assert thread.driver is not None
        assert (advance.turns, thread.step, thread.driver.handed) == (1, "step-1", True)

    def test_if_one_has_been_none_is(self, home: Home) -> None:
        invocation, run = self.echoes(home)
        invocation.turns = 1
        home.clock.sleep(LEFT.total_seconds())
        advance = invocation.advance(run.execution)
        assert (advance.turns, advance.execution) == (0, hand_over(run.execution, [ROOT], Driver("mine", "request")))

    def test_steps_run_while_time_is_left(self, home: Home) -> None:
        invocation, run = self.echoes(home)
        home.clock.sleep((LEFT - SECOND).total_seconds())
        assert invocation.advance(run.execution).execution.ended

    @pytest.mark.parametrize(("left", "begins"), [(SECOND, True), (timedelta(0), False)])
    def test_no_call_is_begun_then(self, home: Home, left: timedelta, *, begins: bool) -> None:
        run = Run("steps: [{id: step-0, type: call}]")
        invocation = reading(home, run, {"type": "call"})
        home.clock.sleep((LEFT - left).total_seconds())
        assert bool(invocation.advance(run.execution).calls) is begins

    def test_a_call_is_a_turn_of_the_budget(self, home: Home, calls: UnderWay) -> None:
        assert calls.ended == []
        assert called(home).turns == 1


@pytest.mark.usefixtures("calls")
class TestWanted:
    def test_a_call_that_waits_for_room_is_while_its_turn_is_held_and_there_is_time(self, home: Home) -> None:
        invocation = called(home)
        assert invocation.wants(ROOT)
        home.clock.sleep((LEFT - SECOND).total_seconds())
        assert invocation.wants(ROOT)
        home.clock.sleep(1)
        assert not invocation.wants(ROOT)

    def test_it_is_not_once_its_turn_is_another_s(self, home: Home) -> None:
        invocation = called(home)
        assert invocation.item is not None
        invocation.item = hand_over(invocation.item, [ROOT], Driver("mine", "twin"))
        assert not invocation.wants(ROOT)
        invocation.own.clear()
        assert not invocation.wants(ROOT)

    def test_nothing_is_of_an_execution_that_is_gone(self, home: Home) -> None:
        invocation = called(home)
        invocation.item = None
        assert not invocation.wants(ROOT)
        assert not invocation.holds_claim(ROOT)
        assert invocation.limits() == {}
        invocation.look()
        assert invocation.item is None


class TestWaiting:
    def test_it_is_not_looked_before_a_second_has_passed_since_the_call_was_begun(
        self, home: Home, calls: UnderWay
    ) -> None:
        home.clock.sleep(3)
        invocation = called(home)
        home.calls.clear()
        invocation.collect()
        assert (calls.asked, home.calls["executions.get"]) == ([home.clock.now() + SECOND], 0)
        home.clock.sleep(1)
        invocation.collect()
        assert home.calls["executions.get"] == 1

    def test_nor_ever_if_it_is_not_to(self, home: Home, calls: UnderWay) -> None:
        invocation = called(home, looks_every=None)
        home.calls.clear()
        home.clock.sleep(4)
        invocation.collect()
        assert (calls.asked, home.calls["executions.get"]) == ([NOW + 5 * SECOND], 0)

    def test_a_call_is_given_up_once_its_time_is_over(self, home: Home, calls: UnderWay) -> None:
        invocation = called(home, looks_every=None)
        for seconds, running in ((4, {ROOT}), (1, set())):
            home.clock.sleep(seconds)
            invocation.collect()
            assert (invocation.running, invocation.late) == (running, {})
        assert invocation.pending == [Pending(StepDue(*ROOT), "mine")]
        assert len(calls.asked) == 2

    def test_one_that_must_not_be_made_twice_is_heard_all_the_same(self, home: Home, calls: UnderWay) -> None:
        invocation = called(home, once=True, looks_every=None)
        home.clock.sleep(5)
        invocation.collect()
        assert invocation.late == {CLAIMED: "mine"}
        invocation.own, invocation.pending = {}, []  # it has failed for that, which is written
        calls.ended = [answer := CallSucceeded(*CLAIMED, "paid")]
        invocation.collect()
        assert (invocation.pending, invocation.late) == ([Pending(answer, "mine")], {})

    @pytest.mark.usefixtures("calls")
    def test_after_the_end_none_is_given_up(self, home: Home) -> None:
        invocation = called(home)
        assert invocation.item is not None
        run = Run("steps: [{id: step-0, type: call, timeoutSeconds: 5}]").ask(CancelRequested())
        assert invocation.limits() == {ROOT: NOW + 5 * SECOND}
        invocation.item = copy_with(invocation.item, state=run.state)
        assert invocation.limits() == {}
