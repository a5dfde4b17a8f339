"""What the index holds of executions, tasks and definitions: a document each, with the version of its item.

A document follows from the item alone. So whoever reads the item writes the same document, however often and in which
order: of two, the index keeps that of the higher version.
"""

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from chalicelib.core.definitions.record import DefinitionRecord
from chalicelib.core.executions.listing import status_of
from chalicelib.core.executions.model import Execution
from chalicelib.core.values.json import Json, JsonObject, format_instant, parse_instant
from chalicelib.core.values.value import copy_with, value
from chalicelib.core.waits.task import Task

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
TEXT_CHARS = 1_000
"""Of a title, the name and the message of an error in a document; longer ones are cut."""
WORDS_CHARS = 10_000
"""Of all words of a document."""
LAG = "lag"
"""The kind of the document that tells how far the streams are read: it is of no tenant."""
UNFILLED = "unfilled"
"""The kind of the document that tells that its index was made because there was none, and is not filled yet."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WRITES = 2**22
"""Versions of a thing for each millisecond between its beginning and that of the next one of its name; a thing that has
more is older by so many milliseconds."""
EXACT = 2**53
"""Whole numbers beyond it are not told apart as the numbers of an index (IEEE 754, binary64)."""


class SearchKind(StrEnum):
    """What is found."""

    EXECUTION = "execution"
    DEFINITION = "definition"
    TASK = "task"


@value
class SearchEntry:
    """The document of a thing, or that there is none any more."""

    kind: str
    tenant_id: str
    id: str
    version: int
    """Of its item: higher than that of any before it, and than that of any thing that had the name before."""
    document: JsonObject | None = None
    """None: the thing is gone."""

    @property
    def key(self) -> str:
        """The name of the document in the index: a hash, as ids may be longer than such a name."""
        return document_key(self.kind, self.tenant_id, self.id)

    @property
    def version_type(self) -> str:
        """What a write asks of the version that is there: a definition is retired, and posted again, as one version."""
        return "external_gte" if self.kind is SearchKind.DEFINITION else "external"


def document_key(kind: str, tenant_id: str, name: str) -> str:
    """Name the document of a thing."""
    return hashlib.sha256(f"{kind}\n{tenant_id}\n{name}".encode("utf-8", "surrogatepass")).hexdigest()


def execution_entry(execution: Execution) -> SearchEntry:
    """Write the document of an execution; its large values are not needed."""
    error = execution.error
    shown = _shown(
        definitionId=execution.definition_id,
        version=execution.definition_version,
        state=str(execution.state),
        step=execution.step,
        startedAt=format_instant(execution.started_at),
        endedAt=None if execution.ended_at is None else format_instant(execution.ended_at),
        parentId=None if execution.parent is None else execution.parent.execution,
        startedBy=execution.started_by,
        error=None if error is None else {"name": error.name[:TEXT_CHARS], "message": error.message[:TEXT_CHARS]},
        attributes=dict(execution.attributes),
        dollars=round(execution.cost.dollars(), 9),
    )
    states = [str(status_of(execution.state)), str(execution.state)]
    words = [execution.reason or "", *map(_text, execution.attributes.values())]
    words += [] if error is None else [error.name[:TEXT_CHARS], error.message[:TEXT_CHARS]]
    version = _version(execution.started_at, execution.version)
    entry = _entry(SearchKind.EXECUTION, execution.tenant_id, execution.id, version, shown, states, words)
    costs = execution.cost.by_step(execution.step).items()
    steps: JsonObject = {"costs": [{"step": name, "dollars": dollars} for name, dollars in costs]}
    return copy_with(entry, document={**(entry.document or {}), **steps})


def task_entry(task: Task) -> SearchEntry:
    """Write the document of a task, of which lists show as much as is needed."""
    shown = _shown(
        definitionId=task.definition_id,
        version=task.definition_version or None,
        title=task.title[:TEXT_CHARS],
        state=str(task.status),
        step=task.step,
        startedAt=format_instant(task.created_at),
        endedAt=None if task.closed_at is None else format_instant(task.closed_at),
        executionId=task.execution_id,
    )
    words = [task.title, task.execution_id, *task.assignees, *task.groups, task.claimed_by or ""]
    version = _version(task.created_at, task.version)
    return _entry(SearchKind.TASK, task.tenant_id, task.id, version, shown, [str(task.status)], words)


def definition_entry(record: DefinitionRecord) -> SearchEntry:
    """Write the document of a definition, by its newest version."""
    title, about = (str(record.document.get(name) or "") for name in ("title", "description"))
    state = "retired" if record.retired else "active"
    shown = _shown(
        definitionId=record.id,
        version=record.version,
        title=title[:TEXT_CHARS] or None,
        state=state,
        startedAt=format_instant(record.created_at),
        startedBy=None if record.created_by is None else record.created_by.id,
    )
    words = [title, about]
    return _entry(SearchKind.DEFINITION, record.tenant_id, record.id, record.version, shown, [state], words)


def gone_entry(kind: str, tenant_id: str, name: str, at: datetime) -> SearchEntry:
    """Say that a thing is gone since an instant, of which a stream tells the second."""
    return SearchEntry(kind, tenant_id, name, _version(at.replace(microsecond=0) + timedelta(seconds=1), 0) - 1)


def lag_entry(changed_at: datetime, handled_at: datetime) -> SearchEntry:
    """Write how far the streams are read: a change of an instant, and when it was."""
    lag = (handled_at - changed_at) // timedelta(milliseconds=1)
    version = _version(handled_at, 0)
    shown = {"kind": LAG, "changedAt": format_instant(changed_at), "lagMs": max(0, lag)}
    return SearchEntry(LAG, "", "streams", version, shown)


def unfilled_entry(at: datetime, *, is_over: bool = False) -> SearchEntry:
    """Write that an index is not filled since an instant, or that it is by now."""
    shown: JsonObject = {"kind": UNFILLED, "changedAt": format_instant(at)}
    return SearchEntry(UNFILLED, "", "index", _version(at, int(is_over)), None if is_over else shown)


def instant_of(text: str) -> datetime | None:
    """Read a text that is an instant, or a date, which is its beginning in UTC; None: it is neither."""
    try:
        if DATE.fullmatch(text):
            return datetime.combine(date.fromisoformat(text), time(tzinfo=UTC))
        return parse_instant(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _version(begun_at: datetime, count: int) -> int:
    """Count the versions of all things that have had a name: what begins later has the higher ones."""
    return (begun_at - _EPOCH) // timedelta(milliseconds=1) * WRITES + count


def _shown(**members: Json) -> JsonObject:
    """Write what an answer shows of a thing beside its kind, tenant and id: each member, be it of another kind."""
    others: JsonObject = dict.fromkeys(
        ("title", "step", "error", "endedAt", "executionId", "parentId", "startedBy", "dollars"), None
    )
    return {**others, "attributes": {}, **members}


def _entry(  # noqa: PLR0913, PLR0917 - what a document is made of
    kind: SearchKind, tenant: str, name: str, version: int, shown: JsonObject, states: list[str], words: list[str]
) -> SearchEntry:
    attributes, error = shown["attributes"], shown["error"]
    document: JsonObject = {
        "key": document_key(kind, tenant, name),
        "kind": str(kind),
        "tenant": tenant,
        "id": name,
        "definition": shown["definitionId"],
        "version": shown["version"],
        "edition": f"{shown['definitionId']}@{shown['version']}",
        "status": states[0],
        "states": [*states],
        "step": shown["step"],
        "error": error["name"] if isinstance(error, dict) else None,
        "startedBy": shown["startedBy"],
        "startedAt": shown["startedAt"],
        "dollars": shown["dollars"],
        "attributes": [_attribute(key, each) for key, each in _members(attributes).items()],
        "words": parted(" ".join(filter(None, [name, *words])))[:WORDS_CHARS],
        "shown": {"kind": str(kind), "id": name, "tenantId": tenant, **shown},
    }
    return SearchEntry(kind, tenant, name, version, document)


def parted(text: str) -> str:
    """Write a text so that the parts of an id are words: between letters a colon joins them (UAX #29, "MidLetter")."""
    return text.replace(":", " ")


def _members(attributes: Json) -> Mapping[str, Json]:
    return attributes if isinstance(attributes, dict) else {}


def _attribute(name: str, found: Json) -> JsonObject:
    """Write a search attribute as a text, and as the number or the instant that it is."""
    document: JsonObject = {"name": name, "text": _text(found)}
    if isinstance(found, int | float) and not isinstance(found, bool):
        document["number"] = float(found) if abs(found) > EXACT else found
    elif isinstance(found, str) and (instant := instant_of(found)) is not None:
        document["instant"] = format_instant(instant)
    return document


def _text(found: Json) -> str:
    """Write the value of a search attribute as a text, as JSON does."""
    return str(found).lower() if isinstance(found, bool) else str(found)
