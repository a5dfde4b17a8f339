from datetime import UTC, datetime
from typing import Any

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.parser import parse
from chalicelib.core.values.errors import (
    DefinitionNotFoundError,
)
from chalicelib.steps import STEP_TYPES
from chalicelib.usecases.dry_run_plan import Bounds, DryRun, DryRunPlan
from chalicelib.usecases.dry_runs import dry_run

START = datetime(2026, 1, 1, tzinfo=UTC)
EVER = "{id: again, type: choice, choices: [{when: '`true`', next: first}], default: last}, {id: last, type: succeed}"


class Definitions:
    """Definitions by id; the versions of one are its texts, in order."""

    def __init__(self, **texts: "str | list[str]") -> None:
        self.versions: dict[tuple[str, int], Any] = {}
        for name, given in texts.items():
            for version, text in enumerate([given] if isinstance(given, str) else given, 1):
                document: Any = read_yaml(text.encode(), 100_000)[0]
                self.versions[name, version] = parse({"id": name, **document}, STEP_TYPES)

    def newest(self, tenant_id: str, definition_id: str) -> int:
        versions = [version for name, version in self.versions if name == definition_id and tenant_id == "t"]
        if not versions:
            raise DefinitionNotFoundError
        return max(versions)

    def get(self, tenant_id: str, definition_id: str, version: int) -> Any:
        if (definition_id, version) not in self.versions or tenant_id != "t":
            raise DefinitionNotFoundError
        return self.versions[definition_id, version]


def dry(text: str, mocks: Any = None, bounds: Bounds | None = None, more: Any = None, **plan: Any) -> DryRun:
    definitions = Definitions(d=text, **(more or {}))
    return dry_run(definitions, DryRunPlan("t", "d", 1, mocks=mocks or {}, **plan), START, bounds=bounds)


def steps(found: DryRun, state: str = "StepSucceeded") -> list[Any]:
    return [record["step"] for record in found.history if record["state"] == state]


HTTP = "type: http, url: 'https://bank.example/charges', method: POST"
CHARGE = f"steps: [{{id: charge, {HTTP}, body: '${{input}}'}}]"
