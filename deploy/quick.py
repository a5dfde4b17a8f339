"""The quick way to a stage, without a stack: ``python -m deploy.quick deploy dev`` and ``… undeploy dev``.

``chalice deploy`` makes functions and an API; this makes what must be there before, and mends what that overwrites.
A deployment that was broken off is finished by the next, and one more changes nothing.
"""

import argparse
import os
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO
from urllib.error import HTTPError

from chalice.app import Chalice, DynamoDBEventConfig
from chalice.cli.factory import CLIFactory
from chalice.config import DeployedResources
from chalice.deploy.deployer import ChaliceDeploymentError
from chalice.utils import UI

from chalicelib.adapters import clients
from deploy.adoption import adopt
from deploy.advice import AGAIN, advised
from deploy.package import IncompleteError, keep_whole, require_deployable
from deploy.policies import DeployedStage, stages
from deploy.release import welcome
from deploy.resources import ensure, ensure_token_keys
from deploy.stack.refusals import refusals

PROJECT = Path(__file__).parents[1]
HEALTH_SECONDS = 30

NOTHING = """Nothing was deleted: .chalice/deployed/{stage}.json says that nothing of {stage} is deployed.
If there is something, make deploy STAGE={stage} finds it and writes it down."""

UNHEALTHY = """{stage} is deployed, and {url}sedo/health does not say that all of it works: {why}
{python} -m chalice logs --stage {stage} shows what its function says; make deploy STAGE={stage} asks again."""

LOSSES = """This deletes the functions of {stage}, their roles, the schedule and the API at {url}.
It keeps the tables, queues and parameters that begin with {prefix}, and the logs: the data stays."""


def deploy(stage: DeployedStage, factory: CLIFactory, session: Any, ui: UI) -> str:  # noqa: ANN401 - of botocore
    """Make what is missing, deploy, mend; answer the URL."""
    prefix = stage.settings.prefix
    config = factory.create_config_obj(chalice_stage_name=stage.name)
    keep_whole(config, ui)
    for name in [*ensure(clients.dynamodb(), clients.sqs(), prefix), *ensure_token_keys(clients.ssm(), prefix)]:
        ui.write(f"made {name}\n")
    _leave_streams(config.chalice_app)
    for name in adopt(config, stage.name, session):
        ui.write(f"found {name}, of a deployment that was broken off\n")
    deployer = factory.create_default_deployer(session=session, config=config, ui=ui)
    deployed = deployer.deploy(config, chalice_stage_name=stage.name)
    _report_failures(session.create_client("lambda"), deployed)
    api = _api(deployed)
    _refuse_with_problems(session, api["rest_api_id"], config.api_gateway_stage, stage)
    return str(api["rest_api_url"])


def _leave_streams(app: Chalice) -> None:
    """Leave out what reads streams: their ARNs are known to a stack alone."""
    app.event_sources[:] = [each for each in app.event_sources if not isinstance(each, DynamoDBEventConfig)]


def undeploy(stage: DeployedStage, factory: CLIFactory, session: Any, ui: UI) -> None:  # noqa: ANN401 - the same
    """Delete what ``chalice deploy`` made."""
    config = factory.create_config_obj(chalice_stage_name=stage.name)
    factory.create_deletion_deployer(session=session, ui=ui).deploy(config, chalice_stage_name=stage.name)


def _values(deployed: DeployedResources) -> Iterator[dict[str, Any]]:
    return map(deployed.resource_values, deployed.resource_names())


def _api(deployed: dict[str, Any]) -> dict[str, Any]:
    return next(each for each in deployed["resources"] if each["resource_type"] == "rest_api")


