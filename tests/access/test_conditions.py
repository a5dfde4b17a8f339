"""Conditions that definitions put on access, over the application."""

from collections.abc import Mapping
from typing import Any

import pytest

from chalicelib.core.access.entries import EntryKind
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.access.guarded import ALL, Guarded, bearer
from tests.access.test_tokens import claims
from tests.access.test_visible import CALL, A, actions
from tests.application import assert_problem

ASK: Mapping[str, Json] = {"id": "ask", "type": "task", "title": "Approve"}
SMALL: Json = "input.total < `100`"


@pytest.fixture
def admin(sedo: Guarded) -> dict[str, str]:
    return sedo.key("acme", "admin")


def create(sedo: Guarded, sender: Mapping[str, str], name: str, access: Json, *steps: Json) -> None:
    definition = {"id": name, "steps": [*steps], **({"access": access} if access else {})}
    assert sedo.ask("POST", A + "/definitions", definition, sender).status_code == 201


def start(sedo: Guarded, sender: Mapping[str, str], definition: str, total: int, **more: Json) -> Any:
    answer = sedo.ask("POST", f"{A}/definitions/{definition}/execute", {"input": {"total": total}, **more}, sender)
    sedo.deliver()
    return answer


def test_who_has_not_the_role_does_not_start_it_and_nobody_with_another_input(sedo: Guarded) -> None:
    author, operator = sedo.key("acme", "author"), sedo.key("acme", "operator")
    create(sedo, author, "order", {"execute": {"roles": ["operator"], "when": SMALL}}, CALL)
    problem = assert_problem(start(sedo, author, "order", 1), 403, "a condition of the definition is not met")
    assert problem["detail"] == "that needs what access.execute of 'order' says: one of the roles operator"
    refused = assert_problem(start(sedo, operator, "order", 100), 403)
    assert refused["detail"] == "that needs what access.execute of 'order' says: input.total < `100`"
    assert sedo.ask("GET", A + "/executions", headers=author).json_body == []
    assert [start(sedo, operator, "order", 1, name="one").status_code for _ in range(2)] == [201, 200]
    assert_problem(start(sedo, author, "order", 1, name="one"), 403)


def test_who_started_it_cannot_stop_it_and_actions_say_so(sedo: Guarded, admin: dict[str, str]) -> None:
    create(sedo, admin, "order", {"cancel": {"when": "subject.id != execution.startedBy && input.total > `1`"}}, CALL)
    path = f"{A}/executions/{start(sedo, admin, 'order', 7).json_body['id']}"
    unmet = "needs what access.cancel of 'order' says: subject.id != execution.startedBy && input.total > `1`"
    assert set(actions(sedo, path, admin).values()) == {unmet}
    for name in ("cancel", "pause", "resume", "redrive"):
        assert assert_problem(sedo.ask("POST", f"{path}/{name}", {}, admin), 403)["detail"] == f"that {unmet}"
    other = sedo.key("acme", "operator")
    assert actions(sedo, path, other)["cancel"] is None
    assert sedo.ask("POST", f"{path}/cancel", {}, other).status_code == 200


def test_a_read_condition_holds_in_lists_too(sedo: Guarded, admin: dict[str, str]) -> None:
    create(sedo, admin, "secret", {"read": {"roles": ["admin"], "when": "subject.means == 'key'"}}, CALL)
    create(sedo, admin, "open", None, CALL)
    for n in range(9):
        started = start(sedo, admin, "secret" if n % 2 else "open", n).json_body["id"]
    path, viewer = f"{A}/executions/{start(sedo, admin, 'secret', 1).json_body['id']}", sedo.key("acme", "viewer")
    assert started
    for place in ("", "/history", "/values?at=/input", "/events"):
        assert sedo.status(admin, "GET", path + place) == 200
        detail = assert_problem(sedo.ask("GET", path + place, headers=viewer), 403)["detail"]
        assert detail == "that needs what access.read of 'secret' says: one of the roles admin"
    seen = sedo.ask("GET", A + "/executions?limit=5", headers=viewer)
    assert {each["definitionId"] for each in seen.json_body} == {"open"}
    assert (len(seen.json_body), "Link" in seen.headers) == (5, False)


