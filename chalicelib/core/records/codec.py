"""Executions, messages and records as JSON objects, and back."""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chalicelib.core.executions.cost import ExecutionCost
from chalicelib.core.executions.inputs import (
    CancelRequested,
    ChildEnded,
    Input,
    Message,
    PauseRequested,
    RedriveRequested,
    ResumeRequested,
    ScheduleDue,
    ShardDue,
    SignalPublished,
    Started,
    StepDue,
    TimerFired,
)
from chalicelib.core.executions.model import (
    Execution,
    Failure,
    HistoryEntry,
    Link,
    Parent,
    Partition,
    Signal,
    Spawns,
    State,
    failure_json,
)
from chalicelib.core.records.thread_codec import changed, compact, read_thread, thread_json
from chalicelib.core.values.json import Json, JsonList, JsonObject, encode_ascii, format_instant, parse_instant
from chalicelib.core.values.value import copy_with

MESSAGE_VERSION = 1
"""Of the messages that functions send each other."""

SCHEDULE_MESSAGE_VERSION = 2
"""Of those of schedules, which earlier releases do not know."""

MESSAGES_READ = 2
"""The latest version that is read, and all before it; any other is given back, for a function that knows it."""

MAX_MESSAGE_BYTES = 16 * 1024
"""Of a message that brings an execution as submitted, with its input twice: a little less than a state may hold. A
longer input is a row of its own in any case: to write that once more would be dearer than to read it."""

MAX_IMAGE_BYTES = 5 * 1024
"""Of the execution that a message carries to spare a read: so that ten of them are one request of SQS, of 64 KB."""

RECORD = ("time", "state", "thread", "turn", "step", "attempt")
"""What every record of history has, in this order."""

SEAL_CHARS = 5
"""Of the SHA-256 in base64, 30 bits: one change of a thousand million goes unseen. Each byte of an item counts."""
BROKEN_SEAL = "!"
"""Of newest entries that were found changed: what is written later does not make them right."""

_NO_COST = ExecutionCost()

_OPTIONAL = ("error", "head", "parent", "part", "endedAt", "deadline", "pausedAt")
"""Members of an execution that are read from something else than they are."""

_EVENTS: Mapping[str, type[Input]] = {
    "Started": Started,
    "StepDue": StepDue,
    "TimerFired": TimerFired,
    "ChildEnded": ChildEnded,
    "CancelRequested": CancelRequested,
    "PauseRequested": PauseRequested,
    "ResumeRequested": ResumeRequested,
    "RedriveRequested": RedriveRequested,
    "EventPublished": SignalPublished,
    "ShardDue": ShardDue,
    "ScheduleDue": ScheduleDue,
}
"""The inputs that travel in messages, by their names there."""

_NAMES = {kind: name for name, kind in _EVENTS.items()}


class UnknownMessageError(ValueError):
    """The message is of a version that this code does not know."""


def message_json(message: Message) -> JsonObject:
    """Write a message; its delay is the queue's affair."""
    event = message.event
    return compact(
        v=SCHEDULE_MESSAGE_VERSION if isinstance(event, ScheduleDue) else MESSAGE_VERSION,
        execution=message.execution,
        event=_NAMES[type(event)],
        **_event_json(event),
        submission=message.submitted and execution_json(message.submitted),
        image=message.image,
    )


def fits(message: Message) -> bool:
    """Tell whether a message is short enough to bring the submission as it is, with all its values."""
    return len(encode_ascii(message_json(message))) <= MAX_MESSAGE_BYTES


