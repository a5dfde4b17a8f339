"""The console for everybody: by keyboard alone, and without what axe finds."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.pages import TENANT, Console
from tests.local.running import PROJECT

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
AXE = PROJECT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
EVERYTHING = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
COLOURS = "{runOnly: {type: 'rule', values: ['color-contrast']}}"
"""All that differs between light and dark."""


UNNAMED = """[...document.querySelectorAll('main input, main textarea, main .filters select')]
  .filter(each => each.checkVisibility() && !['checkbox', 'radio'].includes(each.type))
  .filter(each => ![...each.labels].some(label => label.checkVisibility())).map(each => each.outerHTML)"""
"""Inputs whose name cannot be seen: a placeholder is gone with the first letter."""


def violations(page: Page, rules: str) -> Iterator[str]:
    found: Any = page.evaluate(f"axe.run(document, {rules})")
    for each in found["violations"]:
        yield from (f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for node in each["nodes"])


def examined(page: Page, place: str) -> list[str]:
    """What axe finds in light and in dark."""
    page.emulate_media(color_scheme="light")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = [f"{place} {each}" for each in (*violations(page, EVERYTHING), *page.evaluate(UNNAMED))]
    page.emulate_media(color_scheme="dark")
    return found + [f"{place} dark {each}" for each in violations(page, COLOURS)]


def examined_pages(console: Console, places: Mapping[str, str], under: str = f"t/{TENANT}/") -> list[str]:
    """What axe finds on pages, each of which is there once its heading is."""
    found = list[str]()
    for place, heading in places.items():
        page = console.at(under + place)
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        found += examined(page, place)
    return found


def test_axe_finds_nothing_on_any_page(opened: Opened) -> None:
    console = opened(bypass_csp=True).known()
    execution = console.start(console.define(), {"input": {"orderId": "A-1", "lines": [{"sku": "tea"}]}})
    places = {
        "executions": "Executions",
        f"executions/{execution}": "Graph",
        "definitions": "Definitions",
        "definitions/order-flow": "Definition",
        "definitions/order-flow/edit": "order-flow",
        "definitions/order-flow/edit?tool=form": "What the form gives",
        "definitions/order-flow/edit?tool=try": "order-flow",
        "definitions/order-flow/edit?tool=run": "order-flow",
        "definitions/order-flow/edit?tool=compare": "order-flow",
        "definitions/order-flow/start": "Start order-flow",
        "tasks": "Review order",
        "new-definition": "New definition",
        "nowhere": "There is no such page",
    }
    found, page = examined_pages(console, places), console.go("definitions/order-flow/start")
    page.get_by_role("button", name="Start execution").click()
    expect(page.get_by_role("button", name="Order id", exact=True)).to_be_visible()
    assert found + examined(page, "a form that lacks something") == []


def test_axe_finds_nothing_on_the_pages_for_operators(opened: Opened) -> None:
    console = opened(bypass_csp=True).known()
    console.start(console.define(), {"input": {"orderId": "A-1"}})
    console.post("keys", {"title": "job", "roles": ["viewer"]})
    console.post("events/axe", {"key": "k"})
    console.put("schedules/axe", {"definition": "order-flow", "input": {"orderId": "A-1"}, "cron": "0 9 * * *"})
    places = {
        "search": "Search",
        "incidents?state=ended": "Incidents",
        "events?name=axe&key=k": "axe · k",
        "cost": "Cost",
        "health": "Tables and queues",
        "audit?entry=2": "Audit",
        "rights?who=ann": "Rights",
        "rights?tab=roles": "Rights",
        "keys": "API keys",
        "schedules": "Schedules",
        "schedules/axe": "Schedule axe",
        "new-schedule": "New schedule",
    }
    found, page = examined_pages(console, places), console.go("keys")
    page.get_by_role("button", name="New key").click()
    expect(page.get_by_role("dialog").get_by_label("viewer")).to_be_visible()
    found += examined(page, "the dialog of a key")
    assert found == []


def test_axe_finds_nothing_on_the_pages_outside_a_tenant(opened: Opened) -> None:
    console, stranger = opened(bypass_csp=True).known(), opened(bypass_csp=True)
    task = console.task_of(console.start(console.define(), {"input": {"orderId": "A-1"}}))
    places = {f"task/{TENANT}/{task}": "Review order", "tenants": "Tenant", "no/such/page": "There is no such page"}
    found = examined_pages(console, places, "")
    assert [*found, *examined_pages(stranger, {"sign-in": "Sign in"}, "")] == []


def reach(target: Locator) -> None:
    """Press Tab until the focus is where somebody wants it, and no other way."""
    expect(target).to_be_visible()
    for _ in range(150):
        if target.evaluate("each => each === document.activeElement"):
            return
        target.page.keyboard.press("Tab")
    pytest.fail(f"Tab does not lead to {target}")


def press(target: Locator, key: str) -> None:
    reach(target)
    target.page.keyboard.press(key)


def test_the_story_of_an_order_needs_no_mouse(opened: Opened) -> None:
    console = opened().known()
    console.define()
    page, keys, order = console.go("tasks"), console.page.keyboard, "A-71"
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    keys.press("g")
    keys.press("d")
    press(page.get_by_role("link", name="Start order-flow", exact=True), "Enter")
    press(page.get_by_role("button", name="Example 1"), "Enter")
    press(page.get_by_label("Order id"), "Control+a")
    keys.type(order)
    keys.press("Control+Enter")
    press(page.locator("main .head").get_by_role("link", name="Open task"), "Enter")
    press(page.get_by_role("button", name="Claim"), "Space")
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    press(page.get_by_role("radio", name="approve"), "Space")
    keys.press("ArrowDown")
    expect(page.get_by_role("radio", name="reject")).to_be_checked()
    keys.press("ArrowUp")
    expect(page.get_by_role("radio", name="approve")).to_be_checked()
    keys.press("Control+Enter")
    expect(page.get_by_text("Done. Thank you.")).to_be_visible()
    press(page.get_by_role("link", name="Open execution"), "Enter")
    expect(page.get_by_label("Facts").get_by_text("card.Declined")).to_be_visible()
    press(page.get_by_role("button", name="Redrive"), "Enter")
    stash = page.get_by_label("Stash, to edit")
    press(stash, "Control+a")
    keys.insert_text(stash.input_value().replace('"limit": 1', '"limit": 2'))
    press(page.get_by_role("button", name="Redrive execution"), "Enter")
    expect(page.get_by_label("Facts").get_by_text("Succeeded")).to_be_visible()
    searched_and_audited(console, order)


def searched_and_audited(console: Console, order: str) -> None:
    """Find the order by its id, and who redrove it, by keys alone."""
    page, keys = console.page, console.page.keyboard
    console.wait_until_found(f"attribute.orderId={order}&state=succeeded", 1)
    keys.press("g")
    keys.press("s")
    reach(page.get_by_label("Words"))
    keys.type(order)
    keys.press("Enter")
    expect(page.get_by_role("row", name=order)).to_have_count(1)
    press(page.get_by_role("row", name=order).get_by_role("link"), "Enter")
    expect(page.get_by_label("Facts").get_by_text("Succeeded")).to_be_visible()
    keys.press("g")
    keys.press("a")
    expect(page.get_by_role("row", name="execution.redriven").first).to_be_visible()
    keys.press("j")
    keys.press("Enter")
    expect(page.locator(".audit-entry")).to_contain_text("execution.redriven")


def test_the_keyboard_is_enough(opened: Opened) -> None:
    console = opened().known()
    console.start(console.define(), {"name": "by-keyboard", "input": {"orderId": "A-1"}})
    page, keys = console.go("executions"), console.page.keyboard
    expect(page.get_by_role("link", name="order-flow:by-keyboard")).to_be_visible()
    keys.press("/")
    keys.type("by-keyboard")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "by-keyboard" in page.url
    keys.press("Tab")
    keys.press("j")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="order-flow:by-keyboard")).to_be_visible()
    node = page.get_by_role("button", name="load transform · Succeeded")
    press(node, "Enter")
    expect(page.get_by_role("tab", name="Stash")).to_be_visible()
    assert "step=load" in page.url
    press(page.get_by_role("tab", selected=True), "Home")
    press(page.get_by_role("tab", name="Stash"), "ArrowRight")
    expect(page.get_by_role("tab", name="Input & output")).to_be_focused()
    keys.press("g")
    keys.press("t")
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    keys.press("Control+k")
    keys.type("start order-flow")
    keys.press("Enter")
    reach(page.get_by_label("Order id"))
    keys.type("A-77")
    keys.press("Control+Enter")
    expect(page.get_by_label("Facts").get_by_text("group risk to do task")).to_be_visible()
    assert f"/t/{TENANT}/executions/" in page.url


def test_the_keyboard_is_enough_to_operate(opened: Opened) -> None:
    console = opened().known()
    console.define({"id": "keys-only", "steps": [{"id": "no", "type": "fail", "error": "No"}]})
    console.start("keys-only", {"name": "one"}, "?wait=10")
    page, keys = console.go("executions?definition=keys-only"), console.page.keyboard
    expect(page.get_by_role("link", name="keys-only:one")).to_be_visible()
    keys.press("j")
    keys.press("x")
    expect(page.get_by_text("1 execution chosen")).to_be_visible()
    press(page.get_by_role("button", name="Redrive…"), "Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It can be done with 1 execution.")).to_be_visible()
    keys.press("Control+Enter")
    expect(dialog.get_by_text("1 done, 0 failed").first).to_be_visible()
    keys.press("Escape")
    expect(dialog).to_have_count(0)
    for key, heading in {"s": "Search", "i": "Incidents", "v": "Events", "c": "Cost", "h": "Health"}.items():
        keys.press("g")
        keys.press(key)
        expect(page.get_by_role("heading", name=heading, exact=False).first).to_be_visible()
    keys.press("g")
    keys.press("a")
    expect(page.get_by_role("button", name="Check the chain")).to_be_visible()
    expect(page.locator("tbody tr").first).to_be_visible()
    keys.press("j")
    keys.press("Enter")
    expect(page.locator(".audit-entry")).to_be_visible()
