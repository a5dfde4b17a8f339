"""Who may do what with schedules: nobody schedules what they may not start."""

from collections.abc import Iterator

import pytest

from tests.access.guarded import TOKENS, Guarded, guarded

S = "/sedo/tenants/acme/schedules"
BODY = b'{"definition": "report", "every": "PT1H"}'
REPORT = b'{"id": "report", "steps": [{"id": "a", "type": "echo", "message": "hi"}]}'
CLOSED = REPORT.replace(b'"steps"', b'"access": {"execute": {"roles": ["auditor"]}}, "steps"')


@pytest.fixture
def sedo() -> Iterator[Guarded]:
    with guarded(**TOKENS) as made:
        made.status(made.key("acme", "author"), "POST", "/sedo/tenants/acme/definitions", REPORT)
        yield made


def test_each_role_does_its_own(sedo: Guarded) -> None:
    roles = {role: sedo.key("acme", role) for role in ("viewer", "operator", "author", "approver")}

    def status(method: str, path: str, body: bytes = b"{}") -> list[int]:
        return [sedo.status(headers, method, S + path, body) for headers in roles.values()]

    assert status("PUT", "/s", BODY) == [403, 403, 201, 403]
    assert status("GET", "", b"") == [200, 200, 200, 403]
    assert status("GET", "/s", b"") == [200, 200, 200, 403]
    for verb in ("pause", "resume", "start"):
        assert status("POST", f"/s/{verb}") == [403, 200, 200, 403]
    assert status("DELETE", "/s", b"") == [403, 403, 204, 403]


def test_nobody_schedules_what_they_may_not_start(sedo: Guarded) -> None:
    admin = sedo.key("acme", "admin")
    role = b'{"rules": [{"kinds": ["schedules"], "verbs": ["*"]}]}'
    assert sedo.status(admin, "PUT", "/sedo/tenants/acme/roles/planner", role) == 201
    assert sedo.status(admin, "PUT", f"{S}/s", BODY) == 201
    planner = sedo.key("acme", "planner")
    assert sedo.status(planner, "PUT", f"{S}/t", BODY) == 403
    assert sedo.status(planner, "POST", f"{S}/s/start", b"{}") == 403
    assert sedo.status(planner, "POST", f"{S}/s/pause", b"{}") == 200
    assert sedo.status(planner, "POST", f"{S}/s/resume", b"{}") == 403
    shown = sedo.ask("GET", f"{S}/s", b"", planner).json_body["actions"]
    assert shown["start"] == {"possible": False, "reason": "needs the right executions:start of 'report'"}
    assert shown["pause"]["reason"] == "it is paused"


def test_the_condition_of_a_definition_holds_those_who_schedule_it(sedo: Guarded) -> None:
    author = sedo.key("acme", "author")
    assert sedo.status(author, "PUT", f"{S}/s", BODY) == 201
    sedo.status(sedo.key("acme", "admin"), "POST", "/sedo/tenants/acme/definitions", CLOSED)
    assert sedo.status(author, "PUT", f"{S}/t", BODY) == 403
    assert sedo.status(author, "POST", f"{S}/s/start", b"{}") == 403


def test_a_stopped_tenant_resumes_and_starts_nothing(sedo: Guarded) -> None:
    author, operator = sedo.key("acme", "author"), sedo.key("*", "admin")
    assert sedo.status(author, "PUT", f"{S}/s", BODY) == 201
    assert sedo.status(operator, "PUT", "/sedo/tenants/acme", b'{"stopped": true}') == 200
    for verb in ("resume", "start"):
        assert sedo.status(author, "POST", f"{S}/s/{verb}", b"{}") == 429
    shown = sedo.ask("GET", f"{S}/s", b"", author).json_body["actions"]
    assert shown["start"] == {"possible": False, "reason": "the tenant is stopped"}
