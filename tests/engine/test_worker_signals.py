"""Messages that say that an event was published: the worker lets those have it that it is for."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.executions.inputs import Message, SignalPublished
from chalicelib.core.executions.model import Signal
from chalicelib.core.values.errors import UnavailableError
from chalicelib.engine.worker import GivenBackError
from tests.home import START, Home

MINUTE = timedelta(minutes=1)


def records(home: Home) -> list[dict[str, Any]]:
    """Make of what is visible what Lambda hands over."""
    return [
        {
            "messageId": message.id,
            "receiptHandle": message.id,
            "body": message.body,
            "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:any",
            "attributes": {"ApproximateReceiveCount": str(home.queue.receive(message).receives)},
        }
        for message in home.queue.visible()
    ]


def matched(home: Home, *keys: str) -> list[str]:
    """Let executions wait for events, and these be published by somebody who dies before they have them."""

    def die() -> None:
        home.executions.rivals = [die]
        raise UnavailableError

    names = []
    for key in keys:
        home.create({"type": "event", "name": "paid", "key": key}, name=f"d{key}")
        names.append(home.execute(definition=f"d{key}"))
        home.executions.rivals = [die]
        with pytest.raises(UnavailableError):
            home.answers.publish("t", "paid", key, Signal(f"event-{key}", "paid", START + timedelta(days=1), key))
        home.executions.rivals = []
    return names


@pytest.mark.parametrize("keys", ["7", "78"])
def test_every_event_of_a_batch_reaches_who_waits_for_it(home: Home, keys: str) -> None:
    names = matched(home, *keys)
    home.clock.sleep(60)
    assert home.worker.handle(records(home), "request", MINUTE) is None
    assert [home.read(name).output for name in names] == list(keys)


def test_a_message_whose_event_did_not_get_there_is_given_back(home: Home) -> None:
    (name,) = matched(home, "7")
    home.clock.sleep(60)

    def die() -> None:
        home.executions.rivals = [die]
        raise UnavailableError

    home.executions.rivals = [die]
    with pytest.raises(GivenBackError):
        home.worker.handle(records(home), "request", MINUTE)
    home.executions.rivals = []
    home.clock.sleep(400)
    home.worker.handle(records(home), "again", MINUTE)
    assert home.read(name).output == "7"


def test_one_that_nobody_waits_for_is_done(home: Home) -> None:
    home.send(Message("t", SignalPublished(name="paid", key="7")))
    assert home.worker.handle(records(home), "request", MINUTE) is None
