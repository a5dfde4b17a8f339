"""What :mod:`chalicelib.core.executions.decide` makes of what an execution has no room for."""

import pytest

from chalicelib.core.executions.factory import partition, partition_size, threads_of_item
from chalicelib.core.executions.inputs import Decision, Outgrown
from chalicelib.core.executions.model import State, Status
from chalicelib.core.executions.waiting import ItemJoin, Join, PartitionJoin
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.value import copy_with
from tests.core.examples import Run, define

NESTED = """
    steps:
      - id: outer
        type: map
        items: '${{range(input[0])}}'
        steps:
          - {{id: inner, type: map, items: '${{range(input[1])}}', steps: [{{id: ask, type: call}}] {0}}}
    """


def wide(branches: int, more: str = "", steps: int = 1) -> str:
    """Make a map, each item of which forks so many branches, in each of so many steps."""
    lists = ", ".join(f"{{id: b{n}, steps: [{{id: ask, type: call}}]}}" for n in range(branches))
    forks = ", ".join(f"{{id: both-{n}, type: parallel, branches: [{lists}]}}" for n in range(steps))
    return f"""
        steps:
          - id: each
            type: map
            items: '${{range(input)}}'
            {more}
            steps: [{forks}]
        """


def without_turn(join: Join | None) -> Join | None:
    """Leave out at which turn child executions were begun."""
    return copy_with(join, turn=0) if isinstance(join, PartitionJoin) else join


class TestThreads:
    def test_a_map_whose_items_would_be_too_many_with_all_others_runs_in_executions_of_its_own(self) -> None:
        run = Run(NESTED.format(""), [100, 100]).go()
        statuses = [thread.status for thread in run.execution.threads.values()]
        assert len(statuses) == 401
        assert statuses.count(Status.READY) == 300
        assert statuses.count(Status.WAITING_FOR_CHILDREN) == 97

    def test_as_many_as_there_is_room_for_are_threads(self) -> None:
        run = Run(NESTED.format(""), [4, 99]).go()
        assert len(run.execution.threads) == 1 + 4 + 4 * 99
        run = Run(NESTED.format(""), [83, 5]).go()
        assert len(run.execution.threads) == 1 + 83 + 83 * 5 == LIMITS.execution_threads - 1
        run = Run(NESTED.format(""), [84, 5]).go()
        assert len(run.execution.threads) == 1 + 84 + 83 * 5 == LIMITS.execution_threads

    @pytest.mark.parametrize(
        ("options", "join"),
        [
            ("", PartitionJoin(1, begun=1, at_once=1, concurrency=7, items=7)),
            (", maxConcurrency: 4", PartitionJoin(1, begun=1, at_once=1, concurrency=4, items=7)),
            (", tolerate: {count: 3}", PartitionJoin(1, begun=1, at_once=1, concurrency=7, items=7, tolerate=3)),
        ],
    )
    def test_few_items_are_one_partition(self, options: str, join: PartitionJoin) -> None:
        run = Run(NESTED.format(options), [100, 7]).go()
        assert without_turn(run.thread("main.1.99").join) == join

    def test_those_that_run_at_once_count(self) -> None:
        run = Run(NESTED.format(", maxConcurrency: 3"), [99, 100]).go()
        assert {type(thread.join) for thread in run.execution.threads.values()} == {type(None), ItemJoin}

    @pytest.mark.parametrize(
        ("branches", "more", "steps", "join"),
        [
            (4, "", 1, ItemJoin(99, begun=99, at_once=99, tolerate=0)),
            (9, "", 1, PartitionJoin(3, begun=3, at_once=3, concurrency=33, items=99)),
            (9, "maxConcurrency: 49", 1, ItemJoin(99, begun=49, at_once=49, tolerate=0)),
            (9, "maxConcurrency: 60", 1, PartitionJoin(3, begun=1, at_once=1, concurrency=33, items=99)),
            (90, "", 6, PartitionJoin(99, begun=99, at_once=99, concurrency=1, items=99)),
        ],
    )
    def test_an_item_counts_with_all_that_it_may_fork(
        self, branches: int, more: str, steps: int, join: ItemJoin | PartitionJoin
    ) -> None:
        assert without_turn(Run(wide(branches, more, steps), 99).go().thread().join) == join

    def test_one_partition_is_enough_where_few_items_run_at_once(self) -> None:
        run = Run(wide(9, "maxConcurrency: 40"), 99)
        others = {f"o{n}": copy_with(run.thread(), id=f"o{n}", status=Status.JOINING) for n in range(200)}
        run.execution = copy_with(run.execution, threads={**run.execution.threads, **others})
        assert run.go().partitions.total == 1

    def test_an_item_takes_a_thread_for_each_list_of_steps_below_it(self) -> None:
        assert threads_of_item(define(wide(9)), "each") == 10
        assert threads_of_item(define(NESTED.format("")), "outer") == 2
        assert threads_of_item(define(NESTED.format("")), "outer/inner") == 1

    @pytest.mark.parametrize(("branches", "steps"), [(9, 1), (90, 6)])
    def test_a_partition_runs_its_items_itself(self, branches: int, steps: int) -> None:
        run = Run(wide(branches, steps=steps), 99).go()
        run.execution = partition(run.execution, run.thread(), run.partitions, range(99), 0)
        assert isinstance(run.go().thread().join, ItemJoin)

    @pytest.mark.parametrize(("count", "most", "size"), [(100, 49, 34), (100, 1, 1), (7, 100, 7), (101, 1, 51)])
    def test_no_partition_has_more_items_than_it_has_room_for(self, count: int, most: int, size: int) -> None:
        assert partition_size(count, most) == size


CAUGHT = """
    steps:
      - id: both
        type: parallel
        branches:
          - id: a
            steps:
              - {id: ask, type: call, catch: [{errors: [TooLarge], next: say}]}
              - {id: say, type: call, content: '${error.message}'}
          - {id: b, steps: [{id: ask, type: call}]}
        catch: [{errors: [TooLarge], next: last}]
      - {id: last, type: echo, message: '${error.step}'}
    """
A = "main.1.a"


class TestOutgrown:
    def test_the_step_fails_and_is_caught_by_name(self) -> None:
        run = Run(CAUGHT).go().ask(Outgrown(A, 0, "too much"))
        assert run.performs[A] == "too much"
        assert run.recorded[-2:] == [f"StepFailed {A} both/a/ask", f"StepStarted {A} both/a/say"]

    def test_uncaught_it_is_the_error_of_the_execution_which_can_be_driven_on(self) -> None:
        run = Run("steps: [{id: rest, type: wait, seconds: 45}]").go().ask(Outgrown("main", 1, "too much"))
        assert (run.state, run.error.name, run.error.message) == (State.FAILED, "TooLarge", "too much")

    def test_a_turn_that_is_over_has_not_outgrown_anything(self) -> None:
        run = Run(CAUGHT).go().done("got", A)
        assert run.fold(Outgrown(A, 0, "too much")) == Decision(run.execution)

    def test_the_first_step_gives_up_all_that_it_began(self) -> None:
        run = Run(CAUGHT).go().ask(Outgrown("main", 1, "too much", whole=True))
        assert (list(run.execution.threads), run.output) == (["main"], "both")
