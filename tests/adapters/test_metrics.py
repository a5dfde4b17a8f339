import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import product
from types import SimpleNamespace
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.adapters.metrics import KINDS, METRICS, MOST_VALUES, Metrics, error_class
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.executions.inputs import Message, StepDue, TimerFired
from chalicelib.core.executions.model import ENDED, State
from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.values.errors import PoisonError, StepError, UnavailableError
from chalicelib.core.values.prices import PRICES
from chalicelib.engine.model import Delivery, Mode
from chalicelib.engine.worker import Batch
from chalicelib.wiring.counted import CountedIncidents
from tests.home import CALL, ECHO, WAIT, Home
from tests.loopback import Loopback, Reply, loopback

NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = CallKey("t:d:1", "main", 1)


class Written:
    """The lines of a process, each a call of its function that takes a second."""

    def __init__(self) -> None:
        self.lines: list[Any] = []
        self.at = 0.0
        self.metrics = Metrics("sedo-prod", "worker", 1024, lambda line: self.lines.append(json.loads(line)), self.tick)

    def tick(self) -> float:
        self.at += 1
        return self.at

    def during(self, do: Callable[[], object]) -> Any:
        with self.metrics.invocation("asked"):
            do()
        return self.lines[-1]


@pytest.fixture
def written() -> Written:
    return Written()


def test_each_call_is_one_line_that_cloudwatch_can_read(written: Written) -> None:
    first = written.during(lambda: written.metrics.count("Steps", 3))
    second = written.during(lambda: None)
    assert (first["Stage"], first["Function"], first["request"]) == ("sedo-prod", "worker", "asked")
    assert (first["Steps"], first["ColdStarts"], "Steps" in second, "ColdStarts" in second) == (3, 1, False, False)
    declared = {
        (*each["Dimensions"][0], metric["Name"]): metric["Unit"]
        for each in first["_aws"]["CloudWatchMetrics"]
        for metric in each["Metrics"]
    }
    assert declared == {
        ("Stage", "Steps"): "Count",
        ("Stage", "Function", "ColdStarts"): "Count",
        ("Stage", "Function", "Cost"): "None",
    }
    assert {each["Namespace"] for each in first["_aws"]["CloudWatchMetrics"]} == {"sedo"}


def test_a_call_that_fails_has_its_line_too(written: Written) -> None:
    with pytest.raises(KeyError), written.metrics.invocation("asked"):
        raise KeyError
    assert len(written.lines) == 1


def test_the_cost_is_that_of_units_requests_and_time(written: Written) -> None:
    def work() -> None:
        written.metrics.count("WriteUnits", 2)
        written.metrics.count("QueueRequests", 1)

    wanted = 2 * PRICES.write_unit + PRICES.queue_request + PRICES.invocation + PRICES.gigabyte_second
    assert written.during(work)["Cost"] == pytest.approx(wanted)


def test_what_executions_do_is_counted(written: Written) -> None:
    home = Home(observers=(written.metrics.see_write,))
    home.create(ECHO, CALL, WAIT)

    def work() -> None:
        home.execute("in")
        home.clock.sleep(60)
        home.deliver_all()

    line = written.during(work)
    assert (line["ExecutionsStarted"], line["ExecutionsSucceeded"], line["Steps"]) == (1, 1, 3)
    assert line["ExecutionDuration"] == [60_000]
    assert "StepsFailed" not in line


def test_failures_are_counted_and_the_partitions_of_a_map_are_no_executions(written: Written) -> None:
    home = Home(observers=(written.metrics.see_write,))
    home.create(
        {"type": "map", "items": "${range(`200`)}", "steps": [{"id": "each", **ECHO}]}, {"type": "fail", "error": "E"}
    )

    def work() -> None:
        home.execute(None)
        home.deliver_all()

    line = written.during(work)
    assert (line["ExecutionsStarted"], line["ExecutionsFailed"], line["StepsFailed"]) == (1, 1, 1)


def test_a_batch_says_how_late_its_messages_are(written: Written) -> None:
    def message(event: Any, sent: datetime) -> Delivery:
        return Delivery("m", Message("t:d:1", event), 1, sent)

    early = NOW - timedelta(seconds=3)
    deliveries = [
        message(StepDue("main", 1), early),
        message(TimerFired("main", 1, early), NOW - timedelta(minutes=9)),
        message(TimerFired("main", 1), early),
        Delivery("m", Message("t:d:1", StepDue("main", 1))),
    ]
    line = written.during(lambda: written.metrics.see_batch(Batch(deliveries, 5, 3, NOW, Mode.DEAD_LETTERS)))
    assert (line["QueueAge"], line["TimerLateness"]) == ([3000], [3000])
    assert (line["DeadLetters"], line["GivenBack"]) == (5, 2)


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (StepError("no", "http.NotAllowed"), "Refused"),
        (StepError("no", "http.Timeout"), "Unanswered"),
        (StepError("no", "http.BadAnswer", unanswered=True), "Unanswered"),
        (StepError("no", "lambda.AnyNameAtAll"), "Failed"),
    ],
)
def test_errors_of_calls_have_three_classes(error: StepError, found: str) -> None:
    assert error_class(error) == found


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (StepError("no", "lambda.Theirs"), {"LambdaCalls": 1, "LambdaFailed": 1}),
        (ValueError(), {"LambdaCalls": 1, "LambdaUnanswered": 1}),
        (UnavailableError(), {"LambdaCalls": 1}),
    ],
)
def test_calls_are_counted_by_kind_and_class(written: Written, error: Exception, found: dict[str, int]) -> None:
    def fails(wanted: Call, key: CallKey) -> Any:
        raise error

    def work() -> None:
        with pytest.raises(type(error)):
            written.metrics.counted_calls("lambda", fails)(Call("lambda", {}), KEY)

    line = written.during(work)
    assert {name: count for name, count in line.items() if name.startswith("Lambda")} == found


