"""People operate: many executions at once, incidents, the audit, rights, keys and events."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.pages import Console
from tests.console.test_search import PAY, pay
from tests.local.running import JSON

pytestmark = pytest.mark.timeout(90)
Opened = Callable[..., Console]
WAITS = {"id": "bulk-wait", "steps": [{"id": "hold", "type": "event", "name": "go", "key": "${execution.id}"}]}


def many(page: Page) -> None:
    """Take all that the filters find."""
    page.get_by_role("button", name="All that the filters find").click()


def test_many_are_counted_before_anything_is_done_with_them(opened: Opened) -> None:
    console = opened().known()
    console.define(WAITS)
    ended = console.start("bulk-wait", {"name": "ended"})
    console.post(f"executions/{ended}/cancel", {})
    for number in range(3):
        console.start("bulk-wait", {"name": f"w{number}"})
    page = console.go("executions?definition=bulk-wait")
    expect(page.locator("tbody tr")).to_have_count(4)
    many(page)
    page.get_by_role("button", name="Cancel…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It can be done with 3 executions.")).to_be_visible()
    expect(dialog.get_by_text("Not with 1: ")).to_be_visible()
    dialog.get_by_role("button", name="Back").click()
    expect(page.locator("tbody").get_by_text("Cancelled")).to_have_count(1)

    page.get_by_role("checkbox", name="bulk-wait:w1").check()
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.get_by_text("2 executions chosen")).to_be_visible()
    page.get_by_role("button", name="Cancel…").click()
    dialog.get_by_label("Reason").fill("by hand")
    dialog.get_by_role("button", name="Cancel 2 executions").click()
    expect(dialog.get_by_text("2 done, 0 failed").first).to_be_visible()
    dialog.get_by_role("button", name="Back").click()
    expect(page.locator("tbody").get_by_text("Cancelled")).to_have_count(3)


def test_what_a_search_finds_is_redriven(opened: Opened) -> None:
    console = opened().known()
    pay(console, "bulk-pay", range(4))
    page = console.go("search?definition=bulk-pay&state=failed&where=amount%3D1..3")
    expect(page.get_by_role("heading", name="Search (3)")).to_be_visible()
    many(page)
    page.get_by_role("button", name="Redrive…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Redrive 3 executions").click()
    expect(dialog.get_by_text("3 done, 0 failed").first).to_be_visible()
    dialog.get_by_role("button", name="Back").click()
    page.get_by_role("link", name="bulk-pay:i2").click()
    expect(page.locator(".history-row", has_text="Execution redriven")).to_be_visible()


def test_an_incident_is_resumed_with_another_budget_and_leads_to_its_execution(opened: Opened) -> None:
    console = opened().known()
    steps = [{"id": "first", "type": "wait", "seconds": 0.1}, {"id": "second", "type": "wait", "seconds": 0.1}]
    console.define({"id": "dear", "budget": {"dollars": 1e-9}, "steps": steps})
    console.start("dear", {"name": "one"})
    page = console.go("incidents?kind=budget")
    dear = page.get_by_role("row", name="dear:one")
    dear.get_by_role("button", name="Resume").click()
    page.get_by_label("New budget, in dollars").fill("1")
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(dear).to_have_count(0)
    page.get_by_role("button", name="Ended").click()
    dear.get_by_role("link", name="dear:one").click()
    expect(page.locator(".history-row", has_text="Execution resumed")).to_be_visible()


def test_all_incidents_that_the_filters_find_are_redriven_after_a_dry_run(opened: Opened) -> None:
    console = opened().known()
    steps = [{"id": "first", "type": "wait", "seconds": 0.1}, {"id": "second", "type": "wait", "seconds": 0.1}]
    console.define({"id": "dear-ones", "budget": {"dollars": 1e-9}, "steps": steps})
    for name in ("one", "two"):
        console.start("dear-ones", {"name": name})
    page = console.go("incidents?definition=dear-ones")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Redrive all found…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("It can be done with 2 incidents.")).to_be_visible()
    dialog.get_by_role("button", name="Redrive 2 incidents").click()
    expect(dialog.get_by_text("2 done, 0 refused.")).to_be_visible()
    dialog.get_by_role("link", name="dear-ones:one").click()
    expect(page.locator(".history-row", has_text="Execution resumed")).to_be_visible()


def test_health_says_what_works_and_what_waits(opened: Opened) -> None:
    console = opened().known()
    console.define(WAITS)
    console.start("bulk-wait", {"name": "oldest"})
    page = console.go("health")
    expect(page.get_by_text("All work")).to_be_visible()
    queue = page.get_by_role("listitem").filter(has_text="sedo_execution-timer-dead-letter-queue")
    expect(queue).to_contain_text("0 messages")
    expect(page.get_by_label("How this tenant stands").get_by_text("Oldest in flight")).to_be_visible()


def test_the_audit_shows_what_changed_is_checked_and_exported(opened: Opened) -> None:
    console = opened("eve").known()
    console.define(PAY | {"id": "audited", "title": "before"})
    console.define(PAY | {"id": "audited", "title": "after"})
    page = console.go("audit?who=eve&thing=audited&what=definition.created")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    entry = page.locator(".audit-entry")
    expect(entry.locator(".line-removed")).to_contain_text("before")
    expect(entry.locator(".line-added")).to_contain_text("after")
    page.get_by_role("button", name="Check the chain").click()
    expect(page.get_by_text("as written.")).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Export").click()
    lines = saved.value.path().read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["who"]["subject"] for line in lines] == ["eve", "eve"]


def test_a_role_is_written_bound_and_explained(opened: Opened) -> None:
    page = opened().known().go("rights?tab=roles")
    page.get_by_role("button", name="New role").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("order-starter")
    dialog.get_by_label("start", exact=True).check()
    dialog.get_by_label("Names of things").fill("order-*, refund")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("executions: read, start · order-*, refund")).to_be_visible()
    page.get_by_role("tab", name="Bindings").click()
    page.get_by_role("button", name="New binding").click()
    dialog.get_by_label("Name", exact=True).fill("shop")
    dialog.get_by_label("Role").select_option("order-starter")
    dialog.get_by_label("Groups").fill("shop, sales")
    dialog.get_by_role("button", name="Save").click()
    page.get_by_role("tab", name="Who may what").click()
    page.get_by_label("Groups").fill("sales")
    page.get_by_label("Name of the thing").fill("order-flow")
    page.keyboard.press("Enter")
    may = page.get_by_role("row", name="executions:start")
    expect(may.get_by_text("shop binds order-starter, for order-*, refund")).to_be_visible()
    expect(page.get_by_role("row", name="audit:read")).to_contain_text("no role gives it")


def test_rights_of_the_installation_and_conditions_of_a_definition_are_in_the_answer(opened: Opened) -> None:
    console = opened().known()
    access = {"execute": {"roles": ["auditor"]}, "complete": {"when": "subject.id != execution.startedBy"}}
    console.define({"id": "guarded", "access": access, "steps": [{"id": "a", "type": "succeed"}]})
    binding = {"role": "operator", "groups": ["on-call"]}
    said, answer = console.stack.ask("PUT", "/sedo/tenants/*/bindings/on-call", json.dumps(binding).encode(), JSON)
    assert said < 300, answer
    console.put("bindings/reviewers", {"role": "approver", "groups": ["on-call"]})
    page = console.go("rights?groups=on-call&thing=guarded")
    expect(page.get_by_text("This server asks nobody who they are")).to_be_visible()
    reads = page.get_by_role("row", name="executions:read")
    expect(reads).to_contain_text("Yes")
    expect(reads).to_contain_text("on-call binds operator in the installation")
    starts = page.get_by_role("row", name="executions:start")
    expect(starts).to_contain_text("No")
    expect(starts).to_contain_text("execute of guarded v1 asks for the role auditor")
    works = page.get_by_role("row", name="tasks:work")
    expect(works).to_contain_text("On condition")
    expect(works).to_contain_text("complete of guarded v1 asks for subject.id != execution.startedBy")


def test_the_text_of_a_key_is_shown_once_and_the_key_is_revoked(opened: Opened) -> None:
    page = opened().known().go("keys")
    page.get_by_role("button", name="New key").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What it is for").fill("nightly job")
    dialog.get_by_label("operator").check()
    dialog.get_by_role("button", name="Make the key").click()
    expect(page.locator(".secret")).to_contain_text("sedo_123_")
    secret = page.locator(".secret").inner_text()
    page.get_by_role("button", name="I have it").click()
    assert secret not in page.content() + page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})")
    page.get_by_role("button", name="Revoke nightly job").click()
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("row", name="nightly job").get_by_text("Revoked")).to_be_visible()


def test_an_event_is_kept_or_taken_by_the_step_that_waits(opened: Opened) -> None:
    console = opened().known()
    parcel = {"id": "hold", "type": "event", "name": "parcel", "key": "P-1"}
    console.define({"id": "parcel", "steps": [parcel]})
    execution = console.start("parcel", {})
    page = console.go("events?name=parcel&key=P-1")
    expect(page.get_by_role("link", name=f"{execution} · hold")).to_be_visible()
    page.get_by_label("Data, as JSON").fill('{"at": "the door"')
    expect(page.get_by_role("button", name="Publish event")).to_be_disabled()
    page.get_by_label("Data, as JSON").fill('{"at": "the door"}')
    page.get_by_role("button", name="Publish event").click()
    expect(page.get_by_text("was taken by")).to_be_visible()
    expect(page.get_by_text("Nothing is kept, and no step waits.")).to_be_visible()
    page.get_by_label("Id of the event").fill("second")
    page.get_by_role("button", name="Publish event").click()
    expect(page.get_by_role("row", name="Kept").get_by_text("second")).to_be_visible()


def test_cost_is_summed_up_by_definition_day_state_and_error(opened: Opened) -> None:
    console = opened().known()
    pay(console, "cost-pay", range(3))
    page = console.go("cost?definition=cost-pay")
    together = page.get_by_label("Together", exact=True)
    expect(together.get_by_text("$")).to_have_count(2)
    for name in ("Definition", "Day, UTC", "State", "Error"):
        row = page.get_by_role("region", name=name).locator("tbody tr")
        expect(row).to_contain_text(re.compile(r"3\$\d+\.\d\d\$0\.0"))
    page.get_by_role("region", name="State").get_by_role("link", name="failed").click()
    expect(page.get_by_role("heading", name="Search (3)")).to_be_visible()
