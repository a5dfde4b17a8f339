"""Why an execution stands where it stands: what each thread waits for, and what is wrong."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.decide import hand_over
from chalicelib.core.executions.inputs import CancelRequested, PauseRequested
from chalicelib.core.executions.model import Driver, Execution, Status
from chalicelib.core.executions.why import (
    ChainLink,
    Reason,
    follows_from_definition,
    last_error,
    main_reason,
    reasons,
    standing,
    waits_below,
    wrong_below,
)
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run
from tests.core.executions.examples import BOTH, WAIT

CALLS = "steps: [{id: first, type: transform}, {id: ask, type: call}]"
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
ASKS = {
    "task": "steps: [{id: ask, type: task, title: Approve}]",
    "callback": "steps: [{id: ask, type: callback, heartbeatSeconds: 60}]",
    "event": "steps: [{id: ask, type: event, name: paid}]",
}
RETRY = "steps: [{id: ask, type: call, retry: [{errors: ['*'], maxAttempts: 3, intervalSeconds: 60, jitter: none}]}]"
CAUGHT = "steps: [{id: ask, type: call, catch: [{errors: ['*'], next: rest}]}, {id: rest, type: wait, seconds: 45}]"
SUB = "steps: [{id: sub, type: workflow, definition: other}]"
LARGE = "steps: [{id: each, type: map, items: '${range(`0`, `150`)}', steps: [{id: x, type: call}]}]"


def only(execution: Execution, after: timedelta = SECOND) -> Reason:
    (found,) = reasons(execution, NOW + after)
    return found


def handed(run: Run) -> Execution:
    return hand_over(run.execution, [thread.key for thread in run.execution.threads.values()], ME)


class TestCauses:
    def test_one_that_nobody_has_touched_waits_for_its_start(self) -> None:
        assert only(Run(CALLS).execution).cause == "start"

    def test_one_that_runs_waits_for_the_function_that_works_on_it(self) -> None:
        assert only(Run(CALLS).go().execution).cause == "function"

    def test_one_that_was_left_to_others_waits_for_its_message(self) -> None:
        assert only(handed(Run(CALLS).go())).cause == "message"

    @pytest.mark.parametrize("kind", ASKS)
    def test_one_that_asks_waits_for_who_answers(self, kind: str) -> None:
        assert only(Run(ASKS[kind]).go().execution).cause == kind

    def test_a_sign_of_life_has_an_instant(self) -> None:
        assert only(Run(ASKS["callback"]).go().execution).until == NOW + MINUTE

    def test_a_wait_has_one_too_and_the_time_of_the_step_or_of_all_another(self) -> None:
        waits = only(Run(WAIT).go().execution)
        assert (waits.cause, waits.until, waits.timeout) == ("timer", NOW + 45 * SECOND, None)
        timed = only(Run("steps: [{id: rest, type: wait, seconds: 45, timeoutSeconds: 30}]").go().execution)
        assert timed.timeout == NOW + 30 * SECOND

    def test_a_retry_says_after_which_error(self) -> None:
        found = only(Run(RETRY).go().broke().execution)
        assert (found.cause, found.until) == ("retry", NOW + MINUTE)
        error = last_error(found.thread)
        assert error is not None
        assert (error.name, error.message) == ("Boom", "no")

    def test_what_was_caught_is_the_last_error(self) -> None:
        found = only(Run(CAUGHT).go().broke().execution)
        error = last_error(found.thread)
        assert found.cause == "timer"
        assert error is not None
        assert error.name == "Boom"

    def test_a_thread_that_forked_waits_for_threads_and_is_never_the_first_to_tell(self) -> None:
        found = reasons(Run(BOTH).go().execution, NOW)
        assert [each.cause for each in found] == ["threads", "function", "timer"]
        chosen = main_reason(found)
        assert chosen is not None
        assert chosen.cause == "timer"

    def test_an_item_that_failed_for_itself_waits_for_what_is_around_it(self) -> None:
        execution = Run(CALLS).go().execution
        failed = {name: copy_with(each, status=Status.FAILED) for name, each in execution.threads.items()}
        assert only(copy_with(execution, threads=failed)).cause == "others"

    def test_one_that_started_another_waits_for_its_end(self) -> None:
        found = only(Run(SUB).go().execution)
        assert (found.cause, len(found.children)) == ("child", 1)
        assert waits_below([found]) == found.children[0]

    def test_a_large_map_waits_for_many(self) -> None:
        found = only(Run(LARGE).go().execution)
        assert (found.cause, len(found.children)) == ("children", 2)

    def test_one_that_waits_for_nobody_below_has_none(self) -> None:
        assert waits_below([only(Run(WAIT).go().execution)]) is None
        assert waits_below([]) is None

    def test_one_that_is_paused_waits_for_who_resumes_it(self) -> None:
        found = only(Run(CALLS).go().ask(PauseRequested()).execution, 2 * HOUR)
        assert (found.cause, found.wrong, found.since) == ("resume", None, NOW)

    def test_one_that_has_ended_waits_for_nothing(self) -> None:
        assert reasons(Run(WAIT).go().ask(CancelRequested()).execution, NOW) == []


class TestWrong:
    @pytest.mark.parametrize(
        ("after", "wrong"), [(MINUTE, None), (7 * MINUTE, "silent"), (HOUR - SECOND, "silent"), (HOUR, "stuck")]
    )
    def test_a_function_that_is_not_heard_of_is_silent_and_then_the_thread_is_stuck(
        self, after: timedelta, wrong: str | None
    ) -> None:
        assert only(Run(CALLS).go().execution, after).wrong == wrong

    @pytest.mark.parametrize(("after", "wrong"), [(45 * SECOND, None), (90 * SECOND, "late")])
    def test_a_timer_that_has_not_come_is_late(self, after: timedelta, wrong: str | None) -> None:
        assert only(Run(WAIT).go().execution, after).wrong == wrong

    def test_a_start_that_nobody_has_touched_is_late(self) -> None:
        assert only(Run(CALLS).execution, 2 * MINUTE).wrong == "late"

    def test_what_was_left_to_others_may_take_ten_minutes(self) -> None:
        execution = handed(Run(CALLS).go())
        assert [only(execution, n * MINUTE).wrong for n in (9, 11)] == [None, "late"]

    def test_a_dead_letter_is_told_before_all(self) -> None:
        execution = Run(CALLS).go().execution
        struck = {name: copy_with(each, strikes=1) for name, each in execution.threads.items()}
        assert only(copy_with(execution, threads=struck), 2 * HOUR).wrong == "dead-letter"

    def test_the_worst_is_the_first_to_tell(self) -> None:
        chosen = main_reason(reasons(Run(BOTH).go().execution, NOW + 2 * HOUR))
        assert chosen is not None
        assert (chosen.cause, chosen.wrong) == ("function", "stuck")


class TestChildren:
    def test_a_child_may_take_a_minute_to_begin(self) -> None:
        found = only(Run(SUB).go().execution)
        missing = ChainLink(found.children[0])
        assert [wrong_below(found, missing, NOW + n * SECOND) for n in (59, 60)] == [None, "late"]

    def test_and_one_to_tell_its_end(self) -> None:
        found, run = only(Run(SUB).go().execution), Run(WAIT).go()
        assert wrong_below(found, ChainLink("child", run.execution), NOW + HOUR) is None
        ended = ChainLink("child", run.ask(CancelRequested()).execution)
        assert wrong_below(found, ended, NOW + MINUTE) == "late"

    def test_of_what_is_not_seen_nothing_is_known(self) -> None:
        found = only(Run(SUB).go().execution)
        assert wrong_below(found, ChainLink("child", unseen="hidden"), NOW + HOUR) is None


@pytest.mark.parametrize(
    ("execution", "after", "wanted"),
    [
        (Run(CALLS).go().execution, SECOND, "running"),
        (Run(CALLS).execution, SECOND, "running"),
        (Run(WAIT).go().execution, SECOND, "waiting"),
        (Run(WAIT).go().execution, HOUR, "wrong"),
        (Run(WAIT).go().ask(PauseRequested()).execution, HOUR, "paused"),
        (Run(WAIT).go().ask(CancelRequested()).execution, HOUR, "ended"),
    ],
)
def test_an_execution_stands_as_its_threads_do(execution: Execution, after: timedelta, wanted: str) -> None:
    assert standing(execution, reasons(execution, NOW + after)) == wanted


def test_a_driver_of_the_schedule_leaves_nothing_to_wait_for_but_the_function() -> None:
    execution = Run(CALLS).go().execution
    threads = {name: copy_with(each, driver=Driver("sweep-1", "r")) for name, each in execution.threads.items()}
    assert only(copy_with(execution, threads=threads)).cause == "function"


@pytest.mark.parametrize(
    ("run", "follows"),
    [
        (Run(WAIT).go(), False),
        (Run(WAIT.replace("type: wait", "type: wait, timeoutSeconds: 5")).go(), True),
        (Run("steps: [{id: a, type: callback}]").go(), True),
        (Run(WAIT).go().ask(CancelRequested()), True),
        (Run("steps: [{id: a, type: succeed}]").go(), False),
    ],
)
def test_what_comes_next_follows_from_the_definition_of_some(run: Run, *, follows: bool) -> None:
    assert follows_from_definition(run.execution) is follows
