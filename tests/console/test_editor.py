"""A definition is written, tried and published in the console."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.console.pages import Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
TEXT = """id: {id}
title: Pay # a comment that stays
inputSchema:
  type: object
  properties: {{amount: {{type: number, title: Amount}}}}
steps:
  - id: keep
    type: transform
    output: ${{ add(input.amount, `1`) }}
    stash: total
  - id: charge
    type: http
    url: https://bank.example.com
    output: ${{output.body}}
  - id: done
    type: echo
    message: paid ${{output.id}}
"""


def write(page: Page, text: str) -> None:
    """Replace all that the editor has."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def published(console: Console, name: str) -> Page:
    """Open the editor of a definition that is there."""
    console.stack.ask(
        "POST",
        "/sedo/tenants/123/definitions",
        TEXT.format(id=name).encode(),
        {"Content-Type": "application/yaml", "X-Sedo-User": console.user},
    )
    page = console.go(f"definitions/{name}/edit")
    expect(page.get_by_text("No problems")).to_be_visible()
    return page


def test_a_new_definition_is_written_with_help_and_published(opened: Opened) -> None:
    console = opened().known()
    page = console.go("new-definition")
    write(page, TEXT.format(id="written").replace("type: echo", "type: ecko"))
    expect(page.get_by_role("button", name="problem, line 16")).to_be_visible()
    expect(page.locator(".cm-lint-marker-error")).to_have_count(1)
    expect(page.get_by_role("button", name="Publish version 1")).to_be_disabled()
    page.get_by_role("button", name="problem, line 16").click()
    page.keyboard.type("ech")
    page.get_by_role("option", name="echo").click()
    expect(page.get_by_text("No problems")).to_be_visible()
    page.reload()
    expect(page.get_by_text("editing a draft")).to_be_visible()
    expect(page.locator(".cm-content")).to_contain_text("a comment that stays")
    page.get_by_role("button", name="Publish version 1").click()
    expect(page.get_by_role("heading", name="written")).to_be_visible()
    expect(page.get_by_text("version 1 is live · nothing changed")).to_be_visible()
    asked = console.stack.ask("GET", "/sedo/tenants/123/definitions/written")
    assert asked[1]["steps"][2]["type"] == "echo"


def test_names_and_functions_are_offered_and_explained_in_expressions(opened: Opened) -> None:
    page = published(opened().known(), "offered")
    page.get_by_role("button", name="done echo").click()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("when: stash.")
    page.get_by_role("option", name="total").click()
    page.keyboard.type(" > subtr")
    expect(page.get_by_role("option", name="subtract")).to_be_visible()
    page.keyboard.press("Escape")
    page.locator(".cm-expression", has_text="add(").hover(position={"x": 30, "y": 8})
    expect(page.locator(".cm-about")).to_contain_text("add(a, b)")


def test_the_graph_and_the_text_lead_to_each_other(opened: Opened) -> None:
    page = published(opened().known(), "both-ways")
    page.get_by_role("button", name="charge http").click()
    expect(page.locator(".cm-activeLine")).to_have_text("  - id: charge")
    expect(page.locator(".step-selected")).to_have_text("chargehttp")
    for _ in range(5):
        page.keyboard.press("ArrowDown")
    expect(page.locator(".step-selected")).to_have_text("doneecho")
    page.keyboard.press("End")
    page.keyboard.insert_text("\n    type: echo\n    message: x\n  - id: more")
    expect(page.get_by_role("button", name="more echo")).to_be_visible()


def test_an_expression_is_tried_against_what_an_execution_stored(opened: Opened) -> None:
    console = opened().known()
    page = published(console, "tried")
    execution = console.start("tried", {"input": {"amount": 41}})
    page.get_by_role("tab", name="Try").click()
    page.get_by_label("Or its id").fill(execution)
    page.get_by_label("Or its id").press("Enter")
    page.get_by_label("As it was").select_option("before charge")
    page.get_by_label("Expression").fill("[input.amount, stash.total, output]")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("region", name="Result")).to_have_text("[\n  41,\n  42,\n  42\n]")
    page.get_by_label("Expression").fill("add('a', `1`)")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("status").get_by_text("Template")).to_be_visible()


