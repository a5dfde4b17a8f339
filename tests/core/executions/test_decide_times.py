"""When a step is over time and tried again, where templates say it."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.executions.model import State, Status
from chalicelib.core.values.json import Json
from tests.core.examples import NOW, Run

CALL = """
steps:
  - {id: nap, type: echo, message: n, stash: {left: '${input.seconds}'}}
  - id: ask
    type: call
    timeoutSeconds: ${stash.left}
    retry:
      - {errors: [Slow], jitter: none, intervalSeconds: 9}
      - {errors: ['*'], jitter: none, backoffRate: 1, intervalSeconds: '${input.pause}', maxAttempts: '${input.most}'}
"""
GIVEN: Json = {"seconds": 20, "pause": 5, "most": 3}


def run(**more: Any) -> Run:
    return Run(CALL, {**GIVEN, **more}).go()


def test_an_attempt_is_over_time_when_its_template_says() -> None:
    assert run().thread().deadline == NOW + timedelta(seconds=20)
    assert Run(
        "steps: [{id: ask, type: call, timeoutSeconds: '${input}'}]", 7
    ).go().thread().deadline == NOW + timedelta(seconds=7)


def test_it_is_tried_again_as_often_and_as_late_as_templates_say() -> None:
    tried = run().broke("Busy")
    assert (tried.thread().status, tried.until) == (Status.RETRYING, NOW + timedelta(seconds=5))
    assert run().broke("Slow").until == NOW + timedelta(seconds=9)
    assert run(most=1).broke("Busy").state is State.FAILED


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"seconds": False}, "/timeoutSeconds"),
        ({"seconds": 0}, "/timeoutSeconds"),
        ({"pause": "soon"}, "/intervalSeconds"),
        ({"most": 1_000}, "/maxAttempts"),
    ],
)
def test_what_is_no_number_fails_the_step_before_it_does_anything(more: dict[str, Json], place: str) -> None:
    failed = run(**more)
    assert (failed.state, failed.error.name, failed.error.step) == (State.FAILED, "InvalidParameters", "ask")
    assert failed.error.message.endswith(f"at {place}")


def test_null_leaves_a_time_out() -> None:
    assert run(seconds=None).thread().deadline is None
    assert run(pause=None).broke("Busy").until == NOW + timedelta(seconds=1)
    assert run(most=None).broke("Busy").thread().status is Status.RETRYING
