"""Traces from a request of the API to the calls of steps, over messages; with the SDK that a layer brings in Lambda."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from chalicelib.adapters.dynamodb.chunks import DynamoChunks
from chalicelib.adapters.dynamodb.executions import DynamoExecutions
from chalicelib.adapters.http.call import HttpCalls
from chalicelib.adapters.payloads import Payloads
from chalicelib.adapters.sqs import SqsQueue
from chalicelib.adapters.traces import TracedPool, Traces, carried, context, flush
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.executions.inputs import Message, StepDue
from chalicelib.core.values.errors import StepError
from chalicelib.core.values.json_text import read_inner
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Delivery
from chalicelib.engine.receiving import read
from chalicelib.engine.stamped_queue import StampedQueue
from tests.access.guarded import guarded
from tests.adapters.conftest import Aws
from tests.adapters.examples import NOW, submitted
from tests.application import JSON
from tests.home import Home
from tests.loopback import loopback

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-1af7651916cd43dd8448eb211c80319c-c7ad6b7169203331-01"
KEY = CallKey("t:d:1", "main", 1)
CANARY = "canary-in-the-data"
EXPORTER = InMemorySpanExporter()


@pytest.fixture(scope="module", autouse=True)
def provider() -> TracerProvider:
    made = TracerProvider()
    made.add_span_processor(SimpleSpanProcessor(EXPORTER))
    trace.set_tracer_provider(made)
    return made


@pytest.fixture
def spans() -> Iterator["Spans"]:
    EXPORTER.clear()
    yield Spans()
    EXPORTER.clear()


class Spans:
    @property
    def all(self) -> Sequence[ReadableSpan]:
        return EXPORTER.get_finished_spans()

    def one(self, name: str) -> ReadableSpan:
        (found,) = [each for each in self.all if each.name == name]
        return found


class Taking:
    """A queue that keeps what it is sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, messages: Sequence[Message]) -> None:
        self.sent += messages

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        raise AssertionError

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        raise AssertionError


def message(trace_of: str = "") -> Message:
    return Message("t:d:1", StepDue("main", 1), trace=trace_of)


def ids(context: str) -> tuple[int, int]:
    _, trace_id, span_id, _ = context.split("-")
    return int(trace_id, 16), int(span_id, 16)


def test_work_goes_on_in_the_trace_of_its_message_and_so_does_what_it_sends(spans: Spans) -> None:
    taking, home = Taking(), Home()
    group = [Delivery(str(n), message(), trace=each) for n, each in enumerate((GIVEN, OTHER, ""))]
    with Traces("sedo-prod").work(group, home.dependencies) as dependencies:
        StampedQueue(taking, context).send([message(), message(OTHER)])
        assert isinstance(dependencies.queue, StampedQueue)
    work = spans.one("work")
    assert work.parent is not None
    assert (work.parent.trace_id, work.parent.span_id) == ids(GIVEN)
    assert [(each.context.trace_id, each.context.span_id) for each in work.links] == [ids(OTHER)]
    assert work.attributes is not None
    assert (work.attributes["sedo.tenant"], work.attributes["sedo.execution"]) == ("t", "t:d:1")
    first, second = taking.sent
    assert work.context is not None
    assert (ids(first.trace), second.trace) == ((work.context.trace_id, work.context.span_id), OTHER)


def test_a_message_carries_its_trace_over_sqs(ministack_aws: Aws) -> None:
    queue = SqsQueue(ministack_aws.sqs, ministack_aws.names)
    queue.send([message(GIVEN), message()])
    url = ministack_aws.sqs.get_queue_url(QueueName=ministack_aws.names.work)["QueueUrl"]
    found: list[str] = []
    while len(found) < 2:
        answer = ministack_aws.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], AttributeNames=["All"]
        )
        for each in answer["Messages"]:
            attributes = {
                name: {"stringValue": a["StringValue"]} for name, a in each.get("MessageAttributes", {}).items()
            }
            record = {"messageId": "1", "body": each["Body"], "attributes": each["Attributes"]}
            found.append(read({**record, "messageAttributes": attributes}).trace)
    assert sorted(found) == ["", GIVEN]


