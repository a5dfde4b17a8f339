"""The application in memory, with an execution that waits for everybody."""

import gc
import re
import sys
from dataclasses import fields
from pathlib import Path
from time import process_time
from typing import Any, NamedTuple

from chalice.test import HTTPResponse

from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.application import Sedo, T
from tests.hostile.case import DEFINITIONS, START, Case, definition

FORM: Json = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}
STEPS: list[Json] = [
    {"id": "approve", "type": "task", "title": "Approve", "inputSchema": FORM},
    {"id": "paid", "type": "event", "name": "paid", "schema": {"type": "integer"}},
    {"id": "ask", "type": "callback"},
]

NO_STORES = {
    *("names", "search", "entry_of", "clock", "parameters", "secrets", "health", "queue_depths", "room"),
    *("downloads", "audit"),
}
"""The adapters that keep nothing, or nothing but copies, and the audit, which tells of refusals, too."""

SECONDS = 1.0
"""Of CPU that one request may take."""
MEGABYTES = 64
"""Of memory that one request may take beside what the process has."""
YARDSTICK = 0.0125
"""Seconds of CPU that the yardstick takes on a machine at ease: where it takes more, so does all else."""


PROCESS = Path("/proc/self")
HIGHEST = re.compile("VmHWM:\\s+([0-9]+) kB")


class Measured(NamedTuple):
    """The answer to a request, and what it took."""

    answer: HTTPResponse
    seconds: float
    """Of CPU."""
    megabytes: float


class World(Sedo):
    """The application, and the names of what waits."""

    def __init__(self) -> None:
        super().__init__()
        branches: list[Json] = [{"id": f"b{number}", "steps": [step]} for number, step in enumerate(STEPS)]
        waiting = definition("waiting", [{"id": "all", "type": "parallel", "branches": branches}])
        for document in (definition("plain"), waiting):
            assert self.ask("POST", DEFINITIONS, document).status_code == 201
        self.execution = self.ask("POST", START.replace("plain", "waiting"), {"name": "it"}).json_body["id"]
        self.deliver()
        waits = {wait["for"]: wait for wait in self.get(f"/executions/{self.execution}")["waitingFor"]}
        self.upload = self.ask("POST", f"{T}/uploads").json_body["id"]
        self.task, self.token = waits["task"]["task"], waits["callback"]["token"]

    def send(self, case: Case) -> HTTPResponse:
        names = {"<execution>": self.execution, "<task>": self.task, "<token>": case.forge(self.token)}
        names["<upload>"] = self.upload
        path, headers = case.path, dict(case.headers)
        for name, value in names.items():
            path = path.replace(name, value)
            headers = {field: text.replace(name, value) for field, text in headers.items()}
        return self.ask(case.method, path, case.body, headers)

    def measure(self, case: Case) -> "Measured":
        """Send a request; tell its CPU and memory, too.

        CPU is in seconds of a machine at ease. What coverage adds to it is left out, and what the garbage of the
        requests before does.
        """
        tracer = sys.gettrace()
        sys.settrace(None)
        gc.freeze()
        before = _mark_memory()
        try:
            answer, seconds = self._timed(case)
            for _ in range(2):
                seconds = min(seconds, self._timed(case)[1]) if seconds >= SECONDS else seconds
            return Measured(answer, seconds, _highest_memory() - before)
        finally:
            gc.unfreeze()
            sys.settrace(tracer)

    def _timed(self, case: Case) -> tuple[HTTPResponse, float]:
        began = process_time()
        answer = self.send(case)
        spent = process_time() - began
        return answer, spent / max(1.0, _yardstick() / YARDSTICK) if spent >= SECONDS else spent

    def audited(self) -> list[Any]:
        """The statuses of all outcomes in the audits."""
        audit: Any = wiring()._adapters.audit  # noqa: SLF001 - the same
        said = [entry.said for entries in audit.entries.values() for entry in entries.values()]
        return [each["status"] for each in said if "status" in each]

    def everything(self) -> list[Any]:
        """All that is kept, or under way."""
        adapters: Any = wiring()._adapters  # noqa: SLF001 - all stores, and no other place has them
        stores = [getattr(adapters, each.name) for each in fields(adapters) if each.name not in NO_STORES]
        stores += [store.payloads for store in stores if hasattr(store, "payloads")]
        return [
            _copied({name: held for name, held in vars(store).items() if isinstance(held, dict)}) for store in stores
        ]


def _mark_memory() -> float:
    """Let the highest mark of this process begin anew, and tell what it has, in megabytes (proc(5), ``clear_refs``)."""
    if PROCESS.exists():
        (PROCESS / "clear_refs").write_text("5")
    return _highest_memory()


def _highest_memory() -> float:
    """Tell the highest mark in megabytes; 0 where the system has no such files."""
    if not PROCESS.exists():
        return 0.0
    return int(HIGHEST.findall((PROCESS / "status").read_text())[0]) / 1_000


def _yardstick() -> float:
    """Seconds of CPU for a piece of work that is always the same."""
    began, held = process_time(), {}
    for number in range(100_000):
        held[f"{number % 997}"] = number
    return process_time() - began


def _copied(held: Any) -> Any:
    """Copy dictionaries and lists; what they hold never changes."""
    if isinstance(held, dict):
        return {name: _copied(each) for name, each in held.items()}
    return [*map(_copied, held)] if isinstance(held, list) else held
