"""An execution as JSON: all about it, what it waits for, and what can be asked of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

from chalicelib.api.why import Explanation
from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.builder import index_of
from chalicelib.core.executions.factory import living
from chalicelib.core.executions.identity import task_id
from chalicelib.core.executions.inputs import (
    CancelRequested,
    PauseRequested,
    RedriveRequested,
    Requested,
    ResumeRequested,
)
from chalicelib.core.executions.listing import Summary, summary_of
from chalicelib.core.executions.model import Execution, Status, Thread
from chalicelib.core.executions.preconditions import problem
from chalicelib.core.executions.progress import progress
from chalicelib.core.executions.waiting import AnswerWait, ChildrenWait, RetryWait, TimerWait
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.shown import shown_values
from chalicelib.core.values.actions import Refused, actions_json, nothing_refused
from chalicelib.core.values.json import Json, encode, format_instant
from chalicelib.core.waits.task import Task, summary_json
from chalicelib.usecases.execution_details import Details

TokenMaker: TypeAlias = Callable[[str, str, int], str]
"""Makes the callback token of an execution's thread at a turn."""

LISTED = LIMITS.answer_listed
LISTED_BYTES = LIMITS.answer_listed_bytes

ACTIONS: Mapping[str, type[Requested]] = {
    "cancel": CancelRequested,
    "pause": PauseRequested,
    "resume": ResumeRequested,
    "redrive": RedriveRequested,
}


def summary_view(summary: Summary) -> dict[str, Json]:
    """Write the header of an execution."""
    return {
        "id": summary.id,
        "tenantId": summary.tenant_id,
        "definitionId": summary.definition_id,
        "version": summary.definition_version,
        "state": str(summary.state),
        "step": summary.step,
        "startedAt": format_instant(summary.started_at),
        "endedAt": None if summary.ended_at is None else format_instant(summary.ended_at),
        "parentId": summary.parent_id,
        "startedBy": summary.started_by,
    }


def execution_view(
    execution: Execution, now: datetime, token: TokenMaker, details: Details, refused: Refused = nothing_refused
) -> dict[str, Json]:
    """Write all about an execution, what it waits for now, and what somebody can ask of it, or why not.

    What is ``refused`` to them is so whatever the execution says.
    """
    threads = [] if execution.ended else [t for t in execution.threads.values() if t.status is not Status.OVER]
    explanation = Explanation(execution, now, details)
    why = explanation.threads()
    return {
        **_header(execution),
        "reason": execution.reason,
        "why": explanation.whole(),
        "cost": {**execution.cost.as_json(), "steps": {**execution.cost.by_step(execution.step)}},
        "attributes": dict(execution.attributes),
        **shown_values(execution),
        **_lists(
            threads=(_thread(execution, thread, details) | {"why": why[thread.id]} for thread in threads),
            waitingFor=(waits for thread in threads for waits in _waiting(execution, thread, now, token, details)),
        ),
        "actions": _actions_with_outlook(execution, refused, details),
    }


def concealed_view(execution: Execution, hidden: str, refused: Refused) -> dict[str, Json]:
    """Write of an execution what those see who may ask something of it and not read it; ``hidden`` says why."""
    return {
        **_header(execution),
        "reason": None,
        "cost": None,
        "attributes": {},
        **dict.fromkeys(shown_values(execution)),
        "threads": [],
        "waitingFor": [],
        "hidden": hidden,
        "actions": _actions(execution, refused),
    }


def _header(execution: Execution) -> dict[str, Json]:
    return {
        **summary_view(summary_of(execution)),
        "deadline": None if execution.deadline is None else format_instant(execution.deadline),
        "paused": execution.paused,
        "pausedAt": None if execution.paused_at is None else format_instant(execution.paused_at),
        "stoppedBy": execution.stopped_by,
    }


def _lists(**lists: Iterable[Json]) -> dict[str, Json]:
    """Write of lists, by name, as much as an answer holds beside values, and how much more there is."""
    shown, omitted = dict[str, Json](), dict[str, Json]()
    for name, entries in lists.items():
        shown[name], omitted[name] = _beginning(entries)
    return {**shown, "omitted": omitted} if any(omitted.values()) else shown