def test_a_dry_run_takes_its_mocks_from_an_execution(opened: Opened) -> None:
    console = opened().known()
    page = published(console, "rehearsed")
    execution = console.start("rehearsed", {"input": {"amount": 1}}, "?wait=10")
    page.get_by_role("tab", name="Dry run").click()
    page.get_by_label("Or its id").fill(execution)
    page.get_by_label("Or its id").press("Enter")
    expect(page.get_by_label("Input, as JSON")).to_have_value('{\n  "amount": 1\n}')
    expect(page.get_by_label("Mocks, as JSON")).to_have_value(re.compile('"charge": .*"error": "http', re.DOTALL))
    page.get_by_label("Mocks, as JSON").fill("{}")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("charge waits for http: it has no mock")).to_be_visible()
    page.get_by_label("Mocks, as JSON").fill(json.dumps({"charge": {"result": {"body": {"id": "ch-7"}}}}))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Execution succeeded after")).to_be_visible()
    expect(page.get_by_role("region", name="Output")).to_have_text('"paid ch-7"')
    page.get_by_role("tab", name="Graph").click()
    expect(page.get_by_role("button", name="charge http · Succeeded")).to_be_visible()


def test_a_dry_run_takes_what_people_answered_from_an_execution(opened: Opened) -> None:
    console = opened().known()
    ask = {"id": "ask", "type": "task", "title": "Yes?", "stash": "answer"}
    console.define({"id": "asked", "steps": [ask, {"id": "done", "type": "echo", "message": "${stash.answer.yes}"}]})
    execution = console.start("asked")
    console.post(f"tasks/{console.task_of(execution)}/complete", {"answer": {"yes": "gladly"}})
    page = console.go("definitions/asked/edit?tool=run")
    page.get_by_role("combobox", name="An execution").select_option(execution)
    expect(page.get_by_label("Mocks, as JSON")).to_have_value(re.compile("gladly"))
    mocks = json.loads(page.get_by_label("Mocks, as JSON").input_value())
    assert mocks == {"ask": [{"result": {"yes": "gladly"}, "by": "ann"}]}
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("region", name="Output")).to_have_text('"gladly"')


def test_nobody_publishes_over_another_unseen(opened: Opened) -> None:
    console = opened().known()
    page = published(console, "contended")
    write(page, TEXT.format(id="contended").replace("title: Pay", "title: Mine"))
    console.post("definitions", {"id": "contended", "steps": [{"id": "theirs", "type": "succeed"}]}, user="eve")
    expect(page.get_by_role("button", name="Publish version 2")).to_be_enabled()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Somebody has published meanwhile")).to_be_visible()
    page.get_by_role("tab", name="Compare").click()
    page.get_by_label("Compare with").select_option("version 1")
    expect(page.locator(".line-added")).to_have_text("+ title: Mine # a comment that stays\n")
    page.get_by_role("button", name="Publish over it").click()
    expect(page.get_by_text("Version 3 is published.")).to_be_visible()


def test_the_form_is_seen_and_the_text_is_json_too(opened: Opened) -> None:
    page = published(opened().known(), "formed")
    page.get_by_role("tab", name="Form").click()
    page.get_by_label("Amount").fill("12")
    expect(page.get_by_role("region", name="What the form gives")).to_contain_text('"amount": 12')
    page.get_by_role("button", name="JSON").click()
    expect(page.locator(".cm-content")).to_contain_text('"id": "formed",')
    expect(page.get_by_text("No problems")).to_be_visible()
    page.get_by_role("button", name="YAML").click()
    expect(page.locator(".cm-content")).to_contain_text("id: formed")


def test_the_keyboard_leaves_the_editor(opened: Opened) -> None:
    page = published(opened().known(), "left")
    content = page.get_by_role("textbox", name="Definition, as text")
    content.focus()
    page.keyboard.press("Control+Home")
    page.keyboard.press("Tab")
    expect(content).to_contain_text("  id: left")
    page.keyboard.press("Control+z")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('[data-editor]')") is None
