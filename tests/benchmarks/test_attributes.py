"""The gate: search attributes cost no request and no unit, at the start as with each step."""

from collections.abc import Mapping
from typing import Any

import pytest

from benchmarks.harness import Harness
from benchmarks.metering import Usage
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json

ATTRIBUTES: Mapping[str, Json] = {"orderId": "${input.orderId}", "lane": "${stash.lane}"}
STEPS: Mapping[str, list[Json]] = {
    "start": [{"id": "mark", "type": "transform", "output": "a", "stash": "lane"}],
    "steps": [
        {"id": "pause", "type": "wait", "seconds": 1},
        {"id": "mark", "type": "transform", "output": "a", "stash": "lane"},
        {"id": "again", "type": "wait", "seconds": 1},
        {"id": "other", "type": "transform", "output": "b", "stash": "lane"},
    ],
}


@pytest.mark.parametrize("shape", STEPS)
def test_attributes_cost_no_request_and_no_unit(harness: Harness, shape: str) -> None:
    plain, _ = counted(harness, {"id": f"{shape}-a", "steps": STEPS[shape]})
    found, attributes = counted(harness, {"id": f"{shape}-b", "steps": STEPS[shape], "search": ATTRIBUTES})
    assert (found.requests, found.write_units, found.read_units) == (
        plain.requests,
        plain.write_units,
        plain.read_units,
    )
    assert attributes == {"orderId": "A-17", "lane": {"start": "a", "steps": "b"}[shape]}


def counted(harness: Harness, definition: dict[str, Any]) -> tuple[Usage, Mapping[str, Json]]:
    """Count what an execution takes from its start to its end, its definition known; answer its attributes, too."""
    name, value = harness.define(definition), {"orderId": "A-17"}
    harness.execute(name, value)
    harness.drain()
    with harness.meter.counting() as usage:
        execution = harness.execute(name, value)
        harness.drain()
    ended = harness.read(execution.id)
    assert ended.state is State.SUCCEEDED
    return usage, ended.attributes
