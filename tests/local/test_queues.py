import json
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from chalice.app import Chalice, SQSEvent
from chalice.config import Config
from moto import mock_aws

from local.arrivals import Arrivals, QueueArrivals
from local.backend import REGION
from local.functions import Function
from local.queues import TOGETHER_SECONDS, QueueDriver

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

CONFIG = Config(
    chalice_stage="local",
    config_from_disk={"app_name": "small", "lambda_timeout": 60, "lambda_memory_size": 512},
)


class Mapped:
    """An application with one function behind one queue; ``seen`` is what the function was called with."""

    def __init__(self, sqs: "SQSClient") -> None:
        self.sqs = sqs
        self.url = sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
        self.seen: list[tuple[dict[str, Any], Any]] = []
        self.called = threading.Semaphore(0)
        self.error: Exception | None = None
        self.app = Chalice(app_name="small")
        self.app.on_sqs_message(queue="work", batch_size=10)(self.on_work)
        self.now = 0.0
        self.arrivals = Arrivals(sqs, lambda: self.now)
        self.driver = self.driver_of(sqs)

    def driver_of(self, sqs: "SQSClient", batch_size: int = 10, **more: Any) -> QueueDriver:
        return QueueDriver(sqs, "work", Function(self.app, "on_work", CONFIG), batch_size, self.arrivals, **more)

    def on_work(self, event: SQSEvent) -> dict[str, Any]:
        self.seen.append((event.to_dict(), event.context))
        self.called.release()
        if self.error:
            raise self.error
        return {"batchItemFailures": [{"itemIdentifier": record["messageId"]} for record in event.to_dict()["Records"]]}

    def left(self) -> tuple[int, int]:
        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=list(names))["Attributes"]
        return int(attributes[names[0]]), int(attributes[names[1]])


@pytest.fixture
def mapped() -> Iterator[Mapped]:
    with mock_aws():
        yield Mapped(boto3.client("sqs", region_name=REGION))


def test_a_message_arrives_as_lambda_hands_it_over(mapped: Mapped) -> None:
    attributes = {
        "kind": {"DataType": "String", "StringValue": "start"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
    }
    sent = mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody="hello", MessageAttributes=attributes)
    mapped.driver.handle(mapped.driver.receive())
    event, _ = mapped.seen[0]
    (record,) = event["Records"]
    assert json.loads(json.dumps(event)) == event
    assert record.pop("receiptHandle")
    assert record.pop("attributes").items() >= {"ApproximateReceiveCount": "1"}.items()
    assert record == {
        "messageId": sent["MessageId"],
        "body": "hello",
        "md5OfBody": sent["MD5OfMessageBody"],
        "messageAttributes": {
            "kind": {"dataType": "String", "stringValue": "start", "stringListValues": [], "binaryListValues": []},
            "raw": {"dataType": "Binary", "binaryValue": "AAE=", "stringListValues": [], "binaryListValues": []},
        },
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:work",
        "awsRegion": "us-east-1",
    }


def test_the_context_is_a_new_one_for_each_invocation(mapped: Mapped) -> None:
    for body in ("one", "two"):
        mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody=body)
        mapped.driver.handle(mapped.driver.receive())
    one, two = (context for _, context in mapped.seen)
    assert one.aws_request_id != two.aws_request_id
    assert one.function_name == "small-local-on_work"
    assert 0 < one.get_remaining_time_in_millis() <= 60_000
    assert isinstance(one.get_remaining_time_in_millis(), int)


def test_up_to_ten_messages_make_one_batch_that_is_deleted_whatever_the_function_answers(mapped: Mapped) -> None:
    for number in range(10):
        mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody=str(number))
    mapped.driver.handle(mapped.driver.receive())
    assert [len(event["Records"]) for event, _ in mapped.seen] == [10]
    assert mapped.left() == (0, 0)


def test_a_batch_stays_hidden_in_the_queue_when_the_function_raises(
    mapped: Mapped, capsys: pytest.CaptureFixture[str]
) -> None:
    mapped.error = ValueError("no")
    mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody="x")
    mapped.driver.handle(mapped.driver.receive())
    assert mapped.left() == (0, 1)
    assert "on_work failed: ValueError('no')" in capsys.readouterr().err


def test_a_message_that_the_function_deleted_itself_does_no_harm(mapped: Mapped) -> None:
    mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody="x")
    messages = mapped.driver.receive()
    mapped.sqs.delete_message(QueueUrl=mapped.url, ReceiptHandle=messages[0]["ReceiptHandle"])
    mapped.driver.handle(messages)
    assert mapped.left() == (0, 0)


