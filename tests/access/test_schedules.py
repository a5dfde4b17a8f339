"""Who may do what with schedules: nobody schedules what they may not start."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.access.guarded import TOKENS, Guarded, guarded

S = "/sedo/tenants/acme/schedules"
BODY = b'{"definition": "report", "every": "PT1H"}'
REPORT = b'{"id": "report", "steps": [{"id": "a", "type": "echo", "message": "hi"}]}'
PRIVATE = "the sum of 4,711"
ASKS: dict[str, Any] = {"definition": "pay", "every": "PT1H", "input": {"about": PRIVATE}}
PAY: dict[str, Any] = {
    "id": "pay",
    "access": {"read": {"roles": ["auditor"]}},
    "steps": [{"id": "a", "type": "echo", "message": "hi"}],
}
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


def of_pay(sedo: Guarded, **others: Any) -> dict[str, str]:
    """Schedule a definition whose executions the author may not read; answer who the author is."""
    author = sedo.key("acme", "author")
    assert sedo.status(author, "POST", "/sedo/tenants/acme/definitions", json.dumps({**PAY, **others}).encode()) == 201
    made = sedo.ask("PUT", f"{S}/s", json.dumps(ASKS).encode(), author)
    assert (made.status_code, PRIVATE in made.body.decode()) == (201, False), made.body
    return author


def test_an_input_is_shown_to_those_who_may_read_the_executions_that_it_starts(sedo: Guarded) -> None:
    author = of_pay(sedo)
    role = b'{"rules": [{"kinds": ["schedules", "executions"], "verbs": ["read"]}]}'
    assert sedo.status(sedo.key("acme", "admin"), "PUT", "/sedo/tenants/acme/roles/auditor", role) == 201
    assert sedo.ask("GET", f"{S}/s", b"", sedo.key("acme", "auditor")).json_body["input"] == {"about": PRIVATE}
    shown = sedo.ask("GET", f"{S}/s", b"", author).json_body
    assert (shown["input"], shown["hidden"]) == (
        None,
        "needs what access.read of 'pay' says: one of the roles auditor",
    )
    assert sedo.status(author, "PUT", f"{S}/r", BODY) == 201
    role = b'{"rules": [{"kinds": ["schedules"], "verbs": ["read"]}]}'
    assert sedo.status(sedo.key("acme", "admin"), "PUT", "/sedo/tenants/acme/roles/planner", role) == 201
    shown = sedo.ask("GET", f"{S}/r", b"", sedo.key("acme", "planner")).json_body
    assert (shown["input"], shown["hidden"]) == (None, "needs the right executions:read of 'report'")


@pytest.mark.parametrize("change", ["another version", "no definition", "a version that is named"])
def test_no_answer_has_the_input_of_executions_that_the_caller_may_not_read(sedo: Guarded, change: str) -> None:
    author = of_pay(sedo)
    if change == "another version":
        strict = {**PAY, "inputSchema": {"properties": {"about": {"enum": ["another"]}}}}
        assert sedo.status(author, "POST", "/sedo/tenants/acme/definitions", json.dumps(strict).encode()) == 201
    elif change == "no definition":
        assert sedo.status(author, "DELETE", "/sedo/tenants/acme/definitions/pay") == 204
    else:
        assert sedo.status(author, "PUT", f"{S}/s", json.dumps({**ASKS, "version": 1}).encode()) == 200
    sedo.pass_time(3_700)
    answers = [sedo.ask("POST", f"{S}/s/{verb}", b"{}", author) for verb in ("pause", "resume", "start")]
    answers += [sedo.ask("GET", path, b"", author) for path in (S, f"{S}/s")]
    assert [each.status_code for each in answers[:2]] == [200, 200]
    assert sedo.status(author, "DELETE", f"{S}/s") == 204
    answers.append(sedo.ask("GET", "/sedo/tenants/acme/audit", b"", sedo.key("acme", "admin")))
    assert answers[-1].json_body[0]["what"] == "schedule.deleted"
    for answer in answers:
        assert "4,711" not in answer.body.decode(), answer.body


def test_an_audit_tells_that_an_input_was_changed(sedo: Guarded) -> None:
    author = sedo.key("acme", "author")
    for number in (1, 2):
        body = {"definition": "report", "every": "PT1H", "input": {"number": number}}
        sedo.status(author, "PUT", f"{S}/s", json.dumps(body).encode())
    entry = sedo.ask("GET", "/sedo/tenants/acme/audit", b"", sedo.key("acme", "admin")).json_body[0]
    assert entry["changes"] == [{"pointer": "/input", "before": "***", "after": "***"}]


def test_an_etag_says_nothing_of_the_input(sedo: Guarded) -> None:
    author = of_pay(sedo)
    for name in ("a", "b"):
        made = {**ASKS, "input": {"about": name}}
        assert sedo.status(author, "PUT", f"{S}/{name}", json.dumps(made).encode()) == 201
    versions = {sedo.ask("GET", f"{S}/{name}", b"", author).headers["ETag"].partition(".")[0] for name in ("a", "b")}
    assert len(versions) == 1
