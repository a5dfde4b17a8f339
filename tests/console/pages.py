"""The console as a person has it: where to click, and what the server has to know first."""

import json
from typing import Any
from urllib.parse import urlparse

from playwright.sync_api import ConsoleMessage, Page, Request

from tests.local.running import JSON, Sedo

TENANT = "123"
ORDER = {
    "id": "order-flow",
    "title": "Order flow",
    "inputSchema": {
        "type": "object",
        "properties": {
            "orderId": {"type": "string", "title": "Order id", "pattern": "^A-[0-9]+$"},
            "express": {"type": "boolean", "title": "Express"},
            "country": {"type": "string", "title": "Country", "enum": ["BE", "US"], "default": "BE"},
            "lines": {
                "type": "array",
                "title": "Lines",
                "items": {
                    "type": "object",
                    "properties": {"sku": {"type": "string", "title": "SKU"}},
                    "required": ["sku"],
                },
            },
        },
        "required": ["orderId"],
        "examples": [{"orderId": "A-1", "country": "US", "lines": [{"sku": "tea"}]}],
    },
    "stash": {"limit": 1},
    "search": {"orderId": "${input.orderId}"},
    "steps": [
        {"id": "load", "type": "transform", "output": {"total": 120.5, "customer": "Ada"}, "stash": "order"},
        {
            "id": "checks",
            "type": "parallel",
            "branches": [
                {"id": "fraud", "steps": [{"id": "score", "type": "transform", "output": 0.8, "stash": "fraud"}]},
                {"id": "stock", "steps": [{"id": "reserve", "type": "transform", "output": True}]},
            ],
        },
        {
            "id": "review",
            "type": "task",
            "title": "Review order ${input.orderId}",
            "description": "The order is **large**.",
            "data": "${stash.order}",
            "groups": ["risk"],
            "due": {"seconds": 14400, "then": "fail"},
            "inputSchema": {
                "type": "object",
                "properties": {
                    "decision": {"type": "string", "title": "Decision", "enum": ["approve", "reject"]},
                    "comment": {"type": "string", "title": "Comment"},
                },
                "required": ["decision"],
                "if": {"properties": {"decision": {"const": "reject"}}, "required": ["decision"]},
                "then": {"required": ["comment"]},
            },
            "uiSchema": {"decision": {"ui:widget": "radio"}},
        },
        {
            "id": "charge",
            "type": "fail",
            "when": "input.country == 'US' && stash.limit < `2`",
            "error": "card.Declined",
            "cause": "the limit is too low",
        },
        {"id": "done", "type": "echo", "message": "order ${input.orderId} is on its way"},
    ],
}


class Console:
    """One person, in one tab."""

    def __init__(self, page: Page, stack: Sedo, user: str) -> None:
        self.page, self.stack, self.user = page, stack, user
        self.faults = list[str]()
        self.requests = list[str]()
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", self._hear)
        page.on("request", self._note)
        page.on("dialog", lambda dialog: self.faults.append(f"a dialog: {dialog.message}"))

    def _hear(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Content-Security-Policy" in message.text:
            self.faults.append(message.text)

    def _note(self, request: Request) -> None:
        self.requests.append(request.url)
        if urlparse(request.url).hostname not in {"127.0.0.1", None, ""}:
            self.faults.append(f"a request elsewhere: {request.url}")

    def sign_in(self, groups: str = "risk") -> "Console":
        """Do it once, by the page."""
        self.page.goto("/ui")
        self.page.get_by_label("Name").fill(self.user)
        self.page.get_by_label("Groups").fill(groups)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.get_by_label("Tenant").fill(TENANT)
        self.page.get_by_role("button", name="Open").click()
        self.page.get_by_role("heading", name="Executions").wait_for()
        return self

    def known(self, groups: str = "risk") -> "Console":
        """Be signed in already, as after a reload."""
        session = json.dumps({"means": "none", "user": self.user, "groups": groups})
        script = f"sessionStorage.setItem('sedo.session', {json.dumps(session)})"
        self.page.add_init_script(script)
        return self

    def go(self, place: str) -> Page:
        return self.at(f"t/{TENANT}/{place}")

    def at(self, place: str) -> Page:
        """Go to a page that is of no tenant's, too."""
        self.page.goto(f"/ui/index.html#/{place}")
        return self.page

    def post(self, path: str, body: Any, user: str | None = None, method: str = "POST") -> Any:
        """Ask the API beside the page."""
        fields = {**JSON, "X-Sedo-User": user or self.user, "X-Sedo-Groups": "risk"}
        status, answer = self.stack.ask(method, f"/sedo/tenants/{TENANT}/{path}", json.dumps(body).encode(), fields)
        assert status < 300, answer
        return answer

    def put(self, path: str, body: Any) -> None:
        self.post(path, body, method="PUT")

    def wait_until_found(self, query: str, total: int) -> None:
        """Wait until the index has so many hits, or more."""
        found: dict[str, Any] = {"total": 0}
        while found["total"] < total:
            status, found = self.stack.ask("GET", f"/sedo/tenants/{TENANT}/search?{query}")
            assert (status, found["source"]) == (200, "index")

    def task_of(self, execution: str) -> str:
        """Wait until an execution has opened a task."""
        found: list[Any] = []
        while not found:
            status, found = self.stack.ask("GET", f"/sedo/tenants/{TENANT}/tasks?execution={execution}")
            assert status == 200
        task: str = found[0]["id"]
        return task

    def define(self, definition: Any = None) -> str:
        made: str = self.post("definitions", definition or ORDER)["id"]
        return made

    def start(self, definition: str, body: Any = None, query: str = "") -> str:
        made: str = self.post(f"definitions/{definition}/execute{query}", body or {})["id"]
        return made
