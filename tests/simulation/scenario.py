"""Scenarios: workflows, what happens to them, and what is to come of it, as ``tests/scenarios/*.yaml`` tell it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from chalicelib.api.parsing import read_yaml
from chalicelib.core.definitions.grammar import CALL_KEYS
from chalicelib.core.definitions.model import Definition, Outcome, StepContext, call_of
from chalicelib.core.definitions.parser import parse
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.json import Json, parse_instant
from chalicelib.steps import STEP_TYPES
from tests.simulation.clients import Demand, Saying
from tests.simulation.settings import START, TENANT
from tests.simulation.world import World

TESTS = Path(__file__).parents[1]
REACHES_OUT = re.compile(r"\btype: (aws|callback|event|http|lambda|task)\b")
"""What a simulated world has no answer to, unless a scenario gives it."""
ENDS = {
    "ExecutionSucceeded": "ended succeeded",
    "ExecutionFailed": "ended failed",
    "ExecutionTimedOut": "ended timed-out",
    "ExecutionCancelled": "ended cancelled",
}


class CallStep:
    """Have an effect in the simulated world."""

    name = "call"
    schema: Mapping[str, Json] = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "description": "Which of the scenario's answers it gets."},
            "content": {"description": "What is performed: any JSON value."},
            **CALL_KEYS,
        },
        "additionalProperties": False,
    }

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        """Call what the parameters say."""
        return call_of(self.name, params)


@dataclass(frozen=True)
class Scenario:
    """A workflow, what happens to it, and what is to come of it; the fields are the keys of a file."""

    file: str
    title: str
    definition: Json
    """As a user posts it; its id is the name of the file."""
    definitions: Sequence[Json] = ()
    """Others beside it; one of an id that is there already is its next version."""
    input: Json = None
    name: str | None = None
    """The caller's own name for the execution."""
    answers: Mapping[str, Sequence[Mapping[str, Json]]] = field(default_factory=dict)
    """To `call` steps by their `name`, one for each time that such a step begins, the last one for all others:
    ``{"result": …}`` or ``{"error": …, "message": …}``, either with the ``seconds`` that it takes. Without any it is
    ``{"of": content}``. What it ``says`` later with the token it was handed: ``{"after": seconds, "result": …}``, or an
    ``error``, or ``heartbeat: true``."""
    requests: Sequence[Demand] = ()
    says: Sequence[Saying] = ()
    """What people and other systems say of themselves, all at their own times."""
    state: str = "ExecutionSucceeded"
    output: Json = None
    error: Mapping[str, Json] | None = None
    """Some of its members."""
    stash: Mapping[str, Json] | None = None
    """At the end, if it matters."""
    calls: int | None = None
    """How many an undisturbed run has, if it matters."""
    timeline: Sequence[str] | None = None
    """What an undisturbed run records."""
    children: Mapping[str, Any] = field(default_factory=dict)
    """What comes of child executions, by definition: some of their members; a list if there are several."""
    early: bool = False
    """Whether something ends while other threads still run, or by a time that faults can delay it past: what had been
    done by then differs from run to run."""
    otherwise: Sequence[Mapping[str, Json]] = ()
    """What may come of it instead where faults delay things."""

    @property
    def id(self) -> str:
        """The id of the definition."""
        return str(cast("dict[str, Json]", self.definition)["id"])

    @property
    def caller_name(self) -> str | None:
        """The name to start it under: who makes requests must know it."""
        return self.name or ("mine" if self.requests or self.says else None)

    @cached_property
    def parsed(self) -> Mapping[str, Definition]:
        """The definitions by id, later versions by ``id@version``."""
        versions: dict[str, list[Definition]] = {}
        for document in (self.definition, *self.definitions):
            parsed = parse(document, {**STEP_TYPES, "call": CallStep()})
            versions.setdefault(parsed.id, []).append(parsed)
        return {
            key if number == 1 else f"{key}@{number}": version
            for key, found in versions.items()
            for number, version in enumerate(found, 1)
        }


def read_scenario(name: str, text: bytes) -> Scenario:
    members = cast("dict[str, Any]", read_yaml(text, 100_000)[0])
    requests = [Demand(**request) for request in members.pop("requests", ())]
    says = [Saying(**saying) for saying in members.pop("says", ())]
    return Scenario(name, requests=requests, says=says, **members)


def example(file: Path) -> Scenario:
    """Make a scenario of a definition that sedo ships, which is to succeed."""
    document = cast("dict[str, Any]", read_yaml(file.read_bytes(), 100_000)[0])
    return Scenario(file.stem, document.get("title", file.stem), document, input=document["inputSchema"]["examples"][0])


SCENARIOS = {file.stem: read_scenario(file.stem, file.read_bytes()) for file in sorted(TESTS.glob("scenarios/*.yaml"))}
EXAMPLES = {
    file.stem: example(file)
    for file in sorted(TESTS.parent.glob("definitions/*.yaml"))
    if not REACHES_OUT.search(file.read_text(encoding="utf-8"))
}
ALL = EXAMPLES | SCENARIOS


def play(scenario: Scenario, name: str | None = None, *, kind: type[World] = World, **how: Any) -> World:
    """Let a world run a scenario to its end."""
    world = kind(scenario.parsed, answers=scenario.answers, **how)
    name = scenario.caller_name or name
    world.clients.execute(scenario.id, scenario.input, name, version=1)
    world.clients.demand(f"{TENANT}:{scenario.id}:{name}", scenario.requests)
    world.outsiders.say(f"{TENANT}:{scenario.id}:{name}", scenario.says)
    world.run()
    return world


def root_of(world: World) -> Execution:
    """Find the execution that the client started."""
    (root,) = (item for item in world.all() if item.parent is None)
    return root


def timeline(world: World, execution: Execution) -> list[str]:
    """Tell the history of an execution, a line for each record after the start."""
    records = world.records(execution)
    return [line(record) for record in records if record["state"] not in {"ExecutionSubmitted", "ExecutionStarted"}]


def line(record: Mapping[str, Any]) -> str:
    """Tell a record in a line."""
    at = elapsed(parse_instant(record["time"]) - START)
    thread = "/".join(record["thread"].split(".")[2::2]) or "main"
    step = record["step"].rpartition("/")[2]
    error = f" {record['error']['name']}" if record.get("error") else ""
    match record["state"]:
        case "ExecutionPaused":
            return f"{at} {thread} paused"
        case "ExecutionResumed" | "ExecutionRedriven" as state:
            return f"{at} {thread} {state.removeprefix('Execution').lower()}"
        case "TaskEscalated":
            return f"{at} {thread} {step} escalated"
        case "StepStarted":
            return f"{at} {thread} {step} started" + (f" attempt {record['attempt']}" if record["attempt"] > 1 else "")
        case "StepSucceeded" | "StepSkipped" | "StepFailed" as state:
            return f"{at} {thread} {step} {state.removeprefix('Step').lower()}{error}"
        case state:
            return f"{at} {thread} {ENDS[state]}{error if state == 'ExecutionFailed' else ''}"


def elapsed(time: timedelta) -> str:
    """Write a time since the start, in whole seconds: ``3d1h``, ``5m``, ``0s``."""
    seconds = int(time.total_seconds())
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("m", seconds // 60 % 60), ("s", seconds % 60))
    return "".join(f"{count}{unit}" for unit, count in units if count) or "0s"


def plain(value: Any) -> Any:
    """Leave out how often effects had been performed before."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key != "run"}
    return [plain(item) for item in value] if isinstance(value, list) else value
