import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chalicelib.core.document import (
    MAX_MESSAGE_BYTES,
    UnknownMessageError,
    execution_json,
    fits,
    message_json,
    read_execution,
    read_message,
)
from chalicelib.core.model import (
    Driver,
    Execution,
    Failure,
    Link,
    Message,
    Started,
    State,
    Status,
    StepDue,
    Thread,
    TimerFired,
)

NOW = datetime(2026, 1, 1, 12, 30, 15, 123000, tzinfo=UTC)
MAIN = Thread("main", 3, Status.JOINING, "both", None, NOW, NOW, Driver("m", "r"), results={"left": [1]})
LEFT = Thread(
    "main.3.left",
    0,
    Status.WAITING,
    "both/left/a",
    {"a": ""},
    NOW,
    NOW,
    Driver("m", "r", handed=True),
    NOW,
    "main",
    "left",
)
LIVE = Execution("t:d:1", "t", "d", 2, "nonce", {"n": 10**30, "f": 1.0, "e": ""}, NOW, {"main": MAIN, LEFT.id: LEFT}, 4)
DONE = replace(
    LIVE,
    threads={},
    state=State.FAILED,
    stash={"kept": [None, True]},
    output=0,
    error=Failure("No", "no", "step", details={"a": 1}),
    ended_at=NOW,
    head=Link("k", "d"),
)


@pytest.mark.parametrize("execution", [LIVE, DONE])
def test_an_execution_comes_back_as_it_was_written(execution: Execution) -> None:
    assert read_execution(json.loads(json.dumps(execution_json(execution)))) == execution


@pytest.mark.parametrize("event", [Started(), StepDue("main", 3), TimerFired("main.3.left", 0)])
def test_a_message_comes_back_without_its_delay(event: Started | StepDue | TimerFired) -> None:
    message = Message("t:d:1", event, submission=LIVE, delay=45)
    assert read_message(json.loads(json.dumps(message_json(message)))) == replace(message, delay=0)


def test_a_message_of_another_version_is_not_guessed_at() -> None:
    with pytest.raises(UnknownMessageError):
        read_message({"v": 2, "execution": "t:d:1"})


def test_a_message_fits_a_queue_up_to_a_size() -> None:
    small = Message("t:d:1", Started(), submission=LIVE)
    large = replace(small, submission=replace(LIVE, input="x" * MAX_MESSAGE_BYTES))
    assert (fits(small), fits(large)) == (True, False)
