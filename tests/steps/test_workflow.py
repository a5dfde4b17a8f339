from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import StartChild, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.workflow import WorkflowStep

CONTEXT = StepContext("what came in", datetime(2026, 1, 31, 9, tzinfo=UTC))
SCHEMA = compile_schema(dict(WorkflowStep.schema))


@pytest.mark.parametrize(
    ("params", "child"),
    [
        ({}, StartChild("d", None, "what came in", wait=True)),
        ({"version": 3}, StartChild("d", 3, "what came in", wait=True)),
        ({"version": 3.0}, StartChild("d", 3, "what came in", wait=True)),
        ({"input": {"n": 1}}, StartChild("d", None, {"n": 1}, wait=True)),
        ({"input": None}, StartChild("d", None, None, wait=True)),
        ({"wait": True}, StartChild("d", None, "what came in", wait=True)),
        ({"wait": False}, StartChild("d", None, "what came in", wait=False)),
    ],
)
def test_it_starts_a_child_with_an_input_and_waits_for_it_or_not(params: dict[str, Json], child: StartChild) -> None:
    params["definition"] = "d"
    assert SCHEMA.problems(params) == []
    assert WorkflowStep().run(params, CONTEXT) == child


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"definition": "Upper"},
        {"definition": 5},
        {"definition": "d", "version": 0},
        {"definition": "d", "version": "3"},
        {"definition": "d", "wait": "no"},
        {"definition": "d", "inputs": {}},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: Json) -> None:
    assert SCHEMA.problems(params)
