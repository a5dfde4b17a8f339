"""What :mod:`chalicelib.core.executions.decide` makes of calls: made once, at most once, or again."""

from datetime import timedelta

import pytest

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.decide import decide, hand_over
from chalicelib.core.executions.inputs import (
    CallbackSucceeded,
    Decision,
    Poisoned,
    Started,
    StepDue,
)
from chalicelib.core.executions.model import Driver, Failure, State, Status
from chalicelib.core.expressions.template import Placeholder
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run, define

SECOND = timedelta(seconds=1)
CALL = "steps: [{id: ask, type: call, content: {at: '${now()}', id: '${uuid()}'}}]"
WAIT = "steps: [{id: rest, type: wait, seconds: 45}]"
OTHER = Driver("message", "another")
ONCE = """
    steps:
      - {id: pay, type: call, delivery: at-most-once, content: '${input}', catch: [{errors: [Interrupted], next: look}]}
      - {id: last, type: echo, message: '${output}', end: true}
      - {id: look, type: echo, message: 'perhaps: ${error.name}'}
    """


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
        assert run.recorded[-2:] == ["StepFailed main ask", "ExecutionFailed main ask"]

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


class TestAtMostOnce:
    def test_the_call_is_claimed_at_a_turn_of_its_own_before_it_is_made(self) -> None:
        run = Run(ONCE, 7)
        assert run.fold(StepDue("main", 0)).call is None
        assert (run.thread().key, run.thread().claimed) == (("main", 1), True)
        made = run.fold(StepDue("main", 1)).call
        assert made == Call("call", 7, once=True)

    def test_its_answer_is_the_result_and_the_claim_ends_with_it(self) -> None:
        run = Run(ONCE, 7).go().done("paid")
        assert run.output == "paid"

    def test_who_finds_it_claimed_by_another_does_not_make_it(self) -> None:
        run = Run(ONCE, 7).go()
        run.execution = copy_with(run.execution, threads={"main": copy_with(run.thread(), driver=OTHER)})
        decision = run.fold(StepDue("main", 1))
        assert decision.call is None
        assert run.go().output == "perhaps: Interrupted"

    def test_what_was_handed_over_was_not_made_and_is_claimed_again(self) -> None:
        run = Run(ONCE, 7).go()
        run.execution = hand_over(run.execution, [("main", 1)], OTHER)
        assert run.fold(StepDue("main", 1)).call is None
        assert (run.thread().key, run.thread().driver) == (("main", 2), ME)
        assert run.fold(StepDue("main", 2)).call is not None

    def test_it_can_wait_for_an_answer_as_well(self) -> None:
        run = Run(ONCE.replace("at-most-once", "at-most-once, callback: true")).go().done()
        assert (run.thread().status, run.thread().claimed) == (Status.WAITING_FOR_ANSWER, False)
        assert run.ask(CallbackSucceeded(*run.thread().key, "paid")).output == "paid"

    def test_another_attempt_is_claimed_anew(self) -> None:
        run = Run(ONCE.replace("catch", "retry: [{errors: [Boom], jitter: none}], catch")).go().broke()
        assert not run.thread().claimed
        run.later(1)
        assert (run.thread().key, run.thread().claimed, run.thread().attempt) == (("main", 4), True, 2)


class TestPlaceholders:
    def test_what_is_performed_says_where_secrets_and_the_token_go(self) -> None:
        run = Run(
            """
            steps:
              - id: ask
                type: http
                url: https://example.com
                headers: {Authorization: "Bearer ${secret('pay')}"}
                body: {token: '${step.token}', for: '${input}'}
                callback: true
            """,
            "Ada",
        )
        made = run.fold(StepDue("main", 0)).call
        assert made is not None
        assert made.placeholders == {
            "/headers/Authorization": ["Bearer ", Placeholder("pay")],
            "/body/token": [Placeholder()],
        }
        assert made.params == {
            "url": "https://example.com",
            "headers": {"Authorization": "Bearer ***"},
            "body": {"token": "***", "for": "Ada"},
            "callback": True,
        }

    def test_the_token_is_there_only_where_somebody_can_answer_with_it(self) -> None:
        with pytest.raises(InvalidDefinitionError) as caught:
            define("steps: [{id: ask, type: http, url: 'https://example.com/${step.token}'}]")
        (problem,) = caught.value.problems
        assert (problem.pointer, "needs callback: true" in problem.message) == ("/steps/0/callback", True)


class TestRetryAfter:
    @pytest.mark.parametrize(("wanted", "seconds"), [(None, 1), (0.5, 1), (20, 20), (9000, 30)])
    def test_the_other_side_is_left_alone_for_as_long_as_it_wants_within_the_policy(
        self, wanted: float | None, seconds: int
    ) -> None:
        run = Run("steps: [{id: a, type: call, retry: [{errors: ['*'], jitter: none, maxDelaySeconds: 30}]}]").go()
        run.broke(retry_after=wanted)
        assert run.until == NOW + timedelta(seconds=seconds)

    def test_what_a_step_is_nested_in_takes_no_heed_of_it(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                retry: [{errors: ['*'], jitter: none}]
                branches: [{id: a, steps: [{id: go, type: call}]}]
            """).go()
        run.broke(thread="main.1.a", retry_after=20)
        assert run.until == NOW + timedelta(seconds=1)
