"""Hooks of schemathesis: what it sends is about one tenant, and most of it about what is there."""

import itertools
import json
import os
from collections import defaultdict, deque
from functools import partial
from typing import Any
from zlib import crc32

import schemathesis

from chalicelib.core.records.payload import digest
from tests.fuzz.world import STEPS, TENANT, USER, definition, named

DEFINITIONS = "POST /sedo/tenants/{tenantId}/definitions"
EXECUTION = "GET /sedo/tenants/{tenantId}/executions/{id}"
BODIES: dict[str, Any] = {
    "/test": {},
    "/test/values": {},
    "/complete": {"answer": 7},
    "/{part}": b'{"input":7}',
    "/fail": {"name": "bank.Refused", "message": "It has no money."},
    "/execute": {"input": {"name": "Ada"}},
}
VALUES = {"/executions/{id}/values": "/input", "/tasks/{id}/values": "/data", "/test/values": "/output"}
"""What most executions, tasks and tests have."""
BETTER = {
    "/executions/{id}/events/{name}": "events",
    "/release": "claimed",
    EXECUTION: "watched",
    "/succeed": "succeed",
    "/fail": "fail",
    "/heartbeat": "heartbeat",
}
"""Executions that wait for an event, tasks that the caller has claimed, executions that nobody cancels, tokens."""
NAMES = {"callbacks": "token", "roles": "name", "bindings": "name"}
"""What the parameter of a path is called behind its part, where it is not ``id``."""
DROPPED = ("If-Match", "If-None-Match", "Idempotency-Key")
"""Headers with which a request to do something may do nothing."""

LONGEST = 1_100
"""Bytes of a text in the query, or in the header: several longer ones do not pass the door, which answers 431."""

started = itertools.count()
found: defaultdict[str, deque[str]] = defaultdict(partial(deque, maxlen=100))
"""Ids, tokens and hashes by the part of a path that they are for: the newest, named in turn, the last one first."""
for kind_of_id, those in json.loads(os.environ["FUZZ_FOUND"]).items():
    found[kind_of_id].extend(those)


@schemathesis.hook
def map_case(context: Any, case: Any) -> Any:
    """Let most requests meet something that is there, and most of those be ones that it takes.

    The same request has the same fate, as far as it can: Hypothesis gives up a run that it cannot repeat.
    """
    label = case.operation.label
    for texts in (case.query or {}, case.headers or {}):
        for name, given in [*texts.items()]:
            if isinstance(given, str) and len(given.encode(errors="replace")) > LONGEST:
                texts[name] = given[: LONGEST if texts is case.headers else 300]
    if case.meta is not None and not case.meta.generation.mode.is_positive:
        return case
    number = crc32(repr((label, case.path_parameters, case.query, case.body)).encode(errors="replace"))
    if "tenantId" in (case.path_parameters or {}):
        case.path_parameters["tenantId"] = TENANT
    if number % 4:
        _name(case, label, number)
    if number % 4 > 1:
        _fit(case, label, number)
    if label.endswith("/execute"):
        case.query = {name: given for name, given in (case.query or {}).items() if name != "wait"}
    return case


def _next(place: str) -> str:
    found[place].rotate()
    return found[place][0]


def _name(case: Any, label: str, number: int) -> None:
    """Name what is there."""
    for place in [*found]:
        if f"/{place}/{{" in label and found[place] and place != "events":
            case.path_parameters[NAMES.get(place, "id")] = _next(place)
    if "/events/{name}" in label:
        case.path_parameters["name"] = "sent"
    if label == DEFINITIONS:
        _give(case, definition(number // 2 % len(STEPS), f"Number {number}"))


def _fit(case: Any, label: str, number: int) -> None:
    """Ask for what can be done."""
    case.headers = {name: given for name, given in case.headers.items() if name not in DROPPED} | USER
    for end, body in BODIES.items():
        if label.endswith(end):
            _give(case, body)
    for end, pointer in VALUES.items():
        if label.endswith(end):
            case.query = {"at": pointer}
    for end, place in BETTER.items():
        if label.endswith(end) and found[place]:
            _answer(case, label, _next(place))
    if label.endswith("/executions/{id}/values") and found["hashes"] and number % 8 > 5:
        case.path_parameters["id"], case.query["sha256"] = _next("hashes").split(" ")
    elif label.endswith("/{part}"):
        case.path_parameters["part"] = 1
    elif label.endswith("/execute") and number % 8 > 5:
        _give(case, {"upload": _next("uploads")})


def _answer(case: Any, label: str, name: str) -> None:
    """Name an execution, a task or a token, where the operation has it."""
    if "/callbacks/" in label and "{token}" not in label:
        case.headers["Authorization"] = f"Bearer {name}"
    else:
        case.path_parameters["token" if "{token}" in label else "id"] = name


def _give(case: Any, body: Any) -> None:
    case.body = body
    case.media_type = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    for name in DROPPED:
        case.headers.pop(name, None)


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Keep the names of what was made or read."""
    if response.status_code not in {200, 201} or "json" not in response.headers.get("content-type", [""])[0]:
        return
    label, body = case.operation.label, response.json()
    if label == DEFINITIONS:
        found["definitions"].append(body["id"])
    elif label.endswith("/execute"):
        found["watched" if next(started) % 2 else "executions"].append(body["id"])
    elif label.endswith("/uploads"):
        found["uploads"].append(body["id"])
    elif label.startswith("PUT ") and (place := label.split("/")[-2]) in NAMES:
        found[place].append(body["name"])
    elif label.endswith("/claim"):
        found["claimed"].append(body["id"])
    elif label == EXECUTION and body.get("id") in found["watched"]:
        found["watched"].remove(body["id"])
        for place, name in named(body):
            found[place].append(name)
    elif label.endswith("/executions/{id}/values") and [*(case.query or {})] == ["at"]:
        found["hashes"].append(f"{case.path_parameters['id']} {digest(TENANT, response.content)}")
