"""Functions of a stack, as far as Chalice does not declare them: event sources, limits, roles, logs."""

from collections.abc import Iterator, Sequence
from typing import Any

from chalicelib.adapters.dynamodb.tables import DEFINITIONS, EXECUTIONS, TASKS
from deploy.policies import FUNCTIONS, DeployedStage, Duty, Statement, policy, search_access, values_access
from deploy.shares import share
from deploy.stack.stores import QUEUES, ends, outlives, table_id
from deploy.stack.syntax import NOTHING, Block, get_att, logical_id, ref, resource, sub, when

AT_ONCE = {"on_sqs_message": ref("Workers"), "on_timer_message": ref("Timers")}
"""How many of a function run at once, at most."""
API = "api_handler"
SCHEDULED = "on_schedule"
INDEXER = "on_dynamodb_record"
STREAM: Block = {
    "Enabled": when("HasSearch", True, False),  # noqa: FBT003 - a property
    "BatchSize": 100,
    "StartingPosition": "TRIM_HORIZON",
    "MaximumBatchingWindowInSeconds": 0,
    "BisectBatchOnFunctionError": True,
    "MaximumRetryAttempts": 100,
    "MaximumRecordAgeInSeconds": 21_600,
    "FunctionResponseTypes": ["ReportBatchItemFailures"],
}
"""How a stream is read. A batch at which the function dies is halved, down to the record; that one is given up after
100 tries, or 6 hours, so that it holds up nothing for ever. While the engine does not answer, each try takes most of a
minute: an outage of an hour loses nothing."""
SCHEDULES = 2
"""Of the function of the schedule: one may still run when the next begins."""
DEAD_AT_ONCE = 2
"""Of those of dead letters."""
WRAPPER = "/opt/otel-instrument"
"""What a layer of OpenTelemetry starts functions with (AWS Distro for OpenTelemetry, "Lambda Python")."""
MANAGED = {"InVpc": "service-role/AWSLambdaVPCAccessExecutionRole", "IsTraced": "AWSXRayDaemonWriteAccess"}
"""The policies of AWS that roles have, by the condition for it."""


def function_id(function: str) -> str:
    """Name a function as Chalice names it in a template."""
    return "APIHandler" if function == API else logical_id(function)


def role_id(function: str) -> str:
    """Name the role of a function as Chalice does."""
    return logical_id(function, "Role")


def log_id(function: str) -> str:
    """Name the log group of a function."""
    return logical_id(function, "Logs")


def functions(stage: DeployedStage) -> Iterator[tuple[str, Block]]:
    """Declare what Chalice does not say of functions; and their roles and log groups."""
    for name, duty in FUNCTIONS.items():
        yield function_id(name), {"Properties": _properties(name, duty, stage)}
        rights = {"ManagedPolicyArns": [*_managed()], "Policies": [*_policies(name, duty, stage)]}
        yield role_id(name), {"Properties": rights}
        logs = {
            "LogGroupName": f"/aws/lambda/{stage.function_name(name)}",
            "RetentionInDays": ref("LogDays"),
            "KmsKeyId": when("HasKey", ref("KmsKeyArn")),
        }
        yield log_id(name), resource("Logs::LogGroup", logs, **ends(lasting=outlives(stage.name)))


