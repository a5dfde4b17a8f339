import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from chalice.app import Chalice, Cron, Rate
from chalice.config import Config
from moto import mock_aws

from local.arrivals import Arrivals
from local.backend import REGION
from local.drivers import EventSourceDriver, drivers
from local.errors import NotDrivenError
from local.functions import Function
from local.queues import QueueDriver
from local.schedules import ScheduleDriver, rate

CONFIG = Config(
    chalice_stage="local",
    config_from_disk={"app_name": "small", "lambda_timeout": 60, "lambda_memory_size": 512},
)
START = datetime(2026, 1, 31, 9, 0, tzinfo=UTC)


class FakeTime(threading.Event):
    """A clock, and an event to wait for: waiting moves the clock on, until the end has come."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.now = START
        self.end = START + timedelta(seconds=seconds)

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timedelta(seconds=timeout or 0)
        if self.now >= self.end:
            self.set()
        return self.is_set()


def drivers_of(app: Chalice) -> list[EventSourceDriver]:
    with mock_aws():
        sqs = boto3.client("sqs", region_name=REGION)
        sqs.create_queue(QueueName="work")
        return list(drivers(app, CONFIG, sqs, Arrivals(sqs)))


def scheduled(time: FakeTime, seconds_of_work: int = 0) -> list[dict[str, Any]]:
    app = Chalice(app_name="small")
    events = []

    @app.schedule(Rate(1, unit=Rate.MINUTES))
    def on_schedule(event: Any) -> None:
        events.append(event.to_dict())
        time.now += timedelta(seconds=seconds_of_work)
        raise ValueError("the schedule goes on")

    ScheduleDriver(Function(app, "on_schedule", CONFIG), "rate(1 minute)", lambda: time.now).run(time)
    return events


def test_a_schedule_calls_at_once_and_then_at_its_rate() -> None:
    events = scheduled(FakeTime(seconds=180))
    assert [event["time"] for event in events] == [f"2026-01-31T09:0{minute}:00Z" for minute in range(3)]
    assert len({event.pop("id") for event in events}) == 3
    assert events[0] == {
        "version": "0",
        "detail-type": "Scheduled Event",
        "source": "aws.events",
        "account": "000000000000",
        "time": "2026-01-31T09:00:00Z",
        "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:000000000000:rule/on_schedule"],
        "detail": {},
    }


def test_the_time_that_the_function_takes_does_not_slow_the_schedule() -> None:
    events = scheduled(FakeTime(seconds=120), seconds_of_work=20)
    assert [event["time"][14:19] for event in events] == ["00:00", "01:00"]


def test_minutes_that_were_slept_through_are_not_made_up_for() -> None:
    events = scheduled(FakeTime(seconds=7200), seconds_of_work=3600)
    assert [event["time"][11:16] for event in events] == ["09:00", "10:00"]


@pytest.mark.parametrize(
    ("expression", "every"),
    [
        ("rate(1 minute)", timedelta(minutes=1)),
        ("rate(5 minutes)", timedelta(minutes=5)),
        ("rate(2 hours)", timedelta(hours=2)),
        ("rate(1 day)", timedelta(days=1)),
    ],
)
def test_a_rate_is_read(expression: str, every: timedelta) -> None:
    assert rate(expression) == every


@pytest.mark.parametrize("expression", ["cron(0 10 * * ? *)", "rate(0 minutes)", "rate(1 week)", "rate(1.5 hours)", ""])
def test_what_is_no_rate_is_not_driven(expression: str) -> None:
    with pytest.raises(NotDrivenError, match="only rate"):
        rate(expression)


def test_every_declared_source_gets_its_driver() -> None:
    app = Chalice(app_name="small")
    app.on_sqs_message(queue="work")(lambda _: None)
    app.on_sqs_message(queue_arn="arn:aws:sqs:us-east-1:000000000000:work", name="by-arn")(lambda _: None)
    app.schedule(Rate(1, unit=Rate.MINUTES), name="by-rate")(lambda _: None)
    app.schedule("rate(1 minute)", name="by-text")(lambda _: None)
    kinds = [type(driver) for driver in drivers_of(app)]
    assert kinds == [QueueDriver, QueueDriver, ScheduleDriver, ScheduleDriver]


def test_a_source_that_cannot_be_driven_fails_loudly() -> None:
    streamed, timed = Chalice(app_name="small"), Chalice(app_name="small")
    streamed.on_kinesis_record(stream="clicks")(lambda _: None)
    timed.schedule(Cron(minutes=0, hours=10, day_of_month="*", month="*", day_of_week="?", year="*"))(lambda _: None)
    with pytest.raises(NotDrivenError, match="KinesisEventConfig"):
        drivers_of(streamed)
    with pytest.raises(NotDrivenError, match="cron"):
        drivers_of(timed)
