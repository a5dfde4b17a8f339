"""A REST API or an HTTP API before the same function: callers see no difference."""

import json
from typing import Any

import pytest

from chalicelib.core.values.json import Json
from tests.access.guarded import Guarded, bearer, guarded
from tests.application import EXAMPLE, assert_problem
from tests.http_api import behind_http_api

T = "/sedo/tenants/acme"


@pytest.fixture(params=["rest", "http"])
def door(request: pytest.FixtureRequest) -> Any:
    with guarded(SEDO_CORS_ORIGINS="https://console.test") as sedo:
        if request.param == "http":
            behind_http_api(sedo, sedo.app)
        yield sedo


def ask(door: Guarded, method: str, path: str, body: Json = None, **fields: str) -> Any:
    content = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    return door.ask(method, path, content, {**door.key("acme", "admin"), **fields})


class TestFrontDoor:
    def test_a_definition_in_yaml_an_execution_and_its_history(self, door: Guarded) -> None:
        assert ask(door, "POST", T + "/definitions", EXAMPLE, **{"Content-Type": "application/yaml"}).status_code == 201
        started = ask(door, "POST", T + "/definitions/example-definition/execute", {"input": {"foo": "bar"}})
        assert started.status_code == 201
        path = f"{T}/executions/{started.json_body['id']}"
        door.deliver()
        door.pass_time(60)
        assert ask(door, "GET", path).json_body["state"] == "ExecutionSucceeded"
        assert len(ask(door, "GET", f"{path}/history?limit=2").json_body) == 2

    def test_a_large_input_is_sent_in_bytes(self, door: Guarded) -> None:
        upload = ask(door, "POST", T + "/uploads", {}).json_body
        content = bytes(range(256))
        fields = {"Content-Type": "application/octet-stream"}
        answer = door.ask("PUT", f"{T}/uploads/{upload['id']}/1", content, {**door.key("acme", "admin"), **fields})
        assert answer.status_code in {200, 201, 204}, answer.body

    def test_who_asks_is_known(self, door: Guarded) -> None:
        me = ask(door, "GET", "/sedo/me").json_body
        assert (me["means"], me["tenant"]) == ("key", "acme")

    def test_a_key_that_is_none_is_refused_with_a_problem(self, door: Guarded) -> None:
        answer = door.ask("GET", "/sedo/me", b"", bearer("sedo_none"))
        assert_problem(answer, 401)
        assert answer.headers["WWW-Authenticate"]

    def test_a_wrong_content_type_is_refused_with_a_problem(self, door: Guarded) -> None:
        answer = ask(door, "POST", T + "/tasks/1/claim", "x", **{"Content-Type": "text/plain"})
        assert_problem(answer, 415)

    def test_pages_of_other_sites_may_read_and_ask_first(self, door: Guarded) -> None:
        origin = {"Origin": "https://console.test"}
        assert ask(door, "GET", "/sedo/me", **origin).headers["Access-Control-Allow-Origin"] == "https://console.test"
        first = door.ask("OPTIONS", T + "/definitions", b"", origin)
        assert (first.status_code, first.headers["Access-Control-Allow-Origin"]) == (204, "https://console.test")
        assert first.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/sedo/nothing", 404), ("GET", "/", 404), ("PATCH", T + "/definitions", 405)]
)
def test_an_http_api_hands_on_what_no_route_is_of(method: str, path: str, status: int) -> None:
    with guarded(SEDO_CORS_ORIGINS="https://console.test") as sedo:
        behind_http_api(sedo, sedo.app)
        answer = sedo.ask(method, path, b"", {"Origin": "https://console.test"})
        assert_problem(answer, status)
        assert answer.headers["Access-Control-Allow-Origin"] == "https://console.test"
