"""The template of the stack: what it declares is what the application says elsewhere, and CloudFormation takes it."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.adapters.metrics import METRICS, NAMESPACE
from deploy.policies import FUNCTIONS, policy, stages
from deploy.release import located
from deploy.resources import LONGEST_WINDOW, QUEUE_ATTRIBUTES, table_request
from deploy.stack.front_doors import http_body
from deploy.stack.functions import function_id, log_id, role_id
from deploy.stack.parameters import parameters
from deploy.stack.refusals import REFUSALS, UNKNOWN, refusals
from deploy.stack.stores import DEAD, QUEUES, table_id
from deploy.stack.watch import alarms, declared
from deploy.versions import versioned
from local.backend import REGION
from local.gateway import problem
from tests.access.guarded import guarded
from tests.deploy.stage import PROJECT, done, expanded

DOCS = (PROJECT / "docs" / "deploying.md").read_text()
OBSERVING = (PROJECT / "docs" / "observing.md").read_text()
STAGES = {stage.name: stage for stage in stages()}
BODY_BYTES = 1_000_000
"""Of a template (AWS CloudFormation quotas, "Template body size")."""
ROUTES = 300
"""Of an HTTP API (Amazon API Gateway quotas)."""


@cache
def template(stage: str, seed: str = "0") -> Any:
    environment = {"PATH": os.environ["PATH"], "AWS_DEFAULT_REGION": REGION, "PYTHONHASHSEED": seed}
    command = [sys.executable, "-m", "tests.deploy.template", stage]
    text = done(subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False))
    return json.loads(text.splitlines()[-1])


def resources(stage: str = "prod") -> Any:
    return template(stage)["Resources"]


def test_cloudformation_takes_it(tmp_path: Path) -> None:
    placed = located(template("prod"), lambda name: f"s3://releases/{name}")
    defaults = {name: each["Default"] for name, each in placed["Parameters"].items()}
    placed = versioned(placed, defaults)
    whole = expanded(placed)
    version = placed["Resources"]["APIHandler"]["Properties"]["AutoPublishCodeSha256"]
    assert f"APIHandlerVersion{version[:10]}" in whole["Resources"]
    # without it Lambda publishes nothing where only a version is to be made
    assert whole["Resources"]["APIHandler"]["Properties"]["Description"] == version
    for name, found in (("sam.json", template("prod")), ("expanded.json", whole)):
        (tmp_path / name).write_text(json.dumps(found))
        assert len(json.dumps(found)) < BODY_BYTES
    command = [sys.executable, "-c", "from cfnlint.runner import main; main()", *map(str, tmp_path.glob("*.json"))]
    lint = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (lint.stdout + lint.stderr, lint.returncode) == ("", 0)


def test_streams_are_read_where_there_is_an_engine_and_a_record_holds_up_nothing_for_ever() -> None:
    events = resources()["OnDynamodbRecord"]["Properties"]["Events"]
    streams = {each["Properties"]["Stream"]["Fn::GetAtt"][0] for each in events.values()}
    assert streams == {"ExecutionTable", "TaskTable", "DefinitionTable"}
    for each in events.values():
        assert each["Type"] == "DynamoDB"
        assert each["Properties"]["Enabled"] == {"Fn::If": ["HasSearch", True, False]}
        assert each["Properties"]["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert each["Properties"]["BisectBatchOnFunctionError"] is True
        assert 0 < each["Properties"]["MaximumRetryAttempts"] <= 100


def test_it_is_the_same_each_time() -> None:
    assert json.dumps(template("prod", "1")) == json.dumps(template("prod", "2"))


@pytest.mark.parametrize("stage", STAGES)
def test_it_has_the_tables_that_the_application_declares(stage: str) -> None:
    found = resources(stage)
    for table in TABLES:
        declared, wanted = found[table_id(table)], table_request(table, STAGES[stage].names)
        properties = declared["Properties"]
        if table.stream:
            assert wanted.pop("StreamSpecification") == {"StreamEnabled": True, **properties["StreamSpecification"]}
        assert {name: properties[name] for name in wanted} == json.loads(json.dumps(wanted))
        assert properties["TimeToLiveSpecification"] == {"Enabled": True, "AttributeName": table.expiry}
        lasting = stage == "prod"
        assert declared["DeletionPolicy"] == ("RetainExceptOnCreate" if lasting else "Delete")
        assert properties["DeletionProtectionEnabled"] is lasting
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": lasting}
    assert len([each for each in found.values() if each["Type"] == "AWS::DynamoDB::Table"]) == len(TABLES)


@pytest.mark.parametrize("stage", STAGES)
def test_what_has_a_name_and_holds_data_or_logs_is_kept_so_that_another_stack_can_import_it(stage: str) -> None:
    kept = {"AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Logs::LogGroup"}
    policies = {each["DeletionPolicy"] for each in resources(stage).values() if each["Type"] in kept}
    assert policies == {"RetainExceptOnCreate" if stage == "prod" else "Delete"}


def test_its_queues_hide_messages_longer_than_functions_run_and_hand_them_on() -> None:
    found, names = resources(), STAGES["prod"].names
    for function, duty in FUNCTIONS.items():
        if not duty.receives:
            continue
        queue, properties = found[QUEUES[duty.receives]]["Properties"], found[function_id(function)]["Properties"]
        assert queue["QueueName"] == getattr(names, duty.receives)
        assert queue["VisibilityTimeout"] >= 6 * properties["Timeout"] + LONGEST_WINDOW
        assert queue.items() >= QUEUE_ATTRIBUTES.items()
        (mapping,) = [each["Properties"] for each in properties["Events"].values()]
        assert mapping["Queue"] == {"Fn::Sub": f"${{{QUEUES[duty.receives]}.Arn}}"}
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert properties["Environment"]["Variables"]["SEDO_REPORTS_FAILURES"] == "true"
        assert ("RedrivePolicy" in queue) is (duty.receives in DEAD)


def test_each_function_has_a_name_a_role_and_a_log_group_of_its_own() -> None:
    found, stage = resources(), STAGES["prod"]
    for function in FUNCTIONS:
        properties = found[function_id(function)]["Properties"]
        assert properties["FunctionName"] == stage.function_name(function)
        assert properties["Role"] == {"Fn::GetAtt": [role_id(function), "Arn"]}
        assert properties["LoggingConfig"] == {"LogGroup": {"Ref": log_id(function)}}
        assert properties["Architectures"] == ["arm64"]
    functions = [name for name, each in found.items() if each["Type"] == "AWS::Serverless::Function"]
    assert {*functions} == {*map(function_id, FUNCTIONS)}


def policies(condition: str, function: str) -> list[Any]:
    """Read the policies that the role of a function has under a condition; those that it always has are under none."""
    found = resources()[role_id(function)]["Properties"]["Policies"]
    return [
        each["Fn::If"][1] if "Fn::If" in each else each for each in found if condition == each.get("Fn::If", [""])[0]
    ]


def test_each_role_has_its_policies_before_a_function_that_starts_at_once() -> None:
    assert not [name for name, each in resources().items() if each["Type"] == "AWS::IAM::Policy"]
    for function, duty in FUNCTIONS.items():
        (always,), (key,) = policies("", function), policies("HasKey", function)
        assert always["PolicyDocument"] == policy(function, STAGES["prod"])
        (statement,) = key["PolicyDocument"]["Statement"]
        assert (statement["Action"], statement["Resource"]) == (
            ["kms:Decrypt", "kms:GenerateDataKey"],
            {"Ref": "KmsKeyArn"},
        )
        assert [each["PolicyName"] for each in policies("HasSearch", function)] == ["SearchAccess"] * duty.searches
        names = {each["PolicyName"] for condition in ("HasKey", "HasSearch") for each in policies(condition, function)}
        assert not names & {"key", "search", "values"}


def test_the_bucket_for_values_is_named_to_the_api_and_to_who_makes_calls_and_only_the_api_has_rights_on_it() -> None:
    found, bucket = template("prod"), {"Ref": "ValuesBucket"}
    given = {
        name: each["Properties"].get("Environment", {}).get("Variables", {}).get("SEDO_VALUES_BUCKET")
        for name, each in found["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    assert {name: value for name, value in given.items() if value} == {
        function_id(name): bucket for name, duty in FUNCTIONS.items() if name == "api_handler" or duty.calls
    }
    assert found["Parameters"]["ValuesBucket"]["Default"] == ""
    having = {function: chosen for function in FUNCTIONS if (chosen := policies("HasValuesBucket", function))}
    assert having.keys() == {"api_handler"}
    (statement,) = having["api_handler"][0]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", ["s3:GetObject", "s3:PutObject"])
    assert statement["Resource"] == [{"Fn::Sub": "arn:${AWS::Partition}:s3:::${ValuesBucket}/sedo-prod/*"}]


def test_workers_and_timers_have_functions_to_themselves() -> None:
    reserved = {
        name: each["Properties"]["ReservedConcurrentExecutions"]["Fn::If"][1]
        for name, each in resources().items()
        if "ReservedConcurrentExecutions" in each.get("Properties", {})
    }
    assert reserved == {"OnSqsMessage": {"Ref": "Workers"}, "OnTimerMessage": {"Ref": "Timers"}, "OnSchedule": 2}


def test_the_apis_call_the_version_that_can_stand_ready() -> None:
    found = resources()
    properties = found["APIHandler"]["Properties"]
    assert properties["AutoPublishAlias"] == "live"
    assert properties["SnapStart"] == {"ApplyOn": {"Fn::If": ["HasSnapStart", "PublishedVersions", "None"]}}
    body = found["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    operations = [each for path in body.values() for method, each in path.items()]
    operations.append({"x-amazon-apigateway-integration": found["HttpApi"]["Properties"]["Body"]["components"]})
    assert not [each for each in operations if "APIHandler.Alias" not in json.dumps(each)]
    assert not [each for each in operations if "APIHandler.Arn" in json.dumps(each)]
    for name in ("APIHandlerInvokePermission", "HttpApiHandlerPermission"):
        assert found[name]["Properties"]["FunctionName"] == {"Ref": "APIHandler.Alias"}


def version(**given: str) -> str:
    """Name the version of the API's function under values of parameters."""
    found = template("prod")
    values = {name: each["Default"] for name, each in found["Parameters"].items()} | given
    made = versioned(found, values)["Resources"]["APIHandler"]["Properties"]["AutoPublishCodeSha256"]
    assert isinstance(made, str)
    return made


