"""Advice for errors of an account: a command ends with what to do next, and without a traceback."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    TokenRetrievalError,
)

CREDENTIALS = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; aws sts get-caller-identity tries them"
INTERRUPTED = 128 + signal.SIGINT
"""The exit status that shells give to a command that Ctrl-C ended."""
AGAIN = "the same command goes on where this one ended"

UNKNOWN_CALLER = (
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
)
REFUSED = ("AccessDenied", "AccessDeniedException", "AuthorizationError", "Forbidden", "UnauthorizedOperation")


def advice(error: BotoCoreError | ClientError) -> str:
    """Say what an error means, and what to do next."""
    match error:
        case NoRegionError():
            return "no region is set: set AWS_DEFAULT_REGION, as in AWS_DEFAULT_REGION=eu-central-1"
        case (
            NoCredentialsError()
            | PartialCredentialsError()
            | CredentialRetrievalError()
            | ProfileNotFound()
            | TokenRetrievalError()
        ):
            return f"{error}: {CREDENTIALS}"
        case EndpointConnectionError():
            return f"{error} Is AWS_DEFAULT_REGION a region of AWS, and is there a network? Then {AGAIN}"
        case ClientError():
            return _of_answer(error)
    return f"{error}: {AGAIN}"


def _of_answer(error: ClientError) -> str:
    code = error.response.get("Error", {}).get("Code", "")
    if code in UNKNOWN_CALLER:
        return f"AWS does not take these credentials ({code}): {CREDENTIALS}"
    if code in REFUSED:
        return f"{error}: have this call ({error.operation_name}) allowed to your credentials; then {AGAIN}"
    if code == "ResourceNotFoundException":
        return f"{error}: is the stage deployed in this account, and is AWS_DEFAULT_REGION its region?"
    if code == "NoSuchBucket":
        return f"{error}: aws s3 mb s3://NAME makes one in AWS_DEFAULT_REGION; then {AGAIN}"
    return f"{error}: {AGAIN}"


@contextmanager
def advised() -> Iterator[None]:
    """End a command with advice where its account answers with an error, or cannot be asked; and after Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        print("broken off by Ctrl-C", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except (BotoCoreError, ClientError) as error:
        sys.exit(advice(error))
