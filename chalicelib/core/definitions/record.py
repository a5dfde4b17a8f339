"""Definitions as they are kept, and who made them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chalicelib.core.values.json import Json
from chalicelib.core.values.value import value


@value
class Subject:
    """Who asks, as conditions of access see them, and as a definition keeps who made it."""

    id: str
    means: str
    """How they have shown who they are."""
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    starts: frozenset[str] | None = None
    """Patterns of the ids of definitions that they may start; None: all."""


@value
class DefinitionRecord:
    """A version of a definition as it is kept."""

    tenant_id: str
    id: str
    version: int
    document: dict[str, Json]
    digest: str
    """Hash of the document."""
    created_at: datetime
    created_by: Subject | None = None
    """None: that was not known."""
    retired: bool = False
    """Of the newest version only: the definition was deleted; running executions go on."""


def subject_json(subject: Subject) -> dict[str, Json]:
    """Write a subject."""
    return {
        "id": subject.id,
        "means": subject.means,
        "groups": [*sorted(subject.groups)],
        "roles": [*sorted(subject.roles)],
        "starts": None if subject.starts is None else [*sorted(subject.starts)],
    }


def read_subject(document: Mapping[str, Any]) -> Subject:
    """Read what :func:`subject_json` wrote."""
    groups, roles = frozenset(document["groups"]), frozenset(document["roles"])
    starts = None if document["starts"] is None else frozenset(document["starts"])
    return Subject(document["id"], document["means"], groups, roles, starts)
