"""What becomes of a step whose child execution cannot have its id, as another execution has it."""

import pytest

from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import Message
from chalicelib.core.executions.model import State
from chalicelib.core.records.codec import MAX_MESSAGE_BYTES
from chalicelib.core.values.value import copy_with
from tests.home import ECHO, SUB, WAIT, Home, caught

REPORT = {"type": "echo", "message": "${[error.name, error.message]}"}
AGAIN = {"errors": ["IdTaken"], "maxAttempts": 2, "intervalSeconds": 1, "jitter": "none"}
MAP = {"type": "map", "items": "${range(`101`)}", "steps": [{"id": "a", **ECHO}]}


@pytest.fixture(autouse=True)
def other(home: Home) -> None:
    home.create(WAIT, name="other")


def take(home: Home, message: Message) -> str:
    """Have another execution stand where a message is to start one."""
    assert message.submitted is not None
    home.executions.create(copy_with(message.submitted, nonce="another", parent=None, input="theirs"))
    return message.execution


def test_no_caller_can_name_an_execution_like_a_child(home: Home) -> None:
    home.create(SUB)
    home.execute("in")
    (started,) = home.waiting()
    assert ExecutionId.parse(started.execution).suffix.startswith("~")


def test_the_step_fails_and_says_so(home: Home) -> None:
    home.create(caught(SUB, "step-1"), REPORT)
    name = home.execute("in")
    taken = take(home, *home.waiting())
    home.deliver_all()
    why = f"the id {taken} of the execution that the step starts is taken: tried again, the step takes another one"
    assert home.read(name).output == ["IdTaken", why]
    assert home.read(taken).input == "theirs"


def test_so_it_does_where_the_message_has_come_twice(home: Home) -> None:
    home.create(caught(SUB, "step-1"), REPORT)
    name = home.execute("in")
    (started,) = home.waiting()
    take(home, started)
    home.send(started)
    home.deliver_all()
    assert "IdTaken" in str(home.read(name).output)


def test_so_it_does_where_the_input_is_too_large_for_a_message(home: Home) -> None:
    before = Home()
    for each in (before, home):
        each.create(WAIT, name="other")
        each.create(caught({**SUB, "input": "x" * MAX_MESSAGE_BYTES}, "step-1"), REPORT)
    before.execute("in")
    theirs = copy_with(before.child(), nonce="another", parent=None)
    home.executions.create(theirs)
    name = home.execute("in")
    home.deliver_all()
    assert home.read(name).output[0] == "IdTaken"
    assert home.read(theirs.id) == theirs


def test_one_that_is_not_waited_for_is_not_heard_of(home: Home) -> None:
    home.create({**SUB, "wait": False})
    name = home.execute("in")
    taken = take(home, *[each for each in home.waiting() if each.submitted is not None])
    home.deliver_all()
    assert home.read(name).output == {"id": taken}


def test_another_attempt_takes_another_id(home: Home) -> None:
    home.create({**SUB, "retry": [AGAIN]})
    name = home.execute("in")
    take(home, *home.waiting())
    home.deliver_all()
    home.clock.sleep(1)
    home.deliver_all()
    home.clock.sleep(45)
    home.deliver_all()
    assert (home.read(name).state, home.read(name).output) == (State.SUCCEEDED, "in")


def test_a_map_fails_of_which_a_part_cannot_be(home: Home) -> None:
    home.create(caught(MAP, "step-1"), REPORT)
    name = home.execute()
    started = [message for message in home.waiting() if message.submitted is not None]
    take(home, started[1])
    home.deliver_all()
    assert home.read(name).state is State.SUCCEEDED
    assert "IdTaken" in str(home.read(name).output)
