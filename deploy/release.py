"""The stack of a stage, brought to an account: ``python -m deploy.release STAGE FOLDER BUCKET [NAME=VALUE …]``.

It takes what :mod:`deploy.package` made in a folder. One that was broken off is finished by the next.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError, WaiterError

from chalicelib.adapters import clients
from deploy.advice import AGAIN, advised
from deploy.policies import DeployedStage, stages
from deploy.resources import ensure_token_keys
from deploy.stack.functions import SCHEDULES
from deploy.takeover import TakeoverError, prepare
from deploy.versions import versioned

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_s3.client import S3Client

NEW = ("", "REVIEW_IN_PROGRESS")
"""Of a stack that is not there yet."""
BROKEN = ("CREATE_FAILED", "UPDATE_FAILED")
"""Of a stack whose last change stayed where it failed."""
UNRESERVED = 100
"""Functions that an account cannot reserve (AWS Lambda Developer Guide, "Configuring reserved concurrency")."""
POLL_SECONDS = 5
CHANGE_SECONDS = 3600
UNCHANGED = ("didn't contain changes", "No updates are to be performed")

NEXT = """
sedo {stage} is at {url}

  SEDO_PREFIX={prefix} {python} -m deploy.access admin acme    # prints a key: KEY=…
  curl {url}sedo/health
  curl -H "Authorization: Bearer $KEY" {url}sedo/me
