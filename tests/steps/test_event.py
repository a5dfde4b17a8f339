from datetime import UTC, datetime

import pytest

from chalicelib.core.definitions.model import AnswerKind, StepContext, WaitForAnswer
from chalicelib.core.values.errors import InvalidDefinitionError
from chalicelib.steps.event import EventStep
from tests.core.examples import define

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))


def test_it_waits_for_an_event_of_a_name_and_a_key() -> None:
    params = {"name": "paid", "key": "7", "schema": {"type": "object"}}
    assert EventStep().run(params, CONTEXT) == WaitForAnswer(AnswerKind.EVENT, params)


def test_a_schema_that_is_none_is_refused_with_the_definition() -> None:
    with pytest.raises(InvalidDefinitionError) as caught:
        define("steps: [{id: paid, type: event, name: paid, schema: {properties: {a: {pattern: '(a+)+(?=b)'}}}}]")
    assert [problem.pointer for problem in caught.value.problems] == ["/steps/0/schema/properties/a/pattern"]
