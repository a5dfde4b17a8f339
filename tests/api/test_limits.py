from collections.abc import Iterator
from datetime import timedelta
from functools import reduce
from typing import Any

import pytest

from chalicelib.api import contract
from chalicelib.core.definitions.grammar import CALL_KEYS, DEFINITION_KEYS, ENTRIES, INCLUDE, STEP_KEYS
from chalicelib.core.limits import LIMITS
from chalicelib.core.ways_around import WAYS
from chalicelib.steps import STEP_TYPES

PLACES = {
    "payload_bytes": ("execute_definition", "body", "maxBytes"),
    "upload_parts": ("upload_part", "path", "part", "maximum"),
    "page_items": ("list_executions", "query", "limit", "maximum"),
    "history_items": ("read_history", "query", "limit", "maximum"),
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
RANGES = {"offset": 999_999_999, "version": 999_999_999, "index": 10**9, "parent": 200, "token": 1_500, "": 0}
"""What holds numbers to nine digits or texts to a shape, and lists that can have no more, by the name of the member."""
CLOSED = {"kinds": 20, "verbs": 20}
"""Lists of what there is a closed number of."""


def limited(node: Any, name: str = "") -> Iterator[tuple[str, str | None, int]]:
    """Walk over what is held to a largest number: its name, the limit, and the number."""
    if isinstance(node, list):
        for each in node:
            yield from limited(each, name)
    elif isinstance(node, dict):
        for keyword in ("maximum", "maxLength", "maxItems", "maxProperties"):
            if isinstance(most := node.get(keyword), int | float):
                yield name, node.get("x-limit"), int(most)
        for key, inner in node.items():
            yield from limited(inner, name if key in {"schema", "items", "anyOf"} else key)


def test_whatever_the_contract_holds_to_a_number_names_its_limit() -> None:
    for found in contract.operations().values():
        for name, limit, most in limited({key: found.get(key) for key in ("path", "query", "header", "body")}):
            if limit is None:
                assert {**RANGES, **CLOSED, "body": 0}[name] == most, name
            else:
                value = getattr(LIMITS, limit)
                assert most == (value.total_seconds() if isinstance(value, timedelta) else value), name
                assert limit in WAYS


def test_whatever_a_definition_holds_to_a_number_names_its_limit() -> None:
    ranges = {"percent": 100, "statuses": 599, "tolerate": 1}
    schemas = [DEFINITION_KEYS, STEP_KEYS, CALL_KEYS, *(each.keys for each in (*ENTRIES.values(), INCLUDE))]
    for name, limit, most in limited([*schemas, *(each.schema for each in STEP_TYPES.values())]):
        if limit is None:
            assert ranges[name] == most, name
        else:
            value = getattr(LIMITS, limit)
            assert most == (value.total_seconds() if isinstance(value, timedelta) else value), name
            assert limit in WAYS


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
