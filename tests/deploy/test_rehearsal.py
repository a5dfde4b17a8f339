"""What is deployed, deployed: the package in the stack of its own template, run by the functions of a ministack.

``make rehearse-upgrade FROM=<commit>`` upgrades from another release than ``OLDER``.
"""

import json
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.stack.refusals import REFUSALS, refusals
from local.lambda_events import scheduled_event
from tests.deploy.stage import (
    PROJECT,
    TENANT,
    Deployed,
    checked_out,
    found_python,
    ministack,
    package,
    project,
    required,
)
from tests.loopback import Loopback, json_reply, loopback

pytestmark = [
    pytest.mark.timeout(900),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the wheels are for x86_64"),
]

EXAMPLE = (Path(__file__).parents[2] / "definitions" / "example-definition.yaml").read_text()
SHORT, LONGER = (EXAMPLE.replace("seconds: 45", f"seconds: {seconds}") for seconds in (2, 15))
TASK = """
id: approve
steps:
  - {id: ask, type: task, title: Approve, assignees: '${input.who}', next: done}
  - {id: done, type: echo, message: 'It is ${output}', end: true}
"""
CALLBACK = """
id: pay
steps:
  - {id: payment, type: callback, timeoutSeconds: 600, next: paid}
  - {id: paid, type: echo, message: 'Paid ${output.amount}', end: true}
"""
HTTP = """
id: order
steps:
  - {id: get, type: http, url: '${input.url}', end: true}
"""


CHILD = """
id: child
steps:
  - {id: ask, type: task, title: Go on, assignees: '${input.who}', end: true}
"""
PARENT = """
id: parent
steps:
  - {id: nested, type: workflow, definition: child, input: '${input}', next: told}
  - {id: told, type: echo, message: 'The child said ${output}', end: true}
"""
MAP = """
id: each
steps:
  - id: all
    type: map
    items: ${input.items}
    steps:
      - {id: sleep, type: wait, seconds: 15}
      - {id: say, type: echo, message: 'Item ${item}'}
    end: true
"""
ORDER = """
id: paid-order
steps:
  - {id: pay, type: http, method: POST, url: '${input.url}', body: {token: '${step.token}'}, callback: true, next: paid}
  - {id: paid, type: echo, message: 'Paid ${output.amount}', end: true}
"""
OLDER = os.environ.get("FROM") or "41d8dba"
"""The release before; until there is one, the first commit that writes the formats of today."""


class Shop:
    """What http steps call, and the packages that may call it."""

    def __init__(self, server: Loopback, folder: Path) -> None:
        self.server, self._folder = server, folder
        self._wheels = required(folder / "required")

    def package(self, name: str, source: Path = PROJECT) -> Path:
        made_of = project(self._folder / f"{name}-project", source=source, SEDO_HTTP_ALLOW=self.server.host)
        return package(made_of, self._wheels, self._folder / name)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    found_python()
    with loopback() as server:
        yield Shop(server, tmp_path_factory.mktemp("packages"))


@pytest.fixture(scope="module")
def present(shop: Shop) -> Path:
    return shop.package("present")


@pytest.fixture
def stage(ministack_python: Path, tmp_path: Path) -> Iterator[Deployed]:
    with ministack(ministack_python, tmp_path) as running:
        yield Deployed(running, tmp_path / "data" / "ministack.log")


def test_the_packaged_stack_runs(stage: Deployed, present: Path, shop: Shop, search_engine: str) -> None:
    assert stage.bring(present, SearchUrl=search_engine, SearchDomain="sedo")
    stage.make_key()
    assert stage.ask("GET", "/sedo/health")["status"] == "ok"
    assert_refused_with_problems(stage)
    assert_transcript(stage)
    assert_searched(stage)
    assert_callback(stage)
    assert_http(stage, shop.server)
    assert not stage.bring(present)
    assert_scheduled(stage)
    stage.bring_http_api(present, ValuesBucket="values")
    assert_given(stage, SEDO_VALUES_BUCKET="values")
    assert_asked_by_payload_format_1(stage)
    assert_transcript(stage)
    assert_callback(stage)


def test_what_an_older_release_began_ends_in_this_one_and_the_way_back_is_open(
    stage: Deployed, present: Path, shop: Shop, tmp_path: Path
) -> None:
    older = shop.package("older", checked_out(OLDER, tmp_path / "source"))
    stage.holds_contract = False
    stage.bring(older)
    stage.make_key()
    ends = begun(stage, shop.server)
    assert stage.bring(present, LogDays="7")
    stage.holds_contract = True
    for end in ends:
        end()
    assert_log_days(stage, 7)
    ends = begun(stage, shop.server)
    assert stage.bring(older)
    stage.holds_contract = False
    for end in ends:
        end()
    assert stage.command("operations.doctor", "prod", "--settle", "1", "--json") == ""


