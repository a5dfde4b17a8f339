"""``chalice deploy`` and ``delete`` against moto: ``python -m tests.deploy.launcher``, in a copy of the project.

First it is broken off again and again, each time after a call that had its effect. It prints what is there after each
command. Moto takes only OpenAPI 3, so what Chalice imports is converted on its way.
"""

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from chalice.cli.factory import CLIFactory
from chalice.utils import UI
from moto import mock_aws

from chalicelib.adapters import clients
from deploy import quick
from deploy.policies import stages

(DEV,) = [each for each in stages() if each.name == "dev"]


def converted(params: dict[str, Any], **_: object) -> None:
    """Make OpenAPI 3 of what Chalice writes."""
    document = json.loads(params["body"])
    document.pop("swagger")
    document["openapi"] = "3.0.1"
    document["info"]["description"] = ""
    params["body"] = json.dumps(document)


def seen() -> dict[str, Any]:
    """Tell what is there."""
    mappings = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    functions = boto3.client("lambda").list_functions()["Functions"]
    gateway = boto3.client("apigateway")
    apis = gateway.get_rest_apis()["items"]
    return {
        "functions": sorted(each["FunctionName"] for each in functions),
        "reporting": sorted(
            each["FunctionName"] for each in functions if "SEDO_REPORTS_FAILURES" in each["Environment"]["Variables"]
        ),
        "mappings": {each["EventSourceArn"].rpartition(":")[2]: each.get("FunctionResponseTypes") for each in mappings},
        "count": len(mappings),
        "rules": [each["ScheduleExpression"] for each in boto3.client("events").list_rules()["Rules"]],
        "routes": [len(gateway.get_resources(restApiId=each["id"], limit=500)["items"]) for each in apis],
        "refusals": [len(gateway.get_gateway_responses(restApiId=each["id"])["items"]) for each in apis],
        "tables": len(boto3.client("dynamodb").list_tables()["TableNames"]),
        "queues": len(boto3.client("sqs").list_queues()["QueueUrls"]),
    }


class BrokenOff(BaseException):
    """The process ends here."""


BREAKS = (
    "dynamodb.CreateTable",
    "lambda.CreateFunction",
    "lambda.CreateEventSourceMapping",
    "lambda.UpdateEventSourceMapping",
    "api-gateway.ImportRestApi",
    "api-gateway.PutGatewayResponse",
)
"""The calls after which a deployment is broken off."""


def break_off(session: Any, deploy: Callable[[], object]) -> list[str]:
    """Deploy, broken off after a call of each kind; answer where it was."""
    broken = []
    for call in BREAKS:
        events = clients.dynamodb().meta.events if call.startswith("dynamodb") else session

        def end(**_: object) -> None:
            raise BrokenOff

        events.register(f"after-call.{call}", end)
        try:
            deploy()
        except BrokenOff:
            broken.append(call)
        events.unregister(f"after-call.{call}", end)
    return broken


@mock_aws
def main() -> None:
    """Deploy, broken off again and again; to the end; again; and delete."""
    factory = CLIFactory(str(Path.cwd()), environ=os.environ)
    session = factory.create_botocore_session()
    for operation in ("ImportRestApi", "PutRestApi"):
        session.register(f"provide-client-params.api-gateway.{operation}", converted)

    def deploy() -> object:
        return quick.deploy(DEV, factory, session, UI(out=io.StringIO(), err=sys.stderr))

    found: list[Any] = [break_off(session, deploy)]
    for _ in range(2):
        deploy()
        found.append(seen())
    quick.undeploy(DEV, factory, session, UI(out=io.StringIO(), err=sys.stderr))
    found.append(seen())
    print(json.dumps(found))


if __name__ == "__main__":
    main()
