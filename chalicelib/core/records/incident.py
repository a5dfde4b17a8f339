"""Incidents: faults of operation that a person should know of, as lost messages, dead letters and stuck executions.

An incident is open until its cause is gone. What is about an execution ends once that has moved on; all others end when
whoever recorded them says so.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chalicelib.core.executions.identity import ExecutionId
from chalicelib.core.executions.inputs import RedriveRequested, Requested, ResumeRequested
from chalicelib.core.executions.model import Execution
from chalicelib.core.executions.preconditions import problem
from chalicelib.core.values.errors import IncidentNotFoundError
from chalicelib.core.values.globs import matching
from chalicelib.core.values.value import value

KEPT_FOR = timedelta(days=90)
"""For how long an incident is kept."""

SHOWN_FOR = timedelta(days=7)
"""For how long what nothing can mend is open."""


class IncidentKind(StrEnum):
    """What went wrong."""

    MESSAGE_LOST = "message-lost"
    """An execution was later than it should have been: what was to drive it was sent again."""
    DEAD_LETTER = "dead-letter"
    """A message of an execution was received too often without success: it is worked on as a dead letter."""
    MESSAGE_UNREADABLE = "message-unreadable"
    """A dead letter says nothing that can be done, and was taken off its queue."""
    STUCK = "stuck"
    """An execution stood longer than any function works, under a message that does not come again: it was sent anew."""
    POISON = "poison"
    """A step failed by itself: every function died of it, or could not work on it."""
    BUDGET = "budget"
    """An execution was paused, as it had cost what it may cost."""
    INDEX_RECORD = "index-record"
    """A change of a table could not be indexed for search, and was parked."""
    INDEX_BEHIND = "index-behind"
    """The index for search is further behind the tables than it may be, or cannot be written."""


OF_EXECUTIONS = frozenset(
    {
        IncidentKind.MESSAGE_LOST,
        IncidentKind.DEAD_LETTER,
        IncidentKind.STUCK,
        IncidentKind.POISON,
        IncidentKind.BUDGET,
    }
)
"""The kinds that are about an execution, and end once it has moved on."""


class Remedy(StrEnum):
    """What a redrive of an incident does."""

    WAKE = "wake"
    """All that its execution waits for is sent again."""
    REDRIVE = "redrive"
    """Its execution, which has ended, goes on where it stopped."""
    RESUME = "resume"
    """Its execution, which is paused, goes on."""


REMEDIES: Mapping[IncidentKind, Remedy] = {
    IncidentKind.MESSAGE_LOST: Remedy.WAKE,
    IncidentKind.DEAD_LETTER: Remedy.WAKE,
    IncidentKind.STUCK: Remedy.WAKE,
    IncidentKind.POISON: Remedy.REDRIVE,
    IncidentKind.BUDGET: Remedy.RESUME,
}
"""Of each kind; the others have none."""

STARTING = frozenset({Remedy.REDRIVE, Remedy.RESUME})
"""Those that no tenant may have that is stopped."""


class IncidentState(StrEnum):
    """Whether its cause is gone."""

    OPEN = "open"
    ENDED = "ended"


class IncidentKey(NamedTuple):
    """What an incident is known by; a tenant has no two of a kind and subject."""

    tenant_id: str
    """Whose it is; empty: the operator's."""
    kind: IncidentKind
    subject: str

    @property
    def id(self) -> str:
        """Its id in its tenant: ``kind:subject``."""
        return f"{self.kind}:{self.subject}"

    @classmethod
    def parse(cls, tenant_id: str, text: str) -> "IncidentKey":
        """Read an id.

        Raises:
            IncidentNotFoundError: there is no such kind.
        """
        kind, _, subject = text.partition(":")
        if kind not in set(IncidentKind) or not subject:
            raise IncidentNotFoundError(f"there is no incident {text!r}")
        return cls(tenant_id, IncidentKind(kind), subject)


@value
class Incident:
    """An incident: it is known by its scope, kind and subject, so a repeat of it is the same one."""

    kind: IncidentKind
    subject: str
    """What it is about: an execution and its version (:func:`of_execution`), a message, a record, a shard."""
    at: datetime
    detail: str
    """For people; no data of users."""
    tenant_id: str = ""
    """Whose it is; empty: the operator's."""
    execution_id: str = ""
    definition_version: int = 0
    """Of that execution: who may not see those of this version does not see the incident; 0: of none."""
    content: str = ""
    """The beginning of a message that nobody can read: it is kept, and not logged."""
    ended_at: datetime | None = None
    """Since when its cause is gone; None: it is open."""
    ended: str = ""
    """Why it is over, for people."""

    @property
    def key(self) -> IncidentKey:
        """What it is known by."""
        return IncidentKey(self.tenant_id, self.kind, self.subject)

    @property
    def state(self) -> IncidentState:
        """Whether its cause is gone."""
        return IncidentState.OPEN if self.ended_at is None else IncidentState.ENDED

    @property
    def remedy(self) -> Remedy | None:
        """What a redrive does; None: nothing can."""
        return REMEDIES.get(self.kind)