def read_message(document: Mapping[str, Any]) -> Message:
    """Read a message.

    Raises:
        UnknownMessageError: it is of another version.
        KeyError, TypeError, ValueError: it is no message.
    """
    if document["v"] not in range(1, MESSAGES_READ + 1):
        raise UnknownMessageError(f"message version {document['v']!r} is unknown here")
    kind = _EVENTS[document["event"]]
    members = {field.name: document[field.name] for field in fields(kind) if field.name in document}
    if "error" in members:
        members["error"] = Failure(**members["error"])
    if "state" in members:
        members["state"] = State(members["state"])
    if "by" in members:
        members["by"] = parse_instant(members["by"])
    event = kind(**members | {"thread": str(document["thread"]), "turn": int(document["turn"])})
    submitted = document.get("submission")
    return Message(str(document["execution"]), event, submitted and read_execution(submitted), document.get("image"))


def _event_json(event: Input) -> JsonObject:
    """Write the members of an event that are not what they are by default."""
    members = {field.name: getattr(event, field.name) for field in fields(event)}
    changed = {field.name for field in fields(event) if members[field.name] != field.default}
    members["error"] = None if members.get("error") is None else failure_json(members["error"])
    if isinstance(event, TimerFired) and event.by is not None:
        members["by"] = format_instant(event.by)
    return {name: value for name, value in members.items() if name in changed | {"thread", "turn"}}


def execution_json(execution: Execution) -> JsonObject:
    """Write an execution."""
    return compact(
        id=execution.id,
        tenantId=execution.tenant_id,
        definitionId=execution.definition_id,
        definitionVersion=execution.definition_version,
        nonce=execution.nonce,
        input=execution.input,
        startedAt=format_instant(execution.started_at),
        threads=[thread_json(thread) for thread in execution.threads.values()],
        version=execution.version,
        state=str(execution.state),
        step=execution.step,
        stash=dict(execution.stash) or None,
        output=execution.output,
        error=execution.error and failure_json(execution.error),
        endedAt=execution.ended_at and format_instant(execution.ended_at),
        head=execution.head and link_json(execution.head),
        tail=execution.tail or None,
        writer=execution.writer or None,
        startedBy=execution.started_by,
        deadline=execution.deadline and format_instant(execution.deadline),
        parentId=execution.parent and execution.parent.execution,
        parent=execution.parent and _parent_json(execution.parent),
        depth=execution.depth or None,
        spawns=_spawns_json(execution.spawns),
        part=execution.partition and changed(execution.partition),
        pausedAt=execution.paused_at and format_instant(execution.paused_at),
        stoppedBy=execution.stopped_by,
        reason=execution.reason,
        order=execution.control_epoch or None,
        heard=execution.parent_epoch or None,
        failed=execution.failed or None,
        redrives=execution.redrives or None,
        driven=execution.parent_redrives or None,
        unanswered=list(execution.unanswered) or None,
        mailbox=[_signal_json(signal) for signal in execution.mailbox] or None,
        **_accounts_json(execution),
    )


def read_execution(document: Mapping[str, Any]) -> Execution:
    """Read an execution that :func:`execution_json` wrote."""
    error, head, parent, part, ended_at, deadline, paused_at = map(document.get, _OPTIONAL)
    execution = Execution(
        id=document["id"],
        tenant_id=document["tenantId"],
        definition_id=document["definitionId"],
        definition_version=document["definitionVersion"],
        nonce=document["nonce"],
        input=document.get("input"),
        started_at=parse_instant(document["startedAt"]),
        threads={thread["id"]: read_thread(thread) for thread in document["threads"]},
        version=document["version"],
        state=State(document["state"]),
        step=document["step"],
        stash=document.get("stash") or {},
        output=document.get("output"),
        error=error and Failure(**error),
        ended_at=ended_at and parse_instant(ended_at),
        head=head and Link(**head),
        tail=document.get("tail", ""),
        writer=document.get("writer", ""),
        started_by=document.get("startedBy"),
        deadline=deadline and parse_instant(deadline),
        parent=parent and Parent(document["parentId"], **parent),
        depth=document.get("depth", 0),
        spawns=_read_spawns(document.get("spawns")),
        partition=part and Partition(**part),
        paused_at=paused_at and parse_instant(paused_at),
        stopped_by=document.get("stoppedBy"),
        reason=document.get("reason"),
        control_epoch=document.get("order", 0),
        parent_epoch=document.get("heard", 0),
        unanswered=tuple(document.get("unanswered", ())),
        mailbox=tuple(_read_signal(signal) for signal in document.get("mailbox", ())),
        **_read_counts(document),
        attributes=document.get("search") or {},
    )
    return execution if document.get("seal") in {None, _seal_of(execution)} else copy_with(execution, tail_changed=True)