def _report_failures(client: Any, deployed: dict[str, Any]) -> None:  # noqa: ANN401 - the same
    """Let the messages of a batch that failed come again alone: Chalice makes mappings and functions without that.

    The mapping is first: without its flag what a function reports is taken for done, and deleted.
    """
    mappings = [each for each in deployed["resources"] if each["resource_type"] == "sqs_event"]
    for each in mappings:
        client.update_event_source_mapping(UUID=each["event_uuid"], FunctionResponseTypes=["ReportBatchItemFailures"])
    for function in sorted({each["lambda_arn"] for each in mappings}):
        client.get_waiter("function_updated_v2").wait(FunctionName=function)
        variables = client.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        reporting = {**variables, "SEDO_REPORTS_FAILURES": "true"}
        client.update_function_configuration(FunctionName=function, Environment={"Variables": reporting})


def _refuse_with_problems(session: Any, api: str, gateway_stage: str, stage: DeployedStage) -> None:  # noqa: ANN401
    """Let API Gateway answer problem documents, too: each import of the API takes that away."""
    gateway = session.create_client("apigateway")
    for kind, each in refusals(stage.settings.cors_origins).items():
        gateway.put_gateway_response(restApiId=api, responseType=kind, **each)
    gateway.create_deployment(restApiId=api, stageName=gateway_stage)


def require_consent(stage: str, sure: str | None, answers: TextIO) -> None:
    """End here, unless a person says that a stage is to be deleted: now, or by the command itself."""
    if sure is None:
        if not answers.isatty():
            sys.exit(
                "nothing was deleted: there is no terminal to ask at."
                f" make undeploy STAGE={stage} SURE={stage} deletes without asking"
            )
        print(f"Write {stage} to delete them: ", end="", flush=True)
        sure = answers.readline().strip()
    if sure != stage:
        sys.exit("nothing was deleted")


def unhealthy(url: str) -> str:
    """Ask a stage whether all of it works; answer what is against that, or nothing."""
    try:
        with urllib.request.urlopen(f"{url}sedo/health", timeout=HEALTH_SECONDS):  # noqa: S310 - https, of AWS
            return ""
    except HTTPError as error:
        return f"{error}: {error.read().decode(errors='replace')}"
    except OSError as error:
        return str(error)


def main(arguments: list[str] | None = None, project: Path = PROJECT) -> None:
    """Deploy a stage, or take it away."""
    parser = argparse.ArgumentParser(prog="python -m deploy.quick", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=("deploy", "undeploy"))
    parser.add_argument("stage", choices=[each.name for each in stages()])
    parser.add_argument("--sure", metavar="STAGE", help="delete without asking: the name of the stage once more")
    asked = parser.parse_args(arguments)
    stage = next(each for each in stages() if each.name == asked.stage)
    factory, ui = CLIFactory(str(project), environ=os.environ), UI()
    try:
        with advised():
            (_deploy if asked.what == "deploy" else _undeploy)(stage, factory, ui, asked.sure)
    except (ChaliceDeploymentError, IncompleteError) as error:
        sys.exit(f"{error}\n{AGAIN}")


def _deploy(stage: DeployedStage, factory: CLIFactory, ui: UI, _: str | None) -> None:
    require_deployable()
    url = deploy(stage, factory, factory.create_botocore_session(), ui)
    print(welcome(stage, url))
    if why := unhealthy(url):
        sys.exit(UNHEALTHY.format(stage=stage.name, url=url, why=why, python=sys.executable))
    print("all of it works")


def _undeploy(stage: DeployedStage, factory: CLIFactory, ui: UI, sure: str | None) -> None:
    config = factory.create_config_obj(chalice_stage_name=stage.name)
    deployed = config.deployed_resources(stage.name)
    if not deployed.resource_names():
        sys.exit(NOTHING.format(stage=stage.name))
    url = next((each["rest_api_url"] for each in _values(deployed) if "rest_api_url" in each), "no URL yet")
    print(LOSSES.format(stage=stage.name, url=url, prefix=stage.settings.prefix))
    require_consent(stage.name, sure, sys.stdin)
    undeploy(stage, factory, factory.create_botocore_session(), ui)


if __name__ == "__main__":
    main()
