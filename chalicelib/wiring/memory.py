"""Adapters that keep everything in this process."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.calls.pool import WIDTH
from chalicelib.adapters.calls.secrets import in_parameters
from chalicelib.adapters.calls.tokens import new_key, path
from chalicelib.adapters.memory.access import MemoryAccess
from chalicelib.adapters.memory.audit import MemoryAudit
from chalicelib.adapters.memory.chunks import MemoryChunks
from chalicelib.adapters.memory.downloads import MemoryDownloads
from chalicelib.adapters.memory.incidents import MemoryIncidents
from chalicelib.adapters.memory.queue_depths import depths
from chalicelib.adapters.memory.replies import MemoryReplies
from chalicelib.adapters.memory.schedules import MemorySchedules
from chalicelib.adapters.memory.signals import MemorySignals
from chalicelib.adapters.memory.stores import (
    MemoryClock,
    MemoryDefinitions,
    MemoryExecutions,
    MemoryHistory,
    MemoryQueue,
)
from chalicelib.adapters.memory.tasks import MemoryTasks
from chalicelib.adapters.memory.uploads import MemoryUploads
from chalicelib.adapters.memory.usage import MemoryUsage
from chalicelib.adapters.payloads import Payloads
from chalicelib.core.values.value import copy_with
from chalicelib.engine.room import Room
from chalicelib.wiring.adapters import Adapters
from chalicelib.wiring.settings import Settings

if TYPE_CHECKING:
    from chalicelib.engine.stream import SearchIndex


def adapters(settings: Settings, **others: Any) -> Adapters:  # noqa: ANN401 - adapters of any kind
    """Make them, with a clock that stands still until it is moved, and a key for tokens.

    Args:
        settings: what names begin with.
        others: adapters that go in place of these.
    """
    names, clock = settings.names, others.get("clock") or MemoryClock(datetime(2026, 1, 1, tzinfo=UTC))
    queue, schedules = MemoryQueue(clock), MemorySchedules()
    texts, room = {path(names): new_key()}, Room(callers=WIDTH)
    made = Adapters(
        names=names,
        definitions=MemoryDefinitions(),
        executions=MemoryExecutions(Payloads(MemoryChunks(), room=room)),
        history=MemoryHistory(),
        queue=queue,
        tasks=MemoryTasks(),
        signals=MemorySignals(),
        incidents=MemoryIncidents(),
        replies=MemoryReplies(),
        uploads=MemoryUploads(),
        downloads=MemoryDownloads() if settings.values_bucket else None,
        access=MemoryAccess(),
        usage=MemoryUsage(),
        schedules=lambda: schedules,
        audit=MemoryAudit(),
        search=_search(settings),
        entry_of=lambda _: None,
        clock=clock,
        parameters=texts.get,
        secrets=lambda: in_parameters(texts.get, names),
        room=room,
        health=lambda: {"memory": "ok"},
        queue_depths=lambda: dict(zip(names.queues, depths(queue), strict=True)),
    )
    return copy_with(made, **others)


def _search(settings: Settings) -> "SearchIndex | None":
    if not settings.search_url:
        return None
    from chalicelib.adapters.memory.search import MemorySearch  # noqa: PLC0415 - few tests have one

    return MemorySearch()
