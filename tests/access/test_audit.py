"""What is written of every change, and of every refusal."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.adapters.memory.audit import MemoryAudit
from chalicelib.api.contract import operations
from chalicelib.core.access.entries import EntryKind
from chalicelib.core.access.rights import NOBODY
from chalicelib.core.records.audit import AuditEntry
from chalicelib.core.values.errors import UnavailableError
from chalicelib.core.values.value import copy_with
from chalicelib.usecases.audit import MAX_REFUSALS, SCANNED
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded, bearer
from tests.application import assert_problem

AUDIT = "/sedo/tenants/acme/audit"
DEFINITIONS = "/sedo/tenants/acme/definitions"
HELLO = {"id": "hello", "title": "Hello", "steps": [{"id": "say", "type": "echo", "message": "hi"}]}
CANARY = "canary-5f1d"


class DyingError(BaseException):
    """The function dies."""


class Failing:
    """An audit whose calls fail, from one on: before they are done, or after."""

    def __init__(self, store: MemoryAudit, at: int, error: BaseException, *, is_done: bool) -> None:
        self.store, self.at, self.error, self.is_done, self.calls = store, at, error, is_done, 0

    def _call(self, done: Any) -> Any:
        self.calls += 1
        fails = self.calls == self.at
        if fails and not self.is_done:
            raise self.error
        answer = done()
        if fails:
            raise self.error
        return answer

    def put(self, entry: AuditEntry) -> bool:
        return bool(self._call(lambda: self.store.put(entry)))

    def read(self, tenant_id: str, limit: int, after: int = 0, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        found: Sequence[AuditEntry] = self._call(
            lambda: self.store.read(tenant_id, limit, after, newest_first=newest_first)
        )
        return found


def store() -> MemoryAudit:
    """Find the audits of the application."""
    found: Any = wiring().routes.audit.log.store
    assert isinstance(found, MemoryAudit)
    return found


def create(sedo: Guarded, sender: dict[str, str], **more: Any) -> int:
    """Create a definition, and answer the status."""
    return sedo.status(sender, "POST", DEFINITIONS, json.dumps({**HELLO, **more}).encode())


def listed(sedo: Guarded, query: str = "", path: str = AUDIT) -> Any:
    """Read an audit, as somebody who may."""
    answer = sedo.ask("GET", path + query, b"", sedo.key("acme", "admin"))
    assert answer.status_code == 200, answer.body
    return answer.json_body


def test_a_change_is_written_with_who_what_and_the_difference(sedo: Guarded) -> None:
    author = sedo.key("acme", "author")
    assert create(sedo, author) == 201
    assert create(sedo, author, title="Hello again", description=CANARY, stash={"password": CANARY * 2}) == 201
    second, first = listed(sedo)
    assert (first["result"], first["what"], first["thing"]) == ("made", "definition.created", "hello")
    assert (first["status"], first["right"], first["who"]["means"]) == (201, "definitions:write", "key")
    assert first["who"]["keyId"] is not None
    assert {"pointer": "/title", "before": "Hello", "after": "Hello again"} in second["changes"]
    assert CANARY * 2 not in json.dumps(second)
    assert sedo.status(author, "DELETE", f"{DEFINITIONS}/hello") == 204
    assert [each["what"] for each in listed(sedo, "?limit=1")] == ["definition.retired"]


def test_a_refusal_has_one_entry_in_the_audit_of_the_tenant(sedo: Guarded) -> None:
    assert create(sedo, sedo.key("acme", "viewer")) == 403
    assert sedo.status(sedo.key("acme", "viewer"), "POST", f"{DEFINITIONS}/hello/execute", b"{}") == 403
    assert [(each["what"], each["result"], each["status"]) for each in listed(sedo)] == [
        ("execution.started", "refused", 403),
        ("definition.created", "refused", 403),
    ]


def test_strangers_grow_no_audit_of_a_tenant_and_none_without_bound(sedo: Guarded) -> None:
    assert create(sedo, sedo.key("other", "admin")) == 404
    for _ in range(MAX_REFUSALS + 10):
        assert create(sedo, bearer("sedo_acme_0_0")) == 401
    assert store().read("acme", 10) == []
    assert len(store().read(NOBODY, 2 * MAX_REFUSALS)) == MAX_REFUSALS
    assert store().read(NOBODY, 1)[0].said["tenant"] == "acme"


def test_a_start_writes_nothing_and_reads_nothing_of_the_audit(sedo: Guarded) -> None:
    assert create(sedo, sedo.key("acme", "author")) == 201
    failing = Failing(store(), 1, AssertionError(), is_done=False)
    object.__setattr__(wiring().routes.audit.log, "store", failing)
    assert sedo.status(sedo.key("acme", "operator"), "POST", f"{DEFINITIONS}/hello/execute", b"{}") == 201
    assert failing.calls == 0


def test_a_tenant_that_asks_for_it_has_its_starts_and_tasks_in_the_audit(sedo: Guarded) -> None:
    wiring().access.service.put("acme", EntryKind.TENANT, "acme", {"auditAll": True}, by=None, grant=ALL)
    steps = [{"id": "ask", "type": "task", "title": "Approve"}]
    assert create(sedo, sedo.key("acme", "author"), id="order", steps=steps) == 201
    operator, approver = sedo.key("acme", "operator"), sedo.key("acme", "approver")
    started = sedo.ask("POST", f"{DEFINITIONS}/order/execute", {"input": CANARY}, operator).json_body["id"]
    sedo.deliver()
    sedo.pass_time(1)
    task = sedo.ask("GET", "/sedo/tenants/acme/tasks", headers=approver).json_body[0]["id"]
    assert sedo.status(approver, "POST", f"/sedo/tenants/acme/tasks/{task}/claim", b"{}") == 200
    found = listed(sedo)
    assert [(each["what"], each["thing"], each["result"]) for each in found[:2]] == [
        ("task.claimed", task, "made"),
        ("execution.started", "order", "made"),
    ]
    assert found[1]["changes"] == [{"pointer": "/execution", "before": None, "after": started}]
    assert CANARY not in json.dumps(found)


def test_what_a_quota_refuses_is_a_refusal(sedo: Guarded) -> None:
    assert create(sedo, sedo.key("acme", "author")) == 201
    wiring().access.service.put("acme", EntryKind.TENANT, "acme", {"stopped": True}, by=None, grant=ALL)
    sedo.clock.instant += timedelta(minutes=1)
    assert sedo.status(sedo.key("acme", "operator"), "POST", f"{DEFINITIONS}/hello/execute", b"{}") == 429
    (refused,) = listed(sedo, "?refused=true")
    assert (refused["what"], refused["result"], refused["status"]) == ("execution.started", "refused", 429)


def test_a_change_costs_a_query_and_two_puts(sedo: Guarded) -> None:
    counting = Failing(store(), 0, AssertionError(), is_done=False)
    object.__setattr__(wiring().routes.audit.log, "store", counting)
    assert create(sedo, sedo.key("acme", "author")) == 201
    assert counting.calls == 3


@pytest.mark.parametrize("is_done", [False, True])
@pytest.mark.parametrize("error", [UnavailableError("throttled"), DyingError()])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_no_change_is_without_its_entry_whatever_fails(
    sedo: Guarded, at: int, error: BaseException, *, is_done: bool
) -> None:
    author, plain = sedo.key("acme", "author"), store()
    log = wiring().routes.audit.log
    object.__setattr__(log, "store", Failing(plain, at, error, is_done=is_done))
    dies = isinstance(error, DyingError)
    status = 0
    try:
        status = create(sedo, author)
    except DyingError:
        assert dies
    object.__setattr__(log, "store", plain)
    changed = sedo.status(author, "GET", f"{DEFINITIONS}/hello") == 200
    entries = listed(sedo)
    assert changed is (at == 3)
    assert not dies or status == 0
    assert dies or status == (201 if changed else 503)
    if changed:
        assert [each["result"] for each in entries] == ["made" if is_done else "unknown"]
    assert listed(sedo, "?verify=true")["intact"]


def test_an_audit_is_filtered_and_paged(sedo: Guarded) -> None:
    author = sedo.key("acme", "author")
    for index in range(5):
        assert create(sedo, author, id=f"d-{index}") == 201
    assert create(sedo, sedo.key("acme", "viewer")) == 403
    assert [each["thing"] for each in listed(sedo, "?thing=d-3")] == ["d-3"]
    assert len(listed(sedo, "?refused=true")) == 1
    assert len(listed(sedo, "?refused=false&what=definition.created")) == 5
    key = listed(sedo, "?thing=d-3")[0]["who"]["keyId"]
    assert len(listed(sedo, f"?who={key}")) == 5
    assert [len(listed(sedo, f"?from={day}")) for day in ("2000-01-01", "2100-01-01")] == [6, 0]
    assert [len(listed(sedo, f"?sort=number&to={day}")) for day in ("2000-01-01", "2100-01-01")] == [0, 6]
    reader = sedo.key("acme", "admin")
    seen, path = list[str](), f"{AUDIT}?limit=2&sort=number&refused=false"
    while path:
        answer = sedo.ask("GET", path, b"", reader)
        seen += [each["thing"] for each in answer.json_body]
        path = answer.headers.get("Link", "").partition(">")[0].removeprefix("<")
    assert seen == [f"d-{index}" for index in range(5)]
    lines = sedo.ask("GET", AUDIT, b"", {**reader, "Accept": "application/jsonl"})
    assert lines.headers["Content-Type"] == "application/jsonl"
    assert [json.loads(line) for line in lines.body.splitlines()] == listed(sedo)
    assert_problem(sedo.ask("GET", AUDIT, b"", author), 403)


@pytest.mark.parametrize("number", [1, 4, 9, 10])
def test_a_changed_byte_and_a_removed_entry_are_found(sedo: Guarded, number: int) -> None:
    author = sedo.key("acme", "author")
    for index in range(5):
        assert create(sedo, author, id=f"d-{index}") == 201
    found, kept = store().entries["acme"], dict(store().entries["acme"])
    assert listed(sedo, "?verify=true") == {"intact": True, "upTo": 10, "hash": kept[10].hash, "broken": None}
    text = kept[number].text
    found[number] = copy_with(kept[number], text=text[:-3] + bytes([text[-3] ^ 1]) + text[-2:])
    assert listed(sedo, "?verify=true")["broken"] == {"number": number, "why": "it was changed"}
    del found[number]
    broken = None if number == len(kept) else {"number": number, "why": "it is missing"}
    assert listed(sedo, "?verify=true")["broken"] == broken
    assert listed(sedo, "?verify=true")["upTo"] == number - 1


def test_a_check_goes_on_behind_what_is_known(sedo: Guarded) -> None:
    log, reader = wiring().routes.audit.log, sedo.key("acme", "admin")
    last = None
    for _ in range(SCANNED + 1):
        last = log.write("acme", {"what": "a.thing", "thing": "a", "who": None}, last)
    first = sedo.ask("GET", f"{AUDIT}?verify=true", b"", reader)
    assert first.json_body["upTo"] == SCANNED
    path = first.headers["Link"].partition(">")[0].removeprefix("<")
    assert last is not None
    assert sedo.ask("GET", path, b"", reader).json_body["hash"] == last.hash


def test_a_page_reads_no_more_than_it_should_and_says_where_to_go_on(sedo: Guarded) -> None:
    log, last = wiring().routes.audit.log, None
    for _ in range(SCANNED + 1):
        last = log.write("acme", {"what": "a.thing", "thing": "a", "who": None, "status": 200}, last)
    answer = sedo.ask("GET", f"{AUDIT}?thing=b", b"", sedo.key("acme", "admin"))
    assert answer.json_body == []
    assert "cursor" in answer.headers["Link"]


@pytest.mark.parametrize(
    ("what", "place", "document"),
    [
        ("role.written", "roles/clerk", {"rules": [{"kinds": ["tasks"], "verbs": ["read"]}]}),
        ("binding.written", "bindings/b", {"role": "viewer", "subjects": ["ada"]}),
    ],
)
def test_who_may_do_what_is_written_with_what_stood_there(sedo: Guarded, what: str, place: str, document: Any) -> None:
    admin, path = sedo.key("acme", "admin"), f"/sedo/tenants/acme/{place}"
    assert sedo.status(admin, "PUT", path, json.dumps(document).encode()) == 201
    assert sedo.status(admin, "PUT", path, json.dumps({**document, "title": "T"}).encode()) in {200, 400}
    assert sedo.status(admin, "DELETE", path) == 204
    entries = listed(sedo)
    assert entries[-1]["what"] == what
    assert entries[-1]["changes"][0]["before"] is None
    assert entries[0]["changes"][0]["after"] is None
    assert entries[0]["thing"] == place.partition("/")[2]


def test_a_new_key_is_written_without_its_text(sedo: Guarded) -> None:
    body = json.dumps({"title": "ci", "roles": ["viewer"]}).encode()
    answer = sedo.ask("POST", "/sedo/tenants/acme/keys", body, sedo.key("acme", "admin"))
    assert answer.status_code == 201
    entry = listed(sedo)[0]
    assert (entry["what"], entry["thing"]) == ("key.created", answer.json_body["id"])
    assert answer.json_body["key"] not in json.dumps([each.said for each in store().read("acme", 10)])


def test_a_cancel_is_written_with_its_reason(sedo: Guarded) -> None:
    admin = sedo.key("acme", "admin")
    assert create(sedo, admin, steps=[{"id": "wait", "type": "callback"}]) == 201
    for body in ({"reason": "a mistake"}, {}):
        started = sedo.ask("POST", f"{DEFINITIONS}/hello/execute", {}, admin).json_body["id"]
        assert sedo.ask("POST", f"/sedo/tenants/acme/executions/{started}/cancel", body, admin).status_code == 200
    last, first = listed(sedo, "?what=execution.cancelled")
    assert first["changes"] == [{"pointer": "/reason", "before": None, "after": "a mistake"}]
    assert (last["changes"], last["thing"]) == ([], started)


def test_a_redrive_is_written_with_the_stash_that_it_changes(sedo: Guarded) -> None:
    admin = sedo.key("acme", "admin")
    steps = [{"id": "no", "type": "fail", "error": "No", "cause": "so"}]
    create(sedo, admin, stash={"amount": 7}, steps=steps)
    started = sedo.ask("POST", DEFINITIONS + "/hello/execute", b"{}", admin).json_body["id"]
    sedo.deliver()
    path = f"/sedo/tenants/acme/executions/{started}/redrive"
    assert sedo.status(admin, "POST", path, json.dumps({"stash": {"amount": 8}}).encode()) == 200
    entry = listed(sedo, "?what=execution.redriven")[0]
    assert (entry["thing"], entry["result"]) == (started, "made")
    assert entry["changes"] == [{"pointer": "/stash/amount", "before": 7, "after": 8}]


def test_a_stash_that_not_everybody_may_read_is_hidden(sedo: Guarded) -> None:
    admin = sedo.key("acme", "admin")
    steps = [{"id": "no", "type": "fail", "error": "No", "cause": "so"}]
    create(sedo, admin, stash={"amount": 7}, steps=steps, access={"read": {"roles": ["admin"]}})
    started = sedo.ask("POST", DEFINITIONS + "/hello/execute", b"{}", admin).json_body["id"]
    sedo.deliver()
    path = f"/sedo/tenants/acme/executions/{started}/redrive"
    assert sedo.status(admin, "POST", path, json.dumps({"stash": {"amount": 8}}).encode()) == 200
    entry = listed(sedo, "?what=execution.redriven")[0]
    assert entry["changes"] == [{"pointer": "/stash/amount", "before": "***", "after": "***"}]


def test_every_change_that_nothing_else_holds_is_written_by_the_contract_alone() -> None:
    written = {name for name, each in operations().items() if "audit" in each and "heldBy" not in each}
    assert written == {
        "cancel_execution",
        "pause_execution",
        "pause_tenant",
        "redrive_execution",
        "redrive_incident",
        "redrive_incidents",
        "resume_execution",
        "put_binding",
        "create_definition",
        "create_key",
        "create_upload",
        "delete_binding",
        "delete_role",
        "put_role",
        "put_tenant",
        "reset_tenant",
        "retire_definition",
        "revoke_key",
        "upload_part",
        *(f"{verb}_schedule" for verb in ("put", "delete", "pause", "resume", "start")),
    }
