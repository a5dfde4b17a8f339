"""Calls that only read: they are made ahead of the write of what others answered, and no other call is."""

from typing import Any

import pytest

from chalicelib.engine.advance import UNWRITTEN_CALLS
from tests.home import Home

READ = {"type": "call", "delivery": "repeatable"}
PAY = {"type": "call"}
ECHO = {"type": "echo", "message": "on"}
WAIT = {"type": "wait", "seconds": 1}


def writes(home: Home, *steps: dict[str, Any]) -> int:
    """Count the writes that steps take."""
    home.create(*steps)
    home.execute()
    home.clock.sleep(2)
    home.deliver_all()
    assert home.only().state == "ExecutionSucceeded", home.only().error
    return home.calls["executions.update"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([READ] * 10, 1),
        ([PAY] * 10, 10),
        ([READ, ECHO, READ, ECHO], 1),
        ([READ, READ, PAY, READ], 3),
        ([PAY, READ, READ], 2),
        ([READ, READ, {**PAY, "delivery": "at-most-once"}, READ], 3),
        ([READ, {**READ, "callback": False}], 1),
        ([READ, WAIT, READ, READ], 3),
        ([READ] * (2 * UNWRITTEN_CALLS + 2), 2),
    ],
)
def test_what_they_answer_is_written_together(home: Home, steps: list[dict[str, Any]], expected: int) -> None:
    assert writes(home, *steps) == expected


def test_branches_that_only_read_are_written_together(home: Home) -> None:
    branches = [{"id": name, "steps": [{"id": f"{name}{n}", **READ} for n in range(3)]} for name in "ab"]
    assert writes(home, {"type": "parallel", "branches": branches}) <= 3
