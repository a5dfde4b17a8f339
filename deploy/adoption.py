"""Adoption: what an interrupted ``chalice deploy`` has made is found in the account, and recorded for the next one.

Chalice notes what it has made once all of it is done. It finds functions and roles by their names; mappings and APIs
only by that note, and without it makes them a second time.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalice.config import Config
from chalice.deploy.appgraph import ApplicationGraphBuilder
from chalice.deploy.deployer import ResultsRecorder
from chalice.deploy.models import RestAPI, SQSEventSource
from chalice.utils import OSUtils

RESOURCES = 500
"""Of one answer of API Gateway (Amazon API Gateway API Reference, "GetResources")."""


def adopt(config: Config, stage: str, session: Any) -> list[str]:  # noqa: ANN401 - of botocore
    """Write down what is there of a stage and is not written down; answer its names."""
    recorded = _recorded(Path(config.project_dir, ".chalice", "deployed", f"{stage}.json"))
    known = {each["name"] for each in recorded}
    made = ApplicationGraphBuilder().build(config, stage).resources
    found: list[dict[str, str]] = []
    for resource in made:
        if isinstance(resource, SQSEventSource) and resource.resource_name not in known:
            found += _mapping(session.create_client("lambda"), resource)
        elif isinstance(resource, RestAPI) and resource.resource_name not in known:
            found += _api(session.create_client("apigateway"), resource, config.app_name)
    if found:
        values = {"resources": [*recorded, *found], "schema_version": "2.0", "backend": "api"}
        ResultsRecorder(osutils=OSUtils()).record_results(values, stage, config.project_dir)
    return [each["name"] for each in found]


def _recorded(file: Path) -> list[dict[str, Any]]:
    """Read what is written down; of a file that was not written to its end, nothing."""
    try:
        resources: list[dict[str, Any]] = json.loads(file.read_text())["resources"]
    except (FileNotFoundError, ValueError):
        file.unlink(missing_ok=True)
        return []
    return resources


def _mapping(client: Any, resource: SQSEventSource) -> Iterator[dict[str, str]]:  # noqa: ANN401 - of botocore
    """Find the mapping of a queue to its function."""
    try:
        function = client.get_function_configuration(FunctionName=resource.lambda_function.function_name)
    except client.exceptions.ResourceNotFoundException:
        return
    for each in client.list_event_source_mappings(FunctionName=function["FunctionArn"])["EventSourceMappings"]:
        if each["EventSourceArn"].endswith(f":{resource.queue}"):
            yield {
                "name": resource.resource_name,
                "resource_type": "sqs_event",
                "queue_arn": each["EventSourceArn"],
                "event_uuid": each["UUID"],
                "queue": str(resource.queue),
                "lambda_arn": each["FunctionArn"],
            }


def _api(client: Any, resource: RestAPI, name: str) -> Iterator[dict[str, str]]:  # noqa: ANN401 - of botocore
    """Find the API whose routes call the function of a stage: those of all stages have one name."""
    function = f":function:{resource.lambda_function.function_name}/invocations"
    for each in client.get_rest_apis(limit=RESOURCES)["items"]:
        if each["name"] != name:
            continue
        routes = client.get_resources(restApiId=each["id"], limit=RESOURCES, embed=["methods"])["items"]
        methods = (method for route in routes for method in route.get("resourceMethods", {}).values())
        if any(_calls(method, function) for method in methods):
            yield {"name": resource.resource_name, "resource_type": "rest_api", "rest_api_id": each["id"]}
            return


def _calls(method: Mapping[str, Any], function: str) -> bool:
    """Tell whether a method of an API calls a function."""
    return function in str(method.get("methodIntegration", {}).get("uri", ""))
