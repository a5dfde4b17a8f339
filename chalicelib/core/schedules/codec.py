"""Schedules as JSON: the content that people write, and the stored document."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chalicelib.core.records.payload import Slot, value_slots
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.schedules.schedule import Overlap, Schedule, ScheduleContent, ScheduledStart, ScheduleProblem
from chalicelib.core.values.json import Json, format_instant, parse_instant


def read_content(document: Mapping[str, Any]) -> ScheduleContent:
    """Read ``{definition, version?, input?, cron?, zone?, every?, overlap?, title?, description?}``."""
    return ScheduleContent(
        definition=document["definition"],
        plan=read_plan(document),
        version=document.get("version"),
        input=document.get("input"),
        overlap=Overlap(document.get("overlap") or Overlap.ALLOW),
        title=document.get("title") or "",
        description=document.get("description") or "",
    )


def read_plan(document: Mapping[str, Any]) -> Plan:
    """Read ``{cron?, zone?, every?}``."""
    cron = document.get("cron") or ""
    return Plan(cron, (cron and document.get("zone")) or "UTC", document.get("every") or "")


def content_document(content: ScheduleContent) -> dict[str, Json]:
    """Write it as :func:`read_content` reads it."""
    plan = content.plan
    return {
        "title": content.title,
        "description": content.description,
        "definition": content.definition,
        "version": content.version,
        "input": content.input,
        "cron": plan.cron or None,
        "zone": plan.zone if plan.cron else None,
        "every": plan.every or None,
        "overlap": content.overlap.value,
    }


def schedule_document(schedule: Schedule) -> dict[str, Json]:
    """Write a schedule, but for its name, when to look at it and its number: the store has these."""
    problem = schedule.problem
    return {
        "content": content_document(schedule.content),
        "changedAt": format_instant(schedule.changed_at),
        "changedBy": schedule.changed_by,
        "revision": schedule.revision,
        "paused": schedule.paused,
        "nextAt": _text(schedule.next_at),
        "owed": _start_document(schedule.owed),
        "last": _start_document(schedule.last),
        "skippedAt": _text(schedule.skipped_at),
        "problem": None if problem is None else {"at": format_instant(problem.at), "message": problem.message},
    }


def schedule_slots(document: dict[str, Any]) -> Iterator[Slot]:
    """Find what can be large in the document of a schedule."""
    yield from value_slots(document["content"], ("content",), ("input",), ())


def read_schedule(
    tenant_id: str, name: str, document: Mapping[str, Any], *, look_at: datetime | None, number: int
) -> Schedule:
    """Read what :func:`schedule_document` wrote."""
    problem = document["problem"]
    return Schedule(
        tenant_id,
        name,
        read_content(document["content"]),
        changed_at=parse_instant(document["changedAt"]),
        changed_by=document["changedBy"],
        revision=document["revision"],
        paused=document["paused"],
        next_at=_instant(document["nextAt"]),
        owed=_start(document["owed"]),
        last=_start(document["last"]),
        skipped_at=_instant(document["skippedAt"]),
        problem=None if problem is None else ScheduleProblem(parse_instant(problem["at"]), problem["message"]),
        look_at=look_at,
        number=number,
    )


def _text(instant: datetime | None) -> str | None:
    return None if instant is None else format_instant(instant)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else parse_instant(text)


def _start_document(start: ScheduledStart | None) -> Json:
    return None if start is None else {"at": format_instant(start.at), "execution": start.execution}


def _start(document: Mapping[str, str] | None) -> ScheduledStart | None:
    return None if document is None else ScheduledStart(parse_instant(document["at"]), document["execution"])
