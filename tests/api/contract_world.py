"""An application with one of everything, for calls of each operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from chalice.test import HTTPResponse

from chalicelib.core.records.incident import IncidentKind, of_execution
from chalicelib.core.values.json import Json
from chalicelib.wiring.graph import wiring
from tests.api.declared import OPERATIONS
from tests.application import Sedo

TASK: dict[str, Json] = {
    "id": "approve",
    "type": "task",
    "title": "Approve",
    "not": "eve",
    "inputSchema": {"type": "boolean"},
}
PAID: Json = {"id": "paid", "type": "event", "name": "paid", "schema": {"type": "integer"}}
ASK: Json = {"id": "ask", "type": "callback"}
BRANCHES: list[Json] = [{"id": name, "steps": [step]} for name, step in (("a", TASK), ("b", PAID), ("c", ASK))]
WAITING: Json = {"id": "waiting", "steps": [{"id": "all", "type": "parallel", "branches": BRANCHES}]}
SAY: Json = [{"id": "say", "type": "succeed"}]
ECHO: dict[str, Json] = {"id": "echo", "title": "Echo", "inputSchema": True, "steps": SAY}
YES: Json = {"answer": True}
MINE: Json = {"groups": ["sales"]}
KEY_REQUEST: Json = {"title": "job", "roles": ["viewer"]}
ONE: Json = {"starts": [{}]}
HOURLY: Json = {"definition": "echo", "every": "PT1H"}
NEEDED: Mapping[str, Json] = {"reassign_task": MINE, "execute_batch": ONE}
"""Bodies without which a request is refused, whatever it is about."""
WORK: Mapping[str, Json] = {"claim": {}, "release": {}, "reject": {}, "complete": YES, "reassign": MINE}
VALUES = {"read_value", "read_dry_run_value", "read_task_value"}
OF_PEOPLE = {f"{verb}_task" for verb in WORK} | {"list_tasks"}
"""Operations for which somebody has to be known even where everybody may ask."""
CALLBACKS = [f"{way}_{of}" for way in ("succeed", "fail", "keep") for of in ("step", "callback")]
OTHER = "0" * 64
UPLOAD = "0" * 32
UNKNOWN = {
    "FileName": "x.js",
    "UploadId": UPLOAD,
    "DefinitionId": "none",
    "ExecutionId": "123:waiting:none",
    "TaskId": "abc",
    "Token": "x",
    "EntryName": "none",
    "KeyId": "0" * 16,
    "IncidentId": "poison:none",
    "ScheduleName": "none",
}
NAMED_BY_CALLERS = {"EntryName", "KeyId", "ScheduleName"}
WITH_TOKEN = {
    name for name, operation in OPERATIONS.items() if {"callbackToken": []} in operation.declared.get("security", ())
}
"""Operations that take the token of a step in the header field Authorization."""


class World(Sedo):
    """The application with an execution that waits for everybody, one that succeeded, and one that was cancelled."""

    key = "0" * 16

    def __init__(self) -> None:
        super().__init__()
        for document in (ECHO, WAITING):
            self.call("create_definition", document)
        starts = [self.call("execute_definition", {}, DefinitionId=name) for name in ("waiting", "waiting", "echo")]
        self.waiting, self.over, self.done = (start.json_body["id"] for start in starts)
        self.call("cancel_execution", ExecutionId=self.over)
        self.deliver()
        waits = {wait["for"]: wait for wait in self.get(f"/executions/{self.waiting}")["waitingFor"]}
        self.task, self.token = waits["task"]["task"], waits["callback"]["token"]
        over = self.executions.read([self.over])[self.over]
        self.poison = of_execution(IncidentKind.POISON, over, self.clock.now(), "it died")
        wiring().dependencies.incidents.record(self.poison)

    def call(
        self,
        name: str,
        body: "Json | bytes" = b"",
        query: str = "",
        user: str = "ada",
        kind: str = "",
        fields: Mapping[str, str] = MappingProxyType({}),
        **path: str,
    ) -> HTTPResponse:
        """Ask as an operation of the contract says, with path parameters that are there; check the answer."""
        operation = OPERATIONS[name]
        known = {"TenantId": "123", "FileName": "start.js", "DefinitionId": "echo", "EventName": "paid"}
        known |= {"UploadPart": "1", "UploadId": UPLOAD, "TenantOrAll": "123", "EntryName": "mine", "KeyId": self.key}
        known |= {"ScheduleName": "hourly"}
        if hasattr(self, "upload"):
            known["UploadId"] = self.upload
        if hasattr(self, "token"):
            known |= {"ExecutionId": self.waiting, "TaskId": self.task, "Token": self.token}
            known |= {"TenantOrNobody": "123", "IncidentId": self.poison.key.id}
        address = operation.path
        for component, parameter in operation.path_names.items():
            address = address.replace(f"{{{parameter}}}", {**known, **path}[component])
        taken = next(iter(operation.body["content"])) if operation.body else "application/json"
        headers = {"Content-Type": kind or taken, "X-Sedo-User": user}
        headers |= {"Authorization": f"Bearer {self.token}"} if name in WITH_TOKEN else {}
        headers |= fields
        return self.ask(operation.method, address + query, body, headers)

    def begin_upload(self) -> None:
        self.upload = self.call("create_upload").json_body["id"]


Before = Callable[["World"], object]


@dataclass(frozen=True)
class Case:
    """A call, and the status with which it is answered."""

    name: str
    status: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    before: Before = lambda _: None


def case(name: str, status: int, before: Before = lambda _: None, **arguments: Any) -> Case:
    return Case(name, status, arguments, before)
