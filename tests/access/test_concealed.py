"""What callers learn who may do something with an execution and not read it, and no way round a condition."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.core.access.entries import EntryKind
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded, bearer
from tests.access.test_visible import CALL, A
from tests.application import assert_problem

CANARY = "canary-7b2e"
DRIVES: Json = [{"kinds": ["executions"], "verbs": ["start", "operate"]}]
TRIES = ("definitions:test", "definitions:write")
NOT_READ = "needs the right executions:read of 'order'"
NOT_MET = "needs what access.read of 'order' says: one of the roles admin"


@pytest.fixture
def admin(sedo: Guarded) -> dict[str, str]:
    return sedo.key("acme", "admin")


def role(sedo: Guarded, name: str, rules: Json) -> dict[str, str]:
    """Make a role; answer who has it."""
    wiring().access.service.put("acme", EntryKind.ROLE, name, {"rules": rules}, by=None, grant=ALL)
    return sedo.key("acme", name)


def create(sedo: Guarded, sender: Mapping[str, str], name: str, *steps: Json, access: Json = None) -> None:
    given: dict[str, Json] = {"id": name, "steps": [*steps]}
    document = given if access is None else {**given, "access": access}
    assert sedo.ask("POST", A + "/definitions", document, sender).status_code == 201


def start(sedo: Guarded, sender: Mapping[str, str], query: str = "", **more: Json) -> Any:
    body: Json = {"input": {"secret": CANARY}, **more}
    answer = sedo.ask("POST", f"{A}/definitions/order/execute{query}", body, sender)
    sedo.deliver()
    return answer


@pytest.mark.parametrize("why", [NOT_READ, NOT_MET])
def test_no_answer_to_an_action_shows_an_execution_to_whoever_may_not_read_it(
    sedo: Guarded, admin: dict[str, str], why: str
) -> None:
    create(sedo, admin, "order", CALL, access=None if why == NOT_READ else {"read": {"roles": ["admin"]}})
    driver = role(sedo, "driver", DRIVES) if why == NOT_READ else sedo.key("acme", "operator")
    path = f"{A}/executions/{start(sedo, admin, name='one').json_body['id']}"
    shown = [start(sedo, driver, name="one"), start(sedo, driver, "?wait=1")]
    shown += [
        sedo.ask("POST", f"{path}/{action}", {"reason": CANARY} if action in {"pause", "cancel"} else {}, driver)
        for action in ("pause", "resume", "cancel", "redrive")
    ]
    assert [answer.status_code for answer in shown] == [200, 201, 200, 200, 200, 200]
    for answer in shown:
        seen = answer.json_body
        assert CANARY not in str(seen)
        assert seen["hidden"] == why
        assert (seen["input"], seen["threads"], seen["waitingFor"]) == (None, [], [])
        assert seen["actions"].keys() == {"cancel", "pause", "resume", "redrive"}
    assert sedo.status(driver, "GET", path) == 403
    whole = sedo.ask("GET", path, headers=admin).json_body
    assert whole["input"] == {"secret": CANARY}
    assert "hidden" not in whole


class TestVersions:
    def test_the_condition_of_the_newest_version_holds_for_older_ones(
        self, sedo: Guarded, admin: dict[str, str]
    ) -> None:
        create(sedo, admin, "order", CALL)
        create(sedo, admin, "order", CALL, access={"execute": {"roles": ["admin"]}})
        operator = sedo.key("acme", "operator")
        for version in (1, 2):
            detail = assert_problem(start(sedo, operator, version=version), 403)["detail"]
            assert detail == "that needs what access.execute of 'order' says: one of the roles admin"
        assert start(sedo, admin, version=1).status_code == 201

    @pytest.mark.parametrize(
        ("key", "version"),
        [("read", 1), ("cancel", 1), ("execute", 2), ("cancel", 2), ("execute", 3)],
    )
    def test_nobody_goes_on_with_a_version_that_they_might_not_start_and_stop(
        self, sedo: Guarded, admin: dict[str, str], key: str, version: int
    ) -> None:
        for n in (1, 2, 3):
            access: Json = {key: {"roles": ["admin"]}} if n == version else None
            create(sedo, admin, "order", {**CALL, "timeoutSeconds": 60 + n}, access=access)
        path = f"{A}/executions/{start(sedo, admin, version=1).json_body['id']}"
        assert sedo.status(admin, "POST", f"{path}/cancel", b"{}") == 200
        operator = sedo.key("acme", "operator")
        refused = assert_problem(sedo.ask("POST", f"{path}/redrive", {"version": 2}, operator), 403)
        assert refused["detail"] == f"that needs what access.{key} of 'order' says: one of the roles admin"
        assert sedo.ask("POST", f"{path}/redrive", {"version": 2}, admin).json_body["version"] == 2

    def test_a_version_that_is_not_there_is_told(self, sedo: Guarded, admin: dict[str, str]) -> None:
        create(sedo, admin, "order", CALL)
        path = f"{A}/executions/{start(sedo, admin).json_body['id']}"
        sedo.ask("POST", f"{path}/cancel", {}, admin)
        problem = assert_problem(sedo.ask("POST", f"{path}/redrive", {"version": 7}, admin), 404)
        assert problem["detail"] == "there is no definition 'order' in version 7"


class TestPartitions:
    EYES: Mapping[str, Json] = {"when": "subject.id != input.requester"}
    APPROVE: Mapping[str, Json] = {"id": "ask", "type": "task", "title": "of ${item}"}

    @pytest.mark.parametrize("items", [3, 120])
    def test_the_items_of_a_map_see_the_input_of_the_whole(
        self, sedo: Guarded, admin: dict[str, str], items: int
    ) -> None:
        step: Json = {"id": "all", "type": "map", "items": f"${{range(`{items}`)}}", "steps": [dict(self.APPROVE)]}
        create(sedo, admin, "order", step, access={"complete": {**self.EYES}, "cancel": {**self.EYES}})
        operator = sedo.key("acme", "operator", "approver")
        me = sedo.ask("GET", "/sedo/me", headers=operator).json_body["subject"]
        sedo.ask("POST", f"{A}/definitions/order/execute", {"input": {"requester": me}}, admin)
        sedo.deliver()
        sedo.pass_time(60)
        task = sedo.ask("GET", A + "/tasks", headers=operator).json_body[0]
        path = f"{A}/tasks/{task['id']}"
        assert_problem(sedo.ask("POST", f"{path}/complete", {"answer": 1}, operator), 403)
        assert_problem(sedo.ask("POST", f"{A}/executions/{task['executionId']}/cancel", {}, operator), 403)
        assert sedo.status(admin, "POST", f"{path}/complete", b'{"answer": 1}') == 200


def test_a_child_is_held_to_execute_with_the_defaults_of_its_input(sedo: Guarded, admin: dict[str, str]) -> None:
    mode: Json = {"properties": {"mode": {"default": "prod"}}}
    done: Json = {"id": "done", "type": "succeed"}
    child: Json = {"id": "charge", "access": {"execute": {"when": "input.mode != 'prod'"}}, "inputSchema": mode}
    assert isinstance(child, dict)
    assert sedo.ask("POST", A + "/definitions", {**child, "steps": [done]}, admin).status_code == 201
    create(sedo, admin, "order", {"id": "child", "type": "workflow", "definition": "charge", "input": {}})
    assert_problem(sedo.ask("POST", f"{A}/definitions/charge/execute", {"input": {}}, admin), 403)
    path = f"{A}/executions/{start(sedo, admin).json_body['id']}"
    assert sedo.ask("GET", path, headers=admin).json_body["error"]["name"] == "Forbidden"


def test_a_role_that_is_gone_meets_no_condition(sedo: Guarded, admin: dict[str, str]) -> None:
    create(sedo, admin, "order", CALL, access={"execute": {"roles": ["boss"]}})
    boss = role(sedo, "boss", DRIVES)
    assert start(sedo, boss).status_code == 201
    assert sedo.status(admin, "DELETE", A + "/roles/boss") == 204
    assert start(sedo, boss).status_code == 403
    assert "boss" not in sedo.ask("GET", "/sedo/me?tenant=acme", headers=boss).body.decode()


def test_the_audit_of_a_redrive_has_only_what_is_named_and_what_the_caller_may_read(
    sedo: Guarded, admin: dict[str, str]
) -> None:
    kept: Json = {"id": "keep", "type": "echo", "message": CANARY, "stash": {"salary": CANARY, "other": "o"}}
    create(sedo, admin, "order", kept, CALL, access={"read": {"roles": ["viewer"]}})
    path = f"{A}/executions/{start(sedo, admin).json_body['id']}"
    sedo.ask("POST", f"{path}/cancel", {}, admin)
    for value, sender in (("new", admin), ("newer", sedo.key("acme", "operator", "viewer"))):
        sedo.ask("POST", f"{path}/redrive", {"stash": {"other": value}, "step": "keep"}, sender)
        sedo.ask("POST", f"{path}/cancel", {}, admin)
    found = sedo.ask("GET", A + "/audit?what=execution.redriven&sort=number", headers=admin).json_body
    others = [[each for each in entry["changes"] if each["pointer"] == "/stash/other"] for entry in found]
    assert [(each["before"], each["after"]) for (each,) in others] == [("***", "***")] * 2
    assert CANARY not in str(found)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/sedo/tenants/beta/pause", {}), ("GET", A + "/audit", None), ("POST", A + "/keys", {"title": "k"})],
)
def test_what_has_no_name_needs_the_right_to_all_names(sedo: Guarded, method: str, path: str, body: Json) -> None:
    rules: Json = [{"kinds": ["*"], "verbs": ["*"], "names": ["acme", "order"]}]
    service = wiring().access.service
    service.put("*", EntryKind.ROLE, "some", {"rules": rules}, by=None, grant=ALL)
    assert sedo.ask(method, path, b"" if body is None else body, sedo.key("*", "some")).status_code == 403
    assert sedo.ask(method, path, b"" if body is None else body, sedo.key("*", "admin")).status_code != 403


def test_a_stopped_tenant_says_so_in_actions(sedo: Guarded, admin: dict[str, str]) -> None:
    create(sedo, admin, "order", CALL)
    path = f"{A}/executions/{start(sedo, admin).json_body['id']}"
    sedo.ask("POST", f"{path}/cancel", {}, admin)
    wiring().access.service.put("acme", EntryKind.TENANT, "acme", {"stopped": True}, by=None, grant=ALL)
    for place, action in ((path, "redrive"), (f"{A}/definitions/order", "execute")):
        actions = sedo.ask("GET", place, headers=admin).json_body["actions"]
        assert actions[action] == {"possible": False, "reason": "the tenant is stopped"}


def test_only_an_admin_gives_a_role_that_they_do_not_have(sedo: Guarded, admin: dict[str, str]) -> None:
    role(sedo, "boss", [{"kinds": ["executions"], "verbs": ["read"]}])
    maker = role(sedo, "maker", [{"kinds": ["access", "keys", "executions"], "verbs": ["*"]}])
    key: Json = {"title": "k", "roles": ["boss"]}
    for method, path, body in (("POST", "keys", key), ("PUT", "bindings/b", {"role": "boss", "subjects": ["me"]})):
        refused = assert_problem(sedo.ask(method, f"{A}/{path}", body, maker), 403)
        assert refused["detail"] == "you do not have the role 'boss' yourself: only an admin gives it then"
        assert sedo.ask(method, f"{A}/{path}", body, admin).status_code == 201
    assert sedo.ask("POST", f"{A}/keys", {"title": "k", "roles": ["maker"]}, maker).status_code == 201


def test_who_waits_for_an_event_is_listed_for_those_who_may_see_it_in_full_pages(
    sedo: Guarded, admin: dict[str, str]
) -> None:
    hear: Json = {"id": "hear", "type": "event", "name": "paid", "key": "k"}
    create(sedo, admin, "secret", hear, access={"read": {"roles": ["admin"]}})
    create(sedo, admin, "other", hear)
    create(sedo, admin, "order", hear)
    for n in range(9):
        name = ("secret", "other", "order")[n % 3]
        sedo.ask("POST", f"{A}/definitions/{name}/execute", {"input": n}, admin)
        sedo.deliver()
    rules: Json = [{"kinds": ["executions", "events"], "verbs": ["read"], "names": ["order", "secret", "paid"]}]
    some = role(sedo, "some", rules)
    found: list[Any] = []
    link: str | None = f"{A}/events/paid?key=k&limit=2"
    while link:
        answer = sedo.ask("GET", link, headers=some)
        found.append([each["executionId"].split(":")[1] for each in answer.json_body])
        link = answer.headers["Link"][1:].partition(">")[0] if "Link" in answer.headers else None
    assert found == [["order", "order"], ["order"]]
    assert len(sedo.ask("GET", f"{A}/events/paid?key=k", headers=admin).json_body) == 9


def test_a_dry_run_runs_no_child_that_the_caller_may_not_read(sedo: Guarded, admin: dict[str, str]) -> None:
    create(sedo, admin, "charge", {"id": "say", "type": "echo", "message": CANARY})
    create(sedo, admin, "order", {"id": "child", "type": "workflow", "definition": "charge"})
    rules: Json = [{"kinds": ["definitions"], "verbs": ["read", "test"], "names": ["order"]}]
    path, tester = f"{A}/definitions/order/test", role(sedo, "tester", rules)
    refused = assert_problem(sedo.ask("POST", path, {}, tester), 403)
    assert refused["detail"].startswith("that needs the right definitions:read of 'charge'")
    assert CANARY in str(sedo.ask("POST", path, {}, admin).json_body)


@pytest.mark.parametrize("claim", ["tenants", "groups", "sub"])
def test_a_name_in_a_token_that_is_no_text_is_refused(sedo: Guarded, claim: str) -> None:
    import jwt  # noqa: PLC0415 - it takes a while to load

    from tests.access.guarded import SIGNER  # noqa: PLC0415 - of one test
    from tests.access.test_tokens import claims  # noqa: PLC0415 - it loads cryptography

    wrong = "a\ud800"
    asker = bearer(jwt.encode(claims(**{claim: wrong if claim == "sub" else [wrong]}), SIGNER, "HS256"))
    assert_problem(sedo.ask("GET", A + "/definitions", headers=asker), 401)


def test_a_definition_says_what_the_caller_may_ask_of_it(sedo: Guarded, admin: dict[str, str]) -> None:
    create(sedo, admin, "order", CALL, access={"execute": {"roles": ["operator"], "when": "input.total < `9`"}})
    path = f"{A}/definitions/order"
    shown = {
        name: {
            action: each["reason"]
            for action, each in sedo.ask("GET", path, headers=sedo.key("acme", name)).json_body["actions"].items()
        }
        for name in ("viewer", "operator", "author", "admin")
    }
    role = "needs what access.execute of 'order' says: one of the roles operator"
    start, test, write = (f"needs the right {r} of 'order'" for r in ("executions:start", *TRIES))
    assert shown == {
        "viewer": {"execute": start, "dry_run": test, "retire": write},
        "operator": {"execute": None, "dry_run": test, "retire": write},
        "author": {"execute": role, "dry_run": None, "retire": None},
        "admin": {"execute": role, "dry_run": None, "retire": None},
    }


def test_nothing_is_made_in_the_tenant_that_nobody_is_of(sedo: Guarded) -> None:
    operator = sedo.key("*", "admin")
    place = A.replace("acme", "-")
    hello: Json = {"id": "hello", "steps": [CALL]}
    assert_problem(sedo.ask("POST", place + "/definitions", hello, operator), 404)
    assert sedo.status(operator, "GET", place + "/executions") == 404
    assert sedo.status(operator, "GET", place + "/audit") == 200