@value
class OpenIncident:
    """An incident that is open, as far as its keys tell."""

    key: IncidentKey
    at: datetime


@value
class IncidentFilter:
    """Which incidents of a tenant are wanted."""

    state: IncidentState = IncidentState.OPEN
    kinds: frozenset[IncidentKind] = frozenset(IncidentKind)
    execution: str | None = None
    definition: str | None = None
    since: datetime | None = None
    """The earliest instant."""
    until: datetime | None = None
    """The latest one."""
    oldest_first: bool = False
    names: frozenset[str] | None = None
    """Patterns of the definitions whose executions may be seen; None: all, and what is about none."""
    is_readable: Callable[[str, int], bool] | None = None
    """Tells whether the executions of a definition's version may be seen; None: all."""

    def takes(self, incident: Incident) -> bool:
        """Tell whether an incident is one of them."""
        return (
            incident.state is self.state
            and incident.kind in self.kinds
            and self.execution in {None, incident.execution_id}
            and self.shows(incident)
            and (self.since is None or incident.at >= self.since)
            and (self.until is None or incident.at <= self.until)
        )

    def shows(self, incident: Incident) -> bool:
        """Tell whether it is about what is wanted and may be seen, of whatever state, kind and instant it is."""
        if not incident.execution_id:
            return self.definition is None and self.names is None
        name = ExecutionId.parse(incident.execution_id).definition
        return (
            self.definition in {None, name}
            and matching(name, self.names)
            and (self.is_readable is None or self.is_readable(name, incident.definition_version))
        )


def of_execution(kind: IncidentKind, execution: Execution, at: datetime, detail: str) -> Incident:
    """Make an incident about an execution as it stands: it ends once that has moved on."""
    return Incident(
        kind,
        f"{execution.id}@{execution.version}",
        at,
        detail,
        tenant_id=execution.tenant_id,
        execution_id=execution.id,
        definition_version=execution.definition_version,
    )


def execution_of(key: IncidentKey) -> tuple[str, int]:
    """Tell which execution an incident of one is about, and the version at which it was recorded."""
    name, _, version = key.subject.rpartition("@")
    return name, int(version) if version.isdigit() else 0


def redrive_problem(incident: Incident, found: Execution | None) -> str | None:
    """Say why a redrive of an incident can do nothing; None: it can do something.

    Args:
        incident: which one.
        found: the execution that it is about, if there is one.
    """
    if incident.state is IncidentState.ENDED:
        return f"it is over: {incident.ended}"
    wanted: Mapping[Remedy, type[Requested]] = {
        Remedy.REDRIVE: RedriveRequested,
        Remedy.RESUME: ResumeRequested,
    }
    match incident.remedy:
        case None if incident.kind is IncidentKind.INDEX_RECORD:
            return "a rebuild of the index mends it: make reindex"
        case None:
            return f"nothing can be done again of {incident.kind}"
        case _ if found is None:
            return f"{incident.execution_id} does not exist, or is damaged"
        case Remedy.WAKE:
            return f"{found.id} has ended: it is {found.state}" if found.ended else None
        case remedy:
            refused = problem(found, wanted[remedy])
            return None if refused is None else f"{found.id}: {refused}"


def look_period(age: timedelta) -> timedelta:
    """Tell how often an open incident of an age is looked at: within a quarter of it, a minute to an hour."""
    minutes = max(1, min(60, int(age / timedelta(minutes=4))))
    return timedelta(minutes=minutes)


def over(opened: OpenIncident, now: datetime, found: Execution | None) -> str | None:
    """Say why an incident is over; None: its cause may still be there, or whoever recorded it says so.

    Args:
        opened: the incident.
        now: the present instant.
        found: the execution that it is about, if there is one.
    """
    key = opened.key
    if key.kind is IncidentKind.MESSAGE_UNREADABLE:
        is_long_shown = now >= opened.at + SHOWN_FOR
        return f"it was shown for {SHOWN_FOR.days} days, and nothing can mend it" if is_long_shown else None
    if key.kind not in OF_EXECUTIONS:
        return None
    name, before = execution_of(key)
    if found is None:
        return f"{name} does not exist"
    is_paused = key.kind is IncidentKind.BUDGET and found.paused
    is_suspected = key.kind is IncidentKind.DEAD_LETTER and any(each.strikes for each in found.threads.values())
    has_moved = found.version > before and not is_paused and not is_suspected
    return f"{name} has moved on: it is {found.state} at version {found.version}" if has_moved else None
