"""What :mod:`chalicelib.core.executions.decide` makes of failures: time-outs, retries and catches."""

import json
from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import Decision, TimerFired
from chalicelib.core.executions.model import Failure, State, Status, failure_json
from chalicelib.core.executions.rules import DETAIL_LEVELS
from chalicelib.core.executions.waiting import RetryWait
from chalicelib.core.values.bounds import MAX_DEPTH, MAX_KEY, bound_problem
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, define

SECOND = timedelta(seconds=1)


class TestTimeOuts:
    def test_an_attempt_has_its_time_from_where_it_begins(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 9}, {id: b, type: wait, seconds: 60, timeoutSeconds: 10}]")
        assert run.go().later(9).later(9.999).state is State.STEP_STARTED
        assert run.later(0.001).error == Failure("Timeout", "The step took longer than its time", "b")

    @pytest.mark.parametrize(
        ("wait", "step", "execution", "state"),
        [
            (5, 6, 7, State.SUCCEEDED),
            (5, 5, 5, State.SUCCEEDED),
            (6, 5, 7, State.FAILED),
            (6, 5, 5, State.FAILED),
            (6, 7, 5, State.TIMED_OUT),
        ],
    )
    def test_the_instant_that_comes_first_counts_however_late_its_timer(
        self, wait: int, step: int, execution: int, state: State
    ) -> None:
        steps = f"[{{id: a, type: wait, seconds: {wait}, timeoutSeconds: {step}}}]"
        run = Run(f"{{timeoutSeconds: {execution}, steps: {steps}}}").go()
        assert run.later(4.999).state is State.STEP_STARTED
        assert run.later(3600).state is state

    def test_an_execution_that_is_over_time_ends_without_its_steps(self) -> None:
        run = Run("{timeoutSeconds: 60, steps: [{id: a, type: wait, seconds: 90, catch: [{errors: ['*'], next: a}]}]}")
        assert run.go().later(60).recorded[1:] == ["ExecutionTimedOut main a"]
        assert run.error == Failure("Timeout", "the execution took longer than its time", "a")

    def test_it_runs_no_step_after_its_time(self) -> None:
        run = Run("{timeoutSeconds: 60, steps: [{id: a, type: call}, {id: b, type: call}]}").go()
        run.now += 60 * SECOND
        assert run.done(1).state is State.TIMED_OUT

    def test_a_step_is_not_run_after_its_time(self) -> None:
        run = Run("steps: [{id: a, type: call, timeoutSeconds: 60}]")
        run.now += 60 * SECOND
        assert run.go().error.name == "Timeout"

    def test_an_answer_after_the_time_of_the_attempt_is_too_late(self) -> None:
        run = Run("steps: [{id: a, type: call, timeoutSeconds: 60}]").go()
        run.now += 60 * SECOND
        assert run.done("late").error.name == "Timeout"

    def test_one_within_it_is_not(self) -> None:
        run = Run("steps: [{id: a, type: call, timeoutSeconds: 60}]").go()
        run.now += 59 * SECOND
        assert run.done("in time").output == "in time"

    def test_a_step_that_forked_ends_what_it_forked(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                timeoutSeconds: 10
                branches:
                  - {id: a, steps: [{id: x, type: call}]}
                  - {id: b, steps: [{id: y, type: wait, seconds: 60}]}
                catch: [{errors: [Timeout], next: sorry}]
              - {id: sorry, type: call}
            """)
        assert run.go().later(10).standing == {"main": "ready sorry"}

    def test_an_execution_whose_threads_join_is_over_time_with_them(self) -> None:
        run = Run("""
            timeoutSeconds: 10
            steps:
              - id: both
                type: parallel
                timeoutSeconds: 30
                branches:
                  - {id: a, steps: [{id: x, type: wait, seconds: 60}]}
                  - {id: b, steps: [{id: y, type: call}]}
            """).go()
        run.now += 10 * SECOND
        assert run.fold(TimerFired("main", 1)) == Decision(run.execution)
        run.fold(TimerFired("main.1.a", 1))
        assert run.state is State.TIMED_OUT

    def test_even_if_only_the_step_that_forked_has_a_timer(self) -> None:
        run = Run("""
            timeoutSeconds: 10
            steps:
              - id: both
                type: parallel
                timeoutSeconds: 30
                branches: [{id: a, steps: [{id: x, type: call}]}]
            """).go()
        run.now += 30 * SECOND
        run.fold(TimerFired("main", 1))
        assert (run.state, run.error.step, run.error.attempt) == (State.TIMED_OUT, "both", 1)


class TestRetry:
    STEPS = """
        steps:
          - id: ask
            type: call
            content: {attempt: '${step.attempt}', id: '${uuid()}'}
            timeoutSeconds: 60
            retry:
              - {errors: [Busy], intervalSeconds: 10, maxAttempts: 3, jitter: none}
              - {errors: ['*'], intervalSeconds: 5, maxAttempts: 2, jitter: none}
            catch: [{errors: [Busy], next: sorry}]
          - {id: sorry, type: echo, message: sorry}
        """

    def test_a_failure_that_a_policy_takes_is_tried_again_after_its_time(self) -> None:
        run = Run(self.STEPS).go().broke("Busy")
        thread = run.thread()
        assert (thread.key, thread.status, thread.wait) == (
            ("main", 1),
            Status.RETRYING,
            RetryWait(NOW + 10 * SECOND, "Busy", "no", attempts=3),
        )
        assert run.later(9).performs == {}
        assert run.later(1).done("ok").state is State.SUCCEEDED

    def test_each_attempt_is_a_turn_of_its_own_with_its_number_and_its_time(self) -> None:
        run = Run(self.STEPS).go()
        first = run.performs["main"]
        run.broke("Busy").later(10)
        second = run.performs["main"]
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert (first["attempt"], second["attempt"]) == (1, 2)
        assert first["id"] == second["id"]
        assert (run.thread().turn, run.thread().visit, run.thread().began_visit) == (2, 0, NOW)
        assert run.thread().deadline == NOW + 70 * SECOND

    def test_the_time_of_an_attempt_does_not_run_between_attempts(self) -> None:
        assert Run(self.STEPS).go().broke("Busy").thread().deadline is None

    def test_the_time_between_attempts_grows(self) -> None:
        run = Run(self.STEPS).go().broke("Busy").later(10).broke("Busy")
        assert run.until == NOW + 30 * SECOND

    def test_history_tells_of_every_attempt(self) -> None:
        run = Run(self.STEPS).go().broke("Busy").later(10).done()
        assert [(record.state.value, record.attempt) for record in run.records[2:7]] == [
            ("StepStarted", 1),
            ("StepFailed", 1),
            ("StepStarted", 2),
            ("StepSucceeded", 2),
            ("StepStarted", 1),
        ]

    def test_the_error_tells_which_attempt_it_was(self) -> None:
        run = Run(self.STEPS).go().broke("Busy").later(10).broke("Other").later(5).broke("Other")
        assert run.error == Failure("Other", "no", "ask", attempt=3)

    def test_each_policy_counts_its_own_failures(self) -> None:
        run = Run(self.STEPS).go().broke("Other").later(5).broke("Busy").later(10).broke("Busy")
        assert run.thread().tries == {"1": 1, "0": 2}
        assert run.thread().status is Status.RETRYING

    def test_once_they_are_used_up_the_failure_is_caught(self) -> None:
        run = Run(self.STEPS).go()
        for seconds in (10, 20):
            run.broke("Busy").later(seconds)
        assert run.broke("Busy").output == "sorry"

    def test_another_step_begins_to_count_anew(self) -> None:
        policy = "retry: [{errors: ['*'], maxAttempts: 2, intervalSeconds: 1, jitter: none}]"
        run = Run(f"steps: [{{id: a, type: call, {policy}}}, {{id: b, type: call, {policy}}}]").go()
        run.broke().later(1).done().broke()
        assert (run.thread().status, run.thread().step) == (Status.RETRYING, "b")

    def test_time_outs_are_tried_again_too(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 9, timeoutSeconds: 5, retry: [{errors: [Timeout]}]}]").go()
        assert run.later(5).thread().status is Status.RETRYING

    def test_an_execution_can_be_over_time_between_attempts(self) -> None:
        retry = "retry: [{errors: ['*'], intervalSeconds: 9, jitter: none}]"
        run = Run(f"{{timeoutSeconds: 5, steps: [{{id: a, type: call, {retry}}}]}}")
        assert run.go().broke().later(5).state is State.TIMED_OUT

    def test_what_an_attempt_forked_goes_on_where_it_failed(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                branches: [{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [{id: y, type: call}]}]
                retry: [{errors: ['*'], intervalSeconds: 1, jitter: none}]
            """)
        run.go().done("kept?", thread="main.1.a").broke(thread="main.1.b")
        assert run.standing == {"main": "retrying both", "main.1.b": "failed both/b/y"}
        assert run.thread().results == {"a": "kept?"}
        assert run.later(1).performs.keys() == {"main.1.b"}
        assert (run.thread().attempt, run.thread("main.1.b").visit) == (2, 0)
        assert run.done("now", thread="main.1.b").output == {"a": "kept?", "b": "now"}

    def test_a_jitter_is_the_same_whoever_decides_and_another_for_another_execution(self) -> None:
        steps = "steps: [{id: a, type: call, retry: [{errors: ['*'], intervalSeconds: 3600}]}]"
        one, same, other = Run(steps).go().broke(), Run(steps).go().broke(), Run(steps)
        other.execution = copy_with(other.execution, id="t:d:2")
        assert one.until == same.until != other.go().broke().until


