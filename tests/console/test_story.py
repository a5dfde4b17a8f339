"""The story of an order, as people live it in the console."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.pages import Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]


def test_an_order_is_started_by_form_decided_by_a_person_fails_and_is_redriven(opened: Opened) -> None:
    console = opened().sign_in()
    console.define()
    page = console.page

    page.get_by_role("link", name="Definitions").click()
    page.get_by_role("link", name="Start order-flow", exact=True).click()
    page.get_by_role("button", name="Example 1").click()
    page.get_by_label("Order id").fill("7")
    page.get_by_role("button", name="Start execution").click()
    expect(page.get_by_text("String does not match pattern").first).to_be_visible()
    page.get_by_label("Order id").fill("A-7")
    page.reload()
    expect(page.get_by_label("Order id")).to_have_value("A-7")
    page.get_by_role("button", name="Start execution").click()

    expect(page.get_by_role("status").get_by_text("Waiting for a person")).to_be_attached()
    expect(page.get_by_label("Facts").get_by_text("Step review waits since")).to_be_visible()
    expect(page.get_by_role("button", name="score transform · Succeeded")).to_be_visible()
    expect(page.get_by_role("button", name="done echo · Pending")).to_be_visible()
    expect(page.get_by_role("button", name="Redrive")).to_be_disabled()

    page.locator("main .head").get_by_role("link", name="Open task").click()
    decide(page)
    page.get_by_role("link", name="Open execution").click()
    expect(page.get_by_label("Facts").get_by_text("card.Declined")).to_be_visible()
    page.get_by_role("button", name="score transform · Succeeded").click()
    expect(page.locator(".line-added", has_text='"fraud"')).to_be_visible()

    page.get_by_role("button", name="Redrive").click()
    stash = page.get_by_label("Stash, to edit")
    stash.fill(stash.input_value().replace('"limit": 1', '"limit": 2'))
    expect(page.get_by_role("dialog").locator(".line-added")).to_have_text('+   "limit": 2,\n')
    page.get_by_role("button", name="Redrive execution").click()
    expect(page.get_by_label("Facts").get_by_text("Succeeded")).to_be_visible()
    expect(page.locator(".history-row", has_text="Execution redriven")).to_be_visible()

    found_and_audited(console)


def found_and_audited(console: Console) -> None:
    """Find the order by its id, and who redrove it."""
    page = console.page
    console.wait_until_found("attribute.orderId=A-7&state=succeeded", 1)
    page.get_by_role("link", name="Search", exact=True).click()
    page.get_by_label("Words").fill("A-7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("row", name="A-7").first).to_contain_text("Succeeded")
    page.get_by_role("link", name="Audit").click()
    expect(page.get_by_role("row", name="execution.redriven").first).to_contain_text("Made")


def decide(page: Page) -> None:
    """Claim the task, and approve it; a rejection needs a comment."""
    page.get_by_role("button", name="Claim").click()
    expect(page.get_by_role("button", name="Release")).to_be_visible()
    page.get_by_text("reject", exact=True).click()
    page.get_by_role("button", name="Complete task").click()
    expect(page.get_by_text("This is needed.").first).to_be_visible()
    page.get_by_text("approve", exact=True).click()
    page.get_by_role("button", name="Complete task").click()
    expect(page.get_by_text("Done. Thank you.")).to_be_visible()


def test_the_second_person_is_told_before_work_is_lost(opened: Opened) -> None:
    console = opened("bob", viewport={"width": 390, "height": 844}).known()
    execution = console.start(console.define(), {"input": {"orderId": "A-8"}})
    page = console.page
    task = console.task_of(execution)
    page.goto(f"/ui/index.html#/task/123/{task}")
    page.get_by_label("Comment").fill("I have looked at it for an hour")
    console.post(f"tasks/{task}/claim", {}, user="eve")
    expect(page.get_by_role("alert").get_by_text("eve has claimed this task meanwhile")).to_be_visible()
    expect(page.get_by_label("Comment")).to_have_value("I have looked at it for an hour")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    console.post(f"tasks/{task}/complete", {"answer": {"decision": "approve"}}, user="eve")
    expect(page.get_by_role("alert").get_by_text("This task is completed meanwhile")).to_be_visible()
    expect(page.get_by_role("region", name="Your answer, which was not sent")).to_contain_text("for an hour")


def test_what_the_server_finds_is_shown_at_its_field(opened: Opened) -> None:
    console = opened().known()
    console.define({**DATES, "id": "server-says"})
    page = console.go("definitions/server-says/start?tab=json")
    page.get_by_label("Input, as JSON").fill('{"lines": [{}]}')
    page.get_by_role("button", name="Start execution").click()
    expect(page.get_by_text("/lines/0", exact=True)).to_be_visible()
    page.get_by_role("tab", name="Form").click()
    expect(page.get_by_text("'sku' is a required property").last).to_be_visible()


DATES = {
    "inputSchema": {
        "type": "object",
        "properties": {
            "lines": {
                "type": "array",
                "items": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]},
            }
        },
    },
    "steps": [{"id": "a", "type": "succeed"}],
}


def test_a_tenant_that_is_left_leaves_nothing(opened: Opened) -> None:
    console = opened().known()
    console.start(console.define(), {"input": {"orderId": "A-9"}})
    page = console.go("definitions/order-flow/start")
    page.get_by_label("Order id").fill("A-secret")
    page.evaluate("location.hash = '#/t/other/executions'")
    expect(page.get_by_text("No executions match.")).to_be_visible()
    kept = page.evaluate("JSON.stringify({...sessionStorage}) + JSON.stringify({...localStorage}) + document.cookie")
    assert "A-secret" not in kept
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert page.evaluate("sessionStorage.length") == 0
