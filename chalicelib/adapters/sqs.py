"""The queues of work and of timers, in SQS.

Each message says whose it is, as its message group: so a tenant with many messages does not keep those of others
waiting (Amazon SQS Developer Guide, "Amazon SQS fair queues").
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from chalicelib.adapters.dynamodb.faults import unavailable
from chalicelib.adapters.names import Names
from chalicelib.core.executions.inputs import OF_TIMER_QUEUE, TRACE, Message
from chalicelib.core.records.codec import message_json
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import encode_ascii

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef as Failure
    from mypy_boto3_sqs.type_defs import ChangeMessageVisibilityBatchRequestEntryTypeDef as Change
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef as Deletion
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Sending

BATCH = 10
"""Entries of one request (Amazon SQS Developer Guide, "message quotas")."""
BATCH_BYTES = 250_000
"""Well below what a request may hold, whatever SQS counts beside the bodies."""
LONGEST_DELAY = 900
"""Seconds (Amazon SQS API Reference, "SendMessageBatchRequestEntry")."""
TRIES = 3
"""How often the entries of a batch that failed are sent."""

Entry = TypeVar("Entry", "Sending", "Deletion", "Change")


class SqsQueue:
    """Both queues; their URLs are asked for once."""

    def __init__(self, client: "SQSClient", names: Names) -> None:
        self._client = client
        self._names = names
        self._urls: dict[str, str] = {}

    def send(self, messages: Sequence[Message]) -> None:
        """Send messages."""
        timers = [message for message in messages if isinstance(message.event, OF_TIMER_QUEUE)]
        others = [message for message in messages if not isinstance(message.event, OF_TIMER_QUEUE)]
        for queue, group in ((self._names.work, others), (self._names.timers, timers)):
            for entries in _batches(group):
                self._send(queue, entries)

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        """Acknowledge messages."""
        for start in range(0, len(handles), BATCH):
            batch = handles[start : start + BATCH]
            self._delete(queue, [{"Id": str(n), "ReceiptHandle": handle} for n, handle in enumerate(batch)])

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        """Change the visibility timeout of messages."""
        handles = list(seconds)
        for start in range(0, len(handles), BATCH):
            batch = handles[start : start + BATCH]
            self._give_back(
                queue,
                [
                    {"Id": str(n), "ReceiptHandle": handle, "VisibilityTimeout": seconds[handle]}
                    for n, handle in enumerate(batch)
                ],
            )

    def _send(self, queue: str, entries: "list[Sending]") -> None:
        def call(left: "list[Sending]") -> "list[Failure]":
            return self._client.send_message_batch(QueueUrl=self._url(queue), Entries=left).get("Failed", [])

        _insist(call, entries)

    def _delete(self, queue: str, entries: "list[Deletion]") -> None:
        def call(left: "list[Deletion]") -> "list[Failure]":
            return _ours(self._client.delete_message_batch(QueueUrl=self._url(queue), Entries=left).get("Failed", []))

        _insist(call, entries)

    def _give_back(self, queue: str, entries: "list[Change]") -> None:
        def call(left: "list[Change]") -> "list[Failure]":
            answer = self._client.change_message_visibility_batch(QueueUrl=self._url(queue), Entries=left)
            return _ours(answer.get("Failed", []))

        _insist(call, entries)

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self._client.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]


def _batches(messages: Sequence[Message]) -> "Iterator[list[Sending]]":
    """Make the entries of one request each: at most ten, and not too large together."""
    entries: list[Sending] = []
    size = 0
    for message in messages:
        body = encode_ascii(message_json(message))  # SQS refuses some characters
        if len(entries) == BATCH or (entries and size + len(body) > BATCH_BYTES):
            yield entries
            entries, size = [], 0
        delay = min(max(message.delay, 0), LONGEST_DELAY)
        entry: Sending = {"Id": str(len(entries)), "MessageBody": body, "DelaySeconds": delay}
        if message.trace:
            entry["MessageAttributes"] = {TRACE: {"DataType": "String", "StringValue": message.trace}}
        entries.append(entry if message.tenant is None else {**entry, "MessageGroupId": message.tenant})
        size += len(body)
    if entries:
        yield entries


def _ours(failed: "list[Failure]") -> "list[Failure]":
    """Leave out the sender's faults: a handle that has expired or was used: the message is gone, or somebody else's."""
    return [failure for failure in failed if not failure["SenderFault"]]


def _insist(call: "Callable[[list[Entry]], list[Failure]]", entries: list[Entry]) -> None:
    """Call until no entry fails.

    Raises:
        UnavailableError: some still fail.
    """
    failed: list[Failure] = []
    for _ in range(TRIES):
        with unavailable():
            failed = call(entries)
        if not failed:
            return
        ids = {failure["Id"] for failure in failed}
        entries = [entry for entry in entries if entry["Id"] in ids]
    raise UnavailableError(f"SQS did not take {len(failed)} entries: {failed[0]['Code']}")
