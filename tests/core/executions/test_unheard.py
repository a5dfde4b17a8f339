"""Which child executions an execution should have heard of by now."""

from datetime import timedelta

import pytest

from chalicelib.core.executions.factory import awaited, unheard
from chalicelib.core.executions.inputs import PauseRequested
from chalicelib.core.executions.listing import summary_of
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.values.value import copy_with
from tests.core.examples import NOW, Run

SUB = "steps: [{id: sub, type: workflow, definition: other}]"
LARGE = (
    "steps: [{id: each, type: map, items: '${range(`0`, `250`)}', maxConcurrency: 200, steps: [{id: x, type: call}]}]"
)
GRACE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


def begun(definition: str) -> tuple[Execution, list[str]]:
    execution = Run(definition).go().execution
    return execution, awaited(execution, NOW + SECOND, 9)


def ended(execution: Execution, name: str) -> Execution:
    return copy_with(execution, id=name, state=State.SUCCEEDED, ended_at=NOW)


@pytest.mark.parametrize("definition", [SUB, LARGE])
def test_one_that_has_ended_is_told_once_its_message_had_the_time_to_come(definition: str) -> None:
    execution, (name, *_) = begun(definition)
    for child in (ended(execution, name), summary_of(ended(execution, name))):
        assert [*unheard(execution, {name: child}, NOW + GRACE - SECOND, GRACE)] == []
        (detail,) = unheard(execution, {name: child}, NOW + GRACE, GRACE)
        assert detail == f"it waits for {name}, which ended at {NOW:%Y-%m-%dT%H:%M:%SZ}"


def test_one_that_runs_is_not() -> None:
    execution, (name,) = begun(SUB)
    assert [*unheard(execution, {name: copy_with(execution, id=name)}, NOW + 9 * GRACE, GRACE)] == []


def test_one_that_was_not_looked_at_is_not() -> None:
    execution, _ = begun(SUB)
    assert [*unheard(execution, {}, NOW + 9 * GRACE, GRACE)] == []


def test_one_that_never_began_is_told() -> None:
    execution, (name,) = begun(SUB)
    assert [*unheard(execution, {name: None}, NOW + GRACE - SECOND, GRACE)] == []
    assert [*unheard(execution, {name: None}, NOW + GRACE, GRACE)] == [f"it waits for {name}, which does not exist"]


def test_a_partition_may_have_been_asked_for_just_now() -> None:
    execution, (name, *_) = begun(LARGE)
    assert [*unheard(execution, {name: None}, NOW + 9 * GRACE, GRACE)] == []


def test_those_are_looked_at_that_are_waited_for_for_long() -> None:
    execution, names = begun(LARGE)
    assert len(names) == 2
    assert awaited(execution, NOW + SECOND, 1) == names[:1]
    assert awaited(execution, NOW, 9) == []


def test_of_one_that_is_paused_or_has_ended_none_is_looked_at() -> None:
    execution, (name,) = begun(SUB)
    paused = Run(SUB).go().ask(PauseRequested(2)).execution
    assert (awaited(paused, NOW + SECOND, 9), awaited(ended(execution, name), NOW + SECOND, 9)) == ([], [])
