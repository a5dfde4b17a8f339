"""Folds that fail in the middle, and starts that are refused."""

from chalicelib.core.executions.children import MAX_SPAWNS, MAX_SPAWNS_A_MINUTE
from chalicelib.core.executions.inputs import CallSucceeded
from chalicelib.core.executions.model import Spawns, State, Status
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, define

BRANCHES = """
    steps:
      - id: both
        type: parallel
        branches:
          - {id: a, steps: [{id: ask-a, type: call}]}
          - {id: b, steps: [{id: ask-b, type: call, stash: said, catch: [{errors: [Internal], next: sorry}], end: true},
                            {id: sorry, type: call, content: '${stash}'}]}
"""
ONE_MORE = f"{BRANCHES}          - {{id: c, steps: [{{id: ask-c, type: call}}]}}\n"
CHILD = "steps: [{id: greet, type: workflow, definition: other}]"


class TestAFoldThatFails:
    """The definition has a branch more than began: the last result is recorded, and then cannot be joined."""

    def broken(self) -> Run:
        run = Run(BRANCHES).go().done("first", "main.1.a")
        run.definition = define(ONE_MORE)
        return run

    def test_nothing_is_recorded_of_it_but_the_failure(self) -> None:
        run = self.broken()
        decision = run.fold(CallSucceeded("main.1.b", 0, "second"))
        assert [(record.state, record.step) for record in decision.records] == [
            (State.STEP_FAILED, "both/b/ask-b"),
            (State.STEP_STARTED, "both/b/sorry"),
        ]

    def test_nothing_of_it_is_kept(self) -> None:
        run = self.broken().done("second", "main.1.b")
        assert run.thread().results == {"a": "first"}
        assert run.performs == {"main.1.b": {}}, "the failure is caught, and nothing has been stashed"
        assert run.execution.step == "both/b/sorry"


class TestSharesOfStarts:
    """A partition of a map may start its share of what the whole map may."""

    def started(self, spawns: Spawns) -> bool:
        run = Run(CHILD)
        run.execution = copy_with(run.execution, spawns=spawns)
        return run.go().thread().status is Status.WAITING_FOR_CHILDREN

    def test_a_partition_starts_its_share_of_all_starts(self) -> None:
        most = MAX_SPAWNS // 50
        assert self.started(Spawns(most - 1, NOW, 1, share=50))
        assert not self.started(Spawns(most, NOW, 1, share=50))

    def test_a_partition_starts_its_share_of_the_starts_of_a_minute(self) -> None:
        most = MAX_SPAWNS_A_MINUTE // 50
        assert self.started(Spawns(1, NOW, most - 1, share=50))
        assert not self.started(Spawns(1, NOW, most, share=50))

    def test_a_partition_may_always_start_one(self) -> None:
        assert self.started(Spawns(share=10 * MAX_SPAWNS))
        assert not self.started(Spawns(1, NOW, 0, share=10 * MAX_SPAWNS))
        assert not self.started(Spawns(0, NOW, 1, share=10 * MAX_SPAWNS))
