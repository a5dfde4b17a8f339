"""Drivers of event sources: what calls each function of the application, as the application declares it."""

import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

from chalice.app import Chalice, DynamoDBEventConfig, ScheduledEventConfig, SQSEventConfig
from chalice.config import Config

from chalicelib.adapters.dynamodb.stream import SEARCHED
from chalicelib.wiring.settings import Settings
from local.arrivals import Arrivals
from local.errors import NotDrivenError
from local.functions import Function
from local.queues import QueueDriver
from local.schedules import ScheduleDriver
from local.streams import StreamDriver

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class EventSourceDriver(Protocol):
    """Calls one function whenever its event source has something for it."""

    def run(self, stop: threading.Event) -> None:
        """Do so until told to stop; return when no invocation is under way."""


def drivers(app: Chalice, config: Config, sqs: "SQSClient", arrivals: Arrivals) -> Sequence[EventSourceDriver]:
    """Make the driver of every event source that the application declares.

    Args:
        app: the application.
        config: its functions.
        sqs: with which queues are driven.
        arrivals: what the application sends.

    Raises:
        NotDrivenError: there is one of a kind that is not driven locally.
        ClientError: a queue is not there.
    """
    sources = [(source, Function(app, source.name, config)) for source in app.event_sources]
    return [each for source, function in sources for each in _drivers(source, function, sqs, arrivals)]


def _drivers(source: object, function: Function, sqs: "SQSClient", arrivals: Arrivals) -> Iterator[EventSourceDriver]:
    if isinstance(source, DynamoDBEventConfig):
        settings = Settings.from_environment()
        for table in SEARCHED.values() if settings.search_url else ():
            yield StreamDriver(settings.names.table(table), function, source.batch_size)
    else:
        yield _driver(source, function, sqs, arrivals)


def _driver(source: object, function: Function, sqs: "SQSClient", arrivals: Arrivals) -> EventSourceDriver:
    match source:
        case SQSEventConfig():
            queue = (source.queue or source.queue_arn or "").rpartition(":")[2]
            return QueueDriver(sqs, queue, function, source.batch_size, arrivals)
        case ScheduledEventConfig():
            expression = source.schedule_expression
            return ScheduleDriver(function, expression if isinstance(expression, str) else expression.to_string())
        case _:
            raise NotDrivenError(f"{function.name}: {type(source).__name__} is not driven locally")
