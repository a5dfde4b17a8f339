"""What :mod:`chalicelib.core.executions.decide` makes of answers from outside."""

from datetime import timedelta
from typing import Any

from chalicelib.core.executions.answers import MAX_SIGNALS, MAX_TAKEN
from chalicelib.core.executions.inputs import (
    Answered,
    CallbackFailed,
    CallbackSucceeded,
    CallFailed,
    CallSucceeded,
    CancelRequested,
    CloseWait,
    HeartbeatReceived,
    Message,
    OpenTask,
    PauseRequested,
    RedriveRequested,
    ResumeRequested,
    SignalReceived,
    SignalSent,
    Subscribe,
    TaskCompleted,
    TaskRejected,
    TimerFired,
    WaitClosed,
)
from chalicelib.core.executions.model import Signal, State, Status
from chalicelib.core.executions.waiting import Answer, AnswerWait
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run

CALL = """
    steps:
      - {id: ask, type: call, callback: true, content: 'mail ${execution.version}', stash: got}
      - {id: last, type: echo, message: 'got ${output}'}
    """
WAIT = "steps: [{id: ask, type: callback, heartbeatSeconds: 60}]"
EVENT = """
    steps:
      - {id: paid, type: event, name: paid, schema: {required: [amount]}, stash: payment}
      - {id: last, type: echo, message: '${output.amount}'}
    """
KEYED = """
    steps:
      - id: paid
        type: event
        name: paid
        key: '${input}'
        timeoutSeconds: 60
        catch: [{errors: [Timeout], next: late}]
      - {id: last, type: echo, message: '${output.amount}', end: true}
      - {id: late, type: echo, message: too late}
    """
TASK = """
    steps:
      - {id: approve, type: task, title: 'Approve ${execution.version}', stash: {by: '${step.completedBy}'}}
      - {id: last, type: echo, message: '${output.yes} by ${stash.by}'}
    """
DUE = "steps: [{id: approve, type: task, title: Approve, due: {seconds: 60, then: %s}}]"


def answered(run: Run, kind: type[Answered], *members: Any, thread: str = "main") -> Run:
    """Let somebody outside answer a thread, and go on: a token names the visit, people and events the turn."""
    at = run.thread(thread)
    by_token = issubclass(kind, CallbackSucceeded | CallbackFailed | HeartbeatReceived)
    return run.ask(kind(thread, at.visit if by_token else at.turn, *members))


def sent(data: Json, name: str = "paid", number: int = 1, seconds: float = 60) -> SignalSent:
    return SignalSent(actor="ada", id=f"event-{number}", name=name, result=data, until=NOW + timedelta(seconds=seconds))


