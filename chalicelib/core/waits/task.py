"""People's tasks: what one is, who may do what with it, and how it changes.

A task is what people see of a thread that waits for one of them. The turn of the execution decides whether an answer
counts; the task says who does it, and how it ended. A ``…_problem`` tells in words why a person may not do something,
or None.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import Any

from chalicelib.core.executions.model import State
from chalicelib.core.executions.waiting import people
from chalicelib.core.limits import LIMITS
from chalicelib.core.records.payload import Slot
from chalicelib.core.values.actions import Refused, actions_json, nothing_refused
from chalicelib.core.values.globs import matching
from chalicelib.core.values.json import Json, encode, format_instant, parse_instant, pointer
from chalicelib.core.values.value import copy_with, value

MAX_CHANGES = LIMITS.task_changes_bytes

SHOWN_VALUE = 200
"""Bytes of the value of a task that was not done in time, beside the task."""


class TaskStatus(StrEnum):
    """Whether a task is to be done, and how it ended."""

    OPEN = "open"
    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    """Nobody's answer is wanted any more."""


@value
class Task:
    """What a person is to do."""

    tenant_id: str
    id: str
    execution_id: str
    definition_id: str
    thread: str
    turn: int
    step: str
    """The path of the step."""
    created_at: datetime
    title: str
    description: str | None = None
    input_schema: Json = True
    """The JSON Schema of the answer."""
    ui_schema: Json = None
    data: Json = None
    """What to decide on."""
    assignees: tuple[str, ...] = ()
    """The users who may do it. With no groups either, anybody may."""
    groups: tuple[str, ...] = ()
    """The groups whose members may do it."""
    excluded: tuple[str, ...] = ()
    """The users who must not do it, whatever else allows them to: four eyes."""
    priority: int = 50
    """From 0 to 100, the most urgent."""
    due_at: datetime | None = None
    overdue: bool = False
    """Whether it was not done in time, and is now others' to do."""
    claimed_by: str | None = None
    claimed_at: datetime | None = None
    status: TaskStatus = TaskStatus.OPEN
    closed_at: datetime | None = None
    closed_by: str | None = None
    answer: Json = None
    reason: str | None = None
    """Why it was rejected."""
    definition_version: int = 0
    """0: it is not known."""
    if_overdue: Json = None
    """What happens if it is not done in time; None: nothing, or it is not known."""
    key: str | None = None
    """The caller's own name for the answer, by which a repeat of it is known."""
    changes: tuple[Mapping[str, Json], ...] = ()
    """Who claimed, released and reassigned it, oldest first, as the history of its execution shows it."""
    version: int = 1
    """Counts the writes; every transition is one."""
    listed_for: Sequence[str] = field(default=(), compare=False)
    """For whom its store lists it, as it was read."""


@value
class Person:
    """Somebody who does tasks."""

    user: str
    groups: frozenset[str] = frozenset()


@value
class TaskFilter:
    """Which tasks a list holds: those to which all of this applies."""

    status: TaskStatus = TaskStatus.OPEN
    user: str | None = None
    groups: Sequence[str] = ()
    """With ``user``: assigned to the user or to one of the groups, or claimed by the user."""
    open_to: str | None = None
    """A user whom the task does not keep out (``not``)."""
    definition: str | None = None
    execution: str | None = None
    claimed_by: str | None = None
    unclaimed: bool = False
    overdue: bool = False
    min_priority: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    """Both instants of their creation are among those that are wanted."""
    oldest_first: bool = False
    names: frozenset[str] | None = None
    """Patterns of the ids of definitions whose tasks may be seen; None: all."""

    def takes(self, task: Task) -> bool:
        """Tell whether a task is one of them."""
        return (
            task.status is self.status
            and self._concerns(task)
            and self.open_to not in task.excluded
            and self.definition in {None, task.definition_id}
            and matching(task.definition_id, self.names)
            and self.execution in {None, task.execution_id}
            and self.claimed_by in {None, task.claimed_by}
            and not (self.unclaimed and task.claimed_by is not None)
            and (task.overdue or not self.overdue)
            and (self.min_priority is None or task.priority >= self.min_priority)
            and (self.since is None or task.created_at >= self.since)
            and (self.until is None or task.created_at <= self.until)
        )

    def _concerns(self, task: Task) -> bool:
        if self.user is None and not self.groups:
            return True
        users = {*task.assignees, task.claimed_by} - {None}
        return self.user in users or not set(self.groups).isdisjoint(task.groups)


