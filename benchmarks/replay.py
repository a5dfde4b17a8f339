"""Calls of AWS, recorded as botocore gets them, to be made again by bare boto3 for other executions."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore import xform_name
from botocore.config import Config

from benchmarks.harness import Harness
from chalicelib.adapters import clients

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

THREADS = 32
"""At most, that make calls at a time."""
WAIT_SECONDS = 5
"""Of a receive, for a message that comes."""
SETTLING = (0.1, 0.2)
"""Seconds from the begin of a receive to the send, between these."""


class RecordedCall(NamedTuple):
    """A call: the client's method, and its parameters."""

    service: str
    method: str
    params: Mapping[str, Any]


@contextmanager
def recording(*found: "BaseClient") -> Iterator[list[RecordedCall]]:
    """Keep the calls of clients for the length of a ``with`` block."""
    calls: list[RecordedCall] = []

    def keep(params: Mapping[str, Any], model: "OperationModel", **_: object) -> None:
        calls.append(RecordedCall(model.service_model.service_name, xform_name(model.name), params))

    for client in found:
        client.meta.events.register("before-parameter-build.*", keep)
    yield calls
    for client in found:
        client.meta.events.unregister("before-parameter-build.*", keep)


class Bare:
    """Makes calls with plain boto3, and with a queue of its own in the place of all others.

    Its clients are as boto3 makes them, or ``configured`` as the product's are.
    """

    def __init__(self, harness: Harness, *, configured: bool = False) -> None:
        many = Config(max_pool_connections=THREADS)
        config = clients.config().merge(many) if configured else many
        self._clients: Mapping[str, Any] = {name: boto3.client(name, config=config) for name in ("dynamodb", "sqs")}
        self._queue, self._hops = (
            self._clients["sqs"].create_queue(QueueName=f"{harness.names.prefix}-{name}")["QueueUrl"]
            for name in ("bare", "hops")
        )

    def ready(self, calls: Sequence[RecordedCall], move: Callable[[str], str]) -> Sequence[RecordedCall]:
        """Make the calls that are to be made; ``move`` turns the id of an execution in a text into that of another."""
        return [call._replace(params=self._moved(call.params, move)) for call in calls]

    def make(self, calls: Sequence[RecordedCall], *, in_order: bool = True) -> None:
        """Make calls; what is received last is what the next delete deletes.

        Out of their order, with others between them, the conditions of some do not hold, which takes as long.
        """
        refused = () if in_order else (self._clients["dynamodb"].exceptions.ConditionalCheckFailedException,)
        received: Sequence[Mapping[str, Any]] = ()
        for service, method, params in calls:
            if method == "delete_message_batch":
                if not received:
                    continue
                handles = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(received)]
                params = {**params, "Entries": handles}  # noqa: PLW2901 - those of the recording are used up
            with suppress(*refused):
                answer = getattr(self._clients[service], method)(**params)
                received = answer.get("Messages", received)

    def hop(self) -> float:
        """Send a message to whoever waits for one, and tell how many seconds it was on its way."""
        sqs, waiting, arrived = self._clients["sqs"], Event(), SimpleQueue[float]()

        def wait() -> None:
            waiting.set()
            sqs.receive_message(QueueUrl=self._hops, WaitTimeSeconds=WAIT_SECONDS)
            arrived.put(time.monotonic())

        thread = Thread(target=wait)
        thread.start()
        waiting.wait()
        time.sleep(random.uniform(*SETTLING))  # not at the same point of its poll each time
        sent = time.monotonic()
        sqs.send_message(QueueUrl=self._hops, MessageBody="hop")
        thread.join()
        return arrived.get() - sent

    def poll(self) -> None:
        """Receive what was sent, and delete it."""
        sqs = self._clients["sqs"]
        found = sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=1).get("Messages", ())
        for message in found:
            sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _moved(self, value: Any, move: Callable[[str], str]) -> Any:  # noqa: ANN401 - parameters of any call
        match value:
            case dict():
                made = {key: self._moved(each, move) for key, each in value.items()}
                return made | {name: self._queue for name in ("QueueUrl",) if name in made}
            case list():
                return [self._moved(each, move) for each in value]
            case str():
                return move(value)
            case _:
                return value
