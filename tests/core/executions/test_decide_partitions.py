"""What :mod:`chalicelib.core.executions.decide` makes of a large map, and of a partition of one."""

import pytest

from chalicelib.core.executions.factory import child_id, living
from chalicelib.core.executions.inputs import ChildEnded, Decision, Message, ResumeRequested
from chalicelib.core.executions.model import Failure, Parent, Partition, State, Status
from chalicelib.core.executions.waiting import PartitionJoin
from chalicelib.core.values.value import copy_with
from tests.core.examples import ME, Run

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
                PartitionJoin(3, begun=3, at_once=3, concurrency=84, items=250, tolerate=25, turn=1),
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
            3, begun=2, at_once=2, concurrency=84, items=250, turn=1
        )
        assert run.child(State.SUCCEEDED, 0).thread().join == PartitionJoin(
            3, begun=3, at_once=2, concurrency=84, items=250, turn=1
        )
        assert (run.thread().key, run.thread().driver) == (("main", 1), ME)

    def test_once_all_have_ended_the_results_are_gathered(self) -> None:
        run = Run(LARGE.format(""), 101).go().child(State.SUCCEEDED, 0).child(State.SUCCEEDED, 1)
        assert (run.thread().key, run.thread().status) == (("main", 2), Status.READY)
        first = "t:d:~6aaa375f1bc78e33b8dead7769e84c9f"
        second = "t:d:~f0bc74f8d870eee0a4965b07f4e83e2e"
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
        assert run.thread().join == PartitionJoin(3, begun=1, at_once=1, concurrency=50, tolerate=7, items=250, turn=1)
        for number in range(3):
            run.child(State.SUCCEEDED, number, failed=2)
        assert run.done([[1], [2], [3]]).output == [1, 2, 3]
        assert run.execution.failed == 6

    def test_those_of_its_own_in_which_items_failed_go_on_if_the_whole_map_tolerates_fewer(self) -> None:
        run = self.partition(250, tolerate=7)
        for number, failed in enumerate((2, 0, 1)):
            run.child(State.SUCCEEDED, number, failed=failed)
        run.done([[1], [2], [3]]).ask(ResumeRequested(turn=9, redrives=1))
        resumed = [each for each in run.asks() if isinstance(each, Message) and isinstance(each.event, ResumeRequested)]
        wanted = ResumeRequested(turn=run.execution.version, redrives=1, version=1)
        assert [each.event for each in resumed] == [wanted] * 2
        for number in (0, 2):
            run.child(State.SUCCEEDED, number, redrives=1)
        assert run.done([[1], [2], [3]]).execution.failed == 0
