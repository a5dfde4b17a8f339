"""The memory of executions that one function works on at a time: ``python -m tests.engine.memory_together SHAPE``.

A process for each shape, as in ``memory_shapes``; the server that calls reach is another one.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chalicelib.adapters.memory.stores import MemoryClock, MemoryQueue
from chalicelib.core.executions.model import State
from chalicelib.core.values.json import Json
from chalicelib.wiring import graph
from chalicelib.wiring.settings import Settings
from tests.engine.memory_shapes import highest
from tests.home import START

JSON = "application/json"
BATCH, MINUTE = 10, timedelta(seconds=60)


def main(shape: str) -> None:
    """Start ten executions, or one, and hand over what is in the queue in batches, until all has ended."""
    with server() as port:
        clock = MemoryClock(START)
        queue = MemoryQueue(clock)
        settings = Settings(http_hosts=["127.0.0.1"], reports_failures=True)
        wired = graph.in_memory(settings, inline_turns=200, clock=clock, queue=queue)
        definitions, service = wired.services.definitions, wired.services.executions
        for name, steps in SHAPES[shape].items():
            numbered = [{"id": f"s{n}", **step} for n, step in enumerate(steps)]
            definitions.create_definition("t", json.loads(json.dumps({"id": name, "steps": numbered}) % {"port": port}))
        before = highest()
        ids = [service.execute("t", "d", None)[0].id for _ in range(1 if shape.startswith("one") else BATCH)]
        while queue.messages:
            while visible := queue.visible()[:BATCH]:
                records = [record(queue.receive(message)) for message in visible]
                answer: Any = wired.worker.handle(records, f"request-{clock.now()}", MINUTE)
                left = {each["itemIdentifier"] for each in answer["batchItemFailures"]}
                queue.delete("work", sorted({each["messageId"] for each in records} - left))
            clock.sleep(60)
        found = [wired.dependencies.executions.get(name) for name in ids]
        ended = [each.output for each in found if each is not None and each.state is State.SUCCEEDED]
        sys.stdout.write(json.dumps({"taken": highest() - before, "outputs": ended}))


def record(message: Any) -> dict[str, Any]:
    """Write a message as Lambda hands it over."""
    return {
        "messageId": message.id,
        "body": message.body,
        "attributes": {"ApproximateReceiveCount": str(message.receives)},
        "receiptHandle": message.id,
        "eventSourceARN": "arn:aws:sqs:us-east-1:000000000000:work",
    }


class Answers(BaseHTTPRequestHandler):
    """Answers a text of so many millions of characters, or a list of as many objects."""

    def do_GET(self) -> None:
        kind, millions = self.path.strip("/").split("/")
        piece, media = (b"x" * 1_000_000, "text/plain") if kind == "text" else (b"{},".ljust(32) * 31_250, JSON)
        pieces = [piece] * int(millions)
        content = pieces if kind == "text" else [b"[", *pieces, b"{}]"]
        self.send_response(200)
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(sum(map(len, content))))
        self.end_headers()
        for each in content:
            self.wfile.write(each)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def server() -> Iterator[int]:
    """Run the server in a process of its own; lend its port."""
    command = [sys.executable, "-m", "tests.engine.memory_together", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - it is this program
        try:
            yield int((process.stdout or sys.stdin).readline())
        finally:
            process.terminate()


def serve() -> None:
    """Serve, and tell the port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as answers:
        sys.stdout.write(f"{answers.server_address[1]}\n")
        sys.stdout.flush()
        answers.serve_forever()


def get(megabytes: int, kind: str = "text", **more: Json) -> dict[str, Any]:
    """Make a step that is answered so much."""
    url = f"http://127.0.0.1:%(port)s/{kind}/{megabytes}"
    return {"type": "http", "url": url, "output": "${output.body}", **more}


LENGTH: dict[str, Any] = {"type": "transform", "output": "${length(output)}"}
WAIT: dict[str, Any] = {"type": "wait", "seconds": 60}


def beside(step: dict[str, Any], times: int) -> dict[str, Any]:
    """Make branches of one step each, which run at the same time."""
    return {"type": "parallel", "branches": [{"id": f"b{n}", "steps": [{"id": "c", **step}]} for n in range(times)]}


SHAPES: Mapping[str, Mapping[str, list[dict[str, Any]]]] = {
    "answers of calls": {"d": [get(16), LENGTH]},
    "what is read again": {"d": [get(16), WAIT, LENGTH]},
    "several calls of each": {"d": [beside(get(7), 4), LENGTH]},
    "one, several calls": {"d": [beside(get(16), 7), LENGTH]},
    "one, calls of small values": {"d": [beside(get(16, "objects", output="${length(output.body)}"), 8), LENGTH]},
    "one, small values kept": {"d": [beside(get(16, "objects"), 8)]},
    "child executions": {
        "d": [{"type": "workflow", "definition": "child"}, LENGTH],
        "child": [{"type": "transform", "output": "${join('', ['x', 'y'])}"}, get(16)],
    },
}

if __name__ == "__main__":
    serve() if sys.argv[1] == "serve" else main(sys.argv[1])
