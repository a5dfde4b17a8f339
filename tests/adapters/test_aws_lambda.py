"""Functions called on a live endpoint."""

import io
import zipfile
from typing import Any, cast

import boto3
import pytest

from chalicelib.adapters.aws_lambda import LambdaPerformer
from chalicelib.core.errors import StepError
from chalicelib.core.values import Json
from chalicelib.reader import read_json
from local.backend import REGION

KEY = "t:d:1:main:2"
CODE = """
def handler(event, context):
    if event.get("fail"):
        raise ValueError("no " + event["fail"])
    return {"got": event}
"""


@pytest.fixture(scope="module")
def endpoint(ministack: str) -> str:
    """Where there is a function."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", CODE)
    boto3.client("lambda", endpoint_url=ministack, region_name=REGION).create_function(
        FunctionName="thumbnails",
        Runtime="python3.11",
        Role="arn:aws:iam::000000000000:role/any",
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return ministack


def call(endpoint: str, function: str = "thumbnails", allowed: str = "*", tenant: Any = None, **params: Json) -> Any:
    performer = LambdaPerformer([allowed], lambda _tenant: tenant, "sedo", read_json, endpoint=endpoint)
    return performer({"function": function, **params}, KEY)


def failure(endpoint: str, function: str = "thumbnails", **params: Any) -> StepError:
    with pytest.raises(StepError) as caught:
        call(endpoint, function, **params)
    return caught.value


@pytest.mark.parametrize("function", ["thumbnails", f"arn:aws:lambda:{REGION}:000000000000:function:thumbnails"])
def test_its_answer_is_the_result(endpoint: str, function: str) -> None:
    assert call(endpoint, function, payload={"a": [1, None]}) == {"got": {"a": [1, None]}}
    assert call(endpoint, function) == {"got": {}}


def test_what_it_raises_is_the_error_with_where_it_was(endpoint: str) -> None:
    error = failure(endpoint, payload={"fail": "way"})
    details = cast("dict[str, Any]", error.details)
    assert error.name.startswith("lambda.")
    assert (str(error), details["message"]) == ("no way", "no way")
    assert "ValueError" in str(details)
    assert details.keys() == {"type", "message", "trace", "requestId", "logTail"}


def test_it_can_be_called_without_waiting(endpoint: str) -> None:
    answer = call(endpoint, payload={}, mode="forget")
    assert (answer["status"], answer.keys()) == (202, {"status", "requestId"})


def test_one_that_is_not_there_is_told_by_awss_code(endpoint: str) -> None:
    assert failure(endpoint, "nothing").name == "lambda.ResourceNotFoundException"


@pytest.mark.parametrize("function", ["sedo-dev-api_handler", f"arn:aws:lambda:{REGION}:000000000000:function:sedo-x"])
def test_sedos_own_are_out_of_reach(endpoint: str, function: str) -> None:
    error = failure(endpoint, function)
    assert (error.name, "sedo's own" in str(error)) == ("lambda.NotAllowed", True)


def test_only_what_is_allowed_is_called(endpoint: str) -> None:
    assert call(endpoint, allowed="thumb*", tenant=["thumbnails"]) == {"got": {}}
    for more in ({"allowed": "orders-*"}, {"tenant": []}):
        assert failure(endpoint, **more).name == "lambda.NotAllowed"
