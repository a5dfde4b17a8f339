"""People make, change, pause, start and delete schedules."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.pages import Console

pytestmark = pytest.mark.timeout(90)
Opened = Callable[..., Console]
REPORT = {
    "id": "report",
    "inputSchema": {
        "type": "object",
        "properties": {"day": {"type": "string", "title": "Day"}},
        "required": ["day"],
    },
    "steps": [{"id": "say", "type": "echo", "message": "${input.day}"}],
}


def test_a_schedule_is_made_by_its_form_and_starts_an_execution(opened: Opened) -> None:
    console = opened().known()
    console.define(REPORT)
    page = console.go("schedules")
    page.get_by_role("button", name="New schedule").click()
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_label("Title").fill("Nightly report")
    page.get_by_label("Cron expression").fill("0 25 * * *")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    times = page.get_by_role("status", name="Next times")
    expect(times).to_contain_text("'25' is no hour")
    page.get_by_label("Pass a time over").check()
    page.get_by_label("Definition").fill("report")
    page.get_by_role("textbox", name="Day").fill("yesterday")
    page.reload()
    expect(page.get_by_role("textbox", name="Day")).to_have_value("yesterday")
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_role("alert")).to_contain_text("'25' is no hour")
    page.get_by_label("Cron expression").fill("0 2 * * *")
    expect(times).to_have_text(re.compile(r"Next times:( \S+ \S+ ·){4} \S+ \S+$"))
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_role("heading", name="Schedule nightly")).to_be_visible()
    state = page.get_by_label("State")
    expect(state.get_by_role("listitem")).to_have_count(5)

    page.get_by_role("button", name="Start now").click()
    page.get_by_role("dialog").get_by_role("button", name="Start now").click()
    state.get_by_role("link", name="123:report:~nightly.").click()
    expect(page.get_by_role("heading", name="report", exact=False).first).to_be_visible()
    expect(page.get_by_text("schedule:nightly").first).to_be_visible()


def test_a_schedule_is_changed_paused_resumed_and_deleted(opened: Opened) -> None:
    console = opened().known()
    console.define(REPORT)
    console.put("schedules/hourly", {"definition": "report", "input": {"day": "today"}, "every": "PT1H"})
    page = console.go("schedules")
    row = page.get_by_role("row", name="hourly")
    expect(row).to_contain_text("every 1 h")
    row.get_by_role("button", name="Pause: hourly").click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    row.get_by_role("button", name="Resume: hourly").click()
    page.get_by_role("dialog").get_by_role("button", name="Resume").click()
    expect(row).to_contain_text("On")

    row.get_by_role("link", name="hourly").click()
    expect(page.get_by_role("textbox", name="Interval")).to_have_value("PT1H")
    page.get_by_role("textbox", name="Interval").fill("PT30M")
    expect(page.get_by_role("textbox", name="Day")).to_have_value("today")
    console.put("schedules/hourly", {"definition": "report", "input": {"day": "today"}, "every": "PT2H"})
    page.get_by_role("button", name="Save schedule").click()
    expect(page.get_by_text("it has changed since")).to_be_visible()
    page.reload()
    page.get_by_role("textbox", name="Interval").fill("PT30M")
    with page.expect_response(lambda response: response.request.method == "PUT"):
        page.get_by_role("button", name="Save schedule").click()
    console.go("schedules")
    expect(row).to_contain_text("every 30 min")

    row.get_by_role("button", name="Delete: hourly").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


def test_a_key_leads_to_schedules(opened: Opened) -> None:
    page = opened().known().go("executions")
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(page).to_have_url(re.compile("schedules"))
