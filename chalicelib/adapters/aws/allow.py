"""What calls of AWS may reach: what an operator allows, and never what belongs to sedo itself."""

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chalicelib.adapters.dynamodb.tables import TABLES
from chalicelib.adapters.names import Names

if TYPE_CHECKING:
    from botocore.model import OperationModel

ACTIONS = "SEDO_AWS_ALLOW"
"""The environment variable with the actions that `aws` steps may call: ``sqs:SendMessage``, ``dynamodb:*``."""
FUNCTIONS = "SEDO_LAMBDA_ALLOW"
"""The environment variable with the functions that `lambda` steps may call, by name: ``orders-*``."""

_OWN_FUNCTIONS = "sedo-"
"""How the names of the functions begin that Chalice makes of this application."""
_FUNCTION = re.compile(
    r"(?:arn:[a-z-]*:lambda:)?(?:[a-z]{2,}(?:-[a-z]+)+-[0-9]+:)?(?:[0-9]{12}:)?(?:function:)?"
    r"([A-Za-z0-9_-]+)(?::(?:\$LATEST|[A-Za-z0-9_-]+))?"
)
_LOGS = "/aws/lambda/"
"""How the log groups of functions begin (AWS Lambda Developer Guide, "Working with CloudWatch Logs")."""
_SOURCE = re.compile(r"\bSOURCE\b", re.IGNORECASE)
"""In a query of CloudWatch Logs Insights: it names log groups of its own."""
_OWN = "sedo"
"""How the names of tables, queues and paths begin that the functions of any installation may reach."""


def permits(patterns: Sequence[str], name: str) -> bool:
    """Tell whether one of some patterns is about a name, whatever its case; ``*`` is any text."""
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def concerns(patterns: Sequence[str], service: str) -> bool:
    """Tell whether some patterns of actions are about a service at all."""
    return permits([pattern.partition(":")[0] for pattern in patterns], service)


NEVER = (
    "iam:*",
    "sts:*",
    "cloudcontrol:List*",
    "cloudtrail:*",
    "config:*",
    "resource-explorer-2:*",
    "resourcegroupstaggingapi:*",
)
"""Actions that no step may call, whatever is allowed: they hand out rights, or tell of all that an account has."""

SHARED = frozenset(
    {
        "apigateway",
        "apigatewayv2",
        "backup",
        "cloudformation",
        "cloudwatch",
        "dynamodb",
        "dynamodbstreams",
        "es",
        "events",
        "kms",
        "lambda",
        "logs",
        "opensearch",
        "opensearchserverless",
        "s3",
        "scheduler",
        "secretsmanager",
        "sqs",
        "ssm",
    }
)
"""Services in which sedo, or what watches over it, has something."""

_READS = ("BatchGet", "Describe", "Get", "List", "Lookup", "Search")
_NAMELESS = frozenset(
    {
        "dynamodb:DescribeEndpoints",
        "dynamodb:DescribeLimits",
        "lambda:GetAccountSettings",
        "secretsmanager:GetRandomPassword",
    }
)
"""Actions that tell no names."""
_NAMED = {
    "cloudformation:DescribeStacks": "StackName",
    "cloudformation:GetTemplate": "StackName",
    "cloudwatch:DescribeAlarms": "AlarmNames",
    "lambda:ListEventSourceMappings": "FunctionName",
    "logs:DescribeLogStreams": "logGroupName",
    "secretsmanager:BatchGetSecretValue": "SecretIdList",
}
"""Actions that tell of one thing where they have a parameter, and of all without it."""


def lists_all(action: str, model: "OperationModel", parameters: Any) -> bool:  # noqa: ANN401 - any JSON, or a template of it
    """Tell whether an action tells of whatever the account has where sedo has something, too.

    It reads, and need not be told of what.
    """
    service, _, name = action.partition(":")
    required = () if model.input_shape is None else model.input_shape.required_members
    if service not in SHARED or not name.startswith(_READS) or required or action in _NAMELESS:
        return False
    one = _NAMED.get(action)
    return one is None or (isinstance(parameters, dict) and not parameters.get(one))


