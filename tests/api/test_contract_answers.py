"""What the routes answer, against what chalicelib/openapi.yaml declares."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from chalice.test import HTTPResponse
from jsonschema import Draft202012Validator

from app import app
from chalicelib.api.parsing import read_yaml
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.application import PROJECT, Sedo

CONTRACT: Any = read_yaml((PROJECT / "chalicelib" / "openapi.yaml").read_bytes(), 1_000_000)[0]
LARGE = b'"' + b"x" * 256 * 1024 + b'"'
TASK: Json = {"id": "approve", "type": "task", "title": "Approve", "not": "eve", "inputSchema": {"type": "boolean"}}
PAID: Json = {"id": "paid", "type": "event", "name": "paid", "schema": {"type": "integer"}}
ASK: Json = {"id": "ask", "type": "callback"}
BRANCHES: list[Json] = [{"id": name, "steps": [step]} for name, step in (("a", TASK), ("b", PAID), ("c", ASK))]
WAITING: Json = {"id": "waiting", "steps": [{"id": "all", "type": "parallel", "branches": BRANCHES}]}
ECHO: Json = {"id": "echo", "title": "Echo", "inputSchema": True, "steps": [{"id": "say", "type": "succeed"}]}
YES: Json = {"answer": True}
MINE: Json = {"groups": ["sales"]}
WORK: Mapping[str, Json] = {"claim": {}, "release": {}, "reject": {}, "complete": YES, "reassign": MINE}
UNKNOWN = {"DefinitionId": "none", "ExecutionId": "123:waiting:none", "TaskId": "abc", "Token": "x"}


def resolved(node: Any) -> Any:
    while "$ref" in node and node["$ref"].startswith("#/") and len(node) == 1:
        place = node["$ref"]
        node = CONTRACT
        for part in place[2:].split("/"):
            node = node[part]
    return node


@dataclass(frozen=True)
class Operation:
    path: str
    method: str
    declared: Any
    shared: Any

    @property
    def parts(self) -> Mapping[str, str]:
        """The names of the path parameters, by the components that describe them."""
        return {each["$ref"].rpartition("/")[2]: resolved(each)["name"] for each in self.shared}

    @property
    def statuses(self) -> set[int]:
        return {int(status) for status in self.declared["responses"]}


OPERATIONS = {
    declared["operationId"]: Operation(path, method.upper(), declared, item["parameters"] if "{" in path else [])
    for path, item in CONTRACT["paths"].items()
    for method, declared in item.items()
    if method != "parameters"
}


class World(Sedo):
    """The application with an execution that waits for everybody, one that succeeded, and one that was cancelled."""

    def __init__(self) -> None:
        super().__init__()
        for document in (ECHO, WAITING):
            self.call("create_definition", document)
        starts = [self.call("execute_definition", {}, DefinitionId=each) for each in ("waiting", "waiting", "echo")]
        self.waiting, self.over, self.done = (each.json_body["id"] for each in starts)
        self.call("cancel_execution", ExecutionId=self.over)
        self.deliver()
        waits = {each["for"]: each for each in self.get(f"/executions/{self.waiting}")["waitingFor"]}
        self.task, self.token = waits["task"]["task"], waits["callback"]["token"]

    def call(
        self, name: str, body: "Json | bytes" = b"", query: str = "", user: str = "ada", kind: str = "", **parts: str
    ) -> HTTPResponse:
        """Ask as an operation of the contract says, with path parameters that are there; check the answer."""
        operation = OPERATIONS[name]
        known = {"TenantId": "123", "DefinitionId": "echo", "EventName": "paid"}
        if hasattr(self, "token"):
            known |= {"ExecutionId": self.waiting, "TaskId": self.task, "Token": self.token}
        path = operation.path
        for place, part in operation.parts.items():
            path = path.replace(f"{{{part}}}", {**known, **parts}[place])
        headers = {"Content-Type": kind or "application/json", "X-Sedo-User": user}
        answer = self.ask(operation.method, path + query, body, headers)
        check(operation, answer)
        return answer


def check(operation: Operation, answer: HTTPResponse) -> None:
    """Hold an answer against what the contract declares for its status."""
    responses = operation.declared["responses"]
    assert str(answer.status_code) in responses, answer.body
    declared = resolved(responses[str(answer.status_code)])
    headers = {name: resolved(each) for name, each in declared.get("headers", {}).items()}
    assert {"Location", "Link"} & {*answer.headers} <= {*headers}
    for name, header in headers.items():
        if header["required"] or name in answer.headers:
            validate(header["schema"], answer.headers[name])
    if "content" not in declared:
        assert answer.body == b""
        return
    content = declared["content"][answer.headers["Content-Type"]]
    validate(content["schema"], read_yaml(answer.body, 1_000_000)[0])  # JSON is YAML, too


def validate(schema: Any, value: Json) -> None:
    Draft202012Validator({**schema, "components": CONTRACT["components"]}).validate(value)


Before = Callable[["World"], object]


@dataclass(frozen=True)
class Case:
    """A call, and the status with which it is answered."""

    name: str
    status: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    before: Before = lambda _: None


def case(name: str, status: int, before: Before = lambda _: None, **arguments: Any) -> Case:
    return Case(name, status, arguments, before)


def refusals() -> Iterator[Case]:
    """Make what every operation of a kind refuses."""
    for name, operation in OPERATIONS.items():
        yield case(name, 415, kind="text/plain")
        for place in [*operation.parts][:1]:
            yield case(name, 400, **{place: "a%20b"})
        if "requestBody" in operation.declared:
            yield case(name, 413, body=LARGE)
        body = MINE if name == "reassign_task" else b""
        for place in UNKNOWN.keys() & operation.parts.keys():
            yield case(name, 404, body=body, **{place: UNKNOWN[place]})
        if 401 in operation.statuses:
            yield case(name, 401, body=body, query="?mine=true", user="")


def pass_a_year(world: World) -> None:
    world.clock.instant += timedelta(days=367)


def fill(world: World) -> None:
    for _ in range(100):
        world.call("publish_event", {"key": "a", "data": 1}, EventName="other")


def done(name: str, body: "Json | bytes" = b"", **more: Any) -> Before:
    return lambda world: world.call(name, body, **more)


SUCCESSES = [
    case("health", 200),
    case("create_definition", 200, body=ECHO),
    case("create_definition", 201, body=b"id: new\nsteps: [{id: a, type: succeed}]", kind="application/yaml"),
    case("list_definitions", 200, query="?limit=1"),
    case("validate_definition", 200, body=ECHO),
    case("validate_definition", 200, body=b"id: x\nsteps: [{id: a, type: nope}]\n", kind="text/yaml"),
    case("read_definition", 200, query="?version=1"),
    case("retire_definition", 204),
    case("execute_definition", 200, done("execute_definition", {"name": "n"}), body={"name": "n"}),
    case("execute_definition", 201, query="?wait=1"),
    case("dry_run_definition", 200, body={"mocks": {"ask": {"result": 1}}}, DefinitionId="waiting"),
    case("dry_run_definition", 200, body={"step": "say", "stash": {}}),
    case("list_executions", 200, query="?limit=2"),
    case("read_execution", 200),
    case("read_history", 200, query="?limit=2"),
    case("cancel_execution", 200),
    case("pause_execution", 200, body=b"null"),
    case("resume_execution", 200, done("pause_execution"), body={}),
    case("redrive_execution", 200, done("cancel_execution"), body={"stash": {"a": 1}}),
    case("send_event", 202, body={"data": 1}),
    case("publish_event", 202, body={"key": "7", "data": 1}),
    case("list_tasks", 200, query="?mine=true&priority=1"),
    case("read_task", 200),
    case("claim_task", 200),
    case("release_task", 200, done("claim_task")),
    case("reassign_task", 200, body=MINE),
    case("complete_task", 200, body=YES),
    case("reject_task", 200, body={"reason": "no"}),
    case("succeed_callback", 204, body=[1]),
    case("fail_callback", 204, body={"name": "bank.Refused"}),
    case("keep_callback", 204),
]
CONFLICTS = [
    case("execute_definition", 409, done("execute_definition", {"name": "n"}), body={"name": "n", "input": 1}),
    *(
        case(f"{way}_execution", 409, lambda world: setattr(world, "waiting", world.done))
        for way in ("cancel", "pause", "resume", "redrive")
    ),
    case("send_event", 409, done("cancel_execution"), body={"data": 1}),
    case("publish_event", 409, fill, body={"key": "a", "data": 1}, EventName="other"),
    *(case(f"{way}_task", 409, done("complete_task", YES), body=body) for way, body in WORK.items()),
    *(case(f"{way}_task", 403, user="eve", body=body) for way, body in WORK.items()),
    *(case(f"{way}_callback", 409, done("succeed_callback")) for way in ("succeed", "fail", "keep")),
    *(case(f"{way}_callback", 410, pass_a_year) for way in ("succeed", "fail", "keep")),
    case("create_definition", 400, body=b"id: Wrong", kind="application/yaml"),
    case("complete_task", 400, body={"answer": 1}),
    case("send_event", 400, body={"data": "x"}),
    case("dry_run_definition", 400, body={"mocks": {"nope": {"nothing": True}}}),
]
CASES = [*SUCCESSES, *CONFLICTS, *refusals()]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("SEDO_STORES", "memory")
    wiring.cache_clear()
    yield World()
    wiring.cache_clear()


@pytest.mark.parametrize("each", CASES, ids=lambda each: f"{each.name}-{each.status}")
def test_an_answer_is_as_declared(world: World, each: Case) -> None:
    each.before(world)
    assert world.call(each.name, **each.arguments).status_code == each.status


def test_every_status_that_a_caller_can_bring_about_is_shown() -> None:
    declared = {(name, status) for name, each in OPERATIONS.items() for status in each.statuses if status < 500}
    assert declared == {(each.name, each.status) for each in CASES}


def test_a_definition_reads_as_yaml(world: World) -> None:
    answer = world.ask("GET", "/sedo/tenants/123/definitions/echo", headers={"Accept": "application/yaml"})
    check(OPERATIONS["read_definition"], answer)


def test_the_operations_are_the_routes() -> None:
    routes = {(path, method): each for path, by_method in app.routes.items() for method, each in by_method.items()}
    assert {(each.path, each.method): name for name, each in OPERATIONS.items()} == {
        place: route.view_function.__name__ for place, route in routes.items()
    }
    for name, each in OPERATIONS.items():
        body = resolved(each.declared.get("requestBody", {"content": ["application/json"]}))
        assert [*body["content"]] == routes[each.path, each.method].content_types, name
        assert {*each.parts.values()} == {*re.findall(r"{(\w+)}", each.path)}, name
