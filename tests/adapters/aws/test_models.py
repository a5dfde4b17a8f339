from typing import Any

import pytest

from chalicelib.adapters.aws.allow import SHARED
from chalicelib.adapters.aws.models import MODELS, actions, problems, service_model, services
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json

ALL = ("*:*",)
PUT: dict[str, Json] = {"TableName": "t", "Item": {"id": {"S": "7"}}}


def found(
    service: str, action: str, parameters: Json = None, allowed: tuple[str, ...] = ALL, **more: Json
) -> list[tuple[str, str]]:
    step: dict[str, Json] = {"id": "a", "type": "aws", "service": service, "action": action, **more}
    if parameters is not None:
        step["parameters"] = parameters
    return [(each.pointer, each.message) for each in problems({"steps": [step]}, allowed)]


@pytest.mark.parametrize("action", ["PutItem", "put_item"])
def test_what_is_right_has_no_problem_in_either_spelling(action: str) -> None:
    assert found("dynamodb", action, PUT) == []


@pytest.mark.parametrize(
    ("service", "action", "parameters", "pointer", "message"),
    [
        ("dynamo", "PutItem", PUT, "/service", "boto3 knows no service 'dynamo' (did you mean 'dynamodb'?)"),
        ("states", "StartExecution", {}, "/service", "boto3 knows no service 'states': write stepfunctions"),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "q", "MessageBody": {"all": [True, None]}},
            "/parameters/MessageBody",
            'this is a text, not {"all": [true, null]}: ${ to_json(…) } makes one',
        ),
        (
            "sqs",
            "SendMessage",
            {"QueueUrl": "q", "MessageBody": ["a" * 100]},
            "/parameters/MessageBody",
            f'this is a text, not ["{"a" * 78}…: ${{ to_json(…) }} makes one',
        ),
        ("sqs", "SendMesage", {}, "/action", "sqs has no action 'SendMesage' (did you mean 'SendMessage'?)"),
        (
            "dynamodb",
            "PutItem",
            {**PUT, "Tablename": "t"},
            "/parameters/Tablename",
            "there is no parameter 'Tablename' here (did you mean 'TableName'?)",
        ),
        (
            "dynamodb",
            "PutItem",
            {"TableName": "t", "Item": {"id": {"s": "7"}}},
            "/parameters/Item/id/s",
            "there is no parameter 's' here (did you mean 'S'?)",
        ),
        ("dynamodb", "PutItem", {"TableName": "t"}, "/parameters", "the parameter 'Item' is missing"),
        ("dynamodb", "PutItem", None, "/parameters", "the parameter 'TableName' is missing"),
        (
            "sqs",
            "ReceiveMessage",
            {"QueueUrl": "q", "MaxNumberOfMessages": "10"},
            "/parameters/MaxNumberOfMessages",
            'this is a whole number, not "10": leave the quotes out',
        ),
        (
            "sqs",
            "ReceiveMessage",
            {"QueueUrl": "q", "MessageAttributeNames": ["a", 7]},
            "/parameters/MessageAttributeNames/1",
            "this is a text, not 7: put it in quotes",
        ),
        (
            "dynamodb",
            "GetItem",
            {"TableName": "t", "Key": {}, "ConsistentRead": 1},
            "/parameters/ConsistentRead",
            "this is true or false, not 1",
        ),
        (
            "s3",
            "PutObject",
            {"Bucket": "b", "Key": "k", "Body": 7},
            "/parameters/Body",
            "this is a text, or {base64: …}, not 7",
        ),
    ],
)
def test_what_is_wrong_is_told_with_the_nearest_right_name(
    service: str, action: str, parameters: Json, pointer: str, message: str
) -> None:
    problems = found(service, action, parameters)
    assert (f"/steps/0{pointer}", message) in problems


def test_a_word_that_is_none_of_those_there_are_is_told() -> None:
    ((pointer, message),) = found("dynamodb", "PutItem", {**PUT, "ReturnValues": "ALL"})
    assert pointer == "/steps/0/parameters/ReturnValues"
    assert message.startswith('"ALL" is none of NONE, ALL_OLD')


def test_templates_and_nulls_can_become_anything() -> None:
    assert found("dynamodb", "PutItem", {"TableName": "${input.t}", "Item": "${output}", "ReturnValues": None}) == []
    assert found("dynamodb", "PutItem", "${input}") == []


def test_bytes_are_a_text_or_base64() -> None:
    for body in ("text", {"base64": "AAAA"}):
        assert found("s3", "PutObject", {"Bucket": "b", "Key": "k", "Body": body}) == []