def test_incidents_are_counted_and_kept(written: Written) -> None:
    home = Home()
    incidents = CountedIncidents(home.dependencies.incidents, written.metrics)
    line = written.during(lambda: incidents.record(Incident(IncidentKind.MESSAGE_LOST, "t:d:1@3", NOW, "late")))
    assert line["MessagesLost"] == 1


def test_a_line_holds_a_hundred_values_of_a_metric(written: Written) -> None:
    def work() -> None:
        for _ in range(MOST_VALUES + 1):
            written.metrics.measure("QueueAge", 1)

    assert len(written.during(work)["QueueAge"]) == MOST_VALUES


def answered(server: Loopback, written: Written, service: str, operation: str, reply: Reply, **params: Any) -> Any:
    """Ask a service that answers so; tell the line, and what was asked."""
    server.answers["/"] = reply
    once = Config(retries={"total_max_attempts": 1})
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    session = botocore.session.get_session()
    client: Any = session.create_client(service, "us-east-1", endpoint_url=server.url, config=once, **keys)
    written.metrics.watch(client)

    def work() -> None:
        with suppress(client.exceptions.ClientError):
            getattr(client, operation)(**params)

    return written.during(work)


def json_answer(status: int, **members: Any) -> Reply:
    return Reply(status, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps(members).encode())


def test_units_are_those_that_dynamodb_says(written: Written) -> None:
    with loopback() as server:
        capacity = {"TableName": "t", "CapacityUnits": 1.5}
        key = {"TableName": "t", "Key": {"id": {"S": "1"}}}
        line = answered(server, written, "dynamodb", "get_item", json_answer(200, ConsumedCapacity=capacity), **key)
        assert (line["ReadUnits"], "WriteUnits" in line) == (1.5, False)
        assert json.loads(server.requests[-1].body)["ReturnConsumedCapacity"] == "TOTAL"
        line = answered(server, written, "dynamodb", "delete_item", json_answer(200, ConsumedCapacity=capacity), **key)
        assert (line["WriteUnits"], "ReadUnits" in line) == (1.5, False)


@pytest.mark.parametrize(
    ("code", "found"),
    [("ConditionalCheckFailedException", {"Conflicts": 1, "WriteUnits": 1}), ("ThrottlingException", {"Throttles": 1})],
)
def test_conflicts_and_throttles_are_counted(written: Written, code: str, found: dict[str, int]) -> None:
    with loopback() as server:
        reply = json_answer(400, __type=f"com.amazonaws.dynamodb.v20120810#{code}", message="no")
        line = answered(server, written, "dynamodb", "delete_item", reply, TableName="t", Key={"id": {"S": "1"}})
    assert {name: line[name] for name in ("Conflicts", "Throttles", "WriteUnits") if name in line} == found


def test_a_request_to_sqs_is_one_for_each_64_kilobytes(written: Written) -> None:
    with loopback() as server:
        params = {"QueueUrl": f"{server.url}/q", "MessageBody": "x" * 100_000}
        line = answered(server, written, "sqs", "send_message", json_answer(200, MessageId="1"), **params)
    assert line["QueueRequests"] == 2


def test_no_name_or_dimension_grows_with_what_users_do() -> None:
    assert len(METRICS) < 50
    assert not [name for name in METRICS if not name.isalpha()]


def test_each_metric_is_counted_by_something(written: Written) -> None:
    committed: Any = SimpleNamespace(
        after=SimpleNamespace(partition=None, started_at=NOW),
        entries=[
            SimpleNamespace(state=state, at=NOW, about={"retry": 1}, error=PoisonError("no"))
            for state in (State.STARTED, State.STEP_SUCCEEDED, State.STEP_FAILED, *ENDED)
        ],
    )
    due = [Delivery("m", Message("t:d:1", event), 1, NOW) for event in (StepDue("main", 1), TimerFired("main", 1, NOW))]
    incidents = CountedIncidents(Home().dependencies.incidents, written.metrics)

    def fail(error: StepError) -> CallHandler:
        def handle(wanted: Call, key: CallKey) -> Any:
            raise error

        return handle

    def work() -> None:
        written.metrics.see_write(committed)
        written.metrics.see_batch(Batch(due, 2, 1, NOW, Mode.DEAD_LETTERS))
        for each in IncidentKind:
            incidents.record(Incident(each, "t:d:1@3", NOW, "why"))
        for kind, name in product(KINDS, ("NotAllowed", "Timeout", "Theirs")):
            with suppress(StepError):
                written.metrics.counted_calls(kind, fail(StepError("no", f"{kind}.{name}")))(Call(kind, {}), KEY)

    found = {*written.during(work)}
    asked = {"Conflicts", "Throttles", "ReadUnits", "WriteUnits", "QueueRequests"}  # of requests: tested by themselves
    assert found | asked >= METRICS.keys()
    assert not found & asked
