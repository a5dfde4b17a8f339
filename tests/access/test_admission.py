"""Who is admitted to which operation: every operation, for every role, in one's own tenant and in another's."""

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from chalice.app import AuthRequest

from chalicelib.api.authentication import Authenticator
from chalicelib.api.contract import operations
from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.principal import Principal
from chalicelib.core.access.rights import BUILT_IN, RIGHTS, Grant
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded, bearer, guarded
from tests.api.declared import OPERATIONS
from tests.application import JSON, assert_problem, http_request
from tests.hostile.case import text

GUARDED = [name for name, operation in OPERATIONS.items() if operation.declared["x-right"] != "none"]
OF_TENANTS = [name for name in GUARDED if "tenantId" in OPERATIONS[name].path]
ORDER: Json = {"id": "order", "steps": [{"id": "ask", "type": "callback"}]}
NAMES = {"id": "order", "name": "paid", "part": "1", "tenantId": "acme"}


def address(name: str, tenant: str = "acme") -> str:
    """Fill in the path of an operation, with things that are not there."""
    path = OPERATIONS[name].path.replace("{tenantId}", tenant)
    if "/executions/{id}" in path:
        path = path.replace("{id}", f"{tenant}:order:1")
    names = {**NAMES, "id": "0" * 32} if "/tasks/" in path or "/uploads/" in path else NAMES
    return re.sub(r"{(\w+)}", lambda found: names[found[1]], path)


def headers(name: str, sender: dict[str, str]) -> dict[str, str]:
    """Say what a body of an operation is."""
    body = OPERATIONS[name].body
    return {**sender, "Content-Type": next(iter(body["content"])) if body else "application/json"}


def test_every_route_that_needs_a_right_has_the_authorizer(sedo: Guarded) -> None:
    for path, by_method in sedo.app.routes.items():
        for method, route in by_method.items():
            name = route.view_function.__name__
            if name == "options":
                assert route.authorizer is None
            else:
                assert (route.authorizer is not None) is (name in GUARDED), (path, method)


@pytest.mark.parametrize("name", GUARDED)
def test_nobody_who_is_not_known_is_admitted(sedo: Guarded, name: str) -> None:
    answer = sedo.ask(OPERATIONS[name].method, address(name), b"", headers(name, bearer("sedo_acme_0_0")))
    problem = assert_problem(answer, 401, "who asks is not known")
    assert problem["detail"] == "there is no such API key"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("name", OF_TENANTS)
@pytest.mark.parametrize("role", [*BUILT_IN])
def test_a_role_is_admitted_to_what_its_rules_give(sedo: Guarded, name: str, role: str) -> None:
    right = OPERATIONS[name].declared["x-right"]
    status = sedo.status(headers(name, sedo.key("acme", role)), OPERATIONS[name].method, address(name))
    assert (status != 403) is Grant(BUILT_IN[role].rules).allows(right), status
    assert status not in {401, 500, 503}


def test_every_right_of_the_contract_is_one(sedo: Guarded) -> None:
    wanted = {operation["right"] for operation in operations().values()} - {"none", "known"}
    assert wanted <= {*RIGHTS}


def test_a_missing_right_is_named(sedo: Guarded) -> None:
    viewer = sedo.key("acme", "viewer")
    problem = assert_problem(sedo.ask("POST", "/sedo/tenants/acme/executions/acme:order:1/cancel", {}, viewer), 403)
    assert problem["detail"] == (
        "that needs the right executions:operate of 'order': ask who administers the tenant for a role"
    )


def test_without_a_header_field_the_gateway_refuses(sedo: Guarded) -> None:
    assert sedo.client.http.get("/sedo/tenants/acme/definitions", headers=JSON).status_code == 401


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, 200),
        ({"Host": "127.0.0.1:8000", "Origin": "http://localhost:5173"}, 200),
        ({"Host": "[::1]:8000"}, 200),
        ({"Host": "localhost", "Origin": "https://console.test"}, 200),
        ({"Host": "localhost", "Origin": "https://evil.test"}, 401),
        ({"Host": "localhost", "Origin": "null"}, 401),
        ({"Host": "evil.test:8000"}, 401),
        ({"Host": "127.0.0.1.evil.test"}, 401),
        ({"Host": "evil.test", "Origin": "https://evil.test"}, 401),
    ],
)
def test_where_nobody_is_asked_no_page_of_another_site_asks_anything(fields: dict[str, str], status: int) -> None:
    with guarded(SEDO_AUTH="none", SEDO_LOOPBACK="true", SEDO_CORS_ORIGINS="https://console.test") as sedo:
        assert sedo.status({**JSON, **fields}, "GET", "/sedo/tenants/acme/definitions") == status


