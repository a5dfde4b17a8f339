"""Threads of executions as JSON objects, and back."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from chalicelib.core.definitions.model import AnswerKind
from chalicelib.core.executions.model import Driver, Failure, Parent, Partition, Signal, Status, Thread, failure_json
from chalicelib.core.executions.waiting import (
    Answer,
    AnswerWait,
    BranchJoin,
    ChildJoin,
    ChildrenWait,
    ItemJoin,
    Join,
    PartitionJoin,
    RetryWait,
    TimerWait,
    Wait,
)
from chalicelib.core.values.json import JsonObject, format_instant, parse_instant
from chalicelib.core.values.value import copy_with

_JOIN: Mapping[str, Any] = {
    "begun": 0,
    "first": False,
    "listed": False,
    "forked": False,
    "at_once": 1,
    "concurrency": 1,
    "tolerate": 0,
    "failed": 0,
    "items": 0,
    "reads": "",
    "turn": 0,
    "over": (),
    "redrives": 0,
    "child": None,
    "wait": True,
    "failures": {},
}
"""The members of a stored join behind ``total``, in their order; those that are so are left out."""


def thread_json(thread: Thread) -> JsonObject:
    """Write a thread."""
    driver = thread.driver
    return compact(
        id=thread.id,
        turn=thread.turn,
        status=str(thread.status),
        step=thread.step,
        incoming=thread.incoming,
        since=format_instant(thread.since),
        startedAt=format_instant(thread.started_at),
        driver=driver and [driver.message, driver.request, driver.handed],
        until=thread.wait and thread.wait.until and format_instant(thread.wait.until),
        deadline=thread.deadline and format_instant(thread.deadline),
        attempt=thread.attempt if thread.attempt > 1 else None,
        visit=thread.visit if thread.visit != thread.turn else None,
        visitedAt=thread.visited_at and format_instant(thread.visited_at),
        tries=dict(thread.tries) or None,
        parent=thread.parent,
        branch=thread.branch,
        index=thread.index,
        item=thread.item,
        stash=dict(thread.stash) or None,
        error=thread.error and failure_json(thread.error),
        join=thread.join and _join_json(thread.join),
        retry=_retry_json(thread.wait) if isinstance(thread.wait, RetryWait) else None,
        asking=_answer_wait_json(thread.wait) if isinstance(thread.wait, AnswerWait) else None,
        claimed=thread.claimed_by or None,
        busyUntil=thread.busy_until and format_instant(thread.busy_until),
        kept=list(thread.kept) or None,
        strikes=thread.strikes or None,
        ordered=(thread.wait.control_epoch_owed or None) if isinstance(thread.wait, ChildrenWait) else None,
        again=(thread.wait.again or None) if isinstance(thread.wait, ChildrenWait) else None,
        items=None if thread.items is None else list(thread.items),
        results=dict(thread.results) or None,
    )


def read_thread(document: Mapping[str, Any]) -> Thread:
    """Read a thread that :func:`thread_json` wrote."""
    driver, error, join = document.get("driver"), document.get("error"), document.get("join")
    status, deadline = Status(document["status"]), document.get("deadline")
    visited, busy = document.get("visitedAt"), document.get("busyUntil")
    return Thread(
        id=document["id"],
        turn=document["turn"],
        status=status,
        step=document["step"],
        incoming=document.get("incoming"),
        since=parse_instant(document["since"]),
        started_at=parse_instant(document["startedAt"]),
        driver=driver and Driver(*driver),
        deadline=deadline and parse_instant(deadline),
        attempt=document.get("attempt", 1),
        visit=document.get("visit", document["turn"]),
        visited_at=visited and parse_instant(visited),
        tries=document.get("tries", {}),
        parent=document.get("parent"),
        branch=document.get("branch"),
        index=document.get("index"),
        item=document.get("item"),
        stash=document.get("stash") or {},
        error=error and Failure(**error),
        join=join and _read_join(join),
        wait=_read_wait(document, status),
        claimed_by=document.get("claimed", ""),
        busy_until=busy and parse_instant(busy),
        kept=tuple(document.get("kept") or ()),
        strikes=document.get("strikes", 0),
        items=document.get("items"),
        results=document.get("results") or {},
    )


def _join_json(join: Join) -> JsonObject:
    members: dict[str, Any]
    match join:
        case BranchJoin(total, first, failures):
            members = {"total": total, "begun": total, "first": first, "at_once": total, "failures": failures}
        case ItemJoin():
            members = {**vars(join), "listed": True, "forked": True}
        case PartitionJoin():
            members = {**vars(join), "listed": True}
        case _:
            members = {**vars(join), "total": 1, "begun": 1, "child": join.execution, "wait": join.awaited}
    written = {"total": members["total"]}
    for name, default in _JOIN.items():
        if (member := members.get(name, default)) != default:
            written[name] = member
    return written


def _read_join(document: Mapping[str, Any]) -> Join:
    """Read what a thread joins."""
    members = {**_JOIN, **document, "over": tuple(document.get("over", ()))}
    if members["child"] is not None:
        return ChildJoin(members["child"], members["wait"], members["turn"], members["over"], members["redrives"])
    if not members["listed"]:
        return BranchJoin(members["total"], members["first"], members["failures"])
    kind = ItemJoin if members["forked"] else PartitionJoin
    return kind(**{field.name: members[field.name] for field in fields(kind)})


def _retry_json(wait: RetryWait) -> JsonObject | None:
    return {name: member for name, member in changed(wait).items() if name != "until"} or None


def _answer_wait_json(wait: AnswerWait) -> JsonObject:
    answer = wait.answer
    return changed(copy_with(wait, answer=None, until=None)) | compact(
        answer=answer and {**changed(answer), "at": format_instant(answer.at)}
    )


def _read_wait(document: Mapping[str, Any], status: Status) -> Wait | None:
    """Read what a thread waits for: an answer that it has been given stays with it after a failure."""
    if (stored := document.get("asking")) is not None:
        return _read_answer_wait(stored, document.get("until"))
    match status:
        case Status.WAITING:
            return TimerWait(parse_instant(document["until"]))
        case Status.RETRYING:
            return RetryWait(parse_instant(document["until"]), **document.get("retry", {}))
        case Status.WAITING_FOR_CHILDREN:
            return ChildrenWait(document.get("ordered", 0), document.get("again", False))
        case _:
            return None


def _read_answer_wait(document: Mapping[str, Any], until: str | None) -> AnswerWait:
    answer = document.get("answer")
    read = answer and Answer(**{**answer, "at": parse_instant(answer["at"])})
    members = {**document, "what": AnswerKind(document["what"]), "answer": read}
    return AnswerWait(**members, until=None if until is None else parse_instant(until))


def changed(value: Parent | Partition | AnswerWait | RetryWait | Answer | Signal) -> JsonObject:
    """Write the members of a flat value that are not what they are by default."""
    members = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
    return {name: member for name, (member, default) in members.items() if member != default}


def compact(**members: Any) -> JsonObject:  # noqa: ANN401 - JSON and values on their way to it
    """Leave out what is None."""
    return {name: value for name, value in members.items() if value is not None}
