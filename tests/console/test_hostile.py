"""What others write is shown as what it is: text."""

import re
from collections.abc import Callable
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.console.pages import TENANT, Console

pytestmark = pytest.mark.timeout(120)
Opened = Callable[..., Console]
CORPUS = (
    "<img src=x onerror=\"window.hit='img'\">",
    "<script>window.hit='script'</script>",
    '"><svg onload="window.hit=\'svg\'">',
    "[link](javascript:window.hit='link') [data](data:text/html,<script>window.hit=1</script>)",
    "${7*7} {{constructor.constructor('window.hit=1')()}} \u202egnp.exe",
    "<iframe srcdoc=\"<script>parent.hit='frame'</script>\"></iframe><style>*{display:none}</style>",
)
EVIL = " ".join(CORPUS).replace("${", "$ {")


QUOTED = quote(EVIL[:200], safe="")
PLACES = (
    "search",
    "search?kind=definition",
    f"search?q={QUOTED}&error={QUOTED}&where=said%3D{QUOTED}&definition={QUOTED}",
    f"incidents?execution={QUOTED}",
    f"audit?who={QUOTED}&thing={QUOTED}",
    f"rights?who={QUOTED}&groups={QUOTED}&thing={QUOTED}",
    "rights?tab=roles",
    "rights?tab=bindings",
    "keys",
    f"events?name=evil&key={quote(EVIL[:900], safe='')}",
    f"cost?definition={QUOTED}",
    "health",
    "schedules",
    "schedules/evil",
    f"new-schedule?definition={QUOTED}",
    "executions",
    "definitions",
    "definitions/evil",
    "definitions/evil/edit",
    "definitions/evil/edit?tool=form",
    "definitions/evil/edit?tool=compare",
    "definitions/evil/start",
    "tasks",
    f"tasks?view={QUOTED}&task={QUOTED}",
    f"executions?state={QUOTED}&waits={QUOTED}&definition={QUOTED}&by={QUOTED}&q={QUOTED}&cursor={QUOTED}",
    f"definitions?q={QUOTED}",
    f"definitions/evil?version={QUOTED}",
    f"definitions/evil/edit?tool={QUOTED}",
    "definitions/evil/edit?tool=try",
    "definitions/evil/edit?tool=run",
    f"definitions/evil/start?tab={QUOTED}&like={QUOTED}",
    f"definitions/{QUOTED}",
    f"executions/{QUOTED}",
    QUOTED,
)
FAILS = [{"id": "no", "type": "fail", "error": "No", "cause": "${input.a}"}]


def written(console: Console) -> tuple[str, ...]:
    """Write the corpus wherever somebody can; tell the places that are known now."""
    schema = {
        "type": "object",
        "title": EVIL,
        "description": EVIL,
        "properties": {
            "a": {"type": "string", "title": EVIL, "description": EVIL, "enum": [EVIL], "default": EVIL},
            "short": {"type": "string", "title": EVIL, "description": EVIL, "minLength": 2},
        },
        "examples": [{"a": EVIL}],
    }
    ask = {"id": "ask", "type": "task", "title": "${input.a}", "description": "${input.a}", "data": {"${1}": EVIL}}
    ask |= {"data": {"said": "${input.a}"}, "inputSchema": schema, "groups": ["<i>risk", "risk"]}
    steps = [{"id": "keep", "type": "transform", "output": "${input.a}", "stash": "kept"}, ask]
    console.define({"id": "evil", "title": EVIL, "description": EVIL, "inputSchema": schema, "steps": steps})
    audit = console.stack.ask("GET", "/sedo/tenants/123/audit?what=definition.created&limit=1")[1]
    console.define({"id": "evil-end", "title": EVIL, "steps": FAILS, "inputSchema": schema})
    console.define({"id": "evil-find", "title": EVIL, "search": {"said": "${input.a}"}, "steps": FAILS})
    console.start("evil-find", {"input": {"a": EVIL[:200]}}, "?wait=10")
    console.post("keys", {"title": EVIL[:200], "roles": ["viewer"]})
    console.put("roles/evil", {"title": EVIL[:200], "rules": []})
    console.put("bindings/evil", {"role": "evil", "subjects": [EVIL[:200]], "groups": [EVIL[:200]]})
    said = {"definition": "evil", "input": {"a": EVIL}, "every": "P1D", "title": EVIL[:200], "description": EVIL}
    console.put("schedules/evil", said)
    console.post("events/evil", {"key": EVIL[:900], "data": EVIL})
    waiting = console.start("evil", {"input": {"a": EVIL}})
    failed = console.start("evil-end", {"input": {"a": EVIL}}, "?wait=10")
    filtered = f"{waiting}?step={QUOTED}&turn={QUOTED}&tab={QUOTED}&entries={QUOTED}&entry={QUOTED}&open={QUOTED}"
    executions = (waiting, f"{waiting}?step=keep&tab=io", f"{failed}?tab=error", filtered, *ended(console))
    return f"audit?entry={audit[0]['number']}", *(f"executions/{each}" for each in executions)


