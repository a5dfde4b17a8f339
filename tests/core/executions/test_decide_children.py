"""What :mod:`chalicelib.core.executions.decide` makes of executions that an execution starts."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.children import MAX_DEPTH, MAX_SPAWNS, MAX_SPAWNS_A_MINUTE
from chalicelib.core.executions.factory import child_id, living
from chalicelib.core.executions.inputs import ChildEnded, Decision, Launch, Message, ResumeRequested
from chalicelib.core.executions.model import Failure, Parent, Partition, Spawns, State, Status
from chalicelib.core.executions.waiting import ChildJoin, PartitionJoin
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
CHILD = "t:other:6aaa375f1bc78e33b8dead7769e84c9f"


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
        assert [(r.state.value, r.children) for r in run.records if r.children] == [("StepSucceeded", [CHILD])]

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
        assert (tombstone.turn, tombstone.driver, tombstone.join) == (1, ME, ChildJoin(CHILD, turn=1))

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


LARGE = """
    steps:
      - id: each
        type: map
        items: '${{range(input)}}'
        {0}
        catch: [{{errors: [ItemsFailed, No, ResultLost, Timeout], next: sorry}}]
        steps: [{{id: ask, type: call, content: '${{[item, index, execution.id]}}'}}]
      - {{id: last, type: echo, message: '${{length(output)}}', end: true}}
      - {{id: sorry, type: echo, message: '${{[error.name, error.message]}}'}}
    """

ALL_AT_ONCE = "maxConcurrency: 252\n        "


class TestLargeMap:
    @pytest.mark.parametrize(
        ("options", "join"),
        [
            ("maxConcurrency: 252", PartitionJoin(3, begun=3, at_once=3, concurrency=84, items=250, turn=1)),
            ("maxConcurrency: 249", PartitionJoin(3, begun=2, at_once=2, concurrency=84, items=250, turn=1)),
            ("maxConcurrency: 200", PartitionJoin(3, begun=2, at_once=2, concurrency=84, items=250, turn=1)),
            ("maxConcurrency: 10", PartitionJoin(3, begun=1, at_once=1, concurrency=10, items=250, turn=1)),
            (
                ALL_AT_ONCE + "tolerate: {percent: 10}",
                PartitionJoin(3, 3, at_once=3, concurrency=84, items=250, tolerate=25, turn=1),
            ),
        ],
    )
    def test_more_than_a_hundred_items_are_parts_that_are_executions(self, options: str, join: PartitionJoin) -> None:
        run = Run(LARGE.format(options), 250).go()
        assert (run.thread().status, run.thread().join) == (Status.WAITING_FOR_CHILDREN, join)

    def test_the_record_of_its_end_names_the_parts(self) -> None:
        run = Run(LARGE.format(""), 101).go()
        parts = [each.execution for each in run.asks() if isinstance(each, Message)]
        run.child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1).done([[1], [2]])
        assert [list(r.children) for r in run.records if r.children] == [parts]

    @pytest.mark.parametrize(("count", "parts"), [(101, 2), (250, 3), (1050, 11)])
    def test_without_a_limit_all_parts_begin_at_once(self, count: int, parts: int) -> None:
        join = Run(LARGE.format(""), count).go().partitions
        assert (join.total, join.begun, join.at_once) == (parts, parts, parts)

    def test_a_part_that_has_ended_is_noted_with_its_failures(self) -> None:
        run = Run(LARGE.format(ALL_AT_ONCE + "tolerate: {count: 9}"), 250)
        run.go().child(State.SUCCEEDED, 1, failed=4)
        assert run.thread().results == {"1": 4}
        assert run.thread().join == PartitionJoin(
            3, begun=3, at_once=3, concurrency=84, items=250, tolerate=9, failed=4, turn=1
        )
        assert run.thread().key == ("main", 1)

    def test_one_that_is_told_of_twice_is_noted_once(self) -> None:
        run = Run(LARGE.format(ALL_AT_ONCE + "tolerate: {count: 9}"), 250)
        run.go().child(State.SUCCEEDED, 1, failed=4)
        assert run.fold(ChildEnded("main", 1, 1, State.SUCCEEDED, failed=4)) == Decision(run.execution)

    def test_a_window_of_parts_begins_once_the_one_before_has_ended(self) -> None:
        run = Run(LARGE.format("maxConcurrency: 200"), 250).go()
        assert run.child(State.SUCCEEDED, 1).thread().join == PartitionJoin(
            3, 2, at_once=2, concurrency=84, items=250, turn=1
        )
        assert run.child(State.SUCCEEDED, 0).thread().join == PartitionJoin(
            3, 3, at_once=2, concurrency=84, items=250, turn=1
        )
        assert (run.thread().key, run.thread().driver) == (("main", 1), ME)

    def test_once_all_have_ended_the_results_are_gathered(self) -> None:
        run = Run(LARGE.format(""), 101).go().child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1)
        assert (run.thread().key, run.thread().status) == (("main", 2), Status.READY)
        first = "t:d:6aaa375f1bc78e33b8dead7769e84c9f"
        second = "t:d:f0bc74f8d870eee0a4965b07f4e83e2e"
        assert run.performs == {"main": {"executions": [first, second]}}
        assert run.done([[0] * 51, [0] * 50]).output == 101

    def test_results_that_cannot_be_gathered_fail_the_step(self) -> None:
        run = Run(LARGE.format(""), 101).go()
        run.child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1).broke("ResultLost")
        assert run.output == ["ResultLost", "no"]

    def test_more_failures_than_are_tolerated_fail_the_step_at_once(self) -> None:
        run = Run(LARGE.format(ALL_AT_ONCE + "tolerate: {count: 5}"), 250).go()
        run.child(State.SUCCEEDED, 0, failed=5).child(State.SUCCEEDED, 1, failed=1)
        assert isinstance(run.output, list)
        assert run.output[0] == "ItemsFailed"
        assert run.standing == {"main@1": "over each", "main": "over sorry"}
        assert run.thread("main@1").results == {"0": 5}
        assert living(run.execution, run.thread("main@1")) == [child_id(run.execution, run.thread("main@1"), 2)]

    def test_then_as_many_are_told_as_failed(self) -> None:
        run = Run(LARGE.format("tolerate: {count: 5}"), 250).go().child(State.SUCCEEDED, 0, failed=6)
        assert run.output == ["ItemsFailed", "6 items failed or more, and 5 are tolerated"]

    def test_a_part_that_fails_fails_the_step(self) -> None:
        run = Run(LARGE.format(""), 250).go()
        run.child(State.FAILED, 2, error=Failure("No", "no", "each/ask"))
        assert run.output == ["No", "no"]

    def test_parts_that_nobody_waits_for_any_more_are_forgotten_one_by_one(self) -> None:
        run = Run(
            LARGE.format(ALL_AT_ONCE + "timeoutSeconds: 9").replace("type: echo, message", "type: call, content"), 250
        )
        run.go().child(State.SUCCEEDED, 1).later(9)
        assert run.standing == {"main@1": "over each", "main": "ready sorry"}
        run.fold(ChildEnded("main", 1, 2, State.CANCELLED))
        assert run.thread("main@1").results == {"1": 0, "2": None}
        run.fold(ChildEnded("main", 1, 0, State.SUCCEEDED, failed=3))
        assert run.standing == {"main": "ready sorry"}


class TestPart:
    """An execution that runs a map's steps for some of its items."""

    def partition(self, count: int, first: int = 0, **more: int) -> Run:
        run = Run(LARGE.format("timeoutSeconds: 9\n        retry: [{errors: ['*']}]"), count)
        about = Partition(first, more.get("concurrency", 100), more.get("tolerate", 0), {"id": "t:d:whole"})
        root = copy_with(run.thread(), incoming=list(range(first, first + count)), deadline=None)
        parent = Parent("t:d:whole", "main", 1)
        run.execution = copy_with(run.execution, threads={"main": root}, partition=about, parent=parent)
        return run.go()

    def test_it_runs_the_steps_for_its_items_which_keep_their_numbers(self) -> None:
        run = self.partition(2, first=84)
        assert run.performs == {"main.1.0": [84, 84, "t:d:whole"], "main.1.1": [85, 85, "t:d:whole"]}

    def test_its_output_is_the_list_of_results_and_the_steps_behind_the_map_are_not_its_own(self) -> None:
        run = self.partition(2).done("b", "main.1.1").done("a", "main.1.0")
        assert (run.state, run.output, run.execution.failed) == (State.SUCCEEDED, ["a", "b"], 0)
        assert run.recorded[-1] == "ExecutionSucceeded main each"

    def test_it_runs_as_many_at_once_as_it_may(self) -> None:
        assert self.partition(9, concurrency=3).performs.keys() == {"main.1.0", "main.1.1", "main.1.2"}

    def test_it_counts_its_tolerated_failures(self) -> None:
        run = self.partition(2, tolerate=1).broke("No", "main.1.0").done("ok", "main.1.1")
        assert (run.state, run.execution.failed) == (State.SUCCEEDED, 1)

    def test_what_the_map_says_of_failures_and_time_is_the_maps_affair(self) -> None:
        run = self.partition(2)
        assert run.thread().deadline is None
        assert run.broke("No", "main.1.0").state is State.FAILED
        assert (run.error.name, run.error.step) == ("No", "each/ask")

    def test_one_of_a_very_large_map_has_parts_of_its_own(self) -> None:
        run = self.partition(250, first=1000, concurrency=50, tolerate=7)
        assert run.thread().join == PartitionJoin(3, 1, at_once=1, concurrency=50, tolerate=7, items=250, turn=1)
        for number in range(3):
            run.child(State.SUCCEEDED, number, failed=2)
        assert run.done([[1], [2], [3]]).output == [1, 2, 3]
        assert run.execution.failed == 6
