"""What is there before the first request of a run: executions in every state, tasks, tokens, uploads."""

import json
from typing import Any
from urllib.parse import urlsplit

from tests.clients import ask_once

TENANT, USER = "fuzzed", {"X-Sedo-User": "ada", "X-Sedo-Groups": "sales"}
BASE = f"/sedo/tenants/{TENANT}"
STEPS: tuple[list[dict[str, Any]], ...] = (
    [{"id": "say", "type": "echo", "message": "${input}", "stash": "said"}],
    [{"id": "rest", "type": "wait", "seconds": 3600}],
    [{"id": "ask", "type": "callback", "heartbeatSeconds": 3600}],
    [{"id": "paid", "type": "event", "name": "paid", "key": "${execution.id}"}],
    [{"id": "approve", "type": "task", "title": "Approve", "groups": ["sales"], "data": "${input}"}],
    [{"id": "no", "type": "fail", "error": "No", "cause": "${input}"}],
    [{"id": "each", "type": "map", "items": [1, 2], "steps": [{"id": "a", "type": "echo", "message": "${item}"}]}],
    [{"id": "sent", "type": "event", "name": "sent"}],
)
"""Of definitions that call nothing outside."""
ACCESS = {
    "roles": {"title": "Looks", "rules": [{"kinds": ["executions"], "verbs": ["read"], "names": ["*"]}]},
    "bindings": {"role": "viewer", "subjects": ["bob"]},
}
"""By the part of a path, what is put there."""
OF_EACH = 16


def definition(kind: int, title: str) -> dict[str, Any]:
    """Make a definition of a kind."""
    return {"id": f"fuzzed-{kind}", "title": title, "steps": STEPS[kind]}


def made(url: str) -> dict[str, list[str]]:
    """Make what is there; answer its ids and tokens by the part of a path that they are for."""
    host = urlsplit(url).netloc

    def ask(method: str, path: str, body: Any = None) -> Any:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
        fields = {**USER, "Content-Type": kind}
        status, _, text = ask_once(host, method, BASE + path, None if body is None else content, fields)
        assert status < 300, text
        return json.loads(text) if text else None

    found: dict[str, list[str]] = {"definitions": [], "uploads": []}
    for kind in range(len(STEPS)):
        found["definitions"].append(ask("POST", "/definitions", definition(kind, "Before the run"))["id"])
    started = [
        ask("POST", f"/definitions/{name}/execute", {"input": {"name": "Ada"}})["id"]
        for name in found["definitions"] * OF_EACH
    ]
    half = len(started) // 2
    found["executions"] = started[:half]  # some of them will be cancelled, and what they wait for with them
    for _ in range(OF_EACH):
        upload = ask("POST", "/uploads")["id"]
        ask("PUT", f"/uploads/{upload}/1", b'{"input":7}')
        found["uploads"].append(upload)
    for each in started[half:]:
        execution = ask("GET", f"/executions/{each}")
        while execution["state"] in {"ExecutionSubmitted", "ExecutionStarted"}:
            execution = ask("GET", f"/executions/{each}?wait=1")
        for place, name in named(execution):
            found.setdefault(place, []).append(name)
    tasks, tokens = found["tasks"], found["callbacks"]
    found["tasks"], found["claimed"] = tasks[::2], [ask("POST", f"/tasks/{each}/claim")["id"] for each in tasks[1::2]]
    for number, place in enumerate(("callbacks", "succeed", "fail", "heartbeat")):
        found[place] = tokens[number::4]  # an answer uses a token up
    found["keys"] = [ask("POST", "/keys", {"title": f"Key {n}", "roles": ["viewer"]})["id"] for n in range(OF_EACH)]
    for place, content in ACCESS.items():
        found[place] = [ask("PUT", f"/{place}/of-{n}", content)["name"] for n in range(OF_EACH)]
    return found


def named(execution: Any) -> list[tuple[str, str]]:
    """Name what an execution waits for, each with the part of a path that it is for."""
    waits = execution.get("waitingFor", [])
    return [
        *(("callbacks", wait["token"]) for wait in waits if "token" in wait),
        *(("tasks", wait["task"]) for wait in waits if "task" in wait),
        *(("events", execution["id"]) for wait in waits if wait.get("name") == "sent" and "id" in execution),
    ]
