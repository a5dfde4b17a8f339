from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import StepContext, Succeed
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.echo import EchoStep

CONTEXT = StepContext("what came in", datetime(2026, 1, 31, 9, tzinfo=UTC))
SCHEMA = compile_schema(dict(EchoStep.schema))


@pytest.mark.parametrize("message", ["Hello", "", None, 0, False, [1, {"a": 2.5}], {}])
def test_the_result_is_the_message_whatever_it_is(message: Json) -> None:
    assert SCHEMA.problems({"message": message}) == []
    assert EchoStep().run({"message": message}, CONTEXT) == Succeed(message)


@pytest.mark.parametrize("params", [{}, {"message": 1, "text": 2}, "message"])
def test_it_takes_a_message_and_nothing_else(params: Json) -> None:
    assert SCHEMA.problems(params)
