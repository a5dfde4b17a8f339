from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.grammar import params_schema
from chalicelib.core.definitions.model import Fork, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.parallel import ParallelStep

CONTEXT = StepContext("what came in", datetime(2026, 1, 31, 9, tzinfo=UTC))
SCHEMA = compile_schema(params_schema(ParallelStep()))


@pytest.mark.parametrize(
    ("params", "fork"),
    [({}, Fork(first=False)), ({"join": "all"}, Fork(first=False)), ({"join": "first"}, Fork(first=True))],
)
def test_it_forks_its_branches_and_waits_for_all_or_the_first(params: dict[str, Json], fork: Fork) -> None:
    assert SCHEMA.problems(params) == []
    assert ParallelStep().run(params, CONTEXT) == fork


@pytest.mark.parametrize("params", [{"join": "any"}, {"join": 1}, {"branches": []}])
def test_parameters_that_do_not_fit_are_refused(params: Json) -> None:
    assert SCHEMA.problems(params)
