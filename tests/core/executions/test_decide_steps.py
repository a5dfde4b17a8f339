"""What :mod:`chalicelib.core.executions.decide` makes of steps that run, wait and lead on."""

import json
from datetime import timedelta

import pytest

from chalicelib.core.executions import builder
from chalicelib.core.executions.inputs import CallSucceeded, StepDue
from chalicelib.core.executions.model import Failure, State, Status
from chalicelib.core.limits import beyond
from tests.core.examples import NOW, Run

SECOND = timedelta(seconds=1)
ECHOES = """
steps:
  - {id: one, type: echo, message: '${input}'}
  - {id: two, type: echo, message: '${output}'}
"""
CALL = "steps: [{id: ask, type: call, content: {at: '${now()}', id: '${uuid()}'}}]"
CALLS = "steps: [{id: ask, type: call}, {id: again, type: call}]"
WAIT = "steps: [{id: rest, type: wait, seconds: 45}]"


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
        assert {record.attempt for record in run.records} == {1}

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
        assert run.recorded == ["StepStarted main one", "StepFailed main one", "ExecutionFailed main one"]

    def test_rendered_parameters_that_do_not_fit_fail_the_step(self) -> None:
        run = Run("steps: [{id: one, type: wait, seconds: '${input}'}]", "soon").go()
        assert run.error == Failure(
            "InvalidParameters", '"soon" is a text, not a number at /seconds', "one", details={"seconds": "soon"}
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
        assert run.recorded[2:4] == ["StepSkipped main b", "StepStarted main c"]

    def test_a_skipped_first_step_never_starts(self) -> None:
        run = Run("steps: [{id: a, type: fail, when: input}, {id: b, type: transform}]", {}).go()
        assert (run.state, run.recorded[0]) == (State.SUCCEEDED, "StepSkipped main a")

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
        assert (run.error.name, run.recorded[0]) == ("TemplateFailed", "StepStarted main a")

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
        assert run.error.details == [{"pointer": "/n", "message": '"one" is a text, not a whole number'}]

    def test_it_can_be_caught(self) -> None:
        run = Run("""
            outputSchema: {type: string}
            steps:
              - {id: a, type: echo, message: 1, catch: [{errors: [InvalidOutput], next: b}], end: true}
              - {id: b, type: echo, message: '${error.message}'}
            """)
        assert run.go().output == '1 is a number, not a text: write "1"'

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
        run.go().done("x" * (builder.MAX_RESULT - 1))
        assert run.output == "b"
        (failed,) = [record.error for record in run.records if record.state is State.STEP_FAILED]
        assert failed is not None
        said = "the result has 32,000,001 characters of JSON or more, and 32,000,000 are the most"
        assert failed.message == beyond("result_chars", said)

    def test_one_at_the_limit_passes_and_its_size_is_told(self) -> None:
        run = Run(CALL).go().done("x" * (builder.MAX_RESULT - 2))
        assert [record.size for record in run.records[-2:]] == [builder.MAX_RESULT, builder.MAX_RESULT]

    def test_parts_of_a_long_one_count_as_they_would_in_its_text(self) -> None:
        part = ["x" * 600_000, {"a": 1}]
        for result in ([part, part, 1.5], {"a": part, "b": part, "ä": None}):
            run = Run(CALL).go().done(result)
            assert run.records[-1].size == len(json.dumps(result, separators=(",", ":"), ensure_ascii=False))

    def test_what_is_stashed_beside_it_counts_too(self) -> None:
        stash = "{a: '${output}', b: '${[output, output]}'}"
        run = Run(
            f"{{steps: [{{id: s, type: call, stash: {stash}, catch: [{{errors: [TooLarge], stash: e, next: b}}]}}, "
            "{id: b, type: echo, message: b}]}"
        )
        run.go().done("x" * 400_000)
        (size,) = [record.size for record in run.records if record.stash]
        assert size == 400_002 + 800_007
        many = ", ".join(f"s{n}: '${{[output, output]}}'" for n in range(100))
        run = Run(
            f"{{steps: [{{id: s, type: call, stash: {{{many}}}, catch: [{{errors: [TooLarge], next: b}}]}}, "
            "{id: b, type: echo, message: b}]}"
        )
        run.go().done("x" * 400_000)
        assert run.output == "b"

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
        assert run.execution.error.message == beyond("value_depth", "the result nests deeper than 50 levels")

    @pytest.mark.parametrize(("result", "size"), [(None, 0), ("", 2), ({"a": [1, "é"]}, 13)])
    def test_sizes_are_counted_in_characters_of_json(self, result: object, size: int) -> None:
        run = Run(CALL).go().done(result)  # type: ignore[arg-type] # JSON
        assert [record.size for record in run.records[-2:]] == [size, size]


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
