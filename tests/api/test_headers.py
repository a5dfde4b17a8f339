"""Header fields that every answer has, and what browsers are told."""

import pytest

from app import app
from chalicelib.api.headers import SECURITY, cross_origin, options
from chalicelib.wiring.settings import Settings
from tests.application import EXECUTE, JSON, Sedo, T, http_request

CONSOLE = "https://console.example.com"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/sedo/health", 200), ("GET", T + "/executions/123:a:b", 404), ("POST", EXECUTE, 404)],
)
def test_every_answer_says_what_browsers_may_do_with_it_and_is_not_kept(
    sedo: Sedo, method: str, path: str, status: int
) -> None:
    answer = sedo.ask(method, path)
    assert answer.status_code == status
    assert {name: answer.headers[name] for name in SECURITY} == dict(SECURITY)
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_chalice_refuses_has_them_too(sedo: Sedo) -> None:
    answer = sedo.ask("POST", EXECUTE, b"x", {"Content-Type": "text/plain"})
    assert (answer.status_code, answer.headers["X-Content-Type-Options"]) == (415, "nosniff")


def test_a_request_keeps_the_id_that_its_caller_gave_it(sedo: Sedo) -> None:
    assert sedo.ask("GET", "/sedo/health", headers={"X-Request-Id": "order-17"}).headers["X-Request-Id"] == "order-17"


@pytest.mark.parametrize("odd", ["", "a b", "x" * 129, "ü"])
def test_a_request_with_an_odd_id_gets_another_one(sedo: Sedo, odd: str) -> None:
    ids = [sedo.ask("GET", "/sedo/health", headers={"X-Request-Id": odd}).headers["X-Request-Id"] for _ in range(2)]
    assert len({*ids, odd, ""}) >= 3


def test_a_head_is_answered_like_a_get(sedo: Sedo) -> None:
    sedo.create()
    for path in (T + "/definitions", T + "/definitions/example-definition", T + "/definitions/none"):
        head, get = (sedo.ask(method, path) for method in ("HEAD", "GET"))
        names = ("Content-Type", "ETag")
        assert head.status_code == get.status_code
        assert [head.headers.get(name) for name in names] == [get.headers.get(name) for name in names]


def test_options_tell_what_every_path_answers(sedo: Sedo) -> None:
    for path, methods in app.routes.items():
        answer = sedo.ask("OPTIONS", path.replace("{", "").replace("}", ""), headers={"Origin": CONSOLE})
        assert (answer.status_code, answer.body) == (204, b"")
        assert answer.headers["Allow"] == ", ".join(sorted(methods))
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert ("HEAD" in methods) is ("GET" in methods)


class TestOtherSites:
    def test_none_reads_anything_unless_it_is_named(self) -> None:
        assert cross_origin(CONSOLE, ()) == {}
        assert cross_origin("https://evil.example.com", {CONSOLE}) == {"Vary": "Origin"}
        assert cross_origin("", {CONSOLE}) == {"Vary": "Origin"}

    def test_one_that_is_named_does(self) -> None:
        allowed = cross_origin(CONSOLE, {CONSOLE, "https://other.example.com"})
        assert (allowed["Access-Control-Allow-Origin"], allowed["Vary"]) == (CONSOLE, "Origin")
        assert "ETag" in allowed["Access-Control-Expose-Headers"]

    def test_all_may_be(self) -> None:
        assert cross_origin("https://evil.example.com", {"*"})["Access-Control-Allow-Origin"] == "*"

    @pytest.mark.parametrize("odd", ["console.example.com", "https://", "https://a/b", "ftp://a", "https://a b"])
    def test_what_is_no_origin_is_refused(self, odd: str) -> None:
        with pytest.raises(Exception, match="is no origin"):
            Settings.from_environment({"SEDO_CORS_ORIGINS": odd})

    def test_they_are_read_from_the_environment(self) -> None:
        settings = Settings.from_environment({"SEDO_CORS_ORIGINS": f"{CONSOLE}, http://127.0.0.1:9000"})
        assert settings.cors_origins == {CONSOLE, "http://127.0.0.1:9000"}


def test_a_preflight_request_of_one_is_told_what_it_may_send() -> None:
    asked = http_request("OPTIONS", "/things", {"origin": CONSOLE})
    fields = options(asked, ["POST", "OPTIONS"], {CONSOLE}).headers
    assert fields["Access-Control-Allow-Methods"] == "OPTIONS, POST"
    assert "Idempotency-Key" in fields["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Methods" not in options(asked, ["POST"], {"https://other.example.com"}).headers


def test_a_body_has_a_type(sedo: Sedo) -> None:
    assert sedo.ask("GET", "/sedo/health", headers=JSON).headers["Content-Type"] == "application/json"
