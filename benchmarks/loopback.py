"""``python -m benchmarks.loopback``: an HTTP server that answers every GET with a small JSON document.

What is asked for below ``/flaky/`` is refused twice.

A process of its own, so that what it computes is not taken for the product's. It listens on a free port of the loopback
interface, writes the number of the port as its first line, and ends when its standard input does.
"""

import hashlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import IO, cast

from chalicelib.core.values.json import encode
from local.child import HOST


def answer(path: str) -> bytes:
    """Make the answer to a GET: another one for every path."""
    reference = hashlib.sha256(path.encode()).hexdigest()[:32]
    return encode({"status": "ok", "reference": reference, "acceptedAt": "2026-01-01T00:00:00Z"})


REFUSALS = 3
"""Every so manyth request below ``/flaky/`` is answered well."""

ASKED: Counter[str] = Counter()
"""How often something was asked for there."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer, whatever is asked for."""
        body = answer(self.path)
        ASKED[self.path] += self.path.startswith("/flaky/")
        self.send_response(200 if ASKED[self.path] % REFUSALS == 0 else 503)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing of it."""


@contextmanager
def serving() -> Iterator[str]:
    """Run the server for the length of a ``with`` block; its URL."""
    command = [sys.executable, "-m", "benchmarks.loopback"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        port = cast("IO[str]", process.stdout).readline().strip()  # it is a pipe
        yield f"http://{HOST}:{port}"
        process.communicate()


def main() -> None:
    """Serve until standard input ends."""
    with ThreadingHTTPServer((HOST, 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        print(server.server_address[1], flush=True)
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
