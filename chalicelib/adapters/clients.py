"""The clients of AWS, each made once; where they connect to, and as whom, the environment says.

They are botocore's, which boto3 hands on: boto3 itself loads what transfers files to S3, a seventh of a cold start.
"""

from functools import cache
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

from chalicelib.core.values.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.config import Config
    from botocore.credentials import ReadOnlyCredentials
    from botocore.session import Session
    from mypy_boto3_dynamodb.client import DynamoDBClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_ssm.client import SSMClient

VERSION = "0.1.0"
"""Of sedo, for the user agent: an installed function does not carry pyproject.toml."""

CONNECT_SECONDS = 2
READ_SECONDS = 5
ATTEMPTS = 3

OF_SERVICE: "Mapping[str, Mapping[str, Any]]" = {
    "s3": {"signature_version": "s3v4", "request_checksum_calculation": "when_required"}
}
"""What the client of a service is told more: in old regions botocore signs addresses of S3 as no new one takes them."""

MAKING = RLock()
"""For who makes a client, and for who looks whether there is one: sessions are not thread-safe, clients are (boto3
documentation, "Multithreading or multiprocessing with clients")."""


def dynamodb(endpoint: str | None = None) -> "DynamoDBClient":
    """Answer the client of DynamoDB, for the environment's endpoint or another one."""
    return cast("DynamoDBClient", _ours("dynamodb", endpoint))


def sqs(endpoint: str | None = None) -> "SQSClient":
    """Answer the client of SQS, for the environment's endpoint or another one."""
    return cast("SQSClient", _ours("sqs", endpoint))


def ssm(endpoint: str | None = None) -> "SSMClient":
    """Answer the client of Systems Manager, for the environment's endpoint or another one."""
    return cast("SSMClient", _ours("ssm", endpoint))


def secretsmanager(endpoint: str | None = None) -> "SecretsManagerClient":
    """Answer the client of Secrets Manager, for the environment's endpoint or another one."""
    return cast("SecretsManagerClient", _ours("secretsmanager", endpoint))


def s3(endpoint: str | None = None) -> "S3Client":
    """Answer the client of S3, for the environment's endpoint or another one."""
    return cast("S3Client", _ours("s3", endpoint))


def signing() -> "tuple[Callable[[], ReadOnlyCredentials], str]":
    """Answer what makes the credentials of this process as they are now, and its region: for who signs requests.

    Raises:
        SetupError: there are none.
    """
    with MAKING:
        found, region = _session().get_credentials(), str(_session().get_config_variable("region"))
    if found is None:
        raise SetupError("there are no credentials of AWS to sign requests with")
    return found.get_frozen_credentials, region


def make(service: str, region: str | None, endpoint: str | None, configured: "Config") -> Any:  # noqa: ANN401 - any client
    """Make a client of a service; None: the environment's region or endpoint."""
    with MAKING:
        create: Callable[..., Any] = _session().create_client  # its types name each service
        return create(service, region_name=region, endpoint_url=endpoint, config=configured)


@cache
def _session() -> "Session":
    from botocore.session import get_session  # noqa: PLC0415 - costs a tenth of a second of cold start

    from chalicelib.adapters.service_models import ServiceModels  # noqa: PLC0415 - the same

    session = get_session()
    session.register_component("data_loader", ServiceModels())
    return session


def _ours(service: str, endpoint: str | None) -> object:
    with MAKING:
        return _kept(service, endpoint)


@cache
def _kept(service: str, endpoint: str | None) -> object:
    return make(service, None, endpoint, config(**OF_SERVICE.get(service, {})))


def config(**more: Any) -> "Config":  # noqa: ANN401 - botocore's
    """Say how the clients call, and what is told to one of them more.

    ``user_agent`` is all there is to say: what botocore says else it puts together anew for every call. The parameters
    are sedo's own, and AWS checks them (botocore documentation, "Config Reference": ``parameter_validation``). Both
    together are a fifth of the time of a call, and a third of its function calls.
    """
    from botocore.config import Config  # noqa: PLC0415 - see above

    return Config(
        user_agent=f"sedo/{VERSION}",
        parameter_validation=False,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        **more,
    )