def test_idempotency_tokens_need_not_be_given() -> None:
    assert found("dynamodb", "TransactWriteItems", {"TransactItems": []}) == []


@pytest.mark.parametrize(
    ("service", "action", "place"), [("${input}", "PutItem", "service"), ("sqs", "${a}", "action")]
)
def test_what_is_called_is_written_out(service: str, action: str, place: str) -> None:
    ((pointer, message),) = found(service, action)
    assert (pointer, message.startswith(f"{place} is no template")) == (f"/steps/0/{place}", True)


def test_what_does_not_answer_in_pages_cannot_be_asked_for_all_of_them() -> None:
    assert found("s3", "ListObjectsV2", {"Bucket": "b"}, paginate=True) == []
    assert found("sqs", "SendMessage", {"QueueUrl": "q", "MessageBody": "b"}, paginate=True) == [
        ("/steps/0/paginate", "sqs:SendMessage does not answer in pages")
    ]


def test_what_may_not_be_called_is_told_beforehand() -> None:
    ((pointer, message),) = found("dynamodb", "PutItem", PUT, allowed=("sqs:*", "dynamodb:Get*"))
    assert (pointer, "SEDO_AWS_ALLOW" in message) == ("/steps/0/action", True)
    step: Json = {"id": "a", "type": "aws", "service": "dynamodb", "action": "PutItem", "parameters": PUT}
    (refused,) = problems({"steps": [step]}, ALL, ["sqs:*"])
    assert "by this tenant" in refused.message


def test_of_a_service_that_may_not_be_called_not_even_the_model_is_read() -> None:
    assert found("sqs", "NoSuchAction", {}, allowed=("sns:*",)) == [
        ("/steps/0/service", "sqs may not be called here: SEDO_AWS_ALLOW names no action of it")
    ]


@pytest.mark.parametrize("given", [{}, {"text": "hi", "image": {"format": "png", "source": {}}}, {"text": None}])
def test_of_a_union_there_is_exactly_one(given: Json) -> None:
    messages: Json = [{"role": "user", "content": [given]}]
    problems = found("bedrock-runtime", "Converse", {"modelId": "m", "messages": messages})
    places = [pointer for pointer, message in problems if message.startswith("exactly one of text, image")]
    assert places == ["/steps/0/parameters/messages/0/content/0"]


def test_a_member_of_a_union_that_is_null_does_not_count() -> None:
    messages: Json = [{"role": "user", "content": [{"text": "hi", "image": None}]}]
    assert found("bedrock-runtime", "Converse", {"modelId": "m", "messages": messages}) == []


def test_a_document_of_any_shape_is_passed_over() -> None:
    tool: Json = {"toolSpec": {"name": "t", "inputSchema": {"json": {"type": ["object", 7]}}}}
    assert found("bedrock-runtime", "Converse", {"modelId": "m", "toolConfig": {"tools": [tool]}}) == []


@pytest.mark.parametrize(
    ("instant", "right"), [("2026-01-01T00:00:00Z", True), (1_767_225_600, True), (1.5, True), ([2026], False)]
)
def test_an_instant_is_a_text_or_a_number(instant: Json, *, right: bool) -> None:
    parameters = {"StartTime": instant, "EndTime": "${input.end}", "MetricDataQueries": []}
    assert (found("cloudwatch", "GetMetricData", parameters) == []) is right


def test_whole_numbers_and_fractions_are_told_apart() -> None:
    request: dict[str, Json] = {"QueueUrl": "q", "MaxNumberOfMessages": 3.0}
    assert found("sqs", "ReceiveMessage", request) == []
    assert found("sqs", "ReceiveMessage", {**request, "MaxNumberOfMessages": 3.5})
    alarm: dict[str, Json] = {"AlarmName": "a", "Threshold": 3.5, "ComparisonOperator": "LessThanThreshold"}
    assert found("cloudwatch", "PutMetricAlarm", {**alarm, "EvaluationPeriods": True}) == [
        ("/steps/0/parameters/EvaluationPeriods", "this is a whole number, not true")
    ]


def test_a_service_without_pages_has_none() -> None:
    ((pointer, _),) = found("pinpoint", "GetApps", paginate=True)
    assert pointer == "/steps/0/paginate"


def test_an_action_without_parameters_takes_none() -> None:
    problems = [("/steps/0/parameters", "acm:GetAccountConfiguration takes no parameters")]
    assert found("acm", "GetAccountConfiguration", {"CertificateArn": "a"}) == problems
    for nothing in (None, {}, "${input}"):
        assert found("acm", "GetAccountConfiguration", nothing) == []