# -- who may do what


def claim_problem(task: Task, person: Person) -> str | None:
    """Tell why a person cannot claim a task; whoever has claimed it can do so again."""
    if task.claimed_by not in {None, person.user}:
        return _over(task) or not_theirs(task, person) or f"claimed by {task.claimed_by}, who has to release it first"
    return reassign_problem(task, person)


def release_problem(task: Task, person: Person) -> str | None:
    """Tell why somebody cannot release a task."""
    if (over := _over(task)) or task.claimed_by == person.user:
        return over
    if task.claimed_by is None:
        return not_theirs(task, person) or "it is not claimed: there is nothing to release"
    return not_theirs(task, person) or f"claimed by {task.claimed_by}, and by nobody else to be released"


def reassign_problem(task: Task, person: Person) -> str | None:
    """Tell why a person cannot reassign a task; whoever might do it can, even if it is claimed."""
    return _over(task) or not_theirs(task, person)


def complete_problem(task: Task, person: Person) -> str | None:
    """Tell why a person can neither complete nor reject a task; whoever can claim it can."""
    return claim_problem(task, person)


def _over(task: Task) -> str | None:
    by = "" if task.closed_by is None else f" by {task.closed_by}"
    return None if task.status is TaskStatus.OPEN else f"it is {task.status}{by} already"


def not_theirs(task: Task, person: Person) -> str | None:
    """Tell why a task is not for somebody, whatever its state is."""
    if person.user in task.excluded:
        return f"{person.user} must not do it: somebody else has to"
    for_anybody = not task.assignees and not task.groups
    if for_anybody or person.user in task.assignees or not person.groups.isdisjoint(task.groups):
        return None
    return f"{person.user} is none of its assignees, and in none of its groups"


def is_repeat(task: Task, by: str | None, key: str | None, answer: Json) -> bool:
    """Tell whether an answer is the one that closed a task, sent again: by the same person, under the same key."""
    return key is not None and (by, key) == (task.closed_by, task.key) and _canonical(answer) == _canonical(task.answer)


def _canonical(value: Json) -> str:
    return json.dumps(value, sort_keys=True)  # of values, True == 1 == 1.0


# -- what happens if it is not done in time


def if_overdue(due: Mapping[str, Any] | None) -> dict[str, Json] | None:
    """Describe what the ``due`` of a step does with an overdue task; a long value is left out to keep items small."""
    if due is None:
        return None
    match then := due.get("then", "fail"):
        case "reassign":
            return {"then": then, **{name: list(people(due.get(name))) for name in ("assignees", "groups")}}
        case "continue" if len(encode(given := due.get("value"))) <= SHOWN_VALUE:
            return {"then": then, "value": given}
    return {"then": then}


# -- how it changes


def claimed(task: Task, person: Person, now: datetime) -> Task:
    """Claim a task for a person; the same object, if they have claimed it already."""
    if task.claimed_by == person.user:
        return task
    return _next(task, claimed_by=person.user, claimed_at=now)


def released(task: Task) -> Task:
    """Release a claimed task."""
    return _next(task, claimed_by=None, claimed_at=None)


def reassigned(task: Task, assignees: Sequence[str], groups: Sequence[str]) -> Task:
    """Reassign a task; nobody has claimed it then."""
    return _next(task, assignees=tuple(assignees), groups=tuple(groups), claimed_by=None, claimed_at=None)


def noted(task: Task, state: State, by: str | None, at: datetime, **about: Json) -> Task:
    """Add a change by a person to a task, which keeps the newest ones: they cost no write of their own."""
    change: dict[str, Json] = {"time": format_instant(at), "state": state.value, **about}
    changes = (*task.changes, change if by is None else {**change, "actor": by})
    while len(changes) > 1 and len(encode(changes)) > MAX_CHANGES:
        changes = changes[1:]
    return copy_with(task, changes=changes)


def closed(  # noqa: PLR0913, PLR0917 - all that is known of its end
    task: Task,
    status: TaskStatus,
    by: str | None,
    at: datetime,
    answer: Json = None,
    reason: str | None = None,
    key: str | None = None,
) -> Task:
    """Close a task; who had claimed it is kept."""
    return _next(task, status=status, closed_by=by, closed_at=at, answer=answer, reason=reason, key=key)


