"""Roles, bindings, API keys and tenants over the API."""

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.access.entries import AccessEntry, EntryKind
from chalicelib.core.access.keys import ApiKey, key_document
from chalicelib.core.access.rights import BUILT_IN, RIGHTS, VERBS
from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with
from chalicelib.wiring.graph import wiring
from tests.access.guarded import Guarded, bearer
from tests.api.declared import CONTRACT
from tests.application import assert_problem
from tests.home import START

A = "/sedo/tenants/acme"
STARTER: Json = {
    "title": "starts orders",
    "rules": [{"kinds": ["executions"], "verbs": ["start", "read"], "names": ["order-*"]}],
}
ECHO: Any = {"steps": [{"id": "say", "type": "succeed"}]}


def ask(sedo: Guarded, headers: dict[str, str], method: str, path: str, body: Json = None, **more: str) -> Any:
    return sedo.ask(method, path, b"" if body is None else json.dumps(body).encode(), {**headers, **more})


def test_kinds_and_verbs_of_the_contract_are_those_of_the_code() -> None:
    rule = CONTRACT["components"]["schemas"]["AccessRule"]["properties"]
    assert rule["kinds"]["items"]["enum"] == ["*", *VERBS]
    assert {*rule["verbs"]["items"]["enum"]} == {"*", *(verb for verbs in VERBS.values() for verb in verbs)}


class TestMe:
    def test_who_asks_with_a_key(self, sedo: Guarded) -> None:
        me = ask(sedo, sedo.key("acme", "viewer"), "GET", "/sedo/me?tenant=acme").json_body
        assert (me["means"], me["tenants"], me["roles"]) == ("key", ["acme"], ["viewer"])
        assert me["subject"] == f"key:{me['keyId']}"
        assert me["rights"] == ["definitions:read", "executions:read", "events:read", "tasks:read", "schedules:read"]

    def test_a_tenant_that_is_not_seen_is_not_there(self, sedo: Guarded) -> None:
        key = sedo.key("acme", "admin")
        assert_problem(ask(sedo, key, "GET", "/sedo/me?tenant=beta"), 404, "tenant not found")
        me = ask(sedo, key, "GET", "/sedo/me").json_body
        assert (me["tenant"], me["roles"]) == ("acme", ["admin"])
        assert {*me["rights"]} == {*RIGHTS} - {"tenants:write"}
        me = ask(sedo, sedo.key("*", "admin"), "GET", "/sedo/me").json_body
        assert (me["tenant"], me["roles"], me["rights"]) == (None, None, None)

    def test_an_operator_has_rights_in_every_tenant(self, sedo: Guarded) -> None:
        me = ask(sedo, sedo.key("*", "admin"), "GET", "/sedo/me?tenant=beta").json_body
        assert (me["tenants"], me["roles"], me["rights"]) == (["*"], ["admin"], [*RIGHTS])


