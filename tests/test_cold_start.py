"""What a function loads, in processes of their own: each is a cold start."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from chalicelib.api.parsing import read_yaml
from chalicelib.core.values.json import Json
from local.environment import chalice_config, set_environment
from tests.loopback import loopback

PROJECT = Path(__file__).parents[1]
EXAMPLE: Any = read_yaml((PROJECT / "definitions" / "example-definition.yaml").read_bytes(), 10_000)[0]

HEAVY = {"attrs", "boto3", "jsonschema", "jwt", "re2", "referencing", "rfc3339_validator", "rpds", "s3transfer", "yaml"}
"""Packages that nothing of a step needs that has no schema and no pattern."""

OTHERS = (
    "aws",
    "calls.guard",
    "calls.placeholders",
    "calls.secrets",
    "calls.tenant_settings",
    "calls.tokens",
    "health",
    "http",
    "memory",
)
"""How the adapters begin that the wait of the example does not need."""

ABOVE = ("api", "usecases")
"""How the modules begin that only routes need."""

API = """
import json, os, sys
from chalicelib.adapters import clients
from chalicelib.wiring.graph import on_aws
from chalicelib.wiring.settings import Settings
from deploy import resources
from local.lambda_events import sqs_event

settings = Settings.from_environment()
here = settings.names
resources.ensure(clients.dynamodb(), clients.sqs(), here.prefix)
routes = on_aws(settings, inline_turns=0).routes
service = routes.executions.service
document, value = json.load(sys.stdin)
routes.definitions.service.create_definition("t", document)
service.execute("t", document["id"], value)
queue = clients.sqs().get_queue_url(QueueName=here.work)["QueueUrl"]
messages = clients.sqs().receive_message(QueueUrl=queue, AttributeNames=["All"])["Messages"]
json.dump(sqs_event(messages, "arn:aws:sqs:us-east-1:000000000000:" + here.work), sys.stdout)
"""

FUNCTION = """
import json, sys
from types import SimpleNamespace
import app

context = SimpleNamespace(aws_request_id="1", get_remaining_time_in_millis=lambda: 60_000)
app.on_sqs_message(json.load(sys.stdin), context)
json.dump(sorted(sys.modules), sys.stdout)
"""

READY: Mapping[str, tuple[str, int]] = {
    "messages and timers": ("app.wired().worker", 130),
    "the schedule": ("app.wired().worker; import chalicelib.engine.due_sweep", 132),
    "the authorizer": ("app.wired().access.authenticator", 137),
    "the API": ("app.routes()", 216),
}
"""What a function does before its first event, and how many modules more than boto3 with two clients it may load."""

COUNTED = """
import json, sys
{program}
json.dump(sorted(sys.modules), sys.stdout)
"""

STATE = """
import json, sys
from chalicelib.core.executions.listing import ExecutionFilter
from chalicelib.wiring.graph import on_aws
from chalicelib.wiring.settings import Settings

service = on_aws(Settings.from_environment()).routes.executions.service
(summary,) = service.list_executions("t", ExecutionFilter("t"), 10).found
json.dump(str(service.read_execution("t", summary.id).state), sys.stdout)
"""


class Cold:
    """Processes of an installation, none of which has run anything before."""

    def __init__(self, endpoint: str) -> None:
        self.environment = dict(os.environ)
        self.environment.pop("SEDO_STORES", None)
        self.environment["SEDO_PREFIX"] = f"cold-{uuid4().hex[:8]}"
        set_environment(self.environment, chalice_config(PROJECT), endpoint)

    def run(self, code: str, given: Json = None) -> Any:
        command = [sys.executable, "-c", code]
        done = subprocess.run(  # noqa: S603 - it is Python
            command,
            cwd=PROJECT,
            env=self.environment,
            input=json.dumps(given),
            text=True,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def loaded(self, document: Mapping[str, Json], value: Json) -> set[str]:
        """Name what a function has loaded once it has handled the first message of an execution."""
        return set(self.run(FUNCTION, self.run(API, [dict(document), value])))


@pytest.fixture
def cold(ministack: str) -> Cold:
    return Cold(ministack)


def ours(loaded: set[str], *beginnings: str) -> Iterator[str]:
    return (name for name in sorted(loaded) if name.startswith(tuple(f"chalicelib.{each}" for each in beginnings)))


def test_a_function_loads_no_more_than_it_works_with(cold: Cold) -> None:
    loaded = cold.loaded(EXAMPLE, {"foo": "bar"})
    assert cold.run(STATE) == "StepStarted"
    assert not loaded & HEAVY
    assert not [*ours(loaded, *ABOVE, *(f"adapters.{name}" for name in OTHERS))]
    assert {"chalicelib.engine.invocation", "chalicelib.adapters.dynamodb.executions"} <= loaded


def test_a_request_loads_what_makes_requests_and_no_other_call(cold: Cold) -> None:
    with loopback() as server:
        step: dict[str, Json] = {"id": "ask", "type": "http", "method": "GET", "url": server.url}
        loaded = cold.loaded({"id": "asks", "steps": [step]}, {})
    assert cold.run(STATE) == "ExecutionSucceeded"
    assert "chalicelib.adapters.http.call" in loaded
    assert not [*ours(loaded, "adapters.aws", "api.executions", "api.http", "usecases")]
    assert not loaded & (HEAVY - {"jsonschema"})


@pytest.mark.parametrize("name", READY)
def test_a_function_is_ready_with_few_modules(name: str) -> None:
    """The bench measures their time, of which most is of modules (`python -m benchmarks cold-start`)."""
    cold, (program, most) = Cold("http://127.0.0.1:9"), READY[name]
    floor = cold.run(COUNTED.format(program="import boto3; boto3.client('dynamodb'); boto3.client('sqs')"))
    loaded = {*cold.run(COUNTED.format(program=f"import app; {program}"))}
    assert not loaded & (HEAVY - {"jsonschema"})
    assert len(loaded) - len(floor) <= most