def refusal(
    patterns: Sequence[str], tenant: Sequence[str] | None, name: str, setting: str, *, lists: bool = False
) -> str | None:
    """Tell why a name may not be called, if so.

    Args:
        patterns: of the installation.
        tenant: of the tenant; None: it is not restricted any further.
        name: of an action, or a function.
        setting: the environment variable with the patterns of the installation.
        lists: whether it is an action that tells of all that the account has.
    """
    if lists or permits(NEVER, name):
        return f"{name} may not be called by any step: it could lead to what belongs to sedo"
    if not permits(patterns, name):
        return f"{name} may not be called here: {setting} does not name it"
    if tenant is not None and not permits(tenant, name):
        return f"{name} may not be called by this tenant: its settings do not name it"
    return None


def function_name(function: str) -> str | None:
    """Take the name out of an ARN, or a part of one (AWS Lambda API Reference, "Invoke"); None: it is neither."""
    found = _FUNCTION.fullmatch(function)
    return None if found is None else found[1]


def is_own_function(prefix: str, name: str) -> bool:
    """Tell whether a function is one of sedo's."""
    return name.lower().startswith((_OWN_FUNCTIONS, f"{prefix.lower()}-"))


def own(prefix: str, service: str, parameters: Any, bucket: str = "") -> str | None:  # noqa: ANN401 - any JSON
    """Find in the parameters of a call what belongs to sedo: all tenants share its rights, and must not share its data.

    That is a table or a queue, of other installations, too; the bucket for values, if there is one; in Systems Manager
    and Secrets Manager a path, or one above it, or a search among all secrets; a function, by its ARN or to Lambda by
    its name, and its logs; and a host of one's own choice, to which botocore would turn.
    """
    for search in _SEARCHES.get(service, ()):
        if search in parameters:
            return search
    for given in _texts(parameters):
        text = _unquoted(given)
        if _things(prefix).search(text) or (bucket and _names_bucket(bucket, text)):
            return given
        if service == "logs" and (_SOURCE.search(text) or _is_log_of(prefix, text)):
            return given
        if service in {"ssm", "secretsmanager"} and _is_path_of(prefix, text):
            return given
        if service == "lambda" and is_own_function(prefix, function_name(text) or ""):
            return given
    return None


_SEARCHES = {"secretsmanager": ("Filters",), "machinelearning": ("PredictEndpoint",)}
"""Parameters of services that can lead anywhere, whatever their value."""


@cache
def _things(prefix: str) -> re.Pattern[str]:
    """Match the name of a table or a queue, and the ARN of a function, anywhere in a text."""
    here, bare = re.escape(prefix), Names("")
    names = "|".join(map(re.escape, (*map(bare.table, TABLES), *bare.queues)))
    return re.compile(rf"(?:{_OWN}[a-z0-9.-]*|{here})(?:{names})|:function:(?:{_OWN_FUNCTIONS}|{here}-)", re.IGNORECASE)


def _names_bucket(bucket: str, text: str) -> bool:
    """Tell whether a text is a bucket, begins with it as the source of a copy does, or has its ARN or address."""
    return re.search(rf"(?:^/?|:::|//|/s3[^/]*/){re.escape(bucket)}(?![a-z0-9-])", text) is not None


def _unquoted(text: str) -> str:
    """Take percent escapes out of a text, and those that these make."""
    while (plain := unquote(text)) != text:
        text = plain
    return text


def _is_log_of(prefix: str, text: str) -> bool:
    """Tell whether a text names a log group of sedo's functions, or a beginning of its name that is as wide."""
    name = text.rpartition(":log-group:")[2].lower()
    return any(
        name.startswith(own) or (name.startswith("/") and own.startswith(name))
        for own in (f"{_LOGS}{_OWN_FUNCTIONS}", f"{_LOGS}{prefix.lower()}-")
    )


def _is_path_of(prefix: str, text: str) -> bool:
    path = text.rpartition(":parameter")[2].rpartition(":secret:")[2].strip("/")
    return path == "" or any(part == prefix or part.startswith(_OWN) for part in path.split("/"))


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    match value:
        case str():
            yield value
        case dict():
            for key, member in value.items():
                yield key
                yield from _texts(member)
        case list():
            for item in value:
                yield from _texts(item)
