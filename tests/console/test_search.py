"""People find executions by what they are about."""

from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from tests.console.pages import TENANT, Console

pytestmark = pytest.mark.timeout(60)
Opened = Callable[..., Console]
PAY = {
    "title": "Pay",
    "inputSchema": {"type": "object"},
    "search": {"invoice": "${input.invoice}", "amount": "${input.amount}"},
    "steps": [{"id": "pay", "type": "fail", "error": "card.Declined", "cause": "the limit is too low"}],
}


def pay(console: Console, definition: str, invoices: range) -> None:
    """Let executions fail, and wait until they are found so."""
    console.define({**PAY, "id": definition})
    for number in invoices:
        console.start(definition, {"name": f"i{number}", "input": {"invoice": f"I-{number}", "amount": number}})
    console.wait_until_found(f"definition={definition}&state=failed", len(invoices))


def test_counts_filter_attributes_are_columns_and_a_view_is_kept_until_the_tenant_is_left(opened: Opened) -> None:
    console = opened().known()
    pay(console, "find-pay", range(4))
    page = console.go("search?definition=find-pay")
    rows = page.locator("tbody tr")
    expect(page.get_by_role("heading", name="Search (4)")).to_be_visible()
    expect(page.get_by_role("columnheader", name="invoice")).to_be_visible()
    page.get_by_role("region", name="Error").get_by_role("button", name="card.Declined 4").click()
    assert "error=card.Declined" in page.url
    page.get_by_label("Attribute", exact=True).fill("amount")
    page.get_by_label("Value").fill(">1")
    page.get_by_role("button", name="Add").click()
    expect(rows).to_have_count(2)
    page.get_by_label("Name of this view").fill("large ones")
    page.get_by_role("button", name="Save view").click()
    page.get_by_role("button", name="Clear filters").click()
    page.reload()
    page.get_by_role("button", name="large ones", exact=True).click()
    expect(rows).to_have_count(2)
    assert f"where={quote('amount=>1', safe='')}" in page.url
    page.get_by_role("link", name="find-pay:i3").click()
    expect(page.get_by_label("Facts").get_by_text("card.Declined")).to_be_visible()
    page.get_by_role("link", name=f"Tenant {TENANT}").click()
    page.get_by_label("Tenant").fill("other")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_text("No executions match.")).to_be_visible()
    assert "large ones" not in page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")


def test_a_search_that_the_server_refuses_says_why(opened: Opened) -> None:
    page = opened().known().go("search?version=first")
    expect(page.get_by_role("alert")).to_contain_text("version")


def test_lists_of_executions_show_what_they_are_about(opened: Opened) -> None:
    console = opened().known()
    pay(console, "listed-pay", range(3))
    page = console.go("executions?definition=listed-pay")
    expect(page.get_by_role("row", name="listed-pay:i2").get_by_text("I-2")).to_be_visible()
