"""Conditions of requests: what has not changed is not sent again, nor changed unseen."""

import re

import pytest
from chalice.app import Response

from chalicelib.core.values.json import Json
from tests.application import EXAMPLE, EXECUTE, JSON, YAML, Sedo, T, assert_problem, http_request
from tests.home import Home

EXAMPLE_PATH = T + "/definitions/example-definition"
OTHER = re.sub("title: .*", "title: Other", EXAMPLE, count=1)


class TestReads:
    @pytest.mark.parametrize("path", ["/definitions", "/definitions/example-definition", "/executions", "/tasks"])
    def test_what_has_not_changed_is_not_sent_again(self, sedo: Sedo, path: str) -> None:
        sedo.create()
        first = sedo.ask("GET", T + path)
        assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
        tag = first.headers["ETag"]
        for known in (tag, f'"x", W/{tag}', "*"):
            again = sedo.ask("GET", T + path, headers={"If-None-Match": known})
            assert (again.status_code, again.body, again.headers["ETag"]) == (304, b"", tag)
        assert sedo.ask("GET", T + path, headers={"If-None-Match": '"x"'}).body == first.body

    def test_a_browser_that_has_the_page_keeps_what_it_may_load(self, sedo: Sedo) -> None:
        for path in ("/sedo/docs", "/sedo/docs/swagger-ui.css", T + "/definitions"):
            first = sedo.ask("GET", path)
            again = sedo.ask("GET", path, headers={"If-None-Match": first.headers["ETag"]})
            same = ("Content-Security-Policy", "Content-Type", "Cache-Control", "ETag")
            assert (again.status_code, again.body) == (304, b"")
            assert [again.headers[name] for name in same] == [first.headers[name] for name in same]

    def test_an_execution_is_sent_again_once_it_has_changed(self, sedo: Sedo) -> None:
        sedo.create()
        path = f"{T}/executions/{sedo.start()['id']}"
        tag = sedo.ask("GET", path).headers["ETag"]
        assert sedo.ask("GET", path, headers={"If-None-Match": tag}).status_code == 304
        sedo.pass_time(45)
        changed = sedo.ask("GET", path, headers={"If-None-Match": tag})
        assert (changed.status_code, changed.headers["ETag"] != tag) == (200, True)

    def test_a_poll_of_an_unchanged_execution_is_one_read(self) -> None:
        home = Home()
        home.create({"type": "echo", "message": "x" * 200_000})
        name = home.execute()

        def poll(**headers: str) -> Response:
            fields = {header.replace("_", "-"): given for header, given in headers.items()}
            asked = http_request("GET", f"/sedo/tenants/t/executions/{name}", fields)
            return home.wiring.routes.executions.read_execution(asked, "t", name)

        tag = poll().headers["ETag"]
        home.calls.clear()
        assert poll(If_None_Match=str(tag)).status_code == 304
        assert home.calls == {"executions.outline": 1}

    def test_each_way_to_write_a_definition_has_a_tag_of_its_own(self, sedo: Sedo) -> None:
        sedo.create()
        answers = [
            sedo.ask("GET", EXAMPLE_PATH, headers={"Accept": kind}) for kind in ("application/json", *YAML.values())
        ]
        assert len({answer.headers["ETag"] for answer in answers}) == 2
        assert {answer.headers["Vary"] for answer in answers} == {"Accept"}

    def test_what_went_wrong_has_none(self, sedo: Sedo) -> None:
        answer = sedo.ask("GET", T + "/definitions/none", headers={"If-None-Match": "*"})
        assert (answer.status_code, "ETag" in answer.headers) == (404, False)


class TestChanges:
    def create(self, sedo: Sedo, status: int, text: str = OTHER, **headers: str) -> None:
        fields = {name.replace("_", "-"): given for name, given in headers.items()}
        answer = sedo.ask("POST", T + "/definitions", text.encode(), YAML | fields)
        assert answer.status_code == status, answer.body

    def versions(self, sedo: Sedo) -> int:
        return int(sedo.get("/definitions/example-definition")["version"])

    @pytest.mark.parametrize("kind", ["application/json", "application/yaml"])
    def test_a_definition_that_somebody_else_has_changed_stays(self, sedo: Sedo, kind: str) -> None:
        sedo.create()
        tag = sedo.ask("GET", EXAMPLE_PATH, headers={"Accept": kind}).headers["ETag"]
        self.create(sedo, 201, If_Match=tag)
        problem = assert_problem(sedo.ask("POST", T + "/definitions", EXAMPLE.encode(), {**YAML, "If-Match": tag}), 412)
        assert problem["detail"].endswith("read it again, and decide anew")
        assert self.versions(sedo) == 2

    def test_any_that_is_there_will_do(self, sedo: Sedo) -> None:
        self.create(sedo, 412, If_Match="*")
        sedo.create()
        self.create(sedo, 201, If_Match="*")

    def test_none_may_be_there(self, sedo: Sedo) -> None:
        self.create(sedo, 201, If_None_Match="*")
        self.create(sedo, 412, EXAMPLE, If_None_Match="*")
        assert sedo.ask("DELETE", EXAMPLE_PATH).status_code == 204
        self.create(sedo, 201, EXAMPLE, If_None_Match="*")

    @pytest.mark.parametrize("status", [201, 200])
    def test_what_was_created_is_changed_on_the_tag_that_its_answer_has(self, sedo: Sedo, status: int) -> None:
        answer = [sedo.create() for _ in range(1 if status == 201 else 2)][-1]
        tag = answer.headers["ETag"]
        assert answer.status_code == status
        self.create(sedo, 201, If_Match=tag)
        self.create(sedo, 412, EXAMPLE, If_Match=tag)

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("", {"title": "Acme"}),
            ("/roles/reader", {"rules": [{"kinds": ["executions"], "verbs": ["read"]}]}),
            ("/bindings/readers", {"role": "viewer", "groups": ["staff"]}),
        ],
    )
    def test_what_was_put_has_the_tag_that_a_read_of_it_has(self, sedo: Sedo, path: str, body: Json) -> None:
        tag = sedo.ask("PUT", T + path, body).headers["ETag"]
        assert sedo.ask("GET", T + path, headers={"If-None-Match": tag}).status_code == 304
        assert sedo.ask("PUT", T + path, body, {**JSON, "If-Match": tag}).status_code == 200

    def test_one_that_has_changed_is_not_retired(self, sedo: Sedo) -> None:
        sedo.create()
        tag = sedo.ask("GET", EXAMPLE_PATH).headers["ETag"]
        self.create(sedo, 201)
        assert_problem(sedo.ask("DELETE", EXAMPLE_PATH, headers=JSON | {"If-Match": tag}), 412)
        tag = sedo.ask("GET", EXAMPLE_PATH).headers["ETag"]
        assert sedo.ask("DELETE", EXAMPLE_PATH, headers=JSON | {"If-Match": tag}).status_code == 204
        assert_problem(sedo.ask("POST", EXECUTE, {"input": {"foo": "bar"}}), 404)
