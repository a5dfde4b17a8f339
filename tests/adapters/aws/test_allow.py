import pytest

from chalicelib.adapters.aws.allow import concerns, function_name, is_own_function, own, permits, refusal
from chalicelib.core.values.json import Json


@pytest.mark.parametrize(
    ("pattern", "name", "right"),
    [
        ("sqs:SendMessage", "sqs:SendMessage", True),
        ("SQS:sendmessage", "sqs:SendMessage", True),
        ("dynamodb:Get*", "dynamodb:GetItem", True),
        ("dynamodb:Get*", "dynamodb:PutItem", False),
        ("sqs:Send", "sqs:SendMessage", False),
        ("*:*", "iam:CreateUser", True),
    ],
)
def test_a_pattern_is_about_names(pattern: str, name: str, *, right: bool) -> None:
    assert permits([pattern], name) is right


def test_some_patterns_are_about_a_service() -> None:
    assert concerns(["sqs:Send*", "dynamo*:GetItem"], "SQS")
    assert concerns(["sqs:Send*", "dynamo*:GetItem"], "dynamodb")
    assert concerns(["*"], "iam")
    assert not concerns(["sqs:Send*", "dynamo*:GetItem"], "iam")


def test_installation_and_tenant_both_have_to_allow_it() -> None:
    assert refusal(["sqs:*"], None, "sqs:SendMessage", "SETTING") is None
    assert refusal(["sqs:*"], ["sqs:Send*"], "sqs:SendMessage", "SETTING") is None
    assert "SETTING does not name it" in str(refusal([], None, "sqs:SendMessage", "SETTING"))
    assert "SETTING does not name it" in str(refusal([], ["*:*"], "sqs:SendMessage", "SETTING"))
    assert "its settings do not name it" in str(refusal(["sqs:*"], [], "sqs:SendMessage", "SETTING"))


@pytest.mark.parametrize(
    "action",
    [
        "cloudcontrol:ListResources",
        "config:SelectResourceConfig",
        "iam:ListRoles",
        "resource-explorer-2:Search",
        "resourcegroupstaggingapi:GetResources",
        "sts:AssumeRole",
        "sts:GetCallerIdentity",
    ],
)
def test_some_actions_are_for_no_step_whatever_is_allowed(action: str) -> None:
    for allowed in (["*:*"], ["*"], [action]):
        assert "may not be called by any step" in str(refusal(allowed, None, action, "SETTING"))


