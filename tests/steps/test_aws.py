from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Call, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.aws import AwsStep

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))
SCHEMA = compile_schema(dict(AwsStep.schema))


def test_it_describes_the_call_with_what_every_call_may_say() -> None:
    params: dict[str, Json] = {
        "service": "sqs",
        "action": "SendMessage",
        "parameters": {"MessageBody": "hello"},
        "delivery": "at-most-once",
        "callback": True,
        "heartbeatSeconds": 60,
    }
    assert SCHEMA.problems(params) == []
    assert AwsStep().run(params, CONTEXT) == Call(
        "aws", params, once=True, callback=True, heartbeat=timedelta(seconds=60)
    )


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"action": "put_item", "parameters": {"Item": {"n": None}}},
        {"region": "us-gov-west-1", "paginate": True},
    ],
)
def test_the_call_is_performed_as_it_was_rendered(params: dict[str, Json]) -> None:
    params = {"service": "dynamodb", "action": "PutItem", **params}
    assert SCHEMA.problems(params) == []
    assert AwsStep().run(params, CONTEXT) == Call("aws", params)


@pytest.mark.parametrize(
    "params",
    [
        {"service": "../s3"},
        {"service": "S3"},
        {"service": 3},
        {"action": ""},
        {"action": "a.b"},
        {"parameters": ["a"]},
        {"parameters": None},
        {"region": "127.0.0.1/"},
        {"region": "eu-central-1.example.com"},
        {"region": "europe"},
        {"paginate": "yes"},
        {"endpoint": "http://127.0.0.1"},
        {"delivery": "twice"},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: dict[str, Json]) -> None:
    assert SCHEMA.problems({"service": "dynamodb", "action": "PutItem", **params})


@pytest.mark.parametrize("params", [{"service": "sqs"}, {"action": "SendMessage"}])
def test_service_and_action_are_both_said(params: dict[str, Json]) -> None:
    assert SCHEMA.problems(params)


def test_functions_are_called_better_by_a_step_of_their_own() -> None:
    for action in ("Invoke", "invoke"):
        ((place, _),) = AwsStep().remarks({"service": "lambda", "action": action})
        assert place == "action"
    assert [*AwsStep().remarks({"service": "sqs", "action": "SendMessage"})] == []
