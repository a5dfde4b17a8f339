from datetime import UTC, datetime

from chalicelib.core.declaration import Perform, StepContext
from chalicelib.steps.lambda_ import Lambda

CONTEXT = StepContext("came in", datetime(2026, 1, 1, tzinfo=UTC))


def test_it_describes_the_call() -> None:
    params = {"function": "render", "payload": {"video": 7}, "mode": "forget"}
    assert Lambda().run(params, CONTEXT) == Perform("lambda", params)


def test_who_is_to_answer_with_a_token_should_get_it() -> None:
    ((place, _),) = Lambda().remarks({"function": "render", "callback": True})
    assert place == "callback"
    assert [*Lambda().remarks({"function": "render", "callback": True, "payload": {"token": "***"}})] == []
    assert [*Lambda().remarks({"function": "render"})] == []
