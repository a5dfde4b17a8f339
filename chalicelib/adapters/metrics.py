"""Metrics of a function: counted while it works, written as one line at the end of each call.

The line has the embedded metric format (Amazon CloudWatch User Guide, "Specification: Embedded metric format"):
CloudWatch makes metrics of it. Only what is not zero is in it: a metric that nobody sends costs nothing.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from time import monotonic, time
from typing import Any, NamedTuple, TypeAlias

from chalicelib.adapters.calls.pool import CallHandler
from chalicelib.core.definitions.model import Call
from chalicelib.core.executions.identity import CallKey
from chalicelib.core.executions.inputs import TimerFired
from chalicelib.core.executions.model import ENDED, State
from chalicelib.core.records.incident import IncidentKind
from chalicelib.core.values.errors import PoisonError, StepError, UnavailableError
from chalicelib.core.values.json import Json
from chalicelib.core.values.prices import PRICES
from chalicelib.engine.model import Mode
from chalicelib.engine.observers import Committed
from chalicelib.engine.worker import Batch

NAMESPACE = "sedo"
MOST_VALUES = 100
"""Of a metric in one line (the same specification)."""
GIGABYTE_MB = 1024
QUEUE_BYTES = 64 * 1024
"""Of a request to SQS that are billed as one."""

KINDS = {"http": "Http", "aws": "Aws", "lambda": "Lambda"}
REFUSED = ("NotAllowed", "Blocked", "InvalidParameters", "InvalidRequest")
"""How the names of errors end of calls that were not made."""
SILENT = ("Timeout", "Connect")
"""Of calls that had no answer."""
THROTTLES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
CONFLICT = "ConditionalCheckFailedException"
METERED = frozenset(
    {"BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query", "Scan", "UpdateItem"}
)
"""Operations of DynamoDB that tell what they took, if asked to."""
READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan"})


class MetricKind(NamedTuple):
    """What is counted or measured."""

    unit: str
    about: str
    of_function: bool = False
    """Whether each function has its own; else the stage has one."""


ERRORS = {
    "Refused": "not made, as they are not allowed or not valid",
    "Unanswered": "no answer, or none that can be read",
    "Failed": "an answer that is an error",
}
"""The classes of errors of calls."""

METRICS: Mapping[str, MetricKind] = {
    "ExecutionsStarted": MetricKind("Count", "executions that began, children among them"),
    "ExecutionsSucceeded": MetricKind("Count", "executions that succeeded"),
    "ExecutionsFailed": MetricKind("Count", "executions that failed"),
    "ExecutionsTimedOut": MetricKind("Count", "executions that were over their time"),
    "ExecutionsCancelled": MetricKind("Count", "executions that were cancelled"),
    "ExecutionDuration": MetricKind("Milliseconds", "from the start of an execution to its end"),
    "Steps": MetricKind("Count", "steps that succeeded or failed, each attempt counted"),
    "StepsFailed": MetricKind("Count", "attempts of steps that failed"),
    "Retries": MetricKind("Count", "failures after which a `retry` tries again"),
    "Poisoned": MetricKind("Count", "steps that failed with `Poison`: a message of theirs fails by itself"),
    **{f"{kind}Calls": MetricKind("Count", f"calls of `{name}` steps") for name, kind in KINDS.items()},
    **{
        f"{kind}{error}": MetricKind("Count", f"calls of `{name}` steps: {about}")
        for name, kind in KINDS.items()
        for error, about in ERRORS.items()
    },
    "MessagesLost": MetricKind(
        "Count", "executions that the schedule found late: a message was lost, or a function died"
    ),
    "MessagesUnreadable": MetricKind("Count", "dead letters that say nothing, and were parked as incidents"),
    "ExecutionsStuck": MetricKind("Count", "executions that stood, and that the schedule woke"),
    "OverBudget": MetricKind("Count", "executions that were paused as they had cost what they may cost"),
    "IndexIncidents": MetricKind("Count", "changes of tables that could not be indexed for search, or came too late"),
    "QueueAge": MetricKind("Milliseconds", "since a message was sent, timers left out", of_function=True),
    "TimerLateness": MetricKind("Milliseconds", "since a timer was to fire", of_function=True),
    "DeadLetters": MetricKind("Count", "dead letters that were worked on", of_function=True),
    "GivenBack": MetricKind(
        "Count", "messages that are to come again: after a failure, or for the next attempt of a step", of_function=True
    ),
    "Conflicts": MetricKind("Count", "conditional writes that found something else than was read", of_function=True),
    "Throttles": MetricKind("Count", "requests that DynamoDB or SQS put off, retries counted", of_function=True),
    "ColdStarts": MetricKind("Count", "first calls of a new environment", of_function=True),
    "ReadUnits": MetricKind("Count", "read units of DynamoDB", of_function=True),
    "WriteUnits": MetricKind("Count", "write units of DynamoDB", of_function=True),
    "QueueRequests": MetricKind("Count", "requests to SQS, of 64 KB each", of_function=True),
    "Cost": MetricKind("None", "dollars for units, requests and the time of the function", of_function=True),
}

ENDS = {
    State.SUCCEEDED: "ExecutionsSucceeded",
    State.FAILED: "ExecutionsFailed",
    State.TIMED_OUT: "ExecutionsTimedOut",
    State.CANCELLED: "ExecutionsCancelled",
}
INCIDENTS = {
    IncidentKind.MESSAGE_LOST: "MessagesLost",
    IncidentKind.MESSAGE_UNREADABLE: "MessagesUnreadable",
    IncidentKind.STUCK: "ExecutionsStuck",
    IncidentKind.BUDGET: "OverBudget",
    IncidentKind.INDEX_RECORD: "IndexIncidents",
    IncidentKind.INDEX_BEHIND: "IndexIncidents",
}
"""Poison is counted where the step fails."""
Sums: TypeAlias = Mapping[str, "float | Sequence[float]"]
PRICED = {
    "ReadUnits": PRICES.read_unit,
    "WriteUnits": PRICES.write_unit,
    "QueueRequests": PRICES.queue_request,
}
"""Dollars of one."""


class Metrics:
    """What this process has counted since its last line; thread-safe.

    Args:
        stage: the dimension ``Stage``.
        function: the dimension ``Function``.
        memory_mb: of the function, for what its time costs.
        write: takes the line.
        seconds: tells time that only goes on.
    """

    def __init__(
        self,
        stage: str,
        function: str,
        memory_mb: int,
        write: Callable[[str], object],
        seconds: Callable[[], float] = monotonic,
    ) -> None:
        self._about = {"Stage": stage, "Function": function}
        self._memory_gb, self._write, self._seconds = memory_mb / GIGABYTE_MB, write, seconds
        self._lock = Lock()
        self._counts: dict[str, float] = {}
        self._values: dict[str, list[float]] = {}
        self._is_cold = True

    def count(self, name: str, by: float = 1) -> None:
        """Add to a metric."""
        if by:
            with self._lock:
                self._counts[name] = self._counts.get(name, 0) + by

    def measure(self, name: str, found: float) -> None:
        """Keep a value of a metric; of more than a line can hold, the first ones."""
        with self._lock:
            kept = self._values.setdefault(name, [])
            if len(kept) < MOST_VALUES:
                kept.append(round(found, 1))

    @contextmanager
    def invocation(self, request: str) -> Iterator[None]:
        """Count a call of the function, and write its line at the end, however it ends."""
        begun = self._seconds()
        with self._lock:
            is_cold, self._is_cold = self._is_cold, False
        self.count("ColdStarts", is_cold)
        try:
            yield
        finally:
            spent = (self._seconds() - begun) * self._memory_gb * PRICES.gigabyte_second
            self.count(
                "Cost", spent + PRICES.invocation + sum(self._counts.get(name, 0) * PRICED[name] for name in PRICED)
            )
            self._write(self._line(request))

    def _line(self, request: str) -> str:
        with self._lock:
            found: Sums = {**self._counts, **self._values}
            self._counts, self._values = {}, {}
        directives = []
        for dimensions in (["Stage"], ["Stage", "Function"]):
            ours = [name for name in found if METRICS[name].of_function is (len(dimensions) > 1)]
            if ours:
                metrics = [{"Name": name, "Unit": METRICS[name].unit} for name in ours]
                directives.append({"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": metrics})
        head = {"Timestamp": int(time() * 1000), "CloudWatchMetrics": directives}
        return json.dumps({"_aws": head, **self._about, "request": request, **found})

    def see_write(self, committed: Committed) -> None:
        """Count what a write of an execution commits."""
        item = committed.after
        is_whole = item.partition is None
        for entry in committed.entries:
            if entry.state is State.STARTED:
                self.count("ExecutionsStarted", is_whole)
            elif entry.state in ENDED:
                self.count(ENDS[entry.state], is_whole)
                if is_whole:
                    self.measure("ExecutionDuration", _milliseconds(item.started_at, entry.at))
            elif entry.state in {State.STEP_SUCCEEDED, State.STEP_FAILED}:
                self.count("Steps")
            if entry.state is State.STEP_FAILED:
                self.count("StepsFailed")
                self.count("Retries", "retry" in entry.about)
                self.count("Poisoned", entry.error is not None and entry.error.name == PoisonError.name)

    def see_batch(self, batch: Batch) -> None:
        """Count the messages of a call, and how late they are."""
        self.count("DeadLetters", batch.received if batch.mode is Mode.DEAD_LETTERS else 0)
        self.count("GivenBack", batch.received - batch.done)
        for delivery in batch.deliveries:
            event = delivery.message.event
            if isinstance(event, TimerFired):
                if event.by is not None:
                    self.measure("TimerLateness", max(0.0, _milliseconds(event.by, batch.at)))
            elif delivery.sent_at is not None:
                self.measure("QueueAge", max(0.0, _milliseconds(delivery.sent_at, batch.at)))

    def counted_calls(self, kind: str, handler: CallHandler) -> CallHandler:
        """Count the calls that a handler makes, and what errors they come to, by class."""

        def handle(wanted: Call, key: CallKey) -> Json:
            self.count(f"{KINDS[kind]}Calls")
            try:
                return handler(wanted, key)
            except StepError as error:
                self.count(KINDS[kind] + error_class(error))
                raise
            except UnavailableError:
                raise
            except Exception:
                self.count(f"{KINDS[kind]}Unanswered")
                raise

        return handle

    def watch(self, client: Any) -> None:  # noqa: ANN401 - any client of botocore
        """Count what the requests of a client to DynamoDB or SQS take."""
        service = client.meta.service_model.service_name
        if service == "dynamodb":
            client.meta.events.register("before-parameter-build.dynamodb", _ask_for_units)
        client.meta.events.register(f"before-call.{service}", self._see_request)
        client.meta.events.register(f"response-received.{service}", self._see_answer)

    def _see_request(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:  # noqa: ANN401 - of botocore
        if model.service_model.service_name == "sqs":
            self.count("QueueRequests", max(1, -(-len(params["body"]) // QUEUE_BYTES)))

    def _see_answer(self, parsed_response: Mapping[str, Any] | None, event_name: str, **_: Any) -> None:  # noqa: ANN401 - the same
        answer = parsed_response or {}
        code = answer.get("Error", {}).get("Code")
        self.count("Throttles", code in THROTTLES)
        self.count("Conflicts", code == CONFLICT)
        self.count("WriteUnits", code == CONFLICT)  # one at least, and DynamoDB does not say how many
        taken = answer.get("ConsumedCapacity", ())
        units = "ReadUnits" if event_name.rpartition(".")[2] in READS else "WriteUnits"
        for each in [taken] if isinstance(taken, dict) else taken:
            self.count(units, each.get("CapacityUnits", 0))


def error_class(error: StepError) -> str:
    """Tell of which class the error of a call is: there are three, whatever names errors have."""
    name = error.name.rpartition(".")[2]
    if name in REFUSED:
        return "Refused"
    return "Unanswered" if error.unanswered or name in SILENT else "Failed"


def _milliseconds(since: datetime, until: datetime) -> float:
    return (until - since).total_seconds() * 1000


def _ask_for_units(params: dict[str, Any], event_name: str, **_: Any) -> None:  # noqa: ANN401 - of botocore
    if event_name.rpartition(".")[2] in METERED:
        params["ReturnConsumedCapacity"] = "TOTAL"
