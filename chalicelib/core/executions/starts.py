"""What history says of the start of a step that somebody else does: what it got, and who does it."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from chalicelib.core.definitions.model import AnswerKind, Call, Definition, StartChild, WaitForAnswer
from chalicelib.core.executions.builder import size_of
from chalicelib.core.executions.factory import workflow_id
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.model import Execution, Thread
from chalicelib.core.executions.scope import outcome
from chalicelib.core.values.json import Json
from chalicelib.core.values.privacy import HIDDEN, without_private
from chalicelib.core.values.value import value

SHOWN_CREDENTIALS = frozenset({"type", "in", "name", "service", "region", "username"})
"""Members of ``auth`` that are no secrets."""

FORMS = frozenset({"inputSchema", "schema", "uiSchema"})
"""Parameters of what waits for an answer that stand where the answer is given, and would be most of a record."""


@value
class StepStart:
    """What the record of the start of a step says more."""

    about: Mapping[str, Json] = field(default_factory=dict)
    children: Sequence[str] = ()
    size: int = 0


NOTHING = StepStart()


def start_of(definition: Definition, execution: Execution, thread: Thread) -> StepStart:
    """Tell what a step gets that a thread is about to run: the same as it will, since nothing changes meanwhile."""
    steps = definition.steps
    if thread.step not in steps or not steps[thread.step].delegates:
        return NOTHING
    try:
        match outcome(definition, execution, thread):
            case Call(params=params):
                return _start(_without_secrets(params))
            case WaitForAnswer(what=what, params=params):
                shown = {name: param for name, param in params.items() if name not in FORMS}
                is_task = what is AnswerKind.TASK
                return _start(shown, task=task_id(execution.id, thread.id, thread.turn + 1) if is_task else None)
            case StartChild() as start:
                params = {"definition": start.definition, "input": start.input}
                params |= {} if start.version is None else {"version": start.version}
                params |= {} if start.wait else {"wait": False}
                return _start(params, children=[workflow_id(execution, thread, start)])
            case _:
                return NOTHING
    except Exception:  # noqa: BLE001 - the step fails with that when it runs
        return NOTHING


def _start(params: Json, task: str | None = None, children: Sequence[str] = ()) -> StepStart:
    about: dict[str, Json] = {"params": params} if params else {}
    return StepStart(about if task is None else {**about, "task": task}, children, size_of(params))


def _without_secrets(params: Json) -> Json:
    """Hide credentials that are written out: those that are secrets of the tenant are not put in yet."""
    if not isinstance(params, dict):
        return params
    hidden = {name: without_private(param) for name, param in params.items() if name.lower().endswith("headers")}
    if isinstance(auth := params.get("auth"), dict):
        hidden["auth"] = {name: said if name in SHOWN_CREDENTIALS else HIDDEN for name, said in auth.items()}
    return {**params, **hidden}
