"""What stands behind an execution: the stash that it began with, its error, and what it has started, to any depth."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.console.pages import Console

pytestmark = pytest.mark.timeout(90)
Opened = Callable[..., Console]
HOLD = {"id": "hold", "type": "event", "name": "go", "key": "${execution.id}"}


def test_children_are_opened_to_any_depth(opened: Opened) -> None:
    console = opened().known()
    console.define({"id": "tree-leaf", "steps": [HOLD]})
    console.define({"id": "tree-branch", "steps": [{"id": "deeper", "type": "workflow", "definition": "tree-leaf"}]})
    console.define({"id": "tree-root", "steps": [{"id": "deep", "type": "workflow", "definition": "tree-branch"}]})
    page = console.go(f"executions/{console.start('tree-root')}")
    children = page.get_by_role("region", name="Children")
    children.get_by_role("button", name="Children of tree-branch:").click()
    leaf = children.get_by_role("link", name="tree-leaf:")
    expect(leaf).to_be_visible()
    children.get_by_role("button", name="Children of tree-leaf:").click()
    expect(children.get_by_text("It has started no execution.")).to_be_visible()
    leaf.click()
    expect(page.get_by_role("heading", name="tree-leaf:")).to_be_visible()


def test_a_child_that_began_right_before_the_end_is_there(opened: Opened) -> None:
    console = opened().known()
    console.define({"id": "quick-leaf", "steps": [{"id": "greet", "type": "echo", "message": "hi"}]})
    console.define(
        {"id": "quick-root", "steps": [HOLD, {"id": "deep", "type": "workflow", "definition": "quick-leaf"}]}
    )
    execution = console.start("quick-root")
    page = console.go(f"executions/{execution}")
    expect(page.get_by_role("region", name="Facts")).to_contain_text("hold")
    console.post("events/go", {"key": execution})
    expect(page.get_by_role("region", name="Facts")).to_contain_text("Succeeded")
    expect(page.get_by_role("region", name="Children").get_by_role("link", name="quick-leaf:")).to_be_visible()


def test_a_step_shows_the_stash_of_the_start_and_one_that_failed_its_error(opened: Opened) -> None:
    console = opened().known()
    steps = [{"id": "load", "type": "transform", "output": 1}, {"id": "no", "type": "fail", "error": "shop.Closed"}]
    console.define({"id": "begins", "stash": {"limit": 7}, "steps": steps})
    page = console.go(f"executions/{console.start('begins', {}, '?wait=10')}")
    expect(page.get_by_role("tab", name="Error")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("region", name="Error")).to_contain_text("shop.Closed")
    page.get_by_role("button", name="load transform · Succeeded").click()
    expect(page.get_by_role("region", name="Change")).to_contain_text('"limit": 7')


def test_a_definition_is_retired_and_starts_no_more(opened: Opened) -> None:
    console = opened().known()
    console.define({"id": "retiring", "steps": [HOLD]})
    page = console.go("definitions/retiring")
    page.get_by_role("button", name="Retire…").click()
    page.get_by_role("dialog").get_by_role("button", name="Retire definition").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="Start execution")).to_have_count(0)


def test_a_task_is_given_to_others(opened: Opened) -> None:
    console = opened("zoe").known()
    task = console.task_of(console.start(console.define(), {"input": {"orderId": "A-12"}}))
    page = console.go(f"tasks?task={task}")
    page.get_by_role("button", name="Reassign…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("People").fill("")
    dialog.get_by_label("Groups").fill("")
    expect(dialog.get_by_role("button", name="Reassign task")).to_have_count(0)
    dialog.get_by_label("People").fill("zoe, carol")
    dialog.get_by_role("button", name="Reassign task").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".task-facts")).to_contain_text("zoe, carol")
