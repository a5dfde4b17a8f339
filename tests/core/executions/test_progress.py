"""How far a step has come that others run below."""

from collections.abc import Mapping

import pytest

from chalicelib.core.executions.model import ROOT, Execution, State, Thread
from chalicelib.core.executions.progress import NestProgress, progress
from chalicelib.core.executions.waiting import ItemJoin, PartitionJoin
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run, blank

MAP = """
    steps:
      - id: each
        type: map
        items: '${range(input)}'
        tolerate: {count: 10}
        steps: [{id: a, type: call}]
"""
PARTS = ["t:d:~6aaa375f1bc78e33b8dead7769e84c9f", "t:d:~f0bc74f8d870eee0a4965b07f4e83e2e"]


def come(run: Run, below: Mapping[str, Execution] | None = None) -> NestProgress | None:
    return progress(run.execution, run.thread(), below)


def test_items_count_once_they_have_ended() -> None:
    run = Run(MAP, 3).go()
    assert come(run) == NestProgress(0, 3)
    assert come(run.done(thread="main.1.1").broke(thread="main.1.2")) == NestProgress(2, 3, failed=1)


def test_branches_that_have_ended_are_counted() -> None:
    branches = "[{id: a, steps: [{id: x, type: call}]}, {id: b, steps: [{id: y, type: call}]}]"
    run = Run(f"steps: [{{id: both, type: parallel, branches: {branches}}}]").go()
    assert come(run.done(thread="main.1.b")) == NestProgress(1, 2)


@pytest.mark.parametrize("step", ["{id: a, type: call}", "{id: a, type: workflow, definition: other}"])
def test_below_a_step_that_runs_by_itself_there_is_nothing(step: str) -> None:
    assert come(Run(f"steps: [{step}]").go()) is None


def child(join: ItemJoin | PartitionJoin | None, results: Mapping[str, Json], state: State) -> Execution:
    root = Thread(ROOT, 1, Run(MAP, 3).go().thread().status, "each", None, NOW, NOW, join=join, results=results)
    return copy_with(blank(), threads={ROOT: root}, state=state)


class TestPartitions:
    """150 items are two executions of 75."""

    def test_of_those_that_have_ended_all_items_count(self) -> None:
        run = Run(MAP, 150).go()
        assert come(run) == NestProgress(0, 150, exact=False)
        assert come(run.child(State.SUCCEEDED, 1, failed=2)) == NestProgress(75, 150, failed=2, exact=False)

    def test_of_those_that_are_looked_at_the_items_that_have_ended(self) -> None:
        run = Run(MAP, 150).go()
        first = child(ItemJoin(75, 75, 75, 10, failed=1), {str(n): n for n in range(57)}, State.STEP_STARTED)
        untouched, over = child(None, {}, State.SUBMITTED), child(None, {}, State.SUCCEEDED)
        assert come(run, {PARTS[0]: first}) == NestProgress(57, 150, failed=1, exact=False)
        assert come(run, {PARTS[0]: first, PARTS[1]: over}) == NestProgress(132, 150, failed=1)
        assert come(run, {PARTS[1]: untouched}) == NestProgress(0, 150, exact=False)

    def test_one_that_has_some_of_its_own_says_what_it_knows(self) -> None:
        run = Run(MAP, 150).go()
        inner = child(PartitionJoin(5, begun=5, items=75, turn=1), {"0": 0}, State.STEP_STARTED)
        assert come(run, {PARTS[0]: inner}) == NestProgress(15, 150, exact=False)

    def test_the_last_one_may_be_smaller(self) -> None:
        run = Run(MAP, 151).go().child(State.SUCCEEDED, 1)
        assert come(run) == NestProgress(75, 151, exact=False)
