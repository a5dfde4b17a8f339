"""Where an error leads, and what a redrive takes up: what is foreseen is what happens."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import CancelRequested, RedriveRequested
from chalicelib.core.executions.model import Failure, Parent, State, Status
from chalicelib.core.executions.outlook import Landing, Lead, RedriveOutlook, due_of, lead, redrive_outlook
from chalicelib.core.values.value import copy_with
from tests.core.examples import Run

CATCH = "catch: [{errors: [No], next: other}]"
OTHER = "{id: other, type: call}"
RETRY = "retry: [{errors: [No], maxAttempts: 2, intervalSeconds: 5, jitter: none}]"
MAP = "steps: [{id: each, type: map, items: '${input}', steps: [{id: one, type: call}]%s}, {id: other, type: call}]"
RACE = """steps:
  - id: race
    type: parallel
    join: first
    branches: [{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [{id: x, type: call}]}]
    %s
  - {id: other, type: call}
"""
A = "main.1.a"
ITEM = "main.1.0"


def foreseen(run: Run, thread: str = "main", error: str = "No") -> Lead:
    return lead(run.definition, run.execution, run.thread(thread), error)


def outlook(run: Run) -> RedriveOutlook:
    return redrive_outlook(run.definition, run.execution)


class TestLeads:
    def test_a_retry_comes_before_a_catch_until_it_is_used_up(self) -> None:
        run = Run(f"steps: [{{id: a, type: call, {RETRY}, {CATCH}}}, {OTHER}]").go()
        assert (foreseen(run), foreseen(run, error="Yes")) == (Lead(Landing.RETRY, "a"), Lead(Landing.END))
        assert run.broke("No").thread().status is Status.RETRYING
        assert foreseen(run.later(5)) == Lead(Landing.CATCH, "other")
        assert run.broke("No").thread().step == "other"

    def test_a_call_that_must_not_be_repeated_is_not_tried_again(self) -> None:
        run = Run(f"steps: [{{id: a, type: call, delivery: at-most-once, {RETRY}}}]").go()
        assert run.thread().claimed_by
        assert foreseen(run) == Lead(Landing.END)

    def test_what_no_step_catches_fails_the_execution_and_what_waits_for_it(self) -> None:
        text = "steps: [{id: a, type: call}]"
        assert foreseen(Run(text).go()) == Lead(Landing.END)
        assert foreseen(Run(text, parent=Parent("t:d:0", "main", 1)).go()) == Lead(Landing.PARENT)
        assert foreseen(Run(text, parent=Parent("t:d:0", "main", 1, awaited=False)).go()) == Lead(Landing.END)

    def test_a_step_that_is_not_there_catches_nothing(self) -> None:
        run = Run(f"steps: [{{id: a, type: call, {CATCH}}}, {OTHER}]").go()
        assert lead(run.definition, run.execution, copy_with(run.thread(), step="gone"), "No") == Lead(Landing.END)

    def test_a_map_tolerates_so_many_and_then_fails_with_an_error_of_its_own(self) -> None:
        tolerant = f", tolerate: {{count: 1}}, {CATCH.replace('No', 'ItemsFailed')}"
        run = Run(MAP % tolerant, [1, 2]).go()
        assert foreseen(run, ITEM) == Lead(Landing.ITEM, "each")
        run.broke("No", ITEM)
        assert foreseen(run, "main.1.1") == Lead(Landing.CATCH, "other")
        assert run.broke("No", "main.1.1").thread().step == "other"

    def test_an_item_of_one_that_tolerates_none_fails_it_with_the_same_error(self) -> None:
        run = Run(MAP % f", {CATCH}", [1]).go()
        assert foreseen(run, ITEM) == Lead(Landing.CATCH, "other")
        assert run.broke("No", ITEM).thread().step == "other"

    def test_a_race_goes_on_until_the_last_branch(self) -> None:
        run = Run(RACE % CATCH.replace("No", "BranchesFailed")).go()
        assert foreseen(run, A) == Lead(Landing.BRANCH, "race")
        run.broke("No", A)
        assert foreseen(run, "main.1.b") == Lead(Landing.CATCH, "other")
        assert run.broke("No", "main.1.b").thread().step == "other"


class TestRedrives:
    TRAP = """
        timeoutSeconds: 60
        steps:
          - {id: carrier, type: call, catch: [{errors: ['*'], next: undo}]}
          - {id: done, type: succeed}
          - {id: undo, type: call}
          - {id: compensated, type: fail, %s}
        """

    @pytest.mark.parametrize("fails", ["error: Own", "failure: '${error}'"])
    def test_a_fail_step_behind_a_clean_up_fails_again_and_the_step_of_the_error_is_named(self, fails: str) -> None:
        run = Run(self.TRAP % fails).go().broke("Lost").done()
        found = outlook(run)
        assert (found.steps, found.fails_again, found.step_type) == (["compensated"], True, "fail")
        assert (found.caught, found.timeout) == ("carrier", timedelta(seconds=60))
        assert run.ask(RedriveRequested()).state is State.FAILED
        assert run.ask(RedriveRequested(step=found.caught)).done().state is State.SUCCEEDED

    def test_where_a_child_failed_it_is_the_step_that_waited_for_it(self) -> None:
        sub = "{id: sub, type: workflow, definition: inner, catch: [{errors: ['*'], next: stop}]}"
        run = Run(f"steps: [{sub}, {{id: end, type: succeed}}, {{id: stop, type: fail}}]").go()
        run.child(State.FAILED, error=Failure("Bad", "no", "deep"))
        assert outlook(run).caught == "sub"

    def test_a_fail_step_that_no_error_led_to_names_none(self) -> None:
        assert outlook(Run("steps: [{id: a, type: fail}]").go()).caught is None

    @pytest.mark.parametrize(
        "step", ["fail", "echo, message: '${add(input, `1`)}'", "call, content: '${add(input, `1`)}'"]
    )
    def test_what_asks_nobody_fails_again(self, step: str) -> None:
        run = Run(f"steps: [{{id: a, type: {step}}}]", "text").go()
        assert run.state is State.FAILED
        found = outlook(run)
        assert (found.fails_again, found.caught, found.timeout) == (True, None, None)
        assert run.ask(RedriveRequested()).go().state is State.FAILED

    def test_a_call_that_failed_begins_again(self) -> None:
        run = Run("steps: [{id: a, type: call}]").go().broke()
        assert (outlook(run).steps, outlook(run).fails_again) == (["a"], False)
        assert run.ask(RedriveRequested()).done(1).state is State.SUCCEEDED

    @pytest.mark.parametrize("name", ["Poison", "Internal", "Timeout"])
    def test_some_errors_pass_by_themselves(self, name: str) -> None:
        run = Run(f"steps: [{{id: a, type: fail, error: {name}}}]").go()
        assert not outlook(run).fails_again

    def test_each_branch_that_failed_begins_again_the_one_first_that_fails_again(self) -> None:
        text = (
            "steps: [{id: p, type: parallel, branches: [{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [%s]}]}]"
        )
        run = Run(text % "{id: y, type: wait, seconds: 5}, {id: z, type: fail}").go().later(5)
        found = outlook(run)
        assert (found.steps, found.fails_again, found.caught) == (["p/b/z"], True, None)

    def test_a_child_that_failed_is_driven_on(self) -> None:
        run = Run("steps: [{id: a, type: workflow, definition: inner}]").go()
        run.child(State.FAILED, error=Failure("Bad", "no", "deep"))
        found = outlook(run)
        assert (found.steps, len(found.children), found.fails_again) == (["a"], 1, False)

    def test_what_was_cancelled_goes_on_where_it_stood(self) -> None:
        run = Run(MAP % "", [1, 2]).go().ask(CancelRequested())
        assert (outlook(run).steps, outlook(run).fails_again) == (["each/one", "each/one"], False)

    def test_a_call_of_which_no_answer_is_known_is_named(self) -> None:
        run = Run("steps: [{id: a, type: call, delivery: at-most-once}]").go().broke(unanswered=True)
        assert outlook(run).unanswered == "a"


def test_what_a_task_says_of_its_due_date_is_read_as_it_is_written() -> None:
    run = Run("steps: [{id: a, type: task, title: ok, due: {seconds: 5, then: continue}}]").go()
    assert due_of(run.definition, run.thread()) == {"seconds": 5, "then": "continue"}
    assert due_of(Run("steps: [{id: b, type: call}]").definition, run.thread()) == {}
    other = Run("steps: [{id: a, type: task, title: ok, due: '${input}'}]", {"seconds": 5}).go()
    assert due_of(other.definition, other.thread()) == {}
