"""Schedules: the pure rules of their times, starts, pauses and changes.

A time is taken up in one write: it moves the schedule on, and says which execution is owed. Then that is started, under
an id that follows from the schedule and the time, and another write says so. If a function dies in between, the
schedule is looked at again, and the same execution is found. Each write is on condition of the version that was read.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum

from chalicelib.core.executions.identity import BY_EXECUTION, ExecutionId
from chalicelib.core.schedules.plan import Plan
from chalicelib.core.values.json import Json
from chalicelib.core.values.value import copy_with, value

SHOWN_TIMES = 5
"""Times that a schedule shows ahead."""


class Overlap(StrEnum):
    """Whether a time starts an execution while the one that was started last still runs."""

    ALLOW = "allow"
    SKIP = "skip"


@value
class ScheduledStart:
    """A start by a schedule."""

    at: datetime
    """The time of the plan, or when somebody asked for it."""
    execution: str
    """The id of the execution."""


@value
class ScheduleProblem:
    """Why a schedule has started nothing."""

    at: datetime
    message: str


@value
class ScheduleContent:
    """The part of a schedule that people write."""

    definition: str
    plan: Plan
    version: int | None = None
    """Of the definition; None: the newest one at each time."""
    input: Json = None
    overlap: Overlap = Overlap.ALLOW
    title: str = ""
    description: str = ""


@value
class Schedule:
    """A schedule, with its state."""

    tenant_id: str
    name: str
    content: ScheduleContent
    changed_at: datetime
    changed_by: str | None = None
    revision: int = 1
    """Counts what people change."""
    paused: bool = False
    next_at: datetime | None = None
    """The first time of the plan that is not taken up yet."""
    owed: ScheduledStart | None = None
    """What has been taken up, and may not have been started."""
    last: ScheduledStart | None = None
    """The last start."""
    skipped_at: datetime | None = None
    """The last time that was passed over, as the last execution still ran."""
    problem: ScheduleProblem | None = None
    """Why there was no start; None: the last one succeeded."""
    look_at: datetime | None = None
    """When to look at it; None: not by itself."""
    number: int = 1
    """Counts its writes."""

    @property
    def starter(self) -> str:
        """Who starts its executions, as these name it."""
        return f"schedule:{self.name}"

    @property
    def planned_at(self) -> datetime | None:
        """When the plan goes on; None: not while it is paused."""
        return None if self.paused else self.next_at

    def is_due(self, now: datetime) -> bool:
        """Tell whether there is something to do."""
        return self.look_at is not None and self.look_at <= now

    def coming(self, now: datetime) -> Sequence[datetime]:
        """Tell the next times; what was missed is not among them."""
        if self.paused or self.next_at is None:
            return []
        following = self.next_at if self.next_at > now else self.content.plan.after(now)
        return self.content.plan.following(following, SHOWN_TIMES)

    def replaced(self, content: ScheduleContent, now: datetime, by: str | None) -> "Schedule":
        """Replace the content; a due time of the same plan stays due, and an owed start is given up."""
        plan_at = self.next_at if content.plan == self.content.plan else content.plan.after(now)
        changed = copy_with(self, content=content, next_at=plan_at, owed=None, skipped_at=None, problem=None)
        return _changed(changed, now, by)

    def held(self, now: datetime, by: str | None) -> "Schedule":
        """Pause it; the same object if it is paused. A time that is taken up and cannot be started yet is missed."""
        if self.paused:
            return self
        held, late = copy_with(self, paused=True), None if self.problem is None else self.owed
        if late is not None:
            is_planned = late.execution == self.named(_occurrence(late.at))
            held = copy_with(held, owed=None, next_at=late.at if is_planned else self.next_at)
        return _changed(held, now, by)

    def resumed(self, now: datetime, by: str | None) -> "Schedule":
        """Resume it; the same object if it is not paused."""
        return _changed(copy_with(self, paused=False), now, by) if self.paused else self

    def named(self, occurrence: str) -> str:
        """Name the execution of an occurrence: a time, or a number in hexadecimal digits.

        No caller's name begins so. That of a child execution has hexadecimal digits alone, and no dot.
        """
        suffix = f"{BY_EXECUTION}{self.name}.{occurrence}"
        return str(ExecutionId(self.tenant_id, self.content.definition, suffix))

    def taken_up(self, now: datetime, *, is_running: bool = False) -> "Schedule":
        """Take up the newest time that is due, or pass it over where the last execution still runs.

        The very same where nothing is due, or something is owed already.
        """
        if self.owed is not None or self.next_at is None or not self.is_due(now):
            return self
        at = self.content.plan.newest(self.next_at, now)
        ahead = copy_with(self, next_at=self.content.plan.after(now))
        if is_running and self.content.overlap is Overlap.SKIP:
            return _written(copy_with(ahead, skipped_at=at), ahead.next_at)
        owed = ScheduledStart(at, self.named(_occurrence(at)))
        return _written(copy_with(ahead, owed=owed), self.look_at)  # its place in an index costs a write

    def asked(self, now: datetime, seed: str) -> "Schedule":
        """Owe a start outside of the plan."""
        return _written(copy_with(self, owed=ScheduledStart(now, self.named(seed))), now)

    def started(self) -> "Schedule":
        """Note that the owed execution is started."""
        return _written(copy_with(self, owed=None, last=self.owed, problem=None), self.planned_at)

    def failed(self, now: datetime, message: str) -> "Schedule":
        """Note that the owed execution cannot be started, and never will be."""
        problem = ScheduleProblem(now, message)
        return _written(copy_with(self, owed=None, problem=problem), self.planned_at)

    def postponed(self, now: datetime, message: str, until: datetime) -> "Schedule":
        """Look again at an instant, as nothing can be started now."""
        return _written(copy_with(self, problem=ScheduleProblem(now, message)), until)


def _occurrence(at: datetime) -> str:
    """Name what is started at a time of the plan."""
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _changed(schedule: Schedule, now: datetime, by: str | None) -> Schedule:
    """Count a change by people."""
    changed = copy_with(schedule, changed_at=now, changed_by=by, revision=schedule.revision + 1)
    return _written(changed, now if changed.owed is not None else changed.planned_at)


def _written(schedule: Schedule, look_at: datetime | None) -> Schedule:
    """Count a write, after which to look at it at an instant."""
    return copy_with(schedule, look_at=look_at, number=schedule.number + 1)


def new_schedule(tenant_id: str, name: str, content: ScheduleContent, now: datetime, by: str | None = None) -> Schedule:
    """Make a schedule of a plan that has a time."""
    first = content.plan.after(now)
    return Schedule(tenant_id, name, content, now, by, next_at=first, look_at=first)