class TestCallback:
    def test_a_call_that_was_made_waits_at_its_turn_for_whoever_was_handed_the_token(self) -> None:
        run = Run(CALL, "Ada").go().done({"status": 202})
        assert run.thread().key == ("main", 0)
        assert run.thread().status is Status.WAITING_FOR_ANSWER

    def test_nobody_else_is_told_of_it(self) -> None:
        assert Run(CALL, "Ada").go().done().asks() == []

    def test_what_they_answer_is_the_result(self) -> None:
        run = answered(Run(CALL, "Ada").go().done(), CallbackSucceeded, "yes")
        assert (run.output, run.execution.stash) == ("got yes", {"got": "yes"})

    def test_an_answer_that_overtakes_that_of_the_call_counts(self) -> None:
        run = answered(Run(CALL).go(), CallbackSucceeded, "yes")
        run.fold(CallSucceeded("main", 0, "late"))
        assert run.output == "got yes"

    def test_a_second_answer_changes_nothing(self) -> None:
        run = Run(CALL).go().done()
        answered(run, CallbackSucceeded, "yes")
        decision = run.fold(CallbackSucceeded("main", 0, "no"))
        assert decision.execution is run.execution
        assert run.output == "got yes"

    def test_a_call_that_fails_fails_the_step_and_one_that_was_made_before_does_not(self) -> None:
        assert Run(CALL).go().broke().error.name == "Boom"
        run = Run(CALL).go().done()
        run.fold(CallFailed("main", 0, "Boom", "the twin's"))
        assert run.thread().status is Status.WAITING_FOR_ANSWER

    def test_a_callback_can_fail_the_step(self) -> None:
        run = answered(Run(CALL).go().done(), CallbackFailed, "Refused", "no money", {"left": 3})
        assert (run.error.name, run.error.message, run.error.details) == ("Refused", "no money", {"left": 3})

    def test_the_step_type_waits_without_a_call_at_its_next_turn(self) -> None:
        run = Run(WAIT).go()
        assert (run.thread().key, run.thread().status) == (("main", 1), Status.WAITING_FOR_ANSWER)
        assert answered(run, CallbackSucceeded, 7).output == 7

    def test_a_missing_heartbeat_fails_the_step(self) -> None:
        assert Run(WAIT).go().later(60).error.name == "HeartbeatTimeout"

    def test_a_sign_of_life_moves_the_end_of_patience_on_and_not_the_turn(self) -> None:
        run = Run(WAIT).go().later(50)
        answered(run, HeartbeatReceived)
        assert run.thread().key == ("main", 1)
        run.later(50)
        assert run.thread().status is Status.WAITING_FOR_ANSWER
        assert run.later(10).error.name == "HeartbeatTimeout"

    def test_a_call_has_a_heartbeat_too(self) -> None:
        run = Run(CALL.replace("callback: true", "callback: true, heartbeatSeconds: 60")).go().done()
        answered(run.later(50), HeartbeatReceived)
        assert run.until == NOW + timedelta(seconds=110)

    def test_a_sign_of_life_that_nobody_waits_for_changes_nothing(self) -> None:
        waiting, calling = Run(CALL).go().done(), Run(CALL).go()
        for run in (waiting, calling):
            assert run.fold(HeartbeatReceived("main", 0)).execution is run.execution

    def test_it_is_over_with_the_time_of_the_step(self) -> None:
        run = Run(CALL.replace("callback: true", "callback: true, timeoutSeconds: 90")).go().done()
        assert run.later(90).error.name == "Timeout"

    def test_an_answer_counts_while_the_execution_stands_still(self) -> None:
        run = answered(Run(CALL).go().done().ask(PauseRequested()), CallbackSucceeded, "yes")
        assert run.standing == {"main": "ready last"}
        assert run.ask(ResumeRequested()).output == "got yes"

    def test_the_wait_of_a_sibling_outlives_a_failure_and_is_gone_on_with(self) -> None:
        run = Run("""
            steps:
              - id: both
                type: parallel
                branches:
                  - {id: a, steps: [{id: ask, type: callback}]}
                  - {id: b, steps: [{id: go, type: call}]}
            """).go()
        run.broke(thread="main.1.b").ask(RedriveRequested())
        assert run.standing["main.1.a"] == "asking both/a/ask"
        answered(run, CallbackSucceeded, 1, thread="main.1.a").done(2, "main.1.b")
        assert run.output == {"a": 1, "b": 2}

    def test_a_wait_that_failed_by_itself_begins_anew(self) -> None:
        failed = answered(Run(WAIT).go(), CallbackFailed, "No", "no")
        silent = Run(WAIT).go().later(60)
        for run in (failed, silent):
            assert run.thread().wait is None
            run.ask(RedriveRequested())
            assert run.thread().status is Status.WAITING_FOR_ANSWER
            assert run.thread().turn > 1

    def test_what_was_not_asked_is_not_heard(self) -> None:
        run = Run(TASK).go()
        answered(run, CallbackSucceeded, "yes")
        assert run.thread().status is Status.WAITING_FOR_ANSWER


