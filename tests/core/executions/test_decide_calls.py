"""What :mod:`chalicelib.core.executions.decide` makes of calls: made once, at most once, or again."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.decide import decide, hand_over
from chalicelib.core.executions.inputs import (
    CallbackFailed,
    CallbackSucceeded,
    CallDeferred,
    CallFailed,
    CallSucceeded,
    CancelRequested,
    Decision,
    Message,
    Poisoned,
    RedriveRequested,
    Started,
    StepDue,
)
from chalicelib.core.executions.model import Driver, Failure, State, Status
from chalicelib.core.executions.preconditions import repeats
from chalicelib.core.executions.requests import CALL_LASTS
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run

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

    def test_poison_can_be_caught(self) -> None:
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


AGAIN = """
    steps:
      - {id: ask, type: call, content: '${uuid()}'}
      - {id: more, type: choice, choices: [{when: output, next: ask}], default: last}
      - {id: last, type: succeed}
    """


class TestVisits:
    def test_attempts_make_the_same_call(self) -> None:
        run = Run(CALL.replace("content", "retry: [{errors: ['*'], jitter: none}], content")).go()
        first = run.performs["main"]
        assert run.broke().later(1).performs == {"main": first}
        assert (run.thread().turn, run.thread().visit, run.thread().began_visit) == (2, 0, NOW)

    def test_a_redrive_that_changes_nothing_makes_the_same_call(self) -> None:
        run = Run(CALL).go()
        first = run.performs["main"]
        run.broke()
        run.now += 3600 * SECOND
        assert run.ask(RedriveRequested()).performs == {"main": first}

    @pytest.mark.parametrize("redrive", [RedriveRequested(version=2), RedriveRequested(stash={"n": 1})])
    def test_one_that_changes_something_makes_another(self, redrive: RedriveRequested) -> None:
        run = Run(CALL).go()
        first = run.performs["main"]
        assert run.broke().ask(redrive).performs != {"main": first}
        assert run.thread().visit == run.thread().turn

    def test_so_does_who_comes_again(self) -> None:
        run = Run(AGAIN).go()
        first = run.performs["main"]
        assert run.done(True).performs["main"] != first
        assert (run.thread().visit, run.thread().visited_at) == (2, None)

    def test_a_step_names_its_call(self) -> None:
        run = Run("steps: [{id: ask, type: call, idempotencyKey: 'order-${input}'}]", 7)
        made = run.fold(StepDue("main", 0)).call
        assert made is not None
        assert made.key == "order-7"

    @pytest.mark.parametrize("key", ["''", "a b", "käse", "a" * 256])
    def test_a_key_that_no_header_can_hold_fails_the_step(self, key: str) -> None:
        run = Run("steps: [{id: ask, type: call, idempotencyKey: '${input}'}]", "" if key == "''" else key)
        assert run.go().error.name == "InvalidParameters"


PAY = """
    steps:
      - id: pay
        type: call
        delivery: at-most-once
        timeoutSeconds: 60
        retry: [{errors: ['*', Interrupted, Timeout, Poison, Lost, Boom], intervalSeconds: 1, jitter: none}]
    """
LOST: Any = {"name": "Lost", "unanswered": True}


class TestAtMostOnce:
    def test_the_call_is_claimed_at_a_turn_of_its_own_before_it_is_made(self) -> None:
        run = Run(ONCE, 7)
        assert run.fold(StepDue("main", 0)).call is None
        assert (run.thread().key, run.thread().visit, run.thread().claimed_by) == (("main", 1), 0, ME.request)
        made = run.fold(StepDue("main", 1)).call
        assert made == Call("call", 7, once=True)

    def test_its_answer_is_the_result_and_the_claim_ends_with_it(self) -> None:
        run = Run(ONCE.replace("type: echo, message", "type: call, content"), 7).go().done("paid")
        assert (run.performs, run.thread().claimed_by) == ({"main": "paid"}, "")

    def test_who_finds_it_claimed_by_another_does_not_make_it(self) -> None:
        run = Run(ONCE, 7).go()
        assert run.fold(StepDue("main", 1), OTHER).call is None
        assert run.go().output == "perhaps: Interrupted"

    def test_who_hands_it_over_gives_the_claim_back(self) -> None:
        run = Run(ONCE, 7).go()
        run.execution = hand_over(run.execution, [("main", 1)], ME)
        assert run.thread().claimed_by == ""
        assert run.fold(StepDue("main", 1), OTHER).call is None
        assert (run.thread().key, run.thread().claimed_by) == (("main", 2), OTHER.request)
        assert run.fold(StepDue("main", 2), OTHER).call is not None

    def test_so_does_who_has_not_begun_it(self) -> None:
        run = Run(ONCE, 7).go()
        run.fold(CallDeferred("main", 1))
        assert (run.thread().key, run.thread().claimed_by) == (("main", 1), "")

    def test_nobody_gives_the_claim_of_another_back(self) -> None:
        run = Run(ONCE, 7).go()
        assert hand_over(run.execution, [("main", 1)], OTHER).threads["main"].claimed_by == ME.request
        assert run.fold(CallDeferred("main", 1), OTHER) == Decision(run.execution)
        assert run.thread().claimed_by == ME.request

    def test_another_attempt_after_an_answer_is_claimed_anew(self) -> None:
        run = Run(PAY).go().broke()
        assert (run.thread().status, run.thread().claimed_by) == (Status.RETRYING, "")
        run.later(1)
        assert (run.thread().key, run.thread().claimed_by, run.thread().attempt) == (("main", 4), ME.request, 2)
        assert run.thread().visit == 0

    def test_a_call_that_gave_no_answer_is_not_made_again_whatever_a_retry_says(self) -> None:
        run = Run(PAY).go().broke(**LOST)
        assert (run.error.name, run.error.details) == (
            "Interrupted",
            {"name": "Lost", "message": "no", "details": None},
        )
        assert (run.thread().status, run.thread().claimed_by) == (Status.FAILED, ME.request)

    def test_one_that_may_be_made_twice_is(self) -> None:
        run = Run(PAY.replace("at-most-once", "at-least-once")).go().broke(**LOST)
        assert run.later(1).performs == {"main": None}

    def test_nor_is_one_that_is_over_its_time(self) -> None:
        run = Run(PAY).go()
        run.now += 60 * SECOND
        run.fold(StepDue("main", 1))
        assert (run.error.name, run.thread().claimed_by) == ("Interrupted", ME.request)
        assert isinstance(run.error.details, dict)
        assert run.error.details["name"] == "Timeout"

    def test_nor_is_one_whose_message_was_given_up(self) -> None:
        run = Run(PAY).go()
        run.fold(Poisoned("main", 1))
        assert (run.error.name, run.thread().claimed_by) == ("Interrupted", ME.request)
        assert isinstance(run.error.details, dict)
        assert run.error.details["name"] == "Poison"

    def test_its_answer_still_counts_for_a_redrive(self) -> None:
        run = Run(PAY).go()
        key = run.thread().key
        run.broke(**LOST).fold(CallSucceeded(*key, "paid"))
        assert (run.thread().kept, run.thread().claimed_by) == (("paid",), "")
        assert run.ask(RedriveRequested()).output == "paid"
        assert run.performs == {}

    def test_so_does_the_answer_that_it_was_not_done(self) -> None:
        run = Run(PAY).go()
        key = run.thread().key
        run.broke(**LOST).fold(CallFailed(*key, "Refused", "no"))
        assert (run.thread().kept, run.thread().claimed_by) == ((), "")
        assert run.ask(RedriveRequested()).performs == {"main": None}

    @pytest.mark.parametrize("event", [RedriveRequested(), RedriveRequested(step="pay"), RedriveRequested(version=1)])
    def test_a_redrive_does_not_make_it_again_unless_it_says_so(self, event: RedriveRequested) -> None:
        run = Run(PAY).go().broke(**LOST)
        assert repeats(run.execution, event) == "pay"
        assert run.fold(event) == Decision(run.execution)
        again = copy_with(event, again=True)
        assert repeats(run.execution, again) is None
        assert run.ask(again).performs == {"main": None}
        assert run.thread().attempt == 1
        assert next(record.change for record in run.records if record.change)["again"] is True

    def test_one_that_goes_back_to_another_step_says_so_too(self) -> None:
        run = Run(PAY + "  - {id: last, type: echo, message: '${output}'}\n").go().broke(**LOST)
        event = RedriveRequested(step="last", incoming="x")
        assert repeats(run.execution, event) == "pay"
        assert run.ask(copy_with(event, again=True)).output == "x"

    def test_one_that_was_stopped_while_it_was_called_waits_for_who_claimed_it(self) -> None:
        run = Run(PAY).go().ask(CancelRequested())
        run.now += 10 * SECOND
        run.fold(RedriveRequested())
        thread = run.thread()
        assert (thread.key, thread.claimed_by, thread.busy_until) == (("main", 1), ME.request, NOW + CALL_LASTS)
        assert run.asks() == [Message("t:d:1", StepDue("main", 1), delay=25)]
        run.fold(StepDue("main", 1), OTHER)
        assert run.error.name == "Interrupted"

    def test_an_answer_after_the_end_is_kept_and_spares_the_call(self) -> None:
        run = Run(PAY).go().ask(CancelRequested())
        run.fold(CallSucceeded("main", 1, "paid"))
        assert (run.thread().kept, run.thread().claimed_by) == (("paid",), "")
        assert run.ask(RedriveRequested()).output == "paid"

    def test_a_failure_after_the_end_ends_the_claim_and_no_answer_does_not(self) -> None:
        run = Run(PAY).go().ask(CancelRequested())
        lost = CallFailed("main", 1, "Lost", "no", unanswered=True)
        assert run.fold(lost) == Decision(run.execution)
        run.fold(CallFailed("main", 1, "Refused", "no"))
        assert (run.thread().claimed_by, run.state) == ("", State.CANCELLED)
        assert run.fold(CallFailed("main", 1, "Refused", "no")) == Decision(run.execution)

    def test_a_call_that_was_not_begun_before_the_end_gives_its_claim_back(self) -> None:
        run = Run(PAY).go().ask(CancelRequested())
        run.fold(CallDeferred("main", 1))
        assert run.thread().claimed_by == ""

    def test_it_can_wait_for_an_answer_as_well(self) -> None:
        run = Run(ONCE.replace("at-most-once", "at-most-once, callback: true")).go().done()
        assert (run.thread().status, run.thread().claimed_by) == (Status.WAITING_FOR_ANSWER, ME.request)
        assert run.ask(CallbackSucceeded("main", run.thread().visit, "paid")).output == "paid"

    def test_whoever_was_handed_the_token_and_is_silent_may_have_done_it(self) -> None:
        run = Run(PAY.replace("type: call", "type: call\n        callback: true")).go().done().later(60)
        assert (run.error.name, run.thread().claimed_by) == ("Timeout", ME.request)
        assert repeats(run.execution, RedriveRequested()) == "pay"

    def test_the_answer_to_its_call_is_not_theirs(self) -> None:
        run = Run(PAY.replace("type: call", "type: call\n        callback: true")).go().broke(**LOST)
        assert run.fold(CallSucceeded("main", 1, "sent")) == Decision(run.execution)

    def test_who_says_that_it_failed_has_not(self) -> None:
        run = Run(PAY.replace("type: call", "type: call\n        callback: true")).go().done()
        run.ask(CallbackFailed("main", 0, "Boom", "no"))
        assert (run.thread().status, run.thread().claimed_by) == (Status.RETRYING, "")
        assert run.later(1).performs == {"main": None}

    def test_a_token_counts_between_attempts_too(self) -> None:
        run = Run(PAY.replace("type: call", "type: call\n        callback: true")).go().broke()
        assert run.ask(CallbackSucceeded("main", 0, "paid")).output == "paid"

    def test_a_call_that_was_made_before_the_end_waits_for_its_answer_after_a_redrive(self) -> None:
        run = Run(PAY.replace("type: call", "type: call\n        callback: true")).go().ask(CancelRequested())
        run.fold(CallSucceeded("main", 1, "sent"))
        assert (run.state, run.thread().status) == (State.CANCELLED, Status.WAITING_FOR_ANSWER)
        run.now += CALL_LASTS
        run.ask(RedriveRequested(again=True))
        assert run.ask(CallbackSucceeded("main", 0, "paid")).output == "paid"


SHAPED = """
    stash: {n: text}
    steps:
      - id: ask
        type: call
        output: '${add(output, stash.n)}'
        timeoutSeconds: 60
        retry: [{errors: [ERRORS], intervalSeconds: 1, jitter: none}]
    """


class TestGivenUp:
    CAUGHT = ONCE.replace("message: 'perhaps: ${error.name}'}", "message: x}\n      - {id: no, type: fail, error: Bad}")

    def test_a_step_whose_failure_was_caught_is_not_gone_back_to_unless_somebody_says_again(self) -> None:
        run = Run(self.CAUGHT, 7).go().broke("http.Timeout", unanswered=True)
        assert (run.state, run.execution.unanswered) == (State.FAILED, ("pay",))
        assert repeats(run.execution, RedriveRequested(step="pay")) == "pay"
        assert repeats(run.execution, RedriveRequested()) is None
        run.ask(RedriveRequested(step="pay", incoming=7, again=True))
        assert (run.performs, run.execution.unanswered) == ({"main": 7}, ())

    def test_nor_is_one_that_was_given_up_with_what_surrounds_it(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                catch: [{errors: ['*'], next: bad}]
                branches:
                  - {id: a, steps: [{id: pay, type: call, delivery: at-most-once}]}
                  - {id: b, steps: [{id: no, type: call}]}
              - {id: bad, type: fail, error: Bad}
            """)
        run.go().broke("No", "main.1.b")
        assert (run.state, run.execution.unanswered) == (State.FAILED, ("both/a/pay",))

    def test_one_that_was_answered_is_forgotten(self) -> None:
        run = Run(self.CAUGHT.replace(", end: true", ", next: no").replace("no, type: fail", "no, type: fail"), 7)
        assert run.go().done("paid").execution.unanswered == ()


