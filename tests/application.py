"""The application in memory, driven through Chalice's test client."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from chalice.local import LambdaContext
from chalice.test import Client, HTTPResponse

from app import app
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions, MemoryQueue, QueueMessage
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from local.lambda_events import scheduled_event, sqs_event

PROJECT = Path(__file__).parents[1]
EXAMPLE = (PROJECT / "definitions" / "example-definition.yaml").read_text()
T = "/sedo/tenants/123"
EXECUTE = T + "/definitions/example-definition/execute"
YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}
HANDLERS = {
    (False, False): "on_sqs_message",
    (True, False): "on_timer_message",
    (False, True): "on_dead_letter",
    (True, True): "on_dead_timer",
}
DAY = 24 * 60 * 60


class Sedo:
    """The application in memory, with what AWS does around it: deliver messages, and call the schedule."""

    def __init__(self) -> None:
        self.client = Client(app, "local", str(PROJECT))
        dependencies = wiring().dependencies
        assert isinstance(dependencies.clock, MemoryClock)
        assert isinstance(dependencies.queue, MemoryQueue)
        assert isinstance(dependencies.executions, MemoryExecutions)
        self.clock, self.queue, self.executions = dependencies.clock, dependencies.queue, dependencies.executions
        self.next_schedule = self.clock.now()

    def ask(
        self, method: str, path: str, body: "Json | bytes" = b"", headers: Mapping[str, str] = JSON
    ) -> HTTPResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.client.http.request(method, path, headers=dict(headers), body=content)

    def get(self, path: str) -> Any:
        answer = self.ask("GET", T + path)
        assert answer.status_code == 200, answer.body
        return answer.json_body

    def create(self, text: str = EXAMPLE) -> HTTPResponse:
        return self.ask("POST", T + "/definitions", text.encode(), YAML)

    def start(self, **more: Json) -> Any:
        answer = self.ask("POST", EXECUTE, {"input": {"foo": "bar"}, **more})
        assert answer.status_code in {200, 201}, answer.body
        return answer.json_body

    def pages(self, path: str) -> Iterator[Any]:
        """Follow the links of a list, for 20 pages at most."""
        for _ in range(20):
            answer = self.ask("GET", path)
            yield answer.json_body
            link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", ""))
            if link is None:
                return
            path = link[1]

    def deliver(self) -> None:
        """Hand over every message that is visible, one by one, as Lambda does."""
        while messages := self.queue.visible():
            for message in messages:
                self.invoke(HANDLERS[message.timer, message.dead], self.queue.receive(message))
                self.queue.delete("", [message.id])

    def invoke(self, function: str, message: QueueMessage) -> None:
        message: Any = {
            "MessageId": message.id,
            "ReceiptHandle": message.id,
            "Body": message.body,
            "MD5OfBody": "",
            "Attributes": {"ApproximateReceiveCount": str(message.receives)},
        }
        event = sqs_event([message], "arn:aws:sqs:us-east-1:000000000000:any")
        # not lambda_.invoke: its context has 3 seconds, less than a worker keeps in reserve
        app.handler_map[function](event, LambdaContext(function, 512, max_runtime_ms=60_000))

    def pass_time(self, seconds: int) -> None:
        """Move the clock from one visible message or run of the schedule to the next, in time and in order."""
        end = self.clock.now() + timedelta(seconds=seconds)
        while True:
            self.deliver()
            if self.clock.now() >= self.next_schedule:
                self.client.lambda_.invoke("on_schedule", scheduled_event("on_schedule", self.clock.now()))
                self.next_schedule += timedelta(minutes=1)
                continue
            if self.clock.now() >= end:
                return
            coming = [message.visible_at for message in self.queue.messages.values()]
            self.clock.instant = min([*coming, self.next_schedule, end])

    def stored(self) -> tuple[Any, ...]:
        definitions: Any = wiring().routes.definitions.service.definitions
        history: Any = wiring().dependencies.history
        return (
            dict(self.executions.items),
            dict(self.queue.messages),
            dict(definitions.versions),
            dict(definitions.heads),
            dict(history.rows),
        )


def assert_problem(answer: HTTPResponse, status: int, title: str | None = None) -> Any:
    document = answer.json_body
    assert answer.status_code == status, answer.body
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {"title", "detail", "status", "type"} <= document.keys()
    assert (document["status"], document["type"]) == (status, None)
    assert document["title"]
    assert document["detail"]
    assert title in {None, document["title"]}
    return document


def states(records: list[Any]) -> list[tuple[str, str]]:
    return [(record["state"], record["step"]) for record in records]