def _properties(name: str, duty: Duty, stage: DeployedStage) -> Block:
    found: dict[str, Any] = {
        "FunctionName": stage.function_name(name),
        "CodeUri": f"./{share(name)}",
        "Tracing": when("IsTraced", "Active", "PassThrough"),
        "KmsKeyArn": when("HasKey", ref("KmsKeyArn")),
        "LoggingConfig": {"LogGroup": ref(log_id(name))},
        "VpcConfig": when(
            "InVpc",
            {"SubnetIds": ref("SubnetIds"), "SecurityGroupIds": ref("SecurityGroupIds")},
        ),
    }
    if name == API:
        found |= _versioned()
    if name in AT_ONCE or name == SCHEDULED:
        found["ReservedConcurrentExecutions"] = when("IsReserved", AT_ONCE.get(name, SCHEDULES), NOTHING)
    variables: dict[str, object] = {
        "SEDO_METRICS": when("HasMetrics", "emf", "none"),
        "SEDO_TRACES": when("HasTraces", "otel", "none"),
        "AWS_LAMBDA_EXEC_WRAPPER": when("HasTraces", WRAPPER),
    }
    if name == API or duty.calls:  # who makes calls of steps refuses those that name it
        variables["SEDO_VALUES_BUCKET"] = ref("ValuesBucket")
    if duty.searches:
        variables["SEDO_SEARCH_URL"] = ref("SearchUrl")
    if name == INDEXER:
        found["Events"] = dict(_streams())
    found["Layers"] = when("HasTraces", [ref("TracesLayerArn")])
    found["Environment"] = {"Variables": variables}
    if duty.receives:
        variables["SEDO_REPORTS_FAILURES"] = "true"
        found["Events"] = {logical_id(name, "SqsEventSource"): {"Properties": _mapping(name, duty)}}
    return found


def _streams() -> Iterator[tuple[str, Block]]:
    """Read the streams of the tables that are searched; the first is the one that Chalice declares."""
    for table in (EXECUTIONS, TASKS, DEFINITIONS):
        name = logical_id(INDEXER, "DynamodbEventSource" if table is EXECUTIONS else logical_id(table.name, "Stream"))
        yield name, {"Type": "DynamoDB", "Properties": {"Stream": get_att(table_id(table), "StreamArn"), **STREAM}}


def _versioned() -> Block:
    """Publish a version with each change, and keep it warm where that is chosen."""
    warm = {"ProvisionedConcurrentExecutions": ref("Provisioned")}
    return {
        "AutoPublishAlias": "live",
        "SnapStart": {"ApplyOn": when("HasSnapStart", "PublishedVersions", "None")},
        "ProvisionedConcurrencyConfig": when("HasProvisioned", warm),
    }


def _mapping(name: str, duty: Duty) -> Block:
    return {
        "Queue": {"Fn::Sub": f"${{{QUEUES[duty.receives]}.Arn}}"},  # the function that Chalice writes, too: they merge
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": AT_ONCE.get(name, DEAD_AT_ONCE)},
        "MaximumBatchingWindowInSeconds": ref("BatchingWindow") if duty.receives == "work" else 0,
    }


def _managed() -> Iterator[Block]:
    for condition, found in MANAGED.items():
        yield when(condition, sub(f"arn:${{AWS::Partition}}:iam::aws:policy/{found}"))


def _policies(name: str, duty: Duty, stage: DeployedStage) -> Iterator[Block]:
    """Give a role all that it may: a policy beside it would be there later than a function that starts at once."""
    yield _policy(f"{role_id(name)}Policy", policy(name, stage)["Statement"])  # as Chalice names it, and writes it
    key = {"Effect": "Allow", "Action": ["kms:Decrypt", "kms:GenerateDataKey"], "Resource": ref("KmsKeyArn")}
    # none has the name of a policy that stood beside the roles of an older stack: that is taken away by its name, last
    yield when("HasKey", _policy("KeyAccess", [key]))
    if duty.searches:
        domain = search_access("arn:${AWS::Partition}:es:${AWS::Region}:${AWS::AccountId}:domain/${SearchDomain}")
        yield when("HasSearch", _policy("SearchAccess", [_substituted(domain)]))
    if name == API:
        bucket = values_access("arn:${AWS::Partition}:s3:::${ValuesBucket}", stage.names)
        yield when("HasValuesBucket", _policy("ValuesAccess", [_substituted(bucket)]))


def _substituted(statement: Statement) -> Statement:
    return {**statement, "Resource": [*map(sub, statement["Resource"])]}


def _policy(name: str, statements: Sequence[Statement]) -> Block:
    return {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}


def arn(function: str) -> Block:
    """Read the ARN of a function."""
    return get_att(function_id(function), "Arn")