def test_an_execution_that_waits_is_kept_with_the_trace_in_which_it_was_put_to_wait(moto_aws: Aws) -> None:
    payloads = Payloads(DynamoChunks(moto_aws.dynamodb, moto_aws.names))
    traced, plain = (DynamoExecutions(moto_aws.dynamodb, moto_aws.names, payloads, None, of) for of in (context, None))
    long, short = copy_with(submitted("123"), due_at=NOW), submitted("124")
    with trace.get_tracer("of this test").start_as_current_span("here"):
        for each in (long, short):
            traced.create(each)
        here = context()
    found = [plain.get(each.id) for each in (long, short)]
    assert [each and each.trace for each in found] == [here, ""]
    plain.update(copy_with(long, version=1))
    again = plain.get(long.id)
    assert again is not None
    assert again.trace == ""


def test_a_request_is_told_the_trace_of_its_call_unless_the_step_says_one(spans: Spans) -> None:
    with loopback() as server:
        calls = HttpCalls(lambda _: None, read_inner, local={server.host}, trace=carried)
        handle = Traces("sedo-prod").traced_calls("http", lambda wanted, key: calls(wanted.params, key))
        handle(Call("http", {"url": server.url}), KEY)
        handle(Call("http", {"url": server.url, "headers": {"Traceparent": GIVEN}}), KEY)
    first, second = (each.headers["traceparent"] for each in server.requests)
    span = spans.all[0].context
    assert span is not None
    assert (ids(first), second) == ((span.trace_id, span.span_id), GIVEN)
    assert spans.all[0].kind is trace.SpanKind.CLIENT


def test_a_call_that_fails_says_of_what_kind_and_nothing_of_the_data(spans: Spans) -> None:
    def fails(wanted: Call, key: CallKey) -> Any:
        raise StepError(CANARY, "http.Status.503", {"body": CANARY})

    with pytest.raises(StepError):
        Traces("sedo-prod").traced_calls("http", fails)(Call("http", {"url": CANARY}), KEY)
    found = spans.one("http")
    assert found.attributes is not None
    assert found.attributes["error.type"] == "http.Status.503"
    assert CANARY not in found.to_json()


def test_threads_of_the_pool_go_on_in_the_trace(spans: Spans) -> None:
    with TracedPool(1) as pool, trace.get_tracer("of this test").start_as_current_span("here"):
        assert pool.submit(carried).result() == carried() != {}


def test_a_request_of_the_api_goes_on_in_the_trace_of_its_caller(spans: Spans) -> None:
    with guarded(SEDO_TRACES="otel", SEDO_AUTH="none", SEDO_LOOPBACK="true") as sedo:
        headers = {**JSON, "traceparent": GIVEN}
        assert sedo.ask("GET", f"/sedo/tenants/123/executions/123:d:{CANARY}", headers=headers).status_code == 404
    found = spans.one("GET /sedo/tenants/{tenantId}/executions/{id}")
    assert found.parent is not None
    assert (found.parent.trace_id, found.parent.span_id) == ids(GIVEN)
    assert found.attributes is not None
    assert found.attributes["http.response.status_code"] == 404
    assert CANARY not in found.to_json()


def test_who_asks_is_found_out_in_a_span_without_the_key(spans: Spans) -> None:
    with guarded(SEDO_TRACES="otel") as sedo:
        key = sedo.key("123", "admin")
        assert sedo.status(key, "GET", "/sedo/me") == 200
    found = spans.one("authenticate")
    assert found.kind is trace.SpanKind.SERVER
    assert key["Authorization"].removeprefix("Bearer ") not in found.to_json()
    assert found.attributes == {"sedo.stage": "sedo"}


def test_an_execution_is_traced_to_its_end(spans: Spans) -> None:
    steps = [
        {"id": "first", "type": "wait", "seconds": 1, "next": "then"},
        {"id": "then", "type": "echo", "message": CANARY},
    ]
    with guarded(SEDO_TRACES="otel", SEDO_METRICS="emf", SEDO_AUTH="none", SEDO_LOOPBACK="true") as sedo:
        body = json.dumps({"id": "traced", "steps": steps}).encode()
        assert sedo.ask("POST", "/sedo/tenants/123/definitions", body).status_code == 201
        sedo.ask("POST", "/sedo/tenants/123/definitions/traced/execute", {"input": CANARY})
        sedo.pass_time(2)
    assert spans.one("work").kind is trace.SpanKind.CONSUMER
    assert not [each for each in spans.all if CANARY in each.to_json()]


def test_where_there_is_no_trace_nothing_is_carried_and_all_is_sent() -> None:
    flush()
    assert carried() == {}
