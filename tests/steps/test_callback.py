from datetime import UTC, datetime, timedelta

from chalicelib.core.definitions.model import Await, Awaited, StepContext
from chalicelib.steps.callback import Callback

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))


def test_it_waits_for_whoever_has_the_token() -> None:
    assert Callback().run({}, CONTEXT) == Await(Awaited.CALLBACK)


def test_they_may_be_silent_for_so_long() -> None:
    assert Callback().run({"heartbeatSeconds": 1.5}, CONTEXT) == Await(
        Awaited.CALLBACK, heartbeat=timedelta(seconds=1.5)
    )
