from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.core.definitions.model import Call, StepContext
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.steps.http import HttpStep

CONTEXT = StepContext("what came in", datetime(2026, 1, 31, 9, tzinfo=UTC))
SCHEMA = compile_schema(dict(HttpStep.schema))
URL = "https://api.example.com/"


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"method": "POST", "body": {"n": 1}, "bodyType": "json"},
        {"headers": {"Accept": "text/plain", "User-Agent": None}},
        {"query": {"q": "a b", "page": 2, "exact": True, "tags": ["x", 1, False]}},
        {"auth": {"type": "bearer", "token": "t"}},
        {"auth": {"type": "basic", "username": "u", "password": "p"}},
        {"auth": {"type": "apiKey", "name": "key", "value": "v", "in": "query"}},
        {"auth": {"type": "sigv4", "service": "s3", "region": "r", "accessKeyId": "a", "secretAccessKey": "s"}},
        {"expect": {"statuses": [200, "404", "5xx"], "body": "text"}, "followRedirects": True},
        {"connectTimeoutSeconds": 0.5, "readTimeoutSeconds": 30},
    ],
)
def test_the_request_is_performed_as_it_was_rendered(params: dict[str, Json]) -> None:
    params["url"] = URL
    assert SCHEMA.problems(params) == []
    assert HttpStep().run(params, CONTEXT) == Call("http", params)


def test_it_can_wait_for_a_callback_and_be_made_once_only() -> None:
    params: dict[str, Json] = {"url": URL, "callback": True, "heartbeatSeconds": 60, "delivery": "at-most-once"}
    assert SCHEMA.problems(params) == []
    expected = Call("http", params, once=True, callback=True, heartbeat=timedelta(minutes=1))
    assert HttpStep().run(params, CONTEXT) == expected


@pytest.mark.parametrize(
    "params",
    [
        {"url": 5},
        {"method": "TRACE"},
        {"method": "get"},
        {"headers": {"Accept": 1}},
        {"headers": ["Accept"]},
        {"query": {"q": None}},
        {"query": {"q": {"a": 1}}},
        {"query": {"q": [["a"]]}},
        {"bodyType": "xml"},
        {"auth": {}},
        {"auth": {"type": "digest"}},
        {"auth": {"type": "bearer"}},
        {"auth": {"type": "basic", "username": "u"}},
        {"auth": {"type": "apiKey", "name": "key", "value": "v", "in": "cookie"}},
        {"auth": {"type": "sigv4", "service": "s3", "region": "r"}},
        {"auth": {"type": "bearer", "token": "t", "scope": "all"}},
        {"expect": {"statuses": []}},
        {"expect": {"statuses": [99]}},
        {"expect": {"statuses": ["6xx"]}},
        {"expect": {"body": "xml"}},
        {"expect": {"status": 200}},
        {"connectTimeoutSeconds": 0},
        {"readTimeoutSeconds": 31},
        {"timeout": 5},
    ],
)
def test_parameters_that_do_not_fit_are_refused(params: dict[str, Json]) -> None:
    assert SCHEMA.problems({"url": URL, **params})


def test_there_is_no_request_without_a_url() -> None:
    assert SCHEMA.problems({"method": "GET"})


@pytest.mark.parametrize(
    ("params", "odd"),
    [
        ({"url": URL}, []),
        ({"url": URL, "method": "POST", "body": 1, "bodyType": "json"}, []),
        ({"url": URL, "body": 1}, ["body"]),
        ({"url": URL, "method": "HEAD", "body": 1}, ["body"]),
        ({"url": URL, "method": "POST", "bodyType": "form"}, ["bodyType"]),
        ({"url": URL, "body": None}, []),
        ({"url": URL, "method": "POST", "bodyType": "form", "body": "a=b"}, ["body"]),
        ({"url": URL, "method": "POST", "bodyType": "form", "body": {"a": "b"}}, []),
        ({"url": URL, "method": "POST", "bodyType": "form", "body": "${ input.form }"}, []),
        ({"url": URL, "method": "POST", "bodyType": "text", "body": {"a": "${ input.b }"}}, ["body"]),
        ({"url": URL, "method": "POST", "bodyType": "text", "body": 5}, []),
        ({"url": URL, "method": "POST", "bodyType": "base64", "body": [1]}, ["body"]),
        ({"url": URL, "method": "POST", "bodyType": "${ input.as }", "body": [1]}, []),
        ({"url": URL, "method": "POST", "body": [1]}, []),
        ({"url": "HTTP://api.example.com/"}, ["url"]),
        ({"url": "http://${input.host}/a"}, ["url"]),
        ({"url": "https://${input.host}/a"}, []),
        ({"url": "api.example.com/orders"}, ["url"]),
        ({"url": "${input.base}/orders"}, []),
        ({"url": "https://api.example.com/open orders"}, ["url"]),
        ({"url": "https://api.example.com/open ${input.id}"}, ["url"]),
        ({"url": "https://${input.host}/a\\b"}, ["url"]),
        ({"url": "https://api.example.com/${ url_encode('open orders') }"}, []),
        ({}, []),
    ],
)
def test_what_does_nothing_or_is_refused_is_odd(params: dict[str, Json], odd: list[str]) -> None:
    assert [key for key, _ in HttpStep().remarks(params)] == odd


def test_what_may_not_be_called_is_odd() -> None:
    asked: list[str] = []

    def refusal(url: str) -> str:
        asked.append(url)
        return "no"

    assert [*HttpStep(refusal).remarks({"url": "http://a.test:81/${input.b}?c"})] == [("url", "no")]
    assert asked == ["http://a.test:81/"]


@pytest.mark.parametrize(
    ("params", "odd"),
    [
        ({"auth": {"type": "bearer", "token": "abc"}}, [("auth", "token")]),
        ({"auth": {"type": "basic", "username": "me", "password": "abc"}}, [("auth", "password")]),
        ({"auth": {"type": "basic", "username": "me", "password": "${secret('a')}"}}, []),
        ({"headers": {"Authorization": "Bearer abc", "Accept": "a"}}, [("headers", "Authorization")]),
        ({"headers": {"X-Api-Key": None, "Cookie": "${input.a}"}, "auth": "${input.auth}"}, []),
    ],
)
def test_a_credential_that_is_written_as_it_is_is_odd(params: dict[str, Json], odd: list[tuple[str, str]]) -> None:
    said = "stands here for all who read the definition: put it into a secret, as ${secret('name')}"
    remarks = [*HttpStep().remarks({"url": "https://a.test", **params})]
    assert remarks == [(key, f"{name} {said}") for key, name in odd]
