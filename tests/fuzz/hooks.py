"""Hooks of schemathesis: what it sends is about one tenant, and half of it about what is there."""

import itertools
from collections import defaultdict
from typing import Any

import schemathesis

TENANT = "fuzzed"
STEPS: tuple[list[dict[str, Any]], ...] = (
    [{"id": "say", "type": "echo", "message": "${input}", "stash": "said"}],
    [{"id": "rest", "type": "wait", "seconds": 3600}],
    [{"id": "ask", "type": "callback"}],
    [{"id": "paid", "type": "event", "name": "paid", "key": "${execution.id}"}],
    [{"id": "approve", "type": "task", "title": "Approve", "groups": ["sales"]}],
    [{"id": "no", "type": "fail", "error": "No", "cause": "${input}"}],
    [{"id": "each", "type": "map", "items": [1, 2], "steps": [{"id": "a", "type": "echo", "message": "${item}"}]}],
)
"""Of definitions that call nothing outside."""
CONDITIONS = ("If-Match", "If-None-Match")
DEFINITIONS, EXECUTIONS, TASKS = (
    f"/sedo/tenants/{{tenantId}}/{name}" for name in ("definitions", "executions", "tasks")
)
CREATE = f"POST {DEFINITIONS}"

numbers = itertools.count()
found: defaultdict[str, list[str]] = defaultdict(list)
"""Ids by the path below which they are."""


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Let half of the requests meet something that is there."""
    number, label = next(numbers), case.operation.label
    if case.meta is not None and not case.meta.generation.mode.is_positive:
        return case
    if "tenantId" in (case.path_parameters or {}):
        case.path_parameters["tenantId"] = TENANT
    for place, ids in found.items():
        if number % 2 and f" {place}/{{id}}" in label and ids:
            case.path_parameters["id"] = ids[number // 2 % len(ids)]
    if label == CREATE and number % 2:
        kind = number // 2 % len(STEPS)
        case.body = {"id": f"fuzzed-{kind}", "title": f"Number {number}", "steps": STEPS[kind]}
        case.media_type = "application/json"
        for name in CONDITIONS:
            case.headers.pop(name, None)
    if label.endswith("/execute"):
        case.query = {name: given for name, given in (case.query or {}).items() if name != "wait"}
    return case


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Keep the ids of what was made."""
    if response.status_code not in {200, 201} or "json" not in response.headers.get("content-type", [""])[0]:
        return
    label, body = case.operation.label, response.json()
    if label == CREATE:
        found[DEFINITIONS].append(body["id"])
    elif label.endswith("/execute"):
        found[EXECUTIONS].append(body["id"])
    elif label == f"GET {TASKS}":
        found[TASKS] += [task["id"] for task in body]
