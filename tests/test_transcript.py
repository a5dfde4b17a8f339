import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib.core.values.json import parse_instant
from local.child import HOST, free_port
from tests.clients import ask_once, send_raw

PROJECT = Path(__file__).parents[1]
EXAMPLE = (PROJECT / "definitions" / "example-definition.yaml").read_text()
SHORT = EXAMPLE.replace("id: example-definition", "id: short-definition").replace("seconds: 45", "seconds: 2")
T = "/sedo/tenants/123"
STOP_SECONDS = 30
Start = Callable[[], "Sedo"]


class Sedo:
    """`python -m local`, as a process of its own."""

    def __init__(self, home: Path, python: Path) -> None:
        self.port = free_port()
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEDO_"))}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=PROJECT,
            env={
                **keep,
                "PORT": str(self.port),
                "SEDO_HOME": str(home),
                "SEDO_MINISTACK": str(python.with_name("ministack")),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def wait_until_ready(self) -> None:
        assert self.process.stdout
        seen = ""
        for line in self.process.stdout:
            seen += line
            if "sedo is ready" in line:
                return
        raise AssertionError(f"it ended before it was ready:\n{seen}")

    def ask(self, method: str, path: str, body: str = "", kind: str = "application/json") -> tuple[int, Any]:
        status, _, content = ask_once(f"{HOST}:{self.port}", method, path, body.encode(), {"Content-Type": kind})
        return status, json.loads(content)

    def create(self, text: str) -> tuple[int, Any]:
        return self.ask("POST", T + "/definitions", text, "application/yaml")

    def execute(self, definition: str, value: object) -> tuple[int, Any]:
        return self.ask("POST", f"{T}/definitions/{definition}/execute", json.dumps({"input": value}))

    def send(self, raw: bytes) -> tuple[int, str, Any]:
        """Send bytes as they are: the status, the content type and the document of the answer."""
        status, headers, content = send_raw(f"{HOST}:{self.port}", raw)
        return status, headers["Content-Type"], json.loads(content)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode


@pytest.fixture
def start(tmp_path: Path, ministack_python: Path) -> Iterator[Start]:
    started: list[Sedo] = []

    def start() -> Sedo:
        started.append(Sedo(tmp_path, ministack_python))
        started[-1].wait_until_ready()
        return started[-1]

    yield start
    for sedo in started:
        sedo.stop()


def state_once(sedo: Sedo, path: str, states: set[str]) -> Any:
    """Ask again until an execution is in one of these states."""
    end = time.monotonic() + 20
    while (found := sedo.ask("GET", path + "?wait=1")[1])["state"] not in states:
        assert time.monotonic() < end, found
    return found


@pytest.mark.timeout(180)
def test_the_transcript_over_http_and_what_is_stored_outlives_a_restart(start: Start) -> None:
    sedo = start()
    assert sedo.ask("GET", "/sedo/health")[0] == 200
    status, created = sedo.create(EXAMPLE)
    assert (status, created["id"], created["tenantId"]) == (201, "example-definition", "123")
    assert sedo.create(SHORT)[0] == 201
    listed = sedo.ask("GET", T + "/definitions")[1]
    assert [definition["id"] for definition in listed] == ["example-definition", "short-definition"]

    status, problem = sedo.execute("short-definition", {})
    assert (status, problem["title"]) == (400, "input does not pass inputSchema validation")
    assert problem["detail"].startswith("'foo' is a required property")
    assert sedo.ask("GET", T + "/executions") == (200, [])

    began = time.monotonic()
    status, execution = sedo.execute("short-definition", {"foo": "bar"})
    assert status == 201
    assert execution["state"] in {"ExecutionSubmitted", "StepStarted"}  # a function may be as quick as the answer
    assert re.fullmatch(r"123:short-definition:[0-9a-f]{8}", execution["id"])
    path = f"{T}/executions/{execution['id']}"
    ended = state_once(sedo, path, {"ExecutionSucceeded", "ExecutionFailed"})
    seen = time.monotonic() - began
    took = (parse_instant(ended["endedAt"]) - parse_instant(ended["startedAt"])).total_seconds()
    assert 2 <= took <= seen + 0.1
    assert (ended["state"], ended["step"]) == ("ExecutionSucceeded", "last-echo")
    assert ended["output"] == "Hello bar, and hello again"
    history = sedo.ask("GET", path + "/history")[1]
    assert (history[0]["state"], history[-1]["state"], len(history)) == ("ExecutionSubmitted", ended["state"], 9)

    example = sedo.execute("example-definition", {"foo": "bar"})[1]
    waiting = state_once(sedo, f"{T}/executions/{example['id']}", {"StepStarted"})
    assert (waiting["step"], waiting["endedAt"]) == ("wait-some-time", None)
    assert sedo.stop() == 0

    again = start()
    assert again.ask("GET", path) == (200, ended)
    assert again.ask("GET", path + "/history") == (200, history)
    assert [listed["id"] for listed in again.ask("GET", T + "/executions")[1]] == [example["id"], execution["id"]]
    assert again.stop() == 0


def request(line: str, body: bytes = b"", kind: str = "application/json") -> bytes:
    head = f"{line} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n"
    return f"{head}Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.mark.timeout(120)
def test_bad_requests_are_answered_with_problem_documents(start: Start) -> None:
    sedo = start()
    refused = [
        (404, request("GET /")),
        (404, request("GET /sedo/nope")),
        (404, request(f"GET {T}/executions/123:a:b")),
        (405, request(f"FOO {T}/executions")),
        (405, request(f"PUT {T}/definitions", b"{}")),
        (400, request(f"POST {T}/definitions", b"\xff")),
        (400, request(f"POST {T}/definitions", b"id: \xff", "application/yaml")),
        (400, request(f"GET {T}/definitions/a%00b")),
        (413, request(f"POST {T}/definitions", b" " * 300_000)),
        (415, request(f"POST {T}/definitions", b"x", "text/plain")),
    ]
    for status, raw in refused:
        code, kind, document = sedo.send(raw)
        assert (code, kind) == (status, "application/problem+json"), (raw[:80], document)
        assert (document["status"], document["type"]) == (status, None)
        assert document["title"]
        assert document["detail"]
    assert sedo.ask("GET", T + "/definitions") == (200, [])
