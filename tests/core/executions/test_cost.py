"""What an execution has cost, and its budget."""

import pytest

from chalicelib.core.executions.cost import MOST_STEPS, OTHER_STEPS, PARTS, ExecutionCost, read_units, write_units
from chalicelib.core.executions.inputs import ResumeRequested
from chalicelib.core.executions.model import ROOT, State
from chalicelib.core.executions.rules import BUDGET, budget_of, overspent
from chalicelib.core.values.prices import PRICES
from chalicelib.core.values.value import copy_with
from tests.core.examples import Run
from tests.core.executions.examples import CANCEL, RESUME

SPENT = ExecutionCost(writes=1_600)
"""A thousandth of a dollar."""
BUDGETED = """
    budget: {dollars: 0.0005}
    steps: [{id: ask, type: call}, {id: again, type: call, content: '${output}'}]
    """


class TestCounting:
    def test_units_are_begun_kilobytes_and_one_at_least(self) -> None:
        assert [write_units(size) for size in (0, 1, 1024, 1025)] == [1, 1, 1, 2]
        assert [read_units(size) for size in (0, 4096, 4097)] == [1, 1, 2]

    def test_each_count_has_its_price(self) -> None:
        assert ExecutionCost(writes=1).dollars() == pytest.approx(PRICES.write_unit)
        assert ExecutionCost(reads=1).dollars() == pytest.approx(PRICES.read_unit)
        assert ExecutionCost(requests=PARTS).dollars() == pytest.approx(PRICES.queue_request)
        assert ExecutionCost(calls=PARTS).dollars() == pytest.approx(PRICES.invocation)
        assert ExecutionCost(milliseconds=2000).dollars(memory_mb=512) == pytest.approx(PRICES.gigabyte_second)

    def test_a_cost_comes_back_from_the_few_bytes_that_it_takes(self) -> None:
        cost = ExecutionCost(45, 46, 2115, 2116, 10**9)
        assert ExecutionCost.parse(cost.text()) == cost
        assert ExecutionCost.parse("") == ExecutionCost()
        assert len(ExecutionCost(12, 4, 40, 10, 412).text()) == 6
        assert cost.wrote(2) == ExecutionCost(47, 46, 2115, 2116, 10**9)

    def test_people_see_units_and_dollars(self) -> None:
        assert ExecutionCost(2, 1, 22, 6, 21).as_json() == {
            "dollars": 0.000002515,
            "writeUnits": 2,
            "readUnits": 1,
            "queueRequests": 2.2,
            "invocations": 0.6,
            "functionMs": 21,
        }

    def test_each_step_is_charged_with_what_was_counted_while_it_was_the_one_that_moved_last(self) -> None:
        unit, begun = PRICES.write_unit, ExecutionCost(writes=2)
        cost = begun.charged("pay").wrote(1).charged("ship").wrote(4)
        assert cost.by_step("rest") == pytest.approx({"pay": 2 * unit, "ship": unit, "rest": 4 * unit}, rel=0.01)
        assert cost.by_step("pay") == pytest.approx({"pay": 6 * unit, "ship": unit}, rel=0.01)
        assert cost.charged("pay").charged("ship") == cost.charged("pay"), "there is nothing left"

    def test_costs_of_many_steps_are_put_together(self) -> None:
        cost = ExecutionCost()
        for number in range(MOST_STEPS + 5):
            cost = cost.wrote(1).charged(f"step-{number}")
        assert len(cost.steps) == MOST_STEPS + 1
        assert cost.by_step("rest")[OTHER_STEPS] == pytest.approx(5 * PRICES.write_unit, rel=0.02)

    def test_costs_of_steps_are_kept_as_far_as_there_is_room(self) -> None:
        cost = ExecutionCost(writes=2).charged("pay").wrote(1).charged("ship")
        text = cost.steps_text()
        assert ExecutionCost.parse(cost.text(), text) == cost
        assert cost.fitting(len(text)) == cost
        assert cost.fitting(len(text) - 1).steps == {OTHER_STEPS: sum(cost.steps.values())}
        assert cost.fitting(2).steps == {}


class TestBudget:
    def test_it_is_paused_after_the_step_with_which_it_has_spent_its_budget(self) -> None:
        run = Run(BUDGETED).go()
        run.execution = copy_with(run.execution, cost=SPENT)
        run.done("one")
        assert (run.state, run.execution.paused, run.performs) == (State.PAUSED, True, {})
        assert run.recorded[-1] == "ExecutionPaused main again"
        reason = "it has cost 0.001000000 dollars, and its budget is 0.000500000: resume it with a higher one"
        assert run.records[-1].about == {"reason": reason, BUDGET: 0.0005}
        assert run.execution.reason == reason

    def test_it_goes_on_with_a_higher_one(self) -> None:
        run = Run(BUDGETED).go()
        run.execution = copy_with(run.execution, cost=SPENT)
        run.done("one").ask(ResumeRequested(budget=0.002)).go()
        assert budget_of(run.definition, run.execution) == 0.002
        assert (run.done("two").state, run.execution.output) == (State.SUCCEEDED, "two")

    def test_a_step_that_was_not_begun_before_the_pause_begins_at_once(self) -> None:
        run = Run(BUDGETED).go()
        run.execution = copy_with(run.execution, cost=SPENT)
        run.done("one").ask(ResumeRequested(budget=0.002))
        assert run.execution.threads[ROOT].busy_until is None

    def test_a_step_that_was_begun_beside_it_is_waited_for(self) -> None:
        left = "{id: a, steps: [{id: x, type: call}, {id: y, type: call}]}"
        both = f"{{id: both, type: parallel, branches: [{left}, {{id: b, steps: [{{id: z, type: call}}]}}]}}"
        run = Run(f"budget: {{dollars: 0.0005}}\nsteps: [{both}]").go()
        run.execution = copy_with(run.execution, cost=SPENT)
        first, other = (name for name in run.execution.threads if name != ROOT)
        run.done("one", first)
        assert run.state is State.PAUSED
        run.ask(ResumeRequested(budget=0.002))
        assert [run.thread(name).busy_until is None for name in (first, other)] == [True, False]

    def test_without_a_higher_one_it_is_paused_again_by_its_next_step(self) -> None:
        run = Run(BUDGETED.replace("]", ", {id: last, type: call}]")).go()
        run.execution = copy_with(run.execution, cost=SPENT)
        run.done("one").ask(RESUME).go().done("two")
        assert run.state is State.PAUSED

    def test_one_that_ends_with_what_it_had_left_is_not_paused(self) -> None:
        run = Run(BUDGETED).go().done("one")
        run.execution = copy_with(run.execution, cost=SPENT)
        assert run.done("two").state is State.SUCCEEDED
        assert overspent(run.definition, run.execution) is None

    def test_what_is_asked_of_it_is_done_whatever_it_has_cost(self) -> None:
        run = Run(BUDGETED).go()
        run.execution = copy_with(run.execution, cost=SPENT)
        assert run.ask(CANCEL).state is State.CANCELLED

    def test_without_a_budget_nothing_is_too_much(self) -> None:
        run = Run(BUDGETED.replace("budget", "description: x #")).go()
        run.execution = copy_with(run.execution, cost=SPENT)
        assert run.done("one").state is State.STEP_STARTED
