from datetime import timedelta
from functools import reduce
from typing import Any

import pytest

from chalicelib.api import contract
from chalicelib.core.limits import LIMITS

PLACES = {
    "payload_bytes": ("execute_definition", "body", "maxBytes"),
    "upload_parts": ("upload_part", "path", "part", "maximum"),
    "page_items": ("list_executions", "query", "limit", "maximum"),
    "version": ("execute_definition", "body", "schema", "properties", "version", "maximum"),
    "wait_seconds": ("read_execution", "query", "wait", "maximum"),
    "key_chars": ("publish_event", "body", "schema", "properties", "key", "maxLength"),
    "event_kept": ("publish_event", "body", "schema", "properties", "keepSeconds", "default"),
    "event_kept_longest": ("send_event", "body", "schema", "properties", "keepSeconds", "maximum"),
    "message_chars": ("fail_callback", "body", "schema", "properties", "message", "maxLength"),
    "reason_chars": ("cancel_execution", "body", "schema", "properties", "reason", "maxLength"),
    "task_priority": ("list_tasks", "query", "priority", "maximum"),
    "task_reason_chars": ("reject_task", "body", "schema", "properties", "reason", "maxLength"),
    "task_names": ("reassign_task", "body", "schema", "properties", "assignees", "maxItems"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_contract_holds_requests_to_the_limits(name: str) -> None:
    limit = getattr(LIMITS, name)
    declared: Any = reduce(step, PLACES[name], contract.operations())
    assert declared == (limit.total_seconds() if isinstance(limit, timedelta) else limit)


def step(node: Any, key: str) -> Any:
    """Go down a step; of alternatives, to the one that is not null."""
    if key not in node and "anyOf" in node:
        (node,) = (choice for choice in node["anyOf"] if choice["type"] != ["null"])
    return node[key]
