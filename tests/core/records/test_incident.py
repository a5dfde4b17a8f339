"""Incidents: what they are known by, and when they are over."""

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.executions.model import ROOT, Execution, State, Status, Thread
from chalicelib.core.records.incident import (
    SHOWN_FOR,
    Incident,
    IncidentFilter,
    IncidentKey,
    IncidentKind,
    OpenIncident,
    look_period,
    of_execution,
    over,
    redrive_problem,
)
from chalicelib.core.values.errors import IncidentNotFoundError
from chalicelib.core.values.value import copy_with

NOW = datetime(2026, 1, 31, 9, tzinfo=UTC)
EXECUTION = Execution("t:order:1", "t", "order", 1, "0", None, NOW, {}, version=3, state=State.STEP_STARTED)


def opened(kind: IncidentKind) -> OpenIncident:
    return OpenIncident(of_execution(kind, EXECUTION, NOW, "so it is").key, NOW)


def test_an_incident_is_known_by_its_kind_and_the_execution_as_it_stood() -> None:
    incident = of_execution(IncidentKind.STUCK, EXECUTION, NOW, "so it is")
    assert incident.key.id == "stuck:t:order:1@3"
    assert IncidentKey.parse("t", incident.key.id) == incident.key


@pytest.mark.parametrize("text", ["stuck:", "stuck", "lost:t:order:1@3", ""])
def test_what_is_no_id_of_an_incident_is_not_found(text: str) -> None:
    with pytest.raises(IncidentNotFoundError):
        IncidentKey.parse("t", text)


@pytest.mark.parametrize("kind", [IncidentKind.STUCK, IncidentKind.MESSAGE_LOST, IncidentKind.POISON])
def test_an_incident_of_an_execution_is_over_once_that_has_moved_on(kind: IncidentKind) -> None:
    assert over(opened(kind), NOW, EXECUTION) is None
    moved = copy_with(EXECUTION, version=4)
    assert over(opened(kind), NOW, moved) == "t:order:1 has moved on: it is StepStarted at version 4"
    assert over(opened(kind), NOW, None) == "t:order:1 does not exist"


def test_an_execution_that_is_over_its_budget_is_so_until_it_goes_on() -> None:
    paused = copy_with(EXECUTION, version=5, state=State.PAUSED, paused_at=NOW)
    assert over(opened(IncidentKind.BUDGET), NOW, paused) is None
    assert over(opened(IncidentKind.BUDGET), NOW, copy_with(paused, state=State.STARTED, paused_at=None)) is not None


def test_a_dead_letter_is_one_for_as_long_as_functions_may_die_of_it() -> None:
    letter = opened(IncidentKind.DEAD_LETTER)
    threads = {ROOT: Thread(ROOT, 1, Status.READY, "charge", None, NOW, NOW, strikes=2)}
    assert over(letter, NOW, copy_with(EXECUTION, version=5, threads=threads)) is None
    assert over(letter, NOW, copy_with(EXECUTION, version=6)) is not None


def test_a_message_that_nobody_can_read_is_long_shown_for_a_time() -> None:
    parked = OpenIncident(Incident(IncidentKind.MESSAGE_UNREADABLE, "m", NOW, "so it is").key, NOW)
    assert over(parked, NOW, None) is None
    assert over(parked, NOW + SHOWN_FOR, None) == "it was shown for 7 days, and nothing can mend it"


def test_what_is_about_the_index_is_over_when_the_index_says_so() -> None:
    parked = OpenIncident(Incident(IncidentKind.INDEX_BEHIND, "shard-1", NOW, "so it is").key, NOW)
    assert over(parked, NOW + 2 * SHOWN_FOR, None) is None


@pytest.mark.parametrize(("age", "minutes"), [(0, 1), (7, 1), (8, 2), (40, 10), (60 * 24, 60)])
def test_an_open_incident_is_looked_at_the_less_often_the_older_it_is(age: int, minutes: int) -> None:
    assert look_period(timedelta(minutes=age)) == timedelta(minutes=minutes)


def test_who_may_see_some_executions_sees_their_incidents_and_no_others() -> None:
    mine = of_execution(IncidentKind.STUCK, EXECUTION, NOW, "so it is")
    index = Incident(IncidentKind.INDEX_BEHIND, "shard-1", NOW, "so it is")
    assert [IncidentFilter().takes(each) for each in (mine, index)] == [True, True]
    some = IncidentFilter(names=frozenset({"o*"}))
    assert [some.takes(each) for each in (mine, index)] == [True, False]
    version = IncidentFilter(is_readable=lambda _, version: version == 2)
    assert version.takes(mine) is False
    assert version.takes(copy_with(mine, definition_version=2)) is True


def test_an_incident_says_whether_its_cause_is_gone() -> None:
    mine = of_execution(IncidentKind.STUCK, EXECUTION, NOW, "so it is")
    assert (mine.state, copy_with(mine, ended_at=NOW).state) == ("open", "ended")


FAILED = copy_with(EXECUTION, version=4, state=State.FAILED, ended_at=NOW)
PAUSED = copy_with(EXECUTION, version=4, state=State.PAUSED, paused_at=NOW)


@pytest.mark.parametrize(
    ("kind", "found", "problem"),
    [
        (IncidentKind.STUCK, EXECUTION, None),
        (IncidentKind.MESSAGE_LOST, FAILED, "t:order:1 has ended: it is ExecutionFailed"),
        (IncidentKind.POISON, FAILED, None),
        (IncidentKind.POISON, EXECUTION, "t:order:1: it is StepStarted"),
        (IncidentKind.BUDGET, PAUSED, None),
        (IncidentKind.BUDGET, EXECUTION, "t:order:1: it is not paused"),
        (IncidentKind.STUCK, None, "t:order:1 does not exist, or is damaged"),
        (IncidentKind.INDEX_RECORD, None, "a rebuild of the index mends it: make reindex"),
        (IncidentKind.INDEX_BEHIND, None, "nothing can be done again of index-behind"),
    ],
)
def test_a_redrive_is_possible_where_it_can_mend_something(
    kind: IncidentKind, found: Execution | None, problem: str | None
) -> None:
    assert redrive_problem(of_execution(kind, EXECUTION, NOW, "so it is"), found) == problem


def test_what_is_over_is_not_redriven() -> None:
    over_it = copy_with(of_execution(IncidentKind.STUCK, EXECUTION, NOW, "so it is"), ended_at=NOW, ended="it moved on")
    assert redrive_problem(over_it, EXECUTION) == "it is over: it moved on"
