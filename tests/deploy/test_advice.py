"""What a command says where an account answers with an error, or cannot be asked."""

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ProfileNotFound,
    ReadTimeoutError,
)

from deploy.advice import INTERRUPTED, advised

URL = "https://lambda.test"


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "because"}}, "CreateTable")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (NoRegionError(), "set AWS_DEFAULT_REGION"),
        (NoCredentialsError(), "set AWS_PROFILE, or"),
        (ProfileNotFound(profile="home"), r"\(home\) could not be found: set AWS_PROFILE"),
        (EndpointConnectionError(endpoint_url=URL), "Is AWS_DEFAULT_REGION a region of AWS"),
        (ReadTimeoutError(endpoint_url=URL), "the same command goes on"),
        (answered("ExpiredTokenException"), r"these credentials \(ExpiredTokenException\): set AWS_PROFILE"),
        (answered("AccessDeniedException"), r"because: have this call \(CreateTable\) allowed"),
        (answered("ResourceNotFoundException"), "is the stage deployed in this account"),
        (answered("NoSuchBucket"), "aws s3 mb s3://NAME makes one"),
        (answered("LimitExceededException"), "because: the same command goes on"),
    ],
)
def test_a_command_ends_with_what_to_do_next(error: BotoCoreError | ClientError, says: str) -> None:
    with pytest.raises(SystemExit, match=says), advised():
        raise error


def test_what_is_no_error_of_an_account_is_not_hidden() -> None:
    with pytest.raises(ValueError, match="a bug"), advised():
        raise ValueError("a bug")


def test_ctrl_c_ends_a_command_as_shells_expect_it_and_with_no_traceback() -> None:
    with pytest.raises(SystemExit) as ended, advised():
        raise KeyboardInterrupt
    assert ended.value.code == INTERRUPTED
