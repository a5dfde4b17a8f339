"""What cannot be read any more: it is named, gives nobody a right, holds up nothing else, and goes as people ask."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.memory.access import MemoryAccess
from chalicelib.adapters.memory.schedules import MemorySchedules
from chalicelib.adapters.memory.stores import MemoryDefinitions
from chalicelib.core.access.entries import OF_TENANT, EntryKind
from chalicelib.core.values.errors import DamagedError
from chalicelib.wiring.graph import wiring
from tests.access.guarded import Guarded
from tests.application import assert_problem

A = "/sedo/tenants/acme"
ECHO = {"steps": [{"id": "say", "type": "echo", "message": "hi"}]}
WRITTEN: dict[str, tuple[str, dict[str, Any]]] = {
    "role": ("/roles/one", {"rules": [{"kinds": ["definitions"], "verbs": ["read"]}]}),
    "binding": ("/bindings/one", {"role": "viewer", "groups": ["all"]}),
    "schedule": ("/schedules/one", {"definition": "d", "every": "PT1H", "input": {"secret": "of this schedule"}}),
}


def access() -> MemoryAccess:
    store = wiring().access.service.store
    assert isinstance(store, MemoryAccess)
    return store


def damage(kind: str, name: str) -> None:
    """Damage what is stored of a thing."""
    error = DamagedError(f"{kind} {name} of acme cannot be read")
    if kind == "schedule":
        store = wiring().routes.schedules().service.store
        assert isinstance(store, MemorySchedules)
        store.schedules["acme", name] = error
    else:
        access().entries["acme", EntryKind(kind), name] = error
        wiring().access.service.cache.forget("acme")


@pytest.fixture
def ask(sedo: Guarded) -> Callable[..., Any]:
    """Ask as an operator of the installation."""
    admin = sedo.key("*", "admin")

    def asked(method: str, path: str, body: Any = None, **fields: str) -> Any:
        sent = b"" if body is None else json.dumps(body).encode()
        return sedo.ask(
            method, A + path, sent, {**admin, **{name.replace("_", "-"): of for name, of in fields.items()}}
        )

    assert asked("POST", "/definitions", {"id": "d", **ECHO}).status_code == 201
    return asked


@pytest.mark.parametrize("kind", WRITTEN)
class TestOneOfMany:
    @pytest.fixture(autouse=True)
    def _damaged(self, ask: Callable[..., Any], kind: str) -> None:
        path, body = WRITTEN[kind]
        for each in (path, path.replace("one", "other")):
            assert ask("PUT", each, body).status_code == 201
        self.tag = ask("GET", path).headers["ETag"]
        damage(kind, "one")

    def test_it_is_named_and_left_out_of_lists(self, ask: Callable[..., Any], kind: str) -> None:
        path, _ = WRITTEN[kind]
        body = assert_problem(ask("GET", path), 500, "what is stored is damaged")
        assert body["detail"] == f"{kind} one of acme cannot be read"
        listed = [each["name"] for each in ask("GET", path.rpartition("/")[0]).json_body]
        assert ("one" in listed, "other" in listed) == (False, True)

    def test_it_goes_and_the_audit_has_that(self, ask: Callable[..., Any], kind: str) -> None:
        path, _ = WRITTEN[kind]
        refused = assert_problem(ask("DELETE", path, If_Match=self.tag), 412)
        assert refused["detail"].endswith(
            "cannot be read. No version of it can be told from another: ask without a condition"
        )
        assert ask("DELETE", path, If_Match="*").status_code == 204
        assert_problem(ask("GET", path), 404)
        assert_problem(ask("DELETE", path), 404)
        done = [each for each in ask("GET", "/audit").json_body if each["status"] == 204]
        (change,) = done[0]["changes"]
        assert (change["before"], change["after"]) == (f"{kind} one of acme cannot be read", None)

    def test_it_is_written_anew(self, ask: Callable[..., Any], kind: str) -> None:
        path, body = WRITTEN[kind]
        for condition in ({"If_None_Match": "*"}, {"If_Match": self.tag}):
            assert_problem(ask("PUT", path, body, **condition), 412)
        assert ask("PUT", path, body).status_code == 201
        assert ask("GET", path).status_code == 200
        assert ask("PUT", path, body).status_code == 200
        assert "of this schedule" not in str(ask("GET", "/audit").json_body)


class TestRights:
    def test_a_damaged_role_or_binding_gives_none_and_takes_none(self, sedo: Guarded, ask: Callable[..., Any]) -> None:
        for kind in ("role", "binding"):
            assert ask("PUT", *WRITTEN[kind]).status_code == 201
        mine, others = sedo.key("acme", "one"), sedo.key("acme", "viewer")
        assert [sedo.status(who, "GET", A + "/definitions") for who in (mine, others)] == [200, 200]
        for kind in ("role", "binding"):
            damage(kind, "one")
        assert [sedo.status(who, "GET", A + "/definitions") for who in (mine, others)] == [403, 200]
        assert_problem(ask("PUT", "/bindings/two", {"role": "one", "groups": ["all"]}), 500)

    def test_a_damaged_key_is_nobodys_and_goes(self, sedo: Guarded, ask: Callable[..., Any]) -> None:
        key = sedo.key("acme", "viewer")
        (name,) = [each["id"] for each in ask("GET", "/keys").json_body]
        tag = ask("GET", f"/keys/{name}").headers["ETag"]
        damage("api-key", name)
        refused = assert_problem(sedo.ask("GET", A + "/definitions", b"", key), 401)
        assert refused["detail"] == "what is kept of the API key is damaged: ask for another one"
        assert_problem(ask("GET", f"/keys/{name}"), 500)
        assert ask("GET", "/keys").json_body == []
        assert_problem(ask("DELETE", f"/keys/{name}", If_Match=tag), 412)
        assert ask("DELETE", f"/keys/{name}").status_code == 204
        assert_problem(ask("GET", f"/keys/{name}"), 404)

    def test_a_tenant_whose_record_is_damaged_starts_nothing_until_it_is_set_anew(
        self, sedo: Guarded, ask: Callable[..., Any]
    ) -> None:
        viewer = sedo.key("acme", "viewer")
        for mend in (lambda: ask("PUT", "", {"quotas": {"keys": 9}}), lambda: ask("DELETE", "")):
            assert ask("PUT", "", {"stopped": False}).status_code == 200
            damage("tenant", OF_TENANT)
            assert sedo.status(viewer, "GET", A + "/definitions") == 200
            assert_problem(ask("POST", "/definitions/d/execute", {}), 429, "the tenant is stopped")
            assert_problem(ask("GET", ""), 500)
            assert mend().status_code in {200, 204}
            assert ask("POST", "/definitions/d/execute", {}).status_code == 201


class Lost(dict[Any, Any]):
    """What cannot be read, of definitions in memory."""

    def get(self, key: Any, default: Any = None) -> Any:
        raise DamagedError(f"definition {' '.join(map(str, key))} cannot be read")


class TestDefinitions:
    @pytest.fixture
    def store(self) -> MemoryDefinitions:
        store = wiring().routes.definitions.service.definitions
        assert isinstance(store, MemoryDefinitions)
        return store

    def test_its_versions_can_be_read_without_the_newest_and_it_can_be_retired(
        self, ask: Callable[..., Any], store: MemoryDefinitions
    ) -> None:
        tag = ask("GET", "/definitions/d").headers["ETag"]
        store.heads = Lost(store.heads)
        assert_problem(ask("GET", "/definitions/d"), 500, "what is stored is damaged")
        actions = ask("GET", "/definitions/d?version=1").json_body["actions"]
        assert actions["execute"] == {"possible": False, "reason": "its newest version cannot be read"}
        assert actions["retire"]["possible"]
        for method, path, body in (("DELETE", "/definitions/d", None), ("POST", "/definitions", {"id": "d", **ECHO})):
            assert_problem(ask(method, path, body, If_Match=tag), 412)

    def test_a_version_follows_one_that_is_damaged(self, ask: Callable[..., Any], store: MemoryDefinitions) -> None:
        store.records = Lost(store.records)
        assert ask("POST", "/definitions", {"id": "d", "title": "Second", **ECHO}).status_code == 201
        done = [each for each in ask("GET", "/audit").json_body if each["what"] == "definition.created"]
        (change,) = done[0]["changes"]
        assert change["before"] == "definition acme d 1 cannot be read"
