"""Everything that calls the application's functions, as they are declared."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

from chalice.app import Chalice, ScheduledEventConfig, SQSEventConfig
from chalice.config import Config

from local.errors import NotDrivenError
from local.functions import Function
from local.queues import QueueDriver
from local.schedules import ScheduleDriver

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient


class EventSourceDriver(Protocol):
    """Calls one function whenever its event source has something for it."""

    def run(self, stop: threading.Event) -> None:
        """Do so until told to stop; return when no invocation is under way."""


def drivers(app: Chalice, config: Config, sqs: "SQSClient") -> Sequence[EventSourceDriver]:
    """Make the driver of every event source that the application declares.

    Raises:
        NotDrivenError: there is one of a kind that is not driven locally.
        ClientError: a queue is not there.
    """
    return [_driver(source, Function(app, source.name, config), sqs) for source in app.event_sources]


def _driver(source: object, function: Function, sqs: "SQSClient") -> EventSourceDriver:
    match source:
        case SQSEventConfig():
            queue = (source.queue or source.queue_arn or "").rpartition(":")[2]
            return QueueDriver(sqs, queue, function, source.batch_size)
        case ScheduledEventConfig():
            expression = source.schedule_expression
            return ScheduleDriver(function, expression if isinstance(expression, str) else expression.to_string())
        case _:
            raise NotDrivenError(f"{function.name}: {type(source).__name__} is not driven locally")
