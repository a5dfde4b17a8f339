"""Definitions for the simulation, with step types that the engine must bear but no definition file can name yet."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from chalicelib.core.definition import parse
from chalicelib.core.errors import StepError
from chalicelib.core.model import Branch, Definition, Fork, Outcome, Perform, Step, StepContext, StepType, Succeed
from chalicelib.core.schema import compile_schema
from chalicelib.core.template import compile_template
from chalicelib.core.values import Json
from chalicelib.reader import read_yaml
from chalicelib.steps import STEP_TYPES
from chalicelib.steps.echo import Echo
from chalicelib.steps.wait import Wait

ANYTHING = compile_schema(True)


@dataclass(frozen=True)
class Call:
    """Has an effect."""

    name: str = "call"
    schema: Mapping[str, Json] = field(default_factory=dict)

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        return Perform(self.name, dict(params))


@dataclass(frozen=True)
class Split:
    """Forks a thread for each of its lists of steps."""

    name: str = "split"
    schema: Mapping[str, Json] = field(default_factory=dict)

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        return Fork({name: Branch(first, context.incoming) for name, first in context.scopes.items()})


@dataclass(frozen=True)
class Limit:
    """Ends a loop by failing, once it has gone round often enough."""

    name: str = "limit"
    schema: Mapping[str, Json] = field(default_factory=dict)

    def run(self, params: Mapping[str, Json], context: StepContext) -> Outcome:
        if params["rounds"] == params["most"]:
            raise StepError("round often enough", "Enough")
        return Succeed(context.incoming)


def step(path: str, kind: StepType, params: Json, then: str | None = None, **more: Any) -> Step:
    return Step(path, kind, compile_template(params), ANYTHING, then, **more)


def definition(name: str, *steps: Step) -> Definition:
    return Definition(name, steps[0].path, {each.path: each for each in steps}, ANYTHING)


CALL, REFUSE, SPLIT, LIMIT, ECHO, WAIT = Call(), Call("refuse"), Split(), Limit(), Echo(), Wait()
BEFORE: Json = {"before": "${output}", "input": "${input}", "stash": "${stash}"}

EXAMPLES = {
    file.stem: cast("dict[str, Any]", read_yaml(file.read_bytes(), 100_000)[0])
    for file in sorted(Path(__file__).parent.parent.glob("definitions/*.yaml"))
}
"""The definitions that sedo ships."""

INPUTS = {name: document["inputSchema"]["examples"][0] for name, document in EXAMPLES.items()}

SCENARIOS = {name: parse(document, STEP_TYPES) for name, document in EXAMPLES.items()} | {
    scenario.id: scenario
    for scenario in (
        definition(
            "pure",
            step("one", ECHO, {"message": "${input}"}, "two", stash="kept"),
            step("two", ECHO, {"message": {"again": "${output}"}}, "three"),
            step("three", ECHO, {"message": "${stash.kept}"}, "four"),
            step("four", ECHO, {"message": "${output}"}, "five"),
            step("five", ECHO, {"message": "${output}"}),
        ),
        definition(
            "waits",
            step("first", ECHO, {"message": "hello"}, "a-while"),
            step("a-while", WAIT, {"seconds": 45}, "last"),
            step("last", ECHO, {"message": "${output} again"}),
        ),
        definition(
            "three-days",
            step("long", WAIT, {"seconds": 3 * 24 * 3600}, "call"),
            step("call", CALL, BEFORE),
        ),
        definition(
            "calls",
            step("one", CALL, BEFORE, "two", stash="first"),
            step("two", CALL, BEFORE, "three"),
            step("three", ECHO, {"message": {"of": "${output}", "at": "${execution.id}"}}, "four"),
            step("four", CALL, BEFORE),
        ),
        definition(
            "echo-then-call",
            step("one", ECHO, {"message": "${input}"}, "two"),
            step("two", CALL, BEFORE),
        ),
        definition(
            "fork",
            step("begin", CALL, BEFORE, "both"),
            step("both", SPLIT, {}, "end", scopes={"left": "both/left/one", "right": "both/right/one"}),
            step("both/left/one", CALL, BEFORE, "both/left/two", stash="seen"),
            step("both/left/two", WAIT, {"seconds": 30}, "both/left/three"),
            step("both/left/three", CALL, BEFORE),
            step("both/right/one", ECHO, {"message": "${output}"}, "both/right/two"),
            step("both/right/two", CALL, BEFORE, "both/right/three"),
            step("both/right/three", CALL, BEFORE),
            step("end", CALL, BEFORE),
        ),
        definition(
            "rounds",
            step("both", SPLIT, {}, "count", scopes={"left": "both/left/one", "right": "both/right/split"}),
            step("both/left/one", CALL, BEFORE),
            step(
                "both/right/split",
                SPLIT,
                {},
                None,
                scopes={"a": "both/right/split/a/one", "b": "both/right/split/b/one"},
            ),
            step("both/right/split/a/one", WAIT, {"seconds": 5}),
            step("both/right/split/b/one", CALL, {"input": "${input}"}),
            step("count", ECHO, {"message": "${add(stash.rounds || `0`, `1`)}"}, "again", stash="rounds"),
            step("again", LIMIT, {"rounds": "${stash.rounds}", "most": 3}, "both"),
        ),
        definition(
            "uneven",
            step("both", SPLIT, {}, None, scopes={"left": "both/left/one", "right": "both/right/one"}),
            step("both/left/one", ECHO, {"message": 1}, "both/left/two"),
            step("both/left/two", ECHO, {"message": 2}, "both/left/three"),
            step("both/left/three", ECHO, {"message": 3}, "both/left/four"),
            step("both/left/four", ECHO, {"message": 4}, "both/left/five"),
            step("both/left/five", CALL, BEFORE),
            step("both/right/one", CALL, BEFORE, "both/right/two"),
            step("both/right/two", CALL, BEFORE),
        ),
        definition(
            "refused",
            step("both", SPLIT, {}, None, scopes={"left": "both/left/one", "right": "both/right/one"}),
            step("both/left/one", WAIT, {"seconds": 5}, "both/left/two"),
            step("both/left/two", REFUSE, {}),
            step("both/right/one", CALL, {}, "both/right/two"),
            step("both/right/two", WAIT, {"seconds": 7200}),
        ),
    )
}
