"""Every page on a phone: nothing is cut, and nothing has to be moved sideways."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.pages import ORDER, Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
NAME = "an-order-with-a-name-that-is-as-long-as-some-are"
FORM = {
    "type": "object",
    "properties": {
        "long": {"type": "string", "title": "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung"},
        "any": {"title": "Any", "oneOf": [{"type": "string"}, {"type": "number"}, {"type": "object"}]},
    },
}
LISTS = ("executions", "search", "definitions", "audit", "schedules", "rights?tab=roles", "cost")
FORMS = ("start", "edit", "")
OTHERS = ("incidents", "events", "health", "keys", "new-schedule", "new-definition", "rights", "tasks")
CUT = """all => all.filter(each => each.scrollWidth > each.clientWidth + 1).map(each => each.className)"""
WHOLE = ".list, .tabs, .filters, .inputs, .head, .history, .chips, .facts, .json-form, .page"
"""What is never wider than its room."""


def test_no_page_is_cut_or_moved_sideways(opened: Opened) -> None:
    console = opened(viewport={"width": 390, "height": 844}).known()
    console.define({**ORDER, "id": NAME})
    console.define({"id": "wide", "inputSchema": FORM, "steps": [{"id": "a", "type": "succeed"}]})
    execution = console.start(NAME, {"input": {"orderId": "A-1", "country": "US"}})
    console.task_of(execution)
    console.put(
        "schedules/phone", {"definition": "wide", "cron": "0 2 * * *", "zone": "America/Argentina/Buenos_Aires"}
    )
    console.wait_until_found(f"definition={NAME}", 1)
    page = console.page
    forms = [f"definitions/{name}/{place}".rstrip("/") for name in (NAME, "wide") for place in FORMS]
    for place in (*LISTS, *OTHERS, *forms, f"executions/{execution}"):
        console.go(place)
        expect(page.get_by_role("heading").first).to_be_visible()
        if place in LISTS:
            expect(page.get_by_role("table").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.locator(WHOLE).evaluate_all(CUT) == [], place
        assert page.evaluate("document.documentElement.scrollWidth") == 390, place
    row = page.locator(".history-row", has_text="Step started").first
    row.scroll_into_view_if_needed()
    expect(row.get_by_text("load")).to_be_in_viewport(ratio=1)


@pytest.mark.parametrize("width", [390, 1440])
def test_an_error_that_is_long_stays_in_its_panel(opened: Opened, width: int) -> None:
    console = opened(viewport={"width": width, "height": 900}).known()
    cause = "the bank said no, and that it will not say why; " * 10
    fails = {"id": "a-step-with-quite-a-long-name", "type": "fail", "error": "card." + "Declined" * 8, "cause": cause}
    console.define({"id": "fails-at-length", "steps": [fails]})
    page = console.go(f"executions/{console.start('fails-at-length', {}, '?wait=10')}")
    for tab in ("Error", "Input & output", "Attempts", "Definition", "Stash"):
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel")).to_be_visible()
        assert page.locator(f"{WHOLE}, .panel").evaluate_all(CUT) == [], tab


def test_a_row_says_what_its_values_are(opened: Opened) -> None:
    console = opened(viewport={"width": 390, "height": 844}).known()
    execution = console.start(console.define(), {"input": {"orderId": "A-1"}})
    page = console.go("executions?definition=order-flow")
    row = page.get_by_role("row", name=execution.partition(":")[2])
    cell = row.get_by_role("cell", name="order-flow v1")
    assert cell.evaluate("each => getComputedStyle(each, '::before').content") == '"Definition "'
    assert (row.bounding_box() or {"width": 0})["width"] <= 390
    page.get_by_role("checkbox", name="Choose all rows").check()
    expect(row.get_by_role("checkbox")).to_be_checked()


def test_the_lesser_filters_of_a_search_are_shown_by_request_and_when_they_filter(opened: Opened) -> None:
    console = opened(viewport={"width": 390, "height": 844}).known()
    console.start(console.define(), {"input": {"orderId": "A-1"}})
    console.wait_until_found("definition=order-flow", 1)
    page = console.go("search")
    expect(page.get_by_label("Started by")).to_be_hidden()
    page.get_by_role("button", name="More filters").click()
    page.get_by_role("textbox", name="Definition").fill("order-flow")
    page.keyboard.press("Enter")
    page.reload()
    expect(page.get_by_role("textbox", name="Definition")).to_have_value("order-flow")
    expect(page.get_by_role("region", name="State")).to_be_hidden()
    page.get_by_role("button", name="Counts that filter").click()
    page.get_by_role("region", name="State").get_by_role("button", name="Running").click()
    expect(page.get_by_role("combobox", name="State")).to_have_value("running")