def test_steps_inside_of_steps_are_looked_at() -> None:
    inner: Json = {"id": "a", "type": "aws", "service": "sqs", "action": "Send"}
    branches: Json = [{"id": "b", "steps": [{"id": "m", "type": "map", "items": [], "steps": [inner]}]}]
    (problem,) = problems({"steps": [{"id": "p", "type": "parallel", "branches": branches}]}, ALL)
    assert problem.pointer == "/steps/0/branches/0/steps/0/steps/0/action"


def test_a_definition_calls_some_services_and_the_models_of_no_more_are_kept() -> None:
    names = services()
    steps: list[Json] = [
        {"id": f"s{n}", "type": "aws", "service": name, "action": "No"} for n, name in enumerate(names)
    ]
    messages = [each.message for each in problems({"steps": steps}, ALL)]
    assert (len(messages), sum("services at most" in message for message in messages)) == (
        len(names),
        len(names) - MODELS,
    )
    assert service_model.cache_info().currsize <= MODELS
    assert actions.cache_info().currsize <= MODELS
    again: list[Json] = [{"id": f"s{n}", "type": "aws", "service": "sqs", "action": "No"} for n in range(2 * MODELS)]
    assert not any("at most" in each.message for each in problems({"steps": again}, ALL))


NAMED = {
    "cloudformation:DescribeStacks": {"StackName": "shop"},
    "cloudformation:GetTemplate": {"StackName": "shop"},
    "cloudwatch:DescribeAlarms": {"AlarmNames": ["slow"]},
    "lambda:ListEventSourceMappings": {"FunctionName": "render"},
    "logs:DescribeLogStreams": {"logGroupName": "/shop"},
    "secretsmanager:BatchGetSecretValue": {"SecretIdList": ["shop/pay"]},
}
OF_THE_ACCOUNT = {
    "apigateway:GetApiKeys",
    "backup:ListProtectedResources",
    "cloudformation:ListStacks",
    "cloudwatch:ListMetrics",
    "dynamodb:ListTables",
    "dynamodbstreams:ListStreams",
    "es:ListDomainNames",
    "events:ListRules",
    "kms:ListAliases",
    "lambda:ListFunctions",
    "logs:DescribeLogGroups",
    "opensearch:ListDomainNames",
    "opensearchserverless:ListCollections",
    "s3:ListBuckets",
    "scheduler:ListSchedules",
    "secretsmanager:ListSecrets",
    "sqs:ListQueues",
    "ssm:DescribeParameters",
    *NAMED,
}
NAMELESS = {"DescribeEndpoints", "DescribeLimits", "GetAccountSettings", "GetRandomPassword"}


def needs_nothing(service: str, action: str) -> bool:
    shape = service_model(service).operation_model(action).input_shape
    return shape is None or not shape.required_members


def test_what_tells_of_all_that_an_account_has_is_for_no_step() -> None:
    reading = {
        f"{service}:{action}"
        for service in SHARED
        for action in service_model(service).operation_names
        if action.startswith(("Batch", "Describe", "Get", "List", "Lookup", "Search"))
        and needs_nothing(service, action)
    }
    assert reading >= OF_THE_ACCOUNT
    may = [each for each in reading if not any("by any step" in said for _, said in found(*each.split(":")))]
    assert {each.partition(":")[2] for each in may} == NAMELESS


@pytest.mark.parametrize("action", NAMED)
def test_what_can_tell_of_one_thing_is_told_of_which(action: str) -> None:
    assert found(*action.split(":"), NAMED[action]) == []
    assert found(*action.split(":"), "${input}") == []
    assert "by any step" in found(*action.split(":"), {})[0][1]


def test_of_many_mistakes_some_are_told_and_few_names_are_compared() -> None:
    wrong: Any = [f"m5.larg{number}" for number in range(3_000)]
    step = {"id": "s", "type": "aws", "service": "ec2", "action": "DescribeInstanceTypes"}
    document: Any = {"steps": [{**step, "parameters": {"InstanceTypes": wrong}}]}
    mistakes = problems(document, ALL)
    assert len(mistakes) == LIMITS.problems
    assert 1 <= sum("did you mean" in each.message for each in mistakes) <= 10
    assert max(len(each.message) for each in mistakes) < LIMITS.problem_chars


def test_no_more_names_are_compared_for_many_steps() -> None:
    steps: list[Json] = [
        {"id": f"s{number}", "type": "aws", "service": "ec2", "action": f"DescribeInstance{number}"}
        for number in range(300)
    ]
    mistakes = problems({"steps": steps}, ALL)
    assert len(mistakes) == len(steps)
    assert 1 <= sum("did you mean" in each.message for each in mistakes) <= 10
