"""Who finds what: no more than lists show."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.core.access.entries import EntryKind
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded, guarded
from tests.access.test_visible import A
from tests.api.test_search import index
from tests.application import assert_problem


@pytest.fixture
def sedo() -> Iterator[Guarded]:
    with guarded(SEDO_SEARCH_URL="http://memory") as sedo:
        admin = sedo.key("acme", "admin")
        for name, access in (("open", None), ("secret", {"read": {"roles": ["admin"]}}), ("payroll", None)):
            say: Any = {"id": "say", "type": "fail", "error": f"{name}.Broken", "cause": f"of {name}"}
            definition = {"id": name, "steps": [say], **({"access": access} if access else {})}
            assert sedo.status(admin, "POST", A + "/definitions", json.dumps(definition).encode()) == 201
            assert sedo.status(admin, "POST", f"{A}/definitions/{name}/execute", b"{}") == 201
        sedo.deliver()
        index(sedo, "acme")
        yield sedo


def found(sedo: Guarded, sender: dict[str, str], query: str = "") -> Any:
    return sedo.ask("GET", f"{A}/search{query}", headers=sender).json_body


def test_who_may_read_everything_finds_everything(sedo: Guarded) -> None:
    assert found(sedo, sedo.key("acme", "admin"))["counts"]["definition"] == {"open": 1, "secret": 1, "payroll": 1}


def test_what_a_definition_conceals_is_neither_found_nor_counted(sedo: Guarded) -> None:
    viewer = sedo.key("acme", "viewer")
    seen = found(sedo, viewer)
    assert {each["definitionId"] for each in seen["items"]} == {"open", "payroll"}
    assert (seen["total"], set(seen["counts"]["error"])) == (2, {"open.Broken", "payroll.Broken"})
    for query in ("?q=secret", "?definition=secret", "?error=secret.Broken", "?q=acme:secret"):
        assert found(sedo, viewer, query)["total"] == 0


def test_who_may_read_some_names_finds_those(sedo: Guarded) -> None:
    rule: Any = {"kinds": ["executions", "definitions"], "verbs": ["read"], "names": ["pay*"]}
    wiring().access.service.put("acme", EntryKind.ROLE, "payer", {"rules": [rule]}, by=None, grant=ALL)
    payer = sedo.key("acme", "payer")
    assert [each["definitionId"] for each in found(sedo, payer)["items"]] == ["payroll"]
    assert found(sedo, payer, "?definition=open")["total"] == 0
    assert [each["id"] for each in found(sedo, payer, "?kind=definition")["items"]] == ["payroll"]


def test_each_kind_needs_its_right(sedo: Guarded) -> None:
    rule: Any = {"kinds": ["executions"], "verbs": ["read"]}
    wiring().access.service.put("acme", EntryKind.ROLE, "watcher", {"rules": [rule]}, by=None, grant=ALL)
    watcher = sedo.key("acme", "watcher")
    assert found(sedo, watcher)["total"] == 2
    for kind in ("task", "definition"):
        problem = assert_problem(sedo.ask("GET", f"{A}/search?kind={kind}", headers=watcher), 403)
        assert f"needs the right {kind}s:read" in problem["detail"]
    assert_problem(sedo.ask("GET", A + "/search", headers=sedo.key("acme", "approver")), 403)
