from datetime import timedelta

import pytest

from chalicelib.core.executions import builder as draft
from chalicelib.core.executions.decide import decide, hand_over
from chalicelib.core.executions.inputs import CallSucceeded, Decision, Input, Poisoned, Started, StepDue, TimerFired
from chalicelib.core.executions.model import Driver, Failure, State, Status
from chalicelib.core.executions.waiting import RetryWait
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run, define

SECOND = timedelta(seconds=1)
ECHOES = """
steps:
  - {id: one, type: echo, message: '${input}'}
  - {id: two, type: echo, message: '${output}'}
"""
CALL = "steps: [{id: ask, type: call, content: {at: '${now()}', id: '${uuid()}'}}]"
CALLS = "steps: [{id: ask, type: call}, {id: again, type: call}]"
WAIT = "steps: [{id: rest, type: wait, seconds: 45}]"


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


class TestSteps:
    def test_each_result_is_the_next_steps_input_and_the_last_is_the_output(self) -> None:
        run = Run(ECHOES, {"n": 1}).go()
        assert (run.state, run.output, run.execution.ended_at) == (State.SUCCEEDED, {"n": 1}, NOW)
        assert [(record.state.value, record.step) for record in run.records] == [
            ("ExecutionSubmitted", "one"),
            ("ExecutionStarted", "one"),
            ("StepStarted", "one"),
            ("StepSucceeded", "one"),
            ("StepStarted", "two"),
            ("StepSucceeded", "two"),
            ("ExecutionSucceeded", "two"),
        ]

    def test_who_started_it_is_told_once(self) -> None:
        run = Run(ECHOES).go()
        assert [record.actor for record in run.records] == ["ada", None, None, None, None, None, None]

    def test_the_start_is_as_old_as_the_submission(self) -> None:
        run = Run(ECHOES)
        run.now += SECOND
        run.go()
        assert [(record.at - NOW).total_seconds() for record in run.records] == [0, 0, 0, 1, 1, 1, 1]

    def test_an_ended_execution_keeps_its_first_thread_and_nothing_that_it_held(self) -> None:
        run = Run(ECHOES, "x" * 1000).go()
        assert run.standing == {"main": "over two"}
        assert run.thread().incoming is None

    def test_while_it_runs_it_shows_the_step_that_moved_last(self) -> None:
        run = Run(CALLS)
        run.fold(CallSucceeded("main", 0, 1))
        assert (run.state, run.execution.step) == (State.STEP_STARTED, "again")

    def test_output_shapes_the_result_and_stash_keeps_it_or_values_made_from_it(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: echo, message: 1, output: {got: '${output}'}, stash: first}
              - {id: b, type: echo, message: 2, stash: {both: ['${stash.first.got}', '${output}']}}
            """).go()
        succeeded = [record for record in run.records if record.state is State.STEP_SUCCEEDED]
        assert [record.result for record in succeeded] == [{"got": 1}, 2]
        assert [record.stash for record in succeeded] == [{"first": {"got": 1}}, {"both": [1, 2]}]
        assert run.execution.stash == {"first": {"got": 1}, "both": [1, 2]}

    def test_a_step_goes_on_where_it_says(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: echo, message: 1, next: c, catch: [{errors: ['*'], next: b}]}
              - {id: b, type: echo, message: 2}
              - {id: c, type: echo, message: ['${output}'], end: true, catch: [{errors: ['*'], next: d}]}
              - {id: d, type: echo, message: 4}
            """)
        assert run.go().output == [1]

    def test_succeed_ends_the_execution_before_the_last_step(self) -> None:
        run = Run(
            "steps: [{id: a, type: succeed, when: input.enough, output: early}, {id: b, type: fail}]", {"enough": 1}
        )
        assert (run.go().state, run.output) == (State.SUCCEEDED, "early")

    def test_fail_fails_the_execution(self) -> None:
        run = Run("steps: [{id: a, type: fail, error: order.TooLarge, cause: 'of ${input}'}]", 7).go()
        assert (run.state, run.error) == (State.FAILED, Failure("order.TooLarge", "of 7", "a"))

    @pytest.mark.parametrize("key", ["message", "output", "stash"])
    def test_a_template_that_fails_fails_the_step_and_the_execution(self, key: str) -> None:
        value = "{x: '${add(input, `1`)}'}"
        run = Run(
            f"steps: [{{id: one, type: echo, {'' if key == 'message' else 'message: 1,'} {key}: {value}}}]", "text"
        )
        assert run.go().state is State.FAILED
        assert (run.error.name, run.error.step) == ("TemplateFailed", "one")
        assert run.told == ["StepStarted main one", "StepFailed main one", "ExecutionFailed main one"]

    def test_rendered_parameters_that_do_not_fit_fail_the_step(self) -> None:
        run = Run("steps: [{id: one, type: wait, seconds: '${input}'}]", "soon").go()
        assert run.error == Failure(
            "InvalidParameters", "'soon' is not of type 'number' at /seconds", "one", details={"seconds": "soon"}
        )

    def test_a_loop_can_go_round(self) -> None:
        run = Run("""
            stash: {n: 0}
            steps:
              - {id: count, type: echo, message: '${add(stash.n, `1`)}', stash: n}
              - {id: enough, type: choice, choices: [{when: 'stash.n == `3`', next: done}], default: count}
              - {id: done, type: succeed}
            """)
        assert run.go().output == 3


