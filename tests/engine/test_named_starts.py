"""A start under the caller's own name that is made again."""

from collections.abc import Iterator
from contextlib import suppress

import pytest

from chalicelib.core.executions.inputs import Message, Started
from chalicelib.core.executions.model import State
from chalicelib.core.records.codec import MAX_MESSAGE_BYTES
from chalicelib.core.values.errors import ConflictError, UnavailableError
from tests.home import CALL, WAIT, Home


def test_one_whose_message_was_never_sent_is_started_by_its_repeat(home: Home) -> None:
    home.create(CALL)
    home.queue.refusals = 1
    home.service.execute("t", "d", "in", name="mine")
    assert home.waiting() == []
    again, is_new = home.service.execute("t", "d", "in", name="mine")
    assert (again.id, is_new, home.waiting()) == ("t:d:mine", False, [Message("t:d:mine", Started())])
    home.clock.sleep(30)
    home.deliver_all()
    assert (home.only().state, len(home.performed)) == (State.SUCCEEDED, 1)


def test_one_whose_first_call_is_under_way_is_not_called_for_again(home: Home) -> None:
    home.create(CALL)
    for _ in range(2):
        home.service.execute("t", "d", "in", name="mine")
    home.deliver()
    home.clock.sleep(30)
    home.deliver_all()
    assert (home.only().state, len(home.performed), home.waiting()) == (State.SUCCEEDED, 1, [])


def test_one_that_has_begun_is_not_started_again(home: Home) -> None:
    home.create(WAIT)
    home.service.execute("t", "d", "in", name="mine")
    home.deliver()
    before = home.waiting()
    home.service.execute("t", "d", "in", name="mine")
    assert home.waiting() == before


@pytest.mark.parametrize("dies", [False, True])
def test_one_that_another_was_quicker_to_write_is_the_same(home: Home, *, dies: bool) -> None:
    home.create(CALL)

    others = home.tokens

    def tokens() -> Iterator[str]:
        home.tokens = others
        home.queue.refusals = int(dies)
        with suppress(UnavailableError):
            home.service.execute("t", "d", "in", name="mine")
        yield next(others)

    home.tokens = tokens()
    execution, is_new = home.service.execute("t", "d", "in", name="mine")
    assert (execution.id, is_new) == ("t:d:mine", False)
    home.deliver()
    home.clock.sleep(30)
    home.deliver_all()
    assert (home.only().state, len(home.performed)) == (State.SUCCEEDED, 1)


def test_a_repeat_of_one_that_no_message_can_carry_starts_it_too(home: Home) -> None:
    home.create(CALL)
    large = "x" * MAX_MESSAGE_BYTES
    home.queue.refusals = 1
    home.service.execute("t", "d", large, name="mine")
    home.clock.sleep(29)
    home.service.execute("t", "d", large, name="mine")
    home.clock.sleep(1)
    home.deliver_all()
    assert home.only().state is State.SUCCEEDED


def test_a_repeat_with_other_input_starts_nothing(home: Home) -> None:
    home.create(WAIT)
    home.service.execute("t", "d", "in", name="mine")
    with pytest.raises(ConflictError):
        home.service.execute("t", "d", "other", name="mine")
    assert home.only().input == "in"
