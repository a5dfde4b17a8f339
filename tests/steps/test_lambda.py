from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Call, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.lambda_ import LambdaStep

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))
SCHEMA = compile_schema(dict(LambdaStep.schema))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"payload": {"video": 7}, "mode": "forget"},
        {"payload": None, "mode": "wait"},
        {"function": "arn:aws:lambda:eu-west-1:123456789012:function:render:live"},
        {"qualifier": "$LATEST"},
        {"qualifier": "7"},
    ],
)
def test_the_call_is_performed_as_it_was_rendered(params: dict[str, Json]) -> None:
    params = {"function": "render", **params}
    assert SCHEMA.problems(params) == []
    assert LambdaStep().run(params, CONTEXT) == Call("lambda", params)


def test_it_can_wait_for_a_callback_and_be_made_once_only() -> None:
    params: dict[str, Json] = {
        "function": "render",
        "payload": "***",
        "callback": True,
        "heartbeatSeconds": 60,
        "delivery": "at-most-once",
    }
    assert SCHEMA.problems(params) == []
    expected = Call("lambda", params, once=True, callback=True, heartbeat=timedelta(minutes=1))
    assert LambdaStep().run(params, CONTEXT) == expected


@pytest.mark.parametrize(
    "params",
    [
        {"function": ""},
        {"function": "f" * 301},
        {"function": 7},
        {"qualifier": "a:b"},
        {"qualifier": ""},
        {"mode": "async"},
        {"region": "eu-central-1"},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: dict[str, Json]) -> None:
    assert SCHEMA.problems({"function": "render", **params})


def test_there_is_no_call_without_a_function() -> None:
    assert SCHEMA.problems({"payload": {}})


def test_who_is_to_answer_with_a_token_should_get_it() -> None:
    ((place, _),) = LambdaStep().remarks({"function": "render", "callback": True})
    assert place == "callback"
    assert [*LambdaStep().remarks({"function": "render", "callback": True, "payload": {"token": "***"}})] == []
    assert [*LambdaStep().remarks({"function": "render"})] == []
