"""Results of child executions that are too large for a message, and gone by the time they are read."""

import pytest

from chalicelib.core.executions.implied import MAX_OUTPUT
from chalicelib.core.executions.model import State
from tests.home import ECHO, SUB, Home, caught

LARGE = "x" * MAX_OUTPUT
FAIL = {"type": "fail", "error": "Large", "cause": "${input}"}


def gone(home: Home, *, end: dict[str, object], **step: object) -> str:
    """Start an execution whose child has ended, and is deleted before what it came to is read."""
    home.create(end, name="other")
    home.create({**caught(SUB, "step-1"), "end": True, **step}, {"type": "echo", "message": "${error}"})
    name = home.execute(LARGE)
    home.deliver()
    child = home.child()
    assert child.ended
    del home.executions.items[child.id]
    home.deliver_all()
    return name


@pytest.mark.parametrize("end", [ECHO, FAIL])
def test_the_step_fails_and_says_so(home: Home, end: dict[str, object]) -> None:
    name = gone(home, end=end)
    item = home.read(name)
    assert item.state is State.SUCCEEDED
    error = item.output
    assert isinstance(error, dict)
    assert (error["name"], error["step"], error["attempt"]) == ("ResultLost", "step-0", 1)
    assert str(error["message"]).startswith("the result of t:other:")


def test_it_can_be_tried_again(home: Home) -> None:
    retry = [{"errors": ["ResultLost"], "maxAttempts": 2, "intervalSeconds": 1, "jitter": "none"}]
    name = gone(home, end=ECHO, retry=retry)
    home.clock.sleep(1)
    home.deliver_all()
    assert home.read(name).output == LARGE


@pytest.mark.parametrize(("end", "state"), [(ECHO, State.SUCCEEDED), (FAIL, State.FAILED)])
def test_one_that_is_there_is_read(home: Home, end: dict[str, object], state: State) -> None:
    home.create(end, name="other")
    home.create(SUB)
    name = home.execute(LARGE)
    home.deliver_all()
    item = home.read(name)
    assert item.state is state
    assert item.output == (LARGE if state is State.SUCCEEDED else None)
    assert (item.error is not None and item.error.message == LARGE) is (state is State.FAILED)