class TestKept:
    def test_a_result_that_cannot_be_shaped_is_kept_and_no_other_attempt_is_meant_by_a_star(self) -> None:
        run = Run(SHAPED.replace("ERRORS", "'*'")).go().done(1)
        assert (run.error.name, run.thread().kept) == ("TemplateFailed", (1,))

    def test_a_retry_that_names_the_error_shapes_it_again(self) -> None:
        run = Run(SHAPED.replace("ERRORS", "TemplateFailed")).go().done(1)
        assert run.thread().status is Status.RETRYING
        run.later(1)
        assert (run.performs, run.thread().attempt, run.thread().kept) == ({}, 2, (1,))

    def test_so_does_a_redrive_that_mends_what_it_was_shaped_with(self) -> None:
        run = Run(SHAPED.replace("ERRORS", "'*'")).go().done(1).ask(RedriveRequested(stash={"n": 2}))
        assert (run.performs, run.output, run.thread().kept) == ({}, 3, ())

    def test_and_one_at_the_same_step(self) -> None:
        run = Run(SHAPED.replace("ERRORS", "'*'")).go().done(1).ask(RedriveRequested(step="ask", stash={"n": 2}))
        assert (run.performs, run.output) == ({}, 3)

    def test_unless_it_is_to_be_called_again(self) -> None:
        run = Run(SHAPED.replace("ERRORS", "'*'")).go().done(1)
        run.ask(RedriveRequested(step="ask", stash={"n": 2}, again=True))
        assert run.done(5).output == 7

    def test_what_needs_no_call_is_made_anew(self) -> None:
        run = Run("steps: [{id: a, type: transform, output: '${add(`1`, `null`)}'}]").go()
        assert (run.error.name, run.thread().kept) == ("TemplateFailed", ())

    def test_an_answer_after_the_time_of_its_attempt_is_that_of_the_next_one(self) -> None:
        run = Run(SHAPED.replace("ERRORS", "Timeout").replace("text", "1")).go()
        run.now += 60 * SECOND
        run.done(1)
        assert (run.thread().status, run.thread().kept) == (Status.RETRYING, (1,))
        assert run.later(1).output == 2

    def test_what_is_under_way_at_the_end_is_waited_for_by_a_redrive_that_changes_nothing(self) -> None:
        run = Run(CALL).go().ask(CancelRequested())
        run.now += 10 * SECOND
        run.fold(RedriveRequested())
        assert (run.thread().turn, run.thread().busy_until) == (0, NOW + CALL_LASTS)

    def test_and_not_once_it_cannot_be_under_way_any_more(self) -> None:
        run = Run(CALL).go().ask(CancelRequested())
        run.now += CALL_LASTS
        run.fold(RedriveRequested())
        assert (run.thread().turn, run.thread().visit, run.thread().busy_until) == (1, 0, None)


@pytest.mark.parametrize("step", [None, "pay"])
def test_who_redrives_what_was_answered_after_the_end_drives_it(step: str | None) -> None:
    run = Run(PAY).go().ask(CancelRequested())
    run.fold(CallSucceeded("main", 1, "paid"))
    run.fold(RedriveRequested(step=step), OTHER)
    assert run.thread().driver == OTHER
