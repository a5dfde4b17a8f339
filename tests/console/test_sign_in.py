"""People sign in to the console at an issuer, and their session ends as its tokens do."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import jwt
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.console.issuer import API, CLIENT, Issuer
from tests.console.pages import ORDER, TENANT, Console
from tests.local.running import PROJECT, Sedo

pytestmark = pytest.mark.timeout(120)
Opened = Callable[[], Page]


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer("ada", TENANT) as issuer:
        yield issuer


@pytest.fixture(scope="module")
def guarded(
    chromium: str, issuer: Issuer, ministack_python: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sedo]:
    """The stack of `make run`, where callers have to show who they are; ada may do all, and there is a definition."""
    home = tmp_path_factory.mktemp("guarded")
    tokens = {"SEDO_JWT_ISSUER": issuer.url, "SEDO_JWT_AUDIENCE": f"{CLIENT},{API}", "SEDO_JWT_SECRET": issuer.secret}
    more = {"SEDO_AUTH": "jwt,keys", "SEDO_CONSOLE_CLIENT": CLIENT, "SEDO_SEARCH": "none", **tokens}
    with Sedo(home, ministack_python, project=PROJECT, **more) as started:
        started.read_until("sedo is ready")
        command = [sys.executable, "-m", "local.access"]
        wanted = {"PATH": os.environ["PATH"], "SEDO_HOME": str(home), "ROLE": "admin", "TENANT": TENANT}
        key = subprocess.run(command, cwd=PROJECT, env=wanted, text=True, capture_output=True, check=True).stdout
        fields = {"Content-Type": "application/json", "Authorization": f"Bearer {key.strip()}"}
        for method, path, body in (
            ("PUT", "bindings/ada", {"role": "admin", "subjects": ["ada"]}),
            ("PUT", "bindings/eve", {"role": "viewer", "subjects": ["eve"]}),
            ("POST", "definitions", ORDER),
        ):
            status, said = started.ask(method, f"/sedo/tenants/{TENANT}/{path}", json.dumps(body).encode(), fields)
            assert status < 300, said
        yield started


@pytest.fixture
def opened(guarded: Sedo, issuer: Issuer, browser: Browser) -> Iterator[Opened]:
    issuer.asked.clear()
    issuer.nonce, issuer.lifetime, issuer.renews, issuer.signs_out = None, 3600, True, True
    issuer.subject = "ada"
    context = browser.new_context(base_url=f"http://127.0.0.1:{guarded.port}", reduced_motion="reduce")
    console = Console(context.new_page(), guarded, "ada")
    yield lambda: console.page
    assert console.faults == []
    context.close()


def sign_in(page: Page, place: str = "definitions", who: str = "ada") -> None:
    page.goto(f"/ui/index.html#/t/{TENANT}/{place}")
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator(".top-who")).to_contain_text(who)


def test_a_person_signs_in_at_the_issuer_and_comes_back_to_where_it_began(opened: Opened, issuer: Issuer) -> None:
    page = opened()
    sign_in(page, "definitions/order-flow/start")
    expect(page.get_by_role("heading", name="Start order-flow")).to_be_visible()
    asked, given = issuer.asked
    assert (asked["response_type"], asked["code_challenge_method"], asked["client_id"]) == ("code", "S256", CLIENT)
    assert given["grant_type"] == "authorization_code"
    assert "code=" not in page.url
    assert page.evaluate("localStorage.length + document.cookie.length") == 0
    page.reload()
    expect(page.get_by_role("heading", name="Start order-flow")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
    ended = issuer.asked[-1]
    assert (ended["client_id"], page.url.split("#")[0]) == (CLIENT, ended["post_logout_redirect_uri"])
    assert jwt.decode(ended["id_token_hint"], issuer.secret, ["HS256"], audience=CLIENT)["sub"] == "ada"
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=TENANT)).to_be_visible()


def test_where_the_issuer_ends_no_session_it_is_told_to_ask_anew(opened: Opened, issuer: Issuer) -> None:
    page = opened()
    issuer.signs_out = False
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=TENANT)).to_be_visible()
    assert issuer.asked[-2]["prompt"] == "login"


def test_an_answer_that_was_not_asked_for_is_not_taken(opened: Opened, issuer: Issuer) -> None:
    page = opened()
    page.goto("/ui/index.html?code=stolen&state=guessed")
    expect(page.get_by_text("this sign-in was not begun in this tab")).to_be_visible()
    assert [each for each in issuer.asked if "grant_type" in each] == []
    issuer.nonce = "of another sign-in"
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("the token is not the answer to this sign-in")).to_be_visible()
    assert "id_token" not in page.evaluate("JSON.stringify({...sessionStorage})")


def test_a_token_is_renewed_before_it_ends(opened: Opened, issuer: Issuer) -> None:
    page = opened()
    issuer.lifetime = 30
    sign_in(page)
    expect(page.get_by_role("link", name="order-flow", exact=True)).to_be_visible()
    assert {"refresh_token"} <= {each.get("grant_type") for each in issuer.asked}


def test_a_renewal_that_is_refused_is_not_asked_for_again_and_the_session_goes_on_to_its_end(
    opened: Opened, issuer: Issuer
) -> None:
    page = opened()
    issuer.lifetime, issuer.renews = 30, False
    sign_in(page)
    expect(page.get_by_role("link", name="order-flow", exact=True)).to_be_visible()
    page.reload()
    expect(page.get_by_role("link", name="order-flow", exact=True)).to_be_visible()
    assert [each.get("grant_type") for each in issuer.asked].count("refresh_token") == 1


def test_an_access_token_is_shown_where_it_is_what_sedo_takes(opened: Opened, issuer: Issuer) -> None:
    page = opened()
    sign_in_at = {"issuer": issuer.url, "clientId": CLIENT, "audience": API}
    page.route("**/ui/config.json", lambda route: route.fulfill(json={"signIn": sign_in_at}))
    sign_in(page)
    assert issuer.asked[0]["audience"] == API
    expect(page.get_by_role("link", name="order-flow", exact=True)).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    hint = issuer.asked[-1]["id_token_hint"]
    assert jwt.decode(hint, issuer.secret, ["HS256"], audience=CLIENT)["sub"] == "ada"


def test_who_is_not_renewed_is_warned_and_finds_the_draft_again(opened: Opened, issuer: Issuer) -> None:
    page = opened()
    issuer.lifetime, issuer.renews = 45, False
    sign_in(page, "definitions/order-flow/start")
    page.get_by_label("Order id").fill("A-78")
    expect(page.get_by_text("Your sign-in ends within a minute and was not renewed.")).to_be_visible()
    issuer.lifetime, issuer.renews = 3600, True
    page.get_by_role("button", name="Sign in again").click()
    expect(page.get_by_text("The sign-in of ada has ended.")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Order id")).to_have_value("A-78")
    expect(page.get_by_text("Your sign-in ends")).to_have_count(0)


def test_a_session_that_has_ended_keeps_the_draft_for_its_person(opened: Opened) -> None:
    page = opened()
    sign_in(page, "definitions/order-flow/start")
    page.get_by_label("Order id").fill("A-77")
    ended = "sessionStorage.setItem('sedo.session', sessionStorage.getItem('sedo.session').replace(/eyJ/, 'eyK'))"
    page.evaluate(ended)
    page.reload()
    expect(page.get_by_text("The sign-in of ada has ended.")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("Order id")).to_have_value("A-77")


@pytest.mark.parametrize(("who", "count"), [("ada", 1), ("eve", 0)])
def test_who_may_only_look_is_offered_nothing_to_make_or_start(
    opened: Opened, issuer: Issuer, who: str, count: int
) -> None:
    page, issuer.subject = opened(), who
    sign_in(page, who=who)
    expect(page.get_by_role("link", name="order-flow", exact=True)).to_be_visible()
    for name in ("New definition", "Start order-flow"):
        expect(page.get_by_role("link", name=name)).to_have_count(count)
    page.keyboard.press("Control+k")
    page.keyboard.type("order-flow")
    expect(page.get_by_role("option", name="order-flow definition")).to_be_visible()
    expect(page.get_by_role("option", name="Start order-flow")).to_have_count(count)
    page.keyboard.press("Escape")
    page.get_by_role("navigation").get_by_role("link", name="Executions").click()
    expect(page.get_by_text("No executions match.")).to_be_visible()
    expect(page.get_by_role("link", name="Start execution")).to_have_count(count)
