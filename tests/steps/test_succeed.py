from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import End, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.succeed import SucceedStep

SCHEMA = compile_schema(dict(SucceedStep.schema))


@pytest.mark.parametrize("incoming", [None, "text", 0, [1, {"a": 2.5}]])
def test_it_ends_with_what_came_in(incoming: Json) -> None:
    assert SCHEMA.problems({}) == []
    assert SucceedStep().run({}, StepContext(incoming, datetime(2026, 1, 31, 9, tzinfo=UTC))) == End(incoming)


def test_it_takes_no_parameters() -> None:
    assert SCHEMA.problems({"message": 1})