class TestCatch:
    STEPS = """
        steps:
          - id: ask
            type: call
            stash: ask
            catch:
              - {errors: [http.404], next: missing, stash: why}
              - {errors: [http.*, Timeout], next: again}
              - {errors: ['*'], next: any}
          - {id: missing, type: echo, message: '${stash.why.name}', end: true}
          - {id: again, type: echo, message: '${error.name}', end: true}
          - {id: any, type: echo, message: ['${error.name}', '${error.step}', '${error.details}', '${output}']}
        """

    def test_by_name_and_the_error_is_stashed(self) -> None:
        run = Run(self.STEPS).go().broke("http.404", details=[1])
        assert run.output == "http.404"
        stashed = {"name": "http.404", "message": "no", "step": "ask", "attempt": 1, "details": [1]}
        assert run.execution.stash == {"why": stashed}
        assert [record.stash for record in run.records if record.state is State.STEP_STARTED][1] == {"why": stashed}

    def test_by_family(self) -> None:
        run = Run(self.STEPS).go().broke("http.500")
        assert (run.output, run.execution.stash) == ("http.500", {})

    def test_a_family_is_not_the_beginning_of_a_word(self) -> None:
        assert Run(self.STEPS).go().broke("https").output == ["https", "ask", None, None]

    def test_a_star_is_any_error_and_what_came_in_comes_in_again(self) -> None:
        run = Run(self.STEPS, {"in": 1}).go().broke("Boom", details="d")
        assert run.output == ["Boom", "ask", "d", {"in": 1}]

    def test_where_nothing_catches_it_fails_the_execution(self) -> None:
        run = Run("steps: [{id: a, type: call, catch: [{errors: [http.*], next: a}]}]").go().broke("Boom")
        assert (run.state, run.error.name) == (State.FAILED, "Boom")

    def test_the_error_stays_in_scope_until_another_one_is_caught(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: call, catch: [{errors: ['*'], next: b}]}
              - {id: b, type: call, catch: [{errors: ['*'], next: c}]}
              - {id: c, type: echo, message: '${error.name}'}
            """)
        assert run.go().broke("First").done().output == "First"
        run = Run("""
            steps:
              - {id: a, type: call, catch: [{errors: ['*'], next: b}]}
              - {id: b, type: call, catch: [{errors: ['*'], next: c}]}
              - {id: c, type: echo, message: '${error.name}'}
            """)
        assert run.go().broke("First").broke("Second").output == "Second"

    def test_a_skipped_step_can_be_where_an_error_leads_with_what_it_stashed(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: call, catch: [{errors: ['*'], next: b, stash: why}]}
              - {id: b, type: fail, when: 'error.name == `"Worse"`'}
              - {id: c, type: echo, message: '${stash.why.name}'}
            """)
        assert run.go().broke("Bad").output == "Bad"
        assert run.recorded[1:4] == ["StepFailed main a", "StepStarted main b", "StepSkipped main b"]

    def test_a_step_that_the_definition_no_longer_has_handles_nothing(self) -> None:
        run = Run("steps: [{id: a, type: call, catch: [{errors: ['*'], next: b}]}, {id: b, type: succeed}]").go()
        run.definition = define("steps: [{id: other, type: succeed}]")
        assert run.broke("Poison").state is State.FAILED