class TestWhen:
    STEPS = """
        steps:
          - {id: a, type: echo, message: came}
          - {id: b, type: echo, message: ran, when: input.go, stash: b}
          - {id: c, type: echo, message: ['${output}', '${stash.b}']}
        """

    def test_a_step_runs_if_it_holds(self) -> None:
        assert Run(self.STEPS, {"go": True}).go().output == ["ran", "ran"]

    def test_otherwise_it_is_skipped_and_what_came_in_goes_on(self) -> None:
        run = Run(self.STEPS, {}).go()
        assert run.output == ["came", None]
        assert run.told[2:4] == ["StepSkipped main b", "StepStarted main c"]

    def test_a_skipped_first_step_never_starts(self) -> None:
        run = Run("steps: [{id: a, type: fail, when: input}, {id: b, type: transform}]", {}).go()
        assert (run.state, run.told[0]) == (State.SUCCEEDED, "StepSkipped main a")

    def test_an_execution_never_shows_that_it_skipped_something(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: call}
              - {id: b, type: fail, when: input}
              - {id: c, type: fail, when: input}
              - {id: d, type: call}
            """)
        run.fold(CallSucceeded("main", 0, 1))
        assert run.fold(StepDue("main", 1)).records[0].state is State.STEP_SKIPPED
        assert (run.state, run.execution.step) == (State.STEP_SUCCEEDED, "a")

    def test_a_skipped_last_step_ends_with_what_came_in(self) -> None:
        run = Run("steps: [{id: a, type: fail, when: 'input.bad'}]", {"fine": 1}).go()
        assert (run.state, run.output) == (State.SUCCEEDED, {"fine": 1})

    def test_a_skipped_last_step_is_held_against_the_output_schema(self) -> None:
        run = Run("{outputSchema: {type: string}, steps: [{id: a, type: echo, message: x, when: 'input'}]}", {}).go()
        assert (run.error.name, run.error.step) == ("InvalidOutput", "a")

    def test_a_condition_that_cannot_be_evaluated_fails_the_step(self) -> None:
        run = Run("steps: [{id: a, type: echo, message: 1, when: 'add(input, `1`) == `2`'}]", "text").go()
        assert (run.error.name, run.told[0]) == ("TemplateFailed", "StepStarted main a")

    def test_it_is_not_asked_again_at_the_next_attempt(self) -> None:
        run = Run("steps: [{id: a, type: call, when: '!error', retry: [{errors: ['*']}]}]").go()
        assert run.broke().later(3600).done("ok").output == "ok"


class TestChoice:
    STEPS = """
        steps:
          - id: pick
            type: choice
            choices: [{when: 'input > `10`', next: large}, {when: 'input > `5`', next: middle}]
            default: small
            stash: {of: '${output}'}
          - {id: small, type: echo, message: small, end: true}
          - {id: middle, type: echo, message: middle, end: true}
          - {id: large, type: echo, message: large, end: true}
        """

    @pytest.mark.parametrize(("value", "way"), [(11, "large"), (6, "middle"), (5, "small")])
    def test_the_first_condition_that_holds_leads_on(self, value: int, way: str) -> None:
        run = Run(self.STEPS, value).go()
        assert (run.output, run.execution.stash) == (way, {"of": value})

    def test_without_any_and_without_default_it_fails(self) -> None:
        run = Run(
            "steps: [{id: a, type: choice, choices: [{when: input.x, next: b}]}, {id: b, type: succeed}]", {}
        ).go()
        assert run.error.name == "NoChoice"


class TestOutputSchema:
    STEPS = """
        outputSchema: {type: object, required: [n], properties: {n: {type: integer}}}
        steps: [{id: last, type: echo, message: '${input}', retry: [{errors: [Other]}]}]
        """

    def test_an_output_that_passes_succeeds(self) -> None:
        assert Run(self.STEPS, {"n": 1}).go().state is State.SUCCEEDED

    def test_another_one_fails_the_last_step(self) -> None:
        run = Run(self.STEPS, {"n": "one"}).go()
        assert (run.state, run.error.name, run.error.step) == (State.FAILED, "InvalidOutput", "last")
        assert run.error.details == [{"pointer": "/n", "message": "'one' is not of type 'integer'"}]

    def test_it_can_be_caught(self) -> None:
        run = Run("""
            outputSchema: {type: string}
            steps:
              - {id: a, type: echo, message: 1, catch: [{errors: [InvalidOutput], next: b}], end: true}
              - {id: b, type: echo, message: '${error.message}'}
            """)
        assert run.go().output == "1 is not of type 'string'"

    def test_only_the_last_step_is_held_against_it(self) -> None:
        run = Run(
            "{outputSchema: {const: 2}, steps: [{id: a, type: echo, message: 1}, {id: b, type: echo, message: 2}]}"
        )
        assert run.go().state is State.SUCCEEDED

    def test_the_end_of_a_branch_is_not(self) -> None:
        run = Run("""
            outputSchema: {type: object}
            steps: [{id: both, type: parallel, branches: [{id: a, steps: [{id: x, type: echo, message: 1}]}]}]
            """)
        assert run.go().output == {"a": 1}


class TestSize:
    def test_a_result_beyond_the_limit_fails_the_step(self) -> None:
        run = Run(
            "{steps: [{id: ask, type: call, catch: [{errors: [TooLarge], next: b}]}, {id: b, type: echo, message: b}]}"
        )
        run.go().done("x" * (draft.MAX_RESULT - 1))
        assert run.output == "b"
        (failed,) = [record.error for record in run.records if record.state is State.STEP_FAILED]
        assert failed is not None
        assert failed.message == "the result has 64,000,001 characters of JSON, and 64,000,000 are the most"

    def test_one_at_the_limit_passes_and_its_size_is_told(self) -> None:
        run = Run(CALL).go().done("x" * (draft.MAX_RESULT - 2))
        assert [record.size for record in run.records[-2:]] == [draft.MAX_RESULT, draft.MAX_RESULT]

    @pytest.mark.parametrize("result", [NOW, {"a": {1}}, [float("nan")], float("inf"), b""])
    def test_one_that_is_no_json_fails_the_step(self, result: object) -> None:
        run = Run(CALL).go().done(result)  # type: ignore[arg-type] # that it is no JSON is the point
        assert run.execution.error is not None
        assert run.execution.error.name == "Internal"

    def test_one_that_nests_too_deeply_fails_the_step(self) -> None:
        result: list[object] = []
        for _ in range(100_000):
            result = [result]
        run = Run(CALL).go().done(result)  # type: ignore[arg-type] # JSON
        assert run.execution.error is not None
        assert run.execution.error.message == "the result nests too deeply to be kept"

    @pytest.mark.parametrize(("result", "size"), [(None, 0), ("", 2), ({"a": [1, "é"]}, 13)])
    def test_sizes_are_counted_in_characters_of_json(self, result: object, size: int) -> None:
        run = Run(CALL).go().done(result)  # type: ignore[arg-type] # JSON
        assert [record.size for record in run.records[-2:]] == [size, size]


class TestEffects:
    def test_an_effect_is_asked_for_and_changes_nothing_until_it_is_done(self) -> None:
        run = Run(CALL)
        decision = run.fold(Started())
        assert decision.execution is run.execution
        assert decision.records == ()
        assert decision.call is not None

    def test_its_content_is_the_same_whenever_and_by_whomever_it_is_asked_for(self) -> None:
        run = Run(CALL)
        other = Driver("other", "twin")
        later = decide(run.definition, run.execution, Started(), NOW + 3600 * SECOND, other)
        assert later.call == run.fold(Started()).call

    def test_its_answer_is_the_result(self) -> None:
        assert Run(CALL).go().done({"status": 200}).output == {"status": 200}

    def test_its_failure_is_the_steps(self) -> None:
        run = Run(CALL).go().broke("http.500", details={"status": 500})
        assert run.error == Failure("http.500", "no", "ask", details={"status": 500})
        assert run.told[-2:] == ["StepFailed main ask", "ExecutionFailed main ask"]

    @pytest.mark.parametrize("steps", [CALL, WAIT])
    def test_a_given_up_message_fails_what_it_drove(self, steps: str) -> None:
        run = Run(steps).go()
        run.fold(Poisoned(*run.thread().key))
        assert (run.state, run.error.name) == (State.FAILED, "Poison")

    def test_which_can_be_caught(self) -> None:
        run = Run("steps: [{id: a, type: call, catch: [{errors: [Poison], next: b}]}, {id: b, type: transform}]", "in")
        assert run.go().ask(Poisoned("main", 0)).output == "in"

    def test_of_what_is_over_nothing_is_given_up(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: workflow, definition: c, timeoutSeconds: 5, catch: [{errors: ['*'], next: b}]}
              - {id: b, type: call}
            """)
        run.go().later(5)
        assert run.fold(Poisoned("main", 1)) == Decision(run.execution)


