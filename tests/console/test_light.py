"""The console is light: what a first page loads, and what becomes of executions that are large."""

import gzip
import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Request, Response, Route, expect

from tests.console.conftest import BUILD
from tests.console.pages import ORDER, Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
MOST_BYTES = 350_000
"""Of the JavaScript of a first page, with gzip."""
MOST_OF = {"editor": 200_000, "execution": 22_000, "plan": 85_000, "form": 145_000, "index": 125_000, "react": 75_000}
"""Of the JavaScript of the files with a name, with gzip."""
MOST_OF_A_PART, MOST_OF_STYLE = 6_000, 65_000
MOST_REQUESTS, MOST_SENT = 14, 300_000
"""Of a first page with its data; bytes with gzip, as API Gateway sends them."""
IDLE_MINUTES = 20
MOST_ANSWERS, MOST_ANSWERED = 14, 400_000
"""Of the API, until a large execution is shown; bytes with gzip."""
MOST_OF_HISTORY = 2
"""Of its history, among these: both ends."""


@pytest.mark.usefixtures("chromium")
def test_a_first_page_loads_little() -> None:
    names = re.findall(r'(?:src|href)="\./(assets/[^"]+\.js)"', BUILD.read_text(encoding="utf-8"))
    assert names
    assert sum(len(gzip.compress((BUILD.parent / name).read_bytes())) for name in names) <= MOST_BYTES


@pytest.mark.usefixtures("chromium")
def test_every_part_keeps_to_its_budget() -> None:
    weights = dict[str, int]()
    for path in (BUILD.parent / "assets").iterdir():
        name = "style" if path.suffix == ".css" else path.stem.rpartition("-")[0]
        weights[name] = weights.get(name, 0) + len(gzip.compress(path.read_bytes()))
    assert weights.pop("style") <= MOST_OF_STYLE
    assert {name: weight for name, weight in weights.items() if weight > MOST_OF.get(name, MOST_OF_A_PART)} == {}


@pytest.mark.usefixtures("chromium")
def test_no_file_needs_what_the_policy_forbids() -> None:
    for path in (BUILD.parent / "assets").iterdir():
        text = path.read_text(encoding="utf-8")
        assert re.fullmatch(r"[a-z0-9.-]{1,64}", path.name)
        assert len(text) < 4_000_000
        assert "@font-face" not in text
        assert not re.search(r"\bnew Function\(|[^.\w]eval\(", text), path.name


def test_an_idle_page_costs_answers_without_a_body(opened: Opened) -> None:
    console = opened().known()
    execution = console.start(console.define(), {"input": {"orderId": "A-1"}})
    page = console.go(f"executions/{execution}")
    expect(page.get_by_label("Facts").get_by_text("Step review waits since")).to_be_visible()
    with page.expect_response(lambda answer: answer.url.endswith(f"/executions/{quote(execution, safe='')}")) as first:
        pass
    assert first.value.status == 304


