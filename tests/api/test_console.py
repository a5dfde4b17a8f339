"""The console as the API serves it, from a build that is small here."""

import json
from pathlib import Path

import pytest
from chalice.app import Response

from chalicelib.api.console import ConsoleApi, SignIn
from chalicelib.core.values.value import copy_with
from tests.application import Sedo, http_request
from tests.home import Home


@pytest.fixture
def console(tmp_path: Path) -> ConsoleApi:
    (tmp_path / "assets").mkdir()
    for name, text in {
        "index.html": "<!doctype html>",
        "icon.svg": "<svg/>",
        "notes.txt": "no kind of the page",
        "assets/main-0a.js": "start()",
        "assets/main-0a.css": "body {}",
        "assets/main-0a.js.map": "{}",
    }.items():
        (tmp_path / name).write_text(text)
    return copy_with(Home().wiring.routes.console, folder=tmp_path)


def file(console: ConsoleApi, name: str, **fields: str) -> Response:
    return console.read_console_file(http_request("GET", f"/ui/{name}", fields), name)


def asset(console: ConsoleApi, name: str) -> Response:
    return console.read_console_asset(http_request("GET", f"/ui/assets/{name}", {}), name)


def test_it_leads_to_the_page_wherever_the_api_is(console: ConsoleApi) -> None:
    asked = http_request("GET", "/ui", {})
    asked.context["path"] = "/api/ui"
    answer = console.open_console(asked)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/api/ui/index.html")


def test_the_page_is_asked_for_anew_and_what_it_loads_is_kept(console: ConsoleApi) -> None:
    page = file(console, "index.html")
    assert (page.body, page.headers["Cache-Control"]) == ("<!doctype html>", "private, no-cache")
    again = file(console, "index.html", **{"if-none-match": str(page.headers["ETag"])})
    assert again.status_code == 304
    script = asset(console, "main-0a.js")
    assert (script.body, script.headers["Content-Type"]) == ("start()", "text/javascript; charset=utf-8")
    assert "immutable" in script.headers["Cache-Control"]
    assert asset(console, "main-0a.css").headers["Content-Type"] == "text/css; charset=utf-8"
    assert file(console, "icon.svg").headers["Content-Type"] == "image/svg+xml"


def test_the_policy_lets_nothing_in_from_elsewhere_and_nothing_inline(console: ConsoleApi) -> None:
    policy = str(file(console, "index.html").headers["Content-Security-Policy"])
    assert policy.startswith("default-src 'self'; ")
    assert "unsafe" not in policy


@pytest.mark.parametrize("name", ["none.js", "notes.txt", "..", "../index.html", "assets", "index.html/"])
def test_no_other_file_is_served(console: ConsoleApi, name: str) -> None:
    assert file(console, name).status_code in {400, 404}
    assert asset(console, name).status_code in {400, 404}


def test_a_map_of_a_source_is_not_served(console: ConsoleApi) -> None:
    assert asset(console, "main-0a.js.map").status_code == 404


def test_without_a_build_the_page_says_how_to_make_one(console: ConsoleApi, tmp_path: Path) -> None:
    answer = file(copy_with(console, folder=tmp_path / "none"), "index.html")
    assert answer.status_code == 200
    assert "<code>make ui</code>" in str(answer.body)
    assert file(copy_with(console, folder=tmp_path / "none"), "icon.svg").status_code == 404


def test_the_page_is_told_where_people_sign_in_and_may_ask_there(console: ConsoleApi) -> None:
    assert json.loads(str(file(console, "config.json").body)) == {"signIn": None}
    given = SignIn("https://login.test/pool", "page", None, ["https://login.test", "https://tokens.test"])
    known = copy_with(console, sign_in=given)
    answer = file(known, "config.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert json.loads(str(answer.body))["signIn"] == {
        "issuer": "https://login.test/pool",
        "clientId": "page",
        "audience": None,
    }
    policy = str(file(known, "index.html").headers["Content-Security-Policy"])
    assert policy.endswith("; connect-src 'self' https://login.test https://tokens.test")
    assert "connect-src" not in str(file(known, "icon.svg").headers["Content-Security-Policy"])


def test_the_routes_are_for_everybody_and_have_the_fields_of_every_answer(sedo: Sedo) -> None:
    led = sedo.ask("GET", "/ui")
    assert (led.status_code, led.headers["Location"]) == (302, "/ui/index.html")
    page = sedo.ask("GET", "/ui/index.html")
    assert (page.status_code, page.headers["Referrer-Policy"]) == (200, "no-referrer")
    assert page.headers["X-Content-Type-Options"] == "nosniff"