class TestRoles:
    def test_a_role_of_ones_own_gives_what_its_rules_say_to_the_names_that_match(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        for name in ("order-1", "invoice"):
            ask(sedo, admin, "POST", A + "/definitions", {"id": name, **ECHO})
        made = ask(sedo, admin, "PUT", A + "/roles/order-starter", STARTER)
        assert (made.status_code, made.headers["ETag"].startswith('"1-')) == (201, True)
        text = ask(sedo, admin, "POST", A + "/keys", {"title": "job", "roles": ["order-starter"]}).json_body["key"]
        job = bearer(text)
        assert ask(sedo, job, "POST", A + "/definitions/order-1/execute", {}).status_code == 201
        refused = assert_problem(ask(sedo, job, "POST", A + "/definitions/invoice/execute", {}), 403)
        assert refused["detail"].startswith("that needs the right executions:start of 'invoice'")

    def test_a_change_counts_at_once_where_it_was_made(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        ask(sedo, admin, "PUT", A + "/roles/reader", {"rules": [{"kinds": ["definitions"], "verbs": ["read"]}]})
        reader = sedo.key("acme", "reader")
        assert ask(sedo, reader, "GET", A + "/definitions").status_code == 200
        ask(sedo, admin, "DELETE", A + "/roles/reader")
        assert_problem(ask(sedo, reader, "GET", A + "/definitions"), 403)

    def test_a_change_elsewhere_counts_within_a_minute(self, sedo: Guarded) -> None:
        ask(sedo, sedo.key("acme", "admin"), "PUT", A + "/roles/reader", {"rules": []})
        reader = sedo.key("acme", "reader")
        assert_problem(ask(sedo, reader, "GET", A + "/definitions"), 403)
        rules: Json = [{"kinds": ["definitions"], "verbs": ["read"]}]
        entry = AccessEntry("acme", EntryKind.ROLE, "reader", {"rules": rules}, START, version=2)
        wiring().access.service.store.put(entry)
        sedo.pass_time(59)
        assert_problem(ask(sedo, reader, "GET", A + "/definitions"), 403)
        sedo.pass_time(1)
        assert ask(sedo, reader, "GET", A + "/definitions").status_code == 200

    def test_what_was_changed_meanwhile_stays(self, sedo: Guarded) -> None:
        admin, path = sedo.key("acme", "admin"), A + "/roles/writer"
        absent = {"If-None-Match": "*"}
        assert ask(sedo, admin, "PUT", path, STARTER, **absent).status_code == 201
        assert_problem(ask(sedo, admin, "PUT", path, STARTER, **absent), 412)
        read = ask(sedo, admin, "GET", path)
        written = ask(sedo, admin, "PUT", path, STARTER, **{"If-Match": read.headers["ETag"]})
        assert written.status_code == 200
        for method, body in (("PUT", STARTER), ("DELETE", None)):
            assert_problem(ask(sedo, admin, method, path, body, **{"If-Match": read.headers["ETag"]}), 412)
        assert ask(sedo, admin, "DELETE", path, None, **{"If-Match": written.headers["ETag"]}).status_code == 204
        assert_problem(ask(sedo, admin, "GET", path), 404)
        assert_problem(ask(sedo, admin, "DELETE", path), 404)

    def test_what_was_deleted_and_made_anew_meanwhile_stays(self, sedo: Guarded) -> None:
        admin, path = sedo.key("acme", "admin"), A + "/roles/writer"
        seen = ask(sedo, admin, "PUT", path, STARTER).headers["ETag"]
        ask(sedo, admin, "DELETE", path)
        ask(sedo, admin, "PUT", path, {**STARTER, "title": "of somebody else"})
        assert_problem(ask(sedo, admin, "PUT", path, STARTER, **{"If-Match": seen}), 412)

    def test_nobody_gives_more_than_they_have(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        keeper: Json = {"rules": [{"kinds": ["access", "keys"], "verbs": ["*"]}]}
        ask(sedo, admin, "PUT", A + "/roles/keeper", keeper)
        mine = sedo.key("acme", "keeper", "viewer")
        for method, path, body in (
            ("PUT", "/roles/more", STARTER),
            ("PUT", "/bindings/more", {"role": "author", "subjects": ["me"]}),
            ("POST", "/keys", {"title": "more", "roles": ["admin"]}),
        ):
            assert (
                "rights that you do not have" in assert_problem(ask(sedo, mine, method, A + path, body), 403)["detail"]
            )
        assert ask(sedo, mine, "POST", A + "/keys", {"title": "less", "roles": ["viewer"]}).status_code == 201
        assert ask(sedo, mine, "PUT", A + "/bindings/b", {"role": "viewer", "groups": ["all"]}).status_code == 201

    def test_who_administers_a_tenant_makes_others_there_and_no_operators(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        text = ask(sedo, admin, "POST", A + "/keys", {"title": "second", "roles": ["admin"]}).json_body["key"]
        assert (
            ask(sedo, bearer(text), "PUT", A + "/bindings/b", {"role": "admin", "subjects": ["eve"]}).status_code == 201
        )
        everything: Json = {"rules": [{"kinds": ["*"], "verbs": ["*"]}]}
        assert ask(sedo, admin, "PUT", A + "/roles/all", everything).status_code == 201
        assert_problem(ask(sedo, sedo.key("acme", "all"), "PUT", A, {"stopped": False}), 403)

    def test_in_the_installation_nobody_gives_more_than_they_have_either(self, sedo: Guarded) -> None:
        root, installation = sedo.key("*", "admin"), "/sedo/tenants/*"
        keeper: Json = {"rules": [{"kinds": ["access", "keys"], "verbs": ["*"]}]}
        assert ask(sedo, root, "PUT", installation + "/roles/keeper", keeper).status_code == 201
        mine, one = sedo.key("*", "keeper"), {"rules": [{"kinds": ["tenants"], "verbs": ["write"]}]}
        assert_problem(ask(sedo, mine, "PUT", installation + "/roles/more", one), 403)
        assert_problem(ask(sedo, mine, "POST", installation + "/keys", {"title": "more", "roles": ["admin"]}), 403)
        assert ask(sedo, root, "POST", installation + "/keys", {"title": "more", "roles": ["admin"]}).status_code == 201

    def test_one_that_is_in_use_can_go_and_then_gives_nothing(self, sedo: Guarded) -> None:
        root, path = sedo.key("acme", "admin"), A + "/roles/reader"
        body: Json = {"rules": [{"kinds": ["definitions"], "verbs": ["read"]}]}
        ask(sedo, root, "PUT", path, body)
        ask(sedo, root, "PUT", A + "/bindings/b", {"role": "reader", "subjects": ["ada"]})
        reader = sedo.key("acme", "reader")
        assert ask(sedo, root, "DELETE", path).status_code == 204
        assert ask(sedo, root, "GET", A + "/bindings/b").json_body["role"] == "reader"
        assert_problem(ask(sedo, reader, "GET", A + "/definitions"), 403)
        assert ask(sedo, root, "PUT", path, body).status_code == 201
        assert ask(sedo, reader, "GET", A + "/definitions").status_code == 200

    def test_who_may_read_some_names_sees_those_in_full_pages(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        for name in ("a1", "b1", "a2", "b2", "b3"):
            ask(sedo, admin, "PUT", A + f"/roles/{name}", {"rules": []})
        some: Json = {"rules": [{"kinds": ["access", "keys"], "verbs": ["*"], "names": ["b*"]}]}
        ask(sedo, admin, "PUT", A + "/roles/some", some)
        mine = sedo.key("acme", "some")
        page = ask(sedo, mine, "GET", A + "/roles?limit=2")
        assert [role["name"] for role in page.json_body] == ["b1", "b2"]
        following = page.headers["Link"].partition(">")[0][1:]
        assert [role["name"] for role in ask(sedo, mine, "GET", following).json_body] == ["b3"]
        assert_problem(ask(sedo, mine, "GET", A + "/roles/a1"), 403)
        assert_problem(ask(sedo, mine, "PUT", A + "/bindings/a", {"role": "b1"}), 403)

    def test_built_in_ones_are_listed_and_stay(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        for name in ("aa", "zz"):
            ask(sedo, admin, "PUT", A + f"/roles/{name}", STARTER)
        names = [role["name"] for role in ask(sedo, admin, "GET", A + "/roles").json_body]
        assert names == sorted(["aa", *BUILT_IN, "zz"])
        assert ask(sedo, admin, "GET", A + "/roles/viewer").json_body["builtIn"] is True
        for method, body in (("PUT", STARTER), ("DELETE", None)):
            refused = assert_problem(ask(sedo, admin, method, A + "/roles/viewer", body), 400)
            assert "'viewer' is a built-in role" in refused["detail"]

    @pytest.mark.parametrize("kind", ["roles", "bindings", "keys"])
    @pytest.mark.parametrize("is_last_first", [False, True])
    def test_lists_go_on_behind_a_page_in_either_order(self, sedo: Guarded, kind: str, is_last_first: bool) -> None:  # noqa: FBT001 - a parameter of the test
        admin, found = sedo.key("acme", "admin"), list[list[str]]()
        for name in ("b1", "b2", "z3"):
            ask(sedo, admin, "PUT", A + f"/roles/{name}", {"rules": []})
            ask(sedo, admin, "PUT", A + f"/bindings/{name}", {"role": "viewer", "groups": [name]})
            sedo.key("acme", name)
        member = "id" if kind == "keys" else "name"
        path = f"{A}/{kind}?limit=2&fields={member}&sort={'-' * is_last_first}{member}"
        while path:
            answer = ask(sedo, admin, "GET", path)
            found.append([each[member] for each in answer.json_body])
            path = answer.headers.get("Link", "").partition(">")[0][1:]
        listed = [name for page in found for name in page]
        assert listed == sorted(set(listed), reverse=is_last_first)
        assert len(listed) == {"roles": 3 + len(BUILT_IN), "bindings": 3, "keys": 4}[kind]
        assert all(len(page) == 2 for page in found[:-1])

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({}, "rules is a list of at most 100 rules"),
            ({"rules": [{"kinds": ["order"], "verbs": ["read"]}]}, "a kind is one of *, definitions,"),
            ({"rules": [{"kinds": ["keys"], "verbs": ["delete"]}]}, "a verb is one of *, read,"),
            (
                {"rules": [{"kinds": ["executions"], "verbs": ["write"]}]},
                "a rule gives no right: executions have no write",
            ),
            ({"rules": [{"kinds": ["keys"], "verbs": ["read"], "names": ["a b"]}]}, "a name 'a b' is a pattern"),
            ({"rules": [{"kinds": ["keys"], "verbs": ["read"], "not": 1}]}, "and no not"),
        ],
    )
    def test_what_is_no_role_is_told(self, sedo: Guarded, body: Json, said: str) -> None:
        assert said in assert_problem(ask(sedo, sedo.key("acme", "admin"), "PUT", A + "/roles/r", body), 400)["detail"]

    def test_a_binding_names_a_role_that_is_there(self, sedo: Guarded) -> None:
        answer = ask(sedo, sedo.key("acme", "admin"), "PUT", A + "/bindings/b", {"role": "none", "groups": ["g"]})
        assert "there is no role 'none'" in assert_problem(answer, 400)["detail"]


class TestKeys:
    def test_a_key_is_shown_once_listed_and_revoked(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        body: Json = {"title": "job", "roles": ["viewer"], "expiresAt": "2026-02-01T00:00:00Z"}
        made = ask(sedo, admin, "POST", A + "/keys", body).json_body
        text, path = made.pop("key"), f"{A}/keys/{made['id']}"
        assert text.startswith(f"sedo_acme_{made['id']}_")
        assert ask(sedo, admin, "GET", path).json_body == made
        listed = ask(sedo, admin, "GET", A + "/keys")
        assert made in listed.json_body
        stored = str(vars(wiring().access.service.store))
        assert text.rpartition("_")[2] not in stored + listed.body.decode()
        assert ask(sedo, bearer(text), "GET", A + "/definitions").status_code == 200
        assert ask(sedo, admin, "DELETE", path).status_code == 204
        assert ask(sedo, admin, "DELETE", path).status_code == 204
        refused = assert_problem(ask(sedo, bearer(text), "GET", A + "/definitions"), 401)
        assert refused["detail"] == "the API key is revoked"
        assert ask(sedo, admin, "GET", path).json_body["revokedAt"] == "2026-01-01T00:00:00.000Z"

    def test_one_that_is_revoked_elsewhere_counts_no_more(self, sedo: Guarded) -> None:
        key = sedo.key("acme", "viewer")
        assert ask(sedo, key, "GET", A + "/definitions").status_code == 200
        store = wiring().access.service.store
        (entry,) = store.list("acme", (EntryKind.KEY,), 2)
        revoked = {**entry.document, "revokedAt": "2026-01-01T00:00:00.000Z"}
        store.put(copy_with(entry, document=revoked, version=entry.version + 1))
        assert_problem(ask(sedo, key, "GET", A + "/definitions"), 401)

    def test_who_has_keys_of_some_ids_neither_sees_nor_revokes_others(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        one = ask(sedo, admin, "POST", A + "/keys", {"title": "job", "roles": ["viewer"]}).json_body["id"]
        rule: Json = {"kinds": ["keys"], "verbs": ["*"], "names": [one]}
        ask(sedo, admin, "PUT", A + "/roles/one", {"rules": [rule]})
        mine = sedo.key("acme", "one")
        others = [key["id"] for key in ask(sedo, admin, "GET", A + "/keys").json_body if key["id"] != one]
        assert [key["id"] for key in ask(sedo, mine, "GET", A + "/keys").json_body] == [one]
        for other in others:
            assert_problem(ask(sedo, mine, "DELETE", f"{A}/keys/{other}"), 403)
        assert ask(sedo, mine, "DELETE", f"{A}/keys/{one}").status_code == 204

    def test_one_that_counts_no_more_makes_room(self, sedo: Guarded) -> None:
        service, admin = wiring().access.service, sedo.key("acme", "admin")
        old = [
            ask(sedo, admin, "POST", A + "/keys", {"title": "k", "roles": ["viewer"]}).json_body["id"] for _ in range(2)
        ]
        for n in range(LIMITS.access_entries - 3):
            key = key_document(ApiKey("acme", f"n{n}", "", "", (), wiring().dependencies.clock.now()))
            service.store.put(AccessEntry("acme", EntryKind.KEY, f"n{n}", key, wiring().dependencies.clock.now()))
        assert_problem(ask(sedo, admin, "POST", A + "/keys", {"title": "one more", "roles": ["viewer"]}), 409)
        for name in old:
            assert ask(sedo, admin, "DELETE", A + f"/keys/{name}").status_code == 204
            sedo.clock.instant += timedelta(seconds=1)
        assert ask(sedo, admin, "POST", A + "/keys", {"title": "one more", "roles": ["viewer"]}).status_code == 201
        assert [ask(sedo, admin, "GET", A + f"/keys/{name}").status_code for name in old] == [404, 200]

    def test_a_key_expires(self, sedo: Guarded) -> None:
        body: Json = {"title": "job", "roles": ["viewer"], "expiresAt": "2026-01-01T00:10:00Z"}
        text = ask(sedo, sedo.key("acme", "admin"), "POST", A + "/keys", body).json_body["key"]
        assert ask(sedo, bearer(text), "GET", A + "/definitions").status_code == 200
        sedo.pass_time(600)
        refused = assert_problem(ask(sedo, bearer(text), "GET", A + "/definitions"), 401)
        assert refused["detail"] == "the API key has expired"

    def test_the_answer_to_a_repeat_has_no_text_and_none_is_kept(self, sedo: Guarded) -> None:
        admin, body = {**sedo.key("acme", "admin"), "Idempotency-Key": "k"}, {"title": "job", "roles": ["viewer"]}
        first, again = (ask(sedo, admin, "POST", A + "/keys", body) for _ in range(2))
        assert (again.status_code, again.json_body) == (201, {**first.json_body, "key": None})
        replies: Any = wiring().routes.access.support.replies.store
        assert first.json_body["key"] not in str(replies.holders)

    @pytest.mark.parametrize("text", ["{key}0", "{key:.40}", "sedo_beta{key:.0}_0000000000000000_" + "0" * 64])
    def test_what_is_no_key_is_refused(self, sedo: Guarded, text: str) -> None:
        made = sedo.key("acme", "admin")["Authorization"].removeprefix("Bearer ")
        refused = assert_problem(ask(sedo, bearer(text.format(key=made)), "GET", A + "/definitions"), 401)
        assert refused["detail"] == "there is no such API key"

    def test_with_another_tenant_in_it_a_key_is_none(self, sedo: Guarded) -> None:
        made = sedo.key("acme", "admin")["Authorization"].removeprefix("Bearer ")
        sedo.key("beta", "admin")
        forged = bearer(made.replace("sedo_acme_", "sedo_beta_"))
        assert_problem(ask(sedo, forged, "GET", "/sedo/tenants/beta/definitions"), 401)

    @pytest.mark.parametrize("expires", ["2025-01-01T00:00:00Z", "soon", 7])
    def test_when_it_expires_is_an_instant_to_come(self, sedo: Guarded, expires: Json) -> None:
        body: Json = {"title": "job", "roles": ["viewer"], "expiresAt": expires}
        assert (
            "expiresAt is"
            in assert_problem(ask(sedo, sedo.key("acme", "admin"), "POST", A + "/keys", body), 400)["detail"]
        )


class TestTenants:
    def test_an_operator_says_how_a_tenant_is(self, sedo: Guarded) -> None:
        root = sedo.key("*", "admin")
        defaults = ask(sedo, root, "GET", A)
        assert defaults.json_body == {
            "id": "acme",
            "title": "",
            "settings": {},
            "quotas": {},
            "stopped": False,
            "auditAll": False,
            "changedAt": None,
            "changedBy": None,
        }
        body: Json = {"title": "Acme", "settings": {"http": {"hosts": ["api.test"]}}, "quotas": {"keys": 5}}
        seen = {"If-Match": defaults.headers["ETag"]}
        assert_problem(ask(sedo, root, "PUT", A, body, **{"If-Match": '"1"'}), 412)
        assert ask(sedo, root, "PUT", A, body, **seen).status_code == 200
        assert_problem(ask(sedo, root, "PUT", A, body, **seen), 412)
        ask(sedo, root, "DELETE", A)
        assert ask(sedo, root, "PUT", A, body, **{"If-None-Match": "*"}).json_body["title"] == "Acme"
        assert_problem(ask(sedo, root, "PUT", A, body, **{"If-None-Match": "*"}), 412)
        read = ask(sedo, root, "GET", A)
        assert read.json_body["settings"] == {"http": {"hosts": ["api.test"]}}
        assert ask(sedo, root, "DELETE", A, None, **{"If-Match": read.headers["ETag"]}).status_code == 204
        assert ask(sedo, root, "GET", A).json_body == defaults.json_body
        refused = assert_problem(ask(sedo, root, "DELETE", A), 404)
        assert refused["detail"] == "the tenant 'acme' has the defaults already"

    def test_the_installation_has_no_such_record_and_no_things(self, sedo: Guarded) -> None:
        root = sedo.key("*", "admin")
        for method, path in (("GET", ""), ("PUT", ""), ("DELETE", ""), ("GET", "/definitions"), ("GET", "/executions")):
            refused = assert_problem(ask(sedo, root, method, "/sedo/tenants/*" + path, {"stopped": True}), 400)
            assert "tenantId '*' is not an id" in refused["detail"]
        for kind in ("roles", "bindings", "keys"):
            assert ask(sedo, root, "GET", "/sedo/tenants/*/" + kind).status_code == 200

    def test_an_operator_of_some_tenants_sets_no_other(self, sedo: Guarded) -> None:
        root = sedo.key("*", "admin")
        rule: Json = {"kinds": ["tenants"], "verbs": ["*"], "names": ["ac*"]}
        ask(sedo, root, "PUT", "/sedo/tenants/*/roles/some", {"rules": [rule]})
        mine = sedo.key("*", "some")
        assert ask(sedo, mine, "PUT", A, {"stopped": False}).status_code == 200
        refused = assert_problem(ask(sedo, mine, "PUT", "/sedo/tenants/beta", {"stopped": True}), 403)
        assert "tenants:write of 'beta'" in refused["detail"]

    def test_no_tenant_says_so_of_itself(self, sedo: Guarded) -> None:
        admin = sedo.key("acme", "admin")
        assert ask(sedo, admin, "GET", A).status_code == 200
        refused = assert_problem(ask(sedo, admin, "PUT", A, {"stopped": False}), 403)
        assert "tenants:write" in refused["detail"]
        assert_problem(ask(sedo, admin, "GET", "/sedo/tenants/*/roles"), 404)

    @pytest.mark.parametrize(
        "body",
        [
            {"settings": {"http": {"hosts": ["A.test"]}}},
            {"settings": {"https": {}}},
            {"quotas": {"keys": 0}},
            {"quotas": {"key": 1}},
            {"stopped": "no"},
        ],
    )
    def test_what_is_no_tenant_is_told(self, sedo: Guarded, body: Json) -> None:
        assert_problem(ask(sedo, sedo.key("*", "admin"), "PUT", A, body), 400)


def test_only_what_its_author_may_read_is_included(sedo: Guarded) -> None:
    admin = sedo.key("acme", "admin")
    hidden: Json = {"id": "hidden", "steps": [{"id": "say", "type": "echo", "message": "canary"}]}
    ask(sedo, admin, "POST", A + "/definitions", hidden)
    rules: Json = [{"kinds": ["definitions"], "verbs": ["*"], "names": ["order-*"]}]
    ask(sedo, admin, "PUT", A + "/roles/order-author", {"rules": rules})
    author = sedo.key("acme", "order-author")
    body: Json = {"id": "order-1", "steps": [{"include": "hidden"}]}
    refused = assert_problem(ask(sedo, author, "POST", A + "/definitions", body), 400)
    assert refused["errors"][0]["message"] == "there is no definition 'hidden'"
    checked = ask(sedo, author, "POST", A + "/definitions/validate", body)
    assert checked.json_body["valid"] is False
    tested = assert_problem(ask(sedo, author, "POST", A + "/definitions/order-1/test", {"definition": body}), 400)
    assert tested["errors"][0]["message"] == "there is no definition 'hidden'"
    assert ask(sedo, admin, "POST", A + "/definitions", body).status_code == 201