def _accounts_json(execution: Execution) -> JsonObject:
    """Write the budget, the cost, the search attributes and the seal of an execution."""
    cost = None if execution.cost == _NO_COST else execution.cost.text()
    steps = execution.cost.steps_text() if execution.cost.steps else None
    seal = BROKEN_SEAL if execution.tail_changed else _seal_of(execution) if execution.tail else None
    accounts: JsonObject = {"budget": execution.budget, "cost": cost, "stepCosts": steps}
    return {**accounts, "search": dict(execution.attributes) or None, "seal": seal}


def _seal_of(execution: Execution) -> str:
    """Hash the newest entries of an execution, with the row that they stand behind."""
    row = "" if execution.head is None else f"{execution.head.key} {execution.head.digest}"
    text = f"{execution.id}\n{row}\n{execution.tail}"
    return b64encode(hashlib.sha256(text.encode()).digest())[:SEAL_CHARS].decode()


def _read_counts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Read what is counted of an execution."""
    return {
        "failed": document.get("failed", 0),
        "redrives": document.get("redrives", 0),
        "parent_redrives": document.get("driven", 0),
        "budget": document.get("budget"),
        "cost": ExecutionCost.parse(document.get("cost", ""), document.get("stepCosts", "")),
    }


def entry_json(record: HistoryEntry) -> JsonList:
    """Write a record of history: the values that every record has, the index of its item and what else there is."""
    written: JsonList = [
        format_instant(record.at),
        record.state,
        record.thread,
        record.turn,
        record.step,
        record.attempt,
    ]
    if record.index is not None:
        written.append(record.index)
    more: JsonObject = {**record.about}
    if record.actor is not None:
        more["actor"] = record.actor
    if record.result is not None:
        more["result"] = record.result
    if record.error is not None:
        more["error"] = failure_json(record.error)
    if record.stash:
        more["stash"] = record.stash
    if record.change:
        more["change"] = record.change
    if record.children:
        more["children"] = record.children
    if record.untaken:
        more["untakenEvents"] = [{"id": each.id, "name": each.name, "by": each.by} for each in record.untaken]
    if more:
        written.append(more)
    return written


def read_entry(written: JsonList) -> JsonObject:
    """Read a record that :func:`entry_json` wrote, as the API shows it."""
    record = dict(zip(RECORD, written, strict=False))
    for more in written[len(RECORD) :]:
        record |= more if isinstance(more, dict) else {"index": more}
    return record


def link_json(link: Link) -> dict[str, Json]:
    """Write a link to a row of history."""
    return {"key": link.key, "digest": link.digest}


def _signal_json(signal: Signal) -> JsonObject:
    return {**changed(signal), "until": format_instant(signal.until)}


def _read_signal(document: Mapping[str, Any]) -> Signal:
    return Signal(**{**document, "until": parse_instant(document["until"])})


def _parent_json(parent: Parent) -> JsonObject:
    return {name: member for name, member in changed(parent).items() if name != "execution"}


def _spawns_json(spawns: Spawns) -> JsonObject | None:
    since = spawns.since and format_instant(spawns.since)
    if spawns == Spawns():
        return None
    return compact(total=spawns.total, since=since, recent=spawns.recent, share=spawns.share)


def _read_spawns(document: Mapping[str, Any] | None) -> Spawns:
    if document is None:
        return Spawns()
    since = document.get("since")
    return Spawns(document["total"], since and parse_instant(since), document["recent"], document["share"])