def _beginning(entries: Iterable[Json]) -> tuple[list[Json], int]:
    """Take the beginning of a list, and count the rest."""
    found, rest, room = list[Json](), 0, LISTED_BYTES
    for entry in entries:
        room -= len(encode(entry)) if not rest else 0
        if rest or room < 0 or len(found) == LISTED:
            rest += 1
        else:
            found.append(entry)
    return found, rest


def _thread(execution: Execution, thread: Thread, details: Details) -> dict[str, Json]:
    index, come = index_of(execution, thread), progress(execution, thread, details.partitions)
    return {
        "id": thread.id,
        "step": thread.step,
        "status": thread.status.value,
        "turn": thread.turn,
        "attempt": thread.attempt,
        "startedAt": format_instant(thread.started_at),
        **({} if index is None else {"index": index}),
        **({} if come is None else {"progress": dict(vars(come))}),
    }


def _waiting(
    execution: Execution, thread: Thread, now: datetime, token: TokenMaker, details: Details
) -> Iterator[Json]:
    """Tell what moves a thread on: a timer, executions that it started, somebody's answer, or a message in flight."""
    about: dict[str, Json] = {"thread": thread.id, "step": thread.step}
    match thread.wait:
        case AnswerWait(what=what, until=until) as wait:
            yield {**about, "for": what.value, **_asked(execution, thread, wait, token, details), **_due(until, now)}
        case TimerWait(until):
            yield {**about, "for": "timer", **_due(until, now)}
        case RetryWait(until) as wait:
            yield {**about, "for": "retry", **_due(until, now), **_retry(thread, wait)}
        case ChildrenWait():
            yield from ({**about, "for": "child", "execution": name} for name in living(execution, thread))
        case None if thread.status is Status.READY:
            yield {**about, "for": "resume" if execution.paused else "message"}
    if thread.deadline is not None and thread.status is not Status.READY:
        yield {**about, "for": "timeout", **_due(thread.deadline, now)}


def _due(until: datetime | None, now: datetime) -> dict[str, Json]:
    return {} if until is None else {"until": format_instant(until), "due": until <= now}


def _retry(thread: Thread, wait: RetryWait) -> dict[str, Json]:
    """Tell what is tried again, and after which error; of a wait that began before that was kept, nothing."""
    if not wait.attempts:
        return {}
    return {
        "attempt": thread.attempt + 1,
        "maxAttempts": wait.attempts,
        "policy": wait.policy,
        "error": {"name": wait.error, "message": wait.message},
    }


def _asked(
    execution: Execution,
    thread: Thread,
    wait: AnswerWait,
    token: TokenMaker,
    details: Details,
) -> dict[str, Json]:
    """Tell how to answer."""
    match wait.what:
        case AnswerKind.CALLBACK:
            return {"token": token(execution.id, thread.id, thread.visit)}
        case AnswerKind.EVENT:
            return {"name": wait.name, "key": wait.event_key or None}
        case AnswerKind.TASK:
            name = task_id(execution.id, thread.id, thread.turn)
            return {"task": name, **(_task(details.tasks[name]) if name in details.tasks else {})}


def _task(task: Task) -> dict[str, Json]:
    """Tell what is to be done, whose it is now, and who does it."""
    shown = summary_json(task)
    return {name: shown[name] for name in ("title", "assignees", "groups", "claimedBy", "dueAt", "overdue")}


def _actions_with_outlook(execution: Execution, refused: Refused, details: Details) -> dict[str, Json]:
    """Tell the same, and what a redrive does where the definition is known."""
    actions = _actions(execution, refused)
    redrive = actions["redrive"]
    if details.definition is not None and isinstance(redrive, dict) and redrive["possible"]:
        from chalicelib.api.outlook import Outlook  # noqa: PLC0415 - most executions have succeeded

        redrive |= Outlook(details.definition, execution).redrive()
    return actions


def _actions(execution: Execution, refused: Refused) -> dict[str, Json]:
    """Tell what can be asked of an execution, and of what cannot the reason."""
    return actions_json(lambda name: refused(name) or problem(execution, ACTIONS[name]), ACTIONS)