"""


class ReleaseError(Exception):
    """A stack was not changed, or not to its end."""


def upload(s3: "S3Client", bucket: str, package: Path) -> str:
    """Put a package into a bucket under the name of what it holds, and answer where it is."""
    content = package.read_bytes()
    key = f"sedo/{hashlib.sha256(content).hexdigest()}.zip"
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"s3://{bucket}/{key}"


def located(template: Mapping[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    """Say in a template where the packages of its functions are; ``place`` answers that for the name of a file."""
    found = cache(place)
    resources = {
        name: {**each, "Properties": {**each["Properties"], "CodeUri": found(Path(each["Properties"]["CodeUri"]).name)}}
        if each["Type"] == "AWS::Serverless::Function"
        else each
        for name, each in template["Resources"].items()
    }
    return {**template, "Resources": resources}


class StageStack:
    """A stack of CloudFormation."""

    def __init__(self, cloudformation: "CloudFormationClient", name: str, poll_seconds: float = POLL_SECONDS) -> None:
        self._client, self.name, self._poll_seconds = cloudformation, name, poll_seconds

    def status(self) -> str:
        """Tell how it is; empty where it is not there."""
        try:
            return str(self._client.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"])
        except ClientError as error:
            if "does not exist" in str(error):
                return ""
            raise

    def settled(self) -> str:
        """Wait until nothing changes it: a release that was broken off goes on in AWS; tell how it is then.

        Raises:
            ReleaseError: that takes too long.
        """
        for _ in range(int(CHANGE_SECONDS / self._poll_seconds)):
            found = self.status()
            if found in NEW or not found.endswith("_IN_PROGRESS"):
                return found
            time.sleep(self._poll_seconds)
        raise ReleaseError(f"{self.name} is still {found}")

    def outputs(self) -> dict[str, str]:
        """Read its outputs."""
        found = self._client.describe_stacks(StackName=self.name)["Stacks"][0].get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in found}

    def values(self, template: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, object]:
        """Tell what the parameters of a template are once it is changed with those that are given."""
        defaults = {name: each["Default"] for name, each in template["Parameters"].items()}
        return {**defaults, **self._parameters(), **given}

    def change(
        self, url: str, parameters: Mapping[str, str], declared: Collection[str], *, imports: bool = False
    ) -> bool:
        """Make it what a template says, and wait; a parameter that is not given keeps its value. False: it is already.

        ``declared`` are the parameters of the template: CloudFormation refuses others, also those that it has by now.
        ``imports`` says whether tables that are there become part of the stack.

        What fails stays as it is, so that the next change goes on from there: tables that are to last cannot be taken
        back.

        Raises:
            ReleaseError: it failed; it says where first.
        """
        before = self.settled()
        is_new = before in NEW
        change = self._proposed(url, parameters, declared, is_new=is_new, imports=imports)
        if change is None:
            return False
        # nothing that worked was before what failed halfway: there is no way back from that, but on
        more: dict[str, Any] = {} if is_new else {"DisableRollback": before in BROKEN}
        self._client.execute_change_set(ChangeSetName=change, StackName=self.name, **more)
        waiter = self._client.get_waiter("stack_create_complete" if is_new else "stack_update_complete")
        attempts = int(CHANGE_SECONDS / self._poll_seconds)
        try:
            waiter.wait(StackName=self.name, WaiterConfig={"Delay": self._poll_seconds, "MaxAttempts": attempts})  # type: ignore[typeddict-item] # less than a second, too
        except WaiterError:
            raise ReleaseError(f"{self.name} is {self.status()}: {self._why()}") from None
        return True

    def _proposed(
        self, url: str, parameters: Mapping[str, str], declared: Collection[str], *, is_new: bool, imports: bool
    ) -> str | None:
        """Have a change set made, and answer its ARN; None: there is nothing to change."""
        given = [{"ParameterKey": name, "ParameterValue": text} for name, text in parameters.items()]
        names = [name for name in self._parameters() if name in declared and name not in parameters]
        kept = [{"ParameterKey": name, "UsePreviousValue": True} for name in names]
        more: dict[str, Any] = {"OnStackFailure": "DO_NOTHING"} if is_new else {}
        more |= {"ImportExistingResources": True} if imports else {}
        change = self._client.create_change_set(
            StackName=self.name,
            ChangeSetName=f"sedo-{hashlib.sha256(f'{url} {given}'.encode()).hexdigest()[:16]}-{time.time_ns()}",
            ChangeSetType="CREATE" if is_new else "UPDATE",
            TemplateURL=url,
            Parameters=[*given, *kept],  # type: ignore[list-item] # as they are
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
            **more,
        )["Id"]
        while True:
            seen = self._client.describe_change_set(ChangeSetName=change, StackName=self.name)
            if seen["Status"] == "CREATE_COMPLETE":
                return change
            if seen["Status"] == "FAILED":
                self._client.delete_change_set(ChangeSetName=change, StackName=self.name)
                why = seen.get("StatusReason", "")
                if any(each in why for each in UNCHANGED):
                    return None
                raise ReleaseError(f"{self.name} cannot be changed so: {why}{_hint(why)}")
            time.sleep(self._poll_seconds)

    def _parameters(self) -> dict[str, str]:
        """Read the parameters that it has; none where it is not there yet."""
        if self.status() in NEW:
            return {}
        found = self._client.describe_stacks(StackName=self.name)["Stacks"][0].get("Parameters", [])
        return {each["ParameterKey"]: each["ParameterValue"] for each in found}

    def _why(self) -> str:
        events = self._client.describe_stack_events(StackName=self.name)["StackEvents"]
        failed = [each for each in events if each.get("ResourceStatus", "").endswith("FAILED")]
        why = "; ".join(f"{each['LogicalResourceId']}: {each.get('ResourceStatusReason')}" for each in failed[-3:])
        return why + _hint(why)


def _hint(why: str) -> str:
    return "; make release … IMPORT=yes takes over tables that are there" if "already exists" in why else ""


def publish(s3: "S3Client", bucket: str, template: Mapping[str, Any]) -> str:
    """Put a template into a bucket, and answer its URL: most are too long for a request."""
    content = json.dumps(template, separators=(",", ":")).encode()
    key = f"sedo/{hashlib.sha256(content).hexdigest()}.json"
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    return f"{s3.meta.endpoint_url}/{bucket}/{key}"


def require_room(functions: "LambdaClient", template: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """See, before anything is made, that the account has the functions that a new stack reserves.

    Raises:
        ReleaseError: it has not.
    """
    values = {**{name: each["Default"] for name, each in template["Parameters"].items()}, **given}
    if values["Reserve"] != "yes":
        return
    needed = int(values["Workers"]) + int(values["Timers"]) + SCHEDULES
    free = functions.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"]
    if free - needed < UNRESERVED:
        raise ReleaseError(
            f"the stack reserves {needed} functions, {UNRESERVED} have to stay unreserved, the account has {free}: "
            "ask AWS for more (Concurrent executions of Lambda, Service Quotas), or take fewer Workers, or Reserve=no"
        )


def packaged(folder: Path, stage: DeployedStage) -> dict[str, Any]:
    """Read the template of a package, and see that it is of the stage.

    Raises:
        ReleaseError: it is of another one, or is not there.
    """
    make = f"make package STAGE={stage.name} FOLDER={folder}"
    try:
        template: dict[str, Any] = json.loads((folder / "sam.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        raise ReleaseError(f"there is no package in {folder}: {make} makes it") from None
    found = {
        each["Properties"]["Environment"]["Variables"]["SEDO_PREFIX"]
        for each in template["Resources"].values()
        if each["Type"] == "AWS::Serverless::Function"
    }
    if found != {stage.settings.prefix}:
        raise ReleaseError(f"the package in {folder} is of {', '.join(sorted(found))}, not of {stage.name}: {make}")
    return template


def chosen(texts: Sequence[str], template: Mapping[str, Any]) -> dict[str, str]:
    """Read the parameters of a stack, each as ``NAME=VALUE``.

    Raises:
        ReleaseError: one is not written so, or the template does not have it.
    """
    given = dict(each.partition("=")[::2] for each in texts if "=" in each)
    if wrong := [each for each in texts if "=" not in each]:
        raise ReleaseError(f"{wrong[0]} is no parameter: write SET='{wrong[0]}=VALUE'")
    if unknown := sorted(given.keys() - template["Parameters"].keys()):
        known = ", ".join(sorted(template["Parameters"]))
        raise ReleaseError(f"there is no parameter {', '.join(unknown)}; there are {known}")
    return given


def welcome(stage: DeployedStage, url: str) -> str:
    """Say where a stage is, and the next three commands."""
    return NEXT.format(stage=stage.name, prefix=stage.settings.prefix, url=url, python=sys.executable)


def main(arguments: list[str] | None = None) -> None:
    """Bring the package of a stage to the account that the environment names."""
    parser = argparse.ArgumentParser(prog="python -m deploy.release", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("stage", choices=[each.name for each in stages()])
    parser.add_argument("folder", type=Path, help="where deployment.zip, api.zip, authorizer.zip and sam.json are")
    parser.add_argument("bucket", help="of S3, in the region of the stack: what CloudFormation reads goes there")
    parser.add_argument("--import", dest="imports", action="store_true", help="take over the tables that are there")
    parser.add_argument("parameters", nargs="*", metavar="NAME=VALUE", help="parameters of the stack")
    asked = parser.parse_args(arguments)
    stage = next(each for each in stages() if each.name == asked.stage)
    if "=" in asked.bucket:
        parser.error("which bucket of S3? make release BUCKET=my-bucket; aws s3 mb s3://my-bucket makes one")
    try:
        template = packaged(asked.folder, stage)
        given = chosen(asked.parameters, template)
        with advised():
            print(welcome(stage, _release(stage, asked, template, given)))
    except (ReleaseError, TakeoverError) as error:
        sys.exit(f"{error}\n{AGAIN}, once that is mended")


def _release(
    stage: DeployedStage, asked: argparse.Namespace, template: Mapping[str, Any], given: Mapping[str, str]
) -> str:
    """Bring a package to its stack; answer the URL."""
    s3 = boto3.client("s3")
    stack = StageStack(boto3.client("cloudformation"), f"{stage.app_name}-{stage.name}")
    if is_new := stack.status() in NEW:
        require_room(boto3.client("lambda"), template, given)
    if asked.imports:
        prepare(clients.dynamodb(), clients.sqs(), stage, is_new=is_new)
    ensure_token_keys(clients.ssm(), stage.settings.prefix)
    placed = located(template, lambda name: upload(s3, asked.bucket, asked.folder / name))
    url = publish(s3, asked.bucket, versioned(placed, stack.values(template, given)))
    is_changed = stack.change(url, given, template["Parameters"], imports=asked.imports)
    print("changed" if is_changed else "nothing has changed")
    return stack.outputs()["EndpointURL"]


if __name__ == "__main__":
    main()
