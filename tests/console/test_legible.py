"""What people read and touch: graphs, tables and buttons at the sizes of a screen and of a phone."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.pages import ORDER, TENANT, Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
PHONE = {"viewport": {"width": 390, "height": 844}}
SCREEN = {"viewport": {"width": 1440, "height": 900}}
LEGIBLE_PIXELS = 10.5
TOUCHED_PIXELS = 40
LONG: Any = {
    "id": "a-plan-that-is-long",
    "steps": [{"id": f"step-{index:02}", "type": "transform", "output": index} for index in range(20)],
}
SAGA: Any = {
    "id": "trip",
    "steps": [
        {
            "id": "book",
            "type": "transform",
            "output": "${length(input.seats)}",
            "catch": [{"errors": ["*"], "next": "undo"}],
            "next": "undo",
        },
        {"id": "undo", "type": "transform", "output": 1},
        {"id": "compensated", "type": "fail", "error": "trip.Compensated", "cause": "no seat"},
    ],
}
LEAST_TEXT = """() => Math.min(...[...document.querySelectorAll('.step strong, .step small')].map(each =>
    parseFloat(getComputedStyle(each).fontSize) * each.getBoundingClientRect().height / each.offsetHeight))"""
TOO_LOW = """least => [...document.querySelectorAll(
    'main button:not(.link, .history-row), main .input, header button, nav button, main summary, main .primary')]
  .filter(each => each.checkVisibility() && !each.closest('.react-flow'))
  .filter(each => each.getBoundingClientRect().height < least).map(each => `${each.textContent} ${each.className}`)"""
OUTSIDE = (
    """all => all.filter(each => each.getBoundingClientRect().right > innerWidth + 1).map(each => each.textContent)"""
)


@pytest.mark.parametrize("size", [SCREEN, PHONE])
def test_the_words_of_a_graph_are_legible_and_its_step_is_in_view(opened: Opened, size: Any) -> None:
    console = opened(**size).known()
    console.define(LONG)
    page = console.go(f"executions/{console.start(LONG['id'], {}, '?wait=10')}")
    node = page.get_by_role("button", name="step-19 transform · Succeeded")
    node.scroll_into_view_if_needed()
    expect(node).to_be_in_viewport()
    assert page.evaluate(LEAST_TEXT) >= LEGIBLE_PIXELS


def test_a_phone_begins_with_the_steps_as_a_table_and_the_words_of_a_search(opened: Opened) -> None:
    console = opened(**PHONE).known()
    console.define(LONG)
    page = console.go(f"executions/{console.start(LONG['id'], {}, '?wait=10')}")
    table = page.locator(".step-table")
    expect(table.get_by_role("button", name="step-00")).to_be_visible()
    assert top(page, ".step-table") < top(page, ".graph")
    page = console.go("search")
    expect(page.get_by_label("Name of this view")).to_be_visible()
    assert top(page, "[data-filter]") < top(page, ".views-row")


def top(page: Page, selector: str) -> float:
    box = page.locator(selector).first.bounding_box()
    assert box
    return box["y"]


def test_what_is_touched_on_a_phone_is_as_high_as_a_finger(opened: Opened) -> None:
    console = opened(**PHONE).known()
    console.define()
    execution = console.start("order-flow", {"input": {"orderId": "A-1"}})
    task = console.task_of(execution)
    console.put("schedules/touched", {"definition": "order-flow", "input": {"orderId": "A-1"}, "every": "PT1H"})
    places = {
        "executions": "table",
        "search": "table",
        f"executions/{execution}": "region",
        f"tasks?task={task}": "article",
        "definitions/order-flow/start": "tablist",
        "schedules": "table",
        "new-schedule": "group",
    }
    page = console.page
    for place, role in places.items():
        console.go(place)
        expect(page.get_by_role(role).first).to_be_visible()  # type: ignore[arg-type] - of the names above
        page.wait_for_load_state("networkidle")
        assert page.evaluate(TOO_LOW, TOUCHED_PIXELS) == [], place


def test_no_column_of_a_list_is_beyond_the_edge_of_a_screen(opened: Opened) -> None:
    console = opened("a-person-with-quite-a-name@example.com", **SCREEN).known()
    console.define({**ORDER, "id": "order-flow-of-the-shop"})
    name = "order-2026-11-29-of-a-customer-with-a-name"
    execution = console.start("order-flow-of-the-shop", {"name": name, "input": {"orderId": "A-1"}})
    console.wait_until_found("definition=order-flow-of-the-shop", 1)
    for place in ("executions", "search"):
        page = console.go(f"{place}?definition=order-flow-of-the-shop")
        link = page.get_by_role("link", name=execution.partition(":")[2])
        expect(link).to_have_text(execution.partition(":")[2])
        expect(page.get_by_role("columnheader", name="orderId")).to_be_visible()
        assert page.locator("th, td").evaluate_all(OUTSIDE) == [], place


def test_a_redrive_does_not_go_on_from_a_step_that_fails_by_itself(opened: Opened) -> None:
    console = opened().known()
    console.define(SAGA)
    execution = console.start("trip", {"input": {"seats": 0}}, "?wait=10")
    page = console.go(f"executions/{execution}")
    facts = page.get_by_label("Facts")
    expect(facts).to_contain_text("Ended at step")
    expect(facts).to_contain_text("at step compensated")
    expect(facts.get_by_text("Deadline")).to_have_count(0)
    page.get_by_role("button", name="Redrive").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("goes on at fail step compensated, and fails there again")
    expect(dialog.get_by_label("Go on from")).to_have_value("book")


def test_a_schedule_says_why_it_cannot_be_saved_yet(opened: Opened) -> None:
    console = opened(**SCREEN).known()
    console.define()
    page = console.go("new-schedule")
    save = page.get_by_role("button", name="Save schedule")
    expect(save).to_be_in_viewport()
    reason = page.locator(".save-bar > .muted")
    expect(reason).to_have_text("It needs a name.")
    page.get_by_label("Name", exact=True).fill("nightly-orders")
    expect(reason).to_have_text("It needs a definition that is there.")
    page.get_by_label("Definition").fill("order-flow")
    page.get_by_label("Order id").fill("A-1")
    expect(save).to_be_in_viewport()
    save.click()
    expect(page.get_by_role("heading", name="Schedule nightly-orders")).to_be_visible()


def test_the_inputs_of_a_start_are_named_by_their_values(opened: Opened) -> None:
    console = opened().known()
    console.define({**ORDER, "id": "named-inputs"})
    console.start("named-inputs", {"input": {"orderId": "A-77", "country": "US"}})
    page = console.go("definitions/named-inputs/start")
    page.get_by_role("button", name="A-77 · US").click()
    expect(page.get_by_label("Order id")).to_have_value("A-77")


def test_a_tenant_is_chosen_from_those_that_the_server_lists(opened: Opened) -> None:
    console = opened().known()
    page = console.page

    def listed(route: Any) -> None:
        route.fulfill(json={**route.fetch().json(), "tenants": [TENANT, "456"]})

    page.route("**/sedo/me*", listed)
    console.go("executions")
    page.get_by_label("Tenant").select_option("456")
    expect(page.get_by_role("heading", name="Executions (0)")).to_be_visible()
    assert "/t/456/" in page.url
