"""Incidents: what went wrong though no execution failed of it, and a person should know of."""

from datetime import datetime, timedelta
from enum import StrEnum

from chalicelib.core.values.value import value

KEPT_FOR = timedelta(days=90)
"""For how long an incident is kept."""


class IncidentKind(StrEnum):
    """What went wrong."""

    MESSAGE_LOST = "message-lost"
    """An execution was later than it should have been: what was to drive it was sent again."""
    MESSAGE_UNREADABLE = "message-unreadable"
    """A dead letter says nothing that can be done, and was taken off its queue."""


@value
class Incident:
    """An incident: it is known by its scope, kind and subject, so a repeat of it is the same one."""

    kind: IncidentKind
    subject: str
    """What it is about: an execution and the version that was late, a message."""
    at: datetime
    detail: str
    """For people; no data of users."""
    tenant_id: str = ""
    """Whose it is; empty: the operator's."""
    execution_id: str = ""
    content: str = ""
    """The beginning of a message that nobody can read: it is kept, and not logged."""
