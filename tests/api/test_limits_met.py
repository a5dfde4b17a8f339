"""Limits that are cheap to meet: at its value all is well, and one more comes to what docs/limits.md says of it.

Its message has the value, and the name of the limit with the way around it.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.core.limits import LIMITS
from chalicelib.core.values.json import Json
from chalicelib.core.ways_around import WAYS
from tests.application import PROJECT, Sedo, T

DEFINITIONS = f"{T}/definitions"
STEP: Json = {"id": "a", "type": "succeed"}
SAID = dict(re.findall(r"^\| `(\w+)` \|(.*)$", (PROJECT / "docs" / "limits.md").read_text(), re.MULTILINE))


def nested(count: int, made: Callable[[Any], Json], inner: Json) -> Json:
    for _ in range(count):
        inner = made(inner)
    return inner


def filled(document: dict[str, Json], name: str, size: int) -> dict[str, Json]:
    """Fill a member up until the JSON has so many bytes."""
    room = size - len(json.dumps({**document, name: ""}, separators=(",", ":")))
    return {**document, name: "x" * room}


def mapped(steps: Any) -> Json:
    return [{"id": "m", "type": "map", "items": [1], "steps": steps}]


def schema(**members: Json) -> dict[str, Json]:
    return {"steps": [STEP], "inputSchema": members}


OF_DEFINITIONS: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "definition_steps": lambda n: {"steps": [{"id": f"s{k}", "type": "echo", "message": k} for k in range(n)]},
    "definition_lists": lambda n: {"steps": nested(n - 1, mapped, [STEP])},
    "longest_time": lambda n: {"steps": [{"id": "w", "type": "wait", "seconds": n}, STEP]},
    "schema_bytes": lambda n: schema(**filled({}, "title", n)),
    "schema_depth": lambda n: {"steps": [STEP], "inputSchema": nested(n - 1, lambda each: {"not": each}, {})},
    "schema_subschemas": lambda n: schema(properties={f"p{k}": {} for k in range(n - 1)}),
    "schema_patterns": lambda n: schema(properties={f"p{k}": {"pattern": f"a{k}"} for k in range(n)}),
    "schema_unique_items": lambda n: schema(type="array", uniqueItems=True, maxItems=n),
    "pattern_chars": lambda n: schema(pattern="a" * n),
    "expression_bytes": lambda n: {
        "steps": [{"id": "a", "type": "echo", "message": "${" + "input.".ljust(n, "a") + "}"}]
    },
}
OF_STEPS: Mapping[str, Callable[[int], str]] = {
    "function_places": lambda n: f"round(`1.5`, `{n}`)",
    "function_format": lambda n: f"format_time('2026-01-31T09:00:00Z', '{'x' * n}')",
    "function_items": lambda n: f"length(range(`{n}`))",
}
OF_STARTS: Mapping[str, Callable[[int], bytes]] = {
    "value_depth": lambda n: b'{"input":' + b"[" * n + b"]" * n + b"}",
    "value_key_chars": lambda n: b'{"input":{"%s":1}}' % (b"k" * n),
    "number_digits": lambda n: b'{"input":%s}' % (b"9" * n),
    "version": lambda n: b'{"version":%d}' % n,
    "payload_bytes": lambda n: b'{"input":{"a":"%s"}}' % (b"x" * (n - 18)),
}
OF_QUERIES = {"page_items": "limit={}", "history_items": "limit={}", "wait_seconds": "wait={}"}
OF_EVENTS: Mapping[str, Callable[[int], Json]] = {
    "key_chars": lambda n: {"key": "k" * n},
    "event_kept_longest": lambda n: {"key": "k", "keepSeconds": n},
}


def value_of(name: str) -> int:
    limit = getattr(LIMITS, name)
    return int(limit.total_seconds()) if isinstance(limit, timedelta) else limit


def require_said(name: str, found: object, message: str) -> None:
    error = SAID[name].split("|")[2]
    assert re.search(rf"(?<![\w.]){re.escape(str(found))}\b", error), (name, found, error)
    assert str(value_of(name)) in message.replace(",", ""), message
    assert f"({name}): {WAYS[name][0].lower()}" in message


def require_refused(name: str, answer: Any) -> None:
    problem = answer.json_body
    messages = [problem["detail"], *(each["message"] for each in problem.get("errors", ()))]
    require_said(name, answer.status_code, max(messages, key=lambda each: name in each))


@pytest.mark.parametrize("name", OF_DEFINITIONS)
def test_a_definition_beyond_it_is_refused(sedo: Sedo, name: str) -> None:
    def create(n: int) -> Any:
        return sedo.ask("POST", DEFINITIONS, {"id": "d", **OF_DEFINITIONS[name](n)})

    assert create(value_of(name)).status_code == 201
    require_refused(name, create(value_of(name) + 1))


@pytest.mark.parametrize("name", OF_STEPS)
def test_a_step_beyond_it_fails(sedo: Sedo, name: str) -> None:
    steps: Json = [{"id": "a", "type": "echo", "message": "${eval}"}]

    def run(n: int) -> Any:
        made = json.loads(json.dumps(steps).replace("${eval}", "${" + OF_STEPS[name](n) + "}"))
        assert sedo.ask("POST", DEFINITIONS, {"id": "d", "steps": made}).status_code == 201
        answer = sedo.ask("POST", f"{DEFINITIONS}/d/test", {})
        assert answer.status_code == 200, answer.body
        return answer.json_body["error"]

    assert run(value_of(name)) is None
    error = run(value_of(name) + 1)
    require_said(name, error["name"], error["message"])


@pytest.mark.parametrize("name", OF_STARTS)
def test_a_start_beyond_it_is_refused(sedo: Sedo, name: str) -> None:
    assert sedo.ask("POST", DEFINITIONS, {"id": "d", "steps": [STEP]}).status_code == 201

    def start(n: int) -> Any:
        return sedo.ask("POST", f"{DEFINITIONS}/d/execute", OF_STARTS[name](n))

    assert start(value_of(name)).status_code in {200, 201, 404}, "a version that there is not"
    require_refused(name, start(value_of(name) + 1))


@pytest.mark.parametrize("name", OF_QUERIES)
def test_a_query_beyond_it_is_refused(sedo: Sedo, name: str) -> None:
    sedo.create()
    behind = {"wait_seconds": f"/{sedo.start()['id']}", "history_items": f"/{sedo.start()['id']}/history"}
    place = f"{T}/executions{behind.get(name, '')}"
    sedo.deliver()
    sedo.pass_time(3_600)
    require_refused(name, sedo.ask("GET", f"{place}?{OF_QUERIES[name].format(value_of(name) + 1)}"))
    if name != "wait_seconds":
        assert sedo.ask("GET", f"{place}?limit={value_of(name)}").status_code == 200


@pytest.mark.parametrize("name", OF_EVENTS)
def test_an_event_beyond_it_is_refused(sedo: Sedo, name: str) -> None:
    def publish(n: int) -> Any:
        return sedo.ask("POST", f"{T}/events/paid", OF_EVENTS[name](n))

    assert publish(value_of(name)).status_code in {200, 201, 202}
    require_refused(name, publish(value_of(name) + 1))


def test_a_reason_and_a_body_beyond_them_are_refused(sedo: Sedo) -> None:
    sedo.create()
    name = sedo.start()["id"]

    def pause(n: int) -> Any:
        return sedo.ask("POST", f"{T}/executions/{name}/pause", {"reason": "r" * n})

    require_refused("reason_chars", pause(LIMITS.reason_chars + 1))
    assert pause(LIMITS.reason_chars).status_code in {200, 202}
    body = json.dumps({"id": "d", "steps": [STEP]}).encode()
    assert sedo.ask("POST", DEFINITIONS, body.ljust(LIMITS.body_bytes)).status_code == 201
    require_refused("body_bytes", sedo.ask("POST", DEFINITIONS, body.ljust(LIMITS.body_bytes + 1)))
