"""The application in memory, driven through Chalice's test client."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalice.app import Chalice, Request
from chalice.test import HTTPResponse

from app import app
from chalicelib.adapters.memory.stores import MemoryExecutions
from chalicelib.core.values.json import Json
from chalicelib.testing import EventSources
from chalicelib.wiring.graph import wiring
from tests.clients import HeldClient

PROJECT = Path(__file__).parents[1]
EXAMPLE = (PROJECT / "definitions" / "example-definition.yaml").read_text()
T = "/sedo/tenants/123"
EXECUTE = T + "/definitions/example-definition/execute"
YAML = {"Content-Type": "application/yaml"}
JSON = {"Content-Type": "application/json"}
DAY = 24 * 60 * 60


class Sedo:
    """The application in memory, with what AWS does around it: deliver messages, and call the schedule."""

    def __init__(self, app: Chalice = app) -> None:
        self.client, self.sources = HeldClient(app, "local", str(PROJECT)), EventSources(app)
        self.clock, self.queue = self.sources.clock, self.sources.queue
        self.deliver, self.pass_time = self.sources.deliver, self.sources.pass_time
        executions = wiring().dependencies.executions
        assert isinstance(executions, MemoryExecutions)
        self.executions = executions

    def ask(
        self, method: str, path: str, body: "Json | bytes" = b"", headers: Mapping[str, str] = JSON
    ) -> HTTPResponse:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        answer = self.client.http.request(method, path, headers=dict(headers), body=content)
        assert lambda_size(answer) < 6 * 1024 * 1024
        return answer

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

    def stored(self) -> tuple[Any, ...]:
        definitions: Any = wiring().routes.definitions.service.definitions
        history: Any = wiring().dependencies.history
        return (
            dict(self.executions.items),
            dict(self.queue.messages),
            dict(definitions.records),
            dict(definitions.heads),
            dict(definitions.texts),
            dict(history.rows),
        )


def http_request(method: str, path: str, headers: Mapping[str, str], body: Json = None) -> Request:
    """Make a request as Chalice hands it to a route."""
    event: dict[str, Any] = dict.fromkeys(("multiValueQueryStringParameters", "pathParameters", "stageVariables"))
    event["body"] = None if body is None else json.dumps(body)
    context = {"httpMethod": method, "resourcePath": path, "path": path}
    return Request({**event, "headers": dict(headers), "requestContext": context, "isBase64Encoded": False})


def lambda_size(answer: HTTPResponse) -> int:
    """Count the bytes of an answer as the runtime of Lambda writes it, for which 6 MB are the most."""
    document = {"headers": dict(answer.headers), "multiValueHeaders": {}, "statusCode": answer.status_code}
    return len(json.dumps({**document, "body": answer.body.decode()}))


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
