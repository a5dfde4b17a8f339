from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.decide import decide, due_at, hand_over, implied, submit
from chalicelib.core.errors import InvalidInputError
from chalicelib.core.model import (
    Decision,
    Definition,
    Driver,
    EffectFailed,
    EffectSucceeded,
    Event,
    Execution,
    Failure,
    Message,
    Perform,
    Poisoned,
    Started,
    State,
    Status,
    StepDue,
    TimerFired,
)
from chalicelib.core.schema import compile_schema
from chalicelib.core.template import compile_template
from chalicelib.core.values import Json
from tests.scenarios import CALL, ECHO, SCENARIOS, SPLIT, WAIT, definition, step

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ME = Driver("message", "request")


def header(value: Json = None) -> Execution:
    return Execution("t:d:1", "t", "d", 1, "nonce", value, NOW, {})


def begun(steps: Definition, value: Json = None) -> Execution:
    return submit(steps, header(value))


def fold(steps: Definition, execution: Execution, event: Event, now: datetime = NOW) -> Decision:
    return decide(steps, execution, event, now, ME)


def states(decision: Decision) -> list[str]:
    return [record.state.value for record in decision.records]


ECHOES = definition("d", step("one", ECHO, {"message": "${input}"}, "two"), step("two", ECHO, {"message": "${output}"}))
WAITS = definition("d", step("wait", WAIT, {"seconds": 45}))
LONG_WAIT = definition("d", step("wait", WAIT, {"seconds": 901}))
CALLS = definition("d", step("call", CALL, {"at": "${now()}", "id": "${uuid()}"}))


class TestSubmit:
    def test_the_first_thread_stands_ready_at_the_first_step_with_the_input(self) -> None:
        execution = begun(ECHOES, {"foo": "bar"})
        (thread,) = execution.threads.values()
        assert (thread.key, thread.status, thread.step) == (("main", 0), Status.READY, "one")
        assert thread.incoming == {"foo": "bar"}
        assert (execution.state, execution.version) == (State.SUBMITTED, 0)

    def test_input_that_does_not_pass_the_schema_is_refused_with_every_error(self) -> None:
        strict = replace(ECHOES, input_schema=compile_schema({"required": ["a", "b"], "type": "object"}))
        with pytest.raises(InvalidInputError) as caught:
            begun(strict, {})
        assert [problem.message for problem in caught.value.problems] == [
            "'a' is a required property",
            "'b' is a required property",
        ]

    def test_the_stash_of_the_definition_is_made_from_the_input(self) -> None:
        stashing = replace(ECHOES, stash=compile_template({"who": "${input.name}"}))
        assert begun(stashing, {"name": "Ada"}).threads["main"].stash == {"who": "Ada"}

    def test_a_stash_that_cannot_be_made_refuses_the_input(self) -> None:
        stashing = replace(ECHOES, stash=compile_template({"n": "${add(input.n, `1`)}"}))
        with pytest.raises(InvalidInputError, match="stash cannot be made"):
            begun(stashing, {"n": "one"})


class TestTurns:
    def test_every_change_of_a_thread_is_its_next_turn(self) -> None:
        once = fold(ECHOES, begun(ECHOES, "hello"), Started())
        assert once.execution.threads["main"].key == ("main", 1)
        assert once.execution.threads["main"].driver == ME

    @pytest.mark.parametrize("event", [StepDue("main", 7), TimerFired("main", 0), StepDue("other", 0)])
    def test_an_event_of_another_turn_or_status_or_thread_changes_nothing(self, event: Event) -> None:
        execution = begun(ECHOES)
        assert fold(ECHOES, execution, event) == Decision(execution)

    def test_an_ended_execution_takes_no_event(self) -> None:
        execution = begun(ECHOES, "x")
        for turn in range(2):
            execution = fold(ECHOES, execution, StepDue("main", turn)).execution
        assert execution.ended
        assert fold(ECHOES, execution, StepDue("main", 1)) == Decision(execution)