def ended(console: Console) -> list[str]:
    """Stop executions, and reject and complete tasks, with words of the corpus; tell the executions."""
    reason = EVIL[:1000]
    paused, cancelled, rejected, completed = (console.start("evil", {"input": {"a": EVIL}}) for _ in range(4))
    for execution, way in ((paused, "pause"), (cancelled, "cancel")):
        console.task_of(execution)
        console.post(f"executions/{execution}/{way}", {"reason": reason})
    console.post(f"tasks/{console.task_of(rejected)}/reject", {"reason": reason})
    console.post(f"tasks/{console.task_of(completed)}/complete", {"answer": {"a": EVIL, "short": reason}})
    return [paused, cancelled, rejected, completed]


def tasks(console: Console) -> list[str]:
    """Tell the pages of tasks alone, however they ended."""
    found = list[str]()
    for status in ("open", "completed", "rejected", "cancelled"):
        _, known = console.stack.ask("GET", f"/sedo/tenants/{TENANT}/tasks?definition=evil&status={status}")
        found += [f"task/{TENANT}/{known[0]['id']}", f"t/{TENANT}/tasks?task={known[0]['id']}"]
    return found


def test_no_field_that_is_shown_becomes_a_part_of_the_page(opened: Opened) -> None:
    console = opened("<b onclick=1>ann").known()
    for place in (*written(console), *PLACES):
        page = console.go(place)
        expect(page.get_by_role("heading").first).to_be_visible()
        page.wait_for_load_state("networkidle")
        is_text(page, place)
    for place in (*tasks(console), f"task/{TENANT}/{QUOTED}", QUOTED):
        page = console.at(place)
        expect(page.get_by_role("heading").or_(page.get_by_role("alert")).first).to_be_visible()
        page.wait_for_load_state("networkidle")
        is_text(page, place)
    page = console.go("definitions/evil/start")
    page.locator("#root_short").fill("x")
    page.get_by_role("button", name="Start execution").click()
    expect(page.get_by_role("alert")).to_contain_text("onerror")
    is_text(page, "what is wrong with a form")


def is_text(page: Page, place: str) -> None:
    """Check that nothing of the corpus has become an element, ran, or leads elsewhere."""
    assert page.evaluate("window.hit") is None, place
    assert page.evaluate("document.querySelectorAll('main img, iframe, main script, main style').length") == 0, place
    assert page.evaluate("[...document.links].filter(a => !/^https?:/.test(a.href)).length") == 0, place


def test_no_tool_of_the_editor_makes_a_part_of_the_page(opened: Opened) -> None:
    console = opened().known()
    schema = {"type": "object", "properties": {"a": {"type": "string", "title": EVIL, "description": EVIL}}}
    kept = {"id": "keep", "type": "transform", "output": "${ input.a }", "stash": "kept"}
    console.define({"id": "evil-tools", "title": EVIL, "inputSchema": schema, "steps": [kept, *FAILS]})
    execution = console.start("evil-tools", {"input": {"a": EVIL}}, "?wait=10")
    page = console.go("definitions/evil-tools/edit?tool=try")
    page.get_by_label("Or its id").fill(execution)
    page.get_by_label("Or its id").press("Enter")
    page.get_by_label("As it was").select_option("before no")
    page.get_by_label("Expression").fill("[input.a, stash.kept]")
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("region", name="Result")).to_contain_text("<script>")
    page.get_by_label("Expression").fill(EVIL)
    page.get_by_role("button", name="Evaluate").click()
    expect(page.get_by_role("region", name="Result")).to_have_count(0)
    is_text(page, "an expression")
    page.get_by_role("tab", name="Dry run").click()
    page.get_by_label("Or its id").fill(execution)
    page.get_by_label("Or its id").press("Enter")
    expect(page.get_by_label("Input, as JSON")).to_have_value(re.compile("<script>"))
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_text("Execution failed after")).to_be_visible()
    is_text(page, "a dry run")
    page.get_by_role("tab", name="Graph").click()
    page.get_by_role("button", name="keep transform").click()
    page.locator(".cm-expression", has_text="input.a").first.hover(position={"x": 30, "y": 8})
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.keyboard.type("when: input.")
    expect(page.locator(".cm-tooltip-autocomplete").get_by_role("option", name="a").first).to_be_visible()
    assert page.evaluate(IN_SHADOWS) == 0
    is_text(page, "what the editor offers")


IN_SHADOWS = """[...document.querySelectorAll('*')].filter(each => each.shadowRoot)
  .flatMap(each => [...each.shadowRoot.querySelectorAll('img[src], script, iframe, svg[onload]')]).length"""
"""Elements of the corpus in the editor, which has a root of its own; its own images have no source."""
