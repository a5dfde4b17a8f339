"""The clients of AWS, each made once; where they connect to, and as whom, the environment says."""

from functools import cache
from threading import Lock
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.config import Config
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_ssm.client import SSMClient

VERSION = "0.1.0"
"""Of sedo, for the user agent: an installed function does not carry pyproject.toml."""

CONNECT_SECONDS = 2
READ_SECONDS = 5
ATTEMPTS = 3

_MAKING = Lock()
"""Sessions are not thread-safe, clients are (boto3 documentation, "Multithreading or multiprocessing with clients")."""


def dynamodb(endpoint: str | None = None) -> "DynamoDBClient":
    """Answer the client of DynamoDB, for the environment's endpoint or another one."""
    with _MAKING:
        return _dynamodb(endpoint)


def sqs(endpoint: str | None = None) -> "SQSClient":
    """Answer the client of SQS, for the environment's endpoint or another one."""
    with _MAKING:
        return _sqs(endpoint)


def ssm(endpoint: str | None = None) -> "SSMClient":
    """Answer the client of Systems Manager, for the environment's endpoint or another one."""
    with _MAKING:
        return _ssm(endpoint)


def secretsmanager(endpoint: str | None = None) -> "SecretsManagerClient":
    """Answer the client of Secrets Manager, for the environment's endpoint or another one."""
    with _MAKING:
        return _secretsmanager(endpoint)


@cache
def _dynamodb(endpoint: str | None) -> "DynamoDBClient":
    return _session().client("dynamodb", endpoint_url=endpoint, config=_config())


@cache
def _sqs(endpoint: str | None) -> "SQSClient":
    return _session().client("sqs", endpoint_url=endpoint, config=_config())


@cache
def _ssm(endpoint: str | None) -> "SSMClient":
    return _session().client("ssm", endpoint_url=endpoint, config=_config())


@cache
def _secretsmanager(endpoint: str | None) -> "SecretsManagerClient":
    return _session().client("secretsmanager", endpoint_url=endpoint, config=_config())


@cache
def _session() -> "Session":
    from boto3.session import Session  # noqa: PLC0415 - costs a fifth of a second of cold start

    return Session()


def _config() -> "Config":
    from botocore.config import Config  # noqa: PLC0415 - comes with boto3, so no earlier than it

    return Config(
        user_agent_extra=f"sedo/{VERSION}",
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
    )
