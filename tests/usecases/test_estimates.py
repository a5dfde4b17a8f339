"""Estimates beside what the engine counts of the same definitions when it runs them."""

import itertools
from typing import Any

import pytest

from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.estimate import estimate
from chalicelib.steps import STEP_TYPES
from chalicelib.testing import run

CALL: dict[str, Any] = {"type": "http", "method": "GET", "url": "https://bank.example"}
KINDS: dict[str, dict[str, Any]] = {
    "echo": {"type": "echo", "message": "hello"},
    "call": CALL,
    "once": {**CALL, "delivery": "at-most-once"},
    "again": {**CALL, "delivery": "repeatable"},
    "wait": {"type": "wait", "seconds": 30},
    "long": {"type": "wait", "seconds": 36_000},
    "ask": {"type": "callback"},
    "task": {"type": "task", "title": "Approve"},
    "event": {"type": "event", "name": "paid"},
    "keyed": {"type": "event", "name": "paid", "key": "7"},
    "fork": {
        "type": "parallel",
        "branches": [{"id": name, "steps": [{"id": f"of-{name}", "type": "callback"}]} for name in "ab"],
    },
    "each": {"type": "map", "items": [1, 2, 3], "steps": [{"id": "one", **CALL}]},
}
BOUND = 0.3
"""By which an estimate is from what is counted, of the dollars, at most."""


def costs(*kinds: str) -> tuple[float, float]:
    """Answer the dollars for a million, as estimated and as counted of a run."""
    steps = [{"id": f"s{number}", **KINDS[kind]} for number, kind in enumerate(kinds)]
    document = {"id": "d", "steps": steps}
    names = [step["id"] for step in steps if step["type"] not in {"echo", "wait", "parallel", "map"}]
    names += ["of-a", "of-b"] if "fork" in kinds else []
    names += ["one"] if "each" in kinds else []
    answer = {"result": {}}
    found = run(document, mocks=dict.fromkeys(names, answer)).cost
    assert found is not None
    return 1e6 * estimate(parse(document, STEP_TYPES)).most.dollars, 1e6 * found.dollars


@pytest.mark.parametrize("kinds", [*itertools.product(KINDS, repeat=1), *itertools.permutations(KINDS, 2)])
def test_an_estimate_is_near_to_what_is_counted(kinds: tuple[str, ...]) -> None:
    expected, found = costs(*kinds)
    assert expected == pytest.approx(found, rel=BOUND)
