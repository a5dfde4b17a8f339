"""How :mod:`chalicelib.core.executions.decide` goes on with what stood in the middle of something at a failure."""

from chalicelib.core.executions.inputs import CancelRequested, ChildEnded, RedriveRequested
from chalicelib.core.executions.model import Partition, State, Status
from chalicelib.core.executions.requests import CALL_LASTS
from chalicelib.core.executions.waiting import ItemJoin, PartitionJoin
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run

ONE_BY_ONE = """
    steps:
      - id: outer
        type: parallel
        retry: [{errors: [Timeout], intervalSeconds: 1, jitter: none}]
        branches:
          - id: a
            steps:
              - id: each
                type: map
                items: [one, two]
                maxConcurrency: 1
                timeoutSeconds: 5
                steps: [{id: ask, type: call}]
    """
WAVES = """
    steps:
      - id: each
        type: map
        items: '${range(`201`)}'
        maxConcurrency: 67
        timeoutSeconds: 5
        retry: [{errors: [Timeout], intervalSeconds: 1, jitter: none}]
        steps: [{id: ask, type: call}]
    """
TOLERANT = """
    steps:
      - id: each
        type: map
        items: [0, 1]
        tolerate: {count: 1}
        steps: [{id: ask, type: call}]
    """


def test_the_next_item_begins_though_the_one_before_ended_when_the_map_was_over_time() -> None:
    run = Run(ONE_BY_ONE).go().later(5)
    assert run.thread("main.1.a").status is Status.FAILED
    run.done("one", "main.1.a.1.0")
    assert run.later(1).performs.keys() == {"main.1.a.2.1"}
    assert run.done("two", "main.1.a.2.1").output == {"a": ["one", "two"]}


def test_the_next_wave_begins_though_the_one_before_ended_when_the_map_was_over_time() -> None:
    run = Run(WAVES).go().later(5)
    join = run.thread().join
    assert isinstance(join, PartitionJoin)
    run.fold(ChildEnded("main", join.turn, 0, State.SUCCEEDED))
    join = run.later(1).thread().join
    assert isinstance(join, PartitionJoin)
    assert (join.begun, run.thread().status) == (2, Status.WAITING_FOR_CHILDREN)


def test_a_call_that_may_be_under_way_is_waited_for_though_its_step_is_named() -> None:
    run = Run("steps: [{id: ask, type: call}]").go().ask(CancelRequested()).ask(RedriveRequested(step="ask"))
    assert (run.thread().turn, run.thread().busy_until) == (0, NOW + CALL_LASTS)
    assert run.thread().driver is not None
    assert run.thread().driver.handed


def test_an_event_that_is_waited_for_by_key_is_waited_for_at_another_turn() -> None:
    run = Run("steps: [{id: rest, type: event, name: paid, key: k}]").go()
    turn = run.thread().turn
    run.ask(CancelRequested()).ask(RedriveRequested())
    assert (run.thread().turn, run.thread(f"main@{turn}").status) == (turn + 1, Status.OVER)


def test_a_failure_that_a_partition_tolerates_stays_one_at_a_redrive() -> None:
    run = Run(TOLERANT)
    root = copy_with(run.thread(), incoming=[0, 1])
    part = Partition(0, 2, 1, {"id": "t:d:0"})
    run.execution = copy_with(run.execution, partition=part, threads={"main": root})
    run.go().broke("No", "main.1.0").broke("No", "main.1.1")
    assert run.state is State.FAILED
    run.ask(RedriveRequested())
    join = run.thread().join
    assert isinstance(join, ItemJoin)
    assert (join.failed, run.performs.keys()) == (1, {"main.1.1"})
