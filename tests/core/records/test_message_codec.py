"""Messages and records as JSON, and back."""

import json
from typing import Any

import pytest

from chalicelib.core.executions.inputs import (
    ChildEnded,
    Input,
    Message,
    Started,
)
from chalicelib.core.executions.model import (
    Failure,
    HistoryEntry,
    State,
    failure_json,
)
from chalicelib.core.records.codec import (
    MAX_MESSAGE_BYTES,
    MESSAGES_READ,
    RECORD,
    UnknownMessageError,
    entry_json,
    fits,
    message_json,
    read_entry,
    read_message,
)
from chalicelib.core.values.json import decode, encode, encode_ascii
from chalicelib.core.values.value import copy_with
from tests.core.records.test_codec import EVENTS, FAILURE, LIVE, NOW


class TestMessages:
    @pytest.mark.parametrize("event", EVENTS, ids=repr)
    def test_one_comes_back_without_its_delay(self, event: Input) -> None:
        message = Message("t:d:1", event, submitted=LIVE, image={"document": {"B": "eA=="}}, delay=45)
        assert read_message(json.loads(json.dumps(message_json(message)))) == copy_with(message, delay=0)
        bare = Message("t:d:1", event)
        assert read_message(json.loads(json.dumps(message_json(bare)))) == bare

    def test_the_names_of_inputs_on_the_wire_are_those_of_messages_in_flight(self) -> None:
        assert {message_json(Message("t:d:1", event))["event"] for event in EVENTS} == {
            "Started",
            "StepDue",
            "TimerFired",
            "ChildEnded",
            "CancelRequested",
            "PauseRequested",
            "ResumeRequested",
            "RedriveRequested",
            "EventPublished",
        }

    def test_on_the_wire(self) -> None:
        assert message_json(
            Message("t:d:1", ChildEnded("main", 1, 0, State.FAILED, error=Failure("No", "no", "s")))
        ) == {
            "v": 1,
            "execution": "t:d:1",
            "event": "ChildEnded",
            "thread": "main",
            "turn": 1,
            "number": 0,
            "state": "ExecutionFailed",
            "error": {"name": "No", "message": "no", "step": "s", "attempt": 1, "details": None},
        }

    def test_one_of_another_version_is_not_guessed_at(self) -> None:
        with pytest.raises(UnknownMessageError):
            read_message({"v": MESSAGES_READ + 1, "execution": "t:d:1"})

    @pytest.mark.parametrize(
        "wrong", [{}, {"v": 1}, {"v": 1, "event": "Poisoned", "execution": "t:d:1", "thread": "main", "turn": 1}]
    )
    def test_what_is_none_says_so(self, wrong: dict[str, object]) -> None:
        with pytest.raises(KeyError):
            read_message(wrong)

    def test_one_fits_a_queue_up_to_a_size(self) -> None:
        small = Message("t:d:1", Started(), submitted=copy_with(LIVE, input=""))
        room = MAX_MESSAGE_BYTES - len(encode_ascii(message_json(small)))
        full = copy_with(small, submitted=copy_with(LIVE, input="x" * room))
        over = copy_with(small, submitted=copy_with(LIVE, input="x" * (room + 1)))
        assert (fits(small), fits(full), fits(over)) == (True, True, False)

    def test_it_is_measured_as_it_is_written(self) -> None:
        submission = copy_with(LIVE, input="é" * (MAX_MESSAGE_BYTES // 4))
        assert not fits(Message("t:d:1", Started(), submitted=submission))


def shown(record: HistoryEntry) -> Any:
    """Write a record, and read it as the API shows it."""
    return read_entry(decode(encode(entry_json(record))))


class TestRecords:
    def test_a_record_with_all_members(self) -> None:
        record = HistoryEntry(
            NOW, State.STEP_FAILED, "main", 3, "s", 2, "ada", [1], FAILURE, {"a": 1}, {"version": {}}, ("c",), 7
        )
        assert shown(record) == {
            "time": "2026-01-01T12:30:15.123Z",
            "state": "StepFailed",
            "thread": "main",
            "turn": 3,
            "step": "s",
            "attempt": 2,
            "actor": "ada",
            "result": [1],
            "error": failure_json(FAILURE),
            "stash": {"a": 1},
            "change": {"version": {}},
            "children": ["c"],
        }

    def test_what_is_said_of_an_item_and_beside(self) -> None:
        entry = HistoryEntry(NOW, State.STEP_STARTED, "main", 0, "s", index=57, about={"params": {"a": 1}, "task": "t"})
        assert shown(entry).items() >= {"index": 57, "params": {"a": 1}, "task": "t", "attempt": 1}.items()
        assert shown(copy_with(entry, about={})).keys() == {*RECORD, "index"}

    def test_a_record_without_optional_members(self) -> None:
        assert shown(HistoryEntry(NOW, State.STARTED, "main", 0, "s")) == {
            "time": "2026-01-01T12:30:15.123Z",
            "state": "ExecutionStarted",
            "thread": "main",
            "turn": 0,
            "step": "s",
            "attempt": 1,
        }