def test_an_authorizer_never_raises() -> None:
    def broken(_: str) -> Principal:
        raise RuntimeError("no such table")

    asked = AuthRequest("TOKEN", "Bearer x", "arn:aws:execute-api:eu-west-1:1:a/b/GET/sedo")
    answer = Authenticator(broken, None).policy(asked)
    assert answer["policyDocument"]["Statement"][0]["Effect"] == "Allow"
    context = json.loads(answer["context"]["sedo"])
    assert context == {
        "problem": "who asks cannot be found out: the log of the authorizer says why",
        "unavailable": True,
    }


def test_the_scheme_is_read_in_small_letters_too(sedo: Guarded) -> None:
    key = sedo.key("acme", "viewer")
    lower = {**key, "Authorization": key["Authorization"].replace("Bearer", "bearer")}
    assert sedo.status(lower, "GET", "/sedo/tenants/acme/definitions") == 200
    basic = {**key, "Authorization": key["Authorization"].replace("Bearer", "Basic")}
    assert_problem(sedo.ask("GET", "/sedo/tenants/acme/definitions", headers=basic), 401)


class TestTokensOfSteps:
    def begin(self, sedo: Guarded) -> str:
        key = sedo.key("acme", "admin")
        assert sedo.status(key, "POST", "/sedo/tenants/acme/definitions", text(ORDER)) == 201
        started = sedo.ask("POST", "/sedo/tenants/acme/definitions/order/execute", {}, key)
        sedo.deliver()
        return f"/sedo/tenants/acme/executions/{started.json_body['id']}"

    @pytest.mark.parametrize("role", [*BUILT_IN])
    def test_who_may_read_an_execution_does_not_thereby_see_them(self, sedo: Guarded, role: str) -> None:
        path, rights = self.begin(sedo), Grant(BUILT_IN[role].rules)
        answer = sedo.ask("GET", path, b"", sedo.key("acme", role))
        assert answer.status_code == (200 if rights.allows("executions:read") else 403)
        shown = answer.json_body.get("waitingFor", [{"token": "***"}])[0]["token"]
        assert (shown != "***") is rights.allows("executions:operate")
        assert (b"v1." in answer.body) is rights.allows("executions:operate")

    def test_it_is_the_right_to_that_execution(self, sedo: Guarded) -> None:
        path = self.begin(sedo)
        for name, is_shown in (("order", True), ("other", False)):
            rules: Json = [
                {"kinds": ["executions"], "verbs": ["read"], "names": ["*"]},
                {"kinds": ["executions"], "verbs": ["operate"], "names": [name]},
            ]
            wiring().access.service.put("acme", EntryKind.ROLE, name, {"rules": rules}, by=None, grant=ALL)
            pass_a_minute()
            shown = sedo.ask("GET", path, b"", sedo.key("acme", name)).json_body["waitingFor"][0]["token"]
            assert (shown != "***") is is_shown

    def test_whoever_has_one_needs_nothing_else(self, sedo: Guarded) -> None:
        path = self.begin(sedo)
        shown = sedo.ask("GET", path, b"", sedo.key("acme", "operator")).json_body["waitingFor"][0]["token"]
        for way, body in (("heartbeat", b""), ("succeed", b"1")):
            assert sedo.status(bearer(shown), "POST", f"/sedo/callbacks/{way}", body) == 204
        assert_problem(sedo.ask("POST", "/sedo/callbacks/succeed", 1, sedo.key("acme", "admin")), 404)


class TestIam:
    ARN = "arn:aws:iam::123456789012:role/orders"
    BOUND: Mapping[str, Json] = {"role": "viewer", "subjects": [ARN]}
    SESSION = "arn:aws:sts::123456789012:assumed-role/orders/i-1"

    def status(self, tenant: str, **identity: str) -> int:
        asked = http_request("GET", f"/sedo/tenants/{tenant}/definitions", {})
        asked.context["identity"] = identity
        return int(wiring().routes.definitions.list_definitions(asked, tenant).status_code)

    def test_who_signs_and_has_a_role_is_admitted(self) -> None:
        with guarded(SEDO_AUTH="iam"):
            assert self.status("acme") == 401
            assert self.status("acme", userArn=self.ARN) == 404
            wiring().access.service.put("acme", EntryKind.BINDING, "orders", self.BOUND, by=None, grant=ALL)
            pass_a_minute()
            assert [self.status("acme", userArn=arn) for arn in (self.ARN, self.SESSION)] == [200, 200]
            assert self.status("beta", userArn=self.ARN) == 404
            assert self.status("acme", userArn=self.ARN + "s") == 404


def pass_a_minute() -> None:
    clock: Any = wiring().dependencies.clock
    clock.instant += timedelta(minutes=1)
