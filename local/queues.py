"""A stand-in for the event source mapping of a queue: receives, calls the function, deletes what it has done."""

import threading
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from local.arrivals import Arrivals
from local.backend import ACCOUNT, REGION
from local.lambda_events import sqs_event
from local.terminal import log

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import DeleteMessageBatchRequestEntryTypeDef, MessageTypeDef

    from local.functions import Function

POLL_SECONDS = 2  # as long as an end may take: a poll that is broken off would hide what it received
PAUSE_SECONDS = 1.0
TOGETHER_SECONDS = 0.01  # what arrives so soon after a look is received together
MAX_BATCH = 10  # of one receive_message
CONCURRENCY = 4


class QueueDriver:
    """Hands the messages of one queue to a function, several batches at once.

    It polls, and looks once more when something arrives: whoever polls ministack has it up to a tenth of a second late.
    A message that the function did not get done stays in the queue, hidden until its visibility timeout ends. The
    answer of the function is ignored: the mapping that Chalice makes does not report batch item failures.

    Raises:
        ClientError: the queue is not there.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what a mapping is made of
        self,
        sqs: "SQSClient",
        queue: str,
        function: "Function",
        batch_size: int,
        arrivals: Arrivals,
        poll_seconds: int = POLL_SECONDS,
    ) -> None:
        self._sqs = sqs
        self._function = function
        self._url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        self._arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
        self._batch_size = min(batch_size, MAX_BATCH)
        self._arrivals = arrivals.of(self._url)
        self._poll_seconds = poll_seconds
        self._slots = threading.Semaphore(CONCURRENCY)

    def run(self, stop: threading.Event) -> None:
        """Drive the queue until told to stop, then wait for the invocations under way."""
        looking = threading.Thread(target=self._look_at_arrivals, args=(stop,), daemon=True)
        looking.start()
        while not stop.is_set():
            self._take(stop, self._poll_seconds)
        self._arrivals.close()
        looking.join()
        for _ in range(CONCURRENCY):
            self._slots.acquire()

    def receive(self, seconds: int = 0) -> list["MessageTypeDef"]:
        """Wait so long for messages, and take one batch of them."""
        answer = self._sqs.receive_message(
            QueueUrl=self._url,
            MaxNumberOfMessages=self._batch_size,
            WaitTimeSeconds=seconds,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return answer.get("Messages", [])

    def handle(self, messages: list["MessageTypeDef"]) -> None:
        """Call the function with one batch, and delete the batch where it returns."""
        if self._function.invoke(sqs_event(messages, self._arn)):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(place), "ReceiptHandle": message["ReceiptHandle"]} for place, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)

    def _look_at_arrivals(self, stop: threading.Event) -> None:
        while self._arrivals.wait():
            while self._take(stop, 0) == self._batch_size and not stop.is_set():
                pass
            stop.wait(TOGETHER_SECONDS)

    def _take(self, stop: threading.Event, seconds: int) -> int:
        """Hand one batch over, once there is a place for it; answer how many messages it has."""
        self._slots.acquire()
        try:
            messages = self.receive(seconds)
        except (BotoCoreError, ClientError) as error:
            log(f"cannot receive messages: {error}")
            stop.wait(PAUSE_SECONDS)
            messages = []
        if messages:
            threading.Thread(target=self._handle_and_release, args=(messages,), daemon=True).start()
        else:
            self._slots.release()
        return len(messages)

    def _handle_and_release(self, messages: list["MessageTypeDef"]) -> None:
        try:
            self.handle(messages)
        except (BotoCoreError, ClientError) as error:
            log(f"cannot delete messages: {error}")
        finally:
            self._slots.release()
