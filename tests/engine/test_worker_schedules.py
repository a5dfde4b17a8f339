"""Messages for which a schedule is to start something."""

import json

import pytest

from chalicelib.core.executions.inputs import Message, ScheduleDue
from chalicelib.core.records.codec import message_json
from chalicelib.core.values.errors import DamagedError, SedoError, UnavailableError, UnknownFormatError
from chalicelib.core.values.value import copy_with
from tests.engine.test_worker import MINUTE, World, record, world

__all__ = ["world"]


@pytest.mark.parametrize(
    ("error", "left"),
    [
        (DamagedError("schedule a cannot be read"), []),
        (UnknownFormatError("schedule t a", "9"), []),
        (UnavailableError("no answer"), ["a"]),
    ],
)
def test_one_that_cannot_be_read_is_left_to_the_next_run_and_holds_up_no_other(
    world: World, error: SedoError, left: list[str]
) -> None:
    started, due = list[str](), ScheduleDue(at="2026-01-01T00:00:00.000Z")

    def start(place: str, _: str) -> None:
        if place == "t:a":
            raise error
        started.append(place)

    records = [record(name, json.dumps(message_json(Message(f"t:{name}", due))), "timers") for name in "ab"]
    answer = copy_with(world.worker(reports=True), start_due=start).handle(records, "request", MINUTE)
    assert (started, answer) == (["t:b"], {"batchItemFailures": [{"itemIdentifier": name} for name in left]})
