"""A stack is made, changed, left alone, and finished where it failed: small ones, in ministack."""

import json
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest

from deploy.advice import advised
from deploy.policies import stages
from deploy.release import (
    ReleaseError,
    StageStack,
    chosen,
    located,
    main,
    packaged,
    publish,
    require_room,
    upload,
    welcome,
)
from local.backend import REGION

QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Fn::Sub": "${Name}-queue"}}}
NAME = {"Type": "String", "Default": "one"}
WRONG = {"Type": "AWS::SSM::Parameter", "Properties": {"Name": "/any", "Type": "SecureString", "Value": "x"}}


class Small:
    """A stack of a queue, and what a test adds."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint, self.name = endpoint, f"small-{uuid4().hex[:8]}"
        self.s3 = self.client("s3")
        self.s3.create_bucket(Bucket=self.name)
        self.cloudformation = self.client("cloudformation")
        self.stack = StageStack(self.cloudformation, self.name, poll_seconds=0.05)

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **keys)

    def change(self, more: Any = None, **parameters: str) -> bool:
        template = {
            "Parameters": {"Name": NAME | {"Default": self.name}, "Other": NAME},
            "Resources": {"Queue": QUEUE, **(more or {})},
            "Outputs": {"Queue": {"Value": {"Fn::GetAtt": ["Queue", "QueueName"]}}},
        }
        return self.stack.change(publish(self.s3, self.name, template), parameters, template["Parameters"])


class Changing:
    """A stack that a release which was broken off still changes: a status for each time it is asked."""

    def __init__(self, *statuses: str) -> None:
        self.statuses = iter(statuses)

    def describe_stacks(self, **_: str) -> Any:
        return {"Stacks": [{"StackStatus": next(self.statuses)}]}


@pytest.mark.parametrize(
    "statuses",
    [
        ("CREATE_IN_PROGRESS", "CREATE_COMPLETE"),
        ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"),
        ("REVIEW_IN_PROGRESS",),
    ],
)
def test_a_release_waits_for_the_one_that_was_broken_off(statuses: tuple[str, ...]) -> None:
    client: Any = Changing(*statuses)
    assert StageStack(client, "sedo-prod", poll_seconds=0.01).settled() == statuses[-1]
    assert next(client.statuses, None) is None


@pytest.fixture
def small(ministack: str) -> Small:
    return Small(ministack)


def test_a_stack_is_made_once_and_changed_by_what_is_given(small: Small) -> None:
    assert small.stack.status() == ""
    assert small.change()
    assert small.stack.outputs() == {"Queue": f"{small.name}-queue"}
    assert not small.change()
    assert small.change(Name=f"{small.name}-2")
    assert small.stack.outputs() == {"Queue": f"{small.name}-2-queue"}


def test_a_parameter_keeps_its_value(small: Small) -> None:
    small.change(Name=f"{small.name}-2")
    another = {"Another": {**QUEUE, "Properties": {"QueueName": f"{small.name}-another"}}}
    assert small.change(another)
    assert small.stack.outputs() == {"Queue": f"{small.name}-2-queue"}


def test_what_a_parameter_is_is_told_before_the_change(small: Small) -> None:
    template = {"Parameters": {"Name": NAME, "Other": NAME}}
    assert small.stack.values(template, {}) == {"Name": "one", "Other": "one"}
    small.change(Name=f"{small.name}-2")
    wanted = {"Name": f"{small.name}-2", "Other": "two"}
    assert small.stack.values(template, {"Other": "two"}) == wanted


def test_a_parameter_that_the_next_release_does_not_have_is_not_sent(small: Small) -> None:
    small.change()
    sent: list[Any] = []
    events = small.cloudformation.meta.events
    events.register("before-parameter-build.cloudformation.CreateChangeSet", lambda params, **_: sent.append(params))
    template = {"Parameters": {"Name": NAME | {"Default": small.name}}, "Resources": {"Queue": QUEUE}}
    small.stack.change(publish(small.s3, small.name, template), {}, template["Parameters"], imports=True)
    assert [each["ParameterKey"] for each in sent[0]["Parameters"]] == ["Name"]
    assert sent[0]["ImportExistingResources"] is True


def test_what_failed_is_named_and_finished_by_the_next(small: Small) -> None:
    with pytest.raises(ReleaseError, match=rf"{small.name} is CREATE_FAILED: .*Wrong"):
        small.change({"Wrong": WRONG})
    assert small.change()
    assert small.stack.status() == "UPDATE_COMPLETE"


def test_a_change_that_fails_is_taken_back(small: Small) -> None:
    small.change()
    with pytest.raises(ReleaseError, match=rf"{small.name} is UPDATE_ROLLBACK_COMPLETE: .*Wrong"):
        small.change({"Wrong": WRONG})
    assert small.change(Name=f"{small.name}-2")


def test_an_account_without_room_is_told_so_before_anything_is_made(small: Small) -> None:
    functions, defaults = small.client("lambda"), {"Workers": 100, "Timers": 20, "Reserve": "yes"}
    template = {"Parameters": {name: {"Default": found} for name, found in defaults.items()}}
    require_room(functions, template, {})
    require_room(functions, template, {"Workers": "1000", "Reserve": "no"})
    with pytest.raises(ReleaseError, match=r"reserves 1022 functions, .*the account has \d+: ask AWS for more"):
        require_room(functions, template, {"Workers": "1000"})


def test_the_next_commands_run_as_they_are_printed() -> None:
    (prod,) = [each for each in stages() if each.name == "prod"]
    said = welcome(prod, "https://a.test/api/")
    assert f"SEDO_PREFIX=sedo-prod {sys.executable} -m deploy.access admin acme" in said
    assert "curl https://a.test/api/sedo/health" in said


def test_a_package_has_the_name_of_what_it_holds(small: Small, tmp_path: Any) -> None:
    for content in (b"one", b"two", b"one"):
        (tmp_path / "a.zip").write_bytes(content)
        place = upload(small.s3, small.name, tmp_path / "a.zip")
    found = small.s3.list_objects_v2(Bucket=small.name)["Contents"]
    assert len(found) == 2
    function = {"Type": "AWS::Serverless::Function", "Properties": {"CodeUri": "./a.zip", "Timeout": 1}}
    made = located(
        {"Resources": {"Function": function, "Queue": QUEUE}},
        lambda name: upload(small.s3, small.name, tmp_path / name),
    )
    assert made["Resources"]["Function"]["Properties"] == {"CodeUri": place, "Timeout": 1}
    assert made["Resources"]["Queue"] == QUEUE


def test_where_there_is_no_bucket_the_command_says_how_one_is_made(small: Small, tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"one")
    with pytest.raises(SystemExit, match=r"NoSuchBucket.*aws s3 mb s3://NAME makes one"), advised():
        upload(small.s3, f"{small.name}-none", tmp_path / "a.zip")


def test_a_package_is_released_to_the_stage_that_it_was_made_for(tmp_path: Path) -> None:
    (prod, dev) = (next(each for each in stages() if each.name == name) for name in ("prod", "dev"))
    with pytest.raises(ReleaseError, match=r"no package in .*: make package STAGE=prod FOLDER=.* makes it"):
        packaged(tmp_path, prod)
    variables = {"Environment": {"Variables": {"SEDO_PREFIX": "sedo-prod"}}}
    template = {"Resources": {"Function": {"Type": "AWS::Serverless::Function", "Properties": variables}}}
    (tmp_path / "sam.json").write_text(json.dumps(template))
    assert packaged(tmp_path, prod) == template
    with pytest.raises(ReleaseError, match="is of sedo-prod, not of dev: make package STAGE=dev"):
        packaged(tmp_path, dev)


def test_parameters_are_those_of_the_template() -> None:
    template = {"Parameters": {"Workers": {}, "LogDays": {}}}
    assert chosen(["Workers=50", "LogDays=a=b"], template) == {"Workers": "50", "LogDays": "a=b"}
    with pytest.raises(ReleaseError, match="Workers is no parameter: write SET='Workers=VALUE'"):
        chosen(["Workers"], template)
    with pytest.raises(ReleaseError, match="no parameter Worker; there are LogDays, Workers"):
        chosen(["Worker=50"], template)


def test_a_parameter_is_not_taken_for_the_bucket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["prod", str(tmp_path), "Workers=50"])
    assert "which bucket of S3? make release BUCKET=my-bucket" in capsys.readouterr().err