class TestEvent:
    def test_data_that_passes_is_the_result(self) -> None:
        run = Run(EVENT).go().ask(sent({"amount": 7}))
        assert (run.output, run.execution.stash) == (7, {"payment": {"amount": 7}})
        assert [r.actor for r in run.records if r.state is State.STEP_SUCCEEDED] == ["ada", None]

    def test_data_that_does_not_pass_is_kept_for_another_step(self) -> None:
        run = Run(EVENT).go().ask(sent({}))
        assert run.standing == {"main": "asking paid"}
        assert [message.id for message in run.execution.mailbox] == ["event-1"]

    def test_one_that_comes_first_is_taken_by_the_step_once(self) -> None:
        run = Run(EVENT.replace("- {id: paid", "- {id: rest, type: wait, seconds: 30}\n      - {id: paid")).go()
        run.ask(sent({"amount": 7})).later(30)
        assert run.output == 7
        assert [(message.taken, message.value) for message in run.execution.mailbox] == [(True, None)]

    def test_the_oldest_of_its_name_is_taken_and_the_others_stay(self) -> None:
        run = Run(f"steps: [{{id: rest, type: wait, seconds: 30}}, {EVENT.split('- ')[1].strip()}]").go()
        run.ask(sent({"amount": 9}, name="refunded")).ask(sent({"amount": 1}, number=2)).ask(
            sent({"amount": 2}, number=3)
        )
        run.later(30)
        assert run.output == {"amount": 1}
        assert [message.id for message in run.execution.mailbox if not message.taken] == ["event-1", "event-3"]

    def test_it_is_kept_for_its_time(self) -> None:
        run = Run(EVENT.replace("- {id: paid", "- {id: rest, type: wait, seconds: 30}\n      - {id: paid")).go()
        run.ask(sent({"amount": 7}, seconds=30)).later(30)
        assert run.standing == {"main": "asking paid"}

    def test_the_same_event_again_changes_nothing(self) -> None:
        run = Run(
            EVENT.replace("id: last, type: echo, message: '${output.amount}'", "id: last, type: event, name: paid")
        )
        run.go().ask(sent({"amount": 7}))
        assert run.standing == {"main": "asking last"}
        decision = run.fold(sent({"amount": 7}))
        assert decision.execution is run.execution

    def test_a_full_mailbox_takes_no_more(self) -> None:
        run = Run("steps: [{id: rest, type: wait, seconds: 30}]").go()
        messages = tuple(Signal(f"old-{n}", "paid", NOW + timedelta(hours=1)) for n in range(MAX_SIGNALS))
        run.execution = copy_with(run.execution, mailbox=messages)
        assert run.fold(sent(None)).execution is run.execution

    def test_what_was_taken_takes_no_room_and_the_newest_of_it_are_known(self) -> None:
        run = Run("""
            steps:
              - {id: paid, type: event, name: paid}
              - {id: again, type: choice, choices: [{when: 'output < `300`', next: paid}], default: last}
              - {id: last, type: echo, message: done}
            """).go()
        for number in range(150):
            run.ask(sent(number, number=number))
        assert [message.id for message in run.execution.mailbox] == [f"event-{n}" for n in range(150 - MAX_TAKEN, 150)]
        assert run.fold(sent(149, number=149)).execution is run.execution

    def test_one_for_an_execution_that_nobody_has_touched_is_kept(self) -> None:
        run = Run(EVENT)
        run.fold(sent({"amount": 7}))
        assert run.go().output == 7

    def test_with_a_key_it_is_made_known_until_the_wait_is_over(self) -> None:
        run = Run(KEYED, "order-7").go()
        (wanted,) = (each for each in run.asks() if isinstance(each, Subscribe))
        assert (wanted.thread.key, wanted.wanted.params["key"]) == (("main", 1), "order-7")
        run.fold(SignalReceived("main", 1, {"amount": 7}, "event-1", "ada"))
        (settled,) = (each for each in run.asks() if isinstance(each, CloseWait))
        assert settled.thread.id == "main@1"
        assert isinstance(settled.thread.wait, AnswerWait)
        assert settled.thread.wait.answer == Answer(NOW, "ada", key="event-1")
        run.fold(WaitClosed("main@1", 1))
        assert run.standing == {"main": "ready last"}

    def test_a_wait_that_is_over_without_it_is_made_known_too(self) -> None:
        run = Run(KEYED, "order-7").go()
        run.later(60)
        assert run.output == "too late"
        (settled,) = (each for each in run.asks() if isinstance(each, CloseWait))
        assert isinstance(settled.thread.wait, AnswerWait)
        assert settled.thread.wait.answer is None

    def test_one_that_is_sent_to_the_execution_finds_a_step_with_a_key(self) -> None:
        assert Run(KEYED, "order-7").go().ask(sent({"amount": 7})).output == 7


