"""What :mod:`chalicelib.core.executions.decide` makes of turns, and of executions that are handed over."""

import pytest

from chalicelib.core.executions.decide import TABLE, hand_over, table_rows
from chalicelib.core.executions.inputs import CallSucceeded, Decision, Input, Poisoned, Started, StepDue, TimerFired
from chalicelib.core.executions.model import Driver, Parent, Status
from tests.core.examples import ME, NOW, Run

ECHOES = """
steps:
  - {id: one, type: echo, message: '${input}'}
  - {id: two, type: echo, message: '${output}'}
"""
CALL = "steps: [{id: ask, type: call, content: {at: '${now()}', id: '${uuid()}'}}]"
CALLS = "steps: [{id: ask, type: call}, {id: again, type: call}]"
WAIT = "steps: [{id: rest, type: wait, seconds: 45}]"


def test_the_table_says_one_thing_of_each_status_and_input() -> None:
    said = [(row.status, kind) for row in TABLE for kind in row.inputs]
    assert len(said) == len(set(said))


def test_the_table_is_drawn_with_a_row_for_each_status_and_a_cell_for_each_heading() -> None:
    heading, *rows = table_rows()
    assert [row[0] for row in rows] == [status.name for status in Status]
    assert {len(row) for row in rows} == {len(heading)}


class TestTurns:
    def test_every_change_of_a_thread_is_its_next_turn(self) -> None:
        run = Run(ECHOES, "hello")
        run.fold(Started())
        assert (run.thread().key, run.thread().driver, run.thread().since) == (("main", 1), ME, NOW)

    @pytest.mark.parametrize(
        "event",
        [StepDue("main", 7), StepDue("other", 0), TimerFired("main", 0), CallSucceeded("main", 1, 1)],
        ids=["another turn", "another thread", "no timer", "the next turn"],
    )
    def test_an_event_for_anything_else_changes_nothing(self, event: Input) -> None:
        run = Run(ECHOES)
        assert run.fold(event) == Decision(run.execution)

    @pytest.mark.parametrize("event", [StepDue("main", 1), CallSucceeded("main", 1, 1), Poisoned("main", 1)])
    def test_an_ended_execution_takes_no_event_of_a_thread(self, event: Input) -> None:
        run = Run(ECHOES).go()
        assert run.thread().key == ("main", 1)
        assert run.fold(event) == Decision(run.execution)

    def test_an_end_that_is_told_to_nobody_keeps_no_driver(self) -> None:
        assert Run(ECHOES).go().thread().driver is None

    def test_an_end_that_a_parent_is_told_keeps_under_which_message(self) -> None:
        assert Run(ECHOES, parent=Parent("t:p:1", "main", 1)).go().thread().driver == ME

    def test_the_result_of_an_earlier_turn_is_not_taken_for_that_of_a_later_one(self) -> None:
        run = Run(CALLS).go().done("first")
        assert run.fold(CallSucceeded("main", 0, "first")) == Decision(run.execution)
        assert run.done("second").output == "second"

    def test_a_waiting_thread_has_nothing_to_run_or_to_answer(self) -> None:
        run = Run(WAIT).go()
        assert run.fold(StepDue("main", 1)) == Decision(run.execution)
        assert run.fold(CallSucceeded("main", 1, "x")) == Decision(run.execution)


class TestHandOver:
    def test_a_handed_thread_keeps_its_turn(self) -> None:
        run = Run(CALL).go()
        (thread,) = hand_over(run.execution, [("main", 0)], ME).threads.values()
        assert (thread.key, thread.driver) == (("main", 0), Driver("message", "request", handed=True))

    @pytest.mark.parametrize("key", [("main", 1), ("other", 0)])
    def test_other_turns_stay(self, key: tuple[str, int]) -> None:
        run = Run(CALL).go()
        assert hand_over(run.execution, [key], ME) == run.execution

    def test_what_waits_is_not_handed(self) -> None:
        run = Run(WAIT).go()
        assert hand_over(run.execution, [("main", 1)], ME) == run.execution
