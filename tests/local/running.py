"""`python -m local` as a process of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import MappingProxyType
from typing import Any, Self

from local.child import HOST, free_port
from tests.clients import ask_once, ask_other

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
STOP_SECONDS = 30
JSON: Mapping[str, str] = MappingProxyType({"Content-Type": "application/json"})


class Sedo:
    """`python -m local` in a project: the small one of these tests, or sedo itself."""

    def __init__(
        self, home: Path, python: Path, port: object = None, project: Path = HERE / "project", **more: str
    ) -> None:
        self.port, self.project = port or free_port(), project
        self.log = home / "data" / "ministack.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=project,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PROJECT),
                "PORT": str(self.port),
                "SEDO_HOME": str(home),
                "SEDO_MINISTACK": str(python.with_name("ministack")),
                **more,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self.process.stdout
        self._printed = self.process.stdout
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._emptying = Thread(target=self._read, daemon=True)  # a process waits once nobody empties its full pipe
        self._emptying.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()
        self._emptying.join()
        self._printed.close()

    def _read(self) -> None:
        for line in self._printed:
            self._lines.put(line)
        self._lines.put(None)

    def read_until(self, text: str) -> str:
        seen = ""
        for line in iter(self._lines.get, None):
            seen += line
            if text in line:
                return seen
        raise AssertionError(f"it ended before it said {text!r}:\n{seen}")

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] = JSON
    ) -> tuple[int, Any]:
        asked = ask_once if self.project == PROJECT else ask_other
        status, _, text = asked(f"{HOST}:{self.port}", method, path, body, headers)
        return status, json.loads(text) if text else None

    def ask_until(self, path: str, key: str, value: object) -> None:
        while value not in self.ask("GET", path)[1][key]:
            assert self.process.poll() is None

    def stop(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        self.process.send_signal(number)
        said = self.rest()
        return self.process.returncode, said

    def rest(self) -> str:
        """Wait for its end, and read what it printed since."""
        self.process.wait(STOP_SECONDS)
        return "".join(iter(self._lines.get, None))

    def ministack_pid(self) -> int:
        return self._children()[0]

    def search_engine_pid(self) -> int:
        return self._children()[1]

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(each) for each in children]

    def ministack_port(self) -> int:
        environment = Path(f"/proc/{self.ministack_pid()}/environ").read_bytes().split(b"\0")
        (port,) = (each.partition(b"=")[2] for each in environment if each.startswith(b"GATEWAY_PORT="))
        return int(port)
