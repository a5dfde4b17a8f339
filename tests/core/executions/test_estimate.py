"""Estimates: of the cheapest and the dearest way through a definition, and of one more of what has no number."""

from typing import Any

import pytest

from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.estimate import Estimate, EstimatedCost, counted, estimate
from chalicelib.steps import STEP_TYPES

ECHO: dict[str, Any] = {"type": "echo", "message": "hello"}
CALL: dict[str, Any] = {"type": "http", "method": "GET", "url": "https://bank.example"}
WAIT: dict[str, Any] = {"type": "wait", "seconds": 30}
ASK: dict[str, Any] = {"type": "callback"}


def estimated(*steps: dict[str, Any]) -> Estimate:
    numbered = [{"id": f"s{number}", **step} for number, step in enumerate(steps)]
    return estimate(parse({"id": "d", "steps": numbered}, STEP_TYPES))


def units(cost: EstimatedCost) -> tuple[int, int, int, int]:
    shown: dict[str, Any] = cost.as_json()
    return shown["writeUnits"], shown["readUnits"], shown["queueRequests"], shown["invocations"]


def test_immediate_steps_cost_one_write_however_many_they_are() -> None:
    for count in (1, 10):
        found = estimated(*[ECHO] * count)
        assert (units(found.most), found.most.steps, found.least) == ((2, 0, 0, 1), count, found.most)


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([CALL], (3, 2, 3, 1)),
        ([CALL, CALL], (4, 2, 3, 1)),
        ([ECHO, CALL], (4, 2, 3, 1)),
        ([{**CALL, "delivery": "repeatable"}] * 3, (3, 2, 3, 1)),
        ([{**CALL, "delivery": "at-most-once"}], (4, 2, 3, 1)),
        ([WAIT], (5, 0, 3, 2)),
        ([{"type": "wait", "seconds": 3600}], (7, 1, 3, 2)),
        ([{"type": "wait", "until": "${input.at}"}], (7, 1, 3, 2)),
        ([WAIT, CALL], (6, 0, 3, 2)),
        ([ASK], (5, 1, 0, 2)),
        ([ASK, ASK], (6, 2, 0, 3)),
        ([ASK, CALL], (7, 2, 3, 3)),
        ([{"type": "event", "name": "paid"}], (5, 1, 0, 2)),
        ([{"type": "event", "name": "paid", "key": "7"}], (9, 3, 3, 2)),
        ([{"type": "task", "title": "Approve"}], (14, 3, 3, 2)),
        ([{"type": "workflow", "definition": "other"}], (4, 3, 6, 2)),
        ([{**CALL, "callback": True}], (6, 3, 3, 2)),
    ],
)
def test_what_waits_calls_and_asks_costs_what_the_engine_does_for_it(
    steps: list[dict[str, Any]], expected: tuple[int, int, int, int]
) -> None:
    assert units(estimated(*steps).most) == expected


def test_ways_that_part_have_a_cheapest_and_a_dearest_one() -> None:
    choose = {"type": "choice", "choices": [{"when": "input.ask", "next": "s2"}], "default": "s1"}
    found = estimated(choose, {**ECHO, "end": True}, ASK)
    assert (units(found.least), units(found.most)) == ((2, 0, 0, 1), (5, 1, 0, 2))
    only = estimated({"type": "choice", "choices": [{"when": "input.ask", "next": "s1"}]}, ASK)
    assert only.least == only.most


def test_ways_that_meet_again_count_what_is_behind_once_each() -> None:
    choose = {"type": "choice", "choices": [{"when": "input.ask", "next": "s1"}], "default": "s2"}
    found = estimated(choose, ECHO, CALL)
    assert (found.least.steps, found.most.steps, units(found.least)) == (2, 3, (4, 2, 3, 1))


def test_a_step_with_a_condition_may_be_skipped() -> None:
    found = estimated(ECHO, {**ASK, "when": "input.ask"}, ECHO)
    assert (found.least.turns, found.least.steps, units(found.least)) == (3, 2, (2, 0, 0, 1))
    assert found.most == estimated(ECHO, ASK, ECHO).most
    asked = estimated({**ASK, "when": "input.ask"})
    assert (units(asked.least), units(asked.most)) == ((2, 0, 0, 1), (5, 1, 0, 2))


@pytest.mark.parametrize("kind", ["fail", "succeed"])
def test_what_is_behind_a_step_that_ends_is_reached_where_that_is_skipped(kind: str) -> None:
    found = estimated({"type": kind, "when": "input.ask"}, CALL)
    assert (units(found.least), units(found.most), found.most.calls) == ((2, 0, 0, 1), (4, 2, 3, 1), 1)


