from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import StepContext, Succeed
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.transform import TransformStep

SCHEMA = compile_schema(dict(TransformStep.schema))


@pytest.mark.parametrize("incoming", [None, "text", 0, [1, {"a": 2.5}]])
def test_the_result_is_what_came_in(incoming: Json) -> None:
    context = StepContext(incoming, datetime(2026, 1, 31, 9, tzinfo=UTC))
    assert SCHEMA.problems({}) == []
    assert TransformStep().run({}, context) == Succeed(incoming)


def test_it_takes_no_parameters() -> None:
    assert SCHEMA.problems({"message": 1})
