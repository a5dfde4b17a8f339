from collections.abc import Iterator, Sequence

import pytest
from boto3.session import Session
from botocore.stub import ANY, Stubber

from chalicelib.adapters.names import Names
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.core.executions.inputs import Message, ShardDue, Started, StepDue, TimerFired
from chalicelib.core.executions.model import ROOT
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import Json
from tests.adapters.examples import submitted

URL = "https://queue.example/work"


@pytest.fixture
def stub() -> Iterator[Stubber]:
    with Stubber(Session().client("sqs")) as stub:
        stub.add_response("get_queue_url", {"QueueUrl": URL})
        yield stub
        stub.assert_no_pending_responses()


@pytest.fixture
def queue(stub: Stubber) -> SqsQueue:
    return SqsQueue(stub.client, Names("sedo"))


def entries(delays: Sequence[int], first: int = 0) -> Json:
    return [
        {"Id": str(first + n), "MessageBody": ANY, "DelaySeconds": delay, "MessageGroupId": "t"}
        for n, delay in enumerate(delays)
    ]


def failure(number: int, *, sender: bool = False) -> dict[str, object]:
    return {"Id": str(number), "Code": "InternalError", "SenderFault": sender}


def due(turn: int) -> Message:
    return Message("t:d:1", StepDue(ROOT, turn))


def expect(stub: Stubber, operation: str, wanted: Json, *failed: dict[str, object]) -> None:
    stub.add_response(operation, {"Successful": [], "Failed": list(failed)}, {"QueueUrl": URL, "Entries": wanted})


def test_a_delay_is_at_least_none_and_at_most_what_sqs_allows(stub: Stubber, queue: SqsQueue) -> None:
    expect(stub, "send_message_batch", entries([0, 900, 900]))
    queue.send([Message("t:d:1", TimerFired(ROOT, 1), delay=delay) for delay in (-1, 900, 901)])


def test_batches_hold_ten_messages(stub: Stubber, queue: SqsQueue) -> None:
    expect(stub, "send_message_batch", entries([0] * 10))
    expect(stub, "send_message_batch", entries([0]))
    queue.send([due(turn) for turn in range(11)])


def test_batches_hold_250_kb(stub: Stubber, queue: SqsQueue) -> None:
    for count in (2, 2, 1):
        expect(stub, "send_message_batch", entries([0] * count))
    execution = submitted("t", value="x" * 50_000)  # it stands in a submission twice
    queue.send([Message(execution.id, Started(), execution)] * 5)


def test_what_a_batch_did_not_take_is_sent_again(stub: Stubber, queue: SqsQueue) -> None:
    expect(stub, "send_message_batch", entries([0] * 3), failure(1), failure(2))
    expect(stub, "send_message_batch", entries([0] * 2, first=1), failure(2))
    expect(stub, "send_message_batch", entries([0], first=2))
    queue.send([due(turn) for turn in range(3)])


def test_what_is_never_taken_is_told(stub: Stubber, queue: SqsQueue) -> None:
    for _ in range(3):
        expect(stub, "send_message_batch", entries([0]), failure(0))
    with pytest.raises(UnavailableError, match="InternalError"):
        queue.send([due(1)])


def test_a_handle_that_is_gone_is_deleted_already(stub: Stubber, queue: SqsQueue) -> None:
    wanted = [{"Id": "0", "ReceiptHandle": "a"}, {"Id": "1", "ReceiptHandle": "b"}]
    expect(stub, "delete_message_batch", wanted, failure(0, sender=True), failure(1))
    expect(stub, "delete_message_batch", wanted[1:])
    queue.delete("sedo_execution-processor-queue", ["a", "b"])


def test_what_is_never_deleted_is_told(stub: Stubber, queue: SqsQueue) -> None:
    for _ in range(3):
        expect(stub, "delete_message_batch", [{"Id": "0", "ReceiptHandle": "a"}], failure(0))
    with pytest.raises(UnavailableError):
        queue.delete("sedo_execution-processor-queue", ["a"])


def test_what_is_of_no_tenant_has_no_message_group(stub: Stubber, queue: SqsQueue) -> None:
    expect(stub, "send_message_batch", [{"Id": "0", "MessageBody": ANY, "DelaySeconds": 0}])
    queue.send([Message("a", ShardDue("", 0))])


def test_a_url_is_asked_for_once(stub: Stubber, queue: SqsQueue) -> None:
    expect(stub, "send_message_batch", entries([0]))
    expect(stub, "send_message_batch", entries([0]))
    queue.send([due(1)])
    queue.send([due(2)])


def test_a_handle_that_is_gone_is_given_back_already(stub: Stubber, queue: SqsQueue) -> None:
    wanted = [
        {"Id": "0", "ReceiptHandle": "a", "VisibilityTimeout": 3},
        {"Id": "1", "ReceiptHandle": "b", "VisibilityTimeout": 40},
    ]
    expect(stub, "change_message_visibility_batch", wanted, failure(0, sender=True), failure(1))
    expect(stub, "change_message_visibility_batch", wanted[1:])
    queue.give_back("sedo_execution-processor-queue", {"a": 3, "b": 40})