def test_the_driver_runs_until_it_is_told_to_stop_and_lets_the_last_invocation_end(mapped: Mapped) -> None:
    stop, may_end = threading.Event(), threading.Event()
    app = Chalice(app_name="small")

    @app.on_sqs_message(queue="work")
    def slow(event: SQSEvent) -> None:
        stop.set()
        may_end.wait(10)

    mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody="x")
    driver = QueueDriver(mapped.sqs, "work", Function(app, "slow", CONFIG), 1, mapped.arrivals, poll_seconds=0)
    running = threading.Thread(target=driver.run, args=(stop,))
    running.start()
    stop.wait(10)
    running.join(0.1)
    assert running.is_alive()
    may_end.set()
    running.join(10)
    assert mapped.left() == (0, 0)


def test_a_queue_that_fails_is_told_and_tried_again(mapped: Mapped, capsys: pytest.CaptureFixture[str]) -> None:
    class Pause(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            self.set()
            return True

    mapped.sqs.delete_queue(QueueUrl=mapped.url)
    mapped.driver.run(Pause())
    assert "cannot receive messages" in capsys.readouterr().err


class NotedPauses(threading.Event):
    """Notes for how long it is waited for; nobody waits."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return self.is_set()


class DeafToPolls:
    """A client of SQS whose polls, until they may end, find nothing."""

    def __init__(self, sqs: "SQSClient") -> None:
        self._sqs = sqs
        self.polled, self.may_end = threading.Event(), threading.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sqs, name)

    def receive_message(self, **params: Any) -> Any:
        if not params["WaitTimeSeconds"]:
            return self._sqs.receive_message(**params)
        self.polled.set()
        self.may_end.wait(10)
        return {}


@pytest.mark.parametrize(("batch_size", "batches"), [(10, [3]), (1, [1, 1, 1])])
def test_what_arrives_is_handed_over_though_a_poll_waits(mapped: Mapped, batch_size: int, batches: list[int]) -> None:
    stop, deaf = NotedPauses(), DeafToPolls(mapped.sqs)
    driver = mapped.driver_of(deaf, batch_size)  # type: ignore[arg-type] # the rest is the client's
    running = threading.Thread(target=driver.run, args=(stop,))
    running.start()
    deaf.polled.wait(10)
    entries: Any = [{"Id": str(number), "MessageBody": "x"} for number in range(3)]
    mapped.sqs.send_message_batch(QueueUrl=mapped.url, Entries=entries)
    assert all(mapped.called.acquire(timeout=10) for _ in batches)
    stop.set()
    deaf.may_end.set()
    running.join(10)
    assert [len(event["Records"]) for event, _ in mapped.seen] == batches
    assert stop.seconds == [TOGETHER_SECONDS]


@pytest.mark.parametrize(("delays", "left"), [([0], 0), ([5], 5), ([5, 0], 0), ([7, 5], 5), ([None], 0)])
def test_what_is_sent_is_expected_when_it_can_be_received(mapped: Mapped, delays: list[int | None], left: int) -> None:
    entries: Any = [
        {"Id": str(number), "MessageBody": "x"} | ({} if delay is None else {"DelaySeconds": delay})
        for number, delay in enumerate(delays)
    ]
    mapped.sqs.send_message_batch(QueueUrl=mapped.url, Entries=entries)
    assert mapped.arrivals.of(mapped.url).left() == left
    assert mapped.arrivals.of("another").left() is None


def test_what_is_given_back_is_expected_when_it_is_shown_again(mapped: Mapped) -> None:
    mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody="x", DelaySeconds=9)
    mapped.sqs.send_message(QueueUrl=mapped.url, MessageBody="x", DelaySeconds=0)
    (message,) = mapped.driver.receive()
    arrivals = mapped.arrivals.of(mapped.url)
    assert arrivals.wait()
    mapped.sqs.change_message_visibility_batch(
        QueueUrl=mapped.url,
        Entries=[{"Id": "0", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 3}],
    )
    assert arrivals.left() == 3
    mapped.now += 3
    assert arrivals.wait()
    assert arrivals.left() == 6


def test_who_waits_for_what_is_expected_later_waits_as_long() -> None:
    arrivals = QueueArrivals(time.monotonic)
    arrivals.expect(0.01)
    assert arrivals.wait()
    assert arrivals.left() is None