def test_what_is_behind_a_choice_is_reached_where_that_is_skipped() -> None:
    choose = {"type": "choice", "when": "input.ask", "choices": [{"when": "input.now", "next": "s2"}]}
    found = estimated(choose, {**CALL, "end": True}, ECHO)
    assert (units(found.least), units(found.most), found.most.calls) == ((2, 0, 0, 1), (4, 2, 3, 1), 1)


def test_a_call_behind_a_skipped_step_waits_for_its_write() -> None:
    found = estimated({**ASK, "when": "input.ask"}, CALL)
    assert units(found.least) == units(estimated(ECHO, CALL).least)


def test_what_is_nested_behind_ways_that_meet_costs_what_it_does_behind_each_of_them() -> None:
    choose = {"type": "choice", "choices": [{"when": "input.ask", "next": "s1"}], "default": "s2"}
    inner = [{"id": "rest", **WAIT}, {"id": "get", **CALL}]
    fork = {"type": "parallel", "branches": [{"id": "b", "steps": inner}]}
    found = estimated(choose, ASK, fork)
    assert units(found.least) == units(estimated(ECHO, fork).least)
    assert units(found.most) == units(estimated(ECHO, ASK, fork).most)


def test_a_round_of_a_loop_is_told_alone() -> None:
    again = {"type": "choice", "choices": [{"when": "output", "next": "s1"}], "default": "s3"}
    found = estimated(ECHO, WAIT, again, ECHO)
    (more,) = found.more
    assert (more.what, more.step, more.cost.steps, units(more.cost)) == ("round", "s1", 2, (3, 0, 3, 1))
    assert found.most.steps == 4


def test_what_only_goes_round_until_something_else_ends_it_is_estimated_for_one_round() -> None:
    caught = {**CALL, "catch": [{"errors": ["*"], "next": "s2"}]}
    assert estimated(caught, {**WAIT, "next": "s0"}, ECHO).most.steps == 2
    remind = {"id": "remind", "steps": [{"id": "sleep", **WAIT}, {"id": "nudge", **CALL, "next": "sleep"}]}
    decide = {"id": "decide", "steps": [{"id": "ask", **ASK}]}
    found = estimated({"type": "parallel", "join": "first", "branches": [decide, remind]})
    assert (found.most.steps, [each.what for each in found.more]) == (4, ["round"])


def test_an_item_of_a_map_is_told_alone_unless_the_items_stand_in_the_definition() -> None:
    steps = [{"id": "ask", **ASK}, {"id": "say", **ECHO}]
    found = estimated({"type": "map", "items": "${input.items}", "steps": steps})
    (more,) = found.more
    assert (more.what, more.step, units(more.cost), units(found.most)) == ("item", "s0", (2, 1, 0, 1), (3, 0, 0, 1))
    listed = estimated({"type": "map", "items": [1, 2, 3], "steps": steps})
    assert (listed.more, units(listed.most)) == ([], (9, 3, 0, 4))
    assert units(estimated({"type": "map", "items": [], "steps": [{"id": "get", **CALL}]}).most) == (3, 2, 3, 1)


def test_branches_share_the_writes_before_their_calls_and_no_other_ones() -> None:
    def branches(step: dict[str, Any]) -> dict[str, Any]:
        return {"type": "parallel", "branches": [{"id": name, "steps": [{"id": name, **step}]} for name in "abc"]}

    assert units(estimated(branches(CALL)).most) == (4, 2, 3, 1)
    assert units(estimated(branches(ASK)).most) == (9, 3, 0, 4)
    assert units(estimated(branches(ECHO)).most) == (2, 0, 0, 1)


def test_another_attempt_is_told_alone() -> None:
    found = estimated({**CALL, "retry": [{"errors": ["*"]}]})
    (more,) = found.more
    assert (more.what, more.cost.calls, units(more.cost)) == ("attempt", 1, (2, 0, 3, 1))


def test_an_estimate_says_what_it_takes_for_given() -> None:
    shown: Any = estimated(CALL).as_json()
    assert shown["assumptions"]["region"] == "us-east-1"
    call = shown["most"]
    expected = 3 * 0.625 + 2 * 0.125 + 3 * 0.4 + 0.2 + (200 + 15 + 1) * 0.5 * 0.0133334
    assert call["dollars"] * 1e6 == pytest.approx(expected, abs=0.001)


def test_what_was_counted_is_summed_up() -> None:
    costs = [ExecutionCost(3, 2, 30, 10), ExecutionCost(1, 0, 0, 10)]
    found = counted(costs, EstimatedCost(steps=2, turns=3, calls=1))
    assert (units(found), found.steps, found.turns, found.calls) == ((4, 2, 3, 2), 2, 3, 1)


def test_as_many_steps_as_there_may_be_are_walked() -> None:
    assert estimated(*[ECHO] * 1000).most.steps == 1000