class TestWaits:
    def test_a_wait_parks_the_thread(self) -> None:
        run = Run(WAIT).go()
        assert (run.thread().status, run.until, run.state) == (
            Status.WAITING,
            NOW + 45 * SECOND,
            State.STEP_STARTED,
        )

    @pytest.mark.parametrize(("after", "ended"), [(44.999, False), (45, True), (60, True)])
    def test_a_timer_is_never_early(self, after: float, ended: bool) -> None:  # noqa: FBT001 - an example
        assert Run(WAIT).go().later(after).execution.ended is ended

    def test_the_result_is_what_came_in(self) -> None:
        assert Run(WAIT, "kept").go().later(45).output == "kept"

    @pytest.mark.parametrize("how", ["seconds: 0", "until: '2026-01-01T00:00:00Z'", "until: '1999-01-01T00:00:00Z'"])
    def test_no_time_at_all_is_not_waited(self, how: str) -> None:
        assert Run(f"steps: [{{id: rest, type: wait, {how}}}]", "in").go().output == "in"

    def test_what_an_earlier_turn_waited_for_is_forgotten(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 5}, {id: b, type: call}]").go().later(5)
        assert run.until is None


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
        assert run.go().later(60).told[1:] == ["ExecutionTimedOut main a"]
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
        assert run.state is State.TIMED_OUT


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
        assert (thread.key, thread.status, thread.wait) == (("main", 1), Status.RETRYING, RetryWait(NOW + 10 * SECOND))
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
        assert first["id"] != second["id"]
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

    def test_what_an_attempt_forked_ends_with_it(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                branches: [{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [{id: y, type: call}]}]
                retry: [{errors: ['*'], intervalSeconds: 1, jitter: none}]
            """)
        run.go().done("kept?", thread="main.1.a").broke(thread="main.1.b")
        assert run.standing == {"main": "retrying both"}
        assert run.thread().results == {}
        assert run.later(1).performs.keys() == {"main.4.a", "main.4.b"}

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
        assert run.told[1:4] == ["StepFailed main a", "StepStarted main b", "StepSkipped main b"]

    def test_a_step_that_the_definition_no_longer_has_handles_nothing(self) -> None:
        run = Run("steps: [{id: a, type: call, catch: [{errors: ['*'], next: b}]}, {id: b, type: succeed}]").go()
        run.definition = define("steps: [{id: other, type: succeed}]")
        assert run.broke("Poison").state is State.FAILED