@pytest.mark.parametrize(
    "given",
    [{"ValuesBucket": "values"}, {"Metrics": "no"}, {"KmsKeyArn": "arn"}, {"SnapStart": "yes"}, {"SubnetIds": "a,b"}],
)
def test_what_a_parameter_gives_the_function_of_the_api_publishes_another_version(given: dict[str, str]) -> None:
    assert version(**given) != version()


@pytest.mark.parametrize("given", [{"LogDays": "7"}, {"Workers": "7"}, {"FrontDoor": "http"}, {"Alarms": "no"}])
def test_what_the_function_of_the_api_is_not_told_publishes_none(given: dict[str, str]) -> None:
    assert version(**given) == version()


def test_an_http_api_has_the_routes_of_the_rest_api_and_one_for_all_others() -> None:
    rest = resources()["RestAPI"]["Properties"]["DefinitionBody"]["paths"]
    http = resources()["HttpApi"]["Properties"]["Body"]["paths"]
    other = http.pop("/$default")
    assert other["x-amazon-apigateway-any-method"]["isDefaultRoute"]
    methods = {path: {*operations} - {"parameters"} for path, operations in http.items()}
    assert methods == {path: {*operations} for path, operations in rest.items()}
    assert sum(map(len, methods.values())) < ROUTES
    for path, operations in rest.items():
        for method, operation in operations.items():
            assert ("security" in operation) is ("security" in http[path][method]), (path, method)


