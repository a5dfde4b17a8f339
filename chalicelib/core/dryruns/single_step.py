"""One step of a definition, with what is nested in it, as though it were all of it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from chalicelib.core.definitions.model import AnswerKind, Definition, Goto, Outcome, Step, StepContext, WaitForAnswer
from chalicelib.core.executions.factory import with_deadline
from chalicelib.core.executions.model import ROOT, Execution, Failure, Status, Thread
from chalicelib.core.expressions.template import compile_template
from chalicelib.core.schemas.schema import compile_schema
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value

BEYOND = "#"
"""Behind the path of a step: the place where an single_step ends instead of going on at that step."""


@value
class Given:
    """What a step that is run alone finds, beside the input."""

    incoming: Json = None
    stash: Mapping[str, Json] = field(default_factory=dict)
    item: Json = None
    index: int | None = None
    """None: it is in no `map`."""
    error: Failure | None = None


class _Beyond:
    """Stand still; but in an execution that the step itself has started, go on."""

    name = "beyond"
    schema: Mapping[str, Json] = {"type": "object"}

    def run(self, params: Mapping[str, Any], context: StepContext) -> Outcome:  # noqa: ARG002 - nothing is done with it
        """Wait for nobody, or go on at the step."""
        return WaitForAnswer(AnswerKind.CALLBACK) if params["parent"] is None else Goto(params["step"])


def single_step(definition: Definition, path: str) -> Definition:
    """Let a definition end wherever it leaves a step; executions of it that the step itself starts go on there.

    What a step of a nested list comes to is no output of the definition.
    """
    step = definition.steps[path]
    targets = {
        step.next,
        step.default,
        *(choice.next for choice in step.choices),
        *(catch.next for catch in step.catch),
    }
    cut = copy_with(
        step,
        next=_beyond(step.next),
        default=_beyond(step.default),
        choices=[copy_with(choice, next=f"{choice.next}{BEYOND}") for choice in step.choices],
        catch=[copy_with(catch, next=f"{catch.next}{BEYOND}") for catch in step.catch],
    )
    ends = {end.path: end for end in (_end(target) for target in targets if target is not None)}
    output = None if "/" in path else definition.output_schema
    return copy_with(definition, steps={**definition.steps, path: cut, **ends}, output_schema=output)


def begun(definition: Definition, path: str, blank: Execution, given: Given) -> Execution:
    """Make an execution as submitted from its header, whose first thread stands at a step."""
    now = blank.started_at
    root = Thread(
        ROOT,
        0,
        Status.READY,
        path,
        incoming=given.incoming,
        since=now,
        started_at=now,
        index=given.index,
        item=given.item,
        stash=given.stash,
        error=given.error,
    )
    return with_deadline(definition, copy_with(blank, threads={ROOT: root}, step=path))


def is_beyond(thread: Thread) -> bool:
    """Tell whether a thread has left the step that is run alone."""
    return thread.step.endswith(BEYOND)


def _beyond(target: str | None) -> str | None:
    return None if target is None else f"{target}{BEYOND}"


def _end(target: str) -> Step:
    params = compile_template({"parent": "${execution.parentId}", "step": target})
    return Step(f"{target}{BEYOND}", _Beyond(), params, compile_schema(True))  # noqa: FBT003 - a JSON Schema
