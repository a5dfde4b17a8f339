"""Texts by path: in the Parameter Store of Systems Manager, or in Secrets Manager."""

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from chalicelib.adapters.dynamodb.faults import unavailable

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_ssm.client import SSMClient

Reader: TypeAlias = Callable[[str], str | None]
"""Answers the text at a path, or None where there is none; raises UnavailableError. In memory: a dict's ``get``."""


def parameters(client: "Callable[[], SSMClient]") -> Reader:
    """Read parameters, decrypted where they are encrypted; the client is made once one is read."""

    def read(path: str) -> str | None:
        ssm = client()
        with unavailable():
            try:
                return ssm.get_parameter(Name=path, WithDecryption=True)["Parameter"]["Value"]
            except ssm.exceptions.ParameterNotFound:
                return None

    return read


def managed_secrets(client: "Callable[[], SecretsManagerClient]") -> Reader:
    """Read the current text of secrets; one that holds bytes, or waits for its deletion, is not there.

    The client is made once one is read (AWS Secrets Manager API Reference, "GetSecretValue").
    """

    def read(path: str) -> str | None:
        manager = client()
        with unavailable():
            try:
                return manager.get_secret_value(SecretId=path).get("SecretString")
            except (manager.exceptions.ResourceNotFoundException, manager.exceptions.InvalidRequestException):
                return None

    return read
