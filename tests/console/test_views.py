"""An execution is looked at closely, from afar, by half as much room, from right to left, and without motion."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from chalicelib.core.values.json import Json
from tests.console.pages import TENANT, Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
PRICE = {"id": "price", "type": "transform", "output": "${ multiply(item, `2`) }"}
MANY = {"id": "many", "steps": [{"id": "each", "type": "map", "items": "${ range(`60`) }", "steps": [PRICE]}]}
PLACES = ("executions", "definitions", "definitions/many", "definitions/many/edit", "definitions/many/start", "tasks")


def seen(console: Console) -> Page:
    console.define(MANY)
    execution = console.start("many", {}, "?wait=10")
    page = console.go(f"executions/{execution}?step=each")
    expect(page.get_by_role("button", name="each map · Succeeded · 60 of 60 done")).to_be_visible()
    return page


CUT = "each => each.scrollWidth > each.clientWidth || each.scrollHeight > each.clientHeight"


def test_counts_of_a_collapsed_step_are_whole_in_the_graph(opened: Opened) -> None:
    page = seen(opened().known())
    assert page.locator(".step-state").evaluate_all(f"all => all.some({CUT})") is False
    page.get_by_text("Steps as a table").click()
    expect(page.get_by_role("row", name="each map")).to_contain_text("60 of 60 done")


def test_a_collapsed_step_is_expanded_and_its_items_are_paged(opened: Opened) -> None:
    page = seen(opened().known())
    expect(page.locator(".react-flow__node")).to_have_count(1)
    page.get_by_role("button", name="Expand each").click()
    expect(page.get_by_role("button", name="price \u00d760 transform · Succeeded")).to_be_visible()
    page.get_by_role("button", name="Collapse each").click()
    expect(page.locator(".react-flow__node")).to_have_count(1)
    expect(page.get_by_text("1 to 50 of 60")).to_be_visible()
    page.get_by_role("button", name="Later").click()
    page.get_by_role("button", name="item 57").click()
    expect(page.get_by_role("heading", name="price transform")).to_be_visible()
    page.get_by_role("tab", name="Input & output").click()
    expect(page.get_by_role("region", name="What it gave")).to_have_text("114")


def test_the_timeline_is_zoomed(opened: Opened) -> None:
    page = seen(opened().known())
    timeline = page.get_by_role("region", name="Timeline")
    width = "node => node.scrollWidth / node.clientWidth"
    assert timeline.evaluate(width) == 1
    page.get_by_role("button", name="Zoom in").last.click()
    page.get_by_role("button", name="Zoom in").last.click()
    expect(page.get_by_text("4 times")).to_be_visible()
    assert timeline.evaluate(width) > 2
    first = timeline.locator(".timeline-name").first
    timeline.evaluate("node => node.scrollTo({left: 500})")
    expect(first).to_be_in_viewport()
    page.get_by_role("button", name="Whole time").click()
    expect(page.get_by_role("button", name="Whole time")).to_be_disabled()
    assert timeline.evaluate(width) == 1


def test_a_history_that_was_read_before_the_end_is_read_again(opened: Opened) -> None:
    console, early = opened().known(), list[str]()
    console.define({"id": "soon-over", "steps": [{"id": "refuse", "type": "fail", "error": "Refused"}]})
    execution = console.start("soon-over", {"name": "late-end"})

    def answer_early(route: Route) -> None:
        early.append(route.request.url)
        route.fulfill(json=[])

    console.page.route("**/history?*", answer_early, times=1)
    page = console.go(f"executions/{execution}")
    expect(page.get_by_text("5 of 5 entries")).to_be_visible()
    expect(page.get_by_role("tab", name="Error", selected=True)).to_be_visible()
    assert early


def test_what_stands_in_the_way_is_said(opened: Opened) -> None:
    console = opened().known()
    console.define({"id": "held", "steps": [{"id": "hold", "type": "event", "name": "go", "key": "held"}]})
    execution = console.start("held", {})
    console.put("", {"stopped": True})
    console.post("pause", {})
    try:
        page = console.go(f"executions/{execution}")
        expect(page.locator(".obstacle")).to_contain_text("Its tenant is stopped")
        console.go("tasks")
        expect(page.get_by_role("status").get_by_text("This tenant is stopped")).to_be_visible()
    finally:
        console.put("", {"stopped": False})


def test_a_page_that_is_not_there_leads_back(opened: Opened) -> None:
    page = opened().known().go("nothing/here")
    page.get_by_role("link", name="To the executions").click()
    expect(page.get_by_role("heading", name="Tenant")).to_be_visible()


def test_a_start_names_inputs_to_begin_with_only_where_there_are_some(opened: Opened) -> None:
    console = opened().known()
    console.define({"id": "bare", "steps": [{"id": "a", "type": "succeed"}]})
    page = console.go("definitions/bare/start")
    expect(page.get_by_role("heading", name="Start bare")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.get_by_text("Recent inputs")).to_have_count(0)
    console.start("bare", {"input": {"day": "first"}})
    page.reload()
    expect(page.get_by_role("group", name="Inputs to begin with").get_by_role("button", name="first")).to_be_visible()
    expect(page.get_by_text("Examples")).to_have_count(0)


def overflowing(page: Page) -> bool:
    """Tell whether the page itself has to be moved sideways."""
    wide: bool = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return wide


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_at_200_percent_and_from_right_to_left_nothing_is_out_of_reach(opened: Opened, direction: str) -> None:
    console = opened(viewport={"width": 720, "height": 450}, device_scale_factor=2).known()
    console.page.add_init_script(f"addEventListener('DOMContentLoaded', () => (document.dir = '{direction}'))")
    page = seen(console)
    assert not overflowing(page)
    for place in PLACES:
        console.go(place)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert not overflowing(page), place
    page.set_viewport_size({"width": 1440, "height": 900})
    navigation = page.get_by_role("navigation").bounding_box()
    assert navigation is not None
    assert (navigation["x"] > 720) == (direction == "rtl")


def test_nothing_moves_for_those_who_want_no_motion(opened: Opened) -> None:
    console = opened().known()
    page = seen(console)
    moving = "document.getAnimations().filter(each => each.playState === 'running').length"
    assert page.evaluate(moving) == 0
    assert page.evaluate("document.body.classList.contains('awsui-motion-disabled')")
    page.get_by_role("button", name="Cancel").hover()
    assert page.evaluate(moving) == 0


def test_the_executions_that_wait_for_people_are_a_chip(opened: Opened) -> None:
    console = opened().known()
    ask = {"id": "ask", "type": "task", "title": "Yes?"}
    console.define({"id": "people", "steps": [ask]})
    console.define({"id": "systems", "steps": [{"id": "hold", "type": "event", "name": "go"}]})
    console.task_of(console.start("people", {"name": "asked"}))
    console.start("systems", {"name": "held"})
    page = console.go("executions")
    expect(page.get_by_role("link", name="systems:held")).to_be_visible()
    page.get_by_role("button", name="Waiting for people").click()
    expect(page.get_by_role("link", name="people:asked")).to_be_visible()
    expect(page.get_by_role("link", name="systems:held")).to_have_count(0)
    expect(page.get_by_role("button", name="All that the filters find")).to_have_count(0)
    page.reload()
    expect(page.get_by_role("button", name="Waiting for people")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="systems:held")).to_have_count(0)


def test_what_is_opened_hidden_and_looked_for_is_in_the_address(opened: Opened) -> None:
    page = seen(opened().known())
    page.get_by_role("button", name="Hide what succeeded").click()
    page.get_by_role("button", name="Expand each").click()
    history = page.get_by_role("region", name="History", exact=True)
    history.get_by_label("State", exact=True).select_option("ExecutionSucceeded")
    history.get_by_role("searchbox").fill("succeeded")
    expect(history.locator(".history-row")).to_have_count(1)
    page.reload()
    expect(page.get_by_role("button", name="Hide what succeeded")).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("button", name="Collapse each")).to_be_visible()
    expect(history.get_by_label("State", exact=True)).to_have_value("ExecutionSucceeded")
    expect(history.get_by_role("searchbox")).to_have_value("succeeded")
    expect(history.locator(".history-row")).to_have_count(1)


@pytest.mark.parametrize(
    ("due", "said"),
    [
        ({"then": "fail"}, "if overdue: the step fails with task.Overdue"),
        ({"then": "reassign", "groups": ["board"], "assignees": ["bob"]}, "if overdue: it goes to board, bob"),
        ({"then": "reassign"}, "if overdue: it goes to anybody"),
        ({"then": "continue", "value": {"yes": False}}, 'if overdue: the step succeeds with {"yes":false}'),
    ],
)
def test_a_task_says_what_happens_if_it_is_overdue(opened: Opened, due: Json, said: str) -> None:
    console = opened().known()
    ask = {"id": "ask", "type": "task", "title": "Yes?", "due": {"seconds": 3600, **due}}
    task = console.task_of(console.start(console.define({"id": "in-time", "steps": [ask]})))
    for place in (f"task/{TENANT}/{task}", f"t/{TENANT}/tasks?task={task}"):
        expect(console.at(place).get_by_text(said, exact=True)).to_be_visible()
