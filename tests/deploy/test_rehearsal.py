"""What is deployed, deployed: the package in the stack of its own template, run by the functions of a ministack."""

import json
import platform
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.stack.refusals import REFUSALS, refusals
from local.lambda_events import scheduled_event
from tests.deploy.stage import TENANT, Deployed, found_python, ministack, package, project, required
from tests.loopback import Loopback, json_reply, loopback

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(platform.machine() != "x86_64", reason="the wheels are for x86_64"),
]

EXAMPLE = (Path(__file__).parents[2] / "definitions" / "example-definition.yaml").read_text()
SHORT = EXAMPLE.replace("seconds: 45", "seconds: 2")
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


def test_the_packaged_stack_runs_and_is_changed_under_what_runs(ministack_python: Path, tmp_path: Path) -> None:
    found_python()
    with loopback() as shop, ministack(ministack_python, tmp_path) as running:
        made_of = project(tmp_path / "project", SEDO_HTTP_ALLOW=shop.host)
        made = package(made_of, required(tmp_path / "required"), tmp_path / "package")
        stage = Deployed(running, tmp_path / "data" / "ministack.log")
        assert stage.bring(made)
        stage.make_key()
        assert stage.ask("GET", "/sedo/health")["status"] == "ok"
        assert_refused_with_problems(stage)
        opened = stage.start(TASK, {"who": stage.ask("GET", "/sedo/me")["subject"]})
        assert_transcript(stage)
        assert_callback(stage)
        assert_http(stage, shop)
        assert not stage.bring(made)
        assert_upgrade(stage, made, opened)
        assert_scheduled(stage)


def assert_transcript(stage: Deployed) -> None:
    """Run the example of the README: queue and timer are handled by the functions of the stack."""
    path = stage.start(SHORT, {"foo": "bar"})
    ended = stage.until(path, "endedAt")
    assert ended["state"] == "ExecutionSucceeded", ended
    assert [each["state"] for each in stage.ask("GET", f"{path}/history")][-1] == "ExecutionSucceeded"


def assert_callback(stage: Deployed) -> None:
    path = stage.start(CALLBACK, None)
    (wait,) = [each for each in stage.until(path, "waitingFor")["waitingFor"] if "token" in each]
    bearer = f"Bearer {wait['token']}"
    stage.ask("POST", "/sedo/callbacks/succeed", {"amount": 7}, Authorization=bearer)
    assert stage.until(path, "endedAt")["output"] == "Paid 7"


def assert_http(stage: Deployed, shop: Loopback) -> None:
    shop.answers["/orders/1"] = json_reply({"id": 1})
    ended = stage.until(stage.start(HTTP, {"url": f"{shop.url}/orders/1"}), "endedAt")
    assert ended["output"]["body"] == {"id": 1}, ended
    assert [each.path for each in shop.requests] == ["/orders/1"]


def assert_upgrade(stage: Deployed, made: Path, opened: str) -> None:
    """Bring a second package over the first, under an execution that waits; it goes on in the second."""
    with zipfile.ZipFile(made / "deployment.zip", "a") as archive:
        archive.writestr("second.txt", "the second package")
    before = stage.client("lambda").get_function_configuration(FunctionName="sedo-prod-on_sqs_message")
    (wait,) = stage.until(opened, "waitingFor")["waitingFor"]
    assert stage.bring(made, LogDays="7")
    after = stage.client("lambda").get_function_configuration(FunctionName="sedo-prod-on_sqs_message")
    assert before["CodeSha256"] != after["CodeSha256"]
    stage.ask("POST", f"{TENANT}/tasks/{wait['task']}/complete", {"answer": "yes"})
    assert stage.until(opened, "endedAt")["output"] == "It is yes"
    groups = stage.client("logs").describe_log_groups(logGroupNamePrefix="/aws/lambda/sedo-prod")["logGroups"]
    assert {each["retentionInDays"] for each in groups} == {7}
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
