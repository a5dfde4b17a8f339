import json
import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions, MemoryQueue
from chalicelib.api.parsing import read_yaml
from chalicelib.core.executions.inputs import Message, Written
from chalicelib.core.executions.model import Execution, State
from chalicelib.core.records.incident import Incident, IncidentKind
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.json import format_instant, parse_instant
from chalicelib.core.values.value import copy_with
from chalicelib.engine.model import Mode
from chalicelib.engine.receiving import SqsRecord
from chalicelib.engine.worker import GivenBackError, Worker
from chalicelib.wiring import graph
from chalicelib.wiring.settings import Settings
from tests.home import CALL, ECHO, Home

EXAMPLE = Path(__file__).parents[2] / "definitions" / "example-definition.yaml"
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Executions(MemoryExecutions):
    """Tells what was asked of it; some executions cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[str, str]] = []
        self.unreadable: set[str] = set()

    def get(self, execution_id: str, **how: Any) -> Execution | None:
        self.calls.append(("get", execution_id))
        if execution_id in self.unreadable:
            raise UnavailableError
        return super().get(execution_id, **how)

    def update(self, execution: Execution, spare: int = 0) -> Written:
        image = super().update(execution, spare)
        self.calls.append(("update", execution.id))
        return image


class Queue(MemoryQueue):
    """Tells what was deleted."""

    def __init__(self, clock: MemoryClock) -> None:
        super().__init__(clock)
        self.deleted: list[tuple[str, list[str]]] = []
        self.sent: list[int] = []
        self.given_back: list[tuple[str, Mapping[str, int]]] = []
        self.silent = False

    def send(self, messages: Sequence[Message]) -> None:
        self.sent.append(len(messages))
        super().send(messages)

    def delete(self, queue: str, handles: Sequence[str]) -> None:
        super().delete(queue, handles)
        self.deleted.append((queue, list(handles)))

    def give_back(self, queue: str, seconds: Mapping[str, int]) -> None:
        if self.silent:
            raise UnavailableError
        super().give_back(queue, seconds)
        self.given_back.append((queue, seconds))


class World:
    """The example, and executions of it."""

    def __init__(self) -> None:
        self.clock = MemoryClock(datetime(2026, 1, 1, tzinfo=UTC))
        self.executions, self.queue = Executions(), Queue(self.clock)
        self.published: list[tuple[str, str, str]] = []
        self.incidents = MemoryIncidents()
        wired = graph.in_memory(
            Settings(),
            executions=self.executions,
            queue=self.queue,
            clock=self.clock,
            incidents=self.incidents,
            inline_turns=0,
        )
        self.dependencies, self.service = wired.dependencies, wired.services.executions
        wired.services.definitions.create_definition("123", read_yaml(EXAMPLE.read_bytes(), 10_000)[0])

    def worker(self, mode: Mode = Mode.MESSAGES, *, reports: bool = False) -> Worker:
        return Worker(self.dependencies, self.deliver, mode, reports)

    def deliver(self, tenant: str, name: str, key: str) -> None:
        self.published.append((tenant, name, key))

    def start(self, *names: str) -> list[str]:
        return [self.service.execute("123", "example-definition", {"foo": name}, name)[0].id for name in names]

    def records(self, queue: str = "work") -> list[SqsRecord]:
        """Receive everything that is visible, as Lambda hands it over."""
        messages = [self.queue.receive(message) for message in self.queue.visible()]
        return [record(message.id, message.body, queue, message.receives) for message in messages]

    def waiting(self, *names: str) -> tuple[list[str], list[SqsRecord]]:
        """Start executions and lead them through their wait: their ids, and the timers in that order."""
        ids = self.start(*names)
        first = self.records()
        assert self.worker().handle(first, "first", MINUTE) is None
        self.queue.delete("work", [record["messageId"] for record in first])
        self.clock.sleep(45)
        self.executions.calls.clear()
        self.queue.deleted.clear()
        timers = self.records("timers")
        return ids, sorted(timers, key=lambda timer: ids.index(json.loads(timer["body"])["execution"]))

    def states(self, ids: Sequence[str]) -> list[State]:
        found = (MemoryExecutions.get(self.executions, name) for name in ids)
        return [item.state for item in found if item]


def record(
    name: str, body: str, queue: str = "work", receives: int = 1, sent: datetime | None = None
) -> dict[str, Any]:
    at = {} if sent is None else {"SentTimestamp": str(int(sent.timestamp() * 1000))}
    return {
        "messageId": name,
        "receiptHandle": name,
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receives), **at},
        "eventSourceARN": f"arn:aws:sqs:us-east-1:000000000000:{queue}",
    }


def again(records: Sequence[SqsRecord]) -> list[SqsRecord]:
    """Deliver messages a second time: what they carry is read then."""
    return [{**record, "attributes": {"ApproximateReceiveCount": "2"}} for record in records]


@pytest.fixture
def world() -> World:
    return World()


def test_the_messages_of_one_execution_cost_one_load_and_one_write(world: World) -> None:
    ids, timers = world.waiting("a", "b")
    doubles = [{**timer, "messageId": f"double-{n}"} for n, timer in enumerate(timers)]
    assert world.worker().handle([*timers, *doubles], "request", MINUTE) is None
    assert sorted(world.executions.calls) == sorted((call, name) for name in ids for call in ("get", "update"))
    assert world.states(ids) == [State.SUCCEEDED] * 2


def test_lambda_deletes_a_batch_that_is_done(world: World) -> None:
    _, timers = world.waiting("a", "b")
    assert world.worker().handle(timers, "request", MINUTE) is None
    assert world.queue.deleted == []


def test_a_message_that_fails_is_given_back_and_the_others_are_deleted(world: World) -> None:
    ids, timers = world.waiting("a", "b", "c")
    world.executions.unreadable = {ids[1]}
    with pytest.raises(GivenBackError, match="1 of 3 messages are given back"):
        world.worker().handle(again(timers), "request", MINUTE)
    assert world.queue.deleted == [("timers", [timers[0]["messageId"], timers[2]["messageId"]])]
    assert list(world.queue.messages) == [timers[1]["messageId"]]
    assert world.states(ids) == [State.SUCCEEDED, State.STEP_STARTED, State.SUCCEEDED]


def test_messages_are_deleted_from_their_own_queues(world: World) -> None:
    _, timers = world.waiting("a")
    world.start("b")
    (started,) = world.records()
    with pytest.raises(GivenBackError):
        world.worker().handle([*timers, started, record("bad", "{}")], "request", MINUTE)
    assert world.queue.deleted == [("timers", [timers[0]["messageId"]]), ("work", [started["messageId"]])]


def test_where_failures_are_reported_nothing_is_raised_or_deleted(world: World) -> None:
    ids, timers = world.waiting("a", "b")
    world.executions.unreadable = {ids[1]}
    worker = world.worker(reports=True)
    answer = {"batchItemFailures": [{"itemIdentifier": timers[1]["messageId"]}]}
    assert worker.handle(again(timers), "request", MINUTE) == answer
    assert world.queue.deleted == []
    world.executions.unreadable = set()
    assert worker.handle(timers, "again", MINUTE) == {"batchItemFailures": []}
    assert world.states(ids) == [State.SUCCEEDED] * 2


def test_a_timer_is_not_early_because_a_clock_is_slow(world: World) -> None:
    ids, (timer,) = world.waiting("a")
    world.clock.sleep(-600)
    assert world.worker().handle([timer], "slow", MINUTE) is None
    assert world.states(ids) == [State.SUCCEEDED]


def test_a_timer_that_comes_early_is_sent_again(world: World) -> None:
    ids, (timer,) = world.waiting("a")
    sent = json.loads(timer["body"])
    early = {**timer, "body": json.dumps({**sent, "by": format_instant(parse_instant(sent["by"]) - SECOND)})}
    world.clock.sleep(-1)
    world.queue.messages.clear()
    assert world.worker().handle([early], "early", MINUTE) is None
    assert world.states(ids) == [State.STEP_STARTED]
    world.clock.sleep(1)
    assert world.worker().handle(world.records(), "in time", MINUTE) is None
    assert world.states(ids) == [State.SUCCEEDED]


def test_a_message_of_another_version_is_given_back(world: World, caplog: pytest.LogCaptureFixture) -> None:
    ids, (timer,) = world.waiting("a")
    newer = json.dumps({**json.loads(timer["body"]), "v": 3})
    with pytest.raises(GivenBackError, match="1 of 1"):
        world.worker().handle([record("newer", newer)], "request", MINUTE)
    (logged,) = caplog.messages
    assert json.loads(logged) == {
        "message": "message given back",
        "messageId": "newer",
        "request": "request",
        "reason": "message version 3 is unknown here",
    }
    assert world.executions.calls == []
    assert world.states(ids) == [State.STEP_STARTED]


GARBAGE = ["", "hello", "[]", "null", "{}", '{"v": 1}', '{"v": 1, "execution": "a", "event": "Nope"}', "[1]", '"v"']
GARBAGE += ['{"v": 1, "execution": "a", "event": "StepDue", "thread": "main", "turn": "x"}']
GARBAGE += [
    '{"v": 1, "execution": "a", "event": "Started", "thread": "main", "turn": 0, "submission": 5}',
    "[" * 100_000,
]


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_message_is_given_back_and_logged_and_parked_in_the_end(
    world: World, body: str, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(GivenBackError, match="1 of 1"):
        world.worker().handle([record("garbage", body)], "request", MINUTE)
    caplog.clear()
    assert world.worker(Mode.DEAD_LETTERS).handle([record("garbage", body)], "request", MINUTE) is None
    (logged,) = caplog.records
    assert logged.levelno == logging.ERROR
    said = json.loads(logged.getMessage())
    assert (said["message"], said["messageId"], said["characters"]) == ("message cannot be read", "garbage", len(body))
    assert not any(body and body in str(member) for name, member in said.items() if name != "message")
    (incident,) = world.incidents.items.values()
    assert (incident.kind, incident.subject) == (IncidentKind.MESSAGE_UNREADABLE, "garbage")
    assert f"garbage of work, received 1 times, cannot be read ({said['error']})" in incident.detail
    assert incident.detail.endswith(f"{len(body)} characters")
    assert incident.content == body[:500]


class SilentIncidents:
    def record(self, incident: Incident) -> None:
        raise UnavailableError


def test_what_cannot_be_parked_now_comes_again(world: World) -> None:
    world.dependencies = copy_with(world.dependencies, incidents=SilentIncidents())
    with pytest.raises(GivenBackError, match="1 of 1"):
        world.worker(Mode.DEAD_LETTERS).handle([record("garbage", "{}", receives=9)], "request", MINUTE)
    ((_, pauses),) = world.queue.given_back
    assert 0 < pauses["garbage"] <= 900


def test_a_dead_letter_of_another_version_waits_a_day_for_a_function_that_knows_it(world: World) -> None:
    newer, worker = '{"v": 3}', world.worker(Mode.DEAD_LETTERS)
    sent = world.clock.now()
    with pytest.raises(GivenBackError):
        worker.handle([record("newer", newer, sent=sent)], "request", MINUTE)
    assert world.queue.given_back == [("work", {"newer": 43_000})]
    assert world.incidents.items == {}
    world.clock.sleep(24 * 60 * 60)
    assert worker.handle([record("newer", newer, sent=sent)], "again", MINUTE) is None
    (incident,) = world.incidents.items.values()
    assert "(UnknownMessageError)" in incident.detail


def test_one_that_does_not_say_when_it_was_sent_is_parked_at_once(world: World) -> None:
    assert world.worker(Mode.DEAD_LETTERS).handle([record("newer", '{"v": 3}')], "request", MINUTE) is None
    assert world.incidents.items


def test_what_a_service_holds_up_comes_again_after_seconds_that_grow(world: World) -> None:
    (name,), (timer,) = world.waiting("a")
    world.executions.unreadable = {name}
    longest = []
    for receives in range(2, 9):
        spread = []
        for number in range(40):
            again = {**timer, "messageId": f"m{number}", "attributes": {"ApproximateReceiveCount": str(receives)}}
            with pytest.raises(GivenBackError):
                world.worker().handle([again], "request", MINUTE)
            ((queue, pauses),) = world.queue.given_back
            world.queue.given_back.clear()
            assert (queue, list(pauses)) == ("timers", [timer["receiptHandle"]])
            spread += pauses.values()
        assert min(spread) >= 1
        longest.append(max(spread))
    assert longest == sorted(longest)
    assert longest[0] <= 8
    assert 300 < longest[-1] <= 360


def test_it_does_so_where_failures_are_reported(world: World) -> None:
    (name,), timers = world.waiting("a")
    world.executions.unreadable = {name}
    assert world.worker(reports=True).handle(again(timers), "request", MINUTE) == {
        "batchItemFailures": [{"itemIdentifier": timers[0]["messageId"]}]
    }
    assert [queue for queue, _ in world.queue.given_back] == ["timers"]


def test_a_queue_that_does_not_take_the_seconds_has_its_own_time_out(world: World) -> None:
    (name,), timers = world.waiting("a")
    world.executions.unreadable = {name}
    world.queue.silent = True
    with pytest.raises(GivenBackError, match="1 of 1"):
        world.worker().handle(again(timers), "request", MINUTE)


def test_what_goes_wrong_otherwise_keeps_the_time_out_of_the_queue(world: World) -> None:
    with pytest.raises(GivenBackError, match="1 of 1"):
        world.worker().handle([record("garbage", "{}")], "request", MINUTE)
    assert world.queue.given_back == []


@pytest.mark.parametrize("seconds", [1, 3, 20, 40])
def test_a_function_with_little_time_gets_on(world: World, seconds: int) -> None:
    ids = world.start("a")
    assert world.worker().handle(world.records(), "request", timedelta(seconds=seconds)) is None
    assert world.states(ids) == [State.STEP_STARTED]


def test_one_that_has_none_says_what_it_needs(world: World) -> None:
    world.start("a")
    with pytest.raises(GivenBackError, match="a lambda_timeout of 45 seconds or more"):
        world.worker().handle(world.records(), "request", timedelta(seconds=0.1))
    assert len(world.queue.messages) == 1


def test_a_function_makes_no_call_that_it_may_not_live_to_end(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.create(ECHO, CALL)
    home.service.execute("t", "d", "in")
    worker = Worker(home.dependencies, lambda *_: None)
    with pytest.raises(GivenBackError, match="the function had 40 left when it began: it needs a lambda_timeout of 45"):
        worker.handle(received(home), "request", timedelta(seconds=40))
    assert home.performed == []
    assert home.only().threads["main"].step == "step-1"
    assert "lambda_timeout" in caplog.text
    home.clock.sleep(360)
    assert worker.handle(received(home), "request", timedelta(seconds=45)) is None
    assert home.only().output == "in"


def test_a_dead_letter_of_it_fails_for_that_reason(home: Home) -> None:
    home.create(CALL)
    home.service.execute("t", "d", "in")
    worker = Worker(home.dependencies, lambda *_: None, Mode.DEAD_LETTERS)
    assert worker.handle(received(home), "request", timedelta(seconds=40)) is None
    assert home.only().error is not None
    assert "a lambda_timeout of 45 seconds" in str(home.only().error.details)  # type: ignore[union-attr] # see before


def received(home: Home) -> list[SqsRecord]:
    messages = [home.queue.receive(message) for message in home.queue.visible()]
    return [record(message.id, message.body, "work", message.receives) for message in messages]


@pytest.mark.parametrize("image", [{}, {"text": "[]"}, {"text": 5}, {"document": {"B": "x"}}])
def test_garbage_that_a_message_carries_costs_a_delivery(world: World, image: dict[str, Any]) -> None:
    ids, (timer,) = world.waiting("a")
    spoilt = {**timer, "body": json.dumps({**json.loads(timer["body"]), "image": image})}
    with pytest.raises(GivenBackError, match="1 of 1"):
        world.worker().handle([spoilt], "request", MINUTE)
    assert world.worker().handle(again([spoilt]), "request", MINUTE) is None
    assert world.states(ids) == [State.SUCCEEDED]


def test_executions_of_a_batch_send_together(world: World) -> None:
    world.start(*"abcdefghij")
    world.queue.sent.clear()
    assert world.worker().handle(world.records(), "request", MINUTE) is None
    assert world.queue.sent == [10]


def test_garbage_holds_nothing_else_up(world: World) -> None:
    ids, timers = world.waiting("a")
    with pytest.raises(GivenBackError, match="1 of 2"):
        world.worker().handle([record("garbage", "{}"), *timers], "request", MINUTE)
    assert world.states(ids) == [State.SUCCEEDED]
