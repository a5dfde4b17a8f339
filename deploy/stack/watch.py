"""The alarms of a stack and its dashboard."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.adapters.dynamodb.tables import EXECUTIONS, HISTORY
from chalicelib.adapters.metrics import ENDS, ERRORS, INCIDENTS, KINDS, NAMESPACE
from chalicelib.adapters.names import Names
from chalicelib.core.values.value import value
from deploy.policies import FUNCTIONS, DeployedStage
from deploy.stack.stores import DEAD
from deploy.stack.syntax import Block, logical_id, ref, resource, sub, when

MINUTE = 60
COUNTED = "HasMetricAlarms"
LATE_TIMERS = 60
"""Seconds."""
LATE_INDEX = 900_000
"""Milliseconds."""
LATE_SECONDS = {"work": 300, "timers": 120}
WRITTEN = (EXECUTIONS, HISTORY)
"""The tables that every step writes."""


@value
class Alarm:
    """A metric, and what of it is too much for how many minutes."""

    name: str
    about: str
    namespace: str
    metric: str
    dimensions: Mapping[str, object]
    threshold: int
    minutes: int = 5
    statistic: str = "Sum"
    condition: str = "HasAlarms"
    comparison: str = "GreaterThanThreshold"
    missing: str = "notBreaching"
    every: bool = False
    """Whether each of the minutes has to be so, and not one of them."""
    page: str = ""
    """The heading of its runbook, if that is not its name."""

    @property
    def runbook(self) -> str:
        """Where it is said what to do."""
        return f"docs/observing.md#{self.page or self.name}"


def alarms(stage: DeployedStage) -> Iterator[tuple[str, Block]]:
    """Declare the alarms."""
    for each in declared(stage):
        properties = {
            "AlarmName": f"{stage.settings.prefix}-{each.name}",
            "AlarmDescription": f"{each.about}. What to do: {each.runbook}",
            "Namespace": each.namespace if each.namespace == NAMESPACE else f"AWS/{each.namespace}",
            "MetricName": each.metric,
            "Dimensions": [{"Name": name, "Value": found} for name, found in each.dimensions.items()],
            "Statistic": each.statistic,
            "Period": MINUTE,
            "EvaluationPeriods": each.minutes,
            "DatapointsToAlarm": each.minutes if each.every or each.statistic == "Maximum" else 1,
            "Threshold": each.threshold,
            "ComparisonOperator": each.comparison,
            "TreatMissingData": each.missing,
            "AlarmActions": when("HasTopic", [ref("AlarmTopicArn")]),
            "OKActions": when("HasTopic", [ref("AlarmTopicArn")]),
        }
        yield logical_id(each.name, "Alarm"), resource("CloudWatch::Alarm", properties, Condition=each.condition)


def declared(stage: DeployedStage) -> Iterator[Alarm]:
    """Name the alarms of a stage."""
    yield from _of_queues(stage.names)
    yield from _of_metrics(stage)
    yield from _of_functions(stage)
    about = "requests fail: the log of the API's function says why"
    at: dict[str, object] = {"ApiName": f"{stage.app_name}-{stage.name}"}
    yield Alarm("rest-failures", about, "ApiGateway", "5XXError", at, 0, condition="HasRestAlarm")
    at = {"ApiId": ref("HttpApi")}
    yield Alarm("http-failures", about, "ApiGateway", "5xx", at, 0, condition="HasHttpAlarm")
    for table in WRITTEN:
        at = {"TableName": stage.names.table(table)}
        about = f"writes of {table.name} are throttled"
        yield Alarm(f"{table.name}-throttled", about, "DynamoDB", "WriteThrottleEvents", at, 0, page="table-throttled")


def _of_queues(names: Names) -> Iterator[Alarm]:
    for queue, dead in DEAD.items():
        seconds = LATE_SECONDS[queue]
        at = {"QueueName": getattr(names, queue)}
        about = f"messages of {queue} wait for {seconds} seconds: more functions at once, or a store that is slow"
        yield Alarm(f"{queue}-age", about, "SQS", "ApproximateAgeOfOldestMessage", at, seconds, statistic="Maximum")
        kept = {"QueueName": getattr(names, dead)}
        about = f"dead letters of {queue} are not taken away: their own function fails"
        yield Alarm(f"{dead}-kept", about, "SQS", "ApproximateNumberOfMessagesVisible", kept, 0, 15, "Maximum")


def _of_functions(stage: DeployedStage) -> Iterator[Alarm]:
    for function in FUNCTIONS:
        at = {"FunctionName": stage.function_name(function)}
        about = f"{function} fails"
        yield Alarm(f"{function}-errors", about, "Lambda", "Errors", at, 0, page="function-errors")
        about = f"{function} is throttled"
        yield Alarm(f"{function}-throttles", about, "Lambda", "Throttles", at, 0, page="function-throttles")
    for function, duty in FUNCTIONS.items():
        if duty.receives in DEAD.values():
            at = {"FunctionName": stage.function_name(function)}
            about = "messages were received five times and became dead letters"
            yield Alarm(f"{duty.receives}-came", about, "Lambda", "Invocations", at, 0, page="dead-letters-came")
    at = {"FunctionName": stage.function_name("on_dynamodb_record")}
    about = f"the index is {LATE_INDEX // 60_000} minutes behind the tables"
    yield Alarm("index-late", about, "Lambda", "IteratorAge", at, LATE_INDEX, statistic="Maximum")
    about = "the schedule has not run for five minutes: nothing that is late is found"
    yield Alarm(
        "schedule-silent",
        about,
        "Lambda",
        "Invocations",
        {"FunctionName": stage.function_name("on_schedule")},
        1,
        comparison="LessThanThreshold",
        missing="breaching",
        every=True,
    )


def _of_metrics(stage: DeployedStage) -> Iterator[Alarm]:
    """Name those of what functions count."""
    at: dict[str, object] = {"Stage": stage.settings.prefix}
    for name, metric, about in (
        ("messages-lost", "MessagesLost", "executions were late: messages were lost, or functions died"),
        ("messages-unreadable", "MessagesUnreadable", "messages could not be read, and were parked as incidents"),
        ("poisoned", "Poisoned", "steps failed as their messages fail by themselves"),
    ):
        yield Alarm(name, about, NAMESPACE, metric, at, 0, condition=COUNTED)
    at = {**at, "Function": stage.function_name("on_timer_message")}
    about = f"timers fire {LATE_TIMERS} seconds late"
    most = LATE_TIMERS * 1000
    yield Alarm("timers-late", about, NAMESPACE, "TimerLateness", at, most, 5, "Maximum", condition=COUNTED)


def dashboard(stage: DeployedStage) -> Block:
    """Declare the dashboard."""
    names, functions = stage.names, [stage.function_name(each) for each in FUNCTIONS]
    widgets = [
        _widget("Messages that wait, seconds", _queues(names, "ApproximateAgeOfOldestMessage"), "Maximum"),
        _widget("Messages", _queues(names, "ApproximateNumberOfMessagesVisible"), "Maximum"),
        _widget("Functions", [["AWS/Lambda", "Invocations", "FunctionName", each] for each in functions]),
        _widget("Errors", [["AWS/Lambda", "Errors", "FunctionName", each] for each in functions]),
        _widget("Throttles", [["AWS/Lambda", "Throttles", "FunctionName", each] for each in functions]),
        _widget(
            "At once", [["AWS/Lambda", "ConcurrentExecutions", "FunctionName", each] for each in functions], "Maximum"
        ),
        _widget("Milliseconds, p95", [["AWS/Lambda", "Duration", "FunctionName", each] for each in functions], "p95"),
        _widget(
            "Units of writing",
            [["AWS/DynamoDB", "ConsumedWriteCapacityUnits", "TableName", each] for each in _tables(names)],
        ),
        *_of_executions(stage, functions),
    ]
    placed = [{**each, "x": 12 * (at % 2), "y": 6 * (at // 2)} for at, each in enumerate(widgets)]
    body = json.dumps({"widgets": placed}).replace('"REGION"', '"${AWS::Region}"')
    return resource("CloudWatch::Dashboard", {"DashboardName": stage.settings.prefix, "DashboardBody": sub(body)})


def _of_executions(stage: DeployedStage, functions: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Show what functions count: empty where they do not."""

    def whole(*names: str) -> list[list[str]]:
        return [[NAMESPACE, name, "Stage", stage.settings.prefix] for name in names]

    def each(*names: str) -> list[list[str]]:
        return [
            [NAMESPACE, name, "Stage", stage.settings.prefix, "Function", function]
            for name in names
            for function in functions
        ]

    yield _widget("Executions", whole("ExecutionsStarted", *ENDS.values()))
    yield _widget("Milliseconds of an execution, p95", whole("ExecutionDuration"), "p95")
    yield _widget("Steps", whole("Steps", "StepsFailed", "Retries", "Poisoned"))
    yield _widget("Calls", whole(*(f"{kind}Calls" for kind in KINDS.values())))
    yield _widget("Calls that came to an error", whole(*(kind + error for kind in KINDS.values() for error in ERRORS)))
    yield _widget("Incidents", whole(*dict.fromkeys(INCIDENTS.values())))
    yield _widget("Messages are old by milliseconds, p95", each("QueueAge"), "p95")
    yield _widget("Timers are late by milliseconds, p95", each("TimerLateness"), "p95")
    yield _widget("Messages that come again, and dead letters", each("GivenBack", "DeadLetters"))
    yield _widget("Conflicts of writes, and requests that were put off", each("Conflicts", "Throttles"))
    yield _widget("Cold starts", each("ColdStarts"))
    yield _widget("Units of reading and writing, and requests to SQS", each("ReadUnits", "WriteUnits", "QueueRequests"))
    yield _widget("Dollars", each("Cost"))


def _queues(names: Names, metric: str) -> list[list[str]]:
    return [["AWS/SQS", metric, "QueueName", each] for each in names.queues]


def _tables(names: Names) -> list[str]:
    return [names.table(each) for each in WRITTEN]


def _widget(title: str, metrics: Sequence[Sequence[str]], statistic: str = "Sum") -> dict[str, Any]:
    shown = {"title": title, "metrics": metrics, "stat": statistic, "period": MINUTE, "region": "REGION"}
    return {"type": "metric", "width": 12, "height": 6, "properties": {**shown, "view": "timeSeries"}}
