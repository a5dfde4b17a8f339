"""What :mod:`chalicelib.core.executions.decide` makes of what is asked of a whole execution while it lives."""

import pytest

from chalicelib.core.executions.decide import decide
from chalicelib.core.executions.inputs import (
    CallSucceeded,
    CancelRequested,
    Decision,
    Message,
    PauseRequested,
    Poisoned,
    Requested,
    ResumeRequested,
    SignalSent,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Driver, State
from chalicelib.core.executions.preconditions import is_met, problem
from chalicelib.core.executions.requests import CALL_LASTS
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run, define
from tests.core.executions.examples import BOTH, CALLS, CANCEL, PAUSE, REDRIVE, RESUME, SECOND, WAIT

SIGNAL = SignalSent(id="1", name="paid", until=NOW)
LIVE = Run(WAIT).go()
PAUSED = Run(WAIT).go().ask(PAUSE)
CANCELLED = Run(WAIT).go().ask(CANCEL)
SUCCEEDED = Run(WAIT).go().later(45)


@pytest.mark.parametrize(
    ("run", "request_", "reason"),
    [
        (LIVE, CANCEL, None),
        (LIVE, PAUSE, None),
        (LIVE, RESUME, "it is not paused"),
        (LIVE, REDRIVE, "it is StepStarted"),
        (LIVE, SIGNAL, None),
        (PAUSED, CANCEL, None),
        (PAUSED, PAUSE, "it is paused already"),
        (PAUSED, RESUME, None),
        (PAUSED, REDRIVE, "it is ExecutionPaused: resume it to let it go on"),
        (PAUSED, SIGNAL, None),
        (CANCELLED, CANCEL, "it is ExecutionCancelled"),
        (CANCELLED, PAUSE, "it is ExecutionCancelled"),
        (CANCELLED, RESUME, "it is ExecutionCancelled: redrive it to let it go on"),
        (CANCELLED, REDRIVE, None),
        (CANCELLED, SIGNAL, "it is ExecutionCancelled"),
        (SUCCEEDED, CANCEL, "it is ExecutionSucceeded"),
        (SUCCEEDED, REDRIVE, "it is ExecutionSucceeded"),
    ],
)
def test_what_cannot_be_asked_has_a_reason_and_changes_nothing(
    run: Run, request_: Requested, reason: str | None
) -> None:
    before = run.execution
    assert problem(before, type(request_)) == reason
    assert (decide(run.definition, before, request_, NOW, ME) == Decision(before)) is (reason is not None)


@pytest.mark.parametrize(
    ("run", "met"),
    [(LIVE, [RESUME]), (PAUSED, [PAUSE]), (CANCELLED, [CANCEL]), (SUCCEEDED, [])],
)
def test_what_was_asked_for_before_is_met(run: Run, met: list[Requested]) -> None:
    assert [request for request in (CANCEL, PAUSE, RESUME) if is_met(run.execution, type(request))] == met


class TestCancel:
    def test_it_ends_the_execution_and_tells_who_wanted_it(self) -> None:
        run = Run(CALLS).go().done("one").ask(CancelRequested(actor="bob"))
        assert (run.state, run.execution.ended_at, run.execution.error) == (State.CANCELLED, NOW, None)
        assert (run.recorded[-1], run.records[-1].actor) == ("ExecutionCancelled main again", "bob")
        assert run.execution.stash == {"got": "one"}

    def test_one_that_nobody_has_touched_never_begins(self) -> None:
        run = Run(CALLS).ask(CANCEL)
        assert [record.state.value for record in run.records] == [
            "ExecutionSubmitted",
            "ExecutionStarted",
            "StepStarted",
            "ExecutionCancelled",
        ]

    def test_a_paused_execution_can_be_cancelled(self) -> None:
        run = Run(CALLS).go().ask(PAUSE).ask(CANCEL)
        assert (run.state, run.execution.paused) == (State.CANCELLED, False)

    @pytest.mark.parametrize("event", [CANCEL, PAUSE, RESUME, CancelRequested(turn=9), PauseRequested(turn=9)])
    def test_what_has_succeeded_hears_nothing(self, event: Requested) -> None:
        run = Run("steps: [{id: a, type: transform}]").go()
        assert run.fold(event) == Decision(run.execution)

    @pytest.mark.parametrize("event", [CANCEL, PAUSE, RESUME, StepDue("main", 0), TimerFired("main", 0)])
    def test_what_is_cancelled_hears_it_no_more(self, event: Requested) -> None:
        run = Run(CALLS).go().ask(CANCEL)
        assert run.fold(event) == Decision(run.execution)

    def test_the_answer_to_a_call_that_was_in_flight_is_kept_for_a_redrive(self) -> None:
        run = Run(CALLS).go().ask(CANCEL)
        assert run.fold(CallSucceeded("main", 0, "late")).records == ()
        assert (run.state, run.thread().kept) == (State.CANCELLED, ("late",))
        assert run.ask(REDRIVE).performs == {"main": ["late", {"got": "late"}]}

    def test_its_threads_stay_and_those_with_somebody_to_tell_are_driven(self) -> None:
        other = Driver("before", "before")
        run = Run("""
            steps: [{id: p, type: parallel, branches: [{id: a, steps: [{id: x, type: workflow, definition: other}]},
                                                       {id: b, steps: [{id: y, type: call}]}]}]
            """).go()
        threads = {name: copy_with(thread, driver=other) for name, thread in run.execution.threads.items()}
        run.execution = copy_with(run.execution, threads=threads)
        run.ask(CANCEL)
        drivers = {name: thread.driver for name, thread in run.execution.threads.items()}
        assert drivers == {"main": ME, "main.1.a": ME, "main.1.b": other}


class TestPause:
    def test_it_shows_and_is_told_of(self) -> None:
        run = Run(CALLS).go().ask(PauseRequested(actor="bob"))
        assert (run.state, run.execution.paused, run.execution.control_epoch) == (State.PAUSED, True, 1)
        assert (run.recorded[-1], run.records[-1].actor) == ("ExecutionPaused main ask", "bob")

    def test_no_step_begins_and_no_timer_counts(self) -> None:
        run = Run(BOTH).go().ask(PAUSE)
        assert run.fold(StepDue("main.1.a", 0)) == Decision(run.execution)
        run.now += 60 * SECOND
        assert run.fold(TimerFired("main.1.b", 1)) == Decision(run.execution)

    def test_what_was_in_flight_is_taken_and_goes_no_further(self) -> None:
        run = Run(CALLS).go().ask(PAUSE).done("late")
        assert (run.state, run.execution.step) == (State.PAUSED, "ask")
        assert (run.standing, run.performs) == ({"main": "ready again"}, {})
        assert run.recorded[-1] == "StepStarted main again"

    def test_a_call_under_way_at_a_pause_can_still_end_the_execution(self) -> None:
        run = Run("steps: [{id: a, type: call}]").go().ask(PAUSE).done("late")
        assert (run.state, run.execution.paused, run.output) == (State.SUCCEEDED, False, "late")

    def test_a_second_pause_changes_nothing(self) -> None:
        run = Run(CALLS).go().ask(PAUSE)
        assert run.fold(PAUSE) == Decision(run.execution)

    def test_resumed_it_goes_on_where_it_stood(self) -> None:
        run = Run(CALLS).go().ask(PAUSE).ask(ResumeRequested(actor="bob"))
        assert (run.state, run.execution.paused, run.execution.control_epoch) == (State.STEP_STARTED, False, 2)
        assert (run.recorded[-1], run.records[-1].actor) == ("ExecutionResumed main ask", "bob")
        assert run.performs == {"main": None}

    def test_a_timer_that_came_due_meanwhile_counts_at_once(self) -> None:
        run = Run(WAIT, "in").go().ask(PAUSE)
        run.now += 100 * SECOND
        assert run.ask(RESUME).later(0).output == "in"

    def test_no_time_of_an_attempt_or_of_the_execution_runs_meanwhile(self) -> None:
        run = Run("{timeoutSeconds: 90, steps: [{id: a, type: wait, seconds: 600, timeoutSeconds: 60}]}").go().later(10)
        run.ask(PAUSE)
        run.now += 100 * SECOND
        run.ask(RESUME)
        assert (run.thread().deadline, run.execution.deadline) == (NOW + 160 * SECOND, NOW + 190 * SECOND)
        assert run.later(49.999).state is State.STEP_STARTED
        assert run.later(0.001).error.name == "Timeout"

    def test_an_attempt_that_began_meanwhile_has_its_time_from_the_resumption(self) -> None:
        run = Run("steps: [{id: a, type: call}, {id: b, type: wait, seconds: 600, timeoutSeconds: 60}]").go().ask(PAUSE)
        run.now += 100 * SECOND
        run.done("late")
        run.now += 100 * SECOND
        run.ask(RESUME)
        assert run.thread().deadline == NOW + 260 * SECOND

    def both(self) -> Run:
        run = Run(BOTH).go()
        threads = {name: copy_with(t, driver=Driver("old", "old")) for name, t in run.execution.threads.items()}
        run.execution = copy_with(run.execution, threads=threads)
        return run

    def test_a_pause_leaves_what_is_ready_as_it_is_and_takes_the_others_over(self) -> None:
        run = self.both()
        ready = run.thread("main.1.a")
        run.fold(PAUSE)
        drivers = {name: thread.driver for name, thread in run.execution.threads.items()}
        assert run.thread("main.1.a") == ready
        assert drivers == {"main": ME, "main.1.a": Driver("old", "old"), "main.1.b": ME}
        assert run.asks() == []

    def test_a_resumption_hands_what_is_ready_to_others_once_its_call_cannot_be_under_way(self) -> None:
        run = self.both()
        run.fold(PAUSE)
        run.now += 10 * SECOND
        run.fold(RESUME)
        thread = run.thread("main.1.a")
        assert (thread.driver, thread.busy_until) == (copy_with(ME, handed=True), NOW + CALL_LASTS)
        assert Message("t:d:1", StepDue("main.1.a", 0), delay=25) in run.asks()

    def test_twice_it_is_still_left_until_then(self) -> None:
        run = self.both()
        for _ in range(2):
            run.fold(PAUSE)
            run.now += 10 * SECOND
            run.fold(RESUME)
        assert run.thread("main.1.a").busy_until == NOW + CALL_LASTS
        assert Message("t:d:1", StepDue("main.1.a", 0), delay=15) in run.asks()

    def test_at_once_if_nobody_can_be_calling(self) -> None:
        run = self.both()
        run.fold(PAUSE)
        run.now += CALL_LASTS
        run.fold(RESUME)
        assert Message("t:d:1", StepDue("main.1.a", 0)) in run.asks()

    def test_so_is_what_became_ready_while_it_stood_still(self) -> None:
        run = Run(CALLS).go().ask(PAUSE)
        run.now += SECOND
        run.done("late")
        run.fold(RESUME)
        assert (run.thread().busy_until, run.asks()) == (None, [Message("t:d:1", StepDue("main", 1))])

    def test_poison_fails_it_all_the_same(self) -> None:
        run = Run(CALLS).go().ask(PAUSE)
        run.fold(Poisoned("main", 0))
        assert (run.state, run.error.name) == (State.FAILED, "Poison")

    def test_to_resume_what_is_not_paused_tells_nothing(self) -> None:
        run = Run(CALLS).go()
        run.done("one")
        before = run.execution
        decision = run.fold(RESUME)
        assert (decision.execution, decision.records) == (before, ())

    @pytest.mark.parametrize("steps", [CALLS, WAIT])
    def test_nor_is_anything_written(self, steps: str) -> None:
        for run in (Run(steps), Run(steps).go()):
            before = run.execution
            assert run.fold(RESUME).execution is before


class TestFromTheParent:
    """Requests of the parent carry its version: an older one, come late, changes nothing."""

    def test_a_newer_one_is_heard(self) -> None:
        run = Run(CALLS).go().ask(PauseRequested(turn=4))
        assert (run.execution.paused, run.execution.parent_epoch) == (True, 4)
        run.ask(ResumeRequested(turn=5))
        assert (run.execution.paused, run.execution.parent_epoch) == (False, 5)

    @pytest.mark.parametrize("turn", [4, 5])
    @pytest.mark.parametrize("kind", [PauseRequested, CancelRequested, ResumeRequested])
    def test_an_older_one_or_the_same_is_void(self, kind: type[Requested], turn: int) -> None:
        run = Run(CALLS).go().ask(ResumeRequested(turn=5))
        assert run.fold(kind(turn=turn)) == Decision(run.execution)

    def test_what_people_want_counts_whatever_was_heard(self) -> None:
        assert Run(CALLS).go().ask(ResumeRequested(turn=5)).ask(PAUSE).execution.paused

    def test_a_pause_that_comes_before_its_start_holds_it(self) -> None:
        run = Run(CALLS).ask(PauseRequested(turn=4)).go()
        assert (run.state, run.performs) == (State.PAUSED, {})

    def test_to_go_on_as_the_parent_was_redriven_redrives_it(self) -> None:
        run = Run(CALLS).go().broke("No").ask(ResumeRequested(turn=7, redrives=2))
        assert (run.execution.parent_redrives, run.execution.parent_epoch, run.execution.ended) == (2, 7, False)
        assert run.performs == {"main": None}

    @pytest.mark.parametrize("redrives", [0, 1])
    def test_unless_it_has_gone_on_already(self, redrives: int) -> None:
        run = Run(CALLS).go().broke("No").ask(ResumeRequested(turn=6, redrives=1)).broke("No")
        assert run.fold(ResumeRequested(turn=7, redrives=redrives)) == Decision(run.execution)

    def test_a_live_one_notes_how_often_the_parent_was(self) -> None:
        run = Run(CALLS).go().ask(ResumeRequested(turn=7, redrives=3))
        assert (run.execution.parent_redrives, run.execution.redrives) == (3, 0)
        assert run.ask(ResumeRequested(turn=8, redrives=2)).execution.parent_redrives == 3

    def test_what_a_person_has_driven_on_before_is_driven_on_by_the_parent_too(self) -> None:
        run = Run(CALLS).go().broke("No").ask(REDRIVE).broke("No").ask(ResumeRequested(turn=7, redrives=1))
        assert (run.execution.ended, run.execution.redrives, run.performs) == (False, 2, {"main": None})

    def test_a_part_goes_on_with_the_version_of_the_parent(self) -> None:
        run = Run(CALLS).go().broke("No").ask(ResumeRequested(turn=7, redrives=1, version=3))
        assert run.execution.definition_version == 3

    def test_one_that_has_succeeded_stays_so(self) -> None:
        run = Run("steps: [{id: a, type: transform}]").go()
        assert run.fold(ResumeRequested(turn=7, redrives=1)) == Decision(run.execution)

    def test_a_cancellation_that_comes_late_does_not_undo_a_redrive(self) -> None:
        run = Run(CALLS).go().ask(CancelRequested(turn=6)).ask(ResumeRequested(turn=7, redrives=1))
        assert run.fold(CancelRequested(turn=6)) == Decision(run.execution)
        assert not run.execution.ended

    def test_one_that_lives_still_goes_on_with_the_version_if_it_can(self) -> None:
        run = Run(CALLS).go().ask(ResumeRequested(turn=7, redrives=1, version=3))
        assert (run.state, run.execution.definition_version) == (State.STEP_STARTED, 3)
        other = Run(CALLS).go()
        other.definition = define("steps: [{id: other, type: call}]")
        assert other.fold(ResumeRequested(turn=7, redrives=1, version=3)).execution.definition_version == 1

    def test_a_cancellation_overtaken_by_the_redrive_is_void(self) -> None:
        run = Run(CALLS).go().broke("No").ask(ResumeRequested(turn=7, redrives=1)).ask(CancelRequested(turn=6))
        assert run.performs == {"main": None}

    @pytest.mark.parametrize("ended", [CancelRequested(), CancelRequested(turn=5)])
    def test_a_redrive_overtaken_by_a_cancellation_is_void_though_that_found_an_end(self, ended: Requested) -> None:
        run = Run(CALLS).go().ask(ended).ask(CancelRequested(turn=7))
        assert run.fold(ResumeRequested(turn=6, redrives=1)) == Decision(run.execution)
        assert run.execution.ended

    def test_so_is_one_overtaken_by_a_cancellation_that_found_a_failure(self) -> None:
        run = Run(CALLS).go().broke("No").ask(CancelRequested(turn=7))
        assert run.fold(ResumeRequested(turn=6, redrives=1)) == Decision(run.execution)
        assert run.ask(ResumeRequested(turn=8, redrives=1)).performs == {"main": None}