class TestDetails:
    """They nest no deeper than what holds them may: a value that a template comes to, with a list of failures."""

    DEEP = json.loads("[" * MAX_DEPTH + "]" * MAX_DEPTH)

    def test_an_error_can_be_put_where_a_value_may_be(self) -> None:
        error = Run("steps: [{id: a, type: call}]").go().broke(details=self.DEEP).error
        assert bound_problem([{"a": {"b": failure_json(error)}}]) is None
        assert bound_problem(error.details, DETAIL_LEVELS - 1) is not None

    def test_what_no_value_may_be_is_none_of_them(self) -> None:
        run = Run("steps: [{id: a, type: call}]").go().broke(details={"headers": {"x" * (MAX_KEY + 1): "long"}})
        assert run.error == Failure("Boom", "no", "a")

    def test_so_can_that_of_a_child_of_a_child(self) -> None:
        error = Failure("Boom", "no", "b", 1, self.DEEP)
        run = Run("steps: [{id: a, type: workflow, definition: d}]").go()
        assert bound_problem([failure_json(run.child(State.FAILED, error=error).error)]) is None

    def test_items_that_failed_are_told_with_theirs(self) -> None:
        each = "{id: a, type: map, items: [1, 2], tolerate: {count: 1}, steps: [{id: b, type: call}]}"
        run = Run(f"steps: [{each}]").go()
        for thread in [*run.performs]:
            run.broke(thread=thread, details=self.DEEP)
        assert run.error.name == "ItemsFailed"
        assert bound_problem([failure_json(run.error)]) is None
