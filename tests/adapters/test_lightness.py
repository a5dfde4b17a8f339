import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from datetime import UTC, datetime

import chalicelib.engine.worker
from chalicelib.adapters.definitions import CachedDefinitions
from chalicelib.core.executions.decide import decide
from chalicelib.core.executions.inputs import StepDue
from chalicelib.core.executions.model import Driver, Execution
from chalicelib.core.executions.factory import submit
from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.steps import STEP_TYPES

DOCUMENT = {
    "id": "d",
    "outputSchema": {},
    "retry": [{"errors": ["*"]}],
    "steps": [
        {"id": "greet", "type": "echo", "message": "Hello ${ input.name }", "when": "input.name", "stash": "greeting"},
        {"id": "sort", "type": "choice", "choices": [{"when": "stash.greeting", "next": "ask"}], "default": "done"},
        {"id": "ask", "type": "http", "url": "https://example.com/${ input.name }", "body": "${ input }"},
        {"id": "done", "type": "succeed"},
    ],
}


WAITING = {
    "id": "w",
    "steps": [
        {"id": "paid", "type": "event", "name": "paid", "schema": {"type": "object"}, "when": "input.late"},
        {"id": "approve", "type": "task", "title": "Approve", "data": "${ input }", "inputSchema": {"type": "object"}},
    ],
}
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Stored:
    def version(self, tenant, name, number):
        return DefinitionRecord(tenant, name, number, {"d": DOCUMENT, "w": WAITING}[name], "digest", NOW)


def run(name, value):
    definition = CachedDefinitions(Stored(), STEP_TYPES, lambda: NOW).get("t", name, 1)
    execution, performed = submit(definition, Execution("t:d:1", "t", name, 1, "nonce", value, NOW, {})), None
    while performed is None and execution.threads["main"].status == "ready":
        due = StepDue("main", execution.threads["main"].turn)
        decision = decide(definition, execution, due, NOW, Driver("message", "request"))
        execution, performed = decision.execution, decision.call
    return execution.state, execution.step, performed and performed.params["url"]


print(*run("d", {"name": "Ada"}))
print(*run("w", {"name": "Ada"}))
print(*run("w", {"name": "Ada", "late": True}))
print(sorted({"jsonschema", "referencing", "re2", "rfc3339_validator", "yaml"} & set(sys.modules)))
"""


def test_running_a_stored_definition_loads_nothing_that_only_validates_or_reads_documents() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603 - Python itself
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "StepStarted ask https://example.com/Ada",
        "StepStarted approve None",
        "StepStarted paid None",
        "[]",
    ]