def begun(stage: Deployed, server: Loopback) -> list[Callable[[], None]]:
    """Start an execution for each way to wait; answer what brings each to its end, and looks at that."""
    server.answers["/pay"] = json_reply({})
    stage.ask("POST", f"{TENANT}/definitions", CHILD, "application/yaml")
    me = {"who": stage.ask("GET", "/sedo/me")["subject"]}
    task, parent, order = (
        stage.start(TASK, me),
        stage.start(PARENT, me),
        stage.start(ORDER, {"url": f"{server.url}/pay"}),
    )
    asked = [task, f"{TENANT}/executions/{stage.waited(parent, 'execution')}"]
    tasks = [stage.waited(each, "task") for each in asked]
    stage.waited(order, "token")
    bearer = f"Bearer {json.loads(server.requests[-1].body)['token']}"
    timer, each = stage.start(LONGER, {"foo": "bar"}), stage.start(MAP, {"items": [1, 2, 3]})

    def end_tasks() -> None:
        for name in tasks:
            stage.ask("POST", f"{TENANT}/tasks/{name}/complete", {"answer": "yes"})
        assert stage.ended(task)["output"] == "It is yes"
        assert stage.ended(parent)["output"] == "The child said yes"

    def end_order() -> None:
        stage.ask("POST", "/sedo/callbacks/succeed", {"amount": 7}, Authorization=bearer)
        assert stage.ended(order)["output"] == "Paid 7"

    def end_timers() -> None:
        assert stage.ended(timer)["output"] == "Hello bar, and hello again"
        assert stage.ended(each)["output"] == ["Item 1", "Item 2", "Item 3"]

    return [end_tasks, end_order, end_timers]


def assert_transcript(stage: Deployed) -> None:
    """Run the example of the README: queue and timer are handled by the functions of the stack."""
    path = stage.start(SHORT, {"foo": "bar"})
    ended = stage.ended(path)
    assert ended["state"] == "ExecutionSucceeded", ended
    assert [each["state"] for each in stage.ask("GET", f"{path}/history")][-1] == "ExecutionSucceeded"


def assert_searched(stage: Deployed) -> None:
    """Find what has ended: the streams of the tables are read by the function of the stack."""
    found = stage.until(f"{TENANT}/search?state=succeeded", lambda seen: seen["items"])
    assert [each["definitionId"] for each in found] == ["example-definition"]
    assert stage.ask("GET", f"{TENANT}/search?kind=definition")["total"] == 1


def assert_callback(stage: Deployed) -> None:
    path = stage.start(CALLBACK, None)
    bearer = f"Bearer {stage.waited(path, 'token')}"
    stage.ask("POST", "/sedo/callbacks/succeed", {"amount": 7}, Authorization=bearer)
    assert stage.ended(path)["output"] == "Paid 7"


def assert_http(stage: Deployed, server: Loopback) -> None:
    server.answers["/orders/1"] = json_reply({"id": 1})
    ended = stage.ended(stage.start(HTTP, {"url": f"{server.url}/orders/1"}))
    assert ended["output"]["body"] == {"id": 1}, ended
    assert [each.path for each in server.requests] == ["/orders/1"]


def assert_given(stage: Deployed, **variables: str) -> None:
    """The version of the function that the API calls has what the stack was given."""
    found = stage.client("lambda").get_function_configuration(FunctionName="sedo-prod", Qualifier="live")
    assert found["Environment"]["Variables"].items() >= variables.items()


def assert_asked_by_payload_format_1(stage: Deployed) -> None:
    """Ask the packaged functions by events of the HTTP API: its authorizer, a route, what it refuses, and no route."""
    assert stage.ask("GET", "/sedo/me")["tenant"] == "123"
    for path, fields, status in (
        ("/sedo/me", {}, 401),
        ("/sedo/me", {"Authorization": "Bearer sedo_none"}, 401),
        ("/sedo/nothing", {}, 404),
    ):
        found, headers, body = stage.raw("GET", path, fields=fields)
        assert found == status, body
        if fields or status != 401:  # API Gateway itself refuses who shows nothing
            assert headers["Content-Type"] == "application/problem+json", body


def assert_log_days(stage: Deployed, days: int) -> None:
    groups = stage.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/sedo-prod")["logGroups"]
    assert {each["retentionInDays"] for each in groups} == {days}
    assert len(groups) == 8


def assert_scheduled(stage: Deployed) -> None:
    """The rule of the schedule calls its function: here it is called by hand, as it would be in a minute."""
    (rule,) = [
        each
        for each in stage.client("events").list_rules()["Rules"]
        if each.get("ScheduleExpression") == "rate(1 minute)"
    ]
    (target,) = stage.client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    event = json.dumps(scheduled_event(rule["Name"], datetime.now(UTC)))
    called = stage.client("lambda").invoke(FunctionName=target["Arn"], Payload=event)
    assert "FunctionError" not in called, called["Payload"].read()


def assert_refused_with_problems(stage: Deployed) -> None:
    """Ministack leaves the member of the document aside that AWS reads: what it has is set by hand."""
    gateway, api = stage.client("apigateway"), stage.stack.outputs()["RestAPIId"]
    for kind, each in refusals(()).items():
        gateway.put_gateway_response(restApiId=api, responseType=kind, **each)
    gateway.create_deployment(restApiId=api, stageName="api")
    for path, kind in (("/sedo/me", "UNAUTHORIZED"), ("/sedo/nothing", "MISSING_AUTHENTICATION_TOKEN")):
        status, headers, body = stage.raw("GET", path)
        asked, detail = REFUSALS[kind]
        document = {"title": asked.phrase, "detail": detail, "status": asked, "type": None}
        assert (status, json.loads(body)) == (asked, document)
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["X-Request-Id"]