class TestTask:
    def test_it_is_opened_at_the_turn_that_waits(self) -> None:
        (opened,) = Run(TASK, "it").go().asks()
        assert isinstance(opened, OpenTask)
        assert (opened.thread.key, opened.task.params["title"]) == (("main", 1), "Approve 1")

    def test_the_answer_is_the_result_and_who_gave_it_is_known(self) -> None:
        run = answered(Run(TASK).go(), TaskCompleted, {"yes": True}, "bob", "key-1")
        assert run.output == "true by bob"
        assert [r.actor for r in run.records if r.state is State.STEP_SUCCEEDED] == ["bob", None]

    def test_what_is_left_of_it_says_how_it_ended_until_that_is_known(self) -> None:
        run = Run(TASK.replace("type: echo, message: '${output.yes} by ${stash.by}'", "type: call")).go()
        answered(run, TaskCompleted, {"yes": True}, "ada", "key-1")
        (settle,) = (each for each in run.asks() if isinstance(each, CloseWait))
        assert isinstance(settle.thread.wait, AnswerWait)
        assert settle.thread.wait.answer == Answer(NOW, "ada", {"yes": True}, key="key-1")
        run.fold(WaitClosed("main@1", 1))
        assert run.standing == {"main": "ready last"}

    def test_whoever_gave_an_answer_that_could_not_be_shaped_is_known_in_the_next_attempt(self) -> None:
        run = Run("""
            stash: {n: text}
            steps:
              - id: approve
                type: task
                title: Approve
                output: '${add(output, stash.n)}'
                stash: {by: '${step.completedBy}'}
            """).go()
        assert answered(run, TaskCompleted, 1, "bob", "key-1").error.name == "TemplateFailed"
        run.ask(RedriveRequested(stash={"n": 2}))
        assert (run.output, run.execution.stash["by"]) == (3, "bob")
        assert [record.actor for record in run.records if record.state is State.STEP_SUCCEEDED] == ["bob"]

    def test_two_answers_are_one(self) -> None:
        run = Run(TASK).go()
        first, second = (TaskCompleted("main", 1, {"yes": yes}, who) for yes, who in ((True, "ada"), (False, "bob")))
        run.ask(first)
        assert run.fold(second).execution is run.execution
        assert run.output == "true by ada"

    def test_a_rejection_is_an_error(self) -> None:
        run = answered(Run(TASK).go(), TaskRejected, "not mine", "ada")
        assert (run.error.name, run.error.message) == ("task.Rejected", "not mine")
        assert run.error.details == {"by": "ada", "reason": "not mine"}
        (settle,) = run.asks()
        assert isinstance(settle, CloseWait)
        assert isinstance(settle.thread.wait, AnswerWait)
        assert settle.thread.wait.answer == Answer(NOW, "ada", reason="not mine", rejected=True)

    def test_it_is_taken_back_with_the_execution(self) -> None:
        run = Run(TASK).go().ask(CancelRequested())
        (settle,) = run.asks()
        assert isinstance(settle, CloseWait)
        assert settle.thread.key == ("main", 1)

    def test_it_is_taken_back_before_another_attempt(self) -> None:
        run = Run(TASK.replace("type: task", "type: task, timeoutSeconds: 5, retry: [{errors: ['*']}]")).go().later(5)
        assert [each.thread.turn for each in run.asks() if isinstance(each, CloseWait)] == [1]

    def test_after_a_redrive_it_is_another_task(self) -> None:
        run = Run(TASK).go().ask(CancelRequested()).ask(RedriveRequested())
        opened = [each.thread.turn for each in run.asks() if isinstance(each, OpenTask)]
        taken_back = [each.thread.turn for each in run.asks() if isinstance(each, CloseWait)]
        assert (opened, taken_back) == ([3], [1])

    def test_not_done_in_time_it_fails(self) -> None:
        assert Run(DUE % "fail").go().later(60).error.name == "task.Overdue"
        assert Run((DUE % "x").replace(", then: x", "")).go().later(60).error.name == "task.Overdue"

    def test_not_done_in_time_it_goes_on_with_a_value(self) -> None:
        run = Run(DUE % "continue, value: {yes: false}").go().later(60)
        assert run.output == {"yes": False}

    def test_not_done_in_time_it_is_for_others(self) -> None:
        run = Run(DUE % "reassign, groups: [managers]").go().later(60)
        assert run.thread().key == ("main", 1)
        (opened,) = run.asks()
        assert isinstance(opened, OpenTask)
        assert isinstance(opened.thread.wait, AnswerWait)
        assert opened.thread.wait.overdue
        assert answered(run, TaskCompleted, 1).output == 1

    def test_while_it_waits_it_has_a_timer(self) -> None:
        timers = [each for each in Run(DUE % "fail").go().asks() if isinstance(each, Message)]
        assert timers == [Message("t:d:1", TimerFired("main", 1), delay=60)]
