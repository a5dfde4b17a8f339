import json

import pytest

from chalicelib.core.executions.inputs import Message, Started, StepDue, TimerFired
from chalicelib.core.executions.model import ROOT
from chalicelib.core.records.codec import message_json, read_message
from tests.adapters.conftest import Aws, Backend
from tests.adapters.examples import submitted


def due(tenant: str, turn: int = 1) -> Message:
    return Message(f"{tenant}:order:00c0ffee", StepDue(ROOT, turn))


@pytest.fixture
def drained(backend: Backend) -> Backend:
    for name in (backend.names.work, backend.names.timers):
        backend.queue.delete(name, [message.handle for message in backend.receive(name)])
    return backend


def arrived(backend: Backend) -> list[Message]:
    return [read_message(json.loads(received.body)) for received in backend.receive(backend.names.work)]


def test_a_message_arrives_as_it_was_sent(drained: Backend, tenant: str) -> None:
    execution = submitted(tenant, value={"text": "\x00 \ufffe \U0001f600 é", "number": 1e300})
    message = Message(execution.id, Started(), execution)
    drained.queue.send([message])
    (received,) = drained.receive(drained.names.work)
    assert read_message(json.loads(received.body)) == message
    assert json.loads(received.body) == message_json(message)


def test_a_message_says_whose_it_is(drained: Backend, tenant: str) -> None:
    timer = Message(f"{tenant}:order:00c0ffee", TimerFired(ROOT, 1))
    drained.queue.send([timer, due(tenant), due(f"{tenant}-2")])
    assert [one.group for one in drained.receive(drained.names.timers)] == [tenant]
    assert {one.group for one in drained.receive(drained.names.work)} == {tenant, f"{tenant}-2"}


def test_timers_have_their_own_queue(drained: Backend, tenant: str) -> None:
    timer = Message(f"{tenant}:order:00c0ffee", TimerFired(ROOT, 1))
    drained.queue.send([timer, due(tenant)])
    assert [read_message(json.loads(one.body)) for one in drained.receive(drained.names.timers)] == [timer]
    assert arrived(drained) == [due(tenant)]


def test_a_delayed_message_does_not_arrive_at_once(drained: Backend, tenant: str) -> None:
    drained.queue.send([Message(f"{tenant}:order:00c0ffee", TimerFired(ROOT, 1), delay=900)])
    assert list(drained.receive(drained.names.timers)) == []


def test_more_messages_than_one_batch_arrive(drained: Backend, tenant: str) -> None:
    sent = [due(tenant, turn) for turn in range(23)]
    drained.queue.send(sent)
    assert sorted(message.event.turn for message in arrived(drained)) == list(range(23))


def test_large_messages_arrive_though_a_batch_cannot_hold_them(drained: Backend, tenant: str) -> None:
    submissions = [submitted(tenant, f"{n:08x}", value="x" * 90_000) for n in range(5)]
    drained.queue.send([Message(execution.id, Started(), execution) for execution in submissions])
    assert {message.execution for message in arrived(drained)} == {execution.id for execution in submissions}


def test_a_deleted_message_is_gone_and_a_second_delete_is_no_error(aws: Aws, tenant: str) -> None:
    backend = aws.backend
    before = held(aws)
    backend.queue.send([due(tenant, turn) for turn in range(12)])
    handles = [message.handle for message in backend.receive(backend.names.work)]
    backend.queue.delete(backend.names.work, handles)
    backend.queue.delete(backend.names.work, handles)
    assert held(aws) == before


def held(aws: Aws) -> int:
    url = aws.sqs.get_queue_url(QueueName=aws.names.work)["QueueUrl"]
    answer = aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(answer["ApproximateNumberOfMessages"]) + int(answer["ApproximateNumberOfMessagesNotVisible"])


def test_an_unknown_handle_is_no_error(drained: Backend) -> None:
    drained.queue.delete(drained.names.work, ["no-such-handle"])


def test_nothing_to_send_and_nothing_to_delete_is_no_error(drained: Backend) -> None:
    drained.queue.send([])
    drained.queue.delete(drained.names.work, [])
    assert list(drained.receive(drained.names.work)) == []


def test_a_message_that_is_given_back_is_received_again(drained: Backend, tenant: str) -> None:
    drained.queue.send([due(tenant, turn) for turn in range(12)])
    handles = [message.handle for message in drained.receive(drained.names.work)]
    assert arrived(drained) == []
    drained.queue.give_back(drained.names.work, dict.fromkeys(handles, 0))
    assert len(arrived(drained)) == 12


def test_one_that_is_given_back_for_a_while_is_not_received_before(drained: Backend, tenant: str) -> None:
    drained.queue.send([due(tenant)])
    (message,) = drained.receive(drained.names.work)
    drained.queue.give_back(drained.names.work, {message.handle: 43_000})
    assert arrived(drained) == []


def test_one_that_is_gone_is_given_back_without_an_error(drained: Backend, tenant: str) -> None:
    drained.queue.send([due(tenant)])
    (message,) = drained.receive(drained.names.work)
    drained.queue.delete(drained.names.work, [message.handle])
    drained.queue.give_back(drained.names.work, {message.handle: 5})
    drained.queue.give_back(drained.names.work, {"no-such-handle": 5})
    assert arrived(drained) == []