@pytest.mark.parametrize(
    ("function", "name"),
    [
        ("render", "render"),
        ("render:live", "render"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:render", "render"),
        ("arn:aws:lambda:eu-west-1:123456789012:function:render:7", "render"),
        ("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:render:$LATEST", "render"),
        ("123456789012:function:render", "render"),
        ("123456789012:render", "render"),
        ("eu-west-1:123456789012:function:render", "render"),
        ("function:render", "render"),
        ("arn:aws:sqs:eu-west-1:123456789012:render", None),
        ("a/b", None),
        ("render:1:2", None),
    ],
)
def test_a_function_is_known_by_its_name_however_it_is_written(function: str, name: str | None) -> None:
    assert function_name(function) == name


def test_sedos_own_functions_are_known() -> None:
    assert is_own_function("sedo-prod", "sedo-prod-on_sqs_message")
    assert is_own_function("orders", "orders-dev-api")
    assert is_own_function("x", "SEDO-dev")
    assert not is_own_function("sedo-prod", "render")


@pytest.mark.parametrize(
    ("service", "parameters"),
    [
        ("dynamodb", {"TableName": "sedo-prod_execution"}),
        ("dynamodb", {"TableName": "arn:aws:dynamodb:eu-west-1:123456789012:table/sedo-prod_execution"}),
        ("dynamodb", {"RequestItems": {"sedo-prod_task": {"Keys": []}}}),
        ("dynamodb", {"Statement": 'SELECT * FROM "sedo-prod_execution"'}),
        ("sqs", {"QueueUrl": "https://sqs/123456789012/sedo-prod_execution-processor-queue"}),
        ("ssm", {"Name": "/sedo-prod/123/secrets/pay"}),
        ("ssm", {"Names": ["/other", "sedo-prod/token-keys"]}),
        ("ssm", {"Name": "arn:aws:ssm:eu-west-1:123456789012:parameter/sedo-prod/token-keys"}),
        ("dynamodb", {"TableName": "sedo_execution"}),
        ("dynamodb", {"TableName": "sedo-test_definition_version"}),
        ("sqs", {"QueueUrl": "https://sqs/123456789012/sedo%2Dprod%5Fexecution-timer-queue"}),
        ("events", {"Targets": [{"Arn": "arn:aws:sqs:eu-west-1:123456789012:sedo-prod_execution-timer-queue"}]}),
        ("scheduler", {"Target": {"Arn": "arn:aws:lambda:eu-west-1:123456789012:function:sedo-prod-on_sqs_message"}}),
        ("machinelearning", {"PredictEndpoint": "http://127.0.0.1"}),
        ("ssm", {"Name": "/sedo-test/token-keys"}),
        ("secretsmanager", {"SecretId": "sedo/123/pay"}),
        ("ssm", {"Path": "/"}),
        ("ssm", {"Name": "/aws/reference/secretsmanager/sedo-prod/123/pay"}),
        ("secretsmanager", {"Filters": [{"Key": "name", "Values": ["!x"]}]}),
        ("ssm", {"Path": "/sedo-prod"}),
        ("secretsmanager", {"SecretId": "sedo-prod/123/pay"}),
        ("secretsmanager", {"SecretId": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sedo-prod/123/pay-AbC"}),
        ("lambda", {"FunctionName": "sedo-prod-api_handler"}),
        ("lambda", {"FunctionName": "123456789012:sedo-prod-api_handler"}),
        ("lambda", {"FunctionName": "%73edo-prod-api_handler"}),
        ("lambda", {"FunctionName": "%2573edo-prod-api_handler"}),
        ("ssm", {"Name": "/%73edo-prod/token-keys"}),
        ("logs", {"logGroupName": "/aws/lambda/sedo-prod-on_sqs_message"}),
        ("logs", {"logGroupIdentifiers": ["arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/Sedo-prod"]}),
        ("logs", {"logGroupNamePrefix": "/aws/lambda/"}),
        ("logs", {"logGroupNamePrefix": "/aws/lambda/s"}),
        ("logs", {"queryString": "source logGroups(namePrefix: ['/aws']) | fields @message"}),
        ("lambda", {"FunctionName": "arn:aws:lambda:eu-west-1:123456789012:function:sedo-prod-api_handler"}),
    ],
)
def test_what_belongs_to_sedo_is_found_wherever_it_stands(service: str, parameters: Json) -> None:
    assert own("sedo-prod", service, parameters) is not None


@pytest.mark.parametrize(
    ("service", "parameters"),
    [
        ("dynamodb", {"TableName": "orders", "Key": {"id": {"S": "sedo-production"}}}),
        ("dynamodb", {"TableName": "orders", "Limit": 3, "ConsistentRead": True, "ExpressionAttributeNames": None}),
        ("sqs", {"QueueUrl": "https://sqs/123456789012/orders", "MessageBody": "sedo_ and sedo-prod_ are prefixes"}),
        ("sns", {"Message": "/sedo-prod/123/secrets/pay"}),
        ("ssm", {"Name": "/orders/key"}),
        ("secretsmanager", {"SecretId": "orders"}),
        ("s3", {"Bucket": "inbox", "Key": "/"}),
        ("lambda", {"FunctionName": "render"}),
        ("logs", {"logGroupName": "/aws/lambda/render", "filterPattern": "sedo-prod"}),
        ("logs", {"logGroupNamePrefix": "orders"}),
        ("sqs", {"QueueUrl": "https://sqs/123456789012/orders", "MessageBody": "100%25 /aws/lambda/sedo-prod"}),
    ],
)
def test_what_does_not_is_left_alone(service: str, parameters: Json) -> None:
    assert own("sedo-prod", service, parameters) is None


@pytest.mark.parametrize(
    "text",
    [
        "the-values",
        "the%2Dvalues",
        "the-values/sedo/t/1",
        "/the-values/sedo/t/1",
        "arn:aws:s3:::the-values/sedo/*",
        "s3://the-values/sedo",
        "https://the-values.s3.eu-west-1.amazonaws.com/sedo",
        "https://s3.eu-west-1.amazonaws.com/the-values/sedo",
    ],
)
def test_the_bucket_for_values_is_out_of_reach_however_it_is_named(text: str) -> None:
    parameters: Json = {"Bucket": text, "Key": "k"}
    assert own("sedo", "s3", parameters, "the-values") == text
    assert own("sedo", "s3", parameters) is None
    assert own("sedo", "s3", parameters, "other") is None


@pytest.mark.parametrize("text", ["the-values-of-others", "of-the-values", "all about the-values", "s3://the-values2"])
def test_other_buckets_and_texts_are_in_reach(text: str) -> None:
    assert own("sedo", "s3", {"Bucket": text}, "the-values") is None
