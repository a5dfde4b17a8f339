import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.simulation.failures import Outcome, outcomes, undisturbed
from tests.simulation.faults import Fault

PAGE = (Path(__file__).parents[2] / "docs/failures.md").read_text(encoding="utf-8")
ABRUPT = {Fault.KILL_BEFORE, Fault.KILL_AFTER, Fault.REDELIVER}
IN_FLIGHT = 2
"""Calls at most: those of the two branches."""
VISIBILITY = 360
"""Seconds."""


@pytest.fixture(scope="module")
def every() -> Sequence[Outcome]:
    return [outcome for row in outcomes() for outcome in row]


def test_every_run_came_to_the_same(every: Sequence[Outcome]) -> None:
    assert [outcome for outcome in every if not outcome.same] == []


def test_an_effect_is_repeated_only_after_a_death_or_by_a_twin(every: Sequence[Outcome]) -> None:
    assert {outcome.fault for outcome in every if outcome.calls} == ABRUPT
    assert {outcome.calls for outcome in every} == {0, 1, IN_FLIGHT}


def test_no_delay_is_longer_than_the_visibility_timeout(every: Sequence[Outcome]) -> None:
    assert max(outcome.delay for outcome in every) == VISIBILITY
    assert min(outcome.delay for outcome in every) == 0


def test_the_workflow_meets_every_call_and_every_fault(every: Sequence[Outcome]) -> None:
    assert {outcome.fault for outcome in every} == set(Fault)
    assert {point.call for point in undisturbed().points} == {
        "definitions.get",
        "definitions.newest",
        "calls.start",
        "executions.create",
        "executions.get",
        "executions.update",
        "history.append",
        "queue.delete",
        "queue.send",
    }


def test_every_row_of_the_page_says_that_the_end_was_the_same(every: Sequence[Outcome]) -> None:
    assert f"**{len(every)} of {len(every)} runs came to the same end**" in PAGE
    totals = re.findall(r"^\| \*\*[a-z ]+\*\* \| (\d+) \| (\d+) \|", PAGE, re.MULTILINE)
    assert len(totals) == len(Fault) + 1
    assert all(runs == same for runs, same in totals)
    assert "ANOTHER END" not in PAGE
