"""What :mod:`chalicelib.core.executions.decide` makes of executions that an execution starts."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.children import MAX_DEPTH, MAX_SPAWNS, MAX_SPAWNS_A_MINUTE
from chalicelib.core.executions.inputs import ChildEnded, Decision, Launch, Message, ResumeRequested
from chalicelib.core.executions.model import Failure, Spawns, State, Status
from chalicelib.core.executions.waiting import ChildJoin
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, NOW, Run

WORKFLOW = """
    steps:
      - id: sub
        type: workflow
        definition: other
        input: {for: '${input}'}
        stash: got
        catch: [{errors: [workflow.*, Boom, SpawnLimit, NotThere], next: sorry}]
      - {id: last, type: echo, message: '${output}', end: true}
      - {id: sorry, type: echo, message: '${error}'}
    """
CHILD = "t:other:~95b05e29a24db18ba861ee4e236ee0c6"
GIVEN_NOTHING = "t:other:~2a67c52dcb5118b34677897b1a675a41"


class TestWorkflow:
    def test_the_thread_awaits_a_child_that_is_named_after_its_turn(self) -> None:
        run = Run(WORKFLOW).go()
        assert (run.thread().key, run.thread().status) == (("main", 1), Status.WAITING_FOR_CHILDREN)
        assert run.thread().join == ChildJoin(CHILD, turn=1)

    def test_another_visit_names_another_child(self) -> None:
        run = Run(
            "steps: [{id: sub, type: workflow, definition: other, catch: [{errors: [workflow.*], next: sub}]}]"
        ).go()
        run.child(State.CANCELLED)
        assert run.child_join.execution != CHILD

    def test_another_attempt_drives_the_same_child_on(self) -> None:
        run = Run(WORKFLOW.replace("catch:", "retry: [{errors: [Boom], jitter: none}]\n        catch:")).go()
        failed = ChildEnded("main", 1, 0, State.FAILED, error=Failure("Boom", "no", "deep"))
        run.fold(failed)
        assert (run.standing, run.child_join.over) == ({"main": "retrying sub"}, (0,))
        run.later(1)
        assert run.child_join == ChildJoin(CHILD, turn=1, redrives=1)
        assert (run.thread().attempt, run.thread().visit, run.thread().turn) == (2, 0, 3)
        launch, resumption = run.asks()
        assert isinstance(launch, Launch)
        assert resumption == Message(CHILD, ResumeRequested(turn=run.execution.version, redrives=1))
        assert run.fold(failed) == Decision(run.execution)  # of before it was driven on
        assert run.child(State.SUCCEEDED, redrives=1, output=7).output == 7

    def test_a_child_that_succeeds_before_the_next_attempt_spares_it(self) -> None:
        run = Run(WORKFLOW.replace("catch:", "retry: [{errors: [Boom]}]\n        catch:")).go()
        run.child(State.FAILED, error=Failure("Boom", "no", "deep")).child(State.SUCCEEDED, output=7)
        assert run.state is not State.SUCCEEDED  # that end was told of before
        run.execution = copy_with(
            run.execution, threads={"main": copy_with(run.thread(), join=ChildJoin(CHILD, turn=1))}
        )
        assert run.child(State.SUCCEEDED, output=7).output == 7

    def test_its_output_is_the_result(self) -> None:
        run = Run(WORKFLOW).go().child(State.SUCCEEDED, output={"n": 1})
        assert (run.output, run.execution.stash) == ({"n": 1}, {"got": {"n": 1}})

    def test_history_names_the_child(self) -> None:
        run = Run(WORKFLOW).go().child(State.SUCCEEDED)
        assert [(r.state.value, r.children) for r in run.records if r.children] == [
            ("StepStarted", [CHILD]),
            ("StepSucceeded", [CHILD]),
        ]

    def test_its_error_is_the_steps_and_tells_where_it_was(self) -> None:
        run = Run(WORKFLOW).go().child(State.FAILED, error=Failure("Boom", "no", "deep", details=[1]))
        details = {"execution": CHILD, "step": "deep", "details": [1]}
        assert run.output == {"name": "Boom", "message": "no", "step": "sub", "attempt": 1, "details": details}

    @pytest.mark.parametrize(
        ("state", "name"), [(State.TIMED_OUT, "workflow.TimedOut"), (State.CANCELLED, "workflow.Cancelled")]
    )
    @pytest.mark.parametrize("error", [None, Failure("Timeout", "too long", "deep")])
    def test_an_end_that_is_no_failure_has_an_error_of_its_own(
        self, state: State, name: str, error: Failure | None
    ) -> None:
        run = Run(WORKFLOW).go().child(state, error=error)
        assert run.output == {
            "name": name,
            "message": f"the execution {CHILD} was not finished",
            "step": "sub",
            "attempt": 1,
            "details": {"execution": CHILD},
        }

    def test_a_child_that_could_not_be_started_fails_the_step_with_the_reason(self) -> None:
        refusal = Failure("NotThere", "there is none", "sub", details="why")
        run = Run(WORKFLOW).go().child(State.FAILED, error=refusal, begun=False)
        assert run.output == {
            "name": "NotThere",
            "message": "there is none",
            "step": "sub",
            "attempt": 1,
            "details": "why",
        }
        assert run.standing == {"main": "over sorry"}

    def test_one_that_is_let_go_succeeds_with_its_id(self) -> None:
        run = Run(WORKFLOW.replace("definition:", "wait: false\n        definition:")).go()
        assert run.child_join == ChildJoin(CHILD, awaited=False, turn=1)
        assert run.child(State.SUCCEEDED, output={"id": CHILD}).output == {"id": CHILD}

    def test_an_end_that_is_told_twice_counts_once(self) -> None:
        run = Run(WORKFLOW.replace("type: echo", "type: call").replace("message", "content")).go()
        end = ChildEnded("main", 1, 0, State.SUCCEEDED, output=1)
        run.fold(end)
        assert run.standing == {"main": "ready last"}
        assert run.fold(end) == Decision(run.execution)

    def test_the_end_of_another_turn_does_not_count(self) -> None:
        run = Run(WORKFLOW).go()
        assert run.fold(ChildEnded("main", 0, 0, State.SUCCEEDED)) == Decision(run.execution)

    def test_an_end_counts_while_paused_or_late_or_after_the_time_of_the_execution(self) -> None:
        run = Run("{timeoutSeconds: 60, steps: [{id: sub, type: workflow, definition: other}]}").go()
        run.execution = copy_with(run.execution, paused_at=NOW)
        run.now += timedelta(seconds=90)
        assert run.child(State.SUCCEEDED, output=1).output == 1

    def test_a_step_that_takes_too_long_fails(self) -> None:
        run = Run(WORKFLOW.replace("stash:", "timeoutSeconds: 60\n        stash:").replace("Boom", "Timeout")).go()
        assert run.later(60).state is State.SUCCEEDED

    def test_an_output_that_cannot_be_shaped_fails_the_step(self) -> None:
        run = Run("steps: [{id: sub, type: workflow, definition: other, output: '${add(output, `1`)}'}]").go()
        assert run.child(State.SUCCEEDED, output="text").error.name == "TemplateFailed"


GIVEN_UP = """
    steps:
      - id: sub
        type: workflow
        definition: other
        timeoutSeconds: 60
        catch: [{errors: [Timeout], next: next}]
      - {id: next, type: call}
    """


class TestTombstones:
    def test_a_child_that_is_given_up_stays_known_until_it_has_ended(self) -> None:
        run = Run(GIVEN_UP).go().later(60)
        assert run.standing == {"main@1": "over sub", "main": "ready next"}
        tombstone = run.thread("main@1")
        assert (tombstone.turn, tombstone.driver, tombstone.join) == (1, ME, ChildJoin(GIVEN_NOTHING, turn=1))

    def test_then_it_is_forgotten(self) -> None:
        run = Run(GIVEN_UP).go().later(60)
        run.fold(ChildEnded("main", 1, 0, State.CANCELLED))
        assert run.standing == {"main": "ready next"}
        assert run.recorded[-1] == "StepStarted main next"

    def test_its_success_comes_too_late(self) -> None:
        run = Run(GIVEN_UP).go().later(60)
        run.fold(ChildEnded("main", 1, 0, State.SUCCEEDED, output="late"))
        assert run.done("in time").output == "in time"

    def test_it_outlives_the_execution(self) -> None:
        assert Run(GIVEN_UP).go().later(60).done().standing == {"main@1": "over sub", "main": "over next"}

    def test_a_child_that_nobody_waits_for_leaves_none(self) -> None:
        run = Run(GIVEN_UP.replace("definition:", "wait: false\n        definition:")).go()
        assert run.later(60).standing == {"main": "ready next"}

    def test_nor_does_one_that_has_ended(self) -> None:
        run = Run(WORKFLOW).go().child(State.FAILED, error=Failure("Boom", "no", "deep"))
        assert run.standing == {"main": "over sorry"}

    def test_a_retry_leaves_none_as_it_waits_on(self) -> None:
        run = Run("steps: [{id: sub, type: workflow, definition: o, timeoutSeconds: 60, retry: [{errors: ['*']}]}]")
        assert run.go().later(60).standing == {"main": "retrying sub"}
        assert run.child(State.SUCCEEDED, output="after all").output == "after all"

    def test_threads_that_end_with_others_leave_one(self) -> None:
        run = Run("""
            steps:
              - id: race
                type: parallel
                join: first
                branches:
                  - {id: sub, steps: [{id: it, type: workflow, definition: other}]}
                  - {id: call, steps: [{id: it, type: call}]}
              - {id: next, type: call}
            """)
        run.go().done("won", "main.1.call")
        assert run.standing == {"main.1.sub@1": "over race/sub/it", "main": "ready next"}
        run.fold(ChildEnded("main.1.sub", 1, 0, State.CANCELLED))
        assert run.standing == {"main": "ready next"}

    def test_so_does_an_item_whose_failure_is_tolerated(self) -> None:
        run = Run("""
            steps:
              - id: each
                type: map
                items: [1]
                tolerate: {count: 1}
                steps: [{id: sub, type: workflow, definition: other, timeoutSeconds: 60}]
              - {id: next, type: call}
            """)
        assert run.go().later(60).standing == {"main.1.0@1": "over each/sub", "main": "ready next"}


class TestSpawnGuard:
    def spawned(self, spawns: Spawns | None = None, depth: int = 0) -> Run:
        run = Run(WORKFLOW)
        run.execution = copy_with(run.execution, depth=depth, spawns=spawns or Spawns())
        return run.go()

    def message(self, run: Run) -> str:
        assert isinstance(run.output, dict)
        assert run.output["name"] == "SpawnLimit"
        return str(run.output["message"])

    def test_every_child_is_counted(self) -> None:
        assert self.spawned().execution.spawns == Spawns(1, NOW, 1)
        assert self.spawned(Spawns(7, NOW, 5)).execution.spawns == Spawns(8, NOW, 6)

    def test_a_minute_later_a_new_minute_begins(self) -> None:
        before = NOW - timedelta(seconds=60)
        assert self.spawned(Spawns(7, before, 5)).execution.spawns == Spawns(8, NOW, 1)

    def test_nesting_has_an_end(self) -> None:
        assert self.spawned(depth=MAX_DEPTH - 1).thread().status is Status.WAITING_FOR_CHILDREN
        assert self.message(self.spawned(depth=MAX_DEPTH)).startswith("executions nest 16 deep at most")

    def test_so_has_the_number_of_children(self) -> None:
        assert self.spawned(Spawns(MAX_SPAWNS - 1, NOW, 1)).thread().status is Status.WAITING_FOR_CHILDREN
        assert "at most 100,000 others" in self.message(self.spawned(Spawns(MAX_SPAWNS, NOW, 1)))

    def test_and_their_number_in_a_minute(self) -> None:
        full = Spawns(5000, NOW - timedelta(seconds=59), MAX_SPAWNS_A_MINUTE)
        assert "10,000 others in a minute" in self.message(self.spawned(full))
        assert (
            self.spawned(copy_with(full, recent=MAX_SPAWNS_A_MINUTE - 1)).thread().status is Status.WAITING_FOR_CHILDREN
        )
        assert (
            self.spawned(copy_with(full, since=NOW - timedelta(seconds=60))).thread().status
            is Status.WAITING_FOR_CHILDREN
        )

    def test_the_parts_of_a_map_share_what_their_execution_may_start(self) -> None:
        share = Spawns(share=100)
        assert "in a minute" in self.message(
            self.spawned(copy_with(share, since=NOW, recent=MAX_SPAWNS_A_MINUTE // 100))
        )
        assert self.spawned(copy_with(share, since=NOW, recent=1)).execution.spawns == Spawns(1, NOW, 2, 100)

    def test_a_refused_start_is_not_counted(self) -> None:
        full = Spawns(MAX_SPAWNS, NOW, 1)
        assert self.spawned(full).execution.spawns == full
