"""What :mod:`chalicelib.core.executions.decide` makes of what people, or a parent execution, want of an execution."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.inputs import (
    CallSucceeded,
    CancelRequested,
    ChildEnded,
    Decision,
    Launch,
    Message,
    PauseRequested,
    Poisoned,
    RedriveRequested,
    Requested,
    ResumeRequested,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import Driver, Failure, Partition, State, Status
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run, define

SECOND = timedelta(seconds=1)
CALLS = "steps: [{id: ask, type: call, stash: got}, {id: again, type: call, content: '${[output, stash]}'}]"
WAIT = "steps: [{id: rest, type: wait, seconds: 45}]"
SUB = "steps: [{id: sub, type: workflow, definition: other}]"
CHILD = "t:other:6aaa375f1bc78e33b8dead7769e84c9f"
BOTH = """
    steps:
      - id: both
        type: parallel
        branches:
          - {id: a, steps: [{id: x, type: call}]}
          - {id: b, steps: [{id: y, type: wait, seconds: 60}]}
      - {id: last, type: call, content: '${output}'}
    """
CANCEL, PAUSE, RESUME, REDRIVE = CancelRequested(), PauseRequested(), ResumeRequested(), RedriveRequested()


class TestCancel:
    def test_it_ends_the_execution_and_tells_who_wanted_it(self) -> None:
        run = Run(CALLS).go().done("one").ask(CancelRequested(actor="bob"))
        assert (run.state, run.execution.ended_at, run.execution.error) == (State.CANCELLED, NOW, None)
        assert (run.told[-1], run.records[-1].actor) == ("ExecutionCancelled main again", "bob")
        assert run.execution.stash == {"got": "one"}

    def test_one_that_nobody_has_touched_never_begins(self) -> None:
        run = Run(CALLS).ask(CANCEL)
        assert [record.state.value for record in run.records] == [
            "ExecutionSubmitted",
            "ExecutionStarted",
            "StepStarted",
            "ExecutionCancelled",
        ]

    def test_a_paused_one_too(self) -> None:
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

    def test_an_effect_that_was_in_flight_changes_nothing(self) -> None:
        run = Run(CALLS).go().ask(CANCEL)
        assert run.fold(CallSucceeded("main", 0, "late")) == Decision(run.execution)

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
        assert (run.told[-1], run.records[-1].actor) == ("ExecutionPaused main ask", "bob")

    def test_no_step_begins_and_no_timer_counts(self) -> None:
        run = Run(BOTH).go().ask(PAUSE)
        assert run.fold(StepDue("main.1.a", 0)) == Decision(run.execution)
        run.now += 60 * SECOND
        assert run.fold(TimerFired("main.1.b", 1)) == Decision(run.execution)

    def test_what_was_in_flight_is_taken_and_goes_no_further(self) -> None:
        run = Run(CALLS).go().ask(PAUSE).done("late")
        assert (run.state, run.execution.step) == (State.PAUSED, "ask")
        assert (run.standing, run.performs) == ({"main": "ready again"}, {})
        assert run.told[-1] == "StepStarted main again"

    def test_even_its_end(self) -> None:
        run = Run("steps: [{id: a, type: call}]").go().ask(PAUSE).done("late")
        assert (run.state, run.execution.paused, run.output) == (State.SUCCEEDED, False, "late")

    def test_a_second_pause_changes_nothing(self) -> None:
        run = Run(CALLS).go().ask(PAUSE)
        assert run.fold(PAUSE) == Decision(run.execution)

    def test_resumed_it_goes_on_where_it_stood(self) -> None:
        run = Run(CALLS).go().ask(PAUSE).ask(ResumeRequested(actor="bob"))
        assert (run.state, run.execution.paused, run.execution.control_epoch) == (State.STARTED, False, 2)
        assert (run.told[-1], run.records[-1].actor) == ("ExecutionStarted main ask", "bob")
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
        assert run.later(49.999).state is State.STARTED
        assert run.later(0.001).error.name == "Timeout"

    def test_an_attempt_that_began_meanwhile_has_its_time_from_the_resumption(self) -> None:
        run = Run("steps: [{id: a, type: call}, {id: b, type: wait, seconds: 600, timeoutSeconds: 60}]").go().ask(PAUSE)
        run.now += 100 * SECOND
        run.done("late")
        run.now += 100 * SECOND
        run.ask(RESUME)
        assert run.thread().deadline == NOW + 260 * SECOND

    def test_both_take_every_thread_over(self) -> None:
        for requests in ([PAUSE], [PAUSE, RESUME]):
            run = Run(BOTH).go()
            for request in requests:
                threads = {name: copy_with(t, driver=Driver("old", "old")) for name, t in run.execution.threads.items()}
                run.execution = copy_with(run.execution, threads=threads)
                run.fold(request)
            assert {thread.driver for thread in run.execution.threads.values()} == {ME}

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
        assert (run.execution.redrives, run.execution.parent_epoch, run.execution.ended) == (2, 7, False)
        assert run.performs == {"main": None}

    @pytest.mark.parametrize("redrives", [0, 1])
    def test_unless_it_has_gone_on_already(self, redrives: int) -> None:
        run = Run(CALLS).go().broke("No").ask(REDRIVE).broke("No")
        assert run.fold(ResumeRequested(turn=7, redrives=redrives)) == Decision(run.execution)

    def test_a_live_one_notes_how_often_the_parent_was(self) -> None:
        run = Run(CALLS).go().ask(ResumeRequested(turn=7, redrives=3))
        assert run.execution.redrives == 3
        assert run.ask(ResumeRequested(turn=8, redrives=2)).execution.redrives == 3

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


class TestRedrive:
    def test_what_failed_goes_on_from_the_step_that_failed(self) -> None:
        run = Run(CALLS).go().done("one").broke("No")
        run.now += 100 * SECOND
        run.ask(RedriveRequested(actor="bob"))
        assert run.performs == {"main": ["one", {"got": "one"}]}
        assert (run.execution.redrives, run.execution.control_epoch, run.execution.ended_at) == (1, 3, None)
        assert (run.execution.error, run.execution.output, run.execution.stash) == (None, None, {})
        assert run.told[-2:] == ["ExecutionStarted main again", "StepStarted main again"]
        assert run.records[-2].actor == "bob"
        assert run.done("two").output == "two"

    def test_its_attempts_are_counted_anew_under_turns_that_never_were(self) -> None:
        run = Run(
            "steps: [{id: a, type: call, retry: [{errors: ['*'], maxAttempts: 2, intervalSeconds: 1, jitter: none}]}]"
        )
        run.go().broke().later(1).broke()
        assert run.thread().key == ("main", 2)
        run.ask(REDRIVE)
        assert (run.thread().key, run.thread().attempt, run.thread().tries) == (("main", 3), 1, {})

    @pytest.mark.parametrize("event", [REDRIVE, RedriveRequested(step="a")])
    def test_what_lives_or_has_succeeded_is_left_alone(self, event: Requested) -> None:
        for run in (Run("steps: [{id: a, type: call}]").go(), Run("steps: [{id: a, type: transform}]").go()):
            assert run.fold(event) == Decision(run.execution)

    def test_what_was_cancelled_or_over_time_goes_on_where_it_waited(self) -> None:
        run = Run(WAIT, "in").go().later(40).ask(CANCEL)
        run.now += 3600 * SECOND
        run.ask(REDRIVE)
        assert run.standing == {"main": "waiting rest"}
        assert run.later(0).output == "in"

    def test_it_gets_the_whole_time_again(self) -> None:
        run = Run("{timeoutSeconds: 60, steps: [{id: a, type: wait, seconds: 90}]}").go().later(60)
        assert run.state is State.TIMED_OUT
        assert run.ask(REDRIVE).execution.deadline == NOW + 120 * SECOND
        assert run.later(30).state is State.SUCCEEDED

    def test_so_does_an_attempt_that_waits(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 90, timeoutSeconds: 60}]").go().later(10).ask(CANCEL)
        assert run.ask(REDRIVE).thread().deadline == NOW + 70 * SECOND

    def test_an_attempt_that_was_over_time_begins_anew(self) -> None:
        run = Run("steps: [{id: a, type: wait, seconds: 90, timeoutSeconds: 60}]").go().later(60)
        assert run.error.name == "Timeout"
        run.ask(REDRIVE)
        assert (run.until, run.thread().started_at) == (NOW + 150 * SECOND, NOW + 60 * SECOND)

    def test_a_step_that_would_be_tried_again_is(self) -> None:
        run = Run("steps: [{id: a, type: call, retry: [{errors: ['*'], intervalSeconds: 60, jitter: none}]}]")
        run.go().broke().ask(CANCEL).ask(REDRIVE)
        assert run.standing == {"main": "retrying a"}
        run.later(60)
        assert (run.performs, run.thread().attempt) == ({"main": None}, 2)

    def test_the_time_of_an_attempt_does_not_run_between_attempts_then_either(self) -> None:
        policy = "{errors: ['*'], intervalSeconds: 60, jitter: none}"
        run = Run(f"steps: [{{id: a, type: call, timeoutSeconds: 5, retry: [{policy}]}}]")
        run.go().broke().ask(CANCEL).ask(REDRIVE).later(5)
        assert (run.thread().tries, run.until) == ({"0": 1}, NOW + 60 * SECOND)

    def test_only_the_branches_that_had_not_ended_go_on(self) -> None:
        run = Run(BOTH).go().later(60).broke("No", "main.1.a").ask(REDRIVE)
        assert run.standing == {"main": "joining both", "main.1.a": "ready both/a/x"}
        assert run.done("ok", "main.1.a").performs == {"main": {"a": "ok", "b": None}}

    def test_a_step_that_joins_gets_its_time_again(self) -> None:
        run = Run(BOTH.replace("type: parallel", "type: parallel\n        timeoutSeconds: 100")).go()
        run.later(10).broke("No", "main.1.a").ask(REDRIVE)
        assert run.thread().deadline == NOW + 110 * SECOND

    @pytest.mark.parametrize("what", ["join: all", "join: first"])
    def test_a_step_whose_branches_had_all_ended_goes_on(self, what: str) -> None:
        run = Run(f"""
            stash: {{n: text}}
            steps:
              - id: both
                type: parallel
                {what}
                branches: [{{id: a, steps: [{{id: x, type: call}}]}}]
                output: '${{add(stash.n, `1`)}}'
            """)
        run.go().done("A", "main.1.a")
        assert run.error.name == "TemplateFailed"
        run.ask(RedriveRequested(stash={"n": 1}))
        if run.performs:
            run.done("A", *run.performs)
        assert run.output == 2

    def test_what_would_gather_gathers(self) -> None:
        large = "steps: [{id: each, type: map, items: '${range(`101`)}', steps: [{id: a, type: transform}]}]"
        run = Run(large).go().child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1)
        asked = run.performs
        assert run.broke("ResultLost").ask(REDRIVE).performs == asked

    def test_threads_that_are_over_are_not_driven_on(self) -> None:
        run = (
            Run("""
            steps:
              - {id: sub, type: workflow, definition: c, timeoutSeconds: 5, catch: [{errors: ['*'], next: then}]}
              - {id: then, type: call}
            """)
            .go()
            .later(5)
            .broke("No")
        )
        assert run.ask(REDRIVE).standing == {"main@1": "over sub", "main": "ready then"}

    def test_an_edited_stash_is_seen_and_told(self) -> None:
        run = Run(CALLS).go().done("one").broke("No").ask(RedriveRequested(stash={"more": 1, "got": None}))
        assert run.performs == {"main": ["one", {"more": 1}]}
        change = [record.change for record in run.records if record.change]
        assert change == [{"stash": {"more": {"from": None, "to": 1}, "got": {"from": "one", "to": None}}}]

    def test_what_was_stashed_as_null_stays(self) -> None:
        run = Run(CALLS).go().done(None).broke("No").ask(REDRIVE)
        assert run.performs == {"main": [None, {"got": None}]}

    def test_another_version_goes_on(self) -> None:
        run = Run(CALLS).go().done("one").broke("No")
        run.definition = define("steps: [{id: ask, type: call}, {id: again, type: echo, message: mended}]")
        run.ask(RedriveRequested(version=2))
        assert (run.output, run.execution.definition_version) == ("mended", 2)
        assert [r.change for r in run.records if r.change] == [{"version": {"from": 1, "to": 2}}]

    def test_unless_it_lacks_a_step_that_a_thread_stands_at(self) -> None:
        run = Run(CALLS).go().done("one").broke("No")
        run.definition = define("steps: [{id: ask, type: call}]")
        assert run.fold(RedriveRequested(version=2)) == Decision(run.execution)

    def test_at_a_step_of_ones_choice(self) -> None:
        run = Run(CALLS, "in").go().done("one").broke("No")
        run.ask(RedriveRequested(step="ask", incoming="in", stash={"got": None}))
        assert (run.performs, run.thread().incoming, run.thread().stash) == ({"main": None}, "in", {})
        assert [r.change for r in run.records if r.change] == [
            {"step": {"from": "again", "to": "ask"}, "stash": {"got": {"from": "one", "to": None}}}
        ]

    def test_which_must_be_there(self) -> None:
        run = Run(CALLS).go().broke("No")
        assert run.fold(RedriveRequested(step="nowhere")) == Decision(run.execution)

    def test_a_step_of_ones_choice_ends_all_branches_and_forgets_what_was_caught(self) -> None:
        run = Run("""
            steps:
              - {id: a, type: call, catch: [{errors: [No], next: both}]}
              - id: both
                type: parallel
                branches:
                  - {id: x, steps: [{id: sub, type: workflow, definition: other}]}
                  - {id: y, steps: [{id: ask, type: call}]}
            """)
        run.go().broke("No").broke("Boom", "main.2.y").ask(RedriveRequested(step="a"))
        assert run.standing == {"main": "ready a", "main.2.x@1": "over both/x/sub"}
        assert run.thread().error is None


class TestRedriveOfChildren:
    FAILED = ChildEnded("main", 1, 0, State.FAILED, error=Failure("No", "no", "deep"))

    def failed(self) -> Run:
        return Run(SUB).go().ask(self.FAILED)

    def test_a_workflow_step_awaits_the_same_child_which_is_told_to_go_on(self) -> None:
        run = self.failed().ask(REDRIVE)
        assert run.thread().key == ("main", 1)
        launch, told = run.asks()
        assert isinstance(launch, Launch)
        assert told == Message(CHILD, ResumeRequested(turn=run.execution.version, redrives=1))

    def test_what_it_came_to_before_does_not_count(self) -> None:
        run = self.failed().ask(REDRIVE)
        assert run.fold(self.FAILED) == Decision(run.execution)
        run.fold(copy_with(self.FAILED, state=State.CANCELLED))
        assert not run.execution.ended

    def test_unless_it_had_succeeded(self) -> None:
        assert self.failed().ask(REDRIVE).child(State.SUCCEEDED, output=1).output == 1

    def test_what_it_comes_to_then_does(self) -> None:
        assert self.failed().ask(REDRIVE).ask(copy_with(self.FAILED, redrives=1)).state is State.FAILED

    @pytest.mark.parametrize("event", [RedriveRequested(stash={"n": 1}), RedriveRequested(version=1)])
    def test_with_anything_edited_another_child_begins(self, event: Requested) -> None:
        run = self.failed().ask(event)
        assert run.child_join.execution != CHILD
        assert run.standing == {"main": "awaiting sub", "main@1": "over sub"}

    def test_a_child_that_could_not_be_started_is_tried_anew(self) -> None:
        refusal = Failure("DefinitionNotFound", "there is none", "sub")
        run = Run(SUB).go().child(State.FAILED, error=refusal, begun=False).ask(REDRIVE)
        assert run.standing == {"main": "awaiting sub"}
        assert run.thread().turn > 1

    def test_its_refusal_then_counts(self) -> None:
        run = self.failed().ask(REDRIVE)
        refusal = Failure("DefinitionNotFound", "there is none", "sub")
        assert run.child(State.FAILED, error=refusal, begun=False).error.name == "DefinitionNotFound"

    def test_a_step_whose_output_could_not_be_shaped_goes_on(self) -> None:
        run = Run("steps: [{id: sub, type: workflow, definition: other, output: '${add(output, `1`)}'}]").go()
        run.child(State.SUCCEEDED, output="text").ask(REDRIVE)
        end = ChildEnded(*run.thread().key, 0, State.SUCCEEDED, output="text")
        assert run.ask(end).state is State.FAILED

    LARGE = """
        stash: {{items: [1]}}
        steps:
          - id: each
            type: map
            items: '${{{items}}}'
            tolerate: {{count: 150}}
            maxConcurrency: 252
            steps: [{{id: a, type: call}}]
        """

    def test_the_parts_of_a_map_that_had_not_ended_are_told_to_go_on(self) -> None:
        run = Run(self.LARGE.format(items="range(`250`)")).go().child(State.SUCCEEDED, 1, failed=1)
        run.child(State.FAILED, 0, error=Failure("ItemsFailed", "many", "each/a")).ask(RedriveRequested(version=2))
        told = [each.event for each in run.asks() if isinstance(each, Message) and each.submitted is None]
        assert told == [ResumeRequested(turn=run.execution.version, redrives=1, version=2)] * 2

    def test_a_map_too_many_of_whose_items_failed_goes_on_once_more(self) -> None:
        run = Run(self.LARGE.format(items="range(`250`)")).go()
        for number in range(3):
            run.child(State.SUCCEEDED, number, failed=60)
        assert run.error.name == "ItemsFailed"
        run.ask(REDRIVE)
        assert run.asks() != [] or run.performs != {}

    def test_a_stash_that_is_edited_does_not_take_the_items_from_under_a_map(self) -> None:
        run = Run(self.LARGE.format(items="stash.items").replace("[1]", str(list(range(250))))).go()
        run.child(State.FAILED, 0, error=Failure("No", "no", "each/a")).ask(RedriveRequested(stash={"items": []}))
        assert run.asks() != []

    def test_nor_from_under_one_that_runs_one_by_one(self) -> None:
        run = Run("""
            stash: {items: [1, 2]}
            steps: [{id: each, type: map, items: '${stash.items}', maxConcurrency: 1, steps: [{id: a, type: call}]}]
            """)
        run.go().broke("No", "main.1.0").ask(RedriveRequested(stash={"items": []}))
        while not run.execution.ended:
            run.done("ok", *run.performs)

    @pytest.mark.parametrize("items", ["[]", "'${input}'", "null"])
    def test_nor_does_another_version_of_the_map(self, items: str) -> None:
        steps = "steps: [{{id: each, type: map, items: {0}, maxConcurrency: 1, steps: [{{id: a, type: call}}]}}]"
        run = Run(steps.format("'${[`1`, `2`]}'")).go().broke("No", "main.1.0")
        run.definition = define(steps.format(items if items.startswith("'") else f"'${{`{items}`}}'"))
        run.ask(RedriveRequested(version=2))
        while run.performs:
            run.done("ok", *run.performs)
        assert run.execution.ended

    def test_another_version_can_have_another_branch(self) -> None:
        steps = "{{id: a, steps: [{{id: x, type: call}}]}}, {{id: b, steps: [{{id: x, type: call}}]}}{0}"
        both = "steps: [{{id: both, type: parallel, branches: [{0}]}}]"
        run = Run(both.format(steps.format(""))).go().done("A", "main.1.a").broke("No", "main.1.b")
        run.definition = define(both.format(steps.format(", {id: c, steps: [{id: x, type: echo, message: C}]}")))
        run.ask(RedriveRequested(version=2))
        while run.performs:
            run.done("ok", next(iter(run.performs)))
        assert run.execution.ended

    def part(self) -> Run:
        steps = "[{id: each, type: map, items: [1], timeoutSeconds: 9, steps: [{id: a, type: call}]}]"
        run = Run(f"{{timeoutSeconds: 60, steps: {steps}}}")
        root = copy_with(run.thread(), incoming=[1], deadline=None)
        run.execution = copy_with(
            run.execution, threads={"main": root}, deadline=None, partition=Partition(0, 1, 0, {})
        )
        run.go().broke("No", "main.1.0").ask(ResumeRequested(turn=9, redrives=1))
        assert (run.standing["main"], run.thread("main.1.0").status) == ("joining each", Status.READY)
        return run

    def test_a_part_goes_on_with_the_items_that_failed(self) -> None:
        assert self.part().done("ok", "main.1.0").output == ["ok"]

    def test_a_part_has_no_time_of_its_own_then_either(self) -> None:
        run = self.part()
        assert (run.thread().deadline, run.execution.deadline) == (None, None)