class TestSteps:
    def test_each_result_is_the_next_steps_input_and_the_last_is_the_output(self) -> None:
        first = fold(ECHOES, begun(ECHOES, {"n": 1}), Started())
        last = fold(ECHOES, first.execution, StepDue("main", 1))
        assert last.execution.output == {"n": 1}
        assert (last.execution.state, last.execution.step) == (State.SUCCEEDED, "two")
        assert states(first) == [
            "ExecutionSubmitted",
            "ExecutionStarted",
            "StepStarted",
            "StepSucceeded",
            "StepStarted",
        ]
        assert states(last) == ["StepSucceeded", "ExecutionSucceeded"]

    def test_output_shapes_the_result_and_stash_keeps_it_or_values_made_from_it(self) -> None:
        steps = definition(
            "d",
            step("a", ECHO, {"message": 1}, "b", output=compile_template({"got": "${output}"}), stash="first"),
            step("b", ECHO, {"message": 2}, stash={"both": compile_template(["${stash.first.got}", "${output}"])}),
        )
        first = fold(steps, begun(steps), Started())
        last = fold(steps, first.execution, StepDue("main", 1))
        assert first.records[-2].result == {"got": 1}
        assert first.records[-2].stash == {"first": {"got": 1}}
        assert last.execution.stash == {"first": {"got": 1}, "both": [1, 2]}

    @pytest.mark.parametrize("key", ["params", "output", "stash"])
    def test_a_template_that_fails_fails_the_step_and_the_execution(self, key: str) -> None:
        bad = "${add(input, `1`)}"
        more = {"output": {"output": compile_template(bad)}, "stash": {"stash": {"x": compile_template(bad)}}}
        params: Json = {"message": bad if key == "params" else 1}
        steps = definition("d", step("one", ECHO, params, **more.get(key, {})))
        failed = fold(steps, begun(steps, "text"), Started()).execution
        assert failed.state is State.FAILED
        assert isinstance(failed.error, Failure)
        assert (failed.error.name, failed.error.step) == ("TemplateFailed", "one")

    def test_rendered_parameters_that_do_not_fit_fail_the_step(self) -> None:
        steps = definition(
            "d", replace(step("one", WAIT, {"seconds": "${input}"}), schema=compile_schema(dict(WAIT.schema)))
        )
        failed = fold(steps, begun(steps, "soon"), Started()).execution
        assert failed.error == Failure(
            "InvalidParameters", "'soon' is not of type 'number' at /seconds", "one", details={"seconds": "soon"}
        )


class TestTime:
    def test_a_wait_parks_the_thread_and_its_timer_is_implied(self) -> None:
        parked = fold(WAITS, begun(WAITS), Started())
        thread = parked.execution.threads["main"]
        assert (thread.status, thread.until) == (Status.WAITING, NOW + timedelta(seconds=45))
        assert parked.execution.state is State.STEP_STARTED
        assert implied(parked.execution, thread, NOW) == Message("t:d:1", TimerFired("main", 1), delay=45)
        assert due_at(parked.execution) is None

    @pytest.mark.parametrize(("after", "ended"), [(44.999, False), (45, True), (60, True)])
    def test_a_timer_is_never_early(self, after: float, ended: bool) -> None:  # noqa: FBT001 - an example
        parked = fold(WAITS, begun(WAITS), Started()).execution
        fired = fold(WAITS, parked, TimerFired("main", 1), NOW + timedelta(seconds=after))
        assert fired.execution.ended is ended

    def test_the_result_of_a_wait_is_what_came_in(self) -> None:
        parked = fold(WAITS, begun(WAITS, "kept"), Started()).execution
        fired = fold(WAITS, parked, TimerFired("main", 1), NOW + timedelta(minutes=1))
        assert fired.execution.output == "kept"

    def test_no_time_at_all_is_not_waited(self) -> None:
        steps = definition("d", step("wait", WAIT, {"seconds": 0}))
        assert fold(steps, begun(steps), Started()).execution.ended

    def test_a_wait_beyond_the_reach_of_a_message_is_found_by_its_due_time(self) -> None:
        parked = fold(LONG_WAIT, begun(LONG_WAIT), Started()).execution
        thread = parked.threads["main"]
        assert due_at(parked) == NOW + timedelta(seconds=901)
        assert implied(parked, thread, NOW) is None
        assert implied(parked, thread, NOW + timedelta(seconds=1)) == Message("t:d:1", TimerFired("main", 1), delay=900)