def _next(task: Task, **changes: Any) -> Task:  # noqa: ANN401 - fields of a task
    return copy_with(task, version=task.version + 1, **changes)


# -- as JSON

_HEADER = {
    "tenant_id": "tenantId",
    "id": "id",
    "execution_id": "executionId",
    "definition_id": "definitionId",
    "thread": "thread",
    "turn": "turn",
    "step": "step",
    "title": "title",
    "assignees": "assignees",
    "groups": "groups",
    "excluded": "excluded",
    "priority": "priority",
    "due_at": "dueAt",
    "overdue": "overdue",
    "created_at": "createdAt",
    "status": "status",
    "claimed_by": "claimedBy",
    "claimed_at": "claimedAt",
    "closed_by": "completedBy",
    "closed_at": "completedAt",
    "version": "version",
}
_CONTENT = {
    "description": "description",
    "input_schema": "inputSchema",
    "ui_schema": "uiSchema",
    "data": "data",
    "answer": "answer",
    "reason": "reason",
}
_BESIDE = {
    "key": "key",
    "changes": "changes",
    "definition_version": "definitionVersion",
    "if_overdue": "ifOverdue",
}
_INSTANTS = {"created_at", "due_at", "claimed_at", "closed_at"}
_LISTS = {"assignees", "groups", "excluded", "changes"}
_HIDDEN = {"tenantId", "thread", "turn", "excluded", "version"}
"""What a store needs to know, and nobody who reads the API."""

HEADER = tuple(_HEADER.values())
"""The members of a task's document that a list needs."""


def task_document(task: Task) -> dict[str, Any]:
    """Write a task for a store: what is null is left out.

    Half of a surrogate pair, which JSON can hold and UTF-8 cannot, becomes U+FFFD in the header.
    """
    header = {wire: _plain(getattr(task, name)) for name, wire in _HEADER.items()}
    content = {wire: getattr(task, name) for name, wire in _CONTENT.items()}
    document = {
        **header,
        **content,
        "key": task.key,
        "definitionVersion": task.definition_version or None,
        "ifOverdue": task.if_overdue,
        "changes": list(task.changes) or None,
    }
    return {name: member for name, member in document.items() if member is not None}


def read_task(document: Mapping[str, Any]) -> Task:
    """Read what :func:`task_document` wrote, or no more of it than its header."""
    fields = {**_HEADER, **_CONTENT, **_BESIDE}
    return Task(**{name: _value(name, document[wire]) for name, wire in fields.items() if wire in document})


def task_slots(document: dict[str, Any]) -> Iterator[Slot]:
    """Find the slots of large values in the document of a task."""
    yield from (Slot(pointer((name,)), document, name) for name in _CONTENT.values() if name in document)


def summary_json(task: Task) -> dict[str, Json]:
    """Write what a list of tasks shows, with its members as the API names them."""
    document = task_document(task)
    return {name: document.get(name) for name in HEADER if name not in _HIDDEN}


def task_json(task: Task, person: Person | None, refused: Refused = nothing_refused) -> dict[str, Json]:
    """Write all about a task, with its members as the API names them, and what somebody can do with it, or why not.

    A ``person`` of None is somebody who is not known. What is ``refused`` to them is so whatever the task says.
    """
    content: dict[str, Json] = {wire: getattr(task, name) for name, wire in _CONTENT.items()}
    actions = _actions(task, person, refused)
    return {**summary_json(task), **content, "ifOverdue": task.if_overdue, "actions": actions}


def _actions(task: Task, person: Person | None, refused: Refused) -> Json:
    problems = {
        "claim": claim_problem,
        "release": release_problem,
        "reassign": reassign_problem,
        "complete": complete_problem,
        "reject": complete_problem,
    }
    unknown = _over(task) or "it is not known who asks"
    return actions_json(
        lambda name: refused(name) or (unknown if person is None else problems[name](task, person)), problems
    )


def mended(text: str) -> str:
    """Put U+FFFD in place of half of a surrogate pair."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(value: Any) -> Any:  # noqa: ANN401 - the value of a field
    match value:
        case datetime():
            return format_instant(value)
        case tuple():
            return [_plain(each) for each in value]
        case str():
            return mended(value)
        case _:
            return value


def _value(name: str, plain: Any) -> Any:  # noqa: ANN401 - the value of a field
    if name in _INSTANTS:
        return parse_instant(plain)
    if name in _LISTS:
        return tuple(plain)
    return TaskStatus(plain) if name == "status" else plain
