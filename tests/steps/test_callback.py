from datetime import UTC, datetime, timedelta

from chalicelib.core.definitions.model import AnswerKind, StepContext, WaitForAnswer
from chalicelib.steps.callback import CallbackStep

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))


def test_it_waits_for_whoever_has_the_token() -> None:
    assert CallbackStep().run({}, CONTEXT) == WaitForAnswer(AnswerKind.CALLBACK)


def test_they_may_be_silent_for_so_long() -> None:
    assert CallbackStep().run({"heartbeatSeconds": 1.5}, CONTEXT) == WaitForAnswer(
        AnswerKind.CALLBACK, heartbeat=timedelta(seconds=1.5)
    )