def test_a_task_is_done_by_who_meets_the_condition_without_seeing_the_execution(
    sedo: Guarded, admin: dict[str, str]
) -> None:
    access: Json = {"complete": {"when": "contains(subject.groups, 'sales') && input.total < `9`"}}
    create(sedo, admin, "order", {**access, "read": {"roles": ["admin"]}}, ASK)
    execution = start(sedo, admin, "order", 7).json_body["id"]
    wiring().access.service.put(
        "acme", EntryKind.BINDING, "b", {"role": "approver", "groups": ["sales", "staff"]}, by=None, grant=ALL
    )
    sedo.pass_time(60)
    path = f"{A}/tasks/{sedo.ask('GET', A + '/tasks', headers=admin).json_body[0]['id']}"
    ada, bob = (token(sub, groups) for sub, groups in (("ada", ["sales"]), ("bob", ["staff"])))
    assert_problem(sedo.ask("POST", f"{path}/complete", {"answer": 1}, bob), 403)
    assert (actions(sedo, path, bob)["claim"] or "").startswith("needs what access.complete of 'order' says: contains(")
    assert sedo.status(ada, "GET", f"{A}/executions/{execution}") == 403
    assert actions(sedo, path, ada)["complete"] is None
    assert sedo.ask("POST", f"{path}/complete", {"answer": 1}, ada).status_code == 200


def token(sub: str, groups: Json) -> dict[str, str]:
    import jwt  # noqa: PLC0415 - it takes a while to load

    from tests.access.guarded import SIGNER  # noqa: PLC0415 - of one test

    return bearer(jwt.encode(claims(sub=sub, groups=groups), SIGNER, "HS256"))


class TestChildren:
    CHARGE: Mapping[str, Json] = {"id": "charge", "type": "workflow", "definition": "charge"}

    def end(self, sedo: Guarded, sender: Mapping[str, str]) -> Any:
        name = start(sedo, sender, "order", 1).json_body["id"]
        return sedo.ask("GET", f"{A}/executions/{name}", headers=sender).json_body

    def test_a_child_is_started_with_the_rights_of_the_author(self, sedo: Guarded, admin: dict[str, str]) -> None:
        create(sedo, admin, "charge", {"execute": {"roles": ["admin"]}}, {"id": "a", "type": "transform"})
        create(sedo, admin, "order", None, self.CHARGE)
        operator = sedo.key("acme", "operator")
        assert_problem(start(sedo, operator, "charge", 1), 403)
        assert self.end(sedo, operator)["state"] == "ExecutionSucceeded"

    def test_an_author_without_them_starts_nothing_even_for_an_administrator(
        self, sedo: Guarded, admin: dict[str, str]
    ) -> None:
        author = sedo.key("acme", "author")
        create(sedo, admin, "charge", {"execute": {"roles": ["admin"]}}, {"id": "a", "type": "transform"})
        create(sedo, author, "order", None, self.CHARGE)
        error = self.end(sedo, admin)["error"]
        assert error["name"] == "Forbidden"
        assert "this needs what access.execute of 'charge' says: one of the roles admin" in error["message"]

    def test_an_author_starts_only_what_their_rules_name(self, sedo: Guarded, admin: dict[str, str]) -> None:
        rules: Json = [{"kinds": ["*"], "verbs": ["*"], "names": ["order*"]}]
        wiring().access.service.put("acme", EntryKind.ROLE, "orders", {"rules": rules}, by=None, grant=ALL)
        create(sedo, admin, "charge", None, {"id": "a", "type": "transform"})
        create(sedo, sedo.key("acme", "orders"), "order", None, self.CHARGE)
        assert "this needs the right executions:start of 'charge'" in self.end(sedo, admin)["error"]["message"]
        (made,) = sedo.ask("GET", A + "/definitions?limit=1&sort=-id", headers=admin).json_body
        assert made["createdBy"].startswith("key:")
