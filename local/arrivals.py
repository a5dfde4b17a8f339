"""Which queues this process has sent to: ministack looks ten times a second for those who wait, and SQS at once."""

from collections.abc import Mapping
from threading import Event
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

SENDS = ("SendMessage", "SendMessageBatch")
QUEUE = "sedo_queue"


class Arrivals:
    """Has an event for each queue, set once a client has sent a message there that can be received now.

    It hears of what the client sends (boto3 documentation, "Extensibility guide").
    """

    def __init__(self, client: "SQSClient") -> None:
        self._events: dict[str, Event] = {}
        for operation in SENDS:
            client.meta.events.register(f"provide-client-params.sqs.{operation}", note_queue)
            client.meta.events.register(f"after-call.sqs.{operation}", self._announce)

    def of(self, queue: str) -> Event:
        """Answer the event of a queue, by its URL."""
        return self._events.setdefault(queue, Event())

    def _announce(self, context: Mapping[str, Any], **_: object) -> None:
        if QUEUE in context:
            self.of(context[QUEUE]).set()


def note_queue(params: Mapping[str, Any], context: dict[str, Any], **_: object) -> None:
    """Note in the context of a call where it sends something to that is not delayed."""
    if not all(each.get("DelaySeconds") for each in params.get("Entries", [params])):
        context[QUEUE] = params["QueueUrl"]