def test_an_idle_list_asks_60_times_an_hour_at_most_and_is_answered_without_a_body(opened: Opened) -> None:
    console = opened().known()
    console.define({**ORDER, "id": "idle"})
    console.start("idle", {"input": {"orderId": "A-1"}})
    page, asked = console.page, list[Request]()
    page.clock.install()
    console.go("executions?definition=idle")
    expect(page.get_by_role("columnheader", name="orderId")).to_be_visible()
    page.clock.fast_forward("06:00")  # nobody has touched it since
    page.wait_for_load_state("networkidle")
    page.on("request", lambda request: asked.append(request))  # noqa: PLW0108 - a builtin takes no attributes
    began = page.evaluate("Date.now()")
    for _ in range(IDLE_MINUTES // 2):
        with page.expect_response(lambda answer: "/executions?" in answer.url):
            page.clock.run_for(120_000)
    page.wait_for_load_state("networkidle")
    pairs = (page.evaluate("Date.now()") - began) // 120_000 + 1  # two lists, every two minutes of the page's own clock
    assert IDLE_MINUTES // 2 <= len(asked) <= 2 * pairs
    assert {found.status for request in asked if (found := request.response())} == {304}


def test_a_list_waits_for_three_answers_in_a_row_the_page_its_scripts_and_its_rows(opened: Opened) -> None:
    console, held = opened().known(), list[Route]()
    console.start(console.define(), {"input": {"orderId": "A-1"}})
    page = console.page
    page.route(re.compile(r"/sedo/(me|tenants/123($|/(tasks|definitions|search)))"), lambda route: held.append(route))  # noqa: PLW0108 - as below
    console.go("executions")
    expect(page.get_by_role("row", name="order-flow").first).to_be_visible()
    assert held
    for each in held:
        each.abort()


def test_a_list_without_filters_is_asked_for_while_its_scripts_are_on_their_way_and_once(opened: Opened) -> None:
    console, held, asked = opened().known(), list[Route](), list[Request]()
    console.start(console.define(), {"input": {"orderId": "A-1"}})
    page = console.page
    page.route(re.compile(r"/assets/index-[0-9a-f]+\.js"), lambda route: held.append(route))  # noqa: PLW0108 - as below
    page.on("request", lambda request: asked.append(request) if "/executions?" in request.url else None)
    with page.expect_response(re.compile(r"/executions\?limit=50$")):
        page.goto("/ui/index.html#/t/123/executions", wait_until="commit")
    for each in held:
        each.continue_()
    expect(page.get_by_role("row", name="order-flow").first).to_be_visible()
    assert len(asked) == 1


def test_an_execution_is_asked_for_while_the_page_is_on_its_way_and_once(opened: Opened) -> None:
    console, held, asked = opened().known(), list[Route](), list[str]()
    execution = console.start(console.define(), {"input": {"orderId": "A-1"}})
    page, place = console.page, quote(execution, safe="")
    page.route(re.compile(r"/assets/(index|execution)-[0-9a-f]+\.js"), lambda route: held.append(route))  # noqa: PLW0108 - as below
    page.on("request", lambda request: asked.append(request.url.partition(place)[2]) if place in request.url else None)
    with (
        page.expect_request(re.compile(r"/assets/execution-[0-9a-f]+\.js")),
        page.expect_response(re.compile(f"{place}$")),
        page.expect_response(re.compile(f"{place}/history")),
    ):
        page.goto(f"/ui/index.html#/t/123/executions/{place}", wait_until="commit")
    for each in held:
        each.continue_()
    expect(page.get_by_role("button", name="score transform · Succeeded")).to_be_visible()
    assert asked[:2] == ["", "/history?limit=100&sort=-time"]
    begun = page.evaluate("performance.getEntriesByType('resource').map(each => [each.name, each.startTime])")
    version = min(start for name, start in begun if "/definitions/order-flow?version=" in name)
    assert [name for name, start in begun if place in name and start < version] == [
        f"http://127.0.0.1:{console.stack.port}/sedo/tenants/123/executions/{place}{behind}" for behind in asked[:2]
    ]


def test_a_first_page_is_what_4g_brings_in_2_seconds(opened: Opened) -> None:
    """At 9 Mbit/s and 170 ms: three round trips until the first byte, three of the page, and a second for the bytes."""
    console = opened().known()
    console.start(console.define(), {"input": {"orderId": "A-1"}})
    page, answers = console.page, list[Response]()
    page.on("requestfinished", lambda request: answers.append(request.response()))
    console.go("executions")
    expect(page.get_by_role("row", name="order-flow").first).to_be_visible()
    page.wait_for_load_state("networkidle")
    sent = [len(gzip.compress(answer.body())) for answer in answers]
    assert len(sent) <= MOST_REQUESTS
    assert sum(sent) <= MOST_SENT


def test_a_map_of_10_000_and_a_loop_of_10_000_open_at_once(opened: Opened) -> None:
    console = opened().known()
    price = {"id": "price", "type": "transform", "output": "${ multiply(item, `2`) }"}
    large_map = {"id": "each", "type": "map", "items": "${ range(`10000`) }", "maxConcurrency": 500, "steps": [price]}
    rounds = [
        {"id": "count", "type": "transform", "output": "${ add(stash.n, `1`) }", "stash": "n"},
        {
            "id": "again",
            "type": "choice",
            "choices": [{"when": "stash.n < `10000`", "next": "count"}],
            "default": "done",
        },
        {"id": "done", "type": "succeed"},
    ]
    console.define({"id": "large-map", "steps": [large_map]})
    console.define({"id": "large-loop", "stash": {"n": 0}, "steps": rounds})
    shown = {"large-map": "each map · Succeeded · 10,000 of 10,000 done", "large-loop": "done succeed · Succeeded"}
    for definition, node in shown.items():
        execution = console.start(definition, {}, "?wait=25")
        while console.stack.ask("GET", f"/sedo/tenants/123/executions/{execution}?wait=25")[1]["endedAt"] is None:
            pass
        page, answers = console.page, list[Response]()
        page.on("requestfinished", lambda request, answers=answers: answers.append(request.response()))
        console.go(f"executions/{execution}")
        expect(page.get_by_role("button", name=node)).to_be_visible()
        page.wait_for_load_state("networkidle")
        sent = [len(gzip.compress(answer.body())) for answer in answers if "/sedo/" in answer.url]
        assert 0 < len(sent) <= MOST_ANSWERS
        assert len([answer for answer in answers if "/history?" in answer.url]) <= MOST_OF_HISTORY
        assert sum(sent) <= MOST_ANSWERED
        expect(page.get_by_text(re.compile("\u00d7[0-9]+[+]"))).to_have_count(2 if definition == "large-loop" else 0)
        assert page.locator(".react-flow__node").count() < 10
        assert page.locator(".history-row").count() < 100