@pytest.mark.parametrize(
    ("auth", "member"), [("keys", "x-amazon-apigateway-authorizer"), ("iam", "x-amazon-apigateway-authtype")]
)
def test_an_http_api_asks_who_it_is_as_the_stage_says(auth: str, member: str) -> None:
    with guarded(SEDO_AUTH=auth) as sedo:
        body = http_body(sedo.app, "any")
    (scheme,) = body["components"]["securitySchemes"].values()
    assert member in scheme


def test_api_gateway_compresses_answers_of_the_rest_api() -> None:
    assert resources()["RestAPI"]["Properties"]["MinimumCompressionSize"] == 1024


def test_api_gateway_refuses_as_sedo_does() -> None:
    found = resources()["RestAPI"]["Properties"]["DefinitionBody"]["x-amazon-apigateway-gateway-responses"]
    assert found == refusals(())
    for kind, (status, detail) in REFUSALS.items():
        body = json.loads(found[kind]["responseTemplates"]["application/json"])
        assert body == json.loads(problem(status, detail).body)
        assert found[kind]["statusCode"] == str(status.value)
    assert UNKNOWN in (PROJECT / "local" / "gateway.py").read_text()
    assert "gatewayresponse.header.Access-Control-Allow-Origin" not in found["UNAUTHORIZED"]["responseParameters"]
    mapped = refusals({"https://a.test"})["UNAUTHORIZED"]["responseParameters"]
    assert mapped["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


def test_the_document_names_every_parameter() -> None:
    names = [each.name for each in parameters(lasting=True)]
    assert [name for name in names if f"`{name}`" not in DOCS] == []


def test_each_alarm_says_where_its_runbook_is_and_each_runbook_says_what_to_do() -> None:
    pages = {each.page or each.name for each in declared(STAGES["prod"])}
    assert pages == {*re.findall(r"^### (.+)$", OBSERVING, re.MULTILINE)}
    for page in pages:
        text = OBSERVING.partition(f"### {page}\n")[2].partition("\n##")[0]
        assert all(f"**{part}.**" in text for part in ("Means", "Look at", "Do")), page
    for _, each in alarms(STAGES["prod"]):
        said = each["Properties"]["AlarmDescription"]
        assert said.rpartition("docs/observing.md#")[2] in pages


def test_the_document_names_every_metric() -> None:
    assert [name for name in METRICS if f"`{name}`" not in OBSERVING] == []


def test_the_dashboard_shows_every_metric_and_alarms_name_no_other() -> None:
    ours = {each.metric for each in declared(STAGES["prod"]) if each.namespace == NAMESPACE}
    body = json.loads(resources()["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    shown = {m[1] for w in body["widgets"] for m in w["properties"]["metrics"] if m[0] == NAMESPACE}
    assert shown == {*METRICS}
    assert ours <= shown
    switched = {name for name, each in resources().items() if each.get("Condition") == "HasMetricAlarms"}
    assert len(switched) == len(ours)


def test_what_a_stage_that_lasts_has_by_default() -> None:
    defaults = {
        stage: {name: each["Default"] for name, each in template(stage)["Parameters"].items()} for stage in STAGES
    }
    different = {name: (defaults["dev"][name], found) for name, found in defaults["prod"].items()}
    assert {name: found for name, found in different.items() if found[0] != found[1]} == {
        "Workers": (10, 100),
        "Timers": (5, 20),
        "Reserve": ("no", "yes"),
        "Alarms": ("no", "yes"),
        "Metrics": ("no", "yes"),
    }