class TestEffects:
    def test_an_effect_is_asked_for_and_changes_nothing_until_it_is_done(self) -> None:
        execution = begun(CALLS)
        decision = fold(CALLS, execution, Started())
        assert decision.execution is execution
        assert isinstance(decision.perform, Perform)

    def test_the_content_of_an_effect_is_the_same_whenever_it_is_asked_for(self) -> None:
        execution = begun(CALLS)
        later = fold(CALLS, execution, Started(), NOW + timedelta(hours=1))
        assert later.perform == fold(CALLS, execution, Started()).perform

    def test_its_answer_is_the_result(self) -> None:
        done = fold(CALLS, begun(CALLS), EffectSucceeded("main", 0, {"status": 200}))
        assert done.execution.output == {"status": 200}

    def test_its_failure_is_the_steps(self) -> None:
        failed = fold(CALLS, begun(CALLS), EffectFailed("main", 0, "http.500", "no", {"status": 500}))
        assert failed.execution.error == Failure("http.500", "no", "call", details={"status": 500})
        assert states(failed)[-2:] == ["StepFailed", "ExecutionFailed"]

    def test_a_given_up_message_fails_what_it_drove(self) -> None:
        failed = fold(CALLS, begun(CALLS), Poisoned("main", 0)).execution
        assert failed.error is not None
        assert failed.error.name == "Poison"


class TestThreads:
    def forked(self) -> Execution:
        execution = fold(SCENARIOS["fork"], begun(SCENARIOS["fork"], "in"), EffectSucceeded("main", 0, "x")).execution
        return fold(SCENARIOS["fork"], execution, StepDue("main", 1)).execution

    def test_a_fork_makes_threads_whose_ids_hold_its_turn(self) -> None:
        forked = self.forked()
        assert {t.id: (t.turn, t.status.value) for t in forked.threads.values()} == {
            "main": (2, "joining"),
            "main.2.left": (0, "ready"),
            "main.2.right": (0, "ready"),
        }
        assert implied(forked, forked.threads["main"], NOW) is None

    def test_what_a_branch_stashes_it_sees_together_with_what_stood_before(self) -> None:
        steps = SCENARIOS["fork"]
        forked = self.forked()
        root = replace(forked.threads["main"], stash={"before": 1})
        forked = replace(forked, threads={**forked.threads, "main": root})
        stashed = fold(steps, forked, EffectSucceeded("main.2.left", 0, 2)).execution
        waiting = fold(steps, stashed, StepDue("main.2.left", 1)).execution
        ready = fold(steps, waiting, TimerFired("main.2.left", 2), NOW + timedelta(minutes=1)).execution
        asked = fold(steps, ready, StepDue("main.2.left", 3)).perform
        assert asked is not None
        assert asked.params["stash"] == {"before": 1, "seen": 2}  # type: ignore[index,call-overload] # an object

    def test_the_last_branch_to_end_moves_the_forking_thread_with_all_results(self) -> None:
        steps = definition(
            "d",
            step("both", SPLIT, {}, scopes={"a": "both/a", "b": "both/b"}),
            step("both/a", CALL, {}),
            step("both/b", CALL, {}),
        )
        forked = fold(steps, begun(steps), Started()).execution
        half = fold(steps, forked, EffectSucceeded("main.1.b", 0, "B")).execution
        assert half.threads["main"].key == ("main", 1)
        assert "main.1.b" not in half.threads
        assert fold(steps, half, EffectSucceeded("main.1.a", 0, "A")).execution.output == {"a": "A", "b": "B"}

    def test_the_first_failure_of_a_branch_ends_everything(self) -> None:
        failed = fold(SCENARIOS["fork"], self.forked(), EffectFailed("main.2.left", 0, "No", "no"))
        assert failed.execution.threads == {}
        assert [(r.state.value, r.thread) for r in failed.records] == [
            ("StepFailed", "main.2.left"),
            ("StepFailed", "main"),
            ("ExecutionFailed", "main"),
        ]

    def test_a_handed_thread_keeps_its_turn_and_implies_its_message(self) -> None:
        handed = hand_over(self.forked(), [("main.2.left", 0)], ME)
        left, right = handed.threads["main.2.left"], handed.threads["main.2.right"]
        assert left.driver == Driver("message", "request", handed=True)
        assert implied(handed, left, NOW) == Message("t:d:1", StepDue("main.2.left", 0))
        assert implied(handed, right, NOW) is None

    def test_an_untouched_execution_implies_its_start(self) -> None:
        execution = begun(ECHOES)
        assert implied(execution, execution.threads["main"], NOW) == Message("t:d:1", Started())
