"""The plan of a dry run: what is run, with which mocks and bounds, and the definitions as they are run."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from chalicelib.core.definitions.diagnostics import Suggestions
from chalicelib.core.definitions.model import Call, Definition, Outcome, StartChild, StepContext, StepType
from chalicelib.core.dryruns.mock import find_step, name_of, read_mocks
from chalicelib.core.dryruns.single_step import Given, begun, single_step
from chalicelib.core.executions.factory import submit
from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.model import Execution
from chalicelib.core.limits import LIMITS, beyond
from chalicelib.core.values.errors import DefinitionNotFoundError, InvalidError, InvalidInputError
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value
from chalicelib.ports import Definitions

if TYPE_CHECKING:
    from chalicelib.core.executions.estimate import EstimatedCost

SUFFIX = "dry-run"
"""How the id of the execution ends."""

TURNS = LIMITS.dry_run_turns
SECONDS = LIMITS.dry_run_seconds
SIZE = LIMITS.dry_run_size


@value
class DryRunPlan:
    """What is run in a dry run: a definition or one step, an input, and mocks."""

    tenant_id: str
    definition_id: str
    version: int
    input: Json = None
    """Of one step, null need not pass `inputSchema`."""
    mocks: Json = field(default_factory=dict)
    started_by: str | None = None
    step: str | None = None
    """The path, or the id, of the only step to run; None: all."""
    given: Given = field(default_factory=Given)
    """What that step finds."""


@value
class Bounds:
    """Bounds of a dry run: turns, time, size."""

    turns: int = TURNS
    seconds: float = SECONDS
    size: int = SIZE

    def unended(self, place: str, *, is_late: bool) -> str:
        """Say of a dry run that is at a place that it takes too many turns, or too long."""
        bound = f"{self.seconds:g} seconds" if is_late else f"{self.turns:,} turns"
        limit = "dry_run_seconds" if is_late else "dry_run_turns"
        return beyond(limit, f"it has not ended after {bound}: now at {place}. Does it go round for ever?")

    def too_large(self) -> str:
        """Say of a dry run that too much came of it."""
        return beyond("dry_run_size", f"its history and calls have more than {self.size:,} bytes")


@value
class DryRun:
    """The result of a dry run, as JSON values."""

    state: str
    """Of the execution: ``StepStarted`` of one that waits for what is ``unanswered``; of one step that leads to another
    one, its own: ``StepSucceeded``, ``StepFailed`` (and caught) or ``StepSkipped``."""
    output: Json
    error: Json
    stash: dict[str, Json]
    elapsed: float
    """Seconds that it would have taken, had everything outside been answered at once."""
    calls: list[dict[str, Json]]
    """``{step, kind, params, key, attempt}`` of each call that was answered, child executions included."""
    unanswered: list[dict[str, Json]]
    """``{step, for, params}`` of what it waits for at the end."""
    history: list[dict[str, Json]]
    path: list[str]
    """The steps in the order in which they began, once for all attempts."""
    next: str | None = None
    """The path of the step to which the only step leads; None: it is the end of its list."""
    cost: "EstimatedCost | None" = None
    """What the run would cost, with its child executions; None: of one step that is not told."""

    def json(self, *, one: bool) -> dict[str, Json]:
        """Write it as the API answers it; of one step with where it leads."""
        from chalicelib.core.executions.estimate import Estimate  # noqa: PLC0415 - few requests run anything

        body: dict[str, Any] = {
            "state": self.state,
            "output": self.output,
            "error": self.error,
            "stash": self.stash,
            "elapsedSeconds": self.elapsed,
            "calls": self.calls,
            "unanswered": self.unanswered,
            "history": self.history,
            "path": self.path,
        }
        estimate = None if self.cost is None else Estimate(self.cost, self.cost).as_json()
        return {**body, "next": self.next} if one else {**body, "estimate": estimate}


class _Mocked:
    """A `workflow` step whose execution is not run: it makes a call instead."""

    name = "workflow"

    def __init__(self, original: StepType) -> None:
        self.original = original
        self.schema = original.schema

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Describe the execution that would be started."""
        start = self.original.run(params, context)
        if not isinstance(start, StartChild):
            return start
        version: dict[str, Json] = {} if start.version is None else {"version": start.version}
        body: dict[str, Json] = {"definition": start.definition, **version, "input": start.input, "wait": start.wait}
        return Call(self.name, body)


class Stage:
    """The definitions of a dry run, with mocks where executions would start; of its own, perhaps one step only."""

    def __init__(self, definitions: Definitions, plan: DryRunPlan) -> None:
        self.definitions = definitions
        self.plan = plan
        self.tested = definitions.get(plan.tenant_id, plan.definition_id, plan.version)
        self.step = None if plan.step is None else self.find(plan.step)
        self.mocks = read_mocks(plan.mocks, self.tested, self.versions)
        self.made: dict[tuple[str, int], Definition] = {}

    def newest(self, tenant_id: str, definition_id: str) -> int:
        """Tell the newest version."""
        return self.definitions.newest(tenant_id, definition_id)

    def get(self, tenant_id: str, definition_id: str, version: int) -> Definition:
        """Answer a version as it is to be run."""
        key = definition_id, version
        if key not in self.made:
            found = self.definitions.get(tenant_id, definition_id, version)
            if self.step is not None and key == (self.plan.definition_id, self.plan.version):
                found = single_step(found, self.step)
            steps = {
                path: copy_with(step, type=_Mocked(step.type))
                for path, step in found.steps.items()
                if step.type.name == _Mocked.name and name_of(self.tested, definition_id, path) in self.mocks
            }
            self.made[key] = copy_with(found, steps={**found.steps, **steps})
        return self.made[key]

    def find(self, name: str) -> str:
        """Find the step that is to be run alone."""
        found = find_step(self.tested, name)
        if isinstance(found, str):
            return found
        if found:
            raise InvalidError(f"several steps have the id {name!r}: write one of {', '.join(found)}")
        raise InvalidError(f"{self.tested.id} has no step {name!r}{Suggestions()(name, self.tested.steps)}")

    def versions(self, definition_id: str) -> Sequence[Definition]:
        """Find the versions of another definition that can be run: the newest, and those that steps name."""
        sources = [step.params.source for step in self.tested.steps.values() if step.type.name == _Mocked.name]
        named = [each for each in sources if isinstance(each, dict) and each.get("definition") == definition_id]
        pinned = {version for each in named if isinstance(version := each.get("version"), int)}
        tenant = self.plan.tenant_id
        try:
            newest = self.definitions.newest(tenant, definition_id)
            return [self.definitions.get(tenant, definition_id, n) for n in [newest, *sorted(pinned - {newest})]]
        except DefinitionNotFoundError:
            return ()

    def submitted(self, start: datetime) -> Execution:
        """Make the execution of the dry run, as submitted."""
        plan = self.plan
        blank = Execution(
            id=str(ExecutionId(plan.tenant_id, plan.definition_id, SUFFIX)),
            tenant_id=plan.tenant_id,
            definition_id=plan.definition_id,
            definition_version=plan.version,
            nonce=SUFFIX,
            input=plan.input,
            started_at=start,
            threads={},
            started_by=plan.started_by,
        )
        if self.step is None:
            return submit(self.tested, blank)
        if plan.input is not None:
            given, problems = self.tested.input_schema.accept(plan.input)
            if problems:
                raise InvalidInputError(problems=problems)
            blank = copy_with(blank, input=given)
        return begun(self.tested, self.step, blank, plan.given)
