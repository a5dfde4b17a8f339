"""Executions, messages and records as JSON objects, and back."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeAlias

from chalicelib.core.model import (
    Driver,
    Execution,
    Failure,
    Link,
    Message,
    Record,
    Started,
    State,
    Status,
    StepDue,
    Thread,
    TimerFired,
)
from chalicelib.core.values import Json, format_instant, parse_instant

MESSAGE_VERSION = 1
"""Of messages between functions; a message of another version is given back, for a function that knows it."""

MAX_MESSAGE_BYTES = 200_000
"""Well below what SQS takes (Amazon SQS Developer Guide, "message quotas")."""

JsonObject: TypeAlias = dict[str, Any]

_EVENTS = {event.__name__: event for event in (Started, StepDue, TimerFired)}


class UnknownMessageError(ValueError):
    """The message is of a version that this code does not know."""


def message_json(message: Message) -> JsonObject:
    """Write a message; its delay is the queue's affair."""
    event = message.event
    return _compact(
        v=MESSAGE_VERSION,
        execution=message.execution,
        event=type(event).__name__,
        thread=event.thread,
        turn=event.turn,
        submission=message.submission and execution_json(message.submission),
    )


def fits(message: Message) -> bool:
    """Tell whether a queue can carry a message."""
    return len(json.dumps(message_json(message))) <= MAX_MESSAGE_BYTES


def read_message(document: Mapping[str, Any]) -> Message:
    """Read a message.

    Raises:
        UnknownMessageError: it is of another version.
        KeyError, TypeError, ValueError: it is no message.
    """
    if document["v"] != MESSAGE_VERSION:
        raise UnknownMessageError(f"message version {document['v']!r} is unknown here")
    event = _EVENTS[document["event"]](thread=str(document["thread"]), turn=int(document["turn"]))
    submission = document.get("submission")
    return Message(str(document["execution"]), event, submission and read_execution(submission))


def execution_json(execution: Execution) -> JsonObject:
    """Write an execution."""
    return _compact(
        id=execution.id,
        tenantId=execution.tenant_id,
        definitionId=execution.definition_id,
        definitionVersion=execution.definition_version,
        nonce=execution.nonce,
        input=execution.input,
        startedAt=format_instant(execution.started_at),
        threads=[_thread_json(thread) for thread in execution.threads.values()],
        version=execution.version,
        state=execution.state.value,
        step=execution.step,
        stash=dict(execution.stash) or None,
        output=execution.output,
        error=execution.error and failure_json(execution.error),
        endedAt=execution.ended_at and format_instant(execution.ended_at),
        head=execution.head and link_json(execution.head),
    )


def read_execution(document: Mapping[str, Any]) -> Execution:
    """Read an execution that :func:`execution_json` wrote."""
    error, head, ended_at = document.get("error"), document.get("head"), document.get("endedAt")
    return Execution(
        id=document["id"],
        tenant_id=document["tenantId"],
        definition_id=document["definitionId"],
        definition_version=document["definitionVersion"],
        nonce=document["nonce"],
        input=document.get("input"),
        started_at=parse_instant(document["startedAt"]),
        threads={thread["id"]: _read_thread(thread) for thread in document["threads"]},
        version=document["version"],
        state=State(document["state"]),
        step=document["step"],
        stash=document.get("stash", {}),
        output=document.get("output"),
        error=error and Failure(**error),
        ended_at=ended_at and parse_instant(ended_at),
        head=head and Link(**head),
    )


def record_json(record: Record) -> JsonObject:
    """Write a record of history as the API shows it."""
    return _compact(
        time=format_instant(record.at),
        state=record.state.value,
        thread=record.thread,
        turn=record.turn,
        step=record.step,
        attempt=record.attempt,
        actor=record.actor,
        result=record.result,
        error=record.error and failure_json(record.error),
        stash=dict(record.stash) or None,
    )


def failure_json(failure: Failure) -> JsonObject:
    """Write a failure: the ``error`` of templates and answers."""
    return {field.name: getattr(failure, field.name) for field in fields(failure)}


def link_json(link: Link) -> dict[str, Json]:
    """Write a link to a row of history."""
    return {"key": link.key, "digest": link.digest}


def _thread_json(thread: Thread) -> JsonObject:
    driver = thread.driver
    return _compact(
        id=thread.id,
        turn=thread.turn,
        status=thread.status.value,
        step=thread.step,
        incoming=thread.incoming,
        since=format_instant(thread.since),
        startedAt=format_instant(thread.started_at),
        driver=driver and [driver.message, driver.request, driver.handed],
        until=thread.until and format_instant(thread.until),
        parent=thread.parent,
        branch=thread.branch,
        stash=dict(thread.stash) or None,
        results=dict(thread.results) or None,
    )


def _read_thread(document: Mapping[str, Any]) -> Thread:
    driver, until = document.get("driver"), document.get("until")
    return Thread(
        id=document["id"],
        turn=document["turn"],
        status=Status(document["status"]),
        step=document["step"],
        incoming=document.get("incoming"),
        since=parse_instant(document["since"]),
        started_at=parse_instant(document["startedAt"]),
        driver=driver and Driver(*driver),
        until=until and parse_instant(until),
        parent=document.get("parent"),
        branch=document.get("branch"),
        stash=document.get("stash", {}),
        results=document.get("results", {}),
    )


def _compact(**members: Any) -> JsonObject:  # noqa: ANN401 - JSON and values on their way to it
    return {name: value for name, value in members.items() if value is not None}
