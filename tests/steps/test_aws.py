from datetime import UTC, datetime, timedelta

from chalicelib.core.declaration import Perform, StepContext
from chalicelib.steps.aws import Aws

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))


def test_it_describes_the_call_with_what_every_call_may_say() -> None:
    params = {
        "service": "sqs",
        "action": "SendMessage",
        "parameters": {"MessageBody": "hello"},
        "delivery": "at-most-once",
        "callback": True,
        "heartbeatSeconds": 60,
    }
    assert Aws().run(params, CONTEXT) == Perform(
        "aws", params, once=True, callback=True, heartbeat=timedelta(seconds=60)
    )


def test_functions_are_called_better_by_a_step_of_their_own() -> None:
    for action in ("Invoke", "invoke"):
        ((place, _),) = Aws().remarks({"service": "lambda", "action": action})
        assert place == "action"
    assert [*Aws().remarks({"service": "sqs", "action": "SendMessage"})] == []
