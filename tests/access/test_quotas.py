"""What a tenant with quotas is answered."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from chalice.test import HTTPResponse

from chalicelib.adapters.memory.access import MemoryAccess
from chalicelib.adapters.memory.stores import MemoryClock, MemoryExecutions
from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.principal import Means, Principal
from chalicelib.core.access.quotas import Quotas
from chalicelib.core.access.rights import Grant
from chalicelib.core.values.errors import QuotaError
from chalicelib.core.values.json import Json
from chalicelib.usecases.access import AccessCache
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded, guarded
from tests.application import assert_problem

ECHO: dict[str, Json] = {"id": "echo", "steps": [{"id": "say", "type": "succeed"}]}
ASK: dict[str, Json] = {"id": "ask", "steps": [{"id": "ask", "type": "callback"}]}


class Bounded:
    """The tenant ``acme``, with quotas, and ``beta`` without."""

    def __init__(self, sedo: Guarded) -> None:
        self.sedo = sedo
        self.keys = {tenant: sedo.key(tenant, "admin") for tenant in ("acme", "beta")}
        for tenant in self.keys:
            for document in (ECHO, ASK):
                assert self.post("definitions", document, tenant=tenant).status_code == 201

    def bound(self, **document: Json) -> None:
        """Say what bounds the tenant, and wait until that counts."""
        wiring().access.service.put("acme", EntryKind.TENANT, "acme", document, by=None, grant=ALL)
        self.sedo.clock.instant += timedelta(minutes=1)

    def post(self, path: str, body: Json = None, tenant: str = "acme", **fields: str) -> HTTPResponse:
        headers = {**self.keys[tenant], **fields}
        return self.sedo.ask("POST", f"/sedo/tenants/{tenant}/{path}", {} if body is None else body, headers)

    def start(self, name: str = "ask", tenant: str = "acme", **fields: str) -> HTTPResponse:
        return self.post(f"definitions/{name}/execute", tenant=tenant, **fields)

    def executions(self) -> Any:
        found = self.sedo.ask("GET", "/sedo/tenants/acme/executions", b"", self.keys["acme"])
        return found.json_body


@pytest.fixture
def acme(sedo: Guarded) -> Bounded:
    return Bounded(sedo)


def test_starts_in_a_second_are_bounded_and_of_one_tenant_alone(acme: Bounded) -> None:
    acme.bound(quotas={"startsPerSecond": 2})
    assert [acme.start().status_code for _ in range(2)] == [201, 201]
    refused = acme.start()
    problem = assert_problem(refused, 429, "a quota of the tenant is reached")
    assert problem["detail"] == "the tenant has started 2 executions in this second: that is its quota"
    assert refused.headers["Retry-After"] == "1"
    assert acme.start(tenant="beta").status_code == 201
    assert len(acme.executions()) == 2
    acme.sedo.clock.instant += timedelta(seconds=1)
    assert acme.start().status_code == 201


def test_executions_in_flight_are_bounded_until_they_end(acme: Bounded) -> None:
    acme.bound(quotas={"executionsInFlight": 1})
    started = acme.start().json_body["id"]
    acme.sedo.deliver()
    refused = acme.start("echo")
    assert_problem(refused, 429, "a quota of the tenant is reached")
    assert refused.headers["Retry-After"] == "5"
    assert acme.post(f"executions/{started}/cancel").status_code == 200
    acme.sedo.clock.instant += timedelta(seconds=1)
    other = acme.start().json_body["id"]
    acme.sedo.clock.instant += timedelta(seconds=1)
    assert acme.post(f"executions/{started}/redrive").status_code == 429
    assert acme.post(f"executions/{other}/cancel").status_code == 200
    acme.sedo.clock.instant += timedelta(seconds=1)
    assert acme.post(f"executions/{started}/redrive").status_code == 200
    assert acme.start().status_code == 429


def test_children_of_what_runs_are_started_all_the_same(acme: Bounded) -> None:
    parent: Json = {
        "id": "parent",
        "steps": [
            {"id": "wait", "type": "wait", "seconds": 10},
            {"id": "child", "type": "workflow", "definition": "echo"},
        ],
    }
    acme.post("definitions", parent)
    started = acme.start("parent").json_body["id"]
    acme.sedo.deliver()
    acme.bound(stopped=True, quotas={"executionsInFlight": 1, "startsPerSecond": 1})
    acme.sedo.pass_time(20)
    found = acme.sedo.ask("GET", f"/sedo/tenants/acme/executions/{started}", b"", acme.keys["acme"])
    assert found.json_body["state"] == "ExecutionSucceeded"


def test_a_start_under_a_name_that_is_taken_is_no_start(acme: Bounded) -> None:
    acme.bound(quotas={"startsPerSecond": 1})
    first = acme.post("definitions/ask/execute", {"name": "a"})
    again = acme.post("definitions/ask/execute", {"name": "a"})
    assert (first.status_code, again.status_code) == (201, 200)


def test_what_is_no_valid_start_counts_as_none(acme: Bounded) -> None:
    acme.post("definitions", {**ASK, "id": "strict", "inputSchema": {"type": "integer"}})
    acme.bound(quotas={"startsPerSecond": 1})
    assert acme.start("strict").status_code == 400
    assert acme.start("none").status_code == 404
    assert acme.start().status_code == 201


def test_a_refusal_is_not_kept_under_the_key_of_its_request(acme: Bounded) -> None:
    acme.bound(quotas={"startsPerSecond": 1})
    key = {"Idempotency-Key": "k"}
    assert acme.start().status_code == 201
    assert acme.start(**key).status_code == 429
    acme.sedo.clock.instant += timedelta(seconds=1)
    assert acme.start(**key).status_code == 201
    assert acme.start(**key).headers["Idempotency-Replayed"] == "true"


def test_a_stopped_tenant_starts_resumes_and_redrives_nothing_and_reads_and_cancels_everything(acme: Bounded) -> None:
    started = acme.start().json_body["id"]
    acme.sedo.deliver()
    acme.bound(stopped=True)
    refused = acme.start()
    assert_problem(refused, 429, "the tenant is stopped")
    assert refused.headers["Retry-After"] == "60"
    assert acme.post(f"executions/{started}/pause").status_code == 200
    assert acme.post(f"executions/{started}/resume").status_code == 429
    assert acme.post(f"executions/{started}/cancel").status_code == 200
    assert acme.post(f"executions/{started}/redrive").status_code == 429
    acme.bound(stopped=False)
    assert acme.start().status_code == 201


def test_definitions_are_bounded_and_their_versions_are_not(acme: Bounded) -> None:
    acme.bound(quotas={"definitions": 2})
    assert_problem(acme.post("definitions", {**ECHO, "id": "third"}), 429)
    assert acme.post("definitions", {**ECHO, "title": "Next"}).status_code == 201
    assert acme.sedo.status(acme.keys["acme"], "DELETE", "/sedo/tenants/acme/definitions/echo") == 204
    assert acme.post("definitions", {**ECHO, "id": "third"}).status_code == 201
    assert acme.post("definitions", ECHO).status_code == 429


def test_schedules_are_bounded_and_their_changes_are_not(acme: Bounded) -> None:
    acme.bound(quotas={"schedules": 2})

    def put(name: str, every: str = "PT1H") -> HTTPResponse:
        body = {"definition": "echo", "every": every}
        return acme.sedo.ask("PUT", f"/sedo/tenants/acme/schedules/{name}", body, acme.keys["acme"])

    assert [put(name).status_code for name in ("a", "b")] == [201, 201]
    assert_problem(put("c"), 429)
    assert put("a", "PT2H").status_code == 200
    assert acme.sedo.status(acme.keys["acme"], "POST", "/sedo/tenants/acme/schedules/a/pause", b"{}") == 200
    assert put("c").status_code == 429
    assert acme.sedo.status(acme.keys["acme"], "DELETE", "/sedo/tenants/acme/schedules/a") == 204
    assert put("c").status_code == 201


def test_keys_are_bounded(acme: Bounded) -> None:
    acme.bound(quotas={"keys": 2})
    acme.sedo.key("acme", "viewer")
    with pytest.raises(QuotaError, match="the tenant has 2 API keys"):
        acme.sedo.key("acme", "viewer")
    acme.sedo.key("beta", "viewer")


@pytest.mark.parametrize("path", ["definitions", "definitions/echo/execute"])
def test_the_body_of_a_request_is_bounded(acme: Bounded, path: str) -> None:
    acme.bound(quotas={"bodyBytes": 2_000})
    problem = assert_problem(acme.post(path, {"input": "x" * 2_000}), 413, "body is too large")
    assert problem["detail"] == "body has 2013 bytes, and the quota of the tenant is 2000"
    assert acme.post("definitions/echo/execute", {"input": "x" * 1_900}).status_code == 201
    assert acme.post("definitions/echo/execute", {"input": "x" * 2_000}, tenant="beta").status_code == 201


class Counted(MemoryAccess):
    """Entries; it counts the lists that are read."""

    lists = 0

    def list(self, tenant_id: str, kinds: Sequence[EntryKind], limit: int, after: str = "") -> Sequence[AccessEntry]:
        self.lists += 1
        return super().list(tenant_id, kinds, limit, after)


def test_quotas_are_read_with_the_roles_of_a_tenant_and_cost_no_request() -> None:
    store, clock = Counted(), MemoryClock(datetime(2026, 1, 1, tzinfo=UTC))
    store.put(AccessEntry("acme", EntryKind.TENANT, "acme", {"quotas": {"keys": 1}}, clock.now()))
    cache = AccessCache(store, clock.now)
    grant = cache.grant(Principal("ada", Means.JWT, frozenset({"acme"})), "acme")
    assert (grant, cache.quotas("acme")) == (Grant(), Quotas(keys=1))
    assert store.lists == 1


def test_quotas_count_where_everybody_has_every_right() -> None:
    with guarded(SEDO_AUTH="none", SEDO_LOOPBACK="true") as sedo:
        sedo.create("{id: echo, steps: [{id: say, type: succeed}]}")
        wiring().access.service.put("123", EntryKind.TENANT, "123", {"stopped": True}, by=None, grant=ALL)
        sedo.clock.instant += timedelta(minutes=1)
        assert sedo.ask("POST", "/sedo/tenants/123/definitions/echo/execute", {}).status_code == 429


def test_what_is_refused_writes_nothing(acme: Bounded) -> None:
    executions: Any = wiring().dependencies.executions
    assert isinstance(executions, MemoryExecutions)
    acme.bound(stopped=True)
    before = {**executions.items}, {**acme.sedo.queue.messages}
    assert acme.start().status_code == 429
    assert ({**executions.items}, {**acme.sedo.queue.messages}) == before


def test_what_runs_of_a_stopped_tenant_is_paused_by_who_operates_the_installation(acme: Bounded) -> None:
    started = [acme.start().json_body["id"] for _ in range(3)]
    other = acme.start(tenant="beta").json_body["id"]
    ended = acme.start("echo").json_body["id"]
    acme.sedo.deliver()
    acme.keys["acme"] = acme.sedo.key("*", "admin")
    assert_problem(acme.post("pause"), 409)
    acme.bound(stopped=True)
    assert acme.post("pause", {"reason": "the bill"}).json_body == {"paused": 3, "more": False}
    assert acme.post("pause").json_body == {"paused": 0, "more": False}
    states = {found["id"]: found["state"] for found in acme.executions()}
    assert states == dict.fromkeys(started, "ExecutionPaused") | {ended: "ExecutionSucceeded"}
    found = acme.sedo.ask("GET", f"/sedo/tenants/beta/executions/{other}", b"", acme.keys["beta"])
    assert found.json_body["state"] == "StepStarted"


def test_who_administers_a_tenant_alone_does_not_pause_it(acme: Bounded) -> None:
    acme.bound(stopped=True)
    assert_problem(acme.post("pause"), 403, "a right is missing")


@pytest.mark.parametrize(
    "quotas",
    [
        {"startsPerSecond": 0},
        {"startsPerSecond": 1_001},
        {"executionsInFlight": 0},
        {"executionsInFlight": 10_001},
        {"bodyBytes": 1_023},
    ],
)
def test_a_quota_that_could_not_be_kept_is_refused(acme: Bounded, quotas: Json) -> None:
    key = acme.sedo.key("*", "admin")
    assert acme.sedo.status(key, "PUT", "/sedo/tenants/acme", json.dumps({"quotas": quotas}).encode()) == 400


def test_the_largest_quotas_are_kept(acme: Bounded) -> None:
    key = acme.sedo.key("*", "admin")
    quotas = {"startsPerSecond": 1_000, "executionsInFlight": 10_000, "definitions": 1, "keys": 9, "bodyBytes": 1_024}
    assert acme.sedo.status(key, "PUT", "/sedo/tenants/acme", json.dumps({"quotas": quotas}).encode()) == 200
    acme.sedo.clock.instant += timedelta(minutes=1)
    assert acme.start().status_code == 201
