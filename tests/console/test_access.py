"""The console for everybody: by keyboard alone, and without what axe finds."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.console.pages import TENANT, Console
from tests.local.running import PROJECT

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
AXE = PROJECT / "ui" / "node_modules" / "axe-core" / "axe.min.js"
RULES = "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"


def violations(page: Page) -> Iterator[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: Any = page.evaluate(RULES)
    for each in found["violations"]:
        yield from (f"{each['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for node in each["nodes"])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(opened: Opened, scheme: str) -> None:
    console = opened(bypass_csp=True, color_scheme=scheme).known()
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
    }
    found = list[str]()
    for place, heading in places.items():
        page = console.go(place)
        expect(page.get_by_role("heading", name=heading).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        found += [f"{place} {each}" for each in violations(page)]
    assert found == []


def test_the_keyboard_is_enough(opened: Opened) -> None:
    console = opened().known()
    console.start(console.define(), {"name": "by-keyboard", "input": {"orderId": "A-1"}})
    page, keys = console.go("executions"), console.page.keyboard
    expect(page.get_by_role("link", name="order-flow:by-keyboard")).to_be_visible()
    keys.press("/")
    keys.type("by-keyboard")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert "by-keyboard" in page.url
    page.evaluate("document.activeElement.blur()")
    keys.press("j")
    keys.press("Enter")
    expect(page.get_by_role("heading", name="order-flow:by-keyboard")).to_be_visible()
    node = page.get_by_role("button", name="load transform · Succeeded")
    node.focus()
    keys.press("Enter")
    expect(page.get_by_role("tab", name="Stash")).to_be_visible()
    assert "step=load" in page.url
    page.get_by_role("tab", name="Stash").focus()
    keys.press("ArrowRight")
    expect(page.get_by_role("tab", name="Input & output")).to_be_focused()
    page.evaluate("document.activeElement.blur()")
    keys.press("g")
    keys.press("t")
    expect(page.get_by_role("heading", name="Tasks")).to_be_visible()
    keys.press("Control+k")
    keys.type("start order-flow")
    keys.press("Enter")
    page.get_by_label("Order id").focus()
    keys.type("A-77")
    keys.press("Control+Enter")
    expect(page.get_by_text("Waits for a person: “Review order A-77”")).to_be_visible()
    assert f"/t/{TENANT}/executions/" in page.url
